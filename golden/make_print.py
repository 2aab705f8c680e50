"""Writes golden/print.json: how NumPy prints arrays, for the engine's tests to compare with.

    .venv/bin/python golden/make_print.py

    version      1
    numpy        the version that answered
    cases        a list of
        dtype    element type
        shape    shape
        values   the elements in C order, as texts that give the exact value back; of complex
                 numbers the two parts with a blank between
        tile     (some) the elements repeat to fill the shape
        options  what numpy.printoptions was given
        str      str(array)
        repr     repr(array)
    halves       FNV-1a of "number number ... " over all float16 from 0 up, the infinity left out:
                 each as str writes it

bfloat16 prints as ml_dtypes makes it.
"""

import json
from pathlib import Path

import ml_dtypes
import numpy as np

HERE = Path(__file__).resolve().parent
INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
FLOATS = ["float32", "float64"]
cases = []


def text(v):
    if isinstance(v, (np.bool_, bool)):
        return "1" if v else "0"
    if isinstance(v, np.complexfloating):
        return f"{float(v.real)!r} {float(v.imag)!r}"
    if isinstance(v, (np.floating, ml_dtypes.bfloat16)):
        return repr(float(v))
    return str(int(v))


def case(array, **options):
    array = np.asarray(array)
    flat = array.ravel()
    entry = {"dtype": array.dtype.name, "shape": list(array.shape), "values": [text(v) for v in flat]}
    # A period that is found is kept instead of thousands of numbers.
    for period in (1, 7, 97):
        if flat.size > 200 and (flat[period:] == flat[:-period]).all():
            entry["values"] = entry["values"][:period]
            entry["tile"] = True
            break
    with np.printoptions(**options):
        entry |= {"options": options, "str": str(array), "repr": repr(array)}
    cases.append(entry)


def pairs(d, re, im):
    z = np.empty(np.shape(re), d)
    z.real, z.imag = re, im
    return z


def cycle(period, shape, dtype, scale=1):
    n = int(np.prod(shape))
    return (np.arange(n) % period * scale).astype(dtype).reshape(shape)


rng = np.random.default_rng(3)

def shapes(d):
    for shape in [(), (1,), (4,), (40,), (2, 3), (2, 3, 4), (1, 1, 1, 2), (0,), (0, 3), (2, 0, 1)]:
        n = int(np.prod(shape))
        case((np.arange(n) * 7 % 100).astype(d).reshape(shape))
    case(cycle(97, (2000,), d))
    case(cycle(7, (40, 50), d))
    case(cycle(97, (11, 12, 13), d))
    case(cycle(7, (2, 600), d))


def floats(d):
    t = np.dtype(d).type
    number = lambda v: np.array(v).astype(t)  # noqa: E731
    for v in [0, -0.0, 1, 0.1, 1 / 3, 1e-4, 9.9e-5, 1e5, 999999, 1e6, 1.5e6, 16777216, 1e8, 1e15, 1e16, 1.5e16, 1e-300, 1e30, np.pi]:
        case(number(v))
        case(number([v]))
    for v in [np.nan, np.inf, -np.inf]:
        case(number(v))
        case(number([v]))
        case(number([v, 1.5]))
        case(number([v, -2.25, 1e9]))
        case(number([np.nan, v, 1e-7]))
    for values in [
        [1, 2.5, 0.125], [0.1, 0.2, 0.3], [1 / 3, 2 / 3, 100], [1e-5, 1], [1e-4, 0.1], [1e-4, 0.1001], [1, 1000], [1, 1001],
        [99999999, 1], [1e8, 5], [1e6, 5e5], [999999.5, 1e3], [-1, 1], [-0.0, 0.0], [0, 0], [1e-10, -1e-10], [1e100, 1],
        [1.23456789e-5, 1.2345678e7], [123456.789, 0.5], [0.1234567891234, 12.5], [2.5e-320, 1], [-1e-5, 3e22, np.nan],
        [0.5, 1.5, 2.5], [1e-5, 1.2345678e7], [16777217, 3], [4.35, 2.675, 1.005], [0.000100001, 0.05],
        [2574718.25, 1e-9], [-141238.125, 77032.21], [1565399.25, 1], [2**-44, 1],
    ]:
        a = number(values)
        case(a)
        case(a, precision=3)
        case(a, suppress=True)
    case(number([0.5, 1.5, 2.5, 1000]), precision=0)
    case(number([0.5, 1.5, 2.5, 1e9]), precision=0)
    case(rng.standard_normal((5, 7)).astype(t))
    case(rng.standard_normal((2, 3, 4)).astype(t) * t(1e4))
    case(rng.standard_normal(30).astype(t), linewidth=40)
    case(rng.standard_normal((3, 8)).astype(t), linewidth=30, precision=4)
    case(np.exp(rng.standard_normal(20) * 6).astype(t))
    case(np.exp(rng.standard_normal(20) * 6).astype(t), precision=2)
    case(np.exp(rng.standard_normal((4, 4)) * 20).astype(t), suppress=True)


for d in ["bool", *INTEGERS, *FLOATS]:
    shapes(d)
for d in INTEGERS:
    info = np.iinfo(d)
    case(np.array([info.min, 0, info.max], d))
    case(np.array(info.max, d))
    case(rng.integers(info.min, info.max, (3, 9), d, endpoint=True))
for d in FLOATS:
    floats(d)
case(cycle(97, (30,), "uint8"), threshold=10)
case(cycle(97, (30,), "uint8"), threshold=10, edgeitems=2)
case(cycle(97, (30, 30), "int32"), threshold=10, edgeitems=1)
case(cycle(97, (6, 7, 8), "float32", 0.5), threshold=10, edgeitems=2)
case(cycle(97, (6,), "uint8"), threshold=2)
case(cycle(97, (), "uint8"), threshold=0)
case(cycle(97, (100,), "int64"), linewidth=20)
case(cycle(97, (4, 30), "int16"), linewidth=25)
case(cycle(97, (2, 2, 20), "int16"), linewidth=10)
case(cycle(97, (5,), "int64"), linewidth=1)
case(cycle(2, (3, 40), "bool"))
case(cycle(97, (1, 1, 1, 1, 3), "uint8"))
case(cycle(7, (3, 3, 3, 3, 20), "uint8"), threshold=50)
case(cycle(97, (22,), "int64", 1000))
for n in range(17, 27):
    case(np.arange(n, dtype="uint16"))
    case(np.arange(n, dtype="float32"))

for d in ["float16", ml_dtypes.bfloat16]:
    shapes(d)
    floats(d)
case(np.array([999, 999.5], "float16"))
case(np.array([1e-4, 0.1], "float16"))
case(np.array([6e-8, 65504], "float16"))
case(np.array([0.015625, 2**-14, 2**-24], "float16"))
case(np.array([0.1, 100.1], "float16"))
case(np.array([0.1, 99.9], "float16"), precision=1)
for d in ["complex64", "complex128"]:
    shapes(d)
    odd = [0.0, -0.0, 1.0, 0.1, -2.5, 1e-5, 999999.5, 1e7, 1e16, np.nan, np.inf, -np.inf]
    for re in odd:
        for im in odd:
            z = pairs(d, re, im)
            case(z)
            case(pairs(d, [re], [im]))
            case(pairs(d, [re, 1.5], [im, -0.25]))
    case(pairs(d, odd, odd[::-1]))
    case(pairs(d, odd[:8], odd[7::-1]), suppress=True)
    for scale in [1, 1e3, 1e5, 1e-6]:
        z = pairs(d, rng.standard_normal((3, 5)) * scale, rng.standard_normal((3, 5)))
        for options in [{}, {"precision": 3}, {"suppress": True}, {"linewidth": 40}, {"threshold": 5, "edgeitems": 1}]:
            case(z, **options)
    case(pairs(d, [1 / 3, 2 / 3], [100.5, -1e-3]), precision=0)

halves = 0xCBF29CE484222325
for bits in range(0x7C00):
    for byte in f"{str(np.uint16(bits).view(np.float16))} ".encode():  # a bare {} would ask Python, not NumPy
        halves = (halves ^ byte) * 0x100000001B3 % 2**64

answer = {"version": 1, "numpy": np.__version__, "halves": str(halves), "cases": cases}
(HERE / "print.json").write_text(json.dumps(answer, indent=0) + "\n")
print(len(cases), "cases")
