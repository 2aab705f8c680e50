//! Damaged and hostile inputs: one clear line, or a good result; never a panic, never a remnant.

use std::fs;

use crate::support::{Done, Folder, sample};

/// Runs a job on `bytes`; it may succeed or fail, but must do so in order.
fn survives(bytes: &[u8], what: &str) -> Done {
    let folder = Folder::new();
    folder.write("in.mp4", bytes);
    let done = folder.run(&["process", "in.mp4", "-o", "out.mp4", "-q", "--frames", ":4"]);
    let info = folder.run(&["info", "in.mp4"]);
    for run in [&done, &info] {
        assert!(!run.stderr.contains("panicked") && !run.stderr.contains("internal error"), "{what}: {run:?}");
        assert!(matches!(run.code, Some(0 | 1)), "{what}: {run:?}");
        if run.code == Some(1) {
            run.refused(1);
        }
    }
    let mut left = vec!["in.mp4"];
    if done.code == Some(0) {
        left.push("out.mp4");
    }
    assert_eq!(folder.names(), left, "{what}");
    done
}

#[test]
fn cut_at_every_sixteenth() {
    let bytes = fs::read(sample()).unwrap();
    for sixteenth in 0..16 {
        let cut = &bytes[..bytes.len() * sixteenth / 16];
        let folder = Folder::new();
        folder.write("in.mp4", cut);
        // All frames are wanted, so every cut is noticed.
        let done = folder.run(&["process", "in.mp4", "-o", "out.mp4", "-q", "--threads", "2", "--preset", "fast"]);
        let line = done.refused(1);
        assert!(line.starts_with("error: in.mp4: "), "{sixteenth}/16: {line}");
        assert_eq!(folder.names(), ["in.mp4"], "{sixteenth}/16");
    }
}

#[test]
fn flipped_bits() {
    let bytes = fs::read(sample()).unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for round in 0..64 {
        let mut hurt = bytes.clone();
        // Half of them where the structure is: the first and the last 8 KiB.
        let at = match round % 4 {
            0 => next(8192),
            1 => hurt.len() - 1 - next(8192),
            _ => next(hurt.len()),
        };
        hurt[at] ^= 1 << next(8);
        survives(&hurt, &format!("bit flipped in byte {at}"));
    }
}

#[test]
fn not_a_video_at_all() {
    for (what, bytes) in [
        ("empty", &b""[..]),
        ("text", b"#EXTM3U\nfile:///etc/passwd\n"),
        ("zeros", &[0; 4096]),
        ("ones", &[255; 4096]),
        ("ftyp alone", b"\0\0\0\x18ftypisom\0\0\0\0isomavc1"),
        ("huge box", b"\0\0\0\x18ftypisom\0\0\0\0isomavc1\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff"),
    ] {
        assert_eq!(survives(bytes, what).code, Some(1), "{what}");
    }
}

#[test]
fn boxes_nested_without_end() {
    let mut bytes = b"\0\0\0\x18ftypisom\0\0\0\0isomavc1".to_vec();
    let depth = 20_000_u32;
    for level in 0..depth {
        bytes.extend(((depth - level) * 8).to_be_bytes());
        bytes.extend(if level == 0 { b"moov" } else { b"trak" });
    }
    assert_eq!(survives(&bytes, "nested boxes").code, Some(1));
}
