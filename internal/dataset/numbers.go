package dataset

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// numberType is how a file of an array holds a number.
type numberType struct {
	name   string // NumPy's
	width  int    // bytes
	signed bool
	real   bool // of IEEE 754, with a fraction
}

// numberTypes are those that are read.
var numberTypes = []numberType{
	{name: "uint8", width: 1}, {name: "uint16", width: 2}, {name: "uint32", width: 4}, {name: "uint64", width: 8},
	{name: "int8", width: 1, signed: true}, {name: "int16", width: 2, signed: true},
	{name: "int32", width: 4, signed: true}, {name: "int64", width: 8, signed: true},
	{name: "float32", width: 4, signed: true, real: true}, {name: "float64", width: 8, signed: true, real: true},
}

// numberTypeOf finds a type by name. The name must be known.
func numberTypeOf(name string) numberType {
	for _, t := range numberTypes {
		if t.name == name {
			return t
		}
	}
	panic("unknown type " + name)
}

// bits are those of one value in b, which has the type's width.
func (t numberType) bits(b []byte, bigEndian bool) (bits uint64) {
	for i := range t.width {
		at := t.width - 1 - i
		if bigEndian {
			at = i
		}
		bits = bits<<8 | uint64(b[at])
	}
	return bits
}

// whole is the value of a type without fractions. One that does not fit int64 becomes the
// largest that does, which no range and no label has.
func (t numberType) whole(b []byte, bigEndian bool) int64 {
	bits, unused := t.bits(b, bigEndian), 64-8*t.width
	if t.signed {
		return int64(bits<<unused) >> unused
	}
	return int64(min(bits, math.MaxInt64))
}

// fraction is the value of a type with fractions.
func (t numberType) fraction(b []byte, bigEndian bool) float64 {
	bits := t.bits(b, bigEndian)
	if t.width == 4 {
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

// text is the value as in messages.
func (t numberType) text(b []byte, bigEndian bool) string {
	if t.real {
		return strconv.FormatFloat(t.fraction(b, bigEndian), 'g', -1, 8*t.width)
	}
	return strconv.FormatInt(t.whole(b, bigEndian), 10)
}

// rangeAuto stands for 0:255 of types without fractions and for 0:1 of others.
const rangeAuto = "auto"

// maxRange bounds the ends of a range, so that no sum or product overflows.
const maxRange = 1 << 40

// canonicalRange checks the text of a range, LOW:HIGH, and gives it one form.
func canonicalRange(text string) (string, error) {
	if text == rangeAuto {
		return text, nil
	}
	low, high, err := parseRange(text)
	if err != nil {
		return "", err
	}
	return strconv.FormatFloat(low, 'g', -1, 64) + ":" + strconv.FormatFloat(high, 'g', -1, 64), nil
}

func parseRange(text string) (low, high float64, err error) {
	first, second, two := strings.Cut(text, ":")
	low, errLow := strconv.ParseFloat(first, 64)
	high, errHigh := strconv.ParseFloat(second, 64)
	if !two || errLow != nil || errHigh != nil || !(math.Abs(low) <= maxRange && math.Abs(high) <= maxRange && low < high) {
		return 0, 0, fmt.Errorf("want auto, or two numbers within %d of which the first is lower, as in 0:255", int64(maxRange))
	}
	return low + 0, high + 0, nil // without negative zeros
}

// levels turns values into bytes. Of a value v within the ends low and high,
//
//	byte = floor(255 (v - low) / (high - low) + 1/2)
//
// Whole numbers are counted exactly. Fractions are float64: difference, product, quotient
// and sum are each rounded, in this order. Values outside are refused.
type levels struct {
	of                  numberType
	bigEndian           bool
	low, high           float64
	wholeLow, wholeHigh int64 // the same, of types without fractions
}

// newLevels reads a range, which canonicalRange has taken.
func newLevels(of numberType, bigEndian bool, text string) (levels, error) {
	l := levels{of: of, bigEndian: bigEndian, low: 0, high: 255}
	if of.real {
		l.high = 1
	}
	if text != rangeAuto {
		var err error
		if l.low, l.high, err = parseRange(text); err != nil {
			return l, err
		}
	}
	if !of.real && (l.low != math.Floor(l.low) || l.high != math.Floor(l.high)) {
		return l, fmt.Errorf("range=%s has a fraction, and the values are of type %s: want whole numbers", text, of.name)
	}
	l.wholeLow, l.wholeHigh = int64(math.Floor(l.low)), int64(math.Floor(l.high))
	return l, nil
}

// plain says that bytes stay as they are.
func (l *levels) plain() bool { return l.of.name == "uint8" && l.wholeLow == 0 && l.wholeHigh == 255 }

// errOutside is the error of a value outside the range.
var errOutside = errors.New("outside")

// bytes turns the values in raw into dst, which has as many elements. Where a value is
// outside the range, it returns its index too.
func (l *levels) bytes(dst []uint8, raw []byte) (int, error) {
	for i := range dst {
		b := raw[i*l.of.width : (i+1)*l.of.width]
		if l.of.real {
			v := l.of.fraction(b, l.bigEndian)
			if !(v >= l.low && v <= l.high) { // nor is it a NaN
				return i, errOutside
			}
			scaled := float64((v-l.low)*255) / (l.high - l.low)
			dst[i] = uint8(math.Floor(scaled + 0.5))
			continue
		}
		v := l.of.whole(b, l.bigEndian)
		if v < l.wholeLow || v > l.wholeHigh {
			return i, errOutside
		}
		span := l.wholeHigh - l.wholeLow
		dst[i] = uint8((510*(v-l.wholeLow) + span) / (2 * span))
	}
	return 0, nil
}

// ends are the ends of the range as in messages.
func (l *levels) ends() string {
	return strconv.FormatFloat(l.low, 'g', -1, 64) + " to " + strconv.FormatFloat(l.high, 'g', -1, 64)
}
