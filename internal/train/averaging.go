package train

// averagingRate is the share of the present weights that enters their average
// after a step, counted from 1. The decay rises to its final value as
// (1+step)/(10+step), so that the first, random weights are soon forgotten.
func averagingRate(decay float64, step int) float32 {
	early := float64(1+step) / float64(10+step)
	return float32(1 - min(decay, early))
}
