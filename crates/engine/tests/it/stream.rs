//! Streams through made sources and sinks: order, parts, halos, memory, cancelling, errors.

use std::any::Any;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opusclip_engine::exec::reference;
use opusclip_engine::flow::{Cursor, Encoded, Part, Rational, Sink, Source, StreamInfo, Unit};
use opusclip_engine::{Array, Cancel, DType, Error, Lazy, Monitor, Output, Profile, Result, RunOptions, ix, run};

use crate::monitor::check_profile;
use crate::support::{assert_same, grade, options};

/// Frames whose bytes are a function of their number.
#[derive(Debug)]
pub(crate) struct Made {
    info: StreamInfo,
    cuts: Vec<usize>,
    fail_at: Option<usize>,
    panic_at: Option<usize>,
    /// How long each frame takes.
    takes: Duration,
    pub(crate) read: Arc<AtomicUsize>,
}

impl Made {
    pub(crate) fn new(frames: usize, cuts: Vec<usize>) -> Made {
        Made::of(&[frames, 8, 6, 3], cuts)
    }

    pub(crate) fn of(shape: &[usize], cuts: Vec<usize>) -> Made {
        let info = StreamInfo::constant_rate(shape.to_vec(), DType::U8, Rational { num: 25, den: 1 });
        Made { info, cuts, fail_at: None, panic_at: None, takes: Duration::ZERO, read: Arc::default() }
    }

    pub(crate) fn failing(frames: usize, cuts: Vec<usize>, at: usize) -> Made {
        Made { fail_at: Some(at), ..Made::new(frames, cuts) }
    }

    /// Each frame of which takes its time.
    pub(crate) fn slow(frames: usize, takes: Duration) -> Made {
        Made { takes, ..Made::new(frames, vec![0]) }
    }

    pub(crate) fn lazy(self) -> Lazy {
        Lazy::source(Arc::new(self))
    }
}

struct At {
    next: usize,
    fail_at: Option<usize>,
    takes: Duration,
    read: Arc<AtomicUsize>,
}

impl Cursor for At {
    fn next_into(&mut self, raw: &mut [u8]) -> Result<()> {
        if self.fail_at == Some(self.next) {
            return Err(Error::value("made", format!("frame {} is bad", self.next)));
        }
        if !self.takes.is_zero() {
            std::thread::sleep(self.takes);
        }
        raw.copy_from_slice(&(self.next as u64).to_le_bytes());
        self.next += 1;
        self.read.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Source for Made {
    fn info(&self) -> &StreamInfo {
        &self.info
    }
    fn describe(&self) -> String {
        "made".into()
    }
    fn cuts(&self) -> &[usize] {
        &self.cuts
    }
    fn raw_frame_bytes(&self) -> usize {
        8
    }
    fn cursor_bytes(&self) -> usize {
        0
    }
    fn cursor(&self, frames: Range<usize>) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(At { next: frames.start, fail_at: self.fail_at, takes: self.takes, read: Arc::clone(&self.read) }))
    }
    fn unpack(&self, raw: &[u8], out: &mut [u8]) -> Result<()> {
        let n = u64::from_le_bytes(raw.try_into().unwrap());
        assert!(self.panic_at != Some(n as usize), "made to panic at {n}");
        for (i, o) in out.iter_mut().enumerate() {
            *o = (n * 37 + i as u64 * 11) as u8;
        }
        Ok(())
    }
}

#[derive(Default)]
pub(crate) struct Seen {
    shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) frames: Vec<usize>,
    pub(crate) pts: Vec<i64>,
    durations: Vec<i64>,
    parts: Vec<Range<usize>>,
    finished: bool,
}

pub(crate) struct Kept {
    part: usize,
    part_bytes: usize,
    seen: Arc<Mutex<Seen>>,
    fail_push: Option<usize>,
    panic_push: Option<usize>,
}

impl Kept {
    /// The same, refusing a frame.
    pub(crate) fn failing(self, at: usize) -> Kept {
        Kept { fail_push: Some(at), ..self }
    }

    /// The same, panicking at a frame.
    pub(crate) fn panicking(self, at: usize) -> Kept {
        Kept { panic_push: Some(at), ..self }
    }
}

struct KeptPart {
    next: usize,
    fail_push: Option<usize>,
    panic_push: Option<usize>,
    out: Encoded,
}

impl Part for KeptPart {
    fn push(&mut self, frame: &[u8]) -> Result<()> {
        if self.fail_push == Some(self.next) {
            return Err(Error::value("kept", "no space"));
        }
        assert!(self.panic_push != Some(self.next), "made to panic");
        self.out.bytes.extend_from_slice(frame);
        self.out.units.push(Unit { len: frame.len(), frame: self.next, key: true });
        self.next += 1;
        Ok(())
    }
    fn finish(self: Box<Self>) -> Result<Encoded> {
        Ok(self.out)
    }
}

impl Sink for Kept {
    fn describe(&self) -> String {
        "kept".into()
    }
    fn begin(&mut self, info: &StreamInfo) -> Result<()> {
        let mut seen = self.seen.lock().unwrap();
        seen.shape = info.shape.clone();
        (seen.pts, seen.durations) = (info.pts.to_vec(), info.durations.to_vec());
        Ok(())
    }
    fn part_frames(&self) -> usize {
        self.part
    }
    fn part_bytes(&self) -> usize {
        self.part_bytes
    }
    fn part(&self, _index: usize, frames: Range<usize>) -> Result<Box<dyn Part>> {
        self.seen.lock().unwrap().parts.push(frames.clone());
        Ok(Box::new(KeptPart {
            next: frames.start,
            fail_push: self.fail_push,
            panic_push: self.panic_push,
            out: Encoded::default(),
        }))
    }
    fn join(&mut self, encoded: Encoded) -> Result<()> {
        let mut seen = self.seen.lock().unwrap();
        seen.bytes.extend_from_slice(&encoded.bytes);
        seen.frames.extend(encoded.units.iter().map(|u| u.frame));
        Ok(())
    }
    fn finish(&mut self) -> Result<Box<dyn Any + Send>> {
        self.seen.lock().unwrap().finished = true;
        Ok(Box::new(()))
    }
}

pub(crate) fn sink(part: usize) -> (Box<Kept>, Arc<Mutex<Seen>>) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    (Box::new(Kept { part, part_bytes: 1000, seen: Arc::clone(&seen), fail_push: None, panic_push: None }), seen)
}

#[test]
fn frames_leave_in_order_whatever_the_cut() {
    for frames in [1, 2, 7, 40] {
        for cuts in [vec![0], vec![0, 3, 5, 11, 17, 23, 31], (0..frames).collect::<Vec<_>>()] {
            let v = Made::new(frames, cuts.iter().copied().filter(|c| *c < frames).collect()).lazy();
            for lazy in [grade(&v), v.clone(), v.i16().diff(0).absolute().u8(), v.slice_axis(0, Some(1), None, Some(2))]
            {
                let want = reference::collect(std::slice::from_ref(&lazy)).unwrap().remove(0).to_contiguous().unwrap();
                for threads in [1, 2, 3] {
                    for part in [1, 4, 100] {
                        let (s, seen) = sink(part);
                        run(vec![Output::Sink(lazy.clone(), s)], &options(threads)).unwrap();
                        let seen = seen.lock().unwrap();
                        assert!(seen.finished);
                        assert_eq!(
                            seen.frames,
                            (0..want.shape()[0]).collect::<Vec<_>>(),
                            "{frames} {cuts:?} {threads} {part}"
                        );
                        assert!(seen.bytes == want.contiguous_bytes().unwrap(), "{frames} {cuts:?} {threads} {part}");
                    }
                    let got = lazy.collect_with(&options(threads)).unwrap();
                    assert_same("collected", &got, &want);
                }
            }
        }
    }
}

#[test]
fn parts_do_not_depend_on_threads() {
    for cuts in [vec![0], vec![0, 3, 5, 30, 33, 40], (0..60).collect::<Vec<_>>(), (0..60).step_by(12).collect()] {
        let layouts: Vec<Vec<Range<usize>>> = (1..=6)
            .map(|threads| {
                let (s, seen) = sink(8);
                run(vec![Output::Sink(Made::new(60, cuts.clone()).lazy(), s)], &options(threads)).unwrap();
                let mut parts = seen.lock().unwrap().parts.clone();
                parts.sort_by_key(|p| p.start);
                parts
            })
            .collect();
        assert!(layouts.iter().all(|l| *l == layouts[0]), "{cuts:?}: {layouts:?}");
        assert!(layouts[0].iter().all(|p| p.len() <= 8), "{:?}", layouts[0]);
    }
}

#[test]
fn several_outputs_share_one_reading() {
    let made = Made::new(30, vec![0]);
    let read = Arc::clone(&made.read);
    let v = made.lazy();
    let means = v.f32().mean((1, 2, 3));
    let diff = v.i16().diff(0).absolute().mean((1, 2, 3));
    let (s, seen) = sink(8);
    let outputs = vec![Output::Collect(means.clone()), Output::Sink(grade(&v), s), Output::Collect(diff.clone())];
    let report = run(outputs, &options(2)).unwrap();
    assert_eq!(read.load(Ordering::Relaxed), 30);
    assert_same("means", &report.arrays[0], &reference::collect(&[means]).unwrap()[0]);
    assert_same("diff", &report.arrays[1], &reference::collect(&[diff]).unwrap()[0]);
    assert_eq!(seen.lock().unwrap().frames.len(), 30);
}

#[test]
fn times_follow_the_frames_that_were_picked() {
    let v = Made::new(20, vec![0]).lazy().slice_axis(0, Some(4), Some(16), Some(3));
    let (s, seen) = sink(2);
    run(vec![Output::Sink(grade(&v), s)], &options(1)).unwrap();
    assert_eq!(seen.lock().unwrap().pts, [4, 7, 10, 13]);
}

#[test]
fn an_op_that_needs_all_frames_breaks_the_stream_and_still_answers() {
    let v = Made::new(12, vec![0]).lazy();
    let away = (v.f32() - v.f32().median(0)).absolute().u8();
    let want = reference::collect(std::slice::from_ref(&away)).unwrap().remove(0);
    let (s, seen) = sink(5);
    run(vec![Output::Sink(away.clone(), s)], &options(2)).unwrap();
    assert!(seen.lock().unwrap().bytes == want.contiguous_bytes().unwrap());
    assert!(away.explain().contains("does not stream yet"), "{}", away.explain());
    let back = v.flip(0);
    let (s, seen) = sink(5);
    run(vec![Output::Sink(back.clone(), s)], &options(2)).unwrap();
    let want = reference::collect(&[back]).unwrap().remove(0);
    assert!(seen.lock().unwrap().bytes == want.to_contiguous().unwrap().contiguous_bytes().unwrap());
}

#[test]
fn failures_of_each_kind_end_the_run_once() {
    let expect = |lazy: Lazy, fail_push: Option<usize>, text: &str| {
        for threads in [1, 2, 4] {
            let (mut s, seen) = sink(3);
            s.fail_push = fail_push;
            let e = run(vec![Output::Sink(grade(&lazy), s)], &options(threads)).unwrap_err();
            assert!(e.to_string().contains(text), "{e}");
            assert!(!seen.lock().unwrap().finished);
        }
    };
    for cuts in [vec![0], (0..50).step_by(4).collect::<Vec<_>>()] {
        expect(Made { fail_at: Some(17), ..Made::new(50, cuts.clone()) }.lazy(), None, "frame 17 is bad");
        expect(Made::new(50, cuts.clone()).lazy(), Some(20), "no space");
        expect(Made { panic_at: Some(9), ..Made::new(50, cuts.clone()) }.lazy(), None, "made to panic at 9");
    }
}

#[test]
fn a_cancelled_run_says_so_and_finishes_nothing() {
    let cancel = Cancel::new();
    cancel.cancel();
    let (s, seen) = sink(4);
    let opts = RunOptions { cancel, ..options(2) };
    let e = run(vec![Output::Sink(grade(&Made::new(30, vec![0]).lazy()), s)], &opts).unwrap_err();
    assert_eq!(e, Error::Cancelled);
    assert!(!seen.lock().unwrap().finished);
}

#[test]
fn a_plan_that_cannot_fit_is_refused_with_what_would() {
    let v = Made::new(1000, vec![0]).lazy();
    let opts = RunOptions { memory_limit: Some(50_000), ..options(2) };
    let e = v.f32().collect_with(&opts).unwrap_err().to_string();
    assert!(e.contains("sink them to a file, or take fewer frames"), "{e}");
    let (s, _) = sink(16);
    run(vec![Output::Sink(grade(&v), s)], &opts).unwrap();
    let (s, _) = sink(16);
    let tiny = RunOptions { memory_limit: Some(500), ..options(2) };
    let e = run(vec![Output::Sink(grade(&v), s)], &tiny).unwrap_err().to_string();
    assert!(e.contains("raise the limit"), "{e}");
}

#[test]
fn a_refused_limit_says_what_the_memory_is_for_and_which_limit_does() {
    let v = Made::new(1000, vec![0]).lazy();
    let (mut s, _) = sink(16);
    s.part_bytes = 3 << 20;
    let opts = RunOptions { memory_limit: Some(2 << 20), ..options(2) };
    let e = run(vec![Output::Sink(grade(&v), s)], &opts).unwrap_err().to_string();
    let want = "but the limit is 2.0 MiB: 3.0 MiB of it for what the output gathers before it is written, \
                on one thread; raise the limit to 4 MiB";
    assert!(e.ends_with(want), "{e}");
    let (mut s, seen) = sink(16);
    s.part_bytes = 3 << 20;
    run(vec![Output::Sink(grade(&v), s)], &RunOptions { memory_limit: Some(4 << 20), ..opts }).unwrap();
    assert_eq!(seen.lock().unwrap().frames.len(), 1000);
}

#[test]
fn a_single_number_goes_into_a_sink_as_one_frame() {
    let v = Made::new(30, vec![0]).lazy();
    for number in [v.max(()), Array::from_slice(&[4.5f32], &[]).unwrap().into(), v.index(ix![3, 1, 1, 0])] {
        let (s, seen) = sink(16);
        let want = number.collect().unwrap();
        run(vec![Output::Sink(number, s)], &options(2)).unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!((seen.shape.as_slice(), seen.frames.as_slice()), (&[][..], &[0][..]));
        assert_eq!(Some(seen.bytes.as_slice()), want.contiguous_bytes());
    }
}

#[test]
fn the_monitor_counts_frames_and_paths() {
    let monitor = Monitor::new();
    let opts = RunOptions { monitor: monitor.clone(), ..options(2) };
    let (s, _) = sink(16);
    run(vec![Output::Sink(grade(&Made::new(40, vec![0]).lazy()), s)], &opts).unwrap();
    assert_eq!((monitor.frames_done(), monitor.frames_total(), monitor.frames_read()), (40, 40, 40));
    assert!(monitor.wall_nanos() > 0 && monitor.planned_bytes() > 0);
}

#[test]
fn closed_groups_are_decoded_by_the_workers_themselves() {
    let cursors = |cuts: Vec<usize>, threads: usize| {
        let monitor = Monitor::new();
        let opts = RunOptions { monitor: monitor.clone(), ..options(threads) };
        let (s, _) = sink(8);
        run(vec![Output::Sink(grade(&Made::new(64, cuts).lazy()), s)], &opts).unwrap();
        assert_eq!(monitor.frames_read(), 64, "no frame is decoded twice");
        monitor.cursors()
    };
    let groups: Vec<usize> = (0..64).step_by(8).collect();
    assert_eq!(cursors(groups.clone(), 2), 8, "a cursor for each group");
    assert_eq!(cursors(groups, 1), 1, "one worker needs one decoder");
    assert_eq!(cursors(vec![0], 4), 1, "one long group is decoded ahead");
}

#[test]
fn every_seventh_frame_still_lasts_as_long_as_the_stream() {
    // 20 frames of one tick: frames 0, 7, 14, of which the last ends with the stream.
    let v = Made::new(20, vec![0]).lazy().slice_axis(0, None, None, Some(7));
    let (s, seen) = sink(2);
    run(vec![Output::Sink(v, s)], &options(1)).unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!((seen.pts.as_slice(), seen.durations.as_slice()), ([0, 7, 14].as_slice(), [7, 7, 6].as_slice()));
}

#[test]
fn more_threads_than_parts_are_not_planned_for() {
    let monitor = Monitor::new();
    let opts = RunOptions { monitor: monitor.clone(), ..options(1000) };
    let (s, _) = sink(8);
    run(vec![Output::Sink(grade(&Made::new(20, vec![0]).lazy()), s)], &opts).unwrap();
    assert_eq!(monitor.threads(), 3);
}

#[test]
fn a_profile_shows_every_kind_of_work_and_the_history_every_node() {
    for threads in [1, 3] {
        let profile = Profile::new();
        let monitor = Monitor::profiled(&profile);
        let opts = RunOptions { monitor: monitor.clone(), ..options(threads) };
        let (s, _) = sink(8);
        let video = Made::new(64, vec![0]).lazy();
        run(vec![Output::Sink(grade(&video), s), Output::Collect(video.mean((1, 2, 3)))], &opts).unwrap();
        let kinds = check_profile(&profile.to_json());
        for kind in ["run", "stage", "decode", "compute", "encode"] {
            assert!(kinds.contains(kind), "{kind} of {kinds:?}");
        }
        let history = monitor.history();
        let [run] = history.as_slice() else { panic!("{history:?}") };
        let source = run.nodes.iter().find(|n| n.what == "source").unwrap();
        assert_eq!((source.path, source.bytes_written), ("source", 64 * 8 * 6 * 3));
        assert!(run.nodes.iter().filter(|n| n.what != "source").all(|n| n.nanos > 0 && n.bytes_read > 0), "{run}");
        let stage = &run.stages[0];
        assert_eq!((stage.frames, stage.workers), (64, threads as u64));
        assert!(stage.nanos > 0 && stage.bytes_written > 0 && stage.planned_bytes > 0);
        assert_eq!(run.decode_nanos, monitor.decode_nanos());
        assert!(run.verdict().contains("-bound (") && !run.verdict().contains('\n'), "{}", run.verdict());
    }
}
