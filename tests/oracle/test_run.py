"""Promises about a run as a whole, measured from outside: memory, threads, pipes."""

import subprocess
import sys

import pytest
from conftest import BIN, BUNNY, ffmpeg, opusclip, packets


# A child's peak starts at the size of whoever forked it, so a small process does that.
LAUNCHER = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:])
_, status, used = os.wait4(child.pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss)
"""


def peak(*args):
    """Peak resident bytes of a run, by the operating system."""
    command = [sys.executable, "-I", "-S", "-c", LAUNCHER, *map(str, (BIN, *args))]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    code, kib = done.stdout.split()
    assert code == "0", done.stderr
    return int(kib) * 1024


def test_a_long_clip_needs_no_more_memory(clips, tmp_path):
    long = tmp_path / "long.mp4"
    ffmpeg("-stream_loop", "39", "-i", clips["no_b"], "-map", "0:v", "-c", "copy", long)
    short_peak = peak("process", clips["no_b"], "-o", tmp_path / "a.mp4")
    long_peak = peak("process", long, "-o", tmp_path / "b.mp4")
    # 2,000 frames against 50; kept as RGB the difference would be 126 MB.
    assert long_peak < short_peak + (24 << 20), f"{short_peak >> 20} MiB for 50 frames, {long_peak >> 20} MiB for 2,000"


@pytest.mark.parametrize("expression", ["x[::-1]", "x - u8(mean(x, axis=0))"])
def test_the_memory_limit_holds_where_a_whole_array_is_kept(expression, tmp_path):
    # 60 frames of 720p are 158 MiB, which must not be held twice.
    size = peak("process", BUNNY, "-o", tmp_path / "a.mp4", "--frames", ":60", "--expr", expression, "--memory-limit", "350MiB")
    # What the limit does not count: the program itself and its stacks.
    assert size < (350 + 32) << 20, f"{size >> 20} MiB"


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_change_nothing(threads, clips, tmp_path):
    for suffix in ("npy", "mp4"):
        opusclip("process", clips["gops"], "--threads", "1", "-o", tmp_path / f"one.{suffix}")
        opusclip("process", clips["gops"], "--threads", threads, "-o", tmp_path / f"many.{suffix}")
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "many.npy").read_bytes()
    assert packets(tmp_path / "one.mp4", "v") == packets(tmp_path / "many.mp4", "v")


def test_silent_in_a_pipe(clips, tmp_path):
    """No progress bar and no colour where nobody looks at a terminal."""
    command = [str(BIN), "process", str(clips["gops"]), "-o", str(tmp_path / "x.mp4")]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and done.stdout == b""
    assert b"\x1b" not in done.stderr and b"\r" not in done.stderr


def test_one_bad_file_does_not_stop_the_others(clips, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(clips["gops"].read_bytes()[:3000])
    out = tmp_path / "out"
    out.mkdir()
    command = [str(BIN), "process", str(clips["gops"]), str(bad), str(clips["no_b"]), "-o", f"{out}/"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert sorted(p.name for p in out.iterdir()) == ["gops.mp4", "no_b.mp4"]
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1 and "bad.mp4" in errors[0], done.stderr
