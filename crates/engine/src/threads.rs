//! Threads: none before first use, one pool a process, a fresh one after fork.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, OnceLock};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::monitor::Cancel;

struct Made {
    process: u32,
    threads: usize,
    pool: Arc<rayon::ThreadPool>,
}

static POOL: Mutex<Option<Made>> = Mutex::new(None);

/// How many threads a wish means: 0 is one for each processor that this process may use. They are
/// counted once: the system reads files to tell, which takes longer than a small run.
pub fn resolve(wish: usize) -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    if wish > 0 { wish.min(1024) } else { *PROCESSORS.get_or_init(processors) }
}

/// The pool of `threads` threads. A child of fork has none of its parent's threads, so it gets
/// its own.
pub fn pool(threads: usize) -> Result<Arc<rayon::ThreadPool>> {
    let process = std::process::id();
    // A panic while the lock was held leaves at worst an old pool behind.
    let mut made = POOL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(m) = made.as_ref().filter(|m| m.process == process && m.threads == threads) {
        return Ok(Arc::clone(&m.pool));
    }
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|n| format!("opusclip-{n}")).build().map_err(
            |e| Error::Memory { needed: 0, limit: 0, detail: format!("cannot start {threads} threads: {e}") },
        )?;
    let pool = Arc::new(pool);
    if let Some(old) = made.replace(Made { process, threads, pool: Arc::clone(&pool) }) {
        // Joining the parent's threads in a forked child would wait for ever.
        if old.process != process {
            std::mem::forget(old);
        }
    }
    Ok(pool)
}

/// How many threads share the work of the calling one: those of its pool, or it alone.
pub(crate) fn sharing() -> usize {
    if rayon::current_thread_index().is_some() { rayon::current_num_threads() } else { 1 }
}

thread_local! {
    /// What ends the work of this thread early.
    static CANCEL: RefCell<Option<Cancel>> = const { RefCell::new(None) };
}

/// Puts back what ended the work before.
struct Before(Option<Cancel>);

impl Drop for Before {
    fn drop(&mut self) {
        CANCEL.set(self.0.take());
    }
}

/// While `f` runs, [`go_on`] refuses once `cancel` was asked for, on this thread and on those that
/// [`share`] its work.
pub(crate) fn until<T>(cancel: &Cancel, f: impl FnOnce() -> T) -> T {
    let _before = Before(CANCEL.replace(Some(cancel.clone())));
    f()
}

/// Refuses where the run was cancelled. Loops that may take long ask now and then.
pub(crate) fn go_on() -> Result<()> {
    let cancelled = CANCEL.with_borrow(|c| c.as_ref().is_some_and(Cancel::is_cancelled));
    if cancelled { Err(Error::Cancelled) } else { Ok(()) }
}

/// Does every job, each with a state of its thread. The threads of the pool that this one belongs
/// to share them, where it is `worth` it; a thread of no pool does them all, in order.
pub(crate) fn share<J: Send, S>(
    worth: bool,
    jobs: impl IntoIterator<Item = J>,
    state: impl Fn() -> Result<S> + Sync,
    work: impl Fn(&mut S, J) -> Result<()> + Sync,
) -> Result<()> {
    let mut jobs = jobs.into_iter().peekable();
    if worth && sharing() > 1 {
        let first = jobs.next();
        if jobs.peek().is_some() {
            let jobs: Vec<J> = first.into_iter().chain(jobs).collect();
            let cancel = CANCEL.with_borrow(Clone::clone).unwrap_or_default();
            return jobs.into_par_iter().try_for_each_init(&state, |state, job| {
                until(&cancel, || {
                    go_on()?;
                    match state {
                        Ok(state) => work(state, job),
                        Err(e) => Err(e.clone()),
                    }
                })
            });
        }
        let mut state = state()?;
        return first.into_iter().try_for_each(|job| work(&mut state, job));
    }
    let mut state = state()?;
    jobs.try_for_each(|job| {
        go_on()?;
        work(&mut state, job)
    })
}
