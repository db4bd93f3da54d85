package triton

import (
	"slices"
	"strings"

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

// has says whether the server has a part by the options.
func (c *checker) has(part string) bool { return slices.Contains(c.options.Has, part) }

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
