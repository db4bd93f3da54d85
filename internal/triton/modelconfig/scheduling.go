package modelconfig

import "github.com/blocktrain/blocktrain/internal/triton/pbtxt"

// QueuePolicy says what happens to requests that wait.
type QueuePolicy struct {
	_                          pbtxt.Message `pbtxt:"inference.ModelQueuePolicy"`
	TimeoutAction              TimeoutAction `pbtxt:"timeout_action"`
	DefaultTimeoutMicroseconds uint64        `pbtxt:"default_timeout_microseconds"`
	AllowTimeoutOverride       bool          `pbtxt:"allow_timeout_override"`
	MaxQueueSize               uint32        `pbtxt:"max_queue_size"`
}

// DynamicBatching lets the server join requests into batches.
type DynamicBatching struct {
	_                         pbtxt.Message          `pbtxt:"inference.ModelDynamicBatching"`
	PreferredBatchSize        []int32                `pbtxt:"preferred_batch_size"`
	MaxQueueDelayMicroseconds uint64                 `pbtxt:"max_queue_delay_microseconds"`
	PreserveOrdering          bool                   `pbtxt:"preserve_ordering"`
	PriorityLevels            uint64                 `pbtxt:"priority_levels"`
	DefaultPriorityLevel      uint64                 `pbtxt:"default_priority_level"`
	DefaultQueuePolicy        *QueuePolicy           `pbtxt:"default_queue_policy"`
	PriorityQueuePolicy       map[uint64]QueuePolicy `pbtxt:"priority_queue_policy"`
}

// SequenceBatching keeps requests of a sequence together.
type SequenceBatching struct {
	_                           pbtxt.Message  `pbtxt:"inference.ModelSequenceBatching"`
	MaxSequenceIdleMicroseconds uint64         `pbtxt:"max_sequence_idle_microseconds"`
	ControlInput                []ControlInput `pbtxt:"control_input"`
	State                       []State        `pbtxt:"state"`
	Direct                      *Direct        `pbtxt:"direct,oneof=strategy_choice"`
	Oldest                      *Oldest        `pbtxt:"oldest,oneof=strategy_choice"`
	IterativeSequence           bool           `pbtxt:"iterative_sequence"`
}

// ControlInput is an input that says where a sequence begins, ends, and so on.
type ControlInput struct {
	_       pbtxt.Message `pbtxt:"inference.ModelSequenceBatching.ControlInput"`
	Name    string        `pbtxt:"name"`
	Control []Control     `pbtxt:"control"`
}

// Control is what such an input says.
type Control struct {
	_              pbtxt.Message `pbtxt:"inference.ModelSequenceBatching.Control"`
	Kind           ControlKind   `pbtxt:"kind"`
	Int32FalseTrue []int32       `pbtxt:"int32_false_true"`
	FP32FalseTrue  []float32     `pbtxt:"fp32_false_true"`
	BoolFalseTrue  []bool        `pbtxt:"bool_false_true"`
	DataType       DataType      `pbtxt:"data_type"`
}

// State is an output that is an input of a sequence's next request.
type State struct {
	_                 pbtxt.Message  `pbtxt:"inference.ModelSequenceBatching.State"`
	InputName         string         `pbtxt:"input_name"`
	OutputName        string         `pbtxt:"output_name"`
	DataType          DataType       `pbtxt:"data_type"`
	Dims              []int64        `pbtxt:"dims"`
	InitialState      []InitialState `pbtxt:"initial_state"`
	UseSameBuffer     bool           `pbtxt:"use_same_buffer_for_input_output"`
	UseGrowableMemory bool           `pbtxt:"use_growable_memory"`
}

// InitialState is that input of the first request.
type InitialState struct {
	_        pbtxt.Message `pbtxt:"inference.ModelSequenceBatching.InitialState"`
	DataType DataType      `pbtxt:"data_type"`
	Dims     []int64       `pbtxt:"dims"`
	ZeroData *bool         `pbtxt:"zero_data,oneof=state_data"`
	DataFile *string       `pbtxt:"data_file,oneof=state_data"`
	Name     string        `pbtxt:"name"`
}

// Direct gives each sequence a place of its own in the batch.
type Direct struct {
	_                         pbtxt.Message `pbtxt:"inference.ModelSequenceBatching.StrategyDirect"`
	MaxQueueDelayMicroseconds uint64        `pbtxt:"max_queue_delay_microseconds"`
	MinimumSlotUtilization    float32       `pbtxt:"minimum_slot_utilization"`
}

// Oldest takes the oldest requests of several sequences.
type Oldest struct {
	_                         pbtxt.Message `pbtxt:"inference.ModelSequenceBatching.StrategyOldest"`
	MaxCandidateSequences     int32         `pbtxt:"max_candidate_sequences"`
	PreferredBatchSize        []int32       `pbtxt:"preferred_batch_size"`
	MaxQueueDelayMicroseconds uint64        `pbtxt:"max_queue_delay_microseconds"`
	PreserveOrdering          bool          `pbtxt:"preserve_ordering"`
}

// Ensembling is a model that is made of others.
type Ensembling struct {
	_                   pbtxt.Message `pbtxt:"inference.ModelEnsembling"`
	Step                []Step        `pbtxt:"step"`
	MaxInflightRequests uint32        `pbtxt:"max_inflight_requests"`
}

// Step is one of those models. The maps lead from its tensors to the ensemble's.
type Step struct {
	_              pbtxt.Message     `pbtxt:"inference.ModelEnsembling.Step"`
	ModelName      string            `pbtxt:"model_name"`
	ModelVersion   int64             `pbtxt:"model_version"`
	InputMap       map[string]string `pbtxt:"input_map"`
	OutputMap      map[string]string `pbtxt:"output_map"`
	ModelNamespace string            `pbtxt:"model_namespace"`
}
