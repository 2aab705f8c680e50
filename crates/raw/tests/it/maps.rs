use std::fs::File;
use std::io::{ErrorKind, Write};

use opusclip_raw::{MapMode, Mapped};

/// A file of `n` bytes without a name.
fn file(n: usize) -> File {
    let path = std::env::temp_dir().join(format!("opusclip-raw-map-{}-{n}", std::process::id()));
    let mut out = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    out.write_all(&(0..n).map(|i| i as u8).collect::<Vec<_>>()).unwrap();
    out
}

#[test]
fn ranges() {
    let f = file(10_000);
    for mode in [MapMode::ReadOnly, MapMode::CopyOnWrite] {
        for (offset, len) in [(0, 10_000), (1, 9_999), (64, 10), (4096, 4096), (9_999, 1), (5_000, 0), (10_000, 0)] {
            let mut map = Mapped::new(&f, offset, len, mode).unwrap();
            assert_eq!((map.len(), map.is_empty()), (len, len == 0));
            assert!(map.bytes().iter().enumerate().all(|(i, b)| *b == (offset as usize + i) as u8));
            if len > 0 {
                assert_eq!(map.bytes().as_ptr().addr() % 64, offset as usize % 64);
                assert_eq!(map.mode(), mode);
            }
            assert_eq!(map.bytes_mut().is_some(), mode == MapMode::CopyOnWrite || len == 0);
        }
        for (offset, len) in [(0, 10_001), (10_001, 0), (9_999, 2), (1 << 40, 1)] {
            assert_eq!(Mapped::new(&f, offset, len, mode).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        }
        for (offset, len) in [(u64::MAX, 1), (u64::MAX, 0), (0, usize::MAX), (1 << 63, 1)] {
            assert_eq!(Mapped::new(&f, offset, len, mode).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }
    assert!(Mapped::new(&file(0), 0, 0, MapMode::ReadOnly).unwrap().is_empty());
}

#[test]
fn writes_stay_here() {
    let f = file(9_000);
    let mut map = Mapped::new(&f, 100, 8_000, MapMode::CopyOnWrite).unwrap();
    map.bytes_mut().unwrap().fill(1);
    assert!(map.bytes().iter().all(|b| *b == 1));
    let again = Mapped::new(&f, 100, 8_000, MapMode::ReadOnly).unwrap();
    drop(f);
    assert!(again.bytes().iter().enumerate().all(|(i, b)| *b == (100 + i) as u8));
    assert_eq!(format!("{again:?}"), "Mapped { len: 8000, mode: ReadOnly }");
}
