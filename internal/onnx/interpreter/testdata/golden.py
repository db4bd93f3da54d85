"""Writes golden.json: small models of one operator or a few, random inputs, and what ONNX
Runtime makes of them. The models are built by the onnx package, so that neither exporter
nor interpreter had a hand in them.

    python3 golden.py > golden.json     # needs numpy, onnx and onnxruntime
"""

import base64
import json
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(1)


def constant(name, *shape):
    return numpy_helper.from_array((random.random(shape, dtype=np.float32) - 0.5) / 4, name)


def integers(name, *values):
    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def node(op, inputs, output="out", **attributes):
    return helper.make_node(op, inputs, [output], **attributes)


def variance(name, n):
    return numpy_helper.from_array(random.random(n, dtype=np.float32) + 0.5, name)


CASES = [
    ("Conv 3x3", (3, 9, 8), [node("Conv", ["x", "w", "b"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])], [constant("w", 5, 3, 3, 3), constant("b", 5)]),
    ("Conv with strides, dilations and pads of one side", (4, 11, 10), [node("Conv", ["x", "w"], strides=[2, 1], dilations=[1, 2], pads=[0, 1, 2, 0])], [constant("w", 7, 4, 2, 3)]),
    ("Conv in two groups", (6, 7, 7), [node("Conv", ["x", "w", "b"], group=2, strides=[2, 2])], [constant("w", 8, 3, 3, 3), constant("b", 8)]),
    ("Conv by depth", (5, 8, 8), [node("Conv", ["x", "w"], group=5, pads=[1, 1, 1, 1])], [constant("w", 5, 1, 3, 3)]),
    ("Conv 1x1 on one pixel", (9, 1, 1), [node("Conv", ["x", "w"])], [constant("w", 3, 9, 1, 1)]),
    ("Gemm", (17,), [node("Gemm", ["x", "w", "b"])], [constant("w", 17, 6), constant("b", 6)]),
    ("Gemm, B transposed", (17,), [node("Gemm", ["x", "w"], transB=1)], [constant("w", 5, 17)]),
    ("MaxPool", (3, 9, 9), [node("MaxPool", ["x"], kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])], []),
    ("AveragePool without padding", (3, 9, 9), [node("AveragePool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])], []),
    ("AveragePool with padding", (3, 9, 9), [node("AveragePool", ["x"], kernel_shape=[3, 3], pads=[1, 1, 0, 0], count_include_pad=1)], []),
    ("GlobalAveragePool", (3, 5, 7), [node("GlobalAveragePool", ["x"])], []),
    ("BatchNormalization", (3, 4, 4), [node("BatchNormalization", ["x", "s", "b", "m", "v"], epsilon=1e-3)], [constant("s", 3), constant("b", 3), constant("m", 3), variance("v", 3)]),
    ("Softmax", (4, 7), [node("Softmax", ["x"], axis=-1)], []),
    ("Softmax along channels", (4, 7), [node("Softmax", ["x"], axis=1)], []),
    ("Sigmoid", (40,), [node("Sigmoid", ["x"])], []),
    ("HardSwish", (40,), [node("HardSwish", ["x"])], []),
    ("HardSigmoid", (40,), [node("HardSigmoid", ["x"], alpha=0.3, beta=0.4)], []),
    ("Erf", (40,), [node("Erf", ["x"])], []),
    ("Clip", (40,), [node("Clip", ["x", "l"])], [numpy_helper.from_array(np.float32(0.25), "l")]),
    ("Div, broadcast to both", (4, 1), [node("Div", ["x", "c"])], [variance("c", (1, 5))]),
    ("Sub along channels", (3, 4, 5), [node("Sub", ["c", "x"])], [constant("c", 3, 1, 1)]),
    ("Transpose", (3, 4, 5), [node("Transpose", ["x"], perm=[0, 3, 1, 2])], []),
    ("Slice", (3, 8, 9), [node("Slice", ["x", "s", "e", "a"])], [integers("s", 1, -5), integers("e", 7, 2**40), integers("a", 2, -1)]),
    ("Resize", (2, 3, 4), [node("Resize", ["x", "", "s"], coordinate_transformation_mode="asymmetric", mode="nearest", nearest_mode="floor")],
     [numpy_helper.from_array(np.array([1, 1, 3, 2.5], dtype=np.float32), "s")]),
    ("Concat", (2, 3), [node("Concat", ["x", "x"], axis=2)], []),
    ("ReduceMean", (3, 4, 5), [node("ReduceMean", ["x"], axes=[1, -1], keepdims=0)], []),
    ("Reshape and Flatten", (3, 4, 5), [node("Reshape", ["x", "s"], "y"), node("Flatten", ["y"], axis=-3)], [integers("s", 0, 6, -1, 2)]),
    ("convolutions that share memory", (2, 6, 6), [
        node("Conv", ["x", "w", "b"], "a", pads=[1, 1, 1, 1]), node("Relu", ["a"], "r"), node("Conv", ["r", "v"], "c", pads=[1, 1, 1, 1]),
        node("Add", ["c", "a"], "d"), node("Identity", ["d"], "i"), node("Mul", ["i", "r"])], [constant("w", 4, 2, 3, 3), constant("b", 4), constant("v", 4, 4, 3, 3)]),
]


def build(shape, nodes, constants, opset):
    cast = node("Cast", ["image"], "cast", to=TensorProto.FLOAT)
    scale = node("Mul", ["cast", "scale"], "scaled")
    shift = node("Add", ["scaled", "shift"], "x")  # -2 to 2
    constants = constants + [numpy_helper.from_array(np.float32(4 / 255), "scale"), numpy_helper.from_array(np.float32(-2), "shift")]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", *shape])
    out = onnx.ValueInfoProto(name="out")
    out.type.tensor_type.elem_type = TensorProto.FLOAT
    graph = helper.make_graph([cast, scale, shift, *nodes], "golden", [image], [out], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    inferred = onnx.shape_inference.infer_shapes(model).graph.output[0]
    model.graph.output[0].CopyFrom(inferred)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def main():
    made = []
    for name, shape, nodes, constants in CASES:
        model = build(shape, nodes, constants, 17)
        image = random.integers(0, 256, (3, *shape), dtype=np.uint8)
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        (out,) = session.run(None, {"image": image})
        made.append({
            "name": name, "model": base64.b64encode(model).decode(), "input": base64.b64encode(image.tobytes()).decode(),
            "output": base64.b64encode(out.astype("<f4").tobytes()).decode(),
        })
    json.dump({"onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__, "cases": made}, sys.stdout, indent=1)
    print()


main()
