//! Doors to the outside world by file name: what a path is read with, what a path is written with.

use std::path::Path;

use opusclip_engine::flow::Sink;
use opusclip_engine::{Error, Lazy, Output, Result, RunOptions, run};

use crate::video::{Encode, Mp4Sink, Video, WriteReport};

impl Video {
    /// The frames as a lazy array: `uint8`, shape `(T, H, W, 3)`, RGB, upright. Nothing is decoded
    /// until it is collected or sunk.
    pub fn frames(&self) -> Lazy {
        Lazy::source(self.source())
    }
}

/// One way to write frames, and the suffixes that ask for it.
struct Writer {
    suffixes: &'static [&'static str],
    open: fn(&Path, &Encode, bool) -> Result<Box<dyn Sink>>,
}

/// Every sink that is chosen by name.
const SINKS: &[Writer] = &[Writer {
    suffixes: &["mp4", "m4v"],
    open: |path, encode, overwrite| Ok(Box::new(Mp4Sink::create(path, encode, overwrite)?)),
}];

/// A sink for `path`, chosen by its suffix. Refuses an existing file unless `overwrite`.
///
/// # Errors
/// An unknown suffix names the known ones; a target that cannot be written is refused now, before
/// anything is decoded.
pub fn sink(path: &Path, encode: &Encode, overwrite: bool) -> Result<Box<dyn Sink>> {
    let suffix = path.extension().map(|s| s.to_string_lossy().to_lowercase()).unwrap_or_default();
    match SINKS.iter().find(|w| w.suffixes.contains(&suffix.as_str())) {
        Some(writer) => (writer.open)(path, encode, overwrite),
        None => {
            let known: Vec<String> = SINKS.iter().flat_map(|w| w.suffixes).map(|s| format!(".{s}")).collect();
            Err(Error::unsupported(
                path,
                format!("do not know how to write `.{suffix}`; known are {}", known.join(", ")),
            ))
        }
    }
}

/// Writing an expression as a video.
pub trait SinkVideo {
    /// Streams the frames, `uint8` of shape `(T, H, W, 3)`, into a video file. An existing file is
    /// replaced when the new one is complete, and not before.
    ///
    /// # Errors
    /// Those of the expression, of its sources, and of writing; nothing is left under `path` then.
    fn sink_video(&self, path: impl AsRef<Path>, encode: &Encode) -> Result<WriteReport>;

    /// The same with options.
    ///
    /// # Errors
    /// As [`SinkVideo::sink_video`].
    fn sink_video_with(&self, path: impl AsRef<Path>, encode: &Encode, options: &RunOptions) -> Result<WriteReport>;
}

impl SinkVideo for Lazy {
    fn sink_video(&self, path: impl AsRef<Path>, encode: &Encode) -> Result<WriteReport> {
        self.sink_video_with(path, encode, &RunOptions::default())
    }

    fn sink_video_with(&self, path: impl AsRef<Path>, encode: &Encode, options: &RunOptions) -> Result<WriteReport> {
        self.meta()?;
        let sink = Mp4Sink::create(path.as_ref(), encode, true)?;
        let mut report = run(vec![Output::Sink(self.clone(), Box::new(sink))], options)?;
        let written = report.reports.pop().and_then(|r| r.downcast::<WriteReport>().ok());
        written.map(|r| *r).ok_or_else(|| Error::internal("a video sink gave no report"))
    }
}
