#!/usr/bin/env python3
"""Makes a folder of very many small images, to measure how long the program takes to start.

    bench/many.py /tmp/many            # 1,000,000 PNG files of 6x4 pixels in 100 classes
    bench/many.py /tmp/few 10000 10

Every image has other pixels, so that nothing is gained by files that are the same. Then:

    rm -rf /tmp/cache
    for i in 1 2; do
      XDG_CACHE_HOME=/tmp/cache /usr/bin/time -v bin/blocktrain split \
        --dataset folder --data-dir /tmp/many --data-mode disk --output /tmp/many.$i.json
    done
    cmp /tmp/many.1.json /tmp/many.2.json

The second start decodes nothing: on two cores it takes under 20 seconds and 300 MB.
"""

import os
import struct
import sys
import zlib

WIDTH, HEIGHT = 6, 4
FOLDERS = 10  # below each class


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HEAD = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
TAIL = chunk(b"IEND", b"")


def png(number):
    """An image whose first pixels are the digits of number."""
    row = struct.pack(">Q", number) + bytes(3 * WIDTH - 8)
    pixels = b"".join(b"\0" + row for _ in range(HEIGHT))
    return HEAD + chunk(b"IDAT", zlib.compress(pixels, 1)) + TAIL


def main():
    root = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    classes = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    for i in range(count):
        label, folder = i % classes, i // classes % FOLDERS
        name = f"{root}/class{label:03d}/shoot{label:03d}-{folder:02d}"
        if i < classes * FOLDERS:
            os.makedirs(name)
        with open(f"{name}/image_{i:07d}.png", "wb") as f:
            f.write(png(i))


if __name__ == "__main__":
    main()
