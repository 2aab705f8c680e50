"""Random expressions say what NumPy says of the same text, to the bit: fused, tabulated, counted, narrowed and pushed
about as the engine likes, on every instruction set and number of threads."""

import os
import random
import subprocess
import warnings

import numpy as np
import pytest
from conftest import BIN

ROUNDS = int(os.environ.get("OPUSCLIP_ROUNDS", "150"))
SEED = int(os.environ.get("OPUSCLIP_SEED", "7"))
ISAS = ["baseline", "avx2", "avx512", "avx512vbmi"]  # one that the processor lacks means the best below it
TYPES = "uint8 int8 uint16 int16 int32 uint32 int64 float32 float64 bool".split()

CASTS = {"u8": np.uint8, "i8": np.int8, "u16": np.uint16, "i16": np.int16, "i32": np.int32, "i64": np.int64}
CASTS |= {"f32": np.float32, "f64": np.float64}
NAMES = "where minimum maximum abs floor rint sqrt clip sum min max mean any all nan_to_num isnan diff sort flip".split()
SPACE = {n: getattr(np, n) for n in NAMES} | {n: (lambda a, t=t: np.asarray(a).astype(t)) for n, t in CASTS.items()}
CUTS = ["::-1", ":, ::-1", "..., ::-1", ":, :, ::-1"]


class Grammar:
    """Makes texts whose every step is exact in NumPy: sums and means are of integers, casts to integers of what fits."""

    def __init__(self, seed, casts):
        self.draw = random.Random(seed)
        self.casts = casts

    def number(self):
        return self.draw.choice(["0", "1", "2", "3", "7", "10", "64", "100", "127"])

    def leaf(self, names):
        return self.draw.choice([*names, *names, f"{self.draw.choice(names)}[{self.draw.choice(CUTS)}]"])

    def integer(self, depth, names):
        """Of whole numbers, where `x` is (else perhaps a refusal, which both must share)."""
        pick = self.draw.random()
        if depth <= 0 or pick < 0.1:
            return self.leaf(names)
        deeper = lambda: self.integer(depth - 1, names)
        other = lambda: self.draw.choice([deeper, self.number])()
        if pick < 0.5:
            return f"({deeper()} {self.draw.choice(['+', '-', '*', '&', '|', '^'])} {other()})"
        if pick < 0.6:
            return f"({deeper()} {self.draw.choice(['//', '%', '>>', '<<'])} {self.draw.choice('1237')})"
        if pick < 0.7:
            return f"{self.draw.choice(['minimum', 'maximum'])}({deeper()}, {other()})"
        if pick < 0.8:
            return f"where({self.test(depth - 1, names)}, {deeper()}, {other()})"
        if pick < 0.87:
            return f"{self.draw.choice(self.casts)}({deeper()})"
        if pick < 0.92:
            return self.draw.choice(["abs({})", "(~{})", "(-{})"]).format(deeper())
        axes = self.draw.choice(["0", "1", "(1, 2)", "(1, 2, 3)", "3", "(0, 2)"])
        return f"{self.draw.choice(['sum', 'min', 'max'])}({deeper()}, axis={axes}, keepdims=True)"

    def test(self, depth, names):
        return f"({self.integer(depth, names)} {self.draw.choice(['<', '>', '==', '!=', '<=', '>='])} {self.number()})"

    def real(self, depth, names):
        pick = self.draw.random()
        if depth <= 0 or pick < 0.1:
            # Not of whole numbers themselves: float functions of 8 bits are float32 here, float16 there.
            return self.draw.choice(["f32({})", "f64({})", "({} / 3)"]).format(self.integer(depth - 1, names))
        deeper = lambda: self.real(depth - 1, names)
        other = lambda: self.draw.choice([deeper, self.number, lambda: "0.25"])()
        if pick < 0.5:
            return f"({deeper()} {self.draw.choice('+-*')} {other()})"
        if pick < 0.6:
            return f"({deeper()} / {self.draw.choice(['255', '3', '0.5', '(abs(' + deeper() + ') + 1)'])})"
        if pick < 0.75:
            return f"{self.draw.choice(['floor', 'rint', 'abs'])}({deeper()})"
        if pick < 0.8:
            return f"sqrt(abs({deeper()}))"
        if pick < 0.9:
            return f"{self.draw.choice(['minimum', 'maximum'])}({deeper()}, {other()})"
        if pick < 0.95:
            return f"where({self.test(depth - 1, names)}, {deeper()}, {other()})"
        return f"f32(mean({self.leaf(names)}, axis=(1, 2, 3), keepdims=True))"

    def text(self):
        """Perhaps a step or two with names, then the result."""
        names, steps = ["x"], []
        for name in "ab"[: self.draw.randrange(3)]:
            steps.append(f"{name} = {self.integer(2, names)}")
            names.append(name)
        ends = [
            lambda: self.integer(4, names),
            lambda: self.real(4, names),
            lambda: f"u8(clip(nan_to_num({self.real(4, names)}), 0, 255))",
            lambda: f"max({self.real(3, names)}, axis=(1, 2, 3))",
            lambda: f"sum({self.integer(3, names)}, axis={self.draw.choice(['0', '(1, 2, 3)', '(1, 2)', '-1'])})",
            lambda: f"diff({self.integer(3, names)}, axis={self.draw.choice('012')})",
        ]
        return "; ".join([*steps, self.draw.choice(ends)()])


def numpy_says(text, x):
    """The array, or None where NumPy refuses."""
    space = dict(SPACE, x=x)
    *steps, last = text.split("; ")
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for step in steps:
                exec(step, {}, space)
            return np.asarray(eval(last, {}, space))
    except (TypeError, ValueError, OverflowError, np.exceptions.AxisError):
        return None


def elements(dtype, shape, seed):
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype.startswith("float"):
        return (rng.integers(-2000, 2000, shape) / 16).astype(dtype)
    low, high = (0, 256) if dtype.startswith("u") else (-128, 128)
    return rng.integers(low, high, shape).astype(dtype)


# Large enough for tables and counts and several chunks; and one of odd lengths.
@pytest.mark.parametrize("dtype", TYPES)
def test_random_expressions_are_numpys(dtype, tmp_path):
    # Floats outside a whole type's range become whatever the platform likes in NumPy.
    casts = ["f32", "f64"] if dtype.startswith("float") else ["u8", "i8", "u16", "i16", "i32", "i64"]
    grammar = Grammar(f"{SEED} {dtype}", casts)
    inputs = {}
    for name, shape in {"large": (6, 40, 30, 3), "odd": (3, 7, 5, 1)}.items():
        inputs[name] = elements(dtype, shape, len(name))
        np.save(tmp_path / f"{name}.npy", inputs[name])
    refused = 0
    for n in range(ROUNDS):
        text = grammar.text()
        name = grammar.draw.choice(list(inputs))
        theirs = numpy_says(text, inputs[name])
        environment = {**os.environ, "OPUSCLIP_ISA": grammar.draw.choice(ISAS)}
        out = tmp_path / f"{n}.npy"
        command = [BIN, "process", tmp_path / f"{name}.npy", "-o", out, "--expr", text]
        command += ["--threads", str(grammar.draw.choice([1, 2, 3]))]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        said = f"{text}\n{dtype} {inputs[name].shape} on {environment['OPUSCLIP_ISA']}: {done.stderr[-500:]}"
        if theirs is None:
            refused += 1
            assert done.returncode == 2 or done.returncode == 1, said
            assert not out.exists() and "internal" not in done.stderr, said
            continue
        assert done.returncode == 0, said
        ours = np.load(out)
        # A single number is written as a stream of one.
        theirs = theirs.reshape(1) if theirs.ndim == 0 else theirs
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), said
        assert np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"), said
        out.unlink()
    assert refused < ROUNDS * 0.7, "hardly anything was compared"
