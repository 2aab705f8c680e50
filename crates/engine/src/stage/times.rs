//! When the frames of a node are shown.

use std::sync::Arc;

use super::stage::{Pace, is_join, origin};
use crate::flow::{Rational, StreamInfo};
use crate::lazy::Op;
use crate::plan::{Kind, NodeId, Plan};

/// Times and colour of a node's frames: those of the source frame that each is made from, for a window
/// those of its last. What was joined follows in time, too. Without a source, 25 frames a second.
pub fn stream_info(plan: &Plan, id: NodeId) -> StreamInfo {
    let node = plan.node(id);
    let rate = Rational { num: 25, den: 1 };
    let mut below = vec![false; id.0 + 1];
    below[id.0] = true;
    for i in (0..=id.0).rev() {
        if below[i] {
            plan.node(NodeId(i)).inputs.iter().for_each(|n| below[n.0] = true);
        }
    }
    // Inputs first: each join once, however many ways lead to it.
    let mut joins: Vec<Option<StreamInfo>> = vec![None; id.0 + 1];
    for i in 0..=id.0 {
        if below[i] && is_join(plan, NodeId(i)) {
            joins[i] = joined(plan, NodeId(i), &joins);
        }
    }
    let found = times(plan, id, &joins);
    let mut info = found.unwrap_or_else(|| StreamInfo::constant_rate(node.shape.clone(), node.dtype, rate));
    (info.shape, info.dtype) = (node.shape.clone(), node.dtype);
    info
}

/// The times of a node's frames, where a source or one of the joins made before has any.
fn times(plan: &Plan, id: NodeId, joins: &[Option<StreamInfo>]) -> Option<StreamInfo> {
    let (Pace { start, step }, at) = origin(plan, id);
    let frames = plan.node(id).shape.first().copied().unwrap_or(0);
    let of = match &plan.node(at).kind {
        Kind::Op(Op::Source(s)) => s.0.info(),
        _ => joins.get(at.0)?.as_ref()?,
    };
    Some(picked(of, start, step, frames))
}

/// `frames` frames from `start` on, `step` apart.
fn picked(info: &StreamInfo, start: usize, step: usize, frames: usize) -> StreamInfo {
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
    StreamInfo { pts: pts.into(), durations: durations.into(), ..info.clone() }
}

/// One input after another. Clock and colour are those of the first that has any; inputs without times
/// go on at its mean rate.
fn joined(plan: &Plan, id: NodeId, joins: &[Option<StreamInfo>]) -> Option<StreamInfo> {
    let node = plan.node(id);
    let all: Vec<Option<StreamInfo>> = node.inputs.iter().map(|i| times(plan, *i, joins)).collect();
    let first = all.iter().flatten().next()?.clone();
    let mean = i64::try_from(first.ticks() / first.durations.len().max(1) as i128).unwrap_or(0);
    let (mut pts, mut durations) = (Vec::new(), Vec::new());
    // A view may be longer than memory: then its times are those of no source.
    let frames = node.shape.first().copied().unwrap_or(0);
    if pts.try_reserve_exact(frames).is_err() || durations.try_reserve_exact(frames).is_err() {
        return None;
    }
    let mut next = all.first().and_then(Option::as_ref).and_then(|i| i.pts.first().copied()).unwrap_or(0);
    for (input, info) in node.inputs.iter().zip(all) {
        let frames = plan.node(*input).shape.first().copied().unwrap_or(0);
        let Some(info) = info else {
            for _ in 0..frames {
                pts.push(next);
                durations.push(mean);
                next = next.saturating_add(mean);
            }
            continue;
        };
        let begin = info.pts.first().copied().unwrap_or(0);
        // Ends are converted, not lengths: nothing adds up.
        let ticks = |t: i64| converted(t.saturating_sub(begin), info.time_base, first.time_base);
        let base = next;
        for (p, d) in info.pts.iter().zip(info.durations.iter()) {
            let (from, to) = (ticks(*p), ticks(p.saturating_add(*d)));
            pts.push(base.saturating_add(from));
            durations.push(to.saturating_sub(from));
            next = base.saturating_add(to);
        }
    }
    Some(StreamInfo { pts: Arc::from(pts), durations: Arc::from(durations), ..first })
}

/// Ticks of one clock in those of another, to nearest.
fn converted(ticks: i64, from: Rational, to: Rational) -> i64 {
    if from == to {
        return ticks;
    }
    let (num, den) = (i128::from(from.num) * i128::from(to.den), i128::from(from.den) * i128::from(to.num));
    if den <= 0 {
        return ticks;
    }
    let scaled = i128::from(ticks).saturating_mul(num);
    let twice = (scaled / den).saturating_mul(2).saturating_add((scaled % den).saturating_mul(2) / den);
    let rounded = twice.saturating_add(1).div_euclid(2);
    i64::try_from(rounded).unwrap_or(ticks)
}
