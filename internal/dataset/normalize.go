package dataset

import "github.com/blocktrain/blocktrain/internal/nn"

// Normalize sets the constants of the input's normalisation so that what the
// statistics are of has mean 0 and deviation 1 in every channel.
func (s *Statistics) Normalize(p *nn.Parameters) {
	scale, offset := p.Lookup("normalize.scale"), p.Lookup("normalize.offset")
	if scale == nil || offset == nil {
		return
	}
	for c, deviation := range s.Deviation {
		if deviation == 0 { // all images the same: nothing to learn from, but no NaN either
			deviation = 1
		}
		p.Of(scale)[c] = float32(1 / deviation)
		p.Of(offset)[c] = float32(-s.Mean[c] / deviation)
	}
}
