"""Writes image files of many kinds to golden/, and to decode_golden.txt the SHA-256 of their
pixels as Pillow gives them, for golden_test.go.

    python decode_golden.py

Made with Pillow 13.0.0 (libjpeg-turbo 3.2.0, libwebp 1.6.0, libtiff 4.7.2) and numpy 2.4.6. A
line has the name of a file, width, height, and the digests of the bytes of
ImageOps.exif_transpose(Image.open(f)).convert("RGB") and of .convert("L").
"""
import hashlib
import io
import pathlib
import struct
import warnings
import zlib

import numpy
from PIL import Image, ImageOps, PngImagePlugin, TiffImagePlugin

warnings.simplefilter("ignore")
here = pathlib.Path(__file__).parent
folder = here / "golden"
folder.mkdir(exist_ok=True)
for old in folder.iterdir():
    old.unlink()
lines = []


def add(name, data):
    (folder / name).write_bytes(data)
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    rgb, grey = (hashlib.sha256(image.convert(mode).tobytes()).hexdigest() for mode in ("RGB", "L"))
    lines.append(f"{name} {image.width} {image.height} {rgb} {grey}\n")


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def values(*shape, bits=8, seed=1):
    """Values that are neither flat nor random: a slope and some noise."""
    n = numpy.arange(numpy.prod(shape), dtype=numpy.uint64)
    noise = (n * 2654435761 + seed * 40503) % 2**32 >> 26
    return ((n * 5 * (1 << bits - 8) + noise * seed) % (1 << bits)).reshape(shape)


def array(*shape, seed=1):
    return values(*shape, seed=seed).astype(numpy.uint8)


W, H = 13, 9
L, RGB, RGBA, LA = (array(H, W, n, seed=n) for n in (1, 3, 4, 2))
grey = Image.fromarray(L[:, :, 0])
colour = Image.fromarray(RGB)
alpha = Image.fromarray(RGBA)
grey_alpha = Image.fromarray(LA)
paletted = grey.copy()
paletted.putpalette(array(256, 3, seed=7).tobytes())
few = Image.fromarray(L[:, :, 0] % 5)
few.putpalette([10, 200, 30, 0, 0, 0, 255, 255, 255, 77, 7, 177, 90, 80, 70])
cmyk = Image.fromarray(array(H, W, 4, seed=5), "CMYK")


# PNG: all kinds that the format has, by hand.
def chunk(name, content=b""):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(depth, kind, *extra, width=W, height=H, behind=(), interlace=0, after=b""):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if interlace else [(0, 0, 1, 1)]
    raw = b""
    for x, y, dx, dy in passes:
        wide, high = -(-(width - x) // dx), -(-(height - y) // dy)
        rows = array(max(high, 0), (max(wide, 0) * channels * depth + 7) // 8, seed=depth + kind)
        if kind == 3 and depth == 8:
            rows %= 40
        if wide > 0:
            raw += b"".join(bytes([n % 5]) + row.tobytes() for n, row in enumerate(rows))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace))
            + b"".join(extra) + chunk(b"IDAT", zlib.compress(raw) + after) + b"".join(behind) + chunk(b"IEND"))


for depth in 1, 2, 4, 8:
    add(f"grey{depth}.png", png(depth, 0))
    palette = array(min(1 << depth, 40), 3, seed=3).tobytes()
    add(f"palette{depth}.png", png(depth, 3, chunk(b"PLTE", palette)))
    add(f"palette{depth}-alpha.png", png(depth, 3, chunk(b"PLTE", palette), chunk(b"tRNS", b"\x00\x80")))
for kind in 0, 2, 4, 6:
    add(f"interlaced-{kind}.png", png(8, kind, interlace=1))
add("interlaced-1bit.png", png(1, 0, interlace=1))
add("interlaced-narrow.png", png(8, 2, interlace=1, width=3, height=2))
add("interlaced-palette.png", png(4, 3, chunk(b"PLTE", array(16, 3, seed=3).tobytes()), interlace=1))
add("more-than-pixels.png", png(8, 2, after=b"trailing"))
greys = bytes(v for i in range(40) for v in (6 * i,) * 3)
add("palette-of-greys.png", png(8, 3, chunk(b"PLTE", greys)))
add("grey8-transparent.png", png(8, 0, chunk(b"tRNS", b"\x00\x05")))
add("rgb8-transparent.png", png(8, 2, chunk(b"tRNS", bytes(6))))
for depth in 8, 16:
    add(f"rgb{depth}.png", png(depth, 2))
    add(f"grey-alpha{depth}.png", png(depth, 4))
    add(f"rgba{depth}.png", png(depth, 6))
add("gamma.png", png(8, 2, chunk(b"gAMA", struct.pack(">I", 100000)), chunk(b"cHRM", bytes(32))))
add("grey-with-palette.png", png(8, 0, chunk(b"PLTE", bytes(30))))
add("unknown-chunk.png", png(8, 2, chunk(b"prVt", b"private"), chunk(b"sBIT", b"\x08\x08\x08\x08\x08")))


# Orientation, wherever it is written.
def exif(orientation, order="<", kind=3, count=1, before=()):
    head = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(order + "I", 8)
    value = struct.pack(order + {1: "BBBB", 3: "HH", 4: "I", 6: "bbbb", 8: "hh", 9: "i"}[kind],
                        *([orientation] + [0] * 3)[:{1: 4, 3: 2, 4: 1, 6: 4, 8: 2, 9: 1}[kind]])
    fields = list(before) + [struct.pack(order + "HHI", 0x112, kind, count) + value]
    return head + struct.pack(order + "H", len(fields)) + b"".join(fields) + bytes(4)


def xmp(orientation, form='tiff:Orientation="%d"'):
    return b'<x:xmpmeta><rdf:Description ' + (form % orientation).encode() + b"/></x:xmpmeta>"


small = dict(width=5, height=3)
for orientation in range(1, 9):
    order = "<>"[orientation % 2]
    block = exif(orientation, order)
    add(f"exif{orientation}.png", png(8, 2, chunk(b"eXIf", block), **small))
    add(f"exif{orientation}.jpg", saved(colour, "JPEG", exif=b"Exif\0\0" + block))
    add(f"exif{orientation}.webp", saved(colour, "WEBP", lossless=True, exif=block))
    add(f"orientation{orientation}.tif", saved(colour, "TIFF", tiffinfo={0x112: orientation}))
add("exif-behind.png", png(8, 2, behind=[chunk(b"eXIf", exif(6))], **small))
add("exif-twice.png", png(8, 2, chunk(b"eXIf", exif(6)), chunk(b"eXIf", exif(3)), **small))
add("exif-signed.png", png(8, 2, chunk(b"eXIf", b"Exif\0\0" + exif(6)), **small))
add("exif-long.png", png(8, 2, chunk(b"eXIf", exif(6, kind=4)), **small))
add("exif-byte.png", png(8, 2, chunk(b"eXIf", exif(6, kind=1)), **small))
add("exif-signed-short.png", png(8, 2, chunk(b"eXIf", exif(6, kind=8)), **small))
add("exif-two-values.png", png(8, 2, chunk(b"eXIf", exif(6, count=2)), **small))
add("exif-nine.png", png(8, 2, chunk(b"eXIf", exif(9)), **small))
outside = struct.pack("<HHII", 0x10e, 2, 99, 5000)
add("exif-outside.png", png(8, 2, chunk(b"eXIf", exif(6, before=[outside])), **small))
add("exif-cut.png", png(8, 2, chunk(b"eXIf", exif(6)[:22]), **small))
hexadecimal = b"\nexif\n      32\n" + (b"Exif\0\0" + exif(5)).hex().encode() + b"\n"
for kind, content in (b"tEXt", b"Raw profile type exif\0" + hexadecimal), (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(hexadecimal)):
    add(f"raw-profile-{kind.decode()}.png", png(8, 2, chunk(kind, content), **small))
key = b"XML:com.adobe.xmp\0"
add("xmp.png", png(8, 2, chunk(b"iTXt", key + b"\0\0\0\0" + xmp(6)), **small))
add("xmp-packed.png", png(8, 2, chunk(b"iTXt", key + b"\1\0\0\0" + zlib.compress(xmp(8, "><tiff:Orientation>%d<"))), **small))
add("xmp-and-exif.png", png(8, 2, chunk(b"iTXt", key + b"\0\0\0\0" + xmp(6)), chunk(b"eXIf", exif(1)), **small))
add("xmp.jpg", saved(colour, "JPEG", xmp=xmp(6)))
add("xmp.webp", saved(colour, "WEBP", lossless=True, xmp=xmp(6)))
add("xmp.tif", saved(colour, "TIFF", tiffinfo={700: xmp(7)}))

# JPEG: what package jpeg does not decide.
add("grey.jpg", saved(grey, "JPEG"))
add("colour.jpg", saved(colour, "JPEG", quality=90))
add("progressive.jpg", saved(colour, "JPEG", quality=70, progressive=True))
for quality in 30, 95:
    add(f"cmyk{quality}.jpg", saved(cmyk, "JPEG", quality=quality))
plain = saved(cmyk, "JPEG", quality=95)
at = plain.index(b"\xff\xee")
add("cmyk-without-adobe.jpg", plain[:at] + plain[at + 2 + struct.unpack(">H", plain[at + 2:at + 4])[0]:])
add("ycck.jpg", plain.replace(b"Adobe\x00\x64\x00\x00\x00\x00\x00", b"Adobe\x00\x64\x00\x00\x00\x00\x02"))

# GIF
add("colour.gif", saved(paletted, "GIF"))
add("few.gif", saved(few, "GIF", interlace=0))
add("interlaced.gif", saved(paletted, "GIF", interlace=1))
add("transparent.gif", saved(few, "GIF", transparency=2))
add("grey.gif", saved(grey, "GIF"))
frames = [few.rotate(90 * n) for n in range(3)]
add("animation.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:], transparency=1))


def gif(frame, size=(9, 7), background=1, palette=None, local=None, transparent=None, width=3, height=2):
    pixels = saved(Image.fromarray(array(height, width, seed=9) % 4), "GIF")
    at = pixels.index(b",") + 10
    data = pixels[at:-1]
    flags = 0x80 | 1 if palette else 0
    control = b"" if transparent is None else b"!\xf9\x04\x01\0\0" + bytes([transparent]) + b"\0"
    return (b"GIF89a" + struct.pack("<HHBBB", *size, flags, background, 0) + (palette or b"") + control + b","
            + struct.pack("<HHHHB", *frame, width, height, 0x80 | 1 if local else 0) + (local or b"") + data + b";")


four = bytes([200, 10, 20, 0, 90, 0, 5, 6, 7, 250, 251, 252])
other = bytes([1, 2, 3, 40, 50, 60, 70, 80, 90, 100, 110, 120])
add("frame-on-canvas.gif", gif((2, 3), palette=four))
add("frame-on-transparent-canvas.gif", gif((2, 3), palette=four, transparent=3))
add("frame-with-palette.gif", gif((1, 1), palette=four, local=other))
add("frame-without-palette.gif", gif((1, 1)))
add("frame-beyond-canvas.gif", gif((7, 6), palette=four))

# WebP
add("lossy.webp", saved(colour, "WEBP", quality=60))
add("lossy-odd.webp", saved(Image.fromarray(array(17, 33, 3, seed=2)), "WEBP", quality=90))
add("lossy-narrow.webp", saved(Image.fromarray(array(5, 1, 3, seed=2)), "WEBP", quality=90))
add("lossy-alpha.webp", saved(alpha, "WEBP", quality=60, exact=True))
add("lossless.webp", saved(colour, "WEBP", lossless=True))
add("lossless-alpha.webp", saved(alpha, "WEBP", lossless=True, exact=True))
add("lossless-grey.webp", saved(grey, "WEBP", lossless=True))

# BMP
add("grey.bmp", saved(grey, "BMP"))
add("bits.bmp", saved(grey.convert("1", dither=Image.Dither.NONE), "BMP"))
add("colour.bmp", saved(colour, "BMP"))
add("palette.bmp", saved(paletted, "BMP"))
add("alpha.bmp", saved(alpha, "BMP"))


def bmp(bits, header=40, compression=0, masks=(), colours=0, top_down=False, width=W, height=H, gap=0):
    stride = (width * bits + 31) // 32 * 4
    pixels = array(height, stride, seed=bits).tobytes()
    palette = b"".join(bytes([5 * i % 256, 11 * i % 256, 17 * i % 256, 0][:3 if header == 12 else 4]) for i in range(colours or (1 << bits if bits <= 8 else 0)))
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, -height if top_down else height, 1, bits, compression, len(pixels), 0, 0, colours, 0)
        info += b"".join(struct.pack("<I", m) for m in masks)
        if header > 40:
            info += bytes(header - len(info))
    offset = 14 + len(info) + len(palette) + gap
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + info + palette + bytes(gap) + pixels


for bits in 1, 4, 8, 16, 24, 32:
    add(f"rows{bits}.bmp", bmp(bits))
add("core8.bmp", bmp(8, header=12))
add("core24.bmp", bmp(24, header=12))
add("few-colours.bmp", bmp(4, colours=16, top_down=False, gap=6))
add("top-down.bmp", bmp(24, top_down=True))
add("v5.bmp", bmp(24, header=124))
add("565.bmp", bmp(16, compression=3, masks=(0xf800, 0x7e0, 0x1f)))
add("565-v4.bmp", bmp(16, header=108, compression=3, masks=(0xf800, 0x7e0, 0x1f)))
add("rgba.bmp", bmp(32, header=108, compression=3, masks=(0xff, 0xff00, 0xff0000, 0xff000000)))
add("xbgr.bmp", bmp(32, header=108, compression=3, masks=(0xff000000, 0xff0000, 0xff00, 0)))

# TIFF
for compression in "raw", "tiff_lzw", "tiff_adobe_deflate", "packbits":
    for name, image in dict(grey=grey, colour=colour, alpha=alpha, palette=paletted, cmyk=cmyk, greyalpha=grey_alpha, bits=grey.convert("1", dither=Image.Dither.NONE)).items():
        add(f"{name}-{compression}.tif", saved(image, "TIFF", compression=compression))
for compression in "tiff_lzw", "tiff_adobe_deflate":
    add(f"predictor-{compression}.tif", saved(colour, "TIFF", compression=compression, tiffinfo={317: 2}))
add("fax4.tif", saved(grey.convert("1", dither=Image.Dither.NONE), "TIFF", compression="group4"))
add("fax3.tif", saved(grey.convert("1", dither=Image.Dither.NONE), "TIFF", compression="group3"))


def tiff(samples, bits, photometric, order="<", extra=None, planar=1, tile=None, width=W, height=H, rows=4, fill=1, palette=None, compressed=False, predictor=1):
    """Writes a file in strips or tiles from values of 8 or 16 bits, or packed ones."""
    pixels = values(height, width, samples, bits=max(bits, 8), seed=samples + bits)
    if bits < 8:
        pixels %= 1 << bits
    planes = [pixels] if planar == 1 else [pixels[:, :, k:k + 1] for k in range(samples)]
    blocks = []
    for plane in planes:
        if tile:
            wide, high = -(-width // tile) * tile, -(-height // tile) * tile
            padded = numpy.full((high, wide, plane.shape[2]), 3, plane.dtype)
            padded[:height, :width] = plane
            parts = [padded[y:y + tile, x:x + tile] for y in range(0, high, tile) for x in range(0, wide, tile)]
        else:
            parts = [plane[y:y + rows] for y in range(0, height, rows)]
        for part in parts:
            if predictor == 2:
                part = numpy.concatenate([part[:, :1], part[:, 1:] - part[:, :-1] + (1 << bits)], 1) % (1 << bits)
            if bits == 16:
                data = part.astype(order + "u2").tobytes()
            elif bits == 8:
                data = part.astype(numpy.uint8).tobytes()
            else:
                flat = part.reshape(part.shape[0], -1)
                data = b"".join(numpy.packbits(((row[:, None] >> numpy.arange(bits - 1, -1, -1, dtype=numpy.uint64)) & 1).astype(numpy.uint8).reshape(-1)).tobytes() for row in flat)
            if fill == 2:
                data = bytes(int(f"{b:08b}"[::-1], 2) for b in data)
            blocks.append(zlib.compress(data) if compressed else data)
    fields = {256: width, 257: height, 258: [bits] * samples, 259: 8 if compressed else 1, 262: photometric, 277: samples, 284: planar}
    if extra is not None:
        fields[338] = extra
    if fill != 1:
        fields[266] = fill
    if predictor != 1:
        fields[317] = predictor
    if palette is not None:
        fields[320] = [int(v) for v in palette.T.reshape(-1)]
    offsets, sizes = (324, 325) if tile else (273, 279)
    fields |= {322: tile, 323: tile} if tile else {278: rows}
    fields |= {offsets: [0] * len(blocks), sizes: [len(b) for b in blocks]}
    start = 8 + 2 + 12 * len(fields) + 4
    room = sum(2 * len(v) for v in fields.values() if isinstance(v, list) and len(v) > 2)
    fields[offsets] = [start + room + sum(len(b) for b in blocks[:n]) for n in range(len(blocks))]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(fields))
    tail = b""
    for tag, value in sorted(fields.items()):
        value = value if isinstance(value, list) else [value]
        data = struct.pack(f"{order}{len(value)}H", *value)
        head += struct.pack(order + "HHI", tag, 3, len(value))
        if len(data) <= 4:
            head += data.ljust(4, b"\0")
        else:
            head += struct.pack(order + "I", start + len(tail))
            tail += data
    return head + bytes(4) + tail + b"".join(blocks)


for bits in 1, 2, 4, 8:
    add(f"white-is-zero{bits}.tif", tiff(1, bits, 0))
    add(f"black-is-zero{bits}.tif", tiff(1, bits, 1, ">"))
    add(f"palette{bits}.tif", tiff(1, bits, 3, palette=values(1 << bits, 3, bits=16, seed=11)))
    add(f"tiles-grey{bits}.tif", tiff(1, bits, 1, tile=16, width=21, height=19))
for order, name in ("<", "little"), (">", "big"):
    add(f"rgb16-{name}.tif", tiff(3, 16, 2, order))
    add(f"rgba16-{name}.tif", tiff(4, 16, 2, order, extra=2))
    add(f"rgb16-premultiplied-{name}.tif", tiff(4, 16, 2, order, extra=1))
    add(f"rgb16-predictor-{name}.tif", tiff(3, 16, 2, order, compressed=True, predictor=2))
add("rgbx.tif", tiff(4, 8, 2, extra=0))
add("rgba-unsaid.tif", tiff(4, 8, 2))
add("rgb-premultiplied.tif", tiff(4, 8, 2, extra=1))
add("grey-alpha.tif", tiff(2, 8, 1, extra=2))
add("grey-x.tif", tiff(2, 8, 1, extra=0))
add("planes.tif", tiff(3, 8, 2, planar=2))
add("planes-tiles.tif", tiff(3, 8, 2, planar=2, tile=16, width=21, height=19, compressed=True))
add("tiles.tif", tiff(3, 8, 2, tile=16, width=21, height=35))
add("fill-order.tif", tiff(1, 1, 1, fill=2))
add("cmyk.tif", tiff(4, 8, 5))

(here / "decode_golden.txt").write_text("".join(lines))
print(len(lines), "files,", sum(f.stat().st_size for f in folder.iterdir()), "bytes")
