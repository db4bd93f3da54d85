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

// ReLUGradient computes dx = dy where y, the output of ReLU, is not zero, else 0.
// dx may be dy.
func ReLUGradient(dx, dy, y []float32) {
	active.reluGradient(dx[:len(y)], dy[:len(y)], y)
}

func reluGradientGeneric(dx, dy, y []float32) {
	dx, dy = dx[:len(y)], dy[:len(y)]
	for i, v := range y {
		g := dy[i]
		if v == 0 {
			g = 0
		}
		dx[i] = g
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

// ReLU6Gradient computes dx = dy where y, the output of ReLU6, is neither 0 nor 6,
// else 0. dx may be dy.
func ReLU6Gradient(dx, dy, y []float32) {
	active.relu6Gradient(dx[:len(y)], dy[:len(y)], y)
}

func relu6GradientGeneric(dx, dy, y []float32) {
	dx, dy = dx[:len(y)], dy[:len(y)]
	for i, v := range y {
		g := dy[i]
		if v == 0 || v == 6 {
			g = 0
		}
		dx[i] = g
	}
}

// Sigmoid, HardSwish, SiLU and GELU compute dst = f(x) element by element, and their
// gradients dx = f'(x) * dy. dx may be dy.

// Sigmoid computes dst = sigmoid(x).
func Sigmoid(dst, x []float32) { active.sigmoid(dst[:len(x)], x) }

// SigmoidGradient computes the gradient through Sigmoid from its output y:
// dx = y*(1-y) * dy.
func SigmoidGradient(dx, dy, y []float32) { active.sigmoidGradient(dx[:len(y)], dy[:len(y)], y) }

// HardSwish computes dst = hardSwish(x).
func HardSwish(dst, x []float32) { active.hardSwish(dst[:len(x)], x) }

// HardSwishGradient computes the gradient through HardSwish at x.
func HardSwishGradient(dx, dy, x []float32) { active.hardSwishGradient(dx[:len(x)], dy[:len(x)], x) }

// SiLU computes dst = silu(x).
func SiLU(dst, x []float32) { active.silu(dst[:len(x)], x) }

// SiLUGradient computes the gradient through SiLU at x.
func SiLUGradient(dx, dy, x []float32) { active.siluGradient(dx[:len(x)], dy[:len(x)], x) }

// GELU computes dst = gelu(x).
func GELU(dst, x []float32) { active.gelu(dst[:len(x)], x) }

// GELUGradient computes the gradient through GELU at x.
func GELUGradient(dx, dy, x []float32) { active.geluGradient(dx[:len(x)], dy[:len(x)], x) }

func sigmoidGeneric(dst, x []float32)   { mapGeneric(dst, x, sigmoid) }
func hardSwishGeneric(dst, x []float32) { mapGeneric(dst, x, hardSwish) }
func siluGeneric(dst, x []float32)      { mapGeneric(dst, x, silu) }
func geluGeneric(dst, x []float32)      { mapGeneric(dst, x, gelu) }

func sigmoidGradientGeneric(dx, dy, y []float32)   { mapGradientGeneric(dx, dy, y, sigmoidSlope) }
func hardSwishGradientGeneric(dx, dy, x []float32) { mapGradientGeneric(dx, dy, x, hardSwishSlope) }
func siluGradientGeneric(dx, dy, x []float32)      { mapGradientGeneric(dx, dy, x, siluSlope) }
func geluGradientGeneric(dx, dy, x []float32)      { mapGradientGeneric(dx, dy, x, geluSlope) }

// mapGeneric computes dst = f(x) element by element.
func mapGeneric(dst, x []float32, f func(float32) float32) {
	for i, v := range x {
		dst[i] = f(v)
	}
}

// mapGradientGeneric computes dx = slope(x) * dy element by element.
func mapGradientGeneric(dx, dy, x []float32, slope func(float32) float32) {
	for i, v := range x {
		dx[i] = slope(v) * dy[i]
	}
}

// SoftmaxGradient computes the gradient through y = softmax(x) of one row:
// dx = y * (dy - sum(dy*y)). dx may be dy.
func SoftmaxGradient(dx, dy, y []float32) {
	active.centered(dx[:len(y)], dy[:len(y)], y, Dot(dy, y))
}

// centeredGeneric computes dx = y * (dy - dot).
func centeredGeneric(dx, dy, y []float32, dot float32) {
	for i, v := range y {
		dx[i] = v * (dy[i] - dot)
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
