//! Frames into an MP4 file: H.264 pictures, and the sound of the original beside them.

use std::any::Any;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use opusclip_engine::DType;
use opusclip_engine::error::{Error, Result, show_name, show_path};
use opusclip_engine::flow::{Encoded, Part, Sink, StreamInfo};

use super::container::{self, Edit, Mux, NewTrack, Track, TrackKind};
use super::encode::{Encode, Recipe};
use super::index::{PacketIndex, rescale};
use super::mp4::write::Mp4Writer;
use super::source::Video;
use super::truth::resolve_colour;
use crate::store::input::Input;
use crate::store::pending::{PendingFile, same_file};

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteReport {
    /// The file.
    pub path: PathBuf,
    /// Frames in it.
    pub frames: usize,
    /// Their length.
    pub seconds: f64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Packets of sound that were copied.
    pub audio_packets: usize,
}

/// Writes frames of `(H, W, 3)` `uint8` RGB to an MP4 file. The file has its name only when all
/// is done.
pub struct Mp4Sink {
    encode: Encode,
    target: PathBuf,
    pending: Option<PendingFile>,
    started: Option<Started>,
}

/// What there is once the stream's facts are known.
struct Started {
    recipe: Recipe,
    mux: Mp4Writer,
    /// Time of each frame in ticks, from the first.
    pts: Vec<i64>,
    durations: Vec<i64>,
    timescale: u32,
    delay: i64,
    written: usize,
    sound: Vec<Sound>,
    audio_packets: usize,
}

/// A sound track on its way to the output.
struct Sound {
    track: Arc<Track>,
    packets: Range<usize>,
    /// Ticks of the track from the movie's time to the track's.
    offset: i64,
    number: usize,
}

impl Mp4Sink {
    /// Prepares to write `target`. All that can be found wrong with the name is found here,
    /// before any frame is made: a missing folder, a folder in its place, no right to write, a
    /// file that exists (unless `overwrite`), or the input itself under whatever name.
    pub fn create(target: &Path, encode: &Encode, overwrite: bool) -> Result<Mp4Sink> {
        encode.check()?;
        if let Some(like) = &encode.like
            && same_file(target, like.input().path())
        {
            return Err(Error::value(
                "output",
                format!("{} is the input itself; choose another name", show_path(target)),
            ));
        }
        let pending = PendingFile::create(target, overwrite)?;
        Ok(Mp4Sink { encode: encode.clone(), target: target.to_path_buf(), pending: Some(pending), started: None })
    }

    fn started(&mut self) -> Result<&mut Started> {
        self.started.as_mut().ok_or_else(|| Error::internal("a sink was used before it began"))
    }
}

/// Ticks of `info`'s clock as ticks of a clock of `to`, rounded.
fn to_clock(info: &StreamInfo, ticks: i64, to: u32) -> i64 {
    let num = i128::from(ticks) * i128::from(info.time_base.num) * i128::from(to);
    let den = i128::from(info.time_base.den.max(1));
    num.saturating_add(den / 2).div_euclid(den).clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Which part of the original's time the output shows.
#[derive(Clone, Copy, Default)]
struct Window {
    /// Ticks of the output's clock; `None` from the beginning.
    start: Option<i64>,
    /// `None` to the end.
    end: Option<i64>,
}

fn window(info: &StreamInfo, like: Option<&Video>) -> Window {
    let (Some(like), Some(&first), Some(&last)) = (like, info.pts.first(), info.pts.last()) else {
        return Window::default();
    };
    let original = like.stream_info();
    let clock = u32::try_from(original.time_base.den).unwrap_or(u32::MAX);
    let same = |ours: i64, theirs: Option<&i64>| theirs.is_some_and(|t| to_clock(info, ours, clock) == *t);
    let last_duration = info.durations.last().copied().unwrap_or(0);
    Window {
        start: (!same(first, original.pts.first())).then_some(first),
        end: (!same(last, original.pts.last())).then_some(last.saturating_add(last_duration)),
    }
}

/// A sound track cut to the window: its packets, its edit, and where the movie's zero is in it.
fn cut_sound(
    track: &Arc<Track>,
    info: &StreamInfo,
    window: Window,
    from: u32,
    movie: u32,
) -> (Range<usize>, Edit, i64) {
    let scale = |ticks: u64| rescale(i64::try_from(ticks).unwrap_or(i64::MAX), from, track.timescale);
    // Time of the track = time of the movie + shift.
    let shift = track.edit.start.saturating_sub(scale(track.edit.delay));
    let packets = &track.packets;
    let begin = window.start.map(|t| to_clock(info, t, track.timescale).saturating_add(shift));
    let end = window.end.map(|t| to_clock(info, t, track.timescale).saturating_add(shift));
    let first = begin.map_or(0, |b| packets.partition_point(|p| p.dts.saturating_add(p.duration.into()) <= b));
    let last = end.map_or(packets.len(), |e| packets.partition_point(|p| p.dts < e)).max(first);
    let base = packets.get(first).map_or(0, |p| p.dts);
    let movie_ticks = |ticks: i64| rescale(ticks.max(0), track.timescale, movie).max(0) as u64;
    // What is shown first, in the track's own time and after the window was cut.
    let natural_start = track.edit.start;
    let natural_end = track.edit.length.map(|l| natural_start.saturating_add(scale(l)));
    let zero = begin.unwrap_or(shift);
    let show = zero.max(natural_start);
    let start = show.max(base);
    let stop = match (natural_end, end) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let delay = if window.start.is_none() && base <= natural_start {
        // Untouched: exactly as it was, without rounding twice.
        rescale(i64::try_from(track.edit.delay).unwrap_or(i64::MAX), from, movie).max(0) as u64
    } else {
        movie_ticks(start.saturating_sub(zero))
    };
    let length = match (window.start, window.end, track.edit.length) {
        (None, None, Some(l)) => Some(rescale(i64::try_from(l).unwrap_or(i64::MAX), from, movie).max(0) as u64),
        _ => stop.map(|s| movie_ticks(s.saturating_sub(start))),
    };
    (first..last, Edit { delay, start: start.saturating_sub(base), length, stated: true }, zero)
}

impl Sink for Mp4Sink {
    fn describe(&self) -> String {
        let name = show_name(&self.target);
        let sound = match (&self.encode.like, self.encode.audio) {
            (Some(v), true) if !v.facts().audio.is_empty() => ", sound copied",
            _ => ", no sound",
        };
        format!("{name}: MP4, H.264 QP {} every {} frames a key{sound}", self.encode.qp, self.encode.gop)
    }

    fn begin(&mut self, info: &StreamInfo) -> Result<()> {
        let (height, width) = match info.shape.as_slice() {
            [_, h, w, 3] if info.dtype == DType::U8 => (*h, *w),
            other => {
                return Err(Error::value(
                    "output",
                    format!("a video wants (T, H, W, 3) of uint8, got {other:?} of {}", info.dtype),
                ));
            }
        };
        let frames = info.frames();
        if frames == 0 {
            return Err(Error::value("output", "no frame to write; choose a range that holds one"));
        }
        if info.pts.len() != frames || info.durations.len() != frames {
            return Err(Error::internal("a stream without a time for each frame"));
        }
        let scale = info.time_base.num;
        let timescale = u32::try_from(info.time_base.den)
            .ok()
            .filter(|t| *t > 0 && scale > 0)
            .ok_or_else(|| Error::value("output", format!("a clock of {} s is too fine for MP4", info.time_base)))?;
        let like = self.encode.like.as_ref();
        let window = window(info, like);
        // From the first frame on; where that is in the movie is the edit list's to say.
        let origin = info.pts.first().copied().unwrap_or(0);
        let ticks = |t: i64| {
            t.checked_sub(origin)
                .and_then(|t| t.checked_mul(scale))
                .ok_or_else(|| Error::value("output", "times beyond any clock"))
        };
        let pts: Vec<i64> = info.pts.iter().map(|&t| ticks(t)).collect::<Result<_>>()?;
        if pts.windows(2).any(|w| w[1] < w[0] || w[1] - w[0] > i64::from(i32::MAX)) {
            return Err(Error::value("output", "frame times must not go back or jump further than MP4 can say"));
        }
        let last = info.durations.last().copied().unwrap_or(0).checked_mul(scale).unwrap_or(0);
        let mut durations: Vec<i64> = pts.windows(2).map(|w| w[1] - w[0]).collect();
        durations.push(last.clamp(0, i64::from(i32::MAX)));

        let (colour, _) = resolve_colour(info.colour, width, height);
        let recipe = Recipe::new(&self.encode, width, height, info.mean_rate(), colour)?;

        let from = like.map_or(1000, |v| v.demux().movie_timescale());
        let delay =
            if like.is_some() && window.start.is_none() { origin.checked_mul(scale).unwrap_or(0).max(0) } else { 0 };
        // The movie's clock must be able to say when the pictures begin.
        let exact = i128::from(delay) * i128::from(from) % i128::from(timescale) == 0;
        let movie = if exact { from } else { timescale };
        let aspect = Some(info.sample_aspect)
            .and_then(|a| Some((u32::try_from(a.num).ok()?, u32::try_from(a.den).ok()?)))
            .filter(|a| a.0 > 0 && a.1 > 0)
            .unwrap_or((1, 1));
        let mut tracks = vec![NewTrack::H264 {
            size: (width, height),
            timescale,
            colour,
            aspect,
            packets: frames,
            delay: rescale(delay, timescale, movie).max(0) as u64,
        }];
        let mut sound = Vec::new();
        let mut metadata = Vec::new();
        let mut quicktime = false;
        if let Some(like) = like {
            metadata = like.demux().metadata().to_vec();
            let audio = like.demux().tracks().iter().filter(|t| t.kind == TrackKind::Audio && !t.entries.is_empty());
            for track in audio.filter(|_| self.encode.audio) {
                // Entries of QuickTime's own kind are only understood in a QuickTime file.
                quicktime = like.demux().format().contains("QuickTime");
                let track = Arc::new(track.clone());
                let (packets, edit, offset) = cut_sound(&track, info, window, from, movie);
                if packets.is_empty() {
                    continue;
                }
                tracks.push(NewTrack::Copy { track: track.clone(), packets: packets.clone(), edit });
                sound.push(Sound { track, packets, offset, number: tracks.len() - 1 });
            }
        }
        let pending = self.pending.take().ok_or_else(|| Error::internal("a sink began twice"))?;
        let mut mux = Mp4Writer::new(pending, movie, quicktime, metadata, tracks)?;
        mux.config(0, recipe.configuration())?;
        self.started =
            Some(Started { recipe, mux, pts, durations, timescale, delay, written: 0, sound, audio_packets: 0 });
        Ok(())
    }

    fn part_frames(&self) -> usize {
        self.encode.gop
    }

    fn part_bytes(&self) -> usize {
        self.started.as_ref().map_or(0, |s| s.recipe.part_bytes())
    }

    fn part(&self, _index: usize, frames: Range<usize>) -> Result<Box<dyn Part>> {
        let started = self.started.as_ref().ok_or_else(|| Error::internal("a sink was used before it began"))?;
        Ok(Box::new(started.recipe.encoder(frames)?))
    }

    fn join(&mut self, encoded: Encoded) -> Result<()> {
        let like = self.encode.like.clone();
        self.started()?.join(encoded, like.as_ref())
    }

    fn finish(&mut self) -> Result<Box<dyn Any + Send>> {
        let mut started = self.started.take().ok_or_else(|| Error::internal("a sink ended before it began"))?;
        let frames = started.pts.len();
        if started.written != frames {
            return Err(Error::internal(format!("{} of {frames} frames were written", started.written)));
        }
        started.copy_sound(i64::MAX, self.encode.like.as_ref())?;
        started.mux.finish()?;
        let file = started.mux.file();
        file.flush()?;
        verify(file.temporary(), &self.target, frames)?;
        let bytes = Input::open(file.temporary())?.len();
        started.mux.into_file().persist()?;
        let end = started.pts.last().copied().unwrap_or(0) + started.durations.last().copied().unwrap_or(0);
        Ok(Box::new(WriteReport {
            path: self.target.clone(),
            frames,
            seconds: end as f64 / f64::from(started.timescale),
            bytes,
            audio_packets: started.audio_packets,
        }))
    }
}

impl Started {
    fn join(&mut self, encoded: Encoded, like: Option<&Video>) -> Result<()> {
        let end = self.written.saturating_add(encoded.units.len());
        let until = self.pts.get(end).map_or(i64::MAX, |t| t.saturating_add(self.delay));
        self.copy_sound(until, like)?;
        let mut bytes = encoded.bytes.as_slice();
        for unit in &encoded.units {
            let (packet, rest) =
                bytes.split_at_checked(unit.len).ok_or_else(|| Error::internal("a part shorter than its units"))?;
            bytes = rest;
            let at = self.written;
            let times = (self.pts.get(at), self.durations.get(at), self.pts.get(unit.frame));
            let (Some(&dts), Some(&duration), Some(&pts)) = times else {
                return Err(Error::internal("more frames than the stream has"));
            };
            // Pictures are stored in decoding order at the times of the showing order: a closed
            // group takes the same span of both.
            self.mux.packet(0, packet, dts, pts, u32::try_from(duration).unwrap_or(0), unit.key)?;
            self.written += 1;
        }
        Ok(())
    }

    /// Copies the sound that begins before `until` (ticks of the pictures).
    fn copy_sound(&mut self, until: i64, like: Option<&Video>) -> Result<()> {
        let Some(like) = like else { return Ok(()) };
        let mut buffer = Vec::new();
        for sound in &mut self.sound {
            let end = if until == i64::MAX {
                i64::MAX
            } else {
                rescale(until, self.timescale, sound.track.timescale).saturating_add(sound.offset)
            };
            while let Some(packet) =
                sound.track.packets.get(sound.packets.start).filter(|p| !sound.packets.is_empty() && p.dts < end)
            {
                let input = like.input();
                let fits = packet.offset.checked_add(packet.size.into()).is_some_and(|e| e <= input.len());
                if !fits {
                    return Err(Error::data(
                        input.path(),
                        format!(
                            "packet {} of sound track {} lies beyond the end of the file; leave the sound out or repair the file",
                            sound.packets.start, sound.track.id
                        ),
                    ));
                }
                buffer.resize(packet.size as usize, 0);
                input.read_exact_at(&mut buffer, packet.offset)?;
                self.mux.packet(sound.number, &buffer, packet.dts, packet.pts, packet.duration, packet.key)?;
                sound.packets.start += 1;
                self.audio_packets += 1;
            }
        }
        Ok(())
    }
}

/// Reads the finished file's own index: as many frames as were meant, all within the file.
fn verify(path: &Path, target: &Path, frames: usize) -> Result<()> {
    let check = || -> Result<bool> {
        let input = Arc::new(Input::open(path)?);
        let demux = container::open(&input)?;
        let Some(track) = demux.tracks().iter().find(|t| t.kind == TrackKind::Video) else { return Ok(false) };
        let within = |p: &container::Packet| p.offset + u64::from(p.size) <= input.len();
        let all = demux.tracks().iter().all(|t| t.packets.iter().all(within));
        Ok(all && PacketIndex::new(track, demux.movie_timescale()).frames() == frames)
    };
    match check() {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::Io {
            path: target.to_path_buf(),
            detail: format!("what was written does not hold the {frames} frames meant; is the disk sound?"),
        }),
        Err(e) => {
            Err(Error::Io { path: target.to_path_buf(), detail: format!("what was written cannot be read back: {e}") })
        }
    }
}
