//! Products of dense matrices: one loop for every element type.
//!
//! Every element of the result is summed in the same order whatever the instruction set: runs of
//! [`RUN`] products one after another, and the runs one after another. No fused multiply-add, so
//! that every machine gives the same bits. The tiling (panels of `b` packed once, a block of the
//! result kept in registers) is that of Goto and van de Geijn's *Anatomy of High-Performance
//! Matrix Multiplication*.

use crate::isa::{Isa, Stamp};

/// Products that are summed before their sum is added to the element: short runs round less, and a
/// panel of so many rows stays in the nearest cache.
pub const RUN: usize = 256;
const ROWS: usize = 4;
const COLS: usize = 16;

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
    let Size { m, k, n } = size;
    let fits = |r: usize, c: usize, len: usize| r.checked_mul(c).is_some_and(|l| l <= len);
    if !fits(m, k, a.len()) || !fits(k, n, b.len()) || !fits(m, n, out.len()) {
        return;
    }
    isa.stamp(Product { size, a, b, out, ring });
}

struct Product<'a, T, A, M> {
    size: Size,
    a: &'a [T],
    b: &'a [T],
    out: &'a mut [T],
    ring: Ring<T, A, M>,
}

impl<T: Copy, A: Fn(T, T) -> T + Copy, M: Fn(T, T, T) -> T + Copy> Stamp for Product<'_, T, A, M> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        let Size { m, k, n } = self.size;
        let Ring { zero, add, madd } = self.ring;
        if m == 0 || n == 0 {
            return;
        }
        self.out[..m * n].fill(zero);
        let mut panel = vec![[zero; COLS]; RUN.min(k)];
        for p0 in (0..k).step_by(RUN) {
            let run = RUN.min(k - p0);
            for j0 in (0..n).step_by(COLS) {
                let cols = COLS.min(n - j0);
                for (p, row) in panel[..run].iter_mut().enumerate() {
                    let start = (p0 + p) * n + j0;
                    row[..cols].copy_from_slice(&self.b[start..start + cols]);
                }
                for i0 in (0..m).step_by(ROWS) {
                    let rows = ROWS.min(m - i0);
                    // Rows that are not there repeat the last one and are not stored.
                    let line = |r: usize| {
                        let start = (i0 + r.min(rows - 1)) * k + p0;
                        &self.a[start..start + run]
                    };
                    let (a0, a1, a2, a3) = (line(0), line(1), line(2), line(3));
                    let mut sums = [[zero; COLS]; ROWS];
                    for ((((row, &x0), &x1), &x2), &x3) in panel[..run].iter().zip(a0).zip(a1).zip(a2).zip(a3) {
                        for c in 0..COLS {
                            sums[0][c] = madd(sums[0][c], x0, row[c]);
                            sums[1][c] = madd(sums[1][c], x1, row[c]);
                            sums[2][c] = madd(sums[2][c], x2, row[c]);
                            sums[3][c] = madd(sums[3][c], x3, row[c]);
                        }
                    }
                    for (r, sums) in sums.iter().enumerate().take(rows) {
                        let start = (i0 + r) * n + j0;
                        for (o, s) in self.out[start..start + cols].iter_mut().zip(sums) {
                            *o = add(*o, *s);
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
