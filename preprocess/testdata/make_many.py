"""Makes images of mixed kinds and sizes, of which Pillow's pixels and ours must be the same.

    python3 preprocess/testdata/make_many.py FOLDER COUNT

The same COUNT gives the same pictures; how they are compressed is up to Pillow.
"""

import struct
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from make_images import picture, png16


def main(folder, count):
    folder = Path(folder)
    for n in range(count):
        kind = KINDS[n % len(KINDS)]
        rng = np.random.default_rng(n)
        width, height = (int(side) for side in np.exp(rng.uniform(0, np.log(240), 2)).round())
        kind(Image.fromarray(picture(width, height, n)), rng, folder / f"{n:03d}-{kind.__name__}")


def jpeg(image, rng, file):
    options = {"quality": int(rng.integers(1, 101)), "subsampling": int(rng.integers(0, 3))}
    image.save(f"{file}.jpg", progressive=bool(rng.integers(0, 2)), **options)


def jpeg_turned(image, rng, file):
    exif = Image.Exif()
    exif[0x0112] = int(rng.integers(0, 10))  # 0 and 9 are not defined
    image.save(f"{file}.jpeg", exif=exif, quality=80)


def jpeg_grey(image, rng, file):
    image.convert("L").save(f"{file}.jpg", quality=int(rng.integers(5, 100)))


def jpeg_cmyk(image, rng, file):
    ink = np.dstack([np.asarray(image), rng.integers(0, 256, image.size[::-1], np.uint8)])
    Image.fromarray(ink, "CMYK").save(f"{file}.jpg", quality=85)


def png(image, rng, file):
    image.convert(str(rng.choice(["1", "L", "RGB"]))).save(f"{file}.png")


def png_alpha(image, rng, file):
    mode = str(rng.choice(["LA", "RGBA"]))
    image.putalpha(Image.fromarray(rng.integers(0, 256, image.size[::-1], np.uint8)))
    image.convert(mode).save(f"{file}.png")


def png_palette(image, rng, file):
    colours = int(rng.choice([2, 3, 5, 16, 100, 256]))
    image.quantize(colours).save(f"{file}.png", transparency=int(rng.integers(0, 2)))


def png_key(image, rng, file):
    if rng.integers(0, 2):
        image.save(f"{file}.png", transparency=image.getpixel((0, 0)))
    else:
        image.convert("L").save(f"{file}.png", transparency=128)


def png_grey16(image, rng, file):
    values = rng.integers(0, 65536, image.size[::-1])
    Path(f"{file}.png").write_bytes(png16(values))


def png_colour16(image, rng, file):
    channels = int(rng.choice([2, 3, 4]))  # grey with alpha, colour, colour with alpha
    values = rng.integers(0, 65536, (*image.size[::-1], channels))
    Path(f"{file}.png").write_bytes(png16(values))


def png_turned(image, rng, file):
    exif = Image.Exif()
    exif[0x0112] = int(rng.integers(1, 9))
    image.save(f"{file}.png", exif=exif)


def gif(image, rng, file):
    image.quantize(int(rng.choice([2, 7, 64, 256]))).save(f"{file}.gif", interlace=int(rng.integers(0, 2)))


def gif_transparent(image, rng, file):
    image.quantize(32).save(f"{file}.gif", transparency=int(rng.integers(0, 32)))


def gif_animated(image, rng, file):
    other = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image.quantize(32).save(f"{file}.gif", save_all=True, append_images=[other.quantize(32)], duration=40)


def gif_on_canvas(image, rng, file):
    """The picture is at the top left of a larger canvas."""
    image.quantize(16).save(f"{file}.gif")
    content = bytearray(Path(f"{file}.gif").read_bytes())
    content[6:10] = struct.pack("<HH", image.width + 5, image.height + 3)
    Path(f"{file}.gif").write_bytes(content)


def webp(image, rng, file):
    image.save(f"{file}.webp", quality=int(rng.integers(0, 101)), method=int(rng.integers(0, 5)))


def webp_alpha(image, rng, file):
    image.putalpha(Image.fromarray(rng.integers(0, 256, image.size[::-1], np.uint8)))
    image.save(f"{file}.webp", lossless=bool(rng.integers(0, 2)), quality=50, exact=True)


def webp_lossless(image, rng, file):
    image.save(f"{file}.webp", lossless=True, quality=20)


def bmp(image, rng, file):
    image.convert(str(rng.choice(["1", "L", "P", "RGB"]))).save(f"{file}.bmp")


def tiff(image, rng, file):
    image = image.convert(str(rng.choice(["1", "L", "P", "RGB", "RGBA", "CMYK"])))
    compression = str(rng.choice(["raw", "raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]))
    image.save(f"{file}.tif", compression=compression, tiffinfo={0x0112: int(rng.integers(1, 9))})


def tiff_grey16(image, rng, file):
    Image.fromarray(rng.integers(0, 65536, image.size[::-1], np.uint16)).save(f"{file}.tiff")


def misnamed(image, rng, file):
    image.save(f"{file}.png", format="JPEG", quality=70)


KINDS = [
    jpeg, jpeg_turned, jpeg_grey, jpeg_cmyk, png, png_alpha, png_palette, png_key, png_grey16, png_colour16,
    png_turned, gif, gif_transparent, gif_animated, gif_on_canvas, webp, webp_alpha, webp_lossless, bmp, tiff, tiff_grey16, misnamed,
]

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
