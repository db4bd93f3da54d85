"""What bench/release.sh asks of servers, registries and packages; see there.

    release.py clients PACKAGE TRITON-URL SERVE-URL   tritonclient gets the same answers from both
    release.py requests PACKAGE SERVE-URL PID         twice 10,000 requests of 50 clients, and memory
    release.py speed PACKAGE SERVE-URL PID TRITON-URL PID   serve is at least as fast as Triton
    release.py registry HOST/NAME:TAG PACKAGE         skopeo reads what was published
    release.py flip FILE AT                           changes the byte at AT, a share of the file
    release.py killed N DIR COMMAND...                kills the command when DIR has N new files

The last line that is printed is a figure. Exit code 1: it is not as it should be. `clients` needs
tritonclient[http] of PyPI, `registry` skopeo. PACKAGE is an unpacked one.
"""

import gzip
import hashlib
import io
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

import serve


def load(package, name):
    with open(os.path.join(package, name), encoding="utf-8") as f:
        return json.load(f)


def model_of(package):
    names = os.listdir(os.path.join(package, "model-repository"))
    if len(names) != 1:
        sys.exit("want one model in %s, found %s" % (package, names))
    return names[0]


# --- clients


def answer(client, model, images, **how):
    """What tritonclient gets: arrays by output, or the words of a refusal."""
    import tritonclient.http as http

    from tritonclient.utils import InferenceServerException

    given = http.InferInput("image", list(images.shape), "UINT8")
    given.set_data_from_numpy(images, binary_data=how.get("binary", True))
    names = how["outputs"]
    wanted = [http.InferRequestedOutput(name, binary_data=how.get("binary", True), class_count=how.get("classes", 0)) for name in names]
    try:
        got = client.infer(model, [given], outputs=wanted)
    except InferenceServerException as refused:
        return str(refused.message())
    return {name: got.as_numpy(name) for name in names}


def parted(text):
    """A class of the classification extension: value, index and label."""
    value, rest = (text if isinstance(text, str) else text.decode()).split(":", 1)
    return float(value), rest


def compare_classes(ours, theirs, tolerance):
    """Wants the same classes in the same order, but for those whose values are nearly equal."""
    if ours.shape != theirs.shape:
        sys.exit("classes: %s and %s" % (ours.shape, theirs.shape))
    for a, b in zip(ours.reshape(-1, ours.shape[-1]), theirs.reshape(-1, theirs.shape[-1])):
        for (value, name), (other, its_name) in zip(map(parted, a), map(parted, b)):
            near = tolerance * max(1.0, abs(other))
            if abs(value - other) > near:
                sys.exit("classes: %s and %s" % (a, b))
            if name != its_name and not any(n == name and abs(v - other) <= near for v, n in map(parted, b)):
                sys.exit("classes: %s and %s" % (a, b))


def clients(package, triton_url, serve_url, tolerance=1e-4):
    import numpy
    import tritonclient.http as http

    rule, record, model = load(package, "preprocessing.json"), load(package, "smoke.json"), model_of(package)
    shape = [rule["input"][key] for key in ("height", "width", "channels")]
    images = numpy.stack([numpy.fromfile(os.path.join(package, test["tensor"]), numpy.uint8).reshape(shape) for test in rule["tests"]])
    triton, ours = (http.InferenceServerClient(url.split("//")[1]) for url in (triton_url, serve_url))
    if ours.get_model_metadata(model) != triton.get_model_metadata(model):
        sys.exit("metadata: %s and %s" % (ours.get_model_metadata(model), triton.get_model_metadata(model)))
    configs = [client.get_model_config(model) for client in (ours, triton)]
    for config in configs:
        config.pop("runtime")  # how Triton starts the backend, model.py of a Python one
    if configs[0] != configs[1]:
        sys.exit("configuration: %s and %s" % tuple(configs))
    outputs = [output["name"] for output in record["outputs"]]
    largest, compared, refused = 0.0, 0, 0
    for batch in (1, 7, len(images)):
        for first in range(0, len(images), batch):
            part = images[first:first + batch]
            for how in ({}, {"binary": False}, {"classes": 1}, {"classes": 3}, {"classes": 1000, "binary": False}):
                a, b = (answer(client, model, part, outputs=outputs, **how) for client in (ours, triton))
                if isinstance(a, str) or isinstance(b, str):
                    if not isinstance(a, str) or not isinstance(b, str) or a != b:
                        sys.exit("%s: %r and %r" % (how, a, b))
                    refused += 1
                    continue
                compared += 1
                for name in outputs:
                    if how.get("classes"):
                        compare_classes(a[name], b[name], tolerance)
                        continue
                    if a[name].shape != b[name].shape or a[name].dtype != b[name].dtype:
                        sys.exit("%s: %s %s and %s %s" % (name, a[name].shape, a[name].dtype, b[name].shape, b[name].dtype))
                    difference = float(abs(a[name].astype(float) - b[name]).max()) / max(1.0, float(abs(b[name]).max()))
                    if not difference <= tolerance:
                        sys.exit("%s differs by %g" % (name, difference))
                    largest = max(largest, difference)
    if compared < 5:
        sys.exit("%d requests were answered, %d refused" % (compared, refused))
    print("%.1e in %d answers" % (largest, compared) + (", %d refused alike" % refused if refused else ""))


# --- requests


def resident(pid):
    """The memory of a process, in kilobytes."""
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("VmRSS:")).split()[1])


def address(url):
    host, port = url.split("//")[1].split(":")
    return host, int(port)


def requests(package, url, pid, count=20000, clients=50):
    """Wants all answers to be the same bytes, and no more memory in the second half, but for 4 MB
    by which the garbage collection differs."""
    model = model_of(package)
    payload = serve.request(model, serve.shape_of(address(url), model), 1)
    memory, answers, sent, answered = [], set(), 0, 0
    with selectors.DefaultSelector() as selector:
        all_clients = [serve.Client(address(url), payload, selector) for _ in range(clients)]
        for client in all_clients:
            client.send()
            sent += 1
        while answered < count:
            for key, _ in selector.select(30) or sys.exit("no answer within 30 s"):
                if key.data.done() is None:
                    continue
                answered += 1
                answers.add(hashlib.sha256(key.data.received.split(b"\r\n\r\n", 1)[1]).digest())
                if answered % (count // 10) == 0:
                    memory.append(resident(pid))
                if sent < count:
                    key.data.send()
                    sent += 1
        for client in all_clients:
            client.socket.close()
    print("memory after each tenth, kB: %s" % memory)
    if len(answers) != 1:
        sys.exit("one image got %d different answers" % len(answers))
    if max(memory[5:]) > max(memory[:5]) + 4096:
        sys.exit("memory grew: %s kB" % memory)
    print("%d answers, %d to %d MB" % (answered, memory[0] // 1024, memory[-1] // 1024))


# --- speed


def speed(package, serve_url, serve_pid, triton_url, triton_pid):
    """Prints what serve.py prints; fails where the median of a ratio says that serve is slower. Not
    judged is the slowest 1 % at fixed times, which is that of the machine where it is busy."""
    servers = {"blocktrain": address(serve_url), "Triton, Python backend": address(triton_url)}
    pids = dict(zip(servers, (int(serve_pid), int(triton_pid))))
    results = serve.compare(model_of(package), servers, pids, float(os.environ.get("SPEED_SECONDS", 1.5)), int(os.environ.get("SPEED_ROUNDS", 5)))
    slower, ratios = [], []
    for title, ratio in results.items():
        if "99 %" in title:
            continue
        ratios.append(serve.statistics.median(ratio))
        if ratios[-1] < 1:
            slower.append("%s: %s" % (title, serve.spread(ratio, "%.2f")))
    if slower:
        sys.exit("slower than Triton, as a ratio of rates: " + "; ".join(slower))
    print("%.1f to %.1f times" % (min(ratios), max(ratios)))


# --- registry


def copied(reference, folder):
    command = ["skopeo", "copy", "--quiet", "--insecure-policy", "--all", "--src-tls-verify=false", "docker://" + reference, "dir:" + folder]
    subprocess.run(command, check=True)
    with open(os.path.join(folder, "manifest.json"), "rb") as f:
        return f.read()


def blob(folder, descriptor, manifest=False):
    """The bytes that a descriptor stands for, compared with it."""
    name = descriptor["digest"].split(":")[1]
    with open(os.path.join(folder, name + ".manifest.json" if manifest else name), "rb") as f:
        data = f.read()
    if hashlib.sha256(data).hexdigest() != name or len(data) != descriptor["size"]:
        sys.exit("%s has other bytes than its digest says" % name)
    return data


def tree(folder):
    """The files of a folder by their paths."""
    files = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            with open(path, "rb") as f:
                files[os.path.relpath(path, folder)] = f.read()
    return files


def unpacked(layer):
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}


def registry(reference, package):
    name = reference.rpartition(":")[0]
    want = {"models/" + path: data for path, data in tree(os.path.join(package, "model-repository")).items()}
    with tempfile.TemporaryDirectory() as folder:
        index = copied(reference, folder)
        images = json.loads(index)["manifests"]
        for image in images:
            layers = json.loads(blob(folder, image, True))["layers"]
            if len(layers) != 1 or unpacked(blob(folder, layers[0])) != want:
                sys.exit("the image for %s has other files than model-repository" % image["platform"])
    digest = hashlib.sha256(index).hexdigest()
    beside = {}
    for path in os.listdir(os.path.dirname(package)):
        if re.match(re.escape(os.path.basename(package)) + r"\.(tar\.gz|tar\.gz\.sha256|cdx\.json|intoto\.jsonl|model\.sig)$", path):
            with open(os.path.join(os.path.dirname(package), path), "rb") as f:
                beside[path] = f.read()
    raw = subprocess.run(["skopeo", "inspect", "--raw", "--tls-verify=false", "docker://%s:sha256-%s" % (name, digest)], check=True, capture_output=True)
    found = {}
    for referrer in json.loads(raw.stdout)["manifests"]:
        with tempfile.TemporaryDirectory() as folder:
            manifest = copied("%s@%s" % (name, referrer["digest"]), folder)
            if "sha256:" + hashlib.sha256(manifest).hexdigest() != referrer["digest"] or json.loads(manifest)["subject"]["digest"] != "sha256:" + digest:
                sys.exit("the referrer %s is not that of the image" % referrer["digest"])
            for layer in json.loads(manifest)["layers"]:
                found[layer["annotations"]["org.opencontainers.image.title"]] = blob(folder, layer)
    if found != beside:
        sys.exit("attached are %s, want %s, to the byte" % (sorted(found), sorted(beside)))
    print("%d images, %d files; %d attached" % (len(images), len(want), len(found)))


# --- damage


def flip(path, at):
    with open(path, "r+b") as f:
        size = f.seek(0, os.SEEK_END)
        f.seek(int(float(at) * (size - 1)))
        byte = f.read(1)[0]
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([byte ^ 1]))


def names(folder):
    return {os.path.join(at, name) for at, folders, files in os.walk(folder) for name in folders + files}


def killed(count, folder, *command):
    """Exit code 137 if the command was killed, else its own."""
    before, new = names(folder), set()
    process = subprocess.Popen(command)
    while process.poll() is None:
        new |= names(folder) - before
        if len(new) >= int(count):
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.0002)
    code = process.wait()
    sys.exit(128 - code if code < 0 else code)


def main():
    commands = {"clients": clients, "requests": lambda package, url, pid: requests(package, url, int(pid)), "speed": speed, "registry": registry, "flip": flip, "killed": killed}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    commands[sys.argv[1]](*sys.argv[2:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
