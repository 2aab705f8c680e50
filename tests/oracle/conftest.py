"""The oracle: FFmpeg and NumPy judge what the program opusclip wrote. Nothing here is ours but
the program under test, so it cannot agree with itself by mistake."""

import functools
import json
import os
import signal
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("OPUSCLIP_BIN", "target/release/opusclip"))
BIN = BIN if BIN.is_absolute() else ROOT / BIN
BUNNY = ROOT / "samples" / "bunny.mp4"


@pytest.fixture(autouse=True)
def deadline():
    """A test that hangs, or takes minutes where seconds do, is a failed test."""

    def end(*_):
        raise TimeoutError("a test took longer than five minutes")

    signal.signal(signal.SIGALRM, end)
    signal.alarm(300)
    yield
    signal.alarm(0)


def run(*args, ok=True):
    """Runs a program; returns its stdout. `ok` demands exit code 0."""
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert not ok or done.returncode == 0, f"{args} exits {done.returncode}: {done.stderr[-2000:]}"
    return done.stdout


def opusclip(*args):
    """Runs the program under test; returns its stdout."""
    return run(BIN, *args)


def ffmpeg(*args):
    """Runs FFmpeg, which must have nothing to complain about."""
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *map(str, args)], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr.strip(), f"ffmpeg {args}: {done.stderr[-2000:]}"
    return done.stdout


@functools.cache  # no test writes a file twice
def stream(path, kind="v"):
    """FFprobe's facts about the first stream of a kind, frames counted by decoding; None without one."""
    text = run("ffprobe", "-v", "error", "-count_frames", "-select_streams", f"{kind}:0", "-show_streams", "-of", "json", path)
    found = json.loads(text)["streams"]
    return found[0] if found else None


def times(path):
    """Presentation time of every frame in seconds, exact, display order."""
    base = Fraction(stream(path)["time_base"])
    text = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts", "-of", "json", path)
    return [int(f["pts"]) * base for f in json.loads(text)["frames"]]


def rotation(path):
    """Degrees that a player turns the picture, 0 without a matrix."""
    for side in stream(path).get("side_data_list", []):
        if "rotation" in side:
            return int(side["rotation"]) % 360
    return 0


def packets(path, kind="a"):
    """Packets of the first stream of a kind: DTS, PTS, size and MD5 of each, as FFmpeg reads them. No duration:
    in a plain MP4 a packet lasts until the next, which a fragmented source may contradict."""
    text = ffmpeg("-i", path, "-map", f"0:{kind}:0", "-c", "copy", "-f", "framemd5", "-")
    lines = [line.split(",") for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(field.strip() for n, field in enumerate(line) if n != 3) for line in lines]


def decoded(path):
    """4:2:0 planes of every frame as FFmpeg decodes them, coded orientation, nothing converted: (T, bytes of a frame)."""
    info = stream(path)
    # Asking for yuv420p where the file has yuvj420p would squeeze its range.
    pixels = info["pix_fmt"]
    assert pixels in ("yuv420p", "yuvj420p")
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-noautorotate", "-i", str(path), "-map", "0:v:0", "-vsync", "passthrough"]
        + ["-pix_fmt", pixels, "-f", "rawvideo", "-"],
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, info["width"] * info["height"] * 3 // 2)


@pytest.fixture(scope="session", autouse=True)
def program():
    """The program must have been built: an oracle without it would say nothing."""
    assert BIN.is_file(), f"{BIN} is missing: cargo build --release, or set OPUSCLIP_BIN"


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """The reference job on the sample, as a video."""
    out = tmp_path_factory.mktemp("graded") / "graded.mp4"
    opusclip("process", BUNNY, "-o", out)
    return out


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """Small clips of every kind that users bring, made by FFmpeg: name → path."""
    folder = tmp_path_factory.mktemp("clips")
    picture = "testsrc2=size=192x112:rate=25:duration=2"
    sound = "sine=frequency=440:duration=2"
    x264 = ["-c:v", "libx264", "-preset", "fast", "-pix_fmt", "yuv420p", "-threads", "1"]
    tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
    recipes = {
        "gops": [*x264, *tags, "-g", "12", "-bf", "3", "-x264-params", "open-gop=0:scenecut=0"],
        "no_b": [*x264, *tags, "-bf", "0", "-g", "10"],
        "pyramid": [*x264, *tags, "-bf", "5", "-x264-params", "b-pyramid=normal:open-gop=1:keyint=16"],
        "vfr": [*x264, *tags, "-vf", "select='not(eq(mod(n,3),1))',setpts='PTS+floor(N/5)*0.03/TB'", "-vsync", "vfr"],
        "late": [*x264, *tags, "-vf", "setpts='PTS+1.5/TB'", "-vsync", "vfr"],
        "rotated": [*x264, *tags],
        "odd": [*x264, *tags, "-vf", "crop=162:98"],
        "bt601": [*x264, "-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc", "smpte170m", "-color_range", "tv"],
        "full": [*x264, "-pix_fmt", "yuvj420p", "-colorspace", "bt709", "-color_range", "pc"],
        "anamorphic": [*x264, *tags, "-vf", "setsar=4/3"],
        "one": [*x264, *tags, "-frames:v", "1"],
    }
    out = {}
    for name, options in recipes.items():
        out[name] = folder / f"{name}.mp4"
        # FFmpeg 5 warns about deprecated names; only its exit code counts here.
        args = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *options, "-c:a", "aac", "-b:a", "64k"]
        done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *args, str(out[name])], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    turn_clockwise(out["rotated"])
    return out


def turn_clockwise(path):
    """Writes the matrix of a quarter turn clockwise into the first track's header, as phones do.
    By hand, since the option's name differs between versions of FFmpeg."""
    data = bytearray(path.read_bytes())
    header = data.index(b"tkhd") + 4
    assert data[header] == 0, "version 0 of the box"
    struct.pack_into(">9i", data, header + 40, 0, 1 << 16, 0, -1 << 16, 0, 0, 112 << 16, 0, 1 << 30)
    path.write_bytes(data)


CLIPS = "gops no_b pyramid vfr late rotated odd bt601 full anamorphic one".split()
