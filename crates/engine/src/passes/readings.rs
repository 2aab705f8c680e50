//! Joins along time that stream. Their inputs follow each other; where two of them read frames of one
//! source that do not follow each other, the later one gets a reading of its own: a loop, or the second
//! half before the first, is two cursors, and no whole array.

use std::ops::Range;

use crate::array::shape::product;
use crate::error::Result;
use crate::lazy::{Op, SourceRef};
use crate::ops::{Whole, whole};
use crate::plan::{Kind, NodeId, Plan, PlanNode};
use crate::stage::memory::{needed_into, sources_of, stage_frames};
use crate::stage::{Access, access, reach, schedule_for, streams};

/// Frames that are looked at one by one; joins in longer streams of sources wait.
const MOST_TICKS: usize = 1 << 22;

/// Readings of their own that one plan may have; joins that would need more wait for their inputs.
const MOST_READINGS: usize = 16;

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    let source = |n: &PlanNode| matches!(n.kind, Kind::Op(Op::Source(_)));
    if !plan.nodes().iter().any(joins) || !plan.nodes().iter().any(source) {
        return Ok(plan.clone());
    }
    let mut readings = 0;
    let streaming = plan.rewrite(|out, node| {
        if !joins(&node) {
            return out.intern(node);
        }
        let at = out.intern(node.clone());
        match split(out, at, &mut readings) {
            Some(inputs) => out.intern(PlanNode { inputs, ..node }),
            None => out.intern(waiting(node)),
        }
    });
    if steady(&streaming) {
        return Ok(streaming);
    }
    // Others read the same source at another place: a join must wait rather than ask a decoder to go back.
    Ok(plan.rewrite(|out, node| out.intern(if joins(&node) { waiting(node) } else { node })))
}

/// Whether no reading goes back: tick by tick, what is made in one stage needs the frames of each source
/// in their order.
fn steady(plan: &Plan) -> bool {
    let (plain, watched) = (schedule_for(plan, false), schedule_for(plan, true));
    let other = (watched != plain).then_some(watched);
    std::iter::once(plain).chain(other).all(|schedule| {
        let mut known = vec![false; plan.nodes().len()];
        let mut need = Vec::new();
        for stage in &schedule.stages {
            let ticks = stage_frames(plan, stage);
            let reads = !sources_of(plan, stage, &|id| known[id.0]).is_empty();
            if reads && ticks > MOST_TICKS {
                return false;
            }
            let mut last = vec![0; plan.nodes().len()];
            for tick in 0..if reads { ticks } else { 0 } {
                needed_into(&mut need, plan, stage, &|id| known[id.0], &(tick..tick + 1));
                for (n, range) in need.iter().enumerate() {
                    let Some(range) = range.as_ref().filter(|r| !r.is_empty()) else { continue };
                    if matches!(plan.node(NodeId(n)).kind, Kind::Op(Op::Source(_))) {
                        if range.start < last[n] {
                            return false;
                        }
                        last[n] = range.start;
                    }
                }
            }
            let kept = stage.targets.iter().filter(|t| schedule.kept[t.0]);
            for id in kept.chain(&stage.folds).chain(&stage.whole) {
                known[id.0] = true;
            }
        }
        true
    })
}

/// Whether it joins along time, and streams.
fn joins(node: &PlanNode) -> bool {
    matches!(&node.kind, Kind::Op(Op::Whole(w)) if reach::joins(w, node.shape.len()))
}

/// The join as one that needs its inputs whole.
fn waiting(mut node: PlanNode) -> PlanNode {
    if let Kind::Op(Op::Whole(w)) = &mut node.kind {
        *w = Whole::new(&whole::CONCAT_WAITING, w.attrs().to_vec());
    }
    node
}

/// The inputs of the join `at`, those that need it with readings of their own; nothing where that would
/// be too many.
fn split(plan: &mut Plan, at: NodeId, readings: &mut u32) -> Option<Vec<NodeId>> {
    let mut inputs = plan.node(at).inputs.clone();
    // The frames of each source that the last input to read it needed last.
    let mut before: Vec<(NodeId, Range<usize>)> = Vec::new();
    for input in &mut inputs {
        let frames = plan.node(*input).shape.first().copied().unwrap_or(0);
        if frames == 0 || product(&plan.node(*input).shape) == 0 || !streams(plan, *input) {
            continue;
        }
        let first = read(plan, *input, 0..1);
        let goes_on = |(s, r): &(NodeId, Range<usize>)| {
            let last = before.iter().find(|(b, _)| b == s);
            last.is_none_or(|(_, l)| l.start <= r.start && r.start <= l.end)
        };
        if !first.iter().all(goes_on) {
            *input = again(plan, *input, readings)?;
        }
        // What it reads no more at its end it has read as far as that.
        let last = read(plan, *input, frames - 1..frames);
        for (s, all) in read(plan, *input, 0..frames) {
            before.retain(|(b, _)| *b != s);
            before.push(last.iter().find(|(l, _)| *l == s).cloned().unwrap_or((s, all.end..all.end)));
        }
    }
    Some(inputs)
}

/// The frames of each source that the frames `range` of a node need.
fn read(plan: &Plan, id: NodeId, range: Range<usize>) -> Vec<(NodeId, Range<usize>)> {
    let mut need: Vec<Option<Range<usize>>> = vec![None; id.0 + 1];
    need[id.0] = Some(range);
    let mut found = Vec::new();
    for i in (0..=id.0).rev() {
        let Some(want) = need[i].clone() else { continue };
        let node = plan.node(NodeId(i));
        if matches!(node.kind, Kind::Op(Op::Source(_))) && !want.is_empty() {
            found.push((NodeId(i), want.clone()));
        }
        for (n, input) in node.inputs.iter().enumerate() {
            if let Some(part) = access(plan, NodeId(i), n).needs(&want).filter(|p| !p.is_empty()) {
                let slot = &mut need[input.0];
                *slot = Some(match slot.take() {
                    Some(old) => old.start.min(part.start)..old.end.max(part.end),
                    None => part,
                });
            }
        }
    }
    found
}

/// The node and what it takes frame by frame, once more, from sources that are read by themselves; nothing
/// if these would be too many.
fn again(plan: &mut Plan, id: NodeId, readings: &mut u32) -> Option<NodeId> {
    let mut wanted = vec![false; id.0 + 1];
    wanted[id.0] = true;
    for i in (0..=id.0).rev() {
        if wanted[i] {
            for (n, input) in plan.node(NodeId(i)).inputs.iter().enumerate() {
                wanted[input.0] |= access(plan, NodeId(i), n) != Access::Whole;
            }
        }
    }
    let source = |i: &usize| matches!(plan.node(NodeId(*i)).kind, Kind::Op(Op::Source(_)));
    let own = (0..=id.0).filter(|i| wanted[*i]).filter(source).count();
    if *readings as usize + own > MOST_READINGS {
        return None;
    }
    let mut renamed: Vec<NodeId> = (0..=id.0).map(NodeId).collect();
    for i in (0..=id.0).filter(|i| wanted[*i]) {
        let mut node = plan.node(NodeId(i)).clone();
        for input in &mut node.inputs {
            *input = renamed[input.0];
        }
        if let Kind::Op(Op::Source(s)) = &mut node.kind {
            *readings += 1;
            *s = SourceRef(s.0.clone(), *readings);
        }
        renamed[i] = plan.intern(node);
    }
    Some(renamed[id.0])
}
