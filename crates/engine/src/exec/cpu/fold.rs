//! Reductions over time that take in a few frames after another. The sums are those of whole arrays,
//! bit for bit: leaf by leaf, whichever frames come first.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use opusclip_raw::kernel::columns::{ExactColumns, IntegerColumns, Rows, add_compensated, totals};
use opusclip_raw::{DType, Isa};

use super::columns::{in_f32, put_floats, put_integers, put_moments, put_plus, raw_parts};
use super::reduce::Accumulator;
use super::table;
use crate::array::shape::product;
use crate::array::{Array, zeroed};
use crate::error::{Error, Result};
use crate::exec::executor::{Fold, Frames};
use crate::exec::rules::{LEAF, join, lanes};
use crate::ops::lanes::{Block, Lane, Lanes, LanesMut, with_integer};
use crate::ops::{self, Binary, Bits, Elementwise, Reduce};
use crate::plan::{Path, PlanNode, Program};

/// A reduction over time in the making.
pub(super) struct CpuFold<'a> {
    isa: Isa,
    op: Reduce,
    over: &'a [usize],
    program: &'a Program,
    node: &'a PlanNode,
    /// The 8-bit operand and the table of all frames, if there is one.
    table: Option<(usize, &'a OnceLock<table::Table>)>,
    /// Results in a row.
    width: usize,
    /// Rows that a frame adds to each result.
    rows: usize,
    lanes: usize,
    state: Mutex<State>,
}

struct State {
    /// Leaves that are not full, by number; without leaves there is one.
    open: BTreeMap<usize, Leaf>,
    /// Sums of full ones, in the order of results.
    full: BTreeMap<usize, Vec<f64>>,
}

/// A leaf, and how many rows it has.
struct Leaf(Sums, usize);

enum Sums {
    One(Box<Accumulator>),
    Exact(ExactColumns),
    Compensated(Vec<f64>, Vec<f64>),
    Integers(IntegerColumns),
    /// Of the elements and of their squares.
    Moments(IntegerColumns, IntegerColumns),
    /// The best or the truth so far, and room for the next.
    Chosen(Elementwise, Option<Block>, Block),
}

impl<'a> CpuFold<'a> {
    /// For a reduction that [`crate::stage::reach::folds`].
    pub(super) fn new(
        isa: Isa,
        node: &'a PlanNode,
        (op, axes, over): (Reduce, &'a [usize], &'a [usize]),
        (program, path): (&'a Program, Path),
        table: Option<&'a OnceLock<table::Table>>,
    ) -> CpuFold<'a> {
        let kept = (0..over.len()).filter(|a| !axes.contains(a)).map(|a| over[a]);
        let width = kept.fold(1, usize::saturating_mul);
        let frame = product(over.get(1..).unwrap_or(&[]));
        let table = match path {
            Path::Table { operand, per_frame: false, channel: None } => table.map(|t| (operand, t)),
            _ => None,
        };
        let lanes = lanes(over, axes);
        let state = Mutex::new(State { open: BTreeMap::new(), full: BTreeMap::new() });
        CpuFold { isa, op, over, program, node, table, width, rows: frame / width.max(1), lanes, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sums that are made leaf by leaf.
    fn leaves(&self) -> bool {
        let d = self.program.dtype;
        matches!(self.op, Reduce::Sum | Reduce::Mean) && (d.is_float() || d.is_complex())
    }

    /// Floats of a row: complex numbers are two.
    fn sums(&self) -> usize {
        if self.program.dtype.is_complex() { 2 * self.width } else { self.width }
    }

    fn fresh(&self) -> Sums {
        let d = self.program.dtype;
        if self.width == 1 {
            return Sums::One(Box::new(Accumulator::new(self.op, d, self.lanes)));
        }
        match self.op {
            op if op.by_moments() => Sums::Moments(IntegerColumns::new(self.width), IntegerColumns::new(self.width)),
            Reduce::Sum | Reduce::Mean if d.real() == DType::F64 => {
                let n = self.lanes * self.sums();
                Sums::Compensated(vec![0.0; n], vec![0.0; n])
            }
            Reduce::Sum | Reduce::Mean if self.leaves() => {
                Sums::Exact(ExactColumns::new((64 / self.sums()).max(1) * self.sums()))
            }
            Reduce::Sum | Reduce::Mean => Sums::Integers(IntegerColumns::new(self.width)),
            op => {
                let op = match op {
                    Reduce::Min => Elementwise::Binary(Binary::Minimum),
                    Reduce::Max => Elementwise::Binary(Binary::Maximum),
                    Reduce::Any => Elementwise::Bits(Bits::Or),
                    _ => Elementwise::Bits(Bits::And),
                };
                Sums::Chosen(op, None, Block::new(d, self.width))
            }
        }
    }

    /// Adds the rows `first…` of all, which belong to one leaf.
    fn add_rows(&self, sums: &mut Sums, x: Lanes<'_>, first: usize, wide: &mut Block) {
        let isa = self.isa;
        match sums {
            Sums::One(acc) => acc.add(isa, x),
            Sums::Exact(columns) => columns.add(isa, in_f32(isa, x, wide)),
            Sums::Compensated(s, e) => {
                let x = if let Lanes::C128(x) = x { raw_parts(x) } else { f64::lanes(x) };
                let width = self.sums();
                let lane = first % LEAF % self.lanes;
                // A row that begins in the first lane may go on through all of them.
                let rows =
                    if lane == 0 { Rows::dense(x, s.len()) } else { Rows { x, stride: width, width, first: lane } };
                add_compensated(isa, rows, s, e);
            }
            Sums::Integers(columns) => match x {
                Lanes::Bool(x) => columns.add(isa, Rows::dense(x, self.width)),
                x => with_integer!(x.dtype(), T => columns.add(isa, Rows::dense(T::lanes(x), self.width))),
            },
            Sums::Moments(sums, squares) => match x {
                Lanes::Bool(x) => {
                    sums.add(isa, Rows::dense(x, self.width));
                    squares.add(isa, Rows::dense(x, self.width));
                }
                x => with_integer!(x.dtype(), T => {
                    sums.add(isa, Rows::dense(T::lanes(x), self.width));
                    squares.add_squares(isa, Rows::dense(T::lanes(x), self.width));
                }),
            },
            Sums::Chosen(op, so_far, next) => {
                for at in (0..x.len()).step_by(self.width.max(1)) {
                    let row = x.part(at, self.width);
                    match so_far {
                        None => {
                            let mut first = Block::new(x.dtype(), self.width);
                            first.head_mut(self.width).copy_from(row);
                            *so_far = Some(first);
                        }
                        Some(best) => {
                            ops::eval(*op, isa, &[best.lanes(), row], next.head_mut(self.width));
                            std::mem::swap(best, next);
                        }
                    }
                }
            }
        }
    }

    /// The sums of a full leaf.
    fn closed(&self, sums: Sums) -> Vec<f64> {
        let mut out = vec![0.0; self.sums()];
        match sums {
            Sums::One(acc) => out = acc.into_sums(),
            Sums::Exact(columns) => columns.totals(self.isa, &mut out),
            Sums::Compensated(s, e) => totals(self.isa, &s, &e, &mut out),
            Sums::Integers(_) | Sums::Moments(..) | Sums::Chosen(..) => {}
        }
        out
    }
}

impl Fold for CpuFold<'_> {
    fn ordered(&self) -> bool {
        let d = self.program.dtype;
        let chosen = matches!(self.op, Reduce::Min | Reduce::Max) && d.is_complex();
        chosen || (self.leaves() && d.real() == DType::F64)
    }

    fn values(&self, frames: &Frames, inputs: &[Array], out: &mut [u8]) -> Result<()> {
        let mut over = self.over.to_vec();
        if let Some(d) = over.first_mut() {
            *d = frames.range.len();
        }
        match self.table {
            Some((operand, cell)) => {
                let (isa, program) = (self.isa, self.program);
                let job = table::Job { isa, program, operand, channel: None, inputs, shape: &over };
                table::apply(&job, Some(cell), out).map(|_| ())
            }
            None => super::interpret::run(self.isa, self.program, inputs, &over, out, None),
        }
    }

    fn add(&self, frames: &Frames, values: &mut [u8]) -> Result<()> {
        let all = LanesMut::of(self.program.dtype, values).ok_or_else(|| Error::internal("values are not aligned"))?;
        let all = all.shared();
        let mut wide = Block::new(DType::F32, 0);
        let mut state = self.state();
        let (mut row, end) = (frames.range.start * self.rows, frames.range.end * self.rows);
        let start = row;
        while row < end {
            let leaf = if self.leaves() { row / LEAF } else { 0 };
            let n = if self.leaves() { ((leaf + 1) * LEAF).min(end) - row } else { end - row };
            let x = all.part((row - start) * self.width, n * self.width);
            let Leaf(sums, rows) = state.open.entry(leaf).or_insert_with(|| Leaf(self.fresh(), 0));
            self.add_rows(sums, x, row, &mut wide);
            *rows += n;
            if self.leaves()
                && *rows == LEAF
                && let Some(Leaf(sums, _)) = state.open.remove(&leaf)
            {
                state.full.insert(leaf, self.closed(sums));
            }
            row += n;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Array> {
        let (dtype, shape) = (self.node.dtype, self.node.shape.clone());
        let mut buffer = zeroed(dtype, &shape)?;
        let bytes = product(&shape) * dtype.size();
        let out = buffer.bytes_mut().get_mut(..bytes).unwrap_or_default();
        let mut state = std::mem::replace(&mut *self.state(), State { open: BTreeMap::new(), full: BTreeMap::new() });
        let rows = self.over.first().copied().unwrap_or(0).saturating_mul(self.rows);
        if self.leaves() {
            while let Some((leaf, Leaf(sums, _))) = state.open.pop_first() {
                state.full.insert(leaf, self.closed(sums));
            }
            let leaves: Vec<Vec<f64>> = state.full.into_values().collect();
            let sums: Vec<f64> = match leaves.as_slice() {
                [one] => one.clone(),
                many => (0..self.sums())
                    .map(|c| join(&many.iter().filter_map(|l| l.get(c).copied()).collect::<Vec<_>>()))
                    .collect(),
            };
            put_floats(self.op, self.program.dtype, rows, &sums, out)?;
        } else if let Some((_, Leaf(sums, _))) = state.open.pop_first() {
            match sums {
                Sums::One(mut acc) => out.copy_from_slice(&acc.value().bytes()),
                Sums::Integers(mut columns) => put_integers(self.op, rows, columns.values(), out),
                Sums::Moments(mut sums, mut squares) => {
                    put_moments(self.op, rows, sums.values(), squares.values(), out);
                }
                Sums::Chosen(_, Some(found), _) => put_plus(self.isa, &found, out)?,
                _ => {}
            }
        }
        Ok(Array::from_buffer(buffer, dtype, shape))
    }
}
