package triton

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/triton/modelconfig"
)

// The accelerators that the backend knows.
const (
	tensorRT = "tensorrt" // on a GPU
	cuda     = "cuda"     // on a GPU, whose parameters are passed on as they are
	openVINO = "openvino" // on the CPU
)

// tensorRTParameters are those that the backend knows of it.
var tensorRTParameters = []string{
	"precision_mode", "max_workspace_size_bytes", "trt_max_partition_iterations", "trt_min_subgraph_size",
	"int8_calibration_table_name", "int8_use_native_calibration_table", "trt_dla_enable", "trt_dla_core",
	"trt_engine_cache_enable", "trt_engine_cache_path", "trt_engine_cache_prefix", "trt_dump_subgraphs",
	"trt_force_sequential_engine_build", "trt_context_memory_sharing_enable", "trt_layer_norm_fp32_fallback",
	"trt_timing_cache_enable", "trt_timing_cache_path", "trt_force_timing_cache", "trt_detailed_build_log",
	"trt_build_heuristics_enable", "trt_sparsity_enable", "trt_builder_optimization_level", "trt_auxiliary_streams",
	"trt_tactic_sources", "trt_extra_plugin_lib_paths", "trt_profile_min_shapes", "trt_profile_max_shapes",
	"trt_profile_opt_shapes", "trt_cuda_graph_enable", "trt_dump_ep_context_model", "trt_ep_context_file_path",
	"trt_ep_context_embed_mode",
}

// checkAccelerators looks at what shall run the graph in place of ONNX Runtime. Those of
// a GPU are not looked at by instances on the CPU.
func (m *model) checkAccelerators() {
	if m.config.Optimization == nil || m.config.Optimization.ExecutionAccelerators == nil {
		return
	}
	accelerators := m.config.Optimization.ExecutionAccelerators
	onGPU := slices.ContainsFunc(m.groups(), func(g group) bool { return g.onGPU })
	for _, a := range accelerators.GPU {
		switch {
		case !onGPU:
			m.warn("accelerator-unused", "leave it out, or run the model on a GPU", "accelerator '%s' is of a GPU, and no instance is on one: nothing says that it is not used", a.Name)
		case a.Name == tensorRT:
			m.checkTensorRT(a)
		case a.Name != cuda:
			m.backend("accelerator-unknown", "unknown Execution Accelerator '%s' is requested", a.Name)
		}
	}
	for _, a := range accelerators.CPU {
		if m.has(a.Name) {
			continue
		}
		remedy := ""
		if a.Name == openVINO {
			remedy = "NVIDIA's image has it: --server-has " + openVINO
		}
		m.add(Finding{Rule: "accelerator-unknown", Level: Refused, By: "backend", Remedy: remedy, Words: fmt.Sprintf("unknown Execution Accelerator '%s' is requested", a.Name)})
	}
}

func (m *model) checkTensorRT(a modelconfig.Accelerator) {
	for _, name := range sortedKeys(a.Parameters) {
		if !slices.Contains(tensorRTParameters, name) {
			m.backend("accelerator-parameter", "unknown parameter '%s' is provided for TensorRT Execution Accelerator", name)
		}
	}
	if mode, given := a.Parameters["precision_mode"]; given && !slices.Contains([]string{"FP32", "FP16", "BF16", "INT8"}, mode) {
		m.backend("accelerator-parameter", "unsupported precision mode '%s' is requested", mode)
	}
}

// The backend's settings that it reads as whole numbers, and as yes or no. Others have no
// effect, or are passed on.
var (
	numericParameters = []string{"intra_op_thread_count", "inter_op_thread_count", "execution_mode"}
	booleanParameters = []string{"enable_mem_arena", "enable_mem_pattern", "share_session_between_instances"}
)

// checkParameters looks at the backend's settings.
func (m *model) checkParameters() {
	for _, name := range numericParameters {
		if p, is := m.config.Parameters[name]; is && !startsWithNumber(p.StringValue) {
			m.backend("parameter", "failed to convert '%s' to integral number", p.StringValue)
		}
	}
	for _, name := range booleanParameters {
		p, is := m.config.Parameters[name]
		if is && !slices.Contains([]string{"true", "false", "1", "0"}, strings.ToLower(p.StringValue)) {
			m.backend("parameter", "failed to convert '%s' to boolean", p.StringValue)
		}
	}
}

// startsWithNumber is what C's stoi asks for.
func startsWithNumber(s string) bool {
	var n int
	_, err := fmt.Sscan(s, &n)
	return err == nil
}
