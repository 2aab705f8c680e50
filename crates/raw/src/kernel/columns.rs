//! Sums down columns: every element of a row goes to a place of its own, so that whole rows are
//! added at once. The answers are those of the sums in [`mod@super::sum`], bit for bit.

use std::collections::BTreeMap;

use crate::dtype::Element;
use crate::isa::{Isa, Stamp, prefetch};
use crate::kernel::cast::cast_one;
use crate::kernel::poly::two_sum;
use crate::kernel::sum::{ExactSum, Total, exact_total};

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

    /// Calls `add` with pieces of rows and where their sums begin in a state of `all` sums, and asks
    /// for the piece below each: rows may lie too far apart for the processor to guess.
    #[inline(always)]
    fn each(self, all: usize, mut add: impl FnMut(&[T], usize)) {
        let parts = (all / self.width.max(1)).max(1);
        let mut part = self.first % parts;
        let (stride, apart) = (self.stride.max(1), self.stride > self.width);
        let mut rest = self.x;
        while !rest.is_empty() {
            let (row, below) = rest.split_at(stride.min(rest.len()));
            rest = below;
            let row = &row[..self.width.min(row.len())];
            let mut at = part * self.width;
            for (n, piece) in row.chunks(PIECE).enumerate() {
                if apart {
                    fetch(below.get(n * PIECE..).unwrap_or_default(), piece.len());
                }
                add(piece, at);
                at += piece.len();
            }
            part = if part + 1 == parts { 0 } else { part + 1 };
        }
    }
}

/// The sums from `at` on; none where the state is shorter than a row.
#[inline(always)]
fn from<S>(sums: &mut [S], at: usize) -> &mut [S] {
    sums.get_mut(at..).unwrap_or_default()
}

/// Elements that are added between two looks ahead.
const PIECE: usize = 128;

/// Asks for the first `n` elements, which will be read soon.
#[inline(always)]
fn fetch<T>(x: &[T], n: usize) {
    const LINE: usize = 64;
    for at in x[..n.min(x.len())].iter().step_by((LINE / size_of::<T>()).max(1)) {
        prefetch(at);
    }
}

struct Short<'a>(Rows<'a, f32>, &'a mut [f64]);

impl Stamp for Short<'_> {
    type Out = bool;
    #[inline(always)]
    fn go(self) -> bool {
        let (rows, s) = (self.0, self.1);
        let mut lost = 0u64;
        rows.each(s.len(), |x, at| {
            for (&x, s) in x.iter().zip(from(s, at)) {
                let (sum, err) = two_sum(*s, f64::from(x));
                *s = sum;
                lost |= err.to_bits() << 1;
            }
        });
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
        let Long(rows, s, e) = self;
        let mut lost = 0u64;
        rows.each(s.len().min(e.len()), |x, at| {
            for ((&x, s), e) in x.iter().zip(from(s, at)).zip(from(e, at)) {
                let (sum, err) = two_sum(*s, f64::from(x));
                let (low, err) = two_sum(*e, err);
                (*s, *e) = (sum, low);
                lost |= err.to_bits() << 1;
            }
        });
        lost == 0
    }
}

/// The same for pairs `(s[i], e[i])`, whose true value is `s[i] + e[i]`: twice the digits.
pub fn add_exact_pairs(isa: Isa, rows: Rows<'_, f32>, s: &mut [f64], e: &mut [f64]) -> bool {
    isa.stamp(Long(rows, s, e))
}

/// Exact sums of f32 down columns that take whatever comes, for rows that are not seen twice.
#[derive(Clone, Debug)]
pub struct ExactColumns {
    s: Vec<f64>,
    e: Vec<f64>,
    /// What two floats could not hold, by place.
    rest: BTreeMap<usize, ExactSum>,
}

impl ExactColumns {
    /// So many sums, all 0.
    pub fn new(sums: usize) -> ExactColumns {
        ExactColumns { s: vec![0.0; sums], e: vec![0.0; sums], rest: BTreeMap::new() }
    }

    /// How many sums there are.
    pub fn len(&self) -> usize {
        self.s.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.s.is_empty()
    }

    /// Adds rows.
    pub fn add(&mut self, isa: Isa, rows: Rows<'_, f32>) {
        let (mut old_s, mut old_e) = ([0.0; PIECE], [0.0; PIECE]);
        let ExactColumns { s, e, rest } = self;
        rows.each(s.len(), |x, at| {
            let piece = at..at + x.len();
            let (Some(s), Some(e)) = (s.get_mut(piece.clone()), e.get_mut(piece)) else { return };
            old_s[..x.len()].copy_from_slice(s);
            old_e[..x.len()].copy_from_slice(e);
            if add_exact_pairs(isa, Rows::dense(x, x.len()), s, e) {
                return;
            }
            s.copy_from_slice(&old_s[..x.len()]);
            e.copy_from_slice(&old_e[..x.len()]);
            for (c, ((&x, s), e)) in x.iter().zip(s).zip(e).enumerate() {
                let (sum, err) = two_sum(*s, f64::from(x));
                let (low, err) = two_sum(*e, err);
                if err == 0.0 {
                    (*s, *e) = (sum, low);
                } else if x.is_finite() && s.is_finite() {
                    rest.entry(at + c).or_default().add_f64(f64::from(x));
                } else {
                    // Infinities and NaN say all by themselves.
                    *s += f64::from(x);
                }
            }
        });
    }

    /// The exact totals, each rounded once, of as many columns as `out` has: sums so far apart are one.
    pub fn totals(&self, isa: Isa, out: &mut [f64]) {
        totals(isa, &self.s, &self.e, out);
        let width = out.len().max(1);
        let mut columns: BTreeMap<usize, ExactSum> = BTreeMap::new();
        for (at, sum) in &self.rest {
            columns.entry(at % width).or_default().merge(sum);
        }
        for (c, mut sum) in columns {
            for v in self.s.iter().chain(&self.e).skip(c).step_by(width) {
                sum.add_f64(*v);
            }
            if let Some(o) = out.get_mut(c) {
                *o = sum.value();
            }
        }
    }
}

struct Compensated<'a>(Rows<'a, f64>, &'a mut [f64], &'a mut [f64]);

impl Stamp for Compensated<'_> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        let Compensated(rows, s, e) = self;
        rows.each(s.len().min(e.len()), |x, at| {
            for ((&x, s), e) in x.iter().zip(from(s, at)).zip(from(e, at)) {
                let (sum, err) = two_sum(*s, x);
                (*s, *e) = (sum, *e + err);
            }
        });
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
    let mut all = [vec![0.0; out.len()], vec![0.0; out.len()], vec![0.0; out.len()], vec![0.0; out.len()]];
    let [high, low, rest, bound] = &mut all;
    for row in s.chunks(width).chain(e.chunks(width)) {
        isa.stamp(Totals(row, [&mut *high, &mut *low, &mut *rest, &mut *bound]));
    }
    for (c, o) in out.iter_mut().enumerate() {
        let total = Total { high: high[c], low: low[c], rest: rest[c], bound: bound[c] };
        *o = total.rounded().unwrap_or_else(|| {
            let of = |x: &[f64]| x.iter().copied().skip(c).step_by(width).collect::<Vec<_>>();
            exact_total(&of(s), &of(e))
        });
    }
}

struct Totals<'a>(&'a [f64], [&'a mut [f64]; 4]);

impl Stamp for Totals<'_> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        let [high, low, rest, bound] = self.1;
        let sums = high.iter_mut().zip(low).zip(rest).zip(bound);
        for (&x, (((high, low), rest), bound)) in self.0.iter().zip(sums) {
            let mut total = Total { high: *high, low: *low, rest: *rest, bound: *bound };
            total.add(x);
            (*high, *low, *rest, *bound) = (total.high, total.low, total.rest, total.bound);
        }
    }
}

/// Rows of elements of so many bytes of which an `i32` can hold the sum.
const fn few(size: usize) -> usize {
    if size == 1 { 1 << 20 } else { 1 << 14 }
}

/// Adds what `f` makes of each element to its sum.
struct Added<'a, T, S, F>(Rows<'a, T>, &'a mut [S], F);

impl<T: Element, S: Copy, F: Fn(S, T) -> S + Copy> Stamp for Added<'_, T, S, F> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        let Added(rows, sums, f) = self;
        rows.each(sums.len(), |x, at| {
            for (&x, s) in x.iter().zip(from(sums, at)) {
                *s = f(*s, x);
            }
        });
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
            isa.stamp(Added(rows, &mut self.wide, |s: i64, x: T| s.wrapping_add(cast_one::<T, i64>(x))));
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
            isa.stamp(Added(Rows { x, first, ..rows }, &mut self.narrow, |s: i32, x: T| s + cast_one::<T, i32>(x)));
            first += n;
        }
    }

    /// Adds the squares of integers of up to 16 bits.
    pub fn add_squares<T: Element>(&mut self, isa: Isa, rows: Rows<'_, T>) {
        let square = |x: i32| i64::from(x.cast_unsigned().wrapping_mul(x.cast_unsigned()));
        isa.stamp(Added(rows, &mut self.wide, |s: i64, x: T| s + square(cast_one::<T, i32>(x))));
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

    /// How many sums there are.
    pub fn len(&self) -> usize {
        self.wide.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.wide.is_empty()
    }
}
