package exporter

import (
	"fmt"
	"strconv"
	"strings"
)

// config returns config.pbtxt: an inference.ModelConfig in protobuf text format
// (triton-inference-server/common, protobuf/model_config.proto). Everything that
// the server could otherwise complete by itself is written out, since it skips
// that step as soon as inputs and outputs are given.
func (x *triton) config(a Artifact) string {
	in := a.Graph.Input().Shape
	dims := fmt.Sprintf("[ %d, %d, %d ]", in.H, in.W, in.C) // the batch is not part of it
	var b strings.Builder
	if a.ForceReason != "" {
		fmt.Fprintf(&b, "# This release was forced although the model failed its criteria. The reason given: %s\n", strconv.QuoteToASCII(a.ForceReason))
	}
	fmt.Fprintf(&b, "name: %s\nbackend: \"onnxruntime\"\nmax_batch_size: %d\n", quote(a.Name), x.maxBatch)
	fmt.Fprintf(&b, "input [ { name: \"image\" data_type: TYPE_UINT8 dims: %s } ]\n", dims)
	fmt.Fprintf(&b, "output [ %s ]\n", strings.Join(a.tritonOutputs(), ", "))
	b.WriteString("version_policy { latest { num_versions: 1 } }\n")
	fmt.Fprintf(&b, "instance_group [ { count: %d kind: KIND_%s } ]\n", x.instanceCount, strings.ToUpper(x.instanceKind))
	b.WriteString(x.batching())
	for _, size := range x.warmupSizes() {
		fmt.Fprintf(&b, "model_warmup [ { name: \"black-%d\" batch_size: %d inputs { key: \"image\" value { data_type: TYPE_UINT8 dims: %s zero_data: true } } } ]\n", size, size, dims)
	}
	if x.threads > 0 {
		fmt.Fprintf(&b, "parameters { key: \"intra_op_thread_count\" value { string_value: \"%d\" } }\n", x.threads)
	}
	// Labels on the server's metrics.
	fmt.Fprintf(&b, "metric_tags { key: \"release_version\" value: %s }\n", quote(a.Version))
	fmt.Fprintf(&b, "metric_tags { key: \"weights_sha256\" value: %s }\n", quote(a.Parameters.Digest()))
	if a.ForceReason != "" {
		fmt.Fprintf(&b, "metric_tags { key: \"release\" value: %s }\n", quote(forced))
	}
	return b.String()
}

// batching lets the server join requests, and limits how many wait and for how long. Only
// the scheduler of dynamic batching has such limits, so that a model of single images has
// it too if they are set.
func (x *triton) batching() string {
	var b strings.Builder
	if x.queueSize > 0 || x.queueTimeout > 0 {
		b.WriteString(" default_queue_policy { timeout_action: REJECT")
		if x.queueTimeout > 0 {
			fmt.Fprintf(&b, " default_timeout_microseconds: %d", x.queueTimeout)
		}
		if x.queueSize > 0 {
			fmt.Fprintf(&b, " max_queue_size: %d", x.queueSize)
		}
		b.WriteString(" }")
	}
	if x.maxBatch == 1 && b.Len() == 0 {
		return ""
	}
	return fmt.Sprintf("dynamic_batching { max_queue_delay_microseconds: %d%s }\n", x.queueDelay, b.String())
}

// tritonOutputs describes the outputs, a vector by its length and any other by [H,W,C].
func (a Artifact) tritonOutputs() []string {
	var all []string
	for _, o := range a.served().Outputs {
		s := o.Node.Shape
		dims := fmt.Sprintf("[ %d, %d, %d ]", s.H, s.W, s.C)
		if s.H == 1 && s.W == 1 {
			dims = fmt.Sprintf("[ %d ]", s.C)
		}
		labels := ""
		if a.labelled() {
			labels = " label_filename: " + quote(tritonLabelFile)
		}
		all = append(all, fmt.Sprintf("{ name: %s data_type: TYPE_FP32 dims: %s%s }", quote(o.Name), dims, labels))
	}
	return all
}

// warmupSizes are the batch sizes to run before the model is ready: the one
// that decides latency and the one that decides memory.
func (x *triton) warmupSizes() []int {
	switch {
	case !x.warmup:
		return nil
	case x.maxBatch == 1:
		return []int{1}
	}
	return []int{1, x.maxBatch}
}

// quote returns s as a string of protobuf's text format, which knows every
// escape that Go's quoting of valid UTF-8 uses.
func quote(s string) string { return strconv.Quote(s) }
