// Package triton says whether NVIDIA Triton would load a model repository, and what in
// it would hurt although it loads. It follows the rules of Triton's core and of its ONNX
// Runtime backend in the order in which they come, and gives their words; a stage that
// refuses ends the check of a model, as it does there. What Triton itself does not look
// at is a warning.
package triton

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/triton/modelconfig"
)

// Options say which server the repository is for.
type Options struct {
	Release string   // of Triton; empty is DefaultRelease
	GPUs    int      // that the server has; AnyGPUs: as many as the configuration asks for
	Has     []string // what it has besides ONNX Runtime: backends, accelerators, repository agents
	Strict  bool     // warnings refuse too
	// ConfigName is that of configurations to take in place of config.pbtxt, where a model
	// has configs/NAME.pbtxt: --model-config-name of the server. Empty: none.
	ConfigName string
}

// AnyGPUs leaves out what depends on the number of GPUs.
const AnyGPUs = -1

// The names in a model repository.
const (
	configFile       = "config.pbtxt"
	packageFolder    = "model-repository"
	warmupFolder     = "warmup"
	stateFolder      = "initial_state"
	configsFolder    = "configs"
	onnxBackend      = "onnxruntime"
	onnxPlatform     = "onnxruntime_onnx"
	onnxFile         = "model.onnx"
	ensemblePlatform = "ensemble"
)

// maxConfigBytes is what a configuration may have; Triton sets no limit.
const maxConfigBytes = 16 << 20

const reportSchema = 1

// Check checks a model repository, one model of it, or a package that holds one. An
// error says that the folder cannot be checked, not that Triton would refuse it.
func Check(dir string, o Options) (*Report, error) {
	if o.Release == "" {
		o.Release = DefaultRelease
	}
	release, err := FindRelease(o.Release)
	if err != nil {
		return nil, err
	}
	repository, names, err := locate(dir)
	if err != nil {
		return nil, err
	}
	c := &checker{options: o, release: release, repository: repository, models: map[string]*model{}}
	for _, name := range names {
		c.model(name)
	}
	if err := c.checkParts(); err != nil {
		return nil, err
	}
	r := &Report{Schema: reportSchema, Repository: repository, Triton: o.Release, ONNXRuntime: release.ORT, Strict: o.Strict, Passed: true}
	for _, name := range names {
		m := c.models[name]
		r.Models = append(r.Models, m.report)
		r.Passed = r.Passed && m.report.passes(o.Strict)
	}
	return r, nil
}

// locate finds the repository that a folder is or belongs to, and which of its models
// are asked for.
func locate(dir string) (repository string, names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", nil, err
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case name == packageFolder && isFolder(filepath.Join(dir, name)):
			return locateModels(filepath.Join(dir, name))
		case name == configFile, isVersion(name) && isFolder(filepath.Join(dir, name)):
			whole, err := filepath.Abs(dir)
			if err != nil {
				return "", nil, err
			}
			return filepath.Dir(whole), []string{filepath.Base(whole)}, nil
		}
	}
	return locateModels(dir)
}

// Repositories lists the model repositories in a package: that of the model, and those
// of the networks before it.
func Repositories(folder string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() != packageFolder {
			return err
		}
		found = append(found, path)
		return fs.SkipDir
	})
	return found, err
}

func locateModels(repository string) (string, []string, error) {
	names, err := folders(repository)
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%s holds no model: want a model repository, whose folders are models, or one of those folders", repository)
	}
	return repository, names, err
}

// folders lists the folders in a folder, links to folders too, by name.
func folders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if isFolder(filepath.Join(dir, entry.Name())) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isVersion(name string) bool {
	_, err := strconv.ParseUint(name, 10, 63)
	return err == nil
}

// checker checks the models of a repository.
type checker struct {
	options    Options
	release    Release
	repository string
	models     map[string]*model
	folders    map[string]bool // of the repository; nil: not read yet
	asked      []string        // parts of the server that models were found to ask for
}

// model is one model while it is checked.
type model struct {
	*checker
	name     string
	dir      string
	config   *modelconfig.Config
	versions []int64
	report   ModelReport
	checking bool // it is among the models that are being checked now
}

// model checks a model of the repository, unless that is done already.
func (c *checker) model(name string) *model {
	if known := c.models[name]; known != nil {
		return known
	}
	m := &model{checker: c, name: name, dir: filepath.Join(c.repository, name), checking: true}
	m.report = ModelReport{Model: name, Versions: []int64{}, Findings: []Finding{}}
	c.models[name] = m
	for _, stage := range []func(){m.readConfig, m.checkConfig, m.findVersions, m.checkTensors, m.checkInstances, m.load, m.look} {
		stage()
		if m.stopped() {
			break
		}
	}
	m.checking = false
	m.report.conclude()
	return m
}

// stopped says whether Triton would not go on with the model.
func (m *model) stopped() bool { return m.report.count(Refused)+m.report.count(Aborts) > 0 }

// What a report has of one rule, and of one finding: more helps nobody, and whoever made the
// files could let it grow without end.
const (
	mostOfRule = 100
	mostWords  = 4096 // bytes
)

// add notes a finding.
func (m *model) add(f Finding) {
	if len(f.Words) > mostWords {
		f.Words = strings.ToValidUTF8(f.Words[:mostWords], "") + "..."
	}
	same := func(other Finding) bool { return other == f }
	ofRule := 0
	for _, other := range m.report.Findings {
		if other.Rule == f.Rule && other.Level == f.Level {
			ofRule++
		}
	}
	if ofRule == mostOfRule {
		f.By, f.Words, f.Remedy = "checker", fmt.Sprintf("more than %d times: the rest is left out", mostOfRule), ""
	}
	if ofRule <= mostOfRule && !slices.ContainsFunc(m.report.Findings, same) {
		m.report.Findings = append(m.report.Findings, f)
	}
}

// core refuses the model with words of Triton's core.
func (m *model) core(rule, format string, args ...any) {
	m.add(Finding{Rule: rule, Level: Refused, By: "core", Words: fmt.Sprintf(format, args...)})
}

// backend refuses the model with words of the ONNX Runtime backend.
func (m *model) backend(rule, format string, args ...any) {
	m.add(Finding{Rule: rule, Level: Refused, By: "backend", Words: fmt.Sprintf(format, args...)})
}

// warn notes what Triton loads and what will hurt.
func (m *model) warn(rule, remedy, format string, args ...any) {
	m.add(Finding{Rule: rule, Level: Warning, By: "checker", Words: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (m *model) note(rule, format string, args ...any) {
	m.add(Finding{Rule: rule, Level: Note, By: "checker", Words: fmt.Sprintf(format, args...)})
}

// readConfig reads config.pbtxt, which may be missing, and fills in what the core does.
func (m *model) readConfig() {
	path := m.dir + "/" + configFile
	if other := m.dir + "/" + configsFolder + "/" + m.options.ConfigName + ".pbtxt"; m.options.ConfigName != "" && exists(other) {
		path = other
	}
	text, err := fileio.ReadFile(path, maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		m.warn("config-missing", "write a "+configFile, "there is no %s: Triton makes one up, with a batch of at most 4 and without labels", configFile)
		err = nil
	}
	if err == nil {
		m.config, err = modelconfig.Parse(string(text), m.release.unknownFields()...)
	}
	if err != nil {
		m.core("config-syntax", "failed to read text proto from %s: %v", path, err)
		return
	}
	m.noteParts()
	if m.config.Name == "" {
		m.config.Name = m.name
	}
	if m.config.Name != m.name {
		m.core("config-name", "unexpected directory name '%s' for model '%s', directory name must equal model name", m.name, m.config.Name)
	}
	m.findBackend()
}

// findBackend sets the backend and the name of the model's file as Triton's core does,
// by what the first folder holds.
func (m *model) findBackend() {
	config := m.config
	if config.Platform == ensemblePlatform {
		return
	}
	if config.Backend == "" {
		config.Backend = m.guessBackend()
	}
	if config.Backend == "" {
		_, backend, dotted := strings.Cut(m.name, ".")
		if !dotted {
			m.core("backend-missing", "Invalid model name: Could not determine backend for model '%s' with no backend in model configuration. Expected model name of the form 'model.<backend_name>'.", m.name)
			return
		}
		config.Backend = backend
	}
	if config.Backend == onnxBackend {
		if config.Platform == "" {
			config.Platform = onnxPlatform
		}
		if config.DefaultModelFilename == "" {
			config.DefaultModelFilename = onnxFile
		}
	}
}

// guessBackend finds the backend by the platform or by the name of the model's file.
func (m *model) guessBackend() string {
	config := m.config
	for _, b := range backends {
		if b.platform != "" && config.Platform == b.platform || config.DefaultModelFilename != "" && config.DefaultModelFilename == b.file {
			return b.name
		}
	}
	if config.Platform != "" || config.DefaultModelFilename != "" {
		return ""
	}
	names, err := folders(m.dir)
	if err != nil || len(names) == 0 {
		return ""
	}
	for _, b := range backends {
		if _, err := os.Stat(filepath.Join(m.dir, names[0], b.file)); err == nil && b.file != "" {
			return b.name
		}
	}
	return ""
}
