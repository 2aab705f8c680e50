//! H.264 pictures out of packets, in the order of showing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use opusclip_engine::error::{Error, Result};
use opusclip_engine::flow::{Colour, Cursor};
use rust_h264::decoder::{ChromaFormat, Decoder, Frame};
use rust_h264::nal::{NalUnit, NalUnitType, SpsInfo, parse_sps_info};

use super::colour::{Chroma, PlaneShape};
use super::container::Packet;
use super::index::{HIDDEN, PacketIndex};
use crate::store::input::Input;

/// Samples of one picture at most: 16384 × 8192. Checked before the decoder sees the stream.
const MOST_SAMPLES: u64 = 1 << 27;
/// Width or height at most.
const MOST_SIDE: u32 = 1 << 14;
/// One packet at most: 256 MiB.
const MOST_PACKET: u32 = 1 << 28;

/// What the sequence parameter set says of all pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Width and height after cropping.
    pub size: (usize, usize),
    /// Width and height as coded, in whole macroblocks.
    pub coded: (usize, usize),
    /// `profile_idc`
    pub profile: u8,
    /// 0 monochrome, 1 4:2:0, 2 4:2:2.
    pub chroma_format: u32,
    /// Bits of a sample, 8 or 10.
    pub depth: u32,
    /// Pictures kept for reference at most.
    pub references: u32,
    /// False when pictures may be coded as fields.
    pub progressive: bool,
    /// Colour tags of the stream.
    pub colour: Colour,
}

impl Sequence {
    fn new(info: &SpsInfo, path: &Path) -> Result<Sequence> {
        let damaged = |what: String| Error::data(path, format!("has a damaged sequence header (SPS): {what}"));
        let unsupported = |what: &str| {
            Error::unsupported(
                path,
                format!(
                    "is H.264 with {what}, which the built-in decoder does not read; that needs the FFmpeg backend of a later release"
                ),
            )
        };
        let samples = u64::from(info.coded_width) * u64::from(info.coded_height);
        if info.width == 0 || info.height == 0 || info.width > info.coded_width || info.height > info.coded_height {
            return Err(damaged("it crops away the whole picture".into()));
        }
        if info.coded_width > MOST_SIDE || info.coded_height > MOST_SIDE || samples > MOST_SAMPLES {
            return Err(damaged(format!(
                "pictures of {} x {}; at most {MOST_SIDE} on a side and {MOST_SAMPLES} samples are read",
                info.coded_width, info.coded_height
            )));
        }
        if info.reference_frames > 16 {
            return Err(damaged(format!("{} reference pictures, at most 16 are legal", info.reference_frames)));
        }
        match info.chroma_format {
            0..=2 => {}
            3 => return Err(unsupported("4:4:4 chroma")),
            n => return Err(damaged(format!("chroma format {n}"))),
        }
        if !matches!(info.bit_depth_luma, 8 | 10) {
            return Err(unsupported(&format!("{} bits a sample", info.bit_depth_luma)));
        }
        if info.chroma_format != 0 && info.bit_depth_chroma != info.bit_depth_luma {
            return Err(unsupported("different depths of luma and chroma"));
        }
        Ok(Sequence {
            size: (info.width as usize, info.height as usize),
            coded: (info.coded_width as usize, info.coded_height as usize),
            profile: info.profile,
            chroma_format: info.chroma_format,
            depth: info.bit_depth_luma,
            references: info.reference_frames,
            progressive: info.progressive,
            colour: Colour {
                primaries: info.primaries,
                transfer: info.transfer,
                matrix: info.matrix,
                full_range: info.full_range,
            },
        })
    }

    /// Shape of the 8-bit planes handed out.
    pub fn planes(&self) -> PlaneShape {
        let chroma = if self.chroma_format == 2 { Chroma::Yuv422 } else { Chroma::Yuv420 };
        PlaneShape { width: self.size.0, height: self.size.1, chroma }
    }

    /// FFmpeg's name of the pixel format.
    pub fn pixel_format(&self) -> &'static str {
        match (self.chroma_format, self.depth, self.colour.full_range) {
            (0, 8, _) => "gray",
            (0, _, _) => "gray10le",
            (1, 8, false) => "yuv420p",
            (1, 8, true) => "yuvj420p",
            (1, _, _) => "yuv420p10le",
            (_, 8, false) => "yuv422p",
            (_, 8, true) => "yuvj422p",
            _ => "yuv422p10le",
        }
    }

    /// Name of the profile.
    pub fn profile_name(&self) -> String {
        match self.profile {
            66 => "Baseline".into(),
            77 => "Main".into(),
            88 => "Extended".into(),
            100 => "High".into(),
            110 => "High 10".into(),
            122 => "High 4:2:2".into(),
            n => format!("profile {n}"),
        }
    }

    /// Bytes that a decoder of such pictures holds. Measured on 720p and 1080p streams (35 and
    /// 91 MB): the references, the picture being made and the one before, each with its motion.
    pub fn decoder_bytes(&self, waiting: usize) -> usize {
        let samples = self.coded.0.saturating_mul(self.coded.1);
        let depth = if self.depth > 8 { 2 } else { 1 };
        let picture = samples.saturating_mul(if self.chroma_format == 2 { 2 } else { 3 }).saturating_mul(depth)
            / if self.chroma_format == 2 { 1 } else { 2 };
        // Motion and macroblock state come to about 3 bytes a sample.
        let reference = picture.saturating_add(samples.saturating_mul(3));
        reference
            .saturating_mul(self.references as usize + 3)
            .saturating_add(picture.saturating_mul(waiting + 1))
            .saturating_add(4 << 20)
    }
}

/// Parameter sets and the size of length fields: the decoder configuration of a track.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// Bytes of the length before each unit: 1…4.
    pub length_size: usize,
    /// Parameter sets, each a unit without its length.
    pub units: Vec<Vec<u8>>,
}

impl Configuration {
    /// Reads the body of an `avcC`.
    pub fn parse(avcc: &[u8]) -> Result<Configuration, &'static str> {
        const SHORT: &str = "the decoder configuration (avcC) is cut";
        let head = avcc.get(..6).ok_or(SHORT)?;
        if head.first() != Some(&1) {
            return Err("the decoder configuration (avcC) is of an unknown version");
        }
        let mut out = Configuration { length_size: usize::from(head[4] & 3) + 1, units: Vec::new() };
        let mut rest = avcc.get(6..).ok_or(SHORT)?;
        let mut count = usize::from(head[5] & 31);
        for kind in 0..2 {
            if kind == 1 {
                let (&n, tail) = rest.split_first().ok_or(SHORT)?;
                (count, rest) = (usize::from(n), tail);
            }
            for _ in 0..count {
                let (len, tail) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
                let (unit, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*len))).ok_or(SHORT)?;
                out.units.push(unit.to_vec());
                rest = tail;
            }
        }
        Ok(out)
    }
}

/// A unit as the decoder takes it; `None` when it is empty or says it is damaged.
fn unit(bytes: &[u8]) -> Option<NalUnit<'_>> {
    let (&head, payload) = bytes.split_first()?;
    if head & 0x80 != 0 {
        return None;
    }
    Some(NalUnit { nal_ref_idc: head >> 5 & 3, nal_unit_type: NalUnitType::from(head & 31), rbsp: payload_of(payload) })
}

/// The payload without the bytes that keep start codes from occurring by chance.
fn payload_of(bytes: &[u8]) -> Cow<'_, [u8]> {
    let escape = |w: &[u8]| matches!(w, [0, 0, 3]);
    let Some(first) = bytes.windows(3).position(escape) else { return Cow::Borrowed(bytes) };
    let mut out = Vec::with_capacity(bytes.len());
    let (head, tail) = bytes.split_at(first + 2);
    out.extend_from_slice(head);
    let mut zeros = 2;
    for &b in tail {
        if zeros >= 2 && b == 3 {
            zeros = 0;
            continue;
        }
        zeros = if b == 0 { zeros + 1 } else { 0 };
        out.push(b);
    }
    Cow::Owned(out)
}

/// The units of a packet, or what is wrong with it.
fn units<'a>(mut data: &'a [u8], length_size: usize, out: &mut Vec<&'a [u8]>) -> Result<(), String> {
    out.clear();
    while !data.is_empty() {
        let (len, tail) = data.split_at_checked(length_size).ok_or("its last unit has no length")?;
        let len = len.iter().fold(0usize, |a, &b| a << 8 | usize::from(b));
        if len == 0 {
            return Err("a unit of no bytes".into());
        }
        let (unit, tail) =
            tail.split_at_checked(len).ok_or_else(|| format!("a unit says {len} bytes but {} are left", tail.len()))?;
        out.push(unit);
        data = tail;
    }
    Ok(())
}

/// Everything that cursors share.
#[derive(Debug)]
pub struct Stream {
    /// The file.
    pub input: Arc<Input>,
    /// Packets of the track.
    pub packets: Vec<Packet>,
    /// Their frames.
    pub index: PacketIndex,
    /// Parameter sets.
    pub configuration: Configuration,
    /// What they say.
    pub sequence: Sequence,
}

/// Finds the sequence parameter set: in the configuration, else in the first packet.
pub fn find_sequence(input: &Input, configuration: &Configuration, first: Option<&Packet>) -> Result<Sequence> {
    let read = |bytes: &[u8]| -> Option<Result<Sequence>> {
        let unit = unit(bytes).filter(|u| u.nal_unit_type == NalUnitType::Sps)?;
        let info = catch_unwind(AssertUnwindSafe(|| parse_sps_info(&unit)));
        Some(match info {
            Ok(Ok(info)) => Sequence::new(&info, input.path()),
            Ok(Err(e)) => Err(Error::data(input.path(), format!("has a damaged sequence header (SPS): {e}"))),
            Err(_) => Err(Error::data(input.path(), "has a damaged sequence header (SPS)")),
        })
    };
    if let Some(found) = configuration.units.iter().find_map(|u| read(u)) {
        return found;
    }
    if let Some(p) = first.filter(|p| p.size <= MOST_PACKET) {
        let data = input.read_vec(p.offset, u64::from(p.size))?;
        let mut all = Vec::new();
        if units(&data, configuration.length_size, &mut all).is_ok()
            && let Some(found) = all.iter().find_map(|u| read(u))
        {
            return found;
        }
    }
    Err(Error::data(input.path(), "has no sequence header (SPS), neither in its index nor in its first packet"))
}

/// Decodes a range of frames.
pub struct H264Cursor {
    stream: Arc<Stream>,
    decoder: Decoder,
    /// Next packet to feed.
    packet: usize,
    /// The packet whose picture the decoder is making.
    making: Option<usize>,
    /// Next frame to hand out, and the end of the range.
    frames: Range<usize>,
    /// Decoded and not yet due.
    waiting: BTreeMap<usize, Frame>,
    buffer: Vec<u8>,
    flushed: bool,
}

impl H264Cursor {
    /// A cursor over `frames`, begun at the cut before them.
    pub fn new(stream: Arc<Stream>, frames: Range<usize>) -> Result<H264Cursor> {
        let cut = stream.index.cut_before(frames.start);
        let mut out = H264Cursor {
            decoder: Decoder::new(),
            packet: cut.packet,
            making: None,
            frames,
            waiting: BTreeMap::new(),
            buffer: Vec::new(),
            flushed: false,
            stream,
        };
        let stream = out.stream.clone();
        for bytes in &stream.configuration.units {
            let bad = |e: String| Error::data(stream.input.path(), format!("has damaged parameter sets: {e}"));
            let unit = unit(bytes).ok_or_else(|| bad("an empty one".into()))?;
            out.feed(&unit).map_err(bad)?;
        }
        Ok(out)
    }

    /// One unit through the decoder, which must not take the process down.
    fn feed(&mut self, unit: &NalUnit<'_>) -> Result<Option<Frame>, String> {
        match catch_unwind(AssertUnwindSafe(|| self.decoder.decode_nal(unit))) {
            Ok(Ok(frame)) => Ok(frame),
            Ok(Err(e)) => Err(e.to_string()),
            Err(_) => {
                // Whatever state it was in, it is not to be used again.
                self.decoder = Decoder::new();
                Err("the decoder gave up".into())
            }
        }
    }

    fn fault(&self, packet: usize, what: impl std::fmt::Display) -> Error {
        let place = match self.stream.index.frame_of.get(packet) {
            Some(&f) if f != HIDDEN => format!("frame {f}"),
            _ => format!("packet {packet}, which is not shown"),
        };
        let at = self.stream.packets.get(packet).map_or(0, |p| p.offset);
        Error::data(self.stream.input.path(), format!("{place} (at byte {at}) cannot be decoded: {what}"))
    }

    /// Feeds one packet, or the end.
    fn step(&mut self) -> Result<()> {
        let index = self.packet;
        let Some(&packet) = self.stream.packets.get(index) else {
            if self.flushed {
                return Err(self.missing());
            }
            self.flushed = true;
            let last = catch_unwind(AssertUnwindSafe(|| self.decoder.flush()));
            let last = last.map_err(|_| self.fault(self.making.unwrap_or(0), "the decoder gave up"))?;
            return self.picture(last);
        };
        self.packet += 1;
        let input = self.stream.input.clone();
        if packet.size > MOST_PACKET {
            return Err(self.fault(index, format!("a packet of {} bytes", packet.size)));
        }
        let end = packet.offset.checked_add(u64::from(packet.size));
        if end.is_none_or(|end| end > input.len()) {
            return Err(self.fault(
                index,
                format!("its {} bytes lie beyond the end of the file ({} bytes)", packet.size, input.len()),
            ));
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(packet.size as usize, 0);
        input.read_exact_at(&mut buffer, packet.offset)?;
        let done = self.decode(index, &buffer);
        self.buffer = buffer;
        done
    }

    fn decode(&mut self, index: usize, data: &[u8]) -> Result<()> {
        let mut all = Vec::new();
        units(data, self.stream.configuration.length_size, &mut all).map_err(|e| self.fault(index, e))?;
        let mut pictures = false;
        for bytes in all {
            let unit = unit(bytes).ok_or_else(|| self.fault(index, "a damaged unit"))?;
            match unit.nal_unit_type {
                NalUnitType::Sps => self.same_size(index, &unit)?,
                NalUnitType::Slice | NalUnitType::SliceIdr => pictures = true,
                NalUnitType::SliceDataA | NalUnitType::SliceDataB | NalUnitType::SliceDataC => {
                    return Err(self.fault(index, "data partitioning, which is not supported"));
                }
                _ => {}
            }
            let is_slice = matches!(unit.nal_unit_type, NalUnitType::Slice | NalUnitType::SliceIdr);
            let done = self.feed(&unit).map_err(|e| self.fault(index, e))?;
            self.picture(done)?;
            // The second field of a picture may come in a packet of its own: the picture is the
            // first one's.
            if is_slice && self.making.is_none() {
                self.making = Some(index);
            }
        }
        if pictures { Ok(()) } else { Err(self.fault(index, "its packet holds no picture")) }
    }

    /// A parameter set within the stream must not change what an array cannot change.
    fn same_size(&self, index: usize, unit: &NalUnit<'_>) -> Result<()> {
        let info = catch_unwind(AssertUnwindSafe(|| parse_sps_info(unit)))
            .map_err(|_| self.fault(index, "a damaged sequence header"))?
            .map_err(|e| self.fault(index, format!("a damaged sequence header: {e}")))?;
        let new = Sequence::new(&info, self.stream.input.path())?;
        let old = &self.stream.sequence;
        if new.size != old.size || new.chroma_format != old.chroma_format || new.depth != old.depth {
            return Err(self.fault(
                index,
                format!(
                    "the pictures change from {}x{} {} to {}x{} {} here; cut the file at this frame",
                    old.size.0,
                    old.size.1,
                    old.pixel_format(),
                    new.size.0,
                    new.size.1,
                    new.pixel_format()
                ),
            ));
        }
        Ok(())
    }

    /// Takes a finished picture.
    fn picture(&mut self, frame: Option<Frame>) -> Result<()> {
        let Some(frame) = frame else { return Ok(()) };
        let Some(packet) = self.making.take() else { return Ok(()) };
        let want = &self.stream.sequence;
        if (frame.width as usize, frame.height as usize) != want.size
            || u32::from(frame.bit_depth) != want.depth
            || (frame.chroma_format == ChromaFormat::Yuv422) != (want.chroma_format == 2)
        {
            return Err(self.fault(
                packet,
                format!("it is {}x{}, the first is {}x{}", frame.width, frame.height, want.size.0, want.size.1),
            ));
        }
        let shown = self.stream.index.frame_of.get(packet).copied().unwrap_or(HIDDEN);
        if shown != HIDDEN && self.frames.contains(&(shown as usize)) {
            self.waiting.insert(shown as usize, frame);
        }
        Ok(())
    }

    fn missing(&self) -> Error {
        let packet = self.stream.index.packet_of.get(self.frames.start).map_or(0, |&p| p as usize);
        self.fault(packet, "the stream ends without it")
    }
}

impl Cursor for H264Cursor {
    fn next_into(&mut self, raw: &mut [u8]) -> Result<()> {
        let want = self.frames.start;
        if self.frames.is_empty() {
            return Err(Error::internal("a cursor was read beyond its range"));
        }
        let packet = self.stream.index.packet_of.get(want).map_or(0, |&p| p as usize);
        loop {
            if let Some(frame) = self.waiting.remove(&want) {
                self.frames.start += 1;
                return if pack(&frame, &self.stream.sequence, raw) {
                    Ok(())
                } else {
                    Err(self.fault(packet, "its planes have the wrong size"))
                };
            }
            // Its own packet and the next went in, and no picture came: two fields in two packets
            // may need one more, beyond that it is lost.
            if self.packet > packet.saturating_add(4) && self.making.is_none_or(|m| m > packet.saturating_add(2)) {
                return Err(self.missing());
            }
            self.step()?;
        }
    }
}

/// Copies the planes of a picture into `raw`, ten bits narrowed to eight by rounding.
fn pack(frame: &Frame, sequence: &Sequence, raw: &mut [u8]) -> bool {
    let shape = sequence.planes();
    let Some((y, u, v)) = shape.split_mut(raw) else { return false };
    let mut good = true;
    for (out, plane, grey) in [(y, &frame.y, false), (u, &frame.u, true), (v, &frame.v, true)] {
        if grey && sequence.chroma_format == 0 {
            out.fill(128);
        } else if frame.bit_depth == 8 {
            match plane.get(..out.len()) {
                Some(p) if plane.len() == out.len() => out.copy_from_slice(p),
                _ => good = false,
            }
        } else {
            good &= plane.len() == out.len() * 2;
            for (o, p) in out.iter_mut().zip(plane.chunks_exact(2)) {
                let sample = p.iter().rev().fold(0u32, |a, &b| a << 8 | u32::from(b));
                *o = ((sample + 2) >> 2).min(255) as u8;
            }
        }
    }
    good
}
