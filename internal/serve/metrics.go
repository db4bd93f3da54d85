package serve

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// metric is one of those of Triton that a server without a GPU has.
type metric struct {
	name, help, kind string
	values           func(s *Server, m modelStatistics, rejected, canceled int64) map[string]int64 // by reason, "" where there is none
}

func counter(value func(m modelStatistics) int64) func(*Server, modelStatistics, int64, int64) map[string]int64 {
	return func(_ *Server, m modelStatistics, _, _ int64) map[string]int64 { return map[string]int64{"": value(m)} }
}

const microsecond = 1000 // nanoseconds

var metrics = []metric{
	{"nv_inference_request_success", "Number of successful inference requests, all batch sizes", "counter", counter(func(m modelStatistics) int64 { return m.Inference.Success.Count })},
	{"nv_inference_request_failure", "Number of failed inference requests, all batch sizes", "counter", func(_ *Server, m modelStatistics, rejected, canceled int64) map[string]int64 {
		return map[string]int64{"OTHER": 0, "BACKEND": m.Inference.Fail.Count, "CANCELED": canceled, "REJECTED": rejected}
	}},
	{"nv_inference_count", "Number of inferences performed (does not include cached requests)", "counter", counter(func(m modelStatistics) int64 { return m.Inferences })},
	{"nv_inference_exec_count", "Number of model executions performed (does not include cached requests)", "counter", counter(func(m modelStatistics) int64 { return m.Executions })},
	{"nv_inference_request_duration_us", "Cumulative inference request duration in microseconds (includes cached requests)", "counter", counter(func(m modelStatistics) int64 { return m.Inference.Success.NS / microsecond })},
	{"nv_inference_queue_duration_us", "Cumulative inference queuing duration in microseconds (includes cached requests)", "counter", counter(func(m modelStatistics) int64 { return m.Inference.Queue.NS / microsecond })},
	{"nv_inference_compute_input_duration_us", "Cumulative compute input duration in microseconds (does not include cached requests)", "counter", counter(func(m modelStatistics) int64 { return m.Inference.Input.NS / microsecond })},
	{"nv_inference_compute_infer_duration_us", "Cumulative compute inference duration in microseconds (does not include cached requests)", "counter", counter(func(m modelStatistics) int64 { return m.Inference.Infer.NS / microsecond })},
	{"nv_inference_compute_output_duration_us", "Cumulative inference compute output duration in microseconds (does not include cached requests)", "counter", counter(func(m modelStatistics) int64 { return m.Inference.Output.NS / microsecond })},
	{"nv_inference_pending_request_count", "Instantaneous number of pending requests awaiting execution per-model.", "gauge", func(s *Server, _ modelStatistics, _, _ int64) map[string]int64 {
		return map[string]int64{"": s.batcher.waiting.Load()}
	}},
}

// metrics answers in Prometheus' text format, with Triton's names.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request, _ address) {
	m, rejected, canceled := s.stats.snapshot()
	var b strings.Builder
	for _, metric := range metrics {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", metric.name, metric.help, metric.name, metric.kind)
		values := metric.values(s, m, rejected, canceled)
		for _, reason := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(&b, "%s{%s} %d\n", metric.name, s.metricLabels(reason), values[reason])
		}
	}
	answer(w, "text/plain; charset=utf-8", []byte(b.String()))
}

// metricLabels are the labels of a value: the model's tags, whose names begin with an
// underscore, and what it is of.
func (s *Server) metricLabels(reason string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.model.Tags)) {
		all = append(all, "_"+name+"="+metricText(s.model.Tags[name]))
	}
	all = append(all, "model="+metricText(s.model.Name))
	if reason != "" {
		all = append(all, "reason="+metricText(reason))
	}
	return strings.Join(append(all, "version="+metricText(version)), ",")
}

// metricText is the value of a label, quoted as Prometheus wants it.
func metricText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
