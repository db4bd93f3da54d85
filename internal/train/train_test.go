package train

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/optimizer"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// run trains to the end and returns what the observer saw.
func run(t *testing.T, job Job) (outcome Outcome, history []metric.Epoch) {
	t.Helper()
	job.Observer = watch{epoch: func(e metric.Epoch, _ bool) { history = append(history, e) }}
	outcome, err := Run(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	return outcome, history
}

// TestBestFile compares best.safetensors with the digests of the best epoch's
// line: those of the averaged weights where there are such.
func TestBestFile(t *testing.T) {
	for _, decay := range []float64{0, 0.5} {
		job := smallJob(t, t.TempDir())
		job.Epochs, job.LearningRate, job.EMA = 4, 0.1, decay
		outcome, history := run(t, job)
		file, err := weights.ReadFile(filepath.Join(job.Dir, CheckpointDir, BestFile))
		if err != nil {
			t.Fatal(err)
		}
		best := history[outcome.BestEpoch-1]
		want := best.WeightsSHA256
		if decay > 0 {
			want = best.EMASHA256
		}
		if got := weights.Digest(file.Tensors); got != want {
			t.Errorf("decay %v: %s has digest %s, epoch %d had %s", decay, BestFile, got, best.Epoch, want)
		}
		for _, e := range history {
			if e.ValidationLoss < best.ValidationLoss {
				t.Errorf("epoch %d is better than the best, %d", e.Epoch, best.Epoch)
			}
		}
		written, err := metric.ReadHistory(filepath.Join(job.Dir, HistoryFile))
		if err != nil {
			t.Fatal(err)
		}
		for i := range written {
			written[i].Schema = 0
		}
		if d := cmp.Diff(history, written); d != "" {
			t.Errorf("the history differs from what the observer saw:\n%s", d)
		}
	}
}

func TestEarlyStopping(t *testing.T) {
	job := smallJob(t, t.TempDir())
	job.Epochs, job.LearningRate, job.Stopping.Patience = 50, 1, 2
	outcome, history := run(t, job)
	if outcome.Epochs != len(history) || outcome.Epochs != outcome.BestEpoch+2 || !strings.Contains(outcome.Stopped, "has not improved for 2 epochs") {
		t.Errorf("outcome %+v after %d epochs", outcome, len(history))
	}
	again, none := run(t, job)
	outcome.Resumed = true
	if again != outcome || len(none) != 0 {
		t.Errorf("resumed, the stopped training has outcome %+v, want %+v", again, outcome)
	}
}

// recorder notes the learning rates that an optimizer is given.
type recorder struct {
	optimizer.Optimizer
	rates *[]float32
}

func (r recorder) Begin(step int, learningRate, weightDecay float32) {
	*r.rates = append(*r.rates, learningRate)
	r.Optimizer.Begin(step, learningRate, weightDecay)
}

func TestWarmup(t *testing.T) {
	job := smallJob(t, t.TempDir())
	var rates []float32
	job.Optimizer = recorder{job.Optimizer, &rates}
	job.Schedule = must(optimizer.MakeSchedule("constant", ""))(t)
	job.LearningRate, job.Warmup = 0.5, 0.75 // three steps of four
	run(t, job)
	if want := []float32{0.125, 0.25, 0.375, 0.5, 0.5, 0.5, 0.5, 0.5}; !slices.Equal(rates, want) {
		t.Errorf("learning rates %v, want %v", rates, want)
	}
}

func TestOverfitBatch(t *testing.T) {
	job := smallJob(t, t.TempDir())
	job.OverfitBatch, job.Epochs, job.LearningRate = true, 40, 0.05
	seen := map[int]bool{}
	job.Train.Dataset = &spyDataset{drawn{}, func(i int) { seen[i] = true }}
	job.Train.Workers = 1
	_, history := run(t, job)
	if last := history[len(history)-1]; last.TrainAccuracy != 1 || last.TrainLoss > history[0].TrainLoss/4 {
		t.Errorf("the batch was not learnt: loss %v, then %v", history[0].TrainLoss, last.TrainLoss)
	}
	if len(seen) != job.BatchSize {
		t.Errorf("%d examples were seen, want %d", len(seen), job.BatchSize)
	}
}

// spyDataset tells which images are asked for.
type spyDataset struct {
	drawn
	see func(i int)
}

func (d *spyDataset) Info(i int) dataset.Info {
	d.see(i)
	return d.drawn.Info(i)
}

// TestBalanced draws from one example of class 0 and many of class 1.
func TestBalanced(t *testing.T) {
	job := smallJob(t, t.TempDir())
	job.TrainList, job.Balanced = []int{0, 1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41}, true
	l, err := begin(job)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	const epochs = 50
	var draws [contractClasses]int
	for epoch := range uint32(epochs) {
		for _, i := range l.order(epoch) {
			draws[drawn{}.Info(i).Label]++
		}
	}
	if total := len(job.TrainList) * epochs; draws[0]+draws[1] != total || draws[0] < total*2/5 || draws[0] > total*3/5 {
		t.Errorf("draws of each class %v, want about as many of class 0 as of class 1", draws)
	}
}

func TestFrozenWeightsStay(t *testing.T) {
	job := smallJob(t, t.TempDir())
	before := job.Params.Clone()
	job.Frozen, job.EMA = []string{"norm."}, 0.5
	run(t, job)
	file, err := weights.ReadFile(filepath.Join(job.Dir, CheckpointDir, LastFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range job.Params.All() {
		for _, prefix := range []string{modelPrefix, emaPrefix} {
			tensor, _ := file.Find(prefix + p.Name)
			stayed := slices.Equal(tensor.Data, before.Of(p))
			if want := !strings.HasPrefix(p.Name, "head."); stayed != want {
				t.Errorf("%s stayed as it was: %v, want %v", tensor.Name, stayed, want)
			}
		}
	}
	job.Frozen = []string{"norm.", "head."}
	job.Dir = t.TempDir()
	if _, err := Run(context.Background(), job); err == nil || !strings.Contains(err.Error(), "nothing to train") {
		t.Errorf("with all frozen: error %v", err)
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	job := smallJob(t, t.TempDir())
	job.EMA, job.GradientClip = 0.9, 1
	l, err := begin(job)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	batch := &dataset.Batch{N: 16, Images: make([]uint8, 16*contractSize*contractSize), Targets: make([]float32, 16*contractClasses)}
	for i := range batch.N {
		batch.Targets[i*contractClasses] = 1
	}
	step := func() {
		if err := l.step(batch, 0); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("a step allocates %v times", n)
	}
}
