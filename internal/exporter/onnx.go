package exporter

import (
	"fmt"
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

// Opset is the operator set that an exporter writes its ONNX file with; 0 for exporters that
// write none.
func Opset(e Exporter) int {
	switch x := e.(type) {
	case *onnxExporter:
		return x.opset
	case *triton:
		return x.opset
	}
	return 0
}

// EncodeONNX returns the artifact as an ONNX file, with labels, resize rule,
// version and weights' digest in its metadata. An opset of 0 means the default. The caller
// must not change the bytes.
func EncodeONNX(a Artifact, opset int) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	metadata, err := a.describe()
	if err != nil {
		return nil, err
	}
	options := onnx.Options{
		Name: a.Name, Opset: opset, ProducerVersion: a.ProgramVersion, PixelFormat: a.Rule.PixelFormat(), Metadata: metadata,
	}
	if a.Memo == nil {
		return onnx.Export(a.served(), a.Parameters, options)
	}
	return a.Memo.encode(a, options)
}

// encode is onnx.Export, unless the memo has the model already.
func (m *Memo) encode(a Artifact, options onnx.Options) ([]byte, error) {
	if options.Opset == 0 {
		options.Opset = onnx.DefaultOpset
	}
	key := fmt.Sprintf("%q %d %q %q %q", options.Name, options.Opset, options.ProducerVersion, options.PixelFormat, options.Metadata) // maps in the order of their keys
	if m.model != nil && m.key == key {
		return m.model, nil
	}
	model, err := onnx.Export(a.served(), a.Parameters, options)
	if err != nil {
		return nil, err
	}
	m.key, m.model = key, model
	return model, nil
}
