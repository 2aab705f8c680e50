//! Memory as the system sees it: what a process holds at most, whatever the length of what it reads.

use std::path::{Path, PathBuf};
use std::process::Command;

use opusclip::functions::concat;
use opusclip::prelude::*;
use opusclip::store::npy::NpySink;
use opusclip::{Monitor, Output, RunOptions, run};

use crate::support::{Scratch, sample};

#[path = "../../../../examples/larger_than_memory.rs"]
mod larger;

/// What a process of tests holds beside its frames: stacks and arenas of threads, pages of the program
/// that are touched late, what the allocator keeps.
const BESIDE: u64 = 24 << 20;

/// Runs the test `memory::worker` of this binary in a process of its own; gives what it answers.
fn in_a_process(job: &str, arguments: &[&Path]) -> Vec<u64> {
    let answer = arguments[0].with_extension("answer");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "memory::worker"]).env("OPUSCLIP_TEST_JOB", job).env("OPUSCLIP_TEST_ANSWER", &answer);
    for (n, a) in arguments.iter().enumerate() {
        command.env(format!("OPUSCLIP_TEST_{n}"), a);
    }
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    let text = std::fs::read_to_string(answer).unwrap();
    text.split_whitespace().map(|n| n.parse().unwrap()).collect()
}

/// The other process: does nothing unless [`in_a_process`] asks.
#[test]
fn worker() {
    let Ok(job) = std::env::var("OPUSCLIP_TEST_JOB") else { return };
    let path = |n: usize| PathBuf::from(std::env::var_os(format!("OPUSCLIP_TEST_{n}")).unwrap());
    let before = larger::status("VmHWM");
    let answer = match job.as_str() {
        "graded" => {
            let done = larger::job(&path(0), &path(1), 64 << 20).unwrap();
            [done.monitor.planned_bytes(), done.monitor.frames_read()]
        }
        "smoothed" => {
            let x = opusclip::open_npy(path(0)).unwrap();
            let y = (x.f32() * 0.5).rolling_mean(5, 0, true).u8();
            let monitor = Monitor::new();
            let options = RunOptions { threads: 2, monitor: monitor.clone(), ..RunOptions::default() };
            let sink = NpySink::create(&path(1), true).unwrap();
            run(vec![Output::Sink(y, Box::new(sink)), Output::Collect(x.mean(0))], &options).unwrap();
            [monitor.planned_bytes(), monitor.frames_read()]
        }
        other => panic!("no job {other}"),
    };
    let text = format!("{before} {} {} {}", larger::status("VmHWM"), answer[0], answer[1]);
    std::fs::write(std::env::var_os("OPUSCLIP_TEST_ANSWER").unwrap(), text).unwrap();
}

#[test]
fn an_array_larger_than_the_limit_is_read_once_and_held_never() {
    let folder = Scratch::new("larger");
    let (path, graded) = (folder.path("frames.npy"), folder.path("graded.npy"));
    let frames = larger::make(&path, 384 << 20).unwrap();
    let [before, peak, planned, read] = in_a_process("graded", &[&path, &graded]).try_into().unwrap();
    assert_eq!(read, frames as u64);
    assert!(planned <= 64 << 20, "{planned}");
    assert!(peak - before < (64 << 20) + BESIDE, "{before} {peak}");
    // The same answers in plain loops over a few frames.
    let done = larger::job(&path, &graded, 64 << 20).unwrap();
    let (x, y) = (opusclip::load(&path).unwrap(), opusclip::load(&graded).unwrap());
    let means = done.means.to_vec::<f64>().unwrap();
    let (x, y) = (x.contiguous_bytes().unwrap(), y.contiguous_bytes().unwrap());
    let size = x.len() / frames;
    for t in [0, 1, 63, 64, frames - 1] {
        let frame = &x[t * size..(t + 1) * size];
        let sum: u64 = frame.iter().map(|v| u64::from(*v)).sum();
        assert_eq!(means[t], sum as f64 / size as f64, "{t}");
        for (a, b) in frame.iter().zip(&y[t * size..]) {
            assert_eq!(((f32::from(*a) / 255.0).sqrt() * 255.0) as u8, *b);
        }
    }
    let mean = done.mean.to_vec::<f64>().unwrap();
    for place in [0, 1, size / 2, size - 1] {
        let sum: u64 = (0..frames).map(|t| u64::from(x[t * size + place])).sum();
        assert_eq!(mean[place], sum as f64 / frames as f64);
    }
    assert_eq!(done.strip.shape(), [frames.div_ceil(64), 23, 40, 3]);
    let strip = done.strip.to_vec::<u8>().unwrap();
    assert_eq!(strip[23 * 40 * 3 + 40 * 3 + 3], x[64 * size + 16 * 640 * 3 + 16 * 3]);
}

#[test]
fn ten_thousand_frames_take_no_more_than_a_hundred() {
    let folder = Scratch::new("lengths");
    let mut peaks = Vec::new();
    for frames in [100, 10_000] {
        let (path, out) = (folder.path(&format!("{frames}.npy")), folder.path(&format!("{frames}-out.npy")));
        let noise = Generator::new(1).unwrap().integers(0, 256, &[100, 60, 80, 3], DType::U8, false).unwrap();
        let parts: Vec<Lazy> = (0..frames / 100).map(|n| Lazy::from(noise.clone()) + (n % 100) as u8).collect();
        let sixty: Vec<Lazy> = parts.chunks(50).map(|c| concat(c, 0)).collect();
        opusclip::save(&path, concat(&sixty, 0)).unwrap();
        let answers: Vec<Vec<u64>> = (0..3).map(|_| in_a_process("smoothed", &[&path, &out])).collect();
        assert!(answers.iter().all(|a| a[3] == frames as u64), "{answers:?}");
        peaks.push(answers.iter().map(|a| a[1]).min().unwrap());
    }
    let (few, many) = (peaks[0] as f64, peaks[1] as f64);
    // What grows with their number is what is known of each frame (its times, where a part may begin):
    // some hundred bytes, where a frame has 14,400. Pictures of a usual size hide it in the 5 %.
    assert!(many < few * 1.05 + 400.0 * 10_000.0, "{few} bytes for 100 frames, {many} for 10,000");
}

#[test]
fn statistics_a_graded_file_and_a_contact_sheet_come_from_one_decode() {
    let folder = Scratch::new("contact");
    let v = Video::open(sample("bunny.mp4")).unwrap();
    let x = v.frames();
    let graded = ((x.f32() / 255.0).sqrt() * 255.0).u8();
    // Twelve small pictures, four in a row.
    let small = larger::every(&larger::every(&larger::every(&x, 0, 11), 1, 8), 2, 8);
    let [n, h, w, c] = small.shape().unwrap().try_into().unwrap();
    let grid =
        |s: &Lazy| s.reshape([3, n as isize / 3, h as isize, w as isize, c as isize]).permute_dims([0, 2, 1, 3, 4]);
    let sheet = grid(&small).reshape([3 * h as isize, (n / 3 * w) as isize, c as isize]);
    let monitor = Monitor::new();
    let options = RunOptions { monitor: monitor.clone(), ..RunOptions::default() };
    let target = folder.path("graded.npy");
    let outputs = vec![
        Output::Collect(x.mean((1, 2, 3))),
        Output::Collect(x.std((0, 1, 2))),
        Output::Collect(sheet.clone()),
        Output::Sink(graded.clone(), Box::new(NpySink::create(&target, false).unwrap())),
    ];
    let report = run(outputs, &options).unwrap();
    assert_eq!(monitor.frames_read(), 132);
    let alone = collect_all(&[x.mean((1, 2, 3)), x.std((0, 1, 2)), sheet, graded], &RunOptions::default()).unwrap();
    let bytes = |a: &Array| a.to_contiguous().unwrap().contiguous_bytes().unwrap().to_vec();
    for (a, b) in report.arrays.iter().zip(&alone) {
        assert_eq!(bytes(a), bytes(b));
    }
    assert_eq!(bytes(&opusclip::load(&target).unwrap()), bytes(&alone[3]));
    opusclip::save(folder.path("sheet.npy"), report.arrays[2].clone()).unwrap();
}
