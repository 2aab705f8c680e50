"""Measures the figures of the project in one run and writes benches/NUMBERS.md.

    cargo xtask bench              everything, about fifteen minutes on two cores (ten thousand frames take four of them)
    cargo xtask bench --no-build   without the cold build

Ours and theirs take turns, so that whatever else the machine does hits both. Every figure is the
median of at least five runs, but for the peak of ten thousand frames, which is that of one. Compare ratios: milliseconds belong to one machine on one day.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import speed
from speed import by_hand, seed_job

ROOT = Path(__file__).resolve().parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
TARGET = TARGET if TARGET.is_absolute() else ROOT / TARGET
BUNNY = ROOT / "samples" / "bunny.mp4"
FRAMES = 132


# A child's peak starts at the size of whoever forked it, so a small process does that.
LAUNCHER = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(child.pid, 0)
open(sys.argv[1], "w").write(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}")
os._exit(os.waitstatus_to_exitcode(status) & 255)
"""


def run(command, **more):
    """Runs a command, which must succeed; returns wall seconds, CPU seconds, peak bytes, stdout."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile() as used:
        launch = [sys.executable, "-I", "-S", "-c", LAUNCHER, used.name, *(str(c) for c in command)]
        begun = time.perf_counter()
        code = subprocess.run(launch, stdout=out, stderr=err, stdin=subprocess.DEVNULL, **more).returncode
        wall = time.perf_counter() - begun
        out.seek(0)
        err.seek(0)
        if code != 0:
            sys.exit(f"{command} exits {code}: {err.read().decode(errors='replace')[-2000:]}")
        cpu, peak = used.read().split()
        return wall, float(cpu), int(peak) * 1024, out.read().decode()


def spread(values):
    """`median (least to most)` as text, and the median."""
    middle = statistics.median(values)
    return f"{middle:.3g} ({min(values):.3g} to {max(values):.3g})", middle


def timed(function, runs):
    """Milliseconds of each call, after one call to warm up."""
    function()
    out = []
    for _ in range(runs):
        begun = time.perf_counter()
        function()
        out.append((time.perf_counter() - begun) * 1e3)
    return out


class X264Pipe:
    """H.264 by FFmpeg's x264 at its fast preset, fed through a pipe: the usual way round cv2's lack of H.264."""

    def __init__(self, target, rate, size):
        raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{size[0]}x{size[1]}", "-r", str(rate), "-i", "-"]
        x264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", str(target)]
        self.child = subprocess.Popen(["ffmpeg", "-y", "-v", "error", *raw, *x264], stdin=subprocess.PIPE)

    def write(self, frame):
        self.child.stdin.write(frame.tobytes())

    def release(self):
        self.child.stdin.close()
        if self.child.wait() != 0:
            sys.exit("ffmpeg failed")


def opencv_loop(source, target, encoder):
    """Decode, grade with NumPy, encode: what a Python user does today. Child process."""
    capture = cv2.VideoCapture(str(source))
    rate = capture.get(cv2.CAP_PROP_FPS)
    size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    if encoder == "x264":
        writer = X264Pipe(target, rate, size)
    else:
        # The packaged OpenCV has no H.264 encoder.
        writer = cv2.VideoWriter(str(target), cv2.VideoWriter_fourcc(*"mp4v"), rate, size)
    spent = {"decode_s": 0.0, "compute_s": 0.0, "encode_s": 0.0}
    begun = time.perf_counter()
    frames = 0
    while True:
        t0 = time.perf_counter()
        good, frame = capture.read()
        if not good:
            break
        t1 = time.perf_counter()
        graded = seed_job(frame[np.newaxis])[0]
        t2 = time.perf_counter()
        writer.write(graded)
        t3 = time.perf_counter()
        frames += 1
        for key, value in zip(spent, (t1 - t0, t2 - t1, t3 - t2)):
            spent[key] += value
    writer.release()
    print(json.dumps({"frames": frames, "total_s": time.perf_counter() - begun, **spent}))


def numbers_in(value, path=""):
    """Every number of a JSON document as dotted path → number."""
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in numbers_in(item, f"{path}.{key}".strip(".")).items()}
    if isinstance(value, list):
        return {k: v for n, item in enumerate(value) for k, v in numbers_in(item, f"{path}.{n}".strip(".")).items()}
    return {path: value} if isinstance(value, (int, float)) and not isinstance(value, bool) else {}


def medians(dicts):
    """The median of each number that all have."""
    return {k: statistics.median(d[k] for d in dicts) for k in dicts[0] if all(k in d for d in dicts)}


def measure_process(program, folder, runs):
    """The sample through our program and through the loops of a Python user, in turns."""
    ours, ours_cpu, only, reports = [], [], [], []
    loops = {"mp4v": [], "x264": []}
    for _ in range(runs):
        wall, cpu, _, text = run([program, "process", BUNNY, "-o", folder / "ours.mp4", "-y", "--json"])
        ours.append(FRAMES / wall)
        ours_cpu.append(cpu)
        reports.append(numbers_in(json.loads(text.splitlines()[-1])))
        for encoder, found in loops.items():
            text = run([sys.executable, __file__, "--opencv-loop", BUNNY, folder / f"{encoder}.mp4", encoder])[3]
            found.append(json.loads(text.splitlines()[-1]))
        only.append(FRAMES / run([program, "process", BUNNY, "-o", folder / "out.npy", "-y"])[0])
    (folder / "out.npy").unlink()
    text, base = spread(ours)
    lines = [
        "## The sample through the reference job (1280×720, 132 frames)",
        "",
        "| | frames a second | ours : it | |",
        "|---|---|---|---|",
        f"| `opusclip process`, MP4 to MP4, H.264, sound copied | {text} | 1 | whole process; {statistics.median(ours_cpu):.2f} s of CPU |",
        f"| `opusclip process`, MP4 to .npy | {spread(only)[0]} | | no encoder: decode, colour, grade, write 365 MB |",
    ]
    names = {"mp4v": "cv2 decode, NumPy, cv2 encode (MPEG-4 Part 2, a far cheaper codec)"}
    names["x264"] = "cv2 decode, NumPy, x264 veryfast through a pipe to FFmpeg"
    for encoder, found in loops.items():
        text, value = spread([d["frames"] / d["total_s"] for d in found])
        loop = medians(found)
        parts = ", ".join(f"{k[:-2]} {loop[k] * 1e3 / FRAMES:.1f} ms" for k in ("decode_s", "compute_s", "encode_s"))
        lines.append(f"| {names[encoder]} | {text} | {base / value:.2f} | a frame: {parts}; no interpreter start, no sound |")
    sizes = {n: (folder / f"{n}.mp4").stat().st_size / 1e6 for n in ("ours", *loops)}
    lines += ["", f"Sizes in MB: source {BUNNY.stat().st_size / 1e6:.2f}, " + ", ".join(f"{n} {v:.2f}" for n, v in sizes.items()) + "."]
    lines += ["", "Our own monitor (`--json`), medians:", ""]
    lines += [f"- `{key}`: {value:.6g}" for key, value in medians(reports).items()]
    return [*lines, ""]


def measure_batch(example, runs):
    """The seed's batch, 10 × 480 × 640 × 3, everywhere."""
    batch = np.random.default_rng(1).integers(0, 256, (10, 480, 640, 3), dtype=np.uint8)
    target = np.empty_like(batch)
    ours, numpy_batch, numpy_frames, hand, copy = [], [], [], [], []
    for _ in range(runs):
        ours.append(numbers_in(json.loads(run([example])[3].splitlines()[-1])))
        copy += timed(lambda: np.copyto(target, batch), 5)
        numpy_batch += timed(lambda: seed_job(batch), 1)
        numpy_frames += timed(lambda: [seed_job(f[np.newaxis]) for f in batch], 1)
        hand += timed(lambda: [by_hand(f) for f in batch], 3)
    lines = ["## The seed's batch (10 × 480 × 640 × 3, uint8 to uint8)", "", "| | ms | |", "|---|---|---|"]
    middle = medians(ours)
    base = min(v for k, v in middle.items() if k.startswith("ours") and "baseline" not in k)
    for key in (k for k in ours[0] if k.endswith("_ms")):
        ratio = f"ours takes {base / middle[key]:.2f} times as long" if key == "memcpy_ms" else ""
        lines.append(f"| `seed_batch`: {key} | {spread([d[key] for d in ours])[0]} | {ratio} |")
    rows = [("np.copyto, one thread", copy), ("cv2.calcHist and cv2.LUT by hand, a frame at a time", hand)]
    rows += [("NumPy, a frame at a time", numpy_frames), ("NumPy, the batch at once", numpy_batch)]
    for name, values in rows:
        text, value = spread(values)
        lines.append(f"| {name} | {text} | {f'{value / base:.1f} times ours'} |")
    return [*lines, ""]


def measure_memory(program, folder, runs):
    """Peak of the same pipeline over 100 and over 10,000 frames: the sample, over and over."""
    peaks, rows = {}, []
    for frames in (100, 10_000):
        path, loops = folder / f"{frames}.mp4", frames // FRAMES
        loop = ["-stream_loop", str(loops), "-i", BUNNY, "-c", "copy", "-frames:v", str(frames)]
        run(["ffmpeg", "-nostdin", "-v", "error", *loop, path])
        found = [run([program, "process", path, "-o", folder / "long_out.mp4", "-y"]) for _ in range(runs if frames == 100 else 1)]
        peaks[frames] = statistics.median(peak for _, _, peak, _ in found)
        rate = frames / statistics.median(wall for wall, _, _, _ in found)
        rows.append(f"| {frames} frames ({rate:.3g} a second) | {peaks[frames] / 2**20:.0f} |")
    return [
        "## Peak memory (resident, by the operating system)",
        "",
        "| | MiB |",
        "|---|---|",
        *rows,
        f"| ratio | {peaks[10_000] / peaks[100]:.2f} |",
        "",
    ]


def measure_overhead(example):
    """What watching costs, and what the smallest runs cost."""
    found = json.loads(run([example])[3])
    return ["## The smallest runs, and what watching costs", "", *[f"- {name}: {value} ns" for name, value in found.items()], ""]


def measure_instructions(jobs):
    """Instructions of the seed's batch by callgrind, two runs: a count that no other program disturbs."""
    if not shutil.which("valgrind"):
        return []

    def count(rounds, folder):
        out = Path(folder) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", jobs]
        # Valgrind knows no AVX-512.
        asked = {**os.environ, "OPUSCLIP_ISA": "avx2"}
        subprocess.run(command, input=f"seed batch\t{rounds}\t1\n", text=True, env=asked, capture_output=True, check=True)
        return int(next(l.split()[1] for l in out.read_text().splitlines() if l.startswith("summary:")))

    with tempfile.TemporaryDirectory(prefix="opusclip-callgrind-") as folder:
        # What four rounds take more than two: the making of the frames is in both.
        found = [(count(4, folder) - count(2, folder)) / 2 for _ in range(2)]
    low, high = min(found), max(found)
    pixel = low / (10 * 480 * 640 * 3)
    return [
        "## Instructions of the seed's batch (callgrind, AVX2, one thread)",
        "",
        f"{low / 1e6:.3f} to {high / 1e6:.3f} million in two runs ({(high - low) / low:.3%} apart), {pixel:.2f} for each sample.",
        "",
    ]


def measure_build(folder):
    """A cold release build of the program into an empty folder (sources already fetched)."""
    cold = folder / "cold"
    run(["cargo", "fetch", "--locked"], cwd=ROOT)
    wall, cpu, _, _ = run(["cargo", "build", "--locked", "--release", "--target-dir", cold], cwd=ROOT)
    size = (cold / "release" / "opusclip").stat().st_size
    shutil.rmtree(cold)
    tree = run(["cargo", "tree", "--locked", "-p", "opusclip-cli", "-e", "normal,build", "--prefix", "none"], cwd=ROOT)[3]
    crates = len({line.split(" (*)")[0] for line in tree.splitlines() if line.strip()})
    return [
        "## Build",
        "",
        f"- cold release build of the program: {wall:.0f} s ({cpu:.0f} s of CPU), {crates} crates with ours, binary {size / 1e6:.1f} MB",
        "",
    ]


def ci_times():
    """What the last full ./test.sh left behind, if it ran here."""
    try:
        text = (TARGET / "test-times.txt").read_text()
    except OSError:
        return []
    return ["## `./test.sh`, last run on this machine", "", "```", text.rstrip(), "```", ""]


def machine():
    """One line about where this was measured."""
    model = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    load = " ".join(f"{x:.1f}" for x in os.getloadavg())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return (
        f"{datetime.date.today()}, commit {commit or 'unknown'}; {model}, {os.cpu_count()} cores, load {load} at the start; "
        f"{run(['rustc', '--version'])[3].split(' (')[0]}, Python {platform.python_version()}, NumPy {np.__version__}, OpenCV {cv2.__version__}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (at least 5 for NUMBERS.md)")
    parser.add_argument("--no-build", action="store_true", help="leave out the cold build")
    parser.add_argument("--opencv-loop", nargs=3, metavar=("IN", "OUT", "ENCODER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.opencv_loop:
        return opencv_loop(*options.opencv_loop)

    head = machine()
    program, example = TARGET / "release" / "opusclip", TARGET / "release" / "examples" / "seed_batch"
    with tempfile.TemporaryDirectory(prefix="opusclip-figures-") as name:
        folder = Path(name)
        batch = measure_batch(example, options.runs)
        process = measure_process(program, folder, options.runs)
        ours = speed.Ours(TARGET / "release" / "examples" / "jobs")
        jobs, missed = speed.table(ours, list(speed.JOBS), options.runs)
        ours.end()
        overhead = measure_overhead(TARGET / "release" / "examples" / "overhead")
        instructions = measure_instructions(TARGET / "release" / "examples" / "jobs")
        memory = measure_memory(program, folder, max(2, options.runs // 2))
        build = [] if options.no_build else measure_build(folder)
    lines = [
        "# Figures",
        "",
        "Written by `benches/figures.py`, all in one run; medians, least and most in brackets. Compare ratios, not milliseconds.",
        "",
        head + ".",
        "",
        *process,
        *batch,
        "## Job by job",
        "",
        "`benches/speed.py`: the same elements on both sides, in turns. `ours : it` above 1: ours is so many times faster.",
        "",
        *jobs,
        "",
        f"Missed: {len(missed)}." if missed else "All that was asked is met.",
        "",
        *overhead,
        *instructions,
        *memory,
        *build,
        *ci_times(),
    ]
    (ROOT / "benches" / "NUMBERS.md").write_text("\n".join(lines).rstrip() + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
