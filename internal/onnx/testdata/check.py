#!/usr/bin/env python3
"""Checks ONNX files with the onnx package (Debian: python3-onnx).

usage: check.py FILE...

Each file must pass the full checker, shape inference included, must infer for
its output the shape that it declares, and must be in the canonical protobuf form
(fields in order, nothing unknown), so that reading and writing it changes no byte.
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
    declared = dims(model.graph.output[0])
    model.graph.output[0].type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    if dims(inferred.graph.output[0]) != declared:
        raise ValueError(f"declares {declared}, infers {dims(inferred.graph.output[0])}")


failed = False
for path in sys.argv[1:]:
    try:
        check(path)
    except Exception as e:  # whatever is wrong, the next file is checked too
        print(f"{path}: {e}")
        failed = True
sys.exit(failed)
