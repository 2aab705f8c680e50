"""How far the float64 functions are from the truth, in units in the last place.

    cargo build --release -p opusclip-raw --example ulps
    .venv/bin/python scripts/accuracy.py [COUNT] [NAME...]

The example (`crates/raw/examples/ulps.rs --dump`) gives COUNT arguments and results of each
function; the truth is NumPy's in long double, whose error is some thousandths of a float64's unit.
It prints the rows of the table in docs/accuracy.md. For float32 the example itself sweeps."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
ONE = (
    "sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh cbrt"
).split()
TWO = "pow atan2 hypot".split()


def ulps(got, want):
    """Distances in the unit of the true value; infinite where one is NaN or infinite and the other not."""
    with np.errstate(all="ignore"):
        rounded = want.astype(np.float64)
        _, e = np.frexp(want)
        unit = np.ldexp(np.longdouble(1), np.maximum(e, -1021) - 53)
        off = np.abs(got.astype(np.longdouble) - want) / unit
        same = (got == rounded) & ~np.isfinite(rounded) | np.isnan(got) & np.isnan(want)
        off = np.where(same, 0, off)
        # Beyond the greatest float64 both answers, it and infinity, are a unit away at most.
        return np.where(np.isfinite(off), off, np.inf).astype(np.float64)


def main():
    args = sys.argv[1:]
    count = int(args.pop(0)) if args and args[0].isdigit() else 10_000_000
    if np.finfo(np.longdouble).nmant < 63:
        sys.exit("long double is no wider than float64 on this machine")
    for name in args or ONE + TWO:
        raw = subprocess.run(
            [TARGET / "release" / "examples" / "ulps", "--dump", name, str(count)], check=True, capture_output=True
        ).stdout
        rows = np.frombuffer(raw, "<f8").reshape(count, 2 if name in ONE else 3)
        worst, at = 0.0, ()
        for part in np.array_split(rows, max(1, count // 500_000)):
            with np.errstate(all="ignore"):
                inputs = [part[:, i].astype(np.longdouble) for i in range(part.shape[1] - 1)]
                want = getattr(np, name)(*inputs)
            off = ulps(part[:, -1], want)
            i = int(np.argmax(off))
            if off[i] > worst:
                worst, at = float(off[i]), tuple(part[i, :-1].tolist())
        print(f"| {name} | {worst:.3f} | {', '.join(map(repr, at))} |", flush=True)


if __name__ == "__main__":
    main()
