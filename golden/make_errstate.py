"""Writes golden/errstate.json: which floating-point errors NumPy reports, op by op and value by value.

    .venv/bin/python golden/make_errstate.py

A list of [op, dtype, [arguments as hexadecimal floats or integers], [kinds of error]]."""

import itertools
import json
import warnings
from pathlib import Path

import numpy as np

UNARY = "sqrt exp log log2 log10 log1p expm1 exp2 sin cos tan tanh square negative absolute floor rint".split()
BINARY = "add subtract multiply divide power floor_divide remainder maximum less".split()
KINDS = {"divide by zero": "divide", "overflow": "over", "underflow": "under", "invalid value": "invalid"}


def kinds(function, *args):
    met = []
    with np.errstate(all="call"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.seterrcall(lambda kind, _: met.append(KINDS[kind]))
        function(*args)
    return sorted(set(met))


def text(v):
    return float(v).hex() if np.asarray(v).dtype.kind == "f" else int(v)


def main():
    cases = []
    for dtype in ("float32", "float64"):
        f = np.finfo(dtype)
        values = [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -2.5, 1e3, -1e3, f.max, -f.max, f.tiny, f.eps, np.inf, -np.inf, np.nan]
        values = np.array(values, dtype)
        for op in UNARY:
            for x in values:
                cases.append([op, dtype, [text(x)], kinds(getattr(np, op), np.array([x]))])
        for op in BINARY:
            for x, y in itertools.product(values, values):
                cases.append([op, dtype, [text(x), text(y)], kinds(getattr(np, op), np.array([x]), np.array([y]))])
        for to in ("int32", "uint8", "float32"):
            more = [2.0**31, -(2.0**31) - 1, 255.5, 256, -0.5] + [1e39] * (dtype == "float64")
            for x in np.append(values, np.array(more, dtype)):
                name = f"astype {to}"
                cases.append([name, dtype, [text(x)], kinds(lambda v: v.astype(to), np.array([x]))])
    for op in ("floor_divide", "remainder"):
        for x, y in itertools.product([-(2**31), -7, 0, 7, 2**31 - 1], [-1, 0, 1, 3]):
            a, b = np.array([x], "int32"), np.array([y], "int32")
            cases.append([op, "int32", [x, y], kinds(getattr(np, op), a, b)])
    out = Path(__file__).resolve().parent / "errstate.json"
    out.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
