package onnx

import (
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/engine"
)

// TestEngineAgrees compares the engine's results with those of the
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
			var outputs [][]float32
			for _, size := range plan.Sizes() {
				outputs = append(outputs, make([]float32, batch*size))
			}
			plan.Run(outputs, c.pixels(batch))
			var got []float64
			for _, v := range slices.Concat(outputs...) {
				got = append(got, float64(v))
			}
			compare(t, got, interpreted(t, c, 0), 1e-5)
		})
	}
}
