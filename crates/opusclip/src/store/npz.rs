//! NumPy's `.npz` files: zip archives of `.npy` members. Members are read in place, each when it
//! is asked for; names are only names, and nothing is unpacked to disk.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use opusclip_engine::error::{Error, Result, show_name, show_path};
use opusclip_engine::flow::{Cursor, Source, StreamInfo};
use opusclip_engine::{Array, DType, Lazy, Operand, RunOptions};
use opusclip_raw::MapMode;

use super::elements::{Out, write_elements};
use super::files::{expression, nbytes};
use super::input::Input;
use super::npy::{Check, NpyFile, read_array};
use super::npy_header::{Fault, Header, header};
use super::pending::PendingFile;
use super::zip::{Entry, Inflater, Method, ZipWriter, directory, show};

/// An open archive of arrays. Opening reads the directory at its end and nothing else.
///
/// ```
/// use opusclip::prelude::*;
/// use opusclip::Npz;
///
/// # fn main() -> opusclip::Result<()> {
/// let path = std::env::temp_dir().join(format!("archive-{}.npz", std::process::id()));
/// let x = Array::from_slice(&[1.0f64, 2.0, 3.0], &[3])?;
/// let y = Array::from_slice(&[7u8; 1000], &[10, 100])?;
/// opusclip::savez_compressed(&path, &[("x", &x), ("y", &y)])?;
///
/// let archive = Npz::open(&path)?;
/// assert_eq!(archive.names().collect::<Vec<_>>(), ["x", "y"]);
/// let info = archive.info("y")?;                          // its header alone is read
/// assert_eq!((info.shape, info.dtype, info.compressed), (vec![10, 100], DType::U8, true));
/// assert_eq!(archive.get("x")?.to_vec::<f64>()?, [1.0, 2.0, 3.0]);
/// assert_eq!(archive.get_lazy("y")?.sum(()).collect()?.get_f64(&[])?, 7000.0);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Npz {
    input: Arc<Input>,
    members: Arc<[Member]>,
    /// Place of each name among them.
    places: Arc<BTreeMap<String, usize>>,
    warnings: Vec<String>,
}

#[derive(Debug)]
struct Member {
    entry: Entry,
    check: Arc<Check>,
}

/// What is known of a member before its elements are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpzInfo {
    /// Its name, without `.npy`.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Whether the first axis runs fastest in the file. False when both orders are the same.
    pub fortran_order: bool,
    /// Whether it is deflated, and not stored as it is.
    pub compressed: bool,
}

impl Npz {
    /// Opens an archive and reads its directory.
    ///
    /// # Errors
    /// [`Error::Data`] when the directory lies or is damaged, names a member twice or members that
    /// overlap; [`Error::Unsupported`] for an archive in several files.
    pub fn open(path: impl AsRef<Path>) -> Result<Npz> {
        let input = Input::open(path.as_ref())?;
        if input.read_vec(0, 6.min(input.len()))? == b"\x93NUMPY" {
            return Err(Error::unsupported(input.path(), "is a .npy file of one array; read it with load"));
        }
        let (mut members, mut warnings) = (Vec::new(), Vec::new());
        for entry in directory(&input)? {
            let Some(name) = entry.name.strip_suffix(".npy") else {
                warnings.push(format!("member {} is no .npy array and is ignored", show(&entry.name)));
                continue;
            };
            let check = Check { name: name.into(), crc: entry.crc, len: entry.size, holds: OnceLock::new() };
            members.push(Member { check: Arc::new(check), entry });
        }
        let places = members.iter().map(|m: &Member| m.check.name.clone()).zip(0..).collect();
        Ok(Npz { input: Arc::new(input), members: members.into(), places: Arc::new(places), warnings })
    }

    /// The names of the arrays in the order of the directory, without `.npy`. They come from the
    /// file: one that is to become a path must be looked at first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|m| m.check.name.as_str())
    }

    /// What is odd about the file, one line each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn find(&self, name: &str) -> Result<&Member> {
        self.places.get(name).and_then(|&i| self.members.get(i)).ok_or_else(|| {
            let mut known: Vec<String> = self.names().take(8).map(show).collect();
            if self.members.len() > known.len() {
                known.push("…".into());
            }
            let path = show_path(self.input.path());
            Error::value("npz", format!("{path} has no array {}; it has {}", show(name), known.join(", ")))
        })
    }

    /// A fault of a member's header, or of its size, as an error.
    fn judged(&self, member: &Member, header: Result<Header, Fault>) -> Result<Header> {
        let (path, name) = (self.input.path(), show(&member.entry.name));
        let header = header.map_err(|fault| match fault {
            Fault::Bad(what) => Error::data(path, format!("member {name} is no sound .npy array: {what}")),
            Fault::Unread(what) => Error::unsupported(path, format!("member {name} {what}")),
        })?;
        // Nobody writes more; what inflates to more is made to.
        let need = header.start.saturating_add(header.bytes);
        if member.entry.size != need {
            let what = format!("holds {} bytes and its header says {need}", member.entry.size);
            return Err(Error::data(path, format!("member {name} {what}")));
        }
        Ok(header)
    }

    fn stored(&self, member: &Member) -> Result<NpyFile> {
        let entry = &member.entry;
        if entry.packed != entry.size {
            let what = format!("member {} is stored and has two sizes", show(&entry.name));
            return Err(Error::data(self.input.path(), what));
        }
        let base = entry.data(&self.input)?;
        let read = |start: u64, len| self.input.read_vec(base.saturating_add(start), len);
        let header = self.judged(member, Header::read(entry.size, read)?)?;
        Ok(NpyFile::member(self.input.clone(), base, member.check.clone(), header))
    }

    /// A reader that stands at the first element.
    fn deflated(&self, member: &Member) -> Result<(Inflater, Header)> {
        let mut inflater = Inflater::new(self.input.clone(), &member.entry)?;
        let header = Header::read(member.entry.size, |_, len| inflater.take(len))?;
        let header = self.judged(member, header)?;
        Ok((inflater, header))
    }

    /// Name, shape and element type of an array; its header alone is read.
    ///
    /// # Errors
    /// [`Error::Value`] for a name that is not there, and as [`Npz::get`] but for what is wrong
    /// with the elements.
    pub fn info(&self, name: &str) -> Result<NpzInfo> {
        let member = self.find(name)?;
        let method = member.entry.method(&self.input)?;
        let Header { dtype, fortran, shape, .. } = match method {
            Method::Stored => self.stored(member)?.header().clone(),
            Method::Deflated => self.deflated(member)?.1,
        };
        let compressed = method == Method::Deflated;
        Ok(NpzInfo { name: name.into(), shape, dtype, fortran_order: fortran, compressed })
    }

    /// One array. A stored member is a view of the file where its elements are aligned, as in
    /// archives that this library writes ([`crate::store::memmap`] says what else is copied); a
    /// deflated one is inflated, to exactly the size that shape and type give. The checksum is
    /// compared: of a stored member once, when it is first read.
    ///
    /// # Errors
    /// [`Error::Value`] for a name that is not there, [`Error::Data`] for a member whose header,
    /// sizes or checksum lie, [`Error::Unsupported`] for links, encryption, other packings, and
    /// arrays that [`crate::store::load`] does not read either.
    pub fn get(&self, name: &str) -> Result<Array> {
        let member = self.find(name)?;
        match member.entry.method(&self.input)? {
            Method::Stored => self.stored(member)?.memmap(MapMode::ReadOnly),
            Method::Deflated => {
                let (mut inflater, header) = self.deflated(member)?;
                let array = read_array(&header, |out| inflater.fill(out))?;
                inflater.finish()?;
                Ok(array)
            }
        }
    }

    /// One array, lazily: read frame by frame while an expression runs. A deflated member is
    /// inflated from its beginning each time, and its checksum compared when the last frame was
    /// read; that of a stored member before the first is. Fortran order, single numbers, and very
    /// many tiny frames are got as by [`Npz::get`].
    ///
    /// # Errors
    /// As [`Npz::get`]; what is wrong with the elements is the error of the run.
    pub fn get_lazy(&self, name: &str) -> Result<Lazy> {
        let member = self.find(name)?;
        if member.entry.method(&self.input)? == Method::Stored {
            let lazy = self.stored(member)?.frames();
            lazy.meta()?;
            return Ok(lazy);
        }
        let (_, header) = self.deflated(member)?;
        let file = NpyFile::member(self.input.clone(), 0, member.check.clone(), header.clone());
        if !file.streams(true) {
            return Ok(self.get(name)?.into());
        }
        let (info, entry) = (file.info()?, member.entry.clone());
        Ok(Lazy::source(Arc::new(Deflated { input: self.input.clone(), entry, header, info })))
    }
}

/// The frames of a deflated member.
#[derive(Debug)]
struct Deflated {
    input: Arc<Input>,
    entry: Entry,
    header: Header,
    info: StreamInfo,
}

impl Source for Deflated {
    fn info(&self) -> &StreamInfo {
        &self.info
    }

    fn describe(&self) -> String {
        let name = show_name(self.input.path());
        format!("{name}/{}: deflated array {:?} of {}", show(&self.entry.name), self.info.shape, self.info.dtype)
    }

    fn cuts(&self) -> &[usize] {
        &[0]
    }

    fn raw_frame_bytes(&self) -> usize {
        self.info.frame_bytes()
    }

    fn cursor_bytes(&self) -> usize {
        // The window, the block that is read, and the decoder's tables.
        256 << 10
    }

    fn cursor(&self, frames: Range<usize>) -> Result<Box<dyn Cursor>> {
        let mut inflater = Inflater::new(self.input.clone(), &self.entry)?;
        let frame = self.info.frame_bytes() as u64;
        inflater.skip_to(self.header.start.saturating_add(frame.saturating_mul(frames.start as u64)))?;
        Ok(Box::new(DeflatedCursor { inflater: Some(inflater), frames, all: self.info.frames() }))
    }

    fn unpack(&self, raw: &[u8], out: &mut [u8]) -> Result<()> {
        if raw.len() != out.len() {
            return Err(Error::internal("a frame buffer of the wrong size"));
        }
        out.copy_from_slice(raw);
        self.header.native(out);
        Ok(())
    }

    fn check_unchanged(&self) -> Result<()> {
        self.input.check_unchanged()
    }
}

struct DeflatedCursor {
    inflater: Option<Inflater>,
    frames: Range<usize>,
    all: usize,
}

impl Cursor for DeflatedCursor {
    fn next_into(&mut self, raw: &mut [u8]) -> Result<()> {
        let beyond = || Error::internal("a cursor was read beyond its range");
        let frame = self.frames.next().ok_or_else(beyond)?;
        self.inflater.as_mut().ok_or_else(beyond)?.fill(raw)?;
        match self.inflater.take_if(|_| frame + 1 == self.all) {
            Some(inflater) => inflater.finish(),
            None => Ok(()),
        }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpzReport {
    /// The file.
    pub path: PathBuf,
    /// Number of arrays in it.
    pub arrays: usize,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Writes arrays or expressions as an `.npz` archive, each under its name. They are stored as
/// they are, each beginning at a multiple of 64 bytes, so that [`Npz::get`] need not copy them.
/// Expressions are streamed one after another, as by [`crate::store::save`]; an existing file is
/// replaced when the new one is complete.
///
/// # Errors
/// [`Error::Value`] for a name that is empty, too long or given twice, and those of
/// [`crate::store::save`].
pub fn savez<N: AsRef<str>, A: Into<Operand> + Clone>(path: impl AsRef<Path>, arrays: &[(N, A)]) -> Result<NpzReport> {
    write(path.as_ref(), arrays, Method::Stored, &RunOptions::default())
}

/// As [`savez`], deflated.
///
/// # Errors
/// As [`savez`].
pub fn savez_compressed<N: AsRef<str>, A: Into<Operand> + Clone>(
    path: impl AsRef<Path>,
    arrays: &[(N, A)],
) -> Result<NpzReport> {
    write(path.as_ref(), arrays, Method::Deflated, &RunOptions::default())
}

/// [`savez`], or [`savez_compressed`] where `compressed`, with options.
///
/// # Errors
/// As [`savez`], and [`Error::Memory`] when the limit does not do.
pub fn savez_with<N: AsRef<str>, A: Into<Operand> + Clone>(
    path: impl AsRef<Path>,
    arrays: &[(N, A)],
    compressed: bool,
    options: &RunOptions,
) -> Result<NpzReport> {
    write(path.as_ref(), arrays, if compressed { Method::Deflated } else { Method::Stored }, options)
}

fn write<N: AsRef<str>, A: Into<Operand> + Clone>(
    path: &Path,
    arrays: &[(N, A)],
    method: Method,
    options: &RunOptions,
) -> Result<NpzReport> {
    // All that can be wrong with names and types is found before anything is computed.
    let mut plan: Vec<(String, Vec<u8>, u64, Lazy)> = Vec::with_capacity(arrays.len());
    let mut names = std::collections::BTreeSet::new();
    for (name, array) in arrays {
        let (name, lazy) = (name.as_ref(), expression(array.clone().into()));
        if name.is_empty() || name.contains('\0') || name.len() > 60_000 {
            return Err(Error::value("savez", format!("the name {} cannot be an array's", show(name))));
        }
        if !names.insert(name.to_string()) {
            return Err(Error::value("savez", format!("the name {} is given twice", show(name))));
        }
        let meta = lazy.meta()?;
        let head = header(&meta.shape, meta.dtype).map_err(|what| Error::value("savez", what))?;
        let size = (head.len() as u64).saturating_add(nbytes(&meta.shape, meta.dtype)?);
        plan.push((format!("{name}.npy"), head, size, lazy));
    }
    let mut zip = ZipWriter::new(PendingFile::create(path, true)?);
    for (name, head, size, lazy) in &plan {
        let mut out = zip.member(name, *size, method)?;
        out.put(head)?;
        zip = write_elements(lazy, options, out)?.finish()?;
    }
    Ok(NpzReport { path: path.to_path_buf(), arrays: plan.len(), bytes: zip.finish()? })
}
