//! Bytes aligned for every vector width, and typed views of bytes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt;
use std::ptr::NonNull;

use crate::dtype::{DType, Element};

/// Where every buffer starts: one cache line, one 512-bit register.
const ALIGN: usize = 64;
/// What the allocator is asked for. Above this the system's `calloc` cannot be used and every
/// page would be written once just to be zero.
const BASE_ALIGN: usize = 16;

/// Up to here a plain allocation and a loop of zeros is faster than the system's `calloc`, which
/// passes over the lists of blocks that each thread keeps at hand.
const SMALL: usize = 1024;

/// The allocator refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocError {
    /// How many bytes were asked for.
    pub bytes: usize,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "out of memory: {} bytes could not be allocated", self.bytes)
    }
}

impl std::error::Error for AllocError {}

/// Owned bytes, aligned to 64. Always initialised; a length of zero is fine.
pub struct Buffer {
    /// What the allocator gave; dangling when `room` is 0.
    base: NonNull<u8>,
    /// Bytes between `base` and the first aligned byte.
    skip: usize,
    /// Bytes in use.
    len: usize,
    /// Bytes usable from `skip` on, at least `len`; 0 means that nothing is allocated.
    room: usize,
}

// SAFETY: the buffer owns its bytes alone, and hands them out under the usual borrow rules.
unsafe impl Send for Buffer {}
// SAFETY: as above; shared access only reads.
unsafe impl Sync for Buffer {}

fn layout(room: usize) -> Option<Layout> {
    Layout::from_size_align(room.checked_add(ALIGN)?, BASE_ALIGN).ok()
}

impl Buffer {
    /// A buffer of `bytes` zeros. Large ones cost nothing until they are written (calloc).
    ///
    /// # Errors
    /// [`AllocError`] when the allocator refuses or the size cannot exist.
    pub fn zeroed(bytes: usize) -> Result<Buffer, AllocError> {
        Buffer::with_room(bytes, bytes)
    }

    /// A buffer of no bytes.
    pub(crate) fn empty() -> Buffer {
        Buffer { base: NonNull::dangling(), skip: 0, len: 0, room: 0 }
    }

    /// A buffer of `len` zeros that can be re-used for up to `room` bytes.
    pub(crate) fn with_room(len: usize, room: usize) -> Result<Buffer, AllocError> {
        let room = room.max(len);
        if room == 0 {
            return Ok(Buffer::empty());
        }
        let layout = layout(room).ok_or(AllocError { bytes: room })?;
        #[cfg(debug_assertions)]
        crate::memory::count();
        let base = if room <= SMALL {
            // SAFETY: the layout's size is at least ALIGN, so not zero.
            let base = NonNull::new(unsafe { System.alloc(layout) }).ok_or(AllocError { bytes: room })?;
            // SAFETY: the allocation has as many bytes as its layout says, and nobody else has it.
            unsafe { base.as_ptr().write_bytes(0, layout.size()) };
            base
        } else {
            // SAFETY: as above.
            NonNull::new(unsafe { System.alloc_zeroed(layout) }).ok_or(AllocError { bytes: room })?
        };
        let skip = base.as_ptr().addr().wrapping_neg() % ALIGN;
        Ok(Buffer { base, skip, len, room })
    }

    /// A copy of `x`.
    ///
    /// # Errors
    /// [`AllocError`] when the allocator refuses.
    pub fn from_slice<T: Element>(x: &[T]) -> Result<Buffer, AllocError> {
        let mut b = Buffer::zeroed(size_of_val(x))?;
        b.bytes_mut().copy_from_slice(as_bytes(x));
        Ok(b)
    }

    /// Bytes in use.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when no byte is in use.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that [`Buffer::set_len`] may ask for.
    pub(crate) fn room(&self) -> usize {
        self.room
    }

    /// Changes the bytes in use, at most to the room; what is there stays.
    pub(crate) fn set_len(&mut self, len: usize) {
        self.len = len.min(self.room);
    }

    fn start(&self) -> *mut u8 {
        if self.room == 0 {
            return std::ptr::without_provenance_mut(ALIGN);
        }
        // SAFETY: the allocation has room + ALIGN bytes and skip < ALIGN.
        unsafe { self.base.as_ptr().add(self.skip) }
    }

    /// All bytes in use.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: len <= room bytes from start() are allocated, and were zeroed when they were.
        unsafe { std::slice::from_raw_parts(self.start(), self.len) }
    }

    /// All bytes in use, to write.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.start(), self.len) }
    }

    /// The whole elements that fit. As `bool` all bytes are checked first, and a buffer with a
    /// byte that is neither 0 nor 1 reads as empty (see [`cast_slice`]).
    pub fn as_slice<T: Element>(&self) -> &[T] {
        let whole = self.len / size_of::<T>() * size_of::<T>();
        self.bytes().get(..whole).and_then(cast_slice).unwrap_or(&[])
    }

    /// The whole elements that fit, to write. As `bool` every byte that is not 0 becomes 1 first.
    pub fn as_mut_slice<T: Element>(&mut self) -> &mut [T] {
        let whole = self.len / size_of::<T>() * size_of::<T>();
        let bytes = self.bytes_mut().get_mut(..whole).unwrap_or_default();
        if T::DTYPE == DType::Bool {
            for b in bytes.iter_mut() {
                *b = (*b != 0) as u8;
            }
        }
        cast_slice_mut(bytes).unwrap_or_default()
    }
}

impl Default for Buffer {
    /// No bytes; nothing is allocated.
    fn default() -> Buffer {
        Buffer::empty()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.room == 0 {
            return;
        }
        if let Some(layout) = layout(self.room) {
            // SAFETY: base came from the system with this very layout.
            unsafe { System.dealloc(self.base.as_ptr(), layout) }
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("len", &self.len).field("room", &self.room).finish()
    }
}

/// True when `bytes` may be read as `[T]`.
fn fits<T: Element>(bytes: &[u8]) -> bool {
    bytes.as_ptr().addr().is_multiple_of(align_of::<T>())
        && bytes.len().is_multiple_of(size_of::<T>())
        && (T::DTYPE != DType::Bool || bytes.iter().fold(0, |a, &b| a | b) <= 1)
}

/// Reads bytes as elements. None if misaligned, if the length is no multiple of the element's
/// size, or for `bool` (checked in one pass) if a byte is neither 0 nor 1.
pub fn cast_slice<T: Element>(bytes: &[u8]) -> Option<&[T]> {
    if bytes.is_empty() {
        // No bytes have no alignment either.
        return Some(&[]);
    }
    // SAFETY: alignment, size and (for bool) values are checked; every other element type
    // takes any bits. Element is sealed.
    fits::<T>(bytes).then(|| unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<T>()) })
}

/// As [`cast_slice`], to write.
pub fn cast_slice_mut<T: Element>(bytes: &mut [u8]) -> Option<&mut [T]> {
    if bytes.is_empty() {
        return Some(&mut []);
    }
    // SAFETY: as in `cast_slice`; what is written through it are elements, whose bytes are all
    // initialised, so the bytes stay valid as u8.
    fits::<T>(bytes)
        .then(|| unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / size_of::<T>()) })
}

/// The bytes of elements, in this machine's order.
pub fn as_bytes<T: Element>(x: &[T]) -> &[u8] {
    // SAFETY: no element type has padding; u8 takes any alignment.
    unsafe { std::slice::from_raw_parts(x.as_ptr().cast(), size_of_val(x)) }
}
