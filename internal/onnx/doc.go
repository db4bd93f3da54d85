// Package onnx writes a graph and its parameters as an ONNX model: one file
// that takes raw pixels and gives probabilities, with the normalisation inside,
// so that serving cannot normalise otherwise than training did.
//
// Export walks the nodes of an nn.Graph in order; a table gives each kind of
// layer its lowering to ONNX operators. The bytes depend on nothing but the
// graph, the parameters and the options. The format is described at
// https://github.com/onnx/onnx (docs/IR.md, docs/Operators.md, onnx/onnx.proto).
package onnx
