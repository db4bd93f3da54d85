"""Prints the digests in pillow_operations.txt: what Pillow makes of a test image by the
operations of TrivialAugmentWide that this package does to the byte. Python 3 with numpy and Pillow."""
import hashlib

import numpy as np
from PIL import Image, ImageOps

width, height = 61, 47
i = np.arange(width * height * 3)
source = Image.fromarray((i * i // 5 + 7 * i).astype(np.uint8).reshape(height, width, 3))


def affine(*m):
    return lambda im: im.transform(im.size, Image.Transform.AFFINE, m, Image.Resampling.NEAREST)


for step in (7, 18, 30):
    for sign in (1, -1):
        share, move = sign * 0.99 * step / 30, sign * int(32 * step / 30)
        for name, f in (
            ("shear-x", affine(1, share, 0, 0, 1, 0)),
            ("shear-y", affine(1, 0, 0, share, 1, 0)),
            ("translate-x", affine(1, 0, move, 0, 1, 0)),
            ("translate-y", affine(1, 0, 0, 0, 1, move)),
            ("rotate", lambda im: im.rotate(sign * 135 * step / 30, Image.Resampling.NEAREST)),
            ("posterize", lambda im: ImageOps.posterize(im, 8 - round(step / 5))),
            ("solarize", lambda im: ImageOps.solarize(im, 255 - 8.5 * step)),
            ("equalize", ImageOps.equalize),
        ):
            print(name, step, sign, hashlib.sha256(f(source).tobytes()).hexdigest()[:16])
