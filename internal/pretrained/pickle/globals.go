package pickle

import (
	"errors"
	"fmt"
)

// global is a class or function that a pickle names.
type global struct{ module, name string }

// String is the name with its module.
func (g global) String() string { return g.module + "." + g.name }

// The functions that the machine has in place of Python's.
var calls = map[global]func(args Tuple) (any, error){
	{"collections", "OrderedDict"}:         orderedDict,
	{"torch", "Size"}:                      size,
	{"torch._utils", "_rebuild_tensor"}:    rebuildTensor,
	{"torch._utils", "_rebuild_tensor_v2"}: rebuildTensor,
	{"torch._utils", "_rebuild_parameter"}: rebuildParameter,
}

// refusedGlobals are those that PyTorch writes for what is not read here, with what
// they stand for.
var refusedGlobals = map[global]string{
	{"torch", "ComplexFloatStorage"}:                           "complex numbers",
	{"torch", "ComplexDoubleStorage"}:                          "complex numbers",
	{"torch", "QInt8Storage"}:                                  "a quantised tensor",
	{"torch", "QUInt8Storage"}:                                 "a quantised tensor",
	{"torch", "QInt32Storage"}:                                 "a quantised tensor",
	{"torch", "QUInt4x2Storage"}:                               "a quantised tensor",
	{"torch", "QUInt2x4Storage"}:                               "a quantised tensor",
	{"torch._utils", "_rebuild_qtensor"}:                       "a quantised tensor",
	{"torch._utils", "_rebuild_sparse_tensor"}:                 "a sparse tensor",
	{"torch._utils", "_rebuild_sparse_csr_tensor"}:             "a sparse tensor",
	{"torch._utils", "_rebuild_nested_tensor"}:                 "a nested tensor",
	{"torch._utils", "_rebuild_meta_tensor_no_storage"}:        "a tensor without values",
	{"torch._utils", "_rebuild_tensor_v3"}:                     "a tensor of a type for which PyTorch has no storage class, such as float8",
	{"torch._utils", "_rebuild_wrapper_subclass"}:              "a subclass of tensor",
	{"torch._tensor", "_rebuild_from_type_v2"}:                 "a subclass of tensor",
	{"torch._utils", "_rebuild_device_tensor_from_numpy"}:      "a tensor of another device",
	{"torch._utils", "_rebuild_device_tensor_from_cpu_tensor"}: "a tensor of another device",
	{"torch.storage", "_load_from_bytes"}:                      "a storage inside the pickle",
	{"torch", "UntypedStorage"}:                                "a storage without a type",
	{"torch.storage", "UntypedStorage"}:                        "a storage without a type",
	{"argparse", "Namespace"}:                                  "the arguments of a training script",
}

// ErrRefused is wrapped by errors about instructions and globals that the machine does
// not know.
var ErrRefused = errors.New("only tensors and containers are read, and nothing of the file was run; load it in PyTorch if you trust it, and save model.state_dict() alone")

// resolve looks a global up. None but those of the tables is known.
func resolve(g global) (any, error) {
	if what, known := refusedGlobals[g]; known {
		return nil, fmt.Errorf("it holds %s (%s): %w", what, g, ErrRefused)
	}
	_, isCall := calls[g]
	_, isStorage := storageTypes[g.name]
	if !isCall && (g.module != "torch" || !isStorage) {
		return nil, fmt.Errorf("it asks for %.100q: %w", g.String(), ErrRefused)
	}
	return g, nil
}

// orderedDict makes an OrderedDict. Python 2 gives its items as one list of pairs.
func orderedDict(args Tuple) (any, error) {
	d := &Dict{}
	if len(args) == 0 {
		return d, nil
	}
	list, ok := args[0].(*List)
	if !ok || len(args) > 1 {
		return nil, errors.New("an OrderedDict is made of something else than a list of pairs")
	}
	for _, item := range list.Items {
		pair, err := pairOf(item)
		if err != nil {
			return nil, err
		}
		if err := d.set(pair[0], pair[1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func pairOf(item any) ([]any, error) {
	pair, _ := item.(Tuple)
	if list, ok := item.(*List); ok {
		pair = list.Items
	}
	if len(pair) != 2 {
		return nil, errors.New("an item of an OrderedDict is not a pair")
	}
	return pair, nil
}

// size makes a torch.Size, which is a tuple.
func size(args Tuple) (any, error) {
	if len(args) == 1 {
		if t, ok := args[0].(Tuple); ok {
			return t, nil
		}
	}
	return nil, errors.New("a torch.Size is made of something else than a tuple")
}

// rebuildTensor takes storage, offset, shape, strides and what is of no account here:
// whether gradients are wanted, hooks and, from version 2 of it on, flags.
func rebuildTensor(args Tuple) (any, error) {
	if len(args) < 4 || len(args) > 7 {
		return nil, fmt.Errorf("a tensor is made of %d arguments, expected 4 to 7", len(args))
	}
	s, isStorage := args[0].(*Storage)
	offset, isNumber := args[1].(int64)
	if !isStorage || !isNumber {
		return nil, fmt.Errorf("a tensor is made of %s and %s, expected a storage and a number", Kind(args[0]), Kind(args[1]))
	}
	shape, err := numbers(args[2])
	if err != nil {
		return nil, err
	}
	stride, err := numbers(args[3])
	if err != nil {
		return nil, err
	}
	if len(args) == 7 {
		if flags, isDict := args[6].(*Dict); args[6] != nil && (!isDict || len(flags.Keys) > 0) {
			return nil, errors.New("a tensor is a conjugated or negated view: save a copy of it (.resolve_neg(), .resolve_conj())")
		}
	}
	return newTensor(s, offset, shape, stride)
}

func numbers(value any) ([]int64, error) {
	tuple, ok := value.(Tuple)
	if !ok {
		return nil, fmt.Errorf("a shape is %s, expected a tuple", Kind(value))
	}
	if len(tuple) > MaxRank {
		return nil, fmt.Errorf("a tensor has %d dimensions, expected at most %d", len(tuple), MaxRank)
	}
	n := make([]int64, len(tuple))
	for i, item := range tuple {
		if n[i], ok = item.(int64); !ok {
			return nil, fmt.Errorf("a shape has %s in it, expected whole numbers", Kind(item))
		}
	}
	return n, nil
}

// rebuildParameter takes a tensor and what is of no account here.
func rebuildParameter(args Tuple) (any, error) {
	if len(args) > 0 && len(args) <= 3 {
		if t, ok := args[0].(*Tensor); ok {
			return t, nil
		}
	}
	return nil, errors.New("a parameter is made of something else than a tensor")
}
