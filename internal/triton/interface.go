package triton

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/triton/modelconfig"
)

// Interface is what clients rely on: what a model takes and answers.
type Interface struct {
	MaxBatchSize int32       `json:"max_batch_size"`
	Inputs       []Signature `json:"inputs"`
	Outputs      []Signature `json:"outputs"`
}

// Signature is an input or output. Dims are without the batch, -1 is any size. Labels are
// those of an output's values, if it has some.
type Signature struct {
	Name     string   `json:"name"`
	DataType string   `json:"data_type"`
	Dims     []int64  `json:"dims"`
	Labels   []string `json:"labels,omitempty"`
}

// ReadInterface reads the interface of a model by its folder in a repository, with what
// Triton completes in its configuration. A model that Triton would refuse has none.
func ReadInterface(modelDir string) (*Interface, error) {
	m, err := newModel(modelDir)
	if err != nil {
		return nil, err
	}
	if fault := m.report.first(Refused); fault != nil || m.stopped() {
		if fault == nil {
			fault = m.report.first(Aborts)
		}
		return nil, fmt.Errorf("%s: Triton does not load the model: %s", modelDir, fault.Words)
	}
	i := &Interface{MaxBatchSize: m.config.MaxBatchSize}
	for _, t := range inputs(m.config) {
		i.Inputs = append(i.Inputs, Signature{Name: t.name, DataType: t.dataType.String(), Dims: t.dims})
	}
	for _, t := range outputs(m.config) {
		s := Signature{Name: t.name, DataType: t.dataType.String(), Dims: t.dims}
		if t.labels != "" {
			text, err := fileio.ReadFile(filepath.Join(modelDir, t.labels), maxLabelBytes)
			if err != nil {
				return nil, err
			}
			s.Labels = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		}
		i.Outputs = append(i.Outputs, s)
	}
	return i, nil
}

// newModel checks one model.
func newModel(modelDir string) (*model, error) {
	dir, err := filepath.Abs(modelDir)
	if err != nil {
		return nil, err
	}
	release, err := FindRelease(DefaultRelease)
	if err != nil {
		return nil, err
	}
	c := &checker{options: Options{GPUs: AnyGPUs}, release: release, repository: filepath.Dir(dir), models: map[string]*model{}}
	return c.model(filepath.Base(dir)), nil
}

// Differences says in what a model that takes this one's place would break clients: one
// line for each thing. Further outputs, and larger batches, break none.
func (i *Interface) Differences(next *Interface) []string {
	differences := compareSignatures("input", i.Inputs, next.Inputs, true)
	differences = append(differences, compareSignatures("output", i.Outputs, next.Outputs, false)...)
	if next.MaxBatchSize < i.MaxBatchSize {
		differences = append(differences, fmt.Sprintf("max_batch_size was %d and would be %d", i.MaxBatchSize, next.MaxBatchSize))
	}
	return differences
}

// compareSignatures compares tensors by name; more of them than before are a difference
// where every one is asked for.
func compareSignatures(kind string, before, next []Signature, all bool) []string {
	var differences []string
	find := func(in []Signature, name string) *Signature {
		at := slices.IndexFunc(in, func(s Signature) bool { return s.Name == name })
		if at < 0 {
			return nil
		}
		return &in[at]
	}
	for _, was := range before {
		is := find(next, was.Name)
		about := kind + " " + was.Name
		switch {
		case is == nil:
			differences = append(differences, about+" would be gone")
		case is.DataType != was.DataType:
			differences = append(differences, fmt.Sprintf("%s was %s and would be %s", about, was.DataType, is.DataType))
		case !slices.Equal(is.Dims, was.Dims):
			differences = append(differences, fmt.Sprintf("%s was %s and would be %s", about, shapeText(was.Dims), shapeText(is.Dims)))
		case !slices.Equal(is.Labels, was.Labels):
			differences = append(differences, fmt.Sprintf("%s had the labels %q and would have %q", about, was.Labels, is.Labels))
		}
	}
	for _, is := range next {
		if all && find(before, is.Name) == nil {
			differences = append(differences, kind+" "+is.Name+" would be new, and clients do not send it")
		}
	}
	return differences
}

// NextVersion is the number of a model's next version: one above the highest that Triton
// sees in its folder, 1 where there is no folder yet.
func NextVersion(modelDir string) (int64, error) {
	m := &model{checker: &checker{}, dir: modelDir, config: &modelconfig.Config{}}
	existing, err := m.existing()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 1, nil
	case err != nil:
		return 0, err
	case m.stopped():
		return 0, fmt.Errorf("%s: %s: %s", modelDir, m.report.Findings[0].Words, m.report.Findings[0].Remedy)
	}
	highest := int64(0)
	for version := range existing {
		highest = max(highest, version)
	}
	if highest == math.MaxInt64 {
		return 0, fmt.Errorf("%s has version %d, after which there is none: remove it", modelDir, highest)
	}
	return highest + 1, nil
}
