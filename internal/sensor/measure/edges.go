package measure

import (
	"cmp"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/rng"
)

const (
	maxEdges  = 400 // places that are tried in a picture
	minEdges  = 5   // that must have been fitted for a figure
	edgeReach = 5   // pixels across an edge to either side that are looked at first
	edgeFar   = 10  // and where an edge proves wide
	edgeWide  = 1.6 // pixels of standard deviation from which on it is
	edgeAlong = 4   // pixels along an edge to either side
	apertures = 1.0 / 12
)

// edge is one that was fitted.
type edge struct {
	width, se float64 // standard deviation of the line spread, in px
	across    float64 // the angle between its normal and the x axis, in 0 (x) to 1 (y) by the square of its sine
}

// A picture is what edges are looked for in: values [H,W], which of them count, and the
// standard deviation of its noise.
type picture struct {
	width, height int
	values        []float64
	counts        []bool // nil: all
	noise         float64
}

// candidate is a place where the picture rises or falls most along its gradient.
type candidate struct {
	x, y           int
	gx, gy, height float64
}

// findEdges fits a blurred step to the strongest edges of a picture that are straight and have
// even sides: Gaussian blur of width sigma, which with the aperture of the pixels makes a line
// spread of sigma^2 + 1/12 square pixels (as in ISO 12233's slanted edge, without a chart).
func (p *picture) findEdges() []edge {
	var found []edge
	taken := make([]bool, len(p.values))
	for _, c := range p.candidates() {
		if len(found) >= maxEdges {
			break
		}
		if taken[c.y*p.width+c.x] {
			continue
		}
		e, ok := p.fit(c, edgeReach)
		if ok && e.width > edgeWide {
			e, ok = p.fit(c, edgeFar)
		}
		if !ok {
			continue
		}
		found = append(found, e)
		const apart = 3
		for y := max(0, c.y-apart); y <= min(p.height-1, c.y+apart); y++ {
			for x := max(0, c.x-apart); x <= min(p.width-1, c.x+apart); x++ {
				taken[y*p.width+x] = true
			}
		}
	}
	return found
}

// candidates are the places at which the gradient of the smoothed picture is largest along its
// direction and far above what noise makes, the strongest first.
func (p *picture) candidates() []candidate {
	s := smooth(p.values, p.width, p.height)
	gradient := func(i int) (gx, gy float64) { return (s[i+1] - s[i-1]) / 2, (s[i+p.width] - s[i-p.width]) / 2 }
	size := make([]float64, len(s))
	const border = edgeReach + 1
	for y := border; y < p.height-border; y++ {
		for x := border; x < p.width-border; x++ {
			gx, gy := gradient(y*p.width + x)
			size[y*p.width+x] = math.Sqrt(square(gx) + square(gy))
		}
	}
	least := max(float64(1.5*p.noise), 1e-6)
	var list []candidate
	for y := border; y < p.height-border; y++ {
		for x := border; x < p.width-border; x++ {
			i := y*p.width + x
			gx, gy := gradient(i)
			ahead := i + int(math.RoundToEven(gy/max(size[i], 1e-9)))*p.width + int(math.RoundToEven(gx/max(size[i], 1e-9)))
			behind := 2*i - ahead
			if size[i] > least && size[i] >= size[ahead] && size[i] >= size[behind] {
				list = append(list, candidate{x, y, gx, gy, size[i]})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(b.height, a.height) })
	return list[:min(len(list), 10*maxEdges)]
}

// sample is a pixel near an edge: how far across and along it lies.
type sample struct{ across, along, value float64 }

// fit fits the step at a candidate.
func (p *picture) fit(c candidate, reach int) (e edge, ok bool) {
	nx, ny := c.gx/c.height, c.gy/c.height
	var samples []sample
	for dy := -reach - edgeAlong; dy <= reach+edgeAlong; dy++ {
		for dx := -reach - edgeAlong; dx <= reach+edgeAlong; dx++ {
			across, along := float64(nx*float64(dx))+float64(ny*float64(dy)), float64(nx*float64(dy))-float64(ny*float64(dx))
			if math.Abs(across) > float64(reach)+0.5 || math.Abs(along) > edgeAlong {
				continue
			}
			x, y := c.x+dx, c.y+dy
			if x < 0 || y < 0 || x >= p.width || y >= p.height || p.counts != nil && !p.counts[y*p.width+x] {
				return e, false
			}
			samples = append(samples, sample{across, along, p.values[y*p.width+x]})
		}
	}
	f := newStep(samples, reach)
	if !f.converge(samples) || !f.good(samples, p.noise, reach) {
		return e, false
	}
	e = edge{width: f.width, se: f.se, across: square(ny)}
	if f.between(nx, ny) {
		e.width = math.Sqrt(square(f.width) + apertures)
	}
	return e, true
}

// A step is low + (high-low)*Phi((across - at - turn*along)/width).
type step struct{ low, high, at, turn, width, se, rms float64 }

func newStep(samples []sample, reach int) *step {
	f := &step{width: 1}
	var low, high []float64
	for _, s := range samples {
		switch {
		case s.across < -float64(reach)/2:
			low = append(low, s.value)
		case s.across > float64(reach)/2:
			high = append(high, s.value)
		}
	}
	f.low, f.high = mean(low), mean(high)
	return f
}

// converge improves the five numbers by least squares (Gauss and Newton).
func (f *step) converge(samples []sample) bool {
	for range 25 {
		normal, right := newNormal(5)
		squares := float64(0)
		for _, s := range samples {
			z := (s.across - f.at - float64(f.turn*s.along)) / f.width
			phi, slope := normalCDF(z), float64((f.high-f.low)*normalDensity(z))/f.width
			rest := s.value - f.low - float64((f.high-f.low)*phi)
			squares += square(rest)
			row := [5]float64{1 - phi, phi, -slope, -float64(slope * s.along), -float64(slope * z)}
			addRow(normal, right, row[:], rest)
		}
		change, diagonal, ok := solve(normal, right)
		if !ok {
			return false
		}
		f.low += change[0]
		f.high += change[1]
		f.at += min(max(change[2], -1), 1)
		f.turn += min(max(change[3], -0.3), 0.3)
		f.width += min(max(change[4], -f.width/2), f.width/2)
		f.rms = math.Sqrt(squares / float64(len(samples)-5))
		f.se = float64(f.rms * root(diagonal[4]))
		if f.width > 6 || math.Abs(f.at) > 3 {
			return false
		}
		if math.Abs(change[4]) < 1e-4*f.width && math.Abs(change[2]) < 1e-3 {
			return true
		}
	}
	return false
}

// between says whether a step runs along a row or column, just between two of them. Then no
// pixel has a part of both sides, so that its aperture does not widen the step.
func (f *step) between(nx, ny float64) bool {
	const parallel, near = 0.03, 0.25
	x, y := math.Abs(nx+float64(f.turn*ny)), math.Abs(ny-float64(f.turn*nx))
	off := math.Abs(f.at - math.RoundToEven(f.at))
	return min(x, y) < parallel && 0.5-off < near
}

// good says whether a step describes its samples: they lie as near to it as noise lets them,
// the step is far above the noise, and has its flat sides within reach.
func (f *step) good(samples []sample, noise float64, reach int) bool {
	height := math.Abs(f.high - f.low)
	allowed := math.Sqrt(square(1.3*noise) + square(0.035*height))
	return f.rms <= allowed && height >= 8*noise && height > 0 && f.se < 0.2*f.width &&
		math.Abs(f.at) < 1.5 && math.Abs(f.turn) < 0.3 && 2.2*f.width < float64(reach) && f.width > 0.15 && len(samples) > 20
}

// newNormal makes the normal equations of n numbers.
func newNormal(n int) (a [][]float64, b []float64) {
	a = make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, n)
	}
	return a, make([]float64, n)
}

func addRow(a [][]float64, b, row []float64, rest float64) {
	for i, v := range row {
		for k, w := range row {
			a[i][k] += float64(v * w)
		}
		b[i] += float64(v * rest)
	}
}

// sharp is the quantile of the widths of edges that stands for the camera: edges of things can
// be softer than the camera makes them, and not sharper. What errors of single edges alone make
// that quantile lower than the middle is sharpErrors times their error.
const (
	sharp       = 0.3
	sharpErrors = 0.524
)

// blurOf is the blur of the sharper edges, with its error by drawing edges again; nil of too
// few.
func blurOf(edges []edge) *Figure {
	if len(edges) < minEdges {
		return nil
	}
	const rounds = 100
	stream := rng.NewKey(0, rng.Bootstrap).Stream(0, 0, 0)
	drawn, again := make([]float64, rounds), make([]edge, len(edges))
	for r := range drawn {
		for i := range again {
			again[i] = edges[stream.IntN(len(edges))]
		}
		drawn[r] = sharpOf(again)
	}
	return &Figure{sharpOf(edges), deviation(drawn), Bootstrap}
}

func sharpOf(edges []edge) float64 {
	widths, errors := make([]float64, len(edges)), make([]float64, len(edges))
	for i, e := range edges {
		widths[i], errors[i] = e.width, e.se
	}
	slices.Sort(widths)
	middle := quantile(widths, 0.5)
	width := min(middle, quantile(widths, sharp)+float64(sharpErrors*median(errors)))
	return root(square(width) - apertures)
}

// facing are the edges whose normal is nearer to the x axis, or to the y axis.
func facing(edges []edge, y bool) []edge {
	var list []edge
	for _, e := range edges {
		if (e.across > 0.5) == y {
			list = append(list, e)
		}
	}
	return list
}
