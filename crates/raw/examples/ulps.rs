//! How far the float functions are from the truth, in units in the last place.
//!
//!     cargo run --release -p opusclip-raw --example ulps -- [NAME…]
//!
//! measures `f32` functions on every one of the 2^32 arguments (functions of two on 2^32 pairs),
//! against the C library's `f64` functions, on all cores; without names, all of them. With
//! `--every N` as first arguments it takes every N-th.
//!
//!     cargo run --release -p opusclip-raw --example ulps -- --dump NAME COUNT > FILE
//!
//! writes arguments and results of an `f64` function for `scripts/accuracy.py`, which knows the
//! truth to more digits: COUNT rows of two numbers, of three for a function of two.
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[path = "../tests/it/curve_table.rs"]
mod curve_table;

use curve_table::{CURVES, PAIRS, ulps};
use opusclip_raw::Isa;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// Arguments of one step of one thread.
const RUN: u64 = 1 << 16;

/// SplitMix64: the n-th of a row of random numbers.
fn random(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// 0 up to 1.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// Pairs of which half are anything and half lie where powers and angles are of ordinary size.
fn pair(n: u64) -> (f32, f32) {
    let r = random(n);
    let any = (f32::from_bits((r >> 32) as u32), f32::from_bits(r as u32));
    let (u, v) = (unit(r) as f32, unit(random(n ^ (1 << 60))) as f32);
    match n % 4 {
        0 | 1 => any,
        2 => (u * 4.0, (v - 0.5) * 20.0),
        _ => ((u - 0.5) * 200.0, (v * 60.0 - 30.0).round()),
    }
}

/// Arguments where functions are steep, flat, near a zero or near an end.
fn wide(n: u64) -> f64 {
    let r = random(n);
    let u = unit(random(n ^ (1 << 60)));
    match n % 8 {
        0 | 1 => f64::from_bits(r),
        2 => (u - 0.5) * 40.0,
        3 => (u - 0.5) * 1500.0,
        4 => (u - 0.5) * 2.0,
        5 => 1.0 + (u - 0.5) * 2f64.powi(-((r % 40) as i32)),
        6 => (r % 100_000) as f64 * std::f64::consts::FRAC_PI_2 * (1.0 + (u - 0.5) * 1e-12),
        _ => (u - 0.5) * 2f64.powi(-((r % 60) as i32)),
    }
}

#[derive(Clone, Copy)]
struct Worst {
    ulps: f64,
    at: (f32, f32),
}

/// The worst of `total` arguments, `step` apart, on all cores.
fn sweep(total: u64, step: u64, measure: impl Fn(u64, u64, u64) -> Worst + Sync) -> Worst {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        let work = || {
            let mut worst = Worst { ulps: 0.0, at: (0.0, 0.0) };
            loop {
                let start = next.fetch_add(RUN * step, Ordering::Relaxed);
                if start >= total {
                    return worst;
                }
                let run = measure(start, (total - start).div_ceil(step).min(RUN), step);
                if run.ulps > worst.ulps {
                    worst = run;
                }
            }
        };
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = all.into_iter().filter_map(|t| t.join().ok());
        joined.fold(Worst { ulps: 0.0, at: (0.0, 0.0) }, |a, b| if b.ulps > a.ulps { b } else { a })
    })
}

/// Prints a row for each function; true if all are within what the tests hold them to.
fn measure(names: &[String], step: u64) -> bool {
    let mut held = true;
    let isa = Isa::active();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    println!("| function | worst, ulp | at |\n|---|---|---|");
    for c in CURVES.iter().filter(|c| wanted(c.name)) {
        let worst = sweep(1 << 32, step, |start, n, step| {
            let x: Vec<f32> = (0..n).map(|i| f32::from_bits((start + i * step) as u32)).collect();
            let mut out = vec![0f32; x.len()];
            (c.run)(isa, &x, &mut out);
            let mut worst = Worst { ulps: 0.0, at: (0.0, 0.0) };
            for (&x, &y) in x.iter().zip(&out) {
                let u = ulps(y, (c.truth)(f64::from(x)));
                if u > worst.ulps {
                    worst = Worst { ulps: u, at: (x, 0.0) };
                }
            }
            worst
        });
        println!("| {} | {:.6} | {:e} |", c.name, worst.ulps, worst.at.0);
        held &= worst.ulps <= c.ulps;
    }
    for p in PAIRS.iter().filter(|p| wanted(p.name)) {
        let worst = sweep(1 << 32, step, |start, n, step| {
            let (x, y): (Vec<f32>, Vec<f32>) = (0..n).map(|i| pair(start + i * step)).unzip();
            let mut out = vec![0f32; x.len()];
            (p.run)(isa, &x, &y, &mut out);
            let mut worst = Worst { ulps: 0.0, at: (0.0, 0.0) };
            for ((&x, &y), &z) in x.iter().zip(&y).zip(&out) {
                let u = ulps(z, (p.truth)(f64::from(x), f64::from(y)));
                if u > worst.ulps {
                    worst = Worst { ulps: u, at: (x, y) };
                }
            }
            worst
        });
        println!("| {} | {:.6} | {:e}, {:e} |", p.name, worst.ulps, worst.at.0, worst.at.1);
        held &= worst.ulps <= p.ulps;
    }
    held
}

/// Rows of arguments and result, computed in runs as the engine does.
fn dump(name: &str, count: u64) -> std::io::Result<bool> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let isa = Isa::active();
    let curve = CURVES.iter().find(|c| c.name == name);
    let pair = PAIRS.iter().find(|p| p.name == name);
    if curve.is_none() && pair.is_none() {
        return Ok(false);
    }
    for start in (0..count).step_by(RUN as usize) {
        let rows = start..count.min(start + RUN);
        let mut z = vec![0f64; (rows.end - rows.start) as usize];
        let columns = if let Some(c) = curve {
            let x: Vec<f64> = rows.map(wide).collect();
            (c.run64)(isa, &x, &mut z);
            vec![x, z]
        } else if let Some(p) = pair {
            let (x, y): (Vec<f64>, Vec<f64>) = rows.map(wide_pair).unzip();
            (p.run64)(isa, &x, &y, &mut z);
            vec![x, y, z]
        } else {
            continue;
        };
        for i in 0..columns[0].len() {
            for column in &columns {
                out.write_all(&column[i].to_le_bytes())?;
            }
        }
    }
    out.flush()?;
    Ok(true)
}

/// Pairs, a quarter of them near 1 and to a power that brings it far from 1: the hard case of `pow`.
fn wide_pair(n: u64) -> (f64, f64) {
    let near = 1.0 + (unit(random(n)) - 0.5) * 2f64.powi(-((n % 50) as i32));
    if n % 4 == 1 {
        return (near, (unit(random(!n)) - 0.5) * 1400.0 / near.ln());
    }
    (wide(random(n) >> 3), wide(random(n ^ (1 << 50)) >> 3))
}

fn code(held: bool) -> ExitCode {
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| args.get(at).and_then(|n| n.parse::<u64>().ok()).filter(|n| *n > 0);
    match (args.first().map(String::as_str), args.get(1)) {
        (Some("--dump"), Some(name)) => match dump(name, number(2).unwrap_or(1_000_000)) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => {
                eprintln!("no function {name}");
                ExitCode::from(2)
            }
            Err(e) => {
                eprintln!("{e}");
                ExitCode::FAILURE
            }
        },
        (Some("--every"), _) => {
            let Some(step) = number(1) else {
                eprintln!("--every takes a number");
                return ExitCode::from(2);
            };
            args.drain(..2);
            code(measure(&args, step))
        }
        _ => code(measure(&args, 1)),
    }
}
