//! Medians, shares and extremes out of one histogram of each frame: the same bits as by sorting, and one
//! histogram however many results there are.

use opusclip_engine::api::{Arg, call};
use opusclip_engine::exec::reference;
use opusclip_engine::passes::optimise;
use opusclip_engine::plan::{explain, lower};
use opusclip_engine::{Array, DType, Isa, Lazy, Monitor, Output, RunOptions, run};

use crate::stream::Made;
use crate::support::{Random, array_of, assert_same};

fn video(dtype: DType, shape: &[usize], seed: u64) -> Lazy {
    array_of(dtype, shape, &Random(seed).bytes(shape.iter().product())).into()
}

/// The monitor of the runs, each of which agrees with the reference, which sorts.
fn check(what: &str, lazy: &Lazy) -> Monitor {
    let wanted = reference::collect(std::slice::from_ref(lazy)).unwrap().remove(0);
    let monitor = Monitor::new();
    for threads in [1, 3] {
        for isa in [Isa::BASELINE, Isa::detect()] {
            let options = RunOptions { isa: Some(isa), threads, monitor: monitor.clone(), ..RunOptions::default() };
            assert_same(&format!("{what} on {threads}"), &lazy.collect_with(&options).unwrap(), &wanted);
        }
    }
    monitor
}

fn counted(what: &str, lazy: &Lazy) {
    let m = check(what, lazy);
    assert!(m.histograms() > 0 && m.counted() > 0, "{what}: {m:?}");
}

fn list(values: &[f64]) -> Lazy {
    Array::from_slice(values, &[values.len()]).unwrap().into()
}

const METHODS: [&str; 13] = [
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
];

#[test]
fn medians_and_shares_are_those_of_sorted_frames() {
    for (dtype, shape) in [
        (DType::U8, vec![3, 40, 27, 1]),
        (DType::U8, vec![1, 37, 31]),
        (DType::I8, vec![4, 33, 32]),
        (DType::I8, vec![2, 2001]),
    ] {
        let v = video(dtype, &shape, 5);
        let axes: Vec<isize> = (1..shape.len() as isize).collect();
        counted("median", &v.median(axes.clone()));
        counted("median, kept", &v.median(axes.clone()).keepdims());
        for method in METHODS {
            let by = |name: &str, q: Lazy| {
                let given = [
                    Arg::from(&v),
                    q.into(),
                    Arg::Ints(axes.clone()),
                    Arg::Keyword("method".into(), Box::new(method.into())),
                ];
                call(name, &given).unwrap()
            };
            counted(method, &by("quantile", Array::from_slice(&[0.3], &[]).unwrap().into()));
            counted(method, &by("percentile", list(&[0.0, 5.0, 50.0, 99.9, 100.0])));
        }
        let f32s: Lazy = Array::from_slice(&[0.1f32, 0.7], &[2]).unwrap().into();
        counted("q in float32", &v.quantile(&f32s, axes.clone()));
        counted("a literal", &v.quantile(0.3, axes.clone()));
    }
}

#[test]
fn what_is_computed_before_is_computed_of_the_values() {
    let v = video(DType::U8, &[3, 30, 40, 3], 9);
    let axes = (1, 2, 3);
    let m = v.f32().mean(axes).keepdims();
    let few: Lazy = {
        let bytes: Vec<u8> = Random(4).bytes(2 * 1200).iter().map(|b| 126 + b % 5).collect();
        Array::from_slice(&bytes, &[2, 1200]).unwrap().into()
    };
    let programs = [
        ("gamma", (v.f32() / 255.0).pow(0.8)),
        ("float64", (&v / 3).sqrt()),
        ("half", v.f32().astype(DType::F16) / 7.0),
        ("wrapping", &v * 7),
        ("signed", v.i16() - 100),
        ("NaN", (v.f32() - 100.0).log()),
        ("truth", v.greater(128)),
        ("per frame", v.f32() - m),
        ("numbers in an array", v.f32() * Lazy::from(Array::from_slice(&[0.3f32], &[1, 1]).unwrap())),
    ];
    for (name, x) in &programs {
        counted(name, &x.max(axes));
        counted(name, &x.min(axes).keepdims());
        if *name == "truth" {
            counted(name, &x.any(axes));
            counted(name, &x.all(axes));
            continue;
        }
        counted(name, &x.median(axes));
        counted(name, &x.nanmedian(axes));
        counted(name, &x.quantile(0.77, axes));
        counted(name, &x.nanquantile(0.77, axes));
        counted(name, &x.percentile(list(&[5.0, 95.0]), axes));
    }
    // Zeros of both signs, in the middle and at the ends.
    let zeros = (few.f32() - 128.0).minimum(0.0) * -0.0;
    counted("zeros", &zeros.median(1));
    counted("zeros", &zeros.quantile(list(&[0.0, 0.2, 0.4, 0.6, 1.0]), 1));
    counted("zeros", &zeros.max(1));
}

#[test]
fn one_histogram_serves_all_results() {
    let v = video(DType::U8, &[5, 40, 50, 3], 12);
    let axes = (1, 2, 3);
    let x = (v.f32() / 255.0).pow(0.8);
    let outputs = [
        v.median(axes),
        v.percentile(list(&[5.0, 50.0, 95.0]), axes),
        v.quantile(0.25, axes),
        v.min(axes),
        v.max(axes),
        x.min(axes),
        x.max(axes),
        x.median(axes),
        v.mean(axes),
        v.std(axes),
    ];
    let wanted = reference::collect(&outputs).unwrap();
    let text = explain::show(&optimise(lower(&outputs).unwrap()).unwrap());
    assert_eq!(text.matches("counts(").count(), 1, "{text}");
    assert!(text.contains("one histogram of 256 values a frame for all its 6 readers: exact"), "{text}");
    for threads in [1, 2] {
        let monitor = Monitor::new();
        let options = RunOptions { threads, monitor: monitor.clone(), ..RunOptions::default() };
        let found = run(outputs.iter().cloned().map(Output::Collect).collect(), &options).unwrap().arrays;
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_same("together", found, wanted);
        }
        assert_eq!(monitor.histograms(), 5, "{text}");
    }
}

#[test]
fn a_stream_is_read_once() {
    let v = Made::of(&[37, 40, 30, 1], vec![0, 12, 24]).lazy();
    let axes = (1, 2, 3);
    let away = v.f32() - v.f32().mean(axes).keepdims();
    let scaled = v.f32() * Lazy::from(Array::from_slice(&[0.3f32], &[1, 1]).unwrap());
    let outputs = [
        v.percentile(list(&[5.0, 50.0, 95.0]), axes),
        v.median(axes),
        away.max(axes),
        away.median(axes),
        scaled.min(axes),
    ];
    let wanted = reference::collect(&outputs).unwrap();
    for threads in [1, 2] {
        let monitor = Monitor::new();
        let options = RunOptions { threads, monitor: monitor.clone(), ..RunOptions::default() };
        let found = run(outputs.iter().cloned().map(Output::Collect).collect(), &options).unwrap().arrays;
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_same("streamed", found, wanted);
        }
        let text = explain::show(&optimise(lower(&outputs).unwrap()).unwrap());
        assert_eq!((monitor.histograms(), monitor.frames_read()), (37, 37), "{text}");
    }
}

#[test]
fn frames_that_lie_apart_and_one_large_frame() {
    let v = video(DType::U8, &[4, 50, 60, 3], 20);
    counted("flip", &v.flip(2).median((1, 2, 3)));
    counted("crop", &v.slice_axis(1, Some(3), Some(-2), Some(2)).median((1, 2, 3)));
    counted("every other", &v.slice_axis(0, None, None, Some(2)).median((1, 2, 3)));
    counted("planes", &v.permute_dims([0, 3, 1, 2]).median((1, 2, 3)));
    counted("one frame", &video(DType::U8, &[1, 700, 800], 3).median((1, 2)));
}

#[test]
fn what_is_not_counted() {
    let v = video(DType::U8, &[4, 50, 60, 3], 21);
    let none = |what: &str, lazy: &Lazy| {
        let m = check(what, lazy);
        assert_eq!(m.histograms(), 0, "{what}");
    };
    none("other axes", &v.median((1, 2)));
    none("over time", &v.median(0));
    none("all axes", &v.median(()));
    let words = array_of(DType::U16, &[2, 30, 40], &Random(2).bytes(4800));
    none("16 bits", &Lazy::from(words).median((1, 2)));
    none("small frames", &video(DType::U8, &[40, 5, 6], 1).median((1, 2)));
    none("extremes of the bytes themselves", &v.max((1, 2, 3)));
    none("sums", &(v.f32() / 255.0).mean((1, 2, 3)));
    none("two operands", &(v.i16() - v.flip(1)).median((1, 2, 3)));
}

#[test]
fn the_plan_of_counts() {
    let v: Lazy = Array::zeros(DType::U8, &[2, 40, 50, 3]).unwrap().into();
    let x = (v.f32() / 255.0).sqrt();
    let text = explain::show(&optimise(lower(&[v.median((1, 2, 3)), x.max((1, 2, 3)).keepdims()]).unwrap()).unwrap());
    let expected = "\
%0 = array in memory  : u8 (2, 40, 50, 3)
%1 = counts(%0)  : i64 (2, 256)
     one histogram of 256 values a frame for all its 2 readers: exact, bit-identical to sorting
%2 = array in memory  : u8 (1, 256)
%3 = counted_median(%1, %2, skip=false)  : f64 (2,)
%4 = array in memory  : f32 (1, 256)
%5 = occurring(%1, %4)  : f32 (2, 256)
%6 = max(%5, axis=[1]) of a  : f32 (2,)
     block by block: nothing to compute before the reduction
%7 = reshape(%6)  : f32 (2, 1, 1, 1)
→ %3, %7
";
    assert_eq!(text, expected);
}
