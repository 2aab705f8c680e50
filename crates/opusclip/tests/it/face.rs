//! The library as a user meets it: the five-line job on real clips.

use opusclip::exec::reference;
use opusclip::prelude::*;
use opusclip::{Monitor, open};

use crate::support::{Scratch, sample};

fn grade(frames: &Lazy) -> Lazy {
    let g = (frames.f32() / 255.0).pow(0.8);
    let m = g.mean((1, 2, 3)).keepdims();
    (((&g - &m) * 1.2 + &m).clip(0.0, 1.0) * 255.0).u8()
}

#[test]
fn a_graded_clip_is_what_the_reference_says_of_its_decoded_frames() {
    for name in ["bunny.mp4", "rotated.mp4", "odd_crop.mp4", "one_frame.mp4", "full_601.mp4"] {
        let v = Video::open(sample(name)).unwrap();
        let few = v.frames().slice_axis(0, Some(0), Some(3), None);
        let monitor = Monitor::new();
        let options = RunOptions { monitor: monitor.clone(), ..RunOptions::default() };
        let fast = grade(&few).collect_with(&options).unwrap();
        let decoded: Lazy = few.collect().unwrap().into();
        let meaning = reference::collect(&[grade(&decoded)]).unwrap().remove(0);
        assert_eq!(fast.to_vec::<u8>().unwrap(), meaning.to_vec::<u8>().unwrap(), "{name}");
        assert!(monitor.tables() > 0 && monitor.counted() > 0 && monitor.blocks() == 0, "{name}: {monitor:?}");
    }
}

#[test]
fn closed_groups_in_parallel_give_the_same_bytes() {
    let dir = Scratch::new("face-threads");
    let v = Video::open(sample("closed.mp4")).unwrap();
    let mut files = Vec::new();
    for threads in 1..=4 {
        let monitor = Monitor::new();
        let options = RunOptions { threads, monitor: monitor.clone(), ..RunOptions::default() };
        let path = dir.path(&format!("{threads}.mp4"));
        grade(&v.frames()).sink_video_with(&path, &Encode::like(&v).gop(12), &options).unwrap();
        let groups = v.facts().key_frames as u64;
        assert!(groups >= 4, "the sample has several closed groups");
        assert_eq!(monitor.cursors(), if threads == 2 { groups } else { 1 }, "{threads} threads");
        files.push(std::fs::read(&path).unwrap());
    }
    assert!(files.iter().all(|f| *f == files[0]));
}

#[test]
fn two_looks_at_one_file_are_one_reading() {
    let v = Video::open(sample("closed.mp4")).unwrap();
    let monitor = Monitor::new();
    let options = RunOptions { monitor: monitor.clone(), threads: 1, ..RunOptions::default() };
    let wanted = [v.frames().f32().mean((1, 2, 3)), v.frames().max((1, 2, 3))];
    opusclip::collect_all(&wanted, &options).unwrap();
    assert_eq!(monitor.frames_read(), v.facts().frames as u64);
}

#[test]
fn files_are_told_by_content() {
    assert!(open::open(sample("bunny.mp4")).unwrap().video().is_some());
    let dir = Scratch::new("face-content");
    let path = dir.path("really_an_array.mp4");
    let sink = opusclip::store::npy::NpySink::create(&path, false).unwrap();
    let ones: Lazy = Array::from_slice(&[1u8; 24], &[2, 4, 3]).unwrap().into();
    opusclip::run(vec![opusclip::Output::Sink(ones, Box::new(sink))], &RunOptions::default()).unwrap();
    let back = open::open(&path).unwrap();
    assert!(back.video().is_none());
    assert_eq!(back.frames().collect().unwrap().to_vec::<u8>().unwrap(), [1u8; 24]);
}

#[test]
fn unknown_suffixes_are_refused_with_the_known_ones() {
    let e = open::sink(&Scratch::new("face-suffix").path("x.avi"), &Encode::default(), false).err().unwrap();
    assert!(e.to_string().contains("known are .mp4, .m4v, .npy"), "{e}");
}
