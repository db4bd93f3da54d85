package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/report"
	"github.com/blocktrain/blocktrain/internal/train"
)

// reportStage writes the model card and the report from what the run directory
// holds.
func (r *session) reportStage(context.Context) error {
	t, err := loadTrained(r.dir, r.record)
	if err != nil {
		return err
	}
	content, err := r.report(t, buildinfo.Program())
	if err != nil {
		return err
	}
	card, err := report.ModelCard(content, plotsDir)
	if err != nil {
		return err
	}
	if err := fileio.WriteBytes(r.dir.file(cardFile), card); err != nil {
		return err
	}
	page, err := report.HTML(content)
	if err != nil {
		return err
	}
	if err := fileio.WriteBytes(r.dir.file(reportFile), page); err != nil {
		return err
	}
	r.env.Log.Info("report written", "file", r.dir.file(reportFile))
	return nil
}

// report gathers what the documents say of the run, for the given version of the
// program.
func (r *session) report(t *trained, program string) (*report.Report, error) {
	size, err := modelBytes(r.record, t)
	if err != nil {
		return nil, err
	}
	record, identity := r.record, &r.record.Identity
	content := &report.Report{
		Name: record.Name, Version: record.ReleaseVersion, Program: program,
		Classes: identity.Classes, Input: inputText(identity.Input), Resize: resizeText(identity.Input),
		Model: identity.Model.Name, Parameters: trainableOf(t.graph), Frozen: record.frozenOf(t.graph), ModelBytes: *size,
		Configuration: record.configuration(), Digests: record.digests(), Environment: record.environment(),
		Started: record.Started.Format("2006-01-02 15:04:05 MST"), Stopped: record.Training.Stopped,
		Parts: []report.Part{
			{Name: "training", Examples: identity.Split.Train}, {Name: "validation", Examples: identity.Split.Validation}, {Name: "test", Examples: identity.Split.Test},
		},
		Reproduce: record.reproduce(),
	}
	for _, d := range identity.Datasets {
		content.Datasets = append(content.Datasets, report.Dataset{Name: record.datasetText(d.Name), Examples: d.Examples, Digest: d.SHA256})
	}
	if err := r.addResults(content); err != nil {
		return nil, err
	}
	record.addInitial(content)
	return content, nil
}

// addInitial says with which weights training began, and what that may mean.
func (record *Record) addInitial(content *report.Report) {
	i := record.Initial
	if i == nil {
		return
	}
	begun := &report.Initial{Weights: "the weights in " + i.File, Unknown: i.Unknown || len(i.Datasets) == 0}
	if i.Model != "" {
		begun.Weights = fmt.Sprintf("the weights of %s (%s)", i.Model, i.File)
	}
	for _, d := range i.Datasets {
		begun.Datasets = append(begun.Datasets, report.Dataset{Name: d.Name, Examples: d.Examples, Digest: d.SHA256})
	}
	content.Initial = begun
	content.Configuration = append(content.Configuration, report.Setting{Key: "init-from", Value: i.File})
	content.Digests = append(content.Digests, report.Setting{Key: "init-from", Value: record.Identity.InitSHA256})
	if !i.Unseen {
		content.Limits = append(content.Limits, fmt.Sprintf("Training began with %s. Whether those were trained on images of the test part cannot be known; if they were, the results look better than they are.", begun.Weights))
	}
}

// addResults reads the run's results; those of stages that have not run are left
// out.
func (r *session) addResults(content *report.Report) error {
	var errs [6]error
	content.History, errs[0] = metric.ReadHistory(r.dir.file(train.HistoryFile))
	content.Validation, errs[1] = optional(metric.ReadEvaluation(r.dir.file(evaluationDir, "validation.json")))
	content.Test, errs[2] = optional(metric.ReadEvaluation(r.dir.file(evaluationDir, testFile)))
	content.Release, errs[3] = optional(criterion.ReadRelease(r.dir.file(releaseFile)))
	content.Figures, errs[4] = r.dir.readFigures()
	content.Limits, errs[5] = r.dir.leaks()
	return errors.Join(errs[:]...)
}

// leaks says in words which images the parts have in common.
func (d *runDir) leaks() ([]string, error) {
	var found dataset.Duplicates
	if err := fileio.ReadJSON(d.file(duplicatesFile), &found); err != nil || found.Validation+found.Test == 0 {
		return nil, err
	}
	return []string{fmt.Sprintf("%d images of the test part and %d of the validation part are identical to images of an earlier part (%d of them with another label), which makes results look better than they are; %s lists them.",
		found.Test, found.Validation, found.Conflicting, duplicatesFile)}, nil
}

// optional turns the error that a file does not exist into a nil result.
func optional[T any](v *T, err error) (*T, error) {
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return v, err
}

func (record *Record) datasetNames() []string {
	var names []string
	for _, d := range record.Identity.Datasets {
		names = append(names, d.Name)
	}
	return names
}

// datasetText is what a dataset is called for people: a folder by its own name
// too, without the path, which says more of a machine than of the data.
func (record *Record) datasetText(name string) string {
	if name != folderDataset {
		return name
	}
	then := Settings{DataDirs: strings.Split(record.recorded("data-dir"), ",")}
	switch base := filepath.Base(then.DataDir(name)); base {
	case ".", "..", string(filepath.Separator):
		return name
	default:
		return fmt.Sprintf("%s (%s)", base, name)
	}
}

func inputText(rule imaging.Rule) string {
	return fmt.Sprintf("%dx%d pixels, %s", rule.Width, rule.Height, rule.ChannelText())
}

func trainableOf(g *nn.Graph) int {
	n := 0
	for _, p := range g.Params {
		if p.Trainable {
			n += p.Elements()
		}
	}
	return n
}

// frozenOf counts the trainable numbers that did not change in training.
func (record *Record) frozenOf(g *nn.Graph) int {
	var prefixes []string
	for _, v := range record.Identity.Settings {
		if v.Name == "freeze" && v.Value != "" {
			prefixes = strings.Split(v.Value, ",")
		}
	}
	n := 0
	for _, p := range g.Params {
		if p.Trainable && nn.Frozen(prefixes, p.Name) {
			n += p.Elements()
		}
	}
	return n
}

// configuration lists all that the identity fixes.
func (record *Record) configuration() []report.Setting {
	i := &record.Identity
	settings := []report.Setting{
		{Key: "model", Value: i.Model.words()}, {Key: "loss", Value: i.Loss.words()}, {Key: "optimizer", Value: i.Optimizer.words()},
		{Key: "schedule", Value: i.Schedule.words()}, {Key: "learning-rate", Value: short(float64(i.LearningRate))},
		{Key: "weight-decay", Value: short(float64(i.WeightDecay))}, {Key: "augment", Value: i.Augment},
	}
	for _, d := range i.Datasets {
		settings = append(settings, report.Setting{Key: "dataset", Value: d.words()})
	}
	for _, v := range i.Settings {
		settings = append(settings, report.Setting{Key: v.Name, Value: v.Value})
	}
	return settings
}

// words is a module with its options for people.
func (n ModuleNote) words() string {
	text := n.Name
	for _, name := range slices.Sorted(maps.Keys(n.Options)) {
		text += fmt.Sprintf(" %s=%s", name, n.Options[name])
	}
	return text
}

func (record *Record) digests() []report.Setting {
	return []report.Setting{
		{Key: "identity", Value: record.IdentitySHA256},
		{Key: "dataset", Value: record.Identity.DatasetSHA256},
		{Key: "split", Value: record.Identity.Split.SHA256},
		{Key: "weights (" + record.Weights + ")", Value: record.Training.WeightsSHA256},
	}
}

func (record *Record) environment() []report.Setting {
	e := &record.Execution
	return []report.Setting{
		{Key: "program", Value: e.Program}, {Key: "go", Value: e.Go}, {Key: "machine", Value: e.Machine},
		{Key: "workers", Value: fmt.Sprint(e.Workers)}, {Key: "simd", Value: e.SIMD},
	}
}

// reproduce are the commands that train the same weights again and compare.
func (record *Record) reproduce() []string {
	verify := "blocktrain verify " + shellWord(record.packageName()) + " --data-dir DATA"
	if record.Identity.InitSHA256 != "" {
		verify += " --init-from FILE"
	}
	return []string{
		"# the unpacked package, or the run directory; DATA is the folder of the data",
		verify,
		"# the same, keeping what is trained in the new folder again",
		verify + " --keep again",
	}
}

// resizeText says in words how images of another size or colour are brought to the
// input's: "stretched to 28x28, colour turned to grey".
func resizeText(rule imaging.Rule) string {
	size := fmt.Sprintf("%dx%d", rule.Width, rule.Height)
	colour := "colour turned to grey"
	if rule.Colour() {
		colour = "grey shown as colour"
	}
	switch rule.Mode {
	case imaging.Letterbox:
		return fmt.Sprintf("fitted whole into %s with black bars, %s", size, colour)
	case imaging.Crop:
		return fmt.Sprintf("cut to the largest centred part of the shape of %s and brought to that size, %s", size, colour)
	}
	return fmt.Sprintf("stretched to %s, %s", size, colour)
}
