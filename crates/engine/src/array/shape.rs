//! Shapes: counting, broadcasting and axes, all with checked arithmetic.

use crate::error::{Error, Result};

/// Number of elements of `shape`; an error when it is beyond `isize::MAX` bytes of `item` each.
pub fn count(op: &str, shape: &[usize], item: usize) -> Result<usize> {
    // A zero-length axis makes the array empty whatever the others are.
    if shape.contains(&0) {
        return Ok(0);
    }
    let n = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    match n {
        Some(n) if n.checked_mul(item).is_some_and(|b| b <= isize::MAX as usize) => Ok(n),
        _ => Err(Error::shape(op, format!("shape {} has more elements than this machine can address", show(shape)))),
    }
}

/// Product of lengths, as large as it can be where it does not fit. A shape whose bytes were
/// counted may still have a part that does not fit, when another axis is of length 0.
pub fn product(lengths: &[usize]) -> usize {
    lengths.iter().fold(1, |n, &d| n.saturating_mul(d))
}

/// Strides of a C-order array, in elements.
pub fn c_strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1isize;
    for (s, &d) in strides.iter_mut().zip(shape).rev() {
        *s = step;
        step = step.saturating_mul(d.max(1) as isize);
    }
    strides
}

/// NumPy's broadcast of several shapes.
pub fn broadcast(op: &str, shapes: &[&[usize]]) -> Result<Vec<usize>> {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut out = vec![1usize; rank];
    for shape in shapes {
        for (o, &d) in out[rank - shape.len()..].iter_mut().zip(*shape) {
            if *o == 1 {
                *o = d;
            } else if d != 1 && d != *o {
                let all: Vec<String> = shapes.iter().map(|s| show(s)).collect();
                return Err(Error::shape(
                    op,
                    format!(
                        "shapes {} do not broadcast: axes must be equal or 1, counted from the last",
                        all.join(" and ")
                    ),
                ));
            }
        }
    }
    Ok(out)
}

/// `axis` counted from the front; negative axes count from the back.
pub fn axis(op: &str, axis: isize, rank: usize) -> Result<usize> {
    let a = if axis < 0 { axis + rank as isize } else { axis };
    if a < 0 || a as usize >= rank {
        return Err(Error::shape(op, format!("axis {axis} is out of bounds for an array of {rank} dimensions")));
    }
    Ok(a as usize)
}

/// Sorted axes without repeats; an empty list means every axis.
pub fn axes(op: &str, given: &[isize], rank: usize) -> Result<Vec<usize>> {
    if given.is_empty() {
        return Ok((0..rank).collect());
    }
    let mut out = given.iter().map(|&a| axis(op, a, rank)).collect::<Result<Vec<_>>>()?;
    out.sort_unstable();
    if let Some(w) = out.windows(2).find(|w| w[0] == w[1]) {
        return Err(Error::shape(op, format!("axis {} is given twice", w[0])));
    }
    Ok(out)
}

/// `(3, 4)`, as NumPy writes shapes.
pub fn show(shape: &[usize]) -> String {
    crate::error::tuple(shape)
}
