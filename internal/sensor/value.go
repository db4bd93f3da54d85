package sensor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Value is a number of a profile: one number, or a range from which each clip draws its own,
// uniformly. In JSON it is a number or [low, high].
type Value struct {
	Low, High float64
	wrong     string // what stood there, where it was neither
}

// Single is the value that is always v.
func Single(v float64) Value { return Value{Low: v, High: v} }

// Between is the value that is drawn from low to high.
func Between(low, high float64) Value { return Value{Low: low, High: high} }

// Middle is the middle of the range.
func (v Value) Middle() float64 { return float64(v.Low/2) + float64(v.High/2) }

// String is the form that is shown: "4" or "2 to 4".
func (v Value) String() string {
	low := strconv.FormatFloat(v.Low, 'g', -1, 64)
	if v.Low == v.High || math.IsNaN(v.Low) {
		return low
	}
	return low + " to " + strconv.FormatFloat(v.High, 'g', -1, 64)
}

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.Low == v.High {
		return json.Marshal(v.Low)
	}
	return json.Marshal([2]float64{v.Low, v.High})
}

// UnmarshalJSON implements json.Unmarshaler. What is neither a number nor a range is
// reported by check, which knows the key.
func (v *Value) UnmarshalJSON(b []byte) error {
	var one float64
	if json.Unmarshal(b, &one) == nil && string(b) != "null" {
		*v = Single(one)
		return nil
	}
	var pair []*float64
	if json.Unmarshal(b, &pair) == nil && len(pair) == 2 && pair[0] != nil && pair[1] != nil {
		*v = Between(*pair[0], *pair[1])
		return nil
	}
	var compact bytes.Buffer // one line, however the file has it
	if json.Compact(&compact, b) == nil {
		b = compact.Bytes()
	}
	*v = Value{wrong: string(b)}
	return nil
}

// StrictJSON implements fileio.Strict.
func (v *Value) StrictJSON() {}

// limits are the numbers that a key takes.
type limits struct {
	low, high float64
	above     bool // low itself is not taken
	whole     bool
}

func (l limits) String() string {
	noun := "a number"
	if l.whole {
		noun = "a whole number"
	}
	if l.above {
		return fmt.Sprintf("%s above %.f and at most %.f", noun, l.low, l.high)
	}
	return fmt.Sprintf("%s from %.f to %.f", noun, l.low, l.high)
}

// takes says whether a number is one of them; NaN never is.
func (l limits) takes(v float64) bool {
	return v >= l.low && v <= l.high && (!l.above || v > l.low) && (!l.whole || v == math.Trunc(v))
}

// checkValue reports a value that a key cannot have.
func checkValue(key string, v Value, l limits) error {
	switch {
	case v.wrong != "":
		return fmt.Errorf("%s: %.40s, want %s, or a range [low, high] of such", key, v.wrong, l)
	case !l.takes(v.Low) || !l.takes(v.High):
		return fmt.Errorf("%s: %s, want %s, or a range [low, high] of such", key, v, l)
	case v.Low > v.High:
		return fmt.Errorf("%s: [%v, %v], want the lower number of a range first", key, v.Low, v.High)
	}
	return nil
}

// checkNumber reports a number, which cannot be a range, that a key cannot have.
func checkNumber(key string, v float64, l limits) error {
	if !l.takes(v) {
		return fmt.Errorf("%s: %v, want %s", key, v, l)
	}
	return nil
}
