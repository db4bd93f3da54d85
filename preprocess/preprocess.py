#!/usr/bin/env python3
"""Prepares images for the model of this package, by the rule in preprocessing.json.

    python3 preprocess.py --check                   prepare the ten test images, and compare
    python3 preprocess.py IMAGE...                  the SHA-256 of what the model takes
    python3 preprocess.py --output FILE IMAGE...    the bytes, one image after the other

It needs Pillow 9.1 or later and numpy. In a program:

    from preprocess import Preprocessing

    images = Preprocessing().batch(["a.jpg", "b.png"])    # uint8 [N,H,W,C]
    results = onnx_session.run(None, {"image": images})

PREPROCESSING.md has the rule in words. Where the input has several frames, an image is a
list of as many files, and on the command line as many arguments.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

try:
    import numpy as np
    from PIL import Image, ImageOps
except ImportError as missing:
    if __name__ != "__main__":
        raise
    sys.exit(f"preprocess.py needs Pillow and numpy, and this Python has no {missing.name}: python3 -m pip install pillow numpy")

Image.MAX_IMAGE_PIXELS = 100_000_000  # Pillow refuses files of more than twice as many

DECODER = "blocktrain-1"  # the rules of decoding that this program follows
FORMATS = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]
FILTERS = {"pillow-bilinear": Image.Resampling.BILINEAR, "pillow-bicubic": Image.Resampling.BICUBIC, "triangle": None}

ALPHAS = ["drop", "black", "white"]
MODES = ["stretch", "letterbox", "crop"]


class Preprocessing:
    """The rule of preprocessing.json."""

    def __init__(self, file=Path(__file__).with_name("preprocessing.json")):
        self.folder = Path(file).parent
        rule = json.loads(Path(file).read_text(encoding="utf-8"))
        if rule["schema"] != 1:
            raise ValueError(f"the schema is {rule['schema']}, and this program reads 1")
        size, resize = rule["input"], rule["resize"]
        self.width, self.height, self.channels = size["width"], size["height"], size["channels"]
        self.frames = len(rule.get("frames", [0]))
        self.colour = self.channels == 3 * self.frames
        self.alpha, self.levels = rule["alpha"], rule.get("levels")
        self.mode, self.filter = resize["mode"], resize["filter"]
        self.fraction = round(10000 * float(resize.get("crop_fraction", 1)))
        self.tests = rule["tests"]
        allowed = {"decoder": (rule["decoder"], [DECODER]), "type": (size["type"], ["uint8"]), "alpha": (self.alpha, ALPHAS),
                   "mode": (self.mode, MODES), "filter": (self.filter, list(FILTERS))}
        for key, (value, values) in allowed.items():
            if value not in values:
                raise ValueError(f"the {key} is {value!r}, and this program knows {', '.join(values)}")
        if not self.fits():
            raise ValueError("its sizes, channels, levels or crop_fraction are such as no model has")

    def fits(self):
        """Whether numbers are such as models have."""
        fraction = self.fraction == 10000 or self.mode == "crop" and 1 <= self.fraction < 10000
        levels = not self.levels or 0 <= self.levels["low"] < self.levels["high"] <= 65535
        size = 1 <= self.width <= 4096 and 1 <= self.height <= 4096
        return fraction and levels and size and self.channels in (self.frames, 3 * self.frames)

    def batch(self, images):
        """What the model takes: uint8 [N,H,W,C]."""
        return np.stack([self.tensor(image) for image in images])

    def tensor(self, image):
        """One image as uint8 [H,W,C], from a file or, of several frames, a list of files."""
        files = image if isinstance(image, (list, tuple)) else [image]
        if len(files) != self.frames:
            raise ValueError(f"{len(files)} files for an input of {self.frames} frames")
        return np.concatenate([self.frame(file) for file in files], axis=2)

    def frame(self, file):
        """One file as uint8 [H,W,1] or [H,W,3]."""
        return self.picture(self.decode(file))

    def picture(self, values):
        """One picture, uint8 or uint16 [h,w] or [h,w,3], as uint8 [H,W,1] or [H,W,3]."""
        if self.levels:
            values = self.level(257 * values.astype(np.int64) if values.dtype == np.uint8 else values)
        image = Image.fromarray(np.ascontiguousarray(values, np.uint8))
        if not self.colour:
            image = image.convert("L")  # (19595*red + 38470*green + 7471*blue + 32768) >> 16
        image = self.resize(image)
        if self.colour:
            image = image.convert("RGB")
        return np.asarray(image).reshape(self.height, self.width, 3 if self.colour else 1)

    # Decoding

    def decode(self, file):
        """The upright image, [h,w] or [h,w,3]: uint8, or uint16 of 16-bit grey where there are levels."""
        with open(file, "rb") as opened:  # by a name, Pillow misreads uncompressed TIFF files that are turned
            return self.upright(Image.open(opened, formats=FORMATS), file)

    def upright(self, image, file):
        if image.format == "WEBP" and getattr(image, "is_animated", False):
            raise ValueError(f"{file} is an animation in WebP, which blocktrain refuses")
        if image.mode == "F" or image.mode == "I" and image.format != "PNG":
            raise ValueError(f"{file} has samples of more than 16 bits, which blocktrain refuses")
        deep = ";16" in str([tile[3] for tile in image.tile])  # samples of 16 bits in the file
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):  # 16-bit grey: Pillow's convert would clip it to 255
            values = np.asarray(image)
            if self.alpha != "drop" and "transparency" in image.info:
                values = np.where(values == image.info["transparency"], 65535 if self.alpha == "white" else 0, values)
            return values.astype(np.uint16) if self.levels else (values >> 8).astype(np.uint8)
        if deep and (self.levels or self.alpha != "drop" and "transparency" in image.info):
            raise ValueError(f"{file} has 16-bit samples, of which Pillow reads 8 bits: use the Go client for it")
        return np.asarray(self.opaque(image))

    def opaque(self, image):
        """The image without its transparency, in mode L or RGB."""
        grey = image.mode in ("1", "L", "LA")
        transparent = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
        if self.alpha != "drop" and transparent:
            rgba = np.asarray(image.convert("RGBA")).astype(np.int64)
            colour, alpha = rgba[:, :, :3], rgba[:, :, 3:]
            ground = 255 if self.alpha == "white" else 0
            image = Image.fromarray(((colour * alpha + ground * (255 - alpha) + 127) // 255).astype(np.uint8))
        return image.convert("L" if grey else "RGB")

    def level(self, values):
        """Values of 16 bits as values of 8: those from low to high become 0 to 255."""
        low, high = self.levels["low"], self.levels["high"]
        span = high - low
        return (510 * np.clip(values.astype(np.int64) - low, 0, span) + span) // (2 * span)

    # Size. All numbers are integers, and // rounds down.

    def resize(self, image):
        w, h, width, height = *image.size, self.width, self.height
        if self.fraction < 10000:
            w, h = self.around(w, h)
            return cut(self.resample(image, w, h), (w - width) // 2, (h - height) // 2, width, height)
        if self.mode == "letterbox":
            w, h = fit(w, h, width, height)
            canvas = Image.new(image.mode, (width, height))
            canvas.paste(self.resample(image, w, h), ((width - w) // 2, (height - h) // 2))
            return canvas
        if self.mode == "crop":
            cw, ch = fit(width, height, w, h)
            image = cut(image, (w - cw) // 2, (h - ch) // 2, cw, ch)
        return self.resample(image, width, height)

    def around(self, w, h):
        """The size to which an image is brought before its middle is taken."""
        fraction, width, height = self.fraction, self.width, self.height
        if w * height >= width * h:
            high = (20000 * height + fraction) // (2 * fraction)
            return (2 * w * high + h) // (2 * h), high
        wide = (20000 * width + fraction) // (2 * fraction)
        return wide, (2 * h * wide + w) // (2 * w)

    def resample(self, image, width, height):
        """Rows first, then columns: Pillow 13 may do columns first, so it is asked twice."""
        method = FILTERS[self.filter]
        if method is not None:
            return image.resize((width, image.height), method).resize((width, height), method)
        values = np.asarray(image)
        if values.ndim == 2:
            values = values[:, :, None]
        values = triangle(values.swapaxes(0, 1), width).swapaxes(0, 1)
        values = triangle(values, height)
        return Image.fromarray(values[:, :, 0] if values.shape[2] == 1 else np.ascontiguousarray(values))


def fit(w, h, width, height):
    """The largest size with the shape of w x h that fits into width x height."""
    if w * height >= width * h:
        return width, max(1, (2 * h * width + w) // (2 * w))
    return max(1, (2 * w * height + h) // (2 * h)), height


def cut(image, left, top, width, height):
    return image.crop((left, top, left + width, top + height))


def triangle(values, count):
    """Brings [n,...] to [count,...] by the filter triangle."""
    n = len(values)
    if n == count:
        return values
    half = 2 * max(n, count)
    result = np.empty((count, *values.shape[1:]), np.uint8)
    for k in range(count):
        centre = (2 * k + 1) * n
        first = max(0, (centre - half) // (2 * count))
        last = min(n, (centre + half) // (2 * count) + 1)
        i = np.arange(first, last, dtype=np.int64)
        weights = np.maximum(0, half - abs((2 * i + 1) * count - centre))
        total = int(weights.sum())
        sums = (values[first:last] * weights[:, None, None]).sum(axis=0)
        result[k] = (sums + total // 2) // total
    return result


# The command line

def check(rule):
    """Prepares the test images and returns how many come out otherwise than they must."""
    wrong = 0
    for test in rule.tests:
        file = rule.folder / test["image"]
        if not file.is_file():
            print(f"{file}: the file is missing")
            wrong += 1
            continue
        if hashlib.sha256(file.read_bytes()).hexdigest() != test["image_sha256"]:
            print(f"{file}: the file was changed")
            wrong += 1
            continue
        tensor = rule.tensor([file] * rule.frames)
        if hashlib.sha256(tensor.tobytes()).hexdigest() == test["tensor_sha256"]:
            continue
        wrong += 1
        print(f"{file}: other bytes come out than must{difference(rule, test, tensor)}")
    print(f"{len(rule.tests) - wrong} of {len(rule.tests)} test images come out as they must")
    return wrong


def difference(rule, test, tensor):
    """How far a tensor is from the one that must come out, if the package has that."""
    if "tensor" not in test:
        return ""
    want = np.fromfile(rule.folder / test["tensor"], np.uint8).reshape(tensor.shape)
    apart = abs(tensor.astype(int) - want)
    return f": {np.count_nonzero(apart)} of {apart.size} values differ, by {apart.max()} at most"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", metavar="IMAGE")
    parser.add_argument("--check", action="store_true", help="prepare the test images, and compare")
    parser.add_argument("--output", metavar="FILE", help="write what the model takes to this file")
    given = parser.parse_args()
    try:
        rule = Preprocessing()
    except KeyError as error:
        sys.exit(f"preprocess.py: preprocessing.json lacks the key {error}")
    except (OSError, TypeError, ValueError) as error:
        sys.exit(f"preprocess.py: preprocessing.json cannot be used: {error}")
    if not given.check and not given.images or len(given.images) % rule.frames:
        parser.error(f"want --check, or image files: {rule.frames} for each input of the model")
    if given.check and check(rule):
        return 1
    images = [given.images[i : i + rule.frames] for i in range(0, len(given.images), rule.frames)]
    tensors = []
    for files in images:
        try:
            tensor = rule.tensor(files).tobytes()
        except Exception as error:  # Pillow has many kinds for damaged files
            sys.exit(f"preprocess.py: {', '.join(files)}: {error}")
        print(hashlib.sha256(tensor).hexdigest(), *files, sep="  ")
        tensors.append(tensor)
    if given.output:
        Path(given.output).write_bytes(b"".join(tensors))
    return 0


if __name__ == "__main__":
    sys.exit(main())
