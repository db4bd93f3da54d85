//go:build ort && cgo

package ort

import (
	"context"
	"errors"
	"fmt"
	"sync"

	runtime "github.com/yalue/onnxruntime_go"
)

// Built says whether this program can run ONNX Runtime.
const Built = true

// Session is a model in ONNX Runtime.
type Session struct {
	Version string   // of ONNX Runtime
	Outputs []string // names, in the order of the file

	input   []int64 // shape of an example
	session *runtime.DynamicAdvancedSession
}

// library is the one that the process has loaded, which it keeps.
var library struct {
	sync.Mutex
	path string
}

// load loads the library at a path, once.
func load(path string) error {
	library.Lock()
	defer library.Unlock()
	switch {
	case library.path == path:
		return nil
	case library.path != "":
		return fmt.Errorf("ONNX Runtime was loaded from %s, and cannot be loaded from %s too", library.path, path)
	}
	runtime.SetSharedLibraryPath(path)
	if err := runtime.InitializeEnvironment(runtime.WithLogLevelError()); err != nil {
		return fmt.Errorf("ONNX Runtime cannot be loaded from %s: %w; want the shared library of version 1.24 or later, such as libonnxruntime.so.1.24.3", path, err)
	}
	library.path = path
	return nil
}

// Version loads the library at path, and says which version it is.
func Version(path string) (string, error) {
	if err := load(path); err != nil {
		return "", err
	}
	return runtime.GetVersion(), nil
}

// Open loads the library at path, and a model, which is run by so many threads.
func Open(path string, model []byte, threads int) (_ *Session, err error) {
	if err := load(path); err != nil {
		return nil, err
	}
	inputs, outputs, err := runtime.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return nil, fmt.Errorf("ONNX Runtime does not read the model: %w", err)
	}
	if len(inputs) != 1 || len(inputs[0].Dimensions) == 0 {
		return nil, fmt.Errorf("ONNX Runtime finds %d inputs, want 1 with a batch", len(inputs))
	}
	s := &Session{Version: runtime.GetVersion(), input: inputs[0].Dimensions[1:]}
	for _, o := range outputs {
		s.Outputs = append(s.Outputs, o.Name)
	}
	options, err := runtime.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, options.Destroy()) }()
	if err := options.SetIntraOpNumThreads(threads); err != nil {
		return nil, err
	}
	s.session, err = runtime.NewDynamicAdvancedSessionWithONNXData(model, []string{inputs[0].Name}, s.Outputs, options)
	if err != nil {
		return nil, fmt.Errorf("ONNX Runtime does not load the model: %w", err)
	}
	return s, nil
}

// Run computes the outputs of n examples, one behind the other: each [n, its size], in the
// order of the file.
func (s *Session) Run(ctx context.Context, n int, input []uint8) (outputs [][]float32, err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	in, err := runtime.NewTensor(runtime.NewShape(append([]int64{int64(n)}, s.input...)...), input)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Destroy()) }()
	values := make([]runtime.Value, len(s.Outputs))
	if err := s.session.Run([]runtime.Value{in}, values); err != nil {
		return nil, fmt.Errorf("ONNX Runtime does not run the model: %w", err)
	}
	for k, v := range values {
		t, is := v.(*runtime.Tensor[float32])
		if !is {
			err = errors.Join(err, fmt.Errorf("ONNX Runtime gives output %q another type than FLOAT", s.Outputs[k]))
		} else {
			outputs = append(outputs, append([]float32(nil), t.GetData()...))
		}
		err = errors.Join(err, v.Destroy())
	}
	return outputs, err
}

// Close frees the model. The library stays loaded.
func (s *Session) Close() error { return s.session.Destroy() }
