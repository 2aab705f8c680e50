//! One side of `benches/speed.py`: reads lines of job, rounds and threads with tabs between them, and
//! answers each with the milliseconds of every round, as JSON, so that ours and theirs can take turns.
//! The job `isas` names the instruction sets there are. Only the last job's arrays are kept.
//!
//! The inputs are those that NumPy's `default_rng(1)` gives in the script.

use std::io::{BufRead, Write};
use std::time::Instant;

use opusclip::prelude::*;
use opusclip::{Array, DType, Error, Isa, Lazy, Result, RunOptions, collect_all};

/// What one job computes.
struct Job {
    outputs: Vec<Lazy>,
}

fn bytes(shape: &[usize]) -> Result<Lazy> {
    Ok(Generator::new(1)?.integers(0, 256, shape, DType::U8, false)?.into())
}

fn floats(shape: &[usize], dtype: DType) -> Result<Lazy> {
    Ok(Generator::new(1)?.random(shape, dtype)?.into())
}

fn normals(shape: &[usize], dtype: DType) -> Result<Lazy> {
    Ok(Generator::new(1)?.standard_normal(shape, dtype)?.into())
}

fn grade(frames: &Lazy) -> Lazy {
    let g = (frames.f32() / 255.0).pow(0.8);
    let m = g.mean((1, 2, 3)).keepdims();
    (((&g - &m) * 1.2 + &m).clip(0.0, 1.0) * 255.0).u8()
}

const FRAMES: [usize; 4] = [10, 480, 640, 3];
const MANY: usize = 1 << 24;

fn job(name: &str) -> Result<Job> {
    let image = |v: [f32; 3]| Array::from_slice(&v, &[3]).map(Lazy::from);
    let one = |l: Lazy| vec![l];
    let outputs = match name {
        "seed batch" => one(grade(&bytes(&FRAMES)?)),
        "seed frame" => one(grade(&bytes(&[1, 1080, 1920, 3])?)),
        "imagenet" => {
            let x = bytes(&[64, 224, 224, 3])?.f32() / 255.0;
            let x = (x - image([0.485, 0.456, 0.406])?) / image([0.229, 0.224, 0.225])?;
            one(x.permute_dims((0, 3, 1, 2)))
        }
        "frame stats" => {
            let x = bytes(&[30, 720, 1280, 3])?;
            vec![x.mean((1, 2, 3)), x.std((1, 2, 3))]
        }
        "frame medians" => {
            let x = bytes(&[30, 720, 1280, 3])?;
            let shares = Lazy::from(Array::from_slice(&[5.0, 50.0, 95.0], &[3])?);
            vec![x.median((1, 2, 3)), x.percentile(shares, (1, 2, 3)), x.min((1, 2, 3)), x.max((1, 2, 3))]
        }
        "motion" => {
            let x = bytes(&[30, 720, 1280, 3])?.i16();
            one((x.index(1..) - x.index(..29)).abs().mean((1, 2, 3)))
        }
        "filter f64" => one(floats(&FRAMES, DType::F64)? * floats(&[480, 640, 1], DType::F64)?),
        "diff f64" => one(floats(&FRAMES, DType::F64)?.diff(0)),
        "where f64" => {
            let x = floats(&FRAMES, DType::F64)?;
            one(x.greater(0.5).where_(&x, 0.0))
        }
        "chain f32" => {
            let x = normals(&[MANY], DType::F32)?;
            one((&x * &x + 1.0).sqrt() * 0.5 + (-x.abs()).exp() - x.tanh())
        }
        "chain f64" => {
            let x = normals(&[MANY / 2], DType::F64)?;
            one((&x * &x + 1.0).sqrt() * 0.5 + (-x.abs()).exp() - x.tanh())
        }
        "square sin f32" => {
            let x = normals(&[MANY], DType::F32)?;
            one(x.pow(2) + x.sin())
        }
        "square sin f64" => {
            let x = normals(&[MANY / 2], DType::F64)?;
            one(x.pow(2) + x.sin())
        }
        "sum axis 0" => one(floats(&[256, 256, 256], DType::F32)?.sum(0)),
        "sum axis 1" => one(floats(&[256, 256, 256], DType::F32)?.sum(1)),
        "sum axis 2" => one(floats(&[256, 256, 256], DType::F32)?.sum(2)),
        "sum all" => one(floats(&[256, 256, 256], DType::F32)?.sum(())),
        "sum f64 axis 0" => one(floats(&[128, 256, 256], DType::F64)?.sum(0)),
        "matmul f32" => {
            let x = floats(&[1024, 1024], DType::F32)?;
            one(x.matmul(&x))
        }
        "sort f32" => one(floats(&[2_000_000], DType::F32)?.sort(0)),
        "tiny f64" => one(floats(&[3], DType::F64)? * 2.0 + 1.0),
        other => return Err(Error::value("speed", format!("no job is named {other}"))),
    };
    Ok(Job { outputs })
}

fn answer(kept: &mut Option<(String, Job)>, name: &str, rounds: usize, threads: usize) -> Result<String> {
    if name == "isas" {
        let names: Vec<&str> = Isa::available().into_iter().map(Isa::name).collect();
        return Ok(serde_json::json!({ "isas": names }).to_string());
    }
    if kept.as_ref().is_none_or(|(last, _)| last != name) {
        *kept = Some((name.to_string(), job(name)?));
    }
    let Some((_, job)) = kept else { return Ok(String::new()) };
    let options = RunOptions { threads, ..RunOptions::default() };
    let mut times = Vec::with_capacity(rounds);
    let mut check = Vec::new();
    for round in 0..rounds {
        let start = Instant::now();
        let made = collect_all(&job.outputs, &options)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        if round == 0 {
            for array in &made {
                check.push(Lazy::from(array.clone()).f64().mean(()).collect()?.item()?.to_f64());
            }
        }
    }
    Ok(serde_json::json!({ "ms": times, "check": check }).to_string())
}

fn main() -> Result<()> {
    let mut kept = None;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
        let mut parts = line.split('\t');
        let name = parts.next().unwrap_or_default();
        let mut number = || parts.next().and_then(|p| p.parse().ok()).unwrap_or(0);
        let (rounds, threads) = (number(), number());
        let text = answer(&mut kept, name, rounds, threads)?;
        if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    Ok(())
}
