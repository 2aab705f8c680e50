//! An array in memory: shared bytes seen through a shape and strides. Immutable once made.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use opusclip_raw::buffer::{self, Buffer, Mapped, PoolBuffer};
use opusclip_raw::kernel::pick::{every, repeat};
use opusclip_raw::{DType, Element, Isa};

use super::few::{Shape, Strides};
use super::index::Span;
use super::scalar::Scalar;
use super::shape::{c_order, count, show};
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) enum Storage {
    Owned(Buffer),
    Pooled(PoolBuffer),
    /// A vector that was handed in, aligned to its elements only.
    Vector(Box<dyn Vector>),
    /// A part of a file.
    Mapped(Mapped),
}

/// A `Vec` of any element type.
pub(super) trait Vector: Any + fmt::Debug + Send + Sync {
    /// Its elements' bytes.
    fn bytes(&self) -> &[u8];
}

impl<T: Element> Vector for Vec<T> {
    fn bytes(&self) -> &[u8] {
        buffer::as_bytes(self)
    }
}

impl Storage {
    fn nothing() -> Storage {
        Storage::Owned(Buffer::default())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Storage::Owned(b) => b.bytes(),
            Storage::Pooled(b) => b.bytes(),
            Storage::Vector(v) => (**v).bytes(),
            Storage::Mapped(m) => m.bytes(),
        }
    }
}

/// An n-d array of one element type. Cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct Array {
    pub(super) data: Arc<Storage>,
    pub(super) dtype: DType,
    pub(super) shape: Shape,
    /// In elements.
    pub(super) strides: Strides,
    /// First element, in elements.
    pub(super) offset: usize,
}

/// A borrowed look at an array's bytes for the executors.
#[derive(Clone, Debug)]
pub struct Strided<'a> {
    /// All bytes of the storage.
    pub bytes: &'a [u8],
    /// Element type.
    pub dtype: DType,
    /// Shape.
    pub shape: Shape,
    /// Strides in elements.
    pub strides: Strides,
    /// First element, in elements.
    pub offset: usize,
}

impl Array {
    /// An array over `values` in C order.
    pub fn from_slice<T: Element>(values: &[T], shape: &[usize]) -> Result<Array> {
        let n = count("array", shape, T::DTYPE.size())?;
        if n != values.len() {
            return Err(Error::shape(
                "array",
                format!("{} values do not fill shape {} ({n} elements)", values.len(), show(shape)),
            ));
        }
        let buffer = Buffer::from_slice(values).map_err(|e| out_of_memory(e.bytes))?;
        Ok(Self::over(Storage::Owned(buffer), T::DTYPE, shape.to_vec()))
    }

    /// An array whose element at each index, in C order, is what `f` makes of the index.
    ///
    /// Fails if the shape has more elements than can be addressed or held.
    pub fn from_fn<T: Element>(shape: &[usize], mut f: impl FnMut(&[usize]) -> T) -> Result<Array> {
        let n = count("array", shape, T::DTYPE.size())?;
        let mut values = Vec::new();
        values.try_reserve_exact(n).map_err(|_| out_of_memory(n * T::DTYPE.size()))?;
        let mut index = vec![0usize; shape.len()];
        for _ in 0..n {
            values.push(f(&index));
            for (i, d) in index.iter_mut().zip(shape).rev() {
                *i += 1;
                if *i < *d {
                    break;
                }
                *i = 0;
            }
        }
        Self::from_slice(&values, shape)
    }

    /// All zeros.
    pub fn zeros(dtype: DType, shape: &[usize]) -> Result<Array> {
        Ok(Self::from_buffer(zeroed(dtype, shape)?, dtype, shape.to_vec()))
    }

    /// A C-order array over a buffer that holds at least its bytes.
    pub(crate) fn from_buffer(buffer: Buffer, dtype: DType, shape: impl Into<Shape>) -> Array {
        Self::over(Storage::Owned(buffer), dtype, shape)
    }

    /// The same over pooled memory, which goes back when the last view is dropped.
    pub(crate) fn from_pool(buffer: PoolBuffer, dtype: DType, shape: impl Into<Shape>) -> Array {
        Self::over(Storage::Pooled(buffer), dtype, shape)
    }

    /// A 0-d array of one value.
    pub fn from_scalar(value: Scalar) -> Result<Array> {
        let mut buffer = zeroed(value.dtype, &[])?;
        let n = value.dtype.size();
        if let Some(b) = buffer.bytes_mut().get_mut(..n) {
            value.write_to(b);
        }
        Ok(Self::from_buffer(buffer, value.dtype, Shape::new()))
    }

    /// A C-order array over a storage that holds at least its bytes.
    pub(super) fn over(data: Storage, dtype: DType, shape: impl Into<Shape>) -> Array {
        Self::over_shared(Arc::new(data), dtype, shape)
    }

    /// The same over a storage that others may share.
    pub(super) fn over_shared(data: Arc<Storage>, dtype: DType, shape: impl Into<Shape>) -> Array {
        let shape = shape.into();
        let strides = c_order(&shape);
        Array { data, dtype, shape, strides, offset: 0 }
    }

    /// Length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Number of axes.
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements.
    pub fn size(&self) -> usize {
        if self.shape.contains(&0) { 0 } else { self.shape.iter().product() }
    }

    /// Bytes of the elements.
    pub fn nbytes(&self) -> usize {
        self.size() * self.dtype.size()
    }

    /// Distance between neighbours along each axis, in elements.
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// True when the elements lie one after another in C order.
    pub fn is_contiguous(&self) -> bool {
        is_c_order(&self.shape, &self.strides)
    }

    /// True when both see the same bytes from the same place.
    pub(crate) fn same_view(&self, other: &Array) -> bool {
        Arc::ptr_eq(&self.data, &other.data)
            && self.offset == other.offset
            && self.dtype == other.dtype
            && self.shape == other.shape
            && self.strides == other.strides
    }

    /// An address that tells storages apart, for hashing.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.data).cast::<u8>() as usize
    }

    /// Where the first element is, in elements.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Without elements: stands where an array was.
    pub(crate) fn nothing() -> Array {
        static NOTHING: OnceLock<Array> = OnceLock::new();
        NOTHING.get_or_init(|| Array::from_buffer(Buffer::default(), DType::U8, Shape::repeated(0, 1))).clone()
    }

    /// One element as a 0-d view.
    pub(crate) fn element(&self, index: &[usize]) -> Result<Array> {
        let bytes = self.place("get", index)?;
        Ok(self.restride(Shape::new(), Strides::new(), bytes.start / self.dtype.size()))
    }

    /// The bytes and layout.
    pub fn strided(&self) -> Strided<'_> {
        Strided {
            bytes: self.data.bytes(),
            dtype: self.dtype,
            shape: self.shape.clone(),
            strides: self.strides.clone(),
            offset: self.offset,
        }
    }

    /// The same, broadcast to `shape`, which is known to be legal.
    pub(crate) fn strided_as(&self, shape: &[usize]) -> Strided<'_> {
        let view = self.broadcast(shape);
        Strided {
            bytes: self.data.bytes(),
            dtype: self.dtype,
            shape: view.shape,
            strides: view.strides,
            offset: view.offset,
        }
    }

    /// The bytes in C order when the array is contiguous.
    pub fn contiguous_bytes(&self) -> Option<&[u8]> {
        if !self.is_contiguous() {
            return None;
        }
        if self.size() == 0 {
            // An empty view may start anywhere.
            return Some(&[]);
        }
        let at = self.offset * self.dtype.size();
        self.data.bytes().get(at..at + self.nbytes())
    }

    /// A view with other shape and strides of the same storage; the caller has checked them.
    pub(crate) fn restride(&self, shape: impl Into<Shape>, strides: impl Into<Strides>, offset: usize) -> Array {
        let (shape, strides) = (shape.into(), strides.into());
        Array { data: Arc::clone(&self.data), dtype: self.dtype, shape, strides, offset }
    }

    /// The view `span` of one axis.
    pub(crate) fn slice_axis(&self, axis: usize, span: Span) -> Array {
        let mut shape = self.shape.clone();
        let mut strides = self.strides.clone();
        let mut offset = self.offset;
        if let (Some(d), Some(s)) = (shape.get_mut(axis), strides.get_mut(axis)) {
            *d = span.len;
            if span.len > 0 {
                offset = offset.wrapping_add_signed((span.start as isize).wrapping_mul(*s));
            }
            // It is of use only between two elements, and two of them lie within the storage.
            *s = s.wrapping_mul(span.step);
        }
        self.restride(shape, strides, offset)
    }

    /// A broadcast view; `shape` is known to be legal.
    pub(crate) fn broadcast(&self, shape: &[usize]) -> Array {
        let lead = shape.len() - self.shape.len();
        let mut strides = Strides::repeated(0, shape.len());
        for (i, (&d, &s)) in self.shape.iter().zip(&self.strides).enumerate() {
            if (d != 1 || shape.get(lead + i) == Some(&1))
                && let Some(out) = strides.get_mut(lead + i)
            {
                *out = if d == 1 { 0 } else { s };
            }
        }
        self.restride(shape, strides, self.offset)
    }

    /// The elements in C order, as `T`, which must be the array's type.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.check_type::<T>("to_vec")?;
        let c = self.to_contiguous()?;
        let bytes = c.contiguous_bytes().unwrap_or(&[]);
        let slice = buffer::cast_slice::<T>(bytes).ok_or_else(|| Error::internal("a buffer is not aligned"))?;
        let mut values = Vec::new();
        values.try_reserve_exact(slice.len()).map_err(|_| out_of_memory(size_of_val(slice)))?;
        values.extend_from_slice(slice);
        Ok(values)
    }

    /// The elements in C order, widened to `f64` (64-bit integers may round, complex numbers lose
    /// the imaginary part).
    pub fn to_f64_vec(&self) -> Result<Vec<f64>> {
        let mut values = Vec::new();
        values.try_reserve_exact(self.size()).map_err(|_| out_of_memory(self.size().saturating_mul(8)))?;
        let c = self.to_contiguous()?;
        let bytes = c.contiguous_bytes().unwrap_or(&[]);
        values.extend(bytes.chunks_exact(self.dtype.size()).map(|b| Scalar::from_bytes(self.dtype, b).to_f64()));
        Ok(values)
    }

    /// One element.
    pub fn get(&self, index: &[usize]) -> Result<Scalar> {
        let bytes = self.data.bytes().get(self.place("get", index)?);
        bytes
            .map(|b| Scalar::from_bytes(self.dtype, b))
            .ok_or_else(|| Error::internal("an element lies outside its storage"))
    }

    /// Where in the storage the bytes of one element are.
    pub(super) fn place(&self, op: &str, index: &[usize]) -> Result<Range<usize>> {
        if index.len() != self.shape.len() || index.iter().zip(&self.shape).any(|(i, d)| i >= d) {
            return Err(Error::shape(
                op,
                format!("index {} is not an element of shape {}", show(index), show(&self.shape)),
            ));
        }
        let at = index.iter().zip(&self.strides).fold(self.offset as isize, |a, (&i, &s)| a + i as isize * s);
        let at = at as usize * self.dtype.size();
        Ok(at..at + self.dtype.size())
    }

    /// One element as `f64`.
    pub fn get_f64(&self, index: &[usize]) -> Result<f64> {
        self.get(index).map(Scalar::to_f64)
    }

    /// The same elements in C order; shares the bytes when they are already.
    pub fn to_contiguous(&self) -> Result<Array> {
        if self.is_contiguous() {
            return Ok(self.clone());
        }
        let mut buffer = zeroed(self.dtype, &self.shape)?;
        let n = self.nbytes();
        self.strided().copy_to(&mut buffer.bytes_mut()[..n]);
        Ok(Self::from_buffer(buffer, self.dtype, self.shape.clone()))
    }
}

/// Homes of pooled memory whose arrays are gone, into which new ones move: an array of a buffer that the
/// pool has allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Homes(Vec<Arc<Storage>>);

impl Homes {
    const MOST: usize = 64;

    /// A C-order array over pooled memory, which goes back when the last view is dropped.
    pub(crate) fn array(&mut self, buffer: PoolBuffer, dtype: DType, shape: impl Into<Shape>) -> Array {
        let mut home = self.0.pop();
        let data = match home.as_mut().and_then(Arc::get_mut) {
            Some(place) => {
                *place = Storage::Pooled(buffer);
                home
            }
            None => Some(Arc::new(Storage::Pooled(buffer))),
        };
        // There is always one.
        Array::over_shared(data.unwrap_or_else(|| Arc::new(Storage::nothing())), dtype, shape)
    }

    /// Takes the memory of an array that nobody else sees and that fills it in C order; else the array
    /// stays as it is.
    pub(crate) fn empty(&mut self, array: &mut Array) -> Option<PoolBuffer> {
        let (fills, bytes) = (array.offset == 0 && array.is_contiguous(), array.nbytes());
        let place = Arc::get_mut(&mut array.data).filter(|place| fills && place.bytes().len() == bytes)?;
        if !matches!(place, Storage::Pooled(_)) {
            return None;
        }
        let Storage::Pooled(buffer) = std::mem::replace(place, Storage::nothing()) else { return None };
        let home = std::mem::replace(array, Array::nothing()).data;
        if self.0.len() < Self::MOST {
            self.0.push(home);
        }
        Some(buffer)
    }

    /// Lets an array go: if nobody else sees its memory, that goes back to its pool.
    pub(crate) fn leave(&mut self, array: Array) {
        let mut data = array.data;
        if self.0.len() < Self::MOST
            && let Some(place @ Storage::Pooled(_)) = Arc::get_mut(&mut data)
        {
            *place = Storage::nothing();
            self.0.push(data);
        }
    }
}

pub(crate) fn out_of_memory(bytes: usize) -> Error {
    Error::Memory { needed: bytes as u64, limit: 0, detail: "the system has not that much to give".into() }
}

pub(crate) fn zeroed(dtype: DType, shape: &[usize]) -> Result<Buffer> {
    let n = count("array", shape, dtype.size())?;
    Buffer::zeroed(n * dtype.size()).map_err(|e| out_of_memory(e.bytes))
}

fn is_c_order(shape: &[usize], strides: &[isize]) -> bool {
    shape.contains(&0) || is_dense(shape.iter().zip(strides).rev())
}

/// Whether axes of these lengths and strides, the fastest first, lie one after another.
pub(super) fn is_dense<'a>(axes: impl Iterator<Item = (&'a usize, &'a isize)>) -> bool {
    let mut step = 1isize;
    for (&d, &s) in axes {
        if d != 1 && s != step {
            return false;
        }
        step = step.saturating_mul(d as isize);
    }
    true
}

/// Odometer: the inner axis is used up. False when all of it is.
fn carry(index: &mut [usize], shape: &[usize]) -> bool {
    for axis in (0..index.len()).rev() {
        if index[axis] < shape[axis] {
            return true;
        }
        index[axis] = 0;
        if axis == 0 {
            return false;
        }
        index[axis - 1] += 1;
    }
    true
}

impl<'a> Strided<'a> {
    /// Number of elements.
    pub fn size(&self) -> usize {
        if self.shape.contains(&0) { 0 } else { self.shape.iter().product() }
    }

    /// The C-order bytes, when the elements lie so.
    pub fn contiguous(&self) -> Option<&'a [u8]> {
        if !is_c_order(&self.shape, &self.strides) {
            return None;
        }
        if self.size() == 0 {
            return Some(&[]);
        }
        let item = self.dtype.size();
        self.bytes.get(self.offset * item..(self.offset + self.size()) * item)
    }

    /// The same elements in the same order with as few axes as say it: axes of length 1 go, and
    /// neighbours that one stride can walk become one.
    #[must_use]
    pub fn collapsed(&self) -> Strided<'a> {
        if self.size() == 0 {
            return Strided { shape: Shape::repeated(0, 1), strides: Strides::repeated(0, 1), ..self.clone() };
        }
        let (mut shape, mut strides) = (Shape::new(), Strides::new());
        for (&d, &s) in self.shape.iter().zip(&self.strides) {
            if d == 1 {
                continue;
            }
            match (shape.last_mut(), strides.last_mut()) {
                (Some(outer), Some(step)) if *step == s * d as isize => {
                    *outer *= d;
                    *step = s;
                }
                _ => {
                    shape.push(d);
                    strides.push(s);
                }
            }
        }
        Strided { shape, strides, ..self.clone() }
    }

    /// True when every position holds the same element (all strides 0, or one element).
    pub fn is_splat(&self) -> bool {
        self.shape.iter().zip(&self.strides).all(|(&d, &s)| d == 1 || s == 0)
    }

    /// Copies all elements in C order to `out`.
    pub fn copy_to(&self, out: &mut [u8]) {
        self.collapsed().gather(0, out);
    }

    /// Copies elements `start…` of the C order to `out`, as many as it holds.
    pub fn gather(&self, start: usize, out: &mut [u8]) {
        let item = self.dtype.size();
        match item {
            1 => self.gather_items::<1>(start, out),
            2 => self.gather_items::<2>(start, out),
            4 => self.gather_items::<4>(start, out),
            8 => self.gather_items::<8>(start, out),
            _ => self.gather_items::<16>(start, out),
        }
    }

    fn gather_items<const N: usize>(&self, start: usize, out: &mut [u8]) {
        if self.size() == 0 || out.is_empty() {
            return;
        }
        let rank = self.shape.len();
        let inner = self.shape.last().copied().unwrap_or(1);
        let step = self.strides.last().copied().unwrap_or(0);
        if let ([outer, few @ 2..=8], [1, 0]) = (&*self.shape, &*self.strides) {
            return self.repeat_items::<N>(*outer, *few, start, out);
        }
        // The position of `start` in every axis.
        let mut index = Shape::repeated(0, rank);
        let mut rest = start;
        for (i, &d) in index.iter_mut().zip(&self.shape).rev() {
            *i = rest % d;
            rest /= d;
        }
        let mut out = out;
        while !out.is_empty() {
            let at = index.iter().zip(&self.strides).fold(self.offset as isize, |a, (&i, &s)| a + i as isize * s);
            let first = index.last().copied().unwrap_or(0);
            if let ([.., outer, few @ 2..=8], [.., 1, _]) = (&*self.shape, &*self.strides)
                && let ([.., pixel, place @ 0], whole @ 1..) = (&mut *index, out.len() / (few * N))
            {
                let whole = whole.min(outer - *pixel);
                let (now, later) = out.split_at_mut(whole * few * N);
                self.weave::<N>(at, step, *few, now);
                out = later;
                // As if the last of them had been walked.
                *pixel += whole - 1;
                *place = *few;
                if !carry(&mut index, &self.shape) {
                    return;
                }
                continue;
            }
            let run = (inner - first).min(out.len() / N);
            if run == 0 {
                return;
            }
            let (now, later) = out.split_at_mut(run * N);
            if step == 1 {
                let a = at as usize * N;
                if let Some(src) = self.bytes.get(a..a + run * N) {
                    now.copy_from_slice(src);
                }
            } else if step > 1 {
                // One check for the whole run; what is left is a plain walk, the same on every level.
                let source = self.bytes.get(at as usize * N..).unwrap_or(&[]).as_chunks::<N>().0;
                every(Isa::active(), source, step as usize, now.as_chunks_mut::<N>().0);
            } else {
                let mut at = at;
                for o in now.as_chunks_mut::<N>().0 {
                    let a = at as usize * N;
                    if let Some(x) = self.bytes.get(a..).and_then(<[u8]>::first_chunk) {
                        *o = *x;
                    }
                    at += step;
                }
            }
            out = later;
            if let Some(last) = index.last_mut() {
                *last += run;
            } else {
                return;
            }
            if !carry(&mut index, &self.shape) {
                return;
            }
        }
    }

    /// Whole pixels, whose `few` channels lie `step` apart in planes, from the element `at` on.
    fn weave<const N: usize>(&self, at: isize, step: isize, few: usize, out: &mut [u8]) {
        let items = out.as_chunks_mut::<N>().0;
        let pixels = items.len() / few.max(1);
        if step == 0 {
            let first = at as usize * N;
            let plane = self.bytes.get(first..first + pixels * N).unwrap_or(&[]).as_chunks::<N>().0;
            return repeat(Isa::active(), plane, few, items);
        }
        for channel in 0..few {
            let first = (at + channel as isize * step) as usize * N;
            let plane = self.bytes.get(first..first + pixels * N).unwrap_or(&[]).as_chunks::<N>().0;
            for (pixel, x) in items.chunks_exact_mut(few).zip(plane) {
                pixel[channel] = *x;
            }
        }
    }

    /// Each of `outer` neighbours `few` times: one number a pixel spread over its channels.
    fn repeat_items<const N: usize>(&self, outer: usize, few: usize, start: usize, out: &mut [u8]) {
        let first = start / few;
        let source = self.bytes.get(self.offset * N..(self.offset + outer) * N).unwrap_or(&[]);
        let mut source = source.as_chunks::<N>().0.get(first..).unwrap_or(&[]);
        let mut items = out.as_chunks_mut::<N>().0;
        // The first one may have been begun in an earlier block.
        let begun = start % few;
        if begun > 0 {
            let head = (few - begun).min(items.len());
            let (now, later) = items.split_at_mut(head);
            if let Some((x, more)) = source.split_first() {
                now.fill(*x);
                source = more;
            }
            items = later;
        }
        repeat(Isa::active(), source, few, items);
        // And the last one may go on in a later block.
        let whole = items.len() / few;
        if let Some(x) = source.get(whole) {
            items[whole * few..].fill(*x);
        }
    }
}
