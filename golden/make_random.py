"""Writes golden/random.json: what NumPy's `default_rng` draws, for the engine's tests.

    .venv/bin/python golden/make_random.py

    numpy    the version that answered
    seeds    [{"entropy": words, "key": spawn key, "u32": state words, "u64": state words, "children": first words}]
    cases    [{"seed": an integer as text or a list of words, "calls": [call, …], "state": where the stream ends}]

A call has "op" and its arguments; 64-bit and larger integers are text, floats are the hex digits
of their bits. Its answer is one of

    hex      the elements' little-endian bytes
    hash     64-bit FNV-1a of those bytes
    beyond   with "tail": `hash` is taken with the elements beyond ±tail set to 0, and these are
             the elements beyond, which come out of the C library's log1p
    ulp      how far each element may be from ours: those that come out of the C library's exp,
             log or pow
    near     the same as a distance

and for distributions "name" and "params". "x" is an array: [shape, dtype], filled with 0, 1, 2 …
"""

import json
import struct
from pathlib import Path

import numpy as np
from numpy.random import SeedSequence, default_rng

OUT = Path(__file__).resolve().parent / "random.json"
INTS = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]


def bits(value):
    return struct.pack(">d", value).hex()


def fnv(data):
    h = 0xCBF29CE484222325
    for b in data:
        h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def answer(out, tail=None, ulp=0, near=None):
    out = np.ascontiguousarray(out).reshape(np.shape(out))
    result = {"dtype": out.dtype.name, "out_shape": list(out.shape)}
    if tail is not None:
        far = np.abs(out) > tail
        result |= {"tail": bits(tail), "beyond": out[far].tobytes().hex(), "hash": fnv(np.where(far, 0, out).astype(out.dtype).tobytes())}
    elif ulp or near or out.nbytes <= 96:
        result["hex"] = out.tobytes().hex()
    else:
        result["hash"] = fnv(out.tobytes())
    if ulp:
        result["ulp"] = ulp
    if near:
        result["near"] = bits(near)
    return result


def array(spec):
    shape, dtype = spec
    return np.arange(np.prod(shape, dtype=int)).astype(dtype).reshape(shape)


class Case:
    """One generator and the calls made of it."""

    def __init__(self, seed):
        self.seed = seed
        self.rng = default_rng(seed)
        self.calls = []

    def add(self, op, out, args, **how):
        self.calls.append({"op": op, **args, **answer(out, **how)})

    def floats(self, op, shape, dtype, **how):
        self.add(op, getattr(self.rng, op)(shape, np.dtype(dtype)), {"shape": shape, "of": dtype}, **how)

    def integers(self, low, high, shape, dtype, endpoint=False):
        out = self.rng.integers(low, high, shape, np.dtype(dtype), endpoint)
        args = {"low": str(low), "high": str(high), "shape": shape, "of": dtype, "endpoint": endpoint}
        self.add("integers", out, args)

    def bytes(self, n):
        self.add("bytes", np.frombuffer(self.rng.bytes(n), np.uint8), {"n": n})

    def word(self, wide):
        # Raw words and half words, through methods that draw just these.
        kind = np.uint64 if wide else np.uint32
        out = self.rng.integers(0, 2 ** (64 if wide else 32), 1, kind)
        self.add("u64" if wide else "u32", out, {})

    def advance(self, delta):
        self.rng.bit_generator.advance(delta)
        self.calls.append({"op": "advance", "delta": str(delta)})

    def jumped(self, n):
        self.rng = np.random.Generator(self.rng.bit_generator.jumped(n))
        self.calls.append({"op": "jumped", "n": n})

    def permutation(self, n=None, x=None, axis=0):
        self.add("permutation", self.rng.permutation(n if x is None else array(x), axis), {"n": n, "x": x, "axis": axis})

    def shuffle(self, x, axis=0):
        out = array(x)
        self.rng.shuffle(out, axis)
        self.add("shuffle", out, {"x": x, "axis": axis})

    def permuted(self, x, axis=None):
        self.add("permuted", self.rng.permuted(array(x), axis=axis), {"x": x, "axis": axis})

    def choice(self, shape, n=None, x=None, p=None, **how):
        full = {"replace": True, "axis": 0, "shuffle": True} | how
        out = np.asarray(self.rng.choice(n if x is None else array(x), shape, p=p, **full))
        self.add("choice", out, {"n": n, "x": x, "shape": shape, "p": p and [bits(v) for v in p], **full})

    def law(self, name, params, shape, **how):
        whole = name == "binomial"
        out = getattr(self.rng, name)(*[int(v) if whole and i == 0 else v for i, v in enumerate(params)], size=shape)
        self.add("law", out, {"name": name, "params": [bits(v) for v in params], "shape": shape}, **how)

    def end(self):
        s = self.rng.bit_generator.state
        state = [str(s["state"]["state"]), str(s["state"]["inc"]), s["uinteger"] if s["has_uint32"] else None]
        seed = self.seed if isinstance(self.seed, list) else str(self.seed)
        return {"seed": seed, "calls": self.calls, "state": state}


def seeds():
    out = []
    for entropy in [0, 1, 42, 2**32, 2**40 + 7, 2**64 - 1, 2**127 + 12345, [1, 2, 3], [9, 8, 7, 6, 5, 4], []]:
        for key in [(), (0,), (3, 5)]:
            s = SeedSequence(entropy, spawn_key=key)
            words = entropy if isinstance(entropy, list) else [entropy >> i & 0xFFFFFFFF for i in range(0, max(entropy.bit_length(), 1), 32)]
            row = {"entropy": words, "key": list(key), "u32": s.generate_state(7).tolist()}
            row["u64"] = [str(v) for v in s.generate_state(3, np.uint64)]
            children = s.spawn(2) + s.spawn(2)
            row["children"] = [int(c.generate_state(1)[0]) for c in children]
            out.append(row)
    return out


def words(cases):
    for seed in [0, 1, 2, 42, 123456789, 2**32, 2**64 - 1, 2**127 + 12345, [1, 2, 3, 4, 5, 6], [0], []]:
        c = Case(seed)
        for wide in [True, False, True, False, False, True, False]:
            c.word(wide)
        c.floats("random", [3], "float32")
        c.floats("random", [2, 2], "float64")
        c.advance(1)
        c.word(False)
        c.advance(2**100 + 17)
        c.word(True)
        c.advance(2**128 - 5)
        c.jumped(1)
        c.word(False)
        c.jumped(3)
        c.bytes(5)
        for n in [0, 1, 4, 9]:
            c.bytes(n)
        cases.append(c.end())


def integers(cases):
    for seed, dtype in enumerate(INTS):
        least, most = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        most, least = int(most), int(least)
        spans = {(least, most), (0, 0), (most, most), (least, least), (0, 1), (least, most - 1), (least + 1, most), (0, most // 2 + 1)}
        spans |= {(0, r) for r in [2, 5, 6, 9, 99, 100, 127, 200, 254, 255, 256, 999, 40000, 65534, 65535, 65536, 10**6] if r <= most}
        spans |= {(0, 2**k + d) for k in [16, 31, 32, 33, 48, 62, 63] for d in [-2, -1, 0, 1] if 2**k + d <= most}
        spans |= {(-r, r) for r in [1, 3, 60, 30000, 2**31 - 1, 2**31, 3 * 2**60] if -r >= least}
        spans = sorted(s for s in spans if least <= s[0] <= s[1] <= most)
        c = Case(1000 + seed)
        for i, (low, high) in enumerate(spans):
            # Odd sizes leave halves of words and cuts of halves behind.
            shape = [[1], [7], [33], [5, 3], [], [1000]][i % 6]
            c.integers(low, high, shape, dtype, endpoint=True)
            c.integers(low, high + 1, [3], dtype)
            if i % 4 == 0:
                c.floats("random", [1], "float32")
        c.integers(0, 1, [0, 3], dtype)
        cases.append(c.end())
    c = Case(77)
    for i, dtype in enumerate(INTS * 6):
        c.integers(0, 2, [1 + i % 5], dtype)
        c.integers(0, 1 if dtype == "bool" else 3 + 12 * i % 120, [i % 4], dtype, endpoint=True)
        c.floats(["random", "standard_normal", "standard_exponential"][i % 3], [i % 3], ["float32", "float64"][i % 2])
    cases.append(c.end())


def floats(cases):
    for seed in [5, 6]:
        for dtype in ["float64", "float32"]:
            c = Case(seed)
            c.floats("random", [100000], dtype)
            c.floats("standard_normal", [400000], dtype, tail=3.6541)
            c.floats("standard_exponential", [400000], dtype, tail=7.697)
            c.floats("standard_normal", [3, 0, 2], dtype)
            c.floats("standard_normal", [], dtype)
            cases.append(c.end())
    c = Case(11)
    c.law("uniform", [-3.5, 17.25], [1000])
    c.law("uniform", [2.0, 2.0], [3])
    c.law("uniform", [0.1, 0.3], [2, 5])
    c.law("normal", [10.0, 2.5], [1000])
    c.law("normal", [-1.0, 0.0], [4])
    c.law("exponential", [0.25], [1000])
    c.law("exponential", [0.0], [3])
    cases.append(c.end())


def orders(cases):
    c = Case(21)
    for n in [0, 1, 2, 3, 10, 257, 1000, 70000]:
        c.permutation(n)
    for x, axis in [([[9], "int16"], 0), ([[9], "float32"], -1), ([[0], "uint8"], 0), ([[4, 5], "uint8"], 0), ([[4, 5], "float64"], 1)]:
        c.permutation(x=x, axis=axis)
    for x, axis in [([[4, 5, 6], "int32"], 1), ([[4, 5, 6], "int32"], -1), ([[3, 0, 2], "int32"], 0), ([[3, 0, 2], "int32"], 1)]:
        c.permutation(x=x, axis=axis)
    for x, axis in [([[9], "int16"], 0), ([[1], "int16"], 0), ([[0], "uint8"], 0), ([[4, 5], "uint8"], 0), ([[4, 5], "float64"], 1)]:
        c.shuffle(x, axis)
    for x, axis in [([[300, 3], "int32"], 0), ([[2, 3, 7, 2], "int32"], 2), ([[3, 0, 2], "int32"], 0), ([[257], "int64"], -1)]:
        c.shuffle(x, axis)
    for x, axis in [([[9], "int16"], None), ([[9], "int16"], 0), ([[4, 5], "uint8"], None), ([[4, 5], "float64"], 0), ([[4, 5], "float64"], 1)]:
        c.permuted(x, axis)
    for x, axis in [([[3, 4, 5], "int32"], 1), ([[3, 4, 5], "int32"], -1), ([[3, 0, 2], "int32"], 0), ([[3, 1, 2], "int32"], 1)]:
        c.permuted(x, axis)
    c.word(False)
    cases.append(c.end())


def choices(cases):
    c = Case(31)
    p = [0.1, 0.0, 0.3, 0.05, 0.55]
    for shape in [[], [1], [7], [2, 3], [0], [100]]:
        c.choice(shape, n=10)
        c.choice(shape, n=5, p=p)
        c.choice(shape, x=[[5], "float32"], p=p)
        c.choice(shape, x=[[5, 3], "int16"])
        c.choice(shape, x=[[3, 4, 2], "int16"], axis=1)
        c.choice(shape, n=1000, replace=False)
        c.choice(shape, n=1000, replace=False, shuffle=False)
    # Around NumPy's thresholds: 10000 parts, one in 50, one in 20.
    for n in [9999, 10000, 10001, 20000]:
        for size in [n // 50 - 1, n // 50, n // 50 + 1, n // 20, n // 20 + 1, n]:
            c.choice([size], n=n, replace=False)
            c.choice([size], n=n, replace=False, shuffle=False)
    c.choice([4], n=4, p=[0.4, 0.3, 0.2, 0.1], replace=False)
    c.choice([2, 2], n=5, p=p, replace=False)
    many = np.arange(1.0, 301.0)
    many = (many / many.sum()).tolist()
    c.choice([250], n=300, p=many, replace=False)
    c.choice([3, 5], n=300, p=many)
    c.choice([2, 3], x=[[6, 7], "uint8"], axis=1, replace=False)
    c.choice([3], x=[[6, 7], "uint8"], axis=-1, replace=False, p=[0.25, 0.25, 0.125, 0.125, 0.125, 0.0625, 0.0625])
    c.choice([3], n=2**40)
    c.choice([5], n=2**40, replace=False)
    c.choice([0], n=0)
    c.word(False)
    cases.append(c.end())


def laws(cases):
    c = Case(41)
    # A sum may cancel, so that its error is no matter of ulp.
    for name in ["laplace", "gumbel", "logistic"]:
        c.law(name, [1.0, 2.0], [60], near=4e-15)
    for name, params, ulp in [
        ("lognormal", [0.5, 0.75], 2),
        ("rayleigh", [3.0], 1),
        ("weibull", [1.5], 2),
        ("weibull", [0.0], 0),
        ("pareto", [3.0], 2),
        ("power", [2.5], 2),
        ("triangular", [-1.0, 0.25, 4.0], 0),
        ("triangular", [0.0, 0.0, 4.0], 0),
        ("standard_cauchy", [], 0),
        ("standard_gamma", [0.0], 0),
        ("standard_gamma", [0.3], 2),
        ("standard_gamma", [1.0], 0),
        ("standard_gamma", [1.75], 0),
        ("gamma", [30.0, 0.5], 0),
        ("beta", [0.5, 0.25], 2),
        ("beta", [1e-5, 2e-5], 8),
        ("beta", [1e-200, 3e-200], 0),
        ("beta", [2.0, 5.0], 0),
        ("chisquare", [4.0], 0),
        ("standard_t", [7.0], 0),
    ]:
        c.law(name, params, [60], ulp=ulp)
    cases.append(c.end())
    c = Case(43)
    for lam in [0.0, 0.5, 3.0, 9.99, 10.0, 11.0, 50.0, 1e3, 1e7, 1e12]:
        c.law("poisson", [lam], [3000])
    for n in [0, 1, 5, 40, 100, 300, 10**4, 10**9, 10**15]:
        for p in [0.0, 1e-9, 0.01, 0.3, 0.5, 0.7, 0.99, 1.0]:
            c.law("binomial", [float(n), p], [1000])
    for p in [1.0, 0.9, 0.34, 0.33, 0.01, 1e-12]:
        c.law("geometric", [p], [3000])
    c.word(False)
    cases.append(c.end())


def main():
    cases = []
    for part in (words, integers, floats, orders, choices, laws):
        part(cases)
    head = {"numpy": np.__version__, "seeds": seeds()}
    lines = ",\n".join("  " + json.dumps(c, separators=(",", ":")) for c in cases)
    OUT.write_text(json.dumps(head, separators=(",", ":"))[:-1] + ',"cases": [\n' + lines + "\n]}\n")
    print(f"{len(cases)} cases, {sum(len(c['calls']) for c in cases)} calls, {OUT.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
