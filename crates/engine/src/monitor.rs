//! Counters that a run leaves behind: what ran, how long, how much memory.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::errstate::Trouble;

/// A flag that ends a run within one frame.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the run.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {
        #[derive(Debug, Default)]
        struct Counters {
            $($name: AtomicU64,)*
            warnings: Mutex<Vec<String>>,
        }

        impl Monitor {
            $($(#[$meta])* pub fn $name(&self) -> u64 { self.0.$name.load(Ordering::Relaxed) })*
        }
    };
}

/// Warnings that are kept.
const MOST_WARNINGS: usize = 1000;

/// Shared counters of one run or several; cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Monitor(Arc<Counters>);

counters! {
    /// Frames that have left the run.
    frames_done,
    /// Frames that the run will have.
    frames_total,
    /// Frames that came out of sources.
    frames_read,
    /// Cursors opened: one a source when one decoder runs ahead, one a task when workers decode
    /// closed groups for themselves.
    cursors,
    /// Reductions over time that took in frame by frame.
    folds,
    /// Nanoseconds in which a source decoded, over all threads.
    decode_nanos,
    /// Nanoseconds in which raw frames were unpacked, over all threads.
    unpack_nanos,
    /// Nanoseconds in which the plan was computed, over all threads.
    compute_nanos,
    /// Nanoseconds in which sinks encoded, over all threads.
    encode_nanos,
    /// Nanoseconds from start to end.
    wall_nanos,
    /// Worker threads of the last run.
    threads,
    /// Fused regions run through a table, counted per call.
    tables,
    /// Tables of 256 entries that were built.
    tables_built,
    /// Fused regions and reductions run block by block, counted per call.
    blocks,
    /// Reductions done by counting, counted per call.
    counted,
    /// Bytes that the plan said it would hold at most.
    planned_bytes,
    /// Most bytes that the pool had lent at one time.
    pool_peak_bytes,
    /// Buffers served again by the pool.
    pool_hits,
    /// Buffers that the pool had to make.
    pool_misses,
    /// Elements that were divided by zero, where that was watched (see [`mod@crate::errstate`]).
    divisions_by_zero,
    /// Elements that overflowed, where that was watched.
    overflows,
    /// Elements that underflowed, where that was watched.
    underflows,
    /// Elements without an answer, where that was watched.
    invalid_values,
}

impl Monitor {
    /// All zero.
    pub fn new() -> Self {
        Self::default()
    }

    fn add(cell: &AtomicU64, n: u64) {
        cell.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn count_table(&self, built: u64) {
        Self::add(&self.0.tables, 1);
        Self::add(&self.0.tables_built, built);
    }

    pub(crate) fn count_blocks(&self) {
        Self::add(&self.0.blocks, 1);
    }

    pub(crate) fn count_counted(&self) {
        Self::add(&self.0.counted, 1);
    }

    pub(crate) fn count_fold(&self) {
        Self::add(&self.0.folds, 1);
    }

    pub(crate) fn count_cursor(&self) {
        Self::add(&self.0.cursors, 1);
    }

    pub(crate) fn count_trouble(&self, kind: Trouble, n: u64) {
        let cell = match kind {
            Trouble::Divide => &self.0.divisions_by_zero,
            Trouble::Over => &self.0.overflows,
            Trouble::Under => &self.0.underflows,
            Trouble::Invalid => &self.0.invalid_values,
        };
        Self::add(cell, n);
    }

    pub(crate) fn warn(&self, line: String) {
        let mut warnings = self.0.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if warnings.len() < MOST_WARNINGS && !warnings.contains(&line) {
            warnings.push(line);
        }
    }

    /// What runs warned of, one line each, none twice.
    pub fn warnings(&self) -> Vec<String> {
        self.0.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn frames_out(&self, n: u64) {
        Self::add(&self.0.frames_done, n);
    }

    pub(crate) fn add_total(&self, n: u64) {
        Self::add(&self.0.frames_total, n);
    }

    pub(crate) fn start(&self, threads: usize, planned: u64) {
        self.0.threads.store(threads as u64, Ordering::Relaxed);
        self.0.planned_bytes.fetch_max(planned, Ordering::Relaxed);
    }

    pub(crate) fn pool(&self, before: &opusclip_raw::PoolStats, after: &opusclip_raw::PoolStats) {
        self.0.pool_peak_bytes.fetch_max(after.peak_bytes as u64, Ordering::Relaxed);
        Self::add(&self.0.pool_hits, after.hits.saturating_sub(before.hits));
        Self::add(&self.0.pool_misses, after.misses.saturating_sub(before.misses));
    }

    pub(crate) fn time<T>(&self, phase: Phase, f: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let out = f();
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let cell = match phase {
            Phase::Decode => {
                Self::add(&self.0.frames_read, 1);
                &self.0.decode_nanos
            }
            Phase::Unpack => &self.0.unpack_nanos,
            Phase::Compute => &self.0.compute_nanos,
            Phase::Encode => &self.0.encode_nanos,
            Phase::Wall => &self.0.wall_nanos,
        };
        Self::add(cell, nanos);
        out
    }

    /// Seconds in which a source decoded, over all threads.
    pub fn decode_seconds(&self) -> f64 {
        seconds(self.decode_nanos())
    }

    /// Seconds in which the plan was computed and raw frames unpacked, over all threads.
    pub fn compute_seconds(&self) -> f64 {
        seconds(self.compute_nanos() + self.unpack_nanos())
    }

    /// Seconds in which sinks encoded, over all threads.
    pub fn encode_seconds(&self) -> f64 {
        seconds(self.encode_nanos())
    }

    /// Seconds from start to end.
    pub fn wall_seconds(&self) -> f64 {
        seconds(self.wall_nanos())
    }

    /// What took most of the time, and its share in percent: `encode-bound (91 %)`.
    pub fn verdict(&self) -> String {
        let phases =
            [("decode", self.decode_seconds()), ("compute", self.compute_seconds()), ("encode", self.encode_seconds())];
        let total: f64 = phases.iter().map(|p| p.1).sum();
        let most = phases.into_iter().fold(("idle", 0.0), |a, b| if b.1 > a.1 { b } else { a });
        if total <= 0.0 {
            return "nothing to do".into();
        }
        format!("{}-bound ({:.0} % of the work)", most.0, 100.0 * most.1 / total)
    }
}

impl fmt::Display for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} frames · decode {:.3} s, compute {:.3} s, encode {:.3} s, wall {:.3} s · {}",
            self.frames_done(),
            self.decode_seconds(),
            self.compute_seconds(),
            self.encode_seconds(),
            self.wall_seconds(),
            self.verdict()
        )
    }
}

fn seconds(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}

/// What a thread is doing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    Decode,
    Unpack,
    Compute,
    Encode,
    Wall,
}
