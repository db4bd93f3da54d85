package criterion

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

type maxInferenceRatio struct{ bound }

func newMaxInferenceRatio(o *config.Options) (Criterion, error) {
	c := &maxInferenceRatio{bound{name: "max_inference_ratio", op: "<=", unit: "ratio", of: InferenceTime}}
	o.Float64(&c.threshold, "threshold", 100, "largest multiple of the calibration network's time that a single-image inference may take", config.Above(0))
	return c, nil
}

// Judge implements Criterion. It compares medians: on a machine that others use too, the
// slowest calls say more of these than of the model.
func (c *maxInferenceRatio) Judge(m Measurements) Verdict {
	l := m.Latency
	if lacking := lackingLatency(l); lacking != "" {
		return c.refused("%s", lacking)
	}
	k := l.Calibration
	switch {
	case k == nil:
		return c.refused("the calibration network was not timed: remove evaluation/test.json, and run the evaluate stage with this criterion")
	case k.Samples < minLatencySamples:
		return c.refused("the calibration network was timed %d times, want at least %d", k.Samples, minLatencySamples)
	case !(k.P50 > 0):
		return c.refused("the median time of the calibration network is %v ms, want more than 0", k.P50)
	case k.Ratio != l.P50/k.P50:
		return c.refused("the ratio is recorded as %v, the times give %v", k.Ratio, l.P50/k.P50)
	}
	return c.measured(k.Ratio, "median of %s single images %.3g ms, of %s in turn with them %.3g ms, on %s",
		metric.Count(l.Samples), l.P50, metric.Clip(k.Network, 40), k.P50, orUnknown(l.Machine))
}
