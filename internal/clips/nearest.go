package clips

import "math"

// Nearest finds for each backdrop the other one with which its cosine, both less their means,
// is the greatest, the first of equals, among those that may is true for; -1 where none has a
// cosine above 0. cosines are those with it.
func Nearest(backdrops []*Backdrop, may func(i, j int) bool) (nearest []int, cosines []float64) {
	all := make([]*centred, len(backdrops))
	for i, b := range backdrops {
		all[i] = b.centre()
	}
	nearest, cosines = make([]int, len(all)), make([]float64, len(all))
	for i, a := range all {
		nearest[i] = -1
		for j, b := range all {
			if i == j || !may(i, j) {
				continue
			}
			if cosine := a.cosine(b); cosine > cosines[i] {
				nearest[i], cosines[i] = j, cosine
			}
		}
	}
	return nearest, cosines
}

// cosine is 0 with a backdrop of one level.
func (c *centred) cosine(o *centred) float64 {
	if c.square == 0 || o.square == 0 {
		return 0
	}
	return float64(c.dot(o)) / (math.Sqrt(float64(c.square)) * math.Sqrt(float64(o.square)))
}
