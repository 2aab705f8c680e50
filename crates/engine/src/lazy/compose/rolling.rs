//! Windows that move along an axis, and what is reduced over each.

use super::*;
use crate::array::Array;
use crate::array::promote::int_range;

const WINDOW: Param = Param::new("window", ParamKind::Int);
const FIRST: Param = Param::new("axis", ParamKind::Axis).or(Preset::Int(0));
const CENTER: Param = Param::new("center", ParamKind::Bool).or(Preset::Bool(false));
const ROLLING: &[Param] = &[X1, WINDOW, FIRST, CENTER];
const SPREAD: &[Param] = &[X1, WINDOW, FIRST, CENTER, DDOF];
const VIEW: &[Param] = &[X1, Param::new("window_shape", ParamKind::Ints), AXIS];

const RULE: &str = "As many results as elements (Polars' rolling_* with min_samples=1): result t is over the elements t-window+1 to t, or, with center, t-window//2 to t+(window-1)//2; of those, the ones that there are. The rule, and each window's bits where it is whole, are those of the reduction of a slice: nothing is carried from one window to the next, so nothing adds up. `[window-1:]` of it is NumPy's sliding_window_view and the reduction. Streams along time, in memory for `window` frames and those that are made.";

pub(super) const ROWS: &[Row] = &[
    row!(
        "sliding_window_view",
        VIEW,
        "np.lib.stride_tricks.sliding_window_view(x, window_shape, axis)",
        &[
            "x:7 | sliding_window_view(x, 3)",
            "x:5x6 | sliding_window_view(x, 2, axis=0)",
            "x:5x6 | sliding_window_view(x, (2, 3))",
            "x:5x6 | sliding_window_view(x, (2, 3), axis=(1, 0))",
            "x:5x6 | sliding_window_view(x, 7, axis=0)",
            "x:5x6 | sliding_window_view(x, 2)",
            "x:5x6 | sliding_window_view(x, 0, axis=1)",
        ],
        "The windows of neighbours along axes, each on a new last axis.",
        "A view. Axes become shorter by window - 1."
    ),
    row!("rolling_sum", ROLLING, "rolling(lambda a: exact(np.sum, a, 0), x, window, axis, center)",
        &["x:9x4 | rolling_sum(x, 3)", "x:9x4 | rolling_sum(x, 4, axis=1, center=True)", "x:2x5 | rolling_sum(x, 6)"],
        "The sum of each window of neighbours along an axis.", RULE, ulp: 1),
    row!("rolling_mean", ROLLING, "rolling(lambda a: exact(np.mean, a, 0), x, window, axis, center)",
        &[
            "x:9x4 | rolling_mean(x, 3)",
            "x:9x4 | rolling_mean(x, 4, axis=1, center=True)",
            "x:8x3 | rolling_mean(x, 1)",
            "x:3x5 | rolling_mean(x, 20, center=True)",
            "x:9x4 | rolling_mean(x, 0)",
            "x:9x4 | rolling_mean(x, 3, axis=2)",
        ],
        "The mean of each window of neighbours along an axis.", RULE, ulp: 1),
    row!(
        "rolling_min",
        ROLLING,
        "rolling(lambda a: np.min(a, 0), x, window, axis, center)",
        &["x:9x4 | rolling_min(x, 3)", "x:9x4 | rolling_min(x, 4, axis=1, center=True)", "x:3 | rolling_min(x, 9)"],
        "The least element of each window of neighbours along an axis.",
        RULE
    ),
    row!(
        "rolling_max",
        ROLLING,
        "rolling(lambda a: np.max(a, 0), x, window, axis, center)",
        &["x:9x4 | rolling_max(x, 3)", "x:9x4 | rolling_max(x, 4, axis=1, center=True)", "x:3 | rolling_max(x, 9)"],
        "The greatest element of each window of neighbours along an axis.",
        RULE
    ),
    row!("rolling_std", SPREAD, "rolling(lambda a: exact(np.std, a, 0, ddof=ddof), x, window, axis, center)",
        &["x:9x4 | rolling_std(x, 3)", "x:9x4 | rolling_std(x, 4, axis=1, center=True)", "x:9x4 | rolling_std(x, 3, ddof=1)"],
        "The standard deviation of each window of neighbours along an axis.", RULE, ulp: 64),
];

/// See the row of the same name.
#[track_caller]
pub fn sliding_window_view(x: &Lazy, window_shape: &[isize], axes: &[isize]) -> Lazy {
    built(&[x], || {
        let op = "sliding_window_view";
        let rank = x.ndim()?;
        let all: Vec<isize> = (0..rank as isize).collect();
        let axes = if axes.is_empty() { all.as_slice() } else { axes };
        if axes.len() != window_shape.len() {
            let detail = format!("{} windows for {} axes; each axis needs one", window_shape.len(), axes.len());
            return Err(Error::value(op, detail));
        }
        let mut x = x.clone();
        for (&axis, &window) in axes.iter().zip(window_shape) {
            let axis = shape::axis(op, axis, rank)?;
            let n = x.shape()?[axis];
            let window = usize::try_from(window).ok().filter(|w| *w <= n).ok_or_else(|| {
                Error::value(op, format!("a window of {window} along axis {axis} of length {n}; it must be 0 to {n}"))
            })?;
            let rank = x.ndim()?;
            let mut order: Vec<isize> = (0..=rank as isize).filter(|a| *a != axis as isize + 1).collect();
            order.push(axis as isize + 1);
            x = permute_dims(&windows(&x, axis, window)?, &order);
        }
        Ok(x)
    })
}

/// Windows on a new axis behind theirs.
fn windows(x: &Lazy, axis: usize, window: usize) -> Result<Lazy> {
    let movement = Movement::Windows { axis, window };
    shape::count("windows", &movement.shape(x.shape()?), x.dtype()?.size())?;
    Ok(x.moved(movement))
}

/// Reduces windows of neighbours by `over`: over a new axis, with a mask only the elements where it holds.
fn rolling(
    op: &str,
    x: &Lazy,
    window: isize,
    axis: isize,
    center: bool,
    over: impl Fn(&Lazy, isize, Option<Lazy>) -> Result<Lazy>,
) -> Result<Lazy> {
    let axis = shape::axis(op, axis, x.ndim()?)?;
    let n = x.shape()?[axis];
    let window = usize::try_from(window).ok().filter(|w| *w > 0);
    let window = window.ok_or_else(|| Error::value(op, "the window must be at least 1"))?;
    let after = if center { (window - 1) / 2 } else { 0 };
    // Nothing is there beyond the ends.
    let (before, after) = ((window - 1 - after).min(n.saturating_sub(1)), after.min(n.saturating_sub(1)));
    // And nothing is computed where there is nothing, however long the axis is.
    let (before, after) = if x.shape()?.contains(&0) { (0, 0) } else { (before, after) };
    let window = before + after + 1;
    let whole = |x: &Lazy| over(&windows(x, axis, window)?, axis as isize + 1, None);
    // Windows `low..high` of places along the axis that begin so many places before the first and end
    // so many behind the last: those places hold zeros, and the mask leaves them out.
    let cut = |x: &Lazy, left: usize, right: usize| -> Result<Lazy> {
        let n = x.shape()?[axis];
        let padded = joined(&[nothing(x, axis, left)?, x.clone(), nothing(x, axis, right)?], axis);
        let seen = windows(&padded, axis, window)?;
        let place = |count: usize, at: usize| -> Result<Lazy> {
            let mut to = vec![1; seen.ndim()?];
            to[at] = count;
            let mut all = crate::array::zeroed(DType::I64, &to)?;
            for (o, v) in all.as_mut_slice::<i64>().iter_mut().zip(0..) {
                *o = v;
            }
            Ok(Array::from_buffer(all, DType::I64, to).into())
        };
        let at = place(seen.shape()?[axis], axis)? + place(window, axis + 1)?;
        let mut mask: Option<Lazy> = None;
        if left > 0 {
            mask = Some(binary(Compare::GreaterEqual, &at, left as i64));
        }
        if right > 0 {
            let there = binary(Compare::Less, &at, (left + n) as i64);
            mask = Some(mask.map_or(there.clone(), |m| binary(Bits::And, m, there)));
        }
        over(&seen, axis as isize + 1, mask)
    };
    if before + after == 0 {
        return whole(x);
    }
    if n <= before + after {
        return cut(x, before, after);
    }
    let mut parts = Vec::with_capacity(3);
    if before > 0 {
        parts.push(cut(&part(x, axis, 0, before + after), before, 0)?);
    }
    parts.push(whole(x)?);
    if after > 0 {
        parts.push(cut(&part(x, axis, n - after - before, n), 0, after)?);
    }
    Ok(joined(&parts, axis))
}

/// `count` places along the axis that hold zeros; they take no memory.
fn nothing(x: &Lazy, axis: usize, count: usize) -> Result<Lazy> {
    let mut to = x.shape()?.to_vec();
    to[axis] = count;
    shape::count("windows", &to, x.dtype()?.size())?;
    Ok(Array::from_scalar(Scalar::from_i128(x.dtype()?, 0))?.broadcast(&to).into())
}

fn given(mask: Option<Lazy>) -> Operand {
    mask.map_or(Operand::Weak(Weak::Bool(true)), Operand::from)
}

/// The least or greatest: what is left out is what no other element is beyond.
fn extreme(op: Reduce, x: &Lazy, axis: isize, mask: Option<Lazy>) -> Result<Lazy> {
    let Some(mask) = mask else { return Ok(x.reduce(op, &[axis])) };
    let d = x.dtype()?;
    let least = op == Reduce::Min;
    let float = if least { f64::INFINITY } else { f64::NEG_INFINITY };
    let last = match d.kind() {
        Kind::Bool => Weak::Bool(least),
        Kind::Float => Weak::Float(float),
        Kind::Complex => Weak::Complex(float, float),
        _ if least => Weak::Int(int_range(d).1),
        _ => Weak::Int(int_range(d).0),
    };
    Ok(choose_own(&mask, x, last).reduce(op, &[axis]))
}

/// See the row of the same name.
#[track_caller]
pub fn rolling_sum(x: &Lazy, window: isize, axis: isize, center: bool) -> Lazy {
    let over = |x: &Lazy, axis, mask| Ok(sum(x, &[axis], None, false, Operand::Weak(Weak::Int(0)), given(mask)));
    built(&[x], || rolling("rolling_sum", x, window, axis, center, over))
}

/// See the row of the same name.
#[track_caller]
pub fn rolling_mean(x: &Lazy, window: isize, axis: isize, center: bool) -> Lazy {
    let over = |x: &Lazy, axis, mask| Ok(mean(x, &[axis], None, false, given(mask)));
    built(&[x], || rolling("rolling_mean", x, window, axis, center, over))
}

/// See the row of the same name.
#[track_caller]
pub fn rolling_min(x: &Lazy, window: isize, axis: isize, center: bool) -> Lazy {
    let over = |x: &Lazy, axis, mask| extreme(Reduce::Min, x, axis, mask);
    built(&[x], || rolling("rolling_min", x, window, axis, center, over))
}

/// See the row of the same name.
#[track_caller]
pub fn rolling_max(x: &Lazy, window: isize, axis: isize, center: bool) -> Lazy {
    let over = |x: &Lazy, axis, mask| extreme(Reduce::Max, x, axis, mask);
    built(&[x], || rolling("rolling_max", x, window, axis, center, over))
}

/// See the row of the same name.
#[track_caller]
pub fn rolling_std(x: &Lazy, window: isize, axis: isize, center: bool, ddof: f64) -> Lazy {
    built(&[x], || {
        rolling("rolling_std", x, window, axis, center, |x, axis, mask| {
            Ok(std(x, &[axis], None, ddof, false, None, given(mask)))
        })
    })
}
