#!/usr/bin/env python3
"""Writes golden.json: heads trained by scikit-learn, in float64 and to a tight
tolerance, on data made by a formula that the tests have too.

Made with Python 3.11, NumPy 2.4.6 and scikit-learn 1.9.1:

    python3 -m venv VENV && VENV/bin/pip install scikit-learn==1.9.1 numpy==2.4.6
    VENV/bin/python golden.py
"""

import json
import pathlib

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression

CASES = [  # name, rows, features, classes, penalty, weighted
    ("three classes", 60, 5, 3, 0.1, False),
    ("strong penalty", 60, 5, 3, 30.0, False),
    ("weak penalty", 150, 6, 3, 0.0003, False),
    ("two classes", 80, 7, 2, 0.03, False),
    ("ten classes", 300, 32, 10, 0.01, False),
    ("weighted", 300, 9, 4, 0.01, True),
    ("fewer rows than features", 20, 60, 4, 0.05, False),
    ("200 classes", 600, 8, 200, 0.002, False),
]


def uniform(*index):
    """The same number from 0 to 1, of 24 bits, for the same indexes."""
    h = 0
    for i in index:
        h = (h * 1664525 + int(i) * 1013904223 + 12345) % 2**32
        h = (h ^ h >> 15) * 2246822519 % 2**32
        h = (h ^ h >> 13) * 3266489917 % 2**32
        h ^= h >> 16
    return (h >> 8) / 2**24


def make(rows, features, classes, weighted):
    labels = numpy.array([i % classes for i in range(rows)])
    x = numpy.array([
        [numpy.float32((3 + d) * (uniform(i, d) + 0.5 * uniform(1000 + labels[i], d))) for d in range(features)]
        for i in range(rows)
    ], numpy.float32)
    weights = numpy.array([numpy.float32(0.25 + uniform(7, i)) if weighted else 1 for i in range(rows)])
    return x.astype(numpy.float64), labels, weights


def objective(x, labels, weights, penalty, coefficients, bias):
    """The objective at coefficients [D,K], and the norm of its gradient."""
    logits = x @ coefficients + bias
    logits -= logits.max(1, keepdims=True)
    p = numpy.exp(logits) / numpy.exp(logits).sum(1, keepdims=True)
    rows, total = numpy.arange(len(x)), weights.sum()
    value = -(weights * numpy.log(p[rows, labels])).sum() / total + penalty / 2 * (coefficients**2).sum()
    p[rows, labels] -= 1
    p *= weights[:, None] / total
    gradient = numpy.concatenate([(x.T @ p + penalty * coefficients).ravel(), p.sum(0)])
    return value, numpy.linalg.norm(gradient)


def main():
    golden = []
    for name, rows, features, classes, penalty, weighted in CASES:
        x, labels, weights = make(rows, features, classes, weighted)
        mean, scale = x.mean(0), numpy.sqrt(x.var(0).mean())
        z = (x - mean) / scale
        c = 1 / (penalty * weights.sum())
        if classes == 2:  # has one vector there, the difference of the two
            c *= 2
        model = LogisticRegression(C=c, tol=1e-11, max_iter=100000).fit(z, labels, weights)
        coefficients, bias = model.coef_.T, model.intercept_
        if classes == 2:
            coefficients = numpy.concatenate([-coefficients, coefficients], 1) / 2
            bias = numpy.concatenate([-bias, bias]) / 2
        value, norm = objective(z, labels, weights, penalty, coefficients, bias)
        assert norm < 1e-7, (name, norm)
        coefficients = coefficients / scale
        bias = bias - mean @ coefficients
        golden.append({
            "name": name, "rows": rows, "features": features, "classes": classes, "penalty": penalty,
            "weighted": weighted, "objective": value,
            "weights": [float(f"{v:.8g}") for v in coefficients.ravel()],
            "bias": [float(f"{v:.8g}") for v in bias - bias.mean()],
        })
        print(f"{name}: objective {value:.9f}, gradient {norm:.1e}, accuracy {(model.predict(z) == labels).mean():.3f}")
    path = pathlib.Path(__file__).with_name("golden.json")
    lines = ",\n".join(json.dumps(case) for case in golden)
    path.write_text(f'{{"made_with": "scikit-learn {sklearn.__version__}", "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
