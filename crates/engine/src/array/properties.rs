//! What an array says of its memory: NumPy's `strides`, `flags` and `base`, and where the bytes are.

use super::Array;
use super::array::{Storage, is_dense};
use super::shape;
use crate::error::Result;

/// Where an array's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Memory {
    /// In memory that this array shows all of; it is freed with the last array that shares it.
    Owned,
    /// In memory of another array, of which this one shows a part or shows it in another order.
    View,
    /// On loan from a pool, and goes back with the last array that shares it.
    Pooled,
    /// In a mapped file.
    Mapped,
}

impl Memory {
    /// One word: `owned`, `view`, `pooled`, `mapped`.
    pub const fn name(self) -> &'static str {
        match self {
            Memory::Owned => "owned",
            Memory::View => "view",
            Memory::Pooled => "pooled",
            Memory::Mapped => "mapped",
        }
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Array {
    /// The same elements repeated to a larger shape, as a view: `numpy.broadcast_to`. Nothing is
    /// copied, so the shape may have more elements than there is memory.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when an axis is neither of the wanted length nor of length 1.
    pub fn broadcast_view(&self, shape: &[usize]) -> Result<Array> {
        shape::broadcast_to("broadcast_to", self.shape(), shape)?;
        shape::count("broadcast_to", shape, self.itemsize())?;
        Ok(self.broadcast(shape))
    }

    /// Bytes of one element.
    pub fn itemsize(&self) -> usize {
        self.dtype().size()
    }

    /// Distance between neighbours along each axis in bytes: NumPy's `strides`.
    /// [`Array::strides`] has them in elements.
    pub fn byte_strides(&self) -> Vec<isize> {
        let item = self.itemsize() as isize;
        self.strides().iter().map(|s| s.wrapping_mul(item)).collect()
    }

    /// True when the elements lie one after another in Fortran's order, the first axis fastest:
    /// NumPy's `flags.f_contiguous`. An array of at most one axis longer than 1 can be both.
    pub fn is_f_contiguous(&self) -> bool {
        self.size() == 0 || is_dense(self.shape().iter().zip(self.strides()))
    }

    /// True when the array shows a part of its memory, or all of it in another order or several
    /// times. Arrays are immutable, so this says what is kept alive and not who may change what.
    pub fn is_view(&self) -> bool {
        !(self.is_contiguous() && self.nbytes() == self.base_nbytes())
    }

    /// Where the bytes are. A view of pooled or mapped memory says so; ask [`Array::is_view`] too.
    pub fn memory(&self) -> Memory {
        match *self.data {
            Storage::Pooled(_) => Memory::Pooled,
            Storage::Mapped(_) => Memory::Mapped,
            Storage::Owned(_) | Storage::Vector(_) if self.is_view() => Memory::View,
            Storage::Owned(_) | Storage::Vector(_) => Memory::Owned,
        }
    }

    /// Bytes that the array keeps alive: its own, and those of the array that it is a view of.
    /// Less than [`Array::nbytes`] where elements are repeated by broadcasting.
    pub fn base_nbytes(&self) -> usize {
        self.data.bytes().len()
    }

    /// The largest power of two, at most 64, that divides the address of the first element; 64 when
    /// there is none. Fresh arrays have 64, one cache line and one 512-bit register; views and
    /// vectors that were handed in have at least [`Array::itemsize`].
    pub fn alignment(&self) -> usize {
        let start = self.offset.checked_mul(self.itemsize()).and_then(|at| self.data.bytes().get(at..));
        match start {
            Some(bytes) if self.size() > 0 => 1 << bytes.as_ptr().addr().trailing_zeros().min(6),
            _ => 64,
        }
    }
}
