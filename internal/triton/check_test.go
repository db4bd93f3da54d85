package triton

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the rules of which the checker warns into testdata/fixtures.tsv")

// expected is a line of testdata/fixtures.tsv.
type expected struct{ name, verdict, versions, by, words, warnings string }

const fixturesFile = "testdata/fixtures.tsv"

// separator stands between words of which each is in what is said.
const separator = " ... "

func expectations(t testing.TB) (head string, all []expected) {
	t.Helper()
	for line := range strings.Lines(string(read(t, fixturesFile))) {
		if strings.HasPrefix(line, "#") {
			head += line
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 6 {
			t.Fatalf("%q has %d fields, want 6", line, len(f))
		}
		all = append(all, expected{f[0], f[1], f[2], f[3], f[4], f[5]})
	}
	return head, all
}

func makeRepository(t testing.TB) *repository {
	r := &repository{t: t, base: made, dir: t.TempDir()}
	for _, add := range []func(){
		r.addTensors, r.addLabels, r.addVersions, r.addConfigs, r.addSettings,
		r.addWarmup, r.addModels, r.addModelFiles, r.addEnsembles,
	} {
		add()
	}
	return r
}

// TestFixtures compares the checker with what a real Triton made of the same packages.
func TestFixtures(t *testing.T) {
	r := makeRepository(t)
	report, err := Check(r.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*ModelReport{}
	for i := range report.Models {
		found[report.Models[i].Model] = &report.Models[i]
	}
	head, all := expectations(t)
	if len(all) != len(r.names) || len(all) != 148 {
		t.Errorf("%d expectations and %d fixtures, want 148", len(all), len(r.names))
	}
	for i, want := range all {
		got := found[want.name]
		if got == nil {
			t.Errorf("%s: the checker did not see it", want.name)
			continue
		}
		compareVerdict(t, r.dir, want, got)
		if warnings := rules(got, Warning); *update {
			all[i].warnings = warnings
		} else if warnings != want.warnings {
			t.Errorf("%s: warns of %q, want %q", want.name, warnings, want.warnings)
		}
	}
	if *update {
		writeExpectations(t, head, all)
	}
}

// rules are the rules of the findings of a level.
func rules(m *ModelReport, level Level) string {
	found := map[string]bool{}
	for _, f := range m.Findings {
		if f.Level == level {
			found[f.Rule] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), ",")
}

func writeExpectations(t *testing.T, head string, all []expected) {
	for _, e := range all {
		head += strings.Join([]string{e.name, e.verdict, e.versions, e.by, e.words, e.warnings}, "\t") + "\n"
	}
	must(t, os.WriteFile(fixturesFile, []byte(head), 0o644))
}

func compareVerdict(t *testing.T, dir string, want expected, got *ModelReport) {
	if string(got.Verdict) != want.verdict {
		t.Errorf("%s: verdict %s, want %s: %+v", want.name, got.Verdict, want.verdict, got.Findings)
		return
	}
	if want.verdict == "loads" {
		versions := strings.Trim(strings.ReplaceAll(shapeText(got.Versions), " ", ""), "[]")
		if versions != want.versions {
			t.Errorf("%s: versions %s, want %s", want.name, versions, want.versions)
		}
		return
	}
	fault := got.first(Refused)
	if fault == nil {
		fault = got.first(Aborts)
	}
	said := strings.ReplaceAll(fault.Words, dir, "REPO")
	for words := range strings.SplitSeq(want.words, separator) {
		if !strings.Contains(said, words) {
			t.Errorf("%s: the first fault is\n%s\nwant\n%s", want.name, said, words)
		}
	}
}
