#!/usr/bin/env python3
"""Trains on photographs from published weights with this program and with PyTorch, by turns,
and prints a Markdown table of minutes and accuracy.

    python3 -m venv ~/peers
    ~/peers/bin/pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 scikit-learn==1.9.1 numpy==2.4.6 pillow==13.0.0
    blocktrain weights get efficientnet-lite0
    ~/peers/bin/python bench/transfer.py --data FOLDER [--seeds 1,2,3] [--threads 2]

FOLDER has train/, validation/ and test/, each with a folder for every class. Training and
choices are by the first two. Nobody scores the test part, which this program reads, since its
record has the digest of all images. Each seed is a round: the head of this program, the
head of the peer, the whole training of this program, that of the peer. A measurement is a
process of its own, from its start to the accuracy, without anything kept from an earlier one.

Both sides do the same work. The network is EfficientNet-Lite0 with the weights of the
catalogue, and images are prepared as these want them: bicubic to 256 pixels on the shorter
side, the 224 in the middle, (byte-127)/128.

  head      features of all images and of the mirrored ones of the training part; logistic
            regression by scikit-learn for each of --penalties, from strong to weak, each from
            the solution of the one before; the one that the validation part says is best.
            This is the recipe transfer-head. It also finds heads on 25 and 50 % of the
            training part, which the peer does not.
  transfer  the head, then --epochs epochs of all layers in float32, as the recipe transfer:
            random resized crops of at least 0.35 of the area, flips, TrivialAugment, label
            smoothing of 0.1, AdamW with 1e-3 and a weight decay of 0.01, 0.9 of it for each
            layer below, batch normalisation by running averages that stay, weight averaging
            with a decay of 0.99, cosine after half an epoch of warm-up, batches of 32,
            dropout of 0.2. After each epoch the averaged weights are judged by the validation
            part. The best counts, the head among them.

The peer keeps decoded images in memory, of 256 pixels on the shorter side, as this program does,
and crops and varies them in --threads processes; PyTorch runs with channels_last and as
many threads. Random numbers differ, so accuracies agree within their spread alone. The
validation part was chosen by, so its accuracy is that of a choice, on both sides. Ratios of
times can be compared between machines of one kind, times cannot.
"""

import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
WEIGHTS = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"  # SHA-256 of the .pth
SHORTER, SIDE, MEAN, DEVIATION = 256, 224, 127, 128
BATCH, RATE, DECAY, LAYER_DECAY, SMOOTHING, AVERAGING, WARMUP = 32, 1e-3, 0.01, 0.9, 0.1, 0.99, 0.5
WORK = {"head": "transfer-head", "transfer": "transfer"}  # and its recipe


# --- the peer

def read_part(folder, threads):
    """Images of a part, with SHORTER pixels on the shorter side, and their labels."""
    from PIL import Image, ImageOps
    from torchvision.transforms import InterpolationMode, functional

    def image(path):
        with Image.open(path) as opened:
            # What a camera turned is turned back, as this program does.
            upright = ImageOps.exif_transpose(opened).convert("RGB")
        return functional.resize(upright, SHORTER, InterpolationMode.BICUBIC)

    classes = sorted(p.name for p in folder.iterdir() if p.is_dir())
    files = [(path, label) for label, name in enumerate(classes) for path in sorted((folder / name).iterdir()) if path.is_file()]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        images = list(pool.map(image, [path for path, _ in files]))
    return images, [label for _, label in files], classes


class Views:
    """A part as PyTorch's DataLoader wants it."""

    def __init__(self, images, labels, transform):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.transform(self.images[i]), self.labels[i]


class Peer:
    """The same work in PyTorch, timm and scikit-learn."""

    def __init__(self, arguments):
        import torch
        from torchvision.transforms import v2
        self.torch, self.arguments = torch, arguments
        torch.manual_seed(arguments.seed)
        torch.set_num_threads(arguments.threads)
        self.parts = {}
        for part in ("train", "validation"):
            images, labels, classes = read_part(arguments.data / part, arguments.threads)
            if part == "validation" and classes != self.classes:
                sys.exit(f"the classes of validation/ are {classes}, and those of train/ {self.classes}")
            self.parts[part], self.classes = (images, labels), classes
        normalize = [v2.ToImage(), v2.ToDtype(torch.float32), v2.Normalize([MEAN] * 3, [DEVIATION] * 3)]
        self.plain = v2.Compose([v2.CenterCrop(SIDE), *normalize])
        self.mirrored = v2.Compose([v2.CenterCrop(SIDE), v2.RandomHorizontalFlip(1), *normalize])
        self.varied = v2.Compose([
            v2.RandomResizedCrop(SIDE, scale=(0.35, 1), interpolation=v2.InterpolationMode.BICUBIC),
            v2.RandomHorizontalFlip(), v2.TrivialAugmentWide(), *normalize,
        ])
        self.model = self.published()

    def published(self):
        """The network with the weights of the file, whose tensors are in timm's order under other names."""
        import timm
        model = timm.create_model("tf_efficientnet_lite0", num_classes=len(self.classes), drop_rate=0.2)
        state = self.torch.load(self.arguments.weights, map_location="cpu", weights_only=True)
        own = model.state_dict()
        if len(own) != len(state):
            sys.exit(f"{self.arguments.weights} has {len(state)} tensors, and the network {len(own)}")
        for (name, tensor), (published, value) in zip(own.items(), state.items()):
            if name.startswith("classifier."):
                continue
            if tensor.shape != value.shape or name.split(".")[-1] != published.split(".")[-1]:
                sys.exit(f"{self.arguments.weights}: {published} has shape {tuple(value.shape)}, and {name} {tuple(tensor.shape)}")
            own[name] = value
        model.load_state_dict(own)
        return model.to(memory_format=self.torch.channels_last).eval()

    def batches(self, part, transform, shuffle=False):
        images, labels = self.parts[part]
        loader = self.torch.utils.data.DataLoader(Views(images, labels, transform), BATCH, shuffle=shuffle, num_workers=self.arguments.threads)
        for x, y in loader:
            yield x.contiguous(memory_format=self.torch.channels_last), y

    def features(self, part, transforms):
        rows = []
        with self.torch.inference_mode():
            for transform in transforms:
                rows += [self.model.forward_head(self.model.forward_features(x), pre_logits=True) for x, _ in self.batches(part, transform)]
        return self.torch.cat(rows).numpy(), self.parts[part][1] * len(transforms)

    def head(self):
        """Puts the head that the validation part says is best into the network, and returns its accuracy."""
        import numpy
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import log_loss
        from threadpoolctl import threadpool_limits
        x, labels = self.features("train", [self.plain, self.mirrored])
        judged, truth = self.features("validation", [self.plain])
        mean = x.mean(0, dtype=numpy.float64)
        scale = math.sqrt(x.var(0, dtype=numpy.float64).mean())
        x, judged = (((v - mean) / scale).astype(numpy.float32) for v in (x, judged))
        regression, best = LogisticRegression(warm_start=True, max_iter=2000), None
        with threadpool_limits(self.arguments.threads):
            for penalty in sorted(self.arguments.penalties, reverse=True):
                regression.C = 1 / (penalty * len(x))
                regression.fit(x, labels)
                figures = regression.score(judged, truth), -log_loss(truth, regression.predict_proba(judged), labels=regression.classes_)
                if best is None or figures > best[0]:
                    best = figures, self.expanded(regression.coef_ / scale), self.expanded(regression.intercept_ - regression.coef_ @ mean / scale)
        with self.torch.no_grad():
            self.model.classifier.weight.copy_(self.torch.from_numpy(best[1]))
            self.model.classifier.bias.copy_(self.torch.from_numpy(best[2]))
        return best[0][0]

    @staticmethod
    def expanded(values):
        """scikit-learn has one row for two classes, which is that of the second."""
        import numpy
        return numpy.concatenate([-values / 2, values / 2]) if len(values) == 1 else values

    def groups(self):
        """Parameters with the rate and the decay of their layer."""
        layers = ["conv_stem", *(f"blocks.{i}.{j}" for i, stage in enumerate(self.model.blocks) for j in range(len(stage))), "conv_head", "classifier"]
        norms = {"bn1": "conv_stem", "bn2": "conv_head"}
        groups = []
        for name, parameter in self.model.named_parameters():
            parts = name.split(".")
            layer = ".".join(parts[:3]) if parts[0] == "blocks" else norms.get(parts[0], parts[0])
            share = LAYER_DECAY ** (len(layers) - 1 - layers.index(layer))
            groups.append({"params": [parameter], "share": share, "weight_decay": DECAY if parameter.ndim > 1 else 0})
        return groups

    def judge(self, model):
        right = 0
        with self.torch.inference_mode():
            for x, y in self.batches("validation", self.plain):
                right += int((model(x).argmax(1) == y).sum())
        return right / len(self.parts["validation"][1])

    def transfer(self):
        import copy
        torch, best = self.torch, self.head()
        averaged = copy.deepcopy(self.model)
        self.model.train()
        for module in self.model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()  # running averages normalise and stay; weight and bias learn
        optimizer = torch.optim.AdamW(self.groups(), lr=RATE)
        pairs = list(zip(averaged.parameters(), self.model.parameters()))
        step, an_epoch = 0, math.ceil(len(self.parts["train"][1]) / BATCH)
        rising = int(WARMUP * an_epoch)
        for _ in range(self.arguments.epochs):
            for x, y in self.batches("train", self.varied, shuffle=True):
                done = (step - rising) / max(1, self.arguments.epochs * an_epoch - rising)
                factor = (step + 1) / (rising + 1) if step < rising else (1 + math.cos(math.pi * done)) / 2
                for group in optimizer.param_groups:
                    group["lr"] = RATE * factor * group["share"]
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(self.model(x), y, label_smoothing=SMOOTHING).backward()
                optimizer.step()
                step += 1
                with torch.no_grad():
                    for average, present in pairs:
                        average.lerp_(present, 1 - min(AVERAGING, (1 + step) / (10 + step)))
            best = max(best, self.judge(averaged))
        return best


def run_peer(arguments):
    peer = Peer(arguments)
    print(json.dumps({"accuracy": getattr(peer, arguments.peer)()}))


# --- both

def measured(words, **options):
    """Seconds and processor seconds of a command with all of its processes, and what it printed."""
    started = time.perf_counter()
    with subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE, text=True, **options) as process:
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: exit code {process.returncode}")
    return {"seconds": time.perf_counter() - started, "processor": usage.ru_utime + usage.ru_stime}, text


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.program = arguments.program or folder / "blocktrain"
        if not arguments.program:
            subprocess.run(["go", "build", "-o", self.program, "./cmd/blocktrain"], cwd=REPOSITORY, check=True, env=dict(os.environ, CGO_ENABLED="0"))

    def ours(self, work, seed):
        """A cache with nothing but the weights in it, so that features are computed."""
        cache, run = self.folder / "cache", self.folder / "run"
        for left in (cache, run):
            shutil.rmtree(left, ignore_errors=True)
        (cache / "blocktrain/weights").mkdir(parents=True)
        for kept in self.arguments.weights.parent.glob(WEIGHTS + ".*"):
            shutil.copy(kept, cache / "blocktrain/weights")
        words = [self.program, "train", "--quiet", "--dataset", "folder", "--data-dir", self.arguments.data, "--recipe", WORK[work],
                 "--head-penalties", ",".join(f"{p:g}" for p in self.arguments.penalties), "--seed", seed, "--workers", self.arguments.threads, "--output-dir", run]
        if work == "transfer":
            words += ["--finetune-epochs", self.arguments.epochs]
        result, _ = measured(words, env=dict(os.environ, XDG_CACHE_HOME=str(cache)), cwd=self.folder)
        epochs = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
        return result | {"accuracy": max(e["validation_accuracy"] for e in epochs)}

    def peer(self, work, seed):
        result, text = measured([
            sys.executable, __file__, "--peer", work, "--data", self.arguments.data, "--weights", self.arguments.weights, "--seed", seed,
            "--threads", self.arguments.threads, "--epochs", self.arguments.epochs, "--penalties", ",".join(map(str, self.arguments.penalties)),
        ])
        return result | json.loads(text.splitlines()[-1])


def spread(values, form):
    if len(values) == 1:
        return form.format(values[0])
    return f"{form.format(statistics.median(values))} ({form.format(min(values))}-{form.format(max(values))})"


def row(name, ours, theirs):
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(ours, theirs)]
    cells = [name]
    for results in (ours, theirs):
        cells.append(spread([r["seconds"] / 60 for r in results], "{:.2f}"))
        cells.append(spread([r["processor"] / 60 for r in results], "{:.2f}"))
        cells.append(spread([100 * r["accuracy"] for r in results], "{:.2f}"))
    return f"| {' | '.join(cells)} | **{spread(ratios, '{:.2f}')}** |"


def default_weights():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return cache / "blocktrain/weights" / (WEIGHTS + ".weights")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=lambda text: pathlib.Path(text).resolve(), required=True, help="folder with train/, validation/ and test/")
    parser.add_argument("--seeds", default="1,2,3", help="a round for each")
    parser.add_argument("--work", action="append", choices=list(WORK), help="may be repeated; both if absent")
    parser.add_argument("--epochs", type=int, default=4, help="of fine-tuning")
    parser.add_argument("--penalties", type=lambda text: [float(p) for p in text.split(",")], default=[3, 1, 0.3, 0.1, 0.03, 0.01, 0.003])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", type=pathlib.Path, help="the program to measure; built from this repository if absent")
    parser.add_argument("--weights", type=pathlib.Path, default=default_weights(), help="the file that 'blocktrain weights get' keeps in the cache folder")
    parser.add_argument("--peer", choices=list(WORK), help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.weights.exists():
        parser.error(f"{arguments.weights} is not there: run 'blocktrain weights get efficientnet-lite0' first")
    if arguments.peer:
        run_peer(arguments)
        return
    if arguments.program:
        arguments.program = arguments.program.resolve()
    works = arguments.work or list(WORK)
    results = {(work, side): [] for work in works for side in ("ours", "peer")}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, pathlib.Path(folder))
        for seed in map(int, arguments.seeds.split(",")):
            for work, side in results:
                result = getattr(bench, side)(work, seed)
                results[work, side].append(result)
                print(f"seed {seed}: {work}, {side}, {result['seconds'] / 60:.2f} min, {100 * result['accuracy']:.2f} %, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    print("| | this program: minutes | of processor time | validation accuracy, % | PyTorch: minutes | of processor time | validation accuracy, % | ratio of minutes |")
    print("|---|---|---|---|---|---|---|---|")
    for work in works:
        print(row(work, results[work, "ours"], results[work, "peer"]))


if __name__ == "__main__":
    main()
