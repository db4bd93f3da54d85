package report

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/preprocess"
)

// Gather collects what the documents say of a run: its record, the network t with
// the weights that are judged, and the results that its directory holds, those of
// stages that have not run left out. Program is the version that writes.
func Gather(d *rundir.Dir, record *rundir.Record, t *rundir.Trained, program string) (*Report, error) {
	size, err := rundir.ModelBytes(record, t)
	if err != nil {
		return nil, err
	}
	identity := &record.Identity
	opencv, err := openCVOf(identity)
	if err != nil {
		return nil, err
	}
	content := &Report{
		Name: record.Name, Version: record.ReleaseVersion, Program: program, About: record.About,
		NoCommit: buildinfo.WithoutCommit(program) || buildinfo.WithoutCommit(record.Execution.Program),
		Classes:  identity.Classes, Input: InputText(identity.ServedInput()), Resize: resizeText(identity.ServedInput()), OpenCV: opencv,
		Model: identity.Model.Name, Parameters: trainableOf(t.Graph), Frozen: frozenOf(record, t.Graph), ModelBytes: *size,
		Configuration: configurationOf(record), Digests: digestsOf(record), Environment: environmentOf(record),
		Started: record.Started.Format("2006-01-02 15:04:05 MST"), Stopped: record.Training.Stopped,
		Divided: SplitWords(record), ByScene: byScene(record), LeftOut: leftOutWords(record), Reproduce: reproduceOf(record),
		ProfileFile: profileFile(record),
	}
	for _, part := range dataset.Parts() {
		content.Parts = append(content.Parts, Part{Name: partText(record, part), Examples: identity.Split.Of(part)})
	}
	for _, d := range identity.Datasets {
		content.Datasets = append(content.Datasets, Dataset{Name: record.DatasetText(&d), Examples: d.Examples, Digest: d.SHA256})
	}
	if err := content.addResults(d); err != nil {
		return nil, err
	}
	if err := content.addDetection(d, record); err != nil {
		return nil, err
	}
	if content.Tracked, err = trackedWords(d, record); err != nil {
		return nil, err
	}
	if n := len(content.History); n != record.Training.Epochs {
		return nil, fmt.Errorf("%s has %d epochs, %s says %d: restore the file", d.File(train.HistoryFile), n, rundir.RecordFile, record.Training.Epochs)
	}
	content.addInitial(record)
	content.addDistance(record)
	content.addPhases(record.Training.BestEpoch, record.Identity.Setting("monitor"))
	if content.Phases.wonByHead() {
		if content.Frozen, err = frozenBelowHead(t.Graph); err != nil {
			return nil, err
		}
	}
	return content, nil
}

// openCVOf says by how much OpenCV's resize differs, of a model whose package has the test
// images that it was measured on.
func openCVOf(identity *rundir.Identity) (string, error) {
	if identity.Decoder == "" {
		return "", nil
	}
	return preprocess.OpenCVWords(identity.ServedInput())
}

// addInitial says with which weights training began, and what that may mean.
func (content *Report) addInitial(record *rundir.Record) {
	i := record.Initial
	if i == nil {
		return
	}
	begun := &Initial{Weights: "the weights in " + i.File, Unknown: i.Unknown || len(i.Datasets) == 0}
	if i.Model != "" {
		begun.Weights = fmt.Sprintf("the weights of %s (%s)", i.Model, i.File)
	}
	for _, d := range i.Datasets {
		begun.Datasets = append(begun.Datasets, Dataset{Name: d.Name, Examples: d.Examples, Digest: d.SHA256})
	}
	begun.addPublished(i.Published, record.Identity.InitSHA256)
	content.Initial = begun
	content.Configuration = append(content.Configuration, Setting{Key: "init-from", Value: i.File})
	content.Digests = append(content.Digests, Setting{Key: "init-from", Value: record.Identity.InitSHA256})
	switch {
	case i.Unseen:
	case begun.TrainedOn != "":
		content.Limits = append(content.Limits, fmt.Sprintf("Training began with %s, which were trained on %s. Whether images of the test part are among those was not looked at; if they are, the results look better than they are.", begun.Weights, begun.TrainedOn))
	default:
		content.Limits = append(content.Limits, fmt.Sprintf("Training began with %s. Whether those were trained on images of the test part cannot be known; if they were, the results look better than they are.", begun.Weights))
	}
}

// addResults reads the run's results; those of stages that have not run are left
// out.
func (content *Report) addResults(d *rundir.Dir) error {
	var errs [8]error
	content.History, errs[0] = metric.ReadHistory(d.File(train.HistoryFile))
	content.Validation, errs[1] = optionalResult(target.ReadResult(d.File(rundir.EvaluationFile(dataset.PartValidation))))
	content.Test, errs[2] = optionalResult(target.ReadResult(d.File(rundir.EvaluationFile(dataset.PartTest))))
	content.Release, errs[3] = optional(criterion.ReadRelease(d.File(rundir.ReleaseFile)))
	content.Figures, errs[4] = d.ReadFigures()
	content.Limits, errs[5] = leaksOf(d)
	content.Controls, errs[6] = optional(metric.ReadControls(d.File(rundir.ControlsFile)))
	content.Sensor, errs[7] = optional(metric.ReadSensorCurve(d.File(layout.SensorFile)))
	return errors.Join(errs[:]...)
}

// profileFile is the name of the file with the run's sensor profile; empty where it has none.
func profileFile(record *rundir.Record) string {
	if record.Files[layout.ProfileFile] == "" {
		return ""
	}
	return layout.ProfileFile
}

// addDetection reads how well targets of clips are found, where the record has that.
func (content *Report) addDetection(d *rundir.Dir, record *rundir.Record) error {
	for _, part := range []dataset.Part{dataset.PartTest, dataset.PartValidation} {
		name := rundir.DetectionFile(part)
		if record.Files[name] == "" {
			continue
		}
		r, err := detection.Read(d.File(name))
		if err != nil {
			return err
		}
		content.Detection = append(content.Detection, r)
	}
	return nil
}

// leaksOf says in words which images the parts have in common.
func leaksOf(d *rundir.Dir) ([]string, error) {
	found, err := dataset.ReadDuplicates(d.File(rundir.DuplicatesFile))
	if err != nil || found.Validation+found.Test == 0 {
		return nil, err
	}
	return []string{fmt.Sprintf("%d images of the test part and %d of the validation part are identical to images of an earlier part (%d of them with another label), which makes results look better than they are; %s lists them.",
		found.Test, found.Validation, found.Conflicting, rundir.DuplicatesFile)}, nil
}

// optionalResult turns the error that a file does not exist into a result that is nil.
func optionalResult(r metric.Result, err error) (metric.Result, error) {
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return r, err
}

// optional turns the error that a file does not exist into a nil result.
func optional[T any](v *T, err error) (*T, error) {
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return v, err
}

// InputText is the input of a network in words: "28x28 pixels, grey".
func InputText(rule imaging.Rule) string {
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
func frozenOf(record *rundir.Record, g *nn.Graph) int {
	var prefixes []string
	if value := record.Identity.Setting("freeze"); value != "" {
		prefixes = strings.Split(value, ",")
	}
	n := 0
	for _, p := range g.Params {
		if p.Trainable && nn.Frozen(prefixes, p.Name) {
			n += p.Elements()
		}
	}
	return n
}

// configurationOf lists all that the identity fixes.
func configurationOf(record *rundir.Record) []Setting {
	i := &record.Identity
	settings := []Setting{
		{Key: "model", Value: i.Model.Words()}, {Key: "loss", Value: i.Loss.Words()}, {Key: "optimizer", Value: i.Optimizer.Words()},
		{Key: "schedule", Value: i.Schedule.Words()}, {Key: "learning-rate", Value: config.Short(float64(i.LearningRate))},
		{Key: "weight-decay", Value: config.Short(float64(i.WeightDecay))}, {Key: "augment", Value: i.Augment},
	}
	for _, d := range i.Datasets {
		settings = append(settings, Setting{Key: "dataset", Value: d.Words()})
	}
	for _, v := range i.Settings {
		settings = append(settings, Setting{Key: v.Name, Value: v.Value})
	}
	return settings
}

func digestsOf(record *rundir.Record) []Setting {
	return []Setting{
		{Key: "identity", Value: record.IdentitySHA256},
		{Key: "dataset", Value: record.Identity.DatasetSHA256},
		{Key: "split", Value: record.Identity.Split.SHA256},
		{Key: "weights (" + record.Weights + ")", Value: record.Training.WeightsSHA256},
	}
}

func environmentOf(record *rundir.Record) []Setting {
	e := &record.Execution
	settings := []Setting{
		{Key: "program", Value: e.Program}, {Key: "go", Value: e.Go}, {Key: "machine", Value: e.Machine},
		{Key: "workers", Value: fmt.Sprint(e.Workers)}, {Key: "simd", Value: e.SIMD},
	}
	for _, decoder := range e.ClipDecoders {
		settings = append(settings, Setting{Key: "clips decoded by", Value: decoder})
	}
	return settings
}

// reproduceOf are the commands that train the same weights again and compare.
func reproduceOf(record *rundir.Record) []string {
	verify := "blocktrain verify " + config.ShellWord(record.PackageName()) + " --data-dir DATA"
	var first []string
	switch i := record.Initial; {
	case record.Identity.InitSHA256 == "":
	case i != nil && i.Published != nil && i.Published.Name != "":
		first = []string{"# the weights that training began with, unless they are kept already", "blocktrain weights get " + config.ShellWord(i.Published.Name)}
	case i != nil && i.Published != nil:
		first = []string{"# the file of the weights that training began with, unless it is kept already", "blocktrain weights import FILE"}
	default:
		verify += " --init-from FILE"
	}
	return append(first,
		"# the unpacked package; or give the run directory; DATA is the folder of the data",
		verify,
		"# the same, keeping what is trained in the new folder again",
		verify+" --keep again",
	)
}

// resizeText says in words how images of another size or colour are brought to the
// input's: "stretched to 28x28, colour turned to grey".
func resizeText(rule imaging.Rule) string {
	size := fmt.Sprintf("%dx%d", rule.Width, rule.Height)
	colour := "colour turned to grey"
	if rule.Colour() {
		colour = "grey shown as colour"
	}
	if rule.Filter != "" { // which models of earlier programs do not name
		size += fmt.Sprintf(" with the filter %s", rule.Filter)
	}
	if rule.Alpha != "" {
		colour += ", " + alphaText(rule.Alpha)
	}
	switch {
	case rule.CropFraction != 0:
		return fmt.Sprintf("resized with the filter %s until the shorter side is 1/%s of the input's, and cut to the middle %dx%d, %s",
			rule.Filter, rule.CropFraction, rule.Width, rule.Height, colour)
	case rule.Mode == imaging.Letterbox:
		return fmt.Sprintf("fitted whole into %s with black bars, %s", size, colour)
	case rule.Mode == imaging.Crop:
		return fmt.Sprintf("cut to the largest centred part of the shape of %s and brought to that size, %s", size, colour)
	}
	return fmt.Sprintf("stretched to %s, %s", size, colour)
}

func alphaText(a imaging.Alpha) string {
	if a == imaging.AlphaDrop {
		return "transparency dropped"
	}
	return "transparency shown over " + string(a)
}
