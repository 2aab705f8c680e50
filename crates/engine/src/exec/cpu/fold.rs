//! Reductions over time that take in a few frames after another. The sums are those of whole arrays,
//! bit for bit: leaf by leaf, whichever frames come first.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use opusclip_raw::{DType, Isa};

use super::Shelves;
use super::reduce::Accumulator;
use super::state::{Coming, State, put_floats};
use super::table;
use crate::array::shape::product;
use crate::array::{Array, Shape, zeroed};
use crate::error::{Error, Result};
use crate::exec::executor::Fold;
use crate::exec::record::Record;
use crate::exec::rules::{LEAF, join, lanes};
use crate::ops::Reduce;
use crate::ops::lanes::LanesMut;
use crate::plan::{NodeId, Path, PlanNode, Program};

/// A reduction over time in the making.
pub(super) struct CpuFold<'a> {
    isa: Isa,
    id: NodeId,
    record: &'a Record,
    op: Reduce,
    over: &'a [usize],
    program: &'a Program,
    node: &'a PlanNode,
    /// The 8-bit operand and the table of all frames, if there is one.
    table: Option<(usize, &'a OnceLock<table::Table>)>,
    shelves: &'a Shelves,
    /// Results in a row.
    width: usize,
    /// Rows that a frame adds to each result.
    rows: usize,
    lanes: usize,
    taken: Mutex<Taken>,
}

struct Taken {
    /// Leaves that are not full, by number; without leaves there is one.
    open: BTreeMap<usize, Leaf>,
    /// Sums of full ones, in the order of results.
    full: BTreeMap<usize, Vec<f64>>,
}

/// A leaf, and how many rows it has.
struct Leaf(Sums, usize);

enum Sums {
    One(Box<Accumulator>),
    Row(State),
}

impl<'a> CpuFold<'a> {
    /// For a reduction that [`crate::stage::reach::folds`].
    pub(super) fn new(
        isa: Isa,
        (id, record): (NodeId, &'a Record),
        node: &'a PlanNode,
        (op, axes, over): (Reduce, &'a [usize], &'a [usize]),
        (program, path): (&'a Program, Path),
        (table, shelves): (Option<&'a OnceLock<table::Table>>, &'a Shelves),
    ) -> CpuFold<'a> {
        let kept = (0..over.len()).filter(|a| !axes.contains(a)).map(|a| over[a]);
        let width = kept.fold(1, usize::saturating_mul);
        let frame = product(over.get(1..).unwrap_or(&[]));
        let table = match path {
            Path::Table { operand, per_frame: false, channel: None } => table.map(|t| (operand, t)),
            _ => None,
        };
        let lanes = lanes(over, axes);
        let taken = Mutex::new(Taken { open: BTreeMap::new(), full: BTreeMap::new() });
        let rows = frame / width.max(1);
        CpuFold { isa, id, record, op, over, program, node, table, shelves, width, rows, lanes, taken }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (op, d, lanes) = (self.op, self.program.dtype, self.lanes);
        if self.width == 1 {
            return Sums::One(Box::new(Accumulator::new(op, d, lanes)));
        }
        Sums::Row(State::new(op, d, self.width, Coming { dense: true, again: false, lanes }))
    }

    /// The sums of a leaf.
    fn closed(&self, sums: Sums) -> Vec<f64> {
        match sums {
            Sums::One(acc) => acc.into_sums(),
            Sums::Row(state) => state.sums(self.isa),
        }
    }
}

impl Fold for CpuFold<'_> {
    fn ordered(&self) -> bool {
        let d = self.program.dtype;
        let chosen = matches!(self.op, Reduce::Min | Reduce::Max) && d.is_complex();
        chosen || (self.leaves() && d.real() == DType::F64)
    }

    fn values(&self, frames: &Range<usize>, inputs: &[Array], out: &mut [u8]) -> Result<()> {
        let mut over = Shape::from(self.over);
        if let Some(d) = over.first_mut() {
            *d = frames.len();
        }
        match self.table {
            Some((operand, cell)) => {
                let (isa, program) = (self.isa, self.program);
                let job =
                    table::Job { isa, program, operand, channel: None, inputs, shape: &over, shelves: self.shelves };
                self.record.count_table(self.id, table::apply(&job, Some(cell), out)?);
                Ok(())
            }
            None => {
                self.record.count_blocks(self.id);
                let shelf = &self.shelves.registers;
                super::interpret::run(self.isa, self.program, inputs, &over, out.into(), shelf, None)
            }
        }
    }

    fn add(&self, frames: &Range<usize>, values: &mut [u8]) -> Result<()> {
        let all = LanesMut::of(self.program.dtype, values).ok_or_else(|| Error::internal("values are not aligned"))?;
        let all = all.shared();
        let mut taken = self.taken();
        let (mut row, end) = (frames.start * self.rows, frames.end * self.rows);
        let start = row;
        while row < end {
            let leaf = if self.leaves() { row / LEAF } else { 0 };
            let n = if self.leaves() { ((leaf + 1) * LEAF).min(end) - row } else { end - row };
            let x = all.part((row - start) * self.width, n * self.width);
            let Leaf(sums, rows) = taken.open.entry(leaf).or_insert_with(|| Leaf(self.fresh(), 0));
            match sums {
                Sums::One(acc) => acc.add(self.isa, x),
                Sums::Row(state) => {
                    state.add(self.isa, x, self.width, row % LEAF);
                }
            }
            *rows += n;
            if self.leaves()
                && *rows == LEAF
                && let Some(Leaf(sums, _)) = taken.open.remove(&leaf)
            {
                taken.full.insert(leaf, self.closed(sums));
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
        let mut taken = std::mem::replace(&mut *self.taken(), Taken { open: BTreeMap::new(), full: BTreeMap::new() });
        let rows = self.over.first().copied().unwrap_or(0).saturating_mul(self.rows);
        if self.leaves() {
            while let Some((leaf, Leaf(sums, _))) = taken.open.pop_first() {
                taken.full.insert(leaf, self.closed(sums));
            }
            let leaves: Vec<Vec<f64>> = taken.full.into_values().collect();
            let sums: Vec<f64> = match leaves.as_slice() {
                [one] => one.clone(),
                many => (0..self.sums())
                    .map(|c| join(&many.iter().filter_map(|l| l.get(c).copied()).collect::<Vec<_>>()))
                    .collect(),
            };
            put_floats(self.op, self.program.dtype, rows, &sums, out)?;
        } else if let Some((_, Leaf(sums, _))) = taken.open.pop_first() {
            match sums {
                Sums::One(mut acc) => acc.value().write_to(out),
                Sums::Row(state) => state.write(self.isa, rows, out)?,
            }
        }
        Ok(Array::from_buffer(buffer, dtype, shape))
    }
}
