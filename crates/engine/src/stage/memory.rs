//! What a run will hold at most, known before it starts.

use std::ops::Range;
use std::sync::Arc;

use opusclip_raw::Pool;

use crate::array::shape;
use crate::error::{Error, Result};
use crate::flow::{Sink, Source};
use crate::lazy::Op;
use crate::ops::Movement;
use crate::plan::{Kind, NodeId, Plan};

use super::live::pooled_bytes;
use super::reach::{Access, access, fold_access, fold_frames, streams};
use super::stage::{Schedule, Stage};

/// How much of the machine a streamed stage takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Worker threads, each with its own frames, cursor and encoder.
    pub workers: usize,
    /// Raw frames that may wait between decoder and workers.
    pub queue: usize,
    /// Frames of one chunk.
    pub chunk: usize,
    /// Planned peak in bytes.
    pub bytes: u64,
}

/// Frames that chunks of small pictures hold together, in bytes of their widest node.
const CHUNK_BYTES: usize = 512 << 10;

/// Range of each node's frames needed to make what is due of the stage's targets in the ticks `range`.
pub fn needed(
    plan: &Plan,
    stage: &Stage,
    known: &dyn Fn(NodeId) -> bool,
    range: &Range<usize>,
) -> Vec<Option<Range<usize>>> {
    let mut need = Vec::new();
    needed_into(&mut need, plan, stage, known, range);
    need
}

/// The same, into a list that is used again.
pub fn needed_into(
    need: &mut Vec<Option<Range<usize>>>,
    plan: &Plan,
    stage: &Stage,
    known: &dyn Fn(NodeId) -> bool,
    range: &Range<usize>,
) {
    need.clear();
    need.resize(plan.nodes().len(), None);
    for (n, t) in stage.targets.iter().enumerate() {
        need[t.0] = Some(stage.target_due(plan, n, range));
    }
    let add = |slot: &mut Option<Range<usize>>, part: Range<usize>| {
        *slot = Some(match slot.take() {
            None => part,
            Some(old) if old.is_empty() => part,
            Some(old) if part.is_empty() => old,
            Some(old) => old.start.min(part.start)..old.end.max(part.end),
        });
    };
    for (k, &f) in stage.folds.iter().enumerate().filter(|(_, f)| !known(**f)) {
        let due = stage.fold_due(plan, k, range);
        for (n, input) in plan.node(f).inputs.iter().enumerate() {
            if let Some(part) = fold_access(plan, f, n).needs(&due) {
                add(&mut need[input.0], part);
            }
        }
    }
    for i in (0..need.len()).rev() {
        let id = NodeId(i);
        let Some(want) = need[i].clone() else { continue };
        if known(id) {
            continue;
        }
        for (n, input) in plan.node(id).inputs.iter().enumerate() {
            if let Some(part) = access(plan, id, n).needs(&want) {
                add(&mut need[input.0], part);
            }
        }
    }
}

/// Sources that the stage reads, each node once.
pub fn sources_of(plan: &Plan, stage: &Stage, known: &dyn Fn(NodeId) -> bool) -> Vec<(NodeId, Arc<dyn Source>)> {
    let need = needed(plan, stage, known, &(0..stage_frames(plan, stage)));
    let of = |(i, n): (usize, &Option<Range<usize>>)| match (n, &plan.node(NodeId(i)).kind) {
        (Some(_), Kind::Op(Op::Source(s))) if !known(NodeId(i)) => Some((NodeId(i), Arc::clone(&s.0))),
        _ => None,
    };
    need.iter().enumerate().filter_map(of).collect()
}

/// Most frames of each node that one chunk of the stage ever needs together.
///
/// Each end of what is needed is the least or greatest of several straight lines over the output
/// frame, as long as the same targets go on: the distance is greatest where a target starts or ends,
/// or where one input of a join follows another. Targets of longer steps are looked at where they
/// are due.
fn widest(plan: &Plan, stage: &Stage, known: &dyn Fn(NodeId) -> bool, chunk: usize) -> Vec<Option<usize>> {
    let mut widest: Vec<Option<usize>> = vec![None; plan.nodes().len()];
    for t in looks(plan, stage, chunk) {
        for (most, n) in widest.iter_mut().zip(needed(plan, stage, known, &(t..t.saturating_add(chunk)))) {
            *most = (*most).max(n.map(|r| r.len()));
        }
    }
    widest
}

/// Bytes of a raw frame, and of a cursor, of each of the sources that are read within so many ticks of
/// each other: where there are most.
fn read_together(plan: &Plan, stage: &Stage, known: &dyn Fn(NodeId) -> bool, ahead: usize) -> (u64, u64) {
    let mut most = (0, 0);
    for t in looks(plan, stage, 1) {
        let need = needed(plan, stage, known, &(t.saturating_sub(ahead)..t.saturating_add(ahead)));
        let (mut raw, mut cursor) = (0u64, 0u64);
        for (i, _) in need.iter().enumerate().filter(|(_, n)| n.as_ref().is_some_and(|r| !r.is_empty())) {
            if let (Kind::Op(Op::Source(s)), false) = (&plan.node(NodeId(i)).kind, known(NodeId(i))) {
                raw = raw.saturating_add(Pool::room(s.0.raw_frame_bytes()) as u64);
                cursor = cursor.saturating_add(s.0.cursor_bytes() as u64);
            }
        }
        most = (raw.max(most.0), cursor.max(most.1));
    }
    most
}

/// Ticks at which chunks may need most.
fn looks(plan: &Plan, stage: &Stage, chunk: usize) -> Vec<usize> {
    let mut starts: Vec<usize> = Vec::new();
    for (n, frames) in lengths(plan, stage).enumerate() {
        let pace = stage.pace(n);
        let seams = match stage.targets.get(n) {
            Some(target) => seams(plan, &[*target]),
            None => stage.folds.get(n - stage.targets.len()).map_or(Vec::new(), |f| {
                let inputs = plan.node(*f).inputs.iter().enumerate();
                let framed = inputs.filter(|(n, _)| fold_access(plan, *f, *n) != Access::Whole).map(|(_, i)| *i);
                seams(plan, &framed.collect::<Vec<_>>())
            }),
        };
        for t in [1, 2, frames / 2, frames].into_iter().chain(seams).filter(|t| *t <= frames) {
            // The tick of frame t - 1, and the one after it.
            let end = pace.ticks(t);
            starts.extend([end.saturating_sub(chunk), end.saturating_sub(1), end]);
        }
    }
    starts.push(0);
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// Ways to one node whose seams are looked for.
const MOST_WAYS: usize = 16;

/// Frames of the nodes `tops` at which inputs of the joins that they are made from meet, and those beside them.
fn seams(plan: &Plan, tops: &[NodeId]) -> Vec<usize> {
    let mut found = Vec::new();
    // Frame t of a top is made from `len` frames of the node from `start + t · step` on: [start, step, len], for
    // each way there. What lies within joins of joins begins later, so starts may be negative.
    let last = tops.iter().map(|t| t.0 + 1).max().unwrap_or(0);
    let mut from: Vec<Vec<[i128; 3]>> = vec![Vec::new(); last];
    for t in tops {
        from[t.0] = vec![[0, 1, 1]];
    }
    for i in (0..last).rev() {
        let mut ways = std::mem::take(&mut from[i]);
        ways.sort_unstable();
        ways.dedup();
        ways.truncate(MOST_WAYS);
        for (n, input) in plan.node(NodeId(i)).inputs.iter().enumerate() {
            let access = access(plan, NodeId(i), n);
            for &[start, step, len] in &ways {
                from[input.0].push(match access {
                    Access::Frames { start: s, step: k } => {
                        let (s, k) = (s as i128, k as i128);
                        [start.saturating_mul(k).saturating_add(s), step.saturating_mul(k), len.saturating_mul(k)]
                    }
                    Access::Window { len: window } => [start, step, len.saturating_add(window as i128)],
                    Access::Part { start: s, .. } => {
                        let s = s as i128;
                        for at in [s, s.saturating_sub(len)] {
                            let t = at.saturating_sub(start).max(0) / step.max(1);
                            let t = usize::try_from(t).unwrap_or(usize::MAX);
                            found.extend([t, t.saturating_add(1), t.saturating_add(2)]);
                        }
                        [start.saturating_sub(s), step, len]
                    }
                    Access::Whole => break,
                });
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Frames of each target, then of what each reduction over time takes in.
fn lengths<'a>(plan: &'a Plan, stage: &'a Stage) -> impl Iterator<Item = usize> + 'a {
    let targets = stage.targets.iter().map(|t| plan.node(*t).shape.first().copied().unwrap_or(0));
    targets.chain(stage.folds.iter().map(|f| fold_frames(plan, *f)))
}

/// Ticks of the stage: frames of its longest target, unless targets differ in their pace.
pub fn stage_frames(plan: &Plan, stage: &Stage) -> usize {
    lengths(plan, stage).enumerate().map(|(n, frames)| stage.pace(n).ticks(frames)).max().unwrap_or(0)
}

/// Bytes of the values of so many frames that a reduction over time takes in.
pub fn fold_bytes(plan: &Plan, id: NodeId, frames: usize) -> usize {
    match &plan.node(id).kind {
        Kind::Reduce { over, program, .. } => {
            let frame = shape::product(over.get(1..).unwrap_or(&[]));
            frame.saturating_mul(frames).saturating_mul(program.dtype.size())
        }
        _ => 0,
    }
}

/// Bytes of the sums that it keeps meanwhile, and of what makes results of them: eight floats for each
/// result, or for both parts of a complex one.
fn state_bytes(plan: &Plan, id: NodeId) -> u64 {
    let node = plan.node(id);
    let results = shape::product(&node.shape).saturating_add(1 << 10);
    results.saturating_mul(if node.dtype.is_complex() { 128 } else { 64 }) as u64
}

/// Bytes of so many of a node's frames.
pub(crate) fn node_bytes(plan: &Plan, id: NodeId, frames: usize) -> usize {
    let node = plan.node(id);
    let frame = shape::product(node.shape.get(1..).unwrap_or(&[]));
    frame.saturating_mul(frames).saturating_mul(node.dtype.size())
}

/// Frames of one chunk: as many small ones as fit the cache together, else one.
pub fn chunk_frames(plan: &Plan, stage: &Stage, known: &dyn Fn(NodeId) -> bool) -> usize {
    let need = needed(plan, stage, known, &(0..1));
    let widest =
        need.iter().enumerate().filter(|(_, n)| n.is_some()).map(|(i, _)| node_bytes(plan, NodeId(i), 1)).max();
    (CHUNK_BYTES / widest.unwrap_or(1).max(1)).clamp(1, 1 << 20)
}

/// Bytes of arrays that live from one stage to the next, and of collected results.
pub fn kept_bytes(plan: &Plan, schedule: &Schedule, collected: &[NodeId]) -> u64 {
    let kept = (0..plan.nodes().len()).map(NodeId).filter(|id| {
        let in_memory = matches!(plan.node(*id).kind, Kind::Op(Op::Data(_) | Op::Scalar(_) | Op::Input(_)));
        // A view of a whole array holds nothing of its own; a reshape may have to copy.
        let view = matches!(&plan.node(*id).kind, Kind::Op(Op::Movement(m)) if !matches!(m, Movement::Reshape(_)));
        let nothing = in_memory || (view && !streams(plan, *id));
        !nothing && (schedule.kept[id.0] || collected.contains(id))
    });
    kept.map(|id| {
        let node = plan.node(id);
        Pool::room(shape::product(&node.shape).saturating_mul(node.dtype.size())) as u64
    })
    .fold(0, u64::saturating_add)
}

/// Times its result's bytes that an op on whole arrays holds besides: what it was given in another order,
/// and what it makes of that.
const COPIES: u64 = 2;

/// What a stage holds when it runs in chunks of some length.
struct Hold {
    /// Frames of all nodes in one chunk, per worker.
    frames: u64,
    /// One raw frame of every source.
    raw: u64,
    /// One cursor of every source.
    cursor: u64,
    /// One open part of every sink.
    part: u64,
    /// Sums of reductions over time, and copies that ops on whole arrays work on.
    state: u64,
    /// Raw frames that would keep the workers busy, and those without which nothing moves.
    wish: usize,
    least: usize,
}

impl Hold {
    fn new(
        plan: &Plan,
        stage: &Stage,
        known: &dyn Fn(NodeId) -> bool,
        sinks: &[&dyn Sink],
        chunk: usize,
        threads: usize,
    ) -> Hold {
        let (mut frames, mut reach) = (0u64, 1usize);
        let parts = sinks.iter().map(|s| s.part_frames().max(1)).max().unwrap_or(chunk.max(16));
        let ahead = parts.saturating_mul(stage.longest_step()).saturating_mul(2 * threads + 1);
        let (raw, cursor) = read_together(plan, stage, known, ahead);
        let widest = widest(plan, stage, known, chunk);
        frames = frames.saturating_add(pooled_bytes(plan, stage, known, &widest));
        for (i, n) in widest.iter().enumerate() {
            let Some(n) = *n else { continue };
            let id = NodeId(i);
            let source = matches!(plan.node(id).kind, Kind::Op(Op::Source(_)));
            // Where a target's frames are written, and the frames that a source hands out.
            if (source || stage.targets.contains(&id)) && !known(id) {
                frames = frames.saturating_add(Pool::room(node_bytes(plan, id, n)) as u64);
            }
            if let (Kind::Op(Op::Source(_)), false) = (&plan.node(id).kind, known(id)) {
                reach = reach.max(n);
                // A reader keeps its last frames while it makes the next ones.
                frames = frames.saturating_add(Pool::room(node_bytes(plan, id, n)) as u64);
            }
        }
        for &f in &stage.folds {
            let values = fold_bytes(plan, f, chunk);
            // Floats of 16 bits are widened on their way.
            let all = if plan.node(f).dtype.is_half() { values.saturating_mul(3) } else { values };
            frames = frames.saturating_add(Pool::room(all) as u64);
        }
        // One op at a time works on whole arrays: on copies of its frames, or of all of them.
        let copies = |id: NodeId, n: usize| match plan.node(id).kind {
            Kind::Op(Op::Whole(_)) if !known(id) => (node_bytes(plan, id, n) as u64).saturating_mul(COPIES),
            _ => 0,
        };
        let in_chunk = widest.iter().enumerate().filter_map(|(i, n)| Some(copies(NodeId(i), (*n)?)));
        frames = frames.saturating_add(in_chunk.max().unwrap_or(0));
        let all = |id: &NodeId| copies(*id, plan.node(*id).shape.first().copied().unwrap_or(1));
        let once = stage.whole.iter().map(all).max().unwrap_or(0);
        let state = stage.folds.iter().map(|f| state_bytes(plan, *f)).fold(once, u64::saturating_add);
        let part = sinks.iter().map(|s| s.part_bytes() as u64).fold(0, u64::saturating_add);
        let wish = sinks.iter().map(|s| s.part_frames()).max().unwrap_or(16).clamp(1, 64);
        Hold { frames, raw, cursor, part, state, wish, least: 2 * reach + 2 }
    }

    /// Bytes of reading: one more cursor decodes ahead, and each worker may hold one raw frame of its own.
    fn read(&self, workers: usize, queue: usize) -> u64 {
        let cursors = self.cursor.saturating_mul(workers as u64).saturating_add(self.cursor);
        self.raw.saturating_mul((queue + workers) as u64).saturating_add(cursors)
    }

    fn total(&self, held: u64, workers: usize, queue: usize) -> u64 {
        let each = self.frames.saturating_add(self.part).saturating_mul(workers as u64);
        held.saturating_add(self.state).saturating_add(each).saturating_add(self.read(workers, queue))
    }

    /// What most of the least that does is for, and what would do.
    fn least(&self, held: u64, limit: u64) -> Error {
        let needed = self.total(held, 1, self.least);
        let (most, what) = [
            (self.read(1, self.least), "the decoder and the frames that it has ready"),
            (self.part, "what the output gathers before it is written"),
            (self.frames, "one frame of each step"),
            (self.state, "the sums of reductions over time, and what ops on whole arrays need for themselves"),
            (held, "whole results, kept in memory"),
        ]
        .into_iter()
        .max_by_key(|(bytes, _)| *bytes)
        .unwrap_or((0, ""));
        let instead = if most == held { "sink them to a file, or take fewer frames, or " } else { "" };
        let most = crate::error::bytes(most);
        let least = needed.div_ceil(1 << 20);
        let detail = format!("{most} of it for {what}, on one thread; {instead}raise the limit to {least} MiB");
        Error::Memory { needed, limit, detail }
    }
}

/// The largest budget within `limit`: fewer frames wait before fewer threads work.
pub fn plan_stage(
    plan: &Plan,
    stage: &Stage,
    known: &dyn Fn(NodeId) -> bool,
    sinks: &[&dyn Sink],
    held: u64,
    threads: usize,
    limit: Option<u64>,
) -> Result<Budget> {
    // More workers than parts would only be planned for, never used.
    let frames = stage_frames(plan, stage);
    let step = stage.longest_step();
    let ticks = |s: &&dyn Sink| s.part_frames().max(1).saturating_mul(step);
    let parts = sinks.iter().map(|s| frames.div_ceil(ticks(s))).max().unwrap_or(frames);
    let threads = threads.min(parts.max(1));
    let full = chunk_frames(plan, stage, known);
    // Small frames travel together where there is room for it.
    for chunk in [full, full.min(16), 1] {
        let hold = Hold::new(plan, stage, known, sinks, chunk, threads);
        for workers in (1..=threads.max(1)).rev() {
            let wish = hold.wish;
            for queue in [wish + 2 * workers, wish / 2 + workers, wish / 4, hold.least] {
                let queue = queue.max(hold.least);
                let bytes = hold.total(held, workers, queue);
                if limit.is_none_or(|l| bytes <= l) {
                    return Ok(Budget { workers, queue, chunk, bytes });
                }
            }
        }
    }
    Err(Hold::new(plan, stage, known, sinks, 1, 1).least(held, limit.unwrap_or(0)))
}
