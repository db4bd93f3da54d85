"""Writes resize_golden.txt: the SHA-256 of images that Pillow resized, for filter_test.go.

    python resize_golden.py > resize_golden.txt

Made with Pillow 13.0.0 and numpy 2.4.6. Each image is resized in its width and then in its
height, by two calls: Pillow 13 changes the order of the two in some images, and older
versions do not.
"""
import hashlib
import random

import numpy
from PIL import Image

FILTERS = {"pillow-bilinear": Image.Resampling.BILINEAR, "pillow-bicubic": Image.Resampling.BICUBIC}


def pixels(width, height, channels):
    """The byte i is the top byte of i * 2654435761 + i * i * 40503 modulo 2^32."""
    i = numpy.arange(width * height * channels, dtype=numpy.uint64)
    return ((i * 2654435761 + i * i * 40503) % 2**32 >> 24).astype(numpy.uint8)


draw = random.Random(1)
sizes = [(1, 1, 7, 5), (28, 28, 28, 28), (640, 480, 224, 224), (3, 1000, 1, 64), (1000, 3, 64, 1), (49, 284, 43, 152)]
sizes += [tuple(draw.randint(1, 200) for _ in range(4)) for _ in range(60)]
for width, height, to_width, to_height in sizes:
    for channels, mode in (1, "L"), (3, "RGB"):
        image = Image.frombytes(mode, (width, height), pixels(width, height, channels).tobytes())
        for name, resample in FILTERS.items():
            out = image.resize((to_width, height), resample).resize((to_width, to_height), resample)
            print(width, height, channels, to_width, to_height, name, hashlib.sha256(out.tobytes()).hexdigest())
