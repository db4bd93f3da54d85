// Package engine compiles a network's graph into a plan of operations and
// memory, and runs it: forward, backward and update for training, forward alone
// for inference.
//
// Bits do not depend on how many workers there are or which of them does what:
// a batch is cut into shards of a fixed size, what adds up over a shard does so in
// the order of its examples, and what shards contribute is added in a balanced tree
// over their indexes. Layers with more than wideWeights weights are treated over the
// whole batch instead, each output being one chain. See the reproducibility
// contract in doc/Design.md.
package engine

// ContractVersion is raised whenever a release changes any bit of what training
// yields for one identity. doc/Design.md has a table of what changed with each.
const ContractVersion = 3
