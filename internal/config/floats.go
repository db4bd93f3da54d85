package config

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// There are three kinds of numbers with a fraction, by the precision that they act in:
// Float32 for what is used as a float32 and nothing else, Float for what float64
// arithmetic turns into a float32, and Float64 for what never becomes one. All refuse
// infinities and NaN.

// Float32 declares an option held in *p. The value is rounded to a float32 before it is
// checked, compared or recorded, so that two texts of the same float32 are the same
// value. What would be 0 without being written as 0, or infinite, is refused.
func (o *Options) Float32(p *float32, name string, value float32, doc string, checks ...Check) {
	o.declare(&Option{
		Name: name, Type: typeFloat, Default: FormatFloat32(value), Doc: doc,
		get: func() string { return FormatFloat32(*p) },
		set: func(s string) error {
			v, err := parseFloat32(s, checks)
			if err != nil {
				return err
			}
			*p = v
			return nil
		},
	})
}

// Float declares an option held in *p that enters the network's arithmetic, in float32,
// through float64 arithmetic. It has all digits of a float64, and is refused where it
// would be 0 without being written as 0, or infinite, in float32.
func (o *Options) Float(p *float64, name string, value float64, doc string, checks ...Check) {
	o.Float64(p, name, value, doc, append([]Check{inFloat32}, checks...)...)
}

// Float64 declares an option held in *p that never becomes a float32, such as a
// threshold or a time.
func (o *Options) Float64(p *float64, name string, value float64, doc string, checks ...Check) {
	o.declare(&Option{
		Name: name, Type: typeFloat, Default: formatFloat(value), Doc: doc,
		get: func() string { return formatFloat(*p) },
		set: func(s string) error {
			v, err := parseFloat(s, checks)
			if err != nil {
				return err
			}
			*p = v
			return nil
		},
	})
}

const typeFloat = "float"

// Optional is a float32 that need not be set.
type Optional struct {
	Value float32
	Set   bool
}

// Or returns the number, or value where none is set.
func (o Optional) Or(value float32) float32 {
	if o.Set {
		return o.Value
	}
	return value
}

// Optional declares a number of the kind Float32 held in *p that is unset when empty,
// its default.
func (o *Options) Optional(p *Optional, name, doc string, checks ...Check) {
	o.declare(&Option{
		Name: name, Type: typeFloat, Default: "", Doc: doc,
		get: func() string {
			if !p.Set {
				return ""
			}
			return FormatFloat32(p.Value)
		},
		set: func(s string) error {
			if s == "" {
				*p = Optional{}
				return nil
			}
			v, err := parseFloat32(s, checks)
			if err != nil {
				return err
			}
			*p = Optional{v, true}
			return nil
		},
	})
}

func parseFloat(s string, checks []Check) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v-v != 0 {
		return 0, errors.New("want a finite number")
	}
	if v == 0 && hasDigits(s) {
		return 0, errors.New("it is too small to be told from 0: want 0, or a larger number")
	}
	return v, runChecks(checks, v)
}

// parseFloat32 checks the shortest decimal that is read as the float32, so that a limit
// such as 0.99, which no float32 is equal to, includes what is written as 0.99.
func parseFloat32(s string, checks []Check) (float32, error) {
	v, err := parseFloat(s, []Check{inFloat32})
	if err != nil {
		return 0, err
	}
	rounded := float32(v)
	decimal, err := strconv.ParseFloat(FormatFloat32(rounded), 64)
	if err != nil {
		return 0, err
	}
	return rounded, runChecks(checks, decimal)
}

// leastFloat32 is the smallest float32 with all its digits, 2^-126. What is smaller
// becomes 0 in the next product.
const leastFloat32 = 0x1p-126

// inFloat32 refuses a number that is 0 or infinite as a float32, and is not as it is
// written.
func inFloat32(v float64) error {
	switch size := math.Abs(v); {
	case size != 0 && size < leastFloat32:
		return fmt.Errorf("it would be 0, or nearly so, in float32, the precision that it is used in: want 0, or at least %.3g", leastFloat32)
	case math.IsInf(float64(float32(size)), 0):
		return fmt.Errorf("it would be infinite in float32, the precision that it is used in: want at most %.3g", math.MaxFloat32)
	}
	return nil
}

// hasDigits says whether the text of a number has a digit other than 0 before its
// exponent: such a number is not written as 0.
func hasDigits(s string) bool {
	hexadecimal := len(s) > 1 && (s[1] == 'x' || s[1] == 'X')
	for _, r := range s {
		switch {
		case r == 'p' || r == 'P', !hexadecimal && (r == 'e' || r == 'E'):
			return false
		case r >= '1' && r <= '9', hexadecimal && (r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F'):
			return true
		}
	}
	return false
}

// ParseFloat32 reads one number of a text that holds several by the rules of Float32; s
// is read as the nearest float32.
func ParseFloat32(s string) (float32, error) {
	if _, err := parseFloat(s, []Check{inFloat32}); err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(s, 32)
	return float32(v), err
}

// SameInFloat32 says whether two recorded texts differ at most in how numbers are
// written that are the same float32.
func SameInFloat32(a, b string) bool {
	isSeparator := func(r rune) bool { return strings.ContainsRune(",:=/", r) }
	x, y := strings.FieldsFunc(a, isSeparator), strings.FieldsFunc(b, isSeparator)
	return slices.EqualFunc(x, y, func(a, b string) bool {
		first, err1 := ParseFloat32(a)
		second, err2 := ParseFloat32(b)
		return a == b || err1 == nil && err2 == nil && first == second
	})
}

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// FormatFloat32 is the shortest text that is read as v again.
func FormatFloat32(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }
