"""Follows the target in a folder of frames by the client of a package: PACKAGE FOLDER LAG.

With a fourth argument, lines of blocktrain predict, a server is played that answers what
these say, and the network that decides on tracks says that all classes are the same.
"""

import json
import sys
from pathlib import Path

import numpy as np

package, folder, lag = sys.argv[1:4]
sys.path.insert(0, package)
from postprocess import Postprocessing  # noqa: E402

client = Postprocessing(Path(package))
answer = decide = None
if len(sys.argv) > 4:
    lines = [json.loads(line) for line in open(sys.argv[4], encoding="utf-8")]
    known = [[one["probability"] for one in sorted(line["top"], key=lambda one: one["index"])] for line in lines if line["kind"] == "frame"]

    def answer(batch):
        return np.array([known.pop(0) for _ in batch], np.float32)

    def decide(batch):
        return np.full((len(batch), len(client.classes)), 1 / len(client.classes), np.float32)


for line in client.lines(folder, answer, decide, int(lag)):
    print(json.dumps(line))
