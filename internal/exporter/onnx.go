package exporter

import (
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/onnx"
)

// ONNXFile is the name of the file that the onnx exporter writes.
const ONNXFile = "model.onnx"

// onnxExporter writes dir/model.onnx.
type onnxExporter struct {
	opset int
}

func newONNX(o *config.Options) (Exporter, error) {
	x := &onnxExporter{}
	declareOpset(o, &x.opset)
	return x, nil
}

func declareOpset(o *config.Options, p *int) {
	o.Int(p, "opset", onnx.DefaultOpset, "ONNX operator set; 13 loads in servers since 2022", config.Between(onnx.MinOpset, onnx.MaxOpset))
}

// Check implements Exporter.
func (x *onnxExporter) Check(a Artifact) error { return a.check() }

// Export implements Exporter.
func (x *onnxExporter) Export(a Artifact, dir string) error {
	b, err := EncodeONNX(a, x.opset)
	if err != nil {
		return err
	}
	return write(filepath.Join(dir, ONNXFile), b)
}

// EncodeONNX returns the artifact as an ONNX file, with labels, resize rule,
// version and weights' digest in its metadata. An opset of 0 means the default.
func EncodeONNX(a Artifact, opset int) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	metadata, err := a.describe()
	if err != nil {
		return nil, err
	}
	return onnx.Export(a.served(), a.Parameters, onnx.Options{
		Name: a.Name, Opset: opset, ProducerVersion: a.ProgramVersion, PixelFormat: a.Rule.PixelFormat(), Metadata: metadata,
	})
}
