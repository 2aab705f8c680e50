//! Frames into a NumPy `.npy` file: a short header, then the elements in C order.

use std::any::Any;
use std::ops::Range;
use std::path::{Path, PathBuf};

use opusclip_engine::DType;
use opusclip_engine::error::{Error, Result};
use opusclip_engine::flow::{Encoded, Part, Sink, StreamInfo, Unit};

use super::pending::PendingFile;

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct NpyReport {
    /// The file.
    pub path: PathBuf,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Length of the frames in seconds.
    pub seconds: f64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Writes an array of any shape with at least one axis. The file has its name only when all is
/// done.
pub struct NpySink {
    target: PathBuf,
    pending: Option<PendingFile>,
    info: Option<StreamInfo>,
    written: usize,
}

/// Bytes that one part gathers before they are handed on.
const PART_BYTES: usize = 8 << 20;

impl NpySink {
    /// Prepares to write `target`. What is wrong with the name is found here: a missing folder, no
    /// right to write, a file that exists (unless `overwrite`).
    ///
    /// # Errors
    /// Those of [`PendingFile::create`].
    pub fn create(target: &Path, overwrite: bool) -> Result<NpySink> {
        let pending = PendingFile::create(target, overwrite)?;
        Ok(NpySink { target: target.to_path_buf(), pending: Some(pending), info: None, written: 0 })
    }

    fn info(&self) -> Result<&StreamInfo> {
        self.info.as_ref().ok_or_else(|| Error::internal("an npy sink was used before it began"))
    }
}

/// NumPy's letter and size for an element type; the elements are written as this machine has them.
fn descr(dtype: DType) -> String {
    let order = match (dtype.size(), cfg!(target_endian = "little")) {
        (1, _) => '|',
        (_, true) => '<',
        (_, false) => '>',
    };
    let letter = match dtype {
        DType::Bool => 'b',
        d if d.is_float() => 'f',
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => 'u',
        _ => 'i',
    };
    format!("{order}{letter}{}", dtype.size())
}

/// The header of version 1.0, padded so that the data starts at a multiple of 64.
fn header(shape: &[usize], dtype: DType) -> Result<Vec<u8>> {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let text =
        format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{comma}), }}", descr(dtype), lengths.join(", "));
    let padded = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let length = u16::try_from(padded).map_err(|_| Error::internal("an npy header beyond 64 KiB"))?;
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend(length.to_le_bytes());
    out.extend(text.as_bytes());
    out.resize(10 + padded - 1, b' ');
    out.push(b'\n');
    Ok(out)
}

impl Sink for NpySink {
    fn describe(&self) -> String {
        let name = self.target.file_name().map(Path::new).unwrap_or(&self.target);
        format!("npy {}", opusclip_engine::error::show_path(name))
    }

    fn begin(&mut self, info: &StreamInfo) -> Result<()> {
        let header = header(&info.shape, info.dtype)?;
        let pending = self.pending.as_mut().ok_or(Error::Cancelled)?;
        pending.rewind()?;
        pending.append(&header)?;
        self.info = Some(info.clone());
        self.written = 0;
        Ok(())
    }

    fn part_frames(&self) -> usize {
        let frame = self.info.as_ref().map_or(1, StreamInfo::frame_bytes).max(1);
        (PART_BYTES / frame).max(1)
    }

    fn part_bytes(&self) -> usize {
        // What a part gathers is its output, but it is held until the part is joined.
        self.part_frames().saturating_mul(self.info.as_ref().map_or(0, StreamInfo::frame_bytes))
    }

    fn part(&self, _index: usize, frames: Range<usize>) -> Result<Box<dyn Part>> {
        let bytes = self.info()?.frame_bytes().saturating_mul(frames.len());
        let encoded = Encoded { bytes: Vec::with_capacity(bytes), units: Vec::with_capacity(frames.len()) };
        Ok(Box::new(NpyPart { next: frames.start, encoded }))
    }

    fn join(&mut self, encoded: Encoded) -> Result<()> {
        self.written = self.written.saturating_add(encoded.units.len());
        self.pending.as_mut().ok_or(Error::Cancelled)?.append(&encoded.bytes)
    }

    fn finish(&mut self) -> Result<Box<dyn Any + Send>> {
        let info = self.info()?.clone();
        if self.written != info.frames() {
            return Err(Error::internal(format!("an npy file of {} frames got {}", info.frames(), self.written)));
        }
        let pending = self.pending.take().ok_or(Error::Cancelled)?;
        let bytes = pending.position();
        pending.persist()?;
        let ticks = info.durations.iter().fold(0_i64, |sum, d| sum.saturating_add(*d));
        let seconds = ticks as f64 * info.time_base.to_f64();
        Ok(Box::new(NpyReport { path: self.target.clone(), shape: info.shape, dtype: info.dtype, seconds, bytes }))
    }
}

/// Frames on their way, as they are.
struct NpyPart {
    next: usize,
    encoded: Encoded,
}

impl Part for NpyPart {
    fn push(&mut self, frame: &[u8]) -> Result<()> {
        self.encoded.bytes.extend_from_slice(frame);
        self.encoded.units.push(Unit { len: frame.len(), frame: self.next, key: true });
        self.next += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Encoded> {
        Ok(self.encoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_numpys() {
        // As numpy.lib.format.write_array_header_1_0 writes them.
        for (shape, dtype, want) in [
            (&[2_usize, 3][..], DType::F32, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"),
            (&[7], DType::U8, "{'descr': '|u1', 'fortran_order': False, 'shape': (7,), }"),
            (&[0, 4], DType::I64, "{'descr': '<i8', 'fortran_order': False, 'shape': (0, 4), }"),
            (&[1, 1, 1], DType::Bool, "{'descr': '|b1', 'fortran_order': False, 'shape': (1, 1, 1), }"),
        ] {
            let bytes = header(shape, dtype).unwrap();
            assert_eq!(bytes.len() % 64, 0);
            assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
            assert_eq!(usize::from(u16::from_le_bytes([bytes[8], bytes[9]])), bytes.len() - 10);
            let text = String::from_utf8(bytes[10..].to_vec()).unwrap();
            assert_eq!(text.trim_end(), want);
            assert!(text.ends_with('\n'));
        }
    }
}
