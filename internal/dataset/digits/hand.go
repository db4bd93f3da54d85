package digits

import "github.com/blocktrain/blocktrain/internal/rng"

// hand makes the choices of the hand that writes one digit.
type hand struct{ *rng.Stream }

// between is uniform from low to below high.
func (h hand) between(low, high int64) int64 {
	return low + (high-low)*int64(h.Uint32()>>8)>>24
}

// around is bell-shaped about mean: the sum of four uniform numbers
// (Irwin-Hall), so never more than 3.5 deviations away.
func (h hand) around(mean, deviation int64) int64 {
	const (
		centre = 4 * (1<<16 - 1) / 2
		spread = 37837 // the sum's own deviation: 2^16 / sqrt(3)
	)
	a, b := h.Uint32(), h.Uint32()
	sum := int64(a>>16) + int64(a&0xffff) + int64(b>>16) + int64(b&0xffff)
	return mean + (sum-centre)*deviation/spread
}
