package kernel

// ReLU computes dst = max(x, 0); NaN stays NaN and -0 becomes 0.
func ReLU(dst, x []float32) {
	active.relu(dst[:len(x)], x)
}

func reluGeneric(dst, x []float32) {
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
	active.reluGradient(dx[:len(y)], dy[:len(y)], y)
}

func reluGradientGeneric(dx, dy, y []float32) {
	dx, dy = dx[:len(y)], dy[:len(y)]
	for i, v := range y {
		if v != 0 {
			dx[i] += dy[i]
		}
	}
}

// ReLU6 computes dst = min(max(x, 0), 6); NaN stays NaN.
func ReLU6(dst, x []float32) {
	active.relu6(dst[:len(x)], x)
}

func relu6Generic(dst, x []float32) {
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
	active.relu6Gradient(dx[:len(x)], dy[:len(x)], x)
}

func relu6GradientGeneric(dx, dy, x []float32) {
	dx, dy = dx[:len(x)], dy[:len(x)]
	for i, v := range x {
		if !(v <= 0) && !(v >= 6) {
			dx[i] += dy[i]
		}
	}
}

// HardSwish, SiLU and GELU compute dst = f(x) element by element, and their
// gradients dx = fma(f'(x), dy, dx).

// HardSwish computes dst = hardSwish(x).
func HardSwish(dst, x []float32) { active.hardSwish(dst[:len(x)], x) }

// HardSwishGradient adds to dx the gradient through HardSwish at x.
func HardSwishGradient(dx, dy, x []float32) { active.hardSwishGradient(dx[:len(x)], dy[:len(x)], x) }

// SiLU computes dst = silu(x).
func SiLU(dst, x []float32) { active.silu(dst[:len(x)], x) }

// SiLUGradient adds to dx the gradient through SiLU at x.
func SiLUGradient(dx, dy, x []float32) { active.siluGradient(dx[:len(x)], dy[:len(x)], x) }

// GELU computes dst = gelu(x).
func GELU(dst, x []float32) { active.gelu(dst[:len(x)], x) }

// GELUGradient adds to dx the gradient through GELU at x.
func GELUGradient(dx, dy, x []float32) { active.geluGradient(dx[:len(x)], dy[:len(x)], x) }

func hardSwishGeneric(dst, x []float32) { mapGeneric(dst, x, hardSwish) }
func siluGeneric(dst, x []float32)      { mapGeneric(dst, x, silu) }
func geluGeneric(dst, x []float32)      { mapGeneric(dst, x, gelu) }

func hardSwishGradientGeneric(dx, dy, x []float32) { mapGradientGeneric(dx, dy, x, hardSwishSlope) }
func siluGradientGeneric(dx, dy, x []float32)      { mapGradientGeneric(dx, dy, x, siluSlope) }
func geluGradientGeneric(dx, dy, x []float32)      { mapGradientGeneric(dx, dy, x, geluSlope) }

// mapGeneric computes dst = f(x) element by element.
func mapGeneric(dst, x []float32, f func(float32) float32) {
	for i, v := range x {
		dst[i] = f(v)
	}
}

// mapGradientGeneric computes dx = fma(dy, slope(x), dx) element by element.
func mapGradientGeneric(dx, dy, x []float32, slope func(float32) float32) {
	for i, v := range x {
		dx[i] = FMA32(dy[i], slope(v), dx[i])
	}
}

// SoftmaxGradient adds to dx the gradient through y = softmax(x) of one row:
// dx += y * (dy - sum(dy*y)).
func SoftmaxGradient(dx, dy, y []float32) {
	active.centered(dx[:len(y)], dy[:len(y)], y, Dot(dy, y))
}

// centeredGeneric computes dx = fma(y, dy - dot, dx).
func centeredGeneric(dx, dy, y []float32, dot float32) {
	for i, v := range y {
		dx[i] = FMA32(v, dy[i]-dot, dx[i])
	}
}

// FromBytes computes dst = float32(x).
func FromBytes(dst []float32, x []uint8) {
	whole := len(x) / lanes * lanes
	active.fromBytes(dst[:whole], x[:whole])
	fromBytesGeneric(dst[whole:len(x)], x[whole:])
}

func fromBytesGeneric(dst []float32, x []uint8) {
	for i, v := range x {
		dst[i] = float32(v)
	}
}
