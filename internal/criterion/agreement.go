package criterion

import (
	"errors"
	"fmt"
	"math"
	"regexp"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Agreement says how a model that is run from its exported file agrees with the trained
// one on a part of the data.
type Agreement struct {
	Schema int    `json:"schema"`
	Part   string `json:"part"`
	// SameLabel and LargestDifference are what is wanted: the least share of examples with
	// the same label, and the largest difference of outputs over their range.
	SameLabel         float64            `json:"least_same_label"`
	LargestDifference float64            `json:"largest_difference"`
	Networks          []NetworkAgreement `json:"networks"` // that a package holds, in their order
}

// NetworkAgreement is the agreement of one of the networks of a model.
type NetworkAgreement struct {
	Name          string `json:"name,omitempty"` // empty for the one that is judged
	WeightsSHA256 string `json:"weights_sha256"`
	FileSHA256    string `json:"file_sha256"` // of the file that was run
	// ComputationSHA256 is of the file without the names of program and model and without
	// metadata, on which no result depends.
	ComputationSHA256 string             `json:"computation_sha256"`
	Opset             int                `json:"opset"`
	Examples          int                `json:"examples"`
	Runtimes          []RuntimeAgreement `json:"runtimes"`
}

// RuntimeAgreement is what one runtime made of the file.
type RuntimeAgreement struct {
	Runtime   string            `json:"runtime"`
	Version   string            `json:"version,omitempty"`    // of ONNX Runtime
	SameLabel *int              `json:"same_label,omitempty"` // examples whose largest probability is that of the same class
	NotFinite int               `json:"not_finite"`           // values of either model that are no finite numbers
	Outputs   []OutputAgreement `json:"outputs"`
	Agrees    bool              `json:"agrees"`
}

// OutputAgreement is how far an output is from that of the trained model.
type OutputAgreement struct {
	Name       string  `json:"name"`
	Difference float64 `json:"largest_difference"`
	Range      float64 `json:"range"` // that differences are held against: of probabilities 1, of other outputs from the smallest value, or 0, to the largest, or 0
}

// The runtimes that run an exported file.
const (
	OwnRuntime  = "own" // package onnx/interpreter
	ONNXRuntime = "onnxruntime"
)

const agreementSchema = 1

var agreementForm = fileio.Form{MaxBytes: 1 << 20, Schemas: []int{agreementSchema}}

// NewAgreement is an agreement without networks, judged by what a verdict wants.
func NewAgreement(part string, v *Verdict) *Agreement {
	a := &Agreement{Schema: agreementSchema, Part: part}
	a.want(v)
	return a
}

// want takes the thresholds of a verdict. Decisions of schema 1 say nothing of labels.
func (a *Agreement) want(v *Verdict) {
	a.LargestDifference, a.SameLabel = v.Threshold, leastSameLabel
	if v.Labels != nil {
		a.SameLabel = v.Labels.Threshold
	}
}

// JudgeBy makes an agreement that was measured one by what a verdict wants.
func (a *Agreement) JudgeBy(v *Verdict) {
	a.want(v)
	a.Judge()
}

// Judge says of each runtime whether it agrees.
func (a *Agreement) Judge() {
	for i := range a.Networks {
		n := &a.Networks[i]
		for j := range n.Runtimes {
			n.Runtimes[j].Agrees = n.Runtimes[j].agrees(a, n.Examples)
		}
	}
}

func (r *RuntimeAgreement) agrees(a *Agreement, examples int) bool {
	enough := r.SameLabel == nil || float64(*r.SameLabel) >= a.SameLabel*float64(examples)
	return enough && r.NotFinite == 0 && r.Largest() <= a.LargestDifference
}

// Largest is the largest difference of any output over its range.
func (r *RuntimeAgreement) Largest() float64 {
	largest := 0.0
	for _, o := range r.Outputs {
		share := o.Difference / o.Range
		if o.Difference == 0 {
			share = 0
		}
		largest = max(largest, share) // NaN stays NaN
	}
	return largest
}

// Has says whether every network was run by a runtime.
func (a *Agreement) Has(runtime string) bool {
	for _, n := range a.Networks {
		if n.of(runtime) == nil {
			return false
		}
	}
	return len(a.Networks) > 0
}

// HasVersion says whether every network was run by this version of ONNX Runtime.
func (a *Agreement) HasVersion(version string) bool {
	for _, n := range a.Networks {
		if r := n.of(ONNXRuntime); r == nil || r.Version != version {
			return false
		}
	}
	return len(a.Networks) > 0
}

func (n *NetworkAgreement) of(runtime string) *RuntimeAgreement {
	for i := range n.Runtimes {
		if n.Runtimes[i].Runtime == runtime {
			return &n.Runtimes[i]
		}
	}
	return nil
}

// TakeOver takes from an agreement on the same model what was not measured again: the
// digests of the files that were run, and what ONNX Runtime made of them.
func (a *Agreement) TakeOver(other *Agreement) {
	for i := range min(len(a.Networks), len(other.Networks)) {
		n, from := &a.Networks[i], &other.Networks[i]
		n.FileSHA256 = from.FileSHA256
		if r := from.of(ONNXRuntime); r != nil {
			n.Runtimes = append(n.Runtimes, *r)
		}
	}
}

// ReadAgreement reads an agreement and refuses one that contradicts itself.
func ReadAgreement(path string) (*Agreement, error) {
	a := new(Agreement)
	if err := fileio.ReadJSON(path, a, agreementForm); err != nil {
		return nil, err
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("%s: %w: repeat the gate", path, err)
	}
	return a, nil
}

var isDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (a *Agreement) check() error {
	switch {
	case a.Part != "test":
		return fmt.Errorf("it is of the part %q, want test", a.Part)
	case len(a.Networks) == 0:
		return errors.New("it has no networks")
	case !(a.SameLabel >= 0 && a.SameLabel <= 1) || !(a.LargestDifference >= 0):
		return fmt.Errorf("it wants a share of %v with the same label and a difference of %v", a.SameLabel, a.LargestDifference)
	}
	for i := range a.Networks {
		n := &a.Networks[i]
		if n.Examples < 0 || len(n.Runtimes) == 0 || n.Runtimes[0].Runtime != OwnRuntime {
			return fmt.Errorf("network %q has %d examples, or was not run by %s first", n.Name, n.Examples, OwnRuntime)
		}
		for _, digest := range []string{n.WeightsSHA256, n.FileSHA256, n.ComputationSHA256} {
			if !isDigest.MatchString(digest) {
				return fmt.Errorf("network %q has the digest %q", n.Name, digest)
			}
		}
		for j := range n.Runtimes {
			if err := n.Runtimes[j].check(a, n); err != nil {
				return fmt.Errorf("network %q, %s: %w", n.Name, n.Runtimes[j].Runtime, err)
			}
		}
	}
	return nil
}

func (r *RuntimeAgreement) check(a *Agreement, n *NetworkAgreement) error {
	own := r.Runtime == OwnRuntime
	switch {
	case n.of(r.Runtime) != r || !own && r.Runtime != ONNXRuntime:
		return errors.New("it is no runtime, or is there twice")
	case own != (r.Version == ""):
		return fmt.Errorf("it has the version %q", r.Version)
	case r.NotFinite < 0 || r.SameLabel != nil && (*r.SameLabel < 0 || *r.SameLabel > n.Examples):
		return errors.New("its counts are not those of the examples")
	case len(r.Outputs) == 0:
		return errors.New("it has no outputs")
	case r.Agrees != r.agrees(a, n.Examples):
		return fmt.Errorf("agrees is %t, which is not what its figures say", r.Agrees)
	}
	for _, o := range r.Outputs {
		if o.Name == "" || !(o.Difference >= 0) || !(o.Range >= 0) || math.IsInf(o.Difference, 0) || math.IsInf(o.Range, 0) {
			return fmt.Errorf("output %q has a difference of %v and a range of %v", o.Name, o.Difference, o.Range)
		}
	}
	return nil
}
