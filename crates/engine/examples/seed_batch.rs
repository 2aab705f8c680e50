//! The seed's batch, 10 × 480 × 640 × 3 bytes, timed against one copy of the bytes. Prints JSON.

use std::io::Write;
use std::time::Instant;

use opusclip_engine::{Array, Isa, Lazy, Monitor, RunOptions, collect_all};

/// The job: normalise, gamma 0.8, contrast 1.2 about each frame's mean, clip, bytes.
fn grade(frames: &Lazy) -> Lazy {
    let g = (frames.f32() / 255.0).pow(0.8);
    let m = g.mean((1, 2, 3)).keepdims();
    (((&g - &m) * 1.2 + &m).clip(0.0, 1.0) * 255.0).u8()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn time(rounds: usize, mut f: impl FnMut()) -> f64 {
    f();
    let one = |_| {
        let start = Instant::now();
        f();
        start.elapsed().as_secs_f64() * 1e3
    };
    median((0..rounds).map(one).collect())
}

fn main() -> opusclip_engine::Result<()> {
    let shape = [10, 480, 640, 3];
    let mut state = 1u32;
    let bytes: Vec<u8> = (0..shape.iter().product::<usize>())
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    let frames = Lazy::from(Array::from_slice(&bytes, &shape)?);
    let graded = grade(&frames);
    let mut copy = vec![0u8; bytes.len()];
    let memcpy = time(51, || copy.copy_from_slice(std::hint::black_box(&bytes)));
    let mut line = format!("{{\"memcpy_ms\": {memcpy:.4}");
    for threads in [1, 2] {
        let options = RunOptions { threads, ..RunOptions::default() };
        let ours = time(51, || drop(std::hint::black_box(collect_all(std::slice::from_ref(&graded), &options))));
        line += &format!(", \"ours_{threads}_threads_ms\": {ours:.4}");
    }
    let monitor = Monitor::new();
    let options = RunOptions { threads: 1, monitor: monitor.clone(), ..RunOptions::default() };
    collect_all(std::slice::from_ref(&graded), &options)?;
    let baseline = RunOptions { threads: 1, isa: Some(Isa::BASELINE), ..RunOptions::default() };
    let plain = time(11, || drop(std::hint::black_box(collect_all(std::slice::from_ref(&graded), &baseline))));
    line += &format!(
        ", \"ours_baseline_isa_ms\": {plain:.4}, \"tables\": {}, \"counted\": {}, \"blocks\": {}, \"isa\": \"{}\"}}\n",
        monitor.tables(),
        monitor.counted(),
        monitor.blocks(),
        Isa::active().name()
    );
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
    let _ = std::io::stderr().lock().write_all(graded.explain().as_bytes());
    Ok(())
}
