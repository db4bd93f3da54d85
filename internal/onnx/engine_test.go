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
			probabilities := make([]float32, batch*plan.Classes())
			plan.Run(probabilities, c.pixels(batch))
			got := make([]float64, len(probabilities))
			for i, v := range probabilities {
				got[i] = float64(v)
			}
			compare(t, got, interpreted(t, c, 0), 1e-5)
		})
	}
}
