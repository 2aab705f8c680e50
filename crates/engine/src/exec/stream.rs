//! One pass over the stream: frames in chunks, chunks in parts, parts in tasks, tasks on workers.
//! Answers do not depend on how the stream was cut, and parts leave in order.

use std::mem::take;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use opusclip_raw::Buffer;
use rayon::prelude::*;

use super::chunk::{Context, Feeds, Folds, WORTH_THREADS};
use super::ring::Ring;
use super::scratch::Workspace;
use super::supply::{Feed, Store, Supply, decode_ahead};
use crate::array::index::Span;
use crate::array::{Array, Few, out_of_memory};
use crate::error::{Error, Result};
use crate::flow::{Encoded, Part, Sink, Source};
use crate::monitor::Phase;
use crate::plan::NodeId;
use crate::stage::Stage;
use crate::stage::memory::{Budget, needed, needed_into, sources_of, stage_frames};
use crate::stage::reach::fold_frames;
use crate::threads;

/// A node whose frames go to a sink.
pub struct Outlet {
    /// The node.
    pub node: NodeId,
    /// Where they go. Parts are opened by workers while finished ones are joined.
    pub sink: Mutex<Box<dyn Sink>>,
}

/// Sources that the stage reads, each once.
fn sources(cx: &Context<'_>, stage: &Stage) -> Vec<(NodeId, Arc<dyn Source>)> {
    let found = sources_of(cx.plan, stage, &|id| cx.is_known(id));
    let spilled = |s: Arc<dyn Source>| cx.spilled.iter().find(|o| o.identity() == s.identity()).cloned().unwrap_or(s);
    found.into_iter().map(|(id, s)| (id, spilled(s))).collect()
}

/// Runs a stage's pass. Frames of targets without an outlet are kept in `cx.known`.
pub fn run_stage(cx: &mut Context<'_>, stage: &Stage, outlets: &[Outlet], budget: &Budget) -> Result<()> {
    if cx.own_pool {
        cx.pool.set_bound(usize::try_from(budget.bytes).unwrap_or(usize::MAX));
    }
    let collected: Vec<NodeId> =
        // What is in memory already is its own result.
        stage.targets.iter().copied().filter(|t| !cx.is_known(*t) && (!sunk(outlets, *t) || cx.stays(*t))).collect();
    let mut buffers = Vec::with_capacity(collected.len());
    for id in &collected {
        let node = cx.plan.node(*id);
        // Every byte of a result is written before anyone sees it.
        let bytes = crate::array::shape::count("plan", &node.shape, node.dtype.size())? * node.dtype.size();
        buffers.push(cx.buffer(*id, bytes)?);
    }
    let sources = sources(cx, stage);
    let sources: Vec<(NodeId, &Arc<dyn Source>)> = sources.iter().map(|(id, s)| (*id, s)).collect();
    let open = |id: &NodeId| Ok((*id, cx.executor.fold(cx.plan, *id)?));
    let folds = Folds::new(stage.folds.iter().filter(|f| !cx.is_known(**f)).map(open).collect::<Result<_>>()?);
    if sources.is_empty() && outlets.is_empty() {
        let slices = buffers.iter_mut().map(|b| b.bytes_mut()).collect();
        in_memory(cx, stage, &folds, &collected, slices, budget)?;
    } else {
        let slices: Vec<&mut [u8]> = buffers.iter_mut().map(|b| b.bytes_mut()).collect();
        let layout = Layout::new(cx, stage, &folds, &sources, outlets, budget);
        let workers = budget.workers.min(layout.tasks.len()).max(1);
        let (queue, chunk) = (budget.queue, budget.chunk.max(1));
        let pass = Pass {
            cx,
            stage,
            folds: &folds,
            collected: &collected,
            sources: &sources,
            outlets,
            layout,
            workers,
            queue,
            chunk,
        };
        pass.run(slices)?;
        for (_, s) in &sources {
            s.check_unchanged()?;
        }
    }
    let mut done = Vec::with_capacity(folds.all.len());
    for (id, fold) in folds.all {
        done.push((id, fold.finish()?));
    }
    for (id, array) in done {
        cx.known[id.0] = Some(array);
    }
    for (id, buffer) in collected.iter().zip(buffers) {
        let node = cx.plan.node(*id);
        cx.known[id.0] = Some(Array::from_pool(buffer, node.dtype, node.shape.clone()));
    }
    Ok(())
}

fn sunk(outlets: &[Outlet], id: NodeId) -> bool {
    outlets.iter().any(|o| o.node == id)
}

/// Bytes of the largest array in memory that a stage reads.
fn read_bytes(cx: &Context<'_>, stage: &Stage) -> usize {
    let need = needed(cx.plan, stage, &|id| cx.is_known(id), &(0..1));
    let known = |(i, n): (usize, &Option<Range<usize>>)| {
        let id = NodeId(i);
        (n.is_some() && cx.is_known(id)).then(|| cx.target_frames(id).saturating_mul(cx.frame_bytes(id)))
    };
    need.iter().enumerate().filter_map(known).max().unwrap_or(0)
}

/// Everything is in memory: chunks in parallel, results straight into their places.
fn in_memory(
    cx: &Context<'_>,
    stage: &Stage,
    folds: &Folds<'_>,
    collected: &[NodeId],
    mut slices: Vec<&mut [u8]>,
    budget: &Budget,
) -> Result<()> {
    // Frames without elements are not made: there may be more of them than anyone can count.
    let made = |n: usize, id: &NodeId| collected.contains(id).then(|| stage.pace(n).ticks(cx.target_frames(*id)));
    let full = stage.targets.iter().enumerate().filter(|(_, t)| cx.frame_bytes(**t) > 0);
    let taken_in = folds.all.iter().map(|(id, _)| {
        let n = stage.folds.iter().position(|f| f == id).unwrap_or(0);
        stage.pace(stage.targets.len() + n).ticks(fold_frames(cx.plan, *id))
    });
    let frames = full.filter_map(|(n, t)| made(n, t)).chain(taken_in).max().unwrap_or(0);
    let total = slices.iter().map(|s| s.len()).sum::<usize>().max(read_bytes(cx, stage));
    // Fewer frames than threads: bands inside of them are shared, which holds no more memory.
    let threads = if budget.workers >= frames { cx.threads } else { budget.workers };
    // At least two chunks a thread, so that none waits long for the last.
    let chunk = budget.chunk.min(frames.div_ceil(2 * threads)).max(1);
    let mut jobs: Vec<(Range<usize>, Places<'_>)> = Vec::with_capacity(frames.div_ceil(chunk));
    let mut start = 0;
    while start < frames {
        let range = start..(start + chunk).min(frames);
        let mut dest = Places::new();
        for (slice, id) in slices.iter_mut().zip(collected) {
            let (now, later) = std::mem::take(slice).split_at_mut(cx.target_bytes(stage, *id, &range));
            dest.push(now);
            *slice = later;
        }
        start = range.end;
        jobs.push((range, dest));
    }
    let one = |work: &mut Workspace, (range, mut places): (Range<usize>, Places<'_>)| {
        if cx.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        // A target that is known already has no place.
        let mut places = collected.iter().zip(places.iter_mut()).peekable();
        let place = |t: &NodeId| places.next_if(|(id, _)| *id == t).map_or(&mut [][..], |(_, place)| take(place));
        let mut dest: Places<'_> = stage.targets.iter().map(place).collect();
        threads::until(cx.cancel, || cx.chunk(stage, &range, &mut Feeds(Vec::new()), &mut dest, folds, work))
    };
    // Threads that wait for each other's frames must not be those that share the work.
    if folds.ordered() || threads < 2 || total < WORTH_THREADS {
        let mut work = Workspace::default();
        return jobs.into_iter().try_for_each(|job| one(&mut work, job));
    }
    threads::pool(threads)?.install(|| jobs.into_par_iter().try_for_each_init(Workspace::default, one))
}

/// How a stream is cut. Parts depend on the source and the sink alone, never on the workers:
/// they are what becomes of the bytes. Tasks say who does which parts.
struct Layout {
    /// Ticks of each part, in order; none is longer than the longest part of any sink.
    parts: Vec<Range<usize>>,
    /// Frames of one part of each sink: one that wants shorter ones gets several.
    part_frames: Vec<usize>,
    /// Number of each part's first own part, for each sink in turn.
    numbers: Vec<usize>,
    /// Parts of each task, in order.
    tasks: Vec<Range<usize>>,
    /// Each worker decodes for itself; else one decoder runs ahead of all.
    own_cursors: bool,
}

impl Layout {
    fn new(
        cx: &Context<'_>,
        stage: &Stage,
        folds: &Folds<'_>,
        sources: &[(NodeId, &Arc<dyn Source>)],
        outlets: &[Outlet],
        budget: &Budget,
    ) -> Layout {
        let (frames, workers) = (stage_frames(cx.plan, stage), budget.workers);
        // Frames that are added in their order are handed out a chunk at a time.
        let in_order = folds.ordered() && outlets.is_empty();
        let part = |o: &Outlet| o.sink.lock().unwrap_or_else(PoisonError::into_inner).part_frames().max(1);
        let each: Vec<usize> = outlets.iter().map(part).collect();
        // In ticks: a part of every tenth frame takes ten times as long.
        let pace = |o: &Outlet| stage.targets.iter().position(|t| *t == o.node).map_or(1, |n| stage.pace(n).step);
        let ticks = outlets.iter().zip(&each).map(|(o, n)| n.saturating_mul(pace(o)));
        let part_frames = ticks.max().unwrap_or(if in_order { budget.chunk.max(1) } else { 16 });
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
        let apart = sources.iter().all(|(_, s)| s.rereads());
        let own_cursors = workers > 1 && groups.len() >= 2 * workers && !in_order && apart;
        let tasks = if own_cursors { groups } else { (0..parts.len()).map(|p| p..p + 1).collect() };
        let mut next = vec![0; outlets.len()];
        let mut numbers = Vec::with_capacity(parts.len().saturating_mul(next.len()));
        for part in &parts {
            numbers.extend_from_slice(&next);
            for ((number, o), frames) in next.iter_mut().zip(outlets).zip(&each) {
                *number += stage.node_due(cx.plan, o.node, part).len().div_ceil(*frames);
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

/// One pass over the stream, laid out.
struct Pass<'a, 'c> {
    cx: &'a Context<'c>,
    stage: &'a Stage,
    folds: &'a Folds<'a>,
    /// Targets that are kept in memory.
    collected: &'a [NodeId],
    sources: &'a [(NodeId, &'a Arc<dyn Source>)],
    /// Targets that go to sinks.
    outlets: &'a [Outlet],
    layout: Layout,
    workers: usize,
    /// Raw frames that may wait.
    queue: usize,
    /// Frames that are made together.
    chunk: usize,
}

/// Room for the frames of a few nodes.
type Places<'a> = Few<&'a mut [u8], 6>;

/// State that workers share.
struct Shared<'a, 'f> {
    folds: &'f Folds<'f>,
    next: AtomicUsize,
    stop: AtomicBool,
    failed: Mutex<Option<Error>>,
    ring: Ring,
    stores: Vec<Store>,
    /// Pieces of the collected results, those of a task together.
    pieces: Mutex<Vec<&'a mut [u8]>>,
}

impl Shared<'_, '_> {
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
        self.folds.stop();
        self.ring.stop();
    }
}

impl Pass<'_, '_> {
    /// Runs it; `slices` are the places of the collected targets.
    fn run<'s>(&self, mut slices: Vec<&'s mut [u8]>) -> Result<()> {
        let Pass { cx, stage, collected, sources, outlets, layout, .. } = self;
        let mut pieces: Vec<&'s mut [u8]> = Vec::with_capacity(layout.tasks.len().saturating_mul(slices.len()));
        let tasks: Vec<Range<usize>> = (0..layout.tasks.len()).map(|t| layout.frames(t)).collect();
        for task in &tasks {
            for (slice, id) in slices.iter_mut().zip(*collected) {
                let (now, later) = std::mem::take(slice).split_at_mut(cx.target_bytes(stage, *id, task));
                pieces.push(now);
                *slice = later;
            }
        }
        let known = |id| cx.is_known(id);
        // Frames of each source that each task needs.
        let wanted: Vec<Vec<Range<usize>>> = sources
            .iter()
            .map(|(id, _)| {
                let mut need = Vec::new();
                let of = |t: &Range<usize>| {
                    needed_into(&mut need, cx.plan, stage, &known, t);
                    need[id.0].clone().unwrap_or(0..0)
                };
                tasks.iter().map(of).collect()
            })
            .collect();
        let stores =
            if layout.own_cursors { Vec::new() } else { sources.iter().map(|_| Store::new(self.queue)).collect() };
        let shared = Shared {
            folds: self.folds,
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            failed: Mutex::new(None),
            ring: Ring::new(self.workers),
            stores,
            pieces: Mutex::new(pieces),
        };
        std::thread::scope(|scope| {
            for (store, ((_, source), tasks)) in shared.stores.iter().zip(sources.iter().zip(&wanted)) {
                let (pool, monitor, shared) = (cx.pool.clone(), cx.monitor, &shared);
                let first = tasks.iter().position(|t| !t.is_empty());
                let decode = move || {
                    // A source that comes after others is not opened, and holds nothing, until then.
                    if first.is_some_and(|t| !shared.ring.wait_for(t, monitor)) {
                        return;
                    }
                    let work = || threads::until(cx.cancel, || decode_ahead(source, tasks, store, &pool, monitor));
                    // Workers wait for its frames: a panic must reach them as an error.
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                        store.fail(Error::internal(panic_text(panic.as_ref())));
                    }
                };
                if let Err(e) = std::thread::Builder::new().name("decode".into()).spawn_scoped(scope, decode) {
                    shared.fail(no_thread(&e));
                }
            }
            for n in 0..self.workers {
                let (shared_all, shared, wanted) = (&shared, &shared, &wanted);
                let run = move || {
                    let work = || threads::until(cx.cancel, || self.worker(shared, wanted));
                    // A fault of ours on one thread ends the run with its message, not with a hang.
                    match catch_unwind(AssertUnwindSafe(work)) {
                        Ok(Ok(())) => {}
                        Ok(Err(e)) => shared.fail(e),
                        Err(panic) => shared.fail(Error::internal(panic_text(panic.as_ref()))),
                    }
                    shared.ring.leave();
                };
                if let Err(e) = std::thread::Builder::new().name(format!("worker {n}")).spawn_scoped(scope, run) {
                    shared_all.fail(no_thread(&e));
                    shared_all.ring.leave();
                }
            }
            let join = |outlet: usize, part: Encoded| match outlets.get(outlet) {
                Some(o) => {
                    let mut sink = o.sink.lock().unwrap_or_else(PoisonError::into_inner);
                    cx.monitor.time(Phase::Encode, || sink.join(part))
                }
                None => Ok(()),
            };
            // Unwinding from here would wait for workers that nobody tells to stop.
            match catch_unwind(AssertUnwindSafe(|| shared.ring.join(join))) {
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

    /// Takes one task after another until there is none.
    fn worker(&self, shared: &Shared<'_, '_>, wanted: &[Vec<Range<usize>>]) -> Result<()> {
        let Pass { cx, stage, collected, sources, outlets, layout, chunk, .. } = self;
        let chunk = *chunk;
        let room = |o: &Outlet| cx.frame_bytes(o.node).saturating_mul(chunk.min(cx.target_frames(o.node)));
        let buffer = |o: &Outlet| Buffer::zeroed(room(o)).map_err(|e| out_of_memory(e.bytes));
        let mut frames = outlets.iter().map(buffer).collect::<Result<Vec<Buffer>>>()?;
        let mut work = Workspace::default();
        let mut feeds = Feeds(Vec::with_capacity(sources.len()));
        let mut pieces = Vec::with_capacity(collected.len());
        let mut encoders: Vec<Option<Box<dyn Part>>> = outlets.iter().map(|_| None).collect();
        let mut own = vec![0; outlets.len()];
        loop {
            let task = shared.next.fetch_add(1, Ordering::Relaxed);
            let Some(parts) = layout.tasks.get(task).and_then(|t| Some((t.start, layout.parts.get(t.clone())?))) else {
                return Ok(());
            };
            let Some(mut done) = shared.ring.may_start(task, cx.monitor) else { return Ok(()) };
            work.clear();
            feeds.0.drain(..).for_each(|(_, feed): (NodeId, Feed<'_>)| feed.end(&mut work.homes));
            for (n, (id, source)) in sources.iter().enumerate() {
                let want = wanted[n][task].clone();
                let supply = match shared.stores.get(n) {
                    Some(store) => Supply::Shared(store),
                    None => {
                        let raw = cx.pool.take(source.raw_frame_bytes()).map_err(|e| out_of_memory(e.bytes))?;
                        cx.monitor.count_cursor();
                        Supply::Own(source.cursor(want.clone())?, raw)
                    }
                };
                feeds.0.push((*id, Feed::new(source, supply, want.start)));
            }
            pieces.clear();
            let mut all = shared.pieces.lock().unwrap_or_else(PoisonError::into_inner);
            pieces.extend(all.iter_mut().skip(task * collected.len()).take(collected.len()).map(take));
            drop(all);
            for (number, part) in (parts.0..).zip(parts.1) {
                for (k, own) in own.iter_mut().enumerate() {
                    *own = layout.numbers.get(number * outlets.len() + k).copied().unwrap_or(0);
                }
                for first in part.clone().step_by(chunk) {
                    let run = first..first.saturating_add(chunk).min(part.end);
                    if shared.stop.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                    if cx.cancel.is_cancelled() {
                        return Err(Error::Cancelled);
                    }
                    if cx.watch.is_some_and(|w| w.ends_before(run.start)) {
                        // Workers before this one go on: theirs may be the first error.
                        return Ok(());
                    }
                    self.make_frames(&run, &mut feeds, &mut pieces, &mut frames, &mut work)?;
                    for (k, (o, made)) in outlets.iter().zip(&frames).enumerate() {
                        let (length, size) = (layout.part_frames[k], cx.frame_bytes(o.node));
                        let due = |clock| stage.node_due(cx.plan, o.node, clock);
                        let (part, run) = (due(part), due(&run));
                        for t in run.clone() {
                            if (t - part.start).is_multiple_of(length) {
                                if let Some(e) = encoders[k].take() {
                                    done.push((k, cx.monitor.time(Phase::Encode, || e.finish())?));
                                }
                                let range = t..t.saturating_add(length).min(part.end);
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
                for (k, encoder) in encoders.iter_mut().enumerate() {
                    if let Some(e) = encoder.take() {
                        done.push((k, cx.monitor.time(Phase::Encode, || e.finish())?));
                    }
                }
            }
            shared.ring.finish(task, done);
        }
    }

    /// The frames `range` of every target: into its piece of the collected results, or into the
    /// buffer that an encoder takes them from next.
    fn make_frames(
        &self,
        range: &Range<usize>,
        feeds: &mut Feeds<'_>,
        pieces: &mut [&mut [u8]],
        frames: &mut [Buffer],
        work: &mut Workspace,
    ) -> Result<()> {
        let Pass { cx, stage, collected, outlets, .. } = self;
        let mut dest: Places<'_> = stage.targets.iter().map(|_| &mut [][..]).collect();
        let mut placed: Few<bool, 6> = Few::repeated(false, dest.len());
        // A node may be both collected and sunk: it is computed once and copied.
        let mut copies: Few<(usize, &mut [u8]), 6> = Few::new();
        let mut put = |id: NodeId, place| {
            if let Some(at) = stage.targets.iter().position(|t| *t == id) {
                if std::mem::replace(&mut placed[at], true) { copies.push((at, place)) } else { dest[at] = place }
            }
        };
        for (piece, id) in pieces.iter_mut().zip(*collected) {
            let (now, later) = std::mem::take(piece).split_at_mut(cx.target_bytes(stage, *id, range));
            put(*id, now);
            *piece = later;
        }
        for (frame, o) in frames.iter_mut().zip(*outlets) {
            let bytes = cx.target_bytes(stage, o.node, range);
            put(o.node, &mut frame.bytes_mut()[..bytes]);
        }
        cx.chunk(stage, range, feeds, &mut dest, self.folds, work)?;
        for (at, place) in copies.iter_mut() {
            place.copy_from_slice(dest[*at]);
        }
        Ok(())
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
        cx.monitor.time(Phase::Encode, || sink.join(encoded))?;
    }
    Ok(())
}
