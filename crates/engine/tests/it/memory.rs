//! The memory contract: buffers come back whatever happens, dead inputs are written over, limits are
//! kept, and a cancelled run ends soon.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use opusclip_engine::exec::reference;
use opusclip_engine::{Array, Cancel, DType, Error, Lazy, Monitor, Output, RunOptions, functions::concat, run};
use opusclip_raw::Pool;

use crate::stream::{Made, sink};
use crate::support::{assert_same, grade, options};

/// Options with a pool of their own.
fn pooled(threads: usize) -> (Pool, RunOptions) {
    let pool = Pool::new(64 << 20);
    (pool.clone(), RunOptions { pool: Some(pool), ..options(threads) })
}

fn jobs(v: &Lazy) -> Vec<Lazy> {
    let motion = v.i16().diff(0).absolute();
    vec![
        grade(v),
        motion.u8(),
        motion.mean((1, 2, 3)),
        v.permute_dims([0, 3, 1, 2]).f32() / 255.0,
        (v.f32() - v.f32().mean(0)).absolute().u8(),
        v.sort(1) + v,
        v.f32().std((1, 2)),
    ]
}

#[test]
fn every_buffer_comes_back_after_an_end_of_any_kind() {
    for threads in [1, 3] {
        for cuts in [vec![0], (0..50).step_by(4).collect::<Vec<_>>()] {
            let made = |fail: Option<usize>| match fail {
                Some(at) => Made::failing(50, cuts.clone(), at).lazy(),
                None => Made::new(50, cuts.clone()).lazy(),
            };
            for (n, lazy) in jobs(&made(None)).into_iter().enumerate() {
                let want = reference::collect(std::slice::from_ref(&lazy)).unwrap().remove(0);
                let (pool, opts) = pooled(threads);
                let got = lazy.collect_with(&opts).unwrap();
                assert_same(&format!("job {n}"), &got, &want);
                drop(got);
                assert_eq!(pool.stats().out_bytes, 0, "job {n} done");
                // Again, in what the first run left behind.
                let (s, seen) = sink(7);
                run(vec![Output::Sink(lazy, s)], &opts).unwrap();
                assert!(seen.lock().unwrap().bytes == want.to_contiguous().unwrap().contiguous_bytes().unwrap());
                assert_eq!(pool.stats().out_bytes, 0, "job {n} sunk");
                assert!(pool.stats().held_bytes <= pool.cap());
            }
            for (n, lazy) in jobs(&made(Some(17))).into_iter().enumerate() {
                let (pool, opts) = pooled(threads);
                let e = run(vec![Output::Sink(lazy, sink(7).0)], &opts).unwrap_err();
                assert!(e.to_string().contains("frame 17 is bad"), "job {n}: {e}");
                assert_eq!(pool.stats().out_bytes, 0, "job {n} failed");
            }
            for failing in [sink(7).0.failing(20), sink(7).0.panicking(20)] {
                let (pool, opts) = pooled(threads);
                run(vec![Output::Sink(grade(&made(None)), Box::new(failing))], &opts).unwrap_err();
                assert_eq!(pool.stats().out_bytes, 0, "a sink that failed");
            }
            let source = Made::new(5000, vec![0]);
            let (read, (pool, mut opts)) = (source.read.clone(), pooled(threads));
            opts.cancel = Cancel::new();
            let (cancel, lazy) = (opts.cancel.clone(), grade(&source.lazy()));
            let run_it = std::thread::spawn(move || run(vec![Output::Sink(lazy, sink(7).0)], &opts).map(|_| ()));
            while read.load(Ordering::Relaxed) < 20 {
                std::thread::yield_now();
            }
            cancel.cancel();
            // It may have been done before.
            let _ = run_it.join().unwrap();
            assert_eq!(pool.stats().out_bytes, 0, "cancelled");
        }
    }
}

#[test]
fn a_result_is_written_over_an_input_that_nobody_looks_at_again() {
    let x = Array::from_fn(&[40, 30, 50], |i| ((i[0] * 7 + i[1] * 13 + i[2] * 29) % 101) as f32).unwrap();
    let x: Lazy = x.into();
    let sorted = x.sort(2);
    let run_over = |lazy: &Lazy| {
        let monitor = Monitor::new();
        let opts = RunOptions { monitor: monitor.clone(), ..pooled(1).1 };
        let got = run(vec![Output::Collect(lazy.clone())], &opts).unwrap().arrays.remove(0);
        assert_same("written over", &got, &reference::collect(std::slice::from_ref(lazy)).unwrap()[0]);
        monitor.donated()
    };
    assert!(run_over(&(&sorted * 2.0 + 1.0).sort(1)) > 0);
    // Another type of the same width, and an input that stands twice in the program.
    assert!(run_over(&(&sorted * &sorted).i32().sort(1)) > 0);
    // Not where somebody looks at it later, where the widths differ, or at arrays of the caller.
    assert_eq!(run_over(&((&sorted * 2.0).sort(1) + &sorted.sort(1))), 0);
    assert_eq!(run_over(&(&sorted * 2.0).f64().sort(1)), 0);
    assert_eq!(run_over(&(&x * 2.0).sort(1)), 0);
}

#[test]
fn a_cancelled_run_ends_soon_in_the_middle_of_any_work() {
    let big: Lazy = Array::zeros(DType::F32, &[1 << 24]).unwrap().into();
    let wide: Lazy = Array::zeros(DType::F64, &[4000, 2000]).unwrap().into();
    let mut heavy = &big + 0.5;
    for _ in 0..40 {
        heavy = (heavy.sin() + 1.5).pow(0.7);
    }
    let square: Lazy = Array::zeros(DType::F64, &[3000, 3000]).unwrap().into();
    let rows: Lazy = Array::from_fn(&[3000, 4000], |i| ((i[0] * 31 + i[1] * 17) % 4001) as f64).unwrap().into();
    let video = Made::of(&[4, 1000, 1000, 3], vec![0]).lazy();
    let filter: Lazy = Array::from_fn(&[1000, 1], |i| i[0] as f64 * 0.001).unwrap().into();
    let slow = Made::slow(6000, Duration::from_millis(1)).lazy();
    let (first, last) = (slow.slice_axis(0, None, Some(10), None), slow.slice_axis(0, Some(5000), None, None));
    let long: [(&str, Lazy); 8] = [
        ("blocks", heavy.clone()),
        ("a sum", heavy.sum(())),
        ("columns", (0..30).fold(wide.clone(), |x, _| (x + 0.1).cos().exp()).sum(0)),
        ("rows", (0..30).fold(wide.clone(), |x, _| (x + 0.1).cos().exp()).sum(1)),
        ("a fold", (0..30).fold(video.f64(), |x, _| (x + filter.clone()).cos().exp()).mean(0)),
        ("frames passed over", concat(&[first, last], 0) + 1u8),
        ("a product", square.matmul(&square)),
        ("sorted rows", (0..20).fold(rows, |x, _| (x * -1.0).sort(1))),
    ];
    for (what, lazy) in long {
        for threads in [1, 2] {
            let cancel = Cancel::new();
            let opts = RunOptions { cancel: cancel.clone(), ..options(threads) };
            let work = {
                let lazy = lazy.clone();
                std::thread::spawn(move || lazy.collect_with(&opts).map(|_| ()))
            };
            std::thread::sleep(Duration::from_millis(60));
            let asked = Instant::now();
            cancel.cancel();
            let end = work.join().unwrap();
            assert_eq!(end, Err(Error::Cancelled), "{what}, {threads} threads");
            let took = asked.elapsed();
            assert!(took < Duration::from_millis(700), "{what}, {threads} threads: {took:?}");
        }
    }
}

#[test]
fn limits_are_words_and_refusals_say_what_would_do() {
    let limit = |text: &str| RunOptions::default().limit(text).map(|o| o.memory_limit);
    assert_eq!(limit("512MiB"), Ok(Some(512 << 20)));
    assert_eq!(limit(" 1.5 g"), Ok(Some(3 << 29)));
    assert_eq!(limit("2GB"), Ok(Some(2_000_000_000)));
    let e = limit("lots").unwrap_err().to_string();
    assert!(e.contains("'lots' given; expected bytes such as 512MiB, 2GiB or 2GB"), "{e}");
    assert!(limit("0").unwrap_err().to_string().contains("out of range"));
    let v = Made::new(1000, vec![0]).lazy();
    let monitor = Monitor::new();
    let opts = RunOptions { monitor: monitor.clone(), ..options(2).limit("60KiB").unwrap() };
    run(vec![Output::Sink(grade(&v), sink(16).0)], &opts).unwrap();
    assert!(monitor.planned_bytes() <= 60 << 10);
    let measured = monitor.pool_peak_bytes();
    assert!(measured > 0 && measured <= monitor.planned_bytes(), "{measured} of {}", monitor.planned_bytes());
    let e = run(vec![Output::Sink(grade(&v), sink(16).0)], &opts.limit("1KiB").unwrap()).unwrap_err().to_string();
    assert!(e.contains("raise the limit to 1 MiB"), "{e}");
}

#[test]
fn a_run_that_failed_is_in_the_history() {
    let monitor = Monitor::new();
    let opts = RunOptions { monitor: monitor.clone(), ..options(2) };
    run(vec![Output::Sink(grade(&Made::failing(50, vec![0], 17).lazy()), sink(7).0)], &opts).unwrap_err();
    let history = monitor.history();
    let source = history[0].nodes.iter().find(|n| n.what == "source").unwrap();
    assert!(history.len() == 1 && history[0].stages.len() == 1 && source.calls > 0, "{history:?}");
    assert!(monitor.pool_peak_bytes() > 0);
}

#[test]
fn steps_that_do_not_live_together_are_planned_in_the_same_buffers() {
    let planned = |steps: usize| {
        let monitor = Monitor::new();
        let video = Made::of(&[60, 40, 60, 3], vec![0]).lazy();
        let lazy = (0..steps).fold(video, |v, _| (v.sort(1) / 2u8).sort(2));
        let opts = RunOptions { monitor: monitor.clone(), ..options(2) };
        run(vec![Output::Sink(lazy, sink(16).0)], &opts).unwrap();
        assert!(monitor.pool_peak_bytes() <= monitor.planned_bytes(), "{steps} steps: {monitor:?}");
        monitor.planned_bytes()
    };
    assert_eq!(planned(3), planned(12));
    // What waits in buffers of other sizes, as at the end of the stream, is in the plan too.
    let v = Made::of(&[61, 40, 60, 3], vec![0]).lazy();
    let monitor = Monitor::new();
    let opts = RunOptions { monitor: monitor.clone(), ..options(3) };
    let lazy = (v.sort(1).f64().sort(2) + 1.0).sort(1).f32().sort(2).i16().sort(1);
    run(vec![Output::Sink(lazy, sink(9).0)], &opts).unwrap();
    assert!(monitor.pool_peak_bytes() <= monitor.planned_bytes());
}

#[test]
fn memory_that_blocks_used_serves_counts() {
    let x = Array::from_fn(&[8, 64, 64], |i| (i[0] * 7 + i[1] * 13 + i[2] * 29) as u8).unwrap();
    // The first frames have no table that can be counted.
    let factors = Array::from_fn(&[8, 1, 1], |i| if i[0] == 0 { f32::NAN } else { i[0] as f32 }).unwrap();
    let sums = (Lazy::from(x).f32() * Lazy::from(factors)).sum((1, 2));
    let monitor = Monitor::new();
    let got = sums.collect_with(&RunOptions { monitor: monitor.clone(), ..options(1) }).unwrap();
    assert_same("sums", &got, &reference::collect(std::slice::from_ref(&sums)).unwrap()[0]);
    assert!(monitor.counted() > 0 && monitor.blocks() > 0, "{monitor:?}");
}

#[test]
fn joins_within_joins_are_planned_as_they_meet() {
    let wide = |frames: usize| Made::of(&[frames, 200, 300, 3], vec![]).lazy();
    let inner = concat(&[wide(3), wide(40), wide(30)], 0).rolling_mean(6, 0, true);
    let outer = concat(&[wide(5).f64(), inner.f64(), wide(4).f64() * 2.0], 0);
    let twice = &outer.slice_axis(0, Some(1), None, None) - &outer.slice_axis(0, None, Some(-1), None);
    for lazy in [outer, twice] {
        for threads in [1, 2] {
            let monitor = Monitor::new();
            let opts = RunOptions { monitor: monitor.clone(), ..options(threads) };
            let (kept, _) = sink(4);
            run(vec![Output::Sink(lazy.clone(), kept)], &opts).unwrap();
            assert!(
                monitor.pool_peak_bytes() <= monitor.planned_bytes(),
                "{} threads: {} of {}",
                threads,
                monitor.pool_peak_bytes(),
                monitor.planned_bytes()
            );
        }
    }
}
