//! What runs leave behind: counters, times of each stage and node, what held them up; and spans of
//! the program around them.

mod history;
mod json;
mod profile;
mod spans;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use history::{Bound, NodeSummary, RunSummary, StageSummary};
pub use profile::Profile;
pub use spans::{PerformanceMonitor, Span, SpanRecord, SpanSummary};

use crate::errstate::Trouble;

/// A flag that ends a run soon: within some blocks of arithmetic, a row that is sorted, or a frame that a
/// codec has in hand.
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
            history: Mutex<VecDeque<RunSummary>>,
            /// Nobody will look: nothing is timed.
            quiet: bool,
            profile: Option<Profile>,
        }

        impl Monitor {
            $($(#[$meta])* pub fn $name(&self) -> u64 { self.0.$name.load(Ordering::Relaxed) })*

            fn numbers(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name())),*]
            }
        }
    };
}

/// Warnings that are kept.
const MOST_WARNINGS: usize = 1000;

/// Shared counters and history of one run or several; cloning shares them.
///
/// ```
/// use opusclip_engine::{Array, DType, Lazy, Monitor};
///
/// # fn main() -> opusclip_engine::Result<()> {
/// let frames: Lazy = Array::zeros(DType::U8, &[10, 48, 64, 3])?.into();
/// let monitor = Monitor::new();
/// {
///     let _here = monitor.watch(); // runs of this thread that are not given another
///     (frames.f32() / 255.0).mean((1, 2, 3)).collect()?;
/// }
/// assert_eq!((monitor.plans(), monitor.counted() > 0), (1, true));
/// let run = &monitor.history()[0];
/// assert!(run.nodes.iter().any(|n| n.path == "counted" && n.bytes_read == 92_160));
/// assert!(run.verdict().contains("-bound ("));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Monitor(Arc<Counters>);

thread_local! {
    static WATCHING: RefCell<Vec<(u64, Monitor)>> = const { RefCell::new(Vec::new()) };
}

/// While this lives, runs of its thread that are not given a monitor are seen by one.
#[derive(Debug)]
#[must_use = "runs are seen until this is dropped"]
pub struct MonitorScope {
    /// Its own, on this thread: scopes end in any order.
    number: u64,
    // A scope belongs to its thread.
    here: std::marker::PhantomData<*const ()>,
}

impl Drop for MonitorScope {
    fn drop(&mut self) {
        WATCHING.with_borrow_mut(|all| all.retain(|(number, _)| *number != self.number));
    }
}

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
    /// Bytes of frames written to temporary files, because their source can be read only once and the
    /// run needed them again.
    spilled_bytes,
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
    /// Nanoseconds in which threads waited for frames, for room for them, or for each other.
    wait_nanos,
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
    /// Fused regions run block by block whose results were written past the caches, counted per call.
    streamed,
    /// Reductions and histograms done by counting, counted per call.
    counted,
    /// Results that were written over an input nobody looked at again, counted per call.
    donated,
    /// Histograms of 256 values that were made, one for each frame, however many results use it.
    histograms,
    /// Plans that were made: one for each run that no kept plan served.
    plans,
    /// Calls of traced functions that a kept plan served (see [`mod@crate::jit`]).
    plans_reused,
    /// Runs of so few numbers that they were computed at once, without a plan.
    eager,
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

    /// One that tells a profile what each thread does when.
    pub fn profiled(profile: &Profile) -> Self {
        Monitor(Arc::new(Counters { profile: Some(profile.clone()), ..Counters::default() }))
    }

    /// One that nobody will look at: runs take no times for it.
    pub fn quiet() -> Self {
        Monitor(Arc::new(Counters { quiet: true, ..Counters::default() }))
    }

    /// From now on, until the scope is dropped, runs that this thread starts without a monitor of
    /// their own are seen by this one.
    pub fn watch(&self) -> MonitorScope {
        let number = WATCHING.with_borrow_mut(|all| {
            let number = all.last().map_or(0, |(n, _)| n + 1);
            all.push((number, self.clone()));
            number
        });
        MonitorScope { number, here: std::marker::PhantomData }
    }

    /// The one that sees this thread's runs.
    pub(crate) fn watching() -> Option<Monitor> {
        WATCHING.with_borrow(|all| all.last().map(|(_, monitor)| monitor.clone()))
    }

    /// Whether one sees this thread's runs.
    pub(crate) fn is_watching() -> bool {
        WATCHING.with_borrow(|all| !all.is_empty())
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.0.quiet
    }

    pub(crate) fn profile(&self) -> Option<&Profile> {
        self.0.profile.as_ref()
    }

    pub(crate) fn count_plan(&self) {
        Self::add(&self.0.plans, 1);
    }

    pub(crate) fn count_plan_reused(&self) {
        Self::add(&self.0.plans_reused, 1);
    }

    pub(crate) fn remember(&self, run: RunSummary) {
        let mut history = self.0.history.lock().unwrap_or_else(PoisonError::into_inner);
        if history.len() >= history::MOST_RUNS {
            history.pop_front();
        }
        history.push_back(run);
    }

    /// The last 64 runs that were planned, the last one last.
    pub fn history(&self) -> Vec<RunSummary> {
        self.0.history.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Counters, warnings and history as JSON.
    pub fn to_json(&self) -> String {
        let numbers = self.numbers();
        let mut fields: Vec<(&str, String)> = numbers.iter().map(|(k, v)| (*k, v.to_string())).collect();
        fields.push(("verdict", json::text(&self.verdict())));
        fields.push(("warnings", json::list(self.warnings().iter().map(|w| json::text(w)))));
        fields.push(("history", json::list(self.history().iter().map(RunSummary::to_json))));
        json::object(fields)
    }

    fn add(cell: &AtomicU64, n: u64) {
        cell.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn count_table(&self, built: u64) {
        Self::add(&self.0.tables, 1);
        Self::add(&self.0.tables_built, built);
    }

    pub(crate) fn count_spilled(&self, bytes: u64) {
        Self::add(&self.0.spilled_bytes, bytes);
    }

    pub(crate) fn count_blocks(&self) {
        Self::add(&self.0.blocks, 1);
    }

    pub(crate) fn count_donated(&self) {
        Self::add(&self.0.donated, 1);
    }

    pub(crate) fn count_streamed(&self) {
        Self::add(&self.0.streamed, 1);
    }

    pub(crate) fn count_counted(&self) {
        Self::add(&self.0.counted, 1);
    }

    pub(crate) fn count_histograms(&self, frames: u64) {
        Self::add(&self.0.histograms, frames);
    }

    /// Counts and times what `f` computes without a plan, if it does.
    pub(crate) fn eagerly<T>(&self, f: impl FnOnce() -> Option<T>) -> Option<T> {
        if self.0.quiet {
            return f();
        }
        let start = Instant::now();
        let done = f();
        if done.is_some() {
            let end = Instant::now();
            Self::add(&self.0.eager, 1);
            Self::add(&self.0.wall_nanos, nanos(end - start));
            if let Some(p) = &self.0.profile {
                p.add("computed at once", "run", start, end);
            }
        }
        done
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
        if self.0.quiet {
            return f();
        }
        let start = Instant::now();
        let out = f();
        self.spent(phase, start, Instant::now());
        out
    }

    /// Notes what was done from `start` to `end`.
    /// Times a wait that has begun at `start`, if there was one.
    pub(crate) fn waited(&self, start: Option<Instant>) {
        if let (Some(start), false) = (start, self.is_quiet()) {
            self.spent(Phase::Wait, start, Instant::now());
        }
    }

    pub(crate) fn spent(&self, phase: Phase, start: Instant, end: Instant) {
        let (cell, name, category) = match phase {
            Phase::Decode => {
                Self::add(&self.0.frames_read, 1);
                (&self.0.decode_nanos, "decode", "decode")
            }
            Phase::Unpack => (&self.0.unpack_nanos, "unpack", "compute"),
            Phase::Compute => (&self.0.compute_nanos, "compute", "compute"),
            Phase::Encode => (&self.0.encode_nanos, "encode", "encode"),
            Phase::Wait => (&self.0.wait_nanos, "wait", "wait"),
            Phase::Wall => (&self.0.wall_nanos, "run", "run"),
        };
        Self::add(cell, nanos(end.saturating_duration_since(start)));
        if let Some(p) = &self.0.profile {
            p.add(name, category, start, end);
        }
    }

    /// The same of computing a node, which has a name of its own.
    pub(crate) fn spent_on(&self, name: impl FnOnce() -> String, start: Instant, end: Instant) {
        Self::add(&self.0.compute_nanos, nanos(end.saturating_duration_since(start)));
        if let Some(p) = &self.0.profile {
            p.add(name(), "compute", start, end);
        }
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

    /// What held the last planned run up, its share of the work, and what would help, in one line:
    /// `decode-bound (91 % of the work): fewer frames would help: those cut off along time are not decoded`.
    pub fn verdict(&self) -> String {
        let history = self.0.history.lock().unwrap_or_else(PoisonError::into_inner);
        match history.back() {
            Some(run) => run.verdict(),
            None if self.eager() > 0 => "computed at once: too little to plan".into(),
            None => "nothing to do".into(),
        }
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

pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
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
    Wait,
    Wall,
}
