//! The CPU executor: blocks, tables and counts over cache-sized pieces, the widest instruction
//! set the machine has.

mod columns;
mod fold;
mod interpret;
mod reduce;
mod state;
mod table;
mod watched;

use std::sync::OnceLock;

use opusclip_raw::Isa;

use super::executor::{Executor, Fold, Frames};
use super::record::Record;
use super::rules::over_of;
use super::scratch::Shelf;
use crate::array::Array;
use crate::error::{Error, Result};
use crate::errstate::Watch;
use crate::lazy::Op;
use crate::ops::lanes::Block;
use crate::ops::whole::COUNTS;
use crate::plan::{Kind, NodeId, Path, Plan, PlanNode, Program};

use interpret::Out;
pub(super) use reduce::of_rows as reduce_rows;
use watched::{Reduction, Watcher};

/// See the module. One value serves one run: it keeps the tables that hold for all its frames.
#[derive(Debug)]
pub struct Cpu<'w> {
    isa: Isa,
    watch: Option<&'w Watch>,
    record: &'w Record,
    tables: Vec<OnceLock<table::Table>>,
    counts: Vec<OnceLock<table::Counter>>,
    shelves: Vec<Shelves>,
}

/// Memory that the calls of one node use in turns.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    /// Registers of the node's program.
    registers: Shelf<interpret::Registers>,
    /// Registers of the program that hands on the bytes that a table is asked for.
    bytes: Shelf<interpret::Registers>,
    /// That program.
    index: OnceLock<Program>,
    /// Values, and the bytes that a table is asked for: one type each, so that none is made anew.
    blocks: Shelf<Block>,
    looked_up: Shelf<Block>,
    tables: table::Room,
}

impl<'w> Cpu<'w> {
    /// For the nodes of `plan`; `watch` looks at each element that is made.
    pub(crate) fn new(plan: &Plan, isa: Isa, record: &'w Record, watch: Option<&'w Watch>) -> Cpu<'w> {
        let n = plan.nodes().len();
        Cpu {
            isa,
            watch,
            record,
            tables: (0..n).map(|_| OnceLock::new()).collect(),
            counts: (0..n).map(|_| OnceLock::new()).collect(),
            shelves: (0..n).map(|_| Shelves::default()).collect(),
        }
    }
}

impl Cpu<'_> {
    fn shelves(&self, id: NodeId) -> Result<&Shelves> {
        self.shelves.get(id.0).ok_or_else(|| Error::internal("a node is of another plan"))
    }
}

impl Executor for Cpu<'_> {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn run(&self, plan: &Plan, id: NodeId, frames: &Frames, inputs: &[Array], out: &mut [u8]) -> Result<()> {
        let node = plan.node(id);
        let shelves = self.shelves(id)?;
        match &node.kind {
            Kind::Op(Op::Movement(m)) => {
                let x = inputs.first().ok_or_else(|| Error::internal("a movement has no input"))?;
                m.apply_to_chunk(x, &frames.shape)?.strided().copy_to(out);
                Ok(())
            }
            Kind::Op(Op::Whole(w)) => {
                if w.is(&COUNTS) {
                    self.record.count_histograms(id, node.shape.first().map_or(0, |_| frames.range.len() as u64));
                }
                w.eval(inputs)?.strided().copy_to(out);
                Ok(())
            }
            Kind::Fused { program, path: Path::Table { operand, per_frame, channel } } => {
                let shared = self.tables.get(id.0).filter(|_| !per_frame);
                let (operand, channel) = (*operand, *channel);
                let (isa, shape) = (self.isa, &*frames.shape);
                let job = table::Job { isa, program, operand, channel, inputs, shape, shelves };
                self.record.count_table(id, table::apply(&job, shared, out)?);
                Ok(())
            }
            Kind::Fused { program, .. } => {
                self.record.count_blocks(id);
                let watcher = self.watch.map(|watch| Watcher::new(watch, id.0, frames, &frames.shape, &node.shape));
                let past = frames.lasting && frames.over.is_none();
                if past {
                    self.record.count_streamed();
                }
                let out = Out { bytes: out, past, under: frames.over };
                interpret::run(self.isa, program, inputs, &frames.shape, out, &shelves.registers, watcher)
            }
            Kind::Reduce { op, axes, over, program, path, .. } => {
                let (full_over, over) = (over, over_of(over, axes, frames));
                if let Path::Count { operand, per_frame } = path {
                    let shared = self.counts.get(id.0).filter(|_| !per_frame);
                    let (isa, operand) = (self.isa, *operand);
                    let job = table::Job { isa, program, operand, channel: None, inputs, shape: &over, shelves };
                    if table::count(&job, *op, shared, out)? {
                        self.record.count_counted(id);
                        return Ok(());
                    }
                }
                let mut table = None;
                if let (Path::Table { operand, .. }, Some(cell)) = (path, self.tables.get(id.0)) {
                    let (isa, operand) = (self.isa, *operand);
                    let job = table::Job { isa, program, operand, channel: None, inputs, shape: &over, shelves };
                    let (shared, built) = table::shared_table(&job, cell)?;
                    self.record.count_table(id, built);
                    table = Some((shared, operand));
                } else {
                    self.record.count_blocks(id);
                }
                let watch = self.watch.map(|watch| Reduction {
                    values: Watcher::new(watch, id.0, frames, &over, full_over),
                    results: Watcher::new(watch, id.0, frames, &frames.shape, &node.shape),
                });
                reduce::run(
                    &reduce::Job { isa: self.isa, op: *op, axes, over: &over, program, inputs, table, watch, shelves },
                    out,
                )
            }
            Kind::Op(_) => Err(Error::internal("an op reached the CPU executor without being fused")),
        }
    }

    fn runs_over(&self, plan: &Plan, id: NodeId, n: usize) -> bool {
        let node = plan.node(id);
        let same = |input: &PlanNode| input.shape == node.shape && input.dtype.size() == node.dtype.size();
        // A table is asked for bytes in no order of blocks.
        matches!(&node.kind, Kind::Fused { path: Path::Blocks(_), .. })
            && node.inputs.get(n).is_some_and(|input| same(plan.node(*input)))
    }

    fn fold<'a>(&'a self, plan: &'a Plan, id: NodeId) -> Result<Box<dyn Fold + 'a>> {
        let node = plan.node(id);
        let Kind::Reduce { op, axes, over, program, path, .. } = &node.kind else {
            return Err(Error::internal("only a reduction takes in frames"));
        };
        self.record.count_fold();
        let table = self.tables.get(id.0);
        Ok(Box::new(fold::CpuFold::new(
            self.isa,
            (id, self.record),
            node,
            (*op, axes, over),
            (program, *path),
            (table, self.shelves(id)?),
        )))
    }
}
