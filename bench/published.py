#!/usr/bin/env python3
"""Measures published networks beside ONNX Runtime and PyTorch, and prints Markdown tables.

Inference of ours and of ONNX Runtime, with all of its optimisations, on the same
exported model; and a training step of all layers of ours and of PyTorch: the forward
and backward pass, cross-entropy and SGD. Images are of 224 pixels in float32, with 32
in a batch and two threads. Every round measures ours, then the peer, then begins anew,
so that what disturbs the machine for a while disturbs both. A ratio is that of the
medians, with the lowest and highest of the rounds' own. Ratios can be compared between
machines of one kind, times cannot.

    python3 -m venv ~/peers
    ~/peers/bin/pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 onnxruntime==1.32.0 numpy
    ~/peers/bin/python bench/published.py [--measure training] [--network NAME]...

PyTorch runs with channels_last in eager mode, and with --compile by torch.compile as
well, whichever is faster; that needs a C++ compiler. A peer may be in another
environment: --onnxruntime-python and --pytorch-python name its Python.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
SIDE, BATCH, THREADS = 224, 32, 2
NETWORKS = ["efficientnet-lite0", "resnet18"]


def rate(work, seconds):
    """Images a second: the median over calls, of which there are at least three."""
    times, began = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - began < seconds:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return BATCH / statistics.median(times)


def serve(work):
    """A peer measures whenever it is asked to, so that it starts once."""
    work()
    print("ready", flush=True)
    for line in sys.stdin:
        print(rate(work, float(line)), flush=True)


def onnxruntime_peer(path):
    import numpy
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    images = numpy.random.default_rng(1).integers(0, 256, (BATCH, SIDE, SIDE, 3), dtype=numpy.uint8)
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: images})


def pytorch_peer(network, compiled):
    import torch
    torch.set_num_threads(THREADS)
    if network.startswith("efficientnet"):
        import timm
        model = timm.create_model("tf_" + network.replace("-", "_"), num_classes=10)
    else:
        import torchvision
        model = getattr(torchvision.models, network)(num_classes=10)
    model = model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    images = torch.randn(BATCH, 3, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(BATCH) % 10
    forward = torch.compile(model) if compiled else model

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(forward(images), labels).backward()
        optimizer.step()
    return step


def run_peer(kind, subject):
    if kind == "onnxruntime":
        serve(onnxruntime_peer(subject))
    else:
        serve(pytorch_peer(subject, kind == "compiled"))


class Peer:
    """A process that measures when it is asked."""

    def __init__(self, python, *words):
        self.process = subprocess.Popen([python, __file__, "--peer", *map(str, words)], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if "ready\n" not in iter(self.process.stdout.readline, ""):  # libraries may print before it
            sys.exit(f"{' '.join(map(str, words))}: cannot be measured: run {python} {__file__} --peer with these words")

    def measure(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Ours:
    """The program."""

    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, pathlib.Path(folder)
        self.program = arguments.program or self.folder / "blocktrain"
        if not arguments.program:
            subprocess.run(["go", "build", "-o", self.program, "./cmd/blocktrain"], cwd=REPOSITORY, check=True,
                           env=dict(os.environ, CGO_ENABLED="0"))

    def measure(self, network, what):
        output = subprocess.run([
            self.program, "bench", "--quiet", "--json", "--model", network, "--input", f"{SIDE}x{SIDE}x3", "--measure", what,
            "--optimizer", "sgd", "--batch-size", str(BATCH), "--workers", str(THREADS), "--seconds", str(self.arguments.seconds),
        ], check=True, stdout=subprocess.PIPE, cwd=self.folder).stdout
        return json.loads(output)["train_images_per_second" if what == "training" else "inference_images_per_second"]

    def export(self, network):
        """The ONNX file of the network, trained for a moment."""
        run = self.folder / network
        subprocess.run([
            self.program, "run", "--quiet", "--dataset", "digits", "--dataset-options", "count=20", "--image-size", str(SIDE),
            "--channels", "3", "--model", network, "--batch-size", "8", "--epochs", "1", "--output-dir", run, "--exporters", "onnx",
            "--criteria", "max_model_size_mb:threshold=1000", "--visualizations", "none",
        ], check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
        return run / "export/model.onnx"


def row(network, name, samples):
    ours, peer = samples["ours"], samples[name]
    ratios = [a / b for a, b in zip(ours, peer)]
    a, b = statistics.median(ours), statistics.median(peer)
    return f"| {network} | {a:,.1f} | {name} {b:,.1f} | **{a / b:.2f}** ({min(ratios):.2f}-{max(ratios):.2f}) |"


def compare(ours, network, what, arguments):
    if what == "inference":
        path = arguments.onnx / f"{network}.onnx" if arguments.onnx else ours.export(network)
        peers = {"ONNX Runtime": Peer(arguments.onnxruntime_python, "onnxruntime", path)}
    else:
        peers = {"PyTorch eager": Peer(arguments.pytorch_python, "eager", network)}
        if arguments.compile:
            peers["PyTorch compiled"] = Peer(arguments.pytorch_python, "compiled", network)
    samples = {name: [] for name in ["ours", *peers]}
    for number in range(arguments.rounds):
        samples["ours"].append(ours.measure(network, what))
        for name, peer in peers.items():
            samples[name].append(peer.measure(arguments.seconds))
        print(f"round {number + 1} of {arguments.rounds}: {network}, {what}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    for peer in peers.values():
        peer.close()
    best = max(peers, key=lambda name: statistics.median(samples[name]))
    return row(network, best, samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--network", action="append", help="may be repeated; efficientnet-lite0 and resnet18 if absent")
    parser.add_argument("--measure", action="append", choices=["inference", "training"], help="may be repeated; both if absent")
    parser.add_argument("--compile", action="store_true", help="try torch.compile too")
    parser.add_argument("--program", type=pathlib.Path, help="the program to measure; built from this repository if absent")
    parser.add_argument("--onnx", type=pathlib.Path, help="folder with exported models, NETWORK.onnx; made if absent")
    parser.add_argument("--onnxruntime-python", default=sys.executable)
    parser.add_argument("--pytorch-python", default=sys.executable)
    parser.add_argument("--peer", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        run_peer(*arguments.peer)
        return
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(arguments, folder)
        for what in arguments.measure or ["inference", "training"]:
            rows = [compare(ours, network, what, arguments) for network in arguments.network or NETWORKS]
            print(f"| {what}, images/s | ours | peer | ratio |\n|---|---|---|---|\n" + "\n".join(rows) + "\n", flush=True)


if __name__ == "__main__":
    main()
