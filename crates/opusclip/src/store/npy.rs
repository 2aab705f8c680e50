//! NumPy's `.npy` files, written frame by frame: version 1.0, little-endian, C order.

use std::any::Any;
use std::ops::Range;
use std::path::{Path, PathBuf};

use opusclip_engine::DType;
use opusclip_engine::error::{Error, Result, show_path};
use opusclip_engine::flow::{Encoded, Part, Sink, StreamInfo, Unit};

use super::pending::PendingFile;

/// Bytes that one part gathers before they are joined, unless one frame is larger.
const PART: usize = 1 << 22;

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct NpyReport {
    /// The file.
    pub path: PathBuf,
    /// Length of axis 0.
    pub frames: usize,
    /// Length of the stream in seconds.
    pub seconds: f64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Writes a stream of any shape and element type to a `.npy` file. The file has its name only
/// when all is done.
#[derive(Debug)]
pub struct NpySink {
    path: PathBuf,
    pending: Option<PendingFile>,
    frames: usize,
    frame_bytes: usize,
    written: usize,
    seconds: f64,
}

impl NpySink {
    /// Prepares to write `target`. What is wrong with the name is found here, before any frame
    /// is made: a missing folder, a folder in its place, a file that exists (unless `overwrite`).
    pub fn create(target: &Path, overwrite: bool) -> Result<NpySink> {
        let pending = Some(PendingFile::create(target, overwrite)?);
        Ok(NpySink { path: target.to_path_buf(), pending, frames: 0, frame_bytes: 0, written: 0, seconds: 0.0 })
    }

    fn pending(&mut self) -> Result<&mut PendingFile> {
        self.pending.as_mut().ok_or_else(|| Error::internal("a sink was used after its end"))
    }
}

/// NumPy's word for an element type in a file.
const fn descr(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "|b1",
        DType::U8 => "|u1",
        DType::I8 => "|i1",
        DType::U16 => "<u2",
        DType::I16 => "<i2",
        DType::U32 => "<u4",
        DType::I32 => "<i4",
        DType::U64 => "<u8",
        DType::I64 => "<i8",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
    }
}

/// The bytes before the elements, padded so that those start at a multiple of 64.
fn header(dtype: DType, shape: &[usize]) -> Result<Vec<u8>> {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    // Python's tuple of one needs its comma.
    let comma = if shape.len() == 1 { "," } else { "" };
    let mut text =
        format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{comma}), }}", descr(dtype), lengths.join(", "));
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let length = u16::try_from(text.len())
        .map_err(|_| Error::shape("npy", format!("{} axes are too many for the file's header", shape.len())))?;
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(out)
}

impl Sink for NpySink {
    fn describe(&self) -> String {
        let name = self.path.file_name().map(|n| show_path(Path::new(n))).unwrap_or_default();
        format!("{name}: NumPy array")
    }

    fn begin(&mut self, info: &StreamInfo) -> Result<()> {
        self.frames = info.frames();
        self.frame_bytes = info.frame_bytes();
        let ticks = info.durations.iter().fold(0i64, |a, &d| a.saturating_add(d));
        self.seconds = ticks as f64 * info.time_base.to_f64();
        let header = header(info.dtype, &info.shape)?;
        self.pending()?.append(&header)
    }

    fn part_frames(&self) -> usize {
        (PART / self.frame_bytes.max(1)).clamp(1, self.frames.max(1))
    }

    fn part_bytes(&self) -> usize {
        0
    }

    fn part(&self, _index: usize, frames: Range<usize>) -> Result<Box<dyn Part>> {
        Ok(Box::new(NpyPart { next: frames.start, frame_bytes: self.frame_bytes, out: Encoded::default() }))
    }

    fn join(&mut self, encoded: Encoded) -> Result<()> {
        self.written += encoded.units.len();
        self.pending()?.append(&encoded.bytes)
    }

    fn finish(&mut self) -> Result<Box<dyn Any + Send>> {
        if self.written != self.frames {
            return Err(Error::internal(format!("npy: {} frames came, {} were promised", self.written, self.frames)));
        }
        let pending = self.pending.take().ok_or_else(|| Error::internal("a sink was finished twice"))?;
        let bytes = pending.position();
        pending.persist()?;
        Ok(Box::new(NpyReport { path: self.path.clone(), frames: self.frames, seconds: self.seconds, bytes }))
    }
}

/// Frames on their way: elements in memory are already the file's bytes.
struct NpyPart {
    next: usize,
    frame_bytes: usize,
    out: Encoded,
}

impl Part for NpyPart {
    fn push(&mut self, frame: &[u8]) -> Result<()> {
        if cfg!(target_endian = "big") {
            return Err(Error::internal("npy: big-endian machines are not supported"));
        }
        if frame.len() != self.frame_bytes {
            return Err(Error::internal(format!("npy: a frame of {} bytes, not {}", frame.len(), self.frame_bytes)));
        }
        self.out.bytes.extend_from_slice(frame);
        self.out.units.push(Unit { len: frame.len(), frame: self.next, key: true });
        self.next += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Encoded> {
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::{DType, NpyReport, NpySink, Sink, StreamInfo, header};
    use opusclip_engine::flow::Rational;

    #[test]
    fn headers_are_numpys() {
        // Written by numpy.save of zeros((2, 3), uint8).
        let head = header(DType::U8, &[2, 3]).unwrap();
        assert_eq!(head.len(), 128);
        assert_eq!(&head[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert!(head[10..].starts_with(b"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }  "));
        assert_eq!(head.last(), Some(&b'\n'));
        assert!(
            header(DType::F32, &[7]).unwrap()[10..]
                .starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }")
        );
        assert!(header(DType::Bool, &[1; 30_000]).is_err());
    }

    #[test]
    fn parts_are_joined_in_order() {
        let folder = std::env::temp_dir().join(format!("opusclip-npy-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("x.npy");
        let mut sink = NpySink::create(&path, false).unwrap();
        let info = StreamInfo::constant_rate(vec![3, 2], DType::U8, Rational::new(25, 1));
        sink.begin(&info).unwrap();
        let mut late = sink.part(1, 2..3).unwrap();
        late.push(&[5, 6]).unwrap();
        let mut early = sink.part(0, 0..2).unwrap();
        early.push(&[1, 2]).unwrap();
        early.push(&[3, 4]).unwrap();
        assert!(early.push(&[1]).is_err());
        sink.join(early.finish().unwrap()).unwrap();
        assert!(!path.exists());
        sink.join(late.finish().unwrap()).unwrap();
        let report = sink.finish().unwrap().downcast::<NpyReport>().unwrap();
        assert_eq!((report.frames, report.bytes), (3, 134));
        assert_eq!(std::fs::read(&path).unwrap()[128..], [1, 2, 3, 4, 5, 6]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
