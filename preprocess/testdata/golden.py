"""Writes what preprocess.py makes of the ten test images by each rule of rules.json.

    python3 preprocess/testdata/golden.py > preprocess/testdata/golden.json

Made with Python 3.11, numpy 2.4.6 and Pillow 13.0.0 (libjpeg-turbo 3.2.0, libwebp 1.6.0). A
digest of SHA-256 for each rule and image.
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

here = Path(__file__).parent
sys.path.insert(0, str(here.parent))
from preprocess import Preprocessing


def main():
    golden = []
    for rule in json.loads((here / "rules.json").read_text()):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "preprocessing.json"
            file.write_text(json.dumps(rule))
            client = Preprocessing(file)
        digests = {}
        for image in sorted((here.parent / "images").iterdir()):
            digests[image.name] = hashlib.sha256(client.tensor([image] * client.frames).tobytes()).hexdigest()
        golden.append(digests)
    print(json.dumps(golden, indent=2))


if __name__ == "__main__":
    main()
