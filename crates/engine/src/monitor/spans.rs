//! Named spans of a program, timed: what the code around the runs costs.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Monitor, MonitorScope, json, nanos, seconds};

/// Spans that are remembered unless it is told otherwise.
const REMEMBERED: usize = 1000;

/// Times named spans, counts, and keeps what the runs inside the spans leave behind. Cloning shares
/// it, between threads too.
///
/// ```
/// use opusclip_engine::{Array, Lazy, monitor::PerformanceMonitor};
///
/// # fn main() -> opusclip_engine::Result<()> {
/// let perf = PerformanceMonitor::new();
/// for _ in 0..3 {
///     let _span = perf.span("double"); // ends where it is dropped
///     let x: Lazy = Array::from_slice(&[1.0f64, 2.0, 3.0], &[3])?.into();
///     (x * 2.0).collect()?;
///     perf.count("frames", 1);
/// }
/// let all = perf.summary();
/// assert_eq!((all[0].name.as_str(), all[0].count), ("double", 3));
/// assert!(all[0].min <= all[0].p95 && all[0].p95 <= all[0].max);
/// assert_eq!(perf.counts(), [("frames".to_string(), 3)]);
/// assert_eq!(perf.monitor().eager(), 3); // runs inside the spans were seen
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PerformanceMonitor(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: Instant,
    remembered: usize,
    monitor: Monitor,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    history: VecDeque<SpanRecord>,
    names: BTreeMap<String, Times>,
    counts: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct Times {
    count: u64,
    total: u64,
    least: u64,
    most: u64,
    recent: VecDeque<u64>,
}

/// One span that has ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpanRecord {
    /// Its name.
    pub name: String,
    /// Seconds from the making of the monitor to its begin.
    pub start: f64,
    /// Seconds that it took.
    pub seconds: f64,
}

/// All spans of one name, in seconds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpanSummary {
    /// The name.
    pub name: String,
    /// How many ended.
    pub count: u64,
    /// All together.
    pub total: f64,
    /// On average.
    pub mean: f64,
    /// The shortest.
    pub min: f64,
    /// The longest.
    pub max: f64,
    /// 95 of 100 of those that are remembered took no longer.
    pub p95: f64,
}

/// A span that goes on until this is dropped. Runs that this thread starts meanwhile are seen by
/// [`PerformanceMonitor::monitor`].
#[derive(Debug)]
#[must_use = "the span ends when this is dropped"]
pub struct Span<'a> {
    of: &'a PerformanceMonitor,
    name: Cow<'static, str>,
    start: Instant,
    _runs: MonitorScope,
}

impl Drop for Span<'_> {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        self.of.record(&name, self.start, self.start.elapsed());
    }
}

impl Default for PerformanceMonitor {
    fn default() -> Self {
        Self::new()
    }
}

impl PerformanceMonitor {
    /// Remembers the last 1000 spans.
    pub fn new() -> Self {
        Self::remembering(REMEMBERED)
    }

    /// Remembers the last `spans`; counts, sums and extremes are of all all the same.
    pub fn remembering(spans: usize) -> Self {
        let (start, monitor) = (Instant::now(), Monitor::new());
        PerformanceMonitor(Arc::new(Inner { start, remembered: spans, monitor, state: Mutex::default() }))
    }

    /// What the runs inside the spans left behind.
    pub fn monitor(&self) -> &Monitor {
        &self.0.monitor
    }

    /// Begins a span; it ends when the guard is dropped. Spans may lie within each other.
    pub fn span(&self, name: impl Into<Cow<'static, str>>) -> Span<'_> {
        Span { of: self, name: name.into(), _runs: self.0.monitor.watch(), start: Instant::now() }
    }

    /// Times `f` as a span.
    pub fn time<T>(&self, name: impl Into<Cow<'static, str>>, f: impl FnOnce() -> T) -> T {
        let _span = self.span(name);
        f()
    }

    /// Adds `n` to a count.
    pub fn count(&self, name: &str, n: u64) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let count = state.counts.entry(name.to_string()).or_default();
        *count = count.saturating_add(n);
    }

    fn record(&self, name: &str, start: Instant, took: Duration) {
        let start = start.saturating_duration_since(self.0.start).as_secs_f64();
        let keep = self.0.remembered;
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ns = nanos(took);
        let times = state.names.entry(name.to_string()).or_default();
        times.least = if times.count == 0 { ns } else { times.least.min(ns) };
        times.most = times.most.max(ns);
        times.count += 1;
        times.total = times.total.saturating_add(ns);
        push(&mut times.recent, ns, keep);
        let record = SpanRecord { name: name.to_string(), start, seconds: took.as_secs_f64() };
        push(&mut state.history, record, keep);
    }

    /// Spans that have ended and are remembered, the last one last.
    pub fn history(&self) -> Vec<SpanRecord> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).history.iter().cloned().collect()
    }

    /// A line for each name, those that took most first.
    pub fn summary(&self) -> Vec<SpanSummary> {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<SpanSummary> = state.names.iter().map(|(name, t)| t.summary(name)).collect();
        all.sort_by(|a, b| b.total.total_cmp(&a.total));
        all
    }

    /// Counts by name.
    pub fn counts(&self) -> Vec<(String, u64)> {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.counts.iter().map(|(k, v)| (k.clone(), *v)).collect()
    }

    /// Forgets spans and counts; spans that go on are recorded when they end.
    pub fn clear(&self) {
        *self.0.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    /// Bytes of memory that the process holds now and the most that it ever held, where the system
    /// tells (Linux).
    pub fn memory() -> Option<(u64, u64)> {
        let text = std::fs::read_to_string("/proc/self/status").ok()?;
        let field = |name: &str| {
            let line = text.lines().find_map(|l| l.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
        };
        Some((field("VmRSS:")?, field("VmHWM:")?))
    }

    /// Summary, counts, history, memory and runs as JSON.
    pub fn to_json(&self) -> String {
        let span = |s: &SpanSummary| {
            json::object([
                ("name", json::text(&s.name)),
                ("count", s.count.to_string()),
                ("total", json::number(s.total)),
                ("mean", json::number(s.mean)),
                ("min", json::number(s.min)),
                ("max", json::number(s.max)),
                ("p95", json::number(s.p95)),
            ])
        };
        let record = |r: &SpanRecord| {
            json::object([
                ("name", json::text(&r.name)),
                ("start", json::number(r.start)),
                ("seconds", json::number(r.seconds)),
            ])
        };
        let counts = self.counts();
        let counts = json::object(counts.iter().map(|(k, v)| (k.as_str(), v.to_string())));
        let memory = Self::memory().map_or("null".into(), |(now, most)| {
            json::object([("bytes", now.to_string()), ("most_bytes", most.to_string())])
        });
        json::object([
            ("summary", json::list(self.summary().iter().map(span))),
            ("counts", counts),
            ("history", json::list(self.history().iter().map(record))),
            ("memory", memory),
            ("runs", self.0.monitor.to_json()),
        ])
    }
}

fn push<T>(list: &mut VecDeque<T>, value: T, keep: usize) {
    while list.len() >= keep.max(1) {
        list.pop_front();
    }
    if keep > 0 {
        list.push_back(value);
    }
}

impl Times {
    fn summary(&self, name: &str) -> SpanSummary {
        let mut sorted: Vec<u64> = self.recent.iter().copied().collect();
        sorted.sort_unstable();
        // The nearest rank: the least of them that 95 % do not exceed.
        let rank = (sorted.len() * 95).div_ceil(100);
        let p95 = sorted.get(rank.saturating_sub(1)).copied().unwrap_or(self.most);
        SpanSummary {
            name: name.to_string(),
            count: self.count,
            total: seconds(self.total),
            mean: seconds(self.total) / self.count.max(1) as f64,
            min: seconds(self.least),
            max: seconds(self.most),
            p95: seconds(p95),
        }
    }
}

impl fmt::Display for PerformanceMonitor {
    /// A line for each name, then what the runs did.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for s in self.summary() {
            writeln!(
                f,
                "{}: {} times, {:.3} ms in all, mean {:.3}, min {:.3}, max {:.3}, p95 {:.3} ms",
                s.name,
                s.count,
                s.total * 1e3,
                s.mean * 1e3,
                s.min * 1e3,
                s.max * 1e3,
                s.p95 * 1e3
            )?;
        }
        for (name, n) in self.counts() {
            writeln!(f, "{name}: {n}")?;
        }
        write!(f, "{}", self.0.monitor)
    }
}
