//! A stream in its steady state allocates nothing: four times the frames cost no more allocations.
//! A test of its own, because it counts what the whole process allocates.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use opusclip_engine::flow::{Cursor, Encoded, Part, Rational, Sink, Source, StreamInfo};
use opusclip_engine::{Array, DType, Lazy, Monitor, Output, Result, RunOptions, run};
use opusclip_raw::memory::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

/// Frames of bytes that a codec would have made; what the codec itself allocates does not count.
#[derive(Debug)]
struct Made {
    info: StreamInfo,
    cuts: Vec<usize>,
}

impl Made {
    fn lazy(shape: &[usize], group: usize) -> Lazy {
        let info = StreamInfo::constant_rate(shape.to_vec(), DType::U8, Rational { num: 25, den: 1 });
        Lazy::source(Arc::new(Made { info, cuts: (0..shape[0]).step_by(group).collect() }))
    }
}

struct At(usize);

impl Cursor for At {
    fn next_into(&mut self, raw: &mut [u8]) -> Result<()> {
        raw.copy_from_slice(&(self.0 as u64).to_le_bytes());
        self.0 += 1;
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
        Ok(Counting::excepted(|| Box::new(At(frames.start))))
    }
    fn unpack(&self, raw: &[u8], out: &mut [u8]) -> Result<()> {
        for (i, o) in out.iter_mut().enumerate() {
            *o = raw[0].wrapping_mul(37).wrapping_add((i * 11) as u8);
        }
        Ok(())
    }
}

/// Lets every frame go.
struct Nowhere;

impl Part for Nowhere {
    fn push(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn finish(self: Box<Self>) -> Result<Encoded> {
        Ok(Encoded::default())
    }
}

impl Sink for Nowhere {
    fn describe(&self) -> String {
        "nowhere".into()
    }
    fn begin(&mut self, _: &StreamInfo) -> Result<()> {
        Ok(())
    }
    fn part_frames(&self) -> usize {
        8
    }
    fn part_bytes(&self) -> usize {
        0
    }
    fn part(&self, _: usize, _: Range<usize>) -> Result<Box<dyn Part>> {
        // Of no size: the box is not allocated.
        Ok(Box::new(Nowhere))
    }
    fn join(&mut self, _: Encoded) -> Result<()> {
        Ok(())
    }
    fn finish(&mut self) -> Result<Box<dyn Any + Send>> {
        Ok(Box::new(()))
    }
}

/// Allocations of one run.
fn allocations(job: fn(&Lazy) -> Lazy, shape: [usize; 4], group: usize, threads: usize) -> u64 {
    let video = job(&Made::lazy(&shape, group));
    let options = RunOptions { threads, monitor: Monitor::new(), ..RunOptions::default() };
    let before = Counting::allocations();
    run(vec![Output::Sink(video, Box::new(Nowhere))], &options).unwrap();
    Counting::allocations() - before
}

fn filter() -> Lazy {
    Array::from_fn(&[48, 64, 3], |i| 0.5 + (i[0] + i[1] + i[2]) as f32 * 0.01).unwrap().into()
}

type Job = (&'static str, fn(&Lazy) -> Lazy);

/// The seed's job, a table for each frame; chains in blocks; reductions; two frames; a move.
const JOBS: [Job; 10] = [
    ("seed", |v| {
        let g = (v.f32() / 255.0).pow(0.8);
        let m = g.mean((1, 2, 3)).keepdims();
        (((&g - &m) * 1.2 + &m).clip(0.0, 1.0) * 255.0).u8()
    }),
    ("invert", |v| -(v - 255u8)),
    ("blocks", |v| (v.f32() * filter() + 1.0).sqrt().u8()),
    ("doubles", |v| (v.f64() * 0.5).sin() + v.f64()),
    ("mean", |v| (v.f32() / 255.0).sqrt().mean((1, 2, 3))),
    ("greatest", |v| v.max((1, 2, 3))),
    ("spread", |v| v.f32().std((1, 2, 3))),
    ("diff", |v| v.i16().diff(0).absolute().u8()),
    ("motion", |v| v.i16().diff(0).absolute().mean((1, 2, 3))),
    ("planes", |v| v.permute_dims([0, 3, 1, 2]).f32() / 255.0),
];

#[test]
fn a_stream_allocates_nothing_for_a_frame() {
    let mut wrong = Vec::new();
    for (name, job) in JOBS {
        for (threads, group) in [(1, 1000), (2, 1000), (2, 8)] {
            for (height, width) in [(48, 64), (240, 320)] {
                if width == 320 && name == "blocks" {
                    continue;
                }
                let of = |frames: usize| allocations(job, [frames, height, width, 3], group, threads);
                // More small frames wait at a time than large ones.
                let frames = if width == 64 { 200 } else { 50 };
                // Statics, and threads that did not exist yet.
                of(10);
                let (short, long) = (of(frames), of(4 * frames));
                // Lists that double as they grow; and a second worker may have its first frame late.
                let late = if threads == 1 { 0 } else { frames as u64 };
                if long > short + 24 + late {
                    wrong.push(format!(
                        "{name} {width} × {height}, {threads} threads, groups of {group}: {short}, {long}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "allocations of some frames and of four times as many:\n{}", wrong.join("\n"));
}
