package runtest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// UnsetDefaults removes the variables of the environment that would be defaults of
// settings, so that tests see the built-in ones. Those that tests themselves are told by
// stay.
func UnsetDefaults() error {
	var errs []error
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "BLOCKTRAIN_") && !strings.HasPrefix(name, "BLOCKTRAIN_TEST_") && name != "BLOCKTRAIN_EXPECT_SIMD" {
			errs = append(errs, os.Unsetenv(name))
		}
	}
	// What go test has compiled need not be compiled again.
	if cache, err := os.UserCacheDir(); err == nil && os.Getenv("GOCACHE") == "" {
		errs = append(errs, os.Setenv("GOCACHE", filepath.Join(cache, "go-build")))
	}
	// Tests leave the other caches of who runs them alone.
	errs = append(errs, os.Setenv("XDG_CACHE_HOME", filepath.Join(os.TempDir(), "blocktrain-test-cache")))
	return errors.Join(errs...)
}
