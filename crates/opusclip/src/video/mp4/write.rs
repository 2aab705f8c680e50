//! MP4 out: data first to last as they come, the index in the room kept for it before them.

use std::num::NonZeroU32;

use opusclip_engine::error::{Error, Result};

use shiguredo_mp4::boxes::{
    Avc1Box, AvccBox, Brand, Co64Box, CttsBox, CttsEntry, DinfBox, EdtsBox, ElstBox, ElstEntry, FreeBox, FtypBox,
    HdlrBox, MdatBox, MdhdBox, MdiaBox, MediaHeader, MinfBox, MoovBox, MvhdBox, SampleEntry, SmhdBox, StblBox, StcoBox,
    StscBox, StscEntry, StsdBox, StssBox, StszBox, SttsBox, SttsEntry, TkhdBox, TrakBox, UnknownBox,
    VisualSampleEntryFields, VmhdBox,
};
use shiguredo_mp4::{BoxHeader, BoxSize, BoxType, Decode, Either, Encode, FixedPointNumber, LanguageCode, Mp4FileTime};

use super::boxes::{Parsed, boxes, said};
use crate::store::pending::PendingFile;
use crate::video::container::{Edit, Mux, NewTrack, TrackKind};
use crate::video::index::rescale;

/// An MP4 being written.
pub(crate) struct Mp4Writer {
    file: PendingFile,
    tracks: Vec<Out>,
    timescale: u32,
    metadata: Vec<u8>,
    /// Where the room for the index is, and how large.
    room: (u64, u64),
    /// Where the data box begins.
    data: u64,
    /// The track of the last packet, so that its neighbours share a chunk.
    last: usize,
}

/// One track's tables, run-length coded as they will be written.
struct Out {
    new: NewTrack,
    config: Vec<u8>,
    sizes: Vec<u32>,
    steps: Vec<(u32, u32)>,
    shifts: Vec<(u32, i32)>,
    keys: Vec<u32>,
    /// Offset, packets and sample entry.
    chunks: Vec<(u64, u32, u32)>,
    ticks: u64,
    /// The run of sample entries that the next packet is in, and the packets before it.
    run: (usize, usize),
}

fn push_run<T: PartialEq>(runs: &mut Vec<(u32, T)>, value: T) {
    match runs.last_mut() {
        Some((n, v)) if *v == value => *n += 1,
        _ => runs.push((1, value)),
    }
}

/// Bytes a packet can add to the index at most: size, step, shift, key, chunk and its run.
const ROOM_PER_PACKET: u64 = 4 + 8 + 8 + 4 + 8 + 12;

impl Mp4Writer {
    /// Begins a file with these tracks. `quicktime` when copied sample entries are of that kind.
    pub(crate) fn new(
        file: PendingFile,
        timescale: u32,
        quicktime: bool,
        metadata: Vec<u8>,
        tracks: Vec<NewTrack>,
    ) -> Result<Mp4Writer> {
        let mut room = 4096 + metadata.len() as u64;
        for t in &tracks {
            room += match t {
                NewTrack::H264 { packets, .. } => 1024 + *packets as u64 * ROOM_PER_PACKET,
                // Sound lasts equally long and needs no shifts or keys, but for odd files: these
                // get their index at the end.
                NewTrack::Copy { track, packets, .. } => {
                    let entries: usize = track.entries.iter().map(Vec::len).sum();
                    1024 + entries as u64 + packets.len() as u64 * 8
                }
            };
        }
        let tracks = tracks
            .into_iter()
            .map(|new| Out {
                new,
                config: Vec::new(),
                sizes: Vec::new(),
                steps: Vec::new(),
                shifts: Vec::new(),
                keys: Vec::new(),
                chunks: Vec::new(),
                ticks: 0,
                run: (0, 0),
            })
            .collect();
        let mut out = Mp4Writer { file, tracks, timescale, metadata, room: (0, room), data: 0, last: usize::MAX };
        let brands: &[Brand] =
            if quicktime { &[Brand::new(*b"qt  ")] } else { &[Brand::ISOM, Brand::ISO2, Brand::AVC1, Brand::MP41] };
        let major_brand = brands.first().copied().unwrap_or(Brand::ISOM);
        let ftyp = FtypBox { major_brand, minor_version: 0x200, compatible_brands: brands.to_vec() };
        out.file.append(&encoded(&ftyp)?)?;
        out.room.0 = out.file.position();
        out.file.append(&header(FreeBox::TYPE, BoxSize::U32(small(room)?))?)?;
        out.file.append(&vec![0; room.saturating_sub(8) as usize])?;
        out.data = out.file.position();
        // The large form from the start: nobody knows yet how much it will be.
        out.file.append(&header(MdatBox::TYPE, BoxSize::U64(16))?)?;
        Ok(out)
    }

    /// The file, complete.
    pub(crate) fn into_file(self) -> PendingFile {
        self.file
    }

    /// The file so far.
    pub(crate) fn file(&mut self) -> &mut PendingFile {
        &mut self.file
    }

    fn index(&self) -> Result<Vec<u8>> {
        let wide = self.file.position() > u64::from(u32::MAX);
        let lengths: Vec<u64> = self.tracks.iter().map(|t| t.length(self.timescale)).collect();
        let tracks = self.tracks.iter().zip(&lengths).zip(1..);
        let moov = MoovBox {
            mvhd_box: MvhdBox {
                creation_time: Mp4FileTime::default(),
                modification_time: Mp4FileTime::default(),
                timescale: clock(self.timescale)?,
                duration: lengths.iter().copied().max().unwrap_or(0),
                rate: MvhdBox::DEFAULT_RATE,
                volume: MvhdBox::DEFAULT_VOLUME,
                matrix: MvhdBox::DEFAULT_MATRIX,
                next_track_id: self.tracks.len() as u32 + 1,
            },
            trak_boxes: tracks
                .map(|((t, &length), id)| t.track(id, self.timescale, length, wide))
                .collect::<Result<_>>()?,
            mvex_box: None,
            unknown_boxes: copies(&self.metadata)?,
        };
        encoded(&moov)
    }
}

impl Mux for Mp4Writer {
    fn packet(&mut self, track: usize, bytes: &[u8], dts: i64, pts: i64, duration: u32, key: bool) -> Result<()> {
        let at = self.file.position();
        let follows = self.last == track;
        let out = self.tracks.get_mut(track).ok_or_else(|| Error::internal("no such track"))?;
        let size = u32::try_from(bytes.len()).map_err(|_| Error::internal("a packet over 4 GiB"))?;
        let shift = i32::try_from(pts.saturating_sub(dts))
            .map_err(|_| Error::value("output", "frame times that jump further than MP4 can say"))?;
        out.sizes.push(size);
        push_run(&mut out.steps, duration);
        push_run(&mut out.shifts, shift);
        if key {
            out.keys.push(out.sizes.len() as u32);
        }
        let entry = out.entry();
        match out.chunks.last_mut() {
            Some((_, n, e)) if follows && *e == entry => *n += 1,
            _ => out.chunks.push((at, 1, entry)),
        }
        out.ticks += u64::from(duration);
        self.last = track;
        self.file.append(bytes)
    }

    fn config(&mut self, track: usize, config: Vec<u8>) -> Result<()> {
        self.tracks.get_mut(track).ok_or_else(|| Error::internal("no such track"))?.config = config;
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let end = self.file.position();
        let index = self.index()?;
        let len = index.len() as u64;
        let (at, room) = self.room;
        if len == room || len + 8 <= room {
            self.file.patch(at, &index)?;
            if len < room {
                self.file.patch(at + len, &header(FreeBox::TYPE, BoxSize::U32(small(room - len)?))?)?;
            }
        } else {
            self.file.append(&index)?;
        }
        self.file.patch(self.data, &header(MdatBox::TYPE, BoxSize::U64(end - self.data))?)
    }
}

impl Out {
    /// The sample entry of the packet just added. The runs are walked once, however many.
    fn entry(&mut self) -> u32 {
        let NewTrack::Copy { track, packets, .. } = &self.new else { return 1 };
        let at = packets.start + self.sizes.len() - 1;
        while let Some(&(n, entry)) = track.entry_runs.get(self.run.0) {
            if at < self.run.1 + n {
                return entry;
            }
            self.run = (self.run.0 + 1, self.run.1 + n);
        }
        1
    }

    fn timescale(&self) -> u32 {
        match &self.new {
            NewTrack::H264 { timescale, .. } => *timescale,
            NewTrack::Copy { track, .. } => track.timescale,
        }
    }

    /// What must be added to every shift so that none is negative.
    fn lift(&self) -> i64 {
        self.shifts.iter().map(|s| -i64::from(s.1)).max().unwrap_or(0).max(0)
    }

    fn edit(&self) -> Edit {
        match &self.new {
            NewTrack::H264 { delay, .. } => Edit { delay: *delay, start: self.lift(), length: None, stated: true },
            NewTrack::Copy { edit, .. } => *edit,
        }
    }

    /// Ticks of the movie that the edit list shows, without the delay.
    fn shown(&self, movie: u32) -> u64 {
        let edit = self.edit();
        edit.length.unwrap_or_else(|| {
            // The lift moves all pictures, so that as much as there is stays shown.
            let start = if matches!(self.new, NewTrack::H264 { .. }) { 0 } else { edit.start };
            let ticks = i64::try_from(self.ticks).unwrap_or(i64::MAX).saturating_sub(start).max(0);
            rescale(ticks, self.timescale(), movie).max(0) as u64
        })
    }

    fn length(&self, movie: u32) -> u64 {
        self.edit().delay.saturating_add(self.shown(movie))
    }

    fn track(&self, id: u32, movie: u32, duration: u64, wide: bool) -> Result<TrakBox> {
        let (sound, size) = match &self.new {
            NewTrack::H264 { size, aspect, .. } => {
                let across = size.0 as u64 * u64::from(aspect.0.max(1)) * 0x1_0000 / u64::from(aspect.1.max(1));
                (false, (u32::try_from(across).unwrap_or(u32::MAX), (size.1 as u32) << 16))
            }
            NewTrack::Copy { track, .. } => (track.kind == TrackKind::Audio, (0, 0)),
        };
        let fixed = |v: u32| FixedPointNumber::new((v >> 16) as i16, v as u16);
        let tkhd_box = TkhdBox {
            flag_track_enabled: true,
            flag_track_in_movie: true,
            flag_track_in_preview: false,
            flag_track_size_is_aspect_ratio: false,
            creation_time: Mp4FileTime::default(),
            modification_time: Mp4FileTime::default(),
            track_id: id,
            duration,
            layer: TkhdBox::DEFAULT_LAYER,
            alternate_group: i16::from(sound),
            volume: if sound { TkhdBox::DEFAULT_AUDIO_VOLUME } else { TkhdBox::DEFAULT_VIDEO_VOLUME },
            matrix: TkhdBox::DEFAULT_MATRIX,
            width: fixed(size.0),
            height: fixed(size.1),
        };
        Ok(TrakBox { tkhd_box, edts_box: self.edits(movie), mdia_box: self.media(wide)?, unknown_boxes: Vec::new() })
    }

    fn edits(&self, movie: u32) -> Option<EdtsBox> {
        let edit = self.edit();
        if edit.delay == 0 && edit.start == 0 && edit.length.is_none() {
            return None;
        }
        let entry = |edit_duration, media_time| ElstEntry {
            edit_duration,
            media_time,
            media_rate: FixedPointNumber::new(1, 0),
        };
        let mut entries = Vec::new();
        if edit.delay > 0 {
            entries.push(entry(edit.delay, -1));
        }
        entries.push(entry(self.shown(movie), edit.start.max(0)));
        Some(EdtsBox { elst_box: Some(ElstBox { entries }), unknown_boxes: Vec::new() })
    }

    fn media(&self, wide: bool) -> Result<MdiaBox> {
        let (handler_type, language, name, media_header) = match &self.new {
            NewTrack::H264 { .. } => (
                HdlrBox::HANDLER_TYPE_VIDE,
                LanguageCode::UNDEFINED,
                b"VideoHandler\0",
                MediaHeader::Vmhd(VmhdBox::default()),
            ),
            NewTrack::Copy { track, .. } => {
                let letter = |shift: u32| (track.language >> shift & 31) as u8 + 0x60;
                let language = LanguageCode::new([letter(10), letter(5), letter(0)]).unwrap_or_default();
                (HdlrBox::HANDLER_TYPE_SOUN, language, b"SoundHandler\0", MediaHeader::Smhd(SmhdBox::default()))
            }
        };
        Ok(MdiaBox {
            mdhd_box: MdhdBox {
                creation_time: Mp4FileTime::default(),
                modification_time: Mp4FileTime::default(),
                timescale: clock(self.timescale())?,
                duration: self.ticks,
                language,
            },
            hdlr_box: HdlrBox { handler_type, name: name.to_vec() },
            minf_box: MinfBox {
                media_header: Some(media_header),
                dinf_box: DinfBox::LOCAL_FILE,
                stbl_box: self.tables(wide)?,
                unknown_boxes: Vec::new(),
            },
            unknown_boxes: Vec::new(),
        })
    }

    fn tables(&self, wide: bool) -> Result<StblBox> {
        let lift = self.lift();
        let shifts = self
            .shifts
            .iter()
            .map(|&(sample_count, shift)| CttsEntry { sample_count, sample_offset: i64::from(shift) + lift });
        let ctts = CttsBox { version: 0, entries: shifts.collect() };
        let mut runs: Vec<StscEntry> = Vec::new();
        for (&(_, sample_per_chunk, entry), first) in self.chunks.iter().zip(1..) {
            let sample_description_index = NonZeroU32::new(entry).unwrap_or(NonZeroU32::MIN);
            let like = |r: &StscEntry| {
                (r.sample_per_chunk, r.sample_description_index) == (sample_per_chunk, sample_description_index)
            };
            if !runs.last().is_some_and(like) {
                let first_chunk = NonZeroU32::new(first).unwrap_or(NonZeroU32::MIN);
                runs.push(StscEntry { first_chunk, sample_per_chunk, sample_description_index });
            }
        }
        let same = self.sizes.first().copied().and_then(NonZeroU32::new);
        let sample_count = self.sizes.len() as u32;
        Ok(StblBox {
            stsd_box: StsdBox { entries: self.entries()? },
            stts_box: SttsBox {
                entries: self
                    .steps
                    .iter()
                    .map(|&(sample_count, sample_delta)| SttsEntry { sample_count, sample_delta })
                    .collect(),
            },
            ctts_box: ctts.entries.iter().any(|e| e.sample_offset != 0).then_some(ctts),
            cslg_box: None,
            stsc_box: StscBox { entries: runs },
            stsz_box: match same {
                Some(sample_size) if self.sizes.iter().all(|&x| x == sample_size.get()) => {
                    StszBox::Fixed { sample_size, sample_count }
                }
                _ => StszBox::Variable { entry_sizes: self.sizes.clone() },
            },
            stco_or_co64_box: if wide {
                Either::B(Co64Box { chunk_offsets: self.chunks.iter().map(|c| c.0).collect() })
            } else {
                Either::A(StcoBox { chunk_offsets: self.chunks.iter().map(|c| c.0 as u32).collect() })
            },
            stss_box: (self.keys.len() < self.sizes.len())
                .then(|| StssBox { sample_numbers: self.keys.iter().filter_map(|&k| NonZeroU32::new(k)).collect() }),
            sdtp_box: None,
            unknown_boxes: Vec::new(),
        })
    }

    fn entries(&self) -> Result<Vec<SampleEntry>> {
        let (size, colour, aspect) = match &self.new {
            NewTrack::H264 { size, colour, aspect, .. } => (size, colour, aspect),
            NewTrack::Copy { track, .. } => {
                let mut all = Vec::new();
                for e in &track.entries {
                    all.extend(copies(e)?.into_iter().map(SampleEntry::Unknown));
                }
                return Ok(all);
            }
        };
        let config = encoded(&child(b"avcC", self.config.clone()))?;
        let (avcc_box, _) = AvccBox::decode(&config).map_err(|e| bad(said(e)))?;
        // The crate knows neither of these two.
        let mut colr = b"nclx".to_vec();
        for code in [colour.primaries, colour.transfer, colour.matrix] {
            colr.extend(u16::from(code).to_be_bytes());
        }
        colr.push(if colour.full_range { 0x80 } else { 0 });
        let mut unknown_boxes = vec![child(b"colr", colr)];
        if aspect.0 != aspect.1 {
            unknown_boxes.push(child(b"pasp", [aspect.0.to_be_bytes(), aspect.1.to_be_bytes()].concat()));
        }
        let visual = VisualSampleEntryFields {
            data_reference_index: VisualSampleEntryFields::DEFAULT_DATA_REFERENCE_INDEX,
            width: size.0 as u16,
            height: size.1 as u16,
            horizresolution: VisualSampleEntryFields::DEFAULT_HORIZRESOLUTION,
            vertresolution: VisualSampleEntryFields::DEFAULT_VERTRESOLUTION,
            frame_count: VisualSampleEntryFields::DEFAULT_FRAME_COUNT,
            compressorname: VisualSampleEntryFields::NULL_COMPRESSORNAME,
            depth: VisualSampleEntryFields::DEFAULT_DEPTH,
        };
        Ok(vec![SampleEntry::Avc1(Avc1Box { visual, avcc_box, unknown_boxes })])
    }
}

/// What cannot be written is a fault of ours: all of it was checked on the way in.
fn bad(what: String) -> Error {
    Error::internal(format!("the index: {what}"))
}

fn encoded(b: &impl Encode) -> Result<Vec<u8>> {
    b.encode_to_vec().map_err(|e| bad(said(e)))
}

fn header(box_type: BoxType, box_size: BoxSize) -> Result<Vec<u8>> {
    encoded(&BoxHeader { box_type, box_size })
}

fn small(size: u64) -> Result<u32> {
    u32::try_from(size).map_err(|_| bad(format!("{size} bytes of room")))
}

fn clock(timescale: u32) -> Result<NonZeroU32> {
    NonZeroU32::new(timescale).ok_or_else(|| bad("a clock of 0 ticks a second".into()))
}

fn child(kind: &[u8; 4], payload: Vec<u8>) -> UnknownBox {
    let box_type = BoxType::Normal(*kind);
    UnknownBox { box_type, box_size: BoxSize::with_payload_size(box_type, payload.len() as u64), payload }
}

/// The boxes in `bytes`, to be written byte for byte.
fn copies(bytes: &[u8]) -> Result<Vec<UnknownBox>> {
    boxes(bytes).map(|b| b.map(|b| b.copy())).collect::<Parsed<_>>().map_err(bad)
}
