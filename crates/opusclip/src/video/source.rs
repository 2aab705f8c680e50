//! A video file as a source of frames.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use opusclip_engine::DType;
use opusclip_engine::error::{Error, Result, show_name};
use opusclip_engine::flow::{Colour, Cursor, Rational, Source, StreamInfo};

use super::colour::{ToRgb, interleave};
use super::container::{self, Demux, Track, TrackKind};
use super::decode::{Configuration, H264Cursor, Stream, find_sequence};
use super::index::{Cadence, PacketIndex};
use super::truth::{Orientation, matrix_name, resolve_colour};
use crate::store::input::Input;

/// One sound track of a video file.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioFacts {
    /// Four letters of the coding as the container has them: `mp4a`, `ac-3`, …
    pub codec: String,
    /// Samples per second.
    pub rate: u32,
    /// Channels.
    pub channels: u16,
    /// Packets.
    pub packets: usize,
    /// Length in seconds.
    pub duration: f64,
}

/// What a video file is.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoFacts {
    /// The name it was opened by.
    pub path: PathBuf,
    /// Bytes of the file.
    pub bytes: u64,
    /// Format of the container.
    pub container: String,
    /// Coding of the pictures.
    pub codec: String,
    /// Profile of the coding.
    pub profile: String,
    /// Width as shown, rotation applied.
    pub width: usize,
    /// Height as shown, rotation applied.
    pub height: usize,
    /// Width and height as coded, in whole macroblocks.
    pub coded_size: (usize, usize),
    /// Frames that are shown.
    pub frames: usize,
    /// Length of all frames in seconds.
    pub duration: f64,
    /// Frames per second; the mean when the rate varies.
    pub rate: Rational,
    /// True when all frames last equally long.
    pub constant_rate: bool,
    /// FFmpeg's name of the pixel format.
    pub pixel_format: String,
    /// Colour tags in force.
    pub colour: Colour,
    /// True when the file does not say and the matrix is a guess (see `docs/video.md`).
    pub colour_guessed: bool,
    /// Clockwise degrees by which the pictures are turned on reading.
    pub rotation: u32,
    /// True when they are also mirrored.
    pub mirrored: bool,
    /// Width to height of one sample as shown.
    pub sample_aspect: Rational,
    /// Frames at which decoding can begin.
    pub key_frames: usize,
    /// Bits per second of the pictures alone.
    pub bitrate: f64,
    /// Sound tracks.
    pub audio: Vec<AudioFacts>,
    /// What is odd about the file, one line each.
    pub warnings: Vec<String>,
}

/// A video file, opened and indexed. Cloning is cheap. Nothing is decoded until frames are asked
/// for.
#[derive(Clone, Debug)]
pub struct Video {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    demux: Box<dyn Demux>,
    stream: Arc<Stream>,
    facts: VideoFacts,
    info: StreamInfo,
    cuts: Vec<usize>,
    orientation: Orientation,
    colour: Colour,
}

/// The first enabled track of pictures, else the first.
fn choose(tracks: &[Track]) -> Option<usize> {
    let video = |t: &Track| t.kind == TrackKind::Video && !t.entries.is_empty();
    tracks.iter().position(|t| video(t) && t.enabled).or_else(|| tracks.iter().position(video))
}

/// Name of a coding for people.
fn codec_name(codec: [u8; 4]) -> String {
    match &codec {
        b"hvc1" | b"hev1" => "HEVC (H.265)".into(),
        b"av01" => "AV1".into(),
        b"vp09" => "VP9".into(),
        b"vp08" => "VP8".into(),
        b"mp4v" => "MPEG-4 part 2".into(),
        b"jpeg" | b"mjpa" | b"mjpb" => "Motion JPEG".into(),
        b"ap4h" | b"ap4x" | b"apch" | b"apcn" | b"apcs" | b"apco" => "ProRes".into(),
        _ => format!("`{}`", String::from_utf8_lossy(&codec).escape_default()),
    }
}

impl Video {
    /// Opens a video file and reads its index. The file is told by its content, not its name.
    ///
    /// # Errors
    /// [`Error::Io`] when the system refuses, [`Error::Data`] when the file is damaged or no
    /// video, [`Error::Unsupported`] when it is a video that this build does not read.
    pub fn open(path: impl AsRef<Path>) -> Result<Video> {
        Self::from_input(Input::open(path.as_ref())?)
    }

    /// The same for a file that is open already.
    ///
    /// # Errors
    /// As [`Video::open`].
    pub fn from_input(input: Input) -> Result<Video> {
        let input = Arc::new(input);
        let demux = container::open(&input)?;
        let path = input.path();
        let video_track = choose(demux.tracks()).ok_or_else(|| Error::data(path, "has no video track"))?;
        let track = &demux.tracks()[video_track];
        let mut warnings: Vec<String> = demux.warnings().to_vec();

        let entry = track.video.as_ref().ok_or_else(|| Error::data(path, "has no video track"))?;
        match &entry.codec {
            b"avc1" | b"avc3" => {}
            b"encv" => {
                return Err(Error::unsupported(path, "is encrypted; encrypted video is not read"));
            }
            other => {
                return Err(Error::unsupported(
                    path,
                    format!(
                        "holds {} video; this build decodes H.264, the rest needs the FFmpeg backend of a later release",
                        codec_name(*other)
                    ),
                ));
            }
        }
        if track.entry_runs.iter().any(|&(_, e)| e != 1) {
            return Err(Error::unsupported(
                path,
                "changes its decoder configuration in mid-stream; `ffmpeg -i IN OUT` makes a plain file",
            ));
        }
        let index = PacketIndex::new(track, demux.movie_timescale());
        if index.frames() == 0 {
            return Err(Error::data(path, "has a video track without any frame to show"));
        }
        // 16 is what H.264 allows; some slack for hidden packets and odd clocks.
        if index.reorder > 64 {
            return Err(Error::data(
                path,
                format!("has times that no decoder could follow: a frame waits for {} others", index.reorder),
            ));
        }
        let configuration = if entry.config.is_empty() {
            Configuration { length_size: 4, units: Vec::new() }
        } else {
            Configuration::parse(&entry.config).map_err(|e| Error::data(path, e))?
        };
        let sequence = find_sequence(&input, &configuration, track.packets.first())?;

        let orientation = Orientation::from_matrix(&track.matrix).unwrap_or_else(|| {
            warnings.push("its rotation is no quarter turn and is ignored".into());
            Orientation::default()
        });
        let stated = entry.colour.unwrap_or(sequence.colour);
        if stated.matrix == 8 || (stated.matrix == 0 && sequence.chroma_format != 1) {
            return Err(Error::unsupported(
                path,
                format!(
                    "has {} colours, which are not converted yet; that needs the FFmpeg backend of a later release",
                    matrix_name(stated.matrix)
                ),
            ));
        }
        let (colour, guessed) = resolve_colour(stated, sequence.size.0, sequence.size.1);
        let (mut width, mut height) = sequence.size;
        let (mut across, mut down) = entry.aspect.filter(|a| a.0 > 0 && a.1 > 0).unwrap_or((1, 1));
        if orientation.swaps() {
            std::mem::swap(&mut width, &mut height);
            std::mem::swap(&mut across, &mut down);
        }
        let sample_aspect = Rational::new(i64::from(across), i64::from(down));

        let others = demux.tracks().iter().filter(|t| t.kind == TrackKind::Video).count() - 1;
        if others > 0 {
            warnings.push(format!("{others} more video track(s) are not read"));
        }
        let other = demux.tracks().iter().filter(|t| t.kind == TrackKind::Other).count();
        if other > 0 {
            warnings.push(format!("{other} track(s) of subtitles, timecode or the like are not copied"));
        }
        let beyond = track
            .packets
            .iter()
            .filter(|p| p.offset.checked_add(u64::from(p.size)).is_none_or(|end| end > input.len()))
            .count();
        if beyond > 0 {
            warnings.push(format!(
                "the file is cut: {beyond} of {} packets of video lie beyond its end",
                track.packets.len()
            ));
        }
        if track.packets.first().is_some_and(|p| !p.key) {
            warnings.push("its first picture is no key frame; the first frames may be damaged".into());
        }
        if sequence.depth > 8 {
            warnings.push(format!("its {} bits a sample are narrowed to 8", sequence.depth));
        }

        let ticks: i64 = index.durations.iter().fold(0, |a, &d| a.saturating_add(d));
        let duration = ticks as f64 / f64::from(track.timescale);
        let coded_bytes: f64 = track.packets.iter().map(|p| f64::from(p.size)).sum();
        let info = StreamInfo {
            shape: vec![index.frames(), height, width, 3],
            dtype: DType::U8,
            time_base: Rational::new(1, i64::from(track.timescale)),
            pts: index.pts.as_slice().into(),
            durations: index.durations.as_slice().into(),
            colour: if guessed { Colour { full_range: stated.full_range, ..Colour::UNSPECIFIED } } else { colour },
            sample_aspect,
            quarter_turns: orientation.turns,
        };
        let audio = demux
            .tracks()
            .iter()
            .filter(|t| t.kind == TrackKind::Audio)
            .map(|t| AudioFacts {
                codec: String::from_utf8_lossy(&t.codec).escape_default().to_string(),
                rate: t.audio.map_or(0, |a| a.0),
                channels: t.audio.map_or(0, |a| a.1),
                packets: t.packets.len(),
                duration: t.ticks() as f64 / f64::from(t.timescale),
            })
            .collect();
        let facts = VideoFacts {
            path: path.to_path_buf(),
            bytes: input.len(),
            container: demux.format().into(),
            codec: "H.264".into(),
            profile: sequence.profile_name(),
            width,
            height,
            coded_size: sequence.coded,
            frames: index.frames(),
            duration,
            rate: index.rate(track.timescale),
            constant_rate: index.cadence == Cadence::Constant,
            pixel_format: sequence.pixel_format().into(),
            colour,
            colour_guessed: guessed,
            rotation: u32::from(orientation.turns) * 90,
            mirrored: orientation.mirror,
            sample_aspect,
            key_frames: index.packet_of.iter().filter(|&&p| track.packets[p as usize].key).count(),
            bitrate: if duration > 0.0 { coded_bytes * 8.0 / duration } else { 0.0 },
            audio,
            warnings,
        };
        let cuts = index.cuts.iter().map(|c| c.frame).collect();
        let packets = track.packets.clone();
        let stream = Arc::new(Stream { input: input.clone(), packets, index, configuration, sequence });
        Ok(Video { inner: Arc::new(Inner { demux, stream, facts, info, cuts, orientation, colour }) })
    }

    /// What the file is.
    pub fn facts(&self) -> &VideoFacts {
        &self.inner.facts
    }

    /// Its frames as a source of `(T, H, W, 3)` of `uint8`, RGB, upright.
    pub fn source(&self) -> Arc<dyn Source> {
        Arc::new(self.clone())
    }

    pub(crate) fn demux(&self) -> &dyn Demux {
        self.inner.demux.as_ref()
    }

    pub(crate) fn input(&self) -> &Arc<Input> {
        &self.inner.stream.input
    }

    pub(crate) fn stream_info(&self) -> &StreamInfo {
        &self.inner.info
    }
}

thread_local! {
    /// Row buffers of the last converter used by this thread, by what it was made for.
    static CONVERTER: RefCell<Option<(Arc<Inner>, ToRgb)>> = const { RefCell::new(None) };
}

impl Inner {
    fn convert(&self, to_rgb: &mut ToRgb, raw: &[u8], out: &mut [u8]) -> bool {
        let (w, h) = self.stream.sequence.size;
        if out.len() != w * h * 3 {
            return false;
        }
        if self.orientation == Orientation::default() {
            return to_rgb.interleaved(raw, out);
        }
        let shown_width = if self.orientation.swaps() { h } else { w };
        // A row of the coded picture becomes a row or a column of the shown one: the place of its
        // first pixel and the step from one pixel to the next say it all.
        to_rgb.rows(raw, |y, rgb| {
            let at = |x: usize| {
                let (ox, oy) = self.orientation.place(x, y, w, h);
                (oy * shown_width + ox) as isize
            };
            let (first, step) = (at(0), if w > 1 { at(1) - at(0) } else { 1 });
            if step == 1 {
                let start = first as usize * 3;
                if let Some(line) = out.get_mut(start..start + w * 3) {
                    interleave(rgb, line);
                }
                return;
            }
            let [r, g, b] = rgb;
            for (x, ((&r, &g), &b)) in r.iter().zip(g).zip(b).enumerate() {
                let start = (first + step * x as isize) as usize * 3;
                if let Some(pixel) = out.get_mut(start..start + 3) {
                    pixel.copy_from_slice(&[r, g, b]);
                }
            }
        })
    }
}

impl Source for Video {
    fn info(&self) -> &StreamInfo {
        &self.inner.info
    }

    fn describe(&self) -> String {
        let f = self.facts();
        let name = show_name(&f.path);
        let mut out = format!(
            "{name}: {} {} {}x{} {} frames {:.3} fps {}",
            f.codec,
            f.profile,
            f.width,
            f.height,
            f.frames,
            f.rate.to_f64(),
            f.pixel_format
        );
        if f.rotation != 0 {
            let _ = write!(out, " turned {}", f.rotation);
        }
        out
    }

    fn identity(&self) -> usize {
        // Every clone of one opened file is that file.
        Arc::as_ptr(&self.inner).addr()
    }

    fn cuts(&self) -> &[usize] {
        &self.inner.cuts
    }

    fn raw_frame_bytes(&self) -> usize {
        self.inner.stream.sequence.planes().bytes()
    }

    fn cursor_bytes(&self) -> usize {
        self.inner.stream.sequence.decoder_bytes(self.inner.stream.index.reorder)
    }

    fn cursor(&self, frames: Range<usize>) -> Result<Box<dyn Cursor>> {
        if frames.end > self.inner.info.frames() {
            return Err(Error::internal(format!(
                "frames {}..{} of a video of {}",
                frames.start,
                frames.end,
                self.inner.info.frames()
            )));
        }
        Ok(Box::new(H264Cursor::new(self.inner.stream.clone(), frames)?))
    }

    fn unpack(&self, raw: &[u8], out: &mut [u8]) -> Result<()> {
        let done = CONVERTER.with_borrow_mut(|slot| {
            if slot.as_ref().is_none_or(|(owner, _)| !Arc::ptr_eq(owner, &self.inner)) {
                *slot = Some((self.inner.clone(), ToRgb::new(self.inner.stream.sequence.planes(), self.inner.colour)));
            }
            slot.as_mut().is_some_and(|(_, to_rgb)| self.inner.convert(to_rgb, raw, out))
        });
        if done { Ok(()) } else { Err(Error::internal("a frame buffer of the wrong size")) }
    }

    fn check_unchanged(&self) -> Result<()> {
        self.inner.stream.input.check_unchanged()
    }
}
