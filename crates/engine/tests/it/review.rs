//! What a reviewer tried: streams of several lengths, sources that panic, shapes at the edge.

use std::any::Any;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use opusclip_engine::error::{Error, Result};
use opusclip_engine::exec::reference;
use opusclip_engine::flow::{Cursor, Encoded, Part, Rational, Sink, Source, StreamInfo, Unit};
use opusclip_engine::run::{Output, run};
use opusclip_engine::{Array, DType, Lazy, RunOptions};

use crate::support::{Random, assert_same, of, options};

/// What goes wrong in a source or sink, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Fault {
    #[default]
    Never,
    CursorFails,
    CursorPanics,
    NextPanics(usize),
    UnpackPanics(usize),
    PartPanics,
    JoinPanics,
    FinishPartPanics,
    PushPanics,
}

#[derive(Debug)]
struct Numbers {
    info: StreamInfo,
    cuts: Vec<usize>,
    fault: Fault,
    seed: u64,
    read: Arc<AtomicUsize>,
}

fn numbers(frames: usize, cuts: Vec<usize>, seed: u64, fault: Fault) -> Lazy {
    let info = StreamInfo::constant_rate(vec![frames, 4, 3], DType::U8, Rational { num: 25, den: 1 });
    Lazy::source(Arc::new(Numbers { info, cuts, fault, seed, read: Arc::default() }))
}

struct At {
    next: usize,
    end: usize,
    fault: Fault,
}

impl Cursor for At {
    fn next_into(&mut self, raw: &mut [u8]) -> Result<()> {
        assert!(self.fault != Fault::NextPanics(self.next), "the decoder panicked");
        if self.next >= self.end {
            return Err(Error::value("numbers", "read past the range that was asked for"));
        }
        raw.copy_from_slice(&(self.next as u64).to_le_bytes());
        self.next += 1;
        Ok(())
    }
}

impl Source for Numbers {
    fn info(&self) -> &StreamInfo {
        &self.info
    }
    fn describe(&self) -> String {
        "numbers".into()
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
        assert!(self.fault != Fault::CursorPanics, "the opener panicked");
        if self.fault == Fault::CursorFails {
            return Err(Error::value("numbers", "cannot open"));
        }
        Ok(Box::new(At { next: frames.start, end: frames.end, fault: self.fault }))
    }
    fn unpack(&self, raw: &[u8], out: &mut [u8]) -> Result<()> {
        let n = u64::from_le_bytes(raw.try_into().unwrap());
        assert!(self.fault != Fault::UnpackPanics(n as usize), "the unpacker panicked");
        self.read.fetch_add(1, Ordering::Relaxed);
        for (i, o) in out.iter_mut().enumerate() {
            *o = (n * 37 + i as u64 * 11 + self.seed * 101) as u8;
        }
        Ok(())
    }
}

struct Kept {
    part: usize,
    fault: Fault,
    bytes: Arc<Mutex<Vec<u8>>>,
    parts: Arc<Mutex<Vec<Numbered>>>,
}

/// A part as it was asked for: its number and frames.
type Numbered = (usize, Range<usize>);

struct KeptPart {
    next: usize,
    fault: Fault,
    out: Encoded,
}

impl Part for KeptPart {
    fn push(&mut self, frame: &[u8]) -> Result<()> {
        assert!(self.fault != Fault::PushPanics, "push panicked");
        self.out.bytes.extend_from_slice(frame);
        self.out.units.push(Unit { len: frame.len(), frame: self.next, key: true });
        self.next += 1;
        Ok(())
    }
    fn finish(self: Box<Self>) -> Result<Encoded> {
        assert!(self.fault != Fault::FinishPartPanics, "finish panicked");
        Ok(self.out)
    }
}

impl Sink for Kept {
    fn describe(&self) -> String {
        "kept".into()
    }
    fn begin(&mut self, _info: &StreamInfo) -> Result<()> {
        Ok(())
    }
    fn part_frames(&self) -> usize {
        self.part
    }
    fn part_bytes(&self) -> usize {
        0
    }
    fn part(&self, index: usize, frames: Range<usize>) -> Result<Box<dyn Part>> {
        self.parts.lock().unwrap().push((index, frames.clone()));
        assert!(self.fault != Fault::PartPanics, "part panicked");
        Ok(Box::new(KeptPart { next: frames.start, fault: self.fault, out: Encoded::default() }))
    }
    fn join(&mut self, encoded: Encoded) -> Result<()> {
        assert!(self.fault != Fault::JoinPanics, "join panicked");
        self.bytes.lock().unwrap().extend_from_slice(&encoded.bytes);
        Ok(())
    }
    fn finish(&mut self) -> Result<Box<dyn Any + Send>> {
        Ok(Box::new(()))
    }
}

fn sink(part: usize, fault: Fault) -> (Box<Kept>, Arc<Mutex<Vec<u8>>>) {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    (Box::new(Kept { part, fault, bytes: Arc::clone(&bytes), parts: Arc::default() }), bytes)
}

/// Fails instead of waiting for ever.
#[track_caller]
fn within<T: Send + 'static>(what: &str, f: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let out = f();
        let _ = send.send(());
        out
    });
    let waited = receive.recv_timeout(Duration::from_secs(20));
    assert!(!matches!(waited, Err(mpsc::RecvTimeoutError::Timeout)), "hangs: {what}");
    match thread.join() {
        Ok(out) => out,
        Err(e) => std::panic::resume_unwind(e),
    }
}

/// Sinks and collects at once, against the reference.
fn check(what: &str, sunk: Vec<Lazy>, kept: Vec<Lazy>, part: usize, opts: RunOptions) {
    let title = what.to_string();
    within(what, move || {
        let mut outputs = Vec::new();
        let mut seen = Vec::new();
        for l in &sunk {
            let (s, bytes) = sink(part, Fault::Never);
            outputs.push(Output::Sink(l.clone(), s));
            seen.push(bytes);
        }
        outputs.extend(kept.iter().cloned().map(Output::Collect));
        let report = match run(outputs, &opts) {
            Err(Error::Memory { .. }) if opts.memory_limit.is_some() => return,
            other => other.unwrap_or_else(|e| panic!("{title}: {e}")),
        };
        for (got, want) in report.arrays.iter().zip(reference::collect(&kept).unwrap()) {
            assert_same(&title, got, &want);
        }
        for (got, want) in seen.iter().zip(reference::collect(&sunk).unwrap()) {
            let want = want.to_contiguous().unwrap();
            assert!(*got.lock().unwrap() == want.contiguous_bytes().unwrap(), "{title}: sunk frames differ");
        }
    });
}

fn cut(x: &Lazy, from: isize, to: isize, step: isize) -> Lazy {
    x.slice_axis(0, Some(from), Some(to), Some(step))
}

#[test]
fn outputs_of_different_lengths_share_a_source() {
    for threads in [1, 3] {
        for part in [1, 7, 16] {
            let v = numbers(60, vec![0], 1, Fault::Never);
            check("tail first", vec![cut(&v, 20, 30, 1), v.clone()], vec![], part, options(threads));
            check("every other", vec![v.clone()], vec![cut(&v, 0, 60, 2)], part, options(threads));
            check("collected", vec![], vec![v.clone(), cut(&v, 50, 60, 1)], part, options(threads));
        }
    }
}

#[test]
fn frames_that_drift_apart_do_not_stop_the_decoder() {
    for threads in [1, 2, 4] {
        for part in [1, 3, 16] {
            let v = numbers(600, vec![0], 1, Fault::Never);
            let drift = cut(&v, 0, 300, 1).i16() - cut(&v, 0, 600, 2).i16();
            check("one and two", vec![drift.clone()], vec![], part, options(threads));
            check("kept", vec![], vec![drift], part, options(threads));
            let far = cut(&v, 200, 400, 1).i16() - cut(&v, 0, 600, 3).i16();
            check("cross", vec![far], vec![], part, options(threads));
        }
    }
}

#[test]
fn random_streams_equal_the_reference() {
    let rounds = 400u64;
    for seed in 1..=rounds {
        let mut r = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let lengths = [1, 5, 17, 40, 90];
        let make = |r: &mut Random, s: u64| {
            let n = lengths[r.below(5)];
            let cuts = match r.below(3) {
                0 => vec![0],
                1 => (0..n).collect(),
                _ => (0..n).step_by(7).collect(),
            };
            numbers(n, cuts, s, Fault::Never)
        };
        let (a, b) = (make(&mut r, 1), make(&mut r, 2));
        let mut pool = vec![a, b];
        for _ in 0..2 + r.below(8) {
            let x = pool[r.below(pool.len())].clone();
            let y = pool[r.below(pool.len())].clone();
            if x.ndim().unwrap() == 0 || y.ndim().unwrap() == 0 {
                continue;
            }
            let n = x.shape().unwrap()[0] as isize;
            let at = |r: &mut Random| r.below(n.max(1) as usize) as isize;
            let next = match r.below(14) {
                0 => x.i16().diff(0),
                1 => x.flip(0),
                2 => cut(&x, at(&mut r), n, 1),
                3 => cut(&x, 0, at(&mut r), 1),
                4 => cut(&x, at(&mut r), n, 1 + r.below(3) as isize),
                5 => x.f32() - x.f32().mean(0),
                6 => x.mean((1, 2)),
                7 => x.f32().mean((1, 2)).keepdims() + x.f32(),
                8 => x.sum(0).keepdims(),
                9 => x.permute_dims([1, 0, 2].as_slice()).permute_dims([1, 0, 2].as_slice()),
                10 => x.reshape([n, 12].as_slice()).reshape([n, 4, 3].as_slice()),
                _ => {
                    let m = y.shape().unwrap().first().copied().unwrap_or(0) as isize;
                    cut(&x, 0, m.min(n), 1) + cut(&y, (m - n).max(0), m, 1)
                }
            };
            if next.meta().is_ok() {
                pool.push(next);
            }
        }
        let mut sunk = Vec::new();
        let mut kept = Vec::new();
        for _ in 0..1 + r.below(4) {
            let l = pool[r.below(pool.len())].clone();
            if r.below(2) == 0 && l.ndim().unwrap() > 0 { sunk.push(l) } else { kept.push(l) }
        }
        let memory_limit = if r.below(3) == 0 { Some(1000 + r.below(60_000) as u64) } else { None };
        let opts = RunOptions { threads: 1 + r.below(4), memory_limit, ..RunOptions::default() };
        let part = [1, 3, 16, 50][r.below(4)];
        check(&format!("seed {seed}"), sunk, kept, part, opts);
    }
}

#[test]
fn a_panic_anywhere_ends_the_run_with_an_error() {
    let faults = [
        (Fault::CursorFails, "cannot open"),
        (Fault::CursorPanics, "opener panicked"),
        (Fault::NextPanics(0), "decoder panicked"),
        (Fault::NextPanics(33), "decoder panicked"),
        (Fault::UnpackPanics(33), "unpacker panicked"),
        (Fault::PartPanics, "part panicked"),
        (Fault::PushPanics, "push panicked"),
        (Fault::FinishPartPanics, "finish panicked"),
        (Fault::JoinPanics, "join panicked"),
    ];
    for (fault, text) in faults {
        for threads in [1, 2, 4] {
            for cuts in [vec![0], (0..50).collect::<Vec<_>>()] {
                let e = within(text, move || {
                    let v = numbers(50, cuts, 1, fault);
                    let (s, _) = sink(3, fault);
                    let x = v.i16().diff(0);
                    run(vec![Output::Sink(x, s)], &options(threads)).unwrap_err()
                });
                assert!(e.to_string().contains(text), "{fault:?}: {e}");
            }
        }
    }
}

#[test]
fn the_same_output_twice() {
    let v = numbers(30, vec![0], 1, Fault::Never);
    let x = v.i16().diff(0);
    check("twice", vec![x.clone(), x.clone(), v.clone()], vec![x.clone(), v.clone(), x], 5, options(2));
}

#[test]
fn empty_arrays_with_huge_axes() {
    const HUGE: usize = 1 << (usize::BITS * 5 / 8);
    let empty = |shape: &[usize]| -> Lazy { Array::zeros(DType::U8, shape).unwrap().into() };
    for shape in [[0, HUGE, HUGE], [HUGE, 0, HUGE], [HUGE, HUGE, 0]] {
        let x = empty(&shape);
        for (name, y) in [
            ("plus", &x + 1),
            ("divide", x.f32() / 255.0),
            ("slice", x.slice_axis(0, Some(1), None, Some(3)) + 1),
            ("slice 1", x.slice_axis(1, Some(1), None, Some(3)) + 1),
            ("flip", x.flip(0) + 1),
            ("flip all", x.flip(()) + 1),
            ("sum", x.sum(())),
            ("mean", (x.f32() / 255.0).mean(())),
            ("permute", x.permute_dims([2, 0, 1].as_slice()) + 1),
            ("self", &x * x.f32()),
        ] {
            let title = format!("{name} of {shape:?}");
            let text = y.explain();
            assert!(!text.contains("internal"), "{title}: {text}");
            let shape = y.shape().unwrap().to_vec();
            let got = within(&title, move || y.collect().unwrap());
            assert_eq!(got.shape(), shape);
        }
    }
    // Fewer results than the axes that are left would address.
    let x = empty(&[0, 1 << 33, 1 << 33]);
    assert_eq!(within("sum", move || x.sum((1, 2)).collect().unwrap()).shape(), [0]);
}

#[test]
fn steps_as_large_as_they_come() {
    let x: Lazy = Array::from_slice(&[1i32, 2, 3, 4, 5, 6], &[2, 3]).unwrap().into();
    for axis in [0, 1] {
        for step in [isize::MAX, isize::MIN, isize::MIN + 1, isize::MAX / 2 + 1] {
            for start in [None, Some(1), Some(isize::MAX), Some(isize::MIN)] {
                let y = x.slice_axis(axis, start, None, Some(step));
                for y in [y.slice_axis(axis, None, None, Some(step)), &y + 1, y.flip(())] {
                    let got = y.collect().unwrap();
                    assert_same("step", &got, &reference::collect(std::slice::from_ref(&y)).unwrap()[0]);
                }
            }
        }
    }
}

#[test]
fn comparisons_with_integers_beyond_every_type() {
    use opusclip_engine::array::promote::Weak;
    let i: Lazy = Array::from_slice(&[i64::MIN, -1, 0, i64::MAX], &[4]).unwrap().into();
    let u: Lazy = Array::from_slice(&[0, 1, u64::MAX - 1, u64::MAX], &[4]).unwrap().into();
    let b: Lazy = Array::from_slice(&[true, false], &[2]).unwrap().into();
    for v in [1i128 << 63, 1 << 64, 1 << 100] {
        for x in [&i, &u] {
            if v == 1 << 63 && x.dtype().unwrap() == DType::U64 {
                continue;
            }
            assert_eq!(x.less(Weak::Int(v)).collect().unwrap().to_vec::<bool>().unwrap(), [true; 4], "{v}");
            assert_eq!(x.greater_equal(Weak::Int(-v - 1)).collect().unwrap().to_vec::<bool>().unwrap(), [true; 4]);
            assert_eq!(x.equal(Weak::Int(v)).collect().unwrap().to_vec::<bool>().unwrap(), [false; 4], "{v}");
        }
        assert_eq!(b.less(Weak::Int(v)).collect().unwrap().to_vec::<bool>().unwrap(), [true; 2], "{v}");
    }
    assert_eq!(u.greater(-1).collect().unwrap().to_vec::<bool>().unwrap(), [true; 4]);
    assert!((&b + Weak::Int(1 << 63)).collect().is_err());
}

#[test]
fn rounding_takes_every_type() {
    for d in DType::ALL {
        let x: Lazy = Array::from_slice(&[0i8, 1, 1, 0], &[4]).unwrap().into();
        let got = x.cast(d).to_u8_rounded().collect().unwrap();
        assert_eq!(got.to_vec::<u8>().unwrap(), [0, 1, 1, 0], "{d}");
    }
    let x: Lazy = Array::from_slice(&[-128i8, -1, 127], &[3]).unwrap().into();
    assert_eq!(x.to_u8_rounded().collect().unwrap().to_vec::<u8>().unwrap(), [0, 0, 127]);
}

#[test]
fn literals_beyond_the_type_divide_and_bound() {
    let x: Lazy = Array::from_slice(&[0u8, 5, 255], &[3]).unwrap().into();
    let f64s = |l: Lazy| l.collect().unwrap().to_vec::<f64>().unwrap();
    assert_eq!(f64s(&x / 300), [0.0, 5.0 / 300.0, 0.85]);
    assert_eq!(f64s(&x / -1), [-0.0, -5.0, -255.0]);
    assert_eq!(f64s(300 / &x), [f64::INFINITY, 60.0, 300.0 / 255.0]);
    let u8s = |l: Lazy| l.collect().unwrap().to_vec::<u8>().unwrap();
    assert_eq!(u8s(x.clip(-1, 100)), [0, 5, 100]);
    assert_eq!(u8s(x.clip(1, 300)), [1, 5, 255]);
    // As NumPy: bounds that no value of the type meets are refused.
    assert!(x.clip(300, 400).collect().is_err());
    assert!(x.clip(-2, -1).collect().is_err());
    assert!((&x + 300).collect().is_err());
}

#[test]
fn each_sink_gets_parts_of_its_own_length() {
    for threads in [1, 3] {
        for lengths in [[1, 12], [12, 1], [5, 12]] {
            let v = numbers(50, vec![0], 1, Fault::Never);
            // The second stream is shorter than the first.
            let streams = [v.clone(), v.slice_axis(0, None, None, Some(2))];
            let mut outputs = Vec::new();
            let mut seen = Vec::new();
            for (l, part) in streams.iter().zip(lengths) {
                let (s, _) = sink(part, Fault::Never);
                seen.push(Arc::clone(&s.parts));
                outputs.push(Output::Sink(l.clone(), s));
            }
            run(outputs, &options(threads)).unwrap();
            for ((parts, l), length) in seen.iter().zip(&streams).zip(lengths) {
                let mut parts = parts.lock().unwrap().clone();
                parts.sort_by_key(|p| p.0);
                assert!(parts.iter().map(|p| p.0).eq(0..parts.len()), "{parts:?}");
                assert!(parts.iter().all(|p| p.1.len() <= length), "{parts:?}");
                assert!(parts.windows(2).all(|w| w[0].1.end == w[1].1.start), "{parts:?}");
                assert_eq!(parts.last().unwrap().1.end, l.shape().unwrap()[0]);
                // Not many more than there must be.
                assert!(parts.len() <= parts.last().unwrap().1.end.div_ceil(length) + 5, "{length}: {parts:?}");
            }
        }
    }
}

#[test]
fn tables_serve_frames_of_one_element() {
    let bytes = Random(7).bytes(300_001);
    let flat: Lazy = Array::from_slice(&bytes, &[300_001]).unwrap().into();
    let thin = flat.slice_axis(0, None, Some(300_000), None).reshape([100_000, 3].as_slice());
    for x in [flat.clone(), flat.flip(0), thin.clone(), thin.flip(1), thin.slice_axis(1, Some(1), None, None)] {
        let y = x.f32().sqrt();
        assert!(y.explain().contains("table of 256"), "{}", y.explain());
        let got = y.collect_with(&options(2)).unwrap();
        assert_same("table", &got, &reference::collect(&[y]).unwrap()[0]);
    }
}

#[test]
fn a_slice_of_shared_steps_is_pushed_once_through_each() {
    let got = within("pushdown", || {
        let mut x: Lazy = Array::from_slice(&[1u8, 2, 3], &[3]).unwrap().into();
        for _ in 0..60 {
            x = &x + &x;
        }
        x.slice_axis(0, Some(1), None, None).collect().unwrap()
    });
    assert_eq!(got.to_vec::<u8>().unwrap(), [0, 0]);
}

#[test]
fn sums_of_views_longer_than_memory_hold_no_list_of_their_parts() {
    // 2^33 elements: a list of leaves with what each needs would be 10 MB, of 2^60 more than there is.
    let x = of(&[7u8], &[1]).broadcast_to([1 << 23]);
    let options = RunOptions { threads: 2, ..RunOptions::default() };
    assert_eq!(x.sum(()).collect_with(&options).unwrap().to_vec::<u64>().unwrap(), [7 << 23]);
    let empty = of::<f32>(&[], &[0, 4]).broadcast_to([1 << 30, 0, 4]);
    assert_eq!(empty.matmul(of(&[0.5f32; 20], &[1, 4, 5])).collect().unwrap().shape(), [1 << 30, 0, 5]);
}
