package sensorfit

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/sensor/measure"
	"github.com/blocktrain/blocktrain/internal/video"
)

// Options say what is measured.
type Options struct {
	Path     string          // a video, a folder of numbered frames, or a folder of such
	Most     int             // clips that are measured of a folder; 0: all
	RateHz   float64         // frames a second, where files do not say; 0: unknown
	Black    *float64        // the level without light in DN, where it is known
	Modality sensor.Modality // "": found out
	// ResponseDNPerK is how many DN a thermal camera gives for a kelvin; 0: unknown.
	ResponseDNPerK float64
	FFmpeg         *video.FFmpeg // nil: looked for
	// Targets has the sizes of targets measured, by labels beside the clips or by following
	// what moves.
	Targets bool
	Workers int // that follow targets
}

// Schema is the schema of a [Result]'s JSON.
const Schema = 1

// Result is what was measured of a camera.
type Result struct {
	Schema   int                `json:"schema"`
	Path     string             `json:"path"`
	Found    int                `json:"clips_found"`
	Clips    []*measure.Report  `json:"clips"`
	Unread   []measure.Declined `json:"unread"` // clips that could not be read
	Summary  Summary            `json:"summary"`
	Training *Training          `json:"training"`
	Profile  *sensor.Profile    `json:"profile"`
	Defaults []string           `json:"defaults"` // keys of the profile that were not measured

	measured []source // those of Clips
	options  Options
}

// Spread is a figure over clips.
type Spread struct {
	Value float64 `json:"value"` // the median clip's
	// Low and High are the value less and plus twice its standard error, of one clip. Of
	// several they are the least and greatest, of ten and more the tenth and ninetieth
	// percentile.
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Clips int     `json:"clips"`
	By    string  `json:"error_by"`
}

// Noise3D are the components of the 3-D noise model over clips, in DN; nil: not measured.
type Noise3D struct {
	TVH *Spread `json:"tvh"`
	VH  *Spread `json:"vh"`
	V   *Spread `json:"v"`
	H   *Spread `json:"h"`
	TV  *Spread `json:"tv"`
	TH  *Spread `json:"th"`
	T   *Spread `json:"t"`
}

// Summary is what was measured over clips. What is nil was not measured in any.
type Summary struct {
	Width     int     `json:"width"` // of most clips
	Height    int     `json:"height"`
	Sizes     int     `json:"clips_of_other_size"`
	RateHz    float64 `json:"frame_rate_hz"`
	BitDepth  int     `json:"bit_depth"`
	Colour    bool    `json:"colour"`
	Unchanged Spread  `json:"unchanged"`

	Noise Noise3D `json:"noise3d_dn"`
	Gain  *Spread `json:"gain_dn_per_e"`
	Black *Spread `json:"black_level_dn"`
	Read  *Spread `json:"read_noise_e"`
	DSNU  *Spread `json:"dsnu_e"`
	PRNU  *Spread `json:"prnu_percent"`
	Blur  *Spread `json:"psf_sigma_px"`

	Levels    imaging.Levels `json:"levels"` // for --levels
	LevelsLow Spread         `json:"levels_low"`
	LevelsTop Spread         `json:"levels_high"`
	GainDrift *Spread        `json:"gain_sd_percent"`
	MeanDrift *Spread        `json:"frame_mean_sd_dn"`
	AGC       string         `json:"agc"` // "fixed", "drifts" or "unknown"
	Drifting  int            `json:"clips_that_drift"`
	Defects   *Spread        `json:"defect_ppm"`

	Level     Spread  `json:"level"`
	Contrast  Spread  `json:"contrast"`
	Sharpness Spread  `json:"sharpness"`
	Target    *Spread `json:"target_px"` // longest side
	TargetBy  string  `json:"target_by"` // "labels" or "tracking"
	Declined  []Count `json:"declined"`
}

// Count is what was declined in so many clips, for the reason that the first of them had.
type Count struct {
	What  string `json:"what"`
	Why   string `json:"why"`
	Clips int    `json:"clips"`
}

// Fit measures the clips at a path and makes a profile of them. A clip that cannot be read is
// listed, unless there is no other.
func Fit(ctx context.Context, o Options) (*Result, error) {
	all, err := find(o.Path)
	if err != nil {
		return nil, err
	}
	r := &Result{Schema: Schema, Path: o.Path, Found: len(all), Unread: []measure.Declined{}, Defaults: []string{}, options: o}
	for _, s := range chosen(all, o.Most) {
		report, err := measureClip(ctx, s, o)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil && len(all) == 1 {
			return nil, err
		}
		if err != nil {
			r.Unread = append(r.Unread, measure.Declined{What: s.path, Why: err.Error()})
			continue
		}
		r.Clips = append(r.Clips, report)
		r.measured = append(r.measured, s)
	}
	if len(r.Clips) == 0 {
		return nil, fmt.Errorf("%s: none of %d clips could be read; the first: %s", o.Path, len(r.Unread), r.Unread[0].Why)
	}
	r.summarize()
	if o.Targets {
		if err := r.targets(ctx, r.measured, o); err != nil {
			return nil, err
		}
	}
	return r, r.makeProfile(o)
}
