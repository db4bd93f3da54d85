package triton

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/triton/modelconfig"
)

// flow is how tensors of an ensemble depend on each other.
type flow struct {
	before map[string][]string // a tensor that a step writes -> those that the step reads
	read   map[string]bool
	named  map[string]bool
}

// checkEnsembleConfig is ValidateEnsembleSchedulingConfig of Triton's core.
func (m *model) checkEnsembleConfig(e *modelconfig.Ensembling) {
	config := m.config
	refuse := func(format string, args ...any) { m.core("ensemble", format, args...) }
	switch {
	case config.Platform != ensemblePlatform:
		refuse("ensemble scheduling cannot be set for model '%s' whose platform is not %s", m.name, ensemblePlatform)
	case len(config.InstanceGroup) > 0:
		refuse("instance group should not be specified for ensemble '%s'", m.name)
	case config.Optimization != nil:
		refuse("optimization should not be specified for ensemble '%s'", m.name)
	case len(config.ModelWarmup) > 0:
		refuse("model_warmup can not be specified for ensemble '%s'", m.name)
	case len(e.Step) == 0:
		refuse("must specify 'step' for ensemble '%s'", m.name)
	}
	if m.stopped() {
		return
	}
	if f := m.ensembleFlow(e); !m.stopped() {
		m.checkFlow(f)
	}
}

// ensembleFlow joins the steps' maps.
func (m *model) ensembleFlow(e *modelconfig.Ensembling) flow {
	f := flow{map[string][]string{}, map[string]bool{}, map[string]bool{}}
	for i, step := range e.Step {
		for _, part := range []struct {
			name    string
			missing bool
		}{{"model_name", step.ModelName == ""}, {"input_map", len(step.InputMap) == 0}, {"output_map", len(step.OutputMap) == 0}} {
			if part.missing {
				m.core("ensemble-step", "must specify '%s' in step %d of ensemble '%s'", part.name, i, m.name)
			}
		}
		reads := slices.Sorted(maps.Values(step.InputMap))
		for _, name := range reads {
			f.read[name], f.named[name] = true, true
		}
		for _, name := range slices.Sorted(maps.Values(step.OutputMap)) {
			if _, twice := f.before[name]; twice {
				m.core("ensemble-step", "ensemble tensor '%s' can appear in an output map only once for ensemble '%s' step %d", name, m.name, i)
			}
			f.before[name], f.named[name] = reads, true
		}
	}
	return f
}

// checkFlow follows tensors from the ensemble's inputs to its outputs.
func (m *model) checkFlow(f flow) {
	ready := map[string]bool{}
	for _, in := range m.config.Input {
		if !f.named[in.Name] {
			m.core("ensemble-tensor", "ensemble input '%s' for ensemble %s' is not used", in.Name, m.name)
		}
		ready[in.Name] = true
	}
	f.follow(ready)
	served := map[string]bool{}
	for _, out := range m.config.Output {
		served[out.Name] = true
		switch {
		case !f.named[out.Name]:
			m.core("ensemble-tensor", "ensemble output '%s' for ensemble %s' is not used", out.Name, m.name)
		case !ready[out.Name]:
			m.core("ensemble-tensor", "output '%s' for ensemble '%s' is not written", out.Name, m.name)
		}
	}
	if m.stopped() {
		return
	}
	for _, name := range sortedKeys(f.named) {
		if !served[name] && (!ready[name] || !f.read[name]) {
			m.core("ensemble-tensor", "ensemble tensor '%s' is unused in ensemble '%s'", name, m.name)
		}
	}
}

// follow adds to the tensors that are there all that follow from them.
func (f flow) follow(ready map[string]bool) {
	waits, after := map[string]int{}, map[string][]string{} // how many tensors one waits for, and which wait for it
	var next []string
	for name, before := range f.before {
		for _, b := range before {
			if !ready[b] {
				waits[name]++
				after[b] = append(after[b], name)
			}
		}
		if waits[name] == 0 && !ready[name] {
			next = append(next, name)
		}
	}
	for len(next) > 0 {
		name := next[len(next)-1]
		next = next[:len(next)-1]
		ready[name] = true
		for _, waiting := range after[name] {
			if waits[waiting]--; waits[waiting] == 0 && !ready[waiting] {
				next = append(next, waiting)
			}
		}
	}
}

// source is a tensor of an ensemble and the model by which its shape is known.
type source struct {
	tensor
	model string
	batch bool
}

// full is the shape with the batch.
func (s source) full() []int64 {
	if s.batch {
		return append([]int64{-1}, s.dims...)
	}
	return s.dims
}

// checkEnsemble compares an ensemble with the models that it is made of, which are
// checked first, as ValidateEnsembleConfig of Triton's core does.
func (m *model) checkEnsemble() {
	known := map[string]source{}
	for _, t := range slices.Concat(inputs(m.config), outputs(m.config)) {
		t.dims = t.shape()
		known[t.name] = source{t, m.name, m.config.MaxBatchSize > 0}
	}
	parts := m.parts()
	if m.stopped() {
		return
	}
	for _, step := range m.config.EnsembleScheduling.Step {
		part := parts[step.ModelName].config
		if version := step.ModelVersion; version != -1 && !slices.Contains(parts[step.ModelName].versions, version) {
			m.core("ensemble-version", "ensemble '%s' depends on '%s' whose required version %d is not loaded.", m.name, step.ModelName, version)
			return
		}
		if part.MaxBatchSize != 0 && part.MaxBatchSize < m.config.MaxBatchSize {
			m.core("ensemble-batch", "ensemble %s allows maximum batch size %d, but it contains model %s which only allows maximum batch size to be %d", m.name, m.config.MaxBatchSize, step.ModelName, part.MaxBatchSize)
			return
		}
		if m.checkStep(step, part, known); m.stopped() {
			return
		}
	}
}

// parts checks the models that the ensemble is made of.
func (m *model) parts() map[string]*model {
	parts := map[string]*model{}
	var lacking []string
	for _, step := range m.config.EnsembleScheduling.Step {
		name := step.ModelName
		switch known := m.models[name]; {
		case known != nil && known.checking:
			m.core("ensemble-circle", "circular dependency between ensembles: %s -> ... -> %s -> %s", name, m.name, name)
			return nil
		case known == nil && !m.isModel(name):
			lacking = append(lacking, name)
			continue
		}
		parts[name] = m.checker.model(name)
		if m.stopped() { // a circle that began with this ensemble
			return nil
		}
		if at := parts[name].report.first(Refused); at != nil {
			m.core("ensemble-model", "ensemble '%s' depends on '%s' which has no loaded version. Model '%s' loading failed with error: %s", m.name, name, name, at.Words)
		}
	}
	if len(lacking) > 0 {
		slices.Sort(lacking)
		m.core("ensemble-model", "ensemble %s contains models that are not available or ambiguous: %s", m.name, strings.Join(slices.Compact(lacking), ", "))
	}
	return parts
}

// isModel says whether the repository has a folder of that name.
func (m *model) isModel(name string) bool {
	if m.folders == nil {
		m.checker.folders = map[string]bool{}
		all, _ := folders(m.repository) // without an error: the model's own is there
		for _, one := range all {
			m.folders[one] = true
		}
	}
	return m.folders[name]
}

// checkStep is ValidateTensorMapping of Triton's core.
func (m *model) checkStep(step modelconfig.Step, part *modelconfig.Config, known map[string]source) {
	about := fmt.Sprintf("in ensemble %s, ", m.name)
	byName := func(all []tensor) map[string]tensor {
		table := map[string]tensor{}
		for _, t := range all {
			table[t.name] = t
		}
		return table
	}
	in, out := byName(inputs(part)), byName(outputs(part))
	for _, name := range sortedKeys(step.InputMap) {
		if _, is := in[name]; !is {
			m.core("ensemble-tensor", "%sensemble tensor %s is mapping to non-existing input %s in model %s", about, step.InputMap[name], name, step.ModelName)
			return
		}
	}
	for _, name := range sortedKeys(in) {
		to, mapped := step.InputMap[name]
		switch {
		case mapped:
			m.join(known, to, source{in[name], step.ModelName, part.MaxBatchSize > 0})
		case !in[name].optional:
			m.core("ensemble-tensor", "%sinput %s in model %s is not mapped to any ensemble tensors", about, name, step.ModelName)
		}
	}
	for _, name := range sortedKeys(step.OutputMap) {
		to := step.OutputMap[name]
		if _, is := out[name]; !is {
			m.core("ensemble-tensor", "%sensemble tensor %s is mapped from non-existing output %s in model %s", about, to, name, step.ModelName)
			return
		}
		m.join(known, to, source{out[name], step.ModelName, part.MaxBatchSize > 0})
	}
}

// join compares a model's tensor with what is known of the ensemble's tensor.
func (m *model) join(known map[string]source, name string, s source) {
	first, is := known[name]
	if !is {
		known[name] = s
		return
	}
	about := fmt.Sprintf("in ensemble %s, ensemble tensor %s: ", m.name, name)
	switch {
	case first.dataType != s.dataType:
		m.core("ensemble-tensor", "%sinconsistent data type: %s is inferred from model %s while %s is inferred from model %s", about, first.dataType, first.model, s.dataType, s.model)
	case !agree(first.dims, s.dims) && !agree(first.full(), s.full()):
		m.core("ensemble-tensor", "%sinconsistent shape: %s is inferred from model %s while %s is inferred from model %s", about, shapeText(first.full()), first.model, shapeText(s.full()), s.model)
	}
}

// agree compares shapes in which -1 is any size.
func agree(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && a[i] != -1 && b[i] != -1 {
			return false
		}
	}
	return true
}
