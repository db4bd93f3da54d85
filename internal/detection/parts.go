package detection

import (
	"context"
	"slices"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// Parts are the results of the parts of a run; nil of a part without clips whose examples were
// cut out around boxes.
type Parts struct {
	Validation, Test *Result
	scan             *Scan // of the test part
}

// OfParts follows the targets of the clips of the validation and the test part. Names are those
// of the datasets.
func OfParts(ctx context.Context, d dataset.Dataset, split *dataset.Split, names string, workers int) (*Parts, error) {
	validation, err := Of(ctx, d, split.Validation, workers)
	if err != nil {
		return nil, err
	}
	test, err := Of(ctx, d, split.Test, workers)
	if err != nil {
		return nil, err
	}
	thresholds, p := validation.Choose(), &Parts{scan: test}
	if validation.Clips() > 0 {
		p.Validation = validation.Result(dataset.PartValidation.String(), thresholds)
		p.Validation.Dataset = names
	}
	if test.Clips() > 0 {
		p.Test = test.Result(dataset.PartTest.String(), thresholds)
		p.Test.Dataset = names
	}
	return p, nil
}

// List are the results there are, that of the validation part first.
func (p *Parts) List() []*Result {
	return slices.DeleteFunc([]*Result{p.Validation, p.Test}, func(r *Result) bool { return r == nil })
}

// MeasureSpeed measures how fast targets are found, in a clip of the test part.
func (p *Parts) MeasureSpeed(ctx context.Context, workers int, machine string) (err error) {
	if p.Test != nil {
		p.Test.Speed, err = p.scan.MeasureSpeed(ctx, workers, machine)
	}
	return err
}

// Of is the result of a part, nil where there is none.
func (p *Parts) Of(part dataset.Part) *Result {
	if part == dataset.PartTest {
		return p.Test
	}
	return p.Validation
}

// Curve is what is drawn of the test part, or else of the validation part; nil where neither
// has false alarms to be counted.
func Curve(validation, test *Result) *visualization.DetectionCurve {
	for _, r := range []*Result{test, validation} {
		if r == nil || r.Threshold == nil || r.Threshold.PerMinute == nil {
			continue
		}
		c := &visualization.DetectionCurve{Part: r.Part, Chosen: r.Thresholds.Chosen, Painted: r.Quiet.On == OnPainted}
		for _, p := range r.Curve {
			if p.Share == nil {
				return nil
			}
			c.Shares, c.Alarms = append(c.Shares, *p.Share), append(c.Alarms, *p.PerMinute)
		}
		return c
	}
	return nil
}
