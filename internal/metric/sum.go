package metric

// lanes adds numbers up in the order that the reproducibility contract fixes
// for reductions: number i goes to partial i mod 16, and the partials are added
// in a tree.
type lanes [16]float64

func (l *lanes) add(i int, v float64) { l[i%16] += v }

// sum adds the upper half to the lower one until one partial is left.
func (l *lanes) sum() float64 {
	p := *l
	for half := 8; half > 0; half /= 2 {
		for i := range half {
			p[i] += p[i+half]
		}
	}
	return p[0]
}

func ratio(part, whole int) float64 { return float64(part) / float64(whole) }
