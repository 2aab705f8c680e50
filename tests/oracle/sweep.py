"""NumPy's side of the sweep: reads what crates/opusclip/examples/sweep.rs wrote, makes the same
calls with NumPy, and compares types, shapes, values and refusals.

    target/debug/examples/sweep FOLDER [OP...] && python tests/oracle/sweep.py FOLDER

prints every difference. A row's `numpy` is an expression in the names of its arguments: it becomes
a Python function of the op's name, so that the text of a call means the same on both sides."""

import json
import re
import sys
import warnings
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np

try:
    import ml_dtypes

    BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
except ImportError:
    BFLOAT16 = None

# Histograms of complex numbers: NumPy puts them into bins by its sorting order, which no range or
# width means. We refuse them; weights may be complex.
BINS = {"histogram", "histogram_bin_edges"}
# Complex functions whose parts NumPy does not have to some ulps each: e^(w ln z) and repeated
# products have errors that are small beside the number, whose smaller part may be next to nothing.
# They are judged, in long double, by the greater part: so many ulps of it.
WHOLE_NUMBERS = {"power": 32, "pow": 32, "float_power": 32}
# An array without axes has no axis 0: we say so, NumPy takes 0 and -1 for it (docs/ops.md).
NO_AXES = re.compile(r"axis (0|-1) is out of bounds for an array of 0 dimensions")
# Ops that sort. bfloat16's loops for NumPy put NaN nowhere in particular, and NumPy's own float16
# puts it first where whole rows are compared: float32's order is the judge of ours.
SORTING = {"sort", "argsort", "digitize", "take_along_axis", "searchsorted", "partition", "argpartition", "lexsort", "isin"}
SORTING |= {"unique", "unique_values", "unique_counts", "unique_inverse", "unique_all"}
SORTING |= {"union1d", "intersect1d", "setdiff1d", "setxor1d", "put_along_axis"}
# NumPy's words for a refusal.
REFUSALS = (TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError, np.linalg.LinAlgError, RuntimeError, KeyError)
NARROW = [np.dtype(t) for t in ("bool", "int8", "uint8")]


class Settled(ValueError):
    """A refusal that float32 in bfloat16's place would not change."""


def dtype_of(name):
    return BFLOAT16 if name == "bfloat16" else np.dtype(name)


def exact_each(function, *args, **keywords):
    """The function of arrays computed in long double and rounded once to the type that NumPy
    answers. What is no array, a literal or an axis, stays as it is."""
    if not any(isinstance(a, (np.ndarray, np.generic)) for a in args):
        args = (np.asarray(args[0]), *args[1:])
    plain = function(*args, **keywords)
    several = sum(isinstance(a, np.ndarray) for a in args) > 1
    kind = np.asarray(plain).dtype
    if kind.kind not in "fc":
        return plain
    keywords.pop("dtype", None)

    def grow(a):
        if not isinstance(a, (np.ndarray, np.generic)):
            return a
        if several and a.dtype.kind in "biu":
            # As NumPy: integers are rounded to the common type first.
            a = a.astype(kind)
        return a.astype(np.clongdouble if "c" in (a.dtype.kind, kind.kind) else np.longdouble)

    return np.asarray(function(*map(grow, args), **keywords)).astype(kind)


def complex_of(x, y):
    """The complex numbers with these parts; x + 1j * y makes NaN of infinities."""
    kind = np.result_type(x, y)
    if kind.kind == "c":
        raise TypeError("the parts of a complex number are real")
    out = np.empty(np.broadcast(x, y).shape, np.result_type(kind, np.complex64))
    out.real, out.imag = x, y
    return out


def nan_to_num_of(x, nan, posinf, neginf):
    """nan_to_num, which does not know that bfloat16 is a float."""
    if x.dtype != BFLOAT16:
        return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
    most = float(ml_dtypes.finfo(BFLOAT16).max)
    ends = {"posinf": most if posinf is None else posinf, "neginf": -most if neginf is None else neginf}
    return np.nan_to_num(x.astype(np.float32), nan=nan, **ends).astype(BFLOAT16)


def log1p_exact(x):
    """log1p; NumPy's of complex numbers rounds 1 + x, so that what is small beside 1 is lost."""
    if np.asarray(x).dtype.kind != "c":
        return np.log1p(x)
    re, im = (np.asarray(p, np.longdouble) for p in (x.real, x.imag))
    near = np.log1p(re * (2 + re) + im * im) / 2
    plain = exact(np.log1p, x)
    beside = (np.abs(re + 1) < 2) & (np.abs(re + 1) > 0.25) & (np.abs(im) < 2)
    return complex_of(np.where(beside, near, plain.real), plain.imag).astype(plain.dtype)


def nearest(fraction):
    try:
        return float(fraction)
    except OverflowError:
        return np.inf if fraction > 0 else -np.inf


SUMS = (np.sum, np.nansum, np.cumsum, np.nancumsum, np.cumulative_sum)


def exact_whole(function, x, *args, **keywords):
    """The function computed in long double, or exactly, and rounded once to the type that NumPy answers."""
    x = np.asarray(x)
    # Its own functions do not take bfloat16 for a float: NaN is not seen, and sums are made in it.
    narrow = x.astype(np.float32) if x.dtype == BFLOAT16 else x
    plain = function(narrow, *args, **keywords)
    kind = np.asarray(plain).dtype
    if kind.kind not in "fc":
        return plain
    kind = BFLOAT16 if narrow is not x and kind == np.float32 and keywords.get("dtype") is None else kind
    wide = np.clongdouble if x.dtype.kind == "c" else np.longdouble
    keywords.pop("dtype", None)
    if function in SUMS and kind.kind != "c" and x.dtype.kind != "c":
        # Long double loses what is left of large numbers that cancel.
        fractions = np.frompyfunc(lambda v: Fraction(float(v)) if np.isfinite(float(v)) else float(v), 1, 1)(x)
        total = function(np.asarray(fractions, object), *args, **keywords)
        return np.asarray(np.frompyfunc(nearest, 1, 1)(total), np.float64).astype(kind)
    return np.asarray(function(x.astype(wide), *args, **keywords)).astype(kind)


def exact(function, *args, **keywords):
    """The function computed in more digits than its type has, and rounded once."""
    each = isinstance(function, np.ufunc) or function.__name__ == "<lambda>"
    return exact_each(function, *args, **keywords) if each else exact_whole(function, *args, **keywords)


def rolling(function, x, window, axis, center):
    """The function over the first axis of each window's elements, as many as there are."""
    if window < 1:
        raise ValueError("no window")
    x = np.moveaxis(np.asarray(x), axis, 0)
    after = (window - 1) // 2 if center else 0
    first = [max(0, t - (window - 1 - after)) for t in range(len(x))]
    results = [function(x[a : t + after + 1]) for t, a in enumerate(first)]
    return np.moveaxis(np.stack(results), 0, axis)


def wide(function, x, *args, **keywords):
    """16-bit floats computed in float64 and rounded once to the type that NumPy answers: it rounds
    at every step, shares of the whole and places between elements too."""
    x = np.asarray(x)
    if x.dtype == BFLOAT16:
        kind = np.asarray(function(x.astype(np.float32), *args, **keywords)).dtype
        kind = BFLOAT16 if kind == np.float32 else kind
    elif x.dtype == np.float16:
        kind = np.asarray(function(x, *args, **keywords)).dtype
    else:
        return function(x, *args, **keywords)
    return function(x.astype(np.float64), *args, **keywords).astype(kind)


def histogram(x, bins, range, density, weights):
    """np.histogram, of 16-bit floats with even edges computed as `wide` does and rounded once."""
    x = np.asarray(x)
    if x.dtype not in (np.float16, BFLOAT16):
        return np.histogram(x, bins, range, density, weights)
    edges = np.histogram_bin_edges(x.astype(np.float64), bins, range)
    edges = edges.astype(x.dtype) if np.ndim(bins) == 0 else np.asarray(bins)
    if np.ndim(bins) == 0 and not (edges[:-1] < edges[1:]).all():
        raise Settled("Too many bins for data range")
    kind = None if weights is None or density else weights.dtype
    weights = None if weights is None else weights.astype(np.float64)
    inside = (x >= edges[0]) & (x <= edges[-1])
    weights = None if weights is None else weights[inside]
    counts, _ = np.histogram(x.astype(np.float64)[inside], edges.astype(np.float64), None, density, weights)
    return (counts if kind is None else counts.astype(kind)), edges


def bracketed(arrays):
    """What stands for `*arrays`: each by itself, or all in one pair of brackets."""
    return arrays[0] if len(arrays) == 1 and isinstance(arrays[0], (tuple, list)) else arrays


class Calls:
    """The names that a call may use."""

    def __init__(self):
        self.names = {"np": np, "pi": np.pi, "inf": np.inf, "nan": np.nan}
        self.names |= {"exact": exact, "rolling": rolling, "wide": wide, "histogram_of": histogram, "log1p_exact": log1p_exact}
        self.names |= {"bracketed": bracketed, "complex": complex_of, "complex_of": complex_of, "nan_to_num_of": nan_to_num_of}
        try:
            import scipy.ndimage
            import scipy.signal
            import scipy.special

            self.names["scipy"] = scipy
        except ImportError:
            pass
        short = {"u8": "uint8", "i8": "int8", "u16": "uint16", "i16": "int16", "u32": "uint32", "i32": "int32"}
        short |= {"u64": "uint64", "i64": "int64", "f16": "float16", "f32": "float32", "f64": "float64"}
        short |= {"c64": "complex64", "c128": "complex128"}
        for name in [*short, *short.values(), "bool"]:
            self.names[name] = np.dtype(short.get(name, name)).type
        if BFLOAT16 is not None:
            self.names["bfloat16"] = self.names["bf16"] = BFLOAT16.type

    def define(self, row):
        """`def sort(x, axis=-1): return np.sort(x, axis)`"""
        params = ["*" * p["many"] + p["name"] + ("" if p["preset"] is None else "=" + p["preset"]) for p in row["params"]]
        # `*arrays` may stand in brackets, too.
        unpack = "".join(f"    {p['name']} = bracketed({p['name']})\n" for p in row["params"] if p["many"])
        scope = dict(self.names)
        exec(f"def {row['row']}({', '.join(params)}):\n{unpack}    return {row['numpy']}", scope)  # noqa: S102 — our own rows
        # The function sees NumPy's names, not ours.
        self.names[row["row"]] = scope[row["row"]]

    def run(self, text, values, instead):
        return eval(text, self.names | instead, values)  # noqa: S307 — our own texts


def listed(value):
    """The results as a list of arrays."""
    if isinstance(value, (list, tuple)):
        return [np.asarray(v) for v in value]
    return [np.asarray(value)]


def order(values):
    """Floats as integers whose distance is the number of floats between them."""
    size = values.dtype.itemsize
    bits = values.view({2: np.int16, 4: np.int32, 8: np.int64}[size]).astype(object)
    low = -(1 << (8 * size - 1))
    return np.where(values.view({2: np.int16, 4: np.int32, 8: np.int64}[size]) < 0, low - bits, bits)


def distance(ours, theirs, scale):
    """Units in the last place between two float arrays: of the elements, or of the largest one."""
    if ours.dtype.kind == "c" and scale == "number":
        finite = np.isfinite(ours) & np.isfinite(theirs)
        odd = distance(ours[~finite], theirs[~finite], False) if not finite.all() else 0
        a, b = ours[finite], theirs[finite]
        large = np.maximum(np.abs(b.real), np.abs(b.imag))
        away = np.maximum(np.abs(a.real - b.real), np.abs(a.imag - b.imag))
        return max(odd, (away.astype(float) / np.spacing(large).astype(float)).max(initial=0))
    if ours.dtype.kind == "c":
        real = np.float32 if ours.dtype.itemsize == 8 else np.float64
        pairs = [np.ascontiguousarray(a).reshape(-1).view(real) for a in (ours, theirs)]
        return distance(*pairs, True if scale is None else scale)
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    if same.all():
        return 0
    a, b = ours[~same], theirs[~same]
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    if scale:
        finite = theirs[np.isfinite(theirs)]
        unit = np.spacing(np.abs(finite).max()) if finite.size else 1
        return float((np.abs(a.astype(np.float64) - b.astype(np.float64)) / np.float64(unit)).max())
    gap = np.abs(order(np.ascontiguousarray(a)) - order(np.ascontiguousarray(b)))
    return max(gap.ravel().tolist())


def differs(ours, theirs, ulp, whole=None):
    """What is different, or None and the distance. `whole`: ulps of complex numbers as a whole."""
    if ours.dtype != theirs.dtype:
        return f"type {ours.dtype}, NumPy {theirs.dtype}", 0
    if ours.shape != theirs.shape:
        return f"shape {ours.shape}, NumPy {theirs.shape}", 0
    if ours.dtype.kind in "biu":
        if (ours == theirs).all():
            return None, 0
        at = np.unravel_index(np.argmax(ours != theirs), ours.shape)
        return f"{ours[at]} at {tuple(map(int, at))}, NumPy {theirs[at]}", 0
    with np.errstate(all="ignore"):
        if whole and ours.dtype.kind == "c":
            ulp = whole
            gap = distance(ours, theirs, "number")
        else:
            gap = distance(ours, theirs, ulp >= 16)
    if gap <= ulp:
        return None, gap
    bad = ~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)))
    at = np.unravel_index(np.argmax(bad), ours.shape)
    return f"{ours[at]!r} at {tuple(map(int, at))}, NumPy {theirs[at]!r}: {gap} ulp, {ulp} allowed", gap


def widened(values, types):
    """Inputs of some types as float32."""
    return {k: v.astype(np.float32) if v.dtype in types else v for k, v in values.items()}


def unordered(line, values):
    """The type whose NaN NumPy sorts by no rule in this call, or None."""
    if line["op"] not in SORTING or len({v.dtype for v in values.values()}) != 1:
        return None
    x = next(iter(values.values()))
    loose = [BFLOAT16, np.float16] if "unique(x, axis" in line["text"] else [BFLOAT16]
    nan = any(v.dtype in loose and np.isnan(v.astype(np.float32)).any() for v in values.values())
    return x.dtype if nan else None


def powers(x, y):
    """Integers to integer powers, some of them negative: 0, but 1 and -1 keep theirs. NumPy raises."""
    x, y = np.broadcast_arrays(*(np.asarray(v, np.result_type(x, y)) for v in (x, y)))
    below = np.where(x == 1, 1, np.where(x == -1, np.where(y % 2 == 0, 1, -1), 0))
    return np.where(y < 0, below, np.power(x, np.where(y < 0, 0, y))).astype(x.dtype)


def nothing_summed(x, axis=None, keepdims=False):
    """logsumexp where nothing is summed."""
    kind = x.dtype if x.dtype.kind == "f" or x.dtype == BFLOAT16 else np.float64
    return np.full(np.sum(np.ones(x.shape), axis, keepdims=keepdims).shape, -np.inf, kind)


# Where NumPy refuses and we answer: its words, what our rule says instead, and why.
ANSWERED = {
    "power": ("Integers to negative integer powers", powers, "a negative exponent among integers"),
    "pow": ("Integers to negative integer powers", powers, "a negative exponent among integers"),
    "logsumexp": ("too many indices for array", nothing_summed, "logsumexp over several axes of nothing"),
}


class Judge:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = (self.folder / "data.bin").read_bytes()
        self.calls = Calls()
        self.rows = {}
        self.inputs = {}
        self.faults = []
        self.count = Counter()
        self.worst = {}

    def array(self, place):
        raw = self.data[place["at"] : place["at"] + place["bytes"]]
        return np.frombuffer(raw, dtype_of(place["dtype"])).reshape(place["shape"])

    def numpy(self, text, values, instead=None):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return listed(self.calls.run(text, values, instead or {}))

    def brain(self, text, values):
        """Calls with bfloat16 that NumPy does not know: float32's answers. Their types are those of
        float16 in its place, which promotes alike, and with float16 itself to float32."""
        wide = self.numpy(text, widened(values, [BFLOAT16]))
        tame = {k: np.clip(v.astype(np.float32), -100, 100) if v.dtype == BFLOAT16 else v for k, v in values.items()}
        half = {k: v.astype(np.float16) if values[k].dtype == BFLOAT16 else v for k, v in tame.items()}
        mixed = any(v.dtype == np.float16 for v in values.values())
        kinds = [r.dtype for r in self.numpy(text, half)]
        return [r.astype(BFLOAT16) if k == np.float16 and not mixed else r for r, k in zip(wide, kinds, strict=True)]

    def theirs(self, line, values, ours):
        """NumPy's answer, and by which rule of ours it was asked for where NumPy's own differs."""
        text, types = line["text"], {v.dtype for v in values.values()}
        loose = unordered(line, values)
        if loose is not None:
            wide = self.numpy(text, widened(values, [loose]))
            return [r.astype(loose) if r.dtype == np.float32 else r for r in wide], "NaN sorted as float32's"
        if BFLOAT16 in types:
            try:
                plain = self.numpy(text, values)
                if not ours or [a.dtype for a in ours] == [b.dtype for b in plain]:
                    return plain, "NumPy's rule"
            except Settled:
                raise
            except REFUSALS:
                if line["op"] == "einsum" and not ours:
                    # As NumPy, by its rule.
                    raise
            return self.brain(text, values), "bfloat16 as float32, rounded"
        plain = self.numpy(text, values)
        if np.dtype("float16") not in types and types & set(NARROW) and any(r.dtype == np.float16 for r in plain):
            return self.numpy(text, widened(values, NARROW)), "floats of bytes as float32"
        return plain, "NumPy's rule"

    def case(self, line):
        row = self.rows[line["op"]]
        values = {k: self.inputs[v] for k, v in line["inputs"].items()}
        what = f"{line['text']}  " + " ".join(f"{k}={v.dtype}{v.shape}" for k, v in values.items())
        if line.get("panic"):
            return self.faults.append(f"{what}: PANIC")
        ours = [self.array(p) for p in line.get("out", [])]
        refusal = line.get("error")
        try:
            theirs, rule = self.theirs(line, values, ours)
        except REFUSALS as error:
            words, instead, rule = ANSWERED.get(line["op"], (None, None, None))
            if refusal is not None:
                self.count["refused by both"] += 1
            elif words and words in str(error):
                theirs = self.numpy(line["text"], values, {line["op"]: instead})
                self.compare(what, row, ours, theirs, rule)
            else:
                self.faults.append(f"{what}: we answer, NumPy refuses: {type(error).__name__} {error}")
            return None
        if refusal is None:
            return self.compare(what, row, ours, theirs, rule)
        if NO_AXES.search(refusal) and any(v.ndim == 0 for v in values.values()):
            self.count["we refuse: axis 0 of a single number"] += 1
        elif line["op"] in BINS and values["x"].dtype.kind == "c" and "complex" in refusal:
            self.count["we refuse: complex numbers in bins"] += 1
        else:
            self.faults.append(f"{what}: we refuse ({refusal}), NumPy answers {theirs[0].dtype}{theirs[0].shape}")
        return None

    def compare(self, what, row, ours, theirs, rule):
        if len(ours) != len(theirs):
            return self.faults.append(f"{what}: {len(ours)} results, NumPy {len(theirs)}")
        for n, (a, b) in enumerate(zip(ours, theirs)):
            found, gap = differs(a, b, row["ulp"], WHOLE_NUMBERS.get(row["row"]))
            if found:
                return self.faults.append(f"{what}: result {n}: {found} ({rule})")
            self.worst[row["row"]] = max(self.worst.get(row["row"], 0), gap)
        self.count[f"same by {rule}"] += 1
        return None

    def run(self):
        lines = (self.folder / "cases.jsonl").read_text().splitlines()
        parsed = [json.loads(line) for line in lines]
        for line in parsed:
            if "row" in line:
                self.rows[line["row"]] = line
                self.calls.define(line)
            elif "input" in line:
                self.inputs[line["input"]] = self.array(line["array"])
        for line in parsed:
            if "op" in line:
                self.case(line)
        return self

    def report(self):
        total = sum(self.count.values()) + len(self.faults)
        counts = ", ".join(f"{n} {what}" for what, n in self.count.most_common())
        return f"{len(self.rows)} ops, {total} calls: {counts}; {len(self.faults)} differ"


if __name__ == "__main__":
    judge = Judge(sys.argv[1]).run()
    for fault in judge.faults:
        print(fault)
    print(judge.report())
    inexact = {op: gap for op, gap in sorted(judge.worst.items()) if gap}
    print("largest distances in ulp:", ", ".join(f"{op} {gap:.3g}" for op, gap in inexact.items()))
    sys.exit(bool(judge.faults))
