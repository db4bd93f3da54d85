// Package modelconfig has the fields of config.pbtxt: inference.ModelConfig of
// triton-inference-server/common, protobuf/model_config.proto, as of release 26.08. The
// names in the tags are those of the schema, which also says what each field means.
package modelconfig

import "github.com/blocktrain/blocktrain/internal/triton/pbtxt"

// Parse reads a config.pbtxt for a release that does not know some of the fields yet. The
// error of a mistake in it is a *pbtxt.Error.
func Parse(text string, without ...string) (*Config, error) {
	c := &Config{}
	return c, pbtxt.Unmarshal(text, c, without...)
}

// Config is the configuration of a model.
type Config struct {
	_                    pbtxt.Message        `pbtxt:"inference.ModelConfig"`
	Name                 string               `pbtxt:"name"`
	Platform             string               `pbtxt:"platform"`
	Backend              string               `pbtxt:"backend"`
	Runtime              string               `pbtxt:"runtime"`
	VersionPolicy        *VersionPolicy       `pbtxt:"version_policy"`
	MaxBatchSize         int32                `pbtxt:"max_batch_size"`
	Input                []Input              `pbtxt:"input"`
	Output               []Output             `pbtxt:"output"`
	BatchInput           []BatchInput         `pbtxt:"batch_input"`
	BatchOutput          []BatchOutput        `pbtxt:"batch_output"`
	Optimization         *Optimization        `pbtxt:"optimization"`
	DynamicBatching      *DynamicBatching     `pbtxt:"dynamic_batching,oneof=scheduling_choice"`
	SequenceBatching     *SequenceBatching    `pbtxt:"sequence_batching,oneof=scheduling_choice"`
	EnsembleScheduling   *Ensembling          `pbtxt:"ensemble_scheduling,oneof=scheduling_choice"`
	InstanceGroup        []InstanceGroup      `pbtxt:"instance_group"`
	DefaultModelFilename string               `pbtxt:"default_model_filename"`
	CCModelFilenames     map[string]string    `pbtxt:"cc_model_filenames"`
	MetricTags           map[string]string    `pbtxt:"metric_tags"`
	Parameters           map[string]Parameter `pbtxt:"parameters"`
	ModelWarmup          []Warmup             `pbtxt:"model_warmup"`
	ModelOperations      *Operations          `pbtxt:"model_operations"`
	TransactionPolicy    *TransactionPolicy   `pbtxt:"model_transaction_policy"`
	RepositoryAgents     *RepositoryAgents    `pbtxt:"model_repository_agents"`
	ResponseCache        *ResponseCache       `pbtxt:"response_cache"`
	ModelMetrics         *Metrics             `pbtxt:"model_metrics"`
}

// Reshape is the shape that a tensor has for the backend, or had.
type Reshape struct {
	_     pbtxt.Message `pbtxt:"inference.ModelTensorReshape"`
	Shape []int64       `pbtxt:"shape"`
}

// Input is an input of a model. Dims are without the batch where max_batch_size is
// above 0; -1 is any size.
type Input struct {
	_                pbtxt.Message `pbtxt:"inference.ModelInput"`
	Name             string        `pbtxt:"name"`
	DataType         DataType      `pbtxt:"data_type"`
	Format           Format        `pbtxt:"format"`
	Dims             []int64       `pbtxt:"dims"`
	Reshape          *Reshape      `pbtxt:"reshape"`
	IsShapeTensor    bool          `pbtxt:"is_shape_tensor"`
	AllowRaggedBatch bool          `pbtxt:"allow_ragged_batch"`
	Optional         bool          `pbtxt:"optional"`
	NonLinearFormat  bool          `pbtxt:"is_non_linear_format_io"`
}

// Output is an output of a model, with dims as of Input.
type Output struct {
	_               pbtxt.Message `pbtxt:"inference.ModelOutput"`
	Name            string        `pbtxt:"name"`
	DataType        DataType      `pbtxt:"data_type"`
	Dims            []int64       `pbtxt:"dims"`
	Reshape         *Reshape      `pbtxt:"reshape"`
	LabelFilename   string        `pbtxt:"label_filename"`
	IsShapeTensor   bool          `pbtxt:"is_shape_tensor"`
	NonLinearFormat bool          `pbtxt:"is_non_linear_format_io"`
}

// BatchInput is an input that the backend makes of a batch.
type BatchInput struct {
	_           pbtxt.Message  `pbtxt:"inference.BatchInput"`
	Kind        BatchInputKind `pbtxt:"kind"`
	TargetName  []string       `pbtxt:"target_name"`
	DataType    DataType       `pbtxt:"data_type"`
	SourceInput []string       `pbtxt:"source_input"`
}

// BatchOutput is an output that the backend takes apart by an input of the batch.
type BatchOutput struct {
	_           pbtxt.Message   `pbtxt:"inference.BatchOutput"`
	TargetName  []string        `pbtxt:"target_name"`
	Kind        BatchOutputKind `pbtxt:"kind"`
	SourceInput []string        `pbtxt:"source_input"`
}

// VersionPolicy says which versions are served; nothing set is the latest one.
type VersionPolicy struct {
	_        pbtxt.Message `pbtxt:"inference.ModelVersionPolicy"`
	Latest   *Latest       `pbtxt:"latest,oneof=policy_choice"`
	All      *All          `pbtxt:"all,oneof=policy_choice"`
	Specific *Specific     `pbtxt:"specific,oneof=policy_choice"`
}

// Latest serves the versions with the highest numbers.
type Latest struct {
	_           pbtxt.Message `pbtxt:"inference.ModelVersionPolicy.Latest"`
	NumVersions uint32        `pbtxt:"num_versions"`
}

// All serves every version.
type All struct {
	_ pbtxt.Message `pbtxt:"inference.ModelVersionPolicy.All"`
}

// Specific serves the versions that it names.
type Specific struct {
	_        pbtxt.Message `pbtxt:"inference.ModelVersionPolicy.Specific"`
	Versions []int64       `pbtxt:"versions"`
}

// InstanceGroup is a group of instances that run on the same devices.
type InstanceGroup struct {
	_                pbtxt.Message     `pbtxt:"inference.ModelInstanceGroup"`
	Name             string            `pbtxt:"name"`
	Kind             InstanceKind      `pbtxt:"kind"`
	Count            int32             `pbtxt:"count"`
	RateLimiter      *RateLimiter      `pbtxt:"rate_limiter"`
	GPUs             []int32           `pbtxt:"gpus"`
	SecondaryDevices []SecondaryDevice `pbtxt:"secondary_devices"`
	Profile          []string          `pbtxt:"profile"`
	Passive          bool              `pbtxt:"passive"`
	HostPolicy       string            `pbtxt:"host_policy"`
}

// RateLimiter says what an instance needs to run.
type RateLimiter struct {
	_         pbtxt.Message `pbtxt:"inference.ModelRateLimiter"`
	Resources []Resource    `pbtxt:"resources"`
	Priority  uint32        `pbtxt:"priority"`
}

// Resource is something that an instance needs to run.
type Resource struct {
	_      pbtxt.Message `pbtxt:"inference.ModelRateLimiter.Resource"`
	Name   string        `pbtxt:"name"`
	Global bool          `pbtxt:"global"`
	Count  uint32        `pbtxt:"count"`
}

// SecondaryDevice is a device beside the instance's own.
type SecondaryDevice struct {
	_        pbtxt.Message `pbtxt:"inference.ModelInstanceGroup.SecondaryDevice"`
	Kind     DeviceKind    `pbtxt:"kind"`
	DeviceID int64         `pbtxt:"device_id"`
}

// Parameter is a setting of the backend.
type Parameter struct {
	_           pbtxt.Message `pbtxt:"inference.ModelParameter"`
	StringValue string        `pbtxt:"string_value"`
}

// Warmup is a request that is run before the model is ready.
type Warmup struct {
	_         pbtxt.Message          `pbtxt:"inference.ModelWarmup"`
	Name      string                 `pbtxt:"name"`
	BatchSize uint32                 `pbtxt:"batch_size"`
	Inputs    map[string]WarmupInput `pbtxt:"inputs"`
	Count     uint32                 `pbtxt:"count"`
}

// WarmupInput is an input of such a request, without the batch.
type WarmupInput struct {
	_             pbtxt.Message `pbtxt:"inference.ModelWarmup.Input"`
	DataType      DataType      `pbtxt:"data_type"`
	Dims          []int64       `pbtxt:"dims"`
	ZeroData      *bool         `pbtxt:"zero_data,oneof=input_data_type"`
	RandomData    *bool         `pbtxt:"random_data,oneof=input_data_type"`
	InputDataFile *string       `pbtxt:"input_data_file,oneof=input_data_type"`
}

// Operations are libraries with further operators.
type Operations struct {
	_                 pbtxt.Message `pbtxt:"inference.ModelOperations"`
	OpLibraryFilename []string      `pbtxt:"op_library_filename"`
}

// TransactionPolicy says how many responses a request has.
type TransactionPolicy struct {
	_         pbtxt.Message `pbtxt:"inference.ModelTransactionPolicy"`
	Decoupled bool          `pbtxt:"decoupled"`
}

// RepositoryAgents look at a model before it is loaded.
type RepositoryAgents struct {
	_      pbtxt.Message `pbtxt:"inference.ModelRepositoryAgents"`
	Agents []Agent       `pbtxt:"agents"`
}

// Agent is one of them.
type Agent struct {
	_          pbtxt.Message     `pbtxt:"inference.ModelRepositoryAgents.Agent"`
	Name       string            `pbtxt:"name"`
	Parameters map[string]string `pbtxt:"parameters"`
}

// ResponseCache keeps responses for equal requests.
type ResponseCache struct {
	_      pbtxt.Message `pbtxt:"inference.ModelResponseCache"`
	Enable bool          `pbtxt:"enable"`
}

// Metrics are settings of the server's metrics of the model.
type Metrics struct {
	_             pbtxt.Message   `pbtxt:"inference.ModelMetrics"`
	MetricControl []MetricControl `pbtxt:"metric_control"`
}

// MetricControl are the settings of one metric.
type MetricControl struct {
	_                pbtxt.Message     `pbtxt:"inference.ModelMetrics.MetricControl"`
	MetricIdentifier *MetricIdentifier `pbtxt:"metric_identifier"`
	HistogramOptions *HistogramOptions `pbtxt:"histogram_options,oneof=metric_options"`
}

// MetricIdentifier names a metric.
type MetricIdentifier struct {
	_      pbtxt.Message `pbtxt:"inference.ModelMetrics.MetricControl.MetricIdentifier"`
	Family string        `pbtxt:"family"`
}

// HistogramOptions are the limits of a histogram's classes.
type HistogramOptions struct {
	_       pbtxt.Message `pbtxt:"inference.ModelMetrics.MetricControl.HistogramOptions"`
	Buckets []float64     `pbtxt:"buckets"`
}
