//! `load`, `save`, `memmap` and `open_npy`: the same elements whichever way, and memory that the
//! caller named.

use opusclip::array::Scalar;
use opusclip::lazy::Op;
use opusclip::store::npy::NpyFile;
use opusclip::{Array, DType, Lazy, MapMode, Monitor, RunOptions, load, memmap, open_npy, save, save_with};

use crate::support::{Scratch, npy_file, npy_types};

/// An array `(3, 4, 5)` of small numbers, every type.
fn numbers(dtype: DType) -> Array {
    let x: Vec<i64> = (0..60).map(|i| (i * 7) % 50).collect();
    let x: Lazy = Array::from_slice(&x, &[3, 4, 5]).unwrap().into();
    x.cast(dtype).collect().unwrap()
}

fn same(a: &Array, b: &Array) {
    assert_eq!((a.shape(), a.dtype()), (b.shape(), b.dtype()));
    let bytes = |x: &Array| x.to_contiguous().unwrap().contiguous_bytes().unwrap().to_vec();
    assert_eq!(bytes(a), bytes(b));
}

#[test]
fn every_door_gives_the_same_elements() {
    let dir = Scratch::new("files-doors");
    let path = dir.path("a.npy");
    for dtype in npy_types() {
        let x = numbers(dtype);
        let report = save(&path, &x).unwrap();
        assert_eq!((report.bytes, report.dtype), (128 + x.nbytes() as u64, dtype));
        assert_eq!(report.bytes, std::fs::metadata(&path).unwrap().len());
        same(&load(&path).unwrap(), &x);
        for mode in [MapMode::ReadOnly, MapMode::CopyOnWrite] {
            same(&memmap(&path, mode).unwrap(), &x);
        }
        let lazy = open_npy(&path).unwrap();
        assert!(matches!(lazy.op(), Op::Source(_)));
        same(&lazy.collect().unwrap(), &x);
        // Views that are not in C order are written in it.
        let turned = Lazy::from(x.clone()).permute_dims([2, 0, 1]).flip(1);
        save(&path, &turned).unwrap();
        same(&load(&path).unwrap(), &turned.collect().unwrap());
        save(&path, turned.collect().unwrap()).unwrap();
        same(&load(&path).unwrap(), &turned.collect().unwrap());
    }
    assert_eq!(dir.files(), ["a.npy"]);
}

#[test]
fn odd_shapes_survive() {
    let dir = Scratch::new("files-odd");
    let path = dir.path("a.npy");
    for shape in [&[][..], &[0], &[1], &[3, 0, 2], &[0, 5], &[1, 1, 1], &[2, 1, 3], &[1; 64]] {
        let x = Array::zeros(DType::I16, shape).unwrap();
        save(&path, &x).unwrap();
        same(&load(&path).unwrap(), &x);
        same(&memmap(&path, MapMode::ReadOnly).unwrap(), &x);
        same(&open_npy(&path).unwrap().collect().unwrap(), &x);
        // The same through an expression, which streams where it can.
        save(&path, Lazy::from(x.clone()) + 0).unwrap();
        same(&load(&path).unwrap(), &x);
    }
    for (dtype, text) in [(DType::F64, "2.5"), (DType::I64, "7"), (DType::Bool, "true")] {
        match dtype {
            DType::F64 => save(&path, 2.5),
            DType::I64 => save(&path, 7),
            _ => save(&path, true),
        }
        .unwrap();
        let back = load(&path).unwrap();
        assert_eq!((back.ndim(), back.dtype(), back.get(&[]).unwrap().to_string().as_str()), (0, dtype, text));
    }
    let too_deep = Lazy::from(Array::zeros(DType::U8, &[1; 65]).unwrap());
    let e = save(&path, &too_deep).unwrap_err().to_string();
    assert_eq!(e, "save: an array of 65 axes; .npy takes at most 64");
}

/// Fortran order is strides, not a copy; the other byte order and odd places are a copy.
#[test]
fn orders() {
    let dir = Scratch::new("files-orders");
    let path = dir.path("a.npy");
    let values: Vec<u16> = (0..12).collect();
    let bytes = |big: bool| -> Vec<u8> {
        values.iter().flat_map(|v| if big { v.to_be_bytes() } else { v.to_le_bytes() }).collect()
    };
    for version in 1..=3 {
        for (order, big) in [('<', false), ('>', true)] {
            for fortran in [false, true] {
                for pad in [0, 1] {
                    let word = if fortran { "True" } else { "False" };
                    let dict = format!("{{'descr': '{order}u2', 'fortran_order': {word}, 'shape': (2, 3, 2), }}");
                    std::fs::write(&path, npy_file(version, &dict, &bytes(big), pad)).unwrap();
                    let file = NpyFile::open(&path).unwrap();
                    assert_eq!(file.fortran_order(), fortran);
                    let want: Vec<u16> = if fortran {
                        (0..12).map(|i| (i / 6) + 2 * (i / 2 % 3) + 6 * (i % 2)).collect()
                    } else {
                        values.clone()
                    };
                    let all = [
                        load(&path).unwrap(),
                        memmap(&path, MapMode::ReadOnly).unwrap(),
                        memmap(&path, MapMode::CopyOnWrite).unwrap(),
                        open_npy(&path).unwrap().collect().unwrap(),
                    ];
                    for x in &all {
                        assert_eq!(x.to_vec::<u16>().unwrap(), want, "{version} {order} {fortran} {pad}");
                    }
                    for x in &all[..3] {
                        assert_eq!(x.strides(), if fortran { [1, 2, 6] } else { [6, 2, 1] });
                    }
                }
            }
        }
    }
    // One axis that is not of length 1: both orders are the same.
    std::fs::write(&path, npy_file(1, "{'descr':'<u2','fortran_order':True,'shape':(1,12,1)}", &bytes(false), 0))
        .unwrap();
    assert!(!NpyFile::open(&path).unwrap().fortran_order());
    assert!(matches!(open_npy(&path).unwrap().op(), Op::Source(_)));
}

#[test]
fn bools_are_zero_or_one() {
    let dir = Scratch::new("files-bools");
    let path = dir.path("a.npy");
    let dict = "{'descr': '|b1', 'fortran_order': False, 'shape': (5,), }";
    let bytes = npy_file(1, dict, &[0, 1, 2, 255, 0], 0);
    std::fs::write(&path, &bytes).unwrap();
    for x in [
        load(&path).unwrap(),
        memmap(&path, MapMode::ReadOnly).unwrap(),
        memmap(&path, MapMode::CopyOnWrite).unwrap(),
        open_npy(&path).unwrap().collect().unwrap(),
    ] {
        assert_eq!(x.to_vec::<bool>().unwrap(), [false, true, true, true, false]);
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn writing_to_maps() {
    let dir = Scratch::new("files-set");
    let path = dir.path("a.npy");
    save(&path, Array::from_slice(&[1i32, 2, 3, 4], &[2, 2]).unwrap()).unwrap();
    let before = std::fs::read(&path).unwrap();
    let nine = Scalar::from_i128(DType::I32, 9);
    let mut x = memmap(&path, MapMode::ReadOnly).unwrap();
    assert!(!x.is_writable());
    let e = x.set(&[0, 0], nine).unwrap_err().to_string();
    assert_eq!(e, "set: the array is a read-only map; map it copy-on-write");
    let mut x = memmap(&path, MapMode::CopyOnWrite).unwrap();
    assert!(x.is_writable());
    x.set(&[1, 0], nine).unwrap();
    assert_eq!(x.to_vec::<i32>().unwrap(), [1, 2, 9, 4]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // What an expression holds does not change.
    let lazy: Lazy = x.clone().into();
    let e = x.set(&[0, 0], nine).unwrap_err().to_string();
    assert_eq!(e, "set: the memory is shared with other arrays or expressions; copy it first");
    assert_eq!(lazy.collect().unwrap().to_vec::<i32>().unwrap(), [1, 2, 9, 4]);
    drop(lazy);
    for (index, value, words) in [
        (&[2, 0][..], nine, "index (2, 0) is not an element"),
        (&[0][..], nine, "is not an element"),
        (&[0, 0][..], Scalar::from_f64(DType::F32, 1.0), "holds int32 and the value is float32"),
    ] {
        let e = x.set(index, value).unwrap_err().to_string();
        assert!(e.contains(words), "{e}");
    }
    // A loaded array is its own memory.
    let mut x = load(&path).unwrap();
    x.set(&[0, 1], nine).unwrap();
    assert_eq!(x.to_vec::<i32>().unwrap(), [1, 9, 3, 4]);
}

/// The map stays whatever becomes of the name; a file that is too short is found at once.
#[test]
fn maps_outlive_names() {
    let dir = Scratch::new("files-names");
    let path = dir.path("a.npy");
    save(&path, Array::from_slice(&[5u8; 70_000], &[70_000]).unwrap()).unwrap();
    let x = memmap(&path, MapMode::ReadOnly).unwrap();
    // Onto the very file that is read.
    save(&path, Lazy::from(x.clone()) + 1).unwrap();
    assert!(x.to_vec::<u8>().unwrap().iter().all(|&v| v == 5));
    assert!(load(&path).unwrap().to_vec::<u8>().unwrap().iter().all(|&v| v == 6));
    let file = NpyFile::open(&path).unwrap();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(60_000).unwrap();
    let e = file.memmap(MapMode::ReadOnly).unwrap_err().to_string();
    assert!(e.ends_with("a.npy: cannot map: the file ends before the range"), "{e}");
    let e = file.load().unwrap_err().to_string();
    assert!(e.contains("ends too early"), "{e}");
    let e = NpyFile::open(&path).unwrap_err().to_string();
    assert!(e.contains("needs 70000 bytes but it holds 59872"), "{e}");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(x.get_f64(&[69_999]).unwrap(), 5.0);
}

/// A result of 256 MiB leaves through 32 MiB, also where axis 0 is all there is.
#[test]
fn larger_than_memory() {
    let dir = Scratch::new("files-large");
    let path = dir.path("a.npy");
    let row: Vec<f32> = (0..16 * 1024).map(|i| i as f32).collect();
    let row: Lazy = Array::from_slice(&row, &[1, 16 * 1024]).unwrap().into();
    let ramp: Vec<f32> = (0..4096).map(|i| i as f32).collect();
    let ramp: Lazy = Array::from_slice(&ramp, &[4096, 1]).unwrap().into();
    let x = row.broadcast_to([4096, 16 * 1024]) * 2.0 + &ramp;
    let monitor = Monitor::new();
    let options =
        RunOptions { memory_limit: Some(32 << 20), monitor: monitor.clone(), threads: 2, ..RunOptions::default() };
    let report = save_with(&path, &x, &options).unwrap();
    assert_eq!(report.bytes, 128 + (256 << 20));
    let (planned, peak) = (monitor.planned_bytes(), monitor.pool_peak_bytes());
    assert!(planned <= 32 << 20 && peak <= 32 << 20, "{planned} {peak}");
    let back = memmap(&path, MapMode::ReadOnly).unwrap();
    for (t, i) in [(0, 0), (1, 1), (4095, 16_383), (2048, 77)] {
        assert_eq!(back.get_f64(&[t, i]).unwrap(), (2 * i + t) as f64);
    }
    // One long axis: more frames than a stream has times for, made and read in pieces.
    let small = dir.path("b.npy");
    let long: Lazy = Array::from_slice(&[41u8], &[1]).unwrap().into();
    let ramp: Lazy =
        Array::from_slice(&(0..64 << 20).map(|i| (i % 7) as u8).collect::<Vec<_>>(), &[64 << 20]).unwrap().into();
    let monitor = Monitor::new();
    let options = RunOptions { monitor: monitor.clone(), ..options };
    let report = save_with(&small, long.broadcast_to(64 << 20) + &ramp, &options).unwrap();
    assert_eq!((report.shape, report.bytes), (vec![64 << 20], 128 + (64 << 20)));
    assert!(monitor.planned_bytes() <= 32 << 20, "{}", monitor.planned_bytes());
    let lazy = open_npy(&small).unwrap();
    assert!(matches!(lazy.op(), Op::Data(_)), "64 Mi frames are mapped");
    save_with(&small, lazy * 2, &options).unwrap();
    let back = memmap(&small, MapMode::ReadOnly).unwrap();
    for i in [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, (64 << 20) - 1] {
        assert_eq!(back.get_f64(&[i]).unwrap(), (82 + i % 7 * 2) as f64);
    }
    assert!(monitor.planned_bytes() <= 32 << 20, "{}", monitor.planned_bytes());
    // Too little for one frame is said before anything is written.
    let e = save_with(&path, &x, &RunOptions { memory_limit: Some(1 << 10), ..RunOptions::default() }).unwrap_err();
    assert!(e.to_string().starts_with("memory: needs"), "{e}");
    assert_eq!(dir.files(), ["a.npy", "b.npy"]);
    assert_eq!(load(&small).unwrap().size(), 64 << 20);
}

/// Failures leave what was there.
#[test]
fn failures_leave_the_old_file() {
    let dir = Scratch::new("files-failures");
    let path = dir.path("a.npy");
    save(&path, 1.0).unwrap();
    let old = std::fs::read(&path).unwrap();
    let wrong = Lazy::from(Array::zeros(DType::U8, &[3]).unwrap()).reshape((2, 2));
    assert!(save(&path, &wrong).unwrap_err().to_string().contains("reshape"));
    let stop = RunOptions::default();
    stop.cancel.cancel();
    assert!(save_with(&path, Array::zeros(DType::U8, &[3]).unwrap(), &stop).is_err());
    assert!(save_with(&path, Lazy::from(Array::zeros(DType::U8, &[3, 4]).unwrap()) + 1, &stop).is_err());
    assert_eq!((std::fs::read(&path).unwrap(), dir.files()), (old, vec!["a.npy".to_string()]));
    let e = save(dir.path("none/a.npy"), 1).unwrap_err().to_string();
    assert!(e.contains("folder to write to does not exist"), "{e}");
    for (path, words) in [(dir.path("none.npy"), "No such file"), (dir.path(""), "is a folder")] {
        for e in [load(&path).err(), memmap(&path, MapMode::ReadOnly).err(), open_npy(&path).err()] {
            assert!(e.as_ref().is_some_and(|e| e.to_string().contains(words)), "{e:?}");
        }
    }
}
