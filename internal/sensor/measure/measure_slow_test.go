//go:build slow

package measure

import (
	"slices"
	"testing"
)

// TestManyProfiles measures 200 cameras against what was asked for, not what was drawn, and
// wants nine tenths of the figures within the limits that TestProfiles has for each.
func TestManyProfiles(t *testing.T) {
	ratios := map[string][]float64{}
	for n := range 200 {
		c := randomCamera(1000 + n)
		r := measured(t, Options{RateHz: 30}, c.draw(uint64(n)))
		if r.Noise == nil || r.Blur == nil {
			t.Errorf("%d: %+v", n, r.Declined)
			continue
		}
		add := func(what string, f *Figure, want float64) {
			value := 0.0
			if f != nil {
				value = f.Value
			}
			ratios[what] = append(ratios[what], value/want)
		}
		add("tvh", r.Noise.TVH, c.drawn.tvh)
		add("vh", r.Noise.VH, c.vh)
		add("v", r.Noise.V, c.v)
		add("h", r.Noise.H, c.h)
		add("v as drawn", r.Noise.V, c.drawn.v)
		add("h as drawn", r.Noise.H, c.drawn.h)
		add("blur", r.Blur.Sigma, c.blur)
		if c.gain > 0 {
			var gain *Figure
			if r.Transfer != nil {
				gain = &r.Transfer.Gain
			}
			add("gain", gain, c.gain)
		}
	}
	for what, list := range ratios {
		within := map[string]float64{"gain": 0.2, "blur": 0.3}[what]
		if within == 0 {
			within = 0.15
		}
		slices.Sort(list)
		good := 0
		for _, v := range list {
			if v > 1-within && v < 1+within {
				good++
			}
		}
		t.Logf("%-10s %d of %d within; mean %.3f, deviation %.3f, from %.2f to %.2f", what, good, len(list), mean(list), deviation(list), list[0], list[len(list)-1])
		if 10*good < 9*len(list) {
			t.Errorf("%s: %d of %d within %.0f %%", what, good, len(list), 100*within)
		}
	}
}
