package criterion

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// minLatencySamples is how many samples a 95th percentile needs to mean
// something.
const minLatencySamples = 200

type maxInferenceTime struct{ bound }

func newMaxInferenceTime(o *config.Options) (Criterion, error) {
	c := &maxInferenceTime{bound{name: "max_inference_time_ms", op: "<=", unit: "ms", of: InferenceTime}}
	o.Float64(&c.threshold, "threshold", 50, "longest time in ms that 95 % of single-image inferences may take", config.Above(0))
	return c, nil
}

// Judge implements Criterion.
func (c *maxInferenceTime) Judge(m Measurements) Verdict {
	l := m.Latency
	if lacking := lackingLatency(l); lacking != "" {
		return c.refused("%s", lacking)
	}
	return c.measured(l.P95, "95th percentile of %s single images, median %.3g ms, on %s",
		metric.Count(l.Samples), l.P50, orUnknown(l.Machine))
}

// lackingLatency says why times cannot be judged, "" if they can.
func lackingLatency(l *metric.Latency) string {
	switch {
	case l == nil:
		return "the inference time was not measured: run the evaluate stage"
	case l.Batch != 1 || l.Workers != 1:
		return fmt.Sprintf("the inference time was measured with batch %d and %d workers, want one image on one worker", l.Batch, l.Workers)
	case l.Samples < minLatencySamples:
		return fmt.Sprintf("the inference time was measured %d times, want at least %d", l.Samples, minLatencySamples)
	case l.P95 < 0:
		return fmt.Sprintf("the inference time is negative (%v ms)", l.P95)
	}
	return ""
}

func orUnknown(machine string) string {
	if machine == "" {
		return "a machine that is not named"
	}
	return metric.Clip(machine, 100)
}
