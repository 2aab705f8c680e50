//! The progress bar: on a terminal only, drawn by a thread of its own from the run's counters.

use std::io::{self, IsTerminal as _};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::report;

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Counts at one moment: frames done and frames to do.
pub(crate) type Counts = (u64, u64);

/// A bar that is drawn until this is dropped.
pub(crate) struct Progress {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts the bar when stderr is a terminal and `wanted`.
    pub(crate) fn start(label: &str, wanted: bool, counts: impl Fn() -> Counts + Send + 'static) -> Progress {
        if !wanted || !io::stderr().is_terminal() || std::env::var_os("TERM").is_some_and(|t| t == "dumb") {
            return Progress { stop: None, thread: None };
        }
        let (stop, stopped) = mpsc::channel::<()>();
        let label = report::one_line(label);
        let start = Instant::now();
        let thread = thread::Builder::new().name("progress".into()).spawn(move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let width = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(w, _)| usize::from(w.0));
                report::bar(&render(&label, counts(), start.elapsed(), width));
            }
            report::bar("");
        });
        // Without a thread there is no bar, and the work goes on.
        Progress { stop: Some(stop), thread: thread.ok() }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The bar as text, at most `width - 1` columns, so that the cursor never wraps.
fn render(label: &str, (done, total): Counts, elapsed: Duration, width: usize) -> String {
    let seconds = elapsed.as_secs_f64();
    let rate = if seconds > 0.0 { done as f64 / seconds } else { 0.0 };
    let eta = match total.saturating_sub(done) {
        _ if done == 0 => "eta …".to_string(),
        left => format!("eta {}", span(left as f64 / rate)),
    };
    let tail = format!("  {done}/{total} frames  {rate:.1} fps  {eta}");
    let room = width.saturating_sub(1);
    let used = tail.chars().count();
    if used >= room {
        return tail.trim_start().chars().take(room).collect();
    }
    // What is left is shared by the name and, when wide enough, the bar itself.
    let bar_width = (room - used).saturating_sub(label.chars().count() + 3).min(30);
    let bar = if bar_width >= 8 {
        let full = (bar_width as u64 * done.min(total)).checked_div(total).unwrap_or(0) as usize;
        format!("  {}{}", "━".repeat(full), "┈".repeat(bar_width - full))
    } else {
        String::new()
    };
    let name_room = room - used - bar.chars().count();
    let name: String = if label.chars().count() > name_room {
        label.chars().take(name_room.saturating_sub(1)).chain(['…']).collect()
    } else {
        label.to_string()
    };
    format!("{name}{bar}{tail}")
}

/// Seconds for people: `7 s`, `2:05`, `1:02:05`.
pub(crate) fn span(seconds: f64) -> String {
    if !seconds.is_finite() || seconds >= 360_000.0 {
        return "…".to_string();
    }
    let s = seconds.ceil() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{}:{:02}", s / 60, s % 60),
        _ => format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_says_rate_and_eta_and_never_wraps() {
        let at = |counts, secs, width| render("graded.mp4", counts, Duration::from_secs(secs), width);
        assert_eq!(
            at((33, 132), 1, 80),
            "graded.mp4  ━━━━━━━┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈  33/132 frames  33.0 fps  eta 3 s"
        );
        assert_eq!(at((0, 132), 1, 60), "graded.mp4  ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈  0/132 frames  0.0 fps  eta …");
        assert_eq!(at((132, 132), 4, 48), "graded.mp4  132/132 frames  33.0 fps  eta 0 s");
        for width in 0..100 {
            for counts in [(0, 0), (0, 5), (5, 5), (7, 5), (u64::MAX / 64, u64::MAX / 64)] {
                assert!(at(counts, 0, width).chars().count() <= width.saturating_sub(1), "{width} {counts:?}");
            }
        }
    }

    #[test]
    fn spans_read_as_clocks() {
        for (s, want) in [(0.0, "0 s"), (6.2, "7 s"), (125.0, "2:05"), (3725.0, "1:02:05"), (f64::NAN, "…"), (1e9, "…")]
        {
            assert_eq!(span(s), want);
        }
    }
}
