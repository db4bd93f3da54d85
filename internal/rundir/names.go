package rundir

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
)

// What a record says, in the words of people.

// PackageName is the name of the package's folder.
func (record *Record) PackageName() string { return record.Name + "-" + record.ReleaseVersion }

// DatasetNames are the names of the run's datasets: their own, or those of their modules.
func (record *Record) DatasetNames() []string {
	var names []string
	for _, d := range record.Identity.Datasets {
		names = append(names, d.Title())
	}
	return names
}

// UsesDatasets says whether the run has the datasets of those modules.
func (record *Record) UsesDatasets(modules []string) bool {
	return slices.EqualFunc(record.Identity.Datasets, modules, func(d DatasetNote, module string) bool { return d.Name == module })
}

// LooksForTargets says whether targets are looked for in the clips of a part: whether it has
// examples that were cut out of clips around boxes.
func (record *Record) LooksForTargets(split *dataset.Split, part dataset.Part) bool {
	first := 0
	for _, d := range record.Identity.Datasets {
		if d.Name == dataset.ClipsName && d.Options["crop"] == "box" {
			ofIt := func(i int) bool { return i >= first && i-first < d.Examples }
			if slices.ContainsFunc(split.Indexes(part), ofIt) {
				return true
			}
		}
		first += d.Examples
	}
	return false
}

// ListDataset is the dataset that is a list.
const ListDataset = "list"

// DatasetText is what a dataset is called for people: one that is whatever its place holds
// by the name of that too, without the path, which says more of a machine than of the data.
func (record *Record) DatasetText(d *DatasetNote) string {
	if d.As != "" {
		return fmt.Sprintf("%s (%s)", d.As, d.Name)
	}
	then := DataDirs(record.recordedDirs())
	if place := dataset.PlaceName(then.Of(d.Name)); place != "" && dataset.ByPlace(d.Name) {
		return fmt.Sprintf("%s (%s)", place, d.Name)
	}
	return d.Name
}

// Words is a module with its options for people.
func (n ModuleNote) Words() string {
	text := n.Name
	for _, name := range slices.Sorted(maps.Keys(n.Options)) {
		text += fmt.Sprintf(" %s=%s", name, n.Options[name])
	}
	return text
}

// LearntFrom lists the datasets that set the weights of a model; unknown says whether
// there may be others.
func (record *Record) LearntFrom() (all []notes.Dataset, unknown bool) {
	for _, d := range record.Identity.Datasets {
		all = append(all, notes.Dataset{Name: record.DatasetText(&d), SHA256: d.SHA256, Examples: d.Examples})
	}
	before := record.Initial
	if before == nil {
		return all, record.Identity.InitSHA256 != ""
	}
	for _, d := range before.Datasets {
		if !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all, before.Unknown || len(before.Datasets) == 0 // which older records lack
}

// DigestIn is the digest, in a line of the history, of the weights that the run
// evaluates.
func (record *Record) DigestIn(e metric.Epoch) string {
	if record.Weights == "ema" {
		return e.EMASHA256
	}
	return e.WeightsSHA256
}

// Setting is the value of a setting of the identity that has no field of its own.
func (i *Identity) Setting(name string) string {
	for _, v := range i.Settings {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// ReadSplit reads the split list of a run or package, which must be the one that
// its record names.
func (record *Record) ReadSplit(path string) (*dataset.Split, error) {
	split, err := dataset.ReadSplit(path)
	if err != nil {
		return nil, err
	}
	if split.Digest() != record.Identity.Split.SHA256 {
		return nil, fmt.Errorf("%s has SHA-256 %s, the %s beside it names a list with %s: the file was changed", path, split.Digest(), RecordFile, record.Identity.Split.SHA256)
	}
	if err := record.checkSplit(split); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return split, nil
}

// CheckRelease reports a decision that is not the one that was recorded.
func (record *Record) CheckRelease(release *criterion.Release) error {
	switch {
	case record.Training == nil || release.Weights.SHA256 != record.Training.WeightsSHA256:
		return fmt.Errorf("is of other weights than those of %s", RecordFile)
	case release.Decision() != record.Decision:
		return fmt.Errorf("says %s, but %s says %q", release.Decision(), RecordFile, record.Decision)
	case release.EvaluationSHA256 != record.Files[EvaluationFile(dataset.PartTest)]:
		return errors.New("is on another evaluation than the last")
	case release.Schema > 1 && release.AgreementSHA256 != record.Files[AgreementFile]:
		return fmt.Errorf("is on another %s than the last", AgreementFile)
	}
	return record.CheckTaken(release)
}

// CheckTaken reports a decision that was taken at another time, or by somebody else, than
// was recorded.
func (record *Record) CheckTaken(release *criterion.Release) error {
	if !sameTime(release.Decided, record.Decided) || release.DecidedBy != record.DecidedBy {
		return fmt.Errorf("was taken at another time, or by somebody else, than %s says", RecordFile)
	}
	return nil
}

// sameTime compares times of which either may be missing.
func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// Resume takes over what an earlier record of the same run says besides what was
// asked for. How a finished training was done stays as it was.
func (record *Record) Resume(then *Record) {
	record.Name, record.ReleaseVersion, record.About = then.Name, then.ReleaseVersion, then.About
	record.Started, record.Training, record.Files, record.Package = then.Started, then.Training, then.Files, then.Package
	record.Networks = then.Networks
	record.Initial = then.Initial
	record.Decision, record.ForceReason = then.Decision, then.ForceReason
	record.Decided, record.DecidedBy = then.Decided, then.DecidedBy
	if then.Training != nil {
		record.Execution = then.Execution
	}
}

// WarnOfDecoder warns where the model was trained on images that were decoded by other rules than
// this program's, for whoever decodes images for it.
func (record *Record) WarnOfDecoder(log *logging.Log) {
	if then := record.Identity.Decoder; then != imaging.DecoderRules {
		log.Warn("the model was trained on images that were decoded by other rules, so that it may be given other pixels here",
			"trained_with", cmp.Or(then, fmt.Sprintf("version %d of the contract", record.Identity.ContractVersion)), "here", imaging.DecoderRules)
	}
}
