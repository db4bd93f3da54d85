package measure

import "math"

const (
	// latticeStep and latticeReach make the lattice of 25 pixels by which motion is told from
	// noise: every second one, since colours that were interpolated share noise with their
	// neighbours.
	latticeStep  = 2
	latticeReach = 4
)

// leaveMotionOut takes pixels out of the static ones that a camera which moves, or trembles,
// changes by less than their noise. Noise of pixels is their own, and what motion changes is
// alike in a neighbourhood: the square of the sum of changes over a lattice around a pixel is
// that of noise if it is as large as the sum of squares, and up to 25 times that if all change
// alike. Noise of rows, columns and frames is taken out before.
func (s *scene) leaveMotionOut() {
	d := newDirections(s)
	n := len(s.mean)
	common, own := make([]float64, n), make([]float64, n)
	sums := make([]float64, n)
	for t := range len(s.frames) - 1 {
		clear(d.plane)
		d.difference(s.frames[t], s.frames[t+1])
		d.takeFrame()
		d.takeLines()
		s.overLattice(sums, d.plane)
		for i, v := range sums {
			common[i] += square(v)
		}
		for _, i := range d.pixels {
			own[i] += square(d.plane[i])
		}
	}
	s.overLattice(sums, own)
	limit := 1 + float64(4*math.Sqrt(3/float64(len(s.frames)-1)))
	count := 0
	for i := range s.static {
		s.static[i] = s.static[i] && common[i] <= float64(limit*sums[i])
		if s.static[i] {
			count++
		}
	}
	s.staticShare = float64(count) / float64(n)
}

// overLattice sets each pixel to the sum over the lattice around it; beyond the border lies
// nothing.
func (s *scene) overLattice(to, plane []float64) {
	w, h := s.width, s.height
	rows := make([]float64, len(plane))
	for y := range h {
		row, out := plane[y*w:][:w], rows[y*w:][:w]
		for x := range w {
			sum := float64(0)
			for at := max(x-latticeReach, x%latticeStep); at <= min(x+latticeReach, w-1); at += latticeStep {
				sum += row[at]
			}
			out[x] = sum
		}
	}
	for y := range h {
		out := to[y*w:][:w]
		clear(out)
		for at := max(y-latticeReach, y%latticeStep); at <= min(y+latticeReach, h-1); at += latticeStep {
			for x, v := range rows[at*w:][:w] {
				out[x] += v
			}
		}
	}
}
