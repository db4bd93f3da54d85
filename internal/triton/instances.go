package triton

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/triton/modelconfig"
)

// minComputeCapability is the oldest kind of GPU that Triton's images support.
const minComputeCapability = "6.000000"

// group is an instance group as Triton completes it.
type group struct {
	modelconfig.InstanceGroup
	onGPU bool
}

// groups completes the instance groups as NormalizeInstanceGroup of Triton's core does.
// On a CPU, the backend has two instances where the count is left out.
func (m *model) groups() []group {
	given := m.config.InstanceGroup
	if len(given) == 0 {
		given = []modelconfig.InstanceGroup{{Name: m.name}}
	}
	var all []group
	for i, one := range given {
		g := group{InstanceGroup: one}
		if g.Name == "" {
			g.Name = fmt.Sprintf("%s_%d", m.name, i)
		}
		g.onGPU = g.Kind == modelconfig.KindGPU || g.Kind == modelconfig.KindAuto && m.options.GPUs != 0
		all = append(all, g)
	}
	return all
}

// checkInstances is ValidateInstanceGroup of Triton's core.
func (m *model) checkInstances() {
	if m.config.EnsembleScheduling != nil {
		return
	}
	for _, g := range m.groups() {
		m.checkGroup(g)
		if g.Count < 0 {
			m.warn("instance-count", "write how many there shall be", "instance group %s asks for %d instances: Triton makes its own number of them", g.Name, g.Count)
		}
	}
}

func (m *model) checkGroup(g group) {
	about := fmt.Sprintf("instance group %s of model %s", g.Name, m.name)
	gpus := m.options.GPUs
	switch {
	case (g.Kind == modelconfig.KindCPU || g.Kind == modelconfig.KindModel) && len(g.GPUs) > 0:
		m.core("instance-gpus", "%s has kind %s but specifies one or more GPUs", about, g.Kind)
	case g.Kind == modelconfig.KindGPU && len(g.GPUs) == 0 && gpus == 0:
		m.core("instance-kind", "%s has kind KIND_GPU but no GPUs are available", about)
	case g.Kind == modelconfig.KindGPU && gpus != AnyGPUs:
		for _, id := range g.GPUs {
			if id < 0 || int(id) >= gpus {
				m.core("instance-gpus", "%s specifies invalid or unsupported gpu id %d. GPUs with at least the minimum required CUDA compute compatibility of %s are: %s", about, id, minComputeCapability, numbers(gpus))
			}
		}
	}
	if len(g.Profile) > 0 {
		m.core("instance-profile", "%s and platform %sspecifies profile field which is only supported for TensorRT models", about, m.config.Platform)
	}
}

// numbers lists 0 to n-1.
func numbers(n int) string {
	text := ""
	for i := range n {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(i)
	}
	return text
}
