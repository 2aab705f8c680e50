//! What pages share: dense copies, casts, an axis moved to the end and back, results filled in place.

use opusclip_raw::{DType, Isa};

use super::Given;
use crate::array::{Array, Meta, zeroed};
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

/// Dense, and the 16-bit floats as float32, which holds them all: for pages that have no loop of
/// their own for them.
pub(super) fn widened(x: &Array) -> Result<Array> {
    if x.dtype().is_half() { cast(x, DType::F32) } else { Ok(x.clone()) }
}

/// Dense, with `axis` as the last one: each row of the last axis is a run of the work to do.
pub(super) fn axis_last(x: &Array, axis: usize) -> Result<Array> {
    let order = (0..x.ndim()).filter(|&a| a != axis).chain([axis]).collect();
    Movement::Permute(order).apply(x)?.to_contiguous()
}

/// A new array whose rows along `axis` are `n` long: `fill` makes them, one after another, of x's.
pub(super) fn along(
    x: &Array,
    axis: usize,
    dtype: DType,
    n: usize,
    fill: impl FnOnce(&Array, LanesMut<'_>) -> Result<()>,
) -> Result<Array> {
    let rows = axis_last(x, axis)?;
    let mut shape = rows.shape().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = n;
    }
    last_to(&build(dtype, &shape, |out| fill(&rows, out))?, axis)
}

/// How long the rows along `axis` are; 1 where there is no such axis.
pub(super) fn row_len(x: &Array, axis: usize) -> usize {
    x.shape().get(axis).copied().unwrap_or(1)
}

/// The last axis moved to `axis`, a view.
pub(super) fn last_to(x: &Array, axis: usize) -> Result<Array> {
    let last = x.ndim().saturating_sub(1);
    let mut order: Vec<usize> = (0..last).collect();
    order.insert(axis.min(last), last);
    Movement::Permute(order).apply(x)
}

/// The elements in rows, one row for each element of a reduction's result and as long as the
/// reduced axes together; and how long that is.
pub(super) fn rows_of(x: &Array, axes: &[usize]) -> Result<(Array, usize)> {
    let order = (0..x.ndim()).filter(|a| !axes.contains(a)).chain(axes.iter().copied()).collect();
    // Of an empty array the lengths beside the one that is 0 may be beyond counting.
    let row = axes.iter().filter_map(|&a| x.shape().get(a)).fold(1usize, |n, &d| n.saturating_mul(d));
    Ok((Movement::Permute(order).apply(x)?.to_contiguous()?, row))
}

/// For reductions: frames stay apart unless the first axis is reduced.
pub(super) fn unless_first_reduced(g: &Given<'_, Meta>, n: usize) -> bool {
    let rank = g.inputs().first().map_or(0, Meta::ndim);
    n == 0 && rank > 0 && g.axes("axis", rank).is_ok_and(|a| !a.contains(&0))
}

/// Rows of equal length, as many as there are results, also where a row has no element.
pub(super) fn row<T>(rows: &[T], i: usize, n: usize) -> &[T] {
    i.checked_mul(n).and_then(|at| rows.get(at..at + n)).unwrap_or(&[])
}
