package triton

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/triton/modelconfig"
)

// checkConfig is ValidateModelConfig of Triton's core: what it refuses when it polls the
// repository, before it looks for versions.
func (m *model) checkConfig() {
	m.checkAgents()
	m.checkBackend()
	config := m.config
	if config.MaxBatchSize < 0 {
		m.core("max-batch-size", "'max_batch_size' must be non-negative value for %s", m.name)
	}
	if config.DynamicBatching != nil {
		m.checkDynamicBatching(config.DynamicBatching)
	}
	if config.SequenceBatching != nil {
		m.checkSequenceBatching(config.SequenceBatching)
	}
	switch {
	case config.EnsembleScheduling != nil:
		m.checkEnsembleConfig(config.EnsembleScheduling)
	case config.Platform == ensemblePlatform:
		m.core("ensemble", "ensemble scheduling must be set for ensemble %s whose platform is %s", m.name, ensemblePlatform)
	}
	cached := config.ResponseCache != nil && config.ResponseCache.Enable
	if policy := config.TransactionPolicy; policy != nil && policy.Decoupled {
		if cached {
			m.core("response-cache", "Response Cache does not currently support model %s with 'decoupled' transaction policy. Please disable the response cache.", m.name)
		}
		m.warn("decoupled", "leave model_transaction_policy out", "a decoupled model answers no request over HTTP: HTTP end point doesn't support models with decoupled transaction policy")
	}
	if cached {
		m.note("response-cache", "the response cache works only with --cache-config of the server")
	}
	m.checkMetrics()
}

// checkSizes compares preferred batch sizes with the largest; what is the scheduler's
// word for them.
func (m *model) checkSizes(what string, sizes []int32) {
	for _, size := range sizes {
		switch {
		case size <= 0:
			m.core("preferred-batch-size", "%s size must be positive for %s", what, m.name)
		case size > m.config.MaxBatchSize:
			m.core("preferred-batch-size", "%s size must be <= max batch size for %s", what, m.name)
		}
	}
}

func (m *model) checkDynamicBatching(d *modelconfig.DynamicBatching) {
	m.checkSizes("dynamic batching preferred", d.PreferredBatchSize)
	if levels := d.PriorityLevels; levels != 0 {
		if d.DefaultPriorityLevel == 0 || d.DefaultPriorityLevel > levels {
			m.core("priority", "default priority level must be in range [1, %d] for %s", levels, m.name)
		}
		for level := range d.PriorityQueuePolicy {
			if level == 0 || level > levels {
				m.core("priority", "priority queue policy must have priority level in range [1, %d] for %s", levels, m.name)
			}
		}
	}
	if d.PreserveOrdering {
		m.checkOrdering(d)
	}
	if m.config.MaxBatchSize == 0 && len(m.config.Input) > 0 && len(m.config.Output) > 0 {
		m.warn("dynamic-batching", "set max_batch_size, and leave the batch out of dims", "dynamic_batching does nothing where max_batch_size is 0")
	}
}

func (m *model) checkOrdering(d *modelconfig.DynamicBatching) {
	if d.PriorityLevels > 1 {
		m.core("priority", "Only one priority level is allowed when 'preserve_ordering' is true for %s", m.name)
	}
	delays := func(p modelconfig.QueuePolicy) bool {
		return p.DefaultTimeoutMicroseconds != 0 && p.TimeoutAction == modelconfig.Delay
	}
	delayed := d.DefaultQueuePolicy != nil && delays(*d.DefaultQueuePolicy)
	for _, p := range d.PriorityQueuePolicy {
		delayed = delayed || delays(p)
	}
	if delayed {
		m.core("priority", "Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true for %s", m.name)
	}
}

func (m *model) checkSequenceBatching(s *modelconfig.SequenceBatching) {
	if cache := m.config.ResponseCache; cache != nil && cache.Enable {
		m.core("response-cache", "Response Cache does not currently support model %s with sequence batching scheduler. Please disable the response cache.", m.name)
	}
	m.checkControls(s)
	if s.Oldest != nil {
		m.checkSizes("sequence batching preferred batch", s.Oldest.PreferredBatchSize)
	}
	if s.Direct != nil && (s.Direct.MinimumSlotUtilization < 0 || s.Direct.MinimumSlotUtilization > 1) {
		m.core("sequence", "sequence batching minimum slot utilization must be in range (0.0, 1.0] for %s", m.name)
	}
	m.warn("sequence", "", "sequence_batching keeps state between requests, whose tensors are not checked here")
}

// checkControls looks at the tensors that say where a sequence begins and ends.
func (m *model) checkControls(s *modelconfig.SequenceBatching) {
	refuse := func(format string, args ...any) {
		m.core("sequence", "sequence batching "+format+" for "+m.name, args...)
	}
	names, kinds := map[string]bool{}, map[modelconfig.ControlKind]bool{}
	for _, input := range s.ControlInput {
		switch {
		case input.Name == "":
			refuse("control tensor must have a name")
		case names[input.Name]:
			refuse("control tensor '%s' is specified for multiple control kinds", input.Name)
		}
		names[input.Name] = true
		for _, control := range input.Control {
			if kinds[control.Kind] {
				refuse("specifies multiple %s tensors", control.Kind)
			}
			kinds[control.Kind] = true
			m.checkControl(control, refuse)
		}
	}
}

// checkControl looks at what a control tensor says false and true with.
func (m *model) checkControl(c modelconfig.Control, refuse func(format string, args ...any)) {
	const choices = "'int32_false_true', 'fp32_false_true' %s 'bool_false_true'"
	given := 0
	for _, values := range []struct {
		name string
		n    int
	}{{"int32_false_true", len(c.Int32FalseTrue)}, {"fp32_false_true", len(c.FP32FalseTrue)}, {"bool_false_true", len(c.BoolFalseTrue)}} {
		if values.n > 0 {
			given++
		}
		if values.n > 0 && values.n != 2 && c.Kind != modelconfig.ControlCorrelation {
			refuse("control '%s' must have exactly 2 entries for %s", values.name, c.Kind)
		}
	}
	switch {
	case c.Kind == modelconfig.ControlCorrelation && given > 0:
		refuse("must not specify either "+fmt.Sprintf(choices, "or")+" for %s", c.Kind)
	case c.Kind == modelconfig.ControlCorrelation:
		m.checkCorrelation(c)
	case given == 0:
		refuse("must specify either "+fmt.Sprintf(choices, "or")+" for %s", c.Kind)
	case given > 1:
		refuse("specifies more than one from "+fmt.Sprintf(choices, "and")+" for %s", c.Kind)
	}
}

func (m *model) checkCorrelation(c modelconfig.Control) {
	switch c.DataType {
	case modelconfig.TypeUint64, modelconfig.TypeInt64, modelconfig.TypeUint32, modelconfig.TypeInt32, modelconfig.TypeString:
	default:
		m.core("sequence", "unexpected data type for control %s for %s. Allowed data types are TYPE_UINT64, TYPE_INT64, TYPE_UINT32, TYPE_INT32 and TYPE_STRING", c.Kind, m.name)
	}
}

func (m *model) checkMetrics() {
	if m.config.ModelMetrics == nil {
		return
	}
	for _, control := range m.config.ModelMetrics.MetricControl {
		switch {
		case control.MetricIdentifier == nil:
			m.core("metrics", "metric control must specify 'metric_identifier'")
		case control.MetricIdentifier.Family == "":
			m.core("metrics", "metric identifier must specify non-empty 'family'")
		case control.HistogramOptions == nil:
			m.core("metrics", "metric control must specify 'histogram_options'")
		case len(control.HistogramOptions.Buckets) == 0:
			m.core("metrics", "histogram options must specify non-empty 'buckets'")
		}
	}
}
