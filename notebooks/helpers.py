"""What the notebooks share: calling the program, showing what it writes, and drawing images.

It needs Python's standard library and, to show things, the kernel that the notebook runs in.
"""

import atexit
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import zlib

from IPython.display import display


def workspace():
    """Looks for the program, and moves to a new folder that is removed at the end, so that outputs name no path of this machine.

    The program gets nothing of the surroundings: no settings from BLOCKTRAIN_ variables, and an
    empty cache.
    """
    program = os.environ.get("BLOCKTRAIN") or shutil.which("blocktrain")
    if not program:
        raise RuntimeError("blocktrain is not found: put it on PATH, or give its path in the variable BLOCKTRAIN")
    folder = tempfile.mkdtemp(prefix="notebook-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in list(os.environ):
        if name.startswith("BLOCKTRAIN_"):
            del os.environ[name]
    os.environ["BLOCKTRAIN"] = os.path.abspath(program)
    os.environ["XDG_CACHE_HOME"] = os.path.join(folder, ".cache")
    os.chdir(folder)


def blocktrain(*arguments, expect=0, stdin=b""):
    """Calls the program and returns its standard output.

    The log goes to the standard error. It has times in it, and is shown only where the exit code
    is not the expected one.
    """
    done = subprocess.run([os.environ["BLOCKTRAIN"], *map(str, arguments)], capture_output=True, input=stdin)
    if done.returncode != expect:
        raise RuntimeError(f"exit code {done.returncode}, want {expect}: {' '.join(map(str, arguments))}\n{done.stderr.decode()}")
    return done.stdout.decode().rstrip()


def read(path):
    """Reads a JSON file, or a list of the objects of a JSONL file."""
    text = pathlib.Path(path).read_text()
    if str(path).endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


def percent(share):
    return f"{100 * share:.1f} %"


def table(header, rows):
    """Shows a table."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in [header, ["---"] * len(header), *rows]]
    text = "\n".join("  ".join(map(str, row)) for row in [header, *rows])
    display({"text/markdown": "\n".join(lines), "text/plain": text}, raw=True)


def svg(path):
    """Shows an SVG file."""
    display({"image/svg+xml": pathlib.Path(path).read_text(), "text/plain": pathlib.Path(path).name}, raw=True)


def png(width, height, pixels):
    """Makes a PNG file of rows of pixels, one byte each if it is grey, three if it is coloured."""
    channels = len(pixels) // (width * height)
    row = width * channels
    lines = b"".join(b"\0" + bytes(pixels[y * row:(y + 1) * row]) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines, 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)


def write_png(path, width, height, pixels):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(width, height, pixels))


def noise(rng, count, spread):
    """Draws levels from -spread to spread. Of Python's random numbers, only random() stays the same in later versions."""
    return [int(rng.random() * (2 * spread + 1)) - spread for _ in range(count)]


def byte(level):
    return max(0, min(255, level))
