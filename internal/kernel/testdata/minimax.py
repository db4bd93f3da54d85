"""Fits the polynomials of math.go: python3 minimax.py (needs numpy).

Each is the best approximation in the sense of the largest weighted error
(Lawson's iteration in 80-bit arithmetic), whose coefficients are rounded to
float32 one after the other from the lowest power up, the others being fitted
anew after each. The largest error of the rounded polynomial is printed in
units of 2^-24, that is about half units in the last place of the result.
"""
import numpy as np

L = np.longdouble
PI = L("3.14159265358979323846264338327950288")


def solve(basis, target, weight):
    """Weighted least squares in long double by modified Gram-Schmidt."""
    a, y = basis * weight[:, None], target * weight
    n = a.shape[1]
    q, r = a.copy(), np.zeros((n, n), dtype=L)
    for j in range(n):
        for _ in range(2):
            for i in range(j):
                s = (q[:, i] * q[:, j]).sum()
                r[i, j] += s
                q[:, j] = q[:, j] - s * q[:, i]
        r[j, j] = np.sqrt((q[:, j] ** 2).sum())
        q[:, j] = q[:, j] / r[j, j]
    b, x = q.T @ y, np.zeros(n, dtype=L)
    for j in reversed(range(n)):
        x[j] = (b[j] - (r[j, j + 1:] * x[j + 1:]).sum()) / r[j, j]
    return x


def lawson(basis, target, scale):
    """Minimises max |target - basis*c| * scale."""
    w = np.ones(len(target), dtype=L) / len(target)
    for _ in range(60):
        c = solve(basis, target, np.sqrt(w) * scale)
        w = w * np.abs(target - basis @ c) * scale
        w = w / w.sum()
    return c


def fit(name, target, x, scale, degree, variable=None):
    """Prints float32 coefficients c0.. of sum c[k] variable^k ~ target(x)."""
    t = x if variable is None else variable
    basis = np.stack([t ** k for k in range(degree + 1)], axis=1)
    left, rounded = target.copy(), []
    for k in range(degree + 1):
        c = lawson(basis[:, k:], left, scale)
        rounded.append(np.float32(c[0]))
        left = left - L(rounded[-1]) * basis[:, k]
    error = np.max(np.abs(left * scale)) * 2 ** 24
    print("%s: error %.4f" % (name, error))
    for k, c in enumerate(rounded):
        print("    c%d = %s // %.9g" % (k, float(c).hex(), c))


def nodes(low, high, n=600):
    """Chebyshev nodes, none of them at 0."""
    k = np.arange(n).astype(L)
    return (L(low) + L(high)) / 2 - (L(high) - L(low)) / 2 * np.cos(PI * (k + L(0.5)) / n)


def erf_series(x):
    """erf by its Maclaurin series times exp(-x^2), all of whose terms are positive."""
    term, total = x.copy(), x.copy()
    for k in range(1, 400):
        term = term * 2 * x * x / (2 * k + 1)
        total = total + term
    return 2 / np.sqrt(PI) * np.exp(-x * x) * total


def erfc_fraction(x):
    """erfc by its continued fraction, for x > 1."""
    f = np.zeros_like(x)
    for k in range(2000, 0, -1):
        f = (L(k) / 2) / (x + f)
    return np.exp(-x * x) / np.sqrt(PI) / (x + f)


def main():
    r = nodes(-0.3468, 0.3468)
    fit("exp: exp(r) = 1 + r + r^2 q(r)", (np.expm1(r) - r) / r ** 2, r, r ** 2 / np.exp(r), 4)
    f = nodes(-1 / 3, 1 / 3, 1200)
    log = np.log1p(f)
    fit("log: log(1+f) = f - f^2/2 + f^3 q(f)", (log - f + f * f / 2) / f ** 3, f, np.abs(f ** 3 / log), 7)
    x = nodes(1e-6, 0.625)
    fit("tanh: tanh(x) = x + x^3 q(x^2)", (np.tanh(x) - x) / x ** 3, x, x ** 3 / np.tanh(x), 4, x * x)
    r = nodes(1e-6, 0.7875)
    fit("sin: sin(r) = r + r^3 q(r^2)", (np.sin(r) - r) / r ** 3, r, r ** 3 / np.sin(r), 3, r * r)
    fit("cos: cos(r) = 1 - r^2/2 + r^4 q(r^2)", (np.cos(r) - 1 + r * r / 2) / r ** 4, r, r ** 4 / np.cos(r), 2, r * r)
    x = nodes(1e-6, 0.925)
    e = erf_series(x)
    fit("erf, small: erf(x) = x + x q(x^2)", (e - x) / x, x, x / e, 6, x * x)
    x = nodes(0.915, 4.0, 1500)
    c = np.where(x < 1.5, 1 - erf_series(x), erfc_fraction(x))
    fit("erf, large: erf(x) = 1 - exp(-x - x q(x))", (-np.log(c) - x) / x, x, x * c / (1 - c), 8)


if __name__ == "__main__":
    main()
