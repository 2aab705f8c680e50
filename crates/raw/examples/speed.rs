//! What the kernels cost on this machine, beside a copy of the same bytes.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use opusclip_raw::Isa;
use opusclip_raw::kernel::cast::cast;
use opusclip_raw::kernel::math::pow_f32;
use opusclip_raw::kernel::minmax::min_max;
use opusclip_raw::kernel::moments::moments;
use opusclip_raw::kernel::pick::every;
use opusclip_raw::kernel::planes::{PlaneTable, histogram};
use opusclip_raw::kernel::sum::{CompensatedSum, ExactSum, sum_int};
use opusclip_raw::kernel::table::{table_to, table_turns};

fn best(mut f: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    let start = Instant::now();
    while start.elapsed().as_secs_f64() < 0.15 {
        let t = Instant::now();
        f();
        best = best.min(t.elapsed().as_secs_f64());
    }
    best
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    // One 720p frame: 2.8 MB as bytes.
    let n = 1280 * 720 * 3;
    let x: Vec<u8> = (0..n).map(|i| (i as u32).wrapping_mul(2654435761) as u8 ^ (i >> 11) as u8).collect();
    let f: Vec<f32> = x.iter().map(|&v| f32::from(v) / 255.0).collect();
    let d: Vec<f64> = f.iter().map(|&v| f64::from(v)).collect();
    // Every exponent there is: the sum's slow lane.
    let wild: Vec<f32> = (0..n as u32).map(|i| f32::from_bits(i.wrapping_mul(2654435761) & 0xbfff_ffff)).collect();
    let s: Vec<i16> = x.iter().map(|&v| i16::from(v) - 100).collect();
    let mut s2 = s.clone();
    let (mut y, mut g) = (vec![0u8; n], vec![0f32; n]);
    let table: [u8; 256] = std::array::from_fn(|i| 255 - i as u8);
    let floats: [f32; 256] = std::array::from_fn(|i| pow_f32(i as f32 / 255.0, 0.8));
    let planes = PlaneTable::new(&floats, None);
    let mut row = |isa: Isa, name: &str, bytes: usize, s: f64| {
        let each = s * 1e9 / n as f64;
        let gb = bytes as f64 / s / 1e9;
        writeln!(out, "{:10} {name:26} {:7.3} ms {gb:7.2} GB/s read {each:6.3} ns each", isa.name(), s * 1e3)
    };
    row(Isa::BASELINE, "memcpy u8", n, best(|| black_box(&mut y).copy_from_slice(black_box(&x))))?;
    row(Isa::BASELINE, "memcpy f32", 4 * n, best(|| black_box(&mut g).copy_from_slice(black_box(&f))))?;
    row(Isa::BASELINE, "histogram", n, best(|| histogram(black_box(&x), black_box(&mut [0; 256]))))?;
    for isa in Isa::available() {
        row(isa, "table_u8", n, best(|| table_to(isa, black_box(&x), &table, black_box(&mut y))))?;
        row(isa, "table_to f32", n, best(|| table_to(isa, black_box(&x), &floats, black_box(&mut g))))?;
        let turns = [&floats; 3];
        row(isa, "table_turns f32", n, best(|| table_turns(isa, black_box(&x), &turns, 0, black_box(&mut g))))?;
        let turns = [&table; 3];
        row(isa, "table_turns u8", n, best(|| table_turns(isa, black_box(&x), &turns, 0, black_box(&mut y))))?;
        for step in 2..=4 {
            let (x, y) = (x.as_chunks::<1>().0, y.as_chunks_mut::<1>().0);
            let name = format!("every {step} u8");
            row(isa, &name, n, best(|| every(isa, black_box(x), step, black_box(&mut y[..n / step]))))?;
        }
        row(isa, "moments u8", n, best(|| _ = black_box(moments(isa, black_box(&x)))))?;
        row(isa, "moments i16", 2 * n, best(|| _ = black_box(moments(isa, black_box(&s)))))?;
        row(isa, "cast u8 -> i16", n, best(|| cast(isa, black_box(&x), black_box(&mut s2))))?;
        row(isa, "sum_int i16 (active level)", 2 * n, best(|| _ = black_box(sum_int(black_box(&s)))))?;
        if let Some(p) = &planes {
            let name = format!("PlaneTable::sum, {} planes", p.planes());
            row(isa, &name, n, best(|| _ = black_box(p.sum(isa, black_box(&x)))))?;
        }
        row(
            isa,
            "ExactSum f32",
            4 * n,
            best(|| {
                let mut s = ExactSum::new();
                s.add_f32(isa, black_box(&f));
                black_box(s.value());
            }),
        )?;
        row(
            isa,
            "ExactSum f32, wild",
            4 * n,
            best(|| {
                let mut s = ExactSum::new();
                s.add_f32(isa, black_box(&wild));
                black_box(s.value());
            }),
        )?;
        row(
            isa,
            "CompensatedSum f64",
            8 * n,
            best(|| {
                let mut s = CompensatedSum::default();
                s.add_f64(isa, black_box(&d));
                black_box(s.value());
            }),
        )?;
        row(isa, "cast f32 -> u8", 4 * n, best(|| cast(isa, black_box(&f), black_box(&mut y))))?;
        row(isa, "cast u8 -> f32", n, best(|| cast(isa, black_box(&x), black_box(&mut g))))?;
        row(isa, "cast f64 -> u8", 8 * n, best(|| cast(isa, black_box(&d), black_box(&mut y))))?;
        row(isa, "sum_int u8 (active level)", n, best(|| _ = black_box(sum_int(black_box(&x)))))?;
        row(isa, "min_max u8", n, best(|| _ = black_box(min_max(isa, black_box(&x)))))?;
        row(isa, "min_max f32", 4 * n, best(|| _ = black_box(min_max(isa, black_box(&f)))))?;
        row(isa, "pow_f32", 4 * n, best(|| isa.map1(black_box(&f), black_box(&mut g), |v| pow_f32(v, 0.8))))?;
    }
    Ok(())
}
