"""Runs the models of packages by an ONNX Runtime from PyPI and compares with their records.

    python3 -m venv VENV && VENV/bin/pip install onnxruntime==1.16.3 'numpy<2'
    VENV/bin/python bench/onnxruntime116.py PACKAGE...

ONNX Runtime 1.16 is the one of Triton 23.09 to 24.02, and older than what the Go binding can
load. 1.16.3 wants numpy 1 and Python 3.8 to 3.11. Any later one does as well:

    pip install onnxruntime numpy

Checked with 1.16.3 (numpy 1.26.4, Python 3.11) and 1.32.0 (numpy 2.4.6, Python 3.11).

Each package must be unpacked. Its preprocessing/tensors/ are given to
model-repository/MODEL/1/model.onnx one by one, in batches of 7 and all together; the answers
must be those of smoke.json: every recorded value of every output within 1e-4, of larger values
than 1 within that part of the largest, and the recorded class. Of a network over tracks
(networks/*/model-repository) nothing is recorded: it must load, and answer zeros with numbers.
Exit code 1: a model does not load, or differs. 2: wrong arguments.
"""

import glob
import hashlib
import json
import os
import sys

import numpy
import onnxruntime

TOLERANCE = 1e-4


def load(package, name):
    with open(os.path.join(package, name), encoding="utf-8") as f:
        return json.load(f)


def tensors(package, record, rule):
    """The bytes that the model takes for each test image, [N,H,W,C], compared with their digests."""
    size = rule["input"]
    shape = (size["height"], size["width"], size["channels"])
    paths = {test["image"]: test["tensor"] for test in rule["tests"]}
    images = []
    for test in record["tests"]:
        with open(os.path.join(package, paths[test["image"]]), "rb") as f:
            data = f.read()
        if hashlib.sha256(data).hexdigest() != test["tensor_sha256"]:
            raise ValueError("%s is not the tensor that was recorded" % paths[test["image"]])
        images.append(numpy.frombuffer(data, dtype=numpy.uint8).reshape(shape))
    return numpy.stack(images)


def worst(record, answers, first):
    """The largest difference from the record, of the images from number first on."""
    largest = 0.0
    for n in range(len(answers[0])):
        test = record["tests"][first + n]
        for output, answer in enumerate(answers):
            want = numpy.array(test["values"][output], dtype=numpy.float64)
            row = answer[n].ravel()
            if row.size != record["outputs"][output]["size"]:
                raise ValueError("%s has %d values, want %d" % (record["outputs"][output]["name"], row.size, record["outputs"][output]["size"]))
            got = row[: want.size].astype(numpy.float64)
            difference = numpy.abs(got - want).max() / max(1.0, numpy.abs(want).max())
            if not difference <= TOLERANCE:  # nor NaN
                raise ValueError("%s of %s differs by %g, want %g at most" % (record["outputs"][output]["name"], test["image"], difference, TOLERANCE))
            largest = max(largest, float(difference))
        if test.get("class") is not None and int(answers[0][n].argmax()) != test["class"]:
            raise ValueError("the class of %s is %d, want %d" % (test["image"], int(answers[0][n].argmax()), test["class"]))
    return largest


def start(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def answers_zeros(path):
    """Runs a model without a record, of which the first dimension is the batch."""
    session = start(path)
    types = {"tensor(uint8)": numpy.uint8, "tensor(float)": numpy.float32}
    for batch in (1, 7):
        feed = {i.name: numpy.zeros([batch] + i.shape[1:], types[i.type]) for i in session.get_inputs()}
        for output in session.run(None, feed):
            if len(output) != batch or not numpy.isfinite(output).all():
                raise ValueError("%s answers zeros with %s, want numbers for %d" % (path, output, batch))


def check(package):
    """Says in one line how a package agrees."""
    record, rule = load(package, "smoke.json"), load(package, "preprocessing.json")
    found = glob.glob(os.path.join(glob.escape(package), "model-repository", "*", "1", "model.onnx"))
    if len(found) != 1:
        raise ValueError("want one model in model-repository/*/1/model.onnx, found %d" % len(found))
    images = tensors(package, record, rule)
    if not len(images):
        raise ValueError("smoke.json has no tests")
    session = start(found[0])
    names = [output["name"] for output in record["outputs"]]
    largest = 0.0
    for batch in (1, 7, len(images)):
        for first in range(0, len(images), batch):
            answers = session.run(names, {rule["input"]["name"]: images[first:first + batch]})
            largest = max(largest, worst(record, answers, first))
    others = glob.glob(os.path.join(glob.escape(package), "networks", "*", "model-repository", "*", "1", "model.onnx"))
    for path in others:
        answers_zeros(path)
    return "%d images at batch 1, 7 and %d, largest difference %.2g; %d networks without a record load" % (len(images), len(images), largest, len(others))


def main(packages):
    if not packages:
        print(__doc__, file=sys.stderr)
        return 2
    print("onnxruntime %s, numpy %s, Python %s" % (onnxruntime.__version__, numpy.__version__, sys.version.split()[0]))
    failed = False
    for package in packages:
        try:
            print("ok      %s: %s" % (package, check(package)))
        except Exception as err:  # ONNX Runtime has exceptions of its own
            print("differs %s: %s" % (package, err))
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
