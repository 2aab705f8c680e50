//! Products of dense matrices: one loop for every element type, and tiles of long registers for floats.
//!
//! Every element of the result is summed in the same order whatever the instruction set: runs of
//! [`RUN`] products one after another, and the runs one after another. In `f32` a product and the sum so
//! far are rounded together, by an instruction where the machine has it and else by what gives the same
//! bits; in other types each by itself. The tiling (panels of `b` packed once for a block of `a`, a block of the
//! result kept in registers) is that of Goto and van de Geijn's *Anatomy of High-Performance
//! Matrix Multiplication*.

use crate::isa::{Isa, Stamp};
use crate::kernel::poly::two_sum;

/// Products that are summed before their sum is added to the element: short runs round less, and a
/// panel of so many rows stays in the nearest cache.
pub const RUN: usize = 256;
/// Rows of `a` that are put side by side at once: with a run of their elements they stay in the
/// second cache.
pub const TALL: usize = 256;

/// How many rows, products for each element, and columns.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Rows of `a` and of the result.
    pub m: usize,
    /// Columns of `a`, rows of `b`.
    pub k: usize,
    /// Columns of `b` and of the result.
    pub n: usize,
}

/// How elements are summed and multiplied.
#[derive(Clone, Copy)]
pub struct Ring<T, A, M> {
    /// What sums start from.
    pub zero: T,
    /// `x + y`
    pub add: A,
    /// `s + x · y` of `(s, x, y)`
    pub madd: M,
}

/// `out = a · b` of C-order matrices `m × k` and `k × n`. Slices that are too short for the size
/// leave `out` as it is.
pub fn matmul<T: Copy, A: Fn(T, T) -> T + Copy, M: Fn(T, T, T) -> T + Copy>(
    isa: Isa,
    size: Size,
    a: &[T],
    b: &[T],
    out: &mut [T],
    ring: Ring<T, A, M>,
) {
    let Ring { zero, add, madd } = ring;
    let tile = |panel: &[[T; 16]], tall: &[[T; 4]], sums: &mut [[T; 16]; 4]| {
        let mut all = [[zero; 16]; 4];
        for (row, x) in panel.iter().zip(tall) {
            for c in 0..16 {
                all[0][c] = madd(all[0][c], x[0], row[c]);
                all[1][c] = madd(all[1][c], x[1], row[c]);
                all[2][c] = madd(all[2][c], x[2], row[c]);
                all[3][c] = madd(all[3][c], x[3], row[c]);
            }
        }
        *sums = all;
    };
    tiled(isa, size, a, b, out, Tiles { zero, add, tile });
}

/// Where tiles have so many rows and columns: sums of a run for each element of one.
struct Tiles<T, A, F> {
    zero: T,
    add: A,
    tile: F,
}

fn tiled<T: Copy, A, F, const R: usize, const C: usize>(
    isa: Isa,
    size: Size,
    a: &[T],
    b: &[T],
    out: &mut [T],
    tiles: Tiles<T, A, F>,
) where
    A: Fn(T, T) -> T,
    F: Fn(&[[T; C]], &[[T; R]], &mut [[T; C]; R]),
{
    let Size { m, k, n } = size;
    let fits = |r: usize, c: usize, len: usize| r.checked_mul(c).is_some_and(|l| l <= len);
    if fits(m, k, a.len()) && fits(k, n, b.len()) && fits(m, n, out.len()) {
        isa.stamp(Product::<T, A, F, R, C> { size, a, b, out, tiles });
    }
}

/// `x · y + s`, rounded once, where no instruction does that: the bits of [`f32::mul_add`].
///
/// The product is exact in `f64`. Where the sum is not, of the two numbers around it the one with an odd
/// last digit is taken: rounding that once more, to fewer digits, is as rounding once (Boldo and
/// Melquiond, *Emulation of a FMA and Correctly Rounded Sums: Proved Algorithms Using Rounding to Odd*).
#[inline(always)]
pub fn fused_f32(s: f32, x: f32, y: f32) -> f32 {
    let (sum, lost) = two_sum(f64::from(x) * f64::from(y), f64::from(s));
    let bits = sum.to_bits();
    // Infinities and what is no number have lost none that could be told. Without comparisons of
    // integers, which SSE2 does not have for so long ones.
    let inexact = u64::from((lost > 0.0) | (lost < 0.0));
    let step = inexact & !bits;
    let back = step & ((bits ^ lost.to_bits()) >> 63);
    f64::from_bits(bits.wrapping_add(step).wrapping_sub(back << 1)) as f32
}

/// Whether `f32::mul_add` is one instruction in loops of this level.
fn fuses(isa: Isa) -> bool {
    isa.has_avx2() || !cfg!(target_arch = "x86_64")
}

/// [`matmul`] of floats, each product and the sum so far rounded together, in the long registers of
/// AVX-512 where they are.
pub fn matmul_f32(isa: Isa, size: Size, a: &[f32], b: &[f32], out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if isa.has_avx512() {
        let tile = |panel: &[[f32; 32]], tall: &[[f32; 8]], sums: &mut [[f32; 32]; 8]| {
            // SAFETY: an Isa of this level exists only if the CPU has it.
            unsafe { tile_f32(panel, tall, sums) }
        };
        return tiled(isa, size, a, b, out, Tiles { zero: 0.0, add: |x, y| x + y, tile });
    }
    if fuses(isa) {
        #[inline(always)]
        fn madd(s: f32, x: f32, y: f32) -> f32 {
            x.mul_add(y, s)
        }
        matmul(isa, size, a, b, out, Ring { zero: 0.0, add: |x, y| x + y, madd });
    } else {
        matmul(isa, size, a, b, out, Ring { zero: 0.0, add: |x, y| x + y, madd: fused_f32 });
    }
}

/// [`matmul`] of plain sums and products, in the long registers of AVX-512 where they are.
pub fn matmul_f64(isa: Isa, size: Size, a: &[f64], b: &[f64], out: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    if isa.has_avx512() {
        let tile = |panel: &[[f64; 16]], tall: &[[f64; 8]], sums: &mut [[f64; 16]; 8]| {
            // SAFETY: an Isa of this level exists only if the CPU has it.
            unsafe { tile_f64(panel, tall, sums) }
        };
        return tiled(isa, size, a, b, out, Tiles { zero: 0.0, add: |x, y| x + y, tile });
    }
    matmul(isa, size, a, b, out, Ring { zero: 0.0, add: |x, y| x + y, madd: |s, x, y| s + x * y });
}

/// Sums of a run for a tile, in so long registers that two of them are a row of it.
macro_rules! long_registers {
    ($tile:ident, $t:ty, $v:ident, $n:literal, $zero:ident, $set:ident, $load:ident, $store:ident, |$s:ident, $x:ident, $y:ident| $madd:expr) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f")]
        fn $tile(panel: &[[$t; 2 * $n]], tall: &[[$t; 8]], sums: &mut [[$t; 2 * $n]; 8]) {
            use std::arch::x86_64::*;
            let mut all: [[$v; 2]; 8] = [[$zero(); 2]; 8];
            for (row, x) in panel.iter().zip(tall) {
                // SAFETY: a row has twice as many elements as a register.
                let row = unsafe { [$load(row.as_ptr()), $load(row.as_ptr().add($n))] };
                for r in 0..8 {
                    let $x = $set(x[r]);
                    for half in 0..2 {
                        let ($s, $y) = (all[r][half], row[half]);
                        all[r][half] = $madd;
                    }
                }
            }
            for (sums, all) in sums.iter_mut().zip(all) {
                // SAFETY: as above.
                unsafe {
                    $store(sums.as_mut_ptr(), all[0]);
                    $store(sums.as_mut_ptr().add($n), all[1]);
                }
            }
        }
    };
}
long_registers!(
    tile_f32,
    f32,
    __m512,
    16,
    _mm512_setzero_ps,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    |s, x, y| _mm512_fmadd_ps(x, y, s)
);
long_registers!(
    tile_f64,
    f64,
    __m512d,
    8,
    _mm512_setzero_pd,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    |s, x, y| _mm512_add_pd(s, _mm512_mul_pd(x, y))
);

struct Product<'a, T, A, F, const R: usize, const C: usize> {
    size: Size,
    a: &'a [T],
    b: &'a [T],
    out: &'a mut [T],
    tiles: Tiles<T, A, F>,
}

impl<T: Copy, A, F, const R: usize, const C: usize> Stamp for Product<'_, T, A, F, R, C>
where
    A: Fn(T, T) -> T,
    F: Fn(&[[T; C]], &[[T; R]], &mut [[T; C]; R]),
{
    type Out = ();
    #[inline(always)]
    fn go(self) {
        let Size { m, k, n } = self.size;
        let Tiles { zero, add, tile } = self.tiles;
        if m == 0 || n == 0 {
            return;
        }
        self.out[..m * n].fill(zero);
        let mut panel = vec![[zero; C]; RUN.min(k)];
        // Rows of `a`, so many side by side, for each of the products: read in one line.
        let mut tall: Vec<[T; R]> = Vec::new();
        for p0 in (0..k).step_by(RUN) {
            let run = RUN.min(k - p0);
            for m0 in (0..m).step_by(TALL) {
                let block = TALL.min(m - m0);
                tall.clear();
                for i0 in (0..block).step_by(R) {
                    // Rows that are not there repeat the last one and are not stored.
                    let line = |r: usize| (m0 + (i0 + r).min(block - 1)) * k + p0;
                    let lines: [&[T]; R] = std::array::from_fn(|r| &self.a[line(r)..line(r) + run]);
                    tall.extend((0..run).map(|p| lines.map(|l| l[p])));
                }
                for j0 in (0..n).step_by(C) {
                    let cols = C.min(n - j0);
                    for (p, row) in panel[..run].iter_mut().enumerate() {
                        let start = (p0 + p) * n + j0;
                        row[..cols].copy_from_slice(&self.b[start..start + cols]);
                    }
                    for (i, tall) in tall.chunks_exact(run).enumerate() {
                        let mut sums = [[zero; C]; R];
                        tile(&panel[..run], tall, &mut sums);
                        for (r, sums) in sums.iter().enumerate().take(block - i * R) {
                            let start = (m0 + i * R + r) * n + j0;
                            for (o, s) in self.out[start..start + cols].iter_mut().zip(sums) {
                                *o = add(*o, *s);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `Σ x·y` in the same order as [`matmul`] sums an element.
pub fn dot<T: Copy, A: Fn(T, T) -> T, M: Fn(T, T, T) -> T>(
    x: impl Iterator<Item = T>,
    y: &[T],
    ring: Ring<T, A, M>,
) -> T {
    let Ring { zero, add, madd } = ring;
    let (mut total, mut sum, mut count) = (zero, zero, 0);
    for (x, &y) in x.zip(y) {
        sum = madd(sum, x, y);
        count += 1;
        if count == RUN {
            total = add(total, sum);
            (sum, count) = (zero, 0);
        }
    }
    if count > 0 { add(total, sum) } else { total }
}

/// [`dot`] in the order and with the rounding of [`matmul_f32`].
pub fn dot_f32(isa: Isa, x: &[f32], y: &[f32]) -> f32 {
    struct Fused<'a>(&'a [f32], &'a [f32]);
    impl Stamp for Fused<'_> {
        type Out = f32;
        #[inline(always)]
        fn go(self) -> f32 {
            let mut total = 0.0;
            for (x, y) in self.0.chunks(RUN).zip(self.1.chunks(RUN)) {
                let mut sum = 0.0f32;
                for (&x, &y) in x.iter().zip(y) {
                    sum = x.mul_add(y, sum);
                }
                total += sum;
            }
            total
        }
    }
    if fuses(isa) {
        return isa.stamp(Fused(x, y));
    }
    dot(x.iter().copied(), y, Ring { zero: 0.0, add: |x, y| x + y, madd: fused_f32 })
}
