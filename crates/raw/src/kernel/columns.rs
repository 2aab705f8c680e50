//! Sums down columns: every element of a row goes to a place of its own, so that whole rows are
//! added at once. The answers are those of the sums in [`mod@super::sum`], bit for bit.

use crate::dtype::Element;
use crate::isa::{Isa, Stamp};
use crate::kernel::cast::cast_one;
use crate::kernel::sum::{exact_total, two_sum};

struct Short<'a>(&'a [f32], &'a mut [f64]);

impl Stamp for Short<'_> {
    type Out = bool;
    #[inline(always)]
    fn go(self) -> bool {
        let mut lost = 0u64;
        for row in self.0.chunks(self.1.len().max(1)) {
            for (&x, s) in row.iter().zip(self.1.iter_mut()) {
                let (sum, err) = two_sum(*s, f64::from(x));
                *s = sum;
                lost |= err.to_bits() << 1;
            }
        }
        lost == 0
    }
}

/// Adds rows, one after another in `x` and each as long as `s`, to `s`. False if a sum could not
/// stay exact; the state is then unspecified and the caller starts again another way.
pub fn add_exact(isa: Isa, x: &[f32], s: &mut [f64]) -> bool {
    isa.stamp(Short(x, s))
}

struct Long<'a>(&'a [f32], &'a mut [f64], &'a mut [f64]);

impl Stamp for Long<'_> {
    type Out = bool;
    #[inline(always)]
    fn go(self) -> bool {
        let mut lost = 0u64;
        for row in self.0.chunks(self.1.len().max(1)) {
            for ((&x, s), e) in row.iter().zip(self.1.iter_mut()).zip(self.2.iter_mut()) {
                let (sum, err) = two_sum(*s, f64::from(x));
                let (low, err) = two_sum(*e, err);
                (*s, *e) = (sum, low);
                lost |= err.to_bits() << 1;
            }
        }
        lost == 0
    }
}

/// The same for pairs `(s[i], e[i])`, whose true value is `s[i] + e[i]`: twice the digits.
pub fn add_exact_pairs(isa: Isa, x: &[f32], s: &mut [f64], e: &mut [f64]) -> bool {
    isa.stamp(Long(x, s, e))
}

struct Compensated<'a>(&'a [f64], &'a mut [f64], &'a mut [f64]);

impl Stamp for Compensated<'_> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for row in self.0.chunks(self.1.len().max(1)) {
            for ((&x, s), e) in row.iter().zip(self.1.iter_mut()).zip(self.2.iter_mut()) {
                let (sum, err) = two_sum(*s, x);
                (*s, *e) = (sum, *e + err);
            }
        }
    }
}

/// Adds rows of `f64`, one after another in `x` and each as long as `s`, to the sums `s`, and what
/// rounding loses to `e`.
pub fn add_compensated(isa: Isa, x: &[f64], s: &mut [f64], e: &mut [f64]) {
    isa.stamp(Compensated(x, s, e));
}

/// The exact totals, each rounded once, of columns of sums: column `c` is `s[c]`, `s[c + width]`…
/// and the same of `e`, at least one. Infinities and NaN as in
/// [`CompensatedSum::value`](super::sum::CompensatedSum::value).
pub fn totals(isa: Isa, s: &[f64], e: &[f64], out: &mut [f64]) {
    let width = out.len().max(1);
    let mut low = vec![0.0; out.len()];
    let mut lost = vec![0u64; out.len()];
    out.fill(0.0);
    for row in s.chunks(width).chain(e.chunks(width)) {
        isa.stamp(Totals(row, out, &mut low, &mut lost));
    }
    for (c, ((o, low), lost)) in out.iter_mut().zip(low).zip(lost).enumerate() {
        *o = if lost == 0 {
            *o + low
        } else {
            let of = |x: &[f64]| x.iter().copied().skip(c).step_by(width).collect::<Vec<_>>();
            exact_total(&of(s), &of(e))
        };
    }
}

struct Totals<'a>(&'a [f64], &'a mut [f64], &'a mut [f64], &'a mut [u64]);

impl Stamp for Totals<'_> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for (((&x, high), low), lost) in self.0.iter().zip(self.1).zip(self.2).zip(self.3) {
            let (sum, err) = two_sum(*high, x);
            let (rest, err) = two_sum(*low, err);
            (*high, *low) = (sum, rest);
            *lost |= err.to_bits() << 1;
        }
    }
}

/// How many elements of a type of so many bytes an `i32` can hold the sum of.
const fn few(size: usize) -> usize {
    if size == 1 { 1 << 20 } else { 1 << 14 }
}

struct Narrow<'a, T>(&'a [T], &'a mut [i32]);

impl<T: Element> Stamp for Narrow<'_, T> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for row in self.0.chunks(self.1.len().max(1)) {
            for (&x, s) in row.iter().zip(self.1.iter_mut()) {
                *s += cast_one::<T, i32>(x);
            }
        }
    }
}

struct Wide<'a, T>(&'a [T], &'a mut [i64]);

impl<T: Element> Stamp for Wide<'_, T> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for row in self.0.chunks(self.1.len().max(1)) {
            for (&x, s) in row.iter().zip(self.1.iter_mut()) {
                *s = s.wrapping_add(cast_one::<T, i64>(x));
            }
        }
    }
}

/// Sums of integers down columns. Those of 64-bit integers wrap.
#[derive(Clone, Debug)]
pub struct IntegerColumns {
    narrow: Vec<i32>,
    wide: Vec<i64>,
    /// Rows that the narrow sums hold.
    rows: usize,
}

impl IntegerColumns {
    /// Sums of `width` columns, all 0.
    pub fn new(width: usize) -> IntegerColumns {
        IntegerColumns { narrow: vec![0; width], wide: vec![0; width], rows: 0 }
    }

    /// Adds rows, one after another in `x`.
    pub fn add<T: Element>(&mut self, isa: Isa, x: &[T]) {
        let width = self.wide.len().max(1);
        if size_of::<T>() > 2 {
            isa.stamp(Wide(x, &mut self.wide));
            return;
        }
        let most = few(size_of::<T>());
        for part in x.chunks(width.saturating_mul(most)) {
            if self.rows + part.len().div_ceil(width) > most {
                self.widen();
            }
            self.rows += part.len().div_ceil(width);
            isa.stamp(Narrow(part, &mut self.narrow));
        }
    }

    fn widen(&mut self) {
        for (w, n) in self.wide.iter_mut().zip(&mut self.narrow) {
            *w += i64::from(std::mem::take(n));
        }
        self.rows = 0;
    }

    /// The sums so far; of `u64` elements their bits.
    pub fn values(&mut self) -> &[i64] {
        self.widen();
        &self.wide
    }

    /// All 0 again.
    pub fn reset(&mut self) {
        self.narrow.fill(0);
        self.wide.fill(0);
        self.rows = 0;
    }
}
