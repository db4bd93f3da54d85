package triton

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/triton/modelconfig"
)

// tensor is an input or output of a configuration.
type tensor struct {
	kind            string // "input" or "output"
	name            string
	dataType        modelconfig.DataType
	dims            []int64
	reshape         *modelconfig.Reshape
	optional        bool
	isShapeTensor   bool
	nonLinearFormat bool
	labels          string
}

func inputs(c *modelconfig.Config) []tensor {
	var all []tensor
	for _, t := range c.Input {
		all = append(all, tensor{
			kind: "input", name: t.Name, dataType: t.DataType, dims: t.Dims, reshape: t.Reshape,
			optional: t.Optional, isShapeTensor: t.IsShapeTensor, nonLinearFormat: t.NonLinearFormat,
		})
	}
	return all
}

func outputs(c *modelconfig.Config) []tensor {
	var all []tensor
	for _, t := range c.Output {
		all = append(all, tensor{
			kind: "output", name: t.Name, dataType: t.DataType, dims: t.Dims, reshape: t.Reshape,
			isShapeTensor: t.IsShapeTensor, nonLinearFormat: t.NonLinearFormat, labels: t.LabelFilename,
		})
	}
	return all
}

// shape is what the backend gets or gives, without the batch.
func (t tensor) shape() []int64 {
	if t.reshape != nil {
		return t.reshape.Shape
	}
	return t.dims
}

// checkTensors is ValidateModelIOConfig of Triton's core, and its reading of labels.
func (m *model) checkTensors() {
	for i, t := range inputs(m.config) {
		m.checkTensor(t)
		if format := m.config.Input[i].Format; format != modelconfig.FormatNone && len(t.dims) != 3 {
			m.core("input-format", "model input NHWC/NCHW require 3 dims for %s", m.name)
		}
	}
	for _, t := range outputs(m.config) {
		m.checkTensor(t)
	}
	if m.checkBatchTensors(); m.stopped() {
		return
	}
	labelled := map[string]bool{}
	for _, t := range outputs(m.config) {
		switch {
		case t.labels == "":
		case labelled[t.name]:
			m.core("output-twice", "multiple label files for '%s'", t.name)
		default:
			m.checkLabels(t)
		}
		labelled[t.name] = t.labels != ""
	}
}

// checkBatchTensors is ValidateBatchIO of Triton's core: tensors that the backend makes
// of a batch.
func (m *model) checkBatchTensors() {
	refuse := func(format string, args ...any) { m.core("batch-tensor", format+" for "+m.name, args...) }
	known := map[string]bool{}
	for _, in := range m.config.Input {
		known[in.Name] = true
	}
	sources := func(kind string, names []string) {
		if len(names) != 1 {
			refuse("%s' expects 1 source input, got %d", kind, len(names))
		}
		for _, name := range names {
			if !known[name] {
				refuse("unknown source input name '%s'", name)
			}
		}
	}
	for _, b := range m.config.BatchInput {
		sources("batch input kind '"+b.Kind.String(), b.SourceInput)
		if b.DataType != modelconfig.TypeInt32 && b.DataType != modelconfig.TypeFP32 {
			refuse("batch input data type must be TYPE_INT32 or TYPE_FP32")
		}
	}
	served := map[string]bool{}
	for _, out := range m.config.Output {
		served[out.Name] = true
	}
	for _, b := range m.config.BatchOutput {
		sources("batch output kind '"+b.Kind.String(), b.SourceInput)
		for _, name := range b.TargetName {
			if !served[name] {
				refuse("unknown target output name '%s'", name)
			}
		}
	}
}

// checkTensor is ValidateIOShape of Triton's core.
func (m *model) checkTensor(t tensor) {
	fault := func(rule, what string) { m.core(t.kind+"-"+rule, "model %s %s for %s", t.kind, what, m.name) }
	named := func(rule, what string) { fault(rule, fmt.Sprintf("'%s' %s", t.name, what)) }
	bad := func(dim int64) bool { return dim < 1 && dim != -1 }
	switch {
	case t.name == "":
		fault("name", "must specify 'name'")
	case t.dataType == modelconfig.TypeInvalid:
		named("data-type", "must specify 'data_type'")
	case len(t.dims) == 0:
		named("dims", "must specify 'dims'")
	case t.reshape != nil && len(t.reshape.Shape) == 0 && m.config.MaxBatchSize == 0:
		named("reshape", "cannot have empty reshape for non-batching model as scalar tensors are not supported")
	case slices.ContainsFunc(t.dims, bad):
		named("dims", "dimension must be integer >= 1, or -1 to indicate a variable-size dimension")
	case t.reshape != nil && slices.ContainsFunc(t.reshape.Shape, bad):
		named("reshape", "reshape dimensions must be integer >= 1, or -1 to indicate a variable-size dimension")
	case t.reshape != nil:
		if fault := compareReshape(t.dims, t.reshape.Shape); fault != "" {
			named("reshape", fault)
		}
	}
	switch {
	case t.isShapeTensor:
		m.core(t.kind+"-shape-tensor", "shape tensors are only supported for TensorRT platform for %s", m.name)
	case t.nonLinearFormat:
		m.core(t.kind+"-format", "Non-linear IO format is only supported for the TensorRT platform for %s", m.name)
	}
}

// compareReshape says what is wrong with a reshape: the products of the dimensions
// between those of any size must be equal.
func compareReshape(dims, shape []int64) string {
	a, b := products(dims), products(shape)
	switch {
	case len(a) != len(b) && len(a) > 1 && len(b) > 1:
		return "has different number of variable-size dimensions for dims and reshape"
	case !slices.Equal(a, b):
		return "has different size for dims and reshape"
	}
	return ""
}

// products are those of the dimensions between the ones of any size.
func products(dims []int64) []int64 {
	all := []int64{1}
	for _, dim := range dims {
		if dim == -1 {
			all = append(all, 1)
			continue
		}
		all[len(all)-1] *= dim
	}
	return all
}

// shapeText is a shape as Triton writes it: [-1,28,28,1].
func shapeText(shape []int64) string {
	return strings.ReplaceAll(fmt.Sprint(shape), " ", ",")
}
