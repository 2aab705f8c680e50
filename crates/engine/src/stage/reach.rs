//! How far each op looks along the stream axis, which is axis 0.

use std::ops::Range;

use opusclip_raw::DType;

use crate::array::Meta;
use crate::lazy::Op;
use crate::ops::{Movement, Reduce, Whole, whole};
use crate::plan::{Kind, NodeId, Plan};

/// What frame t of a node needs of one of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Frame `start + t * step` alone.
    Frames {
        /// Frame needed by frame 0.
        start: usize,
        /// Frames between neighbours; at least 1.
        step: usize,
    },
    /// Frames `t` to `t + len - 1`.
    Window {
        /// How many.
        len: usize,
    },
    /// Frame `t - start` where the input has that one, else none: it is one of several that follow
    /// each other.
    Part {
        /// Frame for which the input's frame 0 stands.
        start: usize,
        /// Frames of the input.
        len: usize,
    },
    /// All of it.
    Whole,
}

impl Access {
    const SAME: Access = Access::Frames { start: 0, step: 1 };

    /// Frames of the input needed for the frames `range`; `None` when all are.
    pub fn needs(self, range: &Range<usize>) -> Option<Range<usize>> {
        match self {
            Access::Whole => None,
            _ if range.is_empty() => Some(0..0),
            Access::Frames { start, step } => Some(start + range.start * step..start + (range.end - 1) * step + 1),
            Access::Window { len } => Some(range.start..range.end - 1 + len),
            Access::Part { start, len } => {
                let part = range.start.max(start)..range.end.min(start.saturating_add(len));
                Some(if part.is_empty() { 0..0 } else { part.start - start..part.end - start })
            }
        }
    }
}

/// Inputs beyond which a whole op is not asked which of them it takes frame by frame.
const MOST_ASKED: usize = 64;

/// What node `id` needs of its `n`-th input.
pub fn access(plan: &Plan, id: NodeId, n: usize) -> Access {
    let node = plan.node(id);
    let Some(input) = node.inputs.get(n).map(|i| &plan.node(*i).shape) else { return Access::Whole };
    let aligned = |over: &[usize]| {
        let same = !over.is_empty() && input.len() == over.len() && input.first() == over.first();
        if same { Access::SAME } else { Access::Whole }
    };
    match &node.kind {
        Kind::Op(Op::Elementwise(_)) | Kind::Fused { .. } => aligned(&node.shape),
        Kind::Op(Op::Reduce { axes, .. }) if !axes.contains(&0) => aligned(input),
        Kind::Reduce { axes, over, .. } if !axes.contains(&0) => aligned(over),
        Kind::Op(Op::Movement(m)) => match m {
            Movement::Slice { axis: 0, span } if span.step >= 1 => {
                Access::Frames { start: span.start, step: span.step as usize }
            }
            Movement::Slice { axis: 0, .. } => Access::Whole,
            Movement::Slice { .. } => Access::SAME,
            Movement::Permute(order) if order.first() == Some(&0) => Access::SAME,
            Movement::Permute(_) => Access::Whole,
            // The frames stay frames when the first length stays and is not empty.
            Movement::Reshape(to) if to.first() == input.first() && input.first().is_some_and(|&d| d > 0) => {
                Access::SAME
            }
            Movement::Reshape(_) => Access::Whole,
            Movement::Broadcast(to) => aligned(to),
            Movement::Windows { axis: 0, window } => Access::Window { len: *window },
            Movement::Windows { .. } => Access::SAME,
        },
        // Frames must be counted alike on both sides before the op is asked whether they touch.
        // An op of very many inputs is asked about each of them: it waits for them all instead.
        Kind::Op(Op::Whole(_)) if node.inputs.len() > MOST_ASKED => Access::Whole,
        Kind::Op(Op::Whole(w)) if joins(w, node.shape.len()) => {
            let lengths = node.inputs.iter().map(|i| plan.node(*i).shape.first().copied().unwrap_or(0));
            Access::Part { start: lengths.take(n).sum(), len: input.first().copied().unwrap_or(0) }
        }
        Kind::Op(Op::Whole(w)) if !node.shape.is_empty() && node.shape.first() == input.first() => {
            let metas: Vec<Meta> =
                node.inputs.iter().map(|i| Meta::new(plan.node(*i).shape.clone(), plan.node(*i).dtype)).collect();
            if w.frames(&metas, n) { Access::SAME } else { Access::Whole }
        }
        _ => Access::Whole,
    }
}

/// Whether arrays of `rank` axes follow each other along time, one after another: where that cannot be, the
/// pass `readings` puts another page.
pub(crate) fn joins(w: &Whole, rank: usize) -> bool {
    w.is(&whole::CONCAT) && w.one_axis(rank) == Some(0)
}

/// Whether the node is a reduction over time of which one result after another, or rows of them, take
/// in frame by frame: then it ends a stage, and needs no whole array.
pub fn folds(plan: &Plan, id: NodeId) -> bool {
    let Kind::Reduce { op, axes, over, program, .. } = &plan.node(id).kind else { return false };
    let (dtype, long) = (program.dtype, |a: &usize| over.get(*a).is_some_and(|d| *d != 1));
    let kept: Vec<usize> = (0..over.len()).filter(|a| !axes.contains(a)).filter(long).collect();
    // The reduced axes come first, as time does.
    let first = kept.first().is_none_or(|k| axes.iter().filter(|a| long(a)).all(|a| a < k));
    let elements = over.iter().fold(1, |n: usize, &d| n.saturating_mul(d));
    axes.contains(&0) && first && (kept.is_empty() || rows_hold(*op, dtype, elements)) && over.iter().all(|d| *d > 0)
}

/// Whether a row of results in the making can hold so many elements: sums of integers are of 64 bits
/// there, and the least complex number is not found element by element.
pub(crate) fn rows_hold(op: Reduce, dtype: DType, elements: usize) -> bool {
    let few = dtype.size() == 1 || elements < 1 << 31;
    match op {
        Reduce::Mean => !dtype.is_integer() || (dtype.size() < 8 && few),
        Reduce::Min | Reduce::Max => !dtype.is_complex(),
        op => !op.by_moments() || few,
    }
}

/// What such a node needs of its `n`-th input to take in a frame.
pub fn fold_access(plan: &Plan, id: NodeId, n: usize) -> Access {
    let node = plan.node(id);
    let input = node.inputs.get(n).map(|i| &plan.node(*i).shape);
    match (&node.kind, input) {
        (Kind::Reduce { over, .. }, Some(input)) if input.len() == over.len() && input.first() == over.first() => {
            Access::SAME
        }
        _ => Access::Whole,
    }
}

/// How many frames such a node takes in.
pub fn fold_frames(plan: &Plan, id: NodeId) -> usize {
    match &plan.node(id).kind {
        Kind::Reduce { over, .. } => over.first().copied().unwrap_or(0),
        _ => 0,
    }
}

/// True when frames of the node can be had without the whole of it.
pub fn streams(plan: &Plan, id: NodeId) -> bool {
    let node = plan.node(id);
    match &node.kind {
        _ if node.shape.is_empty() => false,
        Kind::Op(Op::Source(_) | Op::Data(_) | Op::Input(_)) => true,
        _ => (0..node.inputs.len()).any(|n| access(plan, id, n) != Access::Whole),
    }
}
