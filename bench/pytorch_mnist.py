#!/usr/bin/python3
"""Trains MNIST as PyTorch's usual example does, and times it from the start.

The network is the example's, which is our cnn. Adam under one cycle of the learning
rate needs three epochs of the 60,000 training images where the example's own schedule
needs more. Prints after each epoch how long the process has run, and the accuracy on
the test part. bench/recipes.sh is our side.

    apt-get install python3-torch libjemalloc2
    LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1 \\
        OMP_NUM_THREADS=2 /usr/bin/python3 bench/pytorch_mnist.py MNIST-FOLDER
"""

import pathlib
import sys
import time

import torch
from torch.nn import functional as F

from pytorch import cnn, mnist, read_idx

EPOCHS, BATCH, LEARNING_RATE = 3, 128, 3e-3
LAYOUT = torch.channels_last


def seconds():
    """Since the process began, imports included."""
    ticks = float(pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    return float(pathlib.Path("/proc/uptime").read_text().split()[0]) - ticks / 100


def accuracy(network, images, labels):
    network.eval()
    with torch.no_grad():
        right = sum((network(x.float().sub_(33.3).div_(78.6)).argmax(1) == y).sum().item()
                    for x, y in zip(images.split(1000), labels.split(1000)))
    network.train()
    return right / len(labels)


def main(folder):
    torch.manual_seed(1)
    network = cnn(1, 10).to(memory_format=LAYOUT)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, epochs=EPOCHS, steps_per_epoch=-(-60000 // BATCH))
    images = torch.from_numpy(read_idx(folder, "t10k-images-idx3-ubyte")).view(-1, 1, 28, 28)
    labels = torch.from_numpy(read_idx(folder, "t10k-labels-idx1-ubyte")).long()
    for epoch in range(EPOCHS):
        for x, y in mnist(folder, BATCH, LAYOUT):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(network(x), y).backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}: {seconds():.1f} s, {100 * accuracy(network, images, labels):.2f} % of the test part", flush=True)


main(pathlib.Path(sys.argv[1]))
