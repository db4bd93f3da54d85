#!/usr/bin/python3
"""Measures this program and its peers side by side, and prints Markdown tables.

Every round measures ours, then each peer, then begins anew with ours: what disturbs
the machine for a while disturbs all of them. A figure is the median over the rounds;
a ratio is that of the medians, with the lowest and highest of the rounds' own.
Ratios can be compared between machines of one kind, times cannot.

    apt-get install python3-torch libjemalloc2 nodejs npm
    (mkdir -p ~/ort && cd ~/ort && ONNXRUNTIME_NODE_INSTALL=skip npm install --ignore-scripts onnxruntime-node)
    bench/peers.py --onnxruntime ~/ort/node_modules --mnist MNIST-FOLDER

PyTorch is measured in the configuration that is fastest on a CPU: channels_last, and
jemalloc that returns no memory, one thread or two, whichever is faster; and with its
default allocator for comparison. A peer that is not installed is left out. As root, --priority takes precedence over what
else runs on the machine, for ours and the peers alike: threads that wait for each
other in a busy loop, as OpenMP's do, lose far more than their share otherwise.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"  # the one that Debian's python3-torch is for
INFERENCE_BATCH = 64
NETWORKS = {  # input and batch size of training, as 'blocktrain bench' has them
    "lenet5": ("28x28x1", 64),
    "cnn": ("28x28x1", 64),
    "resnet20": ("32x32x3", 128),
    "mobilenet-small": ("32x32x3", 128),
}
JEMALLOC = {"LD_PRELOAD": "libjemalloc.so.2", "MALLOC_CONF": "dirty_decay_ms:-1,muzzy_decay_ms:-1"}
NO_AVX512 = {"GODEBUG": "cpu.avx512f=off"}


def take_priority():
    """Runs in the child: before all else that the kernel schedules, also where it
    groups processes by session."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        group = pathlib.Path("/proc/self/autogroup")
        if group.exists():
            group.write_text("-20")
    except OSError as error:
        sys.exit(f"--priority needs root: {error}")


class Bench:
    """The programs, and how they are called."""

    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = pathlib.Path(folder)
        self.program = arguments.program or self.folder / "blocktrain"
        if not arguments.program:
            subprocess.run(["go", "build", "-o", self.program, "./cmd/blocktrain"], cwd=REPOSITORY, check=True,
                           env=dict(os.environ, CGO_ENABLED="0"))

    def run(self, command, **environment):
        """The standard output of a command, and the most memory that it had resident."""
        prepare = take_priority if self.arguments.priority else None
        # A version of OpenBLAS may be asked for here that is slow on this processor.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, cwd=self.folder,
                                   env=dict(kept, **environment), start_new_session=True, preexec_fn=prepare)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit code {process.returncode}")
        return output, usage.ru_maxrss << 10

    def json(self, command, **environment):
        return json.loads(self.run(command, **environment)[0])

    def ours(self, network, measure, batch, workers=2, **environment):
        return self.json([
            self.program, "bench", "--quiet", "--json", "--model", network, "--input", NETWORKS[network][0],
            "--measure", measure, "--batch-size", batch, "--workers", workers, "--seconds", self.arguments.seconds,
        ], **environment)

    def pytorch(self, network, batch, threads=2, **environment):
        return self.json([
            PYTHON, REPOSITORY / "bench/pytorch.py", "--model", network, "--batch-size", batch,
            "--side", NETWORKS[network][0].split("x")[0], "--threads", threads, "--seconds", self.arguments.seconds,
        ], OMP_NUM_THREADS=str(threads), **environment)

    def onnxruntime(self, network, threads):
        return self.json([
            "node", REPOSITORY / "bench/onnxruntime.js", self.export(network), NETWORKS[network][0], INFERENCE_BATCH,
            threads, self.arguments.seconds,
        ], NODE_PATH=self.arguments.onnxruntime.resolve())

    def export(self, network):
        """The ONNX file of the network, trained for a moment."""
        run = self.folder / network
        if not run.exists():
            size, _, channels = NETWORKS[network][0].rpartition("x")
            self.run([
                self.program, "run", "--quiet", "--dataset", "digits", "--dataset-options", "count=400", "--image-size", size,
                "--channels", channels, "--model", network, "--epochs", "1", "--output-dir", run, "--exporters", "onnx",
                "--criteria", "max_model_size_mb", "--visualizations", "none",
            ])
        return run / "export/model.onnx"


def has_pytorch():
    found = subprocess.run([PYTHON, "-c", "import torch"], stderr=subprocess.DEVNULL)
    return found.returncode == 0


class Samples:
    """Figures by name, one of each round."""

    def __init__(self):
        self.of = {}

    def add(self, name, value):
        self.of.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.of[name])

    def has(self, name):
        return name in self.of

    def ratio(self, a, b):
        """Of the medians, and the range of the rounds'."""
        if not (self.has(a) and self.has(b)):
            return "-"
        rounds = [x / y for x, y in zip(self.of[a], self.of[b])]
        return f"**{self.median(a) / self.median(b):.2f}** ({min(rounds):.2f}-{max(rounds):.2f})"

    def text(self, name, form="{:,.0f}"):
        return form.format(self.median(name)) if self.has(name) else "-"


def measure_training(bench, network, samples, with_pytorch):
    batch = NETWORKS[network][1]
    ours = bench.ours(network, "training", batch)
    samples.add("ours", ours["train_images_per_second"])
    samples.add("share", 100 * ours["fma_peak_share"])
    if with_pytorch:
        for name, threads, environment in [("pytorch 1", 1, JEMALLOC), ("pytorch 2", 2, JEMALLOC), ("pytorch default", 2, {})]:
            theirs = bench.pytorch(network, batch, threads, **environment)
            if theirs["parameters"] != ours["parameters"]:
                sys.exit(f"{network}: {theirs['parameters']} parameters there, {ours['parameters']} here: not the same network")
            samples.add(name, theirs["train_images_per_second"])
    samples.add("one worker", bench.ours(network, "training", batch, workers=1)["train_images_per_second"])
    if ours["simd"] == "avx512":
        slower = bench.ours(network, "training", batch, **NO_AVX512)
        samples.add("avx2", slower["train_images_per_second"])
        samples.add("avx2 share", 100 * slower["fma_peak_share"])
    return ours


def measure_inference(bench, network, samples):
    ours = bench.ours(network, "inference", INFERENCE_BATCH)
    samples.add("inference", ours["inference_images_per_second"])
    samples.add("inference share", 100 * ours["inference_fma_peak_share"])
    samples.add("latency", ours["latency_ms"]["p50"])
    samples.add("divided latency", ours["divided_latency_ms"]["p50"])
    if bench.arguments.onnxruntime:
        for threads in [1, 2]:
            theirs = bench.onnxruntime(network, threads)
            samples.add(f"ort latency {threads}", theirs["latency_ms"]["p50"])
        samples.add("ort", theirs["inference_images_per_second"])


def measure_memory(bench, with_pytorch):
    """Peak memory of training the cnn on MNIST for one epoch."""
    mnist = bench.arguments.mnist.resolve()
    _, ours = bench.run([
        bench.program, "train", "--quiet", "--dataset", "mnist", "--data-dir", mnist, "--model", "cnn", "--batch-size", 64,
        "--epochs", 1, "--workers", 2, "--output-dir", bench.folder / "mnist-run",
    ])
    lines = [f"| blocktrain | {ours / 2**20:.0f} |"]
    if with_pytorch:
        for name, environment in [("PyTorch, jemalloc", JEMALLOC), ("PyTorch, default allocator", {})]:
            _, theirs = bench.run([PYTHON, REPOSITORY / "bench/pytorch.py", "--model", "cnn", "--mnist", mnist],
                                  OMP_NUM_THREADS="2", **environment)
            lines.append(f"| {name} | {theirs / 2**20:.0f} ({theirs / ours:.1f} times ours) |")
    return "\n".join(["| cnn, b=64, one epoch of MNIST | peak resident MiB |", "|---|---|"] + lines)


def fastest(samples):
    """The name of PyTorch's faster number of threads."""
    names = [name for name in ["pytorch 1", "pytorch 2"] if samples.has(name)]
    return max(names, key=samples.median, default="pytorch 2")


def training_table(results):
    lines = [
        "| training, images/s | ours | PyTorch | ratio | with its default allocator | one worker to one thread | share of FMA peak | 1 to 2 workers | AVX2 alone | of its peak |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for network, s in results.items():
        peer = fastest(s)
        lines.append(
            f"| {network}, {NETWORKS[network][0]}, b={NETWORKS[network][1]} | {s.text('ours')} | {s.text(peer)} (threads: {peer[-1]}) | {s.ratio('ours', peer)} | "
            f"{s.text('pytorch default')} | {s.ratio('one worker', 'pytorch 1')} | {s.text('share', '{:.0f} %')} | {s.ratio('ours', 'one worker')} | "
            f"{s.text('avx2')} | {s.text('avx2 share', '{:.0f} %')} |")
    return "\n".join(lines)


def inference_table(results):
    lines = [
        f"| inference | ours, images/s at b={INFERENCE_BATCH} | ONNX Runtime, 2 threads | ratio | share of FMA peak "
        "| ours, ms at b=1, one worker | ONNX Runtime, 1 thread | ratio | ours, two workers | ONNX Runtime, 2 threads | ratio |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for network, s in results.items():
        lines.append(
            f"| {network}, {NETWORKS[network][0]} | {s.text('inference')} | {s.text('ort')} | {s.ratio('inference', 'ort')} | {s.text('inference share', '{:.0f} %')} | "
            f"{s.text('latency', '{:.3f}')} | {s.text('ort latency 1', '{:.3f}')} | {s.ratio('latency', 'ort latency 1')} | "
            f"{s.text('divided latency', '{:.3f}')} | {s.text('ort latency 2', '{:.3f}')} | {s.ratio('divided latency', 'ort latency 2')} |")
    return "\n".join(lines)


def compare(bench, names):
    with_pytorch = has_pytorch()
    results = {network: Samples() for network in names}
    for number in range(bench.arguments.rounds):
        for network, samples in results.items():
            ours = measure_training(bench, network, samples, with_pytorch)
            if not bench.arguments.side:
                measure_inference(bench, network, samples)
            print(f"round {number + 1} of {bench.arguments.rounds}: {network} done, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    print(f"{ours['machine']}; {ours['simd']}, {ours['fma_peak_gflops']:.0f} GFLOP/s a worker; 2 workers; "
          f"medians of {bench.arguments.rounds} rounds of {bench.arguments.seconds:g} s\n")
    print(training_table(results), flush=True)
    if not bench.arguments.side:
        print("\n" + inference_table(results), flush=True)
    if bench.arguments.mnist:
        print("\n" + measure_memory(bench, with_pytorch))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.5, help="of each measurement")
    parser.add_argument("--network", action="append", choices=sorted(NETWORKS), help="may be repeated; all if absent")
    parser.add_argument("--side", type=int, help="of the images, in pixels, for training alone: others than the usual")
    parser.add_argument("--batch-size", type=int, help="of training, with --side")
    parser.add_argument("--program", type=pathlib.Path, help="the program to measure; built from this repository if absent")
    parser.add_argument("--onnxruntime", type=pathlib.Path, help="the node_modules folder that has onnxruntime-node")
    parser.add_argument("--mnist", type=pathlib.Path, help="folder of MNIST, for the comparison of memory")
    parser.add_argument("--priority", action="store_true", help="take precedence over other processes; needs root")
    arguments = parser.parse_args()
    if arguments.onnxruntime and not shutil.which("node"):
        sys.exit("--onnxruntime needs the program node")
    names = arguments.network or list(NETWORKS)
    if arguments.side:
        for name in names:
            usual, batch = NETWORKS[name]
            NETWORKS[name] = (f"{arguments.side}x{arguments.side}x{usual[-1]}", arguments.batch_size or batch)
    with tempfile.TemporaryDirectory() as folder:
        compare(Bench(arguments, folder), names)


if __name__ == "__main__":
    main()
