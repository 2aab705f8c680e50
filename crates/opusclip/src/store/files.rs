//! Arrays in and out of `.npy` files in one call each: NumPy's `load`, `save` and `memmap`.

use std::path::Path;

use opusclip_engine::array::promote::Weak;
use opusclip_engine::array::{Scalar, shape};
use opusclip_engine::error::{Error, Result};
use opusclip_engine::{Array, DType, Lazy, Operand, RunOptions};
use opusclip_raw::MapMode;

use super::elements::{Out, write_elements};
use super::npy::{NpyFile, NpyReport};
use super::npy_header::header;
use super::pending::PendingFile;

impl Out for PendingFile {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.append(bytes)
    }
}

/// Reads the array of a `.npy` file into memory: versions 1 to 3, both orders, both byte orders.
/// A Fortran-order file gives an array with Fortran-order strides. Bytes after the array are
/// ignored; [`NpyFile::warnings`] tells of them.
///
/// ```
/// use opusclip::prelude::*;
///
/// # fn main() -> opusclip::Result<()> {
/// let path = std::env::temp_dir().join(format!("load-{}.npy", std::process::id()));
/// opusclip::save(&path, Array::from_slice(&[1.5f32, 2.0, 4.0, 8.0], &[2, 2])?)?;
/// let x = opusclip::load(&path)?;
/// assert_eq!((x.shape(), x.to_vec::<f32>()?), (&[2, 2][..], vec![1.5, 2.0, 4.0, 8.0]));
/// # std::fs::remove_file(&path).unwrap();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Data`] when the header lies or is damaged, [`Error::Unsupported`] for objects, which
/// are never unpickled, records, text and dates, [`Error::Memory`] when the array does not fit.
pub fn load(path: impl AsRef<Path>) -> Result<Array> {
    NpyFile::open(path)?.load()
}

/// The array of a `.npy` file seen in place: no element is read before it is looked at, and the
/// array may be larger than memory. A read-only map never changes; of a copy-on-write map
/// [`Array::set`] changes this program's copy of a page, and never the file.
///
/// Loaded instead of mapped are arrays of the other byte order, arrays that do not begin at a
/// multiple of their element's size, and read-only maps of bools with bytes other than 0 and 1
/// (bools are looked at once, all of them).
///
/// The file must not be changed while the array lives. Its size is checked now; a program that
/// makes it shorter later ends this one with SIGBUS. Replacing it by a rename, as every output of
/// this library does, is fine.
///
/// ```
/// use opusclip::prelude::*;
/// use opusclip::MapMode;
///
/// # fn main() -> opusclip::Result<()> {
/// let path = std::env::temp_dir().join(format!("memmap-{}.npy", std::process::id()));
/// opusclip::save(&path, Array::from_slice(&[1i32, 2, 3], &[3])?)?;
/// let mut x = opusclip::memmap(&path, MapMode::CopyOnWrite)?;
/// x.set(&[1], opusclip::array::Scalar::from_i128(DType::I32, 7))?;
/// assert_eq!(x.to_vec::<i32>()?, [1, 7, 3]);
/// assert_eq!(opusclip::load(&path)?.to_vec::<i32>()?, [1, 2, 3]);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`load`], and of mapping.
pub fn memmap(path: impl AsRef<Path>, mode: MapMode) -> Result<Array> {
    NpyFile::open(path)?.memmap(mode)
}

/// The array of a `.npy` file, lazily: read frame by frame while an expression over it runs, in
/// memory that does not depend on its length. [`NpyFile::frames`] says when it is mapped instead.
///
/// ```
/// use opusclip::prelude::*;
///
/// # fn main() -> opusclip::Result<()> {
/// let path = std::env::temp_dir().join(format!("open-{}.npy", std::process::id()));
/// opusclip::save(&path, Array::from_slice(&[1u8, 2, 3, 4, 5, 6], &[3, 2])?)?;
/// let x = opusclip::open_npy(&path)?;
/// assert_eq!((x.shape()?, x.dtype()?), (&[3, 2][..], DType::U8));
/// assert_eq!((x * 10).sum(0).collect()?.to_vec::<u64>()?, [90, 120]);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`load`].
pub fn open_npy(path: impl AsRef<Path>) -> Result<Lazy> {
    let lazy = NpyFile::open(path)?.frames();
    lazy.meta()?;
    Ok(lazy)
}

/// Computes an array or an expression and writes it as a `.npy` file, C order, this machine's
/// byte order, the header NumPy's own. The expression is streamed along axis 0: the result may be
/// larger than memory, a frame of it may not. An existing file is replaced when the new one is
/// complete, and not before; the name is taken as it is, without adding a suffix.
///
/// ```
/// use opusclip::prelude::*;
///
/// # fn main() -> opusclip::Result<()> {
/// let path = std::env::temp_dir().join(format!("save-{}.npy", std::process::id()));
/// let x: Lazy = Array::from_slice(&[0u8, 51, 102, 255], &[4])?.into();
/// let report = opusclip::save(&path, x.f32() / 255.0)?;
/// assert_eq!((report.shape, report.dtype, report.bytes), (vec![4], DType::F32, 128 + 16));
/// # std::fs::remove_file(&path).unwrap();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of the expression, of its sources, and of writing; nothing is left under `path` then, and
/// an old file stays as it was.
pub fn save(path: impl AsRef<Path>, x: impl Into<Operand>) -> Result<NpyReport> {
    save_with(path, x, &RunOptions::default())
}

/// [`save`] with options: threads, a limit of memory, cancellation, counters.
///
/// # Errors
/// As [`save`], and [`Error::Memory`] when the limit does not do.
pub fn save_with(path: impl AsRef<Path>, x: impl Into<Operand>, options: &RunOptions) -> Result<NpyReport> {
    let (path, x) = (path.as_ref(), expression(x.into()));
    let meta = x.meta()?.clone();
    let head = header(&meta.shape, meta.dtype).map_err(|what| Error::value("save", what))?;
    let mut file = PendingFile::create(path, true)?;
    file.append(&head)?;
    let file = write_elements(&x, options, file)?;
    let bytes = file.position();
    if bytes != (head.len() as u64).saturating_add(nbytes(&meta.shape, meta.dtype)?) {
        return Err(Error::internal(format!("{bytes} bytes were written of shape {}", shape::show(&meta.shape))));
    }
    file.persist()?;
    Ok(NpyReport { path: path.to_path_buf(), shape: meta.shape, dtype: meta.dtype, bytes, seconds: 0.0 })
}

/// Bytes of all elements.
pub(super) fn nbytes(shape: &[usize], dtype: DType) -> Result<u64> {
    Ok(shape::count("save", shape, dtype.size())? as u64 * dtype.size() as u64)
}

/// What may be written: a literal is a 0-d array of NumPy's default type.
pub(super) fn expression(x: Operand) -> Lazy {
    match x {
        Operand::Lazy(x) => x,
        Operand::Weak(Weak::Bool(b)) => Lazy::scalar(Scalar::from_i128(DType::Bool, b.into())),
        Operand::Weak(Weak::Float(v)) => Lazy::scalar(Scalar::from_f64(DType::F64, v)),
        Operand::Weak(Weak::Complex(re, im)) => Lazy::scalar(Scalar::from_parts(DType::C128, re, im)),
        Operand::Weak(Weak::Int(v)) => match i64::try_from(v) {
            Ok(v) => Lazy::scalar(Scalar::from_i128(DType::I64, v.into())),
            Err(_) => Lazy::failed(Error::value("save", format!("the integer {v} does not fit int64"))),
        },
    }
}
