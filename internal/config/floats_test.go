package config

import (
	"strings"
	"testing"
)

// numbers has an option of each kind of number.
type numbers struct {
	single, nearOne float32
	mixed, double   float64
	rate            Optional
}

func (n *numbers) declare(o *Options) {
	o.Float32(&n.single, "single", 0.5, "")
	o.Float32(&n.nearOne, "near-one", 0.5, "", Between(0, 0.99), Below(1))
	o.Float(&n.mixed, "mixed", 0.5, "")
	o.Float64(&n.double, "double", 0.5, "")
	o.Optional(&n.rate, "rate", "")
}

// TestPrecision checks in which precision numbers are checked and recorded.
func TestPrecision(t *testing.T) {
	const vanishes, infinite = "it would be 0, or nearly so, in float32", "it would be infinite in float32"
	for _, test := range []struct{ option, value, recorded, refused string }{
		{option: "single", value: "0.1", recorded: "0.1"},
		{option: "single", value: "0.10000000149", recorded: "0.1"},
		{option: "single", value: "1e-1", recorded: "0.1"},
		{option: "single", value: "0x1p-2", recorded: "0.25"},
		{option: "single", value: "0e-999", recorded: "0"},
		{option: "single", value: "-0.5", recorded: "-0.5"},
		{option: "single", value: "1.2e-38", recorded: "1.2e-38"},
		{option: "single", value: "3.4e38", recorded: "3.4e+38"},
		{option: "single", value: "1e-38", refused: vanishes},
		{option: "single", value: "1e-46", refused: vanishes},
		{option: "single", value: "-1e-46", refused: vanishes},
		{option: "single", value: "1e-999", refused: "too small to be told from 0"},
		{option: "single", value: "0x1p-2000", refused: "too small to be told from 0"},
		{option: "single", value: "3.5e38", refused: infinite},
		{option: "single", value: "-1e39", refused: infinite},
		{option: "single", value: "1e309", refused: "want a finite number"},
		{option: "single", value: "nan", refused: "want a finite number"},
		{option: "near-one", value: "0.99", recorded: "0.99"}, // above 0.99 as a float32
		{option: "near-one", value: "0.99000001", recorded: "0.99"},
		{option: "near-one", value: "0.9901", refused: "want 0 to 0.99"},
		{option: "mixed", value: "0.10000000149", recorded: "0.10000000149"},
		{option: "mixed", value: "1e-46", refused: vanishes},
		{option: "mixed", value: "1e39", refused: infinite},
		{option: "double", value: "1e-46", recorded: "1e-46"},
		{option: "double", value: "1e300", recorded: "1e+300"},
		{option: "double", value: "1e-999", refused: "too small to be told from 0"},
		{option: "rate", value: "0.10000000149", recorded: "0.1"},
		{option: "rate", value: "1e-46", refused: vanishes},
		{option: "rate", value: "1e39", refused: infinite},
	} {
		o := NewOptions(map[string]string{test.option: test.value})
		(&numbers{}).declare(o)
		switch err := o.Err(); {
		case test.refused != "":
			if err == nil || !strings.HasPrefix(err.Error(), test.option+"="+test.value+": ") || !strings.Contains(err.Error(), test.refused) {
				t.Errorf("%s=%s: error %v, want %q", test.option, test.value, err, test.refused)
			}
		case err != nil:
			t.Errorf("%s=%s: %v", test.option, test.value, err)
		case o.Resolved()[test.option] != test.recorded:
			t.Errorf("%s=%s is recorded as %s, want %s", test.option, test.value, o.Resolved()[test.option], test.recorded)
		}
	}
}

// TestSameInFloat32 checks which recorded texts are the same settings.
func TestSameInFloat32(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"0.1", "0.10000000149", true},
		{"0.1", "0.1001", false},
		{"rotate:degrees=10.000000001:p=1,erase", "rotate:degrees=10:p=1,erase", true},
		{"rotate:degrees=10,erase", "rotate:degrees=10,flip", false},
		{"1/2.50/1", "1/2.5/1", true},
		{"1/2.5", "1/2.5/1", false},
		{"", "0", false},
	} {
		if got := SameInFloat32(test.a, test.b); got != test.want {
			t.Errorf("%q and %q: %v, want %v", test.a, test.b, got, test.want)
		}
	}
}
