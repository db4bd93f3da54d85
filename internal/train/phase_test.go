package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// headEpochs is how many epochs of the contract's training are for the head.
const headEpochs = 2

// phaseJob is the contract's training in phases.
func phaseJob(t *testing.T, data, dir, kind string, workers int) Job {
	t.Helper()
	job := contractJob(t, data, dir, dataset.ModeRAM, workers)
	job.Head = Head{Kind: kind, Epochs: headEpochs, Frozen: []string{"normalize", "conv", "norm", "depthwise", "wide"}}
	job.FixedNorms, job.LayerDecay = true, 0.5
	job.Solve = func(_ context.Context, params *nn.Parameters, seen func(done, total int)) (*Solved, error) {
		seen(1, 1)
		for i := range params.Of(params.Lookup("head.weight")) {
			params.Of(params.Lookup("head.weight"))[i] = float32(i%7)/8 - 0.4
		}
		digest := strings.Repeat("0", 64)
		return &Solved{metric.HeadNote{
			Penalty: 1, Solutions: []metric.HeadSolution{{Penalty: 1, TrainLoss: 0.5, TrainAccuracy: 0.75}}, Views: 1, Curve: []metric.HeadPoint{{Percent: 100, Images: 1, Rows: 1}},
			TrainFeatures: digest, ValidateFeatures: digest,
		}, 40}, nil
	}
	return job
}

// TestPhases wants what each phase may change, and a learning rate that goes through the
// schedule in each, whether or not the training is interrupted.
func TestPhases(t *testing.T) {
	data := contractData(t)
	for _, kind := range []string{HeadSGD, HeadSolver} {
		t.Run(kind, func(t *testing.T) {
			whole := t.TempDir()
			job := phaseJob(t, data, whole, kind, 2)
			first := job.Params.Clone()
			outcome, err := Run(t.Context(), job)
			if err != nil || outcome.Epochs != contractEpochs {
				t.Fatalf("outcome %+v, %v", outcome, err)
			}
			checkPhases(t, whole, job, first)
			want := contractResult(t, whole)
			for _, every := range []int{1, 3} {
				dir := t.TempDir()
				interrupt(t, every, func(n int) Job { return phaseJob(t, data, dir, kind, 1+n%3) })
				if got := contractResult(t, dir); got != want {
					t.Errorf("interrupted every %d steps it came to %s, want %s", every, got, want)
				}
			}
		})
	}
}

func checkPhases(t *testing.T, dir string, job Job, first *nn.Parameters) {
	t.Helper()
	history, err := metric.ReadHistory(filepath.Join(dir, HistoryFile))
	if err != nil {
		t.Fatal(err)
	}
	rates := NewRates(job.Options, job.Schedule, len(job.TrainList))
	head := 1
	if job.Head.Kind == HeadSGD {
		head = headEpochs
	}
	for i, e := range history {
		want := metric.PhaseFinetune
		if i < head {
			want = metric.PhaseHead
		}
		solved := i == 0 && job.Head.Kind == HeadSolver
		if e.Phase != want || (e.Head != nil) != solved || (e.OptimizerSHA256 == "") != solved || float32(e.LearningRate) != rates.AtEnd(e.Epoch) {
			t.Errorf("epoch %d: %+v", e.Epoch, e)
		}
	}
	if end := job.Schedule.Factor(rates.PerEpoch*headEpochs-1, rates.PerEpoch*headEpochs) * job.LearningRate; job.Head.Kind == HeadSGD && rates.AtEnd(headEpochs) != end {
		t.Errorf("the learning rate is %v at the end of the head's phase, want that at the end of the schedule, %v", rates.AtEnd(headEpochs), end)
	}
	last, err := weights.ReadFile(filepath.Join(dir, CheckpointDir, LastFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range last.Tensors {
		name, ours := strings.CutPrefix(tensor.Name, modelPrefix)
		if !ours {
			continue
		}
		param := first.Lookup(name)
		moved := fmt.Sprint(first.Of(param)) != fmt.Sprint(tensor.Data)
		if want := param.Trainable; moved != want { // the running averages are fixed
			t.Errorf("%s moved: %v, want %v", name, moved, want)
		}
	}
}

// TestInterruptedBetweenPhases cancels the training as each epoch ends, so that it goes on
// where a phase begins.
func TestInterruptedBetweenPhases(t *testing.T) {
	data := contractData(t)
	for _, kind := range []string{HeadSGD, HeadSolver} {
		whole, dir := t.TempDir(), t.TempDir()
		if _, err := Run(t.Context(), phaseJob(t, data, whole, kind, 2)); err != nil {
			t.Fatal(err)
		}
		for range contractEpochs {
			ctx, cancel := context.WithCancel(t.Context())
			job := phaseJob(t, data, dir, kind, 2)
			job.Observer = watch{epoch: func(metric.Epoch, bool) { cancel() }}
			if _, err := Run(ctx, job); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatalf("%s: %v", kind, err)
			}
			cancel()
		}
		if want, got := contractResult(t, whole), contractResult(t, dir); got != want {
			t.Errorf("%s: interrupted after each epoch it came to %s, want %s", kind, got, want)
		}
	}
}

// stoppedValidator is a validator that is interrupted at its work.
type stoppedValidator struct {
	Validator
	cancel context.CancelFunc
}

func (c stoppedValidator) Validate(ctx context.Context, seen func(done, total int)) (metric.Result, error) {
	c.cancel()
	if _, err := c.Validator.Validate(ctx, seen); err != nil {
		return nil, err
	}
	return nil, context.Cause(ctx)
}

// TestInterruptedInValidation cancels the training while its first epoch is validated, so that a
// solver's is done again.
func TestInterruptedInValidation(t *testing.T) {
	data := contractData(t)
	for _, kind := range []string{HeadNone, HeadSGD, HeadSolver} {
		whole, dir := t.TempDir(), t.TempDir()
		if _, err := Run(t.Context(), phaseJob(t, data, whole, kind, 2)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		job := phaseJob(t, data, dir, kind, 2)
		made := job.NewValidator
		job.NewValidator = func(params *nn.Parameters) (Validator, error) {
			v, err := made(params)
			return stoppedValidator{v, cancel}, err
		}
		if _, err := Run(ctx, job); !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v, want that it was cancelled", kind, err)
		}
		if _, err := Run(t.Context(), phaseJob(t, data, dir, kind, 3)); err != nil {
			t.Fatalf("%s: resumed: %v", kind, err)
		}
		if want, got := contractResult(t, whole), contractResult(t, dir); got != want {
			t.Errorf("%s: interrupted in validation it came to %s, want %s", kind, got, want)
		}
	}
}

// TestHeadAlone wants nothing but the head to change where there is no epoch after it, and
// no memory for an optimizer.
func TestHeadAlone(t *testing.T) {
	data, dir := contractData(t), t.TempDir()
	job := phaseJob(t, data, dir, HeadSolver, 2)
	job.Epochs = 1
	first := job.Params.Clone()
	if _, err := Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	last, err := weights.ReadFile(filepath.Join(dir, CheckpointDir, LastFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range last.Tensors {
		name, ours := strings.CutPrefix(tensor.Name, modelPrefix)
		switch param := first.Lookup(name); {
		case strings.HasPrefix(tensor.Name, optimizerPrefix):
			t.Errorf("the checkpoint has %s", tensor.Name)
		case ours && name != "head.weight" && fmt.Sprint(first.Of(param)) != fmt.Sprint(tensor.Data):
			t.Errorf("%s moved", name)
		}
	}
	again, err := Run(t.Context(), phaseJobOf(job))
	if err != nil || !again.Resumed || again.BestEpoch != 1 {
		t.Errorf("resumed: %+v, %v", again, err)
	}
}

// phaseJobOf is the job once more, for another process.
func phaseJobOf(job Job) Job {
	job.Params = job.Graph.NewParameters(1)
	return job
}

// TestHeadPhaseRefused has phases that do not fit.
func TestHeadPhaseRefused(t *testing.T) {
	data := contractData(t)
	for _, test := range []struct {
		head Head
		want string
	}{
		{Head{Kind: HeadSGD}, "0 epochs of 3 are for the last layer"},
		{Head{Kind: HeadSGD, Epochs: 5}, "5 epochs of 3"},
		{Head{Kind: HeadSolver}, "no solver"},
	} {
		job := contractJob(t, data, t.TempDir(), dataset.ModeRAM, 1)
		job.Head = test.head
		if _, err := Run(t.Context(), job); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, want %q", test.head, err, test.want)
		}
	}
}
