//! `.npz` archives: read in place, each lie found before it costs anything.

use opusclip::lazy::Op;
use opusclip::{Array, DType, Lazy, Monitor, Npz, RunOptions, load, savez, savez_compressed, savez_with};

use crate::support::{Scratch, crc32, npy_file, npy_types};

fn ramp(n: usize) -> Array {
    let x: Vec<f32> = (0..n).map(|i| (i % 1000) as f32).collect();
    Array::from_slice(&x, &[n / 8, 8]).unwrap()
}

#[test]
fn round_trip() {
    let dir = Scratch::new("npz-round-trip");
    let path = dir.path("a.npz");
    for compressed in [false, true] {
        let arrays: Vec<(String, Lazy)> = npy_types()
            .map(|d| (d.name().to_string(), Lazy::from(ramp(40_000)).cast(d)))
            .chain([
                ("a/nested näme".to_string(), Lazy::from(Array::from_slice(&[7i16], &[]).unwrap())),
                ("empty".to_string(), Lazy::from(Array::zeros(DType::U8, &[0, 3]).unwrap())),
                ("turned".to_string(), Lazy::from(ramp(800)).permute_dims((1, 0))),
            ])
            .collect();
        let report = savez_with(&path, &arrays, compressed, &RunOptions::default()).unwrap();
        assert_eq!((report.arrays, report.bytes), (arrays.len(), std::fs::metadata(&path).unwrap().len()));
        let archive = Npz::open(&path).unwrap();
        assert!(archive.warnings().is_empty());
        assert_eq!(archive.names().collect::<Vec<_>>(), arrays.iter().map(|a| a.0.as_str()).collect::<Vec<_>>());
        for (name, want) in &arrays {
            let (want, info) = (want.collect().unwrap(), archive.info(name).unwrap());
            assert_eq!((&*info.shape, info.dtype, info.compressed), (want.shape(), want.dtype(), compressed));
            let bytes = |x: &Array| x.to_contiguous().unwrap().contiguous_bytes().unwrap().to_vec();
            let got = archive.get(name).unwrap();
            assert_eq!((got.shape(), got.dtype(), bytes(&got)), (want.shape(), want.dtype(), bytes(&want)));
            // A view of the file is what no copy can be: read-only.
            let mut got = got;
            assert_eq!(got.is_writable(), compressed || got.size() == 0, "{name}");
            let lazy = archive.get_lazy(name).unwrap();
            assert_eq!(bytes(&lazy.collect().unwrap()), bytes(&want));
            if want.size() > 0 && want.ndim() > 0 && want.shape()[0] < 4096 {
                assert!(matches!(lazy.op(), Op::Source(_)), "{name}");
                // From the middle on, and with many readers.
                let some = lazy.slice_axis(0, Some(3), Some(-1), None);
                let plain = Lazy::from(want.clone()).slice_axis(0, Some(3), Some(-1), None);
                assert_eq!(bytes(&some.collect().unwrap()), bytes(&plain.collect().unwrap()));
            }
        }
        let e = archive.get("nope").unwrap_err().to_string();
        assert!(e.starts_with("npz: ") && e.contains("has no array `nope`; it has `bool`, `uint8`") && e.len() < 300);
    }
    assert_eq!(dir.files(), ["a.npz"]);
    let e = load(&path).unwrap_err().to_string();
    assert!(e.ends_with("open it with Npz::open, or save one of its arrays as .npy"), "{e}");
    let e = opusclip::open::open(&path).unwrap_err().to_string();
    assert!(
        e.ends_with("is a zip archive, as .npz files are; open it with Npz::open, or save one of its arrays as .npy")
    );
    opusclip::save(&path, 1).unwrap();
    let e = Npz::open(&path).unwrap_err().to_string();
    assert!(e.ends_with("is a .npy file of one array; read it with load"), "{e}");
}

#[test]
fn what_is_not_written() {
    let dir = Scratch::new("npz-not-written");
    let path = dir.path("a.npz");
    let x = ramp(8);
    for (names, words) in [
        (["a", "a"], "the name `a` is given twice"),
        (["", "a"], "the name `` cannot be"),
        (["a\0b", "a"], "cannot be an array's"),
    ] {
        let e = savez(&path, &names.map(|n| (n, &x))).unwrap_err().to_string();
        assert!(e.starts_with("savez: ") && e.contains(words), "{e}");
    }
    let failed = Lazy::from(ramp(8)).reshape(-7);
    assert!(savez_compressed(&path, &[("a", &failed)]).is_err());
    assert!(dir.files().is_empty());
    let none: [(&str, &Array); 0] = [];
    assert_eq!(savez(&path, &none).unwrap().bytes, 22);
    assert_eq!(Npz::open(&path).unwrap().names().count(), 0);
}

/// More members than 16 bits can count.
#[test]
fn many_members() {
    let dir = Scratch::new("npz-many");
    let path = dir.path("a.npz");
    let arrays: Vec<(String, Array)> =
        (0..66_000).map(|i| (format!("n{i}"), Array::from_slice(&[i], &[]).unwrap())).collect();
    savez(&path, &arrays).unwrap();
    let archive = Npz::open(&path).unwrap();
    assert_eq!(archive.names().count(), 66_000);
    assert_eq!(archive.get("n65999").unwrap().get_f64(&[]).unwrap(), 65_999.0);
}

/// Expressions larger than the limit go straight into the archive.
#[test]
fn streams_into_an_archive() {
    let dir = Scratch::new("npz-streams");
    let path = dir.path("a.npz");
    let row: Lazy = ramp(16_384).into();
    let x = row.reshape((1, 16_384)).broadcast_to([1024, 16_384]) + 1;
    for compressed in [false, true] {
        let monitor = Monitor::new();
        let options =
            RunOptions { memory_limit: Some(16 << 20), monitor: monitor.clone(), threads: 2, ..RunOptions::default() };
        savez_with(&path, &[("x", &x), ("y", &x)], compressed, &options).unwrap();
        assert!(monitor.pool_peak_bytes() <= 16 << 20, "{}", monitor.pool_peak_bytes());
        let archive = Npz::open(&path).unwrap();
        let sums = [archive.get_lazy("x").unwrap(), archive.get_lazy("y").unwrap()].map(|l| l.f64().sum(1));
        let want = row.f64().sum(()).collect().unwrap().get_f64(&[]).unwrap();
        for sum in sums {
            let got = sum.collect_with(&options).unwrap().to_vec::<f64>().unwrap();
            assert_eq!(got, [want + 16_384.0; 1024]);
        }
    }
}

/// One member of a hand-made archive; every field may lie.
#[derive(Clone)]
struct Member {
    name: &'static str,
    flags: u16,
    method: u16,
    crc: Option<u32>,
    data: Vec<u8>,
    /// Size of the content that is claimed, when it is not that of `data`.
    size: Option<u64>,
    attributes: u32,
    local_name: Option<&'static str>,
    local_size: Option<u32>,
}

fn member(name: &'static str, data: Vec<u8>) -> Member {
    Member { name, flags: 0, method: 0, crc: None, data, size: None, attributes: 0, local_name: None, local_size: None }
}

fn zip(members: &[Member]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for m in members {
        let crc = m.crc.unwrap_or_else(|| crc32(&m.data)).to_le_bytes();
        let size = m.size.unwrap_or(m.data.len() as u64) as u32;
        let (packed, at) = ((m.data.len() as u32).to_le_bytes(), (out.len() as u32).to_le_bytes());
        let own = m.local_name.unwrap_or(m.name);
        let fixed = |size: u32, name: &str| {
            let mut f = vec![20, 0];
            f.extend([m.flags.to_le_bytes(), m.method.to_le_bytes(), [0, 0], [0x21, 0]].concat());
            f.extend([crc, packed, size.to_le_bytes()].concat());
            f.extend((name.len() as u16).to_le_bytes());
            f.extend([0, 0]);
            f
        };
        out.extend([b"PK\x03\x04", &*fixed(m.local_size.unwrap_or(size), own), own.as_bytes(), &m.data].concat());
        directory.extend([b"PK\x01\x02\x14\x03", &*fixed(size, m.name), &[0; 6]].concat());
        directory.extend([m.attributes.to_le_bytes(), at].concat());
        directory.extend(m.name.as_bytes());
    }
    let (start, n) = (out.len() as u32, (members.len() as u16).to_le_bytes());
    out.extend(&directory);
    out.extend([b"PK\x05\x06\0\0\0\0", &*[n, n].concat()].concat());
    out.extend([(directory.len() as u32).to_le_bytes(), start.to_le_bytes()].concat());
    out.extend([0, 0]);
    out
}

fn deflate(data: &[u8]) -> Vec<u8> {
    // Blocks of one kind only, stored: enough to be a stream.
    let mut out = Vec::new();
    let mut blocks = data.chunks(65_535).peekable();
    while let Some(block) = blocks.next() {
        let n = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend([n.to_le_bytes(), (!n).to_le_bytes()].concat());
        out.extend(block);
    }
    out
}

fn ones(n: usize) -> Vec<u8> {
    npy_file(1, &format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({n},), }}"), &vec![1; n], 0)
}

/// What becomes of asking for the first array in every way.
fn ask(path: &std::path::Path, bytes: &[u8]) -> String {
    std::fs::write(path, bytes).unwrap();
    let tried = || -> opusclip::Result<String> {
        let archive = Npz::open(path)?;
        let name = archive.names().next().unwrap_or("").to_string();
        let got = archive.get(&name);
        let lazy = archive.get_lazy(&name).and_then(|l| l.collect());
        assert_eq!(got.as_ref().err(), lazy.as_ref().err());
        got.map(|a| format!("{:?}", a.shape()))
    };
    let text = tried().unwrap_or_else(|e| e.to_string());
    assert!(!text.contains('\n') && text.len() < 400 && !text.contains("internal"), "{text}");
    text.split_once(".npz: ").map_or(text.clone(), |t| t.1.to_string())
}

#[test]
fn lies_of_members() {
    let dir = Scratch::new("npz-members");
    let path = dir.path("a.npz");
    let sound = member("a.npy", ones(5));
    let packed =
        Member { method: 8, data: deflate(&ones(5)), size: Some(133), crc: Some(crc32(&ones(5))), ..sound.clone() };
    assert_eq!(ask(&path, &zip(std::slice::from_ref(&sound))), "[5]");
    assert_eq!(ask(&path, &zip(std::slice::from_ref(&packed))), "[5]");
    let with = |base: &Member, change: &dyn Fn(&mut Member)| {
        let mut m = base.clone();
        change(&mut m);
        zip(&[m])
    };
    let object = npy_file(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x04.", 0);
    for (bytes, words) in [
        (with(&sound, &|m| m.crc = Some(1)), "member a is damaged: its checksum is"),
        (with(&packed, &|m| m.crc = Some(1)), "is damaged: its checksum is"),
        (with(&sound, &|m| m.flags = 1), "member `a.npy` is encrypted"),
        (with(&packed, &|m| m.flags = 0x40), "is encrypted"),
        (with(&packed, &|m| m.flags = 0x20), "is patch data"),
        (with(&sound, &|m| m.method = 12), "is packed by method 12 (bzip2); stored and deflated ones are read"),
        (with(&sound, &|m| m.method = 77), "is packed by method 77; stored"),
        (with(&sound, &|m| m.attributes = 0o120_777 << 16), "is a link, which is never followed"),
        (with(&sound, &|m| m.size = Some(134)), "is stored and has two sizes"),
        (with(&sound, &|m| m.local_size = Some(134)), "a header that contradicts the directory"),
        (with(&sound, &|m| m.local_name = Some("b.npy")), "a header that contradicts the directory"),
        (with(&sound, &|m| m.local_name = Some("aaaaaaaaaa.npy")), "contradicts the directory"),
        (with(&sound, &|m| m.data.push(0)), "holds 134 bytes and its header says 133"),
        (with(&sound, &|m| m.data.truncate(132)), "needs 5 bytes but it holds 4"),
        (with(&sound, &|m| m.data = object.clone()), "holds Python objects, which is not read"),
        (with(&sound, &|m| m.data = b"no array at all".to_vec()), "is no sound .npy array: it does not begin as one"),
        (with(&sound, &|m| m.data.clear()), "does not begin as one"),
        (with(&packed, &|m| m.size = Some(134)), "holds 134 bytes and its header says 133"),
        (with(&packed, &|m| m.data.push(0)), "has bytes after its end"),
        (with(&packed, &|m| m.data = deflate(&ones(5)[..132])), "inflates to less than it should"),
        (with(&packed, &|m| m.data = deflate(&[ones(5), vec![0; 9]].concat())), "does not inflate to the size"),
        (with(&packed, &|m| m.data.truncate(90)), "ends too early"),
        (with(&packed, &|m| m.data[0] = 7), "is no sound deflate stream"),
        (with(&packed, &|m| m.data.clear()), "which they cannot"),
        (with(&packed, &|m| m.size = Some(1 << 30)), "which they cannot"),
    ] {
        let text = ask(&path, &bytes);
        assert!(text.contains(words), "{words}: {text}");
    }
    // Names are only names; what is no array is told of.
    let climbing = zip(&[member("../../etc/x.npy", ones(5)), member("readme.txt", b"hello".to_vec())]);
    assert_eq!(ask(&path, &climbing), "[5]");
    let archive = Npz::open(&path).unwrap();
    assert_eq!(archive.names().collect::<Vec<_>>(), ["../../etc/x"]);
    assert_eq!(archive.warnings(), ["member `readme.txt` is no .npy array and is ignored"]);
    assert_eq!(dir.files(), ["a.npz"]);
}

#[test]
fn lies_of_directories() {
    let dir = Scratch::new("npz-directories");
    let path = dir.path("a.npz");
    let sound = zip(&[member("a.npy", ones(5)), member("b.npy", ones(6))]);
    let at = |sign: &[u8]| sound.windows(4).position(|w| w == sign).unwrap();
    let (directory, end) = (at(b"PK\x01\x02"), at(b"PK\x05\x06"));
    let put = |place: usize, bytes: &[u8]| {
        let mut x = sound.clone();
        x[place..place + bytes.len()].copy_from_slice(bytes);
        x
    };
    for (bytes, words) in [
        (Vec::new(), "has no directory at its end"),
        (vec![b'P'; 70_000], "has no directory at its end"),
        (sound[..end].to_vec(), "has no directory at its end"),
        (sound[..sound.len() - 1].to_vec(), "has no directory at its end"),
        ([&sound[..], b"x"].concat(), "has no directory at its end"),
        ([b"x", &sound[..]].concat(), "does not end at"),
        (put(end + 4, &[1]), "one part of a zip archive"),
        (put(end + 10, &[3]), "one part of a zip archive"),
        (put(end + 8, &[3, 0, 3, 0]), "its directory is cut at member 2 of 3"),
        (put(end + 8, &[1, 0, 1, 0]), "its directory has 51 bytes too many"),
        (put(end + 12, &[0xff; 4]), "does not end at"),
        (put(end + 16, &[0xff; 4]), "does not end at"),
        (put(directory, b"XX"), "holds something else than members"),
        (put(directory + 20, &[0xff; 4]), "lacks its 64-bit sizes"),
        (put(directory + 20, &[0xfe; 4]), "runs into what follows"),
        (put(directory + 42, &[9, 9, 9, 9]), "runs into what follows"),
        (put(directory + 28, &[0xff, 0xff]), "its directory is cut"),
        (put(directory + 46, b"b"), "it holds `b.npy` twice"),
        (put(directory + 46, b"\0"), "no name, or one with a zero byte"),
        (put(0, b"XX"), "member `a.npy` has no header of its own"),
    ] {
        let text = ask(&path, &bytes);
        assert!(text.contains(words), "{words}: {text}");
    }
    // Two names for one content: the way of small archives that inflate to the size of a disk.
    let mut shared = sound.clone();
    let second = directory + 51;
    shared[second + 42..second + 46].copy_from_slice(&[0; 4]);
    assert!(ask(&path, &shared).contains("runs into what follows"));
    // A comment that looks like an end record.
    let mut comment = sound.clone();
    let n = comment.len();
    comment[n - 2] = 22;
    comment.extend(b"PK\x05\x06");
    comment.extend([9; 18]);
    assert_eq!(ask(&path, &comment), "[5]");
}

/// What NumPy's `savez` writes to a stream that cannot seek: sizes behind the data, and in 64 bits.
#[test]
fn sizes_behind_the_data() {
    let dir = Scratch::new("npz-behind");
    let path = dir.path("a.npz");
    let m = Member { flags: 8, ..member("a.npy", ones(5)) };
    let mut bytes = zip(&[m]);
    bytes[14..26].fill(0);
    assert_eq!(ask(&path, &bytes), "[5]");
    bytes[18..26].fill(0xff);
    assert_eq!(ask(&path, &bytes), "[5]");
    bytes[14] = 1;
    assert!(ask(&path, &bytes).contains("contradicts the directory"));
}

/// A checksum is compared once, not at every look.
#[test]
fn checked_once() {
    let dir = Scratch::new("npz-once");
    let path = dir.path("a.npz");
    let bytes = zip(&[member("a.npy", ones(5))]);
    std::fs::write(&path, &bytes).unwrap();
    let archive = Npz::open(&path).unwrap();
    archive.get("a").unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[9], 35 + 128).unwrap();
    assert_eq!(archive.get("a").unwrap().get_f64(&[0]).unwrap(), 9.0);
    assert!(Npz::open(&path).unwrap().get("a").unwrap_err().to_string().contains("checksum"));
    // A stream notices that the file is another than was opened.
    let e = archive.get_lazy("a").unwrap().collect().unwrap_err().to_string();
    assert!(e.contains("changed while it was being read"), "{e}");
}
