package dataset

import (
	"encoding/binary"
	"math"
	"testing"
)

// encoded are values of a type in the given order of bytes.
func encoded(of numberType, bigEndian bool, values ...float64) []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	if bigEndian {
		order = binary.BigEndian
	}
	var b []byte
	for _, v := range values {
		switch {
		case of.name == "float32":
			b = order.AppendUint32(b, math.Float32bits(float32(v)))
		case of.real:
			b = order.AppendUint64(b, math.Float64bits(v))
		case of.width == 1:
			b = append(b, uint8(int64(v)))
		case of.width == 2:
			b = order.AppendUint16(b, uint16(int64(v)))
		case of.width == 4:
			b = order.AppendUint32(b, uint32(int64(v)))
		default:
			b = order.AppendUint64(b, uint64(int64(v)))
		}
	}
	return b
}

func TestLevels(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	cases := []struct {
		of, values string
		value      float64
		want       int // -1: outside
	}{
		{"uint8", "auto", 0, 0}, {"uint8", "auto", 255, 255}, {"uint8", "0:1", 1, 255}, {"uint8", "0:1", 2, -1},
		{"int8", "auto", 127, 127}, {"int8", "auto", -1, -1}, {"int8", "-128:127", -128, 0}, {"int8", "-128:127", 0, 128}, {"int8", "-128:127", 127, 255},
		{"int16", "auto", 255, 255}, {"int16", "auto", 256, -1}, {"int16", "-32768:32767", -32768, 0}, {"int16", "-32768:32767", 32767, 255},
		{"uint16", "0:65535", 257, 1}, {"uint16", "0:65535", 128, 0}, {"uint16", "0:65535", 129, 1}, {"uint16", "0:4095", 4096, -1},
		{"int32", "0:1000", 501, 128}, {"int32", "auto", -2147483648, -1}, {"int32", "10:20", 15, 128}, // 127.5 is rounded up
		{"int64", "auto", math.MaxInt64, -1}, {"int64", "-5:-3", -4, 128}, {"uint64", "0:1", math.MaxInt64, -1},
		{"float32", "auto", 0, 0}, {"float32", "auto", 1, 255}, {"float32", "auto", 0.5, 128}, {"float32", "auto", 0.49, 125},
		{"float32", "auto", 1.0000001, -1}, {"float32", "auto", -1e-30, -1}, {"float32", "auto", nan, -1}, {"float32", "auto", inf, -1},
		{"float32", "-1:1", 0, 128}, {"float32", "-1:1", -1, 0}, {"float64", "0:255", 254.5, 255}, {"float64", "0.25:0.5", 0.375, 128},
	}
	for _, c := range cases {
		for _, bigEndian := range []bool{true, false} {
			of := numberTypeOf(c.of)
			text, err := canonicalRange(c.values)
			if err != nil {
				t.Fatal(err)
			}
			l, err := newLevels(of, bigEndian, text)
			if err != nil {
				t.Fatal(err)
			}
			dst := make([]uint8, 2)
			low := l.low
			at, err := l.bytes(dst, encoded(of, bigEndian, low, c.value))
			switch {
			case c.want < 0 && (err == nil || at != 1):
				t.Errorf("%s %s %g: index %d, %v", c.of, c.values, c.value, at, err)
			case c.want >= 0 && (err != nil || int(dst[1]) != c.want || dst[0] != 0):
				t.Errorf("%s %s %g: %v, %v, want %d", c.of, c.values, c.value, dst, err, c.want)
			}
		}
	}
}

// TestLevelsOfAllValues: whole numbers from 0 to 255 stay what they are, in every type.
func TestLevelsOfAllValues(t *testing.T) {
	for _, of := range numberTypes {
		l, err := newLevels(of, true, "0:255")
		if err != nil {
			t.Fatal(err)
		}
		for v := range 256 {
			if of.name == "int8" && v > 127 {
				break
			}
			dst := make([]uint8, 1)
			if _, err := l.bytes(dst, encoded(of, true, float64(v))); err != nil || int(dst[0]) != v {
				t.Fatalf("%s: %d becomes %d, %v", of.name, v, dst[0], err)
			}
		}
		if plain := l.plain(); plain != (of.name == "uint8") {
			t.Errorf("%s is plain: %t", of.name, plain)
		}
	}
}

func TestRanges(t *testing.T) {
	for text, want := range map[string]string{
		"auto": "auto", "0:255": "0:255", "-1:1.0": "-1:1", "0:0.50": "0:0.5", "-0:1": "0:1", "1e3:2e3": "1000:2000",
		"": "", "1:0": "", "1:1": "", "0": "", "a:b": "", "0:inf": "", "nan:1": "", "0:1e300": "", "0:1:2": "",
	} {
		got, err := canonicalRange(text)
		if got != want || (err == nil) == (want == "") {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	_, err := newLevels(numberTypeOf("int16"), true, "0:0.5")
	wantError(t, err, "range=0:0.5 has a fraction", "int16", "want whole numbers")
}
