"""The graded frames are NumPy's, and the decoded frames are FFmpeg's."""

import numpy as np
import pytest
from conftest import BUNNY, decoded, opusclip, stream


def grade(frame, mean_dtype):
    """The reference job on one frame, as NumPy users write it."""
    g = np.power(frame.astype(np.float32) / 255.0, 0.8)
    m = np.mean(g, keepdims=True, dtype=mean_dtype).astype(np.float32)
    return (np.clip((g - m) * 1.2 + m, 0.0, 1.0) * 255.0).astype(np.uint8)


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    """The sample's frames as decoded and as graded, mapped from .npy files."""
    folder = tmp_path_factory.mktemp("arrays")
    opusclip("process", BUNNY, "--no-grade", "-o", folder / "raw.npy")
    opusclip("process", BUNNY, "-o", folder / "graded.npy")
    yield np.load(folder / "raw.npy", mmap_mode="r"), np.load(folder / "graded.npy", mmap_mode="r")
    for name in ("raw.npy", "graded.npy"):  # 365 MB each: pytest would keep them
        (folder / name).unlink()


def test_the_graded_frames_are_numpys(arrays, capsys):
    raw, graded = arrays
    assert raw.shape == graded.shape == (132, 720, 1280, 3)
    assert raw.dtype == graded.dtype == np.uint8
    unlike = plain_unlike = worst = 0
    for before, after in zip(raw, graded):
        apart = np.abs(grade(before, np.float64).astype(np.int16) - after)
        worst = max(worst, int(apart.max()))
        unlike += int(np.count_nonzero(apart))
        plain_unlike += int(np.count_nonzero(grade(before, np.float32) != after))
    share, plain_share = unlike / raw.size, plain_unlike / raw.size
    with capsys.disabled():
        print(f"\n  graded against NumPy: mean in float64 {share:.2e} of the samples differ (at most {worst} level),")
        print(f"  NumPy's plain float32 mean {plain_share:.2e}")
    assert worst <= 1
    assert share < 1e-3


def to_rgb(planes, height, width, matrix=(0.2126, 0.0722), full=False):
    """Rounded BT.709 (or other) conversion of one yuv420p frame, each chroma sample held over its 2×2 pixels."""
    y, u, v = np.split(planes.astype(np.float64), [height * width, height * width * 5 // 4])
    y = y.reshape(height, width)
    u, v = (np.repeat(np.repeat(c.reshape(height // 2, width // 2), 2, 0), 2, 1) - 128 for c in (u, v))
    if full:
        y, u, v = y / 255, u / 255, v / 255
    else:
        y, u, v = (y - 16) / 219, u / 224, v / 224
    kr, kb = matrix
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return np.clip(np.rint(np.stack([r, g, b], axis=-1) * 255), 0, 255)


def assert_near(ours, planes, height, width, **kind):
    away = np.abs(ours - to_rgb(planes, height, width, **kind))
    assert away.mean() < 0.6, f"mean difference {away.mean()}"
    assert np.count_nonzero(away > 2) < 1e-3 * away.size, f"{np.count_nonzero(away > 2)} of {away.size} samples"


def test_the_decoded_frames_are_ffmpegs(arrays):
    raw, _ = arrays
    planes = decoded(BUNNY)
    assert len(planes) == len(raw)
    for n in range(0, len(raw), 12):
        assert_near(raw[n], planes[n], 720, 1280)


BT601 = (0.299, 0.114)


@pytest.mark.parametrize("name,kind", [("gops", {}), ("pyramid", {}), ("bt601", {"matrix": BT601}), ("full", {"full": True})])
def test_decoded_clips_are_ffmpegs(clips, name, kind, tmp_path):
    opusclip("process", clips[name], "--no-grade", "-o", tmp_path / "x.npy")
    ours, planes = np.load(tmp_path / "x.npy"), decoded(clips[name])
    assert len(ours) == len(planes)
    for frame, plane in zip(ours, planes):
        assert_near(frame, plane, 112, 192, **kind)


def test_rotated_frames_are_shown_upright(clips, tmp_path):
    opusclip("process", clips["rotated"], "--no-grade", "-o", tmp_path / "x.npy")
    ours = np.load(tmp_path / "x.npy", mmap_mode="r")
    info = stream(clips["rotated"])
    assert ours.shape[1:] == (info["width"], info["height"], 3)
    planes = decoded(clips["rotated"])
    upright = np.rot90(to_rgb(planes[0], 112, 192), -1)  # rotate=90: a quarter turn clockwise
    assert np.abs(ours[0] - upright).mean() < 0.6


def test_a_video_holds_the_graded_frames(arrays, graded):
    """The encoder's picture of a graded frame is that frame, give or take its quantiser."""
    planes = decoded(graded)
    for n in (0, 40, 90, 131):
        away = np.abs(arrays[1][n] - to_rgb(planes[n], 720, 1280))
        assert away.mean() < 6, f"frame {n}: mean difference {away.mean()}"
