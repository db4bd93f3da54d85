#!/usr/bin/env python3
"""Does an auto-encoder that has seen one digit tell it from the others?

For each digit of MNIST: trains on that digit alone, scores the images of all ten
digits with the exported model.onnx in ONNX Runtime, and prints the area under the
ROC curve of the output 'score' (the mean squared error of the whole image) for "is
another digit". Beside it, the same with a principal-component reconstruction that has
as many components as the bottleneck has values, of the same training images.

    python3 -m venv VENV
    VENV/bin/pip install numpy==2.4.6 onnxruntime==1.32.0
    VENV/bin/python bench/anomaly.py MNIST-FOLDER
    VENV/bin/python bench/anomaly.py MNIST-FOLDER --part validation --bottleneck 8

The part 'validation' is cut from MNIST's training file: settings are chosen by it. What
follows -- goes to 'blocktrain train'.
"""

import argparse
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy
import onnxruntime

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
DIGITS = range(10)


def idx(path):
    """The array in a file in MNIST's format, compressed with gzip or not."""
    packed = path.with_name(path.name + ".gz")
    raw = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    rank = raw[3]
    shape = numpy.frombuffer(raw, ">u4", rank, 4)
    return numpy.frombuffer(raw, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


def mnist(folder):
    """Images [70000,28,28,1] and labels [70000]: those for training come first, as in a split list."""
    kinds = {"images": "images-idx3-ubyte", "labels": "labels-idx1-ubyte"}
    images, labels = (
        numpy.concatenate([idx(folder / f"{part}-{kind}") for part in ("train", "t10k")]) for kind in kinds.values()
    )
    return images[..., numpy.newaxis], labels


def area(scores, positive):
    """The area under the ROC curve: the share of pairs of a positive and a negative in which the
    positive has the higher score, where equal scores count half."""
    negatives = numpy.sort(scores[~positive])
    below = numpy.searchsorted(negatives, scores[positive], "left")
    upto = numpy.searchsorted(negatives, scores[positive], "right")
    return float((below + upto).mean() / 2 / len(negatives))


def network_scores(model, images):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (pixels,) = session.get_inputs()
    batches = (images[i : i + 500] for i in range(0, len(images), 500))
    return numpy.concatenate([session.run(["score"], {pixels.name: batch})[0] for batch in batches])[:, 0]


def component_scores(train, images, components):
    """Mean squared errors of reconstructions from the first principal components of train."""
    train, images = (x.reshape(len(x), -1) / 255.0 for x in (train, images))
    mean = train.mean(axis=0)
    _, vectors = numpy.linalg.eigh(numpy.cov(train - mean, rowvar=False))  # ascending
    basis = vectors[:, -components:]
    centred = images - mean
    return ((centred - centred @ basis @ basis.T) ** 2).mean(axis=1)


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.images, self.labels = mnist(arguments.mnist)
        self.program = folder / "blocktrain"
        environment = {**os.environ, "CGO_ENABLED": "0"}
        build = ["go", "build", "-o", self.program, "./cmd/blocktrain"]
        subprocess.run(build, cwd=REPOSITORY, env=environment, check=True)

    def train(self, digit):
        """Trains on one digit, and returns the run directory with its exported model."""
        run = self.folder / f"digit-{digit}"
        a = self.arguments
        source = ["--dataset", "mnist", "--data-dir", a.mnist.resolve(), "--train-classes", str(digit)]
        options = ",".join([f"bottleneck={a.bottleneck}", *a.model_options])
        network = ["--model", "autoencoder", "--model-options", options]
        for command in (["train", *source, *network, "--output-dir", run, *a.flags], ["export", "--run", run]):
            subprocess.run([self.program, command[0], "-q", *command[1:]], cwd=self.folder, stdout=subprocess.DEVNULL, check=True)
        return run

    def measure(self, digit):
        """The two areas of a digit: the network's, and that of principal components."""
        run = self.train(digit)
        split = json.loads((run / "split.json").read_text())
        train, part = (numpy.array(split[name]) for name in ("train", self.arguments.part))
        train = train[self.labels[train] == digit]
        images, others = self.images[part], self.labels[part] != digit
        ours = network_scores(run / "export" / "model.onnx", images)
        components = component_scores(self.images[train], images, self.arguments.bottleneck)
        return area(ours, others), area(components, others)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=pathlib.Path, help="folder with the four files of MNIST")
    parser.add_argument("--part", choices=("test", "validation"), default="test")
    parser.add_argument("--bottleneck", type=int, default=32)
    parser.add_argument("--model-options", action="append", default=[], metavar="KEY=VALUE")
    ours, flags = sys.argv[1:], []
    if "--" in ours:
        ours, flags = ours[: ours.index("--")], ours[ours.index("--") + 1 :]
    arguments = parser.parse_args(ours, argparse.Namespace(flags=flags))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, pathlib.Path(folder))
        print("| digit | auto-encoder | principal components |\n|---|---|---|", flush=True)
        results = []
        for digit in DIGITS:
            results.append(bench.measure(digit))
            print("| {} | {:.4f} | {:.4f} |".format(digit, *results[-1]), flush=True)
        print("| mean | {:.4f} | {:.4f} |".format(*map(statistics.fmean, zip(*results))))


if __name__ == "__main__":
    main()
