package exporter

import (
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// WeightsFile is the name of the file that the safetensors exporter writes.
const WeightsFile = "weights.safetensors"

// safetensors writes dir/weights.safetensors.
type safetensors struct{}

func newSafetensors(*config.Options) (Exporter, error) { return safetensors{}, nil }

// Check implements Exporter.
func (safetensors) Check(a Artifact) error { return a.check() }

// Export implements Exporter.
func (safetensors) Export(a Artifact, dir string) error {
	if err := a.check(); err != nil {
		return err
	}
	metadata, err := a.describe()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return weights.WriteFile(filepath.Join(dir, WeightsFile), weights.File{
		Metadata: metadata, Tensors: a.Parameters.Tensors(),
	})
}
