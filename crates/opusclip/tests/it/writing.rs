//! Writing: what goes in comes back, and nothing is left behind when it cannot.

use std::sync::Arc;

use opusclip::DType;
use opusclip::flow::{Rational, Sink, StreamInfo};
use opusclip::store::input::Input;
use opusclip::video::container::{self, TrackKind};
use opusclip::video::{Encode, Mp4Sink, Preset, Video, WriteReport};

use crate::support::{Scratch, copy, crc32, golden, raw_frames, sample, transcode};

/// CRC of all sound packets of each track, one after another, and their number.
fn sound(path: &std::path::Path) -> Vec<(usize, u32, Vec<Vec<u8>>)> {
    let input = Arc::new(Input::open(path).unwrap());
    let demux = container::open(&input).unwrap();
    let tracks = demux.tracks().iter().filter(|t| t.kind == TrackKind::Audio);
    tracks
        .map(|t| {
            let all: Vec<u8> =
                t.packets.iter().flat_map(|p| input.read_vec(p.offset, p.size.into()).unwrap()).collect();
            (t.packets.len(), crc32(&all), t.entries.clone())
        })
        .collect()
}

/// Peak signal to noise of two pictures, in decibels.
fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 / (sum / a.len() as f64).max(1e-9)).log10()
}

/// Every sample of even size survives: frames, times, sound, tags, picture.
#[test]
fn round_trips() {
    let dir = Scratch::new("round-trips");
    for (name, _) in golden() {
        let out = dir.path(&format!("{name}.mp4"));
        let before = Video::open(sample(&name)).unwrap();
        let frames = before.facts().frames.min(60);
        let range = (frames < before.facts().frames).then_some(0..frames);
        let report = transcode(&sample(&name), &out, range.clone(), |e| e).unwrap_or_else(|e| panic!("{e}"));
        let after = Video::open(&out).unwrap();
        let (a, b) = (before.source(), after.source());
        assert_eq!((report.frames, after.facts().frames), (frames, frames), "{name}");
        assert_eq!(report.bytes, std::fs::metadata(&out).unwrap().len(), "{name}");
        assert_eq!(a.info().pts[..frames], b.info().pts[..], "{name}");
        assert_eq!(a.info().time_base, b.info().time_base, "{name}");
        assert_eq!(a.info().durations[..frames], b.info().durations[..], "{name}");
        assert_eq!(a.info().shape[1..], b.info().shape[1..], "{name}");
        assert_eq!(before.facts().colour.matrix, after.facts().colour.matrix, "{name}");
        assert_eq!(before.facts().colour.full_range, after.facts().colour.full_range, "{name}");
        assert!(!after.facts().colour_guessed, "{name}");
        assert_eq!(before.facts().sample_aspect, after.facts().sample_aspect, "{name}");
        assert_eq!(after.facts().rotation, 0, "{name}");
        if range.is_none() {
            let (a, b) = (sound(&sample(&name)), sound(&out));
            assert_eq!(a, b, "{name}");
            assert_eq!(report.audio_packets, a.iter().map(|t| t.0).sum::<usize>(), "{name}");
        }
        let (x, y) = (raw_frames(&*a, 0..frames).unwrap(), raw_frames(&*b, 0..frames).unwrap());
        let (mut p, mut q) = (vec![0; a.info().frame_bytes()], vec![0; a.info().frame_bytes()]);
        for (n, (x, y)) in x.iter().zip(&y).enumerate() {
            a.unpack(x, &mut p).unwrap();
            b.unpack(y, &mut q).unwrap();
            assert!(psnr(&p, &q) > 26.0, "{name}: frame {n} has {:.1} dB", psnr(&p, &q));
        }
    }
}

/// Settings of the encoder, all of which must give frames in their places.
#[test]
fn settings() {
    let dir = Scratch::new("settings");
    let out = dir.path("out.mp4");
    let closed = Video::open(sample("closed.mp4")).unwrap();
    for gop in [2, 7, 48, 200] {
        for bframes in [0, 1, 2, 3] {
            for preset in [Preset::Fast, Preset::Balanced] {
                transcode(&sample("closed.mp4"), &out, None, |e| e.gop(gop).bframes(bframes).preset(preset).qp(30))
                    .unwrap();
                let video = Video::open(&out).unwrap();
                let what = format!("gop {gop}, {bframes} B-frames, {preset:?}");
                assert_eq!(video.source().info().pts, closed.source().info().pts, "{what}");
                assert_eq!(video.source().cuts(), (0..96).step_by(gop).collect::<Vec<_>>(), "{what}");
                let (a, b) = (closed.source(), video.source());
                let (x, y) = (raw_frames(&*a, 0..96).unwrap(), raw_frames(&*b, 0..96).unwrap());
                for (n, (x, y)) in x.iter().zip(&y).enumerate() {
                    assert!(psnr(x, y) > 25.0, "{what}: frame {n} has {:.1} dB", psnr(x, y));
                }
            }
        }
    }
    let bad = |e: Encode| Mp4Sink::create(&dir.path("x.mp4"), &e, false).err().unwrap().to_string();
    assert_eq!(bad(Encode::default().qp(52)), "qp: 52 is out of 0 to 51");
    assert_eq!(bad(Encode::default().gop(1)), "gop: 1 is out of 2 to 240");
    assert_eq!(bad(Encode::default().bframes(9)), "bframes: 9 is out of 0 to 4");
    assert_eq!(dir.files(), ["out.mp4"]);
}

/// A range of frames takes its sound with it, to within a packet.
#[test]
fn trimmed() {
    let dir = Scratch::new("trimmed");
    let out = dir.path("out.mp4");
    let report = transcode(&sample("closed.mp4"), &out, Some(24..72), |e| e).unwrap();
    let video = Video::open(&out).unwrap();
    assert_eq!((report.frames, video.source().info().pts[0]), (48, 0));
    assert!((report.seconds - 2.0).abs() < 1e-9);
    // Two seconds of packets of 1024 samples at 32 kHz are 62.5.
    let audio = &video.facts().audio[0];
    assert!((63..=65).contains(&audio.packets), "{audio:?}");
    assert!((audio.duration - 2.0).abs() < 0.07, "{audio:?}");
    let report = transcode(&sample("closed.mp4"), &out, None, |e| e.audio(false)).unwrap();
    assert_eq!(report.audio_packets, 0);
    assert!(Video::open(&out).unwrap().facts().audio.is_empty());
}

/// The same bytes, whatever was written before and in whatever order parts were made.
#[test]
fn deterministic() {
    let dir = Scratch::new("deterministic");
    let (a, b) = (dir.path("a.mp4"), dir.path("b.mp4"));
    transcode(&sample("closed.mp4"), &a, None, |e| e.gop(16)).unwrap();
    let video = Video::open(sample("closed.mp4")).unwrap();
    let source = video.source();
    let mut sink = Mp4Sink::create(&b, &Encode::like(&video).gop(16), false).unwrap();
    sink.begin(source.info()).unwrap();
    let mut parts: Vec<_> = (0..6).rev().map(|i| (i, sink.part(i, i * 16..i * 16 + 16).unwrap())).collect();
    let mut rgb = vec![0; source.info().frame_bytes()];
    let frames = raw_frames(&*source, 0..96).unwrap();
    for k in 0..16 {
        for (i, part) in &mut parts {
            source.unpack(&frames[*i * 16 + k], &mut rgb).unwrap();
            part.push(&rgb).unwrap();
        }
    }
    let mut done: Vec<_> = parts.into_iter().map(|(i, p)| (i, p.finish().unwrap())).collect();
    done.sort_by_key(|d| d.0);
    for (_, encoded) in done {
        sink.join(encoded).unwrap();
    }
    let report = sink.finish().unwrap().downcast::<WriteReport>().unwrap();
    assert_eq!(report.path, b);
    assert!(std::fs::read(&a).unwrap() == std::fs::read(&b).unwrap());
}

#[test]
fn targets() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = Scratch::new("targets");
    let input = dir.path("in.mp4");
    std::fs::copy(sample("one_frame.mp4"), &input).unwrap();
    let video = Video::open(&input).unwrap();
    let encode = Encode::like(&video);
    let refuse = |name: &str, overwrite: bool| {
        let e = Mp4Sink::create(&dir.path(name), &encode, overwrite).err().unwrap_or_else(|| panic!("{name}"));
        e.to_string()
    };
    symlink(&input, dir.path("link.mp4")).unwrap();
    std::fs::hard_link(&input, dir.path("hard.mp4")).unwrap();
    std::fs::create_dir(dir.path("folder")).unwrap();
    symlink("nowhere", dir.path("dangling.mp4")).unwrap();
    for name in ["in.mp4", "link.mp4", "hard.mp4", "folder/../in.mp4"] {
        assert!(refuse(name, true).ends_with("is the input itself; choose another name"), "{name}");
    }
    assert!(
        refuse("none/out.mp4", false)
            .ends_with("the folder to write to does not exist; make it first or choose another")
    );
    assert!(refuse("folder", true).ends_with("is a folder; give the name of a file in it"));
    assert!(refuse("in.mp4/x.mp4", true).contains("folder"));
    assert!(refuse("dangling.mp4", true).contains("symbolic link to a file that does not exist"));
    std::fs::write(dir.path("old.mp4"), "old").unwrap();
    assert!(refuse("old.mp4", false).ends_with("exists already; choose another name or allow overwriting (-y)"));
    assert!(Mp4Sink::create("/dev/full".as_ref(), &encode, true).err().unwrap().to_string().contains("is a device"));
    // A run that fails or is given up leaves the old file and nothing else.
    let before = dir.files();
    let mut sink = Mp4Sink::create(&dir.path("old.mp4"), &encode, true).unwrap();
    assert_ne!(dir.files(), before);
    sink.begin(video.source().info()).unwrap();
    drop(sink);
    assert_eq!(dir.files(), before);
    assert_eq!(std::fs::read(dir.path("old.mp4")).unwrap(), b"old");
    // A name as long as names get, and one that is not UTF-8.
    let long = format!("{}.mp4", "x".repeat(251));
    transcode(&input, &dir.path(&long), None, |e| e).unwrap();
    use std::os::unix::ffi::OsStrExt;
    let raw = dir.path("").join(std::ffi::OsStr::from_bytes(b"\xff \n%04d.mp4"));
    transcode(&input, &raw, None, |e| e).unwrap();
    assert_eq!(std::fs::metadata(&raw).unwrap().permissions().mode() & 0o111, 0);
    // Overwriting through a link writes the file, not the link.
    symlink("old.mp4", dir.path("to-old.mp4")).unwrap();
    transcode(&input, &dir.path("to-old.mp4"), None, |e| e).unwrap();
    assert!(dir.path("to-old.mp4").is_symlink());
    assert_eq!(Video::open(dir.path("old.mp4")).unwrap().facts().frames, 1);
}

#[test]
fn frames_that_cannot_be_written() {
    let dir = Scratch::new("cannot");
    let begin = |shape: Vec<usize>, dtype| {
        let mut sink = Mp4Sink::create(&dir.path("out.mp4"), &Encode::default(), false).unwrap();
        sink.begin(&StreamInfo::constant_rate(shape, dtype, Rational::new(25, 1))).err().map(|e| e.to_string())
    };
    assert_eq!(begin(vec![2, 4, 4, 3], DType::U8), None);
    assert_eq!(
        begin(vec![2, 5, 4, 3], DType::U8).unwrap(),
        "output: frames of 4x5 cannot be written as H.264 4:2:0, which needs even sizes; crop to 4x4 first"
    );
    assert!(begin(vec![2, 4, 4, 3], DType::F32).unwrap().contains("wants (T, H, W, 3) of uint8"));
    assert!(begin(vec![2, 4, 4], DType::U8).unwrap().contains("wants (T, H, W, 3) of uint8"));
    assert_eq!(begin(vec![0, 4, 4, 3], DType::U8).unwrap(), "output: no frame to write; choose a range that holds one");
    assert!(dir.files().is_empty());
}

/// Without an original: a made stream at a constant rate.
#[test]
fn without_an_original() {
    let dir = Scratch::new("made");
    let video = Video::open(sample("ntsc.mp4")).unwrap();
    let mut sink = Mp4Sink::create(&dir.path("out.mp4"), &Encode::default(), false).unwrap();
    copy(&video, 10..20, &mut sink).unwrap();
    let made = Video::open(dir.path("out.mp4")).unwrap();
    assert_eq!((made.facts().frames, made.source().info().pts[0]), (10, 0));
    assert_eq!(made.facts().rate.to_string(), "30000/1001");
    assert_eq!(dir.files(), ["out.mp4"]);
}
