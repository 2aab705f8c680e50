//! Windows along time, joins that stream, and outputs of different pace that share one reading.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use opusclip_engine::exec::reference;
use opusclip_engine::{Array, DType, Lazy, Monitor, Output, RunOptions, collect_all, explain, functions::concat, run};

use crate::stream::{Made, sink};
use crate::support::{assert_same, options};

type Window = (&'static str, fn(&Lazy) -> Lazy);

const WINDOWS: &[Window] = &[
    ("mean of 5", |x| x.rolling_mean(5, 0, false)),
    ("mean of 4 in the middle", |x| x.rolling_mean(4, 0, true)),
    ("sum of 7", |x| x.rolling_sum(7, 0, false)),
    ("min of 3", |x| x.rolling_min(3, 0, false)),
    ("max of 6 in the middle", |x| x.rolling_max(6, 0, true)),
    ("std of 4", |x| x.rolling_std(4, 0, false)),
    ("more than there is", |x| x.rolling_mean(100, 0, true)),
    ("of arithmetic", |x| ((x.f32() / 255.0).rolling_mean(3, 0, false) * 2.0).rolling_max(3, 0, false)),
    ("what differs from the mean before", |x| x.f32() - x.rolling_mean(8, 0, false)),
    ("median of a view", |x| x.sliding_window_view(5, 0).median(-1)),
];

#[test]
fn windows_over_time_stream_and_are_those_of_the_whole() {
    for cuts in [vec![0], vec![0, 8, 16, 24, 32]] {
        for dtype in [DType::U8, DType::I64, DType::F16, DType::F32, DType::F64] {
            for (name, window) in WINDOWS {
                let lazy = window(&Made::new(41, cuts.clone()).lazy().astype(dtype));
                let want = reference::collect(std::slice::from_ref(&lazy)).unwrap().remove(0);
                for threads in [1, 2, 4] {
                    let found = lazy.collect_with(&options(threads)).unwrap();
                    assert_same(&format!("{name} of {dtype} on {threads}"), &found, &want);
                }
            }
        }
    }
}

#[test]
fn a_window_is_the_reduction_of_a_slice_to_the_bit() {
    let x = (Made::new(30, vec![0]).lazy().f32() * 0.37).sin() * 1e3;
    let all = x.rolling_mean(6, 0, false).collect().unwrap();
    for t in [0usize, 3, 5, 6, 17, 29] {
        let one = x
            .slice_axis(0, Some(t.saturating_sub(5) as isize), Some(t as isize + 1), Some(1))
            .mean(0)
            .collect()
            .unwrap();
        let found = Lazy::from(all.clone()).index(t as isize).collect().unwrap();
        assert_same(&format!("frame {t}"), &found, &one);
    }
}

#[test]
fn windows_read_once_and_hold_no_whole() {
    let made = Made::new(4000, vec![0]);
    let read = Arc::clone(&made.read);
    let smooth = made.lazy().rolling_mean(9, 0, false);
    let text = smooth.explain();
    assert!(!text.contains("does not stream"), "{text}");
    let monitor = Monitor::new();
    // A whole array of it has 4 MB.
    let options = RunOptions { memory_limit: Some(1 << 20), monitor: monitor.clone(), ..options(2) };
    let (out, seen) = sink(10);
    run(vec![Output::Sink(smooth.clone(), out)], &options).unwrap();
    assert_eq!(read.load(Ordering::Relaxed), 4000);
    let want = smooth.collect().unwrap();
    assert_eq!(seen.lock().unwrap().bytes, want.contiguous_bytes().unwrap());
}

#[test]
fn joins_over_time_stream() {
    let a = Made::new(25, vec![0, 10]).lazy();
    let b = Made::new(33, vec![0]).lazy() + 7u8;
    let kept: Lazy = Array::zeros(DType::U8, &[4, 8, 6, 3]).unwrap().into();
    let joins: Vec<(&str, Lazy)> = vec![
        ("two", concat(&[a.clone(), b.clone()], 0)),
        ("promoted", concat(&[a.clone(), b.f32()], 0)),
        ("in memory between", concat(&[a.clone(), kept, b.clone()], 0)),
        (
            "cut out",
            concat(&[a.slice_axis(0, Some(0), Some(6), Some(1)), a.slice_axis(0, Some(15), Some(25), Some(1))], 0),
        ),
        ("the same twice", concat(&[a.clone(), a.clone()], 0)),
        ("rolled", a.roll(7, 0)),
        (
            "the later part first",
            concat(&[a.slice_axis(0, Some(12), Some(25), Some(1)), a.slice_axis(0, Some(0), Some(12), Some(1))], 0),
        ),
        ("every third", concat(&[a.clone(), b.clone()], 0).slice_axis(0, Some(1), Some(58), Some(3))),
        ("smoothed over the seam", concat(&[a.clone(), b.clone()], 0).rolling_mean(5, 0, false)),
        ("of joins", concat(&[concat(&[a.clone(), b.clone()], 0), concat(&[b.clone(), a.clone()], 0)], 0)),
        ("with arithmetic", concat(&[a.f32() * 0.5, b.f32().sqrt()], 0) + 1.0),
    ];
    for (name, lazy) in &joins {
        let want = reference::collect(std::slice::from_ref(lazy)).unwrap().remove(0).to_contiguous().unwrap();
        for threads in [1, 2, 4] {
            let found = lazy.collect_with(&options(threads)).unwrap();
            assert_same(&format!("{name} on {threads}"), &found, &want);
            let (out, seen) = sink(6);
            run(vec![Output::Sink(lazy.clone(), out)], &options(threads)).unwrap();
            assert_eq!(seen.lock().unwrap().bytes, want.contiguous_bytes().unwrap(), "{name} on {threads}");
        }
        let text = lazy.explain();
        assert!(!text.contains("does not stream"), "{name}: {text}");
    }
}

#[test]
fn joins_hold_no_whole_however_they_are_made() {
    let a = Made::new(3000, vec![0]).lazy();
    let b = Made::new(3000, vec![0]).lazy();
    let half = |from, to| a.slice_axis(0, Some(from), Some(to), Some(1));
    for (name, lazy) in [
        ("two", concat(&[a.clone(), b], 0)),
        ("twice", concat(&[a.clone(), a.clone(), a.clone()], 0)),
        ("rolled", concat(&[half(1500, 3000), half(0, 1500)], 0)),
        ("cut out", concat(&[half(0, 10), half(2900, 3000)], 0)),
    ] {
        let options = RunOptions { memory_limit: Some(300 << 10), ..options(2) };
        let (out, seen) = sink(10);
        run(vec![Output::Sink(lazy.clone(), out)], &options).unwrap_or_else(|e| panic!("{name}: {e}"));
        let bytes = seen.lock().unwrap().bytes.len();
        assert_eq!(bytes, lazy.shape().unwrap().iter().product::<usize>(), "{name}");
    }
}

#[test]
fn times_of_joined_frames_go_on() {
    let a = Made::new(5, vec![0]).lazy();
    let smooth = a.rolling_mean(3, 0, false);
    for (lazy, want) in [(smooth, 5i64), (concat(&[a.clone(), a.clone()], 0), 10)] {
        let (out, seen) = sink(4);
        run(vec![Output::Sink(lazy, out)], &options(2)).unwrap();
        assert_eq!(seen.lock().unwrap().pts, (0..want).collect::<Vec<_>>());
    }
}

#[test]
fn outputs_of_different_pace_share_one_reading_in_constant_memory() {
    let made = Made::new(3000, vec![0]);
    let read = Arc::clone(&made.read);
    let x = made.lazy();
    let graded = (x.f32() * 0.5 + 10.0).u8();
    let sheet = x.slice_axis(0, Some(0), Some(3000), Some(100));
    let ends = [x.slice_axis(0, Some(0), Some(1), Some(1)), x.slice_axis(0, Some(2999), Some(3000), Some(1))];
    let outputs = [x.mean((1, 2, 3)), x.mean(0), sheet, ends[0].clone(), ends[1].clone()];
    let want: Vec<Array> = outputs.iter().map(|l| l.collect().unwrap()).collect();
    let whole = graded.collect().unwrap();
    for threads in [1, 2, 4] {
        read.store(0, Ordering::Relaxed);
        let (out, seen) = sink(8);
        let mut all: Vec<Output> = outputs.iter().cloned().map(Output::Collect).collect();
        all.push(Output::Sink(graded.clone(), out));
        // The 30 frames of the sheet, sums and what is on its way; not 3000 frames.
        let options = RunOptions { memory_limit: Some(400 << 10), ..options(threads) };
        let report = run(all, &options).unwrap();
        assert_eq!(read.load(Ordering::Relaxed), 3000, "{threads}");
        for (n, (a, b)) in report.arrays.iter().zip(&want).enumerate() {
            assert_same(&format!("output {n} on {threads}"), a, b);
        }
        assert_eq!(seen.lock().unwrap().bytes, whole.contiguous_bytes().unwrap());
    }
}

#[test]
fn a_sheet_alone_in_memory_is_what_it_is_beside_others() {
    let x: Lazy = Lazy::from(Made::new(60, vec![0]).lazy().collect().unwrap());
    let outputs = [
        x.slice_axis(0, Some(3), Some(60), Some(7)),
        &x + 1u8,
        x.sum(0),
        x.rolling_sum(4, 0, false).slice_axis(0, Some(0), Some(60), Some(9)),
    ];
    let together = collect_all(&outputs, &options(2)).unwrap();
    for (a, l) in together.iter().zip(&outputs) {
        assert_same("together", a, &reference::collect(std::slice::from_ref(l)).unwrap().remove(0));
    }
    assert!(explain(&outputs, &options(2)).unwrap().contains("windows("));
}

#[test]
fn windows_and_a_mean_over_time_share_a_reading() {
    let made = Made::new(100, vec![0]);
    let read = Arc::clone(&made.read);
    let x = made.lazy();
    let outputs = [(x.f32() * 0.5).rolling_mean(5, 0, true).u8(), x.mean(0), x.rolling_std(3, 0, false)];
    collect_all(&outputs, &options(2)).unwrap();
    let text = explain(&outputs, &options(2)).unwrap();
    assert_eq!(read.load(Ordering::Relaxed), 100, "{text}");
}

#[test]
fn a_join_beside_other_readers_of_its_source_does_not_go_back() {
    let x = Made::of(&[60, 8, 6, 3], vec![]).lazy();
    let black = Lazy::from(Array::zeros(DType::U8, &[50, 8, 6, 3]).unwrap());
    let delayed = concat(&[black.clone(), x.slice_axis(0, None, Some(10), None)], 0);
    let loops = concat(&[x.clone(), black.clone()], 0);
    let twice = concat(&[loops.clone(), loops], 0);
    let shifted = &concat(&[black.slice_axis(0, None, Some(2), None), x.slice_axis(0, None, Some(58), None)], 0) + &x;
    for y in [&x + &delayed, twice, shifted] {
        for threads in [1, 2] {
            assert_same(
                "a join",
                &y.collect_with(&options(threads)).unwrap(),
                &reference::collect(std::slice::from_ref(&y)).unwrap()[0],
            );
        }
    }
    // One frame of a source, reduced, behind its other frames: chunks in which it is not due.
    let x = Made::of(&[20, 64, 64], vec![]).lazy();
    let one = x.slice_axis(0, Some(7), Some(8), None);
    let z = (one.f32() * one.f32().mean((1, 2)).keepdims()).mean((1, 2));
    let y = concat(&[x.f32().mean((1, 2)), z], 0);
    assert_same("one frame", &y.collect().unwrap(), &reference::collect(std::slice::from_ref(&y)).unwrap()[0]);
}

#[test]
fn windows_of_nothing_are_nothing_however_long() {
    let empty: Lazy = Array::zeros(DType::F32, &[0, 1 << 40]).unwrap().into();
    for y in [empty.rolling_sum(1 << 39, 1, false), empty.rolling_max(3, 1, true), empty.rolling_std(1 << 39, 1, true)]
    {
        assert_eq!(y.collect().unwrap().shape(), &[0, 1 << 40]);
    }
}

#[test]
fn more_readings_than_are_allowed_wait() {
    let sources: Vec<Lazy> = (0..10).map(|_| Made::of(&[3, 8, 6, 3], vec![]).lazy()).collect();
    let all = concat(&sources, 0);
    // Twice is ten readings more, three times would be twenty.
    for (times, waits) in [(2, false), (3, true)] {
        let y = concat(&vec![all.clone(); times], 0);
        assert_eq!(y.explain().contains("does not stream yet"), waits, "{times}");
        assert_same("readings", &y.collect().unwrap(), &reference::collect(std::slice::from_ref(&y)).unwrap()[0]);
    }
}

#[test]
fn times_of_joins_of_joins_are_found_once() {
    let start = std::time::Instant::now();
    let x = Made::of(&[5, 8, 6, 3], vec![]).lazy();
    let one: Lazy = Array::zeros(DType::U8, &[1, 8, 6, 3]).unwrap().into();
    let deep = (0..16).fold(one.clone(), |z, _| concat(&vec![z; 64], 0).slice_axis(0, None, None, Some(64)));
    // And a view with more frames than anybody has times for.
    let endless = one.broadcast_to([1isize << 40, 8, 6, 3]);
    for (y, frames) in
        [(concat(&[x.clone(), deep], 0), 6), (concat(&[x, endless], 0).slice_axis(0, None, Some(10), None), 10)]
    {
        let (kept, seen) = sink(4);
        run(vec![Output::Sink(y, kept)], &options(2)).unwrap();
        assert_eq!(seen.lock().unwrap().bytes.len(), frames * 8 * 6 * 3);
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn constants_pad_a_stream_and_other_modes_wait() {
    let x = Made::of(&[20, 8, 6, 3], vec![]).lazy();
    let widths = Array::from_slice(&[2i64, 3, 0, 0, 0, 0, 0, 0], &[4, 2]).unwrap();
    let plan = |mode: &str| x.pad(widths.clone(), mode).explain();
    // The source's frames are no whole array, the constants before and behind are.
    let text = plan("constant");
    assert!(text.contains("streams %4") && text.contains("whole arrays %1, %3 (does"), "{text}");
    let text = plan("reflect");
    assert!(text.contains("does not stream yet") && !text.contains("streams %4"), "{text}");
}
