#!/usr/bin/env python3
"""Writes what torchvision and timm compute with the networks that this project has as
they published them.

The Go tests TestPublishedNetworks and TestPublishedNetworksWhole compare logits and the gradients of all parameters.
To make the files again, with the versions that they were made with:

    python3 -m venv ~/published
    ~/published/bin/pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31
    ~/published/bin/python internal/train/testdata/published/golden.py [NETWORK...]

No weights are downloaded. Parameters, images and the gradient of the logits are drawn
by one formula (see uniform), which the tests repeat: a hash of the tensor's name here
and of the position in this project's layout, which is [height, width, in, out] for
convolutions and [in, out] for linear layers. Names here are computed from the names
there (see NAMES). Everything is computed in float64, so that the files depend neither
on the machine nor on the order of its sums.

A file has for each size of image and each mode of batch normalisation

    HxW/MODE/logits     [images, classes]
    HxW/MODE/gradients  [parameters, 1 + 16], in the order of the metadata's names

where a row of gradients is the tensor's norm and 16 sums over its values with signs
from a hash of name and position. The root of the mean square of the differences of the
16 sums estimates the norm of the difference of two tensors, so that files are small
and a swapped axis is found nevertheless.
"""

import json
import math
import pathlib
import struct
import sys

import numpy
import timm
import torch
import torchvision

CLASSES = 10
IMAGES = 4
SIZES = [(61, 75), (224, 224)]
MODES = ["shard", "fixed"]  # normalised to the statistics of the images, or to running averages
PROJECTIONS = 16
MOST_CLAMPED = 0.9  # share of the outputs of an activation that may be 0 or 6

NETWORKS = {
    "efficientnet-lite0": lambda: timm.create_model("tf_efficientnet_lite0", num_classes=CLASSES, drop_rate=0),
    "efficientnet-lite1": lambda: timm.create_model("tf_efficientnet_lite1", num_classes=CLASSES, drop_rate=0),
    "efficientnet-lite2": lambda: timm.create_model("tf_efficientnet_lite2", num_classes=CLASSES, drop_rate=0),
    "mobilenetv2": lambda: torchvision.models.mobilenet_v2(num_classes=CLASSES, dropout=0),
    "resnet18": lambda: torchvision.models.resnet18(num_classes=CLASSES),
    "resnet34": lambda: torchvision.models.resnet34(num_classes=CLASSES),
    "resnet50": lambda: torchvision.models.resnet50(num_classes=CLASSES),
}


def resnet_name(parts):
    if parts[0].startswith("layer"):
        block = f"stage{parts[0][5:]}.block{int(parts[1]) + 1}."
        layer = parts[2]
        if layer == "downsample":
            return block + ("shortcut", "shortcut.norm")[int(parts[3])]
        return block + (f"conv{layer[-1]}.norm" if layer.startswith("bn") else layer)
    return {"conv1": "stem", "bn1": "stem.norm", "fc": "head"}[parts[0]]


def mobilenetv2_name(parts):
    if parts[0] == "classifier":
        return "head"
    index, rest = int(parts[1]), parts[2:]
    if index in (0, 18):
        return ("stem" if index == 0 else "top") + ("", ".norm")[int(rest[0])]
    stage = 0
    for stage, blocks in enumerate([1, 2, 3, 4, 3, 3, 1], 1):
        if index <= blocks:
            break
        index -= blocks
    layers = ["expand", "depthwise", "project"] if stage > 1 else ["depthwise", "project"]
    at = int(rest[1])
    if at < len(layers) - 1:  # a convolution with its normalisation and activation
        layer = layers[at] + ("", ".norm")[int(rest[2])]
    else:
        layer = "project" + ("", ".norm")[at - len(layers) + 1]
    return f"stage{stage}.block{index}.{layer}"


def efficientnet_name(parts):
    if parts[0] == "blocks":
        layers = {
            "conv_pw": "expand", "bn1": "expand.norm", "conv_dw": "depthwise", "bn2": "depthwise.norm",
            "conv_pwl": "project", "bn3": "project.norm",
        }
        if parts[1] == "0":  # without expansion
            layers = {"conv_dw": "depthwise", "bn1": "depthwise.norm", "conv_pw": "project", "bn2": "project.norm"}
        return f"stage{int(parts[1]) + 1}.block{int(parts[2]) + 1}.{layers[parts[3]]}"
    return {"conv_stem": "stem", "bn1": "stem.norm", "conv_head": "top", "bn2": "top.norm", "classifier": "head"}[parts[0]]


NAMES = {"resnet": resnet_name, "mobilenetv2": mobilenetv2_name, "efficientnet": efficientnet_name}


def name_of(network, key):
    """This project's name of a tensor of the state."""
    *parts, last = key.split(".")
    family = next(f for f in NAMES if network.startswith(f))
    return NAMES[family](parts) + "." + last.replace("running_var", "running_variance")


def hashes(name, n):
    """32 bits for each position: FNV-1a of the name, and the finalizer of MurmurHash3."""
    h = 0x811C9DC5
    for byte in name.encode():
        h = (h ^ byte) * 0x01000193 % 2**32
    x = numpy.arange(n, dtype=numpy.uint64) * 0x9E3779B9 + h & 0xFFFFFFFF
    x = (x ^ x >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    x = (x ^ x >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return x ^ x >> 16


def uniform(name, n):
    """n multiples of 2^-23 in [-1, 1)."""
    return (hashes(name, n) >> 8).astype(numpy.float64) / 2**23 - 1


def spread(network, name, shape):
    """Centre and half width of a parameter's values.

    What goes into an activation is some three standard deviations away from its kinks.
    With a kink in the middle, so many values would end on its other side by a rounding
    error that gradients in float32 could not be told from wrong ones at 1e-3.
    """
    layer, last = name.split(".")[-3 if ".norm." in name else -2], name.rpartition(".")[2]
    if len(shape) > 1:
        return 0, float(numpy.float32(math.sqrt(6 / math.prod(shape[:-1]))))
    if last == "running_variance":  # about that of what comes in
        centre = {"stem": 2, "expand": 2.5, "top": 2.5}.get(layer, 20)
        return centre, centre / 4
    if last == "weight":
        return 0.75, 0.25
    bare = ["project", "conv3" if network == "resnet50" else "conv2", "head"]  # without activation
    if last == "bias" and layer not in bare:
        return 6 if network == "resnet50" else 3, 0.25  # the deepest has the most kinks
    return 0, 0.125


def from_torch(t):
    return {4: lambda: t.permute(2, 3, 1, 0), 2: lambda: t.t(), 1: lambda: t}[t.dim()]().contiguous()


def to_torch(t):
    return {4: lambda: t.permute(3, 2, 0, 1), 2: lambda: t.t(), 1: lambda: t}[t.dim()]().contiguous()


def draw(network, name, shape):
    """The values of a parameter of the given shape in this project's layout."""
    centre, width = spread(network, name, shape)
    values = (centre + width * uniform(name, math.prod(shape))).astype(numpy.float32)
    return torch.tensor(values.astype(numpy.float64)).reshape(shape)


def load(network):
    model = NETWORKS[network]()
    state = model.state_dict()
    for key, value in state.items():
        if not key.endswith("num_batches_tracked"):
            state[key] = to_torch(draw(network, name_of(network, key), list(from_torch(value).shape)))
    model.load_state_dict(state)
    return model


def images(height, width):
    """Large squares with noise: three quarters of each byte are those of an 8x8 pattern."""
    coarse = (hashes("coarse", IMAGES * 8 * 8 * 3) >> 24).reshape(IMAGES, 8, 8, 3)
    rows, columns = numpy.arange(height) * 8 // height, numpy.arange(width) * 8 // width
    noise = (hashes("noise", IMAGES * height * width * 3) >> 24).reshape(IMAGES, height, width, 3)
    pixels = (3 * coarse[:, rows][:, :, columns] + noise) >> 2
    return torch.tensor(pixels.astype(numpy.float64)).permute(0, 3, 1, 2)


def watch(model, shares):
    """Keeps for each activation the share of its outputs that are clamped."""
    def look(module, _, y):
        clamped = (y == 0) | (y == 6) if isinstance(module, torch.nn.ReLU6) else y == 0
        shares.append(clamped.double().mean().item())
    for module in model.modules():
        if isinstance(module, (torch.nn.ReLU, torch.nn.ReLU6)):
            module.register_forward_hook(look)


def project(name, gradient):
    """The norm, and sums with signs: that of projection k is bit 16+k of the hash."""
    values = from_torch(gradient).flatten().numpy()
    h = hashes("signs " + name, len(values))
    sums = [float(((1 - 2 * (h >> 16 + k & 1).astype(numpy.float64)) * values).sum()) for k in range(PROJECTIONS)]
    return [float(numpy.sqrt((values * values).sum()))] + sums


def compute(network, height, width, mode):
    model = load(network)
    model.train(mode == "shard")
    shares = []
    watch(model, shares)
    logits = model(images(height, width) / 64 - 2)
    assert shares and max(shares) <= MOST_CLAMPED, f"{max(shares):.2f} of a layer's outputs are clamped"
    assert sum(shares) > 0, "no output is clamped"
    slope = torch.tensor(uniform("logits", IMAGES * CLASSES)).reshape(IMAGES, CLASSES)
    ((logits * slope).sum() / IMAGES).backward()
    gradients = {name_of(network, key): p.grad for key, p in model.named_parameters()}
    return logits.detach().numpy(), gradients, shares


def write(path, metadata, tensors):
    """A safetensors file."""
    header, data = {"__metadata__": metadata}, b""
    for name in sorted(tensors):
        values = numpy.ascontiguousarray(tensors[name], dtype="<f4")
        header[name] = dict(dtype="F32", shape=list(values.shape), data_offsets=[len(data), len(data) + values.nbytes])
        data += values.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    torch.set_default_dtype(torch.float64)
    for network in sys.argv[1:] or NETWORKS:
        tensors, names = {}, []
        for height, width in SIZES:
            for mode in MODES:
                logits, gradients, clamped = compute(network, height, width, mode)
                names = sorted(gradients)
                prefix = f"{height}x{width}/{mode}/"
                tensors[prefix + "logits"] = logits
                tensors[prefix + "gradients"] = numpy.array([project(name, gradients[name]) for name in names])
                print(f"{network} {prefix} logits of {numpy.abs(logits).mean():.3g}, clamped in a layer {min(clamped):.5f} to {max(clamped):.5f}", flush=True)
        metadata = {
            "names": " ".join(names), "torch": torch.__version__, "torchvision": torchvision.__version__, "timm": timm.__version__,
        }
        write(pathlib.Path(__file__).with_name(network + ".safetensors"), metadata, tensors)


if __name__ == "__main__":
    main()
