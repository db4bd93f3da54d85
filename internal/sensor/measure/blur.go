package measure

import (
	"fmt"
	"math"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// What a blur was measured from.
const (
	fromEdges    = "edges"
	fromSpectrum = "spectrum"
)

// blur measures blur: at the edges of the mean picture where there is one, without the patterns
// of rows and columns, else of a few frames; and from the spectrum.
func (m *Meter) blur(r *Report, s *scene, rows, columns []float64) {
	if r.Levels.Least == r.Levels.Greatest {
		r.decline("the picture is even, and has no edges", whatBlur)
		return
	}
	pictures := m.pictures(r, s, rows, columns)
	b := &Blur{}
	var edges []edge
	for _, p := range pictures {
		edges = append(edges, p.findEdges()...)
	}
	b.Edges = len(edges)
	b.AcrossX, b.AcrossY = blurOf(facing(edges, false)), blurOf(facing(edges, true))
	b.Spectrum = fallOf(pictures)
	b.Sigma, b.From = blurOf(edges), fromEdges
	if b.Sigma == nil {
		b.Sigma, b.From = b.Spectrum, fromSpectrum
	}
	if b.Sigma == nil {
		r.decline(fmt.Sprintf("%d straight edges stand out from noise, want at least %d, and the spectrum does not fall as blur makes it; give a clip with roofs, poles or the like in it", len(edges), minEdges), whatBlur)
		return
	}
	r.Blur = b
}

// pictures are the mean over time, or several frames where there is none.
func (m *Meter) pictures(r *Report, s *scene, rows, columns []float64) []*picture {
	if s != nil {
		noise := float64(0)
		for _, f := range []*Figure{r.Noise.VH} {
			if f != nil {
				noise += square(f.Value)
			}
		}
		noise += square(r.Noise.TVH.Value) / float64(len(s.frames))
		return []*picture{{width: s.width, height: s.height, values: s.without(rows, columns), counts: s.static, noise: math.Sqrt(noise)}}
	}
	var list []*picture
	const most = 3
	n := len(m.window)
	for k := range min(most, n) {
		values := make([]float64, m.width*m.height)
		for i, v := range m.window[k*(n-1)/max(1, min(most, n)-1)] {
			values[i] = float64(v)
		}
		list = append(list, &picture{width: m.width, height: m.height, values: values, noise: m.roughness(values)})
	}
	return list
}

// roughness is the noise of one frame by its finest detail, at least what rounding makes.
func (m *Meter) roughness(values []float64) float64 {
	var list []float64
	for y := 2; y < m.height-2; y++ {
		for x := 2; x < m.width-2; x++ {
			list = append(list, cornerAt(values, m.width, y*m.width+x))
		}
	}
	return max(spread(list)/70, float64(0.3*m.unit))
}

// BlurOf is the blur of one image by its edges; nil where there are too few.
func BlurOf(img imaging.Image) *Figure {
	m := NewMeter(Options{})
	if m.Add(img) != nil {
		return nil
	}
	r, err := m.Report()
	if err != nil || r.Blur == nil || r.Blur.From != fromEdges {
		return nil
	}
	return r.Blur.Sigma
}
