package kernel

// Activation functions and their derivatives, element by element. They hold for
// finite x; infinities may give NaN, as infinity times zero.

// sigmoid returns 1 / (1 + exp(-x)).
func sigmoid(x float32) float32 {
	e := Exp(-magnitude(x)) // never overflows
	numerator := float32(1)
	if x < 0 {
		numerator = e
	}
	return numerator / (1 + e)
}

// sigmoidSlope is the derivative of sigmoid where its value is y: y*(1-y).
func sigmoidSlope(y float32) float32 { return float32(y * (1 - y)) }

// silu returns x * sigmoid(x).
func silu(x float32) float32 { return float32(x * sigmoid(x)) }

// siluSlope is the derivative of silu: s + x*s*(1-s) with s = sigmoid(x).
func siluSlope(x float32) float32 {
	s := sigmoid(x)
	return FMA32(float32(x*s), 1-s, s)
}

const (
	sqrtHalf       = 0x1.6a09e6p-1 // 1/sqrt(2)
	inverseSqrt2Pi = 0x1.988454p-2 // 1/sqrt(2 pi)
	sixth          = 0x1.555556p-3
)

// gelu returns x * normal(x), where normal(x) = (1 + erf(x/sqrt(2)))/2 is the
// distribution function of the standard normal distribution.
func gelu(x float32) float32 { return float32(x * normal(x)) }

// geluSlope is the derivative of gelu: normal(x) + x*exp(-x*x/2)/sqrt(2 pi).
func geluSlope(x float32) float32 {
	density := float32(inverseSqrt2Pi * Exp(float32(-0.5*x)*x))
	return FMA32(x, density, normal(x))
}

func normal(x float32) float32 { return FMA32(0.5, Erf(float32(sqrtHalf*x)), 0.5) }

// hardSwish returns x * min(max(x/6 + 1/2, 0), 1).
func hardSwish(x float32) float32 {
	h := FMA32(x, sixth, 0.5)
	if h < 0 {
		h = 0
	}
	if h > 1 {
		h = 1
	}
	return float32(x * h)
}

// hardSwishSlope is the derivative of hardSwish: 0 below -3, 1 above 3, and
// x/3 + 1/2 from -3 to 3.
func hardSwishSlope(x float32) float32 {
	d := FMA32(x, 2*sixth, 0.5)
	if x < -3 {
		d = 0
	}
	if x > 3 {
		d = 1
	}
	return d
}
