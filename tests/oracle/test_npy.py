"""Arrays on disk: NumPy writes, we read by every door and write back, NumPy reads and compares."""

import io
import subprocess
import zipfile

import numpy as np
import pytest
from conftest import BIN, opusclip, run

TOOL = BIN.parent / "examples" / "npy_tool"
DTYPES = "bool u1 i1 u2 i2 u4 i4 u8 i8 f4 f8".split()
DOORS = "load map cow lazy".split()
SHAPES = [(), (1,), (7,), (0,), (3, 4), (4, 1, 3), (2, 0, 5), (5000, 2), (2, 3, 4, 5)]


@pytest.fixture(scope="module", autouse=True)
def tool():
    """The example must have been built beside the program."""
    assert TOOL.is_file(), f"{TOOL} is missing: cargo build --release -p opusclip --example npy_tool"


def array(dtype, shape, seed=0):
    """Bytes of any value, NaN and infinities among the floats; bools of both kinds."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype == bool:
        return rng.integers(0, 2, shape).astype(bool)
    n = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    return rng.integers(0, 256, n, dtype=np.uint8).view(dtype.newbyteorder("=")).astype(dtype).reshape(shape)


def write(path, x, version):
    with open(path, "wb") as f:
        np.lib.format.write_array(f, x, version=version, allow_pickle=False)


def same(a, b):
    """Equal in shape, type and every bit."""
    assert a.shape == b.shape and a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=")
    native = [np.ascontiguousarray(x.astype(x.dtype.newbyteorder("="), copy=False)) for x in (a, b)]
    assert native[0].tobytes() == native[1].tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("end", "<>")
def test_every_type_and_order(dtype, order, end, tmp_path):
    source, out = tmp_path / "in.npy", tmp_path / "out.npy"
    for n, shape in enumerate(SHAPES):
        base = array(dtype, shape, n)
        x = np.asarray(base.astype(base.dtype.newbyteorder(end)), order=order)
        write(source, x, [(1, 0), (2, 0), (3, 0)][n % 3])
        door = DOORS[n % 4]
        run(TOOL, door, source, out)
        same(np.load(out), x)
        same(np.load(out, mmap_mode="r"), x)
        # What we wrote is what NumPy would have written, to the byte.
        theirs = io.BytesIO()
        np.save(theirs, np.ascontiguousarray(base).reshape(shape))
        assert out.read_bytes() == theirs.getvalue(), f"{shape} {door}"


@pytest.mark.parametrize("door", DOORS)
def test_every_door(door, tmp_path):
    source, out = tmp_path / "in.npy", tmp_path / "out.npy"
    for n, x in enumerate([array("f4", (6, 5, 4)), np.asfortranarray(array("i2", (6, 5, 4))), array(">f8", (9,)), array("bool", (11,))]):
        np.save(source, x)
        if n == 3:
            with open(source, "r+b") as f:  # bools that NumPy would never write
                f.seek(-11, 2)
                f.write(bytes([0, 1, 2, 255, 0, 128, 1, 1, 0, 3, 0]))
            x = np.array([0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 0], bool)
        run(TOOL, door, source, out)
        same(np.load(out), x)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["stored", "deflated"])
@pytest.mark.parametrize("door", ["get", "lazy"])
def test_archives(save, door, tmp_path):
    arrays = {d: array(d, (37, 11), n) for n, d in enumerate(DTYPES)}
    arrays |= {"zero": np.array(3.5), "none": np.zeros((0, 4)), "fortran": np.asfortranarray(array("f4", (12, 13)))}
    arrays |= {"turned": array(">u4", (5, 6)), "näme/with folders": array("u1", (70_000,)), "long": array("u2", (20_000, 2))}
    arrays["packs"] = np.tile(np.arange(1000, dtype="f4"), (300, 1))
    first, second, third = (tmp_path / f"{n}.npz" for n in "abc")
    save(first, **arrays)
    run(TOOL, door, first, second)
    run(TOOL, door, second, third)  # what we wrote, read by us, written the other way
    for path in (second, third):
        assert zipfile.ZipFile(path).testzip() is None
        with np.load(path) as back:
            assert back.files == list(arrays)
            for name, x in arrays.items():
                same(back[name], x)


def test_more_members_than_16_bits_count(tmp_path):
    np.savez(tmp_path / "a.npz", **{f"n{i}": np.int32(i) for i in range(66_000)})
    run(TOOL, "get", tmp_path / "a.npz", tmp_path / "b.npz")
    with np.load(tmp_path / "b.npz") as back:
        assert len(back.files) == 66_000 and back["n65999"] == 65_999


def test_an_archive_that_was_streamed(tmp_path):
    """Sizes and checksums behind the data, as zipfile writes them to a pipe."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.bytes = bytearray()

        def writable(self):
            return True

        def write(self, b):
            self.bytes += b
            return len(b)

    x, pipe = array("f8", (40, 3)), Pipe()
    np.savez_compressed(pipe, x=x)
    (tmp_path / "a.npz").write_bytes(pipe.bytes)
    run(TOOL, "get", tmp_path / "a.npz", tmp_path / "b.npz")
    same(np.load(tmp_path / "b.npz")["x"], x)


@pytest.mark.parametrize("bad", ["object", "records", "text", "dates", "complex256"])
def test_what_is_refused(bad, tmp_path):
    marker = tmp_path / "pickle-was-run"

    class Evil:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    x = {
        "object": lambda: np.array([Evil()], object),
        "records": lambda: np.zeros(3, [("a", "f4"), ("b", "i2")]),
        "text": lambda: np.array(["a", "bc"]),
        "dates": lambda: np.array(["2020-01-01"], "M8[D]"),
        "complex256": lambda: np.zeros(2, np.clongdouble),
    }[bad]()
    source, archive = tmp_path / "in.npy", tmp_path / "in.npz"
    np.save(source, x, allow_pickle=True)
    np.savez(archive, x=x)
    for command in [(TOOL, "load", source, "o.npy"), (TOOL, "get", archive, "o.npz"), (BIN, "process", source, "-o", "o.npy")]:
        done = subprocess.run([str(a) for a in command], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 1 and "not read" in done.stderr, done.stderr
        assert "panicked" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.npy", "in.npz"]


def test_the_program_takes_fortran_order(tmp_path):
    x = array("u1", (4, 6, 8, 3))
    np.save(tmp_path / "c.npy", x)
    np.save(tmp_path / "f.npy", np.asfortranarray(x))
    for name in "cf":
        opusclip("process", tmp_path / f"{name}.npy", "-o", tmp_path / f"{name}-out.npy", "--expr", "x + 1")
    same(np.load(tmp_path / "f-out.npy"), x + np.uint8(1))
    assert (tmp_path / "f-out.npy").read_bytes() == (tmp_path / "c-out.npy").read_bytes()
