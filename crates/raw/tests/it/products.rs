//! Matrix products: every instruction set gives the bits of the plain loop.

use opusclip_raw::Isa;
use opusclip_raw::kernel::matmul::{RUN, Ring, Size, dot, matmul, matmul_f32, matmul_f64};

fn plain(s: Size, a: &[f32], b: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; s.m * s.n];
    for i in 0..s.m {
        for j in 0..s.n {
            for start in (0..s.k).step_by(RUN) {
                let mut sum = 0.0;
                for p in start..s.k.min(start + RUN) {
                    sum += a[i * s.k + p] * b[p * s.n + j];
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
                let wanted = plain(s, a, b);
                for isa in Isa::available() {
                    // What was there before does not matter.
                    let ring = Ring { zero: 0.0, add: |x, y| x + y, madd: |t, x, y| t + x * y };
                    let mut out = vec![f32::NAN; m * n];
                    matmul(isa, s, a, b, &mut out, ring);
                    assert_eq!(out, wanted, "{s:?} on {}", isa.name());
                    out.fill(f32::NAN);
                    matmul_f32(isa, s, a, b, &mut out);
                    assert_eq!(out, wanted, "{s:?} in large tiles on {}", isa.name());
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
