//! Bytes of a file seen in place: pages come when they are looked at and go when memory is short.

use std::fmt;
use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapMut, MmapOptions};

/// How a file is mapped into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MapMode {
    /// The bytes cannot be written (NumPy's `mmap_mode="r"`).
    ReadOnly,
    /// A page that is written becomes the map's own; the file never changes (NumPy's
    /// `mmap_mode="c"`).
    CopyOnWrite,
}

enum View {
    /// The system maps no empty ranges.
    Nothing,
    Shared(Mmap),
    Private(MmapMut),
}

/// A range of a file, mapped. The map stays when the file is closed, renamed over or deleted, and
/// holds no descriptor.
///
/// The file must stay as it is while it is mapped. Bytes that another program writes to it may be
/// seen or not; a file that another program makes shorter ends this one with SIGBUS when the lost
/// pages are looked at. That is what a map is, whoever makes it: read a file that others may write
/// to instead.
pub struct Mapped(View);

impl Mapped {
    /// The bytes `offset .. offset + len` of `file`, which must have them.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file is shorter; the system's own when it cannot map.
    pub fn new(file: &File, offset: u64, len: usize, mode: MapMode) -> io::Result<Mapped> {
        let end = offset.checked_add(len as u64);
        if end.is_none_or(|end| end > i64::MAX as u64) || isize::try_from(len).is_err() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the range is beyond any file"));
        }
        if end > Some(file.metadata()?.len()) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends before the range"));
        }
        if len == 0 {
            return Ok(Mapped(View::Nothing));
        }
        let mut options = MmapOptions::new();
        options.offset(offset).len(len);
        let view = match mode {
            // SAFETY: the range lies within the file, which was just looked at. That nobody
            // changes the file below the map is the documented condition of this type; no program
            // can hold others to it. Bytes take any value, and views as `bool` are checked.
            MapMode::ReadOnly => View::Shared(unsafe { options.map(file) }?),
            // SAFETY: as above; writes go to pages of this process alone. Room for all of them is
            // not reserved, so that a file larger than memory can be mapped.
            MapMode::CopyOnWrite => View::Private(unsafe { options.no_reserve_swap().map_copy(file) }?),
        };
        Ok(Mapped(view))
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            View::Nothing => &[],
            View::Shared(m) => m,
            View::Private(m) => m,
        }
    }

    /// All bytes, to write; none of a map that is read-only.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        match &mut self.0 {
            View::Nothing => Some(&mut []),
            View::Shared(_) => None,
            View::Private(m) => Some(m),
        }
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// True when there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How it was mapped; an empty one takes any writes there are.
    pub fn mode(&self) -> MapMode {
        match self.0 {
            View::Shared(_) => MapMode::ReadOnly,
            View::Nothing | View::Private(_) => MapMode::CopyOnWrite,
        }
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapped").field("len", &self.len()).field("mode", &self.mode()).finish()
    }
}
