package provenance

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// The types of statements. What is the program's own ends with the version of its form,
// which is another one as soon as the form changes.
const (
	statementType = "https://in-toto.io/Statement/v1"

	TrainingType = "https://slsa.dev/provenance/v1"
	GateType     = "https://in-toto.io/attestation/test-result/v0.1"
	MetricsType  = source + "/attestations/metrics/v1"
	ContentsType = "https://cyclonedx.org/bom"
	ReviewType   = source + "/attestations/review/v1"

	source       = "https://github.com/blocktrain/blocktrain"
	buildType    = source + "/attestations/training/v1"
	builderID    = source + "/attestations/builder/v1"
	datasetBytes = "blocktrainDataset" // the algorithm of a dataset's digest: doc/Design.md, rule 7
)

// statement is an in-toto statement, version 1.
type statement struct {
	Type          string     `json:"_type"`
	Subject       []resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     any        `json:"predicate"`
}

// resource is in-toto's ResourceDescriptor.
type resource struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]any    `json:"annotations,omitempty"`
}

// statements are those of a package, as the text that is signed, in a fixed order.
func (c *contents) statements() ([][]byte, error) {
	makers := []struct {
		of   string
		make func() (any, error)
	}{{TrainingType, c.training}, {GateType, c.gate}, {MetricsType, c.metrics}, {ContentsType, func() (any, error) { return c.bill() }}}
	var payloads [][]byte
	for _, m := range makers {
		predicate, err := m.make()
		if err != nil {
			return nil, err
		}
		payload, err := fileio.MarshalJSON(statement{statementType, c.subjects(), m.of, predicate})
		if err != nil {
			return nil, err
		}
		payloads = append(payloads, payload)
	}
	return payloads, nil
}

// review is the statement whose predicate is the verdict of a review, a JSON object.
func (c *contents) review(verdict []byte) ([]byte, error) {
	var predicate map[string]json.RawMessage
	if err := fileio.DecodeJSON(verdict, &predicate, fileio.Form{MaxBytes: MaxReview}); err != nil {
		return nil, err
	}
	if len(predicate) == 0 {
		return nil, errors.New("it is no JSON object with keys")
	}
	return fileio.MarshalJSON(statement{statementType, c.subjects(), ReviewType, predicate})
}

// MaxReview bounds the verdict of a review, in bytes.
const MaxReview = 4 << 20

// slsa is the predicate of TrainingType.
type slsa struct {
	BuildDefinition struct {
		BuildType            string         `json:"buildType"`
		ExternalParameters   map[string]any `json:"externalParameters"`
		InternalParameters   map[string]any `json:"internalParameters"`
		ResolvedDependencies []resource     `json:"resolvedDependencies"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID      string            `json:"id"`
			Version map[string]string `json:"version"`
		} `json:"builder"`
		Metadata struct {
			InvocationID string `json:"invocationId"`
			StartedOn    string `json:"startedOn"`
		} `json:"metadata"`
		Byproducts []resource `json:"byproducts"`
	} `json:"runDetails"`
}

// training says what the weights were made of: the whole identity of the run, so that the
// training can be repeated, and the digests of what went into it.
func (c *contents) training() (any, error) {
	identity, err := fileio.MarshalJSONAs(&c.record.Identity, c.record.Schema)
	if err != nil {
		return nil, err
	}
	history, err := c.descriptor(rundir.HistoryOf(""))
	if err != nil {
		return nil, err
	}
	var p slsa
	b, run, e := &p.BuildDefinition, &p.RunDetails, &c.record.Execution
	b.BuildType = buildType
	b.ExternalParameters = map[string]any{"identity": json.RawMessage(identity), "identity_sha256": c.record.IdentitySHA256}
	b.InternalParameters = map[string]any{"os": e.OS, "arch": e.Arch, "simd": e.SIMD, "workers": e.Workers}
	if b.ResolvedDependencies, err = c.dependencies(); err != nil {
		return nil, err
	}
	run.Builder.ID = builderID
	run.Builder.Version = map[string]string{"blocktrain": e.Program, "go": e.Go}
	run.Metadata.InvocationID = c.record.IdentitySHA256
	run.Metadata.StartedOn = c.record.Started.UTC().Format(time.RFC3339Nano)
	run.Byproducts = []resource{history}
	return p, nil
}

// dependencies are what the training read: data, split, weights to begin with, and the
// source of the program as far as it is known.
func (c *contents) dependencies() ([]resource, error) {
	var found []resource
	i := &c.record.Identity
	for _, d := range i.Datasets {
		found = append(found, resource{Name: "dataset " + d.Title(), Digest: map[string]string{datasetBytes: d.SHA256},
			Annotations: map[string]any{"examples": d.Examples}})
	}
	split, err := c.descriptor(rundir.SplitFile)
	if err != nil {
		return nil, err
	}
	found = append(found, split)
	if i.InitSHA256 != "" {
		found = append(found, initialWeights(c.published(), i.InitSHA256))
	}
	if commit := commitOf(c.record.Execution.Program); commit != nil {
		found = append(found, *commit)
	}
	return found, nil
}

// programName is the name of a program in a record, in parts: version, commit, and whether
// the source differed from it.
var programName = regexp.MustCompile(`^blocktrain (\S+)(?: ([0-9a-f]{40}|[0-9a-f]{64}))?(?: (.+))?$`)

// commitOf is the source of a program that a record names, nil where nobody knows it.
func commitOf(program string) *resource {
	m := programName.FindStringSubmatch(program)
	if m == nil || m[2] == "" {
		return nil
	}
	r := &resource{URI: "git+" + source, Digest: map[string]string{"gitCommit": m[2]}}
	if m[3] != "" {
		r.Annotations = map[string]any{"changes": strings.TrimPrefix(m[3], "with ")}
	}
	return r
}

// testResult is the predicate of GateType.
type testResult struct {
	Result        string     `json:"result"` // PASSED or FAILED
	Configuration []resource `json:"configuration"`
	PassedTests   []string   `json:"passedTests"`
	FailedTests   []string   `json:"failedTests"`
}

// gate says what the gate measured. The predicate has no place for numbers but in the names
// of tests. A model whose release was forced has failed, whatever was decided.
func (c *contents) gate() (any, error) {
	p := testResult{Result: "PASSED", PassedTests: []string{}, FailedTests: []string{}}
	for _, name := range []string{rundir.ReleaseFile, rundir.SettingsFile} {
		d, err := c.descriptor(name)
		if err != nil {
			return nil, err
		}
		p.Configuration = append(p.Configuration, d)
	}
	for i := range c.release.Criteria {
		v := &c.release.Criteria[i]
		if v.Passed {
			p.PassedTests = append(p.PassedTests, testName(v))
		} else {
			p.FailedTests = append(p.FailedTests, testName(v))
		}
	}
	if len(p.FailedTests) > 0 {
		p.Result = "FAILED"
	}
	return p, nil
}

// testName is a criterion with what was measured: "min_test_accuracy=0.9812>=0.97".
func testName(v *criterion.Verdict) string {
	measured := "unmeasured"
	if v.Measured != nil {
		measured = number(*v.Measured)
	}
	return v.Name + "=" + measured + v.Op + number(v.Threshold)
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// metrics is the predicate of MetricsType.
type metrics struct {
	Weights     resource    `json:"weights"`
	Evaluations []evaluated `json:"evaluations"`
}

// evaluated is an evaluation: its file, and those of its figures that are single values.
type evaluated struct {
	Name    string                     `json:"name"`
	Digest  map[string]string          `json:"digest"`
	Figures map[string]json.RawMessage `json:"figures"`
}

// maxEvaluation bounds the file of an evaluation.
const maxEvaluation = 48 << 20

// metrics says how good the model is. The digest of a file covers the figures that are
// tables.
func (c *contents) metrics() (any, error) {
	if c.record.Training == nil {
		return nil, fmt.Errorf("%s does not say how the training ended: make the package again with blocktrain package", rundir.RecordFile)
	}
	p := metrics{Weights: resource{Name: c.record.Weights, Digest: map[string]string{tensorDigest: c.record.Training.WeightsSHA256}}}
	for _, name := range c.evaluations() {
		d, err := c.descriptor(name)
		if err != nil {
			return nil, err
		}
		document := map[string]json.RawMessage{}
		if err := fileio.ReadJSON(c.file(name), &document, fileio.Form{MaxBytes: maxEvaluation}); err != nil {
			return nil, err
		}
		for key, text := range document {
			if strings.IndexByte("{[n", text[0]) >= 0 { // objects, arrays and null
				delete(document, key)
			}
		}
		p.Evaluations = append(p.Evaluations, evaluated{d.Name, d.Digest, document})
	}
	return p, nil
}
