package train

import (
	"encoding/json"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// stateSchema is the version of state's form in a checkpoint.
const stateSchema = 2

// stateForm is of the state in a checkpoint's metadata.
var stateForm = fileio.Form{MaxBytes: 1 << 16, Schemas: fileio.UpTo(stateSchema)}

// state is all that the loop must know, besides tensors, to go on as if it had
// never stopped.
type state struct {
	Schema       int     `json:"schema"`
	Contract     int     `json:"contract_version"`
	Epoch        int     `json:"epoch"`                         // finished epochs
	Step         int     `json:"step"`                          // finished steps of the whole training
	Steps        int     `json:"steps"`                         // finished steps of the present epoch
	Examples     int     `json:"examples"`                      // seen in the present epoch
	LossSum      float64 `json:"loss_sum"`                      // of the present epoch, like the next three
	FigureSum    float64 `json:"figure_sum" schema:"2"`         // of the target's figure
	Correct      int     `json:"correct,omitempty" schema:"-1"` // what schema 1 has instead, which knew classes alone
	NormSum      float64 `json:"norm_sum"`
	Seconds      float64 `json:"seconds"`
	LearningRate float32 `json:"learning_rate"` // of the last step
	Stopper      stopper `json:"stopper"`
	Finished     bool    `json:"finished"`
}

// add takes a step's result into the epoch's sums.
func (s *state) add(r engine.Result, examples int, rate float32) {
	s.Step++
	s.Steps++
	s.Examples += examples
	s.LossSum += r.LossSum
	s.FigureSum += r.FigureSum
	s.NormSum += r.GradientNorm
	s.LearningRate = rate
}

// beginEpoch counts the present epoch as done.
func (s *state) beginEpoch(finished bool) {
	*s = state{
		Epoch: s.Epoch + 1, Step: s.Step, LearningRate: s.LearningRate, Stopper: s.Stopper, Finished: finished,
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

// decodeState reads the state of a checkpoint.
func decodeState(file weights.File) (state, error) {
	var s state
	text, found := file.Metadata[stateKey]
	if !found {
		return s, fmt.Errorf("it has no %s: it is not a checkpoint", stateKey)
	}
	if err := fileio.DecodeJSON([]byte(text), &s, stateForm); err != nil {
		return s, fmt.Errorf("its %s cannot be read: %w", stateKey, err)
	}
	if s.Schema == 1 {
		s.Schema, s.FigureSum, s.Correct = stateSchema, float64(s.Correct), 0
	}
	if s.Schema != stateSchema {
		return s, fmt.Errorf("its %s has schema %d, this program reads %d: finish the run with the program that began it, or start a new one", stateKey, s.Schema, stateSchema)
	}
	if s.Contract != engine.ContractVersion {
		return s, fmt.Errorf("it was written under version %d of the reproducibility contract, this program has %d: "+
			"finish the run with the program that began it, or start a new one", s.Contract, engine.ContractVersion)
	}
	return s, nil
}

// check compares the position with the run's epochs and batches.
func (s state) check(l *loop) error {
	examples := min(s.Steps*l.BatchSize, len(l.TrainList))
	inEpoch := s.Steps >= 0 && s.Steps <= l.perEpoch && s.Examples == examples
	if !inEpoch || s.Epoch < 0 || s.Epoch > l.Epochs || s.Step != s.Epoch*l.perEpoch+s.Steps {
		return fmt.Errorf("it is at epoch %d, step %d, after %d examples of the next epoch, which does not fit %d epochs of %d examples in batches of %d",
			s.Epoch, s.Step, s.Examples, l.Epochs, len(l.TrainList), l.BatchSize)
	}
	return nil
}
