#!/usr/bin/python3
"""Times training steps of PyTorch on the reference networks of internal/model.

Prints one JSON object. The networks have the layers and the number of parameters of
ours, written as users of PyTorch write them, with what makes it fast on a CPU:
channels_last, in-place activations, no copies between steps. Data is random and
already in memory as normalised float32 numbers, which spares PyTorch the conversion
from bytes that our step includes.

    apt-get install python3-torch libjemalloc2
    LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1 \\
        OMP_NUM_THREADS=2 /usr/bin/python3 bench/pytorch.py --model cnn

With --mnist FOLDER it trains on the images there instead, for the memory that a
whole training run needs.
"""

import argparse
import gzip
import json
import pathlib
import statistics
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

REPETITIONS = 9
BATCHES = 8  # as many as 'blocktrain bench' has


def conv_norm(inputs, outputs, kernel, stride=1, groups=1, activation=None):
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([activation(inplace=True)] if activation else []))


def cnn(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3), nn.ReLU(inplace=True),
        nn.Conv2d(32, 64, 3), nn.ReLU(inplace=True),
        nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
        nn.Linear(9216, 128), nn.ReLU(inplace=True), nn.Dropout(0.5),
        nn.Linear(128, classes),
    )


def lenet5(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(inplace=True), nn.Linear(120, 84), nn.ReLU(inplace=True),
        nn.Linear(84, classes),
    )


class Residual(nn.Module):
    """Two 3x3 convolutions around which the input is led."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = conv_norm(inputs, outputs, 3, stride, activation=nn.ReLU)
        self.conv2 = conv_norm(outputs, outputs, 3)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = conv_norm(inputs, outputs, 1, stride)

    def forward(self, x):
        return F.relu_(self.conv2(self.conv1(x)) + self.shortcut(x))


class Inverted(nn.Module):
    """Widens, filters each channel by itself, and narrows again."""

    def __init__(self, inputs, outputs, stride, expansion=4):
        super().__init__()
        wide = inputs * expansion
        self.layers = nn.Sequential(
            conv_norm(inputs, wide, 1, activation=nn.ReLU6),
            conv_norm(wide, wide, 3, stride, groups=wide, activation=nn.ReLU6),
            conv_norm(wide, outputs, 1),
        )
        self.around = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.layers(x)
        return y + x if self.around else y


def resnet20(channels, classes):
    layers, inputs = [conv_norm(channels, 16, 3, activation=nn.ReLU)], 16
    for stage, outputs in enumerate([16, 32, 64]):
        for block in range(3):
            layers.append(Residual(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def mobilenet_small(channels, classes):
    layers, inputs = [conv_norm(channels, 16, 3, activation=nn.ReLU6)], 16
    for outputs, blocks, stride in [(16, 1, 1), (32, 2, 2), (48, 2, 2), (64, 2, 1)]:
        for block in range(blocks):
            layers.append(Inverted(inputs, outputs, stride if block == 0 else 1))
            inputs = outputs
    layers.append(conv_norm(inputs, 128, 1, activation=nn.ReLU6))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, classes))


NETWORKS = {  # constructor, side and channels of the image
    "lenet5": (lenet5, 28, 1),
    "cnn": (cnn, 28, 1),
    "resnet20": (resnet20, 32, 3),
    "mobilenet-small": (mobilenet_small, 32, 3),
}


def noise(batch, side, channels, layout):
    generator = torch.Generator().manual_seed(1)
    for _ in range(BATCHES):
        images = torch.randn(batch, channels, side, side, generator=generator)
        labels = torch.randint(0, 10, [batch], generator=generator)
        yield images.contiguous(memory_format=layout), labels


def read_idx(folder, name):
    """An IDX file, compressed or not, without its header of 4 bytes a dimension."""
    path = next(p for p in (folder / name, folder / (name + ".gz")) if p.exists())
    data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * data[3]).copy()


def mnist(folder, batch, layout):
    """Batches in random order of the training part, which is kept as bytes."""
    images = torch.from_numpy(read_idx(folder, "train-images-idx3-ubyte")).view(-1, 1, 28, 28)
    labels = torch.from_numpy(read_idx(folder, "train-labels-idx1-ubyte")).long()
    for chosen in torch.randperm(len(images)).split(batch):
        x = images[chosen].float().sub_(33.3).div_(78.6)
        yield x.contiguous(memory_format=layout), labels[chosen]


def repeat(step, batches, seconds, at_least=1):
    """Images a second of steps done for a time."""
    images, began, calls = 0, time.perf_counter(), 0
    while calls < at_least or time.perf_counter() - began < seconds:
        x, y = batches[calls % len(batches)]
        step(x, y)
        images, calls = images + len(y), calls + 1
    return images / (time.perf_counter() - began)


def peak_memory():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=sorted(NETWORKS), default="cnn")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--side", type=int, help="of the images, in pixels; the network's usual one if absent")
    parser.add_argument("--contiguous", action="store_true", help="NCHW instead of channels_last")
    parser.add_argument("--optimizer", choices=["Adam", "AdamW"], default="AdamW")
    parser.add_argument("--mnist", type=pathlib.Path, help="folder of MNIST: one epoch of it")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    if not torch.backends.mkldnn.is_available():
        raise SystemExit("this PyTorch was built without oneDNN (mkldnn): it would be no fair peer")

    layout = torch.contiguous_format if arguments.contiguous else torch.channels_last
    make, usual_side, channels = NETWORKS[arguments.model]
    side = arguments.side or usual_side
    network = make(channels, 10).to(memory_format=layout)
    optimizer = getattr(torch.optim, arguments.optimizer)(network.parameters(), lr=1e-5)

    def step(x, y):
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(network(x), y).backward()
        optimizer.step()

    result = {
        "model": arguments.model, "batch_size": arguments.batch_size, "torch": torch.__version__,
        "parameters": sum(p.numel() for p in network.parameters()),
    }
    if arguments.mnist:
        for x, y in mnist(arguments.mnist, arguments.batch_size, layout):
            step(x, y)
    else:
        batches = list(noise(arguments.batch_size, side, channels, layout))
        repeat(step, batches, arguments.seconds / 10, at_least=2)
        rates = [repeat(step, batches, arguments.seconds * 0.9 / REPETITIONS) for _ in range(REPETITIONS)]
        result.update(train_images_per_second=statistics.median(rates), train_range=[min(rates), max(rates)])
    print(json.dumps(dict(result, peak_memory_bytes=peak_memory())))


if __name__ == "__main__":
    main()
