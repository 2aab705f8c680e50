//! The seed's batch job on a video: normalise, gamma 0.8, contrast 1.2 about each frame's mean,
//! clip, back to bytes. `cargo run --release -p opusclip --example grade -- IN.mp4 OUT.mp4`

use opusclip::prelude::*;

fn main() -> opusclip::Result<()> {
    let mut args = std::env::args().skip(1);
    let input = args.next().unwrap_or_else(|| "samples/bunny.mp4".into());
    let output = args.next().unwrap_or_else(|| "graded.mp4".into());

    let v = Video::open(&input)?;
    let g = (v.frames().f32() / 255.0).pow(0.8);
    let m = g.mean((1, 2, 3)).keepdims();
    let y = (((&g - &m) * 1.2 + &m).clip(0.0, 1.0) * 255.0).u8();
    y.sink_video(&output, &Encode::like(&v))?;

    Ok(())
}
