//! The plan cut below each op that needs all frames of an input before it has its first.

use crate::lazy::Op;
use crate::plan::{Kind, NodeId, Plan};

use std::ops::Range;

use super::reach::{Access, access, fold_access, fold_frames, folds, streams};

/// When the frames of a target are due, on the clock that all targets of a stage share. A contact
/// sheet of every tenth frame has a frame at every tenth tick: it must not run ahead of its
/// neighbours, or all that lies between would have to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Tick of frame 0.
    pub start: usize,
    /// Ticks from one frame to the next; at least 1.
    pub step: usize,
}

impl Pace {
    /// Frame t at tick t.
    pub const SAME: Pace = Pace { start: 0, step: 1 };

    /// Which of `frames` frames are due within the ticks `clock`. Every frame is due in one tick.
    pub fn due(self, clock: &Range<usize>, frames: usize) -> Range<usize> {
        let before = |tick: usize| tick.saturating_sub(self.start).div_ceil(self.step.max(1)).min(frames);
        before(clock.start)..before(clock.end)
    }

    /// Ticks until the last of `frames` frames is made.
    pub fn ticks(self, frames: usize) -> usize {
        let Some(last) = frames.checked_sub(1) else { return 0 };
        last.saturating_mul(self.step).saturating_add(self.start).saturating_add(1)
    }
}

/// One pass over the stream, and what is computed once after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// Nodes whose frames are made in this pass and kept or sunk.
    pub targets: Vec<NodeId>,
    /// Reductions over time that take in the frames of this pass.
    pub folds: Vec<NodeId>,
    /// Nodes that are then computed once from whole arrays, inputs first.
    pub whole: Vec<NodeId>,
    /// When frames of the targets, then of the reductions over time, are due.
    pub paces: Vec<Pace>,
}

impl Stage {
    /// Frames of target number `n` that are made in the ticks `clock`.
    pub fn target_due(&self, plan: &Plan, n: usize, clock: &Range<usize>) -> Range<usize> {
        let frames = self.targets.get(n).and_then(|t| plan.node(*t).shape.first().copied()).unwrap_or(0);
        self.pace(n).due(clock, frames)
    }

    /// The same for a node, if it is a target.
    pub fn node_due(&self, plan: &Plan, id: NodeId, clock: &Range<usize>) -> Range<usize> {
        self.targets.iter().position(|t| *t == id).map_or(0..0, |n| self.target_due(plan, n, clock))
    }

    /// Frames that reduction over time number `n` takes in within the ticks `clock`.
    pub fn fold_due(&self, plan: &Plan, n: usize, clock: &Range<usize>) -> Range<usize> {
        let frames = self.folds.get(n).map_or(0, |f| fold_frames(plan, *f));
        self.pace(self.targets.len() + n).due(clock, frames)
    }

    /// The pace of target number `n`, or of a reduction over time behind all targets.
    pub fn pace(&self, n: usize) -> Pace {
        self.paces.get(n).copied().unwrap_or(Pace::SAME)
    }

    /// The longest step between frames of a target.
    pub fn longest_step(&self) -> usize {
        self.paces.iter().map(|p| p.step).max().unwrap_or(1)
    }

    /// Finds the paces: each target's frames are due when the frame of its source is. Where all have
    /// the same pace, or none reads a source, frame t is due at tick t.
    fn set_paces(&mut self, plan: &Plan) {
        let from = |id: NodeId| {
            let (pace, at) = origin(plan, id);
            (pace, is_join(plan, at) || is_source(plan, at))
        };
        let targets = self.targets.iter().map(|t| from(*t));
        let folds = self.folds.iter().map(|f| {
            let input = (0..plan.node(*f).inputs.len()).find(|n| fold_access(plan, *f, *n) != Access::Whole);
            input.map_or((Pace::SAME, false), |n| from(plan.node(*f).inputs[n]))
        });
        let found: Vec<(Pace, bool)> = targets.chain(folds).collect();
        let first = found.first().map_or(Pace::SAME, |(p, _)| *p);
        let same = found.iter().all(|(p, _)| *p == first) || !found.iter().any(|(_, streamed)| *streamed);
        self.paces = found.iter().map(|(p, _)| if same { Pace::SAME } else { *p }).collect();
    }
}

/// Which frames of which node those of `id` are made from: of a source, of a join, or of what has no frames
/// below. For a window that is its last.
pub(super) fn origin(plan: &Plan, id: NodeId) -> (Pace, NodeId) {
    let (mut pace, mut at) = (Pace::SAME, id);
    loop {
        let node = plan.node(at);
        let next = (0..node.inputs.len()).find_map(|n| match access(plan, at, n) {
            Access::Frames { start, step } => Some((node.inputs[n], start, step)),
            Access::Window { len } => Some((node.inputs[n], len.saturating_sub(1), 1)),
            Access::Part { .. } | Access::Whole => None,
        });
        let Some((input, start, step)) = next else { return (pace, at) };
        // Only frames that are there are asked for, and those positions fit.
        pace.start = start.saturating_add(pace.start.saturating_mul(step));
        pace.step = pace.step.saturating_mul(step);
        at = input;
    }
}

/// All stages in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The stages.
    pub stages: Vec<Stage>,
    /// True for each node that is needed as a whole array by another node.
    pub kept: Vec<bool>,
}

/// Decides what runs when, for a plan whose arithmetic is watched, or not. Watched reductions take whole arrays.
pub fn schedule_for(plan: &Plan, watched: bool) -> Schedule {
    let count = plan.nodes().len();
    let reachable = plan.reachable();
    let folded = if watched { vec![false; count] } else { folded(plan, &reachable) };
    let access = |plan: &Plan, id: NodeId, n: usize| {
        if folded[id.0] { fold_access(plan, id, n) } else { access(plan, id, n) }
    };
    let mut kept = vec![false; count];
    for &id in &reachable {
        for n in 0..plan.node(id).inputs.len() {
            let input = plan.node(id).inputs[n];
            if access(plan, id, n) == Access::Whole || !streams(plan, input) {
                kept[input.0] = true;
            }
        }
    }
    // `pass[n]`: the first stage in which frames of n can be made, or after which its whole is known.
    let mut pass = vec![0usize; count];
    let mut known = vec![0usize; count];
    let mut out = Schedule { stages: vec![Stage::default()], kept };
    for &id in &reachable {
        let node = plan.node(id);
        let streamed = streams(plan, id);
        for (n, input) in node.inputs.iter().enumerate() {
            let ready = match access(plan, id, n) {
                some if some != Access::Whole && streams(plan, *input) => pass[input.0],
                _ if streamed || folded[id.0] => known[input.0],
                // A whole step runs after the stage that made its inputs, not in the next one.
                _ => known[input.0].saturating_sub(usize::from(!is_leaf(plan, *input))),
            };
            pass[id.0] = pass[id.0].max(ready);
        }
        known[id.0] = if is_leaf(plan, id) { 0 } else { pass[id.0] + 1 };
        let wanted = out.kept[id.0] || folded[id.0] || plan.outputs.contains(&id);
        if wanted && !is_leaf(plan, id) || plan.outputs.contains(&id) || (out.kept[id.0] && is_source(plan, id)) {
            while out.stages.len() <= pass[id.0] {
                out.stages.push(Stage::default());
            }
            let stage = &mut out.stages[pass[id.0]];
            match (folded[id.0], streamed) {
                (true, _) => stage.folds.push(id),
                (_, true) => stage.targets.push(id),
                _ => stage.whole.push(id),
            }
        }
    }
    out.stages.iter_mut().for_each(|stage| stage.set_paces(plan));
    out
}

/// Which reductions take in the frames of a source. What is in memory already is reduced as a whole.
fn folded(plan: &Plan, reachable: &[NodeId]) -> Vec<bool> {
    let count = plan.nodes().len();
    let (mut from_source, mut folded) = (vec![false; count], vec![false; count]);
    for &id in reachable {
        let node = plan.node(id);
        let framed = |n: usize, access: Access| {
            let input = node.inputs[n];
            access != Access::Whole && from_source[input.0] && streams(plan, input)
        };
        let inputs = 0..node.inputs.len();
        folded[id.0] = folds(plan, id) && inputs.clone().any(|n| framed(n, fold_access(plan, id, n)));
        from_source[id.0] = is_source(plan, id) || inputs.clone().any(|n| framed(n, access(plan, id, n)));
    }
    folded
}

/// Whether frames of several inputs follow each other.
pub(super) fn is_join(plan: &Plan, id: NodeId) -> bool {
    !plan.node(id).inputs.is_empty() && matches!(access(plan, id, 0), Access::Part { .. })
}

/// In memory from the start.
fn is_leaf(plan: &Plan, id: NodeId) -> bool {
    matches!(plan.node(id).kind, Kind::Op(Op::Data(_) | Op::Scalar(_) | Op::Input(_)))
}

fn is_source(plan: &Plan, id: NodeId) -> bool {
    matches!(plan.node(id).kind, Kind::Op(Op::Source(_)))
}
