//! Each element as often as it is said.

use super::given::Given;
use super::support::build;
use super::{Meaning, Page, unless_first_axis};
use crate::array::{Array, Meta, shape, zeroed};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Row};

/// Part of `repeat`: one count for each element along the axis.
pub(crate) static REPEAT: Page = Page {
    row: Row {
        name: "repeat",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("repeats", ParamKind::Ints),
            Param::new("axis", ParamKind::Axis),
        ],
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: repeat_meta, eval: repeat },
    frames: unless_first_axis,
};

fn repeat_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let x = g.x()?;
    let axis = g.axis("axis", x.ndim())?;
    let counts = g.ints("repeats");
    if counts.len() != x.shape[axis] {
        let detail = format!("{} counts are given for {} elements along axis {axis}", counts.len(), x.shape[axis]);
        return Err(Error::shape(g.op(), detail));
    }
    let total = counts.iter().try_fold(0usize, |n, &c| usize::try_from(c).ok().and_then(|c| n.checked_add(c)));
    let total =
        total.ok_or_else(|| Error::value(g.op(), "the counts must not be negative, and their sum countable"))?;
    let mut to = x.shape.clone();
    to[axis] = total;
    shape::count(g.op(), &to, x.dtype.size())?;
    Ok(Meta::new(to, x.dtype))
}

fn repeat(g: &Given<'_, Array>) -> Result<Array> {
    let wanted = g.told(repeat_meta)?;
    let x = g.x()?.to_contiguous()?;
    let axis = g.axis("axis", x.ndim())?;
    let size = shape::product(&x.shape()[axis + 1..]) * x.dtype().size();
    if size == 0 || shape::product(&wanted.shape) == 0 {
        return build(wanted.dtype, &wanted.shape, |_| Ok(()));
    }
    let mut buffer = zeroed(wanted.dtype, &wanted.shape)?;
    let mut outs = buffer.bytes_mut().chunks_exact_mut(size);
    let counts = g.ints("repeats");
    for (i, one) in x.contiguous_bytes().unwrap_or(&[]).chunks_exact(size).enumerate() {
        for _ in 0..counts[i % counts.len()] {
            if let Some(out) = outs.next() {
                out.copy_from_slice(one);
            }
        }
    }
    Ok(Array::from_buffer(buffer, wanted.dtype, wanted.shape))
}
