package bench

import (
	"fmt"
	"io"
	"strings"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// Result is what was measured of one network. What was not is absent.
type Result struct {
	Model     string            `json:"model"`
	Options   map[string]string `json:"model_options"`
	Input     string            `json:"input"` // "WIDTHxHEIGHTxCHANNELS"
	Classes   int               `json:"classes"`
	BatchSize int               `json:"batch_size"`
	ShardSize int               `json:"shard_size"`
	Workers   int               `json:"workers"`
	Optimizer string            `json:"optimizer"`

	SIMD       string  `json:"simd"`
	Machine    string  `json:"machine"`
	Program    string  `json:"program"`
	Parameters int     `json:"parameters"`      // trainable values
	PeakGFLOPS float64 `json:"fma_peak_gflops"` // of one worker

	*TrainingResult
	*InferenceResult
	PeakMemory int64 `json:"peak_memory_bytes,omitempty"` // largest resident size of the process so far
}

// TrainingResult is the measurement of whole training steps.
type TrainingResult struct {
	Train      float64          `json:"train_images_per_second"`
	TrainRange [2]float64       `json:"train_range"`          // slowest and fastest repetition
	TrainFLOP  int              `json:"train_flop_per_image"` // of multiplications with weights and of their gradients
	TrainShare float64          `json:"fma_peak_share"`
	Arenas     int              `json:"train_arena_bytes"`
	Phases     []PhaseShare     `json:"phases"`
	Operations []OperationShare `json:"operations"` // the longest first
}

// InferenceResult is the measurement of batches, and of single images on one worker.
type InferenceResult struct {
	Inference      float64         `json:"inference_images_per_second"`
	InferenceRange [2]float64      `json:"inference_range"`
	InferenceFLOP  int             `json:"inference_flop_per_image"`
	InferenceShare float64         `json:"inference_fma_peak_share"`
	InferenceArena int             `json:"inference_arena_bytes"`
	Latency        *metric.Latency `json:"latency_ms"`                   // on one worker
	DividedLatency *metric.Latency `json:"divided_latency_ms,omitempty"` // on all, where there are several
}

// PhaseShare is the part of a training step's time that one kind of layer takes in
// one phase. Phase "waiting" is what is left: workers without work, and what is
// done between operations.
type PhaseShare struct {
	Phase engine.Phase `json:"phase"`
	Layer string       `json:"layer,omitempty"` // kind
	Share float64      `json:"share"`
}

const phaseWaiting engine.Phase = "waiting"

// OperationShare is the part of a training step's time that one operation takes.
type OperationShare struct {
	Name  string       `json:"name"`
	Phase engine.Phase `json:"phase"`
	Share float64      `json:"share"`
}

// inputText is what parseInput reads.
func inputText(s nn.Shape) string { return fmt.Sprintf("%dx%dx%d", s.W, s.H, s.C) }

const schema = 1

// WriteJSON writes one result as an object, several as a list in one.
func WriteJSON(w io.Writer, results []*Result) error {
	var document any = struct {
		Schema  int       `json:"schema"`
		Results []*Result `json:"results"`
	}{schema, results}
	if len(results) == 1 {
		document = struct {
			Schema int `json:"schema"`
			*Result
		}{schema, results[0]}
	}
	b, err := fileio.MarshalJSON(document)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// MachineLine is what all results of a process have in common.
func (r *Result) MachineLine() string {
	return fmt.Sprintf("%s\n%s: at most %.1f GFLOP/s on one worker; %d workers, shards of %d\n", r.Machine, r.SIMD, r.PeakGFLOPS, r.Workers, r.ShardSize)
}

// Text is the result for people.
func (r *Result) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, input %s, batch %d, %s parameters\n", r.Model, r.Input, r.BatchSize, metric.Count(r.Parameters))
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-11s%s\n", name, fmt.Sprintf(format, args...))
	}
	if t := r.TrainingResult; t != nil {
		line("training", "%8.0f images/s  %5s %% of the FMA peak  (%.0f to %.0f)", t.Train, metric.Percent(t.TrainShare), t.TrainRange[0], t.TrainRange[1])
	}
	if i := r.InferenceResult; i != nil {
		line("inference", "%8.0f images/s  %5s %% of the FMA peak  (%.0f to %.0f)", i.Inference, metric.Percent(i.InferenceShare), i.InferenceRange[0], i.InferenceRange[1])
		line("latency", "%8.3f ms p50, %.3f ms p95, one image on one worker", i.Latency.P50, i.Latency.P95)
		if d := i.DividedLatency; d != nil {
			line("", "%8.3f ms p50, %.3f ms p95, one image divided among %d", d.P50, d.P95, d.Workers)
		}
	}
	if r.unsteady() {
		line("unsteady", "repetitions differ by more than a factor of two: the machine was busy, do not rely on these figures")
	}
	line("memory", "%s", r.memoryText())
	if r.TrainingResult != nil {
		r.writePhases(&b)
	}
	return b.String()
}

// unsteady says whether the repetitions of a measurement differ by so much that
// something else has kept the machine busy.
func (r *Result) unsteady() bool {
	wide := func(extremes [2]float64) bool { return extremes[1] > 2*extremes[0] }
	return r.TrainingResult != nil && wide(r.TrainRange) || r.InferenceResult != nil && wide(r.InferenceRange)
}

func (r *Result) memoryText() string {
	const mebi = 1 << 20
	var parts []string
	if t := r.TrainingResult; t != nil {
		parts = append(parts, fmt.Sprintf("%.1f MiB for training", float64(t.Arenas)/mebi))
	}
	if i := r.InferenceResult; i != nil {
		parts = append(parts, fmt.Sprintf("%.1f MiB for inference", float64(i.InferenceArena)/mebi))
	}
	if r.PeakMemory > 0 {
		parts = append(parts, fmt.Sprintf("the process has needed %.1f MiB", float64(r.PeakMemory)/mebi))
	}
	return strings.Join(parts, ", ")
}

// phaseText gives the shares of whole phases.
func (t *TrainingResult) phaseText() string {
	var parts []string
	for _, phase := range []engine.Phase{engine.Forward, engine.Backward, engine.Update, phaseWaiting} {
		share := 0.0
		for _, p := range t.Phases {
			if p.Phase == phase {
				share += p.Share
			}
		}
		parts = append(parts, fmt.Sprintf("%s %s %%", phase, metric.Percent(share)))
	}
	return strings.Join(parts, ", ")
}

// phaseRows is the number of lines that show where the time goes.
const phaseRows = 12

// writePhases shows shares of a training step's time: by kind of layer on the left,
// by operation on the right.
func (t *TrainingResult) writePhases(b *strings.Builder) {
	fmt.Fprintf(b, "  %-11s%s\n", "of a step", t.phaseText())
	b.WriteString("    by kind of layer, %                 longest operations, %\n")
	for i := range min(phaseRows, max(len(t.Phases), len(t.Operations))) {
		left, right := "", ""
		if i < len(t.Phases) {
			p := t.Phases[i]
			left = fmt.Sprintf("%-9s %-14s %5s", p.Phase, p.Layer, metric.Percent(p.Share))
		}
		if i < len(t.Operations) {
			o := t.Operations[i]
			right = fmt.Sprintf("%-29s %5s", metric.Clip(o.Name, 29), metric.Percent(o.Share))
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("    %-36s%s", left, right), " ") + "\n")
	}
}
