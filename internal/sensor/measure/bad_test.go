package measure

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// steady is a camera for tests of other things than noise.
func steady() *camera {
	return &camera{width: 160, height: 128, frames: 32, depth: 8, scale: 1, blur: 0.8, tvh: 2, vh: 1.5, v: 1, h: 1, still: true}
}

// frames makes a clip of frames, each of which has one level.
func frames(width, height int, levels ...uint8) []imaging.Image {
	var clip []imaging.Image
	for _, v := range levels {
		img := imaging.New(width, height, 1)
		for i := range img.Pix {
			img.Pix[i] = v
		}
		clip = append(clip, img)
	}
	return clip
}

func why(r *Report, what string) string {
	for _, d := range r.Declined {
		if d.What == what {
			return d.Why
		}
	}
	return ""
}

// TestDeclines wants a reason where noise cannot be measured, and what can be all the same.
func TestDeclines(t *testing.T) {
	moving := func() []imaging.Image {
		c := steady()
		c.width, c.frames = 240, 20
		c.tvh, c.vh, c.v, c.h = 0.8, 0.3, 0, 0
		wide := c.draw(5)
		for i, img := range wide {
			part := imaging.New(160, 128, 1)
			for y := range part.Height {
				copy(part.Row(y), img.Row(y)[3*i:])
			}
			wide[i] = part
		}
		return wide
	}
	repeating := func() []imaging.Image { // as a codec leaves it: blocks are sent only now and then
		clip := steady().draw(6)
		for t := 1; t < len(clip); t++ {
			for i := range clip[t].Pix {
				if (i/8%20+i/1280*7+t)%10 != 0 {
					clip[t].Pix[i] = clip[t-1].Pix[i]
				}
			}
		}
		return clip
	}
	bright := func() []imaging.Image {
		clip := steady().draw(7)
		for _, img := range clip {
			for i, v := range img.Pix {
				if i%100 > 2 {
					img.Pix[i] = 255
				} else {
					img.Pix[i] = v
				}
			}
		}
		return clip
	}
	for name, c := range map[string]struct {
		clip        []imaging.Image
		noise, blur string // parts of the reasons; no reason for blur: it is measured
		drift       bool
	}{
		"black":          {frames(64, 64, 0, 0, 0, 0, 0), "black: all pixels are 0", "even", true},
		"saturated":      {frames(64, 64, 255, 255, 255, 255, 255), "saturated: all pixels have the largest value", "even", true},
		"even":           {frames(64, 64, 99, 99, 99, 99, 99), "all pixels are 99 in all frames", "even", true},
		"nearly all 255": {bright(), "saturated: 97 %", "straight edges", true},
		"one frame":      {steady().draw(1)[:1], "there is one frame", "", false},
		"three frames":   {steady().draw(1)[:3], "there are 3 frames, too few", "", true},
		"compressed":     {repeating(), "compressed: noise cannot be measured (91", "", true},
		"panning":        {moving(), "so noise cannot be told from motion", "", true},
		"small":          {frames(8, 8, 1, 2, 3, 4, 5), "frames of 8x8 pixels are too small", "straight edges", true},
		"tiny":           {frames(1, 1, 1, 2, 3, 4, 5), "frames of 1x1 pixels are too small", "straight edges", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := measured(t, Options{}, c.clip)
			if got := why(r, "noise"); !strings.Contains(got, c.noise) {
				t.Errorf("noise: %q, want %q", got, c.noise)
			}
			if r.Noise != nil || r.Transfer != nil || r.Defects != nil {
				t.Errorf("figures all the same: %+v %+v %+v", r.Noise, r.Transfer, r.Defects)
			}
			if got := why(r, "blur"); !strings.Contains(got, c.blur) || (got == "") != (r.Blur != nil) {
				t.Errorf("blur: %q, want %q; %+v", got, c.blur, r.Blur)
			}
			if (r.Drift != nil) != c.drift {
				t.Errorf("drift %+v", r.Drift)
			}
			if l := r.Levels; l.Least > l.P01 || l.P01 > l.P999 || l.P999 > l.Greatest {
				t.Errorf("levels %+v", l)
			}
		})
	}
}

// TestBlurWithoutNoise wants the blur of clips of which noise is declined.
func TestBlurWithoutNoise(t *testing.T) {
	c := steady()
	near(t, "of one frame", measured(t, Options{}, c.draw(1)[:1]).Blur.Sigma, c.blur, 0.3)
	c.tvh, c.vh, c.v, c.h = 0.01, 0, 0, 0
	r := measured(t, Options{}, c.draw(1))
	if !strings.Contains(why(r, "noise"), CompressedWords) || r.Unchanged < 0.98 {
		t.Errorf("%v, %+v", r.Unchanged, r.Declined)
	}
	near(t, "without noise", r.Blur.Sigma, c.blur, 0.3)
}

func TestRefusesOtherFrames(t *testing.T) {
	wide := imaging.New(64, 64, 1)
	wide.Pix, wide.Wide = nil, make([]uint16, 64*64)
	for name, other := range map[string]imaging.Image{
		"frame 1 is 32x64, grey of 8 bits, want 64x64, grey of 8 bits":   imaging.New(32, 64, 1),
		"frame 1 is 64x64, colour of 8 bits, want 64x64, grey of 8 bits": imaging.New(64, 64, 3),
		"frame 1 is 64x64, grey of 16 bits, want 64x64, grey of 8 bits":  wide,
	} {
		m := NewMeter(Options{Name: "clip"})
		if err := m.Add(imaging.New(64, 64, 1)); err != nil {
			t.Fatal(err)
		}
		if err := m.Add(other); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
	if _, err := NewMeter(Options{}).Report(); err == nil {
		t.Error("a report of nothing")
	}
}

// TestDrift wants an AGC seen: gain and level that change, and none where they stay.
func TestDrift(t *testing.T) {
	c := steady()
	clip := c.draw(2)
	r := measured(t, Options{RateHz: 30}, clip)
	if r.Drift.AGC != Steady || r.Drift.Gain.Value > 0.3 || math.Abs(r.Drift.PerSecond.Value) > 0.3 {
		t.Errorf("steady: %+v", r.Drift)
	}
	var gains []float64
	for n, img := range clip {
		gain := 1 + 0.1*float64(n)/32
		gains = append(gains, gain)
		for i, v := range img.Pix {
			img.Pix[i] = uint8(min(255, gain*float64(v)*0.8+0.5))
		}
	}
	r = measured(t, Options{RateHz: 30}, clip)
	if r.Drift.AGC != Drifts || r.Drift.Extremes[1].Frame != 31 {
		t.Errorf("drifting: %+v", r.Drift)
	}
	near(t, "gain", r.Drift.Gain, 100*deviation(gains), 0.1)
	if s := r.Drift.PerSecond; s == nil || s.Value < 5 {
		t.Errorf("%+v DN a second", s)
	}
}

// TestDefects plants stuck, dead, hot and dark pixels.
func TestDefects(t *testing.T) {
	c := steady()
	clip := c.draw(3)
	places := []int{}
	for k := range 12 {
		places = append(places, (20+8*k)*160+30+7*k)
	}
	for n, img := range clip {
		for k, i := range places {
			switch k % 4 {
			case 0:
				img.Pix[i] = 128
			case 1:
				img.Pix[i] = 0
			case 2:
				img.Pix[i] = uint8(min(254, int(img.Pix[i+1])+60))
			case 3:
				img.Pix[i] = uint8(max(1, int(img.Pix[i+1])-50))
			}
		}
		clip[n] = img
	}
	d := measured(t, Options{}, clip).Defects
	if d.Stuck < 5 || d.Stuck > 7 || d.Dead < 3 || d.Hot < 2 || d.Dark < 2 || d.Noisy > 1 {
		t.Errorf("%+v, want 6 that are stuck, 3 of them dead, 3 hot and 3 dark", d)
	}
	if clean := measured(t, Options{}, c.draw(3)).Defects; clean.Stuck+clean.Hot+clean.Dark+clean.Noisy > 1 {
		t.Errorf("without any: %+v", clean)
	}
}

// TestWide measures 14 bits in the low bits of 16, and 12 in the high ones.
func TestWide(t *testing.T) {
	c := &camera{width: 160, height: 128, frames: 32, depth: 14, scale: 40, blur: 1, tvh: 60, vh: 40, v: 30, h: 30, still: true}
	clip := c.draw(4)
	r := measured(t, Options{}, clip)
	c.check(t, r)
	if l := r.Levels; l.BitDepth != 14 || l.Step != 1 || l.Range().Low < 500 || l.Range().High > 11000 || l.Range().High < 6000 {
		t.Errorf("%+v", l)
	}
	for _, img := range clip {
		for i := range img.Wide {
			img.Wide[i] = img.Wide[i] >> 2 << 4
		}
	}
	r = measured(t, Options{}, clip)
	if l := r.Levels; l.BitDepth != 16 || l.Step != 16 {
		t.Errorf("%+v", l)
	}
	near(t, "tvh", r.Noise.TVH, 4*c.tvh, 0.15)
}

// TestBlack wants black level and read noise bounded, and the one found by the other.
func TestBlack(t *testing.T) {
	c := steady()
	c.gain, c.black, c.tvh, c.prnu = 0.1, 12, 1.5, 2
	clip := c.draw(8)
	r := measured(t, Options{}, clip)
	if r.Transfer == nil {
		t.Fatalf("%+v", r.Declined)
	}
	if b := r.Transfer.Black; b.Low > 12 || b.High < 12 {
		t.Errorf("black %+v, want 12 in it", b)
	}
	if n := r.Transfer.ReadNoise; n.Low > 15 || n.High < 15 {
		t.Errorf("read noise %+v, want 15 in it", n)
	}
	black := 12.0
	r = measured(t, Options{Black: &black}, clip)
	if n := r.Transfer.ReadNoise; n.Low > 15.5 || n.High < 14.5 || n.High-n.Low > 2 {
		t.Errorf("read noise %+v, want 15", n)
	}
	near(t, "PRNU", r.Transfer.PRNU, 2, 0.5)
	near(t, "DSNU", r.Transfer.DSNU, 15, 0.5)
}

// TestColour wants the green values measured.
func TestColour(t *testing.T) {
	c := steady()
	clip := c.draw(9)
	for n, grey := range clip {
		img := imaging.New(160, 128, 3)
		for i, v := range grey.Pix {
			img.Pix[3*i], img.Pix[3*i+1], img.Pix[3*i+2] = 7, v, 9
		}
		clip[n] = img
	}
	r := measured(t, Options{}, clip)
	c.check(t, r)
	if !r.Colour || !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "green") }) {
		t.Errorf("%v %v", r.Colour, r.Notes)
	}
}

// TestRobust has no parts: helper functions against what is known.
func TestRobust(t *testing.T) {
	for x := -6.0; x <= 6; x += 0.01 {
		if got, want := normalCDF(x), math.Erfc(-x/math.Sqrt2)/2; math.Abs(got-want) > 1e-6 {
			t.Fatalf("normalCDF(%v) = %v, want %v", x, got, want)
		}
	}
	x := []float64{0, 1, 2, 3, 4}
	l, ok := fitLine(x, []float64{1, 3, 5, 7, 9}, []float64{1, 2, 1, 2, 1})
	if !ok || math.Abs(l.slope-2) > 1e-12 || math.Abs(l.offset-1) > 1e-12 {
		t.Errorf("%+v", l)
	}
	if _, found := fitLine([]float64{1, 1, 1}, x[:3], x[1:4]); found {
		t.Error("a line through one place")
	}
	values, inverse, ok := solve([][]float64{{4, 1}, {1, 3}}, []float64{1, 2})
	if !ok || math.Abs(values[0]-1.0/11) > 1e-12 || math.Abs(values[1]-7.0/11) > 1e-12 || math.Abs(inverse[0]-3.0/11) > 1e-12 {
		t.Errorf("%v %v", values, inverse)
	}
	white := newNoise(5).list(400, 2)
	if got := deviation(spectrum(white)); math.Abs(got-deviation(white)) > 0.1 {
		t.Errorf("the spectrum of white noise of %v has %v", deviation(white), got)
	}
	bentLine := make([]float64, 100)
	for i := range bentLine {
		bentLine[i] = float64(i*i) / 50
	}
	if got := deviation(bent(bentLine)); got > 1e-9 {
		t.Errorf("of a parabola %v is left", got)
	}
}
