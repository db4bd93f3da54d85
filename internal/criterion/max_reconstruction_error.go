package criterion

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

type maxReconstructionError struct{ bound }

func newMaxReconstructionError(o *config.Options) (Criterion, error) {
	c := &maxReconstructionError{bound{name: "max_reconstruction_error", op: "<=", unit: metric.MeanSquaredError.Unit, of: ImageEvaluation}}
	o.Float64(&c.threshold, "threshold", 0.02, "largest mean squared error of the test images, whose values are from 0 to 1", config.Above(0))
	return c, nil
}

// Judge implements Criterion. It goes by the mean over the test images, and states the
// interval and the worst image.
func (c *maxReconstructionError) Judge(m Measurements) Verdict {
	test, lacking := resultOf[*metric.Reconstruction](m)
	if lacking != "" {
		return c.refused("%s", lacking)
	}
	if test.Examples == 0 {
		return c.refused("the test part has no examples")
	}
	if test.Error < 0 {
		return c.refused("the reconstruction error is negative (%v): evaluate the run again", test.Error)
	}
	v := c.measured(test.Error, "mean over %s test images, the 99th percentile is %.4g, the largest %.4g",
		metric.Count(test.Examples), test.Score.P99, test.Score.Max)
	v.Interval = test.ErrorInterval
	return v
}
