//! Sums that do not depend on the order, the instruction set or how the input was cut up.

use crate::dtype::{DType, Element};
use crate::isa::{Isa, Stamp};
use crate::kernel::cast::cast_one;
use crate::kernel::poly::two_sum;

/// Lanes of a running sum.
pub const LANES: usize = 16;
/// Elements between two looks at whether the lanes stayed exact.
const BLOCK: usize = 1024;
/// Blocks for which the short way is not tried again once it was not exact.
const PATIENCE: u32 = 16;
/// Blocks for which plain sums are not tried again once they may have been inexact: a try costs little.
const SHY: u32 = 4;

/// A fixed-point number wide enough for every finite `f64` and 2^62 of them added up: digits of
/// 32 bits in 64-bit cells, so that carries can wait.
#[derive(Clone, Debug)]
struct Wide {
    cells: [i64; CELLS],
    /// Additions since carries were last done; each adds less than 2^32 to a cell.
    since: u32,
}

/// Bit 0 of cell 0 is 2^-1074; the top finite bit is 2097 above; 64 more for the count.
const CELLS: usize = 70;

impl Wide {
    const ZERO: Wide = Wide { cells: [0; CELLS], since: 0 };

    /// Adds a finite number.
    fn add(&mut self, v: f64) {
        let bits = v.to_bits();
        let field = (bits >> 52 & 0x7ff) as usize;
        let fraction = bits & ((1 << 52) - 1);
        let (m, at) = if field == 0 { (fraction, 0) } else { (fraction | 1 << 52, field - 1) };
        let wide = u128::from(m) << (at % 32);
        let sign = if v < 0.0 { -1 } else { 1 };
        let first = at / 32;
        for (i, cell) in self.cells[first..first + 3].iter_mut().enumerate() {
            *cell += sign * i64::from((wide >> (32 * i)) as u32);
        }
        self.since += 1;
        if self.since == 1 << 30 {
            self.carry();
        }
    }

    /// Brings every cell but the last into 0..2^32; the last keeps the sign.
    fn carry(&mut self) {
        let mut carry = 0;
        for (i, cell) in self.cells.iter_mut().enumerate() {
            *cell += carry;
            if i + 1 < CELLS {
                carry = *cell >> 32;
                *cell &= 0xffff_ffff;
            }
        }
        self.since = 0;
    }

    fn merge(&mut self, mut other: Wide) {
        self.carry();
        other.carry();
        for (a, b) in self.cells.iter_mut().zip(other.cells) {
            *a += b;
        }
        self.carry();
    }

    /// The number, rounded once to nearest, ties to even; infinite if too large.
    fn value(&self) -> f64 {
        let mut w = self.clone();
        w.carry();
        let negative = w.cells[CELLS - 1] < 0;
        if negative {
            w.cells.iter_mut().for_each(|c| *c = -*c);
            w.carry();
        }
        let Some(top) = w.cells.iter().rposition(|&c| c != 0) else { return 0.0 };
        // The top three digits hold 65 to 96 significant bits; what is below only matters as
        // "there is something", put into the lowest bit.
        let digit = |i: usize| if i < CELLS { w.cells[i] as u128 } else { 0 };
        let low = top.saturating_sub(2);
        let mut m = digit(low) | digit(low + 1) << 32 | digit(low + 2) << 64;
        if w.cells[..low].iter().any(|&c| c != 0) {
            m |= 1;
        }
        // m has more than 64 bits, or low is 0 and the number is exact in m. Rounding to 53 bits
        // never meets a subnormal that is not already exact: bit 0 is the least subnormal.
        let rounded = m as f64;
        // Scaling in two steps, both exact: the first factor is a power of two well in range.
        let up = 32 * low as i32 - 1074;
        let v = rounded * power_of_two(up / 2) * power_of_two(up - up / 2);
        if negative { -v } else { v }
    }
}

/// 2^e for -1022 <= e <= 1023.
fn power_of_two(e: i32) -> f64 {
    f64::from_bits(((1023 + e) as u64) << 52)
}

/// How many infinities and NaNs were met.
#[derive(Clone, Copy, Debug, Default)]
struct Odd {
    plus: bool,
    minus: bool,
    nan: bool,
}

impl Odd {
    fn note(&mut self, v: f64) {
        self.nan |= v.is_nan();
        self.plus |= v == f64::INFINITY;
        self.minus |= v == f64::NEG_INFINITY;
    }

    /// What the sum is because of them.
    fn value(self) -> Option<f64> {
        match self {
            Odd { nan: true, .. } | Odd { plus: true, minus: true, .. } => Some(f64::NAN),
            Odd { plus: true, .. } => Some(f64::INFINITY),
            Odd { minus: true, .. } => Some(f64::NEG_INFINITY),
            _ => None,
        }
    }
}

type Lanes = [f64; LANES];

/// Adds a block to the lanes; false if they could not stay exact.
struct Block<'a>(&'a [f32], &'a mut Lanes, &'a mut Lanes);

impl Stamp for Block<'_> {
    type Out = bool;
    #[inline(always)]
    fn go(self) -> bool {
        let (mut s, mut e, mut lost) = (*self.1, *self.2, [0u64; LANES]);
        let mut chunks = self.0.chunks_exact(LANES);
        for c in &mut chunks {
            for l in 0..LANES {
                let (sum, err) = two_sum(s[l], f64::from(c[l]));
                let (low, err) = two_sum(e[l], err);
                (s[l], e[l]) = (sum, low);
                lost[l] |= err.to_bits();
            }
        }
        for (l, &v) in chunks.remainder().iter().enumerate() {
            let (sum, err) = two_sum(s[l], f64::from(v));
            let (low, err) = two_sum(e[l], err);
            (s[l], e[l]) = (sum, low);
            lost[l] |= err.to_bits();
        }
        (*self.1, *self.2) = (s, e);
        // Shifting drops the sign of zero. NaN and infinity have bits too.
        lost.iter().all(|b| b << 1 == 0)
    }
}

/// The magnitudes of values: what tells whether plain sums of them are exact.
#[derive(Clone, Copy)]
struct Range {
    /// The bits of the greatest.
    most: u32,
    /// Those of the least but 0, less 1: so that 0 is the greatest of all.
    least: u32,
}

impl Range {
    #[inline(always)]
    fn of(x: &[f32]) -> Range {
        let (mut most, mut least) = (0, u32::MAX);
        for v in x {
            let bits = v.to_bits() & 0x7fff_ffff;
            most = most.max(bits);
            least = least.min(bits.wrapping_sub(1));
        }
        Range { most, least }
    }

    /// Whether any sum of up to `n` of the values is a float64: all are multiples of the last place of
    /// the least one, so many of which have less than 53 bits. Not if one is infinite or no number.
    #[inline(always)]
    fn holds(self, n: usize) -> bool {
        // Subnormal numbers have the last place of the least normal one.
        let exponent = |bits: u32| (bits >> 23).max(1);
        let spread = exponent(self.most) - exponent(self.least.wrapping_add(1));
        self.most < f32::INFINITY.to_bits() && spread < 30 && n as u64 <= (1 << 29) >> spread
    }
}

/// Adds to so many lanes in turn, without a look at what rounding loses.
#[inline(always)]
fn add_plain<const N: usize>(x: &[f32]) -> [f64; N] {
    let mut sums = [0.0; N];
    let (chunks, rest) = x.as_chunks::<N>();
    for c in chunks {
        for l in 0..N {
            sums[l] += f64::from(c[l]);
        }
    }
    for (l, &v) in rest.iter().enumerate() {
        sums[l] += f64::from(v);
    }
    sums
}

/// Adds blocks to the lanes, each summed plainly before, up to the first that needs another way; gives
/// the number of elements added.
struct Plain<'a>(&'a [f32], &'a mut Lanes, &'a mut Lanes);

impl Stamp for Plain<'_> {
    type Out = usize;
    #[inline(always)]
    fn go(self) -> usize {
        let Plain(x, s, e) = self;
        let mut done = 0;
        for block in x.chunks(BLOCK) {
            let (sums, range) = (add_plain::<LANES>(block), Range::of(block));
            let (mut high, mut low, mut lost) = (*s, *e, 0);
            for l in 0..LANES {
                let (sum, err) = two_sum(high[l], sums[l]);
                let (rest, err) = two_sum(low[l], err);
                (high[l], low[l]) = (sum, rest);
                lost |= err.to_bits();
            }
            if lost << 1 != 0 || !range.holds(BLOCK / LANES) {
                break;
            }
            (*s, *e) = (high, low);
            done += block.len();
        }
        done
    }
}

/// Adds to the lanes in turn, and gives the bits of all that rounding lost: none but perhaps the sign
/// of zero, if the sums are exact.
#[inline(always)]
fn add_short(x: &[f32], s: &mut Lanes) -> u64 {
    let mut lost = [0u64; LANES];
    let mut chunks = x.chunks_exact(LANES);
    for c in &mut chunks {
        for l in 0..LANES {
            let (sum, err) = two_sum(s[l], f64::from(c[l]));
            s[l] = sum;
            lost[l] |= err.to_bits();
        }
    }
    for (l, &v) in chunks.remainder().iter().enumerate() {
        let (sum, err) = two_sum(s[l], f64::from(v));
        s[l] = sum;
        lost[l] |= err.to_bits();
    }
    lost.iter().fold(0, |a, b| a | b)
}

/// Adds a block to the upper halves of the lanes alone; false if they could not stay exact.
struct Short<'a>(&'a [f32], &'a mut Lanes);

impl Stamp for Short<'_> {
    type Out = bool;
    #[inline(always)]
    fn go(self) -> bool {
        let mut s = *self.1;
        let exact = add_short(self.0, &mut s) << 1 == 0;
        if exact {
            *self.1 = s;
        }
        exact
    }
}

/// A running exact sum of `f32` values: whatever the order, the cuts and the instruction set,
/// [`ExactSum::value`] is the true sum, rounded once.
#[derive(Clone, Debug)]
pub struct ExactSum {
    s: Lanes,
    e: Lanes,
    wide: Wide,
    /// Whether anything went to `wide`.
    spilled: bool,
    odd: Odd,
    /// Blocks to come for which the short way is not tried.
    patience: u32,
    /// The same of plain sums.
    shy: u32,
}

impl Default for ExactSum {
    fn default() -> Self {
        ExactSum::new()
    }
}

impl ExactSum {
    /// The sum of nothing, 0.
    pub fn new() -> Self {
        ExactSum {
            s: [0.0; LANES],
            e: [0.0; LANES],
            wide: Wide::ZERO,
            spilled: false,
            odd: Odd::default(),
            patience: 0,
            shy: 0,
        }
    }

    /// Adds all of `x`.
    pub fn add_f32(&mut self, isa: Isa, mut x: &[f32]) {
        while !x.is_empty() {
            if self.shy > 0 {
                self.shy -= 1;
            } else {
                let added = isa.stamp(Plain(x, &mut self.s, &mut self.e));
                x = x.get(added..).unwrap_or_default();
                self.shy = if x.is_empty() { 0 } else { SHY };
            }
            let (block, later) = x.split_at(BLOCK.min(x.len()));
            self.add_block(isa, block);
            x = later;
        }
    }

    /// Adds a block that may need more than plain sums.
    fn add_block(&mut self, isa: Isa, block: &[f32]) {
        if self.patience > 0 {
            self.patience -= 1;
        } else if isa.stamp(Short(block, &mut self.s)) {
            return;
        } else {
            self.patience = PATIENCE;
        }
        let before = (self.s, self.e);
        if isa.stamp(Block(block, &mut self.s, &mut self.e)) {
            return;
        }
        // Start the lanes afresh: often the block alone is exact.
        (self.s, self.e) = before;
        self.spill();
        if isa.stamp(Block(block, &mut self.s, &mut self.e)) {
            return;
        }
        (self.s, self.e) = ([0.0; LANES], [0.0; LANES]);
        for &v in block {
            self.add_f64(f64::from(v));
        }
    }

    /// Adds one `f64`, exactly too.
    pub(crate) fn add_f64(&mut self, v: f64) {
        if v.is_finite() {
            self.spilled = true;
            self.wide.add(v);
        } else {
            self.odd.note(v);
        }
    }

    /// Adds all that another sum has seen.
    pub fn merge(&mut self, other: &ExactSum) {
        let mut other = other.clone();
        other.spill();
        self.spilled = true;
        self.wide.merge(other.wide);
        self.odd = Odd {
            plus: self.odd.plus | other.odd.plus,
            minus: self.odd.minus | other.odd.minus,
            nan: self.odd.nan | other.odd.nan,
        };
    }

    /// Moves the lanes, which are always finite, to the wide number.
    fn spill(&mut self) {
        self.spilled = true;
        for v in self.s.iter_mut().chain(&mut self.e) {
            self.wide.add(std::mem::take(v));
        }
    }

    /// The exact sum, rounded once to the nearest `f64`; NaN if there was a NaN or infinities of
    /// both signs, else infinite if there was an infinity. A sum of nothing but -0 is 0.
    pub fn value(&self) -> f64 {
        if let Some(v) = self.odd.value() {
            return v;
        }
        if !self.spilled
            && let Some(v) = three_total(self.s.iter().chain(&self.e))
        {
            return v;
        }
        let mut all = self.clone();
        all.spill();
        all.wide.value()
    }

    /// Back to the sum of nothing.
    pub fn reset(&mut self) {
        if self.spilled {
            self.wide = Wide::ZERO;
        }
        (self.s, self.e) = ([0.0; LANES], [0.0; LANES]);
        (self.odd, self.spilled, self.patience, self.shy) = (Odd::default(), false, 0, 0);
    }
}

/// A running compensated sum of `f64` values. Element `i` of all that was ever added goes to lane
/// `i mod n`, so the bits depend neither on how the input was cut up nor on the instruction set.
/// The error is that of sums in twice the precision.
#[derive(Clone, Debug)]
pub struct CompensatedSum {
    s: Lanes,
    e: Lanes,
    lanes: usize,
    next: usize,
}

/// Adds whole rows of lanes.
struct Rows<'a>(&'a [f64], &'a mut Lanes, &'a mut Lanes);

impl Stamp for Rows<'_> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        let (mut s, mut e) = (*self.1, *self.2);
        for c in self.0.chunks_exact(LANES) {
            for l in 0..LANES {
                let (sum, err) = two_sum(s[l], c[l]);
                (s[l], e[l]) = (sum, e[l] + err);
            }
        }
        (*self.1, *self.2) = (s, e);
    }
}

impl Default for CompensatedSum {
    fn default() -> Self {
        CompensatedSum::new(LANES)
    }
}

impl CompensatedSum {
    /// The sum of nothing, 0, in so many lanes: [`LANES`], or one, in which all are added in turn.
    pub fn new(lanes: usize) -> Self {
        CompensatedSum { s: [0.0; LANES], e: [0.0; LANES], lanes: lanes.clamp(1, LANES), next: 0 }
    }

    fn add_few(&mut self, x: &[f64]) {
        for &v in x {
            let l = self.next % self.lanes;
            let (sum, err) = two_sum(self.s[l], v);
            self.s[l] = sum;
            self.e[l] += err;
            self.next = (l + 1) % self.lanes;
        }
    }

    /// Adds all of `x`.
    pub fn add_f64(&mut self, isa: Isa, x: &[f64]) {
        if self.lanes != LANES {
            return self.add_few(x);
        }
        let head = ((LANES - self.next) % LANES).min(x.len());
        let (head, x) = x.split_at(head);
        self.add_few(head);
        let (rows, tail) = x.split_at(x.len() / LANES * LANES);
        isa.stamp(Rows(rows, &mut self.s, &mut self.e));
        self.add_few(tail);
    }

    /// The sum; NaN and infinities as by plain addition, infinite if a lane overflowed.
    pub fn value(&self) -> f64 {
        exact_total(&self.s, &self.e)
    }

    /// Back to the sum of nothing.
    pub fn reset(&mut self) {
        *self = CompensatedSum::new(self.lanes);
    }
}

/// A total in the making, to about three times the digits of a float.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Total {
    pub(super) high: f64,
    pub(super) low: f64,
    /// What the second float lost, roughly.
    pub(super) rest: f64,
    /// Bound of what is rough about it, but for a small factor.
    pub(super) bound: f64,
}

impl Total {
    /// Adds a number.
    #[inline(always)]
    pub(super) fn add(&mut self, v: f64) {
        let (high, err) = two_sum(self.high, v);
        let (low, err) = two_sum(self.low, err);
        (self.high, self.low) = (high, low);
        self.rest += err;
        self.bound += err.abs();
    }

    /// The exact total rounded once, if it can be told from here: what is not known of it must not
    /// decide the rounding (Ziv 1991).
    #[inline(always)]
    pub(super) fn rounded(self) -> Option<f64> {
        const DOUBT: f64 = 1.0 / (1u64 << 44) as f64;
        let (high, low) = two_sum(self.high, self.low);
        if self.bound == 0.0 {
            // Nothing was lost, and what is infinite or no number has lost something.
            return Some(high + low + 0.0);
        }
        let rest = low + self.rest;
        let doubt = rest.abs() * DOUBT + self.bound * DOUBT;
        let (least, most) = (high + (rest - doubt), high + (rest + doubt));
        (least == most && least.abs() > f64::MIN_POSITIVE).then_some(least)
    }
}

/// The exact total rounded once, if three floats are enough to tell.
fn three_total<'a>(all: impl Iterator<Item = &'a f64>) -> Option<f64> {
    let mut total = Total::default();
    all.for_each(|&v| total.add(v));
    total.rounded()
}

/// The exact total of sums and of what they lost, rounded once.
pub(super) fn exact_total(s: &[f64], e: &[f64]) -> f64 {
    if let Some(v) = three_total(s.iter().chain(e)) {
        return v;
    }
    if s.iter().any(|v| !v.is_finite()) {
        return s.iter().sum();
    }
    let mut w = Wide::ZERO;
    for &v in s.iter().chain(e).filter(|v| v.is_finite()) {
        w.add(v);
    }
    w.value()
}

/// The exact sum of `x` rounded once, by Shewchuk's growing expansions as Python's `math.fsum`
/// does it: slow, and the judge of the others. NaN and infinities as in [`ExactSum::value`]; NaN
/// or infinite if a part of the sum overflows on the way.
pub fn sum_reference(x: &[f64]) -> f64 {
    let mut odd = Odd::default();
    let mut parts: Vec<f64> = Vec::new();
    for &v in x {
        if !v.is_finite() {
            odd.note(v);
            continue;
        }
        let (mut v, mut kept) = (v, 0);
        for i in 0..parts.len() {
            let (sum, err) = two_sum(v, parts[i]);
            if err != 0.0 {
                parts[kept] = err;
                kept += 1;
            }
            v = sum;
        }
        parts.truncate(kept);
        parts.push(v);
    }
    if let Some(v) = odd.value() {
        return v;
    }
    let Some(mut high) = parts.pop() else { return 0.0 };
    let mut low = 0.0;
    while let Some(next) = parts.pop() {
        (high, low) = two_sum(high, next);
        if low != 0.0 {
            break;
        }
    }
    // Half-way cases: what lies below decides, and rounding to even did not look there.
    if let Some(&next) = parts.last()
        && ((low < 0.0 && next < 0.0) || (low > 0.0 && next > 0.0))
    {
        let twice = low * 2.0;
        let up = high + twice;
        if up - high == twice {
            high = up;
        }
    }
    high + 0.0
}

struct Integers<'a, T>(&'a [T]);

impl<T: Element> Stamp for Integers<'_, T> {
    type Out = i128;
    #[inline(always)]
    fn go(self) -> i128 {
        // Pieces small enough that the narrower sums hold them.
        match (T::DTYPE, size_of::<T>()) {
            (DType::U64, _) => self.0.iter().map(|&v| i128::from(cast_one::<T, u64>(v))).sum(),
            (_, 8) => self.0.iter().map(|&v| i128::from(cast_one::<T, i64>(v))).sum(),
            (_, 4) => {
                self.0.chunks(1 << 30).map(|p| i128::from(p.iter().map(|&v| cast_one::<T, i64>(v)).sum::<i64>())).sum()
            }
            _ => {
                self.0.chunks(1 << 14).map(|p| i128::from(p.iter().map(|&v| cast_one::<T, i32>(v)).sum::<i32>())).sum()
            }
        }
    }
}

/// The exact sum of integers or truth values; floats are truncated first.
pub fn sum_int<T: Element>(x: &[T]) -> i128 {
    // Whole numbers add up to the same on every level: the caller need not choose.
    Isa::active().stamp(Integers(x))
}

/// Adds the second half of the first `2 · N` lanes to the first one.
#[inline(always)]
fn fold<const N: usize>(s: &mut Lanes, lost: &mut u64) {
    for l in 0..N {
        let (sum, err) = two_sum(s[l], s[l + N]);
        s[l] = sum;
        *lost |= err.to_bits();
    }
}

/// Elements of whole rows that are judged together: few enough that they are still near if each row
/// has to be looked at by itself.
const GROUP: usize = 1024;

/// The plain sum of a row, which is exact if the range of its values holds it.
#[inline(always)]
fn plain_row(x: &[f32]) -> f64 {
    if x.len() < LANES {
        let mut sum = 0.0;
        for &v in x {
            sum += f64::from(v);
        }
        return sum;
    }
    let mut s = add_plain::<LANES>(x);
    for n in [8, 4, 2, 1] {
        for l in 0..n {
            s[l] += s[l + n];
        }
    }
    s[0]
}

/// The sum of a row, or NaN if something was lost.
#[inline(always)]
fn careful_row(x: &[f32]) -> f64 {
    let mut s = [0.0; LANES];
    let mut any = add_short(x, &mut s);
    fold::<8>(&mut s, &mut any);
    fold::<4>(&mut s, &mut any);
    fold::<2>(&mut s, &mut any);
    fold::<1>(&mut s, &mut any);
    if any << 1 == 0 { s[0] } else { f64::NAN }
}

struct RowSums<'a>(&'a [f32], usize, &'a mut [f64]);

impl Stamp for RowSums<'_> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        let RowSums(x, row, out) = self;
        let row = row.max(1);
        let rows = (GROUP / row).max(1);
        // Where the values of one group were too far apart, those of the next ones are likely to be.
        let mut alike = true;
        for (x, out) in x.chunks(rows.saturating_mul(row)).zip(out.chunks_mut(rows)) {
            alike = alike && Range::of(x).holds(row);
            if alike {
                for (x, o) in x.chunks(row).zip(out) {
                    *o = plain_row(x);
                }
            } else {
                for (x, o) in x.chunks(row).zip(out) {
                    *o = careful_row(x);
                }
            }
        }
    }
}

/// The exact sum of each row of `row` elements of `x`, or NaN where a few floats could not tell it:
/// there [`ExactSum`] does.
pub fn row_sums(isa: Isa, x: &[f32], row: usize, out: &mut [f64]) {
    isa.stamp(RowSums(x, row, out));
}
