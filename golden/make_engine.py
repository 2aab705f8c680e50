"""Writes golden/engine: what NumPy answers, for the engine's tests to compare with.

    .venv/bin/python golden/make_engine.py

data.bin holds the elements of all arrays (little-endian, C order); cases.json names every array
and every case.

    version      2
    numpy        the version that answered
    promotion    {"pairs": {"uint8": {"int8": "int16", ...}, ...},
                  "weak":  {"uint8": {"bool": "uint8", "int": "uint8", "float": "float64", ...}, ...}}
                 "weak" is NumPy 2's rule for Python scalars: result_type(dtype, True | 1 | 1.0 | 1j)
    types        see types(): the tables of can_cast, isdtype, finfo, iinfo
    arrays       {name: [dtype, shape, where its elements begin in data.bin]}
    cases        a list of
        id       unique name
        group    "cast" | "unary" | "binary" | "ternary" | "reduce" | "movement" | "seed"
        op       NumPy's name
        inputs   names of arrays, in the op's order
        attrs    the op's other arguments; {} when it has none
        out      name of the result's array, or instead "raises": the exception's name
        exact    true: every bit but a NaN's payload must agree. false: the golden is the exact
                 value rounded once, and the op's own tolerance applies
        beside   (some reductions, seed) array with NumPy's plain answer, for comparison only
        note     (some) what differs from a plain call of NumPy

Transcendental functions are computed in long double and rounded once, so that the files do not
depend on the machine's vector unit. NumPy answers float16 for such functions of 8-bit types;
the engine answers float32, so those goldens convert the input to float32 first ("note").

Complex numbers: functions have finite inputs of moderate size (<dtype>.m) and, where C99 says what
infinities and NaN give, NumPy's plain answers for those (<dtype>.special).
"""

import itertools
import json
import struct
import warnings
from pathlib import Path

import ml_dtypes  # makes np.dtype("bfloat16") known
import numpy as np

HERE = Path(__file__).resolve().parent / "engine"
DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
DTYPES += ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]

PLAIN = [d for d in DTYPES if d not in ("float16", "bfloat16", "complex64", "complex128")]

# Right to an ulp or so, not exact.
ROUNDED = set(
    "exp log log2 log10 exp2 expm1 log1p sin cos tan tanh power acos acosh asin asinh atan atanh cosh sinh cbrt"
    " atan2 hypot logaddexp logaddexp2 float_power".split()
)
ROUNDED_COMPLEX = set("exp log log2 log10 exp2 expm1 log1p sin cos tan tanh power sqrt".split())
# NumPy's own answer depends on whether the machine's vector unit fuses multiply and add.
NEAR_COMPLEX = set("absolute sign square multiply divide angle".split())
UNARY = (
    "negative absolute sign sqrt square exp log log2 log10 exp2 expm1 log1p sin cos tan tanh "
    "floor ceil rint trunc isnan isinf isfinite logical_not invert real imag conj angle"
).split()
# Of the plain types; the sweep tries them with the 16-bit floats and complex numbers.
UNARY_PLAIN = (
    "acos acosh asin asinh atan atanh cosh sinh cbrt sinc i0 spacing fabs deg2rad rad2deg reciprocal positive"
    " signbit isposinf isneginf bitwise_count round nan_to_num frexp_mantissa frexp_exponent"
).split()
BINARY = (
    "add subtract multiply divide floor_divide remainder power minimum maximum equal not_equal less less_equal"
    " greater greater_equal logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor"
    " left_shift right_shift"
).split()
BINARY_PLAIN = (
    "atan2 hypot logaddexp logaddexp2 float_power copysign nextafter heaviside fmod fmax fmin gcd lcm"
).split()
# What NumPy has under no name of its own.
OWN = {"frexp_mantissa": lambda v: np.frexp(v)[0], "frexp_exponent": lambda v: np.frexp(v)[1]}
# NumPy's own are some ulps off, and long double does not better them.
NEAR = {"sinc", "i0"}

cases = []
written = {}


def kind(dtype):
    """The letter of the type's kind; ml_dtypes has another one for bfloat16."""
    return "f" if dtype == "bfloat16" else np.dtype(dtype).kind


def finfo(dtype):
    return ml_dtypes.finfo(dtype)


def save(name, array):
    """Keeps the array once; returns its name."""
    array = np.asarray(array)
    if array.ndim:
        array = np.ascontiguousarray(array)
    if name in written:
        assert written[name].dtype == array.dtype and written[name].tobytes() == array.tobytes(), name
    written.setdefault(name, array)
    return name


def add(group, op, label, inputs, call, attrs=None, exact=True, beside=None, note=None):
    """Adds one case. `inputs` are names of saved arrays, `call` makes the answer from them."""
    case = {"id": f"{group}/{op}/{label}", "group": group, "op": op, "inputs": inputs, "attrs": attrs or {}}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            out = np.asarray(call(*[written[i] for i in inputs]))
        except (TypeError, ValueError) as error:
            case["raises"] = "TypeError" if isinstance(error, TypeError) else "ValueError"
            cases.append(case)
            return
    case["out"] = save(case["id"], out)
    case["exact"] = exact
    if beside is not None:
        case["beside"] = save(case["id"] + ".plain", beside)
    if note:
        case["note"] = note
    cases.append(case)


def edge_values(dtype):
    """Values at which arithmetic goes wrong, all of them for 8-bit types."""
    d = np.dtype(dtype)
    if kind(d) == "b":
        return np.array([False, True])
    if d.itemsize == 1:
        return np.arange(256).astype(np.uint8).view(d)
    if kind(d) in "ui":
        i = np.iinfo(d)
        near = [0, 1, 2, 3, 7, 10, 255, 256, i.max // 2, i.max - 1, i.max]
        if i.min < 0:
            near += [-1, -2, -3, -7, -256, i.min + 1, i.min]
        return np.array(near, dtype=d)
    if kind(d) == "c":
        f = finfo(d)
        ends = [0.0, -0.0, 1.0, -2.5, np.inf, np.nan]
        near = [complex(a, b) for a in ends for b in ends]
        near += [3 + 4j, 1e-3 - 100.7j, -0.5 + 0.25j, complex(1 / 3, -np.pi), complex(f.eps, -f.eps), 255j]
        near += [complex(f.max, 1), complex(f.tiny, -f.tiny), complex(f.smallest_subnormal, 0), complex(1, -np.inf)]
        return np.array(near, dtype=d)
    f = finfo(d)
    near = [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 10.0, 100.7, 255.0, 2.0**24 + 2, 1e20]
    near += [1 / 3, np.pi, f.eps, f.tiny, f.smallest_subnormal, float(f.tiny) / 3, f.max, np.inf]
    with np.errstate(over="ignore"):
        return np.array(near + [-v for v in near] + [np.nan], dtype=d)


def partners(dtype):
    """Second operands: few enough that pairs with every edge value stay small."""
    values = edge_values(dtype)
    if kind(dtype) in "biu" and np.dtype(dtype).itemsize == 1 and kind(dtype) != "b":
        wanted = [0, 1, 2, 3, 7, 16, 100, 127, 128, 129, 200, 254, 255]
        return np.array(wanted, dtype=np.uint8).view(dtype)
    if kind(dtype) == "f":
        return values[[0, 2, 4, 5, 6, 8, 9, 14, 17, 20, 21, 22, 24, 26, 28, 31, 43, 44]]
    if kind(dtype) == "c":
        return values[[0, 7, 12, 14, 15, 16, 21, 26, 30, 36, 37, 39, 40, 45]]
    return values


def moderate(dtype):
    """Complex numbers for functions: every quadrant, both axes, near 0 and 1, beside the branch cuts."""
    parts = [-20.5, -3.0, -1.25, -1.0, -0.5, -1e-3, 0.0, 1e-9, 0.3, 0.99, 1.0, 1.5, 2.0, np.pi, 7.75, 30.0]
    return np.array([complex(a, b) for a in parts for b in parts], dtype=dtype)


def complex_log1p(z):
    """NumPy's own takes the distance of 1 + z from 0, which loses what a small z says."""
    out = np.empty_like(z)
    near = np.log1p(z.real * (2 + z.real) + z.imag**2) / 2
    out.real = np.where(np.abs(1 + z) < 0.5, np.log(np.abs(1 + z)), near)
    out.imag = np.angle(1 + z)
    return out


def rounded_once(function, result):
    """`function` in long double of what NumPy would compute on (`result`), rounded to it."""
    wide = np.clongdouble if kind(result) == "c" else np.longdouble
    return lambda *xs: function(*[x.astype(result).astype(wide) for x in xs]).astype(result)


def elementwise():
    for dtype in DTYPES:
        x = save(f"in/{dtype}.x", edge_values(dtype))
        plain = dtype in PLAIN
        for op in UNARY + UNARY_PLAIN * plain:
            function = OWN.get(op) or getattr(np, op)
            call, note, exact, source = function, None, op not in NEAR, x
            if op == "reciprocal" and np.dtype(dtype).kind in "iu":
                # One over zero is whatever the machine makes of it.
                source = save(f"in/{dtype}.nonzero", written[x][written[x] != 0])
            with np.errstate(all="ignore"):
                try:
                    result = function(written[x][1:2]).dtype
                except TypeError:
                    result = None
            if (result == np.float16 and dtype != "float16") or (
                op == "frexp_exponent" and np.dtype(dtype).itemsize == 1
            ):
                result = np.dtype(np.float32)
                note = "input converted to float32 first; NumPy answers float16"
                call = lambda v, f=function: f(v.astype(np.float32))
            if kind(dtype) == "c" and result is not None:
                if op in ROUNDED_COMPLEX:
                    m = save(f"in/{dtype}.m", moderate(dtype))
                    wide = complex_log1p if op == "log1p" else function
                    note = "log1p of the squared distance from -1; NumPy's own loses digits" if op == "log1p" else None
                    add("unary", op, dtype, [m], rounded_once(wide, result), exact=False, note=note)
                    special = save(f"in/{dtype}.special", edge_values(dtype)[:36])
                    add("unary", op, f"{dtype}.special", [special], function, exact=False)
                    continue
                exact = op not in NEAR_COMPLEX
            elif op in ROUNDED and result is not None:
                call, exact = rounded_once(function, result), False
            add("unary", op, dtype, [source], call, exact=exact, note=note)

        a, b = (m.ravel() for m in np.meshgrid(edge_values(dtype), partners(dtype), indexing="ij"))
        pair = [save(f"in/{dtype}.a", a), save(f"in/{dtype}.b", b)]
        for op in BINARY + BINARY_PLAIN * plain:
            function, inputs = getattr(np, op), pair
            if op == "power" and kind(dtype) == "i":
                # NumPy refuses negative integer powers outright.
                inputs = [save(f"in/{dtype}.a.power", a[b >= 0]), save(f"in/{dtype}.b.power", b[b >= 0])]
                minus = [save(f"in/{dtype}.two", np.array([2], dtype)), save(f"in/{dtype}.minus", np.array([-1], dtype))]
                add("binary", op, f"{dtype}.negative", minus, function)
            with np.errstate(all="ignore"):
                try:
                    result = function(*[written[i][:1] for i in inputs]).dtype
                except (TypeError, ValueError):
                    result = np.dtype(dtype)
            note = None
            if result == np.float16 and dtype != "float16":
                result = np.dtype(np.float32)
                note = "inputs converted to float32 first; NumPy answers float16"
                function = lambda v, w, f=function: f(v.astype(np.float32), w.astype(np.float32))
            if kind(dtype) == "c" and op == "power":
                m = moderate(dtype)
                base, exponent = (v.ravel() for v in np.meshgrid(m[::5], m[::17], indexing="ij"))
                inputs = [save(f"in/{dtype}.base", base), save(f"in/{dtype}.exponent", exponent)]
                add("binary", op, dtype, inputs, rounded_once(function, dtype), exact=False)
            elif kind(dtype) == "c":
                add("binary", op, dtype, inputs, function, exact=op not in NEAR_COMPLEX)
            elif op in ROUNDED and kind(result) == "f":
                add("binary", op, dtype, inputs, rounded_once(function, result), exact=False, note=note)
            elif note:
                add("binary", op, dtype, inputs, function, note=note)
            else:
                add("binary", op, dtype, inputs, function)

        if dtype in ("int32", "uint64", "float32"):
            # Refused but for the first: an exponent is a whole number that int64 holds.
            add("binary", "ldexp", f"{dtype}.pair", pair, np.ldexp)
        if plain:
            powers = np.array([-5000, -1100, -160, -149, -24, -1, 0, 1, 10, 127, 128, 1025, 5000], np.int32)
            m, n = (g.ravel() for g in np.meshgrid(edge_values(dtype), powers, indexing="ij"))
            scaled = [save(f"in/{dtype}.m", m), save(f"in/{dtype}.powers", n)]
            if np.dtype(dtype).itemsize == 1:
                note = "input converted to float32 first; NumPy answers float16"
                add("binary", "ldexp", dtype, scaled, lambda v, w: np.ldexp(v.astype(np.float32), w), note=note)
            else:
                add("binary", "ldexp", dtype, scaled, np.ldexp)

        lo = np.roll(b, 1)
        with np.errstate(invalid="ignore"):
            hi = np.maximum(lo, np.roll(a, 2))
        if kind(dtype) == "c":
            # Where NumPy's clip and minimum disagree on NaN.
            hi = np.where(np.isnan(hi), lo, hi)
        bounds = [save(f"in/{dtype}.lo", lo), save(f"in/{dtype}.hi", hi)]
        # ml_dtypes has no clip and NumPy answers float32 there.
        clip = np.clip if dtype != "bfloat16" else lambda v, low, high: np.minimum(np.maximum(v, low), high)
        add("ternary", "clip", dtype, [pair[0], *bounds], clip)
        choice = save("in/bool.choice." + str(len(a)), np.arange(len(a)) % 3 != 1)
        add("ternary", "where", dtype, [choice, *pair], np.where)


def casts():
    for source, target in itertools.product(DTYPES, DTYPES):
        values = edge_values(source)
        if kind(source) in "fc" and kind(target) in "ui":
            # NumPy leaves the rest to the platform.
            i = np.iinfo(target)
            with np.errstate(all="ignore"):
                real = values.real.astype(np.float64)
                inside = np.isfinite(real) & (real > float(i.min) - 1) & (real < float(i.max))
            values = values[inside]
            name = f"in/{source}.to_{target}"
        else:
            name = f"in/{source}.x"
        add("cast", "astype", f"{source}_{target}", [save(name, values)], lambda v: v.astype(target), {"dtype": target})


def reductions():
    random = np.random.default_rng(20)
    shape = (3, 4, 5, 2)
    axes = [None, 0, 1, -1, (0, 2), (1, 2, 3), (0, 1, 2, 3)]
    arrays = {
        "bool": random.random(shape) < 0.7,
        "uint8": random.integers(0, 256, shape, dtype=np.uint8),
        "int8": random.integers(-128, 128, shape, dtype=np.int8),
        "uint16": random.integers(0, 1 << 16, shape, dtype=np.uint16),
        "int32": random.integers(-(1 << 31), 1 << 31, shape, dtype=np.int32),
        "int64": random.integers(-(1 << 62), 1 << 62, shape, dtype=np.int64),
        "float32": (random.random(shape) * 4 - 2).astype(np.float32),
        "float64": random.random(shape) * 4 - 2,
        "float16": (random.random(shape) * 4 - 2).astype(np.float16),
        "complex64": (random.random(shape) - 1j * random.random(shape)).astype(np.complex64),
        "complex128": random.random(shape) - 1j * random.random(shape),
        "bfloat16": (random.random(shape) * 4 - 2).astype("bfloat16"),
    }
    for dtype, array in arrays.items():
        x = save(f"in/reduce.{dtype}", array)
        for op, axis, keepdims in itertools.product("sum prod mean min max any all var std".split(), axes, [False, True]):
            if keepdims and axis not in [0, (1, 2, 3)]:
                continue
            label = f"{dtype}.{'all' if axis is None else '_'.join(map(str, np.atleast_1d(axis)))}{'.keep' if keepdims else ''}"
            attrs = {"axis": axis if axis is None else [int(a) for a in np.atleast_1d(axis)], "keepdims": keepdims}
            function = getattr(np, op)
            plain = function(array, axis=axis, keepdims=keepdims)
            if kind(np.asarray(plain).dtype) in "fc" and op not in ("min", "max", "ptp"):
                result = np.asarray(plain).dtype

                wide = np.clongdouble if kind(dtype) == "c" else np.longdouble

                def call(v, f=function, k=result, w=wide, ax=axis, kd=keepdims):
                    return np.asarray(f(v.astype(w), axis=ax, keepdims=kd)).astype(k)

                beside = plain if dtype == "float32" else None
                add("reduce", op, label, [x], call, attrs, exact=False, beside=beside)
            else:
                add("reduce", op, label, [x], lambda v: function(v, axis=axis, keepdims=keepdims), attrs)

    special = save("in/reduce.special", np.array([[1, np.nan, 2], [-1.5, 0.0, -np.inf], [3, np.inf, -np.inf]], np.float32))
    empty = save("in/reduce.empty", np.zeros((3, 0), np.float32))
    for op in "sum prod mean min max any all".split():
        function = getattr(np, op)
        for axis in [0, 1]:
            attrs = {"axis": [axis], "keepdims": False}
            add("reduce", op, f"special.{axis}", [special], lambda v: function(v, axis=axis), attrs)
            add("reduce", op, f"empty.{axis}", [empty], lambda v: function(v, axis=axis), attrs)


def movement():
    x = save("in/move.uint8", np.arange(4 * 5 * 6).astype(np.uint8).reshape(4, 5, 6))
    y = save("in/move.float32", (np.arange(12, dtype=np.float32) * 1.5 - 7).reshape(3, 1, 4))
    for n, shape in enumerate([(120,), (20, 6), (4, -1), (2, 2, 5, 3, 2), (1, 120, 1), (7, 7)]):
        add("movement", "reshape", str(n), [x], lambda v: v.reshape(shape), {"shape": list(shape)})
    for n, order in enumerate([None, (2, 1, 0), (0, 2, 1), (1, 2, 0), (-1, 0, 1), (0, 0, 1)]):
        add("movement", "transpose", str(n), [x], lambda v: np.transpose(v, order), {"axes": order and list(order)})

    every = slice(None)
    slices = [
        (slice(1, 3),),
        (slice(None, None, -1),),
        (slice(-3, -1), slice(None, None, 2), slice(4, 0, -1)),
        (every, slice(10, -10, -2), slice(-100, 100, 3)),
        (slice(2, 2),),
        (1,),
        (-1, every, 0),
        (slice(3, None, -2), 2, slice(None, 1, -2)),
        (0, 0, -6),
        (4,),
        (every, every, every, 0),
        (slice(None, None, 0),),
    ]
    for n, index in enumerate(slices):
        items = [i if isinstance(i, int) else [i.start, i.stop, i.step] for i in index]

        def take(v, i=index):
            try:
                return v[i]
            except IndexError as error:  # one kind of refusal for the manifest
                raise ValueError from error

        # An integer picks and drops the axis; [start, stop, step] keeps it, null is Python's None.
        add("movement", "slice", str(n), [x], take, {"index": items})
    for n, axis in enumerate([None, 0, -1, (0, 2)]):
        attrs = {"axis": None if axis is None else [int(a) for a in np.atleast_1d(axis)]}
        add("movement", "flip", str(n), [x], lambda v: np.flip(v, axis), attrs)
    for n, shape in enumerate([(3, 5, 4), (2, 3, 1, 4), (3, 1, 4), (3, 0, 4), (3, 5, 8)]):
        add("movement", "broadcast_to", str(n), [y], lambda v: np.broadcast_to(v, shape), {"shape": list(shape)})
    for dtype in ["bool", "uint8", "int32", "float32"]:
        source = save(f"in/diff.{dtype}", np.random.default_rng(7).integers(0, 256, (4, 3, 2)).astype(dtype))
        for axis in [0, 1]:
            add("movement", "diff", f"{dtype}.{axis}", [source], lambda v: np.diff(v, axis=axis), {"axis": [axis]})


def broadcasting():
    random = np.random.default_rng(3)
    shapes = [((4, 1, 3), (5, 1)), ((2, 3), (3,)), ((), (2, 2)), ((3, 0), (1,)), ((2, 3), (2,))]
    for n, (left, right) in enumerate(shapes):
        a = save(f"in/broadcast.{n}.a", random.integers(0, 256, left).astype(np.uint8))
        b = save(f"in/broadcast.{n}.b", random.integers(-99, 99, right).astype(np.int16))
        add("binary", "add", f"broadcast.{n}", [a, b], np.add)


def seed_job():
    batch = np.random.default_rng(8).integers(0, 256, (4, 24, 32, 3), dtype=np.uint8)
    x = save("in/seed.batch", batch)

    def job(v, mean_in):
        g = np.power(v.astype(np.float32) / 255.0, 0.8)
        m = np.mean(g, axis=(1, 2, 3), keepdims=True, dtype=mean_in).astype(np.float32)
        return (np.clip((g - m) * 1.2 + m, 0.0, 1.0) * 255.0).astype(np.uint8)

    plain = job(batch, np.float32)
    attrs = {"gamma": 0.8, "contrast": 1.2}
    note = "at most 1 level on less than 0.1 % of the samples; beside: the mean taken in float32"
    add("seed", "grade", "batch", [x], lambda v: job(v, np.float64), attrs, exact=False, beside=plain, note=note)


def promotion():
    scalars = {"bool": True, "int": 1, "float": 1.0, "complex": 1j}

    def pair(a, b):
        try:
            return np.promote_types(a, b).name
        except TypeError:  # ml_dtypes has no answer
            return None

    return {
        "pairs": {a: {b: pair(a, b) for b in DTYPES} for a in DTYPES},
        "weak": {a: {k: (np.ones(1, a) * s).dtype.name for k, s in scalars.items()} for a in DTYPES},
    }


def types():
    """can_cast (a digit for each type of "order"), isdtype and finfo (the bits of float64 values)."""
    kinds = ["bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric"]
    numpys = [d for d in DTYPES if d != "bfloat16"]
    rules = ["no", "equiv", "safe", "same_kind", "unsafe"]
    fields = "eps epsneg max min smallest_normal smallest_subnormal resolution".split()
    whole = "bits precision nmant nexp maxexp minexp".split()
    bits = lambda v: str(struct.unpack("<Q", struct.pack("<d", float(v)))[0])
    return {
        "order": DTYPES,
        "can_cast": {r: {a: "".join(str(int(np.can_cast(a, b, r))) for b in DTYPES) for a in DTYPES} for r in rules},
        "isdtype": {k: [d for d in numpys if np.isdtype(np.dtype(d), k)] for k in kinds},
        "finfo": {
            d: {f: bits(getattr(finfo(d), f)) for f in fields} | {w: int(getattr(finfo(d), w)) for w in whole}
            for d in ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]
        },
        "iinfo": {d: [str(np.iinfo(d).min), str(np.iinfo(d).max), np.iinfo(d).bits] for d in DTYPES if kind(d) in "ui"},
    }


def main():
    elementwise()
    broadcasting()
    casts()
    reductions()
    movement()
    seed_job()
    ids = [c["id"] for c in cases]
    assert len(ids) == len(set(ids))
    data, arrays, places = bytearray(), {}, {}
    for name, array in written.items():
        raw = array.tobytes()
        # Many answers are the same bytes.
        at = places.setdefault(raw, len(data))
        data += raw if at == len(data) else b""
        arrays[name] = [array.dtype.name, list(array.shape), at]
    head = {"version": 2, "numpy": np.__version__, "promotion": promotion(), "types": types()}
    # An array or a case a line: small diffs, and greppable.
    shelf = ",\n".join(f"  {json.dumps(name)}: {json.dumps(place)}" for name, place in arrays.items())
    lines = ",\n".join("  " + json.dumps(c) for c in cases)
    text = json.dumps(head)[:-1] + ',\n "arrays": {\n' + shelf + '\n},\n "cases": [\n' + lines + "\n]}\n"
    HERE.mkdir(exist_ok=True)
    (HERE / "cases.json").write_text(text)
    (HERE / "data.bin").write_bytes(data)
    print(f"{len(cases)} cases, {len(written)} arrays, {(len(text) + len(data)) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
