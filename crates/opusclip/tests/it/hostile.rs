//! Damaged and hostile files end in one line, soon, and leave nothing behind. No panic may reach
//! the caller: the tests would fail by it.

use std::path::Path;
use std::time::{Duration, Instant};

use opusclip::error::{Error, Result};
use opusclip::flow::Source;
use opusclip::video::Video;

use crate::support::{Noise, Scratch, golden, raw_frames, sample, transcode};

/// Opens and decodes all; gives the number of frames.
fn read_all(path: &Path) -> Result<usize> {
    let video = Video::open(path)?;
    let source = video.source();
    let n = source.info().frames();
    raw_frames(&*source, 0..n)?;
    Ok(n)
}

/// The error is one line of sensible length that names the file.
fn one_line(error: &Error) {
    let text = error.to_string();
    assert!(!text.contains('\n') && text.len() < 600, "{text}");
    assert!(!text.contains("internal error"), "{text}");
    assert!(!text.ends_with('.'), "{text}");
}

#[test]
fn truncated() {
    let dir = Scratch::new("truncated");
    let path = dir.path("cut.mp4");
    for (name, _) in golden() {
        if name == "bunny.mp4" {
            continue;
        }
        let bytes = std::fs::read(sample(&name)).unwrap();
        for part in 0..16 {
            std::fs::write(&path, &bytes[..bytes.len() * part / 16]).unwrap();
            let start = Instant::now();
            match read_all(&path) {
                Err(e) => one_line(&e),
                // Whole fragments or trailing sound may be gone without a frame missing.
                Ok(_) => assert!(
                    name.starts_with("fragmented") || name.starts_with("faststart") || part > 8,
                    "{name} {part}"
                ),
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{name} {part}");
        }
    }
}

/// With the index first, a cut file opens, says so, and fails at the right frame.
#[test]
fn cut_data_names_the_frame() {
    let dir = Scratch::new("cut-data");
    let path = dir.path("cut.mp4");
    let bytes = std::fs::read(sample("faststart.mp4")).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 3000]).unwrap();
    let video = Video::open(&path).unwrap();
    assert!(video.facts().warnings.iter().any(|w| w.contains("lie beyond its end")), "{:?}", video.facts().warnings);
    let n = video.facts().frames;
    let error = raw_frames(&*video.source(), 0..n).unwrap_err().to_string();
    assert!(error.contains(": frame ") && error.contains("beyond the end of the file"), "{error}");
    let out = dir.path("out.mp4");
    transcode(&path, &out, None, |e| e).unwrap_err();
    assert_eq!(dir.files(), ["cut.mp4"]);
}

#[test]
fn flipped_bits() {
    let dir = Scratch::new("flipped");
    let path = dir.path("flip.mp4");
    let names =
        ["closed.mp4", "fragmented.mp4", "baseline.mp4", "interlaced.mp4", "edit.mp4", "deep.mp4", "left_crop.mp4"];
    let mut noise = Noise(1);
    for round in 0..210 {
        let name = names[round % names.len()];
        let mut bytes = std::fs::read(sample(name)).unwrap();
        for _ in 0..1 + noise.below(12) {
            // Half of the hits go where the boxes are: at the end, or at the beginning.
            let len = bytes.len();
            let at = match noise.below(4) {
                0 => noise.below(1500.min(len)),
                1 => len - 1 - noise.below(2500.min(len)),
                _ => noise.below(len),
            };
            bytes[at] ^= 1 << noise.below(8);
        }
        std::fs::write(&path, &bytes).unwrap();
        let start = Instant::now();
        if let Err(e) = read_all(&path) {
            one_line(&e);
        }
        assert!(start.elapsed() < Duration::from_secs(30), "round {round} of {name} took {:?}", start.elapsed());
    }
}

/// Counts that lie are refused before anything is allocated for them.
#[test]
fn lying_tables() {
    let dir = Scratch::new("lying");
    let path = dir.path("lie.mp4");
    let good = std::fs::read(sample("closed.mp4")).unwrap();
    for (kind, skip) in
        [(b"stsz", 8), (b"stts", 4), (b"stsc", 4), (b"stco", 4), (b"ctts", 4), (b"stss", 4), (b"elst", 4), (b"stsd", 4)]
    {
        for value in [0xffff_ffffu32, 0x7fff_ffff, 0x0100_0000] {
            let mut bytes = good.clone();
            let at = good.windows(4).position(|w| w == kind).unwrap() + 4 + skip;
            bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
            std::fs::write(&path, &bytes).unwrap();
            if let Err(e) = read_all(&path) {
                one_line(&e);
            }
        }
    }
    // One size for 2^32 packets.
    let mut bytes = good.clone();
    let at = good.windows(4).position(|w| w == b"stsz").unwrap() + 8;
    bytes[at..at + 8].copy_from_slice(&[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
    std::fs::write(&path, &bytes).unwrap();
    let error = Video::open(&path).unwrap_err().to_string();
    assert!(error.contains("more than"), "{error}");
}

#[test]
fn strange_boxes() {
    let dir = Scratch::new("boxes");
    let path = dir.path("odd.mp4");
    let good = std::fs::read(sample("one_frame.mp4")).unwrap();
    // A hundred thousand empty boxes before the video are skipped.
    let mut many: Vec<u8> = good[..32].to_vec();
    for _ in 0..100_000 {
        many.extend([0, 0, 0, 8]);
        many.extend(b"free");
    }
    std::fs::write(&path, &many).unwrap();
    one_line(&Video::open(&path).unwrap_err());
    // Boxes nested in boxes.
    let mut deep = Vec::new();
    for i in 0..20_000u32 {
        deep.extend((8 * (20_000 - i)).to_be_bytes());
        deep.extend(b"moov");
    }
    std::fs::write(&path, &deep).unwrap();
    one_line(&Video::open(&path).unwrap_err());
    // A size below the header, and one that wraps.
    for size in [[0u8, 0, 0, 4], [0, 0, 0, 1]] {
        let mut bytes = size.to_vec();
        bytes.extend(b"moov");
        bytes.extend([0xff; 16]);
        std::fs::write(&path, &bytes).unwrap();
        one_line(&Video::open(&path).unwrap_err());
    }
    // Edit lists of many entries are refused at once.
    let mut edits = std::fs::read(sample("edit.mp4")).unwrap();
    let at = edits.windows(4).position(|w| w == b"elst").unwrap() + 8;
    edits[at..at + 4].copy_from_slice(&2u32.to_be_bytes());
    std::fs::write(&path, &edits).unwrap();
    one_line(&Video::open(&path).unwrap_err());
}

#[test]
fn not_a_video() {
    let dir = Scratch::new("not-a-video");
    let path = dir.path("x.mp4");
    let text = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let e = Video::open(&path).unwrap_err();
        one_line(&e);
        e.to_string().split_once(": ").unwrap().1.to_string()
    };
    assert_eq!(text(b""), "is empty (0 bytes); not a video");
    assert_eq!(text("hello wörld\n".repeat(50).as_bytes()), "is text, not a video");
    assert_eq!(text(&[7; 5000]), "is not a video: its first bytes are those of no known format");
    assert_eq!(
        text(b"#EXTM3U\nhttp://example.org/a.ts\n"),
        "is a playlist; this build reads H.264 in MP4 or MOV, the rest needs the FFmpeg backend of a later release"
    );
    assert_eq!(text(b"\0\0\0\x10ftypisom\0\0\0\0"), "has no index (box moov) and no data: it is cut or not a video");
    let whole = std::fs::read(sample("closed.mp4")).unwrap();
    assert_eq!(text(&whole[..20_000]), "has no index (box moov): the recording was not finished or the file is cut");
    let folder = Video::open(dir.path("")).unwrap_err();
    assert!(folder.to_string().ends_with(": is a folder; give a file"), "{folder}");
    let none = Video::open(dir.path("none.mp4")).unwrap_err();
    assert!(none.to_string().ends_with(": cannot open: No such file or directory"), "{none}");
    let device = Video::open("/dev/null").unwrap_err();
    assert!(device.to_string().starts_with("/dev/null: is a device"), "{device}");
}

/// A file that changes while it is read is noticed.
#[test]
fn changed_underneath() {
    let dir = Scratch::new("changed");
    let path = dir.path("a.mp4");
    std::fs::copy(sample("closed.mp4"), &path).unwrap();
    let video = Video::open(&path).unwrap();
    video.source().check_unchanged().unwrap();
    let file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.set_len(60_000).unwrap();
    let error = Source::check_unchanged(&video).unwrap_err();
    assert!(error.to_string().contains("changed while it was being read"), "{error}");
}
