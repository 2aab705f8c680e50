//! NumPy's `.npy` files: one array each; as a stream, axis 0 is time.

use std::any::Any;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use opusclip_engine::error::{Error, Result, show_name};
use opusclip_engine::flow::{Cursor, Encoded, Part, Rational, Sink, Source, StreamInfo, Unit};
use opusclip_engine::{Array, DType, Lazy};
use opusclip_raw::{Buffer, MapMode};

use super::input::Input;
use super::npy_header::{Fault, Header, MOST_AXES, header};
use super::pending::PendingFile;

/// Frames at most.
const MOST_FRAMES: usize = 1 << 24;
/// An array has no clock; as a stream it gets this many frames a second.
const RATE: Rational = Rational { num: 25, den: 1 };

/// Rows shorter than this are not worth a frame each: the array is mapped instead.
const LEAST_FRAME: usize = 512;
/// Arrays of fewer frames are always read frame by frame.
const FEW_FRAMES: usize = 4096;
/// Bytes that a cursor over small frames reads together.
const AHEAD: usize = 64 << 10;

/// An array in a `.npy` file. Opening reads the header; what the elements are read for is the
/// caller's choice: [`NpyFile::load`], [`NpyFile::memmap`] or, lazily, [`NpyFile::frames`].
#[derive(Clone, Debug)]
pub struct NpyFile {
    input: Arc<Input>,
    /// Where in the file the array's own bytes begin: not at 0 for a member of an archive.
    base: u64,
    /// Of a member: its checksum, and whether it was seen to hold.
    check: Option<Arc<Check>>,
    header: Header,
    warnings: Vec<String>,
}

/// The checksum of a stored member, compared before its first element is handed out.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) crc: u32,
    pub(super) len: u64,
    pub(super) holds: OnceLock<()>,
}

impl NpyFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`Error::Data`] when the header lies or is damaged, [`Error::Unsupported`] for what is
    /// valid but not read: objects, records, text, dates.
    pub fn open(path: impl AsRef<Path>) -> Result<NpyFile> {
        Self::from_input(Input::open(path.as_ref())?)
    }

    /// The same for a file that is open already.
    ///
    /// # Errors
    /// As [`NpyFile::open`].
    pub fn from_input(input: Input) -> Result<NpyFile> {
        let path = input.path().to_path_buf();
        let there = input.len();
        let header = Header::read(there, |start, len| input.read_vec(start, len))?.map_err(|fault| match fault {
            Fault::Bad(what) if what == NOT_NPY && is_zip(&input) => Error::unsupported(
                &path,
                "is a zip archive, as .npz files are; open it with Npz::open, or save one of its arrays as .npy",
            ),
            Fault::Bad(what) => Error::data(&path, format!("is no sound .npy file: {what}")),
            Fault::Unread(what) => Error::unsupported(&path, what),
        })?;
        let mut warnings = Vec::new();
        let over = there.saturating_sub(header.start).saturating_sub(header.bytes);
        if over > 0 {
            warnings.push(format!("{over} bytes after the array are ignored"));
        }
        Ok(NpyFile { input: Arc::new(input), base: 0, check: None, header, warnings })
    }

    /// A stored member of an archive.
    pub(super) fn member(input: Arc<Input>, base: u64, check: Arc<Check>, header: Header) -> NpyFile {
        NpyFile { input, base, check: Some(check), header, warnings: Vec::new() }
    }

    /// Length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.header.dtype
    }

    /// Whether the first axis runs fastest in the file. False when both orders are the same.
    pub fn fortran_order(&self) -> bool {
        self.header.fortran
    }

    /// What is odd about the file, one line each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// Where in the file the first element is.
    fn data(&self) -> u64 {
        self.base.saturating_add(self.header.start)
    }

    /// Compares the checksum of a member, once.
    fn verify(&self) -> Result<()> {
        let Some(check) = self.check.as_ref().filter(|c| c.holds.get().is_none()) else { return Ok(()) };
        let mut crc = crc32fast::Hasher::new();
        let mut block = vec![0; PART_BYTES.min(usize::try_from(check.len).unwrap_or(PART_BYTES))];
        let mut at = 0;
        while at < check.len {
            let n = (check.len - at).min(block.len() as u64);
            let part = block.get_mut(..n as usize).unwrap_or_default();
            self.input.read_exact_at(part, self.base.saturating_add(at))?;
            crc.update(part);
            at += n;
        }
        check.compare(crc.finalize(), self.input.path())
    }

    /// The whole array in memory. A Fortran-order file gives a Fortran-order array.
    ///
    /// # Errors
    /// Of reading, and [`Error::Memory`] when there is not enough.
    pub fn load(&self) -> Result<Array> {
        self.verify()?;
        read_array(&self.header, |out| self.input.read_exact_at(out, self.data()))
    }

    /// The array seen in place, nothing read yet; see [`crate::store::memmap`] for what cannot be
    /// and is loaded.
    ///
    /// # Errors
    /// Of mapping, and of [`NpyFile::load`].
    pub fn memmap(&self, mode: MapMode) -> Result<Array> {
        if !self.in_place() {
            return self.load();
        }
        self.verify()?;
        let path = self.input.path();
        let map =
            self.input.map(self.data(), self.header.size(), mode).map_err(|e| Error::io(path, "cannot map", &e))?;
        let Header { dtype, shape, .. } = &self.header;
        match Array::from_mapped(map, *dtype, shape, &self.header.strides()) {
            // Bools other than 0 and 1 need a copy.
            Err(_) if *dtype == DType::Bool => self.load(),
            mapped => mapped,
        }
    }

    /// Whether the file's bytes are elements as they stand: this machine's order, and aligned.
    fn in_place(&self) -> bool {
        self.header.swap == 0 && self.data().is_multiple_of(self.header.dtype.size().min(8) as u64)
    }

    /// Whether the array is read frame by frame: C order, not too many frames, and not very many
    /// tiny ones when `else_whole`: it can be had as a whole just as well.
    pub(super) fn streams(&self, else_whole: bool) -> bool {
        let Header { shape, fortran, dtype, .. } = &self.header;
        let Some(&frames) = shape.first() else { return false };
        let frame = shape.iter().skip(1).product::<usize>() * dtype.size();
        let long = frames > FEW_FRAMES && frame < LEAST_FRAME && else_whole;
        !fortran && frames <= MOST_FRAMES && !long
    }

    /// Shape, type and the times of frames: an array has no clock and gets 25 frames a second.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a single number, and for more frames than have times.
    pub fn info(&self) -> Result<StreamInfo> {
        let path = self.input.path();
        let Header { shape, dtype, .. } = &self.header;
        match shape.first() {
            None => Err(Error::unsupported(path, "holds a single number, which has no frames")),
            Some(&frames) if frames > MOST_FRAMES => Err(Error::unsupported(
                path,
                format!("has {frames} frames along its axis 0, over the limit of {MOST_FRAMES}"),
            )),
            Some(_) => Ok(StreamInfo::constant_rate(shape.clone(), *dtype, RATE)),
        }
    }

    /// The array as a source of frames, read at positions: axis 0 is time.
    ///
    /// # Errors
    /// As [`NpyFile::info`], and [`Error::Unsupported`] for Fortran order, in which frames do not
    /// stand together: [`NpyFile::frames`] maps those.
    pub fn source(&self) -> Result<Arc<dyn Source>> {
        let info = self.info()?;
        if self.header.fortran {
            let what = "is stored in Fortran order, so that its frames do not stand together; map it or load it";
            return Err(Error::unsupported(self.input.path(), what));
        }
        let cuts = (0..info.frames().max(1)).collect();
        Ok(Arc::new(NpyFrames { file: self.clone(), info, cuts }))
    }

    /// The array, lazily: its own element type and shape. Read frame by frame where frames stand
    /// together in the file; else (Fortran order, single numbers, more than 2²⁴ frames, very many
    /// tiny frames) from a map of it. What goes wrong there is the expression's error.
    pub fn frames(&self) -> Lazy {
        let made = if self.streams(self.in_place()) {
            self.source().map(Lazy::source)
        } else {
            self.memmap(MapMode::ReadOnly).map(Lazy::from)
        };
        made.unwrap_or_else(|e| Lazy::failed(e.without_place()))
    }
}

/// What the header's parser says of bytes that are no array at all.
const NOT_NPY: &str = "it does not begin as one";

fn is_zip(input: &Input) -> bool {
    input.read_vec(0, 4).is_ok_and(|head| head == b"PK\x03\x04" || head == b"PK\x05\x06")
}

impl Check {
    /// Remembers that the checksum holds, or says that it does not.
    pub(super) fn compare(&self, found: u32, path: &Path) -> Result<()> {
        if found != self.crc {
            let what = format!("its checksum is {found:08x} and should be {:08x}", self.crc);
            return Err(Error::data(path, format!("member {} is damaged: {what}", self.name)));
        }
        let _ = self.holds.set(());
        Ok(())
    }
}

/// An array whose bytes in file order `fill` gives.
pub(super) fn read_array(header: &Header, fill: impl FnOnce(&mut [u8]) -> Result<()>) -> Result<Array> {
    let size = header.size();
    let none = |_| Error::Memory { needed: size as u64, limit: 0, detail: "the array does not fit; map it".into() };
    let mut buffer = Buffer::zeroed(size).map_err(none)?;
    fill(buffer.bytes_mut())?;
    header.native(buffer.bytes_mut());
    Array::from_buffer_strided(buffer, header.dtype, &header.shape, &header.strides())
}

/// The array, frame by frame.
#[derive(Debug)]
struct NpyFrames {
    file: NpyFile,
    info: StreamInfo,
    cuts: Arc<[usize]>,
}

impl Source for NpyFrames {
    fn info(&self) -> &StreamInfo {
        &self.info
    }

    fn describe(&self) -> String {
        let name = show_name(self.file.input.path());
        let member = self.file.check.as_ref().map(|c| format!("/{}", c.name)).unwrap_or_default();
        format!("{name}{member}: array {:?} of {}", self.info.shape, self.info.dtype)
    }

    fn cuts(&self) -> &[usize] {
        &self.cuts
    }

    fn raw_frame_bytes(&self) -> usize {
        self.info.frame_bytes()
    }

    fn cursor_bytes(&self) -> usize {
        AHEAD
    }

    fn cursor(&self, frames: Range<usize>) -> Result<Box<dyn Cursor>> {
        if frames.end > self.info.frames() {
            return Err(Error::internal(format!("frames {frames:?} of an array of {}", self.info.frames())));
        }
        self.file.verify()?;
        let frame = self.info.frame_bytes();
        Ok(Box::new(NpyCursor { file: self.file.clone(), frame, frames, ahead: Vec::new(), used: 0 }))
    }

    fn unpack(&self, raw: &[u8], out: &mut [u8]) -> Result<()> {
        if raw.len() != out.len() || raw.len() != self.info.frame_bytes() {
            return Err(Error::internal("a frame buffer of the wrong size"));
        }
        out.copy_from_slice(raw);
        self.file.header.native(out);
        Ok(())
    }

    fn check_unchanged(&self) -> Result<()> {
        self.file.input.check_unchanged()
    }
}

struct NpyCursor {
    file: NpyFile,
    frame: usize,
    frames: Range<usize>,
    /// Small frames that were read together, and how many bytes of them are handed out.
    ahead: Vec<u8>,
    used: usize,
}

impl Cursor for NpyCursor {
    fn next_into(&mut self, raw: &mut [u8]) -> Result<()> {
        let (size, left) = (self.frame, self.frames.len());
        let frame = self.frames.next().ok_or_else(|| Error::internal("a cursor was read beyond its range"))?;
        if raw.len() != size {
            return Err(Error::internal("a frame buffer of the wrong size"));
        }
        // Within the file: checked when it was opened.
        let at = self.file.data().saturating_add(frame as u64 * size as u64);
        if size == 0 || size > AHEAD / 2 {
            return self.file.input.read_exact_at(raw, at);
        }
        if self.used >= self.ahead.len() {
            self.ahead.resize((AHEAD / size).min(left) * size, 0);
            self.used = 0;
            self.file.input.read_exact_at(&mut self.ahead, at)?;
        }
        let next = self.ahead.get(self.used..self.used + size);
        raw.copy_from_slice(next.ok_or_else(|| Error::internal("a frame was not read ahead"))?);
        self.used += size;
        Ok(())
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct NpyReport {
    /// The file.
    pub path: PathBuf,
    /// Shape of the array.
    pub shape: Vec<usize>,
    /// Element type of it.
    pub dtype: DType,
    /// Bytes of the file.
    pub bytes: u64,
    /// Time that the frames show, in seconds; the file itself has no clock.
    pub seconds: f64,
}

/// Bytes that are handed to the file together.
pub(super) const PART_BYTES: usize = 1 << 20;

/// Writes a stream of any element type as one `.npy` file, frame after frame.
#[derive(Debug)]
pub struct NpySink {
    target: PathBuf,
    pending: Option<PendingFile>,
    shape: Vec<usize>,
    dtype: DType,
    seconds: f64,
    written: usize,
}

impl NpySink {
    /// Prepares to write `target`; what is wrong with the name is found here.
    pub fn create(target: &Path, overwrite: bool) -> Result<NpySink> {
        Ok(NpySink {
            pending: Some(PendingFile::create(target, overwrite)?),
            target: target.to_path_buf(),
            shape: Vec::new(),
            dtype: DType::U8,
            seconds: 0.0,
            written: 0,
        })
    }

    fn frame_bytes(&self) -> usize {
        self.shape.iter().skip(1).product::<usize>() * self.dtype.size()
    }

    fn file(&mut self) -> Result<&mut PendingFile> {
        self.pending.as_mut().ok_or_else(|| Error::internal("a sink was used after its end"))
    }
}

impl Sink for NpySink {
    fn describe(&self) -> String {
        let name = show_name(&self.target);
        format!("{name}: .npy array")
    }

    fn begin(&mut self, info: &StreamInfo) -> Result<()> {
        if info.shape.len() > MOST_AXES {
            let what = format!("an array of {} axes; .npy takes up to {MOST_AXES} here", info.shape.len());
            return Err(Error::value("output", what));
        }
        (self.shape, self.dtype) = (info.shape.clone(), info.dtype);
        self.seconds = info.durations.iter().map(|&d| d as f64).sum::<f64>() * info.time_base.to_f64();
        let head = header(&self.shape, self.dtype).map_err(|what| Error::value("output", what))?;
        self.file()?.append(&head)
    }

    fn part_frames(&self) -> usize {
        RawPart::frames(self.frame_bytes())
    }

    fn part_bytes(&self) -> usize {
        RawPart::bytes(self.frame_bytes())
    }

    fn part(&self, _index: usize, frames: Range<usize>) -> Result<Box<dyn Part>> {
        Ok(RawPart::boxed(self.frame_bytes(), frames))
    }

    fn join(&mut self, encoded: Encoded) -> Result<()> {
        self.written += encoded.units.len();
        self.file()?.append(&encoded.bytes)
    }

    fn finish(&mut self) -> Result<Box<dyn Any + Send>> {
        let frames = self.shape.first().copied().unwrap_or(1);
        if self.written != frames {
            return Err(Error::internal(format!("{} of {frames} frames were written", self.written)));
        }
        let file = self.pending.take().ok_or_else(|| Error::internal("a sink ended twice"))?;
        let bytes = file.position();
        file.persist()?;
        Ok(Box::new(NpyReport {
            path: self.target.clone(),
            shape: self.shape.clone(),
            dtype: self.dtype,
            bytes,
            seconds: self.seconds,
        }))
    }
}

/// Frames one after another as they are.
pub(super) struct RawPart {
    frame: usize,
    frames: Range<usize>,
    encoded: Encoded,
}

impl RawPart {
    pub(super) fn boxed(frame: usize, frames: Range<usize>) -> Box<dyn Part> {
        Box::new(RawPart { frame, frames, encoded: Encoded::default() })
    }

    /// Frames of one part: small frames are written many at a time.
    pub(super) fn frames(frame: usize) -> usize {
        (PART_BYTES / frame.max(1)).clamp(1, 1 << 16)
    }

    /// Bytes of the part that is being made, and of up to two that wait for their turn.
    pub(super) fn bytes(frame: usize) -> usize {
        frame.saturating_mul(Self::frames(frame)).saturating_mul(3)
    }
}

impl Part for RawPart {
    fn push(&mut self, frame: &[u8]) -> Result<()> {
        let number = self.frames.next();
        match number {
            Some(number) if frame.len() == self.frame => {
                self.encoded.bytes.extend_from_slice(frame);
                self.encoded.units.push(Unit { len: frame.len(), frame: number, key: true });
                Ok(())
            }
            _ => Err(Error::internal("a frame that the array has no room for")),
        }
    }

    fn finish(self: Box<Self>) -> Result<Encoded> {
        if self.frames.is_empty() { Ok(self.encoded) } else { Err(Error::internal("fewer frames than promised")) }
    }
}
