package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// network rebuilds the graph that a record describes.
func (record *Record) network() (*nn.Graph, *nn.Parameters, error) {
	i := &record.Identity
	m, _, err := model.MakeModel(i.Model.Name, i.Model.text())
	if err != nil {
		return nil, nil, fmt.Errorf("the recorded model cannot be built by this program: %w", err)
	}
	graph, err := m.Build(shapeOf(i.Input), len(i.Classes))
	if err != nil {
		return nil, nil, fmt.Errorf("the recorded model cannot be built: %w", err)
	}
	return graph, graph.NewParameters(0), nil
}

// text gives the options in the form that factories take.
func (n ModuleNote) text() string {
	var options []string
	for _, name := range slices.Sorted(maps.Keys(n.Options)) {
		if n.Options[name] != "" {
			options = append(options, name+"="+n.Options[name])
		}
	}
	return strings.Join(options, ",")
}

// restore rebuilds the network of a run or package from its record alone and
// gives it the weights in the file at path.
func (record *Record) restore(path string) (*nn.Graph, *nn.Parameters, error) {
	graph, params, err := record.network()
	if err != nil {
		return nil, nil, err
	}
	file, err := weights.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	if err := params.Load(file.Tensors); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if t := record.Training; t != nil && params.Digest() != t.WeightsSHA256 {
		return nil, nil, fmt.Errorf("%s: the weights' digest is %s, run.json has %s: the file was changed; restore it from a copy, or train again in a new run directory", path, params.Digest(), t.WeightsSHA256)
	}
	return graph, params, nil
}

// openModel finds the record and the weights of a run or of a package; with file,
// other weights than its own.
func openModel(path, file string) (*Record, *trained, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, config.Usagef("%s does not exist", path)
	case err == nil && !info.IsDir() && isArchive(path):
		return nil, nil, config.Usagef("%s is the archive of a package: unpack it first, as with tar -xzf %s, and name the folder", path, shellWord(path))
	case err == nil && !info.IsDir():
		return nil, nil, config.Usagef("%s is a file: want a run directory, or a package that is unpacked", path)
	}
	record, err := readRecord(filepath.Join(path, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		entries, _ := os.ReadDir(path) // of a folder that cannot be read, no more is known
		if run := runIn(path, entries); run != "" {
			return nil, nil, config.Usagef("%s is neither a run directory nor a package; it holds runs, such as %s", path, run)
		}
		return nil, nil, config.Usagef("%s is neither a run directory nor a package: it has no %s", path, recordFile)
	}
	if err != nil {
		return nil, nil, err
	}
	if file != "" {
		record.Training = nil // whose digest the file need not have
	} else if file, err = weightsOf(path); err != nil {
		return nil, nil, err
	}
	graph, params, err := record.restore(file)
	if err != nil {
		return nil, nil, err
	}
	return record, &trained{graph, params}, nil
}

// weightsOf is the file of the weights of a package or of a run.
func weightsOf(path string) (string, error) {
	for _, file := range []string{filepath.Join(path, exporter.WeightsFile), filepath.Join(path, train.CheckpointDir, train.BestFile)} {
		if exists(file) {
			return file, nil
		}
	}
	return "", config.Usagef("%s has no weights: its training has not finished an epoch", path)
}

// artifact is the trained network with all that its users must know.
func artifact(record *Record, graph *nn.Graph, params *nn.Parameters) exporter.Artifact {
	return exporter.Artifact{
		Name: record.Name, Version: record.ReleaseVersion, ProgramVersion: buildinfo.Program(),
		Graph: graph, Parameters: params, Labels: record.Identity.Classes, Rule: record.Identity.Input,
		Metadata: map[string]string{"identity_sha256": record.IdentitySHA256}, ForceReason: record.ForceReason,
	}
}
