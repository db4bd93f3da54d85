package settings_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/optimizer"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// double lists the settings of the class identity that never become a float32.
var double = []string{"warmup", "min-delta"}

// TestNumbersThatVanish checks every number that training uses: a setting, and an option
// of a module, is refused where it would be 0 in float32, and the error names the flag.
func TestNumbersThatVanish(t *testing.T) {
	o := config.NewOptions(nil)
	(&settings.Settings{}).Declare(o)
	for _, option := range o.All() {
		if option.Class == config.Identity && option.Type == "float" && !slices.Contains(double, option.Name) {
			checkVanishes(t, "--"+option.Name, option.Name+"=1e-50")
		}
	}
	for kind, modules := range map[string][]config.Description{
		"dataset": dataset.Modules(), "model": model.Modules(), "loss": loss.Modules(),
		"optimizer": optimizer.Modules(), "schedule": optimizer.Schedules(),
	} {
		for _, m := range modules {
			for _, option := range m.Options {
				if option.Type == "float" {
					checkVanishes(t, "--"+kind+"-options", kind+"="+m.Name, kind+"-options="+option.Name+"=1e-50")
				}
			}
		}
	}
	for _, m := range augment.Modules() {
		for _, option := range m.Options {
			if option.Type == "float" {
				checkVanishes(t, "--augment", "augment="+m.Name+":"+option.Name+"=1e-50")
			}
		}
	}
}

func checkVanishes(t *testing.T, flag string, given ...string) {
	t.Helper()
	_, err := runtest.Resolve(t, given...)
	var usage *config.UsageError
	if !errors.As(err, &usage) {
		t.Errorf("%v: error %v is no UsageError", given, err)
		return
	}
	line := err.Error()
	if !strings.Contains(line, flag) || !strings.Contains(line, "1e-50: ") {
		t.Errorf("%v: error %q does not name %s and the value", given, line, flag)
	}
}

// TestSameNumberSameIdentity checks that two texts of one float32 are one identity.
func TestSameNumberSameIdentity(t *testing.T) {
	for _, test := range []struct{ name, other string }{
		{"learning-rate=0.1", "learning-rate=0.10000000149"},
		{"weight-decay=0.1", "weight-decay=0.10000000149"},
		{"gradient-clip=0.1", "gradient-clip=0.10000000149"},
		{"optimizer-options=epsilon=0.1", "optimizer-options=epsilon=0.10000000149"},
		{"model-options=dropout=0.1", "model-options=dropout=0.10000000149"},
		{"augment=erase:p=0.1:min=0.1", "augment=erase:p=0.10000000149:min=0.10000000149"},
		{"loss-options=class-weights=0.1/1", "loss-options=class-weights=0.10000000149/1.0"},
	} {
		if a, b := identityDigest(t, test.name), identityDigest(t, test.other); a != b {
			t.Errorf("%s and %s have different identities", test.name, test.other)
		}
		if a, b := identityDigest(t, test.name), identityDigest(t); a == b {
			t.Errorf("%s has the identity of the defaults", test.name)
		}
	}
}

// identityDigest is the digest of the part of an identity that settings make.
func identityDigest(t *testing.T, given ...string) string {
	t.Helper()
	s := runtest.MustResolve(t, given...)
	m, err := s.MakeModules()
	if err != nil {
		t.Fatal(err)
	}
	var i rundir.Identity
	s.Describe(&i, m, rundir.RecordSchema)
	digest, err := i.Digest(rundir.RecordSchema)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}
