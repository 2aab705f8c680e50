"""`stats` and `info` measure what NumPy and FFprobe measure."""

import csv
import io
import json
from fractions import Fraction

import numpy as np
import pytest
from conftest import BUNNY, CLIPS, opusclip, stream, times


def column(rows, *names):
    """The column called by one of `names`."""
    key = next(k for n in names for k in rows[0] if k.lower() == n)
    return [None if r[key] in ("", None, "nan", "NaN") else float(r[key]) for r in rows]


@pytest.fixture(scope="module")
def frames(clips, tmp_path_factory):
    path = tmp_path_factory.mktemp("stats") / "x.npy"
    opusclip("process", clips["vfr"], "--no-grade", "-o", path)
    return np.load(path)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_measures_are_numpys(form, clips, frames):
    text = opusclip("stats", clips["vfr"], f"--{form}", "-")
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
    else:
        rows = [json.loads(line) for line in text.splitlines()]
        rows = [r for r in rows if "mean" in r]
    assert len(rows) == len(frames)
    whole = frames.reshape(len(frames), -1).astype(np.float64)
    assert np.allclose(column(rows, "mean"), whole.mean(axis=1), rtol=1e-5, atol=1e-4)
    assert np.allclose(column(rows, "std"), whole.std(axis=1), rtol=1e-4, atol=1e-3)
    assert column(rows, "min") == whole.min(axis=1).tolist()
    assert column(rows, "max") == whole.max(axis=1).tolist()
    differences = column(rows, "diff")
    assert differences[0] in (None, 0.0)
    assert np.allclose(differences[1:], np.abs(np.diff(whole, axis=0)).mean(axis=1), rtol=1e-4, atol=1e-3)


def test_plots_are_pictures(clips, tmp_path):
    from PIL import Image

    opusclip("stats", clips["gops"], "--plot", tmp_path / "p.png")
    opusclip("stats", clips["gops"], "--plot", tmp_path / "p.svg")
    with Image.open(tmp_path / "p.png") as picture:
        picture.load()
        assert min(picture.size) >= 100
        assert len(picture.convert("L").getcolors()) > 2
    assert (tmp_path / "p.svg").read_text().lstrip().startswith(("<svg", "<?xml"))


def find(value, *keys):
    """The first value under one of `keys`, anywhere in a JSON document."""
    if isinstance(value, dict):
        for key in keys:
            if key in value:
                return value[key]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            found = find(item, *keys)
            if found is not None:
                return found
    return None


@pytest.mark.parametrize("name", [*CLIPS, "bunny"])
def test_info_is_ffprobes(name, clips):
    path = BUNNY if name == "bunny" else clips[name]
    ours, theirs = json.loads(opusclip("info", path, "--json")), stream(path)
    assert find(ours, "frames") == int(theirs["nb_read_frames"])
    size = {find(ours, "width"), find(ours, "height")}
    assert size == {theirs["width"], theirs["height"]}
    seen = times(path)
    if name in ("gops", "bunny"):
        assert Fraction(str(find(ours, "duration", "duration_s", "seconds"))) == pytest.approx(len(seen) / 25)


def test_doctor_is_content():
    opusclip("doctor")
    assert isinstance(json.loads(opusclip("doctor", "--json")), dict)
