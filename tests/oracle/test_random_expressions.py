"""Random expressions say what NumPy says of the same text, to the bit: fused, tabulated, counted, narrowed and pushed
about as the engine likes, on every instruction set and number of threads."""

import os
import random
import subprocess
import warnings
from functools import partial

import numpy as np
import pytest
from conftest import BIN

ROUNDS = int(os.environ.get("OPUSCLIP_ROUNDS", "150"))
SEED = int(os.environ.get("OPUSCLIP_SEED", "7"))
ISAS = ["baseline", "avx2", "avx512", "avx512vbmi"]  # one that the processor lacks means the best below it
TYPES = "uint8 int8 uint16 int16 int32 uint32 int64 float32 float64 bool".split()

CASTS = {"u8": np.uint8, "i8": np.int8, "u16": np.uint16, "i16": np.int16, "i32": np.int32, "i64": np.int64}
CASTS |= {"f32": np.float32, "f64": np.float64}
NAMES = "where minimum maximum abs floor rint sqrt clip min max mean any all nan_to_num isnan diff sort flip".split()


class Undefined(Exception):
    """What the platform, or the order of additions, decides in NumPy."""


def cast(dtype, a):
    a = np.asarray(a)
    if a.dtype.kind == "f" and np.dtype(dtype).kind != "f":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        if not ((a > low - 1.0) & (a < high + 1.0)).all():
            raise Undefined
    return a.astype(dtype)


def whole_sum(a, **more):
    if np.asarray(a).dtype.kind == "f":
        raise Undefined
    return np.sum(a, **more)


SPACE = {n: getattr(np, n) for n in NAMES} | {n: partial(cast, t) for n, t in CASTS.items()} | {"sum": whole_sum}

# What a text may be made of, by its letter, each line as often as its weight says: `w` is of whole numbers (where `x` is;
# else perhaps a refusal, which both must share), `v` one or a number; `r` a float, `s` one or a number; `t` a test.
RULES = {
    "w": [
        (40, ["({w} {op} {v})"]),
        (10, ["({w} {by} {d})"]),
        (10, ["minimum({w}, {v})", "maximum({w}, {v})"]),
        (10, ["where({t}, {w}, {v})"]),
        (7, ["{cast}({w})"]),
        (5, ["abs({w})", "({sign}{w})"]),
        (8, [f"{op}({{w}}, axis={{axes}}, keepdims=True)" for op in ("sum", "min", "max")]),
        (10, ["{x}"]),
    ],
    "r": [
        (40, ["({r} + {s})", "({r} - {s})", "({r} * {s})"]),
        (10, ["({r} / 255)", "({r} / 3)", "({r} / 0.5)", "({r} / (abs({r}) + 1))"]),
        (15, ["floor({r})", "rint({r})", "abs({r})"]),
        (5, ["sqrt(abs({r}))"]),
        (10, ["minimum({r}, {s})", "maximum({r}, {s})"]),
        (5, ["where({t}, {r}, {s})"]),
        (5, ["f32(mean({x}, axis=(1, 2, 3), keepdims=True))"]),
        # Not of whole numbers themselves: float functions of 8 bits are float32 here, float16 there.
        (10, ["f32({w})", "f64({w})", "({w} / 3)"]),
    ],
    "v": [(1, ["{w}"]), (1, ["{n}"])],
    "s": [(1, ["{r}"]), (1, ["{n}"]), (1, ["0.25"])],
    "t": [(1, [f"({{w}} {op} {{n}})" for op in ("<", ">", "==", "!=", "<=", ">=")])],
    "x": [(2, ["{name}"]), (1, [f"{{name}}[{cut}]" for cut in ("::-1", ":, ::-1", "..., ::-1", ":, :, ::-1")])],
    "n": [(1, ["0", "1", "2", "3", "7", "10", "64", "100", "127"])],
    "d": [(1, ["1", "2", "3", "7"])],
    "axes": [(1, ["0", "1", "(1, 2)", "(1, 2, 3)", "3", "(0, 2)"])],
    "end": [
        (1, ["{w}"]),
        (1, ["{r}"]),
        (1, ["u8(clip(nan_to_num({r}), 0, 255))"]),
        (1, ["max({r}, axis=(1, 2, 3))"]),
        (1, [f"sum({{w}}, axis={axes})" for axes in ("0", "(1, 2, 3)", "(1, 2)", "-1")]),
        (1, [f"diff({{w}}, axis={axis})" for axis in "012"]),
    ],
}
# Where a text has become deep enough.
LEAVES = {"w": [(1, ["{x}"])], "r": [(1, ["f32({x})", "f64({x})", "({x} / 3)"])]}


class Grammar:
    """Makes texts whose every step but what is `Undefined` is exact in NumPy."""

    def __init__(self, seed, dtype):
        self.draw = random.Random(seed)
        own = {"cast": "u8 i8 u16 i16 i32 i64"}
        # Floats have no bits; both refuse, and that need not be tried often.
        own |= {"op": "+ - *", "by": "// %", "sign": "-"} if dtype.startswith("float") else {}
        own = {"op": "+ - * & | ^", "by": "// % >> <<", "sign": "- ~"} | own
        self.more = {letter: [(1, texts.split())] for letter, texts in own.items()}

    def __getitem__(self, letter):
        """A part of a text, drawn anew each time that `format_map` asks."""
        rules = LEAVES if self.depth <= 0 and letter in LEAVES else RULES | self.more
        weights, texts = zip(*rules[letter])
        text = self.draw.choice(self.draw.choices(texts, weights)[0])
        self.depth -= 1
        made = text.format_map(self)
        self.depth += 1
        return made

    def make(self, letter, depth):
        self.depth = depth
        return self[letter]

    def text(self):
        """Perhaps a step or two with names, then the result."""
        names, steps = ["x"], []
        for name in "ab"[: self.draw.randrange(3)]:
            self.more["name"] = [(1, names)]
            steps.append(f"{name} = {self.make('w', 3)}")
            names.append(name)
        self.more["name"] = [(1, names)]
        return "; ".join([*steps, self.make("end", 7)])


def numpy_says(text, x):
    """The array, None where NumPy refuses, or raises `Undefined`."""
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
    grammar = Grammar(f"{SEED} {dtype}", dtype)
    inputs = {}
    for name, shape in {"large": (6, 40, 30, 3), "odd": (3, 7, 5, 1)}.items():
        inputs[name] = elements(dtype, shape, len(name))
        np.save(tmp_path / f"{name}.npy", inputs[name])
    compared = 0
    for n in range(ROUNDS):
        text = grammar.text()
        name = grammar.draw.choice(list(inputs))
        try:
            theirs = numpy_says(text, inputs[name])
        except Undefined:
            continue
        environment = {**os.environ, "OPUSCLIP_ISA": grammar.draw.choice(ISAS)}
        out = tmp_path / f"{n}.npy"
        command = [BIN, "process", tmp_path / f"{name}.npy", "-o", out, "--expr", text]
        command += ["--threads", str(grammar.draw.choice([1, 2, 3]))]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        said = f"{text}\n{dtype} {inputs[name].shape} on {environment['OPUSCLIP_ISA']}: {done.stderr[-500:]}"
        if theirs is None:
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
        compared += 1
    assert compared > ROUNDS * 0.3, "hardly anything was compared"
