package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// Network rebuilds the network that a record describes, with drawn weights.
func (record *Record) Network() (*Trained, error) {
	i := &record.Identity
	m, _, err := model.MakeModel(i.Model.Name, i.Model.Text())
	if err != nil {
		return nil, fmt.Errorf("the recorded model cannot be built by this program: %w", err)
	}
	t, err := target.MakeTarget(model.TargetOf(m))
	if err != nil {
		return nil, fmt.Errorf("the recorded model cannot be built by this program: %w", err)
	}
	graph, err := m.Build(ShapeOf(i.ServedInput()), len(i.Classes))
	if err != nil {
		return nil, fmt.Errorf("the recorded model cannot be built: %w", err)
	}
	return NewTrained(graph, graph.NewParameters(0), t, i.Classes)
}

// Text gives the options in the form that factories take.
func (n ModuleNote) Text() string {
	var options []string
	for _, name := range slices.Sorted(maps.Keys(n.Options)) {
		if n.Options[name] != "" {
			options = append(options, name+"="+n.Options[name])
		}
	}
	return strings.Join(options, ",")
}

// Restore rebuilds the network of a run or package from its record alone and
// gives it the weights in the file at path.
func (record *Record) Restore(path string) (*Trained, error) {
	trained, err := record.Network()
	if err != nil {
		return nil, err
	}
	file, err := weights.ReadFile(path)
	if err != nil {
		return nil, err
	}
	params := trained.Params
	if err := params.Load(file.Tensors); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if t := record.Training; t != nil && params.Digest() != t.WeightsSHA256 {
		return nil, fmt.Errorf("%s: the weights' digest is %s, run.json has %s: the file was changed; restore it from a copy, or train again in a new run directory", path, params.Digest(), t.WeightsSHA256)
	}
	return trained, nil
}

// OpenModel finds the record and the weights of a run or of a package; with file,
// other weights than its own.
func OpenModel(path, file string) (*Record, *Trained, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, config.Usagef("%s does not exist", path)
	case err == nil && !info.IsDir() && IsArchive(path):
		return nil, nil, config.Usagef("%s is the archive of a package: unpack it first, as with tar -xzf %s, and name the folder", path, config.ShellWord(path))
	case err == nil && !info.IsDir():
		return nil, nil, config.Usagef("%s is a file: want a run directory, or a package that is unpacked", path)
	}
	record, err := ReadRecord(filepath.Join(path, RecordFile))
	if errors.Is(err, fs.ErrNotExist) {
		entries, _ := os.ReadDir(path) // of a folder that cannot be read, no more is known
		if run := runIn(path, entries); run != "" {
			return nil, nil, config.Usagef("%s is neither a run directory nor a package; it holds runs, such as %s", path, run)
		}
		return nil, nil, config.Usagef("%s is neither a run directory nor a package: it has no %s", path, RecordFile)
	}
	if err != nil {
		return nil, nil, err
	}
	if file != "" {
		record.Training = nil // whose digest the file need not have
	} else if file, err = weightsOf(path); err != nil {
		return nil, nil, err
	}
	t, err := record.Restore(file)
	if err != nil {
		return nil, nil, err
	}
	return record, t, nil
}

// weightsOf is the file of the weights of a package or of a run.
func weightsOf(path string) (string, error) {
	for _, file := range []string{filepath.Join(path, exporter.WeightsFile), filepath.Join(path, train.CheckpointDir, train.BestFile)} {
		if fileio.Exists(file) {
			return file, nil
		}
	}
	return "", config.Usagef("%s has no weights: its training has not finished an epoch", path)
}

// Artifact is the network with all that its users must know.
func (record *Record) Artifact(t *Trained) exporter.Artifact {
	return exporter.Artifact{
		Name: record.Name, Version: record.ReleaseVersion, ProgramVersion: buildinfo.Program(),
		Target: t.Target.Properties().Name, Graph: t.Graph, Parameters: t.Params, Labels: t.Labels(record.Identity.Classes), Rule: record.Identity.ServedInput(),
		Metadata: map[string]string{"identity_sha256": record.IdentitySHA256}, ForceReason: record.ForceReason,
	}
}

// ModelBytes is the size of model.onnx before anybody has judged the model.
func ModelBytes(record *Record, t *Trained) (*int64, error) {
	a := record.Artifact(t)
	a.ForceReason = "" // of an earlier decision
	model, err := exporter.EncodeONNX(a, 0)
	size := int64(len(model))
	return &size, err
}

// Trained is a network with its weights and what it was trained for.
type Trained struct {
	Graph  *nn.Graph // with its outputs, under the names by which they are served
	Params *nn.Parameters
	Target target.Target
	Task   target.Task
}

// NewTrained is the network of a graph, as its model built it, for a target and the
// classes of a dataset. A graph whose output is not the target's is refused.
func NewTrained(g *nn.Graph, p *nn.Parameters, t target.Target, classes []string) (*Trained, error) {
	task, err := t.Task(g.Input().Shape, classes)
	if err != nil {
		return nil, err
	}
	if err := task.Check(g); err != nil {
		return nil, err
	}
	return &Trained{task.Served(g), p, t, task}, nil
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
	t, err := record.Restore(dir.BestWeights())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s, but its training is finished: %s", dir.Path, path.Join(train.CheckpointDir, train.BestFile), RestoreOrRepeat)
	}
	return t, err
}

// CheckTrained refuses a run whose training has not come to its end.
func (record *Record) CheckTrained(dir *Dir) error {
	if record.Training == nil {
		return config.Usagef("%s has not been trained to its end: continue it with blocktrain run --run %s --resume", dir.Path, config.ShellWord(dir.Path))
	}
	return nil
}

// ShapeOf is the shape of what a rule makes of an image.
func ShapeOf(rule imaging.Rule) nn.Shape {
	return nn.Shape{H: rule.Height, W: rule.Width, C: rule.Channels}
}
