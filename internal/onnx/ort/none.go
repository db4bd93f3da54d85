//go:build !ort || !cgo

package ort

import (
	"context"
	"errors"
)

// Built says whether this program can run ONNX Runtime.
const Built = false

// Session is a model in ONNX Runtime.
type Session struct {
	Version string   // of ONNX Runtime
	Outputs []string // names, in the order of the file
}

var errNotBuilt = errors.New("this program was built without ONNX Runtime: " + BuildAdvice)

// Version refuses.
func Version(string) (string, error) { return "", errNotBuilt }

// Open refuses.
func Open(string, []byte, int) (*Session, error) { return nil, errNotBuilt }

// Run refuses.
func (s *Session) Run(context.Context, int, []uint8) ([][]float32, error) { return nil, errNotBuilt }

// Close does nothing.
func (s *Session) Close() error { return nil }
