//! `opusclip doctor`: what this machine can do, and whether a small job comes out right.

use serde_json::{Value, json};

use opusclip::Error;
use opusclip::error::bytes;
use opusclip::expr::Expr;

use crate::args::DoctorArgs;
use crate::engine_face::{self, Cancel, Limits, Monitor};
use crate::exit::{Failure, Outcome};
use crate::grade;
use crate::report::{self, Data};

/// Frames, height and width of the small job.
const JOB: (usize, usize, usize) = (3, 36, 64);

/// Runs the command.
pub(crate) fn run(args: &DoctorArgs) -> Outcome {
    let check = check();
    let isa = engine_face::instruction_set();
    let levels = engine_face::instruction_sets();
    let threads = engine_face::threads(0);
    let (total, available) = memory();
    let decoders = engine_face::decoders();
    let encoders = engine_face::encoders();
    let mut out = Data::stdout();
    if args.json {
        let (ok, detail) = match &check {
            Ok(said) => (true, said.clone()),
            Err(error) => (false, error.to_string()),
        };
        let value: Value = json!({
            "schema": "opusclip.doctor/1",
            "version": env!("CARGO_PKG_VERSION"),
            "instruction_set": isa,
            "instruction_sets": levels,
            "threads": threads,
            "memory_bytes": total,
            "memory_available_bytes": available,
            "decoders": decoders,
            "encoders": encoders,
            "check": { "ok": ok, "detail": detail },
        });
        out.json(&value)?;
    } else {
        let show = |b: Option<u64>| b.map_or("unknown".to_string(), bytes);
        out.text(&format!("version          {}\n", env!("CARGO_PKG_VERSION")))?;
        out.text(&format!("instruction set  {isa} (can run: {})\n", levels.join(", ")))?;
        out.text(&format!("threads          {threads}\n"))?;
        out.text(&format!("memory           {}, {} available\n", show(total), show(available)))?;
        out.text(&format!("decoders         {}\n", decoders.join(", ")))?;
        out.text(&format!("encoders         {}\n", encoders.join(", ")))?;
        if let Ok(said) = &check {
            out.text(&format!("small job        right: {said}\n"))?;
        }
    }
    out.finish()?;
    match check {
        Ok(_) => Ok(()),
        Err(error) => {
            report::error(&format!("doctor: {error}"));
            Err(Failure::Reported)
        }
    }
}

/// Runs the reference job on made frames and compares with [`truth`], which shares no code with
/// the engine. A level of difference is rounding; more is a fault.
fn check() -> Result<String, Error> {
    let (t, h, w) = JOB;
    let pixels = made_frames();
    let frames = engine_face::array(&pixels, &[t, h, w, 3])?;
    let job = Expr::parse(&grade::reference())?.eval(&[("x", frames)])?;
    let limits = Limits { threads: engine_face::threads(0), memory: None };
    let ours = engine_face::collect(vec![job], limits, &Cancel::new(), &Monitor::new())?;
    let ours = ours.first().ok_or_else(|| Error::internal("no result"))?;
    let truth = truth(&pixels);
    let apart = |(a, b): (&f64, &u8)| (a - f64::from(*b)).abs();
    let worst = ours.iter().zip(&truth).map(apart).fold(0.0, f64::max);
    let unlike = ours.iter().zip(&truth).map(apart).filter(|d| *d > 0.0).count();
    if ours.len() != truth.len() || worst > 1.0 || unlike * 1000 > truth.len() {
        return Err(Error::internal(format!(
            "the reference job is wrong on this machine: {unlike} of {} samples differ, by up to {worst} levels",
            truth.len()
        )));
    }
    Ok(format!("{} samples, {unlike} of them a level apart from the plain loop", truth.len()))
}

/// Frames that hold every value in every channel.
fn made_frames() -> Vec<u8> {
    let (t, h, w) = JOB;
    (0..t * h * w * 3).map(|n| (n.wrapping_mul(2_654_435_761) >> 7) as u8).collect()
}

/// The reference job in plain loops of double precision.
fn truth(pixels: &[u8]) -> Vec<u8> {
    let (_, h, w) = JOB;
    let mut out = Vec::with_capacity(pixels.len());
    for frame in pixels.chunks(h * w * 3) {
        let lit: Vec<f64> = frame.iter().map(|v| (f64::from(*v) / 255.0).powf(0.8)).collect();
        let mean = lit.iter().sum::<f64>() / lit.len() as f64;
        out.extend(lit.iter().map(|g| (((g - mean) * 1.2 + mean).clamp(0.0, 1.0) * 255.0) as u8));
    }
    out
}

/// Total and available memory where the system tells.
fn memory() -> (Option<u64>, Option<u64>) {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok().and_then(|kib| kib.checked_mul(1024))
    };
    (field("MemTotal:"), field("MemAvailable:"))
}
