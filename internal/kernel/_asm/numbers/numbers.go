// Package numbers has the constants of the elementary functions and of the random
// numbers for both generators. They are those of package kernel's math.go and
// math_activation.go, and of package rng, which tests compare with the assembly.
package numbers

// Of the elementary functions; see math.go.
const (
	Log2E      = 0x1.715476p+0
	Ln2High    = 0x1.62e430p-1
	Ln2Low     = -0x1.05c610p-29
	RoundMagic = 0x1.8p23
	MagicBits  = 0x4b400000

	SqrtHalf       = 0x1.6a09e6p-1
	InverseSqrt2Pi = 0x1.988454p-2
	Sixth          = 0x1.555556p-3

	ErfSmall = 0.92 // up to here ErfNear holds, beyond it ErfFar
)

// Polynomials, the coefficient of the highest power first.
var (
	Exp     = []float64{0x1.6a491ep-10, 0x1.123994p-7, 0x1.5558b4p-5, 0x1.555492p-3, 0x1.fffffcp-2}
	ErfNear = []float64{
		0x1.4f48a2p-14, -0x1.a603eep-11, 0x1.5449b4p-8, -0x1.b80116p-6, 0x1.ce2d64p-4, -0x1.812740p-2, 0x1.06eba8p-3,
	}
	ErfFar = []float64{
		-0x1.328bdcp-19, 0x1.3193dep-15, -0x1.e49376p-13, 0x1.25b81ep-11, 0x1.bf2706p-10,
		-0x1.5a4a96p-6, 0x1.aa5118p-4, 0x1.45b336p-1, 0x1.071520p-3,
	}
)

// Of Philox4x32-10: rounds, multipliers, and what is added to the key each round.
const (
	PhiloxRounds = 10
	PhiloxM0     = 0xD2511F53
	PhiloxM1     = 0xCD9E8D57
	PhiloxW0     = 0x9E3779B9
	PhiloxW1     = 0xBB67AE85
)
