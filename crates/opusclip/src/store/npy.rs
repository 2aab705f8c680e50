//! NumPy's `.npy` files: one array each. Axis 0 is time. Headers are parsed by hand, with limits
//! and without recursion; nothing is ever unpickled.

use std::any::Any;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use opusclip_engine::DType;
use opusclip_engine::error::{Error, Result, show_path};
use opusclip_engine::flow::{Cursor, Encoded, Part, Rational, Sink, Source, StreamInfo, Unit};

use super::input::Input;
use super::pending::PendingFile;

/// A header is at most this long.
const MOST_HEADER: u64 = 1 << 16;
/// NumPy's own limit on dimensions.
const MOST_AXES: usize = 64;
/// Frames at most.
const MOST_FRAMES: usize = 1 << 24;
/// An array has no clock; as a stream it gets this many frames a second.
const RATE: Rational = Rational { num: 25, den: 1 };

/// An array in a `.npy` file, read frame by frame.
#[derive(Clone, Debug)]
pub struct NpyFile {
    input: Arc<Input>,
    info: StreamInfo,
    data: u64,
    swap: bool,
    cuts: Arc<[usize]>,
    warnings: Vec<String>,
}

impl NpyFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`Error::Data`] when the header lies or is damaged, [`Error::Unsupported`] for what is
    /// valid but not read: objects, records, text, complex numbers, Fortran order.
    pub fn open(path: impl AsRef<Path>) -> Result<NpyFile> {
        Self::from_input(Input::open(path.as_ref())?)
    }

    /// The same for a file that is open already.
    ///
    /// # Errors
    /// As [`NpyFile::open`].
    pub fn from_input(input: Input) -> Result<NpyFile> {
        let input = Arc::new(input);
        let path = input.path();
        let bad = |what: String| Error::data(path, format!("is no sound .npy file: {what}"));
        let head = input.read_vec(0, 12.min(input.len()))?;
        if !head.starts_with(b"\x93NUMPY") {
            return Err(bad("it does not begin as one".into()));
        }
        let (start, len) = match head.get(6..) {
            Some([1, _, a, b, ..]) => (10, u64::from(u16::from_le_bytes([*a, *b]))),
            Some([2 | 3, _, a, b, c, d]) => (12, u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
            Some([v, ..]) if !matches!(v, 1..=3) => return Err(bad(format!("version {v} is unknown"))),
            _ => return Err(bad("it is cut".into())),
        };
        if len > MOST_HEADER {
            return Err(bad(format!("its header of {len} bytes is over the limit of {MOST_HEADER}")));
        }
        if input.len().saturating_sub(start) < len {
            return Err(bad("it is cut within its header".into()));
        }
        let text = String::from_utf8(input.read_vec(start, len)?).map_err(|_| bad("its header is no text".into()))?;
        let header = parse(&text).map_err(bad)?;
        let (dtype, swap) = match element(&header.descr) {
            Ok(found) => found,
            Err(what) => {
                return Err(Error::unsupported(
                    path,
                    format!("holds {what}, which is not read; arrays of numbers are"),
                ));
            }
        };
        let unit = header.shape.iter().filter(|&&n| n > 1).count() < 2;
        if header.fortran && !unit {
            return Err(Error::unsupported(
                path,
                "is stored in Fortran order; save it with numpy.ascontiguousarray first",
            ));
        }
        if header.shape.is_empty() {
            return Err(Error::unsupported(path, "holds a single number, which has no frames"));
        }
        // Also of zero-size arrays, so that no product of a part of the shape can overflow later.
        let total = header
            .shape
            .iter()
            .filter(|&&n| n > 0)
            .try_fold(dtype.size(), |a, &n| a.checked_mul(n))
            .filter(|&n| isize::try_from(n).is_ok())
            .ok_or_else(|| bad(format!("its shape {:?} is beyond any memory", header.shape)))?;
        let bytes = if header.shape.contains(&0) { 0 } else { total as u64 };
        let data = start + len;
        let there = input.len() - data;
        if bytes > there {
            return Err(bad(format!(
                "its shape {:?} of {dtype} needs {bytes} bytes but it holds {there}",
                header.shape
            )));
        }
        let mut warnings = Vec::new();
        if there > bytes {
            warnings.push(format!("{} bytes after the array are ignored", there - bytes));
        }
        let frames = header.shape.first().copied().unwrap_or(0);
        // Each frame has a time and a place to begin at.
        if frames > MOST_FRAMES {
            return Err(Error::unsupported(
                path,
                format!("has {frames} frames along its axis 0, over the limit of {MOST_FRAMES}"),
            ));
        }
        let info = StreamInfo::constant_rate(header.shape, dtype, RATE);
        Ok(NpyFile { info, data, swap, cuts: (0..frames.max(1)).collect(), warnings, input: input.clone() })
    }

    /// The array as a source of frames.
    pub fn source(&self) -> Arc<dyn Source> {
        Arc::new(self.clone())
    }

    /// What is odd about the file, one line each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Source for NpyFile {
    fn info(&self) -> &StreamInfo {
        &self.info
    }

    fn describe(&self) -> String {
        let name = self.input.path().file_name().map(|n| show_path(Path::new(n))).unwrap_or_default();
        format!("{name}: array {:?} of {}", self.info.shape, self.info.dtype)
    }

    fn cuts(&self) -> &[usize] {
        &self.cuts
    }

    fn raw_frame_bytes(&self) -> usize {
        self.info.frame_bytes()
    }

    fn cursor_bytes(&self) -> usize {
        0
    }

    fn cursor(&self, frames: Range<usize>) -> Result<Box<dyn Cursor>> {
        if frames.end > self.info.frames() {
            return Err(Error::internal(format!("frames {frames:?} of an array of {}", self.info.frames())));
        }
        Ok(Box::new(NpyCursor { file: self.clone(), frames }))
    }

    fn unpack(&self, raw: &[u8], out: &mut [u8]) -> Result<()> {
        if raw.len() != out.len() || raw.len() != self.info.frame_bytes() {
            return Err(Error::internal("a frame buffer of the wrong size"));
        }
        match self.info.dtype {
            // Any byte but zero is true; ours must be one.
            DType::Bool => raw.iter().zip(out.iter_mut()).for_each(|(&r, o)| *o = u8::from(r != 0)),
            _ => out.copy_from_slice(raw),
        }
        if self.swap {
            out.chunks_exact_mut(self.info.dtype.real().size()).for_each(<[u8]>::reverse);
        }
        Ok(())
    }

    fn check_unchanged(&self) -> Result<()> {
        self.input.check_unchanged()
    }
}

struct NpyCursor {
    file: NpyFile,
    frames: Range<usize>,
}

impl Cursor for NpyCursor {
    fn next_into(&mut self, raw: &mut [u8]) -> Result<()> {
        let frame = self.frames.next().ok_or_else(|| Error::internal("a cursor was read beyond its range"))?;
        let size = self.file.info.frame_bytes();
        if raw.len() != size {
            return Err(Error::internal("a frame buffer of the wrong size"));
        }
        // Within the file: checked when it was opened.
        self.file.input.read_exact_at(raw, self.file.data.saturating_add(frame as u64 * size as u64))
    }
}

struct Header {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

/// Reads the header's dictionary: three keys, each once, in any order.
fn parse(text: &str) -> Result<Header, String> {
    let mut p = Parser { rest: text.trim_end_matches(['\n', ' ', '\0']) };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    p.expect('{')?;
    while !p.eat('}') {
        let key = p.string()?;
        p.expect(':')?;
        let again = match key {
            "descr" => {
                let value = if p.peek() == Some('[') { "[]" } else { p.string()? };
                if value == "[]" {
                    return Ok(Header { descr: value.into(), fortran: false, shape: Vec::new() });
                }
                descr.replace(value.to_string()).is_some()
            }
            "fortran_order" => fortran.replace(p.truth()?).is_some(),
            "shape" => shape.replace(p.shape()?).is_some(),
            other => return Err(format!("its header has the key `{}`", other.escape_debug())),
        };
        if again {
            return Err(format!("its header has the key `{key}` twice"));
        }
        if !p.eat(',') && p.peek() != Some('}') {
            return Err("its header is no dictionary".into());
        }
    }
    if !p.rest.trim().is_empty() {
        return Err("its header goes on after its end".into());
    }
    Ok(Header {
        descr: descr.ok_or("its header does not say `descr`")?,
        fortran: fortran.ok_or("its header does not say `fortran_order`")?,
        shape: shape.ok_or("its header does not say `shape`")?,
    })
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.rest = self.rest.get(c.len_utf8()..).unwrap_or("");
        }
        found
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.eat(c) { Ok(()) } else { Err(format!("its header lacks a `{c}`")) }
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = self.peek().filter(|c| matches!(c, '\'' | '"')).ok_or("its header lacks a text")?;
        let inner = self.rest.get(1..).unwrap_or("");
        let (text, tail) = inner.split_once(quote).ok_or("its header has a text without end")?;
        self.rest = tail;
        Ok(text)
    }

    fn truth(&mut self) -> Result<bool, String> {
        self.peek();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(tail) = self.rest.strip_prefix(word) {
                self.rest = tail;
                return Ok(value);
            }
        }
        Err("its header has an order that is neither True nor False".into())
    }

    fn shape(&mut self) -> Result<Vec<usize>, String> {
        let mut out = Vec::new();
        self.expect('(')?;
        while !self.eat(')') {
            self.peek();
            let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let (digits, tail) = self.rest.split_at_checked(end).unwrap_or(("", self.rest));
            let n = digits.parse().map_err(|_| "its shape is not of whole numbers that fit".to_string())?;
            // Python 2 wrote long integers with an L.
            self.rest = tail.strip_prefix('L').unwrap_or(tail);
            out.push(n);
            if out.len() > MOST_AXES {
                return Err(format!("its shape has more than {MOST_AXES} axes"));
            }
            if !self.eat(',') && self.peek() != Some(')') {
                return Err("its shape is no tuple of numbers".into());
            }
        }
        Ok(out)
    }
}

/// Element type of a `descr`, and whether its bytes must be turned.
fn element(descr: &str) -> Result<(DType, bool), String> {
    let (order, code) = match descr.chars().next() {
        Some(c @ ('<' | '>' | '|' | '=')) => (c, descr.get(1..).unwrap_or("")),
        _ => ('=', descr),
    };
    let dtype = match code {
        "b1" | "?" => DType::Bool,
        "u1" | "B" => DType::U8,
        "i1" | "b" => DType::I8,
        "u2" => DType::U16,
        "i2" => DType::I16,
        "u4" => DType::U32,
        "i4" => DType::I32,
        "u8" => DType::U64,
        "i8" => DType::I64,
        "f2" => DType::F16,
        "f4" => DType::F32,
        "f8" => DType::F64,
        "c8" => DType::C64,
        "c16" => DType::C128,
        // NumPy has no code for bfloat16 and writes it as two bytes without a meaning.
        "V2" => DType::BF16,
        _ if code.starts_with('O') => return Err("Python objects".into()),
        _ if descr == "[]" => return Err("records".into()),
        _ => return Err(format!("elements of type `{}`", descr.escape_debug().take(40).collect::<String>())),
    };
    let swap = dtype.size() > 1 && if cfg!(target_endian = "big") { order == '<' } else { order == '>' };
    Ok((dtype, swap))
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
const PART_BYTES: usize = 1 << 20;

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

/// The first bytes of a file of this shape, padded so that the data begin at a multiple of 64.
fn header(shape: &[usize], dtype: DType) -> Vec<u8> {
    let kind = match dtype {
        DType::Bool => "|b1".to_string(),
        DType::U8 => "|u1".into(),
        DType::I8 => "|i1".into(),
        DType::BF16 => "<V2".into(),
        d => {
            let order = if cfg!(target_endian = "big") { '>' } else { '<' };
            let letter = d.name().chars().next().unwrap_or('u');
            format!("{order}{letter}{}", d.size())
        }
    };
    let mut sizes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    if shape.len() > 1 {
        sizes.truncate(sizes.len() - 2);
    } else {
        sizes = sizes.trim_end().into();
    }
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let used = 10 + text.len() + 1;
    text.extend(std::iter::repeat_n(' ', used.next_multiple_of(64) - used));
    text.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.as_bytes());
    out
}

impl Sink for NpySink {
    fn describe(&self) -> String {
        let name = self.target.file_name().map(|n| show_path(Path::new(n))).unwrap_or_default();
        format!("{name}: .npy array")
    }

    fn begin(&mut self, info: &StreamInfo) -> Result<()> {
        if info.shape.is_empty() || info.shape.len() > MOST_AXES {
            return Err(Error::value(
                "output",
                format!("an array of {} axes; .npy takes 1 to {MOST_AXES} here", info.shape.len()),
            ));
        }
        (self.shape, self.dtype) = (info.shape.clone(), info.dtype);
        self.seconds = info.durations.iter().map(|&d| d as f64).sum::<f64>() * info.time_base.to_f64();
        let head = header(&self.shape, self.dtype);
        self.file()?.append(&head)
    }

    fn part_frames(&self) -> usize {
        // Small frames are written many at a time.
        (PART_BYTES / self.frame_bytes().max(1)).clamp(1, 1 << 16)
    }

    fn part_bytes(&self) -> usize {
        // The part that is being made, and up to two that wait for their turn to be written.
        self.frame_bytes().saturating_mul(self.part_frames()).saturating_mul(3)
    }

    fn part(&self, _index: usize, frames: Range<usize>) -> Result<Box<dyn Part>> {
        Ok(Box::new(NpyPart { frame: self.frame_bytes(), frames, encoded: Encoded::default() }))
    }

    fn join(&mut self, encoded: Encoded) -> Result<()> {
        self.written += encoded.units.len();
        self.file()?.append(&encoded.bytes)
    }

    fn finish(&mut self) -> Result<Box<dyn Any + Send>> {
        let frames = self.shape.first().copied().unwrap_or(0);
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

struct NpyPart {
    frame: usize,
    frames: Range<usize>,
    encoded: Encoded,
}

impl Part for NpyPart {
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
