//! Ops that only move elements.

use super::*;

const SHAPE: &[Param] = &[X1, Param::new("shape", ParamKind::Shape)];
const ORDER: &[Param] = &[X1, Param::new("axes", ParamKind::Axes)];
const NEW: &[Param] = &[X1, Param::new("axis", ParamKind::Ints)];
const SLICE: &[Param] = &[
    X1,
    Param::new("axis", ParamKind::Axis),
    Param::new("start", ParamKind::Int).or(Preset::None),
    Param::new("stop", ParamKind::Int).or(Preset::None),
    Param::new("step", ParamKind::Int).or(Preset::None),
];

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "reshape",
        params: SHAPE,
        numpy: "np.reshape(x, shape)",
        doc: "The same elements in C order under another shape.",
        rule: "One length may be -1 and is then worked out.",
        ..Row::BASE
    },
    Row {
        name: "permute_dims",
        params: ORDER,
        numpy: "np.transpose(x, axes)",
        doc: "Axes in another order; none given reverses them.",
        rule: "Axis i of the result is axis `axes[i]` of x.",
        ..Row::BASE
    },
    Row {
        name: "broadcast_to",
        params: SHAPE,
        numpy: "np.broadcast_to(x, shape)",
        doc: "Axes of length 1 repeated to a larger shape.",
        rule: "NumPy's broadcasting; no copy.",
        ..Row::BASE
    },
    Row {
        name: "expand_dims",
        params: NEW,
        numpy: "np.expand_dims(x, axis)",
        tries: &[
            "expand_dims(x, 0)",
            "expand_dims(x, -1)",
            "expand_dims(x, (0, -1))",
            "expand_dims(x, (0, 0))",
            "expand_dims(x, 9)",
        ],
        doc: "New axes of length 1.",
        rule: "axis counts in the result. A view; in front of axis 0 the whole array becomes one frame.",
        ..Row::BASE
    },
    Row {
        name: "squeeze",
        params: X_AXES,
        numpy: "np.squeeze(x, axis)",
        tries: &[
            "squeeze(x)",
            "squeeze(x, axis=0)",
            "x:1x3x1 | squeeze(x)",
            "x:1x3x1 | squeeze(x, axis=(0, -1))",
            "x:1x3x1 | squeeze(x, axis=1)",
        ],
        doc: "Axes of length 1 removed; none given removes all of them.",
        rule: "An axis that is not of length 1 is an error.",
        ..Row::BASE
    },
    Row {
        name: "flip",
        params: X_AXES,
        numpy: "np.flip(x, axis)",
        involution: true,
        doc: "The elements in reverse order along the axes; none given means all.",
        rule: "A view.",
        ..Row::BASE
    },
    Row {
        name: "slice_axis",
        params: SLICE,
        numpy: "np.moveaxis(np.moveaxis(x, axis, 0)[start:stop:step], 0, axis)",
        doc: "start:stop:step of one axis, as in brackets.",
        rule: "Python's slices: negative positions count from the end, positions beyond it are held at it.",
        ..Row::BASE
    },
];

/// Reshape.
#[track_caller]
pub fn reshape(x: &Lazy, to: &[isize]) -> Lazy {
    match x.shape().and_then(|s| shape::reshape("reshape", s, to)) {
        Ok(to) if x.shape().is_ok_and(|s| s == to) => x.clone(),
        Ok(to) => x.moved(Movement::Reshape(to)),
        Err(e) => Lazy::failed(e),
    }
}

/// Permute.
#[track_caller]
pub fn permute_dims(x: &Lazy, axes: &[isize]) -> Lazy {
    let rank = match x.ndim() {
        Ok(r) => r,
        Err(_) => return x.clone(),
    };
    let order: Result<Vec<usize>> = if axes.is_empty() {
        Ok((0..rank).rev().collect())
    } else {
        axes.iter().map(|&a| shape::axis("permute_dims", a, rank)).collect()
    };
    match order {
        Ok(order) => {
            let mut seen = order.clone();
            seen.sort_unstable();
            if seen.into_iter().ne(0..rank) {
                return Lazy::failed(Error::shape(
                    "permute_dims",
                    format!("the axes {order:?} do not name each of the {rank} axes once"),
                ));
            }
            if order.iter().copied().eq(0..rank) { x.clone() } else { x.moved(Movement::Permute(order)) }
        }
        Err(e) => Lazy::failed(e),
    }
}

/// Broadcast.
#[track_caller]
pub fn broadcast_to(x: &Lazy, to: &[isize]) -> Lazy {
    let check = || -> Result<Vec<usize>> {
        let from = x.shape()?;
        let to = to
            .iter()
            .map(|&d| {
                usize::try_from(d).map_err(|_| Error::shape("broadcast_to", format!("the length {d} is negative")))
            })
            .collect::<Result<Vec<_>>>()?;
        shape::broadcast_to("broadcast_to", from, &to)?;
        Ok(to)
    };
    match check() {
        Ok(to) if x.shape().is_ok_and(|s| s == to) => x.clone(),
        Ok(to) => x.moved(Movement::Broadcast(to)),
        Err(e) => Lazy::failed(e),
    }
}

/// Expand.
#[track_caller]
pub fn expand_dims(x: &Lazy, axes: &[isize]) -> Lazy {
    let to = || -> Result<Vec<usize>> {
        let s = x.shape()?;
        let rank = s.len() + axes.len();
        if axes.is_empty() {
            return Ok(s.to_vec());
        }
        let new = shape::axes("expand_dims", axes, rank)?;
        let mut old = s.iter().copied();
        Ok((0..rank).map(|a| if new.contains(&a) { 1 } else { old.next().unwrap_or(1) }).collect())
    };
    match to() {
        Ok(to) => x.moved(Movement::Reshape(to)),
        Err(e) => Lazy::failed(e),
    }
}

/// Squeeze.
#[track_caller]
pub fn squeeze(x: &Lazy, axes: &[isize]) -> Lazy {
    let pick = || -> Result<Vec<usize>> {
        let s = x.shape()?;
        let drop: Vec<usize> = if axes.is_empty() {
            (0..s.len()).filter(|&i| s[i] == 1).collect()
        } else {
            shape::axes("squeeze", axes, s.len())?
        };
        if let Some(&a) = drop.iter().find(|&&a| s[a] != 1) {
            return Err(Error::shape("squeeze", format!("axis {a} of shape {} is not of length 1", shape::show(s))));
        }
        Ok((0..s.len()).filter(|i| !drop.contains(i)).map(|i| s[i]).collect())
    };
    match pick() {
        Ok(to) => x.moved(Movement::Reshape(to)),
        Err(e) => Lazy::failed(e),
    }
}

/// Flip.
#[track_caller]
pub fn flip(x: &Lazy, axes: &[isize]) -> Lazy {
    let picked = x.shape().and_then(|s| shape::axes("flip", axes, s.len()));
    let reverse = Slice { start: None, stop: None, step: Some(-1) };
    match picked {
        Ok(axes) => axes.into_iter().fold(x.clone(), |x, a| sliced(&x, "flip", a as isize, reverse)),
        Err(e) => Lazy::failed(e),
    }
}

/// Slice.
#[track_caller]
pub fn slice_axis(x: &Lazy, axis: isize, start: Option<isize>, stop: Option<isize>, step: Option<isize>) -> Lazy {
    sliced(x, "slice", axis, Slice { start, stop, step })
}

#[track_caller]
pub(super) fn sliced(x: &Lazy, op: &str, axis: isize, slice: Slice) -> Lazy {
    let resolve = || -> Result<Option<Movement>> {
        let s = x.shape()?;
        let axis = shape::axis(op, axis, s.len())?;
        let span = slice.span(op, s[axis])?;
        let whole = span.len == s[axis] && span.step == 1;
        Ok((!whole).then_some(Movement::Slice { axis, span }))
    };
    match resolve() {
        Ok(None) => x.clone(),
        Ok(Some(m)) => x.moved(m),
        Err(e) => Lazy::failed(e),
    }
}
