"""Writes golden/index.json: random indices, what NumPy picks with them and what it assigns.

    .venv/bin/python golden/make_index.py

A case is [shape, index, picked, value, assigned], for x = arange(size) of that shape, int64.
    index      a list of entries: 3, true, "..." (ellipsis), "n" (new axis),
               ["s", start, stop, step], ["i", shape, integers], ["m", shape, "0110"]
    picked     [shape, hash] of x[index], or null where NumPy refuses
    value      shape of the value that is assigned: -1, -2, ... in C order; null: none was tried
    assigned   hash of x after x[index] = value, or null where NumPy refuses
The hash of integers v is h = (h * 1099511628211) ^ v over 64 bits from h = 14695981039346656037.
"""

import json
import random
from pathlib import Path

import numpy as np

CASES = 6000
MASK = (1 << 64) - 1


def digest(array):
    h = 14695981039346656037
    for v in np.asarray(array).reshape(-1).tolist():
        h = ((h * 1099511628211) & MASK) ^ (v & MASK)
    return format(h, "x")


def bound(rng, n):
    return None if rng.random() < 0.4 else rng.randint(-n - 2, n + 2)


def entry(rng, rest, common):
    """One entry for the axes `rest`: its text, NumPy's object, and how many axes it takes."""
    n = rest[0]
    kind = rng.random()
    if kind < 0.22:
        beyond = rng.random() < 0.02 or n == 0
        i = n if beyond else rng.randint(-n, n - 1)
        return i, i, 1
    if kind < 0.52:
        step = rng.choice([None, None, 1, 2, 3, -1, -1, -2, -3])
        parts = [bound(rng, n), bound(rng, n), step]
        if rng.random() < 0.3:
            parts = [None, None, step]
        return ["s", *parts], slice(*parts), 1
    if kind < 0.82:
        # A shape that broadcasts to the common one, or rarely does not.
        shape = [1 if rng.random() < 0.25 else d for d in common[rng.randint(0, len(common)) :]]
        if rng.random() < 0.02:
            shape = [rng.randint(2, 4)]
        size = int(np.prod(shape))
        if n == 0:
            shape, size = [0], 0
        values = [rng.randint(-n, n - 1) for _ in range(size)]
        if values and rng.random() < 0.02:
            values[0] = n + rng.randint(0, 2)
        array = np.array(values, np.int64).reshape(shape)
        return ["i", shape, values], array, 1
    width = rng.randint(1, min(len(rest), 3))
    shape = list(rest[:width])
    if rng.random() < 0.04:
        shape[0] += 1
    # As many true values as broadcast with the other arrays, mostly.
    size = int(np.prod(shape))
    true = rng.choice([1, common[-1] if common else 1, rng.randint(0, size)])
    where = set(rng.sample(range(size), min(true, size)))
    bits = [i in where for i in range(size)]
    return ["m", shape, "".join("01"[b] for b in bits)], np.array(bits, bool).reshape(shape), width


def index(rng, shape):
    common = [rng.randint(1, 3) for _ in range(rng.randint(0, 2))]
    items, real = [], []
    rest = list(shape)
    many = rng.random() < 0.8
    ellipsis = rng.random() < 0.3
    while True:
        if rng.random() < 0.12:
            items.append("n")
            real.append(None)
        if rng.random() < 0.05:
            flag = rng.random() < 0.8
            items.append(flag)
            real.append(flag)
        if ellipsis and (rng.random() < 0.4 or not rest):
            skip = rng.randint(0, len(rest))
            items.append("...")
            real.append(...)
            # What follows is for the last axes.
            rest = rest[skip:]
            ellipsis = False
            left = skip
            # Entries after it must fill the axes exactly.
            while rest:
                text, thing, width = entry(rng, rest, common)
                items.append(text)
                real.append(thing)
                rest = rest[width:]
            break
        if not rest or (not many and rng.random() < 0.5):
            break
        if not ellipsis and rng.random() < 0.12:
            break
        text, thing, width = entry(rng, rest, common)
        items.append(text)
        real.append(thing)
        rest = rest[width:]
    return items, tuple(real)


def value_shape(rng, picked):
    shape = [1 if rng.random() < 0.3 else d for d in picked]
    kind = rng.random()
    if kind < 0.3:
        shape = []
    elif kind < 0.6:
        shape = shape[rng.randint(0, len(shape)) :]
    elif kind < 0.75:
        shape = [1] * rng.randint(1, 2) + shape
    elif kind < 0.79:
        shape = shape[:-1] + [4]
    return shape


def main():
    rng = random.Random(20)
    cases, seen = [], set()
    while len(cases) < CASES:
        shape = [rng.choice([0, 1, 2, 2, 3, 3, 4, 5]) for _ in range(rng.randint(0, 4))]
        items, real = index(rng, shape)
        key = json.dumps([shape, items])
        if key in seen or (shape.count(0) and rng.random() < 0.6):
            continue
        seen.add(key)
        x = np.arange(int(np.prod(shape, dtype=int))).reshape(shape)
        try:
            got = np.asarray(x[real])
        except IndexError:
            cases.append([shape, items, None, None, None])
            continue
        value = value_shape(rng, got.shape)
        # NumPy takes at most one axis for a mask of the whole array, though it drops axes of
        # length 1 everywhere else; ours drops them here too.
        whole_mask = len(real) == 1 and isinstance(real[0], np.ndarray) and real[0].dtype == bool
        if whole_mask and real[0].ndim == x.ndim and len(value) > 1:
            value = value[-1:]
        # One element named by integers alone takes no list in NumPy, not even of one.
        if not got.ndim and all(isinstance(i, int) or np.ndim(i) == 0 and i is not ... for i in real):
            value = []
        y = x.copy()
        try:
            y[real] = -1 - np.arange(int(np.prod(value, dtype=int))).reshape(value)
            assigned = digest(y)
        except ValueError:
            assigned = None
        cases.append([shape, items, [list(got.shape), digest(got)], value, assigned])
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    path = Path(__file__).resolve().parent / "index.json"
    path.write_text(f'{{"numpy":"{np.__version__}","cases":[\n{lines}\n]}}\n')
    refused = sum(case[2] is None for case in cases)
    unfit = sum(case[3] is not None and case[4] is None for case in cases)
    print(f"{len(cases)} cases, {refused} indices refused, {unfit} values refused, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
