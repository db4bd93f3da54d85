package sensor

import (
	"math"
	"testing"
)

// TestGaussian checks the sum and the variance of the weights.
func TestGaussian(t *testing.T) {
	for _, sigma := range []int{1, 20, 64, 90, 128, 205, 256, 300, 512, 2048, 5000, 13 << pxBits} {
		weights := gaussian(sigma)
		if weights == nil {
			if sigma > 2 {
				t.Errorf("sigma %d: no weights", sigma)
			}
			continue
		}
		sum, variance := weights[0], 0.0
		for i, w := range weights[1:] {
			if w < 0 || w > weights[i] {
				t.Errorf("sigma %d: weights %v", sigma, weights)
			}
			sum += 2 * w
			variance += float64(2*w*int64((i+1)*(i+1))) / weightOne
		}
		want := float64(sigma) / (1 << pxBits)
		if sum != weightOne || math.Abs(math.Sqrt(variance)-want) > 0.004*want+0.004 {
			t.Errorf("sigma %d: the weights have the sum %d and the deviation %.4f, want %d and %.4f", sigma, sum, math.Sqrt(variance), weightOne, want)
		}
	}
	if gaussian(0) != nil {
		t.Error("sigma 0: want no blur")
	}
}

// TestMotion checks that the weights lie along the direction, about the middle.
func TestMotion(t *testing.T) {
	for _, length := range []int{100, 256, 700, 20 << pxBits} {
		for direction := range directions {
			sum, mx, my, along, across := int64(0), 0.0, 0.0, 0.0, 0.0
			angle := math.Pi * float64(direction) / directions
			for _, tap := range motion(length, direction) {
				sum += tap.weight
				w, x, y := float64(tap.weight)/weightOne, float64(tap.dx), float64(tap.dy)
				mx, my = mx+w*x, my+w*y
				a, b := x*math.Cos(angle)+y*math.Sin(angle), y*math.Cos(angle)-x*math.Sin(angle)
				along, across = along+w*a*a, across+w*b*b
			}
			px := float64(length) / (1 << pxBits)
			if sum != weightOne || math.Hypot(mx, my) > 0.01 || across > 0.26 || along < px*px/12-0.01 || along > px*px/12+0.26 {
				t.Errorf("length %d, direction %d: sum %d, mean %.3f,%.3f, variance along %.3f and across %.3f", length, direction, sum, mx, my, along, across)
			}
		}
	}
	if motion(0, 3) != nil {
		t.Error("length 0: want no motion")
	}
}

// TestFiltersKeepConstants checks that planes of one value keep it up to their edges, and that
// a move along rows is one along rows.
func TestFiltersKeepConstants(t *testing.T) {
	const width, height = 7, 5
	src, dst := make([]int32, width*height), make([]int32, width*height)
	for i := range src {
		src[i] = 65535 << 8
	}
	check := func(name string) {
		t.Helper()
		for i, v := range dst {
			if v != src[i] {
				t.Fatalf("%s: value %d is %d", name, i, v)
			}
		}
	}
	weights := around(gaussian(700))
	blurColumns(dst, src, width, weights, make([]int, len(weights)))
	check("columns")
	filter(dst, src, width, motion(30<<pxBits, 11))
	check("motion")
	for i := range src {
		src[i] = int32(i / width << 8)
	}
	filter(dst, src, width, motion(3<<pxBits, 0))
	check("motion along rows")
}
