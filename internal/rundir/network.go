package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// declare builds the graphs of the networks that a record describes, which takes no
// memory for their values.
func (record *Record) declare() (model.Model, []Built, error) {
	i := &record.Identity
	input := i.ServedInput()
	if err := input.Validate(); err != nil {
		return nil, nil, fmt.Errorf("the recorded model cannot be built by this program: %w", err)
	}
	m, _, err := model.MakeModel(i.Model.Name, i.Model.Text())
	if err != nil {
		return nil, nil, fmt.Errorf("the recorded model cannot be built by this program: %w", err)
	}
	built, err := Build(m, ShapeOf(input), len(i.Classes))
	if err != nil {
		return nil, nil, fmt.Errorf("the recorded model cannot be built by this program: %w", err)
	}
	return m, built, nil
}

// restore rebuilds the network of a run or package from its record alone and
// gives it the weights in the file at path. Those of networks before it are in their
// folders below the run or package in dir. Nothing is allocated for a network whose
// parameters are not those in the file, or whose largest layer takes more than maxLayer
// bytes for one image; 0 is no limit.
func (record *Record) restore(dir, path string, maxLayer int) (*Trained, error) {
	m, built, err := record.declare()
	if err != nil {
		return nil, err
	}
	if err := record.checkNetworks(built); err != nil {
		return nil, err
	}
	var all []*Trained
	for at, b := range built {
		if need := b.Graph.LayerBytes(); maxLayer > 0 && need > maxLayer {
			return nil, fmt.Errorf("%s: images of %v take %d MB in the largest layer of model %s: at most %d MB, a sixteenth of --max-package-mb, are allowed",
				RecordFile, b.Graph.Input().Shape, need/megabyte, record.Identity.Model.Name, maxLayer/megabyte)
		}
		file, note := path, record.Training
		if at < len(built)-1 {
			folder := filepath.Join(dir, NetworksDir, b.Name)
			if file, err = weightsOf(folder); err != nil {
				return nil, fmt.Errorf("%s has no weights, but its training is finished: %s", folder, RestoreOrRepeat)
			}
			note = &record.Networks[at].TrainingNote
		}
		t, err := readTrained(b, file, note, record.Identity.Classes)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	last := Chain(m, all)
	if record.Training != nil { // else another file of weights is tried, or an unfinished run
		last.Decision, err = record.restoreDecision(dir)
	}
	return last, err
}

// readTrained is a network with the weights in a file, which must be those of the
// training unless note is nil.
func readTrained(b Built, path string, note *TrainingNote, classes []string) (*Trained, error) {
	metadata, err := weights.ReadMetadata(path)
	if err != nil {
		return nil, err
	}
	if err := checkMetadata(path, metadata, note); err != nil {
		return nil, err
	}
	params, err := b.Graph.ReadParameters(path)
	if err != nil {
		return nil, err
	}
	if err := checkDigest(params, path, note); err != nil {
		return nil, err
	}
	return NewTrained(b, params, classes)
}

// checkDigest refuses weights, read from the file at path, that are not those of the
// training.
func checkDigest(params *nn.Parameters, path string, note *TrainingNote) error {
	if note == nil {
		return nil
	}
	if digest := params.Digest(); digest != note.WeightsSHA256 {
		return fmt.Errorf("%s: the weights' digest is %s, %s has %s: the file was changed; restore it from a copy, or train again in a new run directory", path, digest, RecordFile, note.WeightsSHA256)
	}
	return nil
}

// checkMetadata refuses the best weights of a training, not those of a package, that say
// they are of another epoch.
func checkMetadata(path string, metadata map[string]string, note *TrainingNote) error {
	if filepath.Base(path) != train.BestFile || note == nil || maps.Equal(metadata, map[string]string{"epoch": strconv.Itoa(note.BestEpoch)}) {
		return nil
	}
	return fmt.Errorf("%s: the file says of itself %q, and %s has epoch %d: the file was changed; restore it from a copy, or train again in a new run directory", path, metadata, RecordFile, note.BestEpoch)
}

// checkNetworks refuses a record whose networks are not those of its model.
func (record *Record) checkNetworks(built []Built) error {
	var want, found []string
	for _, b := range built[:len(built)-1] {
		want = append(want, b.Name)
	}
	first, _ := record.Trainings()
	for _, n := range first {
		found = append(found, n.Name)
	}
	if !slices.Equal(want, found) {
		return fmt.Errorf("%s has trained networks %q, model %s has %q before its last: it was changed, or training has not come to its end",
			RecordFile, found, record.Identity.Model.Name, want)
	}
	return nil
}

// Load gives the network the weights in a file, which must be those of the training.
func (t *Trained) Load(path string, note *TrainingNote) error {
	file, err := weights.ReadFile(path)
	if err != nil {
		return err
	}
	if err := t.Params.Load(file.Tensors); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := checkMetadata(path, file.Metadata, note); err != nil {
		return err
	}
	return checkDigest(t.Params, path, note)
}

// weightsOf is the file of the weights of a package or of a run.
func weightsOf(path string) (string, error) {
	for _, file := range []string{filepath.Join(path, exporter.WeightsFile), filepath.Join(path, train.CheckpointDir, train.BestFile)} {
		if fileio.Exists(file) {
			return file, nil
		}
	}
	if record, err := ReadRecord(filepath.Join(path, RecordFile)); err == nil && record.Training != nil {
		return "", withoutWeights(path)
	}
	return "", config.Usagef("%s has no weights: want a file of weights, a package, or a run whose training has finished an epoch", path)
}

// Artifact is the network with all that its users must know. Networks before the last
// have its name and their own.
func (record *Record) Artifact(t *Trained) exporter.Artifact {
	name, rule := record.Name, record.Identity.ServedInput()
	if t.Name != "" {
		name += "-" + t.Name
	}
	if in := t.Graph.Input().Shape; t.Derived {
		rule = imaging.InputRule(in.W, in.H, in.C)
	}
	return exporter.Artifact{
		Name: name, Version: record.ReleaseVersion, ProgramVersion: buildinfo.Program(),
		Target: t.Target.Properties().Name, Graph: t.Graph, Parameters: t.Params, Labels: t.Labels(record.Identity.Classes), Rule: rule,
		Metadata: map[string]string{"identity_sha256": record.IdentitySHA256}, ForceReason: record.ForceReason, Memo: &t.memo,
	}
}

// ModelBytes is the size of model.onnx, of all networks together, before anybody has
// judged the model.
func ModelBytes(record *Record, last *Trained) (*int64, error) {
	return ModelBytesBy(record, last, buildinfo.Program())
}

// ModelBytesBy is ModelBytes of the model as the given version of the program writes it,
// whose name is in the file.
func ModelBytesBy(record *Record, last *Trained, program string) (*int64, error) {
	size := int64(0)
	for _, t := range last.Exported() {
		a := record.Artifact(t)
		a.ForceReason, a.ProgramVersion = "", program // the reason is of an earlier decision
		model, err := exporter.EncodeONNX(a, 0)
		if err != nil {
			return nil, err
		}
		size += int64(len(model))
	}
	return &size, nil
}

// Trained is a network with its weights and what it was trained for.
type Trained struct {
	Name   string    // among several networks; empty for the last, by which a run is judged
	Graph  *nn.Graph // with its outputs, under the names by which they are served
	Params *nn.Parameters
	Target target.Target
	Task   target.Task
	// Derived says that it sees images that another network made, and not those of the data.
	Derived bool

	First []*Trained                                           // the networks whose outputs it depends on, in order; mostly none
	Next  func(k int, dst, image []uint8, outputs [][]float32) // model.Sequence.Next; nil where First is empty

	Decision *Trained // the network that decides on tracks; nil where there is none

	memo exporter.Memo // the network as it was last exported
}

// All are the networks that the network is the last of, in order.
func (t *Trained) All() []*Trained { return append(slices.Clone(t.First), t) }

// Images is the shape of the images that the network, or the first of those before it,
// sees.
func (t *Trained) Images() nn.Shape {
	if len(t.First) > 0 {
		return t.First[0].Graph.Input().Shape
	}
	return t.Graph.Input().Shape
}

// Built is a network as its model builds it.
type Built struct {
	Name    string // as that of Trained
	Graph   *nn.Graph
	Target  target.Target
	Derived bool // as that of Trained
}

// Build makes the networks of a model for images of a shape and so many classes, in the
// order in which they are trained.
func Build(m model.Model, images nn.Shape, classes int) ([]Built, error) {
	models, input := []model.Network{{Model: m}}, func(_ int, same nn.Shape) nn.Shape { return same }
	if s, is := m.(model.Sequence); is {
		models, input = append(slices.Clone(s.First()), models...), s.InputOf
	}
	var built []Built
	for k, n := range models {
		if k < len(models)-1 && !networkName.MatchString(n.Name) {
			return nil, fmt.Errorf("network %d is called %q: want small letters and digits", k, n.Name)
		}
		if slices.ContainsFunc(built, func(b Built) bool { return b.Name == n.Name }) {
			return nil, fmt.Errorf("network %d is called %q as one before it", k, n.Name)
		}
		t, err := target.MakeTarget(model.TargetOf(n.Model))
		if err != nil {
			return nil, err
		}
		in := images
		if k > 0 {
			in = input(k, images)
			if err := imaging.InputRule(in.W, in.H, in.C).Validate(); err != nil {
				return nil, fmt.Errorf("network %d: %w", k, err)
			}
		}
		g, err := n.Model.Build(in, classes)
		if err != nil {
			return nil, err
		}
		built = append(built, Built{n.Name, g, t, k > 0})
	}
	return built, nil
}

// NewTrained is a network with its parameters for the classes of a dataset. A graph whose
// output is not the target's is refused.
func NewTrained(b Built, p *nn.Parameters, classes []string) (*Trained, error) {
	task, err := b.Target.Task(b.Graph.Input().Shape, classes)
	if err != nil {
		return nil, err
	}
	if err := task.Check(b.Graph); err != nil {
		return nil, err
	}
	return &Trained{Name: b.Name, Graph: task.Served(b.Graph), Params: p, Target: b.Target, Task: task, Derived: b.Derived}, nil
}

// Chain is the last of the networks of a model, which were trained in this order, after
// those before it.
func Chain(m model.Model, all []*Trained) *Trained {
	first, last := all[:len(all)-1], *all[len(all)-1]
	if s, is := m.(model.Sequence); is && len(first) > 0 {
		last.First, last.Next = slices.Clone(first), s.Next
	}
	return &last
}

// Labels are those of the classes that belong to the outputs; nil where they are not
// of classes.
func (t *Trained) Labels(classes []string) []string {
	if t.Target.Properties().Labelled {
		return classes
	}
	return nil
}

// RestoreOrRepeat is what to do where a file of a finished training is lost.
const RestoreOrRepeat = "restore the file from a copy, or train in a new run directory, which gives the same bits"

// LoadTrained reads the weights that the run's training left.
func LoadTrained(dir *Dir, record *Record) (*Trained, error) {
	if err := record.CheckTrained(dir); err != nil {
		return nil, err
	}
	t, err := record.restore(dir.Path, dir.BestWeights(), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withoutWeights(dir.Path)
	}
	return t, err
}

// withoutWeights is the error of a run whose weights were lost.
func withoutWeights(dir string) error {
	return fmt.Errorf("%s has no %s, but its training is finished: %s", dir, path.Join(train.CheckpointDir, train.BestFile), RestoreOrRepeat)
}

// CheckTrained refuses a run whose training has not come to its end.
func (record *Record) CheckTrained(dir *Dir) error {
	if !record.Finished() {
		return config.Usagef("%s has not been trained to its end: continue it with blocktrain run --run %s --resume", dir.Path, config.ShellWord(dir.Path))
	}
	return nil
}

// ShapeOf is the shape of what a rule makes of an image.
func ShapeOf(rule imaging.Rule) nn.Shape {
	return nn.Shape{H: rule.Height, W: rule.Width, C: rule.Channels}
}

// BuildDecision builds the network that decides on tracks between classes.
func BuildDecision(classes int) (Built, error) {
	m, _, err := model.MakeModel(layout.DecisionModel())
	if err != nil {
		return Built{}, err
	}
	built, err := Build(m, layout.DecisionInput(), classes)
	if err != nil {
		return Built{}, err
	}
	built[0].Name, built[0].Derived = layout.DecisionNetwork, true
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
	folder := At(dir).Network(layout.DecisionNetwork).Path
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
