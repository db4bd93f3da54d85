package criterion

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// bytesPerMB makes MB the decimal unit of the SI.
const bytesPerMB = 1e6

type maxModelSize struct{ bound }

func newMaxModelSize(o *config.Options) (Criterion, error) {
	c := &maxModelSize{bound{name: "max_model_size_mb", op: "<=", unit: "MB", of: ModelSize}}
	o.Float64(&c.threshold, "threshold", 10, "largest size of model.onnx in MB of 1,000,000 bytes", config.Above(0))
	return c, nil
}

// Judge implements Criterion.
func (c *maxModelSize) Judge(m Measurements) Verdict {
	if m.ModelBytes == nil {
		return c.refused("the size of model.onnx is not known: run the export stage with the onnx exporter")
	}
	if *m.ModelBytes <= 0 {
		return c.refused("model.onnx has %d bytes: export it again", *m.ModelBytes)
	}
	return c.measured(float64(*m.ModelBytes)/bytesPerMB, "model.onnx has %s bytes", metric.Count(int(*m.ModelBytes)))
}
