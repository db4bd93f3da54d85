package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// state is all that the loop must know, besides tensors, to go on as if it had
// never stopped.
type state struct {
	Epoch        int     `json:"epoch"`    // finished epochs
	Step         int     `json:"step"`     // finished steps of the whole training
	Steps        int     `json:"steps"`    // finished steps of the present epoch
	Examples     int     `json:"examples"` // seen in the present epoch
	LossSum      float64 `json:"loss_sum"` // of the present epoch, like the next three
	Correct      int     `json:"correct"`
	NormSum      float64 `json:"norm_sum"`
	LearningRate float32 `json:"learning_rate"` // of the last step
	Seconds      float64 `json:"seconds"`       // spent on the present epoch
	Stopper      stopper `json:"stopper"`
	Finished     bool    `json:"finished"`
}

// add takes a step's result into the epoch's sums.
func (s *state) add(r engine.Result, examples int, rate float32) {
	s.Step++
	s.Steps++
	s.Examples += examples
	s.LossSum += r.LossSum
	s.Correct += r.Correct
	s.NormSum += r.GradientNorm
	s.LearningRate = rate
}

// beginEpoch counts the present epoch as done.
func (s *state) beginEpoch(finished bool) {
	*s = state{
		Epoch: s.Epoch + 1, Step: s.Step, LearningRate: s.LearningRate, Stopper: s.Stopper, Finished: finished,
	}
}

// Files of a run directory.
const (
	CheckpointDir = "checkpoints"
	LastFile      = "last.safetensors"
	BestFile      = "best.safetensors"
	HistoryFile   = "history.jsonl"
)

// stateKey is the key of the state in a checkpoint's metadata.
const stateKey = "training_state"

// Prefixes of the names of a checkpoint's tensors.
const (
	modelPrefix     = "model/"
	emaPrefix       = "ema/"
	optimizerPrefix = "optimizer/"
)

func (l *loop) path(name string) string { return filepath.Join(l.Dir, CheckpointDir, name) }

// commit puts a finished epoch on disk: the history, the best weights, and last
// of all the checkpoint that makes both count.
func (l *loop) commit(e metric.Epoch, best bool) error {
	if err := metric.AppendEpoch(filepath.Join(l.Dir, HistoryFile), e); err != nil {
		return err
	}
	if best {
		if err := SaveWeights(l.path(BestFile), l.judged(), map[string]string{"epoch": fmt.Sprint(e.Epoch)}); err != nil {
			return err
		}
	}
	return l.save()
}

// SaveWeights writes a network's tensors to a safetensors file.
func SaveWeights(path string, p *nn.Parameters, metadata map[string]string) error {
	return weights.WriteFile(path, weights.File{Metadata: metadata, Tensors: p.Tensors()})
}

// save writes the checkpoint of the present position.
func (l *loop) save() error {
	text, err := json.Marshal(l.state)
	if err != nil {
		return fmt.Errorf("cannot describe the training's state: %w", err)
	}
	tensors := append(prefixed(modelPrefix, l.Params.Tensors()), l.optimizerTensors()...)
	if l.ema != nil {
		tensors = append(tensors, prefixed(emaPrefix, l.ema.Tensors())...)
	}
	l.saved = time.Now()
	return weights.WriteFile(l.path(LastFile), weights.File{
		Metadata: map[string]string{stateKey: string(text)}, Tensors: tensors,
	})
}

func prefixed(prefix string, tensors []weights.Tensor) []weights.Tensor {
	for i := range tensors {
		tensors[i].Name = prefix + tensors[i].Name
	}
	return tensors
}

// optimizerTensors views the optimizer's state, each slot as one vector.
func (l *loop) optimizerTensors() []weights.Tensor {
	var tensors []weights.Tensor
	for i, slot := range l.trainer.State() {
		tensors = append(tensors, weights.Tensor{
			Name: optimizerPrefix + l.Optimizer.Slots()[i], Shape: []int{len(slot)}, Data: slot,
		})
	}
	return tensors
}

func digestOf(tensors []weights.Tensor) string {
	if len(tensors) == 0 {
		return ""
	}
	return weights.Digest(tensors)
}

// resume takes up the last checkpoint and cuts the history back to it. It says
// whether there was one.
func (l *loop) resume() (bool, error) {
	file, err := weights.ReadFile(l.path(LastFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, l.startAnew()
	}
	if err != nil {
		return false, err
	}
	if err := l.restore(file); err != nil {
		return false, fmt.Errorf("%s does not belong to this run: %w", l.path(LastFile), err)
	}
	return true, metric.TruncateHistory(filepath.Join(l.Dir, HistoryFile), l.state.Epoch)
}

// startAnew makes the run directory ready for a first epoch.
func (l *loop) startAnew() error {
	if err := os.MkdirAll(filepath.Join(l.Dir, CheckpointDir), 0o755); err != nil {
		return err
	}
	return metric.TruncateHistory(filepath.Join(l.Dir, HistoryFile), 0)
}

func (l *loop) restore(file weights.File) error {
	var s state
	if err := json.Unmarshal([]byte(file.Metadata[stateKey]), &s); err != nil {
		return fmt.Errorf("its metadata has no readable %s: %w", stateKey, err)
	}
	groups := map[string][]weights.Tensor{}
	for _, t := range file.Tensors {
		prefix, name, _ := strings.Cut(t.Name, "/")
		t.Name = name
		groups[prefix+"/"] = append(groups[prefix+"/"], t)
	}
	if err := l.Params.Load(groups[modelPrefix]); err != nil {
		return err
	}
	if l.ema != nil {
		if err := l.ema.Load(groups[emaPrefix]); err != nil {
			return fmt.Errorf("averaged weights: %w", err)
		}
	}
	if err := l.restoreOptimizer(groups[optimizerPrefix]); err != nil {
		return err
	}
	l.state = s
	l.trainer.Refresh()
	return nil
}

func (l *loop) restoreOptimizer(tensors []weights.Tensor) error {
	byName := map[string][]float32{}
	for _, t := range tensors {
		byName[t.Name] = t.Data
	}
	for i, name := range l.Optimizer.Slots() {
		slot := l.trainer.State()[i]
		if len(byName[name]) != len(slot) {
			return fmt.Errorf("optimizer state %q has %d values, want %d", name, len(byName[name]), len(slot))
		}
		copy(slot, byName[name])
	}
	return nil
}

// Progress reads how far the training in a run directory has come; found is
// false when it has no checkpoint yet.
func Progress(dir string) (epochs int, finished, found bool, err error) {
	file, err := weights.ReadFile(filepath.Join(dir, CheckpointDir, LastFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, false, nil
	}
	if err != nil {
		return 0, false, false, err
	}
	var s state
	if err := json.Unmarshal([]byte(file.Metadata[stateKey]), &s); err != nil {
		return 0, false, false, fmt.Errorf("%s: its metadata has no readable %s: %w", LastFile, stateKey, err)
	}
	return s.Epoch, s.Finished, true, nil
}
