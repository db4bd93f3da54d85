package criterion

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

func TestReadAgreement(t *testing.T) {
	path := filepath.Join(t.TempDir(), "onnx-agreement.json")
	m := Measurements{Agreement: agreed(300)}
	byBoth(290, 1e-5)(&m)
	if r := m.Agreement.Networks[0].Runtimes; !r[0].Agrees || r[1].Agrees {
		t.Errorf("the runtimes agree: %t, %t", r[0].Agrees, r[1].Agrees)
	}
	if err := fileio.WriteJSON(path, m.Agreement); err != nil {
		t.Fatal(err)
	}
	read, err := ReadAgreement(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Agreement, read); diff != "" {
		t.Error(diff)
	}
	read.JudgeBy(&Verdict{Threshold: 1e-7, Labels: &SameLabels{Threshold: 0.9}})
	if r := read.Networks[0].Runtimes; r[0].Agrees || r[1].Agrees || !read.Has(ONNXRuntime) {
		t.Errorf("with a threshold of 1e-7: %+v", r)
	}
	version := read.Networks[0].Runtimes[1].Version
	if !read.HasVersion(version) || read.HasVersion(version+".1") || agreed(300).HasVersion("") || new(Agreement).HasVersion(version) {
		t.Errorf("run by ONNX Runtime %s and no other version, says %+v", version, read)
	}
}

// TestForgedAgreement has files that contradict themselves.
func TestForgedAgreement(t *testing.T) {
	path := filepath.Join(t.TempDir(), "onnx-agreement.json")
	for name, forge := range map[string]func(a *Agreement, n *NetworkAgreement, r *RuntimeAgreement){
		"another part":          func(a *Agreement, _ *NetworkAgreement, _ *RuntimeAgreement) { a.Part = "validation" },
		"no networks":           func(a *Agreement, _ *NetworkAgreement, _ *RuntimeAgreement) { a.Networks = nil },
		"another share":         func(a *Agreement, _ *NetworkAgreement, _ *RuntimeAgreement) { a.SameLabel = 2 },
		"no runtimes":           func(_ *Agreement, n *NetworkAgreement, _ *RuntimeAgreement) { n.Runtimes = nil },
		"no digest":             func(_ *Agreement, n *NetworkAgreement, _ *RuntimeAgreement) { n.FileSHA256 = "" },
		"a runtime twice":       func(_ *Agreement, n *NetworkAgreement, r *RuntimeAgreement) { n.Runtimes = append(n.Runtimes, *r) },
		"another runtime first": func(_ *Agreement, _ *NetworkAgreement, r *RuntimeAgreement) { r.Runtime, r.Version = ONNXRuntime, "1" },
		"more labels":           func(_ *Agreement, n *NetworkAgreement, r *RuntimeAgreement) { *r.SameLabel = n.Examples + 1 },
		"agrees with few":       func(_ *Agreement, _ *NetworkAgreement, r *RuntimeAgreement) { *r.SameLabel = 0 },
		"agrees without":        func(_ *Agreement, _ *NetworkAgreement, r *RuntimeAgreement) { r.NotFinite = 1 },
		"does not agree":        func(_ *Agreement, _ *NetworkAgreement, r *RuntimeAgreement) { r.Agrees = false },
		"a negative difference": func(_ *Agreement, _ *NetworkAgreement, r *RuntimeAgreement) { r.Outputs[0].Difference = -1 },
		"no outputs":            func(_ *Agreement, _ *NetworkAgreement, r *RuntimeAgreement) { r.Outputs = nil },
	} {
		a := agreed(300)
		forge(a, &a.Networks[0], &a.Networks[0].Runtimes[0])
		if err := fileio.WriteJSON(path, a); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadAgreement(path); err == nil || !strings.Contains(err.Error(), "onnx-agreement.json") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
