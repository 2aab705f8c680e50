//! Sums down columns: every element of a row goes to a place of its own, so that whole rows are
//! added at once. The answers are those of the sums in [`mod@super::sum`], bit for bit.

use crate::dtype::Element;
use crate::isa::{Isa, Stamp};
use crate::kernel::cast::cast_one;
use crate::kernel::sum::{exact_total, two_sum};

/// Rows to be added: one begins every `stride` elements of `x` and is as long as `width`, or less
/// at the end. Row `r` goes to part `(first + r) mod n` of a state of `n · width` sums.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
    /// The elements.
    pub x: &'a [T],
    /// From the beginning of a row to that of the next one.
    pub stride: usize,
    /// Elements of a row.
    pub width: usize,
    /// Part of the state to which the first row goes.
    pub first: usize,
}

impl<'a, T> Rows<'a, T> {
    /// Rows that lie one after another, for a state as long as one.
    pub fn dense(x: &'a [T], width: usize) -> Rows<'a, T> {
        Rows { x, stride: width, width, first: 0 }
    }

    /// Each row, and where its sums begin in a state of `all` sums.
    #[inline(always)]
    fn each(self, all: usize) -> impl Iterator<Item = (&'a [T], usize)> {
        let parts = (all / self.width.max(1)).max(1);
        let mut part = self.first % parts;
        self.x.chunks(self.stride.max(1)).map(move |row| {
            let at = part * self.width;
            part = if part + 1 == parts { 0 } else { part + 1 };
            (&row[..self.width.min(row.len())], at)
        })
    }
}

struct Short<'a>(Rows<'a, f32>, &'a mut [f64]);

impl Stamp for Short<'_> {
    type Out = bool;
    #[inline(always)]
    fn go(self) -> bool {
        let mut lost = 0u64;
        for (row, at) in self.0.each(self.1.len()) {
            for (&x, s) in row.iter().zip(self.1[at..].iter_mut()) {
                let (sum, err) = two_sum(*s, f64::from(x));
                *s = sum;
                lost |= err.to_bits() << 1;
            }
        }
        lost == 0
    }
}

/// Adds rows to `s`. False if a sum could not stay exact; the state is then unspecified and the
/// caller starts again another way.
pub fn add_exact(isa: Isa, rows: Rows<'_, f32>, s: &mut [f64]) -> bool {
    isa.stamp(Short(rows, s))
}

struct Long<'a>(Rows<'a, f32>, &'a mut [f64], &'a mut [f64]);

impl Stamp for Long<'_> {
    type Out = bool;
    #[inline(always)]
    fn go(self) -> bool {
        let mut lost = 0u64;
        for (row, at) in self.0.each(self.1.len().min(self.2.len())) {
            for ((&x, s), e) in row.iter().zip(self.1[at..].iter_mut()).zip(self.2[at..].iter_mut()) {
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
pub fn add_exact_pairs(isa: Isa, rows: Rows<'_, f32>, s: &mut [f64], e: &mut [f64]) -> bool {
    isa.stamp(Long(rows, s, e))
}

struct Compensated<'a>(Rows<'a, f64>, &'a mut [f64], &'a mut [f64]);

impl Stamp for Compensated<'_> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for (row, at) in self.0.each(self.1.len().min(self.2.len())) {
            for ((&x, s), e) in row.iter().zip(self.1[at..].iter_mut()).zip(self.2[at..].iter_mut()) {
                let (sum, err) = two_sum(*s, x);
                (*s, *e) = (sum, *e + err);
            }
        }
    }
}

/// Adds rows to the sums `s`, and what rounding loses to `e`.
pub fn add_compensated(isa: Isa, rows: Rows<'_, f64>, s: &mut [f64], e: &mut [f64]) {
    isa.stamp(Compensated(rows, s, e));
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

/// Rows of elements of so many bytes of which an `i32` can hold the sum.
const fn few(size: usize) -> usize {
    if size == 1 { 1 << 20 } else { 1 << 14 }
}

struct Narrow<'a, T>(Rows<'a, T>, &'a mut [i32]);

impl<T: Element> Stamp for Narrow<'_, T> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for (row, at) in self.0.each(self.1.len()) {
            for (&x, s) in row.iter().zip(self.1[at..].iter_mut()) {
                *s += cast_one::<T, i32>(x);
            }
        }
    }
}

struct Wide<'a, T>(Rows<'a, T>, &'a mut [i64]);

impl<T: Element> Stamp for Wide<'_, T> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for (row, at) in self.0.each(self.1.len()) {
            for (&x, s) in row.iter().zip(self.1[at..].iter_mut()) {
                *s = s.wrapping_add(cast_one::<T, i64>(x));
            }
        }
    }
}

struct Squares<'a, T>(Rows<'a, T>, &'a mut [i64]);

impl<T: Element> Stamp for Squares<'_, T> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for (row, at) in self.0.each(self.1.len()) {
            for (&x, s) in row.iter().zip(self.1[at..].iter_mut()) {
                let x = cast_one::<T, i32>(x) as u32;
                *s += i64::from(x.wrapping_mul(x));
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
    /// So many sums, all 0.
    pub fn new(sums: usize) -> IntegerColumns {
        IntegerColumns { narrow: vec![0; sums], wide: vec![0; sums], rows: 0 }
    }

    /// Adds rows.
    pub fn add<T: Element>(&mut self, isa: Isa, rows: Rows<'_, T>) {
        if size_of::<T>() > 2 {
            isa.stamp(Wide(rows, &mut self.wide));
            return;
        }
        let most = few(size_of::<T>());
        let stride = rows.stride.max(1);
        let mut first = rows.first;
        for x in rows.x.chunks(stride.saturating_mul(most)) {
            let n = x.len().div_ceil(stride);
            if self.rows + n > most {
                self.widen();
            }
            self.rows += n;
            isa.stamp(Narrow(Rows { x, first, ..rows }, &mut self.narrow));
            first += n;
        }
    }

    /// Adds the squares of integers of up to 16 bits.
    pub fn add_squares<T: Element>(&mut self, isa: Isa, rows: Rows<'_, T>) {
        isa.stamp(Squares(rows, &mut self.wide));
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
