package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// stateSchema is the version of state's form in a checkpoint.
const stateSchema = 3

// state is all that the loop must know, besides tensors, to go on as if it had
// never stopped.
type state struct {
	Schema       int     `json:"schema"`
	Contract     int     `json:"contract_version"`
	Epoch        int     `json:"epoch"`                // finished epochs
	Step         int     `json:"step"`                 // finished steps of the whole training
	Steps        int     `json:"steps"`                // finished steps of the present epoch
	Examples     int     `json:"examples"`             // seen in the present epoch
	LossSum      float64 `json:"loss_sum"`             // of the present epoch, like the next four
	WeightSum    float64 `json:"weight_sum,omitempty"` // of the examples, where they have weights
	FigureSum    float64 `json:"figure_sum"`           // of the target's figure
	NormSum      float64 `json:"norm_sum"`
	Seconds      float64 `json:"seconds"`
	LearningRate float32 `json:"learning_rate"` // of the last step
	Stopper      stopper `json:"stopper"`
	Finished     bool    `json:"finished"`
	// HistorySHA256 is of the history's lines of the finished epochs, as extend makes it,
	// and BestSHA256 of the file of the best weights. Both are empty in the first epoch.
	HistorySHA256 string `json:"history_sha256"`
	BestSHA256    string `json:"best_sha256"`
}

// add takes a step's result into the epoch's sums.
func (s *state) add(r engine.Result, examples int, rate float32) {
	s.Step++
	s.Steps++
	s.Examples += examples
	s.LossSum += r.LossSum
	s.WeightSum += r.WeightSum
	s.FigureSum += r.FigureSum
	s.NormSum += r.GradientNorm
	s.LearningRate = rate
}

// meanLoss is the mean of the loss over the examples of the present epoch so far, over the
// sum of their weights where they have some.
func (s *state) meanLoss() float64 {
	if s.WeightSum > 0 {
		return s.LossSum / s.WeightSum
	}
	return s.LossSum / float64(s.Examples)
}

// beginEpoch counts the present epoch as done.
func (s *state) beginEpoch(finished bool) {
	*s = state{
		Epoch: s.Epoch + 1, Step: s.Step, LearningRate: s.LearningRate, Stopper: s.Stopper, Finished: finished,
		HistorySHA256: s.HistorySHA256, BestSHA256: s.BestSHA256,
	}
}

// stateKey is the key of the state in a checkpoint's metadata.
const stateKey = "training_state"

// IsCheckpoint says whether a file is a training's checkpoint, and not a network's
// weights.
func IsCheckpoint(file weights.File) bool {
	_, found := file.Metadata[stateKey]
	return found
}

// encode gives the state the form that it has in a checkpoint.
func (s state) encode() (string, error) {
	s.Schema, s.Contract = stateSchema, engine.ContractVersion
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("cannot describe the training's state: %w", err)
	}
	return string(text), nil
}

// ErrOlder says that an older version of the program wrote a checkpoint.
var ErrOlder = errors.New("an older version of the program wrote it: start the run anew, in a new run directory")

// decodeState reads the state of a checkpoint, which must be as it was written.
func decodeState(file weights.File) (state, error) {
	var s state
	text, found := file.Metadata[stateKey]
	if !found {
		return s, fmt.Errorf("it has no %s: it is not a checkpoint", stateKey)
	}
	_, sealed := file.Metadata[digestKey]
	var version struct {
		Schema int `json:"schema"`
	}
	unreadable := json.Unmarshal([]byte(text), &version)
	// The first versions knew no digest, and had no other key beside the state.
	if unreadable == nil && version.Schema < stateSchema && !sealed && len(file.Metadata) == 1 {
		return s, fmt.Errorf("its %s has schema %d, this program reads %d: %w", stateKey, version.Schema, stateSchema, ErrOlder)
	}
	if err := checkDigest(file); err != nil {
		return s, err
	}
	if unreadable == nil && version.Schema != stateSchema {
		return s, fmt.Errorf("its %s has schema %d, this program reads %d: finish the run with the program that began it, or start a new one", stateKey, version.Schema, stateSchema)
	}
	if err := decodeStrictly(text, &s); err != nil {
		return s, fmt.Errorf("its %s cannot be read: %w", stateKey, err)
	}
	if s.Contract != engine.ContractVersion {
		return s, fmt.Errorf("it was written under version %d of the reproducibility contract, this program has %d: "+
			"finish the run with the program that began it, or start a new one", s.Contract, engine.ContractVersion)
	}
	return s, nil
}

// decodeStrictly reads a state and refuses every text but the one that it is written as:
// keys that come twice, are missing, unknown or in other letters.
func decodeStrictly(text string, s *state) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return err
	}
	again, err := json.Marshal(*s)
	if err == nil && string(again) != text {
		err = errors.New("it is not written as this program writes it")
	}
	return err
}

// check compares the position with the run's epochs and batches.
func (s state) check(l *loop) error {
	examples := min(s.Steps*l.BatchSize, len(l.TrainList))
	inEpoch := s.Steps >= 0 && s.Steps <= l.perEpoch && s.Examples == examples
	if !inEpoch || s.Epoch < 0 || s.Epoch > l.Epochs || s.Step != l.rates.beforeEpoch(s.Epoch)+s.Steps {
		return fmt.Errorf("it is at epoch %d, step %d, after %d examples of the next epoch, which does not fit %d epochs of %d examples in batches of %d",
			s.Epoch, s.Step, s.Examples, l.Epochs, len(l.TrainList), l.BatchSize)
	}
	return nil
}

// checkStopping compares the state of early stopping with what the history gives.
func (s state) checkStopping(l *loop, history []metric.Epoch) error {
	var want stopper
	finished := false
	for _, e := range history {
		if finished {
			return fmt.Errorf("its history goes on after epoch %d, with which training ended", e.Epoch-1)
		}
		_, finished = want.next(l.Stopping, e, l.Epochs)
	}
	if s.Stopper != want || s.Finished != finished {
		return fmt.Errorf("its state of early stopping is %+v, finished %t, and the history gives %+v, finished %t", s.Stopper, s.Finished, want, finished)
	}
	return nil
}
