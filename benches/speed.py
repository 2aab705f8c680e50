"""Times our engine against NumPy, numexpr, numba, JAX, hand-written OpenCV and memcpy.

    cargo xtask bench                     all jobs, writes benches/NUMBERS.md with the other figures
    cargo xtask bench --quick [JOB…]      a few rounds, printed only

All sides get the same elements and take turns, a round each, in one run; a figure is the median
of its rounds. `ours : it` above 1 says that ours is so many times faster.
"""

import json
import os
import statistics
import subprocess
import time
from functools import partial

import cv2
import numpy as np

FRAMES = (10, 480, 640, 3)
# Threads of OpenBLAS and XLA spin for a while after a call: the next side must not pay for that. And
# after the pause caches and clocks are cold: each side runs so many seconds before it is timed.
PAUSE = 0.1
WARM = 0.05


def warm(call):
    """Waits for the other side's threads, then calls until everything is awake."""
    time.sleep(PAUSE)
    end = time.perf_counter() + WARM
    while time.perf_counter() < end:
        call()
MANY = 1 << 24


def seed_job(batch):
    """The reference job as NumPy users write it, on a batch of frames."""
    g = np.power(batch.astype(np.float32) / 255.0, 0.8)
    m = np.mean(g, axis=(1, 2, 3), keepdims=True)
    return (np.clip((g - m) * 1.2 + m, 0.0, 1.0) * 255.0).astype(np.uint8)


RAMP = (np.arange(256, dtype=np.float32) / 255.0) ** np.float32(0.8)


def by_hand(frame):
    """The same as an expert would write it with OpenCV: a histogram for the mean, then a table."""
    flat = frame.reshape(len(frame), -1)  # one channel: one pass over the samples
    counts = cv2.calcHist([flat], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    m = np.float32((counts * RAMP).sum() / frame.size)
    table = (np.clip((RAMP - m) * np.float32(1.2) + m, 0, 1) * 255).astype(np.uint8)
    return cv2.LUT(frame, table)


def frames_u8(shape):
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def floats(shape, dtype):
    return np.random.default_rng(1).random(shape, dtype)


def normals(shape, dtype):
    return np.random.default_rng(1).standard_normal(shape, dtype)


def copy_of(size, threads=1):
    """A copy of so many bytes, half read and half written, into warm memory."""
    source, target = np.ones(size // 2, np.uint8), np.zeros(size // 2, np.uint8)
    if threads == 1:
        return lambda: np.copyto(target, source)
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(threads)
    edges = [len(source) * i // threads for i in range(threads + 1)]
    parts = list(zip(edges, edges[1:]))
    return lambda: list(pool.map(lambda p: np.copyto(target[p[0] : p[1]], source[p[0] : p[1]]), parts))


def chain(xp, x):
    return xp.sqrt(x * x + 1) * 0.5 + xp.exp(-abs(x)) - xp.tanh(x)


def numba_chain(dtype):
    import math

    import numba

    half, one, two = dtype(0.5), dtype(1), dtype(2)

    @numba.njit(parallel=True, fastmath=True)
    def wave(x, out):
        for i in numba.prange(x.size):
            v = x[i]
            out[i] = math.sqrt(v * v + one) * half + math.exp(-abs(v)) - math.tanh(v)

    @numba.njit(parallel=True, fastmath=True)
    def square_sin(x, out):
        for i in numba.prange(x.size):
            out[i] = x[i] * x[i] + math.sin(x[i])

    return wave, square_sin


def lazily(make):
    """A call that is made when it is first called: the gate is without numba, numexpr and JAX."""
    made = []

    def call():
        if not made:
            made.append(make())
        return made[0]()

    return call


def jax_of(function, x):
    """`function(jax.numpy, x)`, compiled."""

    def make():
        import jax

        jax.config.update("jax_enable_x64", True)
        compiled, array = jax.jit(partial(function, jax.numpy)), jax.numpy.asarray(x)
        return lambda: compiled(array).block_until_ready()

    return lazily(make)


def numexpr_of(expression, x, out):
    def make():
        import numexpr

        return lambda: numexpr.evaluate(expression, {"x": x}, out=out)

    return lazily(make)


def elementwise(x, function, expression, kernel):
    """Rivals of a chain over one array; `kernel` makes numba's."""
    out = np.empty_like(x)
    return {
        "NumPy": lambda: function(np, x),
        "numexpr": numexpr_of(expression, x, out),
        "numba parallel": lazily(lambda: partial(kernel(), x, out)),
        "jax.jit": jax_of(function, x),
        "copy, 2 threads": copy_of(2 * x.nbytes, 2),
    }


WAVE = "sqrt(x * x + 1) * 0.5 + exp(-abs(x)) - tanh(x)"


def square_sin(xp, x):
    return x**2 + xp.sin(x)


def seed(shape):
    x = frames_u8(shape)
    return {
        "NumPy": lambda: seed_job(x),
        "cv2 by hand": lambda: [by_hand(f) for f in x],
        "memcpy": copy_of(2 * x.nbytes),
    }


def imagenet():
    x = frames_u8((64, 224, 224, 3))
    mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    job = lambda: np.ascontiguousarray(((x.astype(np.float32) / 255 - mean) / std).transpose(0, 3, 1, 2))
    return {"NumPy": job, "copy of the output": copy_of(2 * 4 * x.size)}


def frame_stats():
    x = frames_u8((30, 720, 1280, 3))
    return {"NumPy": lambda: (x.mean(axis=(1, 2, 3)), x.std(axis=(1, 2, 3))), "read": lambda: x.max()}


def frame_medians():
    x = frames_u8((30, 720, 1280, 3))
    frames = x.reshape(len(x), -1)

    def by_hand():
        for f in frames:
            below = cv2.calcHist([f[None]], [0], None, [256], [0, 256]).ravel().cumsum()
            np.searchsorted(below, np.array([0.05, 0.5, 0.95]) * f.size)
            f.min(), f.max()

    axes = (1, 2, 3)
    numpy = lambda: (np.median(x, axes), np.percentile(x, [5, 50, 95], axes), x.min(axes), x.max(axes))
    return {"NumPy": numpy, "cv2 histogram by hand": by_hand, "read": lambda: x.max()}


def motion():
    x = frames_u8((30, 720, 1280, 3))
    return {"NumPy": lambda: np.abs(np.diff(x.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))}


def moved(job, *arrays, written):
    return {"NumPy": job, "copy, 2 threads": copy_of(sum(a.nbytes for a in arrays) + written, 2)}


def filter_f64():
    x, f = floats(FRAMES, np.float64), floats((480, 640, 1), np.float64)
    return moved(lambda: x * f, x, written=x.nbytes)


def diff_f64():
    x = floats(FRAMES, np.float64)
    return moved(lambda: np.diff(x, axis=0), x, written=x.nbytes * 9 // 10)


def where_f64():
    x = floats(FRAMES, np.float64)
    return moved(lambda: np.where(x > 0.5, x, 0.0), x, written=x.nbytes)


def sums(shape, axis, dtype):
    x = floats(shape, dtype)
    return {"NumPy": lambda: x.sum(axis=axis), "jax.jit": jax_of(lambda xp, x: xp.sum(x, axis=axis), x)}


def matmul():
    x = floats((1024, 1024), np.float32)
    return {"NumPy": lambda: x @ x}


def sort():
    x = floats(2_000_000, np.float32)
    return {"NumPy": lambda: np.sort(x)}


def tiny():
    x = floats(3, np.float64)
    return {"NumPy": lambda: x * 2.0 + 1.0}


def chain_f(name, dtype, size):
    x = normals(size, dtype)
    if name == "chain":
        return elementwise(x, chain, WAVE, lambda: numba_chain(dtype)[0])
    return elementwise(x, square_sin, "x ** 2 + sin(x)", lambda: numba_chain(dtype)[1])


# The job, its rivals, and what is asked: {rival: least times that ours must be faster}.
JOBS = {
    "seed batch": (partial(seed, FRAMES), {"memcpy": 0.5, "cv2 by hand": 5, "NumPy": 100}),
    "seed batch, avx2": (partial(seed, FRAMES), {"cv2 by hand": 2}),
    "seed frame": (partial(seed, (1, 1080, 1920, 3)), {"NumPy": 50}),
    "imagenet": (imagenet, {"NumPy": 15, "copy of the output": 0.5}),
    "frame stats": (frame_stats, {"NumPy": 20}),
    "frame medians": (frame_medians, {"NumPy": 20}),
    "motion": (motion, {"NumPy": 20}),
    "filter f64": (filter_f64, {"copy, 2 threads": 1 / 1.3}),
    "diff f64": (diff_f64, {"copy, 2 threads": 1 / 1.3}),
    "where f64": (where_f64, {"copy, 2 threads": 1 / 1.3}),
    "chain f32": (partial(chain_f, "chain", np.float32, MANY), {"numba parallel": 1, "jax.jit": 1, "NumPy": 4}),
    "chain f64": (partial(chain_f, "chain", np.float64, MANY // 2), {}),
    "square sin f32": (partial(chain_f, "square", np.float32, MANY), {"NumPy": 1, "numexpr": 1, "numba parallel": 1, "jax.jit": 1}),
    "square sin f64": (partial(chain_f, "square", np.float64, MANY // 2), {"NumPy": 1, "numexpr": 1, "numba parallel": 1, "jax.jit": 1}),
    "sum axis 0": (partial(sums, (256, 256, 256), 0, np.float32), {"NumPy": 1, "jax.jit": 1}),
    "sum axis 1": (partial(sums, (256, 256, 256), 1, np.float32), {"NumPy": 1, "jax.jit": 1}),
    "sum axis 2": (partial(sums, (256, 256, 256), 2, np.float32), {"NumPy": 1, "jax.jit": 1}),
    "sum all": (partial(sums, (256, 256, 256), None, np.float32), {"NumPy": 1, "jax.jit": 1}),
    "sum f64 axis 0": (partial(sums, (128, 256, 256), 0, np.float64), {"NumPy": 1, "jax.jit": 1}),
    "matmul f32": (matmul, {"NumPy": 0.7}),
    "sort f32": (sort, {"NumPy": 0.7}),
    "tiny f64": (tiny, {}),
}


class Ours:
    """Our side: the example `jobs`, which stays alive and answers a job a line; a process for each instruction set,
    so that all of the library keeps to it."""

    def __init__(self, program):
        self.program, self.children = program, {}

    def child(self, isa):
        if isa not in self.children:
            forced = {**os.environ, "OPUSCLIP_ISA": isa} if isa else None
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            self.children[isa] = subprocess.Popen([self.program], env=forced, **pipes)
        return self.children[isa]

    def ask(self, job, rounds, threads=0, isa=""):
        """A name such as `seed batch, avx2` forces an instruction set."""
        job, _, named = job.partition(", ")
        child = self.child(isa or named)
        child.stdin.write(f"{job}\t{rounds}\t{threads}\n")
        child.stdin.flush()
        line = child.stdout.readline()
        if not line:
            raise SystemExit(f"our side ended at {job}")
        return json.loads(line)

    def end(self):
        for child in self.children.values():
            child.stdin.close()
            child.wait()


def check_same(name, ours, rivals):
    """Both sides must have computed the same."""
    if "NumPy" not in rivals:
        return
    theirs = rivals["NumPy"]()
    theirs = theirs if isinstance(theirs, tuple) else (theirs,)
    for a, b in zip(ours, theirs):
        b = float(np.mean(b, dtype=np.float64))
        if abs(a - b) > 1e-5 * max(1.0, abs(b)):
            raise SystemExit(f"{name}: ours has the mean {a}, NumPy {b}")


def measure(ours, name, rounds, threads=(0,)):
    """{who: [milliseconds]}, ours under its number of threads (0: all)."""
    rivals = JOBS[name][0]()
    check_same(name, ours.ask(name, 2)["check"], rivals)
    for function in rivals.values():
        function()
        function()
    times = {}
    for _ in range(rounds):
        for n in threads:
            warm(lambda: ours.ask(name, 5, n))
            times.setdefault(n, []).extend(ours.ask(name, 3, n)["ms"])
        for who, function in rivals.items():
            warm(function)
            for _ in range(2):
                begun = time.perf_counter()
                function()
                times.setdefault(who, []).append((time.perf_counter() - begun) * 1e3)
    return times


def table(ours, names, rounds):
    """Lines of Markdown, and the jobs that miss what was asked."""
    lines = ["| job | ours, ms | 1 thread | threads gain | rival | ms | ours : it | asked |", "|---" * 8 + "|"]
    missed = []
    for name in names:
        times = measure(ours, name, rounds, (0, 1))
        best, single = statistics.median(times.pop(0)), statistics.median(times.pop(1))
        first = f"{name} | {best:.3g} | {single:.3g} | {single / best:.2f}"
        for who, values in times.items():
            value = statistics.median(values)
            asked = JOBS[name][1].get(who)
            met = asked is None or value / best >= asked
            if not met:
                missed.append(f"{name} against {who}: {value / best:.2f}, asked {asked:.2f}")
            mark = "" if asked is None else f"{asked:.3g}" + ("" if met else " **missed**")
            lines.append(f"| {first} | {who} | {value:.3g} | {value / best:.2f} | {mark} |")
            first = " | | | "
    return lines, missed


if __name__ == "__main__":
    import sys

    program, rounds, *names = sys.argv[1:]
    if unknown := [n for n in names if n not in JOBS]:
        sys.exit(f"no job is named {', '.join(unknown)}; there are: {', '.join(JOBS)}")
    text, missed = table(Ours(program), names or list(JOBS), int(rounds))
    print("\n".join(text + [""] + missed))
