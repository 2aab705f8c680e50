//! Looking at what the blocks compute, where an error state asks for it.

use opusclip_raw::{DType, Isa};

use super::interpret;
use super::reduce::Job;
use crate::array::Scalar;
use crate::array::shape::product;
use crate::error::Result;
use crate::errstate::{Offence, Trouble, Watch};
use crate::exec::executor::Frames;
use crate::ops::lanes::{Lanes, LanesMut};
use crate::ops::watch::{All, watch};
use crate::ops::{self, Elementwise, Reduce};
use crate::plan::PlanNode;

/// Looks at the elements of one node's frames.
#[derive(Clone, Debug)]
pub(super) struct Watcher<'w> {
    watch: &'w Watch,
    node: usize,
    /// Elements of the node before these frames, and of one frame.
    before: usize,
    frame: usize,
    /// Shape in which elements are counted.
    shape: Vec<usize>,
}

impl<'w> Watcher<'w> {
    /// For frames of a node that computes over `over`, which is `full` for all its frames.
    pub(super) fn new(watch: &'w Watch, node: usize, frames: &Frames, over: &[usize], full: &[usize]) -> Watcher<'w> {
        let frame = product(over.get(1..).unwrap_or(&[]));
        // Reductions over time compute all frames at once, whatever is asked for.
        let start = if over == full { 0 } else { frames.range.start };
        Watcher { watch, node, before: start.saturating_mul(frame), frame, shape: full.to_vec() }
    }

    fn note(&self, all: &All, op: &'static str, dtype: DType, start: usize) {
        for (kind, met) in Trouble::ALL.into_iter().zip(all) {
            if met.count > 0 && self.watch.wants(kind) {
                let element = self.before.saturating_add(start).saturating_add(met.first);
                let frame = element.checked_div(self.frame).unwrap_or(0);
                let shape = self.shape.clone();
                self.watch.note(met.count, Offence { frame, node: self.node, element, kind, op, dtype, shape });
            }
        }
    }

    /// Looks at a block that begins at the element `start`.
    pub(super) fn look(&self, op: Elementwise, args: &[Lanes<'_>], out: Lanes<'_>, start: usize) {
        let all = watch(op, args, out);
        let name = if matches!(op, Elementwise::Cast(_)) { "astype" } else { op.name() };
        let dtype = args.first().map_or(out.dtype(), |a| if out.dtype().is_float() { out.dtype() } else { a.dtype() });
        self.note(&all, name, dtype, start);
    }

    /// Computes a block in its place and looks at it.
    pub(super) fn eval(&self, op: Elementwise, isa: Isa, args: &[Lanes<'_>], mut out: LanesMut<'_>, start: usize) {
        ops::eval(op, isa, args, out.again());
        self.look(op, args, out.shared(), start);
    }
}

/// Computes the values that were reduced once more under watch, and judges the results: infinite or
/// without an answer though no value was.
pub(super) fn watched_reduction(job: &Job<'_>, watcher: &Watcher<'_>, node: &PlanNode, out: &[u8]) -> Result<()> {
    let program = job.program;
    let mut values = crate::array::zeroed(program.dtype, job.over)?;
    let n = product(job.over) * program.dtype.size();
    let bytes = values.bytes_mut().get_mut(..n).unwrap_or_default();
    interpret::run(job.isa, program, job.inputs, job.over, bytes, Some(watcher.clone()))?;
    let sums = matches!(job.op, Reduce::Sum | Reduce::Mean);
    if !sums || !node.dtype.is_float() {
        return Ok(());
    }
    let finite =
        |d: DType, bytes: &[u8]| bytes.chunks_exact(d.size()).all(|b| Scalar::from_bytes(d, b).to_f64().is_finite());
    if finite(node.dtype, out) || !finite(program.dtype, bytes) {
        return Ok(());
    }
    let odd = |b: &[u8]| !Scalar::from_bytes(node.dtype, b).to_f64().is_finite();
    let first = out.chunks_exact(node.dtype.size()).position(odd).unwrap_or(0);
    let nan = out.chunks_exact(node.dtype.size()).any(|b| Scalar::from_bytes(node.dtype, b).to_f64().is_nan());
    let mut all = All::default();
    let kind = if nan { Trouble::Invalid } else { Trouble::Over };
    all[kind as usize] = ops::watch::Met { count: 1, first };
    let frame = product(node.shape.get(1..).unwrap_or(&[]));
    let own = Watcher {
        before: watcher.before.checked_div(watcher.frame).unwrap_or(0).saturating_mul(frame),
        frame,
        shape: node.shape.clone(),
        ..watcher.clone()
    };
    own.note(&all, job.op.row().name, node.dtype, 0);
    Ok(())
}
