//! What it costs to ask: nanoseconds of the smallest runs, as one JSON object.
//!
//!     cargo run --release -p opusclip --example overhead

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use opusclip::prelude::*;
use opusclip::{Array, DType, Lazy, Monitor, Output, Profile, Result, RunOptions, jit};

/// Median nanoseconds of one call.
fn nanos(mut f: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut rounds = Vec::new();
    let mut calls = 1u32;
    while rounds.len() < 15 {
        let start = Instant::now();
        for _ in 0..calls {
            f()?;
        }
        let spent = start.elapsed();
        if spent.as_micros() < 2000 && calls < 1 << 20 {
            calls *= 2;
        } else {
            rounds.push(spent.as_secs_f64() * 1e9 / f64::from(calls));
        }
    }
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[rounds.len() / 2])
}

fn array(n: usize) -> Result<Lazy> {
    let values: Vec<f64> = (0..n).map(|v| v as f64 * 0.5).collect();
    Ok(Array::from_slice(&values, &[n])?.into())
}

fn main() -> Result<()> {
    let x = array(3)?;
    let written = &x * 2.0 + 1.0;
    let options = RunOptions::default();
    let planned = |lazy: &Lazy| -> Result<()> {
        black_box(opusclip::run(vec![Output::Collect(lazy.clone())], &options)?);
        Ok(())
    };
    let mut found = serde_json::Map::new();
    let mut note = |name: &str, ns: f64| found.insert(name.into(), (ns.round() as u64).into());
    let build = nanos(|| {
        black_box(black_box(&x) * 2.0 + 1.0);
        Ok(())
    })?;
    note("build two ops", build);
    note("collect two ops of 3 f64", nanos(|| black_box(&written).collect().map(|a| drop(black_box(a))))?);
    note("build and collect", nanos(|| (black_box(&x) * 2.0 + 1.0).collect().map(|a| drop(black_box(a))))?);
    let sum = x.sum(());
    note("sum of 3 f64", nanos(|| black_box(&sum).collect().map(|a| drop(black_box(a))))?);
    note("the same planned", nanos(|| planned(&written))?);
    for n in [1_000, 10_000, 100_000] {
        let x = array(n)?;
        let lazy = &x * 2.0 + 1.0;
        note(&format!("two ops of {n} f64, planned"), nanos(|| planned(&lazy))?);
    }
    let add = jit(|[x]| x * 2.0 + 1.0);
    for n in [3, 1_000, 10_000] {
        let x = array(n)?;
        note(&format!("two ops of {n} f64, traced"), nanos(|| add.call([black_box(&x)]).map(|a| drop(black_box(a))))?);
    }
    // The reference job, watched in three ways that take turns.
    let frames: Lazy = Generator::new(1)?.integers(0, 256, &[10, 480, 640, 3], DType::U8, false)?.into();
    let g = (frames.f32() / 255.0).pow(0.8);
    let m = g.mean((1, 2, 3)).keepdims();
    let job = (((&g - &m) * 1.2 + &m).clip(0.0, 1.0) * 255.0).u8();
    let ways =
        [("quiet", Monitor::quiet()), ("watched", Monitor::new()), ("profiled", Monitor::profiled(&Profile::new()))];
    let mut times = [const { Vec::new() }; 3];
    for round in 0..901 {
        for turn in 0..ways.len() {
            let at = (round + turn) % ways.len();
            let (times, monitor) = (&mut times[at], &ways[at].1);
            let options = RunOptions { monitor: monitor.clone(), ..RunOptions::default() };
            let start = Instant::now();
            drop(black_box(job.collect_with(&options)?));
            if round > 0 {
                times.push(start.elapsed().as_secs_f64() * 1e9);
            }
        }
    }
    for (times, (name, _)) in times.iter_mut().zip(&ways) {
        times.sort_by(f64::total_cmp);
        // The lower quarter: what others on the machine cost is not ours.
        note(&format!("seed batch, {name}"), times[times.len() / 4]);
    }
    let text = serde_json::Value::Object(found);
    let _ = writeln!(std::io::stdout(), "{text:#}");
    Ok(())
}
