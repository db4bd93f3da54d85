package track

// leastScore is added to scores before their logarithm is taken.
const leastScore = 1e-4

// Method has the numbers of the method that are the same for every rule.
type Method struct {
	Narrow     []int   `json:"narrow"`      // weights of the narrow filter along each axis
	Wide       int     `json:"wide"`        // pixels: side of the square of the wide filter
	Shift      int     `json:"shift"`       // pixels: the furthest that a camera moves along an axis
	Looked     int     `json:"looked"`      // places looked at for each proposal
	Snap       int     `json:"snap"`        // pixels from a place to its peak
	Scales     []int   `json:"scales"`      // pixels from a peak to the edges of the areas that a target may fill
	LeastScore float64 `json:"least_score"` // added to scores before their logarithm is taken
}

// TheMethod is that of this package.
func TheMethod() Method {
	return Method{[]int{1, 2, 3, 2, 1}, 2*wide + 1, mostShift, looked, snap, scales[:], leastScore}
}

// FeatureNumbers has the numbers of [Features].
type FeatureNumbers struct {
	Count   int       `json:"count"`
	Rate    int       `json:"rate"`             // frames a second, at which speeds are given
	Reaches [2]int    `json:"reaches"`          // pixels: the least and the most that surroundings reach
	Motion  float64   `json:"motion_deviation"` // frames: deviation of the filter before speeds are taken
	Jitter  float64   `json:"jitter_deviation"` // frames: of the filter whose result is not jitter
	Trend   float64   `json:"trend_deviation"`  // frames: of the filter whose result has no part in spectra
	Bands   []float64 `json:"bands"`            // Hz: limits of the bands of spectra
}

// TheFeatureNumbers are those of this package.
func TheFeatureNumbers() FeatureNumbers {
	return FeatureNumbers{FeatureCount, nominal, [2]int{leastReach, mostReach}, motionDeviation, jitterDeviation, trendDeviation, bands[:]}
}
