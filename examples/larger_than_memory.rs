//! An array in a file that is larger than the memory it may take: statistics, a graded file and a strip
//! of thumbnails, from one reading.
//!
//!     cargo run --release -p opusclip --example larger_than_memory FOLDER [MIB] [LIMIT_MIB]
//!
//! makes FOLDER/frames.npy of so many MiB of random bytes (8192), works through it under the limit (256),
//! prints what was planned and what was measured, and removes both files.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use opusclip::prelude::*;
use opusclip::store::npy::NpySink;
use opusclip::{Monitor, Output, Result, RunOptions};

/// Height, width and channels of a frame.
const FRAME: [usize; 3] = [360, 640, 3];

/// What a job gives.
#[derive(Debug)]
pub(crate) struct Done {
    /// Mean of each frame.
    pub(crate) means: Array,
    /// Mean over time.
    pub(crate) mean: Array,
    /// Every 64th frame or so, 16 times smaller.
    pub(crate) strip: Array,
    /// Counters.
    pub(crate) monitor: Monitor,
}

/// Writes an array of about so many bytes of noise; gives its number of frames.
///
/// # Errors
/// Of writing.
pub(crate) fn make(path: &Path, bytes: u64) -> Result<usize> {
    let frame = FRAME.iter().product::<usize>();
    let frames = (bytes / frame as u64).max(1) as usize;
    let failed = |e: std::io::Error| Error::Io { path: path.into(), detail: e.to_string() };
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    let text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({frames}, 360, 640, 3), }}");
    let head = format!("{text:<117}\n");
    file.write_all(b"\x93NUMPY\x01\x00").map_err(failed)?;
    file.write_all(&(head.len() as u16).to_le_bytes()).map_err(failed)?;
    file.write_all(head.as_bytes()).map_err(failed)?;
    let mut noise = Generator::new(4)?;
    for _ in 0..frames {
        file.write_all(&noise.bytes(frame)?).map_err(failed)?;
    }
    file.into_inner().map_err(|e| failed(e.into_error()))?.sync_all().map_err(failed)?;
    Ok(frames)
}

/// Every so many elements of an axis.
pub(crate) fn every(x: &Lazy, axis: isize, step: isize) -> Lazy {
    x.slice_axis(axis, None, None, Some(step))
}

/// Reads `path` once and writes `graded`.
///
/// # Errors
/// Of reading, of writing, and of a limit that does not do.
pub(crate) fn job(path: &Path, graded: &Path, limit: u64) -> Result<Done> {
    let x = opusclip::open_npy(path)?;
    let grade = ((x.f32() / 255.0).sqrt() * 255.0).u8();
    let strip = every(&every(&every(&x, 0, 64), 1, 16), 2, 16);
    let sink = NpySink::create(graded, true)?;
    let monitor = Monitor::new();
    let options = RunOptions { memory_limit: Some(limit), monitor: monitor.clone(), ..RunOptions::default() };
    let outputs = vec![
        Output::Collect(x.mean((1, 2, 3))),
        Output::Collect(x.mean(0)),
        Output::Collect(strip),
        Output::Sink(grade, Box::new(sink)),
    ];
    let mut arrays = opusclip::run(outputs, &options)?.arrays.into_iter();
    let mut next = || arrays.next().ok_or_else(|| Error::internal("a run gave fewer arrays than were asked for"));
    let (means, mean, strip) = (next()?, next()?, next()?);
    Ok(Done { means, mean, strip, monitor })
}

/// A number of kB out of this process's status, in bytes; 0 where there is none.
pub(crate) fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

#[allow(dead_code, clippy::print_stdout)]
fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    let mut number = |default: u64| arguments.next().and_then(|a| a.parse().ok()).unwrap_or(default) << 20;
    let (bytes, limit) = (number(8192), number(256));
    let (path, graded) = (folder.join("frames.npy"), folder.join("graded.npy"));
    let frames = make(&path, bytes)?;
    let before = status("VmHWM");
    let begun = Instant::now();
    let done = job(&path, &graded, limit);
    let seconds = begun.elapsed().as_secs_f64();
    let _ = (fs::remove_file(&path), fs::remove_file(&graded));
    let done = done?;
    println!("means {:?}, mean {:?}, strip {:?}", done.means.shape(), done.mean.shape(), done.strip.shape());
    let mib = |b: u64| b as f64 / f64::from(1 << 20);
    println!("{frames} frames, {:.0} MiB, under a limit of {:.0} MiB", mib(bytes), mib(limit));
    println!("planned peak {:.1} MiB on {} threads", mib(done.monitor.planned_bytes()), done.monitor.threads());
    println!("largest process {:.1} MiB, {:.1} MiB before", mib(status("VmHWM")), mib(before));
    println!("{seconds:.1} s, {:.0} MB/s read and as many written", bytes as f64 / seconds / 1e6);
    println!("{}", done.monitor.verdict());
    Ok(())
}
