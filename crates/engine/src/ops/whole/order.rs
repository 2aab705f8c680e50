//! Sorting.

use std::cmp::Ordering;

use opusclip_raw::{DType, Number};

use super::given::Given;
use super::support::{axis_last, build, last_to, slice};
use super::{Meaning, Page, unless_first_axis};
use crate::array::{Array, Meta};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row};
use crate::ops::lanes::{Lane, with_number};

pub(super) const PAGES: &[&Page] = &[&SORT, &ARGSORT];

const SORTED: &[Param] = &[
    Param::new("x", ParamKind::Array),
    Param::new("axis", ParamKind::Axes).or(Preset::Int(-1)),
    Param::new("descending", ParamKind::Bool).or(Preset::Bool(false)).rare(),
];

/// Values in order.
pub(super) static SORT: Page = Page {
    row: Row {
        name: "sort",
        params: SORTED,
        numpy: "np.sort(x, axis)",
        tries: &["sort(x)", "sort(x, axis=0)", "sort(x, axis=None)"],
        doc: "The elements along one axis in rising order; None flattens first.",
        rule: "Stable. NaN comes last, also when descending (array API; NumPy has no such argument).",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| sorted_meta(g, None), eval: sort },
    frames: unless_first_axis,
};

/// Places of the values in order.
pub(super) static ARGSORT: Page = Page {
    row: Row {
        name: "argsort",
        params: SORTED,
        numpy: "np.argsort(x, axis, stable=True)",
        tries: &["argsort(x)", "argsort(x, axis=0)", "argsort(x, axis=None)"],
        doc: "The positions that would sort the elements along one axis; None flattens first.",
        rule: "int64. Stable: equal elements keep their order, also when descending. NaN comes last.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| sorted_meta(g, Some(DType::I64)), eval: argsort },
    frames: unless_first_axis,
};

fn sorted_meta(g: &Given<'_, Meta>, dtype: Option<DType>) -> Result<Meta> {
    let x = g.x()?;
    if x.dtype.is_complex() || x.dtype.is_half() {
        return Err(Error::dtype(g.op(), format!("{} is not sorted yet", x.dtype)));
    }
    let dtype = dtype.unwrap_or(x.dtype);
    Ok(match g.one_axis("axis", x.ndim())? {
        Some(_) => Meta::new(x.shape.clone(), dtype),
        None => Meta::new([crate::array::shape::count(g.op(), &x.shape, 1)?], dtype),
    })
}

/// NumPy's order: NaN after everything else.
pub(super) fn compare<T: Number>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn ordering<T: Number>(descending: bool) -> impl Fn(&T, &T) -> Ordering {
    move |a, b| match compare(a, b) {
        // NaN stays last whichever way.
        order if !descending || a.is_nan() || b.is_nan() => order,
        order => order.reverse(),
    }
}

/// Runs `f` over each row along the axis of the call; the result's rows are as long.
fn along(
    g: &Given<'_, Array>,
    dtype: DType,
    f: impl Fn(&Array, crate::ops::lanes::LanesMut<'_>, usize) -> Result<()>,
) -> Result<Array> {
    let x = g.x()?;
    match g.one_axis("axis", x.ndim())? {
        Some(axis) => {
            let rows = axis_last(x, axis)?;
            let n = rows.shape().last().copied().unwrap_or(1);
            last_to(&build(dtype, rows.shape(), |out| f(&rows, out, n))?, axis)
        }
        None => {
            let flat = x.to_contiguous()?;
            let n = flat.size();
            build(dtype, &[n], |out| f(&flat, out, n))
        }
    }
}

fn sort(g: &Given<'_, Array>) -> Result<Array> {
    let (dtype, descending) = (g.x()?.dtype(), g.bool("descending"));
    along(g, dtype, |rows, out, n| {
        with_number!(dtype, T => {
            let out = T::lanes_mut(out);
            out.copy_from_slice(slice::<T>(rows)?);
            let order = ordering::<T>(descending);
            out.chunks_mut(n.max(1)).for_each(|row| row.sort_by(&order));
        });
        Ok(())
    })
}

fn argsort(g: &Given<'_, Array>) -> Result<Array> {
    let (dtype, descending) = (g.x()?.dtype(), g.bool("descending"));
    along(g, DType::I64, |rows, out, n| {
        let out = i64::lanes_mut(out);
        with_number!(dtype, T => {
            let order = ordering::<T>(descending);
            for (row, places) in slice::<T>(rows)?.chunks(n.max(1)).zip(out.chunks_mut(n.max(1))) {
                places.iter_mut().zip(0..).for_each(|(p, i)| *p = i);
                places.sort_by(|&a, &b| order(&row[a as usize], &row[b as usize]));
            }
        });
        Ok(())
    })
}
