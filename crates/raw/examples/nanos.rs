//! What each function costs: nanoseconds for one element, on every instruction set that is here.
//!
//!     cargo run --release -p opusclip-raw --example nanos -- [NAME…]
//!
//! prints a row per function and type: name, type, a figure per instruction set (the best of many
//! rounds over a run of elements that stays in the first cache). `scripts/nanos.py` sets NumPy's
//! figures beside them, taking turns, and makes the table of docs/accuracy.md.
#![allow(clippy::print_stdout)]

#[path = "../tests/it/curve_table.rs"]
mod curve_table;

use curve_table::{CURVES, PAIRS};
use opusclip_raw::Isa;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Elements of a run: 8 KB of float64.
const N: usize = 1024;

/// Nanoseconds an element: the best of many rounds.
fn best(mut f: impl FnMut()) -> f64 {
    f();
    let mut best = f64::INFINITY;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(15) {
        let t = Instant::now();
        for _ in 0..8 {
            f();
        }
        best = best.min(t.elapsed().as_secs_f64());
    }
    best * 1e9 / (8 * N) as f64
}

/// The arguments, which `scripts/nanos.py` repeats: from the domain's beginning (not included) to its end, in
/// an order that no branch could learn.
fn arguments(name: &str) -> Vec<f64> {
    let end = match name {
        "asin" | "acos" | "atanh" => 1.0,
        _ => 10.0,
    };
    let start = if name == "acosh" { 1.0 } else { 0.0 };
    (0..N).map(|i| start + end * ((i * 389 % N) as f64 + 0.5) / N as f64).collect()
}

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    let isas = Isa::available();
    let heads: Vec<&str> = isas.iter().map(|i| i.name()).collect();
    println!("function type {}", heads.join(" "));
    let row = |name: &str, dtype: &str, f: &mut dyn FnMut(Isa)| {
        let cells: Vec<String> = isas.iter().map(|&isa| format!("{:.3}", best(|| f(isa)))).collect();
        println!("{name} {dtype} {}", cells.join(" "));
    };
    for c in CURVES.iter().filter(|c| wanted(c.name)) {
        let x = arguments(c.name);
        let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let (mut out, mut out32) = (vec![0f64; N], vec![0f32; N]);
        row(c.name, "f32", &mut |isa| (c.run)(isa, black_box(&narrow), black_box(&mut out32)));
        row(c.name, "f64", &mut |isa| (c.run64)(isa, black_box(&x), black_box(&mut out)));
    }
    for p in PAIRS.iter().filter(|p| wanted(p.name)) {
        let x = arguments(p.name);
        let y: Vec<f64> = x.iter().rev().map(|x| x - 5.0).collect();
        let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let narrow_y: Vec<f32> = y.iter().map(|&x| x as f32).collect();
        let (mut out, mut out32) = (vec![0f64; N], vec![0f32; N]);
        row(p.name, "f32", &mut |isa| {
            (p.run)(isa, black_box(&narrow), black_box(&narrow_y), black_box(&mut out32));
        });
        row(p.name, "f64", &mut |isa| (p.run64)(isa, black_box(&x), black_box(&y), black_box(&mut out)));
    }
}
