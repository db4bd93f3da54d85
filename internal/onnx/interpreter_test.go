package onnx

import (
	"context"
	"testing"

	"github.com/blocktrain/blocktrain/internal/onnx/interpreter"
)

// TestInterpreter runs every case at several opsets and sizes of the batch in the
// interpreter, which knows the file alone, and compares it with the definitions of the
// layers.
func TestInterpreter(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := expected(t, c)
			for _, opset := range []int{MinOpset, 14, MaxOpset} {
				m, err := interpreter.Read(export(t, c, opset))
				if err != nil {
					t.Fatal(err)
				}
				x, err := interpreter.New(m, interpreter.Options{Workers: 2, Batch: 2})
				if err != nil {
					t.Fatal(err)
				}
				got, err := x.Run(context.Background(), batch, c.pixels(batch))
				if err != nil {
					t.Fatal(err)
				}
				for k := range want {
					var wide []float64
					for _, v := range got[k] {
						wide = append(wide, float64(v))
					}
					compare(t, wide, want[k], 1e-5)
				}
			}
		})
	}
}
