// Package interpreter reads an ONNX file and runs it, by nothing but what is in the file
// and the definitions of its operator set (https://github.com/onnx/onnx, docs/Operators.md
// and onnx/onnx.proto). It shares no code with the exporter that writes such files, nor
// with the engine that trains the networks in them, so that it finds what either of them
// gets wrong.
//
// It takes files with one input, UINT8 [N,...] with a batch of any size, and FLOAT outputs
// [N,...]. Images and weights stay in the order of axes in which the file has them. What
// it does not know, such as another operator, another attribute or data in another file,
// it refuses by name.
//
// Values are float32. Every operation is rounded by itself, so that the results are the
// same on every machine, in batches of any size and with any number of workers.
package interpreter
