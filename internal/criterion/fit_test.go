package criterion

import (
	"slices"
	"strings"
	"testing"
)

// ofClasses and ofImages are what can be measured of the two targets.
var (
	ofClasses = []Measurement{ClassEvaluation, InferenceTime, ModelSize, Regression}
	ofImages  = []Measurement{ImageEvaluation, InferenceTime, ModelSize}
)

// TestFit tries every criterion on every target.
func TestFit(t *testing.T) {
	for target, has := range map[string][]Measurement{"class": ofClasses, "image": ofImages} {
		for _, d := range Modules() {
			c := make1(t, d.Name, "")
			if NameOf(c) != d.Name {
				t.Errorf("criterion %s calls itself %s", d.Name, NameOf(c))
			}
			err := CheckFit(c, target, has)
			if fits := slices.Contains(Fitting(has), d.Name); fits != (err == nil) {
				t.Errorf("criterion %s, target %s: error is %v", d.Name, target, err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "criterion "+d.Name+" does not fit target "+target+", which has "+Fitting(has)[0]+", ") {
				t.Errorf("error is %v", err)
			}
		}
	}
	err := CheckFit(make1(t, "min_test_accuracy", ""), "image", ofImages)
	const want = "criterion min_test_accuracy does not fit target image, which has max_reconstruction_error, max_inference_ratio, max_inference_time_ms, max_model_size_mb"
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}
