package nn

import (
	"math"
	"strings"
	"testing"
)

// TestLimits declares graphs that nobody could compute, and wants errors instead of
// counts that overflow.
func TestLimits(t *testing.T) {
	for _, test := range []struct {
		name  string
		input Shape
		layer Layer
		want  string
	}{
		{"empty", Shape{0, 1, 1}, Flatten{}, "output 0x1x1 is empty"},
		{"negative sides", Shape{-8, -8, 1}, Flatten{}, "output -8x-8x1 is empty"},
		{"overflow", Shape{1 << 32, 1 << 32, 1 << 10}, Flatten{}, "has more than 4294967296 values"},
		{"largest sides", Shape{math.MaxInt, math.MaxInt, math.MaxInt}, Flatten{}, "has more than 4294967296 values"},
		{"channels", Shape{1 << 15, 1 << 15, 1}, Conv2D{Out: 1 << 30, Kernel: 1}, "has more than 4294967296 values"},
		{"parameters", Shape{1, 1, 1 << 21}, Linear{Out: 1 << 21}, "weight [2097152 2097152] has more than 1099511627776 values"},
	} {
		g := NewGraph(test.input)
		g.Add("layer", test.layer, g.Input())
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

// TestLayerBytes counts what one layer reads and writes.
func TestLayerBytes(t *testing.T) {
	g := NewGraph(Shape{4, 4, 1})
	x := g.Add("conv", Conv2D{Out: 8, Kernel: 3, Padding: 1}, g.Input())
	g.Add("add", Add{}, x, x)
	if got, want := g.LayerBytes(), 4*3*4*4*8; got != want {
		t.Errorf("got %d bytes, want %d", got, want)
	}
}
