//! One pass over the stream: frames in chunks, chunks in parts, parts in tasks, tasks on workers.
//! Answers do not depend on how the stream was cut, and parts leave in order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};

use opusclip_raw::{Buffer, Pool};
use rayon::prelude::*;

use super::executor::{Executor, Frames};
use super::rules::chunked;
use super::supply::{Feed, Store, Supply, decode_ahead};
use super::threads;
use crate::array::index::Span;
use crate::array::shape::product;
use crate::array::{Array, out_of_memory};
use crate::error::{Error, Result};
use crate::flow::{Encoded, Part, Sink, Source};
use crate::lazy::Op;
use crate::monitor::{Cancel, Monitor, Phase};
use crate::plan::{Kind, NodeId, Plan};
use crate::stage::memory::{Budget, needed, stage_frames};
use crate::stage::{Access, Stage, access};

/// Below this many bytes of results threads cost more than they save.
const WORTH_THREADS: usize = 64 << 10;

/// What all stages of a run share.
pub struct Context<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Who computes nodes.
    pub executor: &'a dyn Executor,
    /// Counters.
    pub monitor: &'a Monitor,
    /// Asked for an early end.
    pub cancel: &'a Cancel,
    /// Memory of frames.
    pub pool: Pool,
    /// Whole arrays known so far, by node.
    pub known: Vec<Option<Array>>,
    /// Outputs that stay in memory.
    pub collected: &'a [NodeId],
}

/// A node whose frames go to a sink.
pub struct Outlet {
    /// The node.
    pub node: NodeId,
    /// Where they go. Parts are opened by workers while finished ones are joined.
    pub sink: Mutex<Box<dyn Sink>>,
}

impl Context<'_> {
    /// The whole of a node that is in memory.
    pub fn whole(&self, id: NodeId) -> Result<Array> {
        match &self.plan.node(id).kind {
            Kind::Op(Op::Data(d)) => Ok(d.0.clone()),
            Kind::Op(Op::Scalar(s)) => Array::from_scalar(*s),
            _ => self.known[id.0].clone().ok_or_else(|| Error::internal(format!("node %{} is not there yet", id.0))),
        }
    }

    fn is_known(&self, id: NodeId) -> bool {
        self.known[id.0].is_some() || matches!(self.plan.node(id).kind, Kind::Op(Op::Data(_) | Op::Scalar(_)))
    }

    /// Computes a node that needs whole inputs.
    pub fn run_whole(&self, id: NodeId) -> Result<Array> {
        let node = self.plan.node(id);
        let inputs = node.inputs.iter().map(|i| self.whole(*i)).collect::<Result<Vec<_>>>()?;
        if let Kind::Op(Op::Movement(m)) = &node.kind {
            return m.apply(inputs.first().ok_or_else(|| Error::internal("a movement has no input"))?);
        }
        if self.is_known(id) {
            return self.whole(id);
        }
        let range = 0..node.shape.first().copied().unwrap_or(1);
        let frames = Frames { range, shape: node.shape.clone() };
        let mut buffer = crate::array::zeroed(node.dtype, &node.shape)?;
        let bytes = crate::array::shape::count("plan", &node.shape, node.dtype.size())? * node.dtype.size();
        let out = &mut buffer.bytes_mut()[..bytes];
        self.monitor.time(Phase::Compute, || self.executor.run(self.plan, id, &frames, &inputs, out))?;
        Ok(Array::from_buffer(buffer, node.dtype, node.shape.clone()))
    }

    /// The frames `range` of the stage's targets, written to `dest` (in the order of the targets).
    fn chunk(&self, stage: &Stage, range: &Range<usize>, feeds: &mut Feeds<'_>, dest: &mut [&mut [u8]]) -> Result<()> {
        let need = needed(self.plan, stage, &|id| self.is_known(id), range);
        let mut values: Vec<Option<Array>> = vec![None; need.len()];
        let mut waiting = vec![0usize; need.len()];
        for (i, n) in need.iter().enumerate() {
            if n.is_some() && !self.is_known(NodeId(i)) {
                for (k, input) in self.plan.node(NodeId(i)).inputs.iter().enumerate() {
                    if access(self.plan, NodeId(i), k) != Access::Whole {
                        waiting[input.0] += 1;
                    }
                }
            }
        }
        for (i, want) in need.iter().enumerate() {
            let Some(want) = want else { continue };
            let id = NodeId(i);
            let target = stage.targets.iter().position(|t| *t == id);
            let node = self.plan.node(id);
            let mut shape = node.shape.clone();
            if let Some(d) = shape.first_mut() {
                *d = want.len();
            }
            let value = if self.is_known(id) {
                let span = Span { start: want.start, len: want.len(), step: 1 };
                Some(self.whole(id)?.slice_axis(0, span))
            } else if let Kind::Op(Op::Source(_)) = &node.kind {
                Some(feeds.frames(id, want.clone(), &self.pool, self.monitor)?)
            } else {
                let mut inputs = Vec::with_capacity(node.inputs.len());
                for (k, input) in node.inputs.iter().enumerate() {
                    inputs.push(match access(self.plan, id, k).needs(want) {
                        None => self.whole(*input)?,
                        Some(part) => part_of(&values[input.0], &need[input.0], &part)?,
                    });
                    if waiting[input.0] == 1 && !matches!(access(self.plan, id, k), Access::Whole) {
                        values[input.0] = None;
                    }
                    waiting[input.0] =
                        waiting[input.0].saturating_sub(usize::from(access(self.plan, id, k) != Access::Whole));
                }
                let frames = Frames { range: want.clone(), shape: shape.clone() };
                match (&node.kind, target) {
                    (Kind::Op(Op::Movement(m)), _) => {
                        let x = inputs.first().ok_or_else(|| Error::internal("a movement has no input"))?;
                        Some(chunked(m, &shape).apply(x)?)
                    }
                    (_, Some(t)) if waiting[i] == 0 => {
                        self.compute(id, &frames, &inputs, dest[t])?;
                        None
                    }
                    _ => {
                        let bytes = product(&shape).saturating_mul(node.dtype.size());
                        let mut buffer = self.pool.take(bytes).map_err(|e| out_of_memory(e.bytes))?;
                        self.compute(id, &frames, &inputs, &mut buffer.bytes_mut()[..bytes])?;
                        Some(Array::from_pool(buffer, node.dtype, shape))
                    }
                }
            };
            if let (Some(t), Some(v)) = (target, &value) {
                self.monitor.time(Phase::Compute, || v.strided().copy_to(dest[t]));
            }
            values[i] = value;
        }
        Ok(())
    }

    fn compute(&self, id: NodeId, frames: &Frames, inputs: &[Array], out: &mut [u8]) -> Result<()> {
        self.monitor.time(Phase::Compute, || self.executor.run(self.plan, id, frames, inputs, out))
    }

    fn frame_bytes(&self, id: NodeId) -> usize {
        let node = self.plan.node(id);
        product(node.shape.get(1..).unwrap_or(&[])).saturating_mul(node.dtype.size())
    }

    fn target_frames(&self, id: NodeId) -> usize {
        self.plan.node(id).shape.first().copied().unwrap_or(0)
    }

    /// Bytes of one target's frames inside `range`.
    fn target_bytes(&self, id: NodeId, range: &Range<usize>) -> usize {
        let n = self.target_frames(id);
        (range.end.min(n) - range.start.min(n)) * self.frame_bytes(id)
    }
}

fn part_of(value: &Option<Array>, have: &Option<Range<usize>>, part: &Range<usize>) -> Result<Array> {
    match (value, have) {
        (Some(v), Some(have)) => {
            let start = part.start.saturating_sub(have.start);
            Ok(v.slice_axis(0, Span { start, len: part.len(), step: 1 }))
        }
        _ => Err(Error::internal("an input of a chunk was not made")),
    }
}

/// A worker's readers, one for each source of the stage.
struct Feeds<'a>(Vec<(NodeId, Feed<'a>)>);

impl Feeds<'_> {
    fn frames(&mut self, id: NodeId, range: Range<usize>, pool: &Pool, monitor: &Monitor) -> Result<Array> {
        match self.0.iter_mut().find(|(n, _)| *n == id) {
            Some((_, feed)) => feed.frames(range, pool, monitor),
            None => Err(Error::internal("a source has no reader")),
        }
    }
}

/// Sources that the stage reads, each once.
fn sources<'p>(cx: &Context<'p>, stage: &Stage) -> Vec<(NodeId, &'p Arc<dyn Source>)> {
    let need = needed(cx.plan, stage, &|id| cx.is_known(id), &(0..stage_frames(cx.plan, stage)));
    let of = |(i, n): (usize, &Option<Range<usize>>)| match (n, &cx.plan.nodes()[i].kind) {
        (Some(_), Kind::Op(Op::Source(s))) if !cx.is_known(NodeId(i)) => Some((NodeId(i), &s.0)),
        _ => None,
    };
    need.iter().enumerate().filter_map(of).collect()
}

/// Runs a stage's pass. Frames of targets without an outlet are kept in `cx.known`.
pub fn run_stage(cx: &mut Context<'_>, stage: &Stage, outlets: &[Outlet], budget: &Budget) -> Result<()> {
    let collected: Vec<NodeId> =
        stage.targets.iter().copied().filter(|t| !outlets.iter().any(|o| o.node == *t) || keeps(cx, *t)).collect();
    let mut buffers = Vec::with_capacity(collected.len());
    for id in &collected {
        let node = cx.plan.node(*id);
        // Every byte of a result is written before anyone sees it.
        let bytes = crate::array::shape::count("plan", &node.shape, node.dtype.size())? * node.dtype.size();
        buffers.push(cx.pool.take(bytes).map_err(|e| out_of_memory(e.bytes))?);
    }
    let sources = sources(cx, stage);
    let frames = stage_frames(cx.plan, stage);
    if sources.is_empty() && outlets.is_empty() {
        let slices = buffers.iter_mut().map(|b| b.bytes_mut()).collect();
        in_memory(cx, stage, &collected, slices, frames, budget)?;
    } else {
        let slices: Vec<&mut [u8]> = buffers.iter_mut().map(|b| b.bytes_mut()).collect();
        let layout = Layout::new(cx, stage, &sources, outlets, frames, budget.workers);
        streamed(cx, stage, &collected, slices, &sources, outlets, &layout, budget)?;
        for (_, s) in &sources {
            s.check_unchanged()?;
        }
    }
    for (id, buffer) in collected.iter().zip(buffers) {
        let node = cx.plan.node(*id);
        cx.known[id.0] = Some(Array::from_pool(buffer, node.dtype, node.shape.clone()));
    }
    Ok(())
}

/// A target that goes to a sink and is wanted as a whole besides.
fn keeps(cx: &Context<'_>, id: NodeId) -> bool {
    cx.collected.contains(&id)
        || cx.plan.nodes().iter().enumerate().any(|(i, n)| {
            n.inputs.iter().enumerate().any(|(k, input)| *input == id && access(cx.plan, NodeId(i), k) == Access::Whole)
        })
}

/// Everything is in memory: chunks in parallel, results straight into their places.
fn in_memory(
    cx: &Context<'_>,
    stage: &Stage,
    collected: &[NodeId],
    mut slices: Vec<&mut [u8]>,
    frames: usize,
    budget: &Budget,
) -> Result<()> {
    let total: usize = collected.iter().map(|t| cx.target_bytes(*t, &(0..frames))).sum();
    if total == 0 {
        // Frames without elements: there may be more of them than anyone can count.
        return Ok(());
    }
    let threads = budget.workers;
    // At least two chunks a thread, so that none waits long for the last.
    let chunk = budget.chunk.min(frames.div_ceil(2 * threads)).max(1);
    let mut jobs: Vec<(Range<usize>, Vec<&mut [u8]>)> = Vec::new();
    let mut start = 0;
    while start < frames {
        let range = start..(start + chunk).min(frames);
        let mut dest = Vec::with_capacity(slices.len());
        for (slice, id) in slices.iter_mut().zip(collected) {
            let (now, later) = std::mem::take(slice).split_at_mut(cx.target_bytes(*id, &range));
            dest.push(now);
            *slice = later;
        }
        start = range.end;
        jobs.push((range, dest));
    }
    let one = |(range, mut dest): (Range<usize>, Vec<&mut [u8]>)| {
        if cx.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        cx.chunk(stage, &range, &mut Feeds(Vec::new()), &mut dest)
    };
    if threads < 2 || jobs.len() < 2 || total < WORTH_THREADS {
        return jobs.into_iter().try_for_each(one);
    }
    threads::pool(threads)?.install(|| jobs.into_par_iter().try_for_each(one))
}

/// How a stream is cut. Parts depend on the source and the sink alone, never on the workers:
/// they are what becomes of the bytes. Tasks say who does which parts.
struct Layout {
    /// Frames of each part, in order; none is longer than the longest part of any sink.
    parts: Vec<Range<usize>>,
    /// Frames of one part of each sink: one that wants shorter ones gets several.
    part_frames: Vec<usize>,
    /// Number of each part's first own part, by sink.
    numbers: Vec<Vec<usize>>,
    /// Parts of each task, in order.
    tasks: Vec<Range<usize>>,
    /// Each worker decodes for itself; else one decoder runs ahead of all.
    own_cursors: bool,
}

impl Layout {
    fn new(
        cx: &Context<'_>,
        stage: &Stage,
        sources: &[(NodeId, &Arc<dyn Source>)],
        outlets: &[Outlet],
        frames: usize,
        workers: usize,
    ) -> Layout {
        let part = |o: &Outlet| o.sink.lock().unwrap_or_else(PoisonError::into_inner).part_frames().max(1);
        let each: Vec<usize> = outlets.iter().map(part).collect();
        let part_frames = each.iter().copied().max().unwrap_or(16);
        // Closed groups of the source, short ones put together to a part's length.
        let mut bounds = vec![0];
        for cut in cuts(cx, stage, sources, frames) {
            if cut - bounds[bounds.len() - 1] >= part_frames {
                bounds.push(cut);
            }
        }
        bounds.push(frames);
        let mut parts: Vec<Range<usize>> = Vec::new();
        let mut groups: Vec<Range<usize>> = Vec::new();
        for w in bounds.windows(2) {
            let first = parts.len();
            parts.extend((w[0]..w[1]).step_by(part_frames).map(|s| s..(s + part_frames).min(w[1])));
            if parts.len() > first {
                groups.push(first..parts.len());
            }
        }
        // Enough groups that every worker stays busy; else the parts are shared out one by one.
        let own_cursors = workers > 1 && groups.len() >= 2 * workers;
        let tasks = if own_cursors { groups } else { (0..parts.len()).map(|p| p..p + 1).collect() };
        let mut next = vec![0; outlets.len()];
        let mut numbers = Vec::with_capacity(parts.len());
        for part in &parts {
            numbers.push(next.clone());
            for ((number, o), frames) in next.iter_mut().zip(outlets).zip(&each) {
                let n = cx.target_frames(o.node);
                *number += (part.end.min(n) - part.start.min(n)).div_ceil(*frames);
            }
        }
        Layout { parts, part_frames: each, numbers, tasks, own_cursors }
    }

    /// Frames of one task.
    fn frames(&self, task: usize) -> Range<usize> {
        match self.tasks.get(task).and_then(|t| self.parts.get(t.clone())) {
            Some([first, .., last]) => first.start..last.end,
            Some([one]) => one.clone(),
            _ => 0..0,
        }
    }
}

/// Output frames at which decoding may start afresh: known when there is one source, and its
/// frames are the output's, shifted.
fn cuts(cx: &Context<'_>, stage: &Stage, sources: &[(NodeId, &Arc<dyn Source>)], frames: usize) -> Vec<usize> {
    let [(id, source)] = sources else { return Vec::new() };
    let at = |t: usize| needed(cx.plan, stage, &|id| cx.is_known(id), &(t..t + 1))[id.0].clone();
    let last = frames.saturating_sub(1);
    match (at(0), at(last)) {
        (Some(a), Some(b)) if b.start == a.start + last => {
            let inside = source.cuts().iter().filter_map(|c| c.checked_sub(a.start));
            inside.filter(|c| *c > 0 && *c < frames).collect()
        }
        _ => Vec::new(),
    }
}

/// What one task hands to the joiner: its parts, for each outlet.
type Finished = (usize, Vec<Vec<Encoded>>);

/// State that workers share.
struct Shared<'a> {
    next: AtomicUsize,
    stop: AtomicBool,
    failed: Mutex<Option<Error>>,
    /// Tasks joined so far; workers do not run far ahead of it.
    joined: Mutex<usize>,
    moved_on: Condvar,
    stores: Vec<Store>,
    /// Pieces of the collected results, by task.
    pieces: Vec<Mutex<Vec<&'a mut [u8]>>>,
}

impl Shared<'_> {
    fn fail(&self, error: Error) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        // The first error is the cause; "interrupted" only follows from it.
        if failed.is_none() || matches!(*failed, Some(Error::Cancelled)) {
            *failed = Some(error);
        }
        drop(failed);
        self.end();
    }

    fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
        for s in &self.stores {
            s.stop();
        }
        let _joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        self.moved_on.notify_all();
    }

    /// Waits until `task` is less than `ahead` tasks in front of the joiner.
    fn may_start(&self, task: usize, ahead: usize) -> bool {
        let mut joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        while task >= *joined + ahead && !self.stop.load(Ordering::Relaxed) {
            joined = self.moved_on.wait(joined).unwrap_or_else(PoisonError::into_inner);
        }
        !self.stop.load(Ordering::Relaxed)
    }
}

#[allow(clippy::too_many_arguments)]
fn streamed<'a>(
    cx: &Context<'_>,
    stage: &Stage,
    collected: &[NodeId],
    mut slices: Vec<&'a mut [u8]>,
    sources: &[(NodeId, &Arc<dyn Source>)],
    outlets: &[Outlet],
    layout: &Layout,
    budget: &Budget,
) -> Result<()> {
    let mut pieces: Vec<Mutex<Vec<&'a mut [u8]>>> = Vec::with_capacity(layout.tasks.len());
    let tasks: Vec<Range<usize>> = (0..layout.tasks.len()).map(|t| layout.frames(t)).collect();
    for task in &tasks {
        let mut piece = Vec::with_capacity(slices.len());
        for (slice, id) in slices.iter_mut().zip(collected) {
            let (now, later) = std::mem::take(slice).split_at_mut(cx.target_bytes(*id, task));
            piece.push(now);
            *slice = later;
        }
        pieces.push(Mutex::new(piece));
    }
    let known = |id| cx.is_known(id);
    // Frames of each source that each task needs.
    let wanted: Vec<Vec<Range<usize>>> = sources
        .iter()
        .map(|(id, _)| {
            let of = |t: &Range<usize>| needed(cx.plan, stage, &known, t)[id.0].clone().unwrap_or(0..0);
            tasks.iter().map(of).collect()
        })
        .collect();
    let stores =
        if layout.own_cursors { Vec::new() } else { sources.iter().map(|_| Store::new(budget.queue)).collect() };
    let shared = Shared {
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        failed: Mutex::new(None),
        joined: Mutex::new(0),
        moved_on: Condvar::new(),
        stores,
        pieces,
    };
    let workers = budget.workers.min(layout.tasks.len()).max(1);
    let (send, receive) = mpsc::channel::<Finished>();
    std::thread::scope(|scope| {
        for (store, ((_, source), tasks)) in shared.stores.iter().zip(sources.iter().zip(&wanted)) {
            let (pool, monitor) = (cx.pool.clone(), cx.monitor);
            let decode = move || {
                let work = || decode_ahead(source, tasks, store, &pool, monitor);
                // Workers wait for its frames: a panic must reach them as an error.
                if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                    store.fail(Error::internal(panic_text(panic.as_ref())));
                }
            };
            if let Err(e) = std::thread::Builder::new().spawn_scoped(scope, decode) {
                shared.fail(no_thread(&e));
            }
        }
        for _ in 0..workers {
            let send = send.clone();
            let (shared_all, shared, wanted) = (&shared, &shared, &wanted);
            let run = move || {
                let work = || {
                    worker(
                        cx,
                        stage,
                        collected,
                        sources,
                        outlets,
                        layout,
                        shared,
                        wanted,
                        workers,
                        budget.chunk.max(1),
                        &send,
                    )
                };
                // A fault of ours on one thread ends the run with its message, not with a hang.
                match catch_unwind(AssertUnwindSafe(work)) {
                    Ok(Ok(())) => {}
                    Ok(Err(e)) => shared.fail(e),
                    Err(panic) => shared.fail(Error::internal(panic_text(panic.as_ref()))),
                }
            };
            if let Err(e) = std::thread::Builder::new().spawn_scoped(scope, run) {
                shared_all.fail(no_thread(&e));
            }
        }
        drop(send);
        // Unwinding from here would wait for workers that nobody tells to stop.
        match catch_unwind(AssertUnwindSafe(|| join_parts(outlets, &receive, &shared))) {
            Ok(Ok(())) => {}
            Ok(Err(e)) => shared.fail(e),
            Err(panic) => shared.fail(Error::internal(panic_text(panic.as_ref()))),
        }
        shared.end();
    });
    match shared.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(e) => Err(e),
        None => Ok(()),
    }
}

/// The system has no more threads to give; those that run are told to stop.
fn no_thread(e: &std::io::Error) -> Error {
    Error::value("threads", format!("the system refuses another thread ({e}); ask for fewer with a lower thread count"))
}

/// The words of a panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a thread panicked").lines().next().unwrap_or("").to_string()
}

/// Finished tasks, put in order and handed to the sinks.
fn join_parts(outlets: &[Outlet], receive: &mpsc::Receiver<Finished>, shared: &Shared<'_>) -> Result<()> {
    let mut early: BTreeMap<usize, Vec<Vec<Encoded>>> = BTreeMap::new();
    let mut next = 0;
    for (task, parts) in receive {
        early.insert(task, parts);
        while let Some(parts) = early.remove(&next) {
            for (outlet, parts) in outlets.iter().zip(parts) {
                let mut sink = outlet.sink.lock().unwrap_or_else(PoisonError::into_inner);
                for part in parts {
                    sink.join(part)?;
                }
            }
            next += 1;
            *shared.joined.lock().unwrap_or_else(PoisonError::into_inner) = next;
            shared.moved_on.notify_all();
        }
    }
    Ok(())
}

#[allow(clippy::too_many_arguments)]
fn worker(
    cx: &Context<'_>,
    stage: &Stage,
    collected: &[NodeId],
    sources: &[(NodeId, &Arc<dyn Source>)],
    outlets: &[Outlet],
    layout: &Layout,
    shared: &Shared<'_>,
    wanted: &[Vec<Range<usize>>],
    workers: usize,
    chunk: usize,
    send: &mpsc::Sender<Finished>,
) -> Result<()> {
    let room = |o: &Outlet| cx.frame_bytes(o.node).saturating_mul(chunk.min(cx.target_frames(o.node)));
    let buffer = |o: &Outlet| Buffer::zeroed(room(o)).map_err(|e| out_of_memory(e.bytes));
    let mut frames = outlets.iter().map(buffer).collect::<Result<Vec<Buffer>>>()?;
    loop {
        let task = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(parts) = layout.tasks.get(task).and_then(|t| Some((t.start, layout.parts.get(t.clone())?))) else {
            return Ok(());
        };
        if !shared.may_start(task, 2 * workers + 1) {
            return Ok(());
        }
        let mut feeds = Feeds(Vec::with_capacity(sources.len()));
        for (n, (id, source)) in sources.iter().enumerate() {
            let want = wanted[n][task].clone();
            let supply = match shared.stores.get(n) {
                Some(store) => Supply::Shared(store),
                None => {
                    let raw = cx.pool.take(source.raw_frame_bytes()).map_err(|e| out_of_memory(e.bytes))?;
                    cx.monitor.count_cursor();
                    Supply::Own(source.cursor(want.clone())?, Arc::new(raw))
                }
            };
            feeds.0.push((*id, Feed::new(source, supply, want.start)));
        }
        let mut pieces = std::mem::take(&mut *shared.pieces[task].lock().unwrap_or_else(PoisonError::into_inner));
        let mut done: Vec<Vec<Encoded>> = outlets.iter().map(|_| Vec::new()).collect();
        for (number, part) in (parts.0..).zip(parts.1) {
            let mut encoders: Vec<Option<Box<dyn Part>>> = outlets.iter().map(|_| None).collect();
            let mut own = layout.numbers.get(number).cloned().unwrap_or_default();
            for first in part.clone().step_by(chunk) {
                let run = first..first.saturating_add(chunk).min(part.end);
                if shared.stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                if cx.cancel.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                make_frames(cx, stage, collected, outlets, &run, &mut feeds, &mut pieces, &mut frames)?;
                for (k, (o, made)) in outlets.iter().zip(&frames).enumerate() {
                    let (n, length, size) = (cx.target_frames(o.node), layout.part_frames[k], cx.frame_bytes(o.node));
                    for t in run.start..run.end.min(n) {
                        if (t - part.start).is_multiple_of(length) {
                            if let Some(e) = encoders[k].take() {
                                done[k].push(cx.monitor.time(Phase::Encode, || e.finish())?);
                            }
                            let range = t..t.saturating_add(length).min(part.end).min(n);
                            let sink = o.sink.lock().unwrap_or_else(PoisonError::into_inner);
                            encoders[k] = Some(sink.part(own[k], range)?);
                            own[k] += 1;
                        }
                        if let Some(e) = &mut encoders[k] {
                            let at = (t - run.start) * size;
                            let bytes = made.bytes().get(at..at + size).unwrap_or(&[]);
                            cx.monitor.time(Phase::Encode, || e.push(bytes))?;
                        }
                    }
                }
                cx.monitor.frames_out(run.len() as u64);
            }
            for (list, encoder) in done.iter_mut().zip(encoders) {
                if let Some(e) = encoder {
                    list.push(cx.monitor.time(Phase::Encode, || e.finish())?);
                }
            }
        }
        if send.send((task, done)).is_err() {
            return Ok(());
        }
    }
}

/// The frames `range` of every target: into its piece of the collected results, or into the
/// buffer that an encoder takes them from next.
#[allow(clippy::too_many_arguments)]
fn make_frames(
    cx: &Context<'_>,
    stage: &Stage,
    collected: &[NodeId],
    outlets: &[Outlet],
    range: &Range<usize>,
    feeds: &mut Feeds<'_>,
    pieces: &mut [&mut [u8]],
    frames: &mut [Buffer],
) -> Result<()> {
    let mut places: Vec<(NodeId, &mut [u8])> = Vec::new();
    for (piece, id) in pieces.iter_mut().zip(collected) {
        let (now, later) = std::mem::take(piece).split_at_mut(cx.target_bytes(*id, range));
        places.push((*id, now));
        *piece = later;
    }
    for (frame, o) in frames.iter_mut().zip(outlets) {
        let bytes = cx.target_bytes(o.node, range);
        places.push((o.node, &mut frame.bytes_mut()[..bytes]));
    }
    // A node may be both collected and sunk: it is computed once and copied.
    let mut copies: Vec<(usize, &mut [u8])> = Vec::new();
    let mut dest: Vec<&mut [u8]> = Vec::new();
    let mut order = stage.targets.clone();
    let mut sorted: Vec<Option<&mut [u8]>> = order.iter().map(|_| None).collect();
    for (id, place) in places {
        if let Some(at) = order.iter().position(|o| *o == id) {
            if sorted[at].is_none() { sorted[at] = Some(place) } else { copies.push((at, place)) }
        }
    }
    for s in sorted {
        dest.push(s.unwrap_or(&mut []));
    }
    order.clear();
    cx.chunk(stage, range, feeds, &mut dest)?;
    for (at, place) in copies {
        place.copy_from_slice(dest[at]);
    }
    Ok(())
}

/// Frames of a node that is whole in memory, into its sink.
pub fn drain(cx: &Context<'_>, outlet: &Outlet) -> Result<()> {
    let whole = cx.whole(outlet.node)?;
    let frames = cx.target_frames(outlet.node);
    let size = cx.frame_bytes(outlet.node);
    let mut buffer = Buffer::zeroed(size).map_err(|e| out_of_memory(e.bytes))?;
    let mut sink = outlet.sink.lock().unwrap_or_else(PoisonError::into_inner);
    let step = sink.part_frames().max(1);
    cx.monitor.add_total(frames as u64);
    for (number, start) in (0..frames).step_by(step).enumerate() {
        let range = start..(start + step).min(frames);
        let mut part = sink.part(number, range.clone())?;
        for t in range {
            if cx.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            // One frame at a time: a view of the whole must not become a second whole.
            let frame = &mut buffer.bytes_mut()[..size];
            whole.slice_axis(0, Span { start: t, len: 1, step: 1 }).strided().copy_to(frame);
            cx.monitor.time(Phase::Encode, || part.push(frame))?;
            cx.monitor.frames_out(1);
        }
        let encoded = cx.monitor.time(Phase::Encode, || part.finish())?;
        sink.join(encoded)?;
    }
    Ok(())
}
