//! Reading: every sample as FFmpeg decodes it, to the bit, from wherever one begins.

use opusclip::video::Video;
use opusclip::video::truth::Orientation;
use serde_json::Value;

use crate::support::{crc32, golden, raw_frames, sample};

fn hex(v: &Value) -> u32 {
    u32::from_str_radix(v.as_str().unwrap(), 16).unwrap()
}

/// Frames, times and every plane are those of FFmpeg.
#[test]
fn decode_gate() {
    for (name, want) in golden() {
        let video = Video::open(sample(&name)).unwrap_or_else(|e| panic!("{e}"));
        let source = video.source();
        let facts = video.facts();
        let (w, h) = (want["width"].as_u64().unwrap() as usize, want["height"].as_u64().unwrap() as usize);
        let shown = if facts.rotation.is_multiple_of(180) { (w, h) } else { (h, w) };
        assert_eq!((facts.width, facts.height), shown, "{name}");
        assert_eq!(facts.pixel_format, want["pixel_format"], "{name}");
        assert_eq!(facts.frames as u64, want["frames"].as_u64().unwrap(), "{name}");
        let info = source.info();
        assert_eq!(info.time_base.to_string(), want["time_base"], "{name}");
        let pts: Vec<i64> = want["pts"].as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect();
        assert_eq!(&info.pts[..], pts, "{name}");
        let planes = raw_frames(&*source, 0..facts.frames).unwrap_or_else(|e| panic!("{e}"));
        for (n, (raw, want)) in planes.iter().zip(want["crc"].as_array().unwrap()).enumerate() {
            assert_eq!(crc32(raw), hex(want), "{name}: frame {n}");
        }
    }
}

/// Beginning anywhere gives what decoding from the start gives.
#[test]
fn random_access_equals_sequential() {
    for (name, _) in golden() {
        if name == "bunny.mp4" {
            continue;
        }
        let source = Video::open(sample(&name)).unwrap().source();
        let n = source.info().frames();
        let all = raw_frames(&*source, 0..n).unwrap();
        assert_eq!(source.cuts().first(), Some(&0), "{name}");
        assert!(source.cuts().windows(2).all(|w| w[0] < w[1]), "{name}");
        for start in (0..n).step_by(7).chain(source.cuts().iter().copied()) {
            let end = (start + 5).min(n);
            assert!(raw_frames(&*source, start..end).unwrap() == all[start..end], "{name}: frames {start}..{end}");
        }
    }
}

/// Where groups are closed and where they are not.
#[test]
fn cuts_are_closed_groups() {
    let cuts = |name: &str| Video::open(sample(name)).unwrap().source().cuts().to_vec();
    assert_eq!(cuts("closed.mp4"), [0, 24, 48, 72]);
    assert_eq!(cuts("open.mp4"), [0]);
    assert_eq!(cuts("bunny.mp4"), [0]);
    assert_eq!(cuts("fragmented.mp4"), [0, 24, 48, 72]);
    assert_eq!(cuts("baseline.mp4"), [0, 6, 12, 18]);
}

/// The turned picture is FFmpeg's turned picture (luma only: it turns without arithmetic).
#[test]
fn rotation() {
    let golden = golden();
    let video = Video::open(sample("rotated.mp4")).unwrap();
    let source = video.source();
    let (w, h) = (96, 64);
    assert_eq!(video.facts().rotation, 270);
    assert_eq!(source.info().shape, [24, 96, 64, 3]);
    let want = golden.iter().find(|g| g.0 == "rotated.mp4").unwrap().1["turned_luma"].clone();
    let turn = Orientation { turns: 3, mirror: false };
    let frames = raw_frames(&*source, 0..24).unwrap();
    for (raw, want) in frames.iter().zip(want.as_array().unwrap()) {
        let mut luma = vec![0; w * h];
        for y in 0..h {
            for x in 0..w {
                let (ox, oy) = turn.place(x, y, w, h);
                luma[oy * h + ox] = raw[y * w + x];
            }
        }
        assert_eq!(crc32(&luma), hex(want));
    }
    // And RGB is turned in the same way.
    let plain = Video::open(sample("baseline.mp4")).unwrap().source();
    let (mut a, mut b) = (vec![0; w * h * 3], vec![0; w * h * 3]);
    plain.unpack(&frames[3], &mut a).unwrap();
    source.unpack(&frames[3], &mut b).unwrap();
    for y in 0..h {
        for x in 0..w {
            let (ox, oy) = turn.place(x, y, w, h);
            assert_eq!(a[(y * w + x) * 3..][..3], b[(oy * h + ox) * 3..][..3]);
        }
    }
}

/// What `facts` says beside the frames.
#[test]
fn facts() {
    let facts = |name: &str| Video::open(sample(name)).unwrap().facts().clone();
    let bunny = facts("bunny.mp4");
    assert_eq!((bunny.container.as_str(), bunny.codec.as_str(), bunny.profile.as_str()), ("MP4", "H.264", "Main"));
    assert_eq!((bunny.width, bunny.height, bunny.coded_size), (1280, 720, (1280, 720)));
    assert_eq!((bunny.rate.to_string().as_str(), bunny.constant_rate, bunny.key_frames), ("25", true, 1));
    assert!((bunny.duration - 5.28).abs() < 1e-9);
    assert_eq!(bunny.audio.len(), 1);
    assert_eq!((bunny.audio[0].codec.as_str(), bunny.audio[0].packets), ("mp4a", 249));
    assert!((bunny.colour_guessed, bunny.colour.matrix) == (true, 1), "{bunny:?}");
    assert!(!facts("vfr.mp4").constant_rate);
    assert!(facts("ntsc.mp4").constant_rate);
    assert_eq!(facts("ntsc.mp4").rate.to_string(), "30000/1001");
    assert_eq!(facts("slow.mp4").rate.to_string(), "1/100");
    assert_eq!(facts("anamorphic.mp4").sample_aspect.to_string(), "4/3");
    let full = facts("full_601.mp4");
    assert_eq!((full.colour.matrix, full.colour.full_range, full.colour_guessed), (5, true, false));
    let limited = facts("limited_709.mp4");
    assert_eq!((limited.colour.matrix, limited.colour.full_range, limited.colour_guessed), (1, false, false));
    assert_eq!((facts("closed.mp4").colour.matrix, facts("closed.mp4").colour_guessed), (6, true));
    assert_eq!(facts("two_tracks.mp4").audio.len(), 2);
    assert_eq!(facts("fragmented.mp4").container, "fragmented MP4");
    assert_eq!(facts("quicktime.mov").container, "QuickTime");
    assert_eq!(facts("odd_crop.mp4").coded_size, (112, 80));
}

/// Valid files that are not for us say what they are and what would read them.
#[test]
fn not_read() {
    for (name, words) in [
        (
            "hevc.mp4",
            "holds HEVC (H.265) video; this build decodes H.264, the rest needs the FFmpeg backend of a later release",
        ),
        (
            "full_chroma.mp4",
            "is H.264 with 4:4:4 chroma, which the built-in decoder does not read; that needs the FFmpeg backend of a later release",
        ),
        ("sound_only.mp4", "has no video track"),
        (
            "matroska.mkv",
            "is Matroska or WebM; this build reads H.264 in MP4 or MOV, the rest needs the FFmpeg backend of a later release",
        ),
    ] {
        let error = Video::open(sample(name)).unwrap_err().to_string();
        assert!(error.ends_with(&format!("{name}: {words}")), "{error}");
    }
}
