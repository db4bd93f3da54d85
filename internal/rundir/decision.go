package rundir

import (
	"fmt"
	"path"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/track"
)

// A run on clips has a second network, which decides what a track shows by windows of it. It
// is trained on what the other folds' networks say of each clip of the training part. All of
// them come after the network by which the run is judged.

// DecisionNetwork is the name of the network that decides on tracks. FeaturesFile, in its
// folder, says how features become its input.
const (
	DecisionNetwork = "decision"
	FeaturesFile    = "features.json"
)

// MaxDecisionFolds bounds the folds.
const MaxDecisionFolds = 100

// FoldNetwork is the name of the network that is trained without fold k, from 1.
func FoldNetwork(k int) string { return fmt.Sprintf("%s/folds/%d", DecisionNetwork, k) }

// FeaturesName is the name of the file of features from the run directory.
func FeaturesName() string { return path.Join(NetworksDir, DecisionNetwork, FeaturesFile) }

// FollowsClips says whether the model is judged on clips in which it finds the target itself:
// where its examples were cut out around targets, and it tells classes apart.
func (i *Identity) FollowsClips() bool {
	t, err := i.target()
	return err == nil && t.Properties().Labelled && slices.ContainsFunc(i.Datasets, func(d DatasetNote) bool {
		return d.Name == "clips" && d.Options["crop"] == "box"
	})
}

// target is what the model is trained for.
func (i *Identity) target() (target.Target, error) {
	m, _, err := model.MakeModel(i.Model.Name, i.Model.Text())
	if err != nil {
		return nil, err
	}
	return target.MakeTarget(model.TargetOf(m))
}

// LaterNetworks are the names of the networks that are trained after the one that is judged,
// in order.
func (i *Identity) LaterNetworks() []string {
	if i.DecisionFolds == 0 {
		return nil
	}
	var names []string
	for k := range i.DecisionFolds {
		names = append(names, FoldNetwork(k+1))
	}
	return append(names, DecisionNetwork)
}

// IsFold says whether a network of that name is that of a fold, which no package has.
func IsFold(network string) bool { return path.Dir(network) == path.Dir(FoldNetwork(1)) }

// Trainings is the record's notes of the networks before the judged one, and of those after
// it.
func (record *Record) Trainings() (first, later []*NetworkNote) {
	names := record.Identity.LaterNetworks()
	for at := range record.Networks {
		if n := &record.Networks[at]; slices.Contains(names, n.Name) {
			later = append(later, n)
		} else {
			first = append(first, n)
		}
	}
	return first, later
}

// DecisionTrained says whether the networks that decide on tracks are trained, if the run has
// any.
func (record *Record) DecisionTrained() bool {
	return len(record.laterNames()) == len(record.Identity.LaterNetworks())
}

// Finished says whether all networks of the run are trained.
func (record *Record) Finished() bool { return record.Training != nil && record.DecisionTrained() }

// laterNames are the names of the networks, among those of the record, that decide on tracks.
func (record *Record) laterNames() []string {
	var names []string
	_, later := record.Trainings()
	for _, n := range later {
		names = append(names, n.Name)
	}
	return names
}

// checkLater refuses networks that decide on tracks in another order than that of training,
// or before the others.
func (record *Record) checkLater() error {
	names, want := record.laterNames(), record.Identity.LaterNetworks()
	if len(names) > 0 && (!slices.Equal(names, want[:len(names)]) || !slices.Equal(names, record.networkNames()[len(record.Networks)-len(names):])) {
		return fmt.Errorf("networks: they end with %q, want %q, in this order and behind all others", names, want)
	}
	return nil
}

func (record *Record) networkNames() []string {
	var names []string
	for _, n := range record.Networks {
		names = append(names, n.Name)
	}
	return names
}

// checkFolds looks at the number of folds of an identity.
func (i *Identity) checkFolds() error {
	if n := i.DecisionFolds; n < 0 || n == 1 || n > MaxDecisionFolds || n > 0 && !i.FollowsClips() {
		return fmt.Errorf("identity.decision_folds: it is %d: want 2 to %d, of a classifier of targets in clips, or none", n, MaxDecisionFolds)
	}
	return nil
}

// decisionModel is the network that decides: fully connected, with 32 hidden units. A change
// is one of the reproducibility contract.
const decisionModel, decisionOptions = "mlp", "hidden=32"

// DecisionModel is that model.
func DecisionModel() (name, options string) { return decisionModel, decisionOptions }

// DecisionInput is the shape of what decides between so many classes: a row of the mean
// logarithms of their probabilities and of the features of the track.
func DecisionInput(classes int) nn.Shape {
	return nn.Shape{H: 1, W: classes + track.FeatureCount, C: 1}
}

// BuildDecision builds the network that decides on tracks between classes.
func BuildDecision(classes int) (Built, error) {
	m, _, err := model.MakeModel(decisionModel, decisionOptions)
	if err != nil {
		return Built{}, err
	}
	built, err := Build(m, DecisionInput(classes), classes)
	if err != nil {
		return Built{}, err
	}
	built[0].Name, built[0].Derived = DecisionNetwork, true
	return built[0], nil
}

// restoreDecision reads the network that decides, below the run or package in dir; nil where
// there is none.
func (record *Record) restoreDecision(dir string) (*Trained, error) {
	_, later := record.Trainings()
	switch {
	case record.Identity.DecisionFolds == 0:
		return nil, nil
	case !record.DecisionTrained():
		return nil, config.Usagef("%s has no network that decides on tracks: its training has not come to its end; continue it with blocktrain run --run DIR --resume", RecordFile)
	}
	built, err := BuildDecision(len(record.Identity.Classes))
	if err != nil {
		return nil, err
	}
	folder := At(dir).Network(DecisionNetwork).Path
	file, err := weightsOf(folder)
	if err != nil {
		return nil, fmt.Errorf("%s has no weights, but its training is finished: %s", folder, RestoreOrRepeat)
	}
	return readTrained(built, file, &later[len(later)-1].TrainingNote, record.Identity.Classes)
}

// Exported are the networks that a package holds: all that are needed to use the model.
func (t *Trained) Exported() []*Trained {
	all := t.All()
	if t.Decision != nil {
		all = append(all, t.Decision)
	}
	return all
}

// ClipsFile is the file, from the run directory, of what the model says of the clips of a
// part.
func ClipsFile(part dataset.Part) string {
	return path.Join(EvaluationDir, "clips-"+part.String()+".json")
}
