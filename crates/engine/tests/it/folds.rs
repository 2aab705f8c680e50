//! Reductions over time: frames are taken in one after another, and the answer is that of the whole.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use opusclip_engine::exec::reference;
use opusclip_engine::{DType, ErrState, Lazy, Monitor, Output, RunOptions, explain, run};

use crate::stream::{Made, sink};
use crate::support::{assert_same, options};

/// Frames of numbers of every kind, no two alike; odd ones among the floats.
fn frames(dtype: DType, shape: &[usize], cuts: &[usize]) -> Lazy {
    let x = Made::of(shape, cuts.to_vec()).lazy();
    if !dtype.is_float() && !dtype.is_complex() {
        return x.astype(dtype);
    }
    let wave = (x.f32() * 0.37).sin() * 100.0 / (x.f32() + 0.1);
    if dtype.is_complex() { wave.complex(wave.cos()).astype(dtype) } else { wave.astype(dtype) }
}

type Reduction = (&'static str, fn(&Lazy) -> Lazy);

const REDUCTIONS: &[Reduction] = &[
    ("sum(0)", |x| x.sum(0)),
    ("mean(0)", |x| x.mean(0)),
    ("mean(0) kept", |x| x.mean(0).keepdims()),
    ("sum()", |x| x.sum(())),
    ("mean()", |x| x.mean(())),
    ("sum(0, 1, 2)", |x| x.sum((0, 1, 2))),
    ("mean(0, 1)", |x| x.mean((0, 1))),
    ("var(0)", |x| x.var(0)),
    ("std()", |x| x.std(())),
    ("var(0, 1, 2)", |x| x.var((0, 1, 2))),
    ("max(0)", |x| x.max(0)),
    ("min()", |x| x.min(())),
    ("any(0)", |x| x.any(0)),
    ("all()", |x| x.all(())),
];

#[test]
fn every_reduction_over_time_is_that_of_the_whole() {
    let mut folded = 0;
    for (shape, cuts) in [([37, 8, 6, 3], vec![0, 8, 16, 24]), ([21, 1, 70, 2], vec![0])] {
        for dtype in DType::ALL {
            let x = frames(dtype, &shape, &cuts);
            for (name, reduce) in REDUCTIONS {
                let lazy = reduce(&x);
                let want = reference::collect(std::slice::from_ref(&lazy)).unwrap().remove(0);
                for threads in [1, 2, 4] {
                    let monitor = Monitor::new();
                    let found =
                        lazy.collect_with(&RunOptions { monitor: monitor.clone(), ..options(threads) }).unwrap();
                    assert_same(&format!("{name} of {dtype} {shape:?} on {threads}"), &found, &want);
                    folded += monitor.folds();
                }
            }
        }
    }
    // All but those of complex numbers that are chosen, and means of 64-bit integers in columns.
    assert!(folded > 700, "{folded}");
}

#[test]
fn leaves_are_those_of_the_whole() {
    // A leaf ends inside a frame, and within a row of results.
    let x = Made::of(&[9, 300, 411, 3], vec![0, 3, 6]).lazy();
    let wave = (x.f32() * 0.37).sin() / 3.0;
    for dtype in [DType::F32, DType::F64] {
        let x = wave.astype(dtype);
        for lazy in [x.sum(()), x.mean((0, 1, 2)), x.sum((0, 1))] {
            let want = reference::collect(std::slice::from_ref(&lazy)).unwrap().remove(0);
            for threads in [1, 3] {
                assert_same("leaves", &lazy.collect_with(&options(threads)).unwrap(), &want);
            }
        }
    }
}

#[test]
fn numbers_that_two_floats_cannot_hold_are_exact_too() {
    let x = Made::of(&[40, 2, 40, 1], vec![0, 10, 20, 30]).lazy().f32();
    // Powers of two from 2^-120 to 2^127, and some infinities.
    let wide = (&x - 128.0).exp2();
    for lazy in [wide.sum(0), wide.sum(()), (1.0 / &x).sum(0), (1.0 / (&x - 37.0)).sum(())] {
        let want = reference::collect(std::slice::from_ref(&lazy)).unwrap().remove(0);
        for threads in [1, 2] {
            assert_same("wide", &lazy.collect_with(&options(threads)).unwrap(), &want);
        }
    }
}

#[test]
fn a_mean_over_time_and_the_frames_again_are_two_readings_and_no_whole_array() {
    let made = Made::of(&[200, 40, 30, 3], vec![0]);
    let read = Arc::clone(&made.read);
    let v = made.lazy();
    let away = (v.f32() - v.f32().mean(0)).absolute().u8();
    let text = away.explain();
    assert!(!text.contains("does not stream yet"), "{text}");
    assert!(text.contains("takes in frame by frame"), "{text}");
    let want = reference::collect(std::slice::from_ref(&away)).unwrap().remove(0);
    let already = read.load(Ordering::Relaxed);
    let (s, seen) = sink(16);
    // All frames as f32 are 2.9 MB.
    let opts = RunOptions { memory_limit: Some(1 << 20), ..options(2) };
    run(vec![Output::Sink(away, s)], &opts).unwrap();
    assert!(seen.lock().unwrap().bytes == want.contiguous_bytes().unwrap());
    assert_eq!(read.load(Ordering::Relaxed) - already, 400);
}

#[test]
fn a_reduction_over_time_shares_the_reading_of_a_sink() {
    let made = Made::of(&[60, 8, 6, 3], (0..60).step_by(10).collect());
    let read = Arc::clone(&made.read);
    let v = made.lazy();
    let (mean, deep, most) = (v.mean(()), v.f64().sqrt().mean(0), v.max(0));
    let lazies = [mean.clone(), deep.clone(), most.clone()];
    let want = reference::collect(&lazies).unwrap();
    for threads in [1, 2, 4] {
        let already = read.load(Ordering::Relaxed);
        let (s, seen) = sink(8);
        let outputs = lazies.iter().cloned().map(Output::Collect).chain([Output::Sink(&v / 2.0, s)]).collect();
        let report = run(outputs, &options(threads)).unwrap();
        for (found, want) in report.arrays.iter().zip(&want) {
            assert_same("beside a sink", found, want);
        }
        assert_eq!(seen.lock().unwrap().frames.len(), 60);
        assert_eq!(read.load(Ordering::Relaxed) - already, 60);
    }
}

#[test]
fn a_reduction_of_what_goes_to_a_sink_keeps_no_whole_of_it() {
    let v = Made::of(&[200, 40, 30, 3], vec![0]).lazy();
    let bright = v.f32() * 1.5;
    let mean = bright.mean(0);
    let want = reference::collect(std::slice::from_ref(&mean)).unwrap().remove(0);
    let (s, seen) = sink(16);
    // All frames of it are 2.9 MB.
    let monitor = Monitor::new();
    let opts = RunOptions { memory_limit: Some(1 << 20), monitor: monitor.clone(), ..options(2) };
    let report = run(vec![Output::Collect(mean), Output::Sink(bright, s)], &opts).unwrap();
    assert_same("of a sunk array", &report.arrays[0], &want);
    assert_eq!(seen.lock().unwrap().frames.len(), 200);
    assert!(monitor.pool_peak_bytes() < 1 << 20, "{}", monitor.pool_peak_bytes());
}

#[test]
fn a_failure_ends_a_reduction_over_time() {
    for cuts in [vec![0], (0..50).step_by(4).collect::<Vec<_>>()] {
        for threads in [1, 2, 4] {
            let v = Made::failing(50, cuts.clone(), 17).lazy();
            for lazy in [v.mean(0), v.f64().sqrt().sum(())] {
                let e = lazy.collect_with(&options(threads)).unwrap_err().to_string();
                assert!(e.contains("frame 17 is bad"), "{e}");
            }
        }
    }
}

#[test]
fn infinities_everywhere_take_no_more_room_than_numbers() {
    let v = Made::of(&[30, 60, 80, 3], vec![0]).lazy();
    // Every place meets one sooner or later.
    let wild = (v.f32() - 128.0).log();
    for lazy in [wild.mean(0), (v.f32() * 0.0).log().sum(0)] {
        let want = reference::collect(std::slice::from_ref(&lazy)).unwrap().remove(0);
        assert_same("wild", &lazy.collect_with(&options(2)).unwrap(), &want);
    }
}

#[test]
fn the_monitor_and_the_plan_know_reductions_over_time() {
    let v = Made::of(&[20, 8, 6, 3], vec![0]).lazy();
    let monitor = Monitor::new();
    let mean = (v.f32() / 255.0).mean(0);
    mean.collect_with(&RunOptions { monitor: monitor.clone(), ..options(1) }).unwrap();
    let run = monitor.history().pop().unwrap();
    let node = run.nodes.iter().find(|n| n.what == "mean").unwrap();
    assert_eq!((node.bytes_read, node.bytes_written), (20 * 144, 20 * 144 * 4));
    assert!(node.calls > 0 && node.nanos > 0 && node.path != "op", "{node:?}");
    // A watched run reduces the whole, and says so.
    let watched = RunOptions { errors: ErrState::RAISE, ..options(1) };
    assert!(explain(std::slice::from_ref(&mean), &watched).unwrap().contains("does not stream yet"));
    assert!(explain(&[mean], &options(1)).unwrap().contains("takes in frame by frame"));
}

#[test]
fn wide_rows_of_integers_are_written_in_a_moment() {
    // A million results: what is done once for each of them must not look at all of them.
    let v = Made::of(&[3, 1000, 1000, 1], vec![]).lazy();
    let start = std::time::Instant::now();
    let whole = Lazy::from(v.collect().unwrap());
    for (made, all) in [(v.mean(0), whole.mean(0)), (v.sum(0), whole.sum(0)), (v.var(0), whole.var(0))] {
        assert_same("a million columns", &made.collect().unwrap(), &all.collect().unwrap());
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
