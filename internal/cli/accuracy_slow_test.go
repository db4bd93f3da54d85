//go:build slow

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAccuracy trains on real data as a user would and lets the gate say whether the
// models are as good as the documents have it. The bits are fixed, and so is every
// accuracy, until a release changes the arithmetic.
func TestAccuracy(t *testing.T) {
	mnist := filepath.Join(os.Getenv("BLOCKTRAIN_TEST_DATA"), "mnist")
	for _, test := range []struct {
		name, data, flags string
	}{
		{"digits", "", "--min-test-accuracy 0.98"},
		{"mnist", mnist, "--dataset mnist --min-test-accuracy 0.988"},
		{"mnist, fast", mnist, "--dataset mnist --recipe fast --min-test-accuracy 0.99"},
		{"fashion-mnist", "/usr/share/datasets/fashion-mnist", "--dataset fashion-mnist --epochs 12 --min-test-accuracy 0.9 --min-per-class-accuracy 0.6"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			args := append([]string{"run", "--quiet", "--output-dir", filepath.Join(dir, "run")}, strings.Fields(test.flags)...)
			if test.data != "" {
				if entries, err := os.ReadDir(test.data); err != nil || len(entries) == 0 {
					t.Skipf("%s is not there", test.data)
				}
				args = append(args, "--data-dir", test.data, "--dataset-options", "download=false")
			}
			var out, errs bytes.Buffer
			if code := Run(t.Context(), args, nil, &out, &errs); code != ExitDone {
				t.Errorf("exit code %d: %s", code, &errs)
			}
		})
	}
}
