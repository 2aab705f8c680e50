//! MP4 and QuickTime in: the boxes of a file become tracks.

use std::collections::HashSet;
use std::sync::Arc;

use opusclip_engine::error::{Error, Result};
use opusclip_engine::flow::Colour;

use shiguredo_mp4::boxes::{AudioSampleEntryFields, ElstBox, HdlrBox, MdhdBox, MvhdBox, TkhdBox, TrexBox};
use shiguredo_mp4::{FixedPointNumber, FullBoxHeader};

use super::boxes::{Boxed, Fields, Kind, Parsed, boxes, find, header, name, need};
use super::{fragment, tables};
use crate::store::input::Input;
use crate::video::container::{Demux, Edit, Track, TrackKind, VideoEntry};

/// The index of a file is at most this large: 512 MiB, some hundred hours of video.
const MOST_INDEX: u64 = 1 << 29;
/// Boxes at the top of a file: two for each fragment.
const MOST_BOXES: usize = 1 << 21;
/// Tracks in a file.
const MOST_TRACKS: usize = 256;
/// Boxes that begin an MP4 or QuickTime file.
const FIRST: [Kind; 9] = [*b"ftyp", *b"moov", *b"mdat", *b"free", *b"skip", *b"wide", *b"styp", *b"pnot", *b"uuid"];

/// True when the first bytes are those of an MP4 or QuickTime file.
pub(crate) fn looks_like(head: &[u8]) -> bool {
    head.get(4..8).is_some_and(|k| FIRST.iter().any(|f| f.as_slice() == k))
}

/// An opened MP4 or QuickTime file.
#[derive(Debug)]
pub(crate) struct Mp4 {
    format: &'static str,
    timescale: u32,
    tracks: Vec<Track>,
    metadata: Vec<u8>,
    warnings: Vec<String>,
}

impl Demux for Mp4 {
    fn format(&self) -> &'static str {
        self.format
    }

    fn movie_timescale(&self) -> u32 {
        self.timescale
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn metadata(&self) -> &[u8] {
        &self.metadata
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Mp4 {
    /// Reads the index of `input`, wherever in the file it is.
    pub(crate) fn open(input: &Arc<Input>) -> Result<Mp4> {
        let bad = |what: String| Error::data(input.path(), what);
        let mut out =
            Mp4 { format: "MP4", timescale: 1000, tracks: Vec::new(), metadata: Vec::new(), warnings: Vec::new() };
        let (mut have_index, mut have_data, mut count) = (false, false, 0usize);
        let mut trex = Vec::new();
        let mut fragments = 0usize;
        let mut at = 0u64;
        while at.checked_add(8).is_some_and(|end| end <= input.len()) {
            count += 1;
            if count > MOST_BOXES {
                return Err(bad(format!("has more than {MOST_BOXES} boxes at its top level")));
            }
            let (kind, header, size) = top_box(input, at)?;
            let left = input.len() - at;
            let cut = size > left;
            match &kind {
                b"ftyp" => {
                    let brand = input.read_vec(at.saturating_add(header), 4.min(left.saturating_sub(header)))?;
                    if brand == b"qt  " {
                        out.format = "QuickTime";
                    }
                }
                b"mdat" => {
                    have_data = true;
                    if cut {
                        out.warnings.push(format!(
                            "the file is cut: its data should go on for {} more bytes",
                            size.saturating_sub(left)
                        ));
                    }
                }
                b"moov" | b"moof" if cut => {
                    return Err(bad(format!(
                        "is cut: its index (box {} at byte {at}) says {size} bytes but the file has {left} more; the recording or the copy is incomplete",
                        name(kind)
                    )));
                }
                b"moov" | b"moof" if size > MOST_INDEX => {
                    return Err(bad(format!("its index of {size} bytes is over the limit of {MOST_INDEX}")));
                }
                b"moov" if !have_index => {
                    have_index = true;
                    let body = input.read_vec(at.saturating_add(header), size.saturating_sub(header))?;
                    trex = out.movie(&body, input)?;
                }
                b"moof" if have_index => {
                    fragments += 1;
                    let body = input.read_vec(at.saturating_add(header), size.saturating_sub(header))?;
                    fragment::fragment(&body, at, &mut out.tracks, &trex, input.len())
                        .map_err(|e| bad(format!("is damaged: fragment {fragments} at byte {at}: {e}")))?;
                }
                _ => {}
            }
            at = match at.checked_add(size) {
                Some(next) if !cut => next,
                _ => break,
            };
        }
        if !have_index {
            return Err(bad(if have_data {
                "has no index (box moov): the recording was not finished or the file is cut".into()
            } else {
                "has no index (box moov) and no data: it is cut or not a video".into()
            }));
        }
        if fragments > 0 {
            out.format = if out.format == "MP4" { "fragmented MP4" } else { "fragmented QuickTime" };
        }
        Ok(out)
    }

    /// Reads a `moov`; gives the defaults for fragments.
    fn movie(&mut self, moov: &[u8], input: &Arc<Input>) -> Result<Vec<TrexBox>> {
        let bad = |what: String| Error::data(input.path(), format!("has a damaged index: {what}"));
        let mut trex = Vec::new();
        if find(moov, *b"cmov").map_err(bad)?.is_some() {
            return Err(Error::unsupported(input.path(), "has a compressed index; rewrite it with `ffmpeg -c copy`"));
        }
        let mut seen = HashSet::new();
        for b in boxes(moov) {
            let b = b.map_err(bad)?;
            match &b.kind {
                b"mvhd" => self.timescale = b.read::<MvhdBox>().map_err(bad)?.timescale.get(),
                b"mvex" => trex = fragment::defaults(b.body).map_err(bad)?,
                b"udta" => self.metadata = b.whole.to_vec(),
                b"trak" => {
                    if self.tracks.len() >= MOST_TRACKS {
                        return Err(bad(format!("more than {MOST_TRACKS} tracks")));
                    }
                    let number = self.tracks.len() + 1;
                    let track = self.track(&b, input.len()).map_err(|e| bad(format!("track {number}: {e}")))?;
                    match track {
                        Ok(t) if seen.insert(t.id) => self.tracks.push(t),
                        Ok(t) => return Err(bad(format!("two tracks are called {}", t.id))),
                        Err(what) => return Err(Error::unsupported(input.path(), what)),
                    }
                }
                _ => {}
            }
        }
        Ok(trex)
    }

    /// Reads one `trak`. The inner error is for what is valid but not for us.
    fn track(&mut self, trak: &Boxed<'_>, file_len: u64) -> Parsed<Result<Track, String>> {
        let tkhd: TkhdBox = need(trak.body, *b"tkhd")?.read()?;
        let id = tkhd.track_id;
        let mdia = need(trak.body, *b"mdia")?.body;
        let mdhd: MdhdBox = need(mdia, *b"mdhd")?.read()?;
        let kind = match need(mdia, *b"hdlr")?.read::<HdlrBox>()?.handler_type {
            HdlrBox::HANDLER_TYPE_VIDE => TrackKind::Video,
            HdlrBox::HANDLER_TYPE_SOUN => TrackKind::Audio,
            _ => TrackKind::Other,
        };
        let minf = need(mdia, *b"minf")?.body;
        let stbl = need(minf, *b"stbl")?.body;
        let entries = sample_entries(need(stbl, *b"stsd")?.body)?;
        let codec = entries.first().map_or([0; 4], |e| e.kind);
        let (packets, entry_runs) = tables::samples(stbl, file_len)?;
        let mut video = None;
        let mut audio = None;
        if let Some(entry) = entries.first() {
            match kind {
                TrackKind::Video => video = Some(video_entry(entry)?),
                TrackKind::Audio => audio = audio_entry(entry.body),
                TrackKind::Other => {}
            }
        }
        if kind != TrackKind::Other && external(minf)? {
            return Ok(Err(format!(
                "its track {id} keeps its data in another file, which is never opened; join them first with `ffmpeg -c copy`"
            )));
        }
        let edit = match find(trak.body, *b"edts")? {
            Some(edts) => match find(edts.body, *b"elst")? {
                Some(elst) => match edits(&elst.table(4, if elst.body.first() == Some(&1) { 20 } else { 12 })?) {
                    Ok(edit) => edit,
                    // Sound and the rest are copied, so only pictures must be understood.
                    Err(what) if kind == TrackKind::Video => return Ok(Err(what)),
                    Err(what) => {
                        self.warnings.push(format!("track {id}: {what}; it is taken from its beginning"));
                        Edit::WHOLE
                    }
                },
                None => Edit::WHOLE,
            },
            None => Edit::WHOLE,
        };
        Ok(Ok(Track {
            id,
            kind,
            enabled: tkhd.flag_track_enabled,
            timescale: mdhd.timescale.get(),
            language: mdhd.language.as_bytes().iter().fold(0, |code, &c| code << 5 | u16::from(c & 31)),
            matrix: tkhd.matrix,
            entries: entries.iter().map(|e| e.whole.to_vec()).collect(),
            entry_runs,
            video,
            audio,
            codec,
            edit,
            packets,
        }))
    }
}

/// Kind, bytes of header and of the whole of the box at `at`.
fn top_box(input: &Input, at: u64) -> Result<(Kind, u64, u64)> {
    let left = input.len().saturating_sub(at);
    let head = input.read_vec(at, 16.min(left))?;
    header(&head, left).map_err(|what| Error::data(input.path(), format!("is damaged at byte {at}: {what}")))
}

/// Sample entries as they are: sound is copied with its entry byte for byte, and what the crate
/// reads it does not write back alike (FFmpeg's long form of the lengths in `esds`, the zeros at
/// the end of QuickTime's entries, an `avcC` without its last four bytes).
fn sample_entries(stsd: &[u8]) -> Parsed<Vec<Boxed<'_>>> {
    let mut f = Fields(stsd);
    let _: (FullBoxHeader, u32) = (f.next()?, f.next()?);
    boxes(f.0).collect()
}

/// True when any of the places of data is not this file.
fn external(minf: &[u8]) -> Parsed<bool> {
    let Some(dinf) = find(minf, *b"dinf")? else { return Ok(false) };
    let Some(dref) = find(dinf.body, *b"dref")? else { return Ok(false) };
    let mut f = Fields(dref.body);
    let _: (FullBoxHeader, u32) = (f.next()?, f.next()?);
    for e in boxes(f.0) {
        let e = e?;
        // QuickTime's `alis` and `url ` alike: flag 1 is "in this file".
        let here = Fields(e.body).next::<FullBoxHeader>()?.flags.is_set(0);
        if !here && matches!(&e.kind, b"url " | b"urn " | b"alis") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn video_entry(entry: &Boxed<'_>) -> Parsed<VideoEntry> {
    let mut f = Fields(entry.body);
    // Not the crate's `VisualSampleEntryFields`: it refuses the data reference 0, though nobody
    // follows it here.
    f.take(24)?;
    let [width, height]: [u16; 2] = f.next()?;
    f.take(50)?;
    let (mut config, mut colour, mut aspect) = (Vec::new(), None, None);
    for c in boxes(f.0) {
        // What follows the known boxes is none of our business.
        let Ok(c) = c else { break };
        let mut inner = Fields(c.body);
        match &c.kind {
            b"avcC" => config = c.body.to_vec(),
            // These two the crate does not know.
            b"colr" => {
                let kind: Kind = inner.next()?;
                if matches!(&kind, b"nclx" | b"nclc") {
                    let [primaries, transfer, matrix]: [u16; 3] = inner.next()?;
                    let full_range = &kind == b"nclx" && inner.next::<u8>()? & 0x80 != 0;
                    let byte = |v: u16| u8::try_from(v).unwrap_or(2);
                    colour = Some(Colour {
                        primaries: byte(primaries),
                        transfer: byte(transfer),
                        matrix: byte(matrix),
                        full_range,
                    });
                }
            }
            b"pasp" => aspect = Some((inner.next()?, inner.next()?)),
            _ => {}
        }
    }
    Ok(VideoEntry { codec: entry.kind, config, size: (width, height), colour, aspect })
}

/// Rate and channels of a sound entry; only for showing, so anything odd is nothing.
fn audio_entry(body: &[u8]) -> Option<(u32, u16)> {
    let sound: AudioSampleEntryFields = Fields(body).next().ok()?;
    Some((sound.samplerate.integer.into(), aac_channels(body).unwrap_or(sound.channelcount)))
}

/// Channels of AAC as its own configuration states them: the sample entry of 5.1 sound says 2
/// (ISO/IEC 14496-1 descriptors, 14496-3 AudioSpecificConfig).
fn aac_channels(body: &[u8]) -> Option<u16> {
    let at = body.windows(4).position(|w| w == b"esds")?;
    // Version and flags, then descriptors in each other: the stream's, the decoder's, its configuration.
    let mut rest = body.get(at + 8..)?;
    for (tag, own) in [(3, 3), (4, 13), (5, 0)] {
        let (&first, after) = rest.split_first()?;
        if first != tag {
            return None;
        }
        // A length in up to four bytes of seven bits.
        let length = after.iter().take(4).position(|b| b & 0x80 == 0)? + 1;
        rest = after.get(length + own..)?;
    }
    let &[a, b, ..] = rest else { return None };
    let (kind, rate) = (a >> 3, (a & 7) << 1 | b >> 7);
    let channels = u16::from(b >> 3 & 15);
    match (kind, rate, channels) {
        // Escaped kinds and rates put the channels elsewhere.
        (31, ..) | (_, 15, _) => None,
        (_, _, 7) => Some(8),
        (_, _, n @ 1..=6) => Some(n),
        _ => None,
    }
}

/// An edit list as delay, start and length. The error is for lists that do more.
fn edits(list: &ElstBox) -> Result<Edit, String> {
    let n = list.entries.len();
    let mut edit = Edit { stated: n > 0, ..Edit::WHOLE };
    let mut cut = false;
    for (i, e) in list.entries.iter().enumerate() {
        if e.media_time == -1 && i == 0 {
            edit.delay = e.edit_duration;
        } else if e.media_time >= 0 && !cut && e.media_rate == FixedPointNumber::new(1, 0) {
            cut = true;
            (edit.start, edit.length) = (e.media_time, (e.edit_duration > 0).then_some(e.edit_duration));
        } else {
            return Err(format!(
                "it has an edit list of {n} cuts, jumps or speeds; only a delay and one cut are followed here, `ffmpeg -i IN OUT` makes a plain file"
            ));
        }
    }
    Ok(edit)
}
