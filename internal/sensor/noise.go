package sensor

// addNoise adds all noise to the planes of one colour, one for each picture. Its fixed patterns
// are the same in all of them.
func (e *exposure) addNoise(colour, colours int) {
	pictures := e.src.FrameCount()
	columns := sized(&e.columns, pictures*e.width)
	for picture := range pictures {
		e.columnNoise(columns[picture*e.width:][:e.width], colour, e.view.frame(picture))
	}
	for y := range e.height {
		fixed := e.fixedNumbers(colour, y)
		for picture := range pictures {
			frame := e.view.frame(picture)
			row := e.planes[picture*colours+colour][y*e.width:][:e.width]
			e.addPixelNoise(row, columns[picture*e.width:], fixed, e.temporalNumbers(colour, frame, y), e.rowNoise(colour, frame, y))
		}
	}
}

// fixedNumbers are the two random numbers of each pixel of a row that do not vary in time: 16
// bits for the fixed pattern, 16 for the PRNU, and 32 for defects. Nil where none is needed.
func (e *exposure) fixedNumbers(colour, y int) []uint32 {
	if e.sigma.vh == 0 && e.prnu == 0 && e.defects == 0 {
		return nil
	}
	return e.numbers(&e.scratch.fixed, 2, 0, lanePixel|uint32(colour)<<laneBits, y)
}

// temporalNumbers are the random numbers of each pixel of a row in a frame: 16 bits for the
// read noise, and 16 for the shot noise.
func (e *exposure) temporalNumbers(colour, frame, y int) []uint32 {
	if e.sigma.tvh == 0 && e.gain == 0 {
		return nil
	}
	return e.numbers(&e.scratch.temporal, 1, uint32(frame), laneFramePixel|uint32(colour)<<laneBits, y)
}

// numbers are so many random numbers of each pixel of a row, 1 or 2.
func (e *exposure) numbers(memory *[]uint32, each int, frame, lane uint32, y int) []uint32 {
	perBlock := 4 / each // pixels
	first := e.x.first
	skip := first & (perBlock - 1)
	words := sized(memory, (e.width+skip+perBlock)*each)
	row := uint32(e.y.first+y) << 16
	for x := 0; x < e.width+skip; x += perBlock {
		index := uint32((first-skip+x)/perBlock) & 0xffff
		block := e.key.Block(row|index, e.clip, frame, lane)
		copy(words[x*each:], block[:])
	}
	return words[skip*each:]
}

// lineNumber is the normal number of a row or column.
func (e *exposure) lineNumber(at, colour int, frame, lane uint32) int64 {
	block := e.key.Block(uint32(at>>2), e.clip, frame, lane|uint32(colour)<<laneBits)
	return normal(block[at&3])
}

// rowNoise is what a row in a frame has more than others, with what the frame has, in 1/256 DN.
func (e *exposure) rowNoise(colour, frame, y int) int64 {
	at, sum := e.y.first+y, int64(0)
	if e.sigma.v > 0 {
		sum += scaled(e.sigma.v, e.lineNumber(at, colour, 0, laneRow))
	}
	if e.sigma.tv > 0 {
		sum += scaled(e.sigma.tv, e.lineNumber(at, colour, uint32(frame), laneFrameRow))
	}
	if e.sigma.t > 0 {
		sum += scaled(e.sigma.t, e.lineNumber(0, 0, uint32(frame), laneFrame))
	}
	return sum
}

// columnNoise fills dst with what the columns in a frame have more than others, in 1/256 DN.
func (e *exposure) columnNoise(dst []int32, colour, frame int) {
	clear(dst)
	for x := range dst {
		if e.sigma.h > 0 {
			dst[x] += int32(scaled(e.sigma.h, e.lineNumber(e.x.first+x, colour, 0, laneColumn)))
		}
		if e.sigma.th > 0 {
			dst[x] += int32(scaled(e.sigma.th, e.lineNumber(e.x.first+x, colour, uint32(frame), laneFrameColumn)))
		}
	}
}

// addPixelNoise adds noise to a row of one frame, in 1/256 DN.
func (e *exposure) addPixelNoise(row, columns []int32, fixed, temporal []uint32, offset int64) {
	for x, value := range row {
		v := int64(value)
		if e.gain > 0 {
			v += scaled(e.shotNoise(v-e.black), normal(temporal[x]>>16))
		}
		if e.prnu > 0 {
			v += (max(v-e.black, 0)*scaled(e.prnu, normal(fixed[2*x]>>16)) + 1<<15) >> 16
		}
		if e.sigma.vh > 0 {
			v += scaled(e.sigma.vh, normal(fixed[2*x]))
		}
		if e.sigma.tvh > 0 {
			v += scaled(e.sigma.tvh, normal(temporal[x]))
		}
		v += int64(columns[x]) + offset
		if e.defects > 0 && fixed[2*x+1] < e.defects {
			v = int64(fixed[2*x+1]&1) * e.top
		}
		row[x] = int32(min(max(v, -1<<30), 1<<30))
	}
}

// shotNoise is the standard deviation of a signal above black, in 1/256 DN. Its square in DN
// is the gain times the signal.
func (e *exposure) shotNoise(signal int64) int64 {
	return (root(uint64(max(signal, 0))*e.gain>>16)*e.share + 1<<15) >> 16
}
