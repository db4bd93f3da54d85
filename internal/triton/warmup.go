package triton

import (
	"os"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/triton/modelconfig"
)

// The words before those of a request that a warm-up is.
const requestPrefix = "[request id: <id_unknown>] "

// shapeAdvice is what Triton adds where a shape does not fit.
const shapeAdvice = " NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each input shape. " +
	"If you want to specify the full shape including the batch dim in your input dims config, try setting max_batch_size to zero. See the model configuration docs for more info on max_batch_size."

// checkWarmup checks the requests that are run before the model is ready, each of which
// has to succeed.
func (m *model) checkWarmup() {
	for _, w := range m.config.ModelWarmup {
		given := map[string]modelconfig.WarmupInput{}
		for _, name := range sortedKeys(w.Inputs) {
			if !slices.ContainsFunc(m.config.Input, func(in modelconfig.Input) bool { return in.Name == name }) {
				continue // Triton passes over names that the model does not have
			}
			given[name] = w.Inputs[name]
			m.checkWarmupData(name, w.Inputs[name])
		}
		if m.stopped() {
			return
		}
		if m.checkWarmupRequest(w, given); m.stopped() {
			return
		}
		if limit := max(m.config.MaxBatchSize, 1); int64(w.BatchSize) > int64(limit) {
			m.core("warmup-batch", "failed to run warmup sample '%s': batch size %d for '%s_0', max allowed is %d", w.Name, w.BatchSize, m.groups()[0].Name, limit)
			return
		}
	}
}

// checkWarmupData looks for an input's values.
func (m *model) checkWarmupData(name string, in modelconfig.WarmupInput) {
	bytes := in.DataType.Size()
	for _, dim := range in.Dims {
		if dim < 0 {
			m.core("warmup-dims", "warmup setting expects all variable-size dimensions are specified for input '%s'", name)
			return
		}
		bytes *= dim
	}
	if in.ZeroData == nil && in.RandomData == nil && in.InputDataFile == nil {
		m.core("warmup-data", "%swarmup setting expects input '%s' to have input_data_type set", requestPrefix, name)
		return
	}
	if in.InputDataFile == nil {
		return
	}
	path := m.dir + "/" + warmupFolder + "/" + *in.InputDataFile
	info, err := os.Stat(path)
	if err != nil {
		m.core("warmup-file", "failed to open text file for read %s: %s", path, reason(err))
		return
	}
	switch {
	case in.DataType == modelconfig.TypeString:
	case info.Size() < bytes:
		m.core("warmup-file", "%swarmup setting expects %d bytes, but the data provided from %sonly has %d bytes", requestPrefix, bytes, *in.InputDataFile, info.Size())
	case info.Size() > bytes:
		m.warn("warmup-file", "make the file fit", "warm-up file %s has %d bytes more than are used", *in.InputDataFile, info.Size()-bytes)
	}
	if outside, err := m.outside(path); err == nil && outside {
		m.warn("warmup-outside", "put the file into the folder "+warmupFolder, "warm-up file %s is outside the model's folder", *in.InputDataFile)
	}
}

// checkWarmupRequest compares a warm-up's inputs with the model's.
func (m *model) checkWarmupRequest(w modelconfig.Warmup, given map[string]modelconfig.WarmupInput) {
	var missing []string
	required := 0
	for _, in := range m.config.Input {
		if !in.Optional {
			required++
		}
		if _, is := given[in.Name]; !is && !in.Optional {
			missing = append(missing, "'"+in.Name+"'")
		}
	}
	if len(missing) > 0 {
		var names []string
		for _, name := range sortedKeys(given) {
			names = append(names, "'"+name+"'")
		}
		m.core("warmup-inputs", "%sexpected %d inputs but got %d inputs for model '%s'. Got input(s) [%s], but missing required input(s) [%s]. Please provide all required input(s).",
			requestPrefix, required, len(given), m.name, strings.Join(names, ","), strings.Join(missing, ","))
		return
	}
	for _, in := range m.config.Input {
		if sample, is := given[in.Name]; is {
			m.compareWarmup(w, in, sample)
		}
	}
}

func (m *model) compareWarmup(w modelconfig.Warmup, in modelconfig.Input, sample modelconfig.WarmupInput) {
	if sample.DataType != in.DataType {
		m.core("warmup-data-type", "%sinference input '%s' data-type is '%s', but model '%s' expects '%s'", requestPrefix, in.Name, sample.DataType.Protocol(), m.name, in.DataType.Protocol())
		return
	}
	fits := len(sample.Dims) == len(in.Dims)
	for i := range sample.Dims {
		fits = fits && (in.Dims[i] == -1 || in.Dims[i] == sample.Dims[i])
	}
	if fits {
		return
	}
	want, got := in.Dims, sample.Dims
	if m.config.MaxBatchSize > 0 {
		want = append([]int64{-1}, want...)
		got = append([]int64{int64(max(w.BatchSize, 1))}, got...)
	}
	m.core("warmup-shape", "%sunexpected shape for input '%s' for model '%s'. Expected %s, got %s.%s", requestPrefix, in.Name, m.name, shapeText(want), shapeText(got), shapeAdvice)
}
