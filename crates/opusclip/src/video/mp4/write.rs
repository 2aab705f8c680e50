//! MP4 out: data first to last as they come, the index in the room kept for it before them.

use opusclip_engine::error::{Error, Result};

use super::bytes::Kind;
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
        let mut head = Writer::default();
        head.boxed(b"ftyp", |w| {
            w.raw(if quicktime { b"qt  " } else { b"isom" });
            w.u32(0x200);
            let brands: &[&[u8; 4]] = if quicktime { &[b"qt  "] } else { &[b"isom", b"iso2", b"avc1", b"mp41"] };
            brands.iter().for_each(|b| w.raw(*b));
        });
        out.file.append(&head.0)?;
        out.room.0 = out.file.position();
        out.file.append(&free(room))?;
        out.data = out.file.position();
        // The large form from the start: nobody knows yet how much it will be.
        out.file.append(&data_header(16))?;
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

    fn index(&self) -> Writer {
        let mut w = Writer::default();
        let wide = self.file.position() > u64::from(u32::MAX);
        let lengths: Vec<u64> = self.tracks.iter().map(|t| t.length(self.timescale)).collect();
        w.boxed(b"moov", |w| {
            w.full(b"mvhd", 1, 0, |w| {
                w.u64(0);
                w.u64(0);
                w.u32(self.timescale);
                w.u64(lengths.iter().copied().max().unwrap_or(0));
                w.u32(0x1_0000);
                w.u16(0x100);
                w.zeros(10);
                w.matrix();
                w.zeros(24);
                w.u32(self.tracks.len() as u32 + 1);
            });
            for (i, (t, &length)) in self.tracks.iter().zip(&lengths).enumerate() {
                t.write(w, i as u32 + 1, self.timescale, length, wide);
            }
            w.raw(&self.metadata);
        });
        w
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
        let index = self.index();
        let len = index.0.len() as u64;
        let (at, room) = self.room;
        if len == room || len + 8 <= room {
            self.file.patch(at, &index.0)?;
            if len < room {
                self.file.patch(at + len, &free_header(room - len))?;
            }
        } else {
            self.file.append(&index.0)?;
        }
        self.file.patch(self.data, &data_header(end - self.data))
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

    fn write(&self, w: &mut Writer, id: u32, movie: u32, length: u64, wide: bool) {
        let edit = self.edit();
        w.boxed(b"trak", |w| {
            w.full(b"tkhd", 1, 3, |w| {
                w.u64(0);
                w.u64(0);
                w.u32(id);
                w.u32(0);
                w.u64(length);
                w.zeros(8);
                w.u16(0);
                let (sound, size) = match &self.new {
                    NewTrack::H264 { size, aspect, .. } => {
                        let across = size.0 as u64 * u64::from(aspect.0.max(1)) * 0x1_0000 / u64::from(aspect.1.max(1));
                        (false, (u32::try_from(across).unwrap_or(u32::MAX), (size.1 as u32) << 16))
                    }
                    NewTrack::Copy { track, .. } => (track.kind == TrackKind::Audio, (0, 0)),
                };
                w.u16(if sound { 1 } else { 0 });
                w.u16(if sound { 0x100 } else { 0 });
                w.u16(0);
                w.matrix();
                w.u32(size.0);
                w.u32(size.1);
            });
            if edit.delay > 0 || edit.start != 0 || edit.length.is_some() {
                w.boxed(b"edts", |w| {
                    w.full(b"elst", 1, 0, |w| {
                        w.u32(if edit.delay > 0 { 2 } else { 1 });
                        if edit.delay > 0 {
                            w.u64(edit.delay);
                            w.u64(u64::MAX);
                            w.u32(0x1_0000);
                        }
                        w.u64(self.shown(movie));
                        w.u64(edit.start.max(0) as u64);
                        w.u32(0x1_0000);
                    });
                });
            }
            w.boxed(b"mdia", |w| self.media(w, wide));
        });
    }

    fn media(&self, w: &mut Writer, wide: bool) {
        let (handler, language, name): (&Kind, u16, &[u8]) = match &self.new {
            NewTrack::H264 { .. } => (b"vide", 0x55c4, b"VideoHandler\0"),
            NewTrack::Copy { track, .. } => (b"soun", track.language, b"SoundHandler\0"),
        };
        w.full(b"mdhd", 1, 0, |w| {
            w.u64(0);
            w.u64(0);
            w.u32(self.timescale());
            w.u64(self.ticks);
            w.u16(language);
            w.u16(0);
        });
        w.full(b"hdlr", 0, 0, |w| {
            w.u32(0);
            w.raw(handler);
            w.zeros(12);
            w.raw(name);
        });
        w.boxed(b"minf", |w| {
            if handler == b"vide" {
                w.full(b"vmhd", 0, 1, |w| w.zeros(8));
            } else {
                w.full(b"smhd", 0, 0, |w| w.zeros(4));
            }
            w.boxed(b"dinf", |w| {
                w.full(b"dref", 0, 0, |w| {
                    w.u32(1);
                    w.full(b"url ", 0, 1, |_| {});
                });
            });
            w.boxed(b"stbl", |w| self.tables(w, wide));
        });
    }

    fn tables(&self, w: &mut Writer, wide: bool) {
        w.full(b"stsd", 0, 0, |w| match &self.new {
            NewTrack::H264 { .. } => {
                w.u32(1);
                self.avc1(w);
            }
            NewTrack::Copy { track, .. } => {
                w.u32(track.entries.len() as u32);
                track.entries.iter().for_each(|e| w.raw(e));
            }
        });
        w.full(b"stts", 0, 0, |w| {
            w.u32(self.steps.len() as u32);
            for &(n, step) in &self.steps {
                w.u32(n);
                w.u32(step);
            }
        });
        let lift = self.lift();
        if self.shifts.iter().any(|s| i64::from(s.1) + lift != 0) {
            w.full(b"ctts", 0, 0, |w| {
                w.u32(self.shifts.len() as u32);
                for &(n, shift) in &self.shifts {
                    w.u32(n);
                    w.u32((i64::from(shift) + lift) as u32);
                }
            });
        }
        if self.keys.len() < self.sizes.len() {
            w.full(b"stss", 0, 0, |w| {
                w.u32(self.keys.len() as u32);
                self.keys.iter().for_each(|&k| w.u32(k));
            });
        }
        w.full(b"stsc", 0, 0, |w| {
            let mut runs: Vec<(u32, u32, u32)> = Vec::new();
            for (i, &(_, n, entry)) in self.chunks.iter().enumerate() {
                if runs.last().is_none_or(|r| (r.1, r.2) != (n, entry)) {
                    runs.push((i as u32 + 1, n, entry));
                }
            }
            w.u32(runs.len() as u32);
            for (first, n, entry) in runs {
                w.u32(first);
                w.u32(n);
                w.u32(entry);
            }
        });
        w.full(b"stsz", 0, 0, |w| match self.sizes.first() {
            Some(&s) if s > 0 && self.sizes.iter().all(|&x| x == s) => {
                w.u32(s);
                w.u32(self.sizes.len() as u32);
            }
            _ => {
                w.u32(0);
                w.u32(self.sizes.len() as u32);
                self.sizes.iter().for_each(|&s| w.u32(s));
            }
        });
        w.full(if wide { b"co64" } else { b"stco" }, 0, 0, |w| {
            w.u32(self.chunks.len() as u32);
            for &(offset, ..) in &self.chunks {
                if wide { w.u64(offset) } else { w.u32(offset as u32) }
            }
        });
    }

    fn avc1(&self, w: &mut Writer) {
        let NewTrack::H264 { size, colour, aspect, .. } = &self.new else { return };
        w.boxed(b"avc1", |w| {
            w.zeros(6);
            w.u16(1);
            w.zeros(16);
            w.u16(size.0 as u16);
            w.u16(size.1 as u16);
            w.u32(0x48_0000);
            w.u32(0x48_0000);
            w.u32(0);
            w.u16(1);
            w.zeros(32);
            w.u16(0x18);
            w.u16(0xffff);
            w.boxed(b"avcC", |w| w.raw(&self.config));
            w.boxed(b"colr", |w| {
                w.raw(b"nclx");
                w.u16(colour.primaries.into());
                w.u16(colour.transfer.into());
                w.u16(colour.matrix.into());
                w.raw(&[if colour.full_range { 0x80 } else { 0 }]);
            });
            if aspect.0 != aspect.1 {
                w.boxed(b"pasp", |w| {
                    w.u32(aspect.0);
                    w.u32(aspect.1);
                });
            }
        });
    }
}

/// A `free` box of `size` bytes, header included.
fn free(size: u64) -> Vec<u8> {
    let mut out = free_header(size);
    out.resize(size as usize, 0);
    out
}

fn free_header(size: u64) -> Vec<u8> {
    let mut w = Writer::default();
    w.u32(size as u32);
    w.raw(b"free");
    w.0
}

fn data_header(size: u64) -> Vec<u8> {
    let mut w = Writer::default();
    w.u32(1);
    w.raw(b"mdat");
    w.u64(size);
    w.0
}

/// Boxes into bytes.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn zeros(&mut self, n: usize) {
        self.0.resize(self.0.len() + n, 0);
    }

    fn u16(&mut self, v: u16) {
        self.raw(&v.to_be_bytes());
    }

    fn u32(&mut self, v: u32) {
        self.raw(&v.to_be_bytes());
    }

    fn u64(&mut self, v: u64) {
        self.raw(&v.to_be_bytes());
    }

    fn matrix(&mut self) {
        for v in [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000] {
            self.u32(v);
        }
    }

    fn boxed(&mut self, kind: &Kind, fill: impl FnOnce(&mut Writer)) {
        let start = self.0.len();
        self.u32(0);
        self.raw(kind);
        fill(self);
        let size = (self.0.len() - start) as u32;
        if let Some(slot) = self.0.get_mut(start..start + 4) {
            slot.copy_from_slice(&size.to_be_bytes());
        }
    }

    fn full(&mut self, kind: &Kind, version: u8, flags: u32, fill: impl FnOnce(&mut Writer)) {
        self.boxed(kind, |w| {
            w.u32(u32::from(version) << 24 | flags);
            fill(w);
        });
    }
}
