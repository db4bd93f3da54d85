package provenance

import (
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/criterion"
)

// contentsForTest are those of a package.
func contentsForTest(t *testing.T) *contents {
	t.Helper()
	c, err := readContents(packageForTest(t), strings.Repeat("a", 64))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// decoded is a statement as others see it.
type decoded struct {
	Type          string         `json:"_type"`
	Subject       []resource     `json:"subject"`
	PredicateType string         `json:"predicateType"`
	Predicate     map[string]any `json:"predicate"`
}

func statementsForTest(t *testing.T, c *contents) []decoded {
	t.Helper()
	payloads, err := c.statements()
	if err != nil {
		t.Fatal(err)
	}
	var all []decoded
	for _, payload := range payloads {
		var s decoded
		if err := json.Unmarshal(payload, &s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// TestStatements compares what the specifications ask for: the types, the subjects, and the
// required keys of each predicate.
func TestStatements(t *testing.T) {
	c := contentsForTest(t)
	all := statementsForTest(t, c)
	want := []string{TrainingType, GateType, MetricsType, ContentsType}
	if len(all) != len(want) {
		t.Fatalf("%d statements, want %d", len(all), len(want))
	}
	for i, s := range all {
		if s.Type != statementType || s.PredicateType != want[i] {
			t.Errorf("statement %d has the types %s and %s", i, s.Type, s.PredicateType)
		}
		var names []string
		for _, subject := range s.Subject {
			names = append(names, subject.Name)
			if len(subject.Digest["sha256"]) != 64 {
				t.Errorf("%s has the digest %v", subject.Name, subject.Digest)
			}
		}
		if diff := cmp.Diff([]string{"balanced-1.2.3.tar.gz", "SHA256SUMS", "model-repository/balanced/1/model.onnx", "weights.safetensors"}, names); diff != "" {
			t.Errorf("statement %d: %s", i, diff)
		}
	}
	for i, keys := range [][]string{
		{"buildDefinition.buildType", "buildDefinition.externalParameters.identity", "buildDefinition.resolvedDependencies", "runDetails.builder.id", "runDetails.metadata.startedOn"},
		{"result", "configuration", "passedTests", "failedTests"},
		{"weights", "evaluations"},
		{"bomFormat", "specVersion", "components"},
	} {
		for _, key := range keys {
			if valueAt(all[i].Predicate, key) == nil {
				t.Errorf("statement %d has no %s", i, key)
			}
		}
	}
}

// valueAt is the value at a path of keys, nil where there is none.
func valueAt(value any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		object, is := value.(map[string]any)
		if !is {
			return nil
		}
		value = object[key]
	}
	return value
}

// TestStatementsIn1970 states what was trained while the clock stood at its beginning.
func TestStatementsIn1970(t *testing.T) {
	c := contentsForTest(t)
	c.record.Started = time.Unix(0, 0).In(time.FixedZone("", 3600))
	all := statementsForTest(t, c)
	if got := valueAt(all[0].Predicate, "runDetails.metadata.startedOn"); got != "1970-01-01T00:00:00Z" {
		t.Errorf("startedOn is %v", got)
	}
	if got := valueAt(all[3].Predicate, "metadata.timestamp"); got != "1970-01-01T00:00:00Z" {
		t.Errorf("timestamp is %v", got)
	}
}

// TestGate states a decision as it was measured, whatever was forced.
func TestGate(t *testing.T) {
	c := contentsForTest(t)
	share := 0.95
	c.release = &criterion.Release{Approved: true, Forced: true, Criteria: []criterion.Verdict{
		{Name: "min_test_accuracy", Op: ">=", Threshold: 0.9, Measured: &share, Passed: true},
		{Name: "max_model_size_mb", Op: "<=", Threshold: 1},
	}}
	p := statementsForTest(t, c)[1].Predicate
	if p["result"] != "FAILED" {
		t.Errorf("the result of a forced release is %v", p["result"])
	}
	if diff := cmp.Diff([]any{[]any{"min_test_accuracy=0.95>=0.9"}, []any{"max_model_size_mb=unmeasured<=1"}}, []any{p["passedTests"], p["failedTests"]}); diff != "" {
		t.Error(diff)
	}
}

// TestCommitOf names the source of the program by its commit, as far as a record knows it.
func TestCommitOf(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for program, want := range map[string]*resource{
		"blocktrain 1.2.3 " + commit: {URI: "git+" + source, Digest: map[string]string{"gitCommit": commit}},
		"blocktrain 1.2.3 " + commit + " with changes": {URI: "git+" + source, Digest: map[string]string{"gitCommit": commit},
			Annotations: map[string]any{"changes": "changes"}},
		"blocktrain development without commit": nil,
		"another program":                       nil,
	} {
		if diff := cmp.Diff(want, commitOf(program)); diff != "" {
			t.Errorf("%s: %s", program, diff)
		}
	}
}

// TestProgramBill describes a program that has one module which every release has and one
// that none has.
func TestProgramBill(t *testing.T) {
	build := &debug.BuildInfo{Deps: []*debug.Module{
		{Path: "github.com/spf13/cobra", Version: "v1.10.2", Sum: "h1:x"},
		{Path: "example.org/old", Version: "v0.1.0", Replace: &debug.Module{Path: "example.org/new", Version: "v0.2.0"}},
	}}
	info := buildinfo.Info{Version: "1.2.3", Commit: "abc", Changes: buildinfo.Unchanged, Go: "go1.26.8", Platform: "linux/amd64"}
	made, err := programBill(build, info, strings.Repeat("0", 64))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range made.Components {
		license := "unknown"
		if c.Licenses != nil {
			license = c.Licenses[0].Expression
		}
		got = append(got, c.PURL+" "+license)
	}
	want := []string{"pkg:golang/std@go1.26.8 BSD-3-Clause", "pkg:golang/github.com/spf13/cobra@v1.10.2 Apache-2.0", "pkg:golang/example.org/new@v0.2.0 unknown"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	again, err := programBill(build, info, strings.Repeat("0", 64))
	if err != nil || again.SerialNumber != made.SerialNumber {
		t.Errorf("the serial number is %s and %s, error %v", made.SerialNumber, again.SerialNumber, err)
	}
	other, err := programBill(build, info, strings.Repeat("1", 64))
	if err != nil || other.SerialNumber == made.SerialNumber {
		t.Errorf("another program has the same serial number, error %v", err)
	}
	if text, err := ProgramBill(); err != nil || !strings.Contains(string(text), `"bomFormat": "CycloneDX"`) {
		t.Errorf("%.200s, error %v", text, err)
	}
}
