"""Measures by how much OpenCV's resize differs from the filters on the ten test images.

    pip install opencv-python-headless==5.0.0.* pillow==13.0.0 numpy==2.4.6
    python3 preprocess/testdata/measure_opencv.py > preprocess/opencv.json

Each image is decoded by Pillow, as PREPROCESSING.md says, to red, green and blue, and stretched
to N x N pixels by the filter and by OpenCV. Only the resize differs.
"""

import json
import platform
import sys
from pathlib import Path

import cv2
import numpy as np
import PIL
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from preprocess import FILTERS, Preprocessing

SIZES = [16, 28, 32, 48, 64, 96, 128, 224]
INTERPOLATIONS = {
    "pillow-bilinear": ["INTER_LINEAR", "INTER_AREA"],
    "pillow-bicubic": ["INTER_CUBIC", "INTER_AREA"],
    "triangle": ["INTER_LINEAR", "INTER_AREA"],
}


def prepared(name, size):
    """A rule that stretches to size x size, in colour."""
    rule = Preprocessing.__new__(Preprocessing)
    rule.width = rule.height = size
    rule.mode, rule.filter, rule.fraction, rule.alpha, rule.levels = "stretch", name, 10000, "drop", None
    return rule


def measure(images, name, size, interpolation):
    rule, apart = prepared(name, size), []
    for image in images:
        ours = np.asarray(rule.resize(image)).astype(int)
        theirs = cv2.resize(np.asarray(image), (size, size), interpolation=getattr(cv2, interpolation))
        apart.append(abs(ours - theirs).ravel())
    apart = np.concatenate(apart)
    return {
        "filter": name, "size": size, "interpolation": interpolation,
        "differing": round(100 * np.count_nonzero(apart) / apart.size, 1),
        "mean": round(float(apart.mean()), 2), "max": int(apart.max()),
    }


def main():
    files = sorted((Path(__file__).parents[1] / "images").iterdir())
    images = [prepared("triangle", 1).decode(file).convert("RGB") for file in files]
    rows = [measure(images, name, size, i) for name in FILTERS for size in SIZES for i in INTERPOLATIONS[name]]
    versions = {"opencv": cv2.__version__, "pillow": PIL.__version__, "numpy": np.__version__, "machine": platform.machine()}
    lines = ",\n    ".join(json.dumps(row) for row in rows)
    print(f'{{\n  "versions": {json.dumps(versions)},\n  "rows": [\n    {lines}\n  ]\n}}')


if __name__ == "__main__":
    main()
