// Package pickle reads the part of Python's pickle format in which PyTorch writes
// tensors. A pickle is a program for a machine with a stack; what it may call decides
// about safety. This machine knows containers (dict, OrderedDict, list, tuple), plain
// values and tensors, and runs nothing: every other instruction, and every other global,
// is an error that names it.
//
// A pickle is bounded before memory is taken for it: its bytes, its instructions and the
// depth of its stack have limits, and each instruction makes at most one small object.
// Nothing here walks what was built, so that an object that refers to another one a
// million times costs no more than the references.
//
// The instructions are described in CPython's Lib/pickletools.py, what PyTorch writes by
// them in torch/serialization.py and torch/_utils.py.
package pickle
