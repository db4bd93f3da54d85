#!/usr/bin/env python3
"""Trains heads on the same features with this program and with scikit-learn, by turns
and prints a Markdown table.

    python3 -m venv VENV && VENV/bin/pip install scikit-learn
    nice -n -5 VENV/bin/python bench/head.py [--features FOLDER] [--rounds 5] [--threads 2]

FOLDER has train.npy and validation.npy, float32 of [images, features], and
train_labels.npy and validation_labels.npy, whole numbers. Without it, features are drawn:
as many as 2,677 photographs have in EfficientNet-Lite0, of ten classes.

Both go through the same penalties from strong to weak, each from the solution of the one
before, and choose by the validation part. scikit-learn gets features that are centred
and scaled already, float32, and stops at its default tolerance. The objective says how
far each got: that of the weakest penalty, in float64. A ratio is that of the medians, with
the lowest and highest of the rounds' own. Processor time of ours has the start of the
process and the reading of its files in it. Where the machine is busy, OpenBLAS's threads
wait for each other in a loop, so that only one thread each can be compared there.
"""

import argparse
import os
import pathlib
import re
import resource
import statistics
import subprocess
import tempfile
import time

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PARTS = ("train", "validation")


def drawn():
    """Features as rectifiers give them, of a few directions that classes differ in."""
    r = numpy.random.default_rng(1)
    directions = r.normal(size=(64, 1280)) * (1 / numpy.arange(1, 65))[:, None] ** 0.7
    centres = r.normal(size=(10, 64)) * 0.5
    data = {}
    for part, n in zip(PARTS, (2677, 341)):
        labels = r.integers(0, 10, n)
        x = (centres[labels] + r.normal(size=(n, 64))) @ directions / 2 + 0.3 * r.normal(size=(n, 1280))
        data[part] = numpy.maximum(x, 0).astype(numpy.float32), labels
    return data


def read(folder):
    return {part: (numpy.load(folder / f"{part}.npy").astype(numpy.float32), numpy.load(folder / f"{part}_labels.npy"))
            for part in PARTS}


def objective(x, labels, coefficients, bias, penalty):
    logits = x.astype(numpy.float64) @ coefficients + bias
    logits -= logits.max(1, keepdims=True)
    loss = numpy.log(numpy.exp(logits).sum(1)) - logits[numpy.arange(len(x)), labels]
    return loss.mean() + penalty / 2 * (coefficients**2).sum()


def ours(binary, folder, threads):
    """Returns seconds, processor seconds, accuracy, the last objective, the penalties."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = subprocess.run(
        [binary, "-test.run", "^$", "-test.bench", "^BenchmarkTrain$", "-test.benchtime", "1x"],
        env=os.environ | {"BLOCKTRAIN_BENCH_FEATURES": str(folder), "GOMAXPROCS": str(threads)}, check=True, capture_output=True, text=True).stdout
    value = lambda unit: float(re.search(rf"([0-9.e+-]+) {unit}", text)[1])
    penalties = [float(p) for p in re.search(r"^penalties (.*)$", text, re.M)[1].split()]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return value("ns/op") / 1e9, processor, value("accuracy"), value("objective"), penalties


def theirs(data, penalties):
    start, processor = time.perf_counter(), time.process_time()
    x, labels = data["train"]
    mean = x.mean(0, dtype=numpy.float64)
    scale = numpy.sqrt(x.var(0, dtype=numpy.float64).mean())
    scaled = {part: ((v - mean) / scale).astype(numpy.float32) for part, (v, _) in data.items()}
    model = LogisticRegression(warm_start=True, max_iter=2000)
    best = 0
    for penalty in penalties:
        model.C = 1 / (penalty * len(x))
        model.fit(scaled["train"], labels)
        model.score(scaled["train"], labels)
        best = max(best, model.score(scaled["validation"], data["validation"][1]))
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    return seconds, processor, best, objective(scaled["train"], labels, model.coef_.T.astype(numpy.float64), model.intercept_, penalties[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    data = read(arguments.features) if arguments.features else drawn()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        binary = folder / "head.test"
        subprocess.run(["go", "test", "-c", "-o", binary, "./internal/head"], cwd=REPOSITORY, check=True)
        for part, (x, labels) in data.items():
            x.astype("<f4").tofile(folder / f"{part}.features")
            labels.astype("<i8").tofile(folder / f"{part}.labels")
        rounds = []
        for _ in range(arguments.rounds):
            a = ours(binary, folder, arguments.threads)
            with threadpool_limits(arguments.threads):
                rounds.append((a, theirs(data, a[4])))
    n, d = data["train"][0].shape
    print(f"{n} rows of {d} features, {len(rounds[0][0][4])} penalties, {arguments.threads} threads, {len(rounds)} rounds\n")
    print(f"| | this program | scikit-learn {sklearn.__version__} | ratio |\n|---|---|---|---|")
    for i, name in enumerate(["seconds", "processor seconds"]):
        a, b = ([r[who][i] for r in rounds] for who in range(2))
        ratios = [y / x for x, y in zip(a, b)]
        a, b = statistics.median(a), statistics.median(b)
        print(f"| {name} | {a:.2f} | {b:.2f} | **{b / a:.1f}** ({min(ratios):.1f}-{max(ratios):.1f}) |")
    a, b = rounds[0]
    print(f"| best accuracy on the validation part | {a[2]:.4f} | {b[2]:.4f} | |")
    print(f"| objective, weakest penalty | {a[3]:.7f} | {b[3]:.7f} | |")


if __name__ == "__main__":
    main()
