//! `.npy` files: written as NumPy reads them, read as NumPy writes them, and no other way.

use opusclip::DType;
use opusclip::flow::{Rational, Sink, Source, StreamInfo};
use opusclip::store::npy::{NpyFile, NpyReport, NpySink};

use crate::support::{Scratch, raw_frames};

fn npy(version: u8, dict: &str, data: &[u8]) -> Vec<u8> {
    let mut out = b"\x93NUMPY".to_vec();
    out.extend([version, 0]);
    if version == 1 {
        out.extend((dict.len() as u16).to_le_bytes());
    } else {
        out.extend((dict.len() as u32).to_le_bytes());
    }
    out.extend(dict.as_bytes());
    out.extend(data);
    out
}

#[test]
fn round_trip_of_every_type() {
    let dir = Scratch::new("npy-round-trip");
    for dtype in DType::ALL {
        for shape in [vec![3], vec![2, 3, 5], vec![0, 4], vec![1, 1, 1, 1], vec![4, 0]] {
            let path = dir.path("a.npy");
            let info = StreamInfo::constant_rate(shape.clone(), dtype, Rational::new(25, 1));
            let frames: Vec<Vec<u8>> = (0..shape[0])
                .map(|n| {
                    (0..info.frame_bytes())
                        .map(|i| ((n * 31 + i * 7) % if dtype == DType::Bool { 2 } else { 251 }) as u8)
                        .collect()
                })
                .collect();
            let mut sink = NpySink::create(&path, true).unwrap();
            sink.begin(&info).unwrap();
            for (n, frame) in frames.iter().enumerate() {
                let mut part = sink.part(n, n..n + 1).unwrap();
                part.push(frame).unwrap();
                let encoded = part.finish().unwrap();
                sink.join(encoded).unwrap();
            }
            let report = sink.finish().unwrap().downcast::<NpyReport>().unwrap();
            assert_eq!(report.bytes, std::fs::metadata(&path).unwrap().len());
            let file = NpyFile::open(&path).unwrap();
            let source = file.source();
            assert_eq!((source.info().shape.clone(), source.info().dtype), (shape.clone(), dtype));
            assert_eq!(raw_frames(&*source, 0..shape[0]).unwrap(), frames);
            assert!(file.warnings().is_empty());
        }
    }
    assert_eq!(dir.files(), ["a.npy"]);
}

#[test]
fn header_is_numpys() {
    let dir = Scratch::new("npy-header");
    let path = dir.path("a.npy");
    let mut sink = NpySink::create(&path, false).unwrap();
    sink.begin(&StreamInfo::constant_rate(vec![0, 7], DType::F32, Rational::new(25, 1))).unwrap();
    sink.finish().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 128);
    assert!(
        bytes.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7), }  ")
    );
    assert_eq!(bytes.last(), Some(&b'\n'));
}

#[test]
fn what_is_read() {
    let dir = Scratch::new("npy-read");
    let path = dir.path("a.npy");
    let frame = |bytes: Vec<u8>| {
        std::fs::write(&path, bytes).unwrap();
        let file = NpyFile::open(&path).unwrap();
        let raw = raw_frames(&file, 0..1).unwrap();
        let mut out = vec![0; file.info().frame_bytes()];
        file.unpack(&raw[0], &mut out).unwrap();
        (out, file.warnings().len())
    };
    assert_eq!(
        frame(npy(1, "{'descr': '>u2', 'fortran_order': False, 'shape': (1L, 2L), }\n", &[1, 2, 3, 4])),
        (vec![2, 1, 4, 3], 0)
    );
    // Complex numbers are turned part by part.
    assert_eq!(
        frame(npy(1, "{'descr': '>c8', 'fortran_order': False, 'shape': (1,), }\n", &[1, 2, 3, 4, 5, 6, 7, 8])),
        (vec![4, 3, 2, 1, 8, 7, 6, 5], 0)
    );
    assert_eq!(frame(npy(2, "{\"shape\":(1,),'fortran_order':True,'descr':'|b1'}", &[7])), (vec![1], 0));
    assert_eq!(
        frame(npy(3, "{'descr': '|u1', 'fortran_order': True, 'shape': (1, 3, 1)}", &[1, 2, 3, 9])),
        (vec![1, 2, 3], 1)
    );
}

#[test]
fn what_is_refused() {
    let dir = Scratch::new("npy-refused");
    let path = dir.path("a.npy");
    let refuse = |bytes: Vec<u8>| {
        std::fs::write(&path, bytes).unwrap();
        let text = NpyFile::open(&path).unwrap_err().to_string();
        assert!(!text.contains('\n') && text.len() < 400, "{text}");
        text.split_once("a.npy: ").unwrap().1.to_string()
    };
    let dict = |descr: &str, shape: &str| format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
    assert_eq!(
        refuse(npy(1, &dict("'|O'", "(1,)"), b"x")),
        "holds Python objects, which is not read; arrays of numbers are"
    );
    assert_eq!(
        refuse(npy(1, &dict("[('a', '<f4')]", "(1,)"), b"x")),
        "holds records, which is not read; arrays of numbers are"
    );
    assert_eq!(
        refuse(npy(1, &dict("'<c32'", "(1,)"), b"x")),
        "holds elements of type `<c32`, which is not read; arrays of numbers are"
    );
    assert_eq!(refuse(npy(1, &dict("'|u1'", "()"), b"x")), "holds a single number, which has no frames");
    assert!(
        refuse(npy(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}", &[0; 16])).contains("Fortran order")
    );
    for (bytes, words) in [
        (npy(1, &dict("'<f4'", "(5,)"), &[0; 16]), "its shape [5] of float32 needs 20 bytes but it holds 16"),
        (npy(1, &dict("'<f4'", "(99999999999999999999,)"), b""), "whole numbers"),
        (npy(1, &dict("'<f4'", "(4294967296, 4294967296, 4294967296)"), b""), "beyond any memory"),
        (npy(1, &dict("'<f4'", "(0, 4294967296, 4294967296, 4294967296)"), b""), "beyond any memory"),
        (npy(1, &dict("'<f4'", "(-1,)"), b""), "whole numbers"),
        (npy(1, &dict("'<f4'", "(1.0,)"), b""), "tuple of numbers"),
        (npy(1, &dict("'<f4'", &"(".repeat(9000)), b""), "whole numbers"),
        (npy(1, &"[".repeat(9000), b""), "lacks a `{`"),
        (npy(1, "__import__('os').system('true')", b""), "lacks a `{`"),
        (npy(1, "{'descr': '<f4', 'shape': (1,)}", b""), "does not say `fortran_order`"),
        (npy(1, "{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", b""), "key `descr` twice"),
        (npy(1, "{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", b""), "neither True nor False"),
        (npy(1, "{'x': 1}", b""), "the key `x`"),
        (npy(9, "{}", b""), "version 9 is unknown"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "over the limit"),
        (b"\x93NUMPY\x01\x00\xff\xff{".to_vec(), "cut within its header"),
        (b"\x93NUMPY\x01".to_vec(), "it is cut"),
        (b"PK\x03\x04".to_vec(), "does not begin as one"),
        (Vec::new(), "does not begin as one"),
    ] {
        let text = refuse(bytes);
        assert!(text.starts_with("is no sound .npy file: ") && text.contains(words), "{words}: {text}");
    }
}
