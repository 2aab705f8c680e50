//! Containers: what a demultiplexer tells and a multiplexer takes, without a word of any format.
//! The implementation for MP4 and QuickTime is in `mp4/`.

use std::ops::Range;
use std::sync::Arc;

use opusclip_engine::error::{Error, Result};
use opusclip_engine::flow::Colour;

use super::mp4;
use crate::store::input::Input;

/// One stored unit of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where its bytes begin in the file.
    pub offset: u64,
    /// How many there are.
    pub size: u32,
    /// Decoding time in ticks of the track.
    pub dts: i64,
    /// Time of showing in ticks of the track, before the edit list.
    pub pts: i64,
    /// How long it lasts, in ticks.
    pub duration: u32,
    /// True when decoding may start here.
    pub key: bool,
}

/// What a track holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackKind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// Subtitles, timecode, hints…
    Other,
}

/// What part of a track is shown, and when: the part of an edit list that this library follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Ticks of the *movie* before the track begins.
    pub delay: u64,
    /// Time in ticks of the track of what is shown first.
    pub start: i64,
    /// Ticks of the *movie* that are shown; `None` to the end.
    pub length: Option<u64>,
    /// True when the file says so, false when it says nothing and this is the default.
    pub stated: bool,
}

impl Edit {
    /// Everything, from time zero on.
    pub const WHOLE: Edit = Edit { delay: 0, start: 0, length: None, stated: false };
}

/// How the pictures of a video track are coded and to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoEntry {
    /// Four letters of the sample entry.
    pub codec: [u8; 4],
    /// The decoder configuration record (for H.264 the body of `avcC`), empty when there is none.
    pub config: Vec<u8>,
    /// Width and height that the entry states; the codec's own are what counts.
    pub size: (u16, u16),
    /// Colour tags of the container.
    pub colour: Option<Colour>,
    /// Sample aspect of the container.
    pub aspect: Option<(u32, u32)>,
}

/// One track.
#[derive(Clone, Debug)]
pub struct Track {
    /// Its number in the file.
    pub id: u32,
    /// What it holds.
    pub kind: TrackKind,
    /// False for tracks that are not shown unless asked for.
    pub enabled: bool,
    /// Ticks in a second.
    pub timescale: u32,
    /// Packed language code.
    pub language: u16,
    /// The transformation to the screen: a b u c d v x y w in the file's fixed point.
    pub matrix: [i32; 9],
    /// Sample entries, each with its header, byte for byte.
    pub entries: Vec<Vec<u8>>,
    /// Which of them each packet uses, as runs of (packets, entry).
    pub entry_runs: Vec<(usize, u32)>,
    /// The first entry of a video track, read.
    pub video: Option<VideoEntry>,
    /// For sound: samples per second and channels, as the entry states.
    pub audio: Option<(u32, u16)>,
    /// The first entry's four letters.
    pub codec: [u8; 4],
    /// The edit list.
    pub edit: Edit,
    /// All packets in the order of decoding.
    pub packets: Vec<Packet>,
}

impl Track {
    /// Length of all packets in ticks.
    pub fn ticks(&self) -> i64 {
        match (self.packets.first(), self.packets.last()) {
            (Some(a), Some(b)) => b.dts.saturating_add(i64::from(b.duration)).saturating_sub(a.dts),
            _ => 0,
        }
    }
}

/// A file taken apart. Nothing of the pictures or the sound was read yet.
pub trait Demux: Send + Sync + std::fmt::Debug {
    /// Name of the format for people.
    fn format(&self) -> &'static str;

    /// Ticks in a second of the movie, the unit of [`Edit::delay`].
    fn movie_timescale(&self) -> u32;

    /// All tracks.
    fn tracks(&self) -> &[Track];

    /// Titles and the like as the container stores them, to be copied.
    fn metadata(&self) -> &[u8];

    /// What is odd about the file, one line each.
    fn warnings(&self) -> &[String];
}

/// A track to be written.
#[derive(Clone, Debug)]
pub enum NewTrack {
    /// H.264 pictures that the writer gets as Annex B access units.
    H264 {
        /// Shown width and height.
        size: (usize, usize),
        /// Ticks in a second.
        timescale: u32,
        /// Colour tags to write.
        colour: Colour,
        /// Sample aspect to write; (1, 1) is square.
        aspect: (u32, u32),
        /// At most this many packets will come.
        packets: usize,
        /// Ticks of the movie before the first picture.
        delay: u64,
    },
    /// Packets copied as they are.
    Copy {
        /// The track they come from.
        track: Arc<Track>,
        /// Which of its packets.
        packets: Range<usize>,
        /// What of them is shown, and when.
        edit: Edit,
    },
}

/// A file being put together. Packets of one track come in order of decoding.
pub trait Mux: Send {
    /// Appends one packet of track `track`: bytes as they are stored, times in ticks.
    fn packet(&mut self, track: usize, bytes: &[u8], dts: i64, pts: i64, duration: u32, key: bool) -> Result<()>;

    /// Gives the decoder configuration of a coded track; once, before the end.
    fn config(&mut self, track: usize, config: Vec<u8>) -> Result<()>;

    /// Writes what is left (the index). The file is complete then.
    fn finish(&mut self) -> Result<()>;
}

/// Takes `input` apart, by its content and not by its name.
pub fn open(input: &Arc<Input>) -> Result<Box<dyn Demux>> {
    let mut head = [0u8; 4096];
    let n = input.len().min(head.len() as u64) as usize;
    let head = head.get_mut(..n).unwrap_or(&mut []);
    input.read_exact_at(head, 0)?;
    let path = input.path();
    if head.is_empty() {
        return Err(Error::data(path, "is empty (0 bytes); not a video"));
    }
    if mp4::read::looks_like(head) {
        return Ok(Box::new(mp4::read::Mp4::open(input)?));
    }
    match other_format(head) {
        Some(what) => Err(Error::unsupported(
            path,
            format!(
                "is {what}; this build reads H.264 in MP4 or MOV, the rest needs the FFmpeg backend of a later release"
            ),
        )),
        None if is_text(head) => Err(Error::data(path, "is text, not a video")),
        None => Err(Error::data(path, "is not a video: its first bytes are those of no known format")),
    }
}

/// Formats that exist but are not read here, by their first bytes.
fn other_format(head: &[u8]) -> Option<&'static str> {
    let at = |i: usize, want: &[u8]| head.get(i..i.saturating_add(want.len())) == Some(want);
    let table: [(bool, &'static str); 16] = [
        (at(0, &[0x1a, 0x45, 0xdf, 0xa3]), "Matroska or WebM"),
        (at(0, b"RIFF") && at(8, b"AVI "), "AVI"),
        (at(0, b"RIFF") && at(8, b"WAVE"), "WAV sound without pictures"),
        (at(0, b"RIFF") && at(8, b"WEBP"), "a WebP image"),
        (at(0, b"FLV"), "Flash video"),
        (at(0, b"OggS"), "Ogg"),
        (at(0, &[0, 0, 1, 0xba]), "an MPEG program stream"),
        (at(0, &[0x47]) && at(188, &[0x47]) && at(376, &[0x47]), "an MPEG transport stream"),
        (at(0, &[0x30, 0x26, 0xb2, 0x75]), "ASF or WMV"),
        (at(0, b"GIF8"), "a GIF"),
        (at(0, b"\x89PNG"), "a PNG image"),
        (at(0, &[0xff, 0xd8, 0xff]), "a JPEG image"),
        (at(0, b"YUV4MPEG2"), "raw YUV4MPEG2"),
        (at(0, b"DKIF"), "IVF"),
        (at(0, &[0, 0, 0, 1]) || at(0, &[0, 0, 1]), "a raw elementary stream"),
        (at(0, b"#EXTM3U"), "a playlist"),
    ];
    table.iter().find(|(yes, _)| *yes).map(|(_, what)| *what)
}

fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => head,
        // The last character may be cut by the end of the buffer.
        Err(e) if e.error_len().is_none() => head.get(..e.valid_up_to()).unwrap_or(&[]),
        Err(_) => return false,
    };
    !whole.is_empty() && whole.iter().all(|c| *c >= 0x20 || matches!(c, b'\t' | b'\n' | b'\r' | 0x0c))
}
