"""Writes `crates/engine/src/random/tables.rs`: the layers of NumPy's ziggurats, to the bit.

A ziggurat (Marsaglia and Tsang, 2000) covers a falling density f by 256 layers of one area v, the
lowest of which has the tail beyond r. Layer i ends at x[i]; `W` is x[i] per unit of the drawn
integer, `K` the integers that surely lie below the curve, `F` is f(x[i]).

NumPy's `standard_normal` tables came out of a float64 recursion, whose rounding is repeated here
with correctly rounded exp and log; those of `standard_exponential` are the exact values, rounded.
"""

import pathlib
import struct

import mpmath as mp

OUT = pathlib.Path(__file__).parent.parent / "crates" / "engine" / "src" / "random" / "tables.rs"
NORMAL_R = 3.6541528853610087963519472518
NORMAL_AREA = 0.0049286732339746519
# The one exp that the library behind NumPy's tables rounded to the wrong neighbour.
ROUNDED_UP = 38
LAYERS = 256


def exp(x):
    return float(mp.exp(mp.mpf(x)))


def log(x):
    return float(mp.log(mp.mpf(x)))


def nine_digits(x):
    """Rounded to nine significant digits: NumPy's float32 tables for the exponential stand so in its source."""
    return float(mp.nstr(x, 9))


def normal():
    """float64 steps from the tail upwards."""
    x, f = [0.0] * LAYERS, [1.0] * LAYERS
    x[255] = NORMAL_R
    for i in range(255, 0, -1):
        f[i] = exp(-0.5 * x[i] * x[i])
        if i == ROUNDED_UP:
            f[i] = float(mp.mpf(f[i]) + mp.mpf(2) ** -53)
        if i > 1:
            x[i - 1] = float(mp.sqrt(-2 * log(f[i] + NORMAL_AREA / x[i])))
    # Layer 0 stands for the tail: a rectangle of the same area.
    wide = NORMAL_AREA / f[255]

    def table(scale):
        k = [round(x[255] * f[255] / NORMAL_AREA * scale), 0]
        k += [round(x[i - 1] / x[i] * scale) for i in range(2, LAYERS)]
        return k, [v / scale for v in [wide, *x[1:]]], f

    return table(2.0**52), table(2.0**23)


def exponential():
    """Exact values, rounded at the end."""
    r = mp.mpf("7.6971174701310497140446280481")
    area = r * mp.exp(-r) + mp.exp(-r)
    x, f = [mp.mpf(0)] * LAYERS, [mp.mpf(1)] * LAYERS
    x[255] = r
    for i in range(255, 0, -1):
        f[i] = mp.exp(-x[i])
        if i > 1:
            x[i - 1] = -mp.log(f[i] + area / x[i])
    x[0] = area / f[255]
    share = [x[255] / x[0], mp.mpf(0), *(x[i - 1] / x[i] for i in range(2, LAYERS))]
    double = [2 * int(mp.floor(s * 2**52)) for s in share], [float(v / 2**53) for v in x], [float(v) for v in f]
    single = ([int(mp.nint(s * 2**23)) for s in share], [nine_digits(v / 2**23) for v in x], [nine_digits(v) for v in f])
    return double, single


def bits(value, wide):
    return struct.unpack("<Q" if wide else "<I", struct.pack("<d" if wide else "<f", value))[0]


def write(name, doc, values, wide, real):
    digits = 16 if wide else 8
    words = [bits(v, wide) if real else v for v in values]
    words = [f"0x{w:0{digits}x}" for w in words]
    per = 5 if wide else 9
    lines = [f"/// {doc}", f"pub(super) static {name}: [u{64 if wide else 32}; 256] = ["]
    lines += ["    " + ", ".join(words[i : i + per]) + "," for i in range(0, LAYERS, per)]
    return [*lines, "];"]


def main():
    mp.mp.dps = 60
    out = [
        "//! The layers of the ziggurats, as bits. Written by `golden/make_ziggurat.py`, which says how;",
        "//! do not edit.",
        "",
    ]
    for name, (double, float_) in (("NORMAL", normal()), ("EXP", exponential())):
        for wide, (k, w, f) in ((True, double), (False, float_)):
            suffix = "F64" if wide else "F32"
            kind = "float64" if wide else "float32"
            law = "standard normal" if name == "NORMAL" else "standard exponential"
            out += write(f"{name}_K_{suffix}", f"Sure integers of each layer; {law}, {kind}.", k, wide, False)
            out += write(f"{name}_W_{suffix}", f"Width of an integer in each layer; {law}, {kind}.", w, wide, True)
            out += write(f"{name}_F_{suffix}", f"The density at each layer's end; {law}, {kind}.", f, wide, True)
    OUT.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
