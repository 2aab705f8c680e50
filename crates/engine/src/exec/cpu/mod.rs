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
use super::rules::{chunked, over_of};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::errstate::Watch;
use crate::lazy::Op;
use crate::ops::whole::COUNTS;
use crate::plan::{Kind, NodeId, Path, Plan};

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
        }
    }
}

impl Executor for Cpu<'_> {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn run(&self, plan: &Plan, id: NodeId, frames: &Frames, inputs: &[Array], out: &mut [u8]) -> Result<()> {
        let node = plan.node(id);
        match &node.kind {
            Kind::Op(Op::Movement(m)) => {
                let x = inputs.first().ok_or_else(|| Error::internal("a movement has no input"))?;
                chunked(m, &frames.shape).apply(x)?.strided().copy_to(out);
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
                let job = table::Job { isa: self.isa, program, operand, channel, inputs, shape: &frames.shape };
                self.record.count_table(id, table::apply(&job, shared, out)?);
                Ok(())
            }
            Kind::Fused { program, .. } => {
                self.record.count_blocks(id);
                let watcher = self.watch.map(|watch| Watcher::new(watch, id.0, frames, &frames.shape, &node.shape));
                if frames.lasting {
                    self.record.count_streamed();
                }
                interpret::run(self.isa, program, inputs, &frames.shape, (out, frames.lasting), watcher)
            }
            Kind::Reduce { op, axes, over, program, path, .. } => {
                let (full_over, over) = (over, over_of(over, axes, frames));
                if let Path::Count { operand, per_frame } = path {
                    let shared = self.counts.get(id.0).filter(|_| !per_frame);
                    let (isa, operand) = (self.isa, *operand);
                    let job = table::Job { isa, program, operand, channel: None, inputs, shape: &over };
                    if table::count(&job, *op, shared, out)? {
                        self.record.count_counted(id);
                        return Ok(());
                    }
                }
                let mut table = None;
                if let (Path::Table { operand, .. }, Some(cell)) = (path, self.tables.get(id.0)) {
                    let (isa, operand) = (self.isa, *operand);
                    let job = table::Job { isa, program, operand, channel: None, inputs, shape: &over };
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
                    &reduce::Job { isa: self.isa, op: *op, axes, over: &over, program, inputs, table, watch },
                    out,
                )
            }
            Kind::Op(_) => Err(Error::internal("an op reached the CPU executor without being fused")),
        }
    }

    fn fold<'a>(&'a self, plan: &'a Plan, id: NodeId) -> Result<Box<dyn Fold + 'a>> {
        let node = plan.node(id);
        let Kind::Reduce { op, axes, over, program, path, .. } = &node.kind else {
            return Err(Error::internal("only a reduction takes in frames"));
        };
        self.record.count_fold();
        let table = self.tables.get(id.0);
        Ok(Box::new(fold::CpuFold::new(self.isa, (id, self.record), node, (*op, axes, over), (program, *path), table)))
    }
}
