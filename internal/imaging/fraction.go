package imaging

import (
	"fmt"
	"math"
	"strconv"
)

// Fraction is a share in ten-thousandths, such as 8750 for 0.875. 0 stands for the whole.
type Fraction int

// fractionUnit is the whole.
const fractionUnit = 10_000

// leastFraction bounds the size to which an image is brought before it is cropped.
const leastFraction = fractionUnit / 4

// ParseFraction reads a number from 0.25 to 1 with at most four decimals. 1 is the whole, and
// gives 0.
func ParseFraction(s string) (Fraction, error) {
	v, err := strconv.ParseFloat(s, 64)
	n := math.RoundToEven(v * fractionUnit)
	if err != nil || n < leastFraction || n > fractionUnit || n/fractionUnit != v {
		return 0, fmt.Errorf("fraction %q: want a number from 0.25 to 1 with at most four decimals, such as 0.875", s)
	}
	if n == fractionUnit {
		return 0, nil
	}
	return Fraction(n), nil
}

// String is the shortest form that ParseFraction reads.
func (f Fraction) String() string {
	if f == 0 {
		f = fractionUnit
	}
	return strconv.FormatFloat(float64(f)/fractionUnit, 'g', -1, 64)
}

func (f Fraction) check() error {
	if f < leastFraction || f >= fractionUnit {
		return fmt.Errorf("fraction %d/%d: want at least 0.25, and less than 1", int(f), fractionUnit)
	}
	return nil
}

// of is size/f to nearest, halves up: (2*10000*size + F) / (2*F) with F ten-thousandths.
func (f Fraction) of(size int) int { return (2*fractionUnit*size + int(f)) / (2 * int(f)) }

// MarshalText implements encoding.TextMarshaler.
func (f Fraction) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It reads the one form that MarshalText
// writes of a fraction that is not the whole, which is left out.
func (f *Fraction) UnmarshalText(text []byte) error {
	read, err := ParseFraction(string(text))
	if err == nil && (read == 0 || read.String() != string(text)) {
		err = fmt.Errorf("fraction %q: want it left out where it is 1, and in its shortest form", text)
	}
	*f = read
	return err
}
