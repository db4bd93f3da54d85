package serve

import (
	"fmt"
	"strings"
)

// The answers about the model: its metadata and its configuration, with the fields of
// Triton in Triton's order.

type tensor struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	Shape    []int  `json:"shape"`
}

type metadata struct {
	Name     string   `json:"name"`
	Versions []string `json:"versions"`
	Platform string   `json:"platform"`
	Inputs   []tensor `json:"inputs"`
	Outputs  []tensor `json:"outputs"`
}

// platform is what clients of Triton know a package's model by.
const platform = "onnxruntime_onnx"

func (m *Model) metadata() metadata {
	made := metadata{
		Name: m.Name, Versions: []string{version}, Platform: platform,
		Inputs: []tensor{{inputName, inputType, append([]int{-1}, m.dims()...)}},
	}
	for k, o := range m.Classifier.Graph.Outputs {
		made.Outputs = append(made.Outputs, tensor{o.Name, "FP32", append([]int{-1}, m.outputDims(k)...)})
	}
	return made
}

type configInput struct {
	Name     string `json:"name"`
	DataType string `json:"data_type"`
	Format   string `json:"format"`
	Dims     []int  `json:"dims"`
	Shape    bool   `json:"is_shape_tensor"`
	Ragged   bool   `json:"allow_ragged_batch"`
	Optional bool   `json:"optional"`
	IO       bool   `json:"is_non_linear_format_io"`
}

type configOutput struct {
	Name     string `json:"name"`
	DataType string `json:"data_type"`
	Dims     []int  `json:"dims"`
	Labels   string `json:"label_filename"`
	Shape    bool   `json:"is_shape_tensor"`
	IO       bool   `json:"is_non_linear_format_io"`
}

type enabled struct {
	Enable bool `json:"enable"`
}

type optimization struct {
	Priority  string  `json:"priority"`
	Input     enabled `json:"input_pinned_memory"`
	Output    enabled `json:"output_pinned_memory"`
	Threshold int     `json:"gather_kernel_buffer_threshold"`
	Eager     bool    `json:"eager_batching"`
}

type dynamicBatching struct {
	Preferred []int    `json:"preferred_batch_size"`
	Delay     int      `json:"max_queue_delay_microseconds"`
	Ordered   bool     `json:"preserve_ordering"`
	Levels    int      `json:"priority_levels"`
	Level     int      `json:"default_priority_level"`
	Policy    struct{} `json:"priority_queue_policy"`
}

type instanceGroup struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	Count      int      `json:"count"`
	GPUs       []int    `json:"gpus"`
	Secondary  []string `json:"secondary_devices"`
	Profile    []string `json:"profile"`
	Passive    bool     `json:"passive"`
	HostPolicy string   `json:"host_policy"`
}

type warmupInput struct {
	DataType string `json:"data_type"`
	Dims     []int  `json:"dims"`
	Zero     bool   `json:"zero_data"`
}

type warmup struct {
	Name   string                 `json:"name"`
	Size   int                    `json:"batch_size"`
	Inputs map[string]warmupInput `json:"inputs"`
	Count  int                    `json:"count"`
}

type latest struct {
	Latest struct {
		Versions int `json:"num_versions"`
	} `json:"latest"`
}

type parameter struct {
	Text string `json:"string_value"`
}

type modelConfig struct {
	Name         string               `json:"name"`
	Platform     string               `json:"platform"`
	Backend      string               `json:"backend"`
	Runtime      string               `json:"runtime"`
	Policy       latest               `json:"version_policy"`
	Batch        int                  `json:"max_batch_size"`
	Input        []configInput        `json:"input"`
	Output       []configOutput       `json:"output"`
	BatchInput   []string             `json:"batch_input"`
	BatchOutput  []string             `json:"batch_output"`
	Optimization optimization         `json:"optimization"`
	Batching     *dynamicBatching     `json:"dynamic_batching,omitempty"`
	Instances    []instanceGroup      `json:"instance_group"`
	File         string               `json:"default_model_filename"`
	Files        struct{}             `json:"cc_model_filenames"`
	Tags         map[string]string    `json:"metric_tags"`
	Parameters   map[string]parameter `json:"parameters"`
	Warmup       []warmup             `json:"model_warmup"`
}

// config is the configuration in the package, with what Triton adds to it. Platform, backend
// and instances are those of the package, which this server runs in its own way.
func (m *Model) config() modelConfig {
	c := modelConfig{
		Name: m.Name, Platform: platform, Backend: "onnxruntime", Batch: m.Batch,
		Input:      []configInput{{Name: inputName, DataType: "TYPE_" + inputType, Format: "FORMAT_NONE", Dims: m.dims()}},
		BatchInput: []string{}, BatchOutput: []string{},
		Optimization: optimization{Priority: "PRIORITY_DEFAULT", Input: enabled{true}, Output: enabled{true}},
		Instances:    []instanceGroup{{Name: m.Name + "_0", Kind: m.instanceKind(), Count: 1, GPUs: []int{}, Secondary: []string{}, Profile: []string{}}},
		File:         "model.onnx", Tags: m.Tags, Parameters: map[string]parameter{}, Warmup: []warmup{},
	}
	c.Policy.Latest.Versions = 1
	for k, o := range m.Classifier.Graph.Outputs {
		out := configOutput{Name: o.Name, DataType: "TYPE_FP32", Dims: m.outputDims(k)}
		if m.labels() != nil {
			out.Labels = "labels.txt"
		}
		c.Output = append(c.Output, out)
	}
	if m.Batch > 1 {
		c.Batching = &dynamicBatching{Preferred: []int{m.Batch}, Delay: m.DelayUS}
	}
	if threads := m.options["threads"]; threads != "" && threads != "0" {
		c.Parameters["intra_op_thread_count"] = parameter{threads}
	}
	for _, size := range m.Warmup {
		c.Warmup = append(c.Warmup, warmup{
			Name: fmt.Sprintf("black-%d", size), Size: size,
			Inputs: map[string]warmupInput{inputName: {"TYPE_" + inputType, m.dims(), true}},
		})
	}
	return c
}

// instanceKind is that of the package; auto is the CPU here.
func (m *Model) instanceKind() string {
	kind := strings.ToUpper(m.options["instance-kind"])
	if kind == "" || kind == "AUTO" {
		kind = "CPU"
	}
	return "KIND_" + kind
}
