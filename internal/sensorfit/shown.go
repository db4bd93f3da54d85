package sensorfit

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/sensor/measure"
	"github.com/blocktrain/blocktrain/internal/video"
)

// looksHere are the camera's figures of levels of 8 bits; nil: they cannot be compared.
type looksHere struct{ level, contrast, sharpness *Spread }

// lookStride is how many frames apart those are that are looked at, as in training data.
const lookStride = 15

// looksHere are the figures that those of training clips are compared with. Where a sensor profile
// brought the training clips from more bits to 8, it brings the measured ones to 8 too: else the two
// would be on different scales. The note says why it could not.
func (r *Result) looksHere(ctx context.Context, training []*dataset.Clip) (here looksHere, note string, err error) {
	s := &r.Summary
	here = looksHere{&s.Level, &s.Contrast, &s.Sharpness}
	var by *sensor.Profile
	for _, c := range training {
		if by == nil {
			by = c.ShownBy()
		}
	}
	if by == nil {
		return here, "", nil
	}
	var level, contrast, sharpness []float64
	for i, of := range r.measured {
		look, err := shownLook(ctx, of, r.options, by)
		switch {
		case ctx.Err() != nil:
			return looksHere{}, "", context.Cause(ctx)
		case isUsage(err):
			return looksHere{}, fmt.Sprintf("level, contrast and detail are not compared: the profile of the training data cannot bring %s to 8 bits: %v", of.path, err), nil
		case err != nil:
			return looksHere{}, "", err
		case look == nil:
			look = &r.Clips[i].Look
		}
		level, contrast, sharpness = append(level, look.Level), append(contrast, look.Contrast), append(sharpness, look.Sharpness)
	}
	one, two, three := spreadOf(level, 0, measure.Analytic), spreadOf(contrast, 0, measure.Analytic), spreadOf(sharpness, 0, measure.Analytic)
	return looksHere{&one, &two, &three}, "", nil
}

// shownLook looks at a clip as a profile brings it to 8 bits; nil where its frames have 8 already.
// Frames end where they were no longer measured.
func shownLook(ctx context.Context, s source, o Options, by *sensor.Profile) (*measure.Look, error) {
	r, err := video.Open(ctx, s.path, video.Options{Damage: video.Warn, Timing: video.Warn, Rotation: video.Warn, KeepDepth: true, FFmpeg: o.FFmpeg})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	format := r.Info().Format
	if !clips.Brings(by, format) {
		return nil, nil
	}
	var converter *clips.Converter
	sum, looked := measure.Look{}, 0.0
	for number := 0; ; number++ {
		frame, err := r.Next()
		if errors.Is(err, io.EOF) {
			return &measure.Look{Level: sum.Level / looked, Contrast: sum.Contrast / looked, Sharpness: sum.Sharpness / looked}, nil
		}
		if err != nil {
			return nil, err
		}
		if number%lookStride != 0 {
			continue
		}
		if converter == nil {
			if converter, err = clips.NewConverter(format, video.Output{Colour: !format.Colourless(frame.Data)}, by); err != nil {
				return nil, err
			}
		}
		img, err := converter.Frame(frame.Data)
		if err != nil {
			return nil, err
		}
		look := measure.LookOf(img)
		sum.Level, sum.Contrast, sum.Sharpness, looked = sum.Level+look.Level, sum.Contrast+look.Contrast, sum.Sharpness+look.Sharpness, looked+1
	}
}

func isUsage(err error) bool {
	var usage *config.UsageError
	return errors.As(err, &usage)
}
