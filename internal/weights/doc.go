// Package weights reads and writes named float32 tensors as safetensors files:
// an 8-byte little-endian header length, a JSON header that gives every
// tensor's dtype, shape and byte range, and the values, little-endian and
// row-major, without gaps.
//
// The reader trusts nothing: what a file claims is checked against its size
// before memory is taken for it, and each way of breaking the format has an
// error of its own. The format is described at
// https://github.com/huggingface/safetensors.
package weights
