//! The two doors of the engine: where frames come from and where they go. Nothing here names a
//! file format; `Source` and `Sink` are all the engine knows of the outside world.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use opusclip_raw::DType;

use crate::array::shape;
use crate::error::Result;

/// An exact fraction, always in lowest terms with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rational {
    /// Numerator.
    pub num: i64,
    /// Denominator, above zero.
    pub den: i64,
}

impl Rational {
    /// `num / den` in lowest terms; a zero denominator gives 0/1.
    pub fn new(num: i64, den: i64) -> Self {
        fn gcd(a: u64, b: u64) -> u64 {
            if b == 0 { a } else { gcd(b, a % b) }
        }
        let g = gcd(num.unsigned_abs(), den.unsigned_abs());
        if den == 0 || g == 0 || g > i64::MAX as u64 {
            return Rational { num: 0, den: 1 };
        }
        let (n, d) = (num / g as i64, den / g as i64);
        if d < 0 { Rational { num: n.wrapping_neg(), den: d.wrapping_neg() } } else { Rational { num: n, den: d } }
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den == 1 { write!(f, "{}", self.num) } else { write!(f, "{}/{}", self.num, self.den) }
    }
}

/// How the numbers of a picture stand for light: the code points of ITU-T H.273, as the file
/// gives them (2 is "unspecified").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour {
    /// ColourPrimaries.
    pub primaries: u8,
    /// TransferCharacteristics.
    pub transfer: u8,
    /// MatrixCoefficients.
    pub matrix: u8,
    /// True when luma uses 0…255 instead of 16…235.
    pub full_range: bool,
}

impl Colour {
    /// Nothing stated by the file.
    pub const UNSPECIFIED: Colour = Colour { primaries: 2, transfer: 2, matrix: 2, full_range: false };
}

/// What travels with an array whose axis 0 is time. Times are in units of `time_base` seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamInfo {
    /// Length of axis 0, then of the rest: `(T, H, W, C)` for video.
    pub shape: Vec<usize>,
    /// Element type of a frame.
    pub dtype: DType,
    /// Seconds in one tick.
    pub time_base: Rational,
    /// Presentation time of each frame in ticks, display order; `shape[0]` of them.
    pub pts: Arc<[i64]>,
    /// Duration of each frame in ticks; `shape[0]` of them.
    pub durations: Arc<[i64]>,
    /// Meaning of the picture's numbers.
    pub colour: Colour,
    /// Width to height of one sample; 1/1 is square, 0/1 unknown.
    pub sample_aspect: Rational,
    /// Clockwise quarter turns (0…3) that were applied to the coded pictures to show them upright.
    pub quarter_turns: u8,
}

impl StreamInfo {
    /// A stream of frames at a constant rate, starting at zero.
    pub fn constant_rate(shape: Vec<usize>, dtype: DType, frames_per_second: Rational) -> Self {
        let frames = shape.first().copied().unwrap_or(0);
        StreamInfo {
            shape,
            dtype,
            time_base: Rational::new(frames_per_second.den, frames_per_second.num.max(1)),
            pts: (0..frames as i64).collect(),
            durations: vec![1; frames].into(),
            colour: Colour::UNSPECIFIED,
            sample_aspect: Rational { num: 1, den: 1 },
            quarter_turns: 0,
        }
    }

    /// Number of frames, the length of axis 0.
    pub fn frames(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Bytes of one frame.
    pub fn frame_bytes(&self) -> usize {
        shape::product(self.shape.get(1..).unwrap_or(&[])).saturating_mul(self.dtype.size())
    }

    /// Mean frames per second over the stream; 0 when it has no length.
    pub fn mean_rate(&self) -> f64 {
        let ticks = self.ticks();
        if ticks <= 0 { 0.0 } else { self.frames() as f64 / (ticks as f64 * self.time_base.to_f64()) }
    }

    /// All durations together; files may say what they like of each.
    pub(crate) fn ticks(&self) -> i128 {
        self.durations.iter().map(|d| i128::from(*d)).sum()
    }

    /// The same facts for the frames `range` alone; times keep their values.
    pub fn slice(&self, range: Range<usize>) -> StreamInfo {
        let mut out = self.clone();
        if let Some(t) = out.shape.first_mut() {
            *t = range.len();
        }
        out.pts = self.pts.get(range.clone()).unwrap_or(&[]).into();
        out.durations = self.durations.get(range).unwrap_or(&[]).into();
        out
    }
}

/// Where frames come from. A source is opened and indexed before it is one: its facts are known
/// and it decodes nothing until a cursor is asked for.
pub trait Source: Send + Sync + fmt::Debug {
    /// Shape, element type, times and colour of what the cursors give.
    fn info(&self) -> &StreamInfo;

    /// One line for `explain()`: name and facts, no absolute path.
    fn describe(&self) -> String;

    /// Equal for sources that give the same frames at the same time, so that a plan reads them
    /// once. The default is the address: two cameras are never one.
    fn identity(&self) -> usize {
        std::ptr::from_ref(self).cast::<()>().addr()
    }

    /// Frames at which a cursor may start without decoding earlier ones; sorted, first is 0.
    /// Closed GOPs of a video; every frame of a raw file.
    fn cuts(&self) -> &[usize];

    /// Whether frames can be had more than once, and from several cursors at a time. A source for
    /// which that is not so, a pipe or a camera, is asked for one cursor in a run; where the run needs
    /// frames more often, that is one over all of them, and they are kept in a temporary file.
    fn rereads(&self) -> bool {
        true
    }

    /// Bytes of one frame as a cursor hands it out. Planes as the decoder made them are smaller
    /// than RGB, so this is what waits in queues.
    fn raw_frame_bytes(&self) -> usize;

    /// Bytes that one open cursor holds beside the frames it hands out (reference pictures…).
    fn cursor_bytes(&self) -> usize;

    /// A cursor over `frames` (half open, within the source). Each cursor is independent.
    fn cursor(&self, frames: Range<usize>) -> Result<Box<dyn Cursor>>;

    /// Turns one raw frame into the C-order elements of one array frame (for video: planes to
    /// RGB, rotation applied). `out` has `info().frame_bytes()` bytes. Called by any thread.
    fn unpack(&self, raw: &[u8], out: &mut [u8]) -> Result<()>;

    /// Called once after the last frame of a run was read: the place to notice that the file
    /// changed underneath.
    fn check_unchanged(&self) -> Result<()> {
        Ok(())
    }
}

/// A sequential reader over a range of frames.
pub trait Cursor: Send {
    /// Writes the next frame of the range into `raw` (`raw_frame_bytes()` bytes). Exactly as many
    /// calls as the range has frames succeed.
    fn next_into(&mut self, raw: &mut [u8]) -> Result<()>;
}

/// What one part of the stream became: bytes, and the units they consist of.
#[derive(Debug, Default)]
pub struct Encoded {
    /// All units one after another, in the order in which they are to be stored.
    pub bytes: Vec<u8>,
    /// The units.
    pub units: Vec<Unit>,
}

/// One stored unit: a packet of a video, a frame of a raw file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Bytes of it in [`Encoded::bytes`].
    pub len: usize,
    /// Which frame of the output stream it shows.
    pub frame: usize,
    /// True when decoding may start here.
    pub key: bool,
}

/// Where frames go. `begin` once, then parts (in any order, on any thread), each `join`ed in
/// order of its index, then `finish`. Dropping a sink that did not finish leaves nothing behind.
pub trait Sink: Send {
    /// One line for `explain()`.
    fn describe(&self) -> String;

    /// Checks that a stream of these facts can be written and prepares to. Errors here come
    /// before any decoding. A single number has a shape of no axes and comes as one frame.
    fn begin(&mut self, info: &StreamInfo) -> Result<()>;

    /// Frames of one part: parts are encoded independently of each other, so this is the group
    /// of pictures of a video. At least 1. Asked after `begin`.
    fn part_frames(&self) -> usize;

    /// Bytes that one open part holds beside its output (encoder state, lookahead).
    fn part_bytes(&self) -> usize;

    /// An encoder for the frames `frames` of the output stream, the `index`-th part.
    fn part(&self, index: usize, frames: Range<usize>) -> Result<Box<dyn Part>>;

    /// Takes a finished part. Called in order of the index.
    fn join(&mut self, encoded: Encoded) -> Result<()>;

    /// Completes the output and gives it its final name. The report is for the caller who knows
    /// the concrete sink.
    fn finish(&mut self) -> Result<Box<dyn Any + Send>>;
}

/// The encoder of one part.
pub trait Part: Send {
    /// One frame, C-order elements, in order.
    fn push(&mut self, frame: &[u8]) -> Result<()>;

    /// No more frames.
    fn finish(self: Box<Self>) -> Result<Encoded>;
}
