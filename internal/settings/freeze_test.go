package settings

import (
	"strings"
	"testing"
)

// TestFreeze checks that prefixes are refused which would not do what they say.
func TestFreeze(t *testing.T) {
	names := []string{"conv.weight", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_variance", "head.weight"}
	for freeze, want := range map[string]string{
		"":                           "",
		"conv":                       "",
		"norm":                       "",
		"norm.running":               "",
		"norm.weight,norm.bias":      "",
		"norm.running_m,norm.runnin": "",
		"norm.running_mean,norm.running_variance": "",
		"cnv":                    "--freeze cnv: no weight's name begins so: did you mean conv? (names begin with conv, norm, head)",
		"elsewhere":              "--freeze elsewhere: no weight's name begins so (names begin with conv, norm, head)",
		"norm.wieght":            "--freeze norm.wieght: no weight's name begins so: did you mean norm.weight? (after norm. come weight, bias, running_mean, running_variance)",
		"norm.running_variance":  "--freeze norm.running_variance: norm.running_mean and norm.running_variance move together: want both, by norm.running, or neither",
		"conv,norm.running_mean": "want both, by norm.running, or neither",
	} {
		var prefixes []string
		if freeze != "" {
			prefixes = strings.Split(freeze, ",")
		}
		if err := CheckFreeze(prefixes, names); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: error %v, want %q", freeze, err, want)
		}
	}
}
