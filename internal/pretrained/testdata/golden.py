"""Writes small files of weights in every form, and what PyTorch reads from them.

Run in this folder, with Python 3.11, torch 2.15.0, numpy 2.4.6 and safetensors 0.8.0:

    python3 golden.py

It writes golden/*, and golden.json: for each file the names, shapes and bits of the tensors as
float32 with their digest, or a part of the error that is expected. The older form of torch.save
has addresses in memory in it, so its files differ from run to run; what is read does not.
"""

import argparse
import collections
import hashlib
import io
import json
import pathlib
import pickle
import struct
import zipfile

import numpy as np
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
OUT = HERE / "golden"
expected = {}


def values(n, dtype=torch.float32):
    """Numbers whose bits differ, by a formula: some that float16 rounds, and both zeros."""
    i = torch.arange(n, dtype=torch.float64)
    x = (i * 0.37 - 1.3) * (1 + i / 7)
    x[0] = -0.0
    return x.to(dtype)


def plain():
    net = collections.OrderedDict()
    net["conv.weight"] = values(2 * 3 * 2 * 2).reshape(2, 3, 2, 2)
    net["bn.weight"] = values(2)
    net["bn.running_var"] = values(2).abs() + 1
    net["bn.num_batches_tracked"] = torch.tensor(7)
    net["fc.bias"] = values(5)
    return net


def tensors_of(d, prefix=""):
    out = []
    for name, t in d.items():
        if not isinstance(t, torch.Tensor) or name.endswith("num_batches_tracked") or not t.is_floating_point():
            continue
        bits = t.detach().to(torch.float32).contiguous().numpy().reshape(-1).view(np.uint32)
        out.append({"name": name.removeprefix(prefix), "shape": list(t.shape), "bits": [int(b) for b in bits]})
    return out


def digest_of(tensors):
    """The SHA-256 of weights.Digest, from its definition."""
    h = hashlib.sha256()
    for t in sorted(tensors, key=lambda t: t["name"].encode()):
        name = t["name"].encode()
        h.update(struct.pack("<Q", len(name)) + name + struct.pack("<Q", len(t["shape"])))
        for d in t["shape"]:
            h.update(struct.pack("<Q", d))
        h.update(np.array(t["bits"], np.uint32).tobytes())
    return h.hexdigest()


def good(name, obj, weights=None, taken=(), prefix="", legacy=False, protocol=2):
    path = OUT / name
    torch.save(obj, path, _use_new_zipfile_serialization=not legacy, pickle_protocol=protocol)
    expected[name] = {"tensors": tensors_of(weights if weights is not None else obj, prefix), "taken": list(taken), "prefix": prefix}


def bad(name, data, error):
    if isinstance(data, bytes):
        (OUT / name).write_bytes(data)
    else:
        torch.save(data, OUT / name)
    expected[name] = {"error": error}


def archive(name, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(OUT / name, "w") as z:
        for member, data in members:
            info = zipfile.ZipInfo(member, (2020, 1, 1, 0, 0, 0))
            info.compress_type = method
            z.writestr(info, data)


def forms():
    net = plain()
    for legacy, form in ((False, "zip"), (True, "legacy")):
        for protocol in (2, 4):
            good(f"plain-{form}-{protocol}.pth", net, legacy=legacy, protocol=protocol)
        module = collections.OrderedDict(("module." + k, v) for k, v in net.items())
        good(f"module-{form}.pth", module, prefix="module.", legacy=legacy)
        good(f"state-dict-{form}.pth", {"epoch": 3, "model": {"x": values(2)}, "state_dict": module, "best": 0.5},
             module, ["state_dict"], "module.", legacy)
        ema = dict({"n_averaged": torch.tensor(3)}, **module)
        good(f"model-ema-{form}.pth", {"epoch": 3, "model_ema": ema, "lr": [0.1, 0.01]}, ema, ["model_ema"], "module.", legacy)
        good(f"nested-{form}.pth", {"model": {"state_dict": net}}, net, ["model", "state_dict"], legacy=legacy)
        for dtype in (torch.float16, torch.bfloat16, torch.float64):
            typed = {"a": values(40, dtype), "b": values(6).reshape(2, 3)}
            if dtype == torch.float16:
                typed["tiny"] = torch.tensor([2.0**-24, 2.0**-15, -(2.0**-14), 65504.0], dtype=dtype)
            if dtype == torch.float64:  # ties, subnormal numbers and numbers that become 0
                typed["ties"] = torch.tensor([1 + 2.0**-24, 1 + 3 * 2.0**-24, 1e-40, 1e-60, 2.0**-150], dtype=dtype)
            good(f"{str(dtype)[6:]}-{form}.pth", typed, legacy=legacy)
        base = values(24)
        views = {
            "transposed": base.reshape(4, 6).t(), "permuted": base.reshape(2, 3, 4).permute(2, 0, 1),
            "channels_last": values(24).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last),
            "step": base[3::5], "same": base.reshape(4, 6).t(), "overlap": base.as_strided((3, 4), (2, 1), 1),
            "expanded": torch.tensor([2.5]).expand(3, 2), "scalar": torch.tensor(1.25), "part": base[20:],
            "parameter": torch.nn.Parameter(values(3)),
        }
        good(f"views-{form}.pth", views, legacy=legacy)
        layer = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
        with torch.no_grad():
            for i, p in enumerate(layer.parameters()):
                p.copy_((torch.arange(p.numel()) * 0.25 + i).reshape(p.shape))
        optimizer = torch.optim.SGD(layer.parameters(), 0.1, momentum=0.9)
        layer(torch.ones(2, 2)).sum().backward()
        optimizer.step()
        good(f"checkpoint-{form}.pth", {"model": layer.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1},
             layer.state_dict(), ["model"], legacy=legacy)


def same_in_archives():
    net = plain()
    save_file(net, OUT / "plain.safetensors")
    expected["plain.safetensors"] = {"tensors": tensors_of(net), "taken": [], "prefix": ""}
    types = {"half": values(5, torch.float16), "brain": values(5, torch.bfloat16), "double": values(5, torch.float64)}
    save_file(types, OUT / "types.safetensors", {"format": "pt"})
    expected["types.safetensors"] = {"tensors": tensors_of(types), "taken": [], "prefix": ""}
    for form, inner in (("zip", "plain-zip-2.pth"), ("legacy", "plain-legacy-2.pth"), ("safetensors", "plain.safetensors")):
        data = (OUT / inner).read_bytes()
        for method, packing in ((zipfile.ZIP_DEFLATED, "packed"), (zipfile.ZIP_STORED, "stored")):
            name = f"{form}-{packing}.whl"
            archive(name, [("p/__init__.py", b"pass\n"), ("p/models/" + inner, data), ("p-1.dist-info/RECORD", b"")], method)
            expected[name] = dict(expected[inner], member="p/models/" + inner)


class Evil:
    def __reduce__(self):
        return print, ("run",)


def refused():
    one = torch.ones(2)
    bad("nan.pth", {"a": one, "b": torch.tensor([1.0, float("nan")])}, 'tensor "b": value 1 of 2 is NaN')
    bad("inf.pth", {"b": torch.tensor([float("-inf")], dtype=torch.float16)}, 'tensor "b": value 0 of 1 is -Inf')
    bad("beyond.pth", {"b": torch.tensor([1e39], dtype=torch.float64)}, "or beyond the range of float32")
    bad("complex.pth", {"b": torch.ones(2, dtype=torch.complex64)}, "complex numbers (torch.ComplexFloatStorage)")
    bad("quantised.pth", {"b": torch.quantize_per_tensor(one, 0.1, 0, torch.qint8)}, "quantised tensor")
    bad("sparse.pth", {"b": torch.eye(3).to_sparse()}, "sparse tensor (torch._utils._rebuild_sparse_tensor)")
    bad("float8.pth", {"b": one.to(torch.float8_e4m3fn)}, "such as float8")
    bad("int8.pth", {"a": one, "b": torch.ones(4, dtype=torch.int8)}, 'tensor "b" holds int8')
    bad("integers.pth", {"b": torch.ones(4, dtype=torch.int64)}, "no tensor of floating-point values")
    bad("meta.pth", {"b": torch.ones(2, device="meta")}, "tensor without values")
    bad("negated.pth", {"b": torch.ones(2, dtype=torch.complex64).conj().imag}, "a conjugated or negated view")
    bad("module.pth", torch.nn.Linear(2, 2), "Linear")
    bad("evil.pth", {"a": Evil()}, "builtin__.print")
    bad("list.pth", [one], "expected a dict of tensors")
    bad("empty.pth", {}, "is empty: no tensors are in it")
    bad("no-tensors.pth", {"model": {"epoch": 3}}, "holds no tensors, but 1 entries (epoch)")
    bad("arguments.pth", {"model": {"a": one}, "args": argparse.Namespace(lr=1)}, "the arguments of a training script (argparse.Namespace)")
    bad("numpy.pth", {"a": one, "b": np.float32(1)}, "numpy")
    bad("bytes.pth", {"a": one, "b": b"x"}, "only tensors and containers")

    def script(x):
        return x + 1
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(script, one), buffer)
    bad("script.pt", buffer.getvalue(), "TorchScript")


def edit_zip(source, change):
    """The members of a torch.save archive, changed, and not packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(OUT / source) as z, zipfile.ZipFile(out, "w") as w:
        for info in z.infolist():
            if ".data/" in info.filename or info.filename.endswith((".format_version", ".storage_alignment", "serialization_id")):
                continue
            data = change(info.filename, z.read(info))
            if data is not None:
                new = zipfile.ZipInfo(info.filename, (2020, 1, 1, 0, 0, 0))
                method = zipfile.ZIP_STORED
                if isinstance(data, tuple):
                    data, method = data
                w.writestr(new, data, method)
    return out.getvalue()


def broken():
    plain_zip, plain_legacy = "plain-zip-2.pth", "plain-legacy-2.pth"
    legacy = (OUT / plain_legacy).read_bytes()
    bad("big-endian.pth", edit_zip(plain_zip, lambda n, b: b"big" if n.endswith("byteorder") else b), "big-endian")
    bad("big-endian-legacy.pth", legacy.replace(b"little_endianq\x02\x88", b"little_endianq\x02\x89", 1), "big-endian")
    bad("storage-missing.pth", edit_zip(plain_zip, lambda n, b: None if n.endswith("data/0") else b), "is not in the file")
    bad("storage-short.pth", edit_zip(plain_zip, lambda n, b: b[:-4] if n.endswith("data/0") else b), 'storage "0" has 92 bytes, 24 values')
    bad("storage-packed.pth", edit_zip(plain_zip, lambda n, b: (b, zipfile.ZIP_DEFLATED) if n.endswith("data/0") else b), "is compressed")
    bad("no-pickle.pth", edit_zip(plain_zip, lambda n, b: None if n.endswith("data.pkl") else b), "no file of weights")
    bad("after-pickle.pth", edit_zip(plain_zip, lambda n, b: b + b"x" if n.endswith("data.pkl") else b), "1 bytes follow the pickle")
    bad("cut-legacy.pth", legacy[:-1], "is the file truncated?")
    bad("more-legacy.pth", legacy + b"x", "1 bytes follow the last storage")
    bad("cut-pickle.pth", legacy[:200], "unexpected EOF")
    bad("cut.pth", (OUT / plain_zip).read_bytes()[:-30], "no directory at its end: is the file truncated?")
    damaged = bytearray((OUT / plain_zip).read_bytes())
    with zipfile.ZipFile(OUT / plain_zip) as z:
        info = z.getinfo("plain-zip-2/data/0")
        head = damaged[info.header_offset + 26:info.header_offset + 30]
        damaged[info.header_offset + 30 + sum(struct.unpack("<HH", head)) + 5] ^= 1
    bad("damaged.pth", bytes(damaged), "checksum error")
    bad("pickle.pth", pickle.dumps({"a": 1}), "a pickle that torch.save did not write")
    bad("lfs.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "pointer of Git LFS")
    bad("page.pth", b"<!DOCTYPE html><html></html>", "a page of the web")
    bad("nothing.pth", b"", "the file is empty")
    two = [("a.pth", (OUT / plain_zip).read_bytes()), ("b/c.pt", legacy)]
    archive("two.zip", two)
    expected["two.zip"] = {"error": "the archive has 2 files of weights, choose one of them: a.pth, b/c.pt"}
    archive("none.zip", [("a.txt", b"")])
    expected["none.zip"] = {"error": "the archive holds no file of weights"}
    archive("bomb.zip", [("a.pth", bytes(4 << 20))])
    expected["bomb.zip"] = {"error": "which no weights do"}


def main():
    OUT.mkdir(exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    forms()
    same_in_archives()
    refused()
    broken()
    for e in expected.values():
        if "tensors" in e:
            e["digest"] = digest_of(e["tensors"])
    with open(HERE / "golden.json", "w", encoding="utf-8") as f:
        json.dump(expected, f, sort_keys=True, separators=(",", ":"))
        f.write("\n")


main()
