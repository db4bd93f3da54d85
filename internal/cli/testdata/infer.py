#!/usr/bin/env python3
"""Runs an ONNX model in ONNX Runtime (pip install numpy onnxruntime).

usage: infer.py MODEL.onnx PIXELS BATCH OUTPUT...

PIXELS is a file of images, byte by byte, in the shape of the model's input. They are
given to the model BATCH at a time, the last ones fewer. The values of each OUTPUT go to
the standard output as float32, little-endian, those of all images before the next
output's.
"""
import sys

import numpy
import onnxruntime

model, pixels, batch, names = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
(images,) = session.get_inputs()
data = numpy.fromfile(pixels, numpy.uint8).reshape(-1, *images.shape[1:])
results = [session.run(names, {images.name: data[i : i + batch]}) for i in range(0, len(data), batch)]
for values in zip(*results):
    sys.stdout.buffer.write(numpy.concatenate(values).astype("<f4").tobytes())
