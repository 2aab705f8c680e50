//! Arrays over memory that came from outside: bytes read from a file, or a file mapped in place.
//! Whatever is given, no element lies outside of the memory and no bool is anything but 0 or 1.

use std::sync::Arc;

use opusclip_raw::buffer::cast_slice;
use opusclip_raw::{Buffer, DType, Mapped};

use super::array::{Array, Storage};
use super::scalar::Scalar;
use super::shape::{c_strides, count, show};
use crate::error::{Error, Result};

impl Array {
    /// An array over the bytes of `buffer`, native byte order, from its first byte on. `strides`
    /// are in elements and not negative. As `bool` every byte but 0 becomes 1.
    ///
    /// # Errors
    /// [`Error::Shape`] when shape and strides differ in length or leave the buffer.
    pub fn from_buffer_strided(mut buffer: Buffer, dtype: DType, shape: &[usize], strides: &[isize]) -> Result<Array> {
        if dtype == DType::Bool {
            buffer.as_mut_slice::<bool>();
        }
        over(Storage::Owned(buffer), dtype, shape, strides)
    }

    /// A view of a mapped file, nothing copied: native byte order, from the map's first byte on.
    /// `strides` are in elements and not negative. As `bool` all bytes are looked at once; a
    /// private map's bytes other than 0 become 1.
    ///
    /// # Errors
    /// [`Error::Shape`] when shape and strides differ in length or leave the map,
    /// [`Error::Value`] when the elements are not aligned in memory, or are bools of a read-only
    /// map with bytes other than 0 and 1: copy those.
    pub fn from_mapped(mut map: Mapped, dtype: DType, shape: &[usize], strides: &[isize]) -> Result<Array> {
        // Complex numbers need only half of it; whoever copies one in vain is still right.
        let align = dtype.size().min(8);
        if !map.is_empty() && !map.bytes().as_ptr().addr().is_multiple_of(align) {
            return Err(Error::value("map", format!("the bytes do not begin at a multiple of {align}; copy them")));
        }
        if dtype == DType::Bool {
            // Only pages with such a byte are written, and so copied.
            for b in map.bytes_mut().into_iter().flatten().filter(|b| **b > 1) {
                *b = 1;
            }
            if cast_slice::<bool>(map.bytes()).is_none() {
                return Err(Error::value("map", "the bools have bytes other than 0 and 1; copy them"));
            }
        }
        over(Storage::Mapped(map), dtype, shape, strides)
    }

    /// Whether [`Array::set`] would work: the memory is this array's alone, and no read-only map.
    pub fn is_writable(&mut self) -> bool {
        self.writable().is_ok()
    }

    /// Changes one element. Arrays are shared by cloning and by expressions, and what is shared
    /// never changes: this works while the array is the only one that sees its memory.
    ///
    /// # Errors
    /// [`Error::Shape`] for an index that is no element or an array that repeats elements,
    /// [`Error::DType`] for a value of another type, [`Error::Value`] when the memory is shared or
    /// a read-only map.
    pub fn set(&mut self, index: &[usize], value: Scalar) -> Result<()> {
        if value.dtype != self.dtype {
            let detail = format!("the array holds {} and the value is {}", self.dtype, value.dtype);
            return Err(Error::dtype("set", detail));
        }
        let place = self.place("set", index)?;
        if self.shape.iter().zip(&self.strides).any(|(&d, &s)| d > 1 && s == 0) {
            return Err(Error::shape("set", "the array repeats elements by broadcasting; copy it first"));
        }
        let bytes = self.writable()?.get_mut(place);
        bytes.map(|p| value.write_to(p)).ok_or_else(|| Error::internal("an element lies outside its storage"))
    }

    fn writable(&mut self) -> Result<&mut [u8]> {
        let shared = || Error::value("set", "the memory is shared with other arrays or expressions; copy it first");
        if let Storage::Vector(v) = &*self.data {
            // Bytes of a vector of bools may not be written at will: the elements move to a buffer.
            let copy = Buffer::from_slice((**v).bytes()).map_err(|e| super::out_of_memory(e.bytes))?;
            self.data = Arc::new(Storage::Owned(copy));
        }
        let bytes = match Arc::get_mut(&mut self.data).ok_or_else(shared)? {
            Storage::Owned(b) => Some(b.bytes_mut()),
            Storage::Pooled(b) => Some(b.bytes_mut()),
            Storage::Mapped(m) => m.bytes_mut(),
            Storage::Vector(_) => None,
        };
        bytes.ok_or_else(|| Error::value("set", "the array is a read-only map; map it copy-on-write"))
    }
}

/// The one door: no view is made but through these checks.
fn over(data: Storage, dtype: DType, shape: &[usize], strides: &[isize]) -> Result<Array> {
    let item = dtype.size();
    let n = count("array", shape, item)?;
    if strides.len() != shape.len() || strides.iter().any(|s| *s < 0) {
        let detail = format!("strides {strides:?} for shape {}; one for each axis, none negative", show(shape));
        return Err(Error::shape("array", detail));
    }
    let strides = if n == 0 { c_strides(shape) } else { strides.to_vec() };
    if n > 0 {
        let last = shape
            .iter()
            .zip(&strides)
            .try_fold(0usize, |a, (&d, &s)| (d - 1).checked_mul(s as usize).and_then(|o| a.checked_add(o)));
        let end = last.and_then(|l| l.checked_add(1)).and_then(|l| l.checked_mul(item));
        let there = data.bytes().len();
        if end.is_none_or(|end| end > there) {
            let detail = format!("shape {} with strides {strides:?} leaves its memory of {there} bytes", show(shape));
            return Err(Error::shape("array", detail));
        }
    }
    Ok(Array { data: Arc::new(data), dtype, shape: shape.into(), strides: strides.into(), offset: 0 })
}
