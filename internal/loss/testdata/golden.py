"""Writes golden.json: PyTorch's cross-entropy, nll and mse of a few examples.
Needs torch (made with 1.13): python3 golden.py > golden.json
"""
import json

import torch
import torch.nn.functional as F

LOGITS = [[0.5, -1.25, 3.0], [2.0, 2.0, 2.0], [-7.5, 0.25, 1.0], [30.0, 0.0, -30.0]]
TARGETS = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.25, 0.5, 0.25], [0.0, 0.0, 1.0]]
WEIGHTS = [1.0, 2.5, 0.5]
t, w = torch.tensor(TARGETS), torch.tensor(WEIGHTS)


def run(name, options, f, probabilities):
    x = torch.tensor(LOGITS)
    x = (torch.softmax(x, 1) if probabilities else x).detach().requires_grad_()
    values = f(x)
    values.sum().backward()
    return {"name": name, "options": options, "outputs": x.tolist(), "targets": TARGETS,
            "values": values.tolist(), "gradient": x.grad.tolist()}


def entropy(**options):
    return lambda x: F.cross_entropy(x, t, reduction="none", **options)


print(json.dumps({"schema": 1, "losses": [
    run("cross-entropy", "", entropy(), False),
    run("cross-entropy", "label-smoothing=0.1", entropy(label_smoothing=0.1), False),
    run("cross-entropy", "label-smoothing=0.1,class-weights=1/2.5/0.5",
        entropy(label_smoothing=0.1, weight=w), False),
    run("nll", "class-weights=1/2.5/0.5", lambda p: -(w * t * p.log()).sum(1), True),
    run("mse", "", lambda p: F.mse_loss(p, t, reduction="none").mean(1), True),
    run("focal", "gamma=2,class-weights=1/2.5/0.5",
        lambda x: -(w * t * (1 - x.softmax(1)) ** 2 * x.log_softmax(1)).sum(1), False),
]}))
