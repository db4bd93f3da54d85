package kernel

// ReLU computes dst = max(x, 0); NaN stays NaN and -0 becomes 0.
func ReLU(dst, x []float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		if v <= 0 {
			v = 0
		}
		dst[i] = v
	}
}

// ReLUGradient adds dy to dx where y, the output of ReLU, is not zero.
func ReLUGradient(dx, dy, y []float32) {
	dx, dy = dx[:len(y)], dy[:len(y)]
	for i, v := range y {
		if v != 0 {
			dx[i] += dy[i]
		}
	}
}

// ReLU6 computes dst = min(max(x, 0), 6); NaN stays NaN.
func ReLU6(dst, x []float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		switch {
		case v <= 0:
			v = 0
		case v > 6:
			v = 6
		}
		dst[i] = v
	}
}

// ReLU6Gradient adds dy to dx where x is between 0 and 6, both excluded.
func ReLU6Gradient(dx, dy, x []float32) {
	dx, dy = dx[:len(x)], dy[:len(x)]
	for i, v := range x {
		if !(v <= 0) && !(v >= 6) {
			dx[i] += dy[i]
		}
	}
}

// Map computes dst = f(x) element by element.
func Map(dst, x []float32, f func(float32) float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] = f(v)
	}
}

// MapGradient computes dx = fma(dy, derivative(x), dx) element by element.
func MapGradient(dx, dy, x []float32, derivative func(float32) float32) {
	dx, dy = dx[:len(x)], dy[:len(x)]
	for i, v := range x {
		dx[i] = FMA32(dy[i], derivative(v), dx[i])
	}
}

// SoftmaxGradient adds to dx the gradient through y = softmax(x) of one row:
// dx += y * (dy - sum(dy*y)).
func SoftmaxGradient(dx, dy, y []float32) {
	dot := Dot(dy, y)
	for i, v := range y {
		dx[i] = FMA32(v, dy[i]-dot, dx[i])
	}
}

// FromBytes computes dst = float32(x).
func FromBytes(dst []float32, x []uint8) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] = float32(v)
	}
}
