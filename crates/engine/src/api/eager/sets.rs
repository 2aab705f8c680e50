//! Arrays as sets of values.

use super::*;
use crate::array::index::Slice;
use crate::ops::whole::order::{keys, sorted};
use crate::ops::whole::search::{ISIN, unique as parts, unique_rows};

/// The pages of this file.
pub(super) const ROWS: &[Row] = &[
    Row {
        name: "unique",
        params: &[X1, NO_AXIS, Param::new("equal_nan", ParamKind::Bool).or(Preset::Bool(true)).rare()],
        numpy: "np.unique(x, axis=axis, equal_nan=equal_nan)",
        tries: &["unique(x)", "unique(x, axis=0)", "unique(x, axis=-1)", "unique(x, equal_nan=False)"],
        doc: "The different values, rising; along an axis the different parts that stand side by side on it.",
        rule: "All NaN are one value, which comes last (of complex ones the first that occurs); with equal_nan=False each is its own, and so along an axis, as in NumPy, where a row with NaN comes after its like (NumPy puts it first for float16). Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "unique_values",
        params: X,
        numpy: "np.sort(np.unique_values(x))",
        doc: "The different values, rising (array API).",
        rule: "Each NaN is a value of its own; the two zeros are one. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "unique_counts",
        params: X,
        outputs: Outputs::Named(&["values", "counts"]),
        numpy: "np.unique_counts(x)",
        doc: "The different values, rising, and how often each occurs (array API).",
        rule: "Each NaN is a value of its own; counts are int64. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "unique_inverse",
        params: X,
        outputs: Outputs::Named(&["values", "inverse_indices"]),
        numpy: "(lambda u: (u[0], u[2]))(np.unique(x, return_index=True, return_inverse=True, equal_nan=False))",
        doc: "The different values, rising, and which of them each element is (array API).",
        rule: "Each NaN is a value of its own, the first one first; inverse_indices are int64 and have x's shape. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "unique_all",
        params: X,
        outputs: Outputs::Named(&["values", "indices", "inverse_indices", "counts"]),
        numpy: "np.unique_all(x)",
        doc: "The different values, rising, where each occurs first, which of them each element is, and how often each occurs (array API).",
        rule: "Each NaN is a value of its own; positions are int64 and count in the flattened array. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "intersect1d",
        params: XY,
        numpy: "np.intersect1d(x, y)",
        doc: "The different values that are in both, rising.",
        rule: "Both are flattened and promoted to one type. NaN equals nothing. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "union1d",
        params: XY,
        numpy: "np.union1d(x, y)",
        doc: "The different values that are in either, rising.",
        rule: "Both are flattened and promoted to one type. All NaN are one value. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "setdiff1d",
        params: XY,
        numpy: "np.setdiff1d(x, y)",
        doc: "The different values of x that are not in y, rising.",
        rule: "x's type. All NaN of x are one value, and none is in y. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "setxor1d",
        params: XY,
        numpy: "np.setxor1d(x, y)",
        doc: "The different values that are in one of the two only, rising.",
        rule: "Both are flattened and promoted to one type. NaN of one is not NaN of the other. Computed at once.",
        ..Row::EAGER
    },
];

fn integers(values: &[i64], shape: &[usize]) -> Result<Lazy> {
    Ok(Array::from_slice(values, shape)?.into())
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn unique(x: &Lazy, axis: Option<isize>, equal_nan: bool) -> Lazy {
    built(&[x], || {
        let Some(axis) = axis else {
            return Ok(values(&x.collect()?, equal_nan)?.into());
        };
        let axis = shape::axis("unique", axis, x.ndim()?)?;
        let first = compose::moveaxis(x, &[axis as isize], &[0]).collect()?.to_contiguous()?;
        let rows = first.shape().first().copied().unwrap_or(0);
        let places = unique_rows(&first, rows)?;
        let n = places.len();
        let mut items = vec![Index::Slice(Slice::default()); axis];
        items.push(Index::Array(integers(&places, &[n])?));
        Ok(indexed(x, &items).collect()?.into())
    })
}

/// The different values of a flattened array.
fn values(x: &Array, one_nan: bool) -> Result<Array> {
    if x.dtype().is_complex() {
        return Ok(parts(x, one_nan)?.values);
    }
    let all = sorted(x)?;
    let (keys, nan) = keys(&all)?;
    let apart = if one_nan { None } else { nan };
    let differs =
        |n: usize| n == 0 || keys.get(n) != keys.get(n - 1) || (apart.is_some() && keys.get(n).copied() == apart);
    let item = all.dtype().size();
    let kept: Vec<usize> = (0..keys.len()).filter(|&n| differs(n)).collect();
    let mut buffer = crate::array::zeroed(all.dtype(), &[kept.len()])?;
    let bytes = all.contiguous_bytes().unwrap_or(&[]);
    for (out, n) in buffer.bytes_mut().chunks_exact_mut(item).zip(&kept) {
        if let Some(b) = bytes.get(n * item..(n + 1) * item) {
            out.copy_from_slice(b);
        }
    }
    Ok(Array::from_buffer(buffer, all.dtype(), vec![kept.len()]))
}

/// Different values.
#[track_caller]
pub fn unique_values(x: &Lazy) -> Lazy {
    unique(x, None, false)
}

/// Different values and how often.
#[track_caller]
pub fn unique_counts(x: &Lazy) -> [Lazy; 2] {
    built(&[x], || {
        let u = parts(&x.collect()?, false)?;
        let n = u.counts.len();
        Ok([u.values.into(), integers(&u.counts, &[n])?])
    })
}

/// Different values and which each is.
#[track_caller]
pub fn unique_inverse(x: &Lazy) -> [Lazy; 2] {
    built(&[x], || {
        let u = parts(&x.collect()?, false)?;
        Ok([u.values.into(), integers(&u.inverse, x.shape()?)?])
    })
}

/// All that is known of different values.
#[track_caller]
pub fn unique_all(x: &Lazy) -> [Lazy; 4] {
    built(&[x], || {
        let u = parts(&x.collect()?, false)?;
        let n = u.counts.len();
        Ok([u.values.into(), integers(&u.first, &[n])?, integers(&u.inverse, x.shape()?)?, integers(&u.counts, &[n])?])
    })
}

/// Two arrays flat and of one type, in memory.
fn both(x: &Lazy, y: Operand) -> Result<(Array, Array)> {
    let y = as_array(y);
    let dtype = promote(x.dtype()?, y.dtype()?);
    let flat = |l: &Lazy| compose::ravel(&l.cast(dtype)).collect();
    Ok((flat(x)?, flat(&y)?))
}

/// The values of `a` for which being in `b` is `wanted`.
fn those(a: &Array, b: &Array, wanted: bool) -> Result<Lazy> {
    let attrs = vec![Attr::Input(0), Attr::Input(1), Attr::Bool(!wanted)];
    let mask = Lazy::whole(&ISIN, vec![a.clone().into(), b.clone().into()], attrs);
    Ok(Lazy::from(a.clone()).index(&mask).collect()?.into())
}

/// In both.
#[track_caller]
pub fn intersect1d(x: &Lazy, y: Operand) -> Lazy {
    built(&[x], || {
        let (a, b) = both(x, y)?;
        those(&values(&a, true)?, &b, true)
    })
}

/// In either.
#[track_caller]
pub fn union1d(x: &Lazy, y: Operand) -> Lazy {
    built(&[x], || {
        let (a, b) = both(x, y)?;
        let all = joined(&[a.into(), b.into()], 0);
        Ok(values(&all.collect()?, true)?.into())
    })
}

/// In the first only.
#[track_caller]
pub fn setdiff1d(x: &Lazy, y: Operand) -> Lazy {
    built(&[x], || {
        let own = values(&x.collect()?, true)?;
        those(&own, &as_array(y).collect()?, false)
    })
}

/// In one only.
#[track_caller]
pub fn setxor1d(x: &Lazy, y: Operand) -> Lazy {
    built(&[x], || {
        let (a, b) = both(x, y)?;
        let (a, b) = (values(&a, true)?, values(&b, true)?);
        let all = joined(&[those(&a, &b, false)?, those(&b, &a, false)?], 0);
        Ok(sorted(&all.collect()?)?.into())
    })
}
