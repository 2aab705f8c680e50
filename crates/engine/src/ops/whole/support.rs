//! What pages share: dense copies, casts, an axis moved to the end and back, results filled in place.

use opusclip_raw::{DType, Isa};

use crate::array::{Array, zeroed};
use crate::error::{Error, Result};
use crate::ops::lanes::{Lane, Lanes, LanesMut};
use crate::ops::{Elementwise, Movement, eval};

/// The elements of a dense array.
pub(super) fn lanes(x: &Array) -> Result<Lanes<'_>> {
    let bytes = x.contiguous_bytes().ok_or_else(|| Error::internal("an array is not dense"))?;
    Lanes::of(x.dtype(), bytes).ok_or_else(|| Error::internal("an array is not aligned"))
}

/// The elements of a dense array of a known type.
pub(super) fn slice<T: Lane>(x: &Array) -> Result<&[T]> {
    Ok(T::lanes(lanes(x)?))
}

/// A new dense array whose elements `fill` writes.
pub(super) fn build(dtype: DType, shape: &[usize], fill: impl FnOnce(LanesMut<'_>) -> Result<()>) -> Result<Array> {
    let mut buffer = zeroed(dtype, shape)?;
    let bytes = crate::array::shape::count("array", shape, dtype.size())? * dtype.size();
    let out = buffer.bytes_mut().get_mut(..bytes).unwrap_or_default();
    fill(LanesMut::of(dtype, out).ok_or_else(|| Error::internal("an array is not aligned"))?)?;
    Ok(Array::from_buffer(buffer, dtype, shape.to_vec()))
}

/// The elements as another type, dense; shares the bytes when they are so already.
pub(super) fn cast(x: &Array, dtype: DType) -> Result<Array> {
    let x = x.to_contiguous()?;
    if x.dtype() == dtype {
        return Ok(x);
    }
    build(dtype, x.shape(), |out| {
        eval(Elementwise::Cast(dtype), Isa::active(), &[lanes(&x)?], out);
        Ok(())
    })
}

/// Dense, with `axis` as the last one: each row of the last axis is a run of the work to do.
pub(super) fn axis_last(x: &Array, axis: usize) -> Result<Array> {
    let order = (0..x.ndim()).filter(|&a| a != axis).chain([axis]).collect();
    Movement::Permute(order).apply(x)?.to_contiguous()
}

/// The last axis moved to `axis`, a view.
pub(super) fn last_to(x: &Array, axis: usize) -> Result<Array> {
    let last = x.ndim().saturating_sub(1);
    let mut order: Vec<usize> = (0..last).collect();
    order.insert(axis.min(last), last);
    Movement::Permute(order).apply(x)
}
