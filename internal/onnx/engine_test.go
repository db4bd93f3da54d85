package onnx

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/engine"
)

// TestEngineAgrees compares the engine's probabilities with those of the
// exported model: what is judged before a release is what is served after it.
func TestEngineAgrees(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, p := c.make(t)
			plan, err := engine.NewInference(g, p, batch, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer plan.Close()
			outputs := make([][]float32, len(plan.Sizes()))
			for k, size := range plan.Sizes() {
				outputs[k] = make([]float32, batch*size)
			}
			plan.Run(outputs, c.pixels(batch))
			got := make([]array, len(outputs))
			for k, values := range outputs {
				for _, v := range values {
					got[k].data = append(got[k].data, float64(v))
				}
			}
			compare(t, perExample(got), interpreted(t, c, 0), 1e-5)
		})
	}
}
