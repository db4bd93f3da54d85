"""Writes golden.json: parameters after some steps of PyTorch's optimizers, and
its learning rate schedules. Needs torch (made with 1.13):
python3 golden.py > golden.json

PyTorch has no Lion; it is written out below after algorithm 2 of Chen et al.,
"Symbolic Discovery of Optimization Algorithms" (2023).
"""
import json

import torch

STEPS = 12
START = [0.5, -1.25, 0.03125, 2.0, -0.001, 0.0, 10.0]


def gradient(step, i):
    """Exact in float32: a multiple of 2^-10."""
    return ((step * 7919 + i * 104729) % 2047 - 1023) / 1024 * 2.0 ** -i


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr, betas, weight_decay):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                update = torch.sign(m * beta1 + p.grad * (1 - beta1))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(update, alpha=group["lr"])
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)


OPTIMIZERS = [
    ("sgd", "momentum=0", 0.1, 0.0, lambda p: torch.optim.SGD(p, lr=0.1)),
    ("sgd", "momentum=0", 0.1, 0.01, lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.01)),
    ("sgd", "", 0.05, 0.01, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01)),
    ("sgd", "momentum=0.8,nesterov=true", 0.05, 0.01,
     lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.01)),
    ("adam", "", 0.01, 0.0, lambda p: torch.optim.Adam(p, lr=0.01)),
    ("adam", "beta1=0.8,beta2=0.95,epsilon=1e-6", 0.01, 0.1,
     lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)),
    ("adamw", "", 0.01, 0.1, lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)),
    ("lion", "", 0.01, 0.1, lambda p: Lion(p, lr=0.01, betas=(0.9, 0.99), weight_decay=0.1)),
]

LR = torch.optim.lr_scheduler
SCHEDULES = [
    ("step", "interval=0.25,gamma=0.5", lambda o, n: LR.StepLR(o, n // 4, 0.5)),
    ("cosine", "minimum=0.1", lambda o, n: LR.CosineAnnealingLR(o, n, eta_min=0.1)),
    ("one-cycle", "rise=0.25,start-divisor=10,final-divisor=1000",
     lambda o, n: LR.OneCycleLR(o, 1.0, n, pct_start=0.25, div_factor=10, final_div_factor=100)),
]


def train(make):
    p = torch.tensor(START, requires_grad=True)
    optimizer = make([p])
    for step in range(1, STEPS + 1):
        p.grad = torch.tensor([gradient(step, i) for i in range(len(START))])
        optimizer.step()
    return p.tolist()


def rates(make, total):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimizer, total)
    values = []
    for _ in range(total):
        values.append(schedule.get_last_lr()[0])
        optimizer.step()
        if len(values) < total:
            schedule.step()
    return values


print(json.dumps({
    "schema": 1,
    "steps": STEPS,
    "start": START,
    "gradients": [[gradient(s, i) for i in range(len(START))] for s in range(1, STEPS + 1)],
    "optimizers": [
        {"name": n, "options": o, "learning_rate": lr, "weight_decay": wd, "parameters": train(make)}
        for n, o, lr, wd, make in OPTIMIZERS],
    "schedules": [{"name": n, "options": o, "factors": rates(make, 40)} for n, o, make in SCHEDULES],
}))
