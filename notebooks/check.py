#!/usr/bin/env python3
"""Executes the notebooks and compares their outputs with those that are committed.

    python3 notebooks/check.py            # exit code 1 and the differing cells if an output is another one
    python3 notebooks/check.py --write    # executes them and keeps the new outputs

It calls jupyter-nbconvert with the kernel python3 (Debian: jupyter-nbconvert, python3-ipykernel).
The notebooks call blocktrain, which is looked for in the variable BLOCKTRAIN and on PATH.
"""

import base64
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zlib

FOLDER = pathlib.Path(__file__).resolve().parent


def execute(notebook, folder):
    """Executes a notebook and returns the result; its cells have no times."""
    command = ["jupyter-nbconvert", "--to", "notebook", "--execute", "--log-level", "WARN",
               "--ExecutePreprocessor.kernel_name=python3", "--ExecutePreprocessor.record_timing=False",
               "--ExecutePreprocessor.timeout=300", "--output-dir", folder, str(notebook)]
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    if program := environment.get("BLOCKTRAIN"):
        environment["BLOCKTRAIN"] = str(pathlib.Path(program).resolve())  # notebooks run in their own folder
    try:
        subprocess.run(command, check=True, env=environment, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        sys.exit("jupyter-nbconvert is not installed: apt-get install jupyter-nbconvert python3-ipykernel")
    except subprocess.CalledProcessError as error:
        reason = re.sub("\x1b\\[[0-9;]*m", "", error.stderr)
        sys.exit(f"{reason[max(0, reason.find('An error occurred')):]}\n{notebook.name} cannot be executed; the reason stands above")
    return json.loads((pathlib.Path(folder) / notebook.name).read_text())


def text(value):
    return "".join(value) if isinstance(value, list) else value


def pixels(data):
    """What a PNG file shows, since other versions of zlib pack the same pixels into other bytes."""
    data, at, header, packed = base64.b64decode(data), 8, b"", b""
    while at < len(data):
        size, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        body = data[at + 8:at + 8 + size]
        header += body if kind == b"IHDR" else b""
        packed += body if kind == b"IDAT" else b""
        at += 12 + size
    return f"{header.hex()} {zlib.crc32(zlib.decompress(packed)):08x}"


def shown(cell):
    """The lines of all outputs of a cell. Streams that were written in several pieces are one."""
    lines, last = [], None
    for output in cell.get("outputs", []):
        kind = output["output_type"]
        if kind == "stream":
            name = output["name"]
            if last == name:
                lines[-1] += text(output["text"])
            else:
                lines += [f"[{name}]", text(output["text"])]
            last = name
            continue
        last = None
        for mime, value in sorted(output.get("data", {}).items()):
            value = pixels(text(value)) if mime == "image/png" else text(value) if not isinstance(value, dict) else json.dumps(value)
            lines += [f"[{mime}]", value]
        if kind == "error":
            lines += ["[error]", *output["traceback"]]
    return "\n".join(lines).splitlines()


def differences(notebook, old, new):
    """Describes the cells whose outputs differ."""
    found = []
    for number, (was, now) in enumerate(zip(old["cells"], new["cells"]), 1):
        if was["cell_type"] != "code" or shown(was) == shown(now):
            continue
        found.append(f"{notebook.name}: the outputs of cell {number} differ (-: committed, +: executed)")
        diff = difflib.unified_diff(shown(was), shown(now), lineterm="", n=1)
        found += [line[:200] for line in list(diff)[2:42]]
    return found


def main():
    write = sys.argv[1:] == ["--write"]
    if sys.argv[1:] and not write:
        sys.exit(__doc__)
    found = []
    notebooks = sorted(FOLDER.glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as folder:
        for notebook in notebooks:
            new = execute(notebook, folder)
            if write:
                new["metadata"] = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                                   "language_info": {"name": "python"}}
                notebook.write_text(json.dumps(new, indent=1, ensure_ascii=False) + "\n")
            else:
                found += differences(notebook, json.loads(notebook.read_text()), new)
    if found:
        print("\n".join(found))
        sys.exit("if these outputs are right, keep them by: make notebooks-write")
    print(f"{len(notebooks)} notebooks {'were written' if write else 'give the outputs that are committed'}")


if __name__ == "__main__":
    main()
