//! Into an array and out of it: vectors, nested literals, iterators.

use std::any::Any;
use std::sync::Arc;

use opusclip_raw::{BF16, Complex, Element, F16, buffer};

use super::array::Storage;
use super::index::Span;
use super::shape::{count, show};
use super::{Array, Scalar, Strided};
use crate::error::{Error, Result};

/// Numbers, and arrays, vectors and slices of them, nested as deep as you like: what
/// [`Array::from_nested`] takes.
pub trait Nested {
    /// The number at the bottom.
    type Item: Element;

    /// Appends the length of each axis, as the first of each level has it.
    #[doc(hidden)]
    fn measure(&self, shape: &mut Vec<usize>);

    /// The lengths where there is no first to ask.
    #[doc(hidden)]
    fn unseen(shape: &mut Vec<usize>);

    /// Appends the numbers; every level must have the length that `shape` says.
    #[doc(hidden)]
    fn flatten(&self, shape: &[usize], axis: usize, out: &mut Vec<Self::Item>) -> Result<()>;
}

/// A [`Nested`] whose type fixes its shape, so that no row can be shorter than another.
pub trait Fixed: Nested {}

macro_rules! leaf {
    ($($t:ty),*) => { $(
        impl Nested for $t {
            type Item = $t;
            fn measure(&self, _: &mut Vec<usize>) {}
            fn unseen(_: &mut Vec<usize>) {}
            fn flatten(&self, _: &[usize], _: usize, out: &mut Vec<$t>) -> Result<()> {
                out.push(*self);
                Ok(())
            }
        }
        impl Fixed for $t {}
    )* };
}
leaf!(bool, u8, i8, u16, i16, u32, i32, u64, i64, F16, BF16, f32, f64, Complex<f32>, Complex<f64>);

fn measure<N: Nested>(level: &[N], shape: &mut Vec<usize>) {
    shape.push(level.len());
    match level.first() {
        Some(first) => first.measure(shape),
        None => N::unseen(shape),
    }
}

fn flatten<N: Nested>(level: &[N], shape: &[usize], axis: usize, out: &mut Vec<N::Item>) -> Result<()> {
    let wanted = shape.get(axis).copied().unwrap_or(0);
    if level.len() != wanted {
        return Err(Error::shape(
            "from_nested",
            format!(
                "axis {axis} has rows of lengths {wanted} and {}; every row must be as long as the first",
                level.len()
            ),
        ));
    }
    level.iter().try_for_each(|n| n.flatten(shape, axis + 1, out))
}

impl<N: Nested, const L: usize> Nested for [N; L] {
    type Item = N::Item;
    fn measure(&self, shape: &mut Vec<usize>) {
        measure(self, shape);
    }
    fn unseen(shape: &mut Vec<usize>) {
        shape.push(L);
        N::unseen(shape);
    }
    fn flatten(&self, shape: &[usize], axis: usize, out: &mut Vec<N::Item>) -> Result<()> {
        flatten(self, shape, axis, out)
    }
}
impl<N: Fixed, const L: usize> Fixed for [N; L] {}

impl<N: Nested> Nested for Vec<N> {
    type Item = N::Item;
    fn measure(&self, shape: &mut Vec<usize>) {
        measure(self, shape);
    }
    fn unseen(shape: &mut Vec<usize>) {
        shape.push(0);
        N::unseen(shape);
    }
    fn flatten(&self, shape: &[usize], axis: usize, out: &mut Vec<N::Item>) -> Result<()> {
        flatten(self, shape, axis, out)
    }
}

impl<N: Nested> Nested for &[N] {
    type Item = N::Item;
    fn measure(&self, shape: &mut Vec<usize>) {
        measure(self, shape);
    }
    fn unseen(shape: &mut Vec<usize>) {
        shape.push(0);
        N::unseen(shape);
    }
    fn flatten(&self, shape: &[usize], axis: usize, out: &mut Vec<N::Item>) -> Result<()> {
        flatten(self, shape, axis, out)
    }
}

impl<N: Fixed, const L: usize> From<[N; L]> for Array {
    /// `Array::from([[1, 2], [3, 4]])` is of shape (2, 2). The element type is Rust's: write a
    /// suffix (`1u8`, `1.0f32`) for another.
    fn from(nested: [N; L]) -> Array {
        let (shape, values) = (lengths(&nested), numbers(&nested));
        // The type fixes the shape: all rows are of one length.
        vector(values.unwrap_or_default(), shape)
    }
}

fn lengths<N: Nested>(nested: &N) -> Vec<usize> {
    let mut shape = Vec::new();
    nested.measure(&mut shape);
    shape
}

fn numbers<N: Nested>(nested: &N) -> Result<Vec<N::Item>> {
    let mut values = Vec::new();
    nested.flatten(&lengths(nested), 0, &mut values)?;
    Ok(values)
}

/// A vector that fills `shape` as an array's memory.
fn vector<T: Element>(values: Vec<T>, shape: Vec<usize>) -> Array {
    Array::over(Storage::Vector(Box::new(values)), T::DTYPE, shape)
}

impl Array {
    /// An array over `values` in C order; the vector becomes its memory and nothing is copied.
    ///
    /// # Errors
    /// [`Error::Shape`] when there are more or fewer values than `shape` has elements.
    pub fn from_vec<T: Element>(values: Vec<T>, shape: &[usize]) -> Result<Array> {
        let n = count("from_vec", shape, T::DTYPE.size())?;
        if n != values.len() {
            return Err(Error::shape(
                "from_vec",
                format!("{} values do not fill shape {} ({n} elements)", values.len(), show(shape)),
            ));
        }
        Ok(vector(values, shape.to_vec()))
    }

    /// An array of nested vectors, slices or arrays, one axis for each level: `numpy.array` of
    /// nested lists. A vector of no rows has rows of length 0.
    ///
    /// # Errors
    /// [`Error::Shape`] when one row is longer than another.
    pub fn from_nested(nested: impl Nested) -> Result<Array> {
        let shape = lengths(&nested);
        count("from_nested", &shape, 1)?;
        Array::from_vec(numbers(&nested)?, &shape)
    }

    /// The elements in C order. A vector that came from [`Array::from_vec`] is handed on when no
    /// other array shares it; everything else is copied, as [`Array::to_vec`] does.
    ///
    /// # Errors
    /// [`Error::DType`] when the array is not of type `T`, [`Error::Memory`] when there is no room
    /// for a copy.
    pub fn into_vec<T: Element>(self) -> Result<Vec<T>> {
        self.check_type::<T>("into_vec")?;
        if self.is_view() {
            return self.to_vec();
        }
        let shape = self.shape().to_vec();
        match Arc::try_unwrap(self.data) {
            Ok(Storage::Vector(vector)) => {
                let any: Box<dyn Any> = vector;
                let own = any.downcast::<Vec<T>>();
                own.map(|v| *v).map_err(|_| Error::internal("a vector is of another type than its array"))
            }
            Ok(other) => Array::over(other, T::DTYPE, shape).to_vec(),
            Err(shared) => Array::over_shared(shared, T::DTYPE, shape).to_vec(),
        }
    }

    /// The value of an array of one element, whatever its rank: `numpy.ndarray.item`.
    ///
    /// # Errors
    /// [`Error::Shape`] when there are more elements or none.
    pub fn item(&self) -> Result<Scalar> {
        if self.size() != 1 {
            return Err(Error::shape(
                "item",
                format!(
                    "shape {} has {} elements; only an array of one element is a number, so index it or reduce it first",
                    show(self.shape()),
                    self.size()
                ),
            ));
        }
        self.get(&vec![0; self.ndim()])
    }

    /// The elements in C order, one after another, read in blocks: a view need not fit in memory.
    ///
    /// # Errors
    /// [`Error::DType`] when the array is not of type `T`.
    pub fn iter<T: Element>(&self) -> Result<impl Iterator<Item = T> + '_> {
        self.check_type::<T>("iter")?;
        Ok(Elements::<T> { look: self.strided().collapsed(), size: self.size(), next: 0, block: Vec::new(), at: 0 })
    }

    /// The sub-arrays along the first axis, as views: `for row in a` of NumPy.
    ///
    /// # Errors
    /// [`Error::Shape`] for a 0-d array, which has no axis to walk.
    pub fn rows(&self) -> Result<impl ExactSizeIterator<Item = Array> + '_> {
        let Some(&n) = self.shape().first() else {
            return Err(Error::shape("rows", "a 0-d array has no rows; take its item()"));
        };
        Ok((0..n).map(|i| {
            let row = self.slice_axis(0, Span { start: i, len: 1, step: 1 });
            row.restride(row.shape.get(1..).unwrap_or(&[]), row.strides.get(1..).unwrap_or(&[]), row.offset)
        }))
    }

    /// An error unless the elements are `T`s.
    pub(super) fn check_type<T: Element>(&self, op: &str) -> Result<()> {
        if T::DTYPE == self.dtype() {
            return Ok(());
        }
        Err(Error::dtype(op, format!("the array holds {} and {} was asked for; cast it first", self.dtype(), T::DTYPE)))
    }
}

/// Elements in C order, gathered a block at a time.
struct Elements<'a, T> {
    look: Strided<'a>,
    size: usize,
    /// First element after the block.
    next: usize,
    block: Vec<T>,
    at: usize,
}

impl<T: Element> Iterator for Elements<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        const BLOCK: usize = 1 << 10;
        if self.at == self.block.len() {
            let n = BLOCK.min(self.size - self.next);
            self.block.resize(n, T::default());
            buffer::write_bytes(&mut self.block, |bytes| self.look.gather(self.next, bytes));
            self.next += n;
            self.at = 0;
        }
        let x = self.block.get(self.at).copied();
        self.at += usize::from(x.is_some());
        x
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.block.len() - self.at + (self.size - self.next);
        (left, Some(left))
    }
}

impl TryFrom<&Array> for Scalar {
    type Error = Error;
    /// [`Array::item`].
    fn try_from(a: &Array) -> Result<Scalar> {
        a.item()
    }
}

macro_rules! number {
    ($($t:ty),*) => { $(
        impl From<$t> for Array {
            /// A 0-d array of one number: `numpy.array(x)`.
            fn from(x: $t) -> Array {
                vector(vec![x], Vec::new())
            }
        }
    )* };
}
number!(bool, u8, i8, u16, i16, u32, i32, u64, i64, F16, BF16, f32, f64, Complex<f32>, Complex<f64>);
