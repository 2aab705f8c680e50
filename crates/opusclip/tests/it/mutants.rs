//! Thousands of damaged arrays and archives, the same on every run: each is read, or refused in
//! one line. Never a panic, never an array larger than its file can mean.

use std::path::Path;
use std::time::{Duration, Instant};

use opusclip::error::{Error, Result};
use opusclip::{Array, DType, Lazy, MapMode, Npz, load, memmap, open_npy, savez, savez_compressed};

use crate::support::{Noise, Scratch, npy_file};

fn one_line(error: &Error) {
    let text = error.to_string();
    assert!(!text.contains(['\n', '\r', '\x1b']) && text.len() < 600 && !text.ends_with('.'), "{text:?}");
    assert!(!text.contains("internal error"), "{text}");
}

/// What came out is no more than `most` bytes, and all of it can be looked at.
fn sane(found: Result<Array>, most: usize) -> bool {
    match found {
        Ok(x) => {
            assert!(x.nbytes() <= most, "{:?} of {}", x.shape(), x.dtype());
            assert_eq!(x.to_f64_vec().unwrap().len(), x.size());
            true
        }
        Err(e) => {
            one_line(&e);
            false
        }
    }
}

/// One to eight hits: bits, whole bytes, numbers at their edges, pieces cut out or doubled.
fn mutate(noise: &mut Noise, bytes: &[u8]) -> Vec<u8> {
    let mut x = bytes.to_vec();
    for _ in 0..1 + noise.below(8) {
        let n = x.len().max(1);
        // Headers and directories are where the lies pay.
        let at = match noise.below(3) {
            0 => noise.below(200.min(n)),
            1 => n - 1 - noise.below(300.min(n)),
            _ => noise.below(n),
        };
        let len = noise.below(9);
        match noise.below(7) {
            0 => x.truncate(if noise.below(4) == 0 { at } else { n }),
            1 => drop(x.drain(at.min(x.len())..(at + len).min(x.len()))),
            2 => {
                let piece = x.get(at..at + len).unwrap_or(&[]).to_vec();
                x.splice(at.min(x.len())..at.min(x.len()), piece);
            }
            3 => {
                let numbers: [u64; 6] = [0, u64::MAX, 1 << 63, u64::from(u32::MAX), 0x7fff_ffff, 65_535];
                let number = numbers[noise.below(6)].to_le_bytes();
                x.iter_mut().skip(at).zip(number).take([2, 4, 8][noise.below(3)]).for_each(|(b, n)| *b = n);
            }
            4 => x.iter_mut().skip(at).take(1).for_each(|b| *b = b"09()[]{},:'LTFO<>|-. \0\n\xff"[noise.below(24)]),
            _ => x.iter_mut().skip(at).take(1).for_each(|b| *b ^= 1 << noise.below(8)),
        }
    }
    x
}

fn read_npy(path: &Path, most: usize) -> bool {
    let loaded = sane(load(path), most);
    for found in [
        memmap(path, MapMode::ReadOnly),
        memmap(path, MapMode::CopyOnWrite),
        open_npy(path).and_then(|l| if l.shape()?.is_empty() { load(path) } else { l.collect() }),
    ] {
        assert_eq!(sane(found, most), loaded);
    }
    loaded
}

#[test]
fn arrays() {
    let dir = Scratch::new("mutants-npy");
    let path = dir.path("a.npy");
    let seeds = [
        npy_file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", &[0x3f; 48], 0),
        npy_file(1, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3, 2), }", &[7; 24], 1),
        npy_file(2, "{'descr': '|b1', 'fortran_order': False, 'shape': (5L,), }", &[1; 5], 0),
        npy_file(3, "{'descr': '<u8', 'fortran_order': False, 'shape': (), }", &[1; 8], 0),
        npy_file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 9), }", &[], 0),
    ];
    let (mut noise, mut sound) = (Noise(3), 0);
    let start = Instant::now();
    for round in 0..4000 {
        let bytes = mutate(&mut noise, &seeds[round % seeds.len()]);
        std::fs::write(&path, &bytes).unwrap();
        sound += usize::from(read_npy(&path, bytes.len()));
    }
    assert!((100..3900).contains(&sound), "{sound} of 4000 are read: the hits miss");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn archives() {
    let dir = Scratch::new("mutants-npz");
    let path = dir.path("a.npz");
    let x = Array::from_slice(&(0..600).map(|i| i as f32).collect::<Vec<_>>(), &[20, 30]).unwrap();
    let arrays = [
        ("x", Lazy::from(x.clone())),
        ("y", Lazy::from(x).cast(DType::U8)),
        ("z", Array::zeros(DType::I64, &[]).unwrap().into()),
    ];
    savez(&path, &arrays).unwrap();
    let stored = std::fs::read(&path).unwrap();
    savez_compressed(&path, &arrays).unwrap();
    let seeds = [stored, std::fs::read(&path).unwrap()];
    let (mut noise, mut opened, mut sound) = (Noise(4), 0, 0);
    let start = Instant::now();
    for round in 0..4000 {
        let bytes = mutate(&mut noise, &seeds[round % seeds.len()]);
        std::fs::write(&path, &bytes).unwrap();
        let archive = match Npz::open(&path) {
            Ok(archive) => archive,
            Err(e) => {
                one_line(&e);
                continue;
            }
        };
        opened += 1;
        let most = bytes.len() * 1032;
        for name in archive.names().map(str::to_string).collect::<Vec<_>>() {
            if let Err(e) = archive.info(&name) {
                one_line(&e);
            }
            sound += usize::from(sane(archive.get(&name), most));
            sane(archive.get_lazy(&name).and_then(|l| l.collect()), most);
        }
    }
    assert!(opened > 400 && sound > 400, "{opened} opened, {sound} members read: the hits miss");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(dir.files(), ["a.npz"]);
}
