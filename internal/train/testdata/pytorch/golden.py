#!/usr/bin/python3
"""Writes what PyTorch computes for small versions of this project's models.

The Go test TestPyTorch trains the same models from the same numbers and compares
the loss of every step, the gradients of the first, the running averages after the
last, and the probabilities that follow from them. To make the files again:

    apt-get install python3-torch
    OMP_NUM_THREADS=1 /usr/bin/python3 internal/train/testdata/pytorch/golden.py

Parameters, images and labels are drawn by one formula (see uniform), which the
test repeats. PyTorch computes in float64, so that the files depend neither on the
machine nor on the order of its sums; they hold float32. Tensors are stored in this
project's layout: weights of convolutions as [height, width, in, out], of linear
layers as [in, out], and images are flattened in [height, width, channel] order.

A case with a shard size smaller than its batch emulates shards: each goes through
the network by itself, with the batch statistics of its own, gradients are those of
the mean loss of the whole batch, and running averages move once a step towards the
mean of the shards' statistics.
"""

import json
import math
import pathlib
import struct

import numpy
import torch
import torch.nn.functional as F

STEPS = 5
MOMENTUM = 0.1  # of running averages
EPSILON = 1e-5  # of batch normalisation

CASES = {
    "cnn": dict(
        model="cnn", options="dropout1=0,dropout2=0", input=[10, 10, 1], classes=10, batch=8, shard=8,
        optimizer="adamw", optimizer_options="", learning_rate=1e-3, weight_decay=0.05, gradient_clip=0,
    ),
    "lenet5": dict(
        model="lenet5", options="dropout=0", input=[16, 16, 3], classes=7, batch=8, shard=8,
        optimizer="sgd", optimizer_options="momentum=0.9,nesterov=true", learning_rate=0.05, weight_decay=0.01, gradient_clip=1,
    ),
    "resnet20": dict(
        model="resnet20", options="width=4", input=[12, 12, 3], classes=5, batch=8, shard=8,
        optimizer="sgd", optimizer_options="momentum=0.9", learning_rate=0.05, weight_decay=5e-4, gradient_clip=0,
    ),
    "mobilenet-small": dict(
        model="mobilenet-small", options="width=4,expansion=3", input=[12, 12, 3], classes=5, batch=8, shard=8,
        # Not Adam: it would blow up the rounding errors that biases in front of a norm have for a gradient.
        optimizer="sgd", optimizer_options="momentum=0", learning_rate=0.1, weight_decay=1e-3, gradient_clip=0,
    ),
}
for name in ["resnet20", "mobilenet-small"]:
    # The remainder of 2 joins neither shard of 4: 4, 4 and 2 examples. Few pixels make a norm sensitive: with larger
    # steps, a rounding error is enough for a value to end on the other side of a ReLU's kink.
    CASES[name + "-shards"] = dict(CASES[name], batch=10, shard=4, learning_rate=0.02)
CASES["cnn-shards"] = dict(CASES["cnn"], batch=10, shard=4, optimizer="adam", weight_decay=0.001)


def uniform(name, n):
    """n multiples of 2^-23 in [-1, 1): a hash of the name and the position."""
    h = 0x811C9DC5  # FNV-1a
    for byte in name.encode():
        h = (h ^ byte) * 0x01000193 % 2**32
    x = numpy.arange(n, dtype=numpy.uint64) * 0x9E3779B9 + h & 0xFFFFFFFF
    x = (x ^ x >> 16) * 0x85EBCA6B & 0xFFFFFFFF  # the finalizer of MurmurHash3
    x = (x ^ x >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    x = x ^ x >> 16
    return (x >> 8).astype(numpy.float64) / 2**23 - 1


def spread(name, shape):
    """Centre and half width of a parameter's values."""
    if len(shape) > 1:
        return 0, float(numpy.float32(math.sqrt(6 / math.prod(shape[:-1]))))
    if name.endswith("norm.weight") or name.endswith("running_variance"):
        return 1, 0.25
    return 0, 0.125


def draw(name, shape):
    """The values of a parameter of the given shape in this project's layout."""
    centre, width = spread(name, shape)
    values = centre + width * uniform(name, math.prod(shape))
    return torch.tensor(values.astype(numpy.float32).astype(numpy.float64)).reshape(shape)


def to_torch(t):
    return {4: lambda: t.permute(3, 2, 0, 1), 2: lambda: t.t(), 1: lambda: t}[t.dim()]().contiguous()


def from_torch(t):
    return {4: lambda: t.permute(2, 3, 1, 0), 2: lambda: t.t(), 1: lambda: t}[t.dim()]().contiguous()


class Network:
    """Layers by name. Parameters are made when a layer is first met."""

    def __init__(self, case):
        self.case = case
        self.parameters = {}
        self.running = {}
        self.training = True
        self.shard_statistics = None  # name -> list, while shards are emulated

    def parameter(self, name, shape):
        if name not in self.parameters:
            self.parameters[name] = to_torch(draw(name, shape)).requires_grad_()
        return self.parameters[name]

    def conv(self, name, x, out, kernel, stride=1, padding=0, groups=1, bias=True):
        weight = self.parameter(name + ".weight", [kernel, kernel, x.shape[1] // groups, out])
        b = self.parameter(name + ".bias", [out]) if bias else None
        return F.conv2d(x, weight, b, stride, padding, 1, groups)

    def linear(self, name, x, out):
        return F.linear(x, self.parameter(name + ".weight", [x.shape[1], out]), self.parameter(name + ".bias", [out]))

    def norm(self, name, x):
        channels = [x.shape[1]]
        weight, bias = self.parameter(name + ".weight", channels), self.parameter(name + ".bias", channels)
        keys = name + ".running_mean", name + ".running_variance"
        for key in keys:
            if key not in self.running:
                self.running[key] = draw(key, channels)
        if not self.training or self.shard_statistics is None:
            return F.batch_norm(x, *(self.running[k] for k in keys), weight, bias, self.training, MOMENTUM, EPSILON)
        own = [torch.zeros(channels), torch.zeros(channels)]
        y = F.batch_norm(x, *own, weight, bias, True, 1.0, EPSILON)  # momentum 1: own becomes the shard's statistics
        for key, values in zip(keys, own):
            self.shard_statistics.setdefault(key, []).append(values)
        return y

    def conv_norm(self, name, x, *args, **kwargs):
        return self.norm(name + ".norm", self.conv(name, x, *args, bias=False, **kwargs))

    def __call__(self, images):
        x = (images / 64 - 2).permute(0, 3, 1, 2)
        return getattr(self, self.case["model"].replace("-", "_"))(x)

    def head(self, x):
        return self.linear("head", x, self.case["classes"])

    @staticmethod
    def flatten(x):
        return x.permute(0, 2, 3, 1).flatten(1)

    def cnn(self, x):
        x = F.relu(self.conv("conv1", x, 32, 3))
        x = F.relu(self.conv("conv2", x, 64, 3))
        x = F.relu(self.linear("fc1", self.flatten(F.max_pool2d(x, 2)), 128))
        return self.head(x)

    def lenet5(self, x):
        x = F.max_pool2d(F.relu(self.conv("conv1", x, 6, 5, padding=2)), 2)
        x = F.max_pool2d(F.relu(self.conv("conv2", x, 16, 5)), 2)
        x = F.relu(self.linear("fc1", self.flatten(x), 120))
        x = F.relu(self.linear("fc2", x, 84))
        return self.head(x)

    def resnet20(self, x, width=4, blocks=3):
        x = F.relu(self.conv_norm("stem", x, width, 3, padding=1))
        for stage in range(3):
            for block in range(blocks):
                name = f"stage{stage + 1}.block{block + 1}"
                out, stride = width << stage, 2 if stage > 0 and block == 0 else 1
                y = F.relu(self.conv_norm(name + ".conv1", x, out, 3, stride=stride, padding=1))
                y = self.conv_norm(name + ".conv2", y, out, 3, padding=1)
                if stride != 1 or x.shape[1] != out:
                    x = self.conv_norm(name + ".shortcut", x, out, 1, stride=stride)
                x = F.relu(y + x)
        return self.head(x.mean(dim=(2, 3)))

    def mobilenet_small(self, x, width=4, expansion=3):
        x = F.relu6(self.conv_norm("stem", x, width, 3, padding=1))
        for i, (channels, blocks, first) in enumerate([(1, 1, 1), (2, 2, 2), (3, 2, 2), (4, 2, 1)]):
            for block in range(blocks):
                name, stride = f"stage{i + 1}.block{block + 1}", first if block == 0 else 1
                wide = x.shape[1] * expansion
                y = F.relu6(self.conv_norm(name + ".expand", x, wide, 1))
                y = F.relu6(self.conv_norm(name + ".depthwise", y, wide, 3, stride=stride, padding=1, groups=wide))
                y = self.conv_norm(name + ".project", y, channels * width, 1)
                x = y + x if y.shape == x.shape else y
        x = F.relu6(self.conv_norm("top", x, 8 * width, 1))
        return self.head(x.mean(dim=(2, 3)))


def make_optimizer(case, parameters):
    """Weights decay; biases and the parameters of norms do not."""
    groups = [
        dict(params=[p for p in parameters if p.dim() > 1], weight_decay=case["weight_decay"]),
        dict(params=[p for p in parameters if p.dim() == 1], weight_decay=0),
    ]
    options = dict(o.split("=") for o in case["optimizer_options"].split(",") if o)
    if case["optimizer"] == "sgd":
        return torch.optim.SGD(groups, case["learning_rate"], float(options["momentum"]), nesterov="nesterov" in options)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[case["optimizer"]](groups, case["learning_rate"])


def shards_of(batch, size):
    """A remainder under half a shard joins its neighbour."""
    sizes = [size] * (batch // size)
    rest = batch % size
    if 2 * rest >= size or not sizes:
        return sizes + [rest]
    sizes[-1] += rest
    return sizes


def batch_of(case, step):
    n = case["batch"]
    shape = [n] + case["input"]
    pixels = numpy.floor((uniform(f"images {step}", math.prod(shape)) + 1) * 128)
    labels = numpy.floor((uniform(f"labels {step}", n) + 1) / 2 * case["classes"])
    return torch.tensor(pixels).reshape(shape), torch.tensor(labels.astype(numpy.int64))


def backward(network, case, images, labels):
    """Accumulates gradients shard by shard and returns the batch's mean loss."""
    sizes = shards_of(case["batch"], case["shard"])
    network.shard_statistics = None if len(sizes) == 1 else {}
    total = 0
    for x, y in zip(images.split(sizes), labels.split(sizes)):
        loss = F.cross_entropy(network(x), y, reduction="sum") / case["batch"]
        loss.backward()
        total += loss.item()
    for name, values in (network.shard_statistics or {}).items():
        network.running[name] += MOMENTUM * (sum(values) / len(values) - network.running[name])
    return total


def train(case):
    network = Network(case)
    network.training = False
    network(batch_of(case, 0)[0])  # makes the parameters
    network.training = True
    optimizer = make_optimizer(case, list(network.parameters.values()))
    losses, tensors = [], {}
    for step in range(STEPS):
        optimizer.zero_grad()
        losses.append(backward(network, case, *batch_of(case, step)))
        if case["gradient_clip"]:
            torch.nn.utils.clip_grad_norm_(network.parameters.values(), case["gradient_clip"])
        if step == 0:
            tensors.update({"gradient/" + name: from_torch(p.grad).clone() for name, p in network.parameters.items()})
        optimizer.step()
    network.training = False
    tensors.update({"running/" + name: values for name, values in network.running.items()})
    tensors["probabilities"] = F.softmax(network(batch_of(case, 0)[0]), dim=1).detach()
    return losses, tensors


def write(path, case, losses, tensors):
    """A safetensors file with the case and its losses as metadata."""
    header = {"__metadata__": {"case": json.dumps(dict(case, losses=losses)), "torch": torch.__version__}}
    data = b""
    for name in sorted(tensors):
        values = tensors[name].numpy().astype("<f4").tobytes()
        header[name] = dict(dtype="F32", shape=list(tensors[name].shape), data_offsets=[len(data), len(data) + len(values)])
        data += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    for name, case in CASES.items():
        losses, tensors = train(case)
        path = pathlib.Path(__file__).with_name(name + ".safetensors")
        write(path, case, losses, tensors)
        print(f"{name}: {path.stat().st_size} bytes, losses {' '.join(f'{v:.5f}' for v in losses)}")
