//! What each thread did when, as events that Perfetto and Chrome's `about:tracing` draw.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::json;

/// Events that are kept: about 100 MiB of text. Later ones are only counted, but for runs and stages,
/// which end after all that happens in them.
const MOST_EVENTS: usize = 1 << 20;

/// Events of runs, from the moment it was made. Cloning shares them: the runs of several monitors
/// (see [`Monitor::profiled`](super::Monitor::profiled)) meet in one picture.
///
/// ```
/// use opusclip_engine::monitor::Profile;
/// use opusclip_engine::{Array, DType, Lazy, Monitor, RunOptions};
///
/// # fn main() -> opusclip_engine::Result<()> {
/// let profile = Profile::new();
/// let x: Lazy = Array::zeros(DType::U8, &[10, 64, 64])?.into();
/// x.f32().mean(()).collect_with(&RunOptions { monitor: Monitor::profiled(&profile), ..RunOptions::default() })?;
/// assert!(profile.to_json().starts_with("{\"displayTimeUnit\": \"ms\""));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Profile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: Instant,
    events: Mutex<Events>,
}

#[derive(Clone, Debug, Default)]
struct Events {
    list: Vec<Event>,
    /// Names of the threads that did something.
    threads: BTreeMap<u64, String>,
    dropped: u64,
}

#[derive(Clone, Debug)]
struct Event {
    name: Cow<'static, str>,
    /// What kind of work it was.
    category: &'static str,
    thread: u64,
    /// Since the profile began.
    from: Duration,
    length: Duration,
}

/// A number for this thread that no other of the process has.
fn thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static THIS: Cell<u64> = const { Cell::new(0) };
    }
    if THIS.get() == 0 {
        THIS.set(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    THIS.get()
}

impl Default for Profile {
    fn default() -> Profile {
        Profile::new()
    }
}

impl Profile {
    /// Without events; its clock starts now.
    pub fn new() -> Profile {
        Profile(Arc::new(Inner { start: Instant::now(), events: Mutex::default() }))
    }

    /// Something that this thread did. What took no time that can be measured is left out.
    pub(crate) fn add(&self, name: impl Into<Cow<'static, str>>, category: &'static str, start: Instant, end: Instant) {
        let from = start.saturating_duration_since(self.0.start);
        let length = end.saturating_duration_since(start);
        if length.is_zero() {
            return;
        }
        let thread = thread();
        let mut events = self.0.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.list.len() >= MOST_EVENTS && !matches!(category, "run" | "stage") {
            events.dropped += 1;
            return;
        }
        events.threads.entry(thread).or_insert_with(|| {
            let current = std::thread::current();
            current.name().map_or_else(|| format!("thread {thread}"), str::to_string)
        });
        events.list.push(Event { name: name.into(), category, thread, from, length });
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner).list.len()
    }

    /// Number of events that were left out: there were too many before them.
    pub fn left_out(&self) -> u64 {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner).dropped
    }

    /// True when nothing has run yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The trace-event format: a complete event (`"ph": "X"`) for each piece of work, by thread, with
    /// times in microseconds since the profile began. Events of one thread follow each other or lie
    /// within each other.
    pub fn to_json(&self) -> String {
        // Threads that are still at work must not wait for the text.
        let events = self.0.events.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let micros = |d: Duration| format!("{}.{:03}", d.as_micros(), d.subsec_nanos() % 1000);
        let named = events.threads.iter().map(|(id, name)| {
            let args = json::object([("name", json::text(name))]);
            json::object([
                ("ph", json::text("M")),
                ("pid", "1".into()),
                ("tid", id.to_string()),
                ("name", json::text("thread_name")),
                ("args", args),
            ])
        });
        let done = events.list.iter().map(|e| {
            json::object([
                ("ph", json::text("X")),
                ("pid", "1".into()),
                ("tid", e.thread.to_string()),
                ("ts", micros(e.from)),
                ("dur", micros(e.length)),
                ("cat", json::text(e.category)),
                ("name", json::text(&e.name)),
            ])
        });
        let left_out = json::object([("events_left_out", events.dropped.to_string())]);
        let mut text = format!("{{\"displayTimeUnit\": \"ms\", \"otherData\": {left_out}, \"traceEvents\": [\n");
        for (n, line) in named.chain(done).enumerate() {
            if n > 0 {
                text.push_str(",\n");
            }
            text.push_str(&line);
        }
        text.push_str("\n]}\n");
        text
    }
}
