//! What a run knows, and how some frames of a stage are made of it.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use opusclip_raw::{DType, Pool, PoolBuffer};

use super::executor::{Executor, Fold, Frames};
use super::record::Record;
use super::scratch::Workspace;
use super::supply::Feed;
use crate::array::index::Span;
use crate::array::shape::product;
use crate::array::{Array, Homes, Shape, out_of_memory};
use crate::error::{Error, Result};
use crate::errstate::Watch;
use crate::flow::Source;
use crate::lazy::Op;
use crate::monitor::{Cancel, Monitor, Phase};
use crate::plan::{Kind, NodeId, Plan};
use crate::stage::live::count_readers;
use crate::stage::memory::{fold_bytes, needed_into, node_bytes};
use crate::stage::reach::{fold_access, joins};
use crate::stage::{Stage, access};
use crate::threads;

/// Below this many bytes threads cost more than they save: waking one takes as long as two plain ops
/// need for so many.
pub(super) const WORTH_THREADS: usize = 256 << 10;

/// Results of so many bytes are longer than what the caches of most machines keep.
const LONG: usize = 32 << 20;

/// What all stages of a run share.
pub struct Context<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Who computes nodes.
    pub executor: &'a dyn Executor,
    /// What nodes and stages did.
    pub(crate) record: &'a Record,
    /// Counters.
    pub monitor: &'a Monitor,
    /// Asked for an early end.
    pub cancel: &'a Cancel,
    /// Looks at arithmetic, if that was asked for.
    pub(crate) watch: Option<&'a Watch>,
    /// Memory of frames.
    pub pool: Pool,
    /// Whether it is this run's alone.
    pub own_pool: bool,
    /// Threads of the run.
    pub threads: usize,
    /// Whole arrays known so far, by node.
    pub known: Vec<Option<Array>>,
    /// Nodes that others need as whole arrays.
    pub kept: &'a [bool],
    /// Outputs that stay in memory.
    pub collected: &'a [NodeId],
    /// Sources that are read through a temporary file, in the place of those of the same identity.
    pub(crate) spilled: Vec<Arc<dyn Source>>,
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

    pub(super) fn is_known(&self, id: NodeId) -> bool {
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
        if let Kind::Op(Op::Whole(w)) = &node.kind {
            let bytes = product(&node.shape).saturating_mul(node.dtype.size());
            let run = || self.sharing(&inputs, || w.eval(&inputs));
            return self.record.compute(self.plan, id, &inputs, bytes, run);
        }
        let range = 0..node.shape.first().copied().unwrap_or(1);
        let frames = Frames { range, shape: node.shape.as_slice().into(), lasting: self.lasting(id), over: None };
        let mut buffer = crate::array::zeroed(node.dtype, &node.shape)?;
        let bytes = crate::array::shape::count("plan", &node.shape, node.dtype.size())? * node.dtype.size();
        let out = &mut buffer.bytes_mut()[..bytes];
        self.record.buffer(id, true);
        self.sharing(&inputs, || self.compute(id, &frames, &inputs, out))?;
        Ok(Array::from_buffer(buffer, node.dtype, node.shape.clone()))
    }

    /// Lets the threads of the run share what `f` does, if its inputs are worth it.
    fn sharing<T: Send>(&self, inputs: &[Array], f: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let f = || threads::until(self.cancel, f);
        let bytes = inputs.iter().map(Array::nbytes).max().unwrap_or(0);
        if self.threads > 1 && bytes >= WORTH_THREADS { threads::pool(self.threads)?.install(f) } else { f() }
    }

    /// What is due of the stage's targets in the ticks `range`, written to `dest` (in the order of the targets).
    pub(super) fn chunk(
        &self,
        stage: &Stage,
        range: &Range<usize>,
        feeds: &mut Feeds<'_>,
        dest: &mut [&mut [u8]],
        folds: &Folds<'_>,
        work: &mut Workspace,
    ) -> Result<()> {
        work.clear();
        let Workspace { need, values, readers, inputs, done, homes, .. } = work;
        needed_into(need, self.plan, stage, &|id| self.is_known(id), range);
        values.resize(need.len(), None);
        count_readers(readers, self.plan, stage, &|id| self.is_known(id), need);
        for (i, want) in need.iter().enumerate() {
            let Some(want) = want else { continue };
            let id = NodeId(i);
            let target = stage.targets.iter().position(|t| *t == id);
            let node = self.plan.node(id);
            let value = if self.is_known(id) {
                let span = Span { start: want.start, len: want.len(), step: 1 };
                Some(self.whole(id)?.slice_axis(0, span))
            } else if let Kind::Op(Op::Source(_)) = &node.kind {
                let frames = feeds.frames(id, want.clone(), &self.pool, self.monitor, homes)?;
                self.record.source(id, frames.nbytes());
                Some(frames)
            } else {
                let mut shape = Shape::from(node.shape.as_slice());
                if let Some(d) = shape.first_mut() {
                    *d = want.len();
                }
                for (k, input) in node.inputs.iter().enumerate() {
                    let Some(part) = access(self.plan, id, k).needs(want) else {
                        inputs.push(self.whole(*input)?);
                        continue;
                    };
                    inputs.push(part_of(&values[input.0], &need[input.0], &part)?);
                    readers[input.0] -= 1;
                    if readers[input.0] == 0 {
                        // Nobody looks at it again: its memory goes back to the pool.
                        done.extend(values[input.0].take());
                    }
                }
                let lasting = target.is_some() && readers[i] == 0 && self.lasting(id);
                let mut frames = Frames { range: want.clone(), shape, lasting, over: None };
                let made = match (&node.kind, target) {
                    (Kind::Op(Op::Whole(w)), _)
                        if joins(w, frames.shape.len()) && alone(inputs, node.dtype).is_some() =>
                    {
                        alone(inputs, node.dtype).cloned()
                    }
                    (Kind::Op(Op::Movement(m)), _) => {
                        let x = inputs.first().ok_or_else(|| Error::internal("a movement has no input"))?;
                        Some(m.apply_to_chunk(x, &frames.shape)?)
                    }
                    (_, Some(t)) if readers[i] == 0 => {
                        self.compute(id, &frames, inputs, dest[t])?;
                        None
                    }
                    _ => {
                        let bytes = product(&frames.shape).saturating_mul(node.dtype.size());
                        let mut buffer = match self.donated(id, inputs, done, homes) {
                            Some((n, buffer)) => {
                                self.monitor.count_donated();
                                frames.over = Some(n);
                                buffer
                            }
                            None => self.buffer(id, bytes)?,
                        };
                        self.compute(id, &frames, inputs, buffer.bytes_mut().get_mut(..bytes).unwrap_or_default())?;
                        Some(homes.array(buffer, node.dtype, frames.shape))
                    }
                };
                inputs.clear();
                done.drain(..).for_each(|array| homes.leave(array));
                made
            };
            if let (Some(t), Some(v)) = (target.filter(|t| !dest[*t].is_empty()), &value) {
                // Others may need more of its frames than are due.
                let due = stage.target_due(self.plan, t, range);
                let part = Span { start: due.start.saturating_sub(want.start), len: due.len(), step: 1 };
                let v = v.slice_axis(0, part);
                self.monitor.time(Phase::Compute, || v.strided().copy_to(dest[t]));
            }
            values[i] = value;
        }
        self.fold(stage, range, folds, work)
    }

    /// Gives the frames that are due in the ticks `range` to the reductions over time.
    fn fold(&self, stage: &Stage, range: &Range<usize>, folds: &Folds<'_>, work: &mut Workspace) -> Result<()> {
        let Workspace { need, values, inputs, ready, .. } = work;
        for (number, (id, fold)) in folds.all.iter().enumerate() {
            let place = stage.folds.iter().position(|f| f == id).unwrap_or(0);
            let range = stage.fold_due(self.plan, place, range);
            if range.is_empty() {
                continue;
            }
            for (k, input) in self.plan.node(*id).inputs.iter().enumerate() {
                inputs.push(match fold_access(self.plan, *id, k).needs(&range) {
                    Some(part) if !self.is_known(*input) => part_of(&values[input.0], &need[input.0], &part)?,
                    Some(part) => {
                        let span = Span { start: part.start, len: part.len(), step: 1 };
                        self.whole(*input)?.slice_axis(0, span)
                    }
                    None => self.whole(*input)?,
                });
            }
            let bytes = fold_bytes(self.plan, *id, range.len());
            let mut buffer = self.buffer(*id, bytes)?;
            let out = buffer.bytes_mut().get_mut(..bytes).unwrap_or_default();
            self.record.compute(self.plan, *id, inputs, bytes, || fold.values(&range, inputs, out))?;
            inputs.clear();
            ready.push((number, range, buffer));
        }
        if !folds.wait(range.start, self.monitor) {
            return Err(Error::Cancelled);
        }
        for (number, frames, mut buffer) in ready.drain(..) {
            let Some((id, fold)) = folds.all.get(number) else { continue };
            let bytes = fold_bytes(self.plan, *id, frames.len());
            let values = buffer.bytes_mut().get_mut(..bytes).unwrap_or_default();
            self.record.go_on(self.plan, *id, || fold.add(&frames, values))?;
        }
        folds.done(range.end);
        Ok(())
    }

    /// The memory of an input that nobody looks at again, if the node may be run over it; and which.
    fn donated(
        &self,
        id: NodeId,
        inputs: &mut [Array],
        done: &mut Vec<Array>,
        homes: &mut Homes,
    ) -> Option<(usize, PoolBuffer)> {
        for n in (0..inputs.len()).filter(|n| self.executor.runs_over(self.plan, id, *n)) {
            let input = inputs.get_mut(n)?;
            let Some(at) = done.iter().position(|a| a.same_view(input)) else { continue };
            // Two see it, here and there: one lets go.
            let seen = std::mem::replace(input, Array::nothing());
            drop(seen);
            let last = done.get_mut(at)?;
            if let Some(buffer) = homes.empty(last) {
                done.swap_remove(at);
                return Some((n, buffer));
            }
            input.clone_from(last);
        }
        None
    }

    /// Memory for frames of a node.
    pub(super) fn buffer(&self, id: NodeId, bytes: usize) -> Result<PoolBuffer> {
        let (buffer, fresh) = self.pool.take_telling(bytes).map_err(|e| out_of_memory(e.bytes))?;
        self.record.buffer(id, fresh);
        Ok(buffer)
    }

    fn compute(&self, id: NodeId, frames: &Frames, inputs: &[Array], out: &mut [u8]) -> Result<()> {
        let bytes = out.len();
        if bytes == 0 {
            // Nothing is due, as of an input of a join whose turn it is not: nothing is run.
            return Ok(());
        }
        self.record.compute(self.plan, id, inputs, bytes, || self.executor.run(self.plan, id, frames, inputs, out))
    }

    /// Whether the whole of a node is wanted in memory.
    pub(super) fn stays(&self, id: NodeId) -> bool {
        self.collected.contains(&id) || self.kept.get(id.0).copied().unwrap_or(false)
    }

    /// Whether it is, and is longer than caches.
    fn lasting(&self, id: NodeId) -> bool {
        let node = self.plan.node(id);
        self.stays(id) && product(&node.shape).saturating_mul(node.dtype.size()) >= LONG
    }

    pub(super) fn frame_bytes(&self, id: NodeId) -> usize {
        node_bytes(self.plan, id, 1)
    }

    pub(super) fn target_frames(&self, id: NodeId) -> usize {
        self.plan.node(id).shape.first().copied().unwrap_or(0)
    }

    /// Bytes of one target's frames that are due in the ticks `range`.
    pub(super) fn target_bytes(&self, stage: &Stage, id: NodeId, range: &Range<usize>) -> usize {
        stage.node_due(self.plan, id, range).len() * self.frame_bytes(id)
    }
}

/// The one of the inputs that a join has frames of, if it needs no cast: a view of it is the result.
fn alone(inputs: &[Array], dtype: DType) -> Option<&Array> {
    let mut some = inputs.iter().filter(|a| a.shape().first() != Some(&0));
    some.next().filter(|a| some.next().is_none() && a.dtype() == dtype)
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

/// The reductions over time of a stage.
pub(super) struct Folds<'a> {
    pub(super) all: Vec<(NodeId, Box<dyn Fold + 'a>)>,
    /// The frame that is added next, where their order matters.
    next: Mutex<usize>,
    moved_on: Condvar,
    stopped: AtomicBool,
    ordered: bool,
}

impl<'a> Folds<'a> {
    pub(super) fn new(all: Vec<(NodeId, Box<dyn Fold + 'a>)>) -> Folds<'a> {
        let ordered = all.iter().any(|(_, f)| f.ordered());
        Folds { all, next: Mutex::new(0), moved_on: Condvar::new(), stopped: AtomicBool::new(false), ordered }
    }

    /// Whether frames are added in their order.
    pub(super) fn ordered(&self) -> bool {
        self.ordered
    }

    /// Waits for the frames before `start`; false when nobody waits any more.
    fn wait(&self, start: usize, monitor: &Monitor) -> bool {
        if !self.ordered {
            return true;
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let mut since = None;
        while *next != start && !self.stopped.load(Ordering::Relaxed) {
            since.get_or_insert_with(Instant::now);
            next = self.moved_on.wait(next).unwrap_or_else(PoisonError::into_inner);
        }
        drop(next);
        monitor.waited(since);
        !self.stopped.load(Ordering::Relaxed)
    }

    fn done(&self, end: usize) {
        if self.ordered {
            *self.next.lock().unwrap_or_else(PoisonError::into_inner) = end;
            self.moved_on.notify_all();
        }
    }

    /// Lets go whoever waits.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.moved_on.notify_all();
    }
}

/// A worker's readers, one for each source of the stage.
pub(super) struct Feeds<'a>(pub(super) Vec<(NodeId, Feed<'a>)>);

impl Feeds<'_> {
    fn frames(
        &mut self,
        id: NodeId,
        range: Range<usize>,
        pool: &Pool,
        monitor: &Monitor,
        homes: &mut Homes,
    ) -> Result<Array> {
        match self.0.iter_mut().find(|(n, _)| *n == id) {
            Some((_, feed)) => feed.frames(range, pool, monitor, homes),
            None => Err(Error::internal("a source has no reader")),
        }
    }
}
