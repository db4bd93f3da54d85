package triton

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/triton/onnxfile"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// maxModelBytes is what a protobuf message can have.
const maxModelBytes = 1<<31 - 1

// load does what the backend does with each version, or an ensemble with its models.
func (m *model) load() {
	if m.config.EnsembleScheduling != nil {
		m.checkEnsemble()
		return
	}
	if !m.checkLibrary() {
		return
	}
	m.checkAccelerators()
	m.checkParameters()
	for _, version := range m.versions {
		if graph := m.readModel(version); graph != nil {
			m.checkGraph(version, graph)
		}
	}
	if !m.stopped() {
		m.checkWarmup()
	}
}

// modelPath is where a version's file is.
func (m *model) modelPath(version int64) string {
	return m.dir + "/" + fmt.Sprint(uint64(version)) + "/" + m.config.DefaultModelFilename
}

// readModel reads a version's file; nil if Triton cannot.
func (m *model) readModel(version int64) *onnxfile.Model {
	path := m.modelPath(version)
	info, err := os.Stat(path)
	if err != nil {
		m.backend("model-missing", "failed to stat file %s", path)
		return nil
	}
	if info.IsDir() { // of a model with weights in other files
		if path += "/" + onnxFile; !exists(path) {
			m.backend("model-missing", "unable to find '%s' for model instance '%s'", path, m.name)
			return nil
		}
	}
	b, err := fileio.ReadFile(path, maxModelBytes)
	if err != nil {
		m.backend("model-read", "onnx runtime error 7: Load model from %s failed: %v", path, err)
		return nil
	}
	graph, err := onnxfile.Decode(b)
	if err != nil {
		m.backend("model-syntax", "onnx runtime error 7: Load model from %s failed:%v", path, err)
		return nil
	}
	m.checkExternal(graph, filepath.Dir(path))
	return graph
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// checkExternal looks for the files beside a model that hold weights.
func (m *model) checkExternal(graph *onnxfile.Model, folder string) {
	files := slices.Clone(graph.Graph.External)
	slices.Sort(files)
	for _, name := range slices.Compact(files) {
		path := filepath.Join(folder, name)
		switch {
		case !filepath.IsLocal(name):
			m.backend("model-external", "onnx runtime error 6: External data path %s escapes the model's folder", name)
		case !exists(path):
			m.backend("model-external", "onnx runtime error 1: External data file %s of the model is missing", path)
		}
	}
}

// failedLoad refuses the model with words of ONNX Runtime.
func (m *model) failedLoad(rule string, code int, version int64, words string) {
	m.backend(rule, "onnx runtime error %d: Load model from %s failed: %s", code, m.modelPath(version), words)
}

// checkGraph checks one version's file: that ONNX Runtime reads it, and that the
// configuration fits.
func (m *model) checkGraph(version int64, graph *onnxfile.Model) {
	if m.checkVersions(version, graph); m.stopped() {
		return
	}
	for _, words := range graph.CheckNames() {
		m.failedLoad("model-graph", 1, version, words)
	}
	if m.config.ModelOperations != nil && len(m.config.ModelOperations.OpLibraryFilename) > 0 {
		m.warn("model-operator", "", "the operators of the libraries %q are not known here: none was checked", m.config.ModelOperations.OpLibraryFilename)
	} else {
		for _, words := range graph.CheckOperators() {
			m.failedLoad("model-operator", 1, version, words)
		}
	}
	if m.stopped() {
		return
	}
	m.complete(graph)
	if m.stopped() {
		return
	}
	m.compareInputs(graph)
	m.compareOutputs(graph)
}

// checkVersions compares the file's IR version and operator set with what the release's
// ONNX Runtime reads.
func (m *model) checkVersions(version int64, graph *onnxfile.Model) {
	opset := graph.Opset("")
	switch {
	case !graph.HasGraph:
		m.failedLoad("model-graph", 1, version, "ModelProto does not have a graph.")
	case graph.IRVersion > m.release.MaxIR:
		m.failedLoad("model-ir", 1, version, fmt.Sprintf("Unsupported model IR version: %d, max supported IR version: %d", graph.IRVersion, m.release.MaxIR))
	case !graph.HasIRVersion:
		m.failedLoad("model-ir", 1, version, "Missing model IR version.")
	case len(graph.Opsets) == 0:
		m.failedLoad("model-opset", 1, version, "Missing opset in the model. All ModelProtos MUST have at least one entry that specifies which version of the ONNX OperatorSet is being imported.")
	case opset > m.release.MaxOpset:
		m.failedLoad("model-opset", 1, version, fmt.Sprintf("ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset %d is under development and support for this is limited. "+
			"The operator schemas and or other functionality may change before next ONNX release and in this case ONNX Runtime will not guarantee backward compatibility. Current official support for domain ai.onnx is till opset %d.", opset, m.release.MaxOpset))
	case opset < minOpset:
		m.warn("model-opset", "convert the model to a newer operator set", "ONNX Runtime only guarantees support for models stamped with opset version %d or above for opset domain 'ai.onnx', this one has %d", minOpset, opset)
	}
}
