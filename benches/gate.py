"""Fails where a job has become half as fast against NumPy as it was when benches/gate.json was written.

    cargo xtask bench --gate           compares; part of ./test.sh
    cargo xtask bench --gate --write   writes what is found here to benches/gate.json

Each job runs on one thread, on every instruction set that the processor has; both sides take turns
and their fastest rounds are compared, so that a busy machine hurts neither. What fails is measured
again, twice: only what is slow three times has become slow.
"""

import json
import os
import platform
import sys
import time
from pathlib import Path

# Ours has one thread; OpenBLAS asks when it is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import speed

KNOWN = Path(__file__).with_name("gate.json")
# Short ones in which one path each stands: tables and counts, tables by channel, exact moments,
# narrow integers, blocks over operands in memory, functions, sums, products, sorting.
NAMES = ["seed batch", "imagenet", "frame stats", "motion", "filter f64", "chain f32", "sum axis 0"]
NAMES += ["sum axis 2", "matmul f32", "sort f32"]
ROUNDS = 4
TRIES = 3
FALL = 0.5


def fastest(call):
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1e3


def ratios(ours, name, isas):
    """{instruction set: how many times faster than NumPy}."""
    numpy = speed.JOBS[name][0]()["NumPy"]
    speed.check_same(name, ours.ask(name, 1)["check"], {"NumPy": numpy})
    best = {isa: float("inf") for isa in isas}
    theirs = float("inf")
    for _ in range(ROUNDS):
        for isa in isas:
            best[isa] = min(best[isa], *ours.ask(name, 3, 1, isa)["ms"])
        theirs = min(theirs, fastest(numpy), fastest(numpy))
    return {isa: theirs / ms for isa, ms in best.items()}


def main(program, write):
    if platform.machine() not in ("x86_64", "AMD64"):
        return None  # measured on x86-64 only: the ratios of another architecture are its own
    ours = speed.Ours(program)
    isas = ours.ask("isas", 0)["isas"]
    known = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    found, slow = {}, []
    for name in NAMES:
        for again in range(TRIES):
            new = ratios(ours, name, isas)
            old = found.setdefault(name, new)
            found[name] = {isa: max(old[isa], new[isa]) for isa in isas}
            failed = [i for i in isas if found[name][i] < FALL * known.get(name, {}).get(i, 0)]
            if write or not failed:
                break
        print(f"{name:12}" + "".join(f"  {isa} {found[name][isa]:.3g}" for isa in isas))
        slow += [f"{name} on {i}: {found[name][i]:.3g} times NumPy, was {known[name][i]:.3g}" for i in failed]
    if write:
        rounded = {name: {isa: float(f"{r:.3g}") for isa, r in by.items()} for name, by in found.items()}
        KNOWN.write_text(json.dumps(rounded, indent=1) + "\n")
        return None
    return "\n".join(["bench: half as fast as it was:", *slow]) if slow else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--write" in sys.argv[2:]))
