//! Frames to H.264: how to encode, and the encoder of one closed group of pictures.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use opusclip_engine::error::{Error, Result};
use opusclip_engine::flow::{Colour, Encoded, Part, Unit};
use rusty_h264_common::{ChromaFormat, Profile, YuvFrame};
use rusty_h264_encoder::{Encoder, EncoderConfig};

use super::colour::FromRgb;
use super::source::Video;

/// How much work goes into each frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// Quick and large: twice the bits of [`Preset::Balanced`].
    Fast,
    /// The default.
    #[default]
    Balanced,
    /// Slower by a quarter, a little smaller.
    Quality,
}

/// How a video is to be written.
#[derive(Clone, Debug)]
pub struct Encode {
    pub(crate) qp: u8,
    pub(crate) preset: Preset,
    pub(crate) gop: usize,
    pub(crate) bframes: u8,
    pub(crate) audio: bool,
    pub(crate) like: Option<Video>,
}

impl Default for Encode {
    /// Constant QP 22, balanced, a key frame every 48 frames.
    fn default() -> Self {
        Encode { qp: 22, preset: Preset::Balanced, gop: 48, bframes: 0, audio: true, like: None }
    }
}

/// Frames in a group at most: the encoder's picture counter is followed up to here.
const MOST_GOP: usize = 240;

impl Encode {
    /// The default, with sound, tags and metadata taken from `video`.
    pub fn like(video: &Video) -> Encode {
        Encode { like: Some(video.clone()), ..Encode::default() }
    }

    /// Constant quantiser, 0 (best) to 51; 22 is hard to tell from the original, 28 is small.
    #[must_use]
    pub fn qp(mut self, qp: u8) -> Encode {
        self.qp = qp;
        self
    }

    /// How much work goes into each frame.
    #[must_use]
    pub fn preset(mut self, preset: Preset) -> Encode {
        self.preset = preset;
        self
    }

    /// Frames from one key frame to the next, 2…240.
    #[must_use]
    pub fn gop(mut self, frames: usize) -> Encode {
        self.gop = frames;
        self
    }

    /// Frames between two reference frames that look both ways, 0…4. Smaller files; a whole
    /// group of pictures is held in memory for each encoder.
    #[must_use]
    pub fn bframes(mut self, frames: u8) -> Encode {
        self.bframes = frames;
        self
    }

    /// Whether the sound of [`Encode::like`]'s video is copied.
    #[must_use]
    pub fn audio(mut self, copy: bool) -> Encode {
        self.audio = copy;
        self
    }

    /// An error when a value is out of its range.
    pub(crate) fn check(&self) -> Result<()> {
        if self.qp > 51 {
            return Err(Error::value("qp", format!("{} is out of 0 to 51", self.qp)));
        }
        if !(2..=MOST_GOP).contains(&self.gop) {
            return Err(Error::value("gop", format!("{} is out of 2 to {MOST_GOP}", self.gop)));
        }
        if self.bframes > 4 {
            return Err(Error::value("bframes", format!("{} is out of 0 to 4", self.bframes)));
        }
        Ok(())
    }
}

/// The encoder's settings for one stream: the same for all its groups, so that their parameter
/// sets are too.
#[derive(Clone, Debug)]
pub struct Recipe {
    config: EncoderConfig,
    width: usize,
    height: usize,
    colour: Colour,
    gop: usize,
    parameters: [Vec<u8>; 2],
}

/// Level that allows `macroblocks` a second (table A-1).
fn level(macroblocks: f64) -> u8 {
    const MOST: [(u8, f64); 8] = [
        (30, 40_500.0),
        (31, 108_000.0),
        (32, 216_000.0),
        (40, 245_760.0),
        (42, 522_240.0),
        (50, 589_824.0),
        (51, 983_040.0),
        (52, 2_073_600.0),
    ];
    MOST.iter().find(|(_, most)| macroblocks <= *most).map_or(52, |(l, _)| *l)
}

impl Recipe {
    /// Settings for frames of `width` × `height` at `rate` frames a second, in `colour`.
    pub fn new(encode: &Encode, width: usize, height: usize, rate: f64, colour: Colour) -> Result<Recipe> {
        encode.check()?;
        if !width.is_multiple_of(2) || !height.is_multiple_of(2) || width < 2 || height < 2 {
            return Err(Error::value(
                "output",
                format!(
                    "frames of {width}x{height} cannot be written as H.264 4:2:0, which needs even sizes; crop to {}x{} first",
                    (width & !1).max(2),
                    (height & !1).max(2)
                ),
            ));
        }
        if width > 8192 || height > 8192 {
            return Err(Error::value(
                "output",
                format!("frames of {width}x{height} are over the 8192x8192 that are written"),
            ));
        }
        let mut config = EncoderConfig::new(width, height);
        config.profile = Profile::High;
        config.chroma = ChromaFormat::Yuv420;
        config.qp = encode.qp;
        config.gop_size = u32::try_from(encode.gop).unwrap_or(u32::MAX);
        // A group begins where we say and nowhere else: two key frames next to each other would
        // carry the same number.
        config.scenecut = 0;
        config.mbtree = false;
        config.lookahead = 0;
        config.bitrate = 0;
        config.bframes = u32::from(encode.bframes);
        config.preset = match encode.preset {
            Preset::Fast => rusty_h264_encoder::Preset::Fast,
            Preset::Balanced => rusty_h264_encoder::Preset::Balanced,
            Preset::Quality => rusty_h264_encoder::Preset::Quality,
        };
        let rate = if rate.is_finite() && rate > 0.0 { rate } else { 30.0 };
        config.framerate = rate as f32;
        config.level_idc = level((width.div_ceil(16) * height.div_ceil(16)) as f64 * rate);
        let mut recipe =
            Recipe { config, width, height, colour, gop: encode.gop, parameters: [Vec::new(), Vec::new()] };
        // One black frame through the encoder tells the parameter sets.
        let mut first = recipe.encoder(0..1)?;
        first.frames.push(YuvFrame::black(width, height));
        let stream = first.encode()?;
        for unit in annex_b(&stream) {
            match unit.first().map(|h| h & 31) {
                Some(7) => recipe.parameters[0] = unit.to_vec(),
                Some(8) => recipe.parameters[1] = unit.to_vec(),
                _ => {}
            }
        }
        if recipe.parameters.iter().any(|p| p.len() < 4) {
            return Err(Error::internal("the encoder gave no parameter sets"));
        }
        Ok(recipe)
    }

    /// The body of `avcC`.
    pub fn configuration(&self) -> Vec<u8> {
        let [sps, pps] = &self.parameters;
        let mut out = vec![1];
        out.extend(sps.get(1..4).unwrap_or(&[]));
        out.extend([0xff, 0xe1]);
        for (i, p) in [sps, pps].into_iter().enumerate() {
            if i == 1 {
                out.push(1);
            }
            out.extend((p.len() as u16).to_be_bytes());
            out.extend(p);
        }
        // High profile: 4:2:0, eight bits, no extensions.
        out.extend([0xfd, 0xf8, 0xf8, 0]);
        out
    }

    /// Frames in a group.
    pub fn gop(&self) -> usize {
        self.gop
    }

    /// Bytes that the encoder of one group holds at most.
    pub fn part_bytes(&self) -> usize {
        let frame = self.width * self.height * 3 / 2;
        let held = if self.config.bframes > 0 { self.gop + 4 } else { 3 };
        // The float rows of the colour conversion and the coded group itself are small beside it.
        self.config.memory_estimate().total.saturating_mul(2).saturating_add(frame * held)
    }

    /// An encoder for the frames `frames` of the stream.
    pub fn encoder(&self, frames: Range<usize>) -> Result<GroupEncoder> {
        let encoder = Encoder::new(self.config.clone()).map_err(|e| Error::internal(format!("the encoder: {e}")))?;
        Ok(GroupEncoder {
            recipe: self.clone(),
            encoder,
            convert: FromRgb::new(self.width, self.height, self.colour),
            raw: Vec::new(),
            frames: Vec::new(),
            stream: Vec::new(),
            first: frames.start,
            expected: frames.len(),
            pushed: 0,
        })
    }
}

/// The encoder of one closed group of pictures.
pub struct GroupEncoder {
    recipe: Recipe,
    encoder: Encoder,
    convert: FromRgb,
    raw: Vec<u8>,
    frames: Vec<YuvFrame>,
    stream: Vec<u8>,
    first: usize,
    expected: usize,
    pushed: usize,
}

impl GroupEncoder {
    /// All frames held, as one Annex B stream.
    fn encode(&mut self) -> Result<Vec<u8>> {
        let frames = std::mem::take(&mut self.frames);
        if self.recipe.config.bframes > 0 {
            let units = guard(|| self.encoder.encode_all(&frames))?;
            return Ok(units.concat());
        }
        let mut out = Vec::new();
        for frame in &frames {
            out.extend(guard(|| self.encoder.try_encode(frame))?);
        }
        out.extend(guard(|| self.encoder.try_flush())?);
        Ok(out)
    }
}

/// The encoder's answer; its panics are faults of ours.
fn guard<T, E: std::fmt::Display>(work: impl FnOnce() -> std::result::Result<T, E>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(e)) => Err(Error::internal(format!("the encoder: {e}"))),
        Err(_) => Err(Error::internal("the encoder gave up")),
    }
}

impl Part for GroupEncoder {
    fn push(&mut self, frame: &[u8]) -> Result<()> {
        let shape = self.convert.shape();
        self.raw.resize(shape.bytes(), 0);
        if !self.convert.planes(frame, &mut self.raw) {
            return Err(Error::internal("a frame of the wrong size for the encoder"));
        }
        let (y, u, v) = shape.split(&self.raw).ok_or_else(|| Error::internal("planes of the wrong size"))?;
        let picture = YuvFrame { width: shape.width, height: shape.height, y: y.into(), u: u.into(), v: v.into() };
        self.pushed += 1;
        if self.recipe.config.bframes > 0 {
            self.frames.push(picture);
        } else {
            let out = guard(|| self.encoder.try_encode(&picture))?;
            self.stream.extend(out);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Encoded> {
        let rest = self.encode()?;
        self.stream.extend(rest);
        if self.pushed != self.expected {
            return Err(Error::internal(format!("{} frames for a group of {}", self.pushed, self.expected)));
        }
        let mut out = Encoded { bytes: Vec::with_capacity(self.stream.len()), units: Vec::new() };
        let mut seen = vec![false; self.expected];
        let mut start = 0;
        let mut reference = 0i64;
        for unit in annex_b(&self.stream) {
            let Some(&head) = unit.first() else { continue };
            match head & 31 {
                7 | 8 => {
                    // Written once for the whole stream, so they must be what was written.
                    if !self.recipe.parameters.iter().any(|p| p == unit) {
                        return Err(Error::internal("the encoder changed its parameter sets"));
                    }
                    continue;
                }
                // Delimiters are not stored in MP4.
                9 => continue,
                _ => {}
            }
            let len = u32::try_from(unit.len()).map_err(|_| Error::internal("a coded frame over 4 GiB"))?;
            out.bytes.extend(len.to_be_bytes());
            out.bytes.extend(unit);
            if !matches!(head & 31, 1 | 5) {
                continue;
            }
            let key = head & 31 == 5;
            let order = picture_order(unit, key).ok_or_else(|| Error::internal("a slice without an order"))?;
            // The counter has 8 bits; the picture is the nearest one to the last reference.
            let mut count = order - reference.rem_euclid(256) + reference;
            if count - reference > 128 {
                count -= 256;
            } else if reference - count > 128 {
                count += 256;
            }
            if head >> 5 & 3 != 0 {
                reference = count;
            }
            let frame = usize::try_from(count / 2).ok().filter(|&f| f < self.expected);
            let slot = frame.and_then(|f| seen.get_mut(f)).filter(|s| !**s);
            match (slot, frame) {
                (Some(slot), Some(frame)) => {
                    *slot = true;
                    out.units.push(Unit { len: out.bytes.len() - start, frame: self.first + frame, key });
                    start = out.bytes.len();
                }
                _ => return Err(Error::internal(format!("the encoder's picture order {count} fits no frame"))),
            }
        }
        if out.units.len() != self.expected || start != out.bytes.len() {
            return Err(Error::internal(format!("{} coded frames of {}", out.units.len(), self.expected)));
        }
        Ok(out)
    }
}

/// The units of an Annex B stream.
fn annex_b(data: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut i = 0;
    while let Some(w) = data.get(i..i + 3) {
        match w {
            [0, 0, 1] => {
                starts.push(i);
                i += 3;
            }
            [_, _, 0 | 1] => i += 1,
            // No start code can begin at any of these three.
            _ => i += 3,
        }
    }
    let mut out = Vec::with_capacity(starts.len());
    for (n, &s) in starts.iter().enumerate() {
        let end = starts.get(n + 1).copied().unwrap_or(data.len());
        let mut unit = data.get(s + 3..end).unwrap_or(&[]);
        // The zero before the next start code is that one's; a unit never ends in zero.
        while let [head @ .., 0] = unit {
            unit = head;
        }
        out.push(unit);
    }
    out
}

/// `pic_order_cnt_lsb` of a slice as this encoder writes it: 4 bits of frame number, 8 of order.
fn picture_order(unit: &[u8], key: bool) -> Option<i64> {
    // The header is short and no run of zeros in it is long enough to be escaped.
    let mut bits = Bits { data: unit.get(1..)?, at: 0 };
    for _ in 0..3 {
        bits.golomb()?;
    }
    bits.take(4)?;
    if key {
        bits.golomb()?;
    }
    bits.take(8).map(i64::from)
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = self.data.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit.into())
    }

    fn take(&mut self, n: usize) -> Option<u32> {
        (0..n).try_fold(0, |a, _| Some(a << 1 | self.bit()?))
    }

    fn golomb(&mut self) -> Option<u32> {
        let zeros = (0..32).find_map(|n| match self.bit() {
            Some(1) => Some(Some(n)),
            Some(_) => None,
            None => Some(None),
        })??;
        Some((1u32 << zeros) - 1 + self.take(zeros)?)
    }
}
