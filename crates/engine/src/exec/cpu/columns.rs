//! Reductions over axes that are not the last: whole rows are added at once, in the order in which
//! they lie, instead of gathering each result's elements. The answers are those of rows, bit for
//! bit.

use opusclip_raw::kernel::columns::{IntegerColumns, Rows, add_compensated, add_exact, add_exact_pairs, totals};
use opusclip_raw::kernel::sum::{ExactSum, LANES};
use opusclip_raw::{DType, Element, Isa, buffer};

use super::interpret::views;
use super::reduce::{JOB, Job, Values};
use crate::array::Scalar;
use crate::error::{Error, Result};
use crate::exec::rules::{LEAF, lanes, spread};
use crate::ops::complex::quotient;
use crate::ops::lanes::{Block, Lane, Lanes, LanesMut, with_integer};
use crate::ops::{self, Binary, Bits, Elementwise, Reduce};
use crate::plan::Program;
use crate::threads;

/// The axes as three: kept, reduced, kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    outer: usize,
    rows: usize,
    width: usize,
}

impl Layout {
    /// None where the axes alternate otherwise, or the last one is reduced.
    fn of(over: &[usize], axes: &[usize]) -> Option<Layout> {
        let mut runs: Vec<(bool, usize)> = Vec::new();
        for (a, &d) in over.iter().enumerate().filter(|(_, d)| **d != 1) {
            let reduced = axes.contains(&a);
            match runs.last_mut() {
                Some((kind, len)) if *kind == reduced => *len = len.saturating_mul(d),
                _ => runs.push((reduced, d)),
            }
        }
        match *runs.as_slice() {
            [(true, rows), (false, width)] => Some(Layout { outer: 1, rows, width }),
            [(false, outer), (true, rows), (false, width)] => Some(Layout { outer, rows, width }),
            _ => None,
        }
    }
}

/// What is kept for each column.
enum State {
    /// f32, exact: sums, and what they lost unless there is no room for it.
    Exact(Vec<f64>, Vec<f64>),
    /// f64, compensated, in the lanes of the rows' sums.
    Compensated(Vec<f64>, Vec<f64>),
    Integers(IntegerColumns),
    /// Of small integers, and of their squares.
    Moments(IntegerColumns, IntegerColumns),
    /// The best or the truth so far and room for the next; nothing before the first row.
    Chosen {
        op: Elementwise,
        so_far: Option<Block>,
        next: Block,
    },
}

/// How wide a tile may be that is read in place, for its sums to stay in the first cache.
const TILE: usize = 1024;

/// Does the job if this is a way to do it; false, and nothing is written, if not.
pub(super) fn run(job: &Job<'_>, out: &mut [u8]) -> Result<bool> {
    let Some(layout) = Layout::of(job.over, job.axes).filter(|_| job.watch.is_none()) else { return Ok(false) };
    let dtype = job.program.dtype;
    let summed = matches!(job.op, Reduce::Sum | Reduce::Mean);
    // Means of 64-bit integers need more than 64 bits; the least complex number is found one by one.
    let narrow = summed || !dtype.is_complex();
    let held = !(job.op == Reduce::Mean && dtype.is_integer() && dtype.size() == 8);
    // Leaves only matter to sums of floats. A few columns are faster gathered one by one.
    let one_leaf = if job.op.by_moments() { layout.width >= 16 } else { layout.rows <= LEAF };
    if layout.rows == 0 || layout.width == 0 || !one_leaf || !held || !narrow {
        return Ok(false);
    }
    let index = job.index_program();
    let (in_place, block) = {
        let (values, block) = Values::new(job, &index, views(job.inputs, job.over))?;
        (values.in_place().is_some(), block)
    };
    let item = job.op.result(dtype).size();
    let Layout { rows, width, .. } = layout;
    let tile = width.min(if in_place { TILE } else { block });
    // A job is a tile of one row of results, or several whole rows of them.
    let many = if tile == width { (JOB / rows.saturating_mul(width)).max(1) } else { 1 };
    let mut jobs: Vec<(usize, usize, &mut [u8])> = Vec::new();
    for (n, part) in out.chunks_mut(many.saturating_mul(width).saturating_mul(item)).enumerate() {
        if tile == width {
            jobs.push((n * many, 0, part));
        } else {
            jobs.extend(part.chunks_mut(tile * item).enumerate().map(|(t, part)| (n, t * tile, part)));
        }
    }
    let worth = layout.outer.saturating_mul(rows).saturating_mul(width) >= 2 * JOB;
    threads::share(
        worth,
        jobs,
        || Worker::new(job, &index, layout),
        |worker, (outer, column, part)| {
            for (n, part) in part.chunks_mut(tile * item).enumerate() {
                worker.tile(outer + n, column, part)?;
            }
            Ok(())
        },
    )?;
    Ok(true)
}

struct Worker<'a> {
    job: &'a Job<'a>,
    layout: Layout,
    values: Values<'a>,
    /// Elements that the values may be asked for at once.
    block: usize,
    scratch: Block,
    /// 16-bit floats on their way to a sum.
    wide: Block,
}

impl<'a> Worker<'a> {
    fn new(job: &'a Job<'a>, index: &'a Program, layout: Layout) -> Result<Worker<'a>> {
        let (values, block) = Values::new(job, index, views(job.inputs, job.over))?;
        let dtype = job.program.dtype;
        Ok(Worker { job, layout, values, block, scratch: Block::new(dtype, block), wide: Block::new(DType::F32, 0) })
    }

    /// Results of as many columns from `column` on as `out` has room for, in the row `outer`.
    fn tile(&mut self, outer: usize, column: usize, out: &mut [u8]) -> Result<()> {
        let (op, dtype) = (self.job.op, self.job.program.dtype);
        let width = out.len() / op.result(dtype).size();
        // The parts of complex numbers are summed each by itself.
        let sums = if dtype.is_complex() { 2 * width } else { width };
        let state = match (op, dtype) {
            (Reduce::Sum | Reduce::Mean, DType::F64 | DType::C128) => {
                let n = lanes(self.job.over, self.job.axes) * sums;
                vec![State::Compensated(vec![0.0; n], vec![0.0; n])]
            }
            (Reduce::Sum | Reduce::Mean, d) if d.is_float() || d.is_complex() => {
                // Narrow rows are added several at once: the order does not matter.
                let n = if width == self.layout.width { (64 / sums).max(1) * sums } else { sums };
                vec![State::Exact(vec![0.0; n], Vec::new()), State::Exact(vec![0.0; n], vec![0.0; n])]
            }
            (Reduce::Sum | Reduce::Mean, _) => vec![State::Integers(IntegerColumns::new(width))],
            (Reduce::Variance | Reduce::Deviations, _) => {
                vec![State::Moments(IntegerColumns::new(width), IntegerColumns::new(width))]
            }
            _ => {
                let op = match op {
                    Reduce::Min => Elementwise::Binary(Binary::Minimum),
                    Reduce::Max => Elementwise::Binary(Binary::Maximum),
                    Reduce::Any => Elementwise::Bits(Bits::Or),
                    _ => Elementwise::Bits(Bits::And),
                };
                vec![State::Chosen { op, so_far: None, next: Block::new(dtype, width) }]
            }
        };
        for mut state in state {
            if self.add(outer, column, width, &mut state)? {
                return self.write(state, out);
            }
        }
        self.each_by_itself(outer, column, width, out)
    }

    /// Adds all rows of a tile; false if the state could not hold them.
    fn add(&mut self, outer: usize, column: usize, width: usize, state: &mut State) -> Result<bool> {
        let Layout { rows, width: full, .. } = self.layout;
        let isa = self.job.isa;
        let first = outer * rows * full + column;
        if let Some(all) = self.values.in_place() {
            let x = all.part(first, (rows - 1) * full + width);
            return state.add(isa, x, full, width, 0, &mut self.wide);
        }
        // As many whole rows as the values give at once, or one row of the tile.
        let together = if width == full { (self.block / full).max(1) } else { 1 };
        let together = if together > LANES { together / LANES * LANES } else { together };
        for r in (0..rows).step_by(together) {
            let n = if width == full { together.min(rows - r) * full } else { width };
            self.values.run(isa, first + r * full, n, &mut self.scratch)?;
            if !state.add(isa, self.scratch.lanes().head(n), width, width, r, &mut self.wide)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Exact sums whose parts lie too far apart for two floats, or that are not numbers.
    fn each_by_itself(&mut self, outer: usize, column: usize, width: usize, out: &mut [u8]) -> Result<()> {
        let Layout { rows, width: full, .. } = self.layout;
        let isa = self.job.isa;
        let parts = if self.job.program.dtype.is_complex() { 2 } else { 1 };
        let mut sums = vec![ExactSum::new(); parts * width];
        for r in 0..rows {
            for c in (0..width).step_by(self.block) {
                let n = self.block.min(width - c);
                self.values.run(isa, (outer * rows + r) * full + column + c, n, &mut self.scratch)?;
                let x = in_f32(isa, self.scratch.lanes().head(n), &mut self.wide);
                for (s, v) in sums.iter_mut().skip(parts * c).zip(x) {
                    s.add_f32(isa, std::slice::from_ref(v));
                }
            }
        }
        let sums: Vec<f64> = sums.iter().map(ExactSum::value).collect();
        put_floats(self.job.op, self.job.program.dtype, rows, &sums, out)
    }

    fn write(&self, state: State, out: &mut [u8]) -> Result<()> {
        let (job, dtype) = (self.job, self.job.program.dtype);
        let width = out.len() / job.op.result(dtype).size();
        match state {
            State::Exact(s, e) | State::Compensated(s, e) => {
                let mut sums = vec![0.0; if dtype.is_complex() { 2 * width } else { width }];
                totals(job.isa, &s, &e, &mut sums);
                put_floats(job.op, dtype, self.layout.rows, &sums, out)
            }
            State::Integers(mut sums) => {
                put_integers(job.op, self.layout.rows, sums.values(), out);
                Ok(())
            }
            State::Moments(mut sums, mut squares) => {
                put_moments(job.op, self.layout.rows, sums.values(), squares.values(), out);
                Ok(())
            }
            State::Chosen { so_far: Some(found), .. } => put_plus(job.isa, &found, out),
            State::Chosen { .. } => Ok(()),
        }
    }
}

/// Sums or means of integers.
pub(super) fn put_integers(op: Reduce, rows: usize, sums: &[i64], out: &mut [u8]) {
    for (o, &v) in out.chunks_exact_mut(8).zip(sums) {
        let mean = v as f64 / rows as f64;
        let bits = if op == Reduce::Mean { mean.to_bits() } else { v.cast_unsigned() };
        o.copy_from_slice(&bits.to_ne_bytes());
    }
}

/// What the sums of integers and of their squares decide.
pub(super) fn put_moments(op: Reduce, rows: usize, sums: &[i64], squares: &[i64], out: &mut [u8]) {
    for (o, (&sum, &squares)) in out.chunks_exact_mut(8).zip(sums.iter().zip(squares)) {
        o.copy_from_slice(&spread(op, rows, sum.into(), squares.into()).to_ne_bytes());
    }
}

/// The elements found, of zeros the positive one: which came first must not show.
pub(super) fn put_plus(isa: Isa, found: &Block, out: &mut [u8]) -> Result<()> {
    let dtype = found.lanes().dtype();
    let width = out.len() / dtype.size();
    let mut lanes = lanes_of(dtype, out)?;
    if !dtype.is_float() {
        lanes.copy_from(found.lanes().head(width));
        return Ok(());
    }
    let mut zeros = Block::new(dtype, width);
    zeros.fill(Scalar::from_f64(dtype, 0.0));
    ops::eval(Elementwise::Binary(Binary::Add), isa, &[found.lanes().head(width), zeros.lanes()], lanes);
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
                o.copy_from_slice(&Scalar::from_parts(result, re, im).bytes());
            }
        }
        _ => {
            for (o, v) in out.chunks_exact_mut(result.size()).zip(sums) {
                o.copy_from_slice(&Scalar::from_f64(result, one(*v)).bytes());
            }
        }
    }
    Ok(())
}

impl State {
    /// Adds rows of `width` elements, one beginning every `stride`, the first being row `r` of all.
    /// False if the state could not hold them.
    fn add(&mut self, isa: Isa, x: Lanes<'_>, stride: usize, width: usize, r: usize, wide: &mut Block) -> Result<bool> {
        let parts = if x.dtype().is_complex() { 2 } else { 1 };
        let (stride, width) = (stride * parts, width * parts);
        match self {
            State::Exact(s, e) => {
                let x = in_f32(isa, x, wide);
                // Rows that lie one after another are as one that fills the state.
                let one = if stride == width { s.len() } else { width };
                let rows = Rows { x, stride: if stride == width { one } else { stride }, width: one, first: 0 };
                Ok(if e.is_empty() { add_exact(isa, rows, s) } else { add_exact_pairs(isa, rows, s, e) })
            }
            State::Compensated(s, e) => {
                let x = match x {
                    Lanes::C128(x) => raw_parts(x),
                    x => f64::lanes(x),
                };
                // As many rows as there are lanes are as one that fills the state.
                let whole = stride == width && r.is_multiple_of(s.len() / width.max(1));
                let rows = if whole { Rows::dense(x, s.len()) } else { Rows { x, stride, width, first: r } };
                add_compensated(isa, rows, s, e);
                Ok(true)
            }
            State::Integers(sums) => {
                match x {
                    Lanes::Bool(x) => sums.add(isa, Rows { x, stride, width, first: 0 }),
                    x => with_integer!(x.dtype(), T => sums.add(isa, Rows { x: T::lanes(x), stride, width, first: 0 })),
                }
                Ok(true)
            }
            State::Moments(sums, squares) => {
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
                Ok(true)
            }
            State::Chosen { op, so_far, next } => {
                for row in (0..x.len()).step_by(stride.max(1)) {
                    let row = x.part(row, width);
                    match so_far {
                        None => {
                            let mut first = Block::new(x.dtype(), width);
                            first.head_mut(width).copy_from(row);
                            *so_far = Some(first);
                        }
                        Some(best) => {
                            ops::eval(*op, isa, &[best.lanes(), row], next.head_mut(width));
                            std::mem::swap(best, next);
                        }
                    }
                }
                Ok(true)
            }
        }
    }
}

/// The elements as f32: 16-bit floats widened, complex ones as pairs.
pub(super) fn in_f32<'a>(isa: Isa, x: Lanes<'a>, wide: &'a mut Block) -> &'a [f32] {
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
pub(super) fn raw_parts<T: Element, P: Element>(x: &[T]) -> &[P] {
    buffer::cast_slice(buffer::as_bytes(x)).unwrap_or(&[])
}

fn lanes_of(dtype: DType, out: &mut [u8]) -> Result<LanesMut<'_>> {
    LanesMut::of(dtype, out).ok_or_else(|| Error::internal("an output is not aligned"))
}
