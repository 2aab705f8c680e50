//! Writing: what goes in comes back, and nothing is left behind when it cannot.

use crate::support::{Scratch, sample, transcode};

#[test]
fn sample_round_trip() {
    let dir = Scratch::new("round-trip");
    let out = dir.path("out.mp4");
    let report = transcode(&sample("bunny.mp4"), &out, None, |e| e).unwrap();
    assert_eq!(report.frames, 132);
    if let Some(keep) = std::env::var_os("OPUSCLIP_KEEP") {
        std::fs::copy(&out, keep).unwrap();
    }
}
