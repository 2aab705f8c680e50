//! Doors to the outside world by file name: what a path is read with, what a path is written with.

use std::path::Path;

use opusclip_engine::flow::Sink;
use opusclip_engine::{Error, Lazy, Output, Result, RunOptions, run};

use crate::store::input::Input as File;
use crate::store::npy::{NpyFile, NpySink};
use crate::video::{Encode, Mp4Sink, Video, WriteReport};

/// What a path turned out to be.
#[derive(Clone, Debug)]
pub enum Input {
    /// A video.
    Video(Video),
    /// An array, frames along axis 0.
    Npy(NpyFile),
}

impl Input {
    /// The frames as a lazy array; see [`Video::frames`] and [`NpyFile::frames`].
    pub fn frames(&self) -> Lazy {
        match self {
            Input::Video(v) => v.frames(),
            Input::Npy(a) => a.frames(),
        }
    }

    /// The video, if it is one.
    pub fn video(&self) -> Option<&Video> {
        match self {
            Input::Video(v) => Some(v),
            Input::Npy(_) => None,
        }
    }
}

/// One way to read a file, and how its content is told.
struct Reader {
    is_it: fn(&[u8]) -> bool,
    open: fn(File) -> Result<Input>,
}

/// Every source, told by content; the last takes what no other did and says what is wrong with it.
const SOURCES: &[Reader] = &[
    Reader { is_it: |head| head.starts_with(b"\x93NUMPY"), open: |file| Ok(Input::Npy(NpyFile::from_input(file)?)) },
    // An archive of arrays is not one array: the reader of those says what would do.
    Reader { is_it: |head| head.starts_with(b"PK\x03\x04"), open: |file| Ok(Input::Npy(NpyFile::from_input(file)?)) },
    Reader { is_it: |_| true, open: |file| Ok(Input::Video(Video::from_input(file)?)) },
];

/// Opens a file by its content. Indexes it and decodes nothing.
///
/// # Errors
/// A file that cannot be read, is damaged, or is of a kind that this build does not read; the
/// message says what would.
pub fn open(path: impl AsRef<Path>) -> Result<Input> {
    // Opened once: who looks at the first bytes and who reads the rest see the same file.
    let file = File::open(path.as_ref())?;
    let head = file.read_vec(0, file.len().min(16))?;
    match SOURCES.iter().find(|r| (r.is_it)(&head)) {
        Some(reader) => (reader.open)(file),
        None => Err(Error::internal("no reader takes the file")),
    }
}

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
const SINKS: &[Writer] = &[
    Writer {
        suffixes: &["mp4", "m4v"],
        open: |path, encode, overwrite| Ok(Box::new(Mp4Sink::create(path, encode, overwrite)?)),
    },
    Writer { suffixes: &["npy"], open: |path, _, overwrite| Ok(Box::new(NpySink::create(path, overwrite)?)) },
];

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
            let what = match suffix.as_str() {
                "" => "its name has no suffix to say what to write".to_string(),
                suffix => format!("do not know how to write `.{suffix}`"),
            };
            Err(Error::unsupported(path, format!("{what}; known are {}", known.join(", "))))
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
