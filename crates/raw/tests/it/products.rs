//! Matrix products: every instruction set gives the bits of the plain loop.

use crate::Random;
use opusclip_raw::Isa;
use opusclip_raw::kernel::matmul::{RUN, Ring, Size, dot, dot_f32, fused_f32, matmul, matmul_f32, matmul_f64};

fn plain(s: Size, a: &[f32], b: &[f32], madd: impl Fn(f32, f32, f32) -> f32) -> Vec<f32> {
    let mut out = vec![0.0; s.m * s.n];
    for i in 0..s.m {
        for j in 0..s.n {
            for start in (0..s.k).step_by(RUN) {
                let mut sum = 0.0;
                for p in start..s.k.min(start + RUN) {
                    sum = madd(sum, a[i * s.k + p], b[p * s.n + j]);
                }
                out[i * s.n + j] += sum;
            }
        }
    }
    out
}

#[test]
fn every_size_and_instruction_set_is_the_plain_loop() {
    let numbers: Vec<f32> = (0..40_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 1e6 - 8.0).collect();
    for m in [0, 1, 3, 4, 5, 9, 17] {
        for k in [0, 1, 7, RUN, RUN + 1, 2 * RUN + 3] {
            for n in [0, 1, 2, 15, 16, 17, 35] {
                let s = Size { m, k, n };
                let (a, b) = (&numbers[..m * k], &numbers[m * k..m * k + k * n]);
                let wanted = plain(s, a, b, |t, x, y| t + x * y);
                let fused = plain(s, a, b, |t, x, y| x.mul_add(y, t));
                for isa in Isa::available() {
                    // What was there before does not matter.
                    let ring = Ring { zero: 0.0, add: |x, y| x + y, madd: |t, x, y| t + x * y };
                    let mut out = vec![f32::NAN; m * n];
                    matmul(isa, s, a, b, &mut out, ring);
                    assert_eq!(out, wanted, "{s:?} on {}", isa.name());
                    out.fill(f32::NAN);
                    matmul_f32(isa, s, a, b, &mut out);
                    assert_eq!(out, fused, "{s:?} of float32 on {}", isa.name());
                    let wide = |x: &[f32]| x.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
                    let (mut plain, mut large) = (vec![0.0; m * n], vec![0.0; m * n]);
                    let ring = Ring { zero: 0.0, add: |x, y| x + y, madd: |t, x, y| t + x * y };
                    matmul(Isa::BASELINE, s, &wide(a), &wide(b), &mut plain, ring);
                    matmul_f64(isa, s, &wide(a), &wide(b), &mut large);
                    assert_eq!(plain, large, "{s:?} of float64 on {}", isa.name());
                }
                if n > 0 && m > 0 {
                    let column: Vec<f32> = b.iter().step_by(n).copied().collect();
                    let one = dot(
                        a[..k].iter().copied(),
                        &column,
                        Ring { zero: 0.0, add: |x, y| x + y, madd: |t, x, y| t + x * y },
                    );
                    assert_eq!(one, wanted[0], "{s:?}");
                    for isa in Isa::available() {
                        assert_eq!(dot_f32(isa, &a[..k], &column), fused[0], "{s:?} on {}", isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn slices_too_short_for_the_size_change_nothing() {
    let mut out = vec![7.0f32; 4];
    for s in [Size { m: 2, k: 3, n: 2 }, Size { m: usize::MAX, k: 2, n: 2 }] {
        matmul(
            Isa::detect(),
            s,
            &[1.0; 4],
            &[1.0; 4],
            &mut out,
            Ring { zero: 0.0, add: |x, y| x + y, madd: |t, x, y| t + x * y },
        );
        assert_eq!(out, [7.0; 4]);
    }
}

#[test]
fn fused_products_are_rounded_once() {
    let same = |s: f32, x: f32, y: f32| {
        let (found, wanted) = (fused_f32(s, x, y), x.mul_add(y, s));
        let alike = found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan());
        assert!(alike, "{x:e} * {y:e} + {s:e}: {found:e} instead of {wanted:e}");
    };
    // All kinds of numbers, and those around which rounding turns.
    let ulp = f32::EPSILON;
    let some = [
        0.0,
        f32::from_bits(1),
        f32::from_bits(3),
        f32::MIN_POSITIVE,
        f32::MIN_POSITIVE * (1.0 - ulp),
        1e-30,
        ulp,
        0.5,
        1.0 - ulp / 2.0,
        1.0,
        1.0 + ulp,
        1.0 + 3.0 * ulp,
        3.0,
        16777215.0,
        16777216.0,
        1e30,
        f32::MAX / 2.0,
        f32::MAX,
        f32::INFINITY,
        f32::NAN,
    ];
    let all: Vec<f32> = some.into_iter().flat_map(|v| [v, -v]).collect();
    for &s in &all {
        for &x in &all {
            for &y in &all {
                same(s, x, y);
            }
        }
    }
    let mut r = Random(18);
    for _ in 0..300_000 {
        // Any bits.
        let (x, y, s) = (r.bits(), r.bits(), r.bits());
        same(f32::from_bits(s as u32), f32::from_bits(x as u32), f32::from_bits(y as u32));
        // Products of few digits next to sums so far away that the last digit hangs on a half.
        let few = |bits: u64| (bits >> 52) as f32 + 1.0;
        let near = few(x) * few(y) * 2f32.powi(s as i32 % 60);
        same(near, few(x), few(y));
        same(f32::from_bits(near.to_bits() + 1), -few(x), few(y));
        // Halves that only what lies far below decides, of normal and of subnormal numbers.
        let low = 2f32.powi(-(s as i32 % 60) - 40);
        same(few(x) * 2f32.powi(13), 1.0 + ulp, few(y) * 2f32.powi(-11 - (s as i32 % 4)));
        same(f32::from_bits(x as u32 & 0x007f_ffff), low * few(y), low);
        same(-f32::from_bits(x as u32 & 0x00ff_ffff), low * few(y), low * few(x));
    }
}

#[test]
fn every_instruction_set_fuses_the_same() {
    // All exponents: sums overflow, vanish, and are no numbers; each element decides for itself.
    let mut r = Random(19);
    let s = Size { m: 9, k: 20, n: 35 };
    for mask in [0xffff_ffffu32, 0xbfff_ffff, 0x9fff_ffff, 0x80ff_ffff] {
        let mut numbers = |n: usize| (0..n).map(|_| f32::from_bits(r.bits() as u32 & mask)).collect::<Vec<_>>();
        let (a, b) = (numbers(s.m * s.k), numbers(s.k * s.n));
        let wanted = plain(s, &a, &b, |t, x, y| x.mul_add(y, t));
        for isa in Isa::available() {
            let mut out = vec![0.0; s.m * s.n];
            matmul_f32(isa, s, &a, &b, &mut out);
            for (found, wanted) in out.iter().zip(&wanted) {
                let alike = found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan());
                assert!(alike, "{found:e} instead of {wanted:e} on {}", isa.name());
            }
        }
    }
}
