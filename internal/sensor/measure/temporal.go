package measure

import "math"

// minLine is how many static pixels a row or column needs to count.
const minLine = 8

// temporal measures the components that vary in time: of the differences of successive frames,
// over static pixels, it takes out means of frames, rows and columns one after the other
// (D'Agostino and Webb's directional averages). Means over few pixels keep some of the noise
// that they average; that is subtracted (Haefner and Burks, Applied Optics 54, 4907, 2015).
// Differences leave slow changes out, as an AGC makes them, and double the variance of noise.
func (s *scene) temporal(n *Noise3D) {
	d := newDirections(s)
	s.noise = make([]float64, len(s.mean))
	var frame, row, column, rest float64
	pairs := float64(len(s.frames) - 1)
	for t := range len(s.frames) - 1 {
		d.difference(s.frames[t], s.frames[t+1])
		frame += square(d.takeFrame())
		d.takeLines()
		for _, v := range d.rowMeans {
			row += square(v)
		}
		for _, v := range d.columnMeans {
			column += square(v)
		}
		for _, i := range d.pixels {
			e := square(d.plane[i])
			s.noise[i] += e
			rest += e
		}
	}
	rows, columns, pixels := float64(d.rows), float64(d.columns), float64(len(d.pixels))
	freedom := max(1, pixels-rows-columns+1)
	for _, i := range d.pixels {
		s.noise[i] = float64(s.noise[i]*pixels) / freedom / pairs
	}
	tvh := rest / pairs / freedom
	rowAll, columnAll := row/pairs/max(1, rows-1), column/pairs/max(1, columns-1)
	tv := rowAll - float64(tvh*d.inRow)
	th := columnAll - float64(tvh*d.inColumn)
	frameAll := frame / pairs
	flicker := frameAll - tvh/pixels - max(tv, 0)/max(1, rows) - max(th, 0)/max(1, columns)
	// Of n successive differences of white noise, two thirds are as good as independent.
	relative := func(count float64) float64 { return math.Sqrt(2 / max(1, float64(count*pairs)*2/3)) }
	n.TVH = figureOf(tvh-square(s.step)/12, float64(tvh*relative(freedom)))
	n.TV = figureOf(tv, float64(rowAll*relative(rows-1)))
	n.TH = figureOf(th, float64(columnAll*relative(columns-1)))
	n.T = figureOf(flicker, float64(frameAll*relative(1)))
}

// directions takes means out of a plane along its directions.
type directions struct {
	*scene
	pixels                []int // that count, which are static, in rows and columns with enough of them
	plane                 []float64
	rowMeans, columnMeans []float64
	inRows, inColumns     []int // counts of pixels
	rows, columns         int   // with pixels
	inRow, inColumn       float64
}

func newDirections(s *scene) *directions {
	d := &directions{scene: s, plane: make([]float64, len(s.mean)), rowMeans: make([]float64, s.height), columnMeans: make([]float64, s.width)}
	rows, columns := make([]int, s.height), make([]int, s.width)
	each := func(visit func(i, x, y int)) {
		for i, static := range s.static {
			if static {
				visit(i, i%s.width, i/s.width)
			}
		}
	}
	each(func(_, x, y int) { rows[y]++; columns[x]++ })
	d.inRows, d.inColumns = make([]int, s.height), make([]int, s.width)
	each(func(i, x, y int) {
		if rows[y] >= minLine && columns[x] >= minLine {
			d.pixels = append(d.pixels, i)
			d.inRows[y]++
			d.inColumns[x]++
		}
	})
	d.rows, d.inRow = reciprocal(d.inRows)
	d.columns, d.inColumn = reciprocal(d.inColumns)
	return d
}

// reciprocal counts what is not 0, and takes the mean of 1/count over it.
func reciprocal(counts []int) (lines int, meanOf float64) {
	for _, n := range counts {
		if n > 0 {
			lines++
			meanOf += 1 / float64(n)
		}
	}
	return lines, meanOf / float64(max(lines, 1))
}

// difference sets the plane to what changes from a frame to the next, over the root of 2.
func (d *directions) difference(a, b []uint16) {
	for _, i := range d.pixels {
		d.plane[i] = float64(int(b[i])-int(a[i])) / math.Sqrt2
	}
}

// takeFrame takes the mean out.
func (d *directions) takeFrame() float64 {
	sum := float64(0)
	for _, i := range d.pixels {
		sum += d.plane[i]
	}
	sum /= float64(max(1, len(d.pixels)))
	for _, i := range d.pixels {
		d.plane[i] -= sum
	}
	return sum
}

// takeLines takes the means of rows and columns out. Where pixels are missing, one leaves a
// little of the other, so it is done twice.
func (d *directions) takeLines() {
	clear(d.rowMeans)
	clear(d.columnMeans)
	for range 2 {
		d.take(d.rowMeans, d.inRows, func(i int) int { return i / d.width })
		d.take(d.columnMeans, d.inColumns, func(i int) int { return i % d.width })
	}
}

func (d *directions) take(means []float64, counts []int, line func(int) int) {
	sums := make([]float64, len(means))
	for _, i := range d.pixels {
		sums[line(i)] += d.plane[i]
	}
	for l, n := range counts {
		if n > 0 {
			sums[l] /= float64(n)
			means[l] += sums[l]
		}
	}
	for _, i := range d.pixels {
		d.plane[i] -= sums[line(i)]
	}
}
