"""What each function costs: nanoseconds an element, ours on each instruction set and NumPy's.

    cargo build --release -p opusclip-raw --example nanos
    .venv/bin/python scripts/nanos.py [NAME...]

prints the table of docs/accuracy.md. Both sides take the same arguments (`arguments` in
crates/raw/examples/nanos.rs), over and over; NumPy's runs are longer, so that its calls do not
count, and it writes into an array that is there. The sides take turns and the best of the rounds
counts: the machine may be busy."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
NUMPY = {"pow": "power", "atan2": "arctan2"} | {
    short: short.replace("a", "arc", 1) for short in "asin acos atan asinh acosh atanh".split()
}
PAIRS = {"pow", "atan2", "hypot"}
# Once round the arguments, and so often again: 16 K elements stay in the second cache.
N, AGAIN = 1024, 16
ROUNDS = 3


def theirs(name, dtype):
    end = 1.0 if name in {"asin", "acos", "atanh"} else 10.0
    start = 1.0 if name == "acosh" else 0.0
    x = start + end * (np.arange(N) * 389 % N + 0.5) / N
    inputs = [x, x[::-1] - 5.0] if name in PAIRS else [x]
    inputs = [np.tile(a.astype(dtype), AGAIN) for a in inputs]
    out = np.empty_like(inputs[0])
    function = getattr(np, NUMPY.get(name, name))
    best, begun = float("inf"), time.perf_counter()
    with np.errstate(all="ignore"):
        while time.perf_counter() - begun < 0.05:
            t = time.perf_counter()
            function(*inputs, out=out)
            best = min(best, time.perf_counter() - t)
    return best * 1e9 / out.size


def main():
    rows = {}
    for _ in range(ROUNDS):
        program = [TARGET / "release" / "examples" / "nanos", *sys.argv[1:]]
        lines = subprocess.run(program, check=True, capture_output=True, text=True).stdout.splitlines()
        head = lines[0].split()[2:]
        for line in lines[1:]:
            name, kind, *figures = line.split()
            figures = [*map(float, figures), theirs(name, {"f32": np.float32, "f64": np.float64}[kind])]
            before = rows.get((name, kind), figures)
            rows[name, kind] = [min(pair) for pair in zip(before, figures)]
    print(f"| function | type | {' | '.join(head)} | NumPy {np.__version__} |")
    print("|---|---|" + "---|" * (len(head) + 1))
    for (name, kind), figures in rows.items():
        print(f"| {name} | {kind} | {' | '.join(f'{f:.2f}' for f in figures)} |", flush=True)


if __name__ == "__main__":
    main()
