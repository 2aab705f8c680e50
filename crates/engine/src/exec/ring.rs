//! Finished tasks on their way to the sinks.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::error::Result;
use crate::flow::Encoded;
use crate::monitor::Monitor;

/// What a task made: parts, and the number of the outlet of each, in order.
pub(super) type Parts = Vec<(usize, Encoded)>;

/// A place for each task that may be under way: workers run at most its length ahead of the joiner.
pub(super) struct Ring {
    state: Mutex<State>,
    moved_on: Condvar,
}

struct State {
    slots: Vec<Slot>,
    /// Tasks joined so far.
    joined: usize,
    /// Workers that may still finish a task.
    workers: usize,
    stopped: bool,
}

#[derive(Default)]
struct Slot {
    ready: bool,
    /// Its memory goes from task to task.
    parts: Parts,
}

impl Ring {
    /// For so many workers.
    pub(super) fn new(workers: usize) -> Ring {
        let slots = (0..2 * workers + 1).map(|_| Slot::default()).collect();
        Ring { state: Mutex::new(State { slots, joined: 0, workers, stopped: false }), moved_on: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is a place for `task`; false when all is over.
    pub(super) fn wait_for(&self, task: usize, monitor: &Monitor) -> bool {
        let mut state = self.lock();
        let mut start = None;
        while task >= state.joined + state.slots.len() && !state.stopped {
            start.get_or_insert_with(Instant::now);
            state = self.moved_on.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let go_on = !state.stopped;
        drop(state);
        monitor.waited(start);
        go_on
    }

    /// The same, and gives the empty list of the place.
    pub(super) fn may_start(&self, task: usize, monitor: &Monitor) -> Option<Parts> {
        if !self.wait_for(task, monitor) {
            return None;
        }
        self.lock().slot(task).map(|slot| std::mem::take(&mut slot.parts))
    }

    /// Hands a task over.
    pub(super) fn finish(&self, task: usize, parts: Parts) {
        if let Some(slot) = self.lock().slot(task) {
            *slot = Slot { ready: true, parts };
        }
        self.moved_on.notify_all();
    }

    /// A worker will finish no more tasks.
    pub(super) fn leave(&self) {
        let mut state = self.lock();
        state.workers = state.workers.saturating_sub(1);
        drop(state);
        self.moved_on.notify_all();
    }

    /// Nobody waits any more.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.moved_on.notify_all();
    }

    /// Hands every part to `join`, task by task in their order, until no worker is left.
    pub(super) fn join(&self, mut join: impl FnMut(usize, Encoded) -> Result<()>) -> Result<()> {
        for task in 0.. {
            let mut state = self.lock();
            while state.workers > 0 && !state.slot(task).is_some_and(|s| s.ready) {
                state = self.moved_on.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let Some(slot) = state.slot(task).filter(|s| s.ready) else { break };
            slot.ready = false;
            let mut parts = std::mem::take(&mut slot.parts);
            drop(state);
            for (outlet, part) in parts.drain(..) {
                join(outlet, part)?;
            }
            let mut state = self.lock();
            if let Some(slot) = state.slot(task) {
                slot.parts = parts;
            }
            state.joined = task + 1;
            drop(state);
            self.moved_on.notify_all();
        }
        Ok(())
    }
}

impl State {
    fn slot(&mut self, task: usize) -> Option<&mut Slot> {
        let at = task % self.slots.len().max(1);
        self.slots.get_mut(at)
    }
}
