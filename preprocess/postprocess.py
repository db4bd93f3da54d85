#!/usr/bin/env python3
"""Follows the target in a folder of frames, by the rule in postprocessing.json.

    python3 postprocess.py FOLDER...            a line for each frame, and one for the folder
    python3 postprocess.py --lag 32 FOLDER      decide where the target is 32 frames later
    python3 postprocess.py --tracks FOLDER      boxes alone: no model is run

The lines are those of `blocktrain predict`: boxes, tracks and scores are the same, and
probabilities differ as little as the server's do. It needs Pillow 9.1 or later and numpy,
and onnxruntime to run the models of the package. In a program, a server can be asked:

    from postprocess import Postprocessing

    def answer(batch):                  # uint8 [N,H,W,C]
        return ask_my_server(batch)     # probabilities [N,classes]

    for line in Postprocessing().lines("frames/", answer, decide):
        print(line["frame"], line.get("box"), line["label"])

`decide` asks the second network, which sees the shape and motion of a track, in the same way: uint8
[N,1,features,1]. Packages whose decision is the mean of logarithms need none. Sums of
numbers with fractions are taken in the order of the values, so that they come out the same.
"""

import argparse
import copy
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

try:
    import numpy as np

    from preprocess import Preprocessing
except ImportError as missing:
    if __name__ != "__main__":
        raise
    sys.exit(f"postprocess.py needs Pillow, numpy and preprocess.py, and this Python has no {missing.name}: python3 -m pip install pillow numpy")

ENDINGS = [".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff"]
BATCH = 64  # pictures that are classified together


# Functions in single precision

def fma(a, b, c):
    """a*b + c in float32, rounded once."""
    product, c = np.multiply(a, b, dtype=np.float64), np.asarray(c, np.float64)  # the product is exact
    total = product + c
    back = total - product
    lost = (product - (total - back)) + (c - back)
    even = (total.view(np.int64) & 1) == 0  # rounded to odd, so that the next rounding is right
    return np.where((lost != 0) & even, np.nextafter(total, np.copysign(np.inf, lost)), total).astype(np.float32)


LOG = [float.fromhex(x) for x in ("-0x1.07e5f4p-3", "0x1.1e73a0p-3", "-0x1.f32078p-4", "0x1.1ed424p-3", "-0x1.559d36p-3",
                                  "0x1.99d05ep-3", "-0x1.fffef4p-3", "0x1.555506p-2", "-0x1p-1")]
LOG_OF_2 = float.fromhex("0x1.62e430p-1")


def log(values):
    """The natural logarithm of numbers from 2^-126 on, to the bit that of the program."""
    bits = np.atleast_1d(np.asarray(values, np.float32)).view(np.int32)
    exponent = (bits - 0x3F2AAAAB) & -0x800000
    f = (bits - exponent).view(np.float32) - np.float32(1)
    square, q = f * f, np.full_like(f, LOG[0])
    for coefficient in LOG[1:]:
        q = fma(q, f, coefficient)
    result = fma((exponent >> 23).astype(np.float32), LOG_OF_2, fma(q, square, f))
    return result.reshape(np.shape(values))


def single(function, values):
    """A function of numpy in single precision: float64 numbers, rounded before and after."""
    return function(np.asarray(values, np.float32).astype(np.float64)).astype(np.float32).astype(np.float64)


def log64(values):
    return log(values).astype(np.float64)


def total(values):
    """The sum in the order of the values. That of numpy is in another one."""
    values = np.asarray(values, np.float64).ravel()
    return float(np.cumsum(values)[-1]) if values.size else 0.0


# Frames

def frame_files(folder):
    """The numbered images of a folder, in the order of their numbers."""
    found, prefixes = {}, set()
    for file in sorted(Path(folder).iterdir()):
        if file.suffix.lower() not in ENDINGS or file.name.startswith(".") or file.is_dir():
            continue
        name = re.fullmatch(r"(.*?)([0-9]+)", file.stem, re.DOTALL)
        if not name:
            raise ValueError(f"{file} has no number at the end of its name: number the frames, as in frame_0001.png")
        if int(name[2]) in found:
            raise ValueError(f"{file} and {found[int(name[2])].name} have one number: remove one of them")
        found[int(name[2])] = file
        prefixes.add(name[1])
    if not found:
        raise ValueError(f"{folder} has no frames: want a folder of images that are numbered as in frame_0001.png")
    if len(prefixes) > 1:
        raise ValueError(f"{folder} has frames that are named in two ways: keep the frames of one clip in one folder")
    if max(found) - min(found) + 1 != len(found):
        raise ValueError(f"{folder} lacks frames between {min(found)} and {max(found)}: add them, or make two clips of the folder")
    return [found[number] for number in sorted(found)]


def luma(values):
    """The luma of 0 to 65535, [H,W], of a frame of 8 or 16 bits."""
    wide = values.astype(np.int64)
    if values.ndim == 3:
        wide = (19595 * wide[..., 0] + 38470 * wide[..., 1] + 7471 * wide[..., 2] + 32768) >> 16
    return wide if values.dtype == np.uint16 else wide << 8


class Background:
    """Subtracts the median of a window of frames that ends at the present one."""

    def __init__(self, window):
        self.window, self.frames = window, []

    def subtract(self, values):
        self.frames = [*self.frames, values][-self.window :]
        at = (len(self.frames) - 1) // 2
        median = np.partition(np.stack(self.frames), at, axis=0)[at]
        middle = 32768 if values.dtype == np.uint16 else 128
        return np.clip(values.astype(np.int64) - median + middle, 0, 2 * middle - 1).astype(values.dtype)


def square_around(box, square):
    x, y, w, h = box
    side = max(square["minimum"], (square["margin"] * max(w, h) + 50) // 100)
    return (2 * x + w - side) // 2, (2 * y + h - side) // 2, side


def cut(values, left, top, side):
    """A square of a frame, beyond whose edges its outermost pixels are repeated."""
    rows = np.clip(np.arange(top, top + side), 0, values.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, values.shape[1] - 1)
    return values[rows[:, None], columns]


# Proposals. Planes are int64 [H,W].

def weighted(plane, weights):
    """Sums under weights along both axes; beyond the edges the outermost pixels are repeated."""
    radius = len(weights) // 2
    for axis in (0, 1):
        n = plane.shape[axis]
        at = np.arange(n)
        plane = sum(weight * plane.take(np.clip(at + d - radius, 0, n - 1), axis) for d, weight in enumerate(weights))
    return plane


def box_sums(plane, side):
    """Sums over squares; beyond the edges the outermost pixels are repeated."""
    for axis in (0, 1):
        n = plane.shape[axis]
        wide = plane.take(np.clip(np.arange(-(side // 2) - 1, n + side // 2), 0, n - 1), axis)
        sums = np.cumsum(wide, axis)
        plane = sums.take(np.arange(side, side + n), axis) - sums.take(np.arange(n), axis)
    return plane


def rounded_part(sums, n):
    """sums/n, rounded: sums are multiplied by 2^32/n, which is a whole number."""
    return (sums * ((2**32 + n // 2) // n) + 2**31) >> 32


def profiles(plane):
    """How much neighbours differ in each column, and in each row."""
    columns = np.zeros(plane.shape[1], np.int64)
    columns[1:] = (abs(np.diff(plane, axis=1)) >> 4).sum(axis=0)
    rows = np.zeros(plane.shape[0], np.int64)
    rows[:-1] = (abs(np.diff(plane, axis=0)) >> 4).sum(axis=1)
    return columns, rows


def shift_of(a, b, most):
    """By how many places a moves to lie best on b."""
    n = len(a)
    limit = np.sort(abs(a - b))[n // 2]

    def apart(by):
        first, last = max(0, -by), min(n, n - by)
        differences = np.minimum(abs(a[first:last] - b[first + by : last + by]), limit)
        return (int(differences.sum()) << 8) // max(last - first, 1)

    still = apart(0)
    best, least = 0, still
    for d in range(1, min(most, n // 4) + 1):
        for by in (d, -d):
            now = apart(by)
            if now < least:
                best, least = by, now
    return 0 if 2 * least > still else best


@dataclass
class Frame:
    """A frame that is kept."""

    raw: np.ndarray  # as it was read
    level: np.ndarray  # without its background, where that is subtracted
    smooth: np.ndarray
    profiles: tuple
    proposals: list = field(default_factory=list)


@dataclass
class Proposal:
    box: tuple  # x, y, width, height
    score: float


class Finder:
    """Finds the proposals of frames."""

    def __init__(self, rule, method):
        self.rule, self.method = rule, method

    def smooth(self, raw):
        weights = self.method["narrow"]
        return rounded_part(weighted(luma(raw), weights), sum(weights) ** 2)

    def find(self, now, before, after):
        """The proposals of a frame, best first. before and after may be None."""
        around, wide = self.rule["around"], self.method["wide"]
        rest = now.smooth - rounded_part(box_sums(now.smooth, wide), wide * wide)
        contrast = abs(rest)
        change, moved = np.full_like(rest, 256), np.zeros_like(rest)
        if before or after:
            change = self.change(now, before, after)
            moved = box_sums(change, around)
        n = float(around * around)
        floor = float(self.rule["floor"] * 256) * n
        means, moves = box_sums(contrast, around) + floor, moved + floor
        c, d = contrast.astype(np.float64), change.astype(np.float64)
        scores = (c * c * d * (n * n * n) / (means * means * moves)).astype(np.float32)  # squares
        return self.choose(scores, rest, box_sums(luma(now.raw), 3))

    def change(self, now, before, after):
        """The lesser of the differences to two frames, without the motion of the camera."""
        height, width = now.smooth.shape
        unknown = 2**30
        change = np.full((height, width), unknown, np.int64)
        for other in (before, after):
            if other is None:
                continue
            x, y = (shift_of(a, b, self.method["shift"]) for a, b in zip(now.profiles, other.profiles))
            here = np.s_[max(0, -y) : min(height, height - y), max(0, -x) : min(width, width - x)]
            there = np.s_[max(0, y) : min(height, height + y), max(0, x) : min(width, width + x)]
            change[here] = np.minimum(change[here], abs(now.smooth[here] - other.smooth[there]))
        change[change == unknown] = 0
        return change

    def choose(self, scores, rest, levels):
        """The places of the highest scores, the first of equals."""
        places, apart, width = [], self.rule["apart"], scores.shape[1]
        for _ in range(self.method["looked"] * self.rule["proposals"]):
            at = int(np.argmax(scores))
            y, x = divmod(at, width)
            if scores[y, x] <= 0:
                break
            box, closed = self.extent(-levels if rest[y, x] < 0 else levels, x, y)
            score = float(np.sqrt(np.float64(scores[y, x])))
            places.append(Proposal(box, score if closed else score * self.rule["open"]))
            scores[max(y - apart, 0) : y + apart + 1, max(x - apart, 0) : x + apart + 1] = 0
        places.sort(key=lambda place: -place.score)  # equals stay in their order
        chosen = []
        for place in places:
            if len(chosen) < self.rule["proposals"] and not any(same_target(one.box, place.box) for one in chosen):
                chosen.append(place)
        return chosen

    def extent(self, levels, x, y):
        """The box of the target at a place, and whether it ends anywhere."""
        height, width = levels.shape
        x, y = peak(levels, x, y, self.method["snap"])
        top = int(levels[y, x])
        reach = self.method["scales"][0] // 2
        box, closed = (x - reach, y - reach, 2 * reach + 1, 2 * reach + 1), False
        for scale in self.method["scales"]:
            left, upper = max(x - scale, 0), max(y - scale, 0)
            area = levels[upper : min(y + scale, height - 1) + 1, left : min(x + scale, width - 1) + 1]
            around = ring_median(area)
            if top <= around:
                continue
            inside = area * 100 >= around * 100 + (top - around) * self.rule["edge"]
            found = flood(inside, x - left, y - upper, left, upper, width, height)
            if found:
                box, closed = found, True
                break
        x, y, w, h = box
        wide, high = self.rule["pad"] + w * self.rule["grow"] // 200, self.rule["pad"] + h * self.rule["grow"] // 200
        x0, y0 = max(x - wide, 0), max(y - high, 0)
        return (x0, y0, min(x + w + wide, width) - x0, min(y + h + high, height) - y0), closed


def peak(levels, x, y, snap):
    """The highest place near another one, the first of equals."""
    left, upper = max(x - snap, 0), max(y - snap, 0)
    near = levels[upper : y + snap + 1, left : x + snap + 1]
    v, u = divmod(int(np.argmax(near)), near.shape[1])
    return (left + u, upper + v) if near[v, u] > levels[y, x] else (x, y)


def ring_median(area):
    """The median of the pixels at the edge, the higher of two."""
    ring = np.sort(np.concatenate([area[0], area[-1], area[1:-1, 0], area[1:-1, -1]]))
    return int(ring[len(ring) // 2])


def flood(inside, x, y, left, upper, width, height):
    """The box, in the frame, of what hangs together with a place; None where it reaches an
    edge of the area that is not one of the frame."""
    rows, columns = inside.shape
    stop_left, stop_upper = left > 0, upper > 0
    stop_right, stop_lower = left + columns < width, upper + rows < height
    open_places = inside.tolist()
    x0, y0, x1, y1 = x, y, x, y
    stack = [(x, y)]
    open_places[y][x] = False
    while stack:
        u, v = stack.pop()
        if u == 0 and stop_left or v == 0 and stop_upper or u == columns - 1 and stop_right or v == rows - 1 and stop_lower:
            return None
        x0, y0, x1, y1 = min(x0, u), min(y0, v), max(x1, u), max(y1, v)
        for a, b in ((u + 1, v), (u - 1, v), (u, v + 1), (u, v - 1)):
            if 0 <= a < columns and 0 <= b < rows and open_places[b][a]:
                open_places[b][a] = False
                stack.append((a, b))
    return left + x0, upper + y0, x1 - x0 + 1, y1 - y0 + 1


def same_target(a, b):
    """Whether over half of the pixels of two boxes together are in both."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return w > 0 and h > 0 and 3 * w * h > a[2] * a[3] + b[2] * b[3]


# The track

class Way:
    """The best way through the proposals of frames that are not decided yet (Viterbi)."""

    def __init__(self, rule, method):
        self.rule, self.method, self.steps = rule, method, []

    def add(self, proposals):
        scores = [one.score for one in proposals] + [self.rule["absent"]]
        gains = log64(np.array(scores) + self.method["least_score"])
        values, back = [], []
        for k, gain in enumerate(gains.tolist()):
            best, state = self.enter(proposals, k) if self.steps else (0.0, 0)
            values.append(best + gain)
            back.append(state)
        most = max(values)
        self.steps.append((proposals, [value - most for value in values], back))

    def enter(self, proposals, k):
        """The value of the best way to a state, and the state before it, the first of equals."""
        best, state = None, 0
        before, values, _ = self.steps[-1]
        for j, value in enumerate(values):
            absent = j == len(before)
            if absent != (k == len(proposals)):
                value -= self.rule["leave"]
            elif not absent:
                value -= self.cost(before[j].box, proposals[k].box)
            if best is None or value > best:
                best, state = value, j
        return best, state

    def cost(self, a, b):
        dx = float(2 * a[0] + a[2] - 2 * b[0] - b[2]) / 2
        dy = float(2 * a[1] + a[3] - 2 * b[1] - b[3]) / 2
        square = (dx * dx + dy * dy) / (self.rule["speed"] * self.rule["speed"])
        return min(square, self.rule["furthest"]) * self.rule["stiff"]

    def first(self):
        """Decides the first frame: its proposal or None, the next proposal on the way, and how
        many frames ahead that is (0: there is none)."""
        values = self.steps[-1][1]
        k, following, ahead = values.index(max(values)), None, 0
        for at in range(len(self.steps) - 1, 0, -1):
            proposals, _, back = self.steps[at]
            if k < len(proposals):
                following, ahead = proposals[k], at
            k = back[k]
        proposals = self.steps.pop(0)[0]
        return (proposals[k] if k < len(proposals) else None), following, ahead


@dataclass
class Point:
    """Where the target is in a frame."""

    number: int
    box: tuple
    score: float  # 0 where the target was missed
    missed: bool
    crops: list  # the squares of the frames at the offsets
    raw: np.ndarray


class Follower:
    """Follows the target through frames of one size."""

    def __init__(self, document, lag):
        self.rule, method = document["track"]["rule"], document["track"]["method"]
        self.offsets, self.lag = self.rule["offsets"], lag
        if lag < max(self.rule["gap"], *self.offsets):
            raise ValueError(f"a lag of {lag}: want at least {max(self.rule['gap'], *self.offsets)} frames")
        self.finder, self.way = Finder(self.rule, method), Way(self.rule, method)
        self.middle = 2 * method["scales"][0]
        self.background = Background(self.rule["window"]) if self.rule["window"] else None
        self.kept, self.count, self.found, self.decided = {}, 0, 0, 0
        self.last_box, self.last_at = None, None

    def points(self, frames):
        """A point for each frame."""
        for raw in frames:
            smooth = self.finder.smooth(raw)
            level = self.background.subtract(raw) if self.background else raw
            self.kept[self.count] = Frame(raw, level, smooth, profiles(smooth))
            self.count += 1
            if self.count > self.rule["gap"]:
                yield from self.step()
        while self.found < self.count:
            yield from self.step()
        while self.decided < self.count:
            yield self.decide()

    def step(self):
        """Leads the way through the next frame."""
        n, gap = self.found, self.rule["gap"]
        now = self.kept[n]
        now.proposals = self.finder.find(now, self.kept.get(n - gap), self.kept.get(n + gap))
        self.way.add(now.proposals)
        self.found += 1
        if self.found > self.decided + self.lag - gap:
            yield self.decide()

    def decide(self):
        n = self.decided
        self.decided += 1
        choice, following, ahead = self.way.first()
        if choice:
            self.last_box, self.last_at = choice.box, n
        box = choice.box if choice else self.between(n, following, ahead)
        square = square_around(box, self.rule["square"])
        crops = [cut(self.kept[min(max(n + offset, 0), self.count - 1)].level, *square) for offset in self.offsets]
        point = Point(n, box, choice.score if choice else 0.0, choice is None, crops, self.kept[n].raw)
        for old in [k for k in self.kept if k < min(self.decided + min(0, *self.offsets), self.found - self.rule["gap"])]:
            del self.kept[old]
        return point

    def between(self, n, following, ahead):
        """The box of a frame in which the target is missed."""
        if self.last_at is None and not ahead:
            height, width = self.kept[n].raw.shape[:2]
            w, h = min(width, self.middle), min(height, self.middle)
            return (width - w) // 2, (height - h) // 2, w, h
        if self.last_at is None:
            return following.box
        if not ahead:
            return self.last_box
        part, whole = n - self.last_at, n + ahead - self.last_at
        return tuple((a * (whole - part) * 2 + b * part * 2 + whole) // (2 * whole) for a, b in zip(self.last_box, following.box))


# Features of a track

def shape_of(raw, box, reaches):
    """What a frame shows at a box: x, y, peak, least, flux, area, elongation, side."""
    x, y, w, h = box
    reach = min(max(w, h, reaches[0]), reaches[1])
    cx, cy = x + w // 2, y + h // 2
    left, upper = max(cx - reach, 0), max(cy - reach, 0)
    area = luma(raw[upper : max(cy + reach, 0), left : max(cx + reach, 0)])
    place = [(2 * x + w) / 2, (2 * y + h) / 2]
    if not area.size:
        return [*place, 0.0, 0.0, 0.0, 0.0, 1.0, float(max(w, h))]
    ordered = np.sort(area, axis=None)
    middle = ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]
    x0, y0 = max(x - 1, left), max(y - 1, upper)
    part = (2 * area - middle)[y0 - upper : y + h - upper + 1, x0 - left : x + w - left + 1] / 512
    high, low = max(0.0, float(part.max(initial=0))), min(0.0, float(part.min(initial=0)))
    flux = total(np.maximum(part, 0))
    rows, columns = np.nonzero((part > high / 2) & (high > 2))
    v = part[rows, columns]
    weight = total(v)
    if weight == 0:
        return [*place, high, low, flux, float(len(v)), 1.0, float(max(w, h))]
    xs, ys = (columns + x0).astype(np.float64), (rows + y0).astype(np.float64)
    px, py = total(v * xs) / weight, total(v * ys) / weight
    dx, dy = xs - px, ys - py
    xx, yy, xy = total(v * dx * dx) / weight, total(v * dy * dy) / weight, total(v * dx * dy) / weight
    trace, d = xx + yy, xx - yy
    root = float(np.sqrt(d * d + 4 * xy * xy))
    return [px, py, high, low, flux, float(len(v)), (trace + root + 0.2) / (max(trace - root, 0) + 0.2), float(max(w, h))]


def smoothed(values, deviation):
    """The Gaussian filter; beyond the ends values are mirrored, the outermost repeated."""
    radius = int(4 * deviation + 0.5)
    z = np.arange(radius + 1) / deviation
    weights = single(np.exp, -0.5 * z * z)
    n, whole = len(values), total([weights[0], *np.repeat(weights[1:], 2)])
    sums = np.zeros(n)
    for d in range(-radius, radius + 1):
        at = (np.arange(n) + d) % (2 * n)
        sums = sums + values[np.minimum(at, 2 * n - 1 - at)] * weights[abs(d)]
    return sums / whole


def slope(values):
    """Half the difference of the neighbours, at the ends the difference itself."""
    n = len(values)
    before, after = np.maximum(np.arange(n) - 1, 0), np.minimum(np.arange(n) + 1, n - 1)
    return (values[after] - values[before]) / np.maximum(after - before, 1)


def deviation_of(values):
    mean = total(values) / len(values)
    return float(np.sqrt(total((values - mean) * (values - mean)) / len(values)))


def median_of(values):
    ordered = np.sort(values)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)


def powers(values):
    """The squares of the discrete Fourier transform under a Hann window, [n/2+1]."""
    n = len(values)
    turn = 2 * np.pi * np.arange(n)
    taper = 0.5 - 0.5 * single(np.cos, turn / (n - 1)) if n > 1 else 1.0
    at = np.arange(n)[None, :] * np.arange(n // 2 + 1)[:, None] % n
    re = np.cumsum(values * taper * single(np.cos, turn / n)[at], axis=1)[:, -1]
    im = np.cumsum(values * taper * single(np.sin, turn / n)[at], axis=1)[:, -1]
    return re * re + im * im


class Features:
    """The numbers that describe a window of a track."""

    def __init__(self, numbers, rate):
        self.numbers, self.rate = numbers, rate

    def of(self, points):
        """The features of points, float64 numbers of single precision; None where all are missed."""
        series, found = self.series(points)
        if not found:
            return np.zeros(self.numbers["count"])
        x, y, peaks, least, flux, area, elongation, side = series
        rate = self.rate_of(points)
        size, high, low, long = log64([median_of(area) + 1, median_of(peaks) + 1, max(-median_of(least), 0.5), median_of(side)])
        blob = [size, median_of(log64(elongation)), high, low, median_of(flux), long]
        parts = [blob, self.motion(x, y, rate), self.spectrum(flux, rate), self.spectrum(log64(area + 1), rate),
                 self.spectrum(log64(elongation), rate), self.spectrum(peaks, rate)[:1]]
        return np.concatenate(parts).astype(np.float32).astype(np.float64)

    def series(self, points):
        """The measures, [8,points], where those of missed points lie between their neighbours'."""
        at = [i for i, point in enumerate(points) if not point.missed]
        if not at:
            return None, False
        known = np.array([shape_of(points[i].raw, points[i].box, self.numbers["reaches"]) for i in at])
        known[:, 4] = log64(known[:, 4] + 10)
        known[:, 6], known[:, 7] = np.maximum(known[:, 6], 1e-6), np.maximum(known[:, 7], 1)
        series = np.empty((len(points), 8))
        series[: at[0]], series[at[-1] :] = known[0], known[-1]
        for k in range(len(at) - 1):
            share = np.arange(at[k + 1] - at[k]) / (at[k + 1] - at[k])
            series[at[k] : at[k + 1]] = known[k] + (known[k + 1] - known[k]) * share[:, None]
        return series.T, True

    def rate_of(self, points):
        """Frames a second, by times in whole milliseconds."""
        def time(number):
            return (number * 10**9 // self.rate + 500_000) // 10**6 * 10**6

        length = time(points[-1].number) - time(points[0].number)
        return (len(points) - 1) * 1e9 / length if length > 0 else float(self.numbers["rate"])

    def motion(self, x, y, rate):
        speed = rate / self.numbers["rate"]
        slow, still = self.numbers["motion_deviation"], self.numbers["jitter_deviation"]
        vx, vy = slope(smoothed(x, slow)), slope(smoothed(y, slow))
        ax, ay = slope(vx), slope(vy)
        turn = total(np.sqrt(ax * ax + ay * ay)) / len(x)
        return log64([
            median_of(np.sqrt(vx * vx + vy * vy)) * speed + 0.02,
            turn * speed * speed + 0.01,
            deviation_of(x - smoothed(x, still)) + 0.02,
            deviation_of(y - smoothed(y, still)) + 0.02,
            abs(median_of(vx)) * speed + 0.02,
            abs(median_of(vy)) * speed + 0.02,
        ])

    def spectrum(self, values, rate):
        """How much values change, and the shares of the bands of frequencies in that."""
        values = values - smoothed(values, self.numbers["trend_deviation"])
        power, bands = powers(values), self.numbers["bands"]
        whole = total([1e-6, *power])
        frequency = np.arange(len(power)) * rate / len(values)
        shares = [total(power[(frequency >= low) & (frequency < high)]) / whole + 1e-3 for low, high in zip(bands, bands[1:])]
        return log64([deviation_of(values) + 0.01, *shares])


# Decisions

def probabilities_of(sums, n):
    """Probabilities whose logarithms are sums/n but for a constant."""
    values = single(np.exp, (sums - sums.max()) / n)
    return (values / total(values)).astype(np.float32)


class Decider:
    """Decides on a track."""

    def __init__(self, document, scale, features, decide):
        self.rule, self.classes = document["decision"], len(document["classes"])
        self.scale, self.features, self.decide_windows = scale, features, decide
        self.points, self.logs = [], []
        self.all, self.sure = [], []  # logarithms of the probabilities of windows, or of frames

    def add(self, point, probabilities):
        asked = point.number % self.rule["every"] == 0 and not point.missed
        logs = log64(np.maximum(np.asarray(probabilities, np.float32), np.float32(self.rule["least"]))) if asked else None
        if self.scale is None:
            if asked:
                self.sure.append(logs)
            return
        self.points.append(point)
        self.logs.append(logs)
        if len(self.points) == self.scale["window"]:
            self.window()
            self.points, self.logs = self.points[self.scale["hop"] :], self.logs[self.scale["hop"] :]

    def window(self):
        """Asks the second network about the points that there are."""
        known = [one for one in self.logs if one is not None]
        mean = log([1 / np.float32(self.classes)] * self.classes)
        if known:
            mean = (np.cumsum(known, axis=0)[-1] / len(known)).astype(np.float32)
        features = self.features.of(self.points)
        means, deviations = (np.array([one[key] for one in self.scale["features"]]) for key in ("mean", "deviation"))
        levels = 32 * ((features - means) / deviations) + 128  # 32 levels are a standard deviation
        values = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
        answer = np.asarray(self.decide_windows(values.reshape(1, 1, -1, 1)), np.float32)[0]
        weights = self.scale["weights"]
        logs = weights["crops"] * mean.astype(np.float64) + weights["track"] * log64(np.maximum(answer, np.float32(self.rule["least"])))
        self.all.append(logs)
        if sum(not point.missed for point in self.points) >= self.rule["found"]:
            self.sure.append(logs)

    def decide(self):
        """The probabilities of the classes; None where nothing is known."""
        if self.scale and not self.all and self.points:
            self.window()
        logs = self.sure or self.all
        return probabilities_of(np.cumsum(logs, axis=0)[-1], len(logs)) if logs else None


def shortest(value):
    """A number of single precision in the fewest digits."""
    return float(str(np.float32(value)))


class Postprocessing:
    """The rule of postprocessing.json, in a package."""

    def __init__(self, folder=Path(__file__).parent):
        self.folder = Path(folder)
        self.document = json.loads((self.folder / "postprocessing.json").read_text(encoding="utf-8"))
        if self.document["schema"] != 1:
            raise ValueError(f"the schema is {self.document['schema']}, and this program reads 1")
        if "track" not in self.document:
            raise ValueError("the model classifies whole frames, and this program follows targets")
        self.classes, self.rate = self.document["classes"], self.document["frames"]["rate"]
        self.pictures = Preprocessing(self.folder / "preprocessing.json")
        self.reader = copy.copy(self.pictures)
        self.reader.alpha = "drop"  # of frames, whatever that of single images is
        decision = self.document["decision"]
        self.scale = json.loads((self.folder / decision["scale"]).read_text(encoding="utf-8")) if "scale" in decision else None

    def model(self, network=""):
        """The function that runs a model of the package by onnxruntime."""
        try:
            import onnxruntime
        except ImportError:
            raise ValueError("onnxruntime is missing: python3 -m pip install onnxruntime, or give the function that asks your server") from None
        files = list((self.folder / network).glob("model-repository/*/1/model.onnx"))
        if len(files) != 1:
            raise ValueError(f"{self.folder / network} has {len(files)} models: want one as model-repository/NAME/1/model.onnx")
        session = onnxruntime.InferenceSession(str(files[0]), providers=["CPUExecutionProvider"])
        return lambda batch: session.run(["probabilities"], {session.get_inputs()[0].name: batch})[0]

    def frames(self, folder):
        """The frames of a folder as arrays, which have one size and kind."""
        first = None
        for file in frame_files(folder):
            values = self.reader.decode(file)
            if first is not None and (values.shape != first.shape or values.dtype != first.dtype):
                raise ValueError(f"{file} is {values.dtype} {values.shape}, and the first frame {first.dtype} {first.shape}: bring all frames to one size and kind")
            first = values if first is None else first
            yield values

    def picture(self, point):
        """What the network takes of a point, uint8 [H,W,C]."""
        return np.concatenate([self.pictures.picture(crop) for crop in point.crops], axis=2)

    def answered(self, folder, answer, lag):
        """The points of a folder with the probabilities of their classes, in batches."""
        points = []
        for point in self.points(folder, lag):
            points.append(point)
            if len(points) == BATCH:
                yield from zip(points, answer(np.stack([self.picture(one) for one in points])))
                points = []
        if points:
            yield from zip(points, answer(np.stack([self.picture(one) for one in points])))

    def points(self, folder, lag=None):
        """Where the target is in each frame of a folder."""
        lag = self.document["track"]["rule"]["lag"] if lag is None else lag
        return Follower(self.document, lag).points(self.frames(folder))

    def line(self, folder, point):
        """What is said of a frame without a model."""
        milliseconds = (2000 * point.number + self.rate) // (2 * self.rate)
        return {"kind": "frame", "source": str(folder), "frame": point.number, "time_s": milliseconds / 1000, "track": 0,
                "box": list(point.box), "score": point.score}

    def lines(self, folder, answer=None, decide=None, lag=None):
        """Yields a line for each frame, and one for the folder."""
        lag = self.document["track"]["rule"]["lag"] if lag is None else lag
        answer = answer or self.model()
        features = None
        if self.scale:
            decide = decide or self.model(self.document["decision"]["network"])
            features = Features(self.document["decision"]["features"], self.rate)
        decider = Decider(self.document, self.scale, features, decide)
        smoothing, recent, count = self.document["smoothing"], [], 0
        for point, probabilities in self.answered(folder, answer, lag):
            probabilities = np.asarray(probabilities, np.float32)
            decider.add(point, probabilities)
            recent = [*recent, log64(np.maximum(probabilities, np.float32(smoothing["least"])))][-smoothing["frames"] :]
            smooth = probabilities_of(np.cumsum(recent, axis=0)[-1], len(recent))
            count += 1
            yield {**self.line(folder, point), **self.best(probabilities),
                   "smoothed_label": self.classes[int(np.argmax(smooth))], "smoothed_probability": shortest(smooth.max())}
        decision = decider.decide()
        yield {"kind": "summary", "source": str(folder), "frames": count, "tracks": 1, **(self.best(decision) if decision is not None else {}),
               "decided_by": self.document["decision"]["by"], "lag": lag}

    def best(self, probabilities):
        """The class of the highest probability, the first of equals."""
        index = int(np.argmax(probabilities))
        return {"label": self.classes[index], "index": index, "probability": shortest(probabilities[index])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="frames, numbered as in frame_0001.png")
    parser.add_argument("--lag", type=int, metavar="N", help="frames after which the place in a frame is decided [that of the package]")
    parser.add_argument("--tracks", action="store_true", help="boxes alone: no model is run")
    given = parser.parse_args()
    try:
        rule = Postprocessing()
    except KeyError as error:
        sys.exit(f"postprocess.py: the files of the package lack the key {error}")
    except (OSError, TypeError, ValueError) as error:
        sys.exit(f"postprocess.py: the files of the package cannot be used: {error}")
    for folder in given.folders:
        try:
            if given.tracks:
                lines = (rule.line(folder, point) for point in rule.points(folder, given.lag))
            else:
                lines = rule.lines(folder, lag=given.lag)
            for line in lines:
                print(json.dumps(line, ensure_ascii=False))
        except (OSError, ValueError, SyntaxError) as error:  # Pillow has many kinds for damaged files
            sys.exit(f"postprocess.py: {folder}: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
