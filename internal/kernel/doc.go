// Package kernel holds the arithmetic of training and inference: functions on
// slices of float32 that allocate nothing and know nothing of networks. Each is
// defined by a portable Go twin; where the processor has vector instructions,
// generated assembly computes the same bits.
package kernel
