package measure

import (
	"fmt"
	"math"
	"sync"
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
	still                 bool    // nothing moves

	// The standard deviations of the patterns that were drawn, which differ from those that were
	// asked for, and of the noise of pixels over all levels.
	drawn struct{ tvh, vh, v, h float64 }
}

// randomCamera is one of many. Patterns of rows and columns have at least 0.4 of that of
// pixels: weaker ones drown in it.
func randomCamera(n int) *camera {
	s := rng.NewKey(uint64(n), rng.TestPurpose).Stream(0, 0, 0)
	u := func(low, high float64) float64 { return float64(s.Uniform(float32(low), float32(high))) }
	c := &camera{width: 160, height: 128, frames: 32 + 8*s.IntN(5), depth: 8, scale: 1}
	c.blur = u(0.5, 1.6)
	c.tvh, c.vh, c.v, c.h = u(1, 6), u(0.8, 4), u(0.5, 3), u(0.5, 3)
	c.v, c.h = max(c.v, 0.4*c.vh), max(c.h, 0.4*c.vh)
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

// draws are standard normal numbers, of which noise is made by drawing among them: it is much
// faster than to make each.
var draws = sync.OnceValue(func() []float64 {
	list := make([]float64, 1<<16)
	s := rng.NewKey(0, rng.TestPurpose).Stream(3, 0, 0)
	for i := range list {
		list[i] = float64(s.Normal())
	}
	return list
})

// noise is a stream of standard normal numbers.
type noise struct {
	state uint64
	draws []float64
}

func newNoise(seed uint64) *noise { return &noise{seed*2 + 1, draws()} }

func (n *noise) next() float64 {
	n.state ^= n.state << 13
	n.state ^= n.state >> 7
	n.state ^= n.state << 17
	return n.draws[n.state>>20&0xffff]
}

func (n *noise) list(count int, sigma float64) []float64 {
	list := make([]float64, count)
	for i := range list {
		list[i] = sigma * n.next()
	}
	return list
}

// draw draws the clip.
func (c *camera) draw(seed uint64) []imaging.Image {
	w, h := c.width, c.height
	n := newNoise(seed + 1)
	still := blurred(c.scene(seed), w, h, c.blur)
	vh, v, hh, response := n.list(w*h, c.vh), n.list(h, c.v), n.list(w, c.h), n.list(w*h, c.prnu)
	c.drawn.vh, c.drawn.v, c.drawn.h = deviation(vh), deviation(v), deviation(hh)
	top := float64(uint32(1)<<c.depth - 1)
	variances := 0.0
	var clip []imaging.Image
	for t := range c.frames {
		img := imaging.New(w, h, 1)
		if c.depth > 8 {
			img.Pix, img.Wide = nil, make([]uint16, w*h)
		}
		tv, th, flicker := n.list(h, c.tv), n.list(w, c.th), c.t*n.next()
		tx, ty := 20+float64(t)*1.5, 30+20*math.Sin(float64(t)/9)
		for i := range w * h {
			x, y := i%w, i/w
			signal := still[i]
			if dx, dy := float64(x)-tx, float64(y)-ty; !c.still && dx*dx+dy*dy < 36 {
				signal += 50 * c.scale * min(1, 6-math.Sqrt(dx*dx+dy*dy))
			}
			signal *= 1 + response[i]/100
			variance := c.tvh*c.tvh + c.gain*(signal-c.black)
			variances += variance
			value := signal + vh[i] + v[y] + hh[x] + tv[y] + th[x] + flicker + math.Sqrt(variance)*n.next()
			value = min(max(math.Floor(value+0.5), 0), top)
			if c.depth > 8 {
				img.Wide[i] = uint16(value)
			} else {
				img.Pix[i] = uint8(value)
			}
		}
		clip = append(clip, img)
	}
	c.drawn.tvh = math.Sqrt(variances / float64(c.frames*w*h))
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

// near wants a figure within a share of what was drawn.
func near(t *testing.T, what string, f *Figure, want, within float64) {
	t.Helper()
	switch {
	case f == nil:
		t.Errorf("%s: nothing measured, want %.2f", what, want)
	case math.Abs(f.Value-want) > within*want:
		t.Errorf("%s: %.3f, want %.3f within %.0f %%", what, f.Value, want, 100*within)
	case f.Error <= 0 || f.Error > want:
		t.Errorf("%s: standard error %.3f of %.3f", what, f.Error, want)
	}
}

// check compares a report with the camera that drew the clip.
func (c *camera) check(t *testing.T, r *Report) {
	t.Helper()
	if r.Noise == nil || r.Blur == nil {
		t.Fatalf("declined: %+v", r.Declined)
	}
	near(t, "tvh", r.Noise.TVH, c.drawn.tvh, 0.15)
	near(t, "vh", r.Noise.VH, c.drawn.vh, 0.15)
	near(t, "v", r.Noise.V, c.drawn.v, 0.15)
	near(t, "h", r.Noise.H, c.drawn.h, 0.15)
	near(t, "blur", r.Blur.Sigma, c.blur, 0.3)
	if c.gain == 0 {
		if r.Transfer != nil {
			t.Errorf("gain %+v of a camera whose noise does not rise", r.Transfer.Gain)
		}
		return
	}
	if r.Transfer == nil {
		t.Fatalf("no gain: %+v", r.Declined)
	}
	near(t, "gain", &r.Transfer.Gain, c.gain, 0.2)
}

// TestProfiles measures 20 cameras, of which half count photons.
func TestProfiles(t *testing.T) {
	for n := range 20 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			c := randomCamera(n)
			c.check(t, measured(t, Options{RateHz: 30}, c.draw(uint64(n))))
		})
	}
}
