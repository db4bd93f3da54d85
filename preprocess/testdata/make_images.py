"""Makes the ten test images of preprocess/images.

Each is a kind of file that programs decode differently. Made with Python 3.11, numpy 2.4.6
and Pillow 13.0.0:

    python3 preprocess/testdata/make_images.py preprocess/images

The files are kept, since another version of Pillow compresses otherwise. Only the pixels
that come out of them matter.
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image


def picture(width, height, seed):
    """A smooth picture with an edge and some noise, so that every step shows."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    red = 255 * x / max(width - 1, 1)
    green = 255 * y / max(height - 1, 1)
    blue = 127 + 100 * np.sin(x / 3.0) * np.cos(y / 4.0)
    rgb = np.stack([red, green, blue], axis=-1)
    rgb[height // 4 : height // 2, width // 3 : 2 * width // 3] = (230, 40, 60)
    rgb += rng.normal(0, 6, rgb.shape)
    return np.clip(rgb + 0.5, 0, 255).astype(np.uint8)


def main(folder):
    folder = Path(folder)
    colour = lambda w, h, seed: Image.fromarray(picture(w, h, seed))

    colour(61, 45, 1).save(folder / "01-colour.jpg", quality=85, subsampling=2)
    colour(48, 64, 2).save(folder / "02-progressive.jpg", quality=60, subsampling=1, progressive=True)

    turned = Image.Exif()
    turned[0x0112] = 6
    colour(57, 39, 3).save(folder / "03-turned.jpg", quality=90, exif=turned)

    colour(40, 40, 4).convert("L").save(folder / "04-grey.jpg", quality=75)
    colour(37, 29, 5).convert("CMYK").save(folder / "05-cmyk.jpg", quality=90)

    rgba = np.dstack([picture(44, 33, 6), np.tile(np.arange(0, 256, 6, dtype=np.uint8)[:33, None], (1, 44))])
    Image.fromarray(rgba).save(folder / "06-transparent.png")

    palette = colour(32, 50, 7).quantize(32)
    palette.save(folder / "07-palette.png", transparency=3)

    grey = picture(35, 27, 8)[:, :, 0].astype(np.uint16) * 257
    deep = np.maximum(grey - 100 * (picture(35, 27, 9)[:, :, 1] > 99), 0)
    (folder / "08-16-bit-grey.png").write_bytes(png16(deep))

    colour(52, 38, 10).save(folder / "09-lossy.webp", quality=70)
    colour(30, 60, 11).quantize(64).save(folder / "10-palette.gif")


def png16(samples):
    """A PNG file of 16 bits: grey of [H,W], or 2 to 4 channels. Pillow writes grey alone."""
    import struct
    import zlib

    height, width, channels = (*samples.shape, 1)[:3]
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


if __name__ == "__main__":
    main(sys.argv[1])
