//! `opusclip process`: one job for each input, several at a time, each reported as it ends.

use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use opusclip::Error;
use opusclip::error::{show_name, show_path};
use opusclip::expr::Expr;
use serde_json::{Value, json};

use crate::args::ProcessArgs;
use crate::engine_face::{self, Cancel, Limits, Monitors, Written};
use crate::exit::{self, Failure, Outcome};
use crate::grade;
use crate::profile;
use crate::progress::Progress;
use crate::report::{self, Data};
use crate::targets::{self, Target};

/// Runs the command.
pub(crate) fn run(args: &ProcessArgs, cancel: &Cancel) -> Outcome {
    let expr = grade::expression(&args.grade)?;
    let targets = targets::resolve(&args.inputs, &args.output)?;
    let outputs = targets.list.iter().map(|t| t.output.as_path());
    let taken: Vec<&Path> = args.inputs.iter().map(PathBuf::as_path).chain(outputs).collect();
    let profile = args.profile.as_deref().map(|path| profile::start(path, &taken, args.yes)).transpose()?;
    let threads = engine_face::threads(args.run.threads);
    // Files in parallel share the threads and the memory between them.
    let jobs = targets.list.len().min(threads).max(1);
    let limits = Limits {
        threads: (threads / jobs).max(1),
        memory: engine_face::memory(args.run.memory_limit).map(|bytes| (bytes / jobs as u64).max(1)),
    };
    let monitors = Monitors::new(profile.as_ref());
    let label = match targets.list.as_slice() {
        [one] => show_name(&one.output),
        many => format!("{} files", many.len()),
    };
    let all = monitors.clone();
    let bar = Progress::start(&label, !args.quiet, move || all.counts());

    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Value)>> = Mutex::new(Vec::new());
    let failed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let work = || {
                while let Some(target) = targets.list.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if cancel.is_cancelled() {
                        break;
                    }
                    let result = job(args, &expr, target, limits, cancel, &monitors);
                    let value = match result {
                        Ok(written) => tell(args, target, &written, &limits),
                        Err(error) => {
                            failed.fetch_add(1, Ordering::Relaxed);
                            // One line says that it was interrupted, not one for each file.
                            if !(error == Error::Cancelled && exit::signal().is_some()) {
                                report::error(&said(&error, target, targets.list.len(), jobs));
                            }
                            json!({
                                "schema": "opusclip.process/1",
                                "input": target.input.to_string_lossy(),
                                "output": target.output.to_string_lossy(),
                                "error": error.to_string(),
                            })
                        }
                    };
                    let at = targets.list.iter().position(|t| std::ptr::eq(t, target)).unwrap_or(0);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, value));
                }
            };
            // A system that gives no more threads still gets its files done, by those that are there.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                work();
            }
        }
    });
    drop(bar);
    if !args.quiet {
        for path in targets.stale() {
            report::warning(&format!("{}: left by a run that was killed; remove it", show_path(&path)));
        }
    }

    // A profile that cannot be written must not hide what was made.
    let profiled = match (&args.profile, &profile) {
        (Some(path), Some(profile)) => profile::write(path, profile, args.yes, args.quiet),
        _ => Ok(()),
    };
    if exit::signal().is_some() && cancel.is_cancelled() {
        return Err(Failure::Failed(Error::Cancelled));
    }
    let failed = failed.into_inner();
    let mut values = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    if args.json {
        values.sort_by_key(|v| v.0);
        let mut out = Data::stdout();
        for (_, value) in &values {
            out.json(value)?;
        }
        out.finish()?;
    }
    if failed == 0 {
        return profiled;
    }
    if targets.list.len() > 1 && !args.quiet {
        report::note(&format!("{failed} of {} files failed", targets.list.len()));
    }
    profiled?;
    Err(Failure::Reported)
}

/// One file, with everything that may go wrong as an error: a panic in it must not stop the others.
fn job(
    args: &ProcessArgs,
    expr: &Expr,
    target: &Target,
    limits: Limits,
    cancel: &Cancel,
    monitors: &Monitors,
) -> Result<Written, Error> {
    let work = || engine_face::process(args, expr, &target.input, &target.output, limits, cancel, monitors);
    panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(exit::panicked(&*payload)))
        .map_err(grade::named)
}

/// The words of an error. Where there are several inputs, they say which one it was.
fn said(error: &Error, target: &Target, inputs: usize, jobs: usize) -> String {
    match error {
        Error::Memory { .. } if jobs > 1 => {
            let file = show_path(&target.input);
            format!("{file}: {error}, for each of the {jobs} files that are made at once, or give --threads 1")
        }
        Error::Io { .. } | Error::Data { .. } | Error::Unsupported { .. } => error.to_string(),
        _ if inputs == 1 => error.to_string(),
        _ => format!("{}: {error}", show_path(&target.input)),
    }
}

/// Says how one file went; gives it as JSON too.
fn tell(args: &ProcessArgs, target: &Target, written: &Written, limits: &Limits) -> Value {
    let m = &written.monitor;
    let fps = if m.wall_seconds() > 0.0 { written.frames as f64 / m.wall_seconds() } else { 0.0 };
    for warning in &written.warnings {
        report::warning(&format!("{}: {warning}", show_path(&target.input)));
    }
    if !args.quiet {
        let plural = if written.frames == 1 { "" } else { "s" };
        let peak = opusclip::error::bytes(m.pool_peak_bytes());
        let planned = opusclip::error::bytes(m.planned_bytes());
        report::note(&format!(
            "{}: {} frame{plural}, {:.2} s, {} · {fps:.1} fps · peak {peak} of {planned} planned · {}",
            show_path(&target.output),
            written.frames,
            written.seconds,
            written.audio,
            m.verdict(),
        ));
    }
    if args.verbose {
        report::note(&format!(
            "  decode {:.2} s, compute {:.2} s, encode {:.2} s of {:.2} s on {} threads; {} written",
            m.decode_seconds(),
            m.compute_seconds(),
            m.encode_seconds(),
            m.wall_seconds(),
            limits.threads,
            opusclip::error::bytes(written.bytes),
        ));
    }
    json!({
        "schema": "opusclip.process/1",
        "input": target.input.to_string_lossy(),
        "output": target.output.to_string_lossy(),
        "frames": written.frames,
        "seconds": written.seconds,
        "audio": written.audio,
        "bytes": written.bytes,
        "warnings": written.warnings,
        "run": {
            "fps": fps,
            "threads": limits.threads,
            "wall_seconds": m.wall_seconds(),
            "decode_seconds": m.decode_seconds(),
            "compute_seconds": m.compute_seconds(),
            "encode_seconds": m.encode_seconds(),
            "verdict": m.verdict(),
            "peak_bytes": m.pool_peak_bytes(),
            "planned_bytes": m.planned_bytes(),
        },
    })
}
