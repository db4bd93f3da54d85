package metric

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Epoch is one line of history.jsonl: what one pass over the training part came
// to. All but the times is within the reproducibility contract, and is what
// `blocktrain verify` compares.
type Epoch struct {
	Schema             int       `json:"schema"`
	Epoch              int       `json:"epoch"` // from 1
	TrainLoss          float64   `json:"train_loss"`
	TrainAccuracy      float64   `json:"train_accuracy"` // of classes; 0 for other targets
	ValidationLoss     float64   `json:"validation_loss"`
	ValidationAccuracy float64   `json:"validation_accuracy"`
	LearningRate       float64   `json:"learning_rate"` // of the epoch's last step
	GradientNorm       float64   `json:"gradient_norm"` // mean over the epoch's steps, before clipping
	Seconds            float64   `json:"seconds"`
	ImagesPerSecond    float64   `json:"images_per_second"`
	WeightsSHA256      string    `json:"weights_sha256"`
	EMASHA256          string    `json:"ema_sha256,omitempty"` // averaged weights, where they are kept
	OptimizerSHA256    string    `json:"optimizer_sha256,omitempty"`
	Phase              string    `json:"phase,omitempty"` // PhaseHead or PhaseFinetune, where there are phases
	Head               *HeadNote `json:"head,omitempty"`  // of an epoch in which a solver found the last layer

	// Other is the figure of a target other than class. It takes the place of the
	// accuracies, under its own name.
	Other OtherFigure `json:"-"`
}

// OtherFigure is a figure by name with its values on both parts.
type OtherFigure struct {
	Name              string // empty for classes, whose figure is the accuracy
	Train, Validation float64
}

// FigureName is the name of the target's figure: "accuracy" for classes.
func (e *Epoch) FigureName() string {
	if e.Other.Name == "" {
		return Accuracy.Name
	}
	return e.Other.Name
}

// TrainFigure is the target's figure on the training part.
func (e *Epoch) TrainFigure() float64 {
	train, _ := e.figures()
	return *train
}

// ValidationFigure is the target's figure on the validation part.
func (e *Epoch) ValidationFigure() float64 {
	_, validation := e.figures()
	return *validation
}

// SetFigure names the target's figure and sets its values.
func (e *Epoch) SetFigure(name string, train, validation float64) {
	e.Other.Name = name
	if name == Accuracy.Name {
		e.Other.Name = ""
	}
	t, v := e.figures()
	*t, *v = train, validation
}

func (e *Epoch) figures() (train, validation *float64) {
	if e.Other.Name == "" {
		return &e.TrainAccuracy, &e.ValidationAccuracy
	}
	return &e.Other.Train, &e.Other.Validation
}

// plainEpoch is an Epoch with the JSON of a struct.
type plainEpoch Epoch

// MarshalJSON implements json.Marshaler. The keys of the figure are train_<name> and
// validation_<name>, in the same places for every target.
func (e Epoch) MarshalJSON() ([]byte, error) {
	plain := plainEpoch(e)
	plain.TrainAccuracy, plain.ValidationAccuracy = e.TrainFigure(), e.ValidationFigure()
	b, err := json.Marshal(plain)
	if err != nil || e.Other.Name == "" {
		return b, err
	}
	// Values are numbers, and strings in which quotes are escaped: none has a key in it.
	return renameFigure(b, Accuracy.Name, e.Other.Name), nil
}

func renameFigure(b []byte, from, to string) []byte {
	for _, part := range []string{"train_", "validation_"} {
		b = bytes.ReplaceAll(b, fmt.Appendf(nil, "%q:", part+from), fmt.Appendf(nil, "%q:", part+to))
	}
	return b
}

// lineForm is of a line of history.jsonl.
var lineForm = fileio.Form{MaxBytes: 1 << 16, Schemas: []int{Schema}}

// StrictJSON implements fileio.Strict.
func (*Epoch) StrictJSON() {}

// UnmarshalJSON implements json.Unmarshaler. The keys of the figure are read under the
// names of the accuracy.
func (e *Epoch) UnmarshalJSON(b []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return err
	}
	name := figureIn(keys)
	if name != Accuracy.Name {
		for _, part := range []string{"train_", "validation_"} {
			if value, has := keys[part+name]; has {
				delete(keys, part+name)
				keys[part+Accuracy.Name] = value
			}
		}
		var err error
		if b, err = json.Marshal(keys); err != nil {
			return err
		}
	}
	plain := plainEpoch{}
	if err := fileio.DecodeJSON(b, &plain, lineForm); err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "_"+Accuracy.Name+":", "_"+name+":"))
	}
	*e = Epoch(plain)
	if name != Accuracy.Name {
		e.Other = OtherFigure{name, plain.TrainAccuracy, plain.ValidationAccuracy}
		e.TrainAccuracy, e.ValidationAccuracy = 0, 0
	}
	return nil
}

// figureKey is a key of a target's figure.
var figureKey = regexp.MustCompile(`^(?:train|validation)_([a-z][a-z0-9_]*)$`)

// figureIn finds the name of the figure among the keys of a line. Where there are
// several, all but the first are unknown keys.
func figureIn(keys map[string]json.RawMessage) string {
	if _, has := keys["train_"+Accuracy.Name]; has {
		return Accuracy.Name
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if m := figureKey.FindStringSubmatch(key); m != nil && m[1] != "loss" {
			return m[1]
		}
	}
	return Accuracy.Name
}

// epochColumns is the order of the columns of history.csv, which are the keys of a line
// of history.jsonl.
func epochColumns(figure string) []string {
	return []string{
		"epoch", "train_loss", "train_" + figure, "validation_loss", "validation_" + figure,
		"learning_rate", "gradient_norm", "seconds", "images_per_second", "weights_sha256",
		"ema_sha256", "optimizer_sha256",
	}
}

func (e *Epoch) numbers() []float64 {
	return []float64{e.TrainLoss, e.TrainFigure(), e.ValidationLoss, e.ValidationFigure(),
		e.LearningRate, e.GradientNorm, e.Seconds, e.ImagesPerSecond}
}

// check refuses what no training run writes.
func (e *Epoch) check() error {
	if e.Schema != Schema {
		return fmt.Errorf("schema is %d, want %d", e.Schema, Schema)
	}
	if e.Epoch < 1 {
		return fmt.Errorf("epoch is %d, want 1 or more", e.Epoch)
	}
	columns := epochColumns(e.FigureName())
	for i, v := range e.numbers() {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s is %v, want a finite number", columns[1+i], v)
		}
	}
	if err := e.checkFigure(); err != nil {
		return err
	}
	if err := errors.Join(e.checkPhase(), checkDigest("weights_sha256", e.WeightsSHA256)); err != nil {
		return err
	}
	return errors.Join(checkOptionalDigest("ema_sha256", e.EMASHA256), checkOptionalDigest("optimizer_sha256", e.OptimizerSHA256))
}

// checkPhase refuses phases that there are not, and a solver in another one than its own.
func (e *Epoch) checkPhase() error {
	switch {
	case e.Phase != "" && e.Phase != PhaseHead && e.Phase != PhaseFinetune:
		return fmt.Errorf("phase is %q, want %s or %s", e.Phase, PhaseHead, PhaseFinetune)
	case e.Head == nil:
		return nil
	case e.Phase != PhaseHead:
		return fmt.Errorf("it has a head that was solved for in the phase %q, want %s", e.Phase, PhaseHead)
	}
	return e.Head.check()
}

// checkFigure refuses values that a figure cannot have, as far as they are known here,
// and names that are none.
func (e *Epoch) checkFigure() error {
	name := e.FigureName()
	if !figureKey.MatchString("train_"+name) || name == "loss" {
		return fmt.Errorf("the figure is named %q, want small letters, digits and underscores, and not loss", name)
	}
	for _, v := range []float64{e.TrainFigure(), e.ValidationFigure()} {
		switch {
		case name == Accuracy.Name && (v < 0 || v > 1):
			return fmt.Errorf("an accuracy is %v, want 0 to 1", v)
		case name == MeanSquaredError.Name && v < 0:
			return fmt.Errorf("an error is %v, want at least 0", v)
		}
	}
	if e.Other.Name != "" && (e.TrainAccuracy != 0 || e.ValidationAccuracy != 0) {
		return fmt.Errorf("it has both an accuracy and the figure %q", name)
	}
	return nil
}

func parseEpoch(line []byte, want int) (Epoch, error) {
	var e Epoch
	if !bytes.HasSuffix(line, []byte("\n")) {
		return e, errors.New("it is cut short, as by a crash: resuming the run removes it, unless the checkpoint counts it")
	}
	if err := fileio.DecodeJSON(line, &e, lineForm); err != nil {
		return e, fmt.Errorf("not the JSON of an epoch: %w", err)
	}
	if err := e.check(); err != nil {
		return e, err
	}
	if e.Epoch != want {
		return e, fmt.Errorf("it holds epoch %d, want epoch %d", e.Epoch, want)
	}
	return e, nil
}
