package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// Files of a run directory.
const (
	CheckpointDir = "checkpoints"
	LastFile      = "last.safetensors"
	BestFile      = "best.safetensors"
	HistoryFile   = "history.jsonl"
)

// Prefixes of the names of a checkpoint's tensors.
const (
	modelPrefix     = "model/"
	emaPrefix       = "ema/"
	optimizerPrefix = "optimizer/"
)

func (l *loop) path(name string) string { return filepath.Join(l.Dir, CheckpointDir, name) }

func (l *loop) history() string { return filepath.Join(l.Dir, HistoryFile) }

// commit puts a finished epoch on disk: the history, the best weights, and last
// of all the checkpoint that makes both count.
func (l *loop) commit(e metric.Epoch, best bool) error {
	if err := metric.AppendEpoch(l.history(), e); err != nil {
		return err
	}
	if best {
		if err := SaveWeights(l.path(BestFile), l.judged(), map[string]string{"epoch": strconv.Itoa(e.Epoch)}); err != nil {
			return err
		}
	}
	return l.save()
}

// SaveWeights writes a network's tensors to a safetensors file.
func SaveWeights(path string, p *nn.Parameters, metadata map[string]string) error {
	return weights.WriteFile(path, weights.File{Metadata: metadata, Tensors: p.Tensors()})
}

// save writes the checkpoint of the present position. Where that is no place to
// go on from, because a value is not finite, the checkpoint before is kept: the
// next step or the end of the epoch will say so.
func (l *loop) save() error {
	l.saved = time.Now()
	if _, _, found := l.nonFinite(); found {
		return nil
	}
	text, err := l.state.encode()
	if err != nil {
		return err
	}
	return weights.WriteFile(l.path(LastFile), weights.File{
		Metadata: map[string]string{stateKey: text}, Tensors: l.tensors(),
	})
}

// tensors views all that a checkpoint holds. The data is shared.
func (l *loop) tensors() []weights.Tensor {
	tensors := append(prefixed(modelPrefix, l.Params.Tensors()), l.optimizerTensors()...)
	if l.ema != nil {
		tensors = append(tensors, prefixed(emaPrefix, l.ema.Tensors())...)
	}
	return tensors
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

// nonFinite finds a value with which training cannot go on.
func (l *loop) nonFinite() (name string, value float32, found bool) {
	for _, t := range l.tensors() {
		for _, v := range t.Data {
			if v-v != 0 {
				return t.Name, v, true
			}
		}
	}
	return "", 0, false
}

// checkFinite is an error that says which value is not finite.
func (l *loop) checkFinite() error {
	if name, v, found := l.nonFinite(); found {
		return fmt.Errorf("a value of %s is not finite (%v): lower the learning rate or set a gradient clip", name, v)
	}
	return nil
}

// resume takes up the last checkpoint and cuts the history back to it. It says
// whether there was one.
func (l *loop) resume() (bool, error) {
	if err := os.MkdirAll(filepath.Join(l.Dir, CheckpointDir), 0o755); err != nil {
		return false, fmt.Errorf("cannot keep checkpoints: %w", err)
	}
	if err := l.removeLeftovers(); err != nil {
		return false, err
	}
	file, err := weights.ReadFile(l.path(LastFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, metric.TruncateHistory(l.history(), 0)
	}
	if err != nil {
		return false, fmt.Errorf("the last checkpoint cannot be read: %w", err)
	}
	if err := l.restore(file); err != nil {
		return false, fmt.Errorf("%s does not belong to this run: %w", l.path(LastFile), err)
	}
	return true, metric.TruncateHistory(l.history(), l.state.Epoch)
}

// removeLeftovers removes the temporary files of a process that was killed while
// it wrote one of the files.
func (l *loop) removeLeftovers() error {
	for _, path := range []string{l.history(), l.path(LastFile)} {
		if err := fileio.RemoveLeftovers(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return nil
}

func (l *loop) restore(file weights.File) error {
	s, err := decodeState(file)
	if err != nil {
		return err
	}
	if err := s.check(l); err != nil {
		return err
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
	if err := l.restoreEMA(groups[emaPrefix]); err != nil {
		return err
	}
	if err := l.restoreOptimizer(groups[optimizerPrefix]); err != nil {
		return err
	}
	l.state = s
	l.trainer.Refresh()
	return nil
}

func (l *loop) restoreEMA(tensors []weights.Tensor) error {
	switch {
	case l.ema == nil && len(tensors) > 0:
		return errors.New("it holds averaged weights, but this run averages none")
	case l.ema == nil:
		return nil
	}
	if err := l.ema.Load(tensors); err != nil {
		return fmt.Errorf("averaged weights: %w", err)
	}
	return nil
}

func (l *loop) restoreOptimizer(tensors []weights.Tensor) error {
	byName := map[string][]float32{}
	for _, t := range tensors {
		byName[t.Name] = t.Data
	}
	names := l.Optimizer.Slots()
	if len(byName) != len(names) {
		return fmt.Errorf("it holds %d arrays of an optimizer's state, want %d: %s", len(byName), len(names), strings.Join(names, ", "))
	}
	for i, name := range names {
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
	path := filepath.Join(dir, CheckpointDir, LastFile)
	file, err := weights.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, false, nil
	}
	if err != nil {
		return 0, false, false, err
	}
	s, err := decodeState(file)
	if err != nil {
		return 0, false, false, fmt.Errorf("%s: %w", path, err)
	}
	return s.Epoch, s.Finished, true, nil
}
