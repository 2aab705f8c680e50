//! What runs leave behind: per node and stage, verdicts, profiles, spans.

use std::collections::{BTreeMap, BTreeSet};

use opusclip_engine::monitor::{Bound, NodeSummary, PerformanceMonitor, Profile, RunSummary};
use opusclip_engine::{Array, DType, Lazy, Monitor, RunOptions, collect_all};
use serde_json::Value;

use crate::support::{Random, grade, of, options};

/// Checks a profile as its viewers read it: complete events, by thread one after another or one
/// within another. Gives the kinds of work.
pub(crate) fn check_profile(text: &str) -> BTreeSet<String> {
    let all: Value = serde_json::from_str(text).unwrap();
    let mut threads: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
    let (mut kinds, mut named) = (BTreeSet::new(), BTreeSet::new());
    let nanos = |v: &Value| (v.as_f64().unwrap() * 1e3).round() as u64;
    for e in all["traceEvents"].as_array().unwrap() {
        let thread = e["tid"].as_u64().unwrap();
        assert!(thread > 0 && e["pid"] == 1, "{e}");
        if e["ph"] == "M" {
            assert!(e["name"] == "thread_name" && !e["args"]["name"].as_str().unwrap().is_empty(), "{e}");
            named.insert(thread);
            continue;
        }
        assert_eq!(e["ph"], "X");
        assert!(!e["name"].as_str().unwrap().is_empty());
        let (start, length) = (nanos(&e["ts"]), nanos(&e["dur"]));
        assert!(length > 0, "{e}");
        threads.entry(thread).or_default().push((start, start + length));
        kinds.insert(e["cat"].as_str().unwrap().to_string());
    }
    assert!(threads.keys().all(|t| named.contains(t)));
    for events in threads.values_mut() {
        // Of two that begin together the longer one is around the other.
        events.sort_by_key(|&(start, end)| (start, std::cmp::Reverse(end)));
        let mut open: Vec<u64> = Vec::new();
        for &(start, end) in events.iter() {
            while open.last().is_some_and(|&o| o <= start) {
                open.pop();
            }
            assert!(open.last().is_none_or(|&o| end <= o), "{start}..{end} reaches out of {open:?}");
            open.push(end);
        }
    }
    kinds
}

fn video(shape: &[usize]) -> Lazy {
    Array::from_slice(&Random(3).bytes(shape.iter().product()), shape).unwrap().into()
}

fn seen(lazy: &Lazy, threads: usize) -> (Monitor, RunSummary) {
    let monitor = Monitor::new();
    lazy.collect_with(&RunOptions { monitor: monitor.clone(), ..options(threads) }).unwrap();
    let run = monitor.history().pop().unwrap();
    (monitor, run)
}

#[test]
fn nodes_say_what_they_did_and_how() {
    let shape = [5, 48, 64, 3];
    let (monitor, run) = seen(&grade(&video(&shape)), 2);
    let bytes = shape.iter().product::<usize>() as u64;
    let by = |path: &str| run.nodes.iter().filter(|n| n.path == path).collect::<Vec<&NodeSummary>>();
    let (counts, tables) = (by("counted"), by("table"));
    let ([counted], [table]) = (counts.as_slice(), tables.as_slice()) else { panic!("{run}") };
    assert_eq!((counted.what, counted.bytes_read, counted.bytes_written), ("mean", bytes, 5 * 4));
    assert_eq!((table.what, table.bytes_written), ("fused", bytes));
    assert!(table.bytes_read >= bytes && table.nanos > 0 && counted.nanos > 0);
    assert!(table.tables_built > 0 && table.tables_built == monitor.tables_built());
    assert_eq!(counted.calls, monitor.counted());
    assert_eq!(run.stages.iter().map(|s| s.bytes_written).sum::<u64>(), bytes + 5 * 4);
    // The second run finds the buffers of the first.
    let made = |r: &RunSummary| r.nodes.iter().map(|n| n.allocations + n.pool_hits).sum::<u64>();
    assert_eq!(made(&run), run.stages.iter().map(|s| s.allocations + s.pool_hits).sum::<u64>());
    assert!(made(&run) > 0);
    let numbers: Vec<usize> = run.nodes.iter().map(|n| n.number).collect();
    let plan = grade(&video(&shape)).explain();
    for (n, what) in numbers.iter().zip(["mean", "fused"]) {
        assert!(plan.contains(&format!("%{n} = {what}")), "{plan}\n{run}");
    }
}

#[test]
fn the_verdict_says_what_would_help() {
    let base = RunSummary::default();
    assert_eq!((base.bound(), base.verdict().as_str()), (Bound::Nothing, "nothing to do"));
    // A program of two full operands is computed block by block.
    let x = of(&Random(1).bytes(40_000).iter().map(|b| f64::from(*b)).collect::<Vec<_>>(), &[200, 200]);
    let (monitor, run) = seen(&(x.sin() * x.cos() + x.flip(0).exp()).log(), 1);
    assert_eq!(run.bound(), Bound::Compute, "{run}");
    let verdict = run.verdict();
    assert!(verdict.starts_with("compute-bound (100 % of the work): most of it in %"), "{verdict}");
    assert!(verdict.contains("(fused, block by block): more threads") && verdict.ends_with("would help"), "{verdict}");
    assert_eq!(monitor.verdict(), verdict);
    let nothing = Monitor::new();
    assert_eq!(nothing.verdict(), "nothing to do");
}

#[test]
fn the_history_is_bounded_and_all_of_it_is_json() {
    let x = video(&[4, 40, 50]);
    let monitor = Monitor::new();
    let options = RunOptions { monitor: monitor.clone(), ..options(1) };
    for _ in 0..70 {
        collect_all(&[x.f32().sqrt(), x.mean(0)], &options).unwrap();
    }
    let history = monitor.history();
    assert_eq!((history.len(), monitor.plans()), (64, 70));
    let json: Value = serde_json::from_str(&monitor.to_json()).unwrap();
    assert_eq!(json["plans"], 70);
    assert_eq!(json["history"].as_array().unwrap().len(), 64);
    let last = &json["history"][63];
    assert_eq!(last["nodes"].as_array().unwrap().len(), history[63].nodes.len());
    assert_eq!(last["verdict"], history[63].verdict());
    for key in ["number", "what", "path", "calls", "seconds", "bytes_read", "bytes_written", "allocations"] {
        assert!(!last["nodes"][0][key].is_null(), "{key}");
    }
    assert_eq!(last["stages"][0]["number"], 0);
    // A quiet one remembers nothing and counts what costs nothing.
    let quiet = Monitor::quiet();
    x.f32().sqrt().collect_with(&RunOptions { monitor: quiet.clone(), ..RunOptions::default() }).unwrap();
    assert_eq!((quiet.history().len(), quiet.wall_nanos(), quiet.plans()), (0, 0, 1));
}

#[test]
fn a_profile_of_threads_and_runs_nests() {
    let profile = Profile::new();
    let x = video(&[16, 200, 300]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let monitor = Monitor::profiled(&profile);
            let x = &x;
            scope.spawn(move || {
                for threads in [1, 2] {
                    let options = RunOptions { monitor: monitor.clone(), ..options(threads) };
                    (x.f32().sqrt() + x.f64().flip(0)).mean((1, 2)).collect_with(&options).unwrap();
                    (of(&[1.0f64], &[1]) + 1.0).collect_with(&options).unwrap();
                }
            });
        }
    });
    let kinds = check_profile(&profile.to_json());
    assert!(["run", "stage", "compute"].iter().all(|k| kinds.contains(*k)), "{kinds:?}");
    assert!(profile.len() > 12 && !profile.is_empty());
    assert!(profile.to_json().contains("(blocks)"));
}

#[test]
fn a_scope_watches_the_runs_of_its_thread() {
    let x = video(&[4, 40, 50]);
    let (outer, inner) = (Monitor::new(), Monitor::new());
    let scope = outer.watch();
    x.f32().sqrt().collect().unwrap();
    {
        let _inner = inner.watch();
        (of(&[1u8], &[1]) + 1).collect().unwrap();
        std::thread::scope(|s| s.spawn(|| x.f32().collect().unwrap()).join().unwrap());
        // A run that is given a monitor keeps it.
        x.f64().collect_with(&RunOptions { monitor: Monitor::new(), ..RunOptions::default() }).unwrap();
    }
    collect_all(&[x.f32().exp()], &RunOptions::default()).unwrap();
    drop(scope);
    x.f32().collect().unwrap();
    assert_eq!((outer.plans(), outer.eager()), (2, 0));
    assert_eq!((inner.plans(), inner.eager()), (0, 1));
}

#[test]
fn spans_are_timed_counted_and_bounded() {
    let perf = PerformanceMonitor::remembering(5);
    for n in 0..20 {
        perf.time("outer", || {
            let _inner = perf.span(format!("inner {}", n % 2));
            perf.count("frames", 3);
            std::hint::black_box(video(&[1, 4, 4]).f32().collect().unwrap());
        });
    }
    let summary = perf.summary();
    let names: BTreeSet<&str> = summary.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["outer", "inner 0", "inner 1"]));
    let outer = summary.iter().find(|s| s.name == "outer").unwrap();
    assert_eq!((outer.count, summary[0].name.as_str()), (20, "outer"));
    assert!(outer.min > 0.0 && outer.min <= outer.mean && outer.mean <= outer.max && outer.p95 <= outer.max);
    assert!((outer.mean * 20.0 - outer.total).abs() < 1e-9);
    let history = perf.history();
    assert_eq!((history.len(), history[4].name.as_str()), (5, "outer"));
    assert!(history.iter().all(|r| r.seconds > 0.0 && r.start > 0.0));
    assert_eq!(perf.counts(), [("frames".to_string(), 60)]);
    assert_eq!(perf.monitor().eager(), 20);
    let json: Value = serde_json::from_str(&perf.to_json()).unwrap();
    assert_eq!((&json["summary"][0]["count"], &json["counts"]["frames"]), (&20.into(), &60.into()));
    assert_eq!(json["runs"]["eager"], 20);
    assert!(perf.to_string().starts_with("outer: 20 times, "));
    perf.clear();
    assert!(perf.summary().is_empty() && perf.history().is_empty());
    let mut empty = PerformanceMonitor::remembering(0);
    empty.time("a \"quoted\"\nname", || ());
    serde_json::from_str::<Value>(&empty.to_json()).unwrap();
    empty = PerformanceMonitor::new();
    assert_eq!(empty.summary(), []);
    if cfg!(target_os = "linux") {
        let (now, most) = PerformanceMonitor::memory().unwrap();
        assert!(now > 0 && now <= most);
    }
}

#[test]
fn scopes_end_in_any_order() {
    let x: Lazy = Array::zeros(DType::U8, &[10, 64, 64]).unwrap().into();
    let (a, b, c) = (Monitor::new(), Monitor::new(), Monitor::new());
    let (first, second) = (a.watch(), b.watch());
    drop(first);
    x.f32().mean(()).collect().unwrap();
    assert_eq!((a.plans(), b.plans()), (0, 1));
    let third = c.watch();
    drop(second);
    x.f32().mean(()).collect().unwrap();
    drop(third);
    x.f32().mean(()).collect().unwrap();
    assert_eq!((a.plans(), b.plans(), c.plans()), (0, 1, 1));
}
