//! The arrays of the crate `ndarray`, both ways. Behind the feature `ndarray`.

use ::ndarray::{ArrayD, ArrayView, ArrayViewD, Axis, Dimension, IxDyn, ShapeBuilder};
use opusclip_raw::{Element, buffer};

use super::Array;
use super::shape::show;
use crate::error::{Error, Result};

impl Array {
    /// An array of `ndarray`, in C order. Memory that came from [`Array::from_vec`] or
    /// [`Array::from_ndarray`] is handed on when no other array shares it; everything else is
    /// copied, because an array of `ndarray` owns a `Vec`.
    ///
    /// # Errors
    /// [`Error::DType`] when the array is not of type `T`, [`Error::Memory`] when there is no room
    /// for a copy.
    pub fn into_ndarray<T: Element>(self) -> Result<ArrayD<T>> {
        self.check_type::<T>("into_ndarray")?;
        let shape = IxDyn(self.shape());
        ArrayD::from_shape_vec(shape, self.into_vec()?).map_err(|e| Error::shape("into_ndarray", e.to_string()))
    }

    /// The array as a view of `ndarray`; nothing is copied, whatever the strides: those below 0
    /// are turned axes there, and those of 0 repeat as they do here.
    ///
    /// # Errors
    /// [`Error::DType`] when the array is not of type `T`.
    pub fn view_ndarray<T: Element>(&self) -> Result<ArrayViewD<'_, T>> {
        self.check_type::<T>("view_ndarray")?;
        let refused = |why: &str| Error::shape("view_ndarray", format!("shape {}: {why}", show(self.shape())));
        if self.size() == 0 {
            return ArrayView::from_shape(IxDyn(self.shape()), &[]).map_err(|e| refused(&e.to_string()));
        }
        // `ndarray` takes steps forward from the lowest element; what went backward is turned after.
        let (mut low, mut high) = (self.offset as isize, self.offset as isize);
        for (&d, &s) in self.shape().iter().zip(self.strides()).filter(|(d, _)| **d > 1) {
            let reach = s.saturating_mul(d as isize - 1);
            *(if s < 0 { &mut low } else { &mut high }) += reach;
        }
        let item = self.itemsize();
        let bytes = usize::try_from(low).ok().zip(usize::try_from(high).ok()).and_then(|(low, high)| {
            self.strided().bytes.get(low.checked_mul(item)?..high.checked_add(1)?.checked_mul(item)?)
        });
        let elements = bytes.and_then(buffer::cast_slice::<T>).ok_or_else(|| refused("its memory is not aligned"))?;
        let forward = |(&d, &s): (&usize, &isize)| if d > 1 { s.unsigned_abs() } else { 0 };
        let strides: Vec<usize> = self.shape().iter().zip(self.strides()).map(forward).collect();
        let mut view = ArrayView::from_shape(IxDyn(self.shape()).strides(IxDyn(&strides)), elements)
            .map_err(|e| refused(&e.to_string()))?;
        for (axis, (&d, &s)) in self.shape().iter().zip(self.strides()).enumerate() {
            if d > 1 && s < 0 {
                view.invert_axis(Axis(axis));
            }
        }
        Ok(view)
    }

    /// An array over the memory of one of `ndarray`, in whatever order its elements lie; nothing is
    /// copied.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shape is beyond what this machine can address.
    pub fn from_ndarray<T: Element, D: Dimension>(array: ::ndarray::Array<T, D>) -> Result<Array> {
        let shape = array.shape().to_vec();
        super::shape::count("from_ndarray", &shape, size_of::<T>())?;
        let strides = array.strides().to_vec();
        let (values, offset) = array.into_raw_vec_and_offset();
        match offset {
            Some(offset) if !shape.contains(&0) => {
                let n = values.len();
                Ok(Array::from_vec(values, &[n])?.restride(shape, strides, offset))
            }
            _ => Array::from_vec(Vec::<T>::new(), &shape),
        }
    }

    /// A copy of a view of `ndarray`, in C order.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shape is beyond what this machine can address, as a view that
    /// repeats its elements may be.
    pub fn from_ndarray_view<T: Element, D: Dimension>(view: ArrayView<'_, T, D>) -> Result<Array> {
        super::shape::count("from_ndarray_view", view.shape(), size_of::<T>())?;
        let mut values = Vec::new();
        values.try_reserve_exact(view.len()).map_err(|_| super::out_of_memory(view.len() * size_of::<T>()))?;
        values.extend(view.iter().copied());
        Array::from_vec(values, view.shape())
    }
}
