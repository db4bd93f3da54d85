package serve

import (
	"fmt"
	"strings"
)

// batchHint follows the words about a wrong shape.
const batchHint = " NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each input shape. " +
	"If you want to specify the full shape including the batch dim in your input dims config, try setting max_batch_size to zero. " +
	"See the model configuration docs for more info on max_batch_size."

// check compares the inputs of a request with that of the model, in the order in which
// Triton does, and takes the images.
func (m *Model) check(r *request, inputs []input) error {
	prefix := withID(r.id)
	if len(inputs) != 1 {
		return invalid("%sexpected 1 inputs but got %d inputs for model '%s'. Got input(s) [%s], but missing required input(s) [%s]. Please provide all required input(s).",
			prefix, len(inputs), m.Name, names(inputs), m.lacking(inputs))
	}
	in := inputs[0]
	size := m.Classifier.ImageBytes()
	switch {
	case in.name != inputName:
		return invalid("unexpected inference input '%s' for model '%s'", in.name, m.Name)
	case in.datatype != inputType:
		return invalid("%sinference input '%s' data-type is '%s', but model '%s' expects '%s'", prefix, in.name, in.datatype, m.Name, inputType)
	case len(in.shape) == 0:
		return invalid("%sinput '%s' has no shape but model requires batch dimension for '%s'", prefix, in.name, m.Name)
	case in.shape[0] > uint64(m.Batch):
		return invalid("%sinference request batch-size must be <= %d for '%s'", prefix, m.Batch, m.Name)
	case !m.takes(in.shape):
		return invalid("%sunexpected shape for input '%s' for model '%s'. Expected %s, got %s.%s", prefix, in.name, m.Name,
			list(append([]int{-1}, m.dims()...)), list(in.shape), batchHint)
	case in.shape[0] == 0:
		return invalid("%sinput byte size mismatch for input '%s' for model '%s'. Expected %d, got %d", prefix, in.name, m.Name, size, len(in.bytes))
	}
	r.n, r.images = int(in.shape[0]), in.bytes
	if want := r.n * size; len(r.images) != want {
		return invalid("%sinput byte size mismatch for input '%s' for model '%s'. Expected %d, got %d", prefix, in.name, m.Name, want, len(r.images))
	}
	return nil
}

// takes says whether a shape is that of images of the model, however many.
func (m *Model) takes(shape []uint64) bool {
	dims := m.dims()
	if len(shape) != 1+len(dims) {
		return false
	}
	for i, dim := range dims {
		if shape[1+i] != uint64(dim) {
			return false
		}
	}
	return true
}

// names lists the inputs, the last first, as Triton happens to.
func names(inputs []input) string {
	var all []string
	for i := len(inputs) - 1; i >= 0; i-- {
		all = append(all, "'"+inputs[i].name+"'")
	}
	return strings.Join(all, ",")
}

// lacking is the model's input where it is not among these.
func (m *Model) lacking(inputs []input) string {
	for _, in := range inputs {
		if in.name == inputName {
			return ""
		}
	}
	return "'" + inputName + "'"
}

// list writes dimensions as Triton does.
func list[T any](dims []T) string {
	var all []string
	for _, dim := range dims {
		all = append(all, fmt.Sprint(dim))
	}
	return "[" + strings.Join(all, ",") + "]"
}
