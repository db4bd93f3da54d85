package triton

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/triton/modelconfig"
)

// backendKind is a backend of NVIDIA's images with its platform and the name of its
// models' files.
type backendKind struct{ name, platform, file string }

// backends are in the order in which Triton looks for their files.
var backends = []backendKind{
	{"tensorrt", "tensorrt_plan", "model.plan"},
	{onnxBackend, onnxPlatform, onnxFile},
	{"openvino", "", "model.xml"},
	{"pytorch", "pytorch_libtorch", "model.pt"},
	{"python", "", "model.py"},
	{"dali", "", ""},
	{"fil", "", ""},
	{"vllm", "", ""},
	{"tensorrtllm", "", ""},
	{"tensorflow", "tensorflow_savedmodel", "model.savedmodel"},
	{"tensorflow", "tensorflow_graphdef", "model.graphdef"},
}

// paired are the backends whose platform Triton compares with the backend.
var paired = []string{"tensorrt", onnxBackend, "pytorch", "tensorflow"}

// parts are what NVIDIA's images have and a server may be said to have: backends, an
// accelerator and a repository agent.
func parts() []string {
	names := []string{openVINO, "checksum"}
	for _, b := range backends {
		names = append(names, b.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// has says whether the server has a part by the options.
func (c *checker) has(part string) bool { return slices.Contains(c.options.Has, part) }

// noteParts notes what the configuration asks for, also where a fault ends the check before
// that is looked for.
func (m *model) noteParts() {
	m.asked = append(m.asked, m.config.Backend)
	if m.config.RepositoryAgents != nil {
		for _, agent := range m.config.RepositoryAgents.Agents {
			m.asked = append(m.asked, agent.Name)
		}
	}
	if o := m.config.Optimization; o != nil && o.ExecutionAccelerators != nil {
		for _, a := range o.ExecutionAccelerators.CPU {
			m.asked = append(m.asked, a.Name)
		}
	}
}

// checkParts refuses parts of the options that are neither NVIDIA's nor asked for by a model:
// the name is misspelt, or of another repository.
func (c *checker) checkParts() error {
	for _, part := range c.options.Has {
		if known := parts(); !slices.Contains(known, part) && !slices.Contains(c.asked, part) {
			return fmt.Errorf("--server-has: no model here asks for it: %w", config.UnknownName("part of a server", part, known))
		}
	}
	return nil
}

// checkBackend compares backend and platform.
func (m *model) checkBackend() {
	config := m.config
	switch {
	case config.Backend == "" && config.Platform != ensemblePlatform:
		m.core("backend-missing", "unexpected platform type '%s' for %s", config.Platform, m.name)
	case config.Backend != "" && config.Platform == ensemblePlatform:
		m.core("backend-pair", "Ensemble model '%s' must have platform type '%s' and empty backend type", m.name, config.Platform)
	case slices.Contains(paired, config.Backend) && config.Platform != "" && !isPair(config):
		m.core("backend-pair", "unexpected 'platform' and 'backend' pair, got:%s, %s", config.Platform, config.Backend)
	}
}

func isPair(config *modelconfig.Config) bool {
	return slices.ContainsFunc(backends, func(b backendKind) bool {
		return b.name == config.Backend && strings.HasPrefix(config.Platform, b.platform)
	})
}

// checkAgents refuses repository agents that the server lacks.
func (m *model) checkAgents() {
	if m.config.RepositoryAgents == nil {
		return
	}
	for _, agent := range m.config.RepositoryAgents.Agents {
		if m.has(agent.Name) {
			continue
		}
		remedy := ""
		if agent.Name == "checksum" {
			remedy = "NVIDIA's image has it: --server-has checksum"
		}
		m.add(Finding{
			Rule: "agent-unknown", Level: Refused, By: "core", Remedy: remedy,
			Words: "unable to find 'libtritonrepoagent_" + agent.Name + ".so' for repo agent '" + agent.Name + "', searched: /opt/tritonserver/repoagents",
		})
	}
}

// checkLibrary looks for the backend of a model that is no ensemble. It says whether the
// model's file is one of ONNX, which can be checked further.
func (m *model) checkLibrary() bool {
	name := m.config.Backend
	if name == onnxBackend {
		return true
	}
	known := slices.ContainsFunc(backends, func(b backendKind) bool { return b.name == name })
	switch {
	case known || m.has(name):
		m.warn("backend-other", "", "backend '%s' has rules that are not checked here: only the configuration was", name)
	default:
		m.core("backend-unknown", "unable to find backend library for backend '%s', try specifying runtime on the model configuration.", name)
	}
	return false
}
