package distance

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/head"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// The file is in the safetensors format, with three tensors of float32 and two keys of metadata.
const (
	meanTensor       = "mean"                 // [D], of the features
	rowsTensor       = "rows"                 // [N,D], features less their mean, of length 1
	validationTensor = "validation_distances" // [M], sorted

	formatKey  = "blocktrain.reference"
	format     = "1"
	weightsKey = "weights_sha256" // of the network that the features are of
)

// lengthTolerance is how much the length of a row may differ from 1. Dividing in float32 and
// summing up again is off by less.
const lengthTolerance = 1e-4

func (r *Reference) tensors() []weights.Tensor {
	d := len(r.training.Mean)
	return []weights.Tensor{
		{Name: meanTensor, Shape: []int{d}, Data: r.training.Mean},
		{Name: rowsTensor, Shape: []int{len(r.training.Rows) / d, d}, Data: r.training.Rows},
		{Name: validationTensor, Shape: []int{len(r.validation)}, Data: r.validation},
	}
}

func (r *Reference) metadata() map[string]string {
	return map[string]string{formatKey: format, weightsKey: r.weights}
}

// Write writes the file atomically. Equal references give equal bytes.
func (r *Reference) Write(path string) error {
	return weights.WriteFile(path, weights.File{Metadata: r.metadata(), Tensors: r.tensors()})
}

// Open reads the reference of the run or package in a folder. It is nil where the record lists
// none, or where the network is none that has one. A file that the record has another digest
// of, that is damaged, or that is of other weights or another network is an error.
func Open(folder string, record *rundir.Record, t *rundir.Trained) (*Reference, error) {
	if record.Files[layout.ReferenceFile] == "" {
		return nil, nil
	}
	if err := rundir.At(folder).CheckFile(record, layout.ReferenceFile); err != nil {
		return nil, err
	}
	return Read(folder, record, t)
}

// Read is Open without the digest of the record, for the file that must be there.
func Read(folder string, record *rundir.Record, t *rundir.Trained) (*Reference, error) {
	path := rundir.At(folder).File(layout.ReferenceFile)
	h, has := HeadOf(record, t)
	if !has {
		return nil, fmt.Errorf("%s: the network of the run has no features to be compared: its head had no phase of its own", path)
	}
	r := &Reference{weights: record.Training.WeightsSHA256}
	metadata, err := weights.ReadMetadata(path)
	if err != nil {
		return nil, err
	}
	if !maps.Equal(metadata, r.metadata()) {
		return nil, fmt.Errorf("%s is of other weights, or of another program: its metadata is %v, want %v", path, metadata, r.metadata())
	}
	if err := weights.ReadFileInto(path, func(list []weights.Tensor) error { return r.place(list, h.Features.Shape.Elements()) }); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// place makes room for the tensors of a file, if they are those of a reference for features of
// that width.
func (r *Reference) place(list []weights.Tensor, width int) error {
	r.training = &head.Reference{}
	into := map[string]*[]float32{meanTensor: &r.training.Mean, rowsTensor: &r.training.Rows, validationTensor: &r.validation}
	if len(list) != len(into) {
		return fmt.Errorf("%d tensors: want %s, %s and %s", len(list), meanTensor, rowsTensor, validationTensor)
	}
	for i, t := range list {
		if want := shapeOf(t.Name, t.Shape, width); want == nil || !slices.Equal(t.Shape, want) {
			return fmt.Errorf("tensor %q has the shape %v: want %s [%d], %s [N,%d] of at most %d rows, and %s [M]", t.Name, t.Shape, meanTensor, width, rowsTensor, width, maxRows, validationTensor)
		}
		values := 1
		for _, n := range t.Shape {
			values *= n
		}
		list[i].Data = make([]float32, values)
		*into[t.Name] = list[i].Data
	}
	return nil
}

// shapeOf is the shape that a tensor of that name must have, where it has the one that is found;
// nil where it must have none.
func shapeOf(name string, found []int, width int) []int {
	switch {
	case name == meanTensor:
		return []int{width}
	case len(found) == 0 || found[0] < 1:
		return nil
	case name == rowsTensor && found[0] <= maxRows:
		return []int{found[0], width}
	case name == validationTensor:
		return found[:1]
	}
	return nil
}

// check refuses values that no reference has.
func (r *Reference) check() error {
	if !all(r.training.Mean, finite) || !all(r.training.Rows, finite) {
		return errors.New("a feature is no finite number")
	}
	d := len(r.training.Mean)
	for first := 0; first < len(r.training.Rows); first += d {
		length := math.Sqrt(kernel.SumSquares(r.training.Rows[first:][:d]))
		if length != 0 && math.Abs(length-1) > lengthTolerance {
			return fmt.Errorf("row %d has the length %v: want 1", first/d, length)
		}
	}
	for i, v := range r.validation {
		if !finite(v) || v < 0 || v > 2+lengthTolerance || i > 0 && v < r.validation[i-1] {
			return fmt.Errorf("%s[%d] is %v: want distances from 0 to 2, sorted", validationTensor, i, v)
		}
	}
	return nil
}

func all(list []float32, is func(float32) bool) bool {
	return !slices.ContainsFunc(list, func(v float32) bool { return !is(v) })
}
