package interpreter

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// TestGolden holds models that the onnx package built against what ONNX Runtime made of
// them. testdata/golden.py writes the file.
func TestGolden(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			Name                 string
			Model, Input, Output []byte
		}
	}
	if err := json.Unmarshal(b, &golden); err != nil || len(golden.Cases) < 20 {
		t.Fatal(len(golden.Cases), err)
	}
	for _, c := range golden.Cases {
		t.Run(c.Name, func(t *testing.T) {
			m, err := Read(c.Model)
			if err != nil {
				t.Fatal(err)
			}
			x, err := New(m, Options{Workers: 2, Batch: 2})
			if err != nil {
				t.Fatal(err)
			}
			got, err := x.Run(context.Background(), len(c.Input)/x.size, c.Input)
			if err != nil || 4*len(got[0]) != len(c.Output) {
				t.Fatalf("%d values for %d bytes, %v", len(got[0]), len(c.Output), err)
			}
			for i, v := range got[0] {
				want := math.Float32frombits(binary.LittleEndian.Uint32(c.Output[4*i:]))
				if !(math.Abs(float64(v-want)) <= 2e-6) {
					t.Fatalf("value %d is %v, ONNX Runtime has %v", i, v, want)
				}
			}
		})
	}
}
