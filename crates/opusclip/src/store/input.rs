//! One input file: opened once, read at positions, watched for changes.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use opusclip_engine::error::{Error, Result};
use opusclip_raw::{MapMode, Mapped};

/// An open input. Its descriptor is used to the end, so a file replaced meanwhile does no harm.
#[derive(Debug)]
pub struct Input {
    path: PathBuf,
    file: File,
    len: u64,
    stamp: (u64, i64, i64),
}

fn stamp(m: &std::fs::Metadata) -> (u64, i64, i64) {
    (m.len(), m.mtime(), m.mtime_nsec())
}

impl Input {
    /// Opens `path`, which must be a regular file.
    pub fn open(path: &Path) -> Result<Input> {
        // Looked at before it is opened: opening a pipe would wait for a writer.
        let meta = std::fs::metadata(path).map_err(|e| Error::io(path, "cannot open", &e))?;
        if meta.is_dir() {
            return Err(Error::Io { path: path.into(), detail: "is a folder; give a file".into() });
        }
        if !meta.is_file() {
            return Err(Error::Io {
                path: path.into(),
                detail: "is a device or a pipe; inputs must be files that can be read at any place".into(),
            });
        }
        let file = File::open(path).map_err(|e| Error::io(path, "cannot open", &e))?;
        let meta = file.metadata().map_err(|e| Error::io(path, "cannot look at", &e))?;
        Ok(Input { path: path.into(), len: meta.len(), stamp: stamp(&meta), file })
    }

    /// The name it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes in the file when it was opened.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True for a file without a byte.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Fills `out` from `offset` on; an error when the file ends before.
    pub fn read_exact_at(&self, out: &mut [u8], offset: u64) -> Result<()> {
        self.file.read_exact_at(out, offset).map_err(|e| {
            if e.kind() == std::io::ErrorKind::UnexpectedEof {
                Error::data(&self.path, format!("ends too early: {} bytes wanted at byte {offset}", out.len()))
            } else {
                Error::io(&self.path, &format!("cannot read at byte {offset}"), &e)
            }
        })
    }

    /// Bytes `offset .. offset + len`, which must lie within the file; checked before anything is
    /// allocated.
    pub fn read_vec(&self, offset: u64, len: u64) -> Result<Vec<u8>> {
        let fits = offset.checked_add(len).is_some_and(|end| end <= self.len);
        let size = usize::try_from(len).ok().filter(|_| fits).ok_or_else(|| {
            Error::data(&self.path, format!("ends too early: {len} bytes wanted at byte {offset} of {}", self.len))
        })?;
        let mut out = vec![0; size];
        self.read_exact_at(&mut out, offset)?;
        Ok(out)
    }

    /// Bytes `offset .. offset + len` in place; see [`Mapped`] for its limits.
    pub fn map(&self, offset: u64, len: usize, mode: MapMode) -> std::io::Result<Mapped> {
        Mapped::new(&self.file, offset, len, mode)
    }

    /// An error when the file's size or time of change are no longer those at opening.
    pub fn check_unchanged(&self) -> Result<()> {
        let meta = self.file.metadata().map_err(|e| Error::io(&self.path, "cannot look at", &e))?;
        if stamp(&meta) == self.stamp {
            Ok(())
        } else {
            Err(Error::data(&self.path, "changed while it was being read; run again on a file at rest"))
        }
    }
}
