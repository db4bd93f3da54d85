package modelconfig

import "github.com/blocktrain/blocktrain/internal/triton/pbtxt"

// Optimization says how a model is made faster when it is loaded.
type Optimization struct {
	_                           pbtxt.Message `pbtxt:"inference.ModelOptimizationPolicy"`
	Graph                       *GraphLevel   `pbtxt:"graph"`
	Priority                    Priority      `pbtxt:"priority"`
	Cuda                        *Cuda         `pbtxt:"cuda"`
	ExecutionAccelerators       *Accelerators `pbtxt:"execution_accelerators"`
	InputPinnedMemory           *PinnedMemory `pbtxt:"input_pinned_memory"`
	OutputPinnedMemory          *PinnedMemory `pbtxt:"output_pinned_memory"`
	GatherKernelBufferThreshold uint32        `pbtxt:"gather_kernel_buffer_threshold"`
	EagerBatching               bool          `pbtxt:"eager_batching"`
}

// GraphLevel is how far the graph is rewritten.
type GraphLevel struct {
	_     pbtxt.Message `pbtxt:"inference.ModelOptimizationPolicy.Graph"`
	Level int32         `pbtxt:"level"`
}

// Cuda are settings of TensorRT's backend.
type Cuda struct {
	_                pbtxt.Message `pbtxt:"inference.ModelOptimizationPolicy.Cuda"`
	Graphs           bool          `pbtxt:"graphs"`
	BusyWaitEvents   bool          `pbtxt:"busy_wait_events"`
	GraphSpec        []GraphSpec   `pbtxt:"graph_spec"`
	OutputCopyStream bool          `pbtxt:"output_copy_stream"`
}

// GraphSpec is a CUDA graph that is captured.
type GraphSpec struct {
	_               pbtxt.Message        `pbtxt:"inference.ModelOptimizationPolicy.Cuda.GraphSpec"`
	BatchSize       int32                `pbtxt:"batch_size"`
	Input           map[string]GraphDims `pbtxt:"input"`
	GraphLowerBound *LowerBound          `pbtxt:"graph_lower_bound"`
}

// GraphDims is the shape of an input of such a graph.
type GraphDims struct {
	_   pbtxt.Message `pbtxt:"inference.ModelOptimizationPolicy.Cuda.GraphSpec.Shape"`
	Dim []int64       `pbtxt:"dim"`
}

// LowerBound is the smallest case that such a graph is used for.
type LowerBound struct {
	_         pbtxt.Message        `pbtxt:"inference.ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound"`
	BatchSize int32                `pbtxt:"batch_size"`
	Input     map[string]GraphDims `pbtxt:"input"`
}

// Accelerators run a graph, or parts of it, in place of the backend.
type Accelerators struct {
	_   pbtxt.Message `pbtxt:"inference.ModelOptimizationPolicy.ExecutionAccelerators"`
	GPU []Accelerator `pbtxt:"gpu_execution_accelerator"`
	CPU []Accelerator `pbtxt:"cpu_execution_accelerator"`
}

// Accelerator is one of them.
type Accelerator struct {
	_          pbtxt.Message     `pbtxt:"inference.ModelOptimizationPolicy.ExecutionAccelerators.Accelerator"`
	Name       string            `pbtxt:"name"`
	Parameters map[string]string `pbtxt:"parameters"`
}

// PinnedMemory says whether copies to and from a GPU use pinned memory.
type PinnedMemory struct {
	_      pbtxt.Message `pbtxt:"inference.ModelOptimizationPolicy.PinnedMemoryBuffer"`
	Enable bool          `pbtxt:"enable"`
}
