"""FFmpeg reads back every video we write and finds what a user expects in it."""

import subprocess

import pytest
from conftest import BIN, BUNNY, CLIPS, ROOT, decoded, ffmpeg, opusclip, packets, rotation, stream, times

OTHERS = sorted(p for p in (ROOT / "samples").glob("*.mp4") if p != BUNNY)


def assert_same_stream(source, made):
    """Same frames at the same times, same sound, same shape of picture; decodes without a word."""
    ffmpeg("-i", made, "-f", "null", "-")
    ours, theirs = stream(made), stream(source)
    assert ours["codec_name"] == "h264"
    assert ours["nb_read_frames"] == theirs["nb_read_frames"]
    assert times(made) == times(source)
    assert shown_size(made) == shown_size(source)
    if stream(source, "a"):
        assert packets(made) == packets(source)


def shown_size(path):
    """Width and height on the screen, pixel aspect included."""
    info = stream(path)
    size = (info["width"], info["height"])
    aspect = info.get("sample_aspect_ratio", "1:1").replace("0:1", "1:1")
    turned = rotation(path) % 180 != 0
    if turned:
        aspect = ":".join(reversed(aspect.split(":")))
    return (size[::-1] if turned else size), aspect


def test_the_sample(graded):
    assert_same_stream(BUNNY, graded)
    info = stream(graded)
    assert info["nb_read_frames"] == "132"
    assert info["avg_frame_rate"] == "25/1"
    assert (info["width"], info["height"], info["pix_fmt"]) == (1280, 720, "yuv420p")
    assert stream(graded, "a")["channels"] == 6


def test_the_sample_states_its_colours(graded):
    info = stream(graded)
    stated = [info.get(k) for k in ("color_range", "color_space", "color_transfer", "color_primaries")]
    assert stated == ["tv", "bt709", "bt709", "bt709"]


@pytest.mark.parametrize("name", CLIPS)
def test_made_clips(clips, name, tmp_path):
    made = tmp_path / "out.mp4"
    opusclip("process", clips[name], "-o", made)
    assert_same_stream(clips[name], made)


# Not H.264 in 4:2:0 or 4:2:2, or no video at all: refused in one line, see samples/README.md.
REFUSED = {"full_chroma.mp4", "hevc.mp4", "sound_only.mp4"}


def test_other_samples(tmp_path):
    for source in OTHERS:
        made = tmp_path / source.name
        if source.name in REFUSED:
            done = subprocess.run([BIN, "process", source, "-o", made], capture_output=True, text=True)
            assert done.returncode == 1 and not made.exists(), source
            assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("error: "), done.stderr
        else:
            opusclip("process", source, "-o", made)
            assert_same_stream(source, made)


@pytest.mark.parametrize("name", ["bt601", "gops", "full"])
def test_colour_tags_are_kept(clips, name, tmp_path):
    made = tmp_path / "out.mp4"
    opusclip("process", clips[name], "-o", made)
    ours, theirs = stream(made), stream(clips[name])
    assert ours["color_space"] == theirs["color_space"]
    # Range may be normalised, but it must be stated.
    assert ours["color_range"] in ("tv", "pc")


def test_frames_and_gop_options(clips, tmp_path):
    made = tmp_path / "out.mp4"
    opusclip("process", clips["gops"], "-o", made, "--frames", "10:40", "--gop", "8", "--qp", "20", "--no-audio")
    ffmpeg("-i", made, "-f", "null", "-")
    assert stream(made)["nb_read_frames"] == "30"
    assert stream(made, "a") is None
    keys = ffprobe_keys(made)
    assert keys[0] and all(b - a <= 8 for a, b in zip(keys_at(keys), keys_at(keys)[1:]))


def ffprobe_keys(path):
    from conftest import run

    text = run("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=flags", "-of", "csv=p=0", path)
    return [line.startswith("K") for line in text.split()]


def keys_at(keys):
    return [i for i, key in enumerate(keys) if key]


def test_untouched_frames_survive_the_encoder(clips, tmp_path):
    """Without grading only the encoder stands between: the pictures are nearly the source's, in order."""
    made = tmp_path / "out.mp4"
    opusclip("process", clips["gops"], "-o", made, "--no-grade", "--qp", "12")
    ours, theirs = decoded(made).astype(float), decoded(clips["gops"]).astype(float)
    assert ours.shape == theirs.shape
    errors = ((ours - theirs) ** 2).mean(axis=1)
    assert errors.max() < 25, f"mean square error by frame: {errors}"
