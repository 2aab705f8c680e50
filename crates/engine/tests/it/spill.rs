//! Sources that can be read only once: what a run needs again comes from a temporary file.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use opusclip_engine::flow::{Cursor, Source, StreamInfo};
use opusclip_engine::{Error, Lazy, Monitor, Output, Result, RunOptions, explain, functions::concat, run};

use crate::stream::{Made, sink};
use crate::support::{assert_same, options};

/// Frames of which each is handed out once.
#[derive(Debug)]
struct Pipe {
    inner: Made,
    opened: AtomicUsize,
}

impl Pipe {
    fn lazy(frames: usize, cuts: Vec<usize>) -> (Lazy, Arc<AtomicUsize>) {
        let inner = Made::new(frames, cuts);
        let read = Arc::clone(&inner.read);
        (Lazy::source(Arc::new(Pipe { inner, opened: AtomicUsize::new(0) })), read)
    }
}

impl Source for Pipe {
    fn info(&self) -> &StreamInfo {
        self.inner.info()
    }
    fn describe(&self) -> String {
        "a pipe".into()
    }
    fn cuts(&self) -> &[usize] {
        self.inner.cuts()
    }
    fn rereads(&self) -> bool {
        false
    }
    fn raw_frame_bytes(&self) -> usize {
        self.inner.raw_frame_bytes()
    }
    fn cursor_bytes(&self) -> usize {
        0
    }
    fn cursor(&self, frames: Range<usize>) -> Result<Box<dyn Cursor>> {
        match self.opened.fetch_add(1, Ordering::Relaxed) {
            0 => self.inner.cursor(frames),
            _ => Err(Error::value("a pipe", "was opened before")),
        }
    }
    fn unpack(&self, raw: &[u8], out: &mut [u8]) -> Result<()> {
        self.inner.unpack(raw, out)
    }
}

type Job = (&'static str, bool, fn(&Lazy) -> Lazy);

const JOBS: &[Job] = &[
    ("once", false, |x| x + 1u8),
    ("once, a part", false, |x| x.slice_axis(0, Some(20), Some(50), None).mean((1, 2, 3))),
    ("neighbours", false, |x| x.rolling_mean(4, 0, true)),
    ("less its mean", true, |x| x.f32() - x.mean(0)),
    ("less its median", false, |x| x.f32() - x.median(0)),
    ("three times", true, |x| (x.f32() - x.mean(0)) / ((x.f32() - x.mean(0)).max(()) + 1.0)),
    ("looped", true, |x| concat(&[x.clone(), x.clone()], 0)),
    ("a later part first", true, |x| {
        concat(&[x.slice_axis(0, Some(40), None, None), x.slice_axis(0, None, Some(40), None)], 0)
    }),
];

#[test]
fn what_is_read_once_is_kept_only_where_it_is_needed_again() {
    for cuts in [vec![0], (0..64).step_by(4).collect()] {
        for (name, again, job) in JOBS {
            let want = job(&Made::new(64, cuts.clone()).lazy()).collect().unwrap();
            for threads in [1, 2, 4] {
                let (x, read) = Pipe::lazy(64, cuts.clone());
                let monitor = Monitor::new();
                let lazy = job(&x);
                let text = explain(std::slice::from_ref(&lazy), &options(threads)).unwrap();
                assert_eq!(text.contains("a pipe cannot seek: spilled"), *again, "{name}: {text}");
                let options = RunOptions { monitor: monitor.clone(), ..options(threads) };
                let found = lazy.collect_with(&options).unwrap_or_else(|e| panic!("{name} on {threads}: {e}"));
                assert_same(&format!("{name} on {threads}"), &found, &want);
                assert!(read.load(Ordering::Relaxed) <= 64, "{name}");
                assert_eq!(monitor.spilled_bytes(), if *again { 64 * 8 } else { 0 }, "{name}");
            }
        }
    }
}

#[test]
fn a_source_that_is_read_once_has_one_cursor_also_for_sinks() {
    let (x, read) = Pipe::lazy(64, (0..64).collect());
    let (out, seen) = sink(4);
    let report = run(vec![Output::Sink(x.clone(), out), Output::Collect(x.mean(0))], &options(4)).unwrap();
    assert_eq!((report.arrays.len(), read.load(Ordering::Relaxed)), (1, 64));
    assert_eq!(seen.lock().unwrap().frames.len(), 64);
}

#[test]
fn a_failing_source_fails_every_reading_of_it() {
    let inner = Made::failing(64, vec![0], 30);
    let x = Lazy::source(Arc::new(Pipe { inner, opened: AtomicUsize::new(0) }));
    let error = concat(&[x.clone(), x], 0).collect().unwrap_err().to_string();
    assert!(error.contains("frame 30 is bad"), "{error}");
}
