package sensor

import "github.com/blocktrain/blocktrain/internal/rng"

// addNoise adds all noise to the planes of one colour, one for each picture. Its fixed patterns
// are the same in all of them.
func (e *exposure) addNoise(colour, colours int) {
	pictures := e.src.FrameCount()
	columns, rows := sized(&e.columns, pictures*e.width), sized(&e.rows, pictures*e.height)
	for picture := range pictures {
		e.columnNoise(columns[picture*e.width:][:e.width], colour, e.view.frame(picture))
		e.rowNoise(rows[picture*e.height:][:e.height], colour, e.view.frame(picture))
	}
	for y := range e.height {
		fixed := e.fixedNumbers(colour, y)
		for picture := range pictures {
			frame := e.view.frame(picture)
			row := e.planes[picture*colours+colour][y*e.width:][:e.width]
			e.addPixelNoise(row, columns[picture*e.width:], fixed, e.temporalNumbers(colour, frame, y), int64(rows[picture*e.height+y]))
		}
	}
}

// fixedNumbers are the two random numbers of each pixel of a row that do not vary in time: 16
// bits for the fixed pattern, 16 for the PRNU, and 32 for defects. They are 0 where none is needed.
func (e *exposure) fixedNumbers(colour, y int) []uint32 {
	if e.sigma.vh == 0 && e.prnu == 0 && e.defects == 0 {
		return zeros(&e.scratch.fixed, 2*e.width)
	}
	return e.numbers(&e.scratch.fixed, 2, 0, lanePixel|uint32(colour)<<laneBits, y)
}

// temporalNumbers are the random numbers of each pixel of a row in a frame: 16 bits for the
// read noise, and 16 for the shot noise. They are 0 where none is needed.
func (e *exposure) temporalNumbers(colour, frame, y int) []uint32 {
	if e.sigma.tvh == 0 && e.gain == 0 {
		return zeros(&e.scratch.temporal, e.width)
	}
	return e.numbers(&e.scratch.temporal, 1, uint32(frame), laneFramePixel|uint32(colour)<<laneBits, y)
}

// zeros are random numbers that become no noise and no defect.
func zeros(memory *[]uint32, n int) []uint32 {
	words := sized(memory, n)
	clear(words)
	return words
}

// numbers are so many random numbers of each pixel of a row, 1 or 2.
func (e *exposure) numbers(memory *[]uint32, each int, frame, lane uint32, y int) []uint32 {
	perBlock := 4 / each // pixels
	first := e.x.first
	skip := first & (perBlock - 1)
	blocks := roundUp((e.width+skip+perBlock-1)/perBlock, rng.Together)
	words := sized(memory, 4*blocks)
	row := uint32(e.y.first+y) << 16
	for done := 0; done < blocks; {
		index := uint32((first-skip)/perBlock+done) & 0xffff
		end := min(blocks, done+1<<16-int(index))
		e.key.Blocks(words[4*done:4*end], row|index, e.clip, frame, lane)
		done = end
	}
	return words[skip*each:]
}

// roundUp is the first multiple of step from n on.
func roundUp(n, step int) int { return (n + step - 1) / step * step }

// rowNoise fills dst with what the rows in a frame have more than others, with what the frame
// has, in 1/256 DN.
func (e *exposure) rowNoise(dst []int32, colour, frame int) {
	var all int64
	if e.sigma.t > 0 {
		block := e.key.Block(0, e.clip, uint32(frame), laneFrame)
		all = scaled(e.sigma.t, normal(block[0]))
	}
	for y := range dst {
		dst[y] = int32(all)
	}
	e.addLines(dst, e.sigma.v, e.y.first, 0, laneRow|uint32(colour)<<laneBits)
	e.addLines(dst, e.sigma.tv, e.y.first, uint32(frame), laneFrameRow|uint32(colour)<<laneBits)
}

// columnNoise fills dst with what the columns in a frame have more than others, in 1/256 DN.
func (e *exposure) columnNoise(dst []int32, colour, frame int) {
	clear(dst)
	e.addLines(dst, e.sigma.h, e.x.first, 0, laneColumn|uint32(colour)<<laneBits)
	e.addLines(dst, e.sigma.th, e.x.first, uint32(frame), laneFrameColumn|uint32(colour)<<laneBits)
}

// addLines adds sigma times the normal numbers of rows or columns from the first on.
func (e *exposure) addLines(dst []int32, sigma int64, first int, frame, lane uint32) {
	if sigma == 0 {
		return
	}
	skip := first & 3
	words := sized(&e.scratch.lines, roundUp(len(dst)+skip, 4*rng.Together))
	e.key.Blocks(words, uint32(first>>2), e.clip, frame, lane)
	for i, random := range words[skip:][:len(dst)] {
		dst[i] += int32(scaled(sigma, normal(random)))
	}
}

// addPixelNoise adds noise to a row of one frame, in 1/256 DN.
func (e *exposure) addPixelNoise(row, columns []int32, fixed, temporal []uint32, offset int64) {
	columns, fixed, temporal = columns[:len(row)], fixed[:2*len(row)], temporal[:len(row)]
	vh, tvh, defects, ofSignal := e.sigma.vh, e.sigma.tvh, e.defects, e.gain > 0 || e.prnu > 0
	for x, value := range row {
		v, ofFrame, ofPixel, defect := int64(value), temporal[x], fixed[2*x], fixed[2*x+1]
		if ofSignal {
			v += scaled(e.shotNoise(v-e.black), normal(ofFrame>>16))
			v += (max(v-e.black, 0)*scaled(e.prnu, normal(ofPixel>>16)) + 1<<15) >> 16
		}
		v += scaled(vh, normal(ofPixel)) + scaled(tvh, normal(ofFrame)) + int64(columns[x]) + offset
		if defect < defects {
			v = int64(defect&1) * e.top
		}
		row[x] = int32(min(max(v, -1<<30), 1<<30))
	}
}

// shotNoise is the standard deviation of a signal above black, in 1/256 DN. Its square in DN
// is the gain times the signal.
func (e *exposure) shotNoise(signal int64) int64 {
	return (root(uint64(max(signal, 0))*e.gain>>16)*e.share + 1<<15) >> 16
}
