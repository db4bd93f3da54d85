// Package ort runs ONNX files by Microsoft's ONNX Runtime, from a shared library that
// whoever runs the program names. It is in programs that were built with the tag "ort",
// which needs cgo; in others, nothing can be opened.
package ort

// BuildAdvice says how a program with ONNX Runtime is built.
const BuildAdvice = "build one with CGO_ENABLED=1 go build -tags ort ./cmd/blocktrain, which needs a C compiler"
