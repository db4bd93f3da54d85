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
	nextBestFile  = "best.next.safetensors" // the best weights until the checkpoint counts their epoch
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

// checkDir is an error once the run directory is gone.
func (l *loop) checkDir() error {
	if l.CheckDir == nil {
		return nil
	}
	return l.CheckDir()
}

// commit puts a finished epoch on disk: the history, the best weights under another name,
// and the checkpoint, which makes both count. Then the best weights get their name. So
// the best weights that have it are always those that a checkpoint knows.
func (l *loop) commit(e metric.Epoch, best bool) error {
	if err := l.checkDir(); err != nil {
		return err
	}
	line, err := metric.EpochLine(e)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", l.history(), err)
	}
	if err := metric.AppendEpoch(l.history(), e); err != nil {
		return err
	}
	l.state.HistorySHA256 = extend(l.state.HistorySHA256, line)
	if !best {
		return l.save()
	}
	next := l.path(nextBestFile)
	if err := SaveWeights(next, l.judged(), map[string]string{"epoch": strconv.Itoa(e.Epoch)}); err != nil {
		return err
	}
	if l.state.BestSHA256, err = fileio.SHA256(next); err != nil {
		return err
	}
	if err := l.save(); err != nil {
		return err
	}
	return fileio.Rename(next, l.path(BestFile))
}

// settleBest gives the best weights their name where a process was killed before it did,
// and removes those of an epoch that no checkpoint counts.
func (l *loop) settleBest() error {
	next := l.path(nextBestFile)
	digest, err := fileio.SHA256(next)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case digest == l.state.BestSHA256:
		return fileio.Rename(next, l.path(BestFile))
	}
	return os.Remove(next)
}

// SaveWeights writes a network's tensors to a safetensors file.
func SaveWeights(path string, p *nn.Parameters, metadata map[string]string) error {
	return weights.WriteFile(path, weights.File{Metadata: metadata, Tensors: p.Tensors()})
}

// save writes the checkpoint of the present position. Where that is no place to
// go on from, because a value is not finite, the checkpoint before is kept: the
// next step or the end of the epoch will say so. Where a later phase is about to begin, it is
// kept too: it has the optimizer and the averages that the history's last line is about.
func (l *loop) save() error {
	l.saved = time.Now()
	if l.phase.first > 0 && l.begins() {
		return nil
	}
	if _, _, found := l.nonFinite(); found {
		return nil
	}
	if err := l.checkDir(); err != nil {
		return err
	}
	return writeCheckpoint(l.path(LastFile), l.state, l.tensors())
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
	if l.trainer == nil {
		return nil
	}
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

// resume takes up the last checkpoint, once it, the history and the best weights are
// found to be those of one training, and cuts the history back to it. It says whether
// there was one.
func (l *loop) resume() (bool, error) {
	if err := l.checkDir(); err != nil {
		return false, err
	}
	if err := os.MkdirAll(filepath.Join(l.Dir, CheckpointDir), 0o755); err != nil {
		return false, fmt.Errorf("cannot keep checkpoints: %w", err)
	}
	if err := l.removeLeftovers(); err != nil {
		return false, err
	}
	c, err := readCheckpoint(l.path(LastFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, errors.Join(l.settleBest(), metric.TruncateHistory(l.history(), 0))
	}
	if err != nil {
		return false, fmt.Errorf("the last checkpoint cannot be read: %w", err)
	}
	if err := l.restore(c); err != nil {
		return false, fmt.Errorf("%s does not belong to this run: %w", l.path(LastFile), err)
	}
	history, err := c.checkHistory(l.history())
	if err != nil {
		return false, err
	}
	if err := c.checkLastEpoch(l.history(), history); err != nil {
		return false, err
	}
	if err := c.state.checkStopping(l, history); err != nil {
		return false, fmt.Errorf("%s does not belong to its history: %w", l.path(LastFile), err)
	}
	if err := l.settleBest(); err != nil {
		return false, err
	}
	if err := c.state.checkBest(filepath.Join(l.Dir, CheckpointDir)); err != nil {
		return false, err
	}
	return true, metric.TruncateHistory(l.history(), l.state.Epoch)
}

// finished makes sure that training leaves what it wrote: nobody has changed the history
// or the best weights meanwhile.
func (l *loop) finished() error {
	c := &checkpoint{state: l.state}
	if _, err := c.checkHistory(l.history()); err != nil {
		return err
	}
	return l.state.checkBest(filepath.Join(l.Dir, CheckpointDir))
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

func (l *loop) restore(c *checkpoint) error {
	if err := c.state.check(l); err != nil {
		return err
	}
	if err := l.Params.Load(c.model); err != nil {
		return err
	}
	if err := l.restoreEMA(c.ema); err != nil {
		return err
	}
	l.state = c.state
	if err := l.enter(); err != nil {
		return err
	}
	if l.trainer == nil || l.phase.first > 0 && l.begins() { // what the phase before has left is of no use
		return nil
	}
	if err := l.restoreOptimizer(c.optimizer); err != nil {
		return err
	}
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
	c, err := readCheckpoint(filepath.Join(dir, CheckpointDir, LastFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, false, nil
	}
	if err != nil {
		return 0, false, false, err
	}
	return c.state.Epoch, c.state.Finished, true, nil
}
