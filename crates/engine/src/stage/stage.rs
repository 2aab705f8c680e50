//! The plan cut below each op that needs all frames of an input before it has its first.

use crate::flow::StreamInfo;
use crate::lazy::Op;
use crate::plan::{Kind, NodeId, Plan};

use super::reach::{Access, access, fold_access, folds, streams};

/// One pass over the stream, and what is computed once after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// Nodes whose frames are made in this pass and kept or sunk.
    pub targets: Vec<NodeId>,
    /// Reductions over time that take in the frames of this pass.
    pub folds: Vec<NodeId>,
    /// Nodes that are then computed once from whole arrays, inputs first.
    pub whole: Vec<NodeId>,
}

/// All stages in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The stages.
    pub stages: Vec<Stage>,
    /// True for each node that is needed as a whole array by another node.
    pub kept: Vec<bool>,
}

/// Decides what runs when.
pub fn schedule(plan: &Plan) -> Schedule {
    schedule_for(plan, false)
}

/// The same for a plan whose arithmetic is watched, or not. Watched reductions take whole arrays.
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
                Access::Frames { .. } if streams(plan, *input) => pass[input.0],
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

/// In memory from the start.
fn is_leaf(plan: &Plan, id: NodeId) -> bool {
    matches!(plan.node(id).kind, Kind::Op(Op::Data(_) | Op::Scalar(_) | Op::Input(_)))
}

fn is_source(plan: &Plan, id: NodeId) -> bool {
    matches!(plan.node(id).kind, Kind::Op(Op::Source(_)))
}

/// Times and colour of a node's frames: those of the source frame that each is made from.
pub fn stream_info(plan: &Plan, id: NodeId) -> StreamInfo {
    let node = plan.node(id);
    let (mut start, mut step, mut at) = (0usize, 1usize, id);
    loop {
        let n = plan.node(at);
        if let Kind::Op(Op::Source(s)) = &n.kind {
            let info = s.0.info();
            let frames = node.shape.first().copied().unwrap_or(0);
            let picked: Vec<usize> = (0..frames).map(|t| start.saturating_add(t.saturating_mul(step))).collect();
            let pts: Vec<i64> = picked.iter().filter_map(|&f| info.pts.get(f).copied()).collect();
            let mut durations: Vec<i64> = picked.iter().filter_map(|&f| info.durations.get(f).copied()).collect();
            if step > 1 {
                for (d, w) in durations.iter_mut().zip(pts.windows(2)) {
                    *d = w[1].saturating_sub(w[0]);
                }
                // The last one stays until the next would have come, or the stream ends.
                let end = info.pts.last().zip(info.durations.last()).map(|(p, d)| p.saturating_add(*d));
                let next = picked.last().and_then(|f| info.pts.get(f.saturating_add(step)).copied()).or(end);
                if let (Some(d), Some(p), Some(next)) = (durations.last_mut(), pts.last(), next) {
                    *d = next.saturating_sub(*p);
                }
            }
            return StreamInfo {
                shape: node.shape.clone(),
                dtype: node.dtype,
                pts: pts.into(),
                durations: durations.into(),
                ..info.clone()
            };
        }
        let next = (0..n.inputs.len()).find_map(|i| match access(plan, at, i) {
            Access::Frames { start, step } => Some((n.inputs[i], start, step)),
            Access::Whole => None,
        });
        match next {
            Some((input, s, k)) => {
                // Only frames that are there are asked for, and those positions fit.
                start = s.saturating_add(start.saturating_mul(k));
                step = step.saturating_mul(k);
                at = input;
            }
            None => {
                let rate = crate::flow::Rational { num: 25, den: 1 };
                return StreamInfo::constant_rate(node.shape.clone(), node.dtype, rate);
            }
        }
    }
}
