// Package measure finds out from the frames of a clip what a camera does: its noise, fixed
// patterns, gain, blur, levels, drift and defects. The frames show whatever the camera saw, no
// chart and no even field, so everything is measured where the picture allows it: in time on
// pixels that nothing moves over, in space where the picture is flat, and blur at edges.
//
// What cannot be measured has no figure, but an entry in [Report.Declined] that says why.
package measure

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Figure is a number that was measured.
type Figure struct {
	Value float64 `json:"value"`
	// Error is its standard error.
	Error float64 `json:"standard_error"`
	// By says where the error is from: [Analytic], [Bootstrap] or [Clips].
	By string `json:"error_by"`
}

// Where errors of figures are from.
const (
	Analytic  = "analytic"  // from how many independent values there are, or from the scatter around a fit
	Bootstrap = "bootstrap" // from samples drawn again with replacement
	Clips     = "clips"     // from how much clips differ
)

// Bounds are two numbers between which one lies that cannot be told more exactly.
type Bounds struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Noise3D are the standard deviations, in DN, of the seven components of the 3-D noise model
// (D'Agostino and Webb, SPIE 1488, 1991). The letters of a component are the directions that it
// varies along: time, vertical and horizontal. nil: it was not measured.
type Noise3D struct {
	TVH *Figure `json:"tvh"`
	VH  *Figure `json:"vh"`
	V   *Figure `json:"v"`
	H   *Figure `json:"h"`
	TV  *Figure `json:"tv"`
	TH  *Figure `json:"th"`
	T   *Figure `json:"t"`
}

// Transfer is what the photon-transfer curve says, in the terms of EMVA 1288: variance over
// time against level, which rises by the gain.
type Transfer struct {
	Gain Figure `json:"gain_dn_per_e"`
	// Black is the level without light, and ReadNoise the noise there. One follows from the
	// other, and a clip with light in it bounds both, unless the black level is given.
	Black     Bounds  `json:"black_level_dn"`
	ReadNoise Bounds  `json:"read_noise_e"`
	DSNU      *Figure `json:"dsnu_e"`
	PRNU      *Figure `json:"prnu_percent"`
	Curve     []Point `json:"curve"`
}

// Point is a range of levels on the photon-transfer curve.
type Point struct {
	Level    float64 `json:"level_dn"` // mean
	Variance float64 `json:"variance_dn2"`
	Error    float64 `json:"standard_error"`
	Fixed    float64 `json:"fixed_variance_dn2"` // of the fixed pattern; below 0 where noise hides it
	Pixels   int     `json:"pixels"`

	fixedError float64
	flat       int
}

// Blur is the standard deviation, in pixels, of the Gaussian that sharp edges were blurred
// with, without the pixels' own aperture.
type Blur struct {
	Sigma   *Figure `json:"psf_sigma_px"` // by edges or, where there are too few, by the spectrum
	From    string  `json:"from"`         // "edges" or "spectrum"
	Edges   int     `json:"edges"`
	AcrossX *Figure `json:"across_x_px"` // of edges that run from top to bottom rather than from left to right
	AcrossY *Figure `json:"across_y_px"`
	// Spectrum is what the fall of the power spectrum says, if detail falls off as a power of
	// frequency without blur.
	Spectrum *Figure `json:"spectrum_px"`
}

// Levels are the levels of all frames. Shares are of all pixels.
type Levels struct {
	Least    int `json:"least"`
	P01      int `json:"p0_1"` // a thousandth of the pixels is below
	Median   int `json:"median"`
	P999     int `json:"p99_9"`
	Greatest int `json:"greatest"`

	AtLeast    float64 `json:"at_least"`
	AtGreatest float64 `json:"at_greatest"`
	// Step is the distance between values: 16 where 12 bits lie in the high bits of 16.
	Step int `json:"step"`
	// BitDepth are the bits that values take: 8, 10, 12, 14 or 16.
	BitDepth int `json:"bit_depth"`
	// Bottom and Top are the levels at which values are cut off, as far as can be seen; else -1
	// and 65536.
	Bottom int `json:"bottom"`
	Top    int `json:"top"`
}

// Range is what --levels takes: all but a thousandth of the pixels at either end.
func (l Levels) Range() imaging.Levels {
	r := imaging.Levels{Low: min(l.P01, 65534), High: l.P999}
	r.High = max(r.High, r.Low+1)
	return r
}

// Drift says how level and gain change in the course of a clip, as an AGC makes them.
type Drift struct {
	// Mean is the standard deviation of the frames' means, in DN, PerSecond the slope of a line
	// through them and Largest the largest change from a frame to the next.
	Mean      float64  `json:"frame_mean_sd_dn"`
	PerSecond *Figure  `json:"dn_per_second"` // nil where the frame rate is unknown
	Largest   float64  `json:"largest_step_dn"`
	Gain      *Figure  `json:"gain_sd_percent"` // standard deviation of the frames' contrast against that of the first
	Extremes  *[2]Part `json:"gain_extremes"`
	// AGC says whether gain and level stay as they are: [Steady], [Drifts] or [UnknownAGC].
	AGC string `json:"agc"`
}

// Part is a frame and its gain against the first frame.
type Part struct {
	Frame int     `json:"frame"`
	Gain  float64 `json:"gain"`
}

// Defects counts pixels that do not do as others do.
type Defects struct {
	Stuck int `json:"stuck"` // never change, while their neighbours do
	Dead  int `json:"dead"`  // of these, at the least level or far below their neighbours
	Hot   int `json:"hot"`   // far brighter than all their neighbours, in all frames
	Dark  int `json:"dark"`  // far darker
	Noisy int `json:"noisy"` // vary several times as much as others of their level
	// PPM are all of them, of a million pixels.
	PPM Figure `json:"ppm"`
}

// Look is what a picture is like, by the figures that training data have too: means over every
// 15th frame, in levels of 8 bits, as package clips has them.
type Look struct {
	Level     float64 `json:"level"`     // mean
	Contrast  float64 `json:"contrast"`  // standard deviation
	Sharpness float64 `json:"sharpness"` // standard deviation of the Laplacian
}

// Declined is something that could not be measured.
type Declined struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Report is what was measured of a clip. DN are the values of the frames, of 8 or 16
// bits. What is nil was declined.
type Report struct {
	Name     string  `json:"name"`
	Frames   int     `json:"frames"`
	Measured int     `json:"measured_frames"` // the first of them, which noise was measured from
	Width    int     `json:"width"`
	Height   int     `json:"height"`
	Colour   bool    `json:"colour"` // then everything is measured of the green values
	RateHz   float64 `json:"frame_rate_hz"`

	// Unchanged is the share of pixels that equal those of the frame before, and Static that of
	// pixels that nothing moved over.
	Unchanged float64 `json:"unchanged"`
	Static    float64 `json:"static"`

	Look     Look       `json:"look"`
	Levels   Levels     `json:"levels"`
	Noise    *Noise3D   `json:"noise3d_dn"`
	Transfer *Transfer  `json:"photon_transfer"`
	Blur     *Blur      `json:"blur"`
	Drift    *Drift     `json:"drift"`
	Defects  *Defects   `json:"defects"`
	Notes    []string   `json:"notes"`
	Declined []Declined `json:"declined"`
}

func (r *Report) decline(why string, what ...string) {
	for _, w := range what {
		r.Declined = append(r.Declined, Declined{w, why})
	}
}

func (r *Report) note(text string) { r.Notes = append(r.Notes, text) }

// figureOf is the standard deviation whose square was found to be variance, with the standard
// error of that. What is left of noise below 0 is 0.
func figureOf(variance, standardError float64) *Figure {
	value := root(variance)
	f := &Figure{Value: value, By: Analytic}
	f.Error = math.Sqrt(square(value)+standardError) - value
	if variance > standardError {
		f.Error = standardError / (2 * value)
	}
	return f
}
