"""Asks servers of one model by turns and prints requests a second and latencies.

    blocktrain serve PACKAGE --listen 127.0.0.1:9000 &
    tritonserver --model-repository=PACKAGE/model-repository --http-port=9100 ... &
    python3 bench/serve.py MODEL blocktrain=127.0.0.1:9000:PID triton=127.0.0.1:9100:PID [SECONDS] [ROUNDS]

Needs Python's standard library alone. Requests and answers are binary tensors. All clients are
one process, which sends prepared bytes and waits for whichever answer comes first, so that it
takes little of the machine. Each server is asked for SECONDS [3] at a time, one after the other,
ROUNDS [5] times; a figure is the median of the rounds, with the lowest and the highest. Whatever
else the machine does at that time changes the figures: look at the spread. With the numbers of
the processes, the processor time that a server and its children take for an image is printed
too, which depends less on what else runs. The last lines have ratios, over 1 where the first
server is better than the second: of rates or, where clients send at fixed times, of latencies.
Both of a ratio are of one round.
"""

import collections
import http.client
import json
import os
import selectors
import socket
import statistics
import sys
import time

# What is asked: a title, clients, images of a request, and requests a second of all clients
# together; 0: each sends the next as soon as it has an answer.
CASES = [
    ("1 client, 1 image", 1, 1, 0), ("8 clients, 1 image", 8, 1, 0), ("50 clients, 1 image", 50, 1, 0), ("50 clients, 1000 a second", 50, 1, 1000),
    ("1 client, 32 images", 1, 32, 0), ("4 clients, 32 images", 4, 32, 0), ("1 client, 64 images", 1, 64, 0), ("4 clients, 64 images", 4, 64, 0),
]


def request(model, shape, images):
    """The bytes of a request for so many images."""
    size = images
    for dim in shape:
        size *= dim
    header = json.dumps({
        "inputs": [{"name": "image", "shape": [images] + shape, "datatype": "UINT8", "parameters": {"binary_data_size": size}}],
        "parameters": {"binary_data_output": True},
    }).encode()
    body = header + bytes((7 * i + i // 28 * 5) % 256 for i in range(size))
    head = "POST /v2/models/%s/infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nInference-Header-Content-Length: %d\r\nContent-Length: %d\r\n\r\n" % (model, len(header), len(body))
    return head.encode() + body


class Client:
    """A connection with one request at a time."""

    def __init__(self, address, payload, selector):
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.payload, self.received, self.wanted = payload, b"", None
        selector.register(self.socket, selectors.EVENT_READ, self)

    def send(self):
        self.received, self.wanted, self.began = b"", None, time.perf_counter()
        self.socket.sendall(self.payload)

    def done(self):
        """Reads; the latency where the answer is complete."""
        part = self.socket.recv(1 << 20)
        if not part:
            sys.exit("a connection was closed")
        self.received += part
        if self.wanted is None:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = self.received[:end].decode()
            if not head.startswith("HTTP/1.1 200"):
                sys.exit("refused: %r" % self.received[:500])
            length = next(line for line in head.split("\r\n") if line.lower().startswith("content-length:"))
            self.wanted = end + 4 + int(length.split(":")[1])
        return time.perf_counter() - self.began if len(self.received) >= self.wanted else None


def ask(address, payload, clients, seconds, pace=0):
    """Requests a second, and the latencies in milliseconds."""
    with selectors.DefaultSelector() as selector:
        all_clients = [Client(address, payload, selector) for _ in range(clients)]
        began = time.perf_counter()
        latencies = []
        interval = clients / pace if pace else 0
        # When each client that waits sends next, the earliest first.
        waiting = collections.deque((began + interval * n / clients, client) for n, client in enumerate(all_clients))
        now = began
        while now < began + seconds:
            while waiting and waiting[0][0] <= now:
                waiting.popleft()[1].send()
            for key, _ in selector.select(max(0, waiting[0][0] - now) if waiting else None):
                took = key.data.done()
                if took is None:
                    continue
                latencies.append(1000 * took)
                if pace:
                    waiting.append((key.data.began + interval, key.data))
                else:
                    key.data.send()
            now = time.perf_counter()
        took = time.perf_counter() - began
        for client in all_clients:
            client.socket.close()
    return len(latencies) / took, sorted(latencies)


def processor(pid):
    """Seconds of processor time that a process and its children have had."""
    parents, times = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open("/proc/%s/stat" % name).read().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(name)], times[int(name)] = int(fields[1]), int(fields[11]) + int(fields[12])
    total, family = 0, {pid}
    while family:
        total += sum(times.get(p, 0) for p in family)
        family = {p for p, parent in parents.items() if parent in family}
    return total / os.sysconf("SC_CLK_TCK")


def spread(values, form):
    return "%s (%s to %s)" % tuple(form % v for v in (statistics.median(values), min(values), max(values)))


def ask_json(address, path):
    connection = http.client.HTTPConnection(*address)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        sys.exit("%s: %d %s" % (path, answer.status, text.decode()))
    return json.loads(text)


def shape_of(address, model):
    """The shape of an image."""
    return ask_json(address, "/v2/models/" + model)["inputs"][0]["shape"][1:]


def compare(model, servers, pids, seconds, rounds):
    """Prints the table; the ratios of the first server's rates to the second's, by case."""
    any_address = next(iter(servers.values()))
    shape = shape_of(any_address, model)
    largest = min(ask_json(address, "/v2/models/%s/config" % model)["max_batch_size"] for address in servers.values())
    print("| requests | server | images a second | median ms | 99 % ms | processor us an image |\n|---|---|---|---|---|---|")
    ratios = {}
    for title, clients, images, pace in CASES:
        if images > largest:
            continue
        payload = request(model, shape, images)
        rates, medians, late, costs = ({name: [] for name in servers} for _ in range(4))
        for turn in range(rounds + 1):
            for name, address in servers.items():
                before = processor(pids[name]) if pids.get(name) else 0
                rate, latencies = ask(address, payload, clients, seconds if turn else min(1, seconds), pace)
                used = processor(pids[name]) - before if pids.get(name) else float("nan")
                if turn:  # the first is not counted
                    rates[name].append(images * rate)
                    medians[name].append(latencies[len(latencies) // 2])
                    late[name].append(latencies[len(latencies) * 99 // 100])
                    costs[name].append(1e6 * used / images / len(latencies))
        for name in servers:
            print("| %s | %s | %s | %s | %s | %s |" % (title, name, spread(rates[name], "%.0f"), spread(medians[name], "%.2f"), spread(late[name], "%.2f"), spread(costs[name], "%.0f")), flush=True)
        if len(servers) > 1:
            first, second = list(servers)[:2]
            if pace:
                ratios[title + ", median latency, inverse"] = [b / a for a, b in zip(medians[first], medians[second])]
                ratios[title + ", 99 % latency, inverse"] = [b / a for a, b in zip(late[first], late[second])]
            else:
                ratios[title + ", rate"] = [a / b for a, b in zip(rates[first], rates[second])]
    for title, values in ratios.items():
        print("%s: %s" % (title, spread(values, "%.2f")), flush=True)
    return ratios


def main():
    model, servers, pids, numbers = sys.argv[1], {}, {}, []
    for argument in sys.argv[2:]:
        if "=" in argument:
            name, address = argument.split("=")
            host, port, *pid = address.split(":")
            servers[name] = (host, int(port))
            pids[name] = int(pid[0]) if pid else None
        else:
            numbers.append(float(argument))
    compare(model, servers, pids, numbers[0] if numbers else 3, int(numbers[1]) if len(numbers) > 1 else 5)


if __name__ == "__main__":
    main()
