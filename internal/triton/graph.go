package triton

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/triton/modelconfig"
	"github.com/blocktrain/blocktrain/internal/triton/onnxfile"
)

// completedBatch is the max_batch_size that Triton completes.
const completedBatch = 4

// dataTypes are Triton's types by ONNX's TensorProto.DataType.
var dataTypes = map[int32]modelconfig.DataType{
	1: modelconfig.TypeFP32, 2: modelconfig.TypeUint8, 3: modelconfig.TypeInt8, 4: modelconfig.TypeUint16,
	5: modelconfig.TypeInt16, 6: modelconfig.TypeInt32, 7: modelconfig.TypeInt64, 8: modelconfig.TypeString,
	9: modelconfig.TypeBool, 10: modelconfig.TypeFP16, 11: modelconfig.TypeFP64, 12: modelconfig.TypeUint32,
	13: modelconfig.TypeUint64,
}

// complete fills in what the configuration leaves out, as AutoCompleteConfig of the
// backend does where inputs or outputs are missing.
func (m *model) complete(graph *onnxfile.Model) {
	config := m.config
	if len(config.Input) > 0 && len(config.Output) > 0 {
		return
	}
	batches := true
	for _, t := range slices.Concat(graph.Graph.Inputs, graph.Graph.Outputs) {
		batches = batches && t.HasShape && len(t.Shape) > 0 && t.Shape[0] == -1
	}
	left := []string{}
	switch {
	case !batches && config.MaxBatchSize > 0:
		m.backend("max-batch-size", "autofill failed for model '%s': model does not support batching while non-zero max_batch_size is specified", m.name)
		return
	case batches && config.MaxBatchSize == 0:
		config.MaxBatchSize = completedBatch
		left = append(left, fmt.Sprintf("max_batch_size, which becomes %d", completedBatch))
	}
	skip := 0
	if config.MaxBatchSize > 0 {
		skip = 1
	}
	if len(config.Input) == 0 {
		left = append(left, "input")
		for _, t := range graph.Graph.Inputs {
			config.Input = append(config.Input, modelconfig.Input{Name: t.Name, DataType: dataTypes[t.ElemType], Dims: rest(t.Shape, skip)})
		}
	}
	if len(config.Output) == 0 {
		left = append(left, "output, which then has no labels")
		for _, t := range graph.Graph.Outputs {
			config.Output = append(config.Output, modelconfig.Output{Name: t.Name, DataType: dataTypes[t.ElemType], Dims: rest(t.Shape, skip)})
		}
	}
	m.warn("auto-completion", "write input, output and max_batch_size", "the configuration leaves out %s: Triton completes it, and refuses the model with --disable-auto-complete-config", strings.Join(left, "; "))
}

// rest is a shape without the batch; a scalar is [1].
func rest(shape []int64, skip int) []int64 {
	if len(shape) <= skip {
		return []int64{1}
	}
	return slices.Clone(shape[skip:])
}

// compareInputs is ValidateInputs of the backend.
func (m *model) compareInputs(graph *onnxfile.Model) {
	configured := inputs(m.config)
	required := len(slices.DeleteFunc(slices.Clone(configured), func(t tensor) bool { return t.optional }))
	if given := len(graph.Graph.Inputs); required != given && m.config.SequenceBatching == nil && len(m.config.BatchInput) == 0 {
		m.backend("input-count", "unable to load model '%s', configuration expects %d inputs, model provides %d", m.name, required, given)
		return
	}
	m.compare(configured, graph.Graph.Inputs, false)
}

// compareOutputs is ValidateOutputs of the backend. A configuration may have fewer
// outputs than the graph.
func (m *model) compareOutputs(graph *onnxfile.Model) {
	m.compare(outputs(m.config), graph.Graph.Outputs, true)
}

// compare compares tensors of the configuration with those of the graph. Where exactly
// is set, -1 in the graph is -1 in the configuration.
func (m *model) compare(configured []tensor, given []onnxfile.Tensor, exactly bool) {
	for _, t := range configured {
		at := slices.IndexFunc(given, func(g onnxfile.Tensor) bool { return g.Name == t.name })
		if at < 0 {
			m.backend(t.kind+"-name", "unexpected inference %s '%s', allowed %ss are: %s", t.kind, t.name, t.kind, allowed(given))
			continue
		}
		m.compareTensor(t, given[at], exactly)
	}
}

func allowed(given []onnxfile.Tensor) string {
	var names []string
	for _, t := range given {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (m *model) compareTensor(t tensor, given onnxfile.Tensor, exactly bool) {
	provided := dataTypes[given.ElemType]
	switch {
	case t.dataType == modelconfig.TypeBF16:
		m.backend(t.kind+"-data-type", "unsupported datatype %s for %s '%s' for model '%s'", t.dataType, t.kind, t.name, m.name)
		return
	case t.dataType != provided:
		m.backend(t.kind+"-data-type", "unable to load model '%s', configuration expects datatype %s for %s '%s', model provides %s", m.name, t.dataType, t.kind, t.name, provided)
		return
	case !given.HasShape:
		m.note(t.kind+"-shape", "the file does not say the shape of %s '%s', which ONNX Runtime finds out: its dims were not compared", t.kind, t.name)
		return
	}
	m.compareShape(t, given.Shape, exactly)
	if t.kind == "output" && (provided == modelconfig.TypeFP16 || provided == modelconfig.TypeBool || provided == modelconfig.TypeString) {
		m.warn("output-classification", "let the graph end in FP32", "requests for classes of output '%s' will be refused: class result not available for output due to unsupported type '%s'", t.name, provided.Protocol())
	}
}

// compareShape is CompareDimsSupported of the backend.
func (m *model) compareShape(t tensor, shape []int64, exactly bool) {
	dims := t.shape()
	about := fmt.Sprintf("model '%s', tensor '%s': ", m.name, t.name)
	if m.config.MaxBatchSize > 0 {
		if len(shape) == 0 || shape[0] != -1 {
			m.backend("batch-dimension", "%sfor the model to support batching the shape should have at least 1 dimension and the first dimension must be -1; but shape expected by the model is %s", about, shapeText(shape))
			return
		}
		dims = append([]int64{-1}, dims...)
	}
	if m.fits(t, dims, shape, exactly) {
		return
	}
	about += fmt.Sprintf("the model expects %d dimensions (shape %s) but the model configuration specifies %d dimensions ", len(shape), shapeText(shape), len(dims))
	if m.config.MaxBatchSize > 0 {
		m.backend(t.kind+"-dims", "%s(an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape %s)", about, shapeText(dims))
		return
	}
	m.backend(t.kind+"-dims", "%s(shape %s)", about, shapeText(dims))
}

// fits compares dimensions. What the file leaves open in an output, ONNX Runtime may
// know from the graph: a number in the configuration is then not refused here.
func (m *model) fits(t tensor, dims, shape []int64, exactly bool) bool {
	if len(dims) != len(shape) {
		return false
	}
	for i, size := range shape {
		switch {
		case size == dims[i], size == -1 && !exactly:
		case size == -1 && i > 0:
			m.warn("output-open", "write the number into the model's output", "the file leaves dimension %d of output '%s' open and the configuration says %d: Triton refuses the model unless ONNX Runtime finds the same number", i, t.name, dims[i])
		default:
			return false
		}
	}
	return true
}
