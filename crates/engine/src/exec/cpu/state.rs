//! Results in the making, a row of them side by side, to which whole rows are added.

use opusclip_raw::kernel::columns::{ExactColumns, IntegerColumns, Rows, add_compensated, add_exact, totals};
use opusclip_raw::{DType, Element, Isa, buffer};

use crate::array::Scalar;
use crate::error::{Error, Result};
use crate::exec::rules::spread;
use crate::ops::complex::quotient;
use crate::ops::lanes::{Block, Lane, Lanes, LanesMut, with_integer};
use crate::ops::{self, Binary, Bits, Elementwise, Reduce};

/// Narrow rows that lie one after another are added so many elements at once, where their order does
/// not matter.
const TOGETHER: usize = 64;

/// What is kept for each result of a row.
enum Kept {
    /// f32, exact while one float each is enough.
    Short(Vec<f64>),
    /// f32, exact.
    Exact(ExactColumns),
    /// f64, compensated, and what rounding lost, in the lanes of the rows' sums.
    Compensated(Vec<f64>, Vec<f64>),
    Integers(IntegerColumns),
    /// Of small integers, and of their squares.
    Moments(IntegerColumns, IntegerColumns),
    /// The best or the truth so far and room for the next; nothing before the first row.
    Chosen(Elementwise, Option<Block>, Block),
}

/// A row of results in the making. Complex numbers count as two floats.
pub(super) struct State {
    op: Reduce,
    dtype: DType,
    /// Elements of a row.
    width: usize,
    kept: Kept,
    /// 16-bit floats on their way to a sum.
    wide: Block,
}

/// How rows will come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coming {
    /// One after another, without gaps.
    pub(super) dense: bool,
    /// Once more, if the state could not hold them.
    pub(super) again: bool,
    /// The lanes in which float64 is summed.
    pub(super) lanes: usize,
}

impl State {
    pub(super) fn new(op: Reduce, dtype: DType, width: usize, coming: Coming) -> State {
        let parts = if dtype.is_complex() { 2 } else { 1 };
        let together = |width: usize| if coming.dense { (TOGETHER / width.max(1)).max(1) * width } else { width };
        let integers = || IntegerColumns::new(together(width));
        let kept = match op {
            Reduce::Sum | Reduce::Mean if dtype.real() == DType::F64 => {
                let n = coming.lanes * parts * width;
                Kept::Compensated(vec![0.0; n], vec![0.0; n])
            }
            Reduce::Sum | Reduce::Mean if dtype.is_float() || dtype.is_complex() => {
                let n = together(parts * width);
                if coming.again { Kept::Short(vec![0.0; n]) } else { Kept::Exact(ExactColumns::new(n)) }
            }
            Reduce::Sum | Reduce::Mean => Kept::Integers(integers()),
            Reduce::Variance | Reduce::Deviations => Kept::Moments(integers(), integers()),
            Reduce::Min => chosen(Elementwise::Binary(Binary::Minimum), dtype, together(width)),
            Reduce::Max => chosen(Elementwise::Binary(Binary::Maximum), dtype, together(width)),
            Reduce::Any => chosen(Elementwise::Bits(Bits::Or), dtype, together(width)),
            Reduce::All => chosen(Elementwise::Bits(Bits::And), dtype, together(width)),
        };
        State { op, dtype, width, kept, wide: Block::new(DType::F32, 0) }
    }

    /// Adds rows, one beginning every `stride` elements, the first being row `r` of all. False if the
    /// state could not hold them, which it says only where they come again.
    pub(super) fn add(&mut self, isa: Isa, x: Lanes<'_>, stride: usize, r: usize) -> bool {
        let parts = if x.dtype().is_complex() { 2 } else { 1 };
        let (stride, width) = (stride * parts, self.width * parts);
        // Rows without gaps are as longer ones that fill the state.
        let apart = |sums: usize| if stride == width { (sums, sums) } else { (stride, width) };
        match &mut self.kept {
            Kept::Short(s) => {
                let (stride, width) = apart(s.len());
                let rows = Rows { x: in_f32(isa, x, &mut self.wide), stride, width, first: 0 };
                return add_exact(isa, rows, s);
            }
            Kept::Exact(columns) => {
                let (stride, width) = apart(columns.len());
                columns.add(isa, Rows { x: in_f32(isa, x, &mut self.wide), stride, width, first: 0 });
            }
            Kept::Compensated(s, e) => {
                let x = if let Lanes::C128(x) = x { raw_parts(x) } else { f64::lanes(x) };
                let begins = r.is_multiple_of(s.len() / width.max(1));
                let (stride, width) = if begins { apart(s.len()) } else { (stride, width) };
                add_compensated(isa, Rows { x, stride, width, first: if begins { 0 } else { r } }, s, e);
            }
            Kept::Integers(sums) => {
                let (stride, width) = apart(sums.len());
                match x {
                    Lanes::Bool(x) => sums.add(isa, Rows { x, stride, width, first: 0 }),
                    x => with_integer!(x.dtype(), T => sums.add(isa, Rows { x: T::lanes(x), stride, width, first: 0 })),
                }
            }
            Kept::Moments(sums, squares) => {
                let (stride, width) = apart(sums.len());
                match x {
                    Lanes::Bool(x) => {
                        sums.add(isa, Rows { x, stride, width, first: 0 });
                        squares.add(isa, Rows { x, stride, width, first: 0 });
                    }
                    x => with_integer!(x.dtype(), T => {
                        let rows = Rows { x: T::lanes(x), stride, width, first: 0 };
                        sums.add(isa, rows);
                        squares.add_squares(isa, rows);
                    }),
                }
            }
            Kept::Chosen(op, so_far, next) => {
                let (stride, width) = apart(next.len());
                for at in (0..x.len()).step_by(stride.max(1)) {
                    let row = x.part(at, width.min(x.len() - at));
                    let best = so_far.get_or_insert_with(|| repeated(x.part(at, self.width), width));
                    let n = row.len();
                    ops::eval(*op, isa, &[best.lanes().head(n), row], next.head_mut(n));
                    if n == width {
                        std::mem::swap(best, next);
                    } else {
                        best.head_mut(n).copy_from(next.lanes().head(n));
                    }
                }
            }
        }
        true
    }

    /// The sums of floats so far, of complex numbers those of both parts.
    pub(super) fn sums(&self, isa: Isa) -> Vec<f64> {
        let mut out = vec![0.0; if self.dtype.is_complex() { 2 * self.width } else { self.width }];
        match &self.kept {
            Kept::Short(s) => totals(isa, s, &[], &mut out),
            Kept::Exact(columns) => columns.totals(isa, &mut out),
            Kept::Compensated(s, e) => totals(isa, s, e, &mut out),
            Kept::Integers(_) | Kept::Moments(..) | Kept::Chosen(..) => {}
        }
        out
    }

    /// Writes the results of so many rows.
    pub(super) fn write(self, isa: Isa, rows: usize, out: &mut [u8]) -> Result<()> {
        let width = self.width;
        match self.kept {
            Kept::Short(_) | Kept::Exact(_) | Kept::Compensated(..) => {
                return put_floats(self.op, self.dtype, rows, &self.sums(isa), out);
            }
            Kept::Integers(mut sums) => {
                // Once: it widens all of them.
                let sums = sums.values();
                for (c, o) in out.chunks_exact_mut(8).enumerate() {
                    let v = column(sums, width, c);
                    let bits =
                        if self.op == Reduce::Mean { (v as f64 / rows as f64).to_bits() } else { v.cast_unsigned() };
                    o.copy_from_slice(&bits.to_ne_bytes());
                }
            }
            Kept::Moments(mut sums, mut squares) => {
                let (sums, squares) = (sums.values(), squares.values());
                for (c, o) in out.chunks_exact_mut(8).enumerate() {
                    let (sum, square) = (column(sums, width, c), column(squares, width, c));
                    o.copy_from_slice(&spread(self.op, rows, sum.into(), square.into()).to_ne_bytes());
                }
            }
            Kept::Chosen(op, so_far, mut next) => {
                let Some(mut best) = so_far else { return Ok(()) };
                for at in (width..best.len()).step_by(width.max(1)) {
                    ops::eval(op, isa, &[best.lanes().head(width), best.lanes().part(at, width)], next.head_mut(width));
                    best.head_mut(width).copy_from(next.lanes().head(width));
                }
                put_plus(isa, best.lanes().head(width), out)?;
            }
        }
        Ok(())
    }
}

fn chosen(op: Elementwise, dtype: DType, n: usize) -> Kept {
    Kept::Chosen(op, None, Block::new(dtype, n))
}

/// The sum of column `c` of rows that were added several at once.
fn column(sums: &[i64], width: usize, c: usize) -> i64 {
    sums.iter().skip(c).step_by(width.max(1)).fold(0, |a, b| a.wrapping_add(*b))
}

/// A row over and over, `n` elements: what is chosen of it is chosen of one.
fn repeated(row: Lanes<'_>, n: usize) -> Block {
    let mut all = Block::new(row.dtype(), n);
    for at in (0..n).step_by(row.len().max(1)) {
        all.head_mut(n).part(at, row.len().min(n - at)).copy_from(row);
    }
    all
}

/// The elements found, of zeros the positive one: which came first must not show.
fn put_plus(isa: Isa, found: Lanes<'_>, out: &mut [u8]) -> Result<()> {
    let dtype = found.dtype();
    let mut lanes = lanes_of(dtype, out)?;
    if !dtype.is_float() {
        lanes.copy_from(found);
        return Ok(());
    }
    let zeros = Block::new(dtype, found.len());
    ops::eval(Elementwise::Binary(Binary::Add), isa, &[found, zeros.lanes()], lanes);
    Ok(())
}

/// Sums of so many elements, or pairs of them, as the results' type.
pub(super) fn put_floats(op: Reduce, dtype: DType, rows: usize, sums: &[f64], out: &mut [u8]) -> Result<()> {
    let result = op.result(dtype);
    let n = rows as f64;
    let one = |v: f64| if op == Reduce::Mean { v / n } else { v };
    match lanes_of(result, out)? {
        LanesMut::F32(out) => out.iter_mut().zip(sums).for_each(|(o, v)| *o = one(*v) as f32),
        LanesMut::F64(out) => out.iter_mut().zip(sums).for_each(|(o, v)| *o = one(*v)),
        _ if dtype.is_complex() => {
            let part = |v: f64| Scalar::from_f64(dtype.real(), one(v)).to_f64();
            for (o, pair) in out.chunks_exact_mut(result.size()).zip(sums.chunks_exact(2)) {
                let (re, im) = (part(pair[0]), part(pair[1]));
                let (re, im) = if op == Reduce::Mean { quotient(re, im) } else { (re, im) };
                Scalar::from_parts(result, re, im).write_to(o);
            }
        }
        _ => {
            for (o, v) in out.chunks_exact_mut(result.size()).zip(sums) {
                Scalar::from_f64(result, one(*v)).write_to(o);
            }
        }
    }
    Ok(())
}

/// The elements as f32: 16-bit floats widened, complex ones as pairs.
fn in_f32<'a>(isa: Isa, x: Lanes<'a>, wide: &'a mut Block) -> &'a [f32] {
    match x {
        Lanes::C64(x) => raw_parts(x),
        Lanes::F16(_) | Lanes::BF16(_) => {
            if wide.len() < x.len() {
                *wide = Block::new(DType::F32, x.len());
            }
            ops::eval(Elementwise::Cast(DType::F32), isa, &[x], wide.head_mut(x.len()));
            f32::lanes(wide.lanes().head(x.len()))
        }
        x => f32::lanes(x),
    }
}

/// Real and imaginary parts in turns.
fn raw_parts<T: Element, P: Element>(x: &[T]) -> &[P] {
    buffer::cast_slice(buffer::as_bytes(x)).unwrap_or(&[])
}

fn lanes_of(dtype: DType, out: &mut [u8]) -> Result<LanesMut<'_>> {
    LanesMut::of(dtype, out).ok_or_else(|| Error::internal("an output is not aligned"))
}
