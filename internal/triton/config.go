package triton

import (
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
	for _, input := range s.ControlInput {
		if input.Name == "" {
			m.core("sequence", "sequence batching control tensor must have a name for %s", m.name)
		}
	}
	if s.Oldest != nil {
		m.checkSizes("sequence batching preferred batch", s.Oldest.PreferredBatchSize)
	}
	if s.Direct != nil && (s.Direct.MinimumSlotUtilization < 0 || s.Direct.MinimumSlotUtilization > 1) {
		m.core("sequence", "sequence batching minimum slot utilization must be in range (0.0, 1.0] for %s", m.name)
	}
	m.warn("sequence", "", "sequence_batching keeps state between requests, whose tensors are not checked here")
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
