package rundir

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
)

// check compares what a record says with itself: counts with the lists that they count,
// and words with those that there are. Errors begin with the key.
func (record *Record) check() error {
	if err := errors.Join(record.Identity.check(), record.checkTrainings(), record.checkDecision()); err != nil {
		return err
	}
	if record.Weights != "best" && record.Weights != "ema" {
		return fmt.Errorf("weights: it is %q, want best or ema", record.Weights)
	}
	for _, name := range record.FileNames() {
		if !layout.IsRecordedName(name) {
			return fmt.Errorf("files: %q is no name of a file in the run directory", name)
		}
	}
	return nil
}

func (i *Identity) check() error {
	if len(i.Datasets) == 0 {
		return errors.New("identity.datasets: there is none")
	}
	for at, d := range i.Datasets {
		if d.As != "" && config.IsModuleName(d.As) != nil {
			return fmt.Errorf("identity.datasets[%d].as: it is %.40q, want small letters and digits", at, d.As)
		}
		if slices.ContainsFunc(i.Datasets[:at], func(other DatasetNote) bool { return other.Title() == d.Title() }) {
			return fmt.Errorf("identity.datasets[%d].as: another dataset is called %s", at, d.Title())
		}
		if d.Examples < 0 || d.Examples > maxExamples {
			return fmt.Errorf("identity.datasets[%d].examples: it is %d, which cannot be", at, d.Examples)
		}
		if err := checkClips(d.Clips); err != nil {
			return fmt.Errorf("identity.datasets[%d].%w", at, err)
		}
		if _, err := dataset.ParseOfficial(d.Official); err != nil {
			return fmt.Errorf("identity.datasets[%d].official_parts: %w", at, err)
		}
	}
	examples := i.Examples()
	if s := i.Split; min(s.Train, s.Validation, s.Test) < 1 || max(s.Train, s.Validation, s.Test) > examples || s.Train+s.Validation+s.Test > examples {
		return fmt.Errorf("identity.split: the parts have %d, %d and %d examples, want at least 1 each, and no more than the %d of the datasets", s.Train, s.Validation, s.Test, examples)
	}
	sorted := slices.Sorted(slices.Values(i.Classes))
	if len(sorted) == 0 || len(slices.Compact(sorted)) != len(i.Classes) {
		return errors.New("identity.classes: there are none, or two of one name")
	}
	if err := errors.Join(i.checkContract(), i.checkFolds(), i.Sensor.Check()); err != nil {
		return err
	}
	if err := i.Input.Validate(); err != nil {
		return fmt.Errorf("identity.input: %w", err)
	}
	if i.TestInput != nil {
		if err := i.TestInput.Validate(); err != nil {
			return fmt.Errorf("identity.test_input: %w", err)
		}
	}
	return nil
}

// namedFrom is the version of the contract from which identities name how files are decoded
// and images resized. Before, there was one way.
const namedFrom = 3

// checkContract refuses an identity that names what its version of the contract does not
// have, or leaves out what it has.
func (i *Identity) checkContract() error {
	inputs := []imaging.Rule{i.Input, i.ServedInput()}
	for _, r := range inputs {
		names := i.Decoder != "" && r.Filter != "" && r.Alpha != ""
		namesNone := i.Decoder == "" && r.Filter == "" && r.Alpha == "" && r.CropFraction == 0
		switch {
		case i.ContractVersion >= namedFrom && !names:
			return fmt.Errorf("identity: decoder, filter or alpha is missing, which version %d of the contract names", i.ContractVersion)
		case i.ContractVersion < namedFrom && !namesNone:
			return fmt.Errorf("identity: it names decoder, filter, crop fraction or alpha, which version %d of the contract does not have", i.ContractVersion)
		}
	}
	return nil
}

// maxExamples is more than any dataset has, and can be added up.
const maxExamples = 1 << 32

// networkName is what the networks of a model are called.
var networkName = regexp.MustCompile(`^[a-z0-9]+$`)

// checkTrainings looks at how the networks' training ended, and at their names, which are
// those of folders.
func (record *Record) checkTrainings() error {
	for at, n := range record.Networks {
		same := func(other NetworkNote) bool { return other.Name == n.Name }
		switch {
		case !networkName.MatchString(n.Name) && !slices.Contains(layout.LaterNetworks(record.Identity.DecisionFolds), n.Name):
			return fmt.Errorf("networks[%d].name: it is %q, want small letters and digits", at, n.Name)
		case slices.ContainsFunc(record.Networks[:at], same):
			return fmt.Errorf("networks[%d].name: another network is called %q", at, n.Name)
		}
		if err := n.check(); err != nil {
			return fmt.Errorf("networks[%d].%w", at, err)
		}
	}
	if err := record.checkLater(); err != nil || record.Training == nil {
		return err
	}
	if err := record.Training.check(); err != nil {
		return fmt.Errorf("training.%w", err)
	}
	return nil
}

func (t *TrainingNote) check() error {
	if t.BestEpoch < 1 || t.BestEpoch > t.Epochs {
		return fmt.Errorf("best_epoch: it is %d, of %d epochs", t.BestEpoch, t.Epochs)
	}
	return nil
}

func (record *Record) checkDecision() error {
	switch d := record.Decision; {
	case !slices.Contains([]string{"", "approved", "refused", "forced"}, d):
		return fmt.Errorf("decision: it is %.40q, want approved, refused or forced", d)
	case (d == "forced") != (record.ForceReason != ""):
		return errors.New("force_reason: want one where the decision is forced, and nowhere else")
	case record.Schema > 1 && (d == "") != (record.Decided == nil):
		return errors.New("decided: want a time where there is a decision, and nowhere else")
	}
	return nil
}

// Examples is how many the datasets of a run have together.
func (i *Identity) Examples() int {
	examples := 0
	for _, d := range i.Datasets {
		examples += d.Examples
	}
	return examples
}

// Of is the number of examples of a part.
func (s SplitNote) Of(part dataset.Part) int {
	switch part {
	case dataset.PartTrain:
		return s.Train
	case dataset.PartValidation:
		return s.Validation
	case dataset.PartTest:
		return s.Test
	}
	return 0
}

// checkSplit compares a split list with the number of examples, and with the parts' sizes.
func (record *Record) checkSplit(split *dataset.Split) error {
	for _, part := range dataset.Parts() {
		if recorded, found := record.Identity.Split.Of(part), len(split.Indexes(part)); recorded != found {
			return fmt.Errorf("the %s list has %d examples, the %s beside it says %d: the file was changed", part, found, RecordFile, recorded)
		}
	}
	return split.CheckWithin(record.Identity.Examples())
}

// Trainings is the record's notes of the networks before the judged one, and of those after
// it.
func (record *Record) Trainings() (first, later []*NetworkNote) {
	names := layout.LaterNetworks(record.Identity.DecisionFolds)
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
	return len(record.laterNames()) == len(layout.LaterNetworks(record.Identity.DecisionFolds))
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
	names, want := record.laterNames(), layout.LaterNetworks(record.Identity.DecisionFolds)
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
	if n := i.DecisionFolds; n < 0 || n == 1 || n > layout.MaxDecisionFolds || n > 0 && !i.FollowsClips() {
		return fmt.Errorf("identity.decision_folds: it is %d: want 2 to %d, of a classifier of targets in clips, or none", n, layout.MaxDecisionFolds)
	}
	return nil
}
