//! Raw frames on their way from a decoder to the workers.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use opusclip_raw::{Pool, PoolBuffer};

use crate::array::index::Span;
use crate::array::{Array, Homes, Shape};
use crate::error::{Error, Result};
use crate::flow::{Cursor, Source};
use crate::monitor::{Monitor, Phase};
use crate::threads;

type RawFrame = Arc<PoolBuffer>;

#[derive(Default)]
struct Waiting {
    /// Frame number, frame, and how many tasks still want it; in order.
    frames: VecDeque<(usize, RawFrame, usize)>,
    /// Memory of frames that were taken, for those to come.
    spare: Vec<RawFrame>,
    failed: Option<Error>,
    stopped: bool,
    /// There are no frames to come.
    ended: bool,
}

/// Frames decoded ahead by one thread and taken by many, never more than `capacity` at a time.
pub(super) struct Store {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    capacity: usize,
}

impl Store {
    pub(super) fn new(capacity: usize) -> Store {
        Store { waiting: Mutex::default(), changed: Condvar::new(), capacity: capacity.max(1) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room; false when nobody wants frames any more.
    pub(super) fn put(&self, number: usize, frame: RawFrame, takers: usize, monitor: &Monitor) -> bool {
        let mut w = self.lock();
        let mut start = None;
        while w.frames.len() >= self.capacity && !w.stopped {
            start.get_or_insert_with(Instant::now);
            w = self.changed.wait(w).unwrap_or_else(PoisonError::into_inner);
        }
        if w.stopped {
            return false;
        }
        if takers > 0 {
            w.frames.push_back((number, frame, takers));
        }
        drop(w);
        self.changed.notify_all();
        monitor.waited(start);
        true
    }

    /// Memory for a frame, if one was given back.
    fn spare(&self) -> Option<RawFrame> {
        self.lock().spare.pop()
    }

    /// Gives the memory of a frame back, if nobody else has it.
    fn give_back(&self, mut frame: RawFrame) {
        if Arc::get_mut(&mut frame).is_some() {
            let mut w = self.lock();
            if !w.ended && w.spare.len() < self.capacity {
                w.spare.push(frame);
            }
        }
    }

    /// No frame comes any more: their memory is for other sources.
    fn end(&self) {
        let mut w = self.lock();
        w.ended = true;
        w.spare.clear();
        drop(w);
        self.changed.notify_all();
    }

    /// The decoder failed: whoever waits for a frame gets the error.
    pub(super) fn fail(&self, error: Error) {
        self.lock().failed = Some(error);
        self.changed.notify_all();
    }

    /// Nobody wants more; a waiting decoder ends.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    fn take(&self, number: usize, monitor: &Monitor) -> Result<RawFrame> {
        let mut w = self.lock();
        let mut start = None;
        loop {
            let at = w.frames.iter().position(|(n, ..)| *n == number);
            if let Some((at, (_, frame, takers))) = at.and_then(|at| Some((at, w.frames.get_mut(at)?))) {
                let frame = Arc::clone(frame);
                *takers -= 1;
                if *takers == 0 {
                    w.frames.remove(at);
                }
                drop(w);
                self.changed.notify_all();
                monitor.waited(start);
                return Ok(frame);
            }
            if let Some(e) = &w.failed {
                return Err(e.clone());
            }
            if w.stopped {
                return Err(Error::Cancelled);
            }
            if w.ended {
                return Err(Error::internal("a frame was wanted that no decoder gives"));
            }
            start.get_or_insert_with(Instant::now);
            w = self.changed.wait(w).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Where a worker's raw frames come from.
pub(super) enum Supply<'a> {
    /// Its own decoder, and one buffer that is used again and again.
    Own(Box<dyn Cursor>, PoolBuffer),
    /// The decoder that runs ahead.
    Shared(&'a Store),
}

/// One worker's reader of one source: hands out unpacked frames of growing ranges.
pub(super) struct Feed<'a> {
    source: &'a Arc<dyn Source>,
    supply: Supply<'a>,
    /// Next frame that the supply gives.
    next: usize,
    last: Option<(Range<usize>, Array)>,
}

impl<'a> Feed<'a> {
    /// A reader that starts at frame `first`.
    pub(super) fn new(source: &'a Arc<dyn Source>, supply: Supply<'a>, first: usize) -> Feed<'a> {
        Feed { source, supply, next: first, last: None }
    }

    /// Lets go of what it kept.
    pub(super) fn end(self, homes: &mut Homes) {
        if let Some((_, array)) = self.last {
            homes.leave(array);
        }
    }

    /// The frames `range`; the start never goes back.
    pub(super) fn frames(
        &mut self,
        range: Range<usize>,
        pool: &Pool,
        monitor: &Monitor,
        homes: &mut Homes,
    ) -> Result<Array> {
        if range.is_empty() {
            // Whoever wanted frames has all of them; what is kept may still serve another.
            return self.read(range, pool, monitor, homes);
        }
        if self.last.as_ref().is_some_and(|(r, _)| range.start < r.start) {
            // The pass `readings` sees to it.
            return Err(Error::internal("a stage goes back in its source"));
        }
        // The end goes back when the one who looked farthest ahead is done. Frames that were
        // read stay until the start has passed them: they do not come again.
        let end = self.last.as_ref().map_or(range.end, |(r, _)| r.end.max(range.end));
        let wide = range.start..end;
        let array = match &self.last {
            Some((r, array)) if *r == wide => array.clone(),
            _ => self.read(wide.clone(), pool, monitor, homes)?,
        };
        let part = array.slice_axis(0, Span { start: 0, len: range.len(), step: 1 });
        if let Some((_, old)) = self.last.replace((wide, array)) {
            homes.leave(old);
        }
        Ok(part)
    }

    fn read(&mut self, range: Range<usize>, pool: &Pool, monitor: &Monitor, homes: &mut Homes) -> Result<Array> {
        let info = self.source.info();
        let size = info.frame_bytes();
        let raw_size = self.source.raw_frame_bytes();
        let mut shape = Shape::from(info.shape.as_slice());
        if let Some(d) = shape.first_mut() {
            *d = range.len();
        }
        let bytes = size * range.len();
        let mut buffer = pool.take(bytes).map_err(|e| crate::array::out_of_memory(e.bytes))?;
        let mut from = range.start;
        if let Some((old, array)) = &self.last {
            // Neighbouring ranges overlap: what is there already is not decoded again.
            let both = range.start.max(old.start)..old.end.min(range.end);
            if let (false, Some(have)) = (both.is_empty(), array.contiguous_bytes()) {
                let n = both.len() * size;
                let source = (both.start - old.start) * size;
                buffer.bytes_mut()[..n].copy_from_slice(&have[source..source + n]);
                from = both.end;
            }
        }
        while self.next < range.end {
            // Frames that are only passed over may be many.
            threads::go_on()?;
            let number = self.next;
            self.next += 1;
            let source = self.source;
            let mut unpack = |raw: &PoolBuffer| {
                if number < from {
                    return Ok(());
                }
                let at = (number - range.start) * size;
                let out = &mut buffer.bytes_mut()[at..at + size];
                monitor.time(Phase::Unpack, || source.unpack(&raw.bytes()[..raw_size], out))
            };
            match &mut self.supply {
                Supply::Shared(store) => {
                    let raw = store.take(number, monitor)?;
                    let done = unpack(&raw);
                    store.give_back(raw);
                    done?;
                }
                Supply::Own(cursor, raw) => {
                    monitor.time(Phase::Decode, || cursor.next_into(&mut raw.bytes_mut()[..raw_size]))?;
                    unpack(raw)?;
                }
            }
        }
        Ok(homes.array(buffer, info.dtype, shape))
    }
}

/// Decodes the union of all tasks' frames in order and shares them out. Runs on its own thread.
pub(super) fn decode_ahead(
    source: &Arc<dyn Source>,
    tasks: &[Range<usize>],
    store: &Store,
    pool: &Pool,
    monitor: &Monitor,
) {
    if let Err(e) = decode_all(source, tasks, store, pool, monitor) {
        store.fail(e);
    }
    store.end();
}

fn decode_all(
    source: &Arc<dyn Source>,
    tasks: &[Range<usize>],
    store: &Store,
    pool: &Pool,
    monitor: &Monitor,
) -> Result<()> {
    let wanted = tasks.iter().filter(|r| !r.is_empty());
    let start = wanted.clone().map(|r| r.start).min().unwrap_or(0);
    let end = wanted.map(|r| r.end).max().unwrap_or(0);
    if start >= end {
        return Ok(());
    }
    let size = source.raw_frame_bytes();
    let mut cursor = source.cursor(start..end)?;
    monitor.count_cursor();
    let mut first = 0;
    for number in start..end {
        threads::go_on()?;
        let mut frame = match store.spare() {
            Some(frame) => frame,
            None => Arc::new(pool.take(size).map_err(|e| crate::array::out_of_memory(e.bytes))?),
        };
        let buffer = Arc::get_mut(&mut frame).ok_or_else(|| Error::internal("a raw frame is still in use"))?;
        monitor.time(Phase::Decode, || cursor.next_into(&mut buffer.bytes_mut()[..size]))?;
        // Tasks lie in order of their frames, overlapping at most at the edges.
        while tasks.get(first).is_some_and(|r| r.end <= number) {
            first += 1;
        }
        let takers = tasks[first..].iter().take_while(|r| r.start <= number).filter(|r| r.contains(&number)).count();
        if !store.put(number, frame, takers, monitor) {
            return Ok(());
        }
    }
    Ok(())
}
