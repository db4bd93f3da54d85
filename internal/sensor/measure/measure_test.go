package measure

import (
	"fmt"
	"math"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// camera is what a drawn clip is made with. It is drawn in floating point, apart from package
// sensor, so that one does not test the other's errors.
type camera struct {
	width, height, frames int
	blur                  float64 // sigma in px
	tvh, vh, v, h         float64 // DN
	tv, th, t             float64
	gain                  float64 // DN/e; 0: no shot noise
	black                 float64
	prnu                  float64
	depth                 int
	scale                 float64 // of the scene's levels, 1 for 8 bits
	fixed                 patterns
}

// patterns are the standard deviations of what was drawn, which differ from those that were
// asked for.
type patterns struct{ vh, v, h float64 }

func randomCamera(n int) *camera {
	s := rng.NewKey(uint64(n), rng.TestPurpose).Stream(0, 0, 0)
	u := func(low, high float64) float64 { return float64(s.Uniform(float32(low), float32(high))) }
	c := &camera{width: 160, height: 128, frames: 32 + 8*s.IntN(5), depth: 8, scale: 1}
	c.blur = u(0.5, 1.6)
	c.tvh, c.vh, c.v, c.h = u(1, 6), u(0.8, 4), u(0.5, 3), u(0.5, 3)
	c.tv, c.th, c.t = u(0, 1.5), u(0, 1.5), u(0, 1)
	if n%2 == 0 {
		c.gain, c.black = u(0.02, 0.2), u(4, 16)
	}
	return c
}

// scene is the picture before the camera: a ramp of levels, texture, bars, a slanted square and
// a disk.
func (c *camera) scene(seed uint64) []float64 {
	w, h := c.width, c.height
	const fine = 4 // samples of a pixel along each direction
	s := rng.NewKey(seed, rng.TestPurpose).Stream(1, 0, 0)
	texture := make([]float64, w*h)
	for i := range texture {
		texture[i] = float64(s.Normal())
	}
	picture := make([]float64, w*h)
	for y := range h {
		for x := range w {
			sum := 0.0
			for k := range fine * fine {
				px, py := (float64(x)+(float64(k%fine)+0.5)/fine)/float64(w), (float64(y)+(float64(k/fine)+0.5)/fine)/float64(h)
				sum += at(px, py)
			}
			v := sum / (fine * fine)
			if float64(x)/float64(w) > 0.75 { // grass
				v += 10 * texture[y*w+x]
			}
			picture[y*w+x] = v * c.scale
		}
	}
	return picture
}

// at is the level at a place, each from 0 to 1.
func at(x, y float64) float64 {
	v := 60 + 90*x + 15*math.Sin(5*x+3*y)
	turned, across := (x-0.3)*math.Cos(0.2)+(y-0.35)*math.Sin(0.2), (y-0.35)*math.Cos(0.2)-(x-0.3)*math.Sin(0.2)
	switch {
	case math.Abs(turned) < 0.13 && math.Abs(across) < 0.16:
		v += 60
	case math.Hypot(x-0.55, y-0.7) < 0.1:
		v -= 45
	case y > 0.86+0.04*x && x < 0.7:
		v -= 40
	}
	return v
}

// blurred is a picture after a Gaussian.
func blurred(picture []float64, width, height int, sigma float64) []float64 {
	reach := int(math.Ceil(4*sigma)) + 1
	weights, sum := make([]float64, 2*reach+1), 0.0
	for i := range weights {
		weights[i] = math.Exp(-float64((i-reach)*(i-reach)) / (2 * sigma * sigma))
		sum += weights[i]
	}
	pass := func(in []float64, dx, dy int) []float64 {
		out := make([]float64, len(in))
		for y := range height {
			for x := range width {
				total := 0.0
				for i, weight := range weights {
					px, py := min(max(x+(i-reach)*dx, 0), width-1), min(max(y+(i-reach)*dy, 0), height-1)
					total += weight * in[py*width+px]
				}
				out[y*width+x] = total / sum
			}
		}
		return out
	}
	return pass(pass(picture, 1, 0), 0, 1)
}

// draw draws the clip.
func (c *camera) draw(seed uint64) []imaging.Image {
	w, h := c.width, c.height
	s := rng.NewKey(seed, rng.TestPurpose).Stream(2, 0, 0)
	normals := func(n int, sigma float64) []float64 {
		list := make([]float64, n)
		for i := range list {
			list[i] = sigma * float64(s.Normal())
		}
		return list
	}
	still := c.scene(seed)
	vh, v, hh, response := normals(w*h, c.vh), normals(h, c.v), normals(w, c.h), normals(w*h, c.prnu)
	c.fixed = patterns{deviation(vh), deviation(v), deviation(hh)}
	still = blurred(still, w, h, c.blur)
	top := float64(uint32(1)<<c.depth - 1)
	var clip []imaging.Image
	for t := range c.frames {
		img := imaging.New(w, h, 1)
		if c.depth > 8 {
			img.Pix, img.Wide = nil, make([]uint16, w*h)
		}
		tv, th, flicker := normals(h, c.tv), normals(w, c.th), c.t*float64(s.Normal())
		tx, ty := 20+float64(t)*1.5, 30+20*math.Sin(float64(t)/9)
		for y := range h {
			for x := range w {
				i := y*w + x
				signal := still[i]
				if d := math.Hypot(float64(x)-tx, float64(y)-ty); d < 6 {
					signal += 50 * c.scale * min(1, 6-d)
				}
				signal *= 1 + response[i]/100
				variance := c.tvh * c.tvh
				if c.gain > 0 {
					variance += c.gain * (signal - c.black)
				}
				value := signal + vh[i] + v[y] + hh[x] + tv[y] + th[x] + flicker + math.Sqrt(variance)*float64(s.Normal())
				value = min(max(math.Floor(value+0.5), 0), top)
				if c.depth > 8 {
					img.Wide[i] = uint16(value)
				} else {
					img.Pix[i] = uint8(value)
				}
			}
		}
		clip = append(clip, img)
	}
	return clip
}

func measured(t *testing.T, o Options, clip []imaging.Image) *Report {
	t.Helper()
	m := NewMeter(o)
	for _, img := range clip {
		if err := m.Add(img); err != nil {
			t.Fatal(err)
		}
	}
	r, err := m.Report()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestProfiles(t *testing.T) {
	for n := range 20 {
		c := randomCamera(n)
		r := measured(t, Options{Name: "drawn", RateHz: 30}, c.draw(uint64(n)))
		if r.Noise == nil {
			t.Errorf("%d: %+v", n, r.Declined)
			continue
		}
		ratio := func(f *Figure, want float64) string {
			if f == nil {
				return "   nil"
			}
			return fmt.Sprintf("%5.2f(%4.2f)", f.Value/want, f.Error/want)
		}
		tvh := c.tvh
		line := fmt.Sprintf("%2d %.1f %.1f %.1f %.1f blur %.1f static %.2f", n, c.tvh, c.vh, c.v, c.h, c.blur, r.Static)
		if c.gain == 0 {
			line += " tvh " + ratio(r.Noise.TVH, tvh)
		} else {
			line += " tvh     -     "
		}
		line += fmt.Sprint(" vh ", ratio(r.Noise.VH, c.fixed.vh), " v ", ratio(r.Noise.V, c.fixed.v), " h ", ratio(r.Noise.H, c.fixed.h), " tv ", ratio(r.Noise.TV, c.tv), " th ", ratio(r.Noise.TH, c.th), " t ", ratio(r.Noise.T, c.t))
		if c.gain > 0 {
			if r.Transfer == nil {
				line += fmt.Sprint(r.Declined)
			} else {
				line += " gain " + ratio(&r.Transfer.Gain, c.gain)
			}
		}
		if r.Blur != nil {
			line += fmt.Sprint(" blur ", c.blur, ratio(r.Blur.Sigma, c.blur), ratio(r.Blur.Spectrum, c.blur), " ", r.Blur.Edges)
		}
		t.Log(line)
	}
}
