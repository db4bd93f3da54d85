#!/usr/bin/env python3
"""Checks ONNX files with the onnx package (Debian: python3-onnx).

usage: check.py FILE...

Each file must pass the full checker, shape inference included, must infer for
its outputs the shapes that it declares, and must be in the canonical protobuf form
(fields in order, nothing unknown), so that reading and writing it changes no byte.
Inference may lose the symbol of the batch: it does not follow scales of Resize.
"""
import sys

import onnx


def dims(value):
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


def check(path):
    with open(path, "rb") as f:
        raw = f.read()
    model = onnx.load_model_from_string(raw)
    onnx.checker.check_model(model, full_check=True)
    if model.SerializeToString(deterministic=True) != raw:
        raise ValueError("not in canonical form")
    declared = [dims(output) for output in model.graph.output]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    for want, output in zip(declared, inferred.graph.output):
        got = dims(output)
        if got[1:] != want[1:] or not isinstance(got[0], str):
            raise ValueError(f"{output.name} declares {want}, infers {got}")


failed = False
for path in sys.argv[1:]:
    try:
        check(path)
    except Exception as e:  # whatever is wrong, the next file is checked too
        print(f"{path}: {e}")
        failed = True
sys.exit(failed)
