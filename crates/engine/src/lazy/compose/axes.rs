//! Axes in another order, elements in another place.

use super::*;

const AXES: Param = Param::new("axes", ParamKind::Axes);

const VIEW: &str = "A view. Frames stay frames where axis 0 stays in front; else the whole array is needed.";

pub(super) const ROWS: &[Row] = &[
    row!(
        "ravel",
        X,
        "np.ravel(x)",
        &["ravel(x)"],
        "The elements in C order along one axis.",
        "Needs the whole array unless it has one axis."
    ),
    row!(
        "flatten",
        X,
        "x.flatten()",
        &["flatten(x)"],
        "The elements in C order along one axis; ravel by its other name.",
        "ravel's rule."
    ),
    row!(
        "transpose",
        &[X1, AXES],
        "np.transpose(x, axes)",
        &[
            "transpose(x)",
            "x:2x3x4 | transpose(x, (0, 2, 1))",
            "x:2x3x4 | transpose(x, (0, -1, 1))",
            "transpose(x, (0, 0))"
        ],
        "Axes in another order; none given reverses them.",
        VIEW
    ),
    row!(
        "moveaxis",
        &[X1, Param::new("source", ParamKind::Ints), Param::new("destination", ParamKind::Ints)],
        "np.moveaxis(x, source, destination)",
        &[
            "moveaxis(x, 0, -1)",
            "x:2x3x4 | moveaxis(x, (0, 1), (-1, 0))",
            "moveaxis(x, 0, (0, 1))",
            "x:2x3x4 | moveaxis(x, -1, 1)",
            "x:2x3 | moveaxis(x, (0, 0), (0, 1))"
        ],
        "Axes moved to other places; the others keep their order.",
        VIEW
    ),
    row!(
        "swapaxes",
        &[X1, Param::new("axis1", ParamKind::Axis), Param::new("axis2", ParamKind::Axis)],
        "np.swapaxes(x, axis1, axis2)",
        &["swapaxes(x, 0, -1)", "swapaxes(x, 0, 1)"],
        "Two axes in each other's place.",
        VIEW
    ),
    row!(
        "matrix_transpose",
        X,
        "np.matrix_transpose(x)",
        &["matrix_transpose(x)"],
        "The last two axes in each other's place.",
        VIEW
    ),
    row!(
        "roll",
        &[X1, Param::new("shift", ParamKind::Ints), Param::new("axis", ParamKind::Axes)],
        "np.roll(x, shift, axis)",
        &[
            "roll(x, 1)",
            "roll(x, -5)",
            "roll(x, 1, axis=0)",
            "roll(x, (1, 2), axis=(0, 1))",
            "roll(x, (1, 2), axis=0)",
            "roll(x, 1, axis=(0, 1))",
            "roll(x, (1, 2))",
            "roll(x, 2, axis=-1)",
            "roll(x, 100, axis=0)"
        ],
        "Elements moved along axes, what falls off one end coming back at the other; no axis flattens and restores the shape.",
        "Shifts of one axis add up. Two slices joined, which streams as `concat` does."
    ),
    row!("fliplr", X, "np.fliplr(x)", &["fliplr(x)"], "Columns in reverse order: flip of axis 1.", "A view; streams."),
    row!(
        "flipud",
        X,
        "np.flipud(x)",
        &["flipud(x)"],
        "Rows in reverse order: flip of axis 0.",
        "A view; reversed time needs the whole array."
    ),
    row!(
        "rot90",
        &[X1, Param::new("k", ParamKind::Int).or(Preset::Int(1)), AXES],
        "np.rot90(x, k, (0, 1) if axes is None else axes)",
        &[
            "rot90(x)",
            "rot90(x, 2)",
            "rot90(x, -1)",
            "rot90(x, 4)",
            "x:2x3x4 | rot90(x, 1, (1, 2))",
            "x:2x3x4 | rot90(x, 3, (2, 0))",
            "x:2x3 | rot90(x, 1, (0, 0))"
        ],
        "k quarter turns in the plane of two axes, (0, 1) if none are given, from the first towards the second.",
        VIEW
    ),
    row!("atleast_1d", X, "np.atleast_1d(x)", &["atleast_1d(x)"], "At least one axis.", "A view."),
    row!(
        "atleast_2d",
        X,
        "np.atleast_2d(x)",
        &["atleast_2d(x)"],
        "At least two axes; one axis becomes a row.",
        "A view."
    ),
    row!(
        "atleast_3d",
        X,
        "np.atleast_3d(x)",
        &["atleast_3d(x)"],
        "At least three axes; (n,) becomes (1, n, 1) and (n, m) becomes (n, m, 1).",
        "A view."
    ),
];

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn ravel(x: &Lazy) -> Lazy {
    match x.shape().and_then(|s| shape::count("ravel", s, 1)) {
        Ok(n) => reshape(x, &[n as isize]),
        Err(_) => reshape(x, &[-1]),
    }
}

/// Flat.
#[track_caller]
pub fn flatten(x: &Lazy) -> Lazy {
    ravel(x)
}

/// Order.
#[track_caller]
pub fn transpose(x: &Lazy, axes: &[isize]) -> Lazy {
    permute_dims(x, axes)
}

/// Moved.
#[track_caller]
pub fn moveaxis(x: &Lazy, source: &[isize], destination: &[isize]) -> Lazy {
    built(&[x], || {
        let op = "moveaxis";
        let rank = x.ndim()?;
        if source.len() != destination.len() {
            let detail = format!("{} axes go to {} places", source.len(), destination.len());
            return Err(Error::shape(op, detail));
        }
        let numbers = |given: &[isize]| -> Result<Vec<usize>> {
            let all = given.iter().map(|&a| shape::axis(op, a, rank)).collect::<Result<Vec<_>>>()?;
            let mut sorted = all.clone();
            sorted.sort_unstable();
            if let Some(w) = sorted.windows(2).find(|w| w[0] == w[1]) {
                return Err(Error::shape(op, format!("axis {} is given twice", w[0])));
            }
            Ok(all)
        };
        let (from, to) = (numbers(source)?, numbers(destination)?);
        let mut order: Vec<usize> = (0..rank).filter(|a| !from.contains(a)).collect();
        let mut moves: Vec<(usize, usize)> = to.into_iter().zip(from).collect();
        moves.sort_unstable();
        for (to, from) in moves {
            order.insert(to.min(order.len()), from);
        }
        Ok(ordered(x, &order))
    })
}

#[track_caller]
fn ordered(x: &Lazy, order: &[usize]) -> Lazy {
    // None means reversed; there is nothing to reverse without axes.
    permute_dims(x, &shape::signed(order))
}

/// Swapped.
#[track_caller]
pub fn swapaxes(x: &Lazy, axis1: isize, axis2: isize) -> Lazy {
    built(&[x], || {
        let rank = x.ndim()?;
        let (a, b) = (shape::axis("swapaxes", axis1, rank)?, shape::axis("swapaxes", axis2, rank)?);
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(a, b);
        Ok(ordered(x, &order))
    })
}

/// Swapped.
#[track_caller]
pub fn matrix_transpose(x: &Lazy) -> Lazy {
    match x.ndim() {
        Ok(r) if r < 2 => {
            Lazy::failed(Error::shape("matrix_transpose", format!("{r} axes are given; it needs at least 2")))
        }
        _ => swapaxes(x, -2, -1),
    }
}

/// Rolled.
#[track_caller]
pub fn roll(x: &Lazy, shift: &[isize], axes: &[isize]) -> Lazy {
    built(&[x], || {
        let by_one = |x: &Lazy, axis: usize, shift: i128| -> Result<Lazy> {
            let n = x.shape()?[axis];
            if n == 0 {
                return Ok(x.clone());
            }
            let s = shift.rem_euclid(n as i128) as usize;
            if s == 0 {
                return Ok(x.clone());
            }
            Ok(joined(&[part(x, axis, n - s, n), part(x, axis, 0, n - s)], axis))
        };
        if axes.is_empty() {
            let all = shift.iter().map(|&s| s as i128).sum();
            return Ok(reshape(&by_one(&ravel(x), 0, all)?, &shape_of(x)?));
        }
        let n = shift.len().max(axes.len());
        let fits = |len: usize| len == n || len == 1;
        if !fits(shift.len()) || !fits(axes.len()) {
            let detail = format!("{} shifts are given for {} axes", shift.len(), axes.len());
            return Err(Error::shape("roll", detail));
        }
        let mut shifts = vec![0i128; x.ndim()?];
        for (s, a) in shift.iter().cycle().zip(axes.iter().cycle()).take(n) {
            let axis = shape::axis("roll", *a, shifts.len())?;
            shifts[axis] += *s as i128;
        }
        shifts.iter().enumerate().try_fold(x.clone(), |x, (axis, &s)| by_one(&x, axis, s))
    })
}

#[track_caller]
fn flipped(op: &str, x: &Lazy, axis: usize) -> Lazy {
    match x.ndim() {
        Ok(r) if r <= axis => {
            Lazy::failed(Error::shape(op, format!("{r} axes are given; it needs at least {}", axis + 1)))
        }
        _ => flip(x, &[axis as isize]),
    }
}

/// Mirrored.
#[track_caller]
pub fn fliplr(x: &Lazy) -> Lazy {
    flipped("fliplr", x, 1)
}

/// Upside down.
#[track_caller]
pub fn flipud(x: &Lazy) -> Lazy {
    flipped("flipud", x, 0)
}

/// Turned.
#[track_caller]
pub fn rot90(x: &Lazy, k: isize, axes: &[isize]) -> Lazy {
    built(&[x], || {
        let op = "rot90";
        let rank = x.ndim()?;
        let (a, b) = match axes {
            [] => (0, 1),
            [a, b] => (*a, *b),
            _ => return Err(Error::shape(op, format!("{} axes are given; a plane has two", axes.len()))),
        };
        let (a, b) = (shape::axis(op, a, rank)?, shape::axis(op, b, rank)?);
        if a == b {
            return Err(Error::shape(op, "the two axes are one; they must differ"));
        }
        let (a, b) = (a as isize, b as isize);
        Ok(match k.rem_euclid(4) {
            0 => x.clone(),
            1 => swapaxes(&flip(x, &[b]), a, b),
            2 => flip(&flip(x, &[a]), &[b]),
            _ => flip(&swapaxes(x, a, b), &[b]),
        })
    })
}

/// One.
#[track_caller]
pub fn atleast_1d(x: &Lazy) -> Lazy {
    if x.ndim().is_ok_and(|r| r == 0) { reshape(x, &[1]) } else { x.clone() }
}

/// Two.
#[track_caller]
pub fn atleast_2d(x: &Lazy) -> Lazy {
    match x.ndim() {
        Ok(0) => reshape(x, &[1, 1]),
        Ok(1) => expand_dims(x, &[0]),
        _ => x.clone(),
    }
}

/// Three.
#[track_caller]
pub fn atleast_3d(x: &Lazy) -> Lazy {
    match x.ndim() {
        Ok(0) => reshape(x, &[1, 1, 1]),
        Ok(1) => expand_dims(x, &[0, 2]),
        Ok(2) => expand_dims(x, &[2]),
        _ => x.clone(),
    }
}
