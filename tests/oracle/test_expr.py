"""--expr and --frames say what NumPy says of the same text."""

import numpy as np
import pytest
from conftest import opusclip

NAMES = {n: getattr(np, n) for n in "mean clip where maximum minimum abs sqrt exp log power sum floor rint".split()}
NAMES |= {"u8": lambda a: np.asarray(a).astype(np.uint8), "f32": lambda a: np.asarray(a).astype(np.float32)}

INTEGER = [
    "x",
    "255 - x",
    "x // 2 + 10",
    "x[:, ::2, ::-1]",
    "x[..., ::-1]",
    "x[2:-3, 10:50, -40:]",
    "where(x > 128, x, 0)",
    "maximum(x, 64) & 240",
    "~x",
    "u8(x > 100) * 200",
    "a = minimum(x, 200); b = maximum(a, 50); b - 50",
    "x + x",
]
FLOAT = [
    "u8(clip((f32(x) / 255) ** 0.8, 0, 1) * 255)",
    "u8(clip((x/255)**0.8, 0, 1) * 255)",
    "g = (f32(x)/255)**0.8; m = mean(g, axis=(1, 2, 3), keepdims=True); u8(clip((g-m)*1.2+m, 0, 1)*255)",
    "g = (x/255)**0.8; m = g.mean(axis=(1,2,3), keepdims=True); u8(((g - m) * 1.2 + m).clip(0, 1) * 255)",
    "m = mean(x, axis=(1, 2), keepdims=True); u8(clip(x - m + 128, 0, 255))",
    "u8(sqrt(f32(x)) * 15)",
    "u8(minimum(abs(f32(x) - 128) * 2 + (x == 0), 255))",
]


@pytest.fixture(scope="module")
def frames(clips, tmp_path_factory):
    path = tmp_path_factory.mktemp("expr") / "x.npy"
    opusclip("process", clips["gops"], "--no-grade", "-o", path)
    return np.load(path)


def numpy_says(text, x):
    space = dict(NAMES, x=x)
    *steps, last = text.split(";")
    for step in steps:
        exec(step.strip(), {}, space)
    return eval(last.strip(), {}, space)


def ours_says(text, clip, folder):
    opusclip("process", clip, "-o", folder / "out.npy", "--expr", text)
    return np.load(folder / "out.npy")


@pytest.mark.parametrize("text", INTEGER)
def test_integers_agree_exactly(text, frames, clips, tmp_path):
    ours, theirs = ours_says(text, clips["gops"], tmp_path), numpy_says(text, frames)
    assert ours.dtype == theirs.dtype
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("text", FLOAT)
def test_floats_agree_to_a_level(text, frames, clips, tmp_path):
    ours, theirs = ours_says(text, clips["gops"], tmp_path), numpy_says(text, frames)
    assert ours.dtype == theirs.dtype == np.uint8 and ours.shape == theirs.shape
    # Float to uint8 out of range is the platform's in NumPy; all of these stay inside.
    apart = np.abs(ours.astype(np.int16) - theirs)
    assert apart.max() <= 1 and np.count_nonzero(apart) < 1e-3 * apart.size, f"{apart.max()}, {np.count_nonzero(apart)}"


@pytest.mark.parametrize("cut", ["10:40", ":7", "-5:", "::3", "5:45:10", "12:13"])
def test_frames_are_python_slices(cut, frames, clips, tmp_path):
    opusclip("process", clips["gops"], "--no-grade", "--frames", cut, "-o", tmp_path / "out.npy")
    parts = [int(p) if p else None for p in cut.split(":")]
    assert np.array_equal(np.load(tmp_path / "out.npy"), frames[slice(*parts)])


@pytest.mark.parametrize(
    "options",
    [
        ["--gamma", "1.5"],
        ["--contrast", "0.7"],
        ["--brightness", "-0.1"],
        ["--saturation", "0"],
        ["--gamma", "0.9", "--contrast", "1.1", "--brightness", "0.05", "--saturation", "1.3"],
    ],
    ids=" ".join,
)
def test_grading_options(options, frames, clips, tmp_path):
    opusclip("process", clips["gops"], *options, "-o", tmp_path / "out.npy")
    ours = np.load(tmp_path / "out.npy")
    given = {k.strip("-"): np.float32(v) for k, v in zip(options[::2], options[1::2])}
    g = frames.astype(np.float32) / 255
    if "gamma" in given:
        g = g ** given["gamma"]
    if "contrast" in given:
        m = g.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
        g = (g - m) * given["contrast"] + m
    if "brightness" in given:
        g = g + given["brightness"]
    if "saturation" in given:
        luma = g[..., 0:1] * 0.2126 + g[..., 1:2] * 0.7152 + g[..., 2:3] * 0.0722
        g = (g - luma) * given["saturation"] + luma
    theirs = (np.clip(g, 0, 1) * 255).astype(np.uint8)
    apart = np.abs(ours.astype(np.int16) - theirs)
    assert apart.max() <= 1 and np.count_nonzero(apart) < 1e-3 * apart.size, f"{apart.max()}, {np.count_nonzero(apart)}"
