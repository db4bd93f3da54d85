package settings_test

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestCheckSizeOf judges the limit that the gate will: that of the list of criteria before that
// of the setting, that of the criterion itself where neither was given, and none where the gate
// has no such criterion or its refusal is overruled.
func TestCheckSizeOf(t *testing.T) {
	const parameters = 3_000_000 // 12 MB
	for _, test := range []struct{ flags, want string }{
		{"", "--max-model-size-mb 10: the weights of vgg-small alone have 12.0 MB, so that no training can meet it: want --max-model-size-mb 13, or a smaller model"},
		{"max-model-size-mb=11", "--max-model-size-mb 11: the weights"},
		{"max-model-size-mb=12", ""},
		{"criteria=min_test_accuracy,max_model_size_mb", "--max-model-size-mb 10: the weights"},
		{"criteria=min_test_accuracy,max_model_size_mb:threshold=3", "want --criteria max_model_size_mb:threshold=13, or"},
		{"criteria=min_test_accuracy,max_model_size_mb:threshold=20", ""},
		{"criteria=max_model_size_mb:threshold=20;max-model-size-mb=1", ""},
		{"criteria=min_test_accuracy", ""},
		{"force=true;reason=a demonstration", ""},
	} {
		s := runtest.MustResolve(t, strings.FieldsFunc(test.flags, func(r rune) bool { return r == ';' })...)
		err := s.CheckSizeOf(parameters)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%q: %v", test.flags, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%q: error %v, want %q", test.flags, err, test.want)
		}
		if err := s.CheckSizeOf(0); err != nil {
			t.Errorf("%q: of no weights: %v", test.flags, err)
		}
	}
}
