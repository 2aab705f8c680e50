//! What this program asks of the library, in one place.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use opusclip::error::show_path;
use opusclip::expr::Expr;
use opusclip::flow::StreamInfo;
use opusclip::open::Input;
use opusclip::store::npy::NpyReport;
use opusclip::store::pending::{self, PendingFile};
use opusclip::video::{Encode, Preset as EncoderPreset, Video, VideoFacts, WriteReport};
use opusclip::{Array, DType, Error, Isa, Lazy, Output, RunOptions};

pub(crate) use opusclip::{Cancel, Monitor, Profile};

use crate::args::{FrameRange, Preset, ProcessArgs};
use crate::exit::Failure;

/// What a run may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) threads: usize,
    pub(crate) memory: Option<u64>,
}

impl Limits {
    fn options(self, cancel: &Cancel, monitor: &Monitor) -> RunOptions {
        RunOptions {
            threads: self.threads,
            memory_limit: self.memory,
            cancel: cancel.clone(),
            monitor: monitor.clone(),
            ..RunOptions::default()
        }
    }
}

/// The monitors of runs that go on at once, for one progress bar.
#[derive(Clone, Debug, Default)]
pub(crate) struct Monitors {
    all: Arc<Mutex<Vec<Monitor>>>,
    profile: Option<Profile>,
}

/// A monitor, whose runs a profile shows if there is one.
pub(crate) fn monitor(profile: Option<&Profile>) -> Monitor {
    profile.map_or_else(Monitor::new, Monitor::profiled)
}

impl Monitors {
    /// None yet.
    pub(crate) fn new(profile: Option<&Profile>) -> Monitors {
        Monitors { all: Arc::default(), profile: profile.cloned() }
    }

    /// One more, for a run of its own.
    pub(crate) fn another(&self) -> Monitor {
        let monitor = monitor(self.profile.as_ref());
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(monitor.clone());
        monitor
    }

    /// Frames done and frames to do of all.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().fold((0, 0), |(done, total), m| (done + m.frames_done(), total + m.frames_total()))
    }
}

/// An open input.
#[derive(Debug)]
pub(crate) struct Opened {
    input: Input,
    info: StreamInfo,
}

impl Opened {
    /// What the file is, when it is a video.
    pub(crate) fn facts(&self) -> Option<&VideoFacts> {
        self.input.video().map(Video::facts)
    }

    /// What is odd about the file, one line each.
    fn warnings(&self) -> Vec<String> {
        match &self.input {
            Input::Video(video) => video.facts().warnings.clone(),
            Input::Npy(array) => array.warnings().to_vec(),
        }
    }

    /// Length of each axis; the first is time.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.info.shape
    }

    /// Element type.
    pub(crate) fn dtype(&self) -> DType {
        self.info.dtype
    }

    /// When frame `n` is shown, in seconds.
    pub(crate) fn time(&self, n: usize) -> f64 {
        self.info.pts.get(n).map_or(f64::NAN, |ticks| *ticks as f64 * self.info.time_base.to_f64())
    }
}

/// Opens a file and reads its index.
pub(crate) fn open(path: &Path) -> Result<Opened, Error> {
    // A pipe is refused by the reader of videos; looking into it would wait for a writer.
    let input = match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() => opusclip::open::open(path)?,
        _ => Input::Video(Video::open(path)?),
    };
    let info = match &input {
        Input::Video(video) => video.source().info().clone(),
        Input::Npy(array) => array.info()?,
    };
    Ok(Opened { input, info })
}

/// Numbers of the frames that `range` picks, in order; at least one.
pub(crate) fn picked(input: &Opened, range: Option<FrameRange>, path: &Path) -> Result<Vec<usize>, Error> {
    let count = input.info.frames();
    let Some(range) = range else { return Ok((0..count).collect()) };
    let clamp = |position: i64| {
        let from_front = if position < 0 { i128::from(position) + count as i128 } else { i128::from(position) };
        usize::try_from(from_front.max(0)).unwrap_or(count).min(count)
    };
    let (start, stop) = (range.start.map_or(0, clamp), range.stop.map_or(count, clamp));
    let step = usize::try_from(range.step).unwrap_or(usize::MAX).max(1);
    let picked: Vec<usize> = (start..stop).step_by(step).collect();
    if picked.is_empty() {
        return Err(Error::value(show_path(path), format!("--frames {range} picks none of its {count} frames")));
    }
    Ok(picked)
}

/// The frames that `range` picks, as the variable `x`.
pub(crate) fn frames(input: &Opened, range: Option<FrameRange>, path: &Path) -> Result<Lazy, Error> {
    let all = input.input.frames();
    let Some(range) = range else { return Ok(all) };
    picked(input, Some(range), path)?;
    let position =
        |n: Option<i64>| n.map(|n| isize::try_from(n).unwrap_or(if n < 0 { isize::MIN } else { isize::MAX }));
    let cut = all.slice_axis(0, position(range.start), position(range.stop), position(Some(range.step)));
    cut.meta()?;
    Ok(cut)
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) frames: usize,
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    pub(crate) audio: String,
    pub(crate) warnings: Vec<String>,
    pub(crate) monitor: Monitor,
}

/// One whole job: open, compose, stream, write.
pub(crate) fn process(
    args: &ProcessArgs,
    expr: &Expr,
    input: &Path,
    output: &Path,
    limits: Limits,
    cancel: &Cancel,
    monitors: &Monitors,
) -> Result<Written, Error> {
    let array = is_array(output);
    let opened = open(input)?;
    let result = expr.eval(&[("x", frames(&opened, args.grade.frames, input)?)])?;
    if !array {
        is_video(&result)?;
    }
    let sink = opusclip::open::sink(output, &encode(args, &opened), args.yes)?;
    let monitor = monitors.another();
    let mut run = opusclip::run(vec![Output::Sink(result, sink)], &limits.options(cancel, &monitor))?;
    let report = run.reports.pop().ok_or_else(|| Error::internal("a sink without a report"))?;
    let warnings = opened.warnings();
    let report = match report.downcast::<WriteReport>() {
        Ok(video) => {
            let audio = match (opened.facts().map_or(0, |f| f.audio.len()), video.audio_packets) {
                (0, _) => "no audio",
                (_, 0) => "audio left out",
                _ => "audio copied",
            };
            let WriteReport { frames, seconds, bytes, .. } = *video;
            return Ok(Written { frames, seconds, bytes, audio: audio.to_string(), warnings, monitor });
        }
        Err(other) => other,
    };
    let npy = report.downcast::<NpyReport>().map_err(|_| Error::internal("a sink with an unknown report"))?;
    let NpyReport { shape, seconds, bytes, .. } = *npy;
    let frames = shape.first().copied().unwrap_or(1);
    Ok(Written { frames, seconds, bytes, audio: "no audio".to_string(), warnings, monitor })
}

/// Arrays hold anything; videos do not.
fn is_array(output: &Path) -> bool {
    output.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("npy"))
}

/// A video is made of `uint8` frames of three channels.
fn is_video(result: &Lazy) -> Result<(), Error> {
    let (shape, dtype) = (result.shape()?, result.dtype()?);
    if shape.is_empty() {
        let what = "the result is a single number, a video has frames; write it as an array: -o NAME.npy";
        return Err(Error::shape("--expr", what));
    }
    if dtype != DType::U8 {
        let what = if dtype.is_float() { "u8(clip(…, 0, 1) * 255) for values of 0 to 1" } else { "u8(…)" };
        return Err(Error::dtype("--expr", format!("the result is {dtype}, a video is uint8; write {what}")));
    }
    match shape {
        [t, h, w, 3] if *t > 0 && *h > 0 && *w > 0 => Ok(()),
        _ => {
            let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
            let detail = format!(
                "the result has the shape ({}), a video has (time, height, width, 3) and no length of 0",
                shape.join(", ")
            );
            Err(Error::shape("--expr", detail))
        }
    }
}

fn encode(args: &ProcessArgs, opened: &Opened) -> Encode {
    let like = opened.input.video().map_or_else(Encode::default, Encode::like);
    let mut encode = like.audio(!args.encode.no_audio);
    if let Some(qp) = args.encode.qp {
        encode = encode.qp(qp);
    }
    if let Some(gop) = args.encode.gop {
        encode = encode.gop(usize::try_from(gop).unwrap_or(usize::MAX));
    }
    if let Some(preset) = args.encode.preset {
        encode = encode.preset(match preset {
            Preset::Fast => EncoderPreset::Fast,
            Preset::Balanced => EncoderPreset::Balanced,
            Preset::Quality => EncoderPreset::Quality,
        });
    }
    encode
}

/// Computes arrays over one decode; their elements as doubles.
pub(crate) fn collect(
    wanted: Vec<Lazy>,
    limits: Limits,
    cancel: &Cancel,
    monitor: &Monitor,
) -> Result<Vec<Vec<f64>>, Error> {
    let arrays = opusclip::collect_all(&wanted, &limits.options(cancel, monitor))?;
    arrays.iter().map(Array::to_f64_vec).collect()
}

/// An array of bytes.
pub(crate) fn array(values: &[u8], shape: &[usize]) -> Result<Lazy, Error> {
    Array::from_slice(values, shape).map(Lazy::from)
}

/// The plan of a job as text.
pub(crate) fn explain(job: &Lazy, limits: Limits) -> Result<String, Error> {
    opusclip::explain(std::slice::from_ref(job), &limits.options(&Cancel::new(), &Monitor::new()))
}

/// Signature and one line about each function of the language, by name.
pub(crate) fn functions() -> Vec<(String, &'static str)> {
    use opusclip::api::call;
    call::rows().iter().map(|row| (call::signature(row), row.doc)).collect()
}

/// A file is written whole or not at all.
pub(crate) fn write_file(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Error> {
    let mut file = PendingFile::create(path, overwrite)?;
    file.append(bytes)?;
    file.persist()
}

/// An error when `path` could not be written; leaves nothing behind.
pub(crate) fn can_write(path: &Path, overwrite: bool) -> Result<(), Error> {
    PendingFile::create(path, overwrite).map(drop)
}

/// True when both names lead to one file.
pub(crate) fn same_file(a: &Path, b: &Path) -> bool {
    pending::same_file(a, b)
}

/// Removes what is half-written, on the way out.
pub(crate) fn remove_unfinished() {
    pending::remove_all();
}

/// The same when there is no memory left to do it with.
pub(crate) fn remove_unfinished_at_once() {
    pending::remove_all_at_once();
}

/// Threads to use when `wish` are asked for; 0 is one for each core.
pub(crate) fn threads(wish: u32) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    if wish == 0 { cores() } else { usize::try_from(wish).unwrap_or(1) }
}

/// The limit that was asked for, or that of `OPUSCLIP_MEMORY_LIMIT`.
pub(crate) fn memory(wish: Option<u64>) -> Option<u64> {
    wish.or_else(|| opusclip::run::memory_limit().unwrap_or_default())
}

/// A misspelt `OPUSCLIP_ISA` or `OPUSCLIP_MEMORY_LIMIT` must not silently mean the best level, or no limit.
pub(crate) fn check_environment() -> Result<(), Failure> {
    opusclip::run::memory_limit().map_err(|e| Failure::Usage(e.to_string()))?;
    match std::env::var("OPUSCLIP_ISA") {
        Ok(wish) if !wish.is_empty() && Isa::parse(&wish).is_none() => {
            let known: Vec<&str> = Isa::available().into_iter().map(Isa::name).collect();
            Err(Failure::Usage(format!(
                "OPUSCLIP_ISA: `{wish}` is no level of this machine; it has {}",
                known.join(", ")
            )))
        }
        _ => Ok(()),
    }
}

/// The instruction set in use.
pub(crate) fn instruction_set() -> &'static str {
    Isa::active().name()
}

/// The instruction sets that this machine can run.
pub(crate) fn instruction_sets() -> Vec<&'static str> {
    Isa::available().into_iter().map(Isa::name).collect()
}

/// What can be read.
pub(crate) fn decoders() -> Vec<&'static str> {
    vec!["H.264 in MP4 and MOV (embedded)", "npy"]
}

/// What can be written.
pub(crate) fn encoders() -> Vec<&'static str> {
    vec!["H.264 in MP4 (embedded)", "npy"]
}
