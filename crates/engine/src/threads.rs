//! Threads: none before first use, one pool a process, a fresh one after fork.

use std::sync::{Arc, Mutex, OnceLock};

use rayon::prelude::*;

use crate::error::{Error, Result};

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

/// Does every job, each with a state of its thread. The threads of the pool that this one belongs
/// to share them, where it is `worth` it; a thread of no pool does them all, in order.
pub(crate) fn share<J: Send, S>(
    worth: bool,
    jobs: Vec<J>,
    state: impl Fn() -> Result<S> + Sync,
    work: impl Fn(&mut S, J) -> Result<()> + Sync,
) -> Result<()> {
    if worth && jobs.len() > 1 && sharing() > 1 {
        return jobs.into_par_iter().try_for_each_init(&state, |state, job| match state {
            Ok(state) => work(state, job),
            Err(e) => Err(e.clone()),
        });
    }
    let mut state = state()?;
    jobs.into_iter().try_for_each(|job| work(&mut state, job))
}
