//! More elements around an array.

use super::*;
use crate::lazy::index::known_as;

pub(super) const ROWS: &[Row] = &[Row {
    name: "pad",
    params: &[
        X1,
        Param::new("pad_width", ParamKind::Array),
        Param::new("mode", ParamKind::Text).or(Preset::Text("constant")),
        Param::new("constant_values", ParamKind::Array).or(Preset::Int(0)).rare(),
        Param::new("end_values", ParamKind::Array).or(Preset::Int(0)).rare(),
        Param::new("stat_length", ParamKind::Array).or(Preset::None).rare(),
        Param::new("reflect_type", ParamKind::Text).or(Preset::Text("even")).rare(),
    ],
    numpy: "wide(np.pad, x, pad_width, mode, **({'constant_values': constant_values} if mode == 'constant' else {'end_values': end_values} if mode == 'linear_ramp' else {'stat_length': stat_length} if mode in ('maximum', 'mean', 'median', 'minimum') else {'reflect_type': reflect_type} if mode in ('reflect', 'symmetric') else {}))",
    tries: &[
        "pad(x, 1)",
        "pad(x, (1, 2))",
        "pad(x, 0)",
        "x:3x4 | pad(x, ((1, 0), (0, 2)))",
        "x:3x4 | pad(x, ((1, 0), (0, 2)), 'edge')",
        "x:3x4 | pad(x, (1, 2, 3, 4, 5))",
        "pad(x, 1, constant_values=7)",
        "x:3x4 | pad(x, 1, constant_values=(3, 4))",
        "x:3x4 | pad(x, 1, constant_values=((1, 2), (3, 4)))",
        "pad(x, 2, constant_values=2.7)",
        "pad(x, (1, 2), 'edge')",
        "pad(x, (1, 2), 'reflect')",
        "pad(x, 9, 'reflect')",
        "pad(x, (1, 2), 'symmetric')",
        "pad(x, 9, 'symmetric')",
        "pad(x, (1, 2), 'wrap')",
        "pad(x, 9, 'wrap')",
        "mild | pad(x, (1, 2), 'mean')",
        "float edge | pad(x, (1, 2), 'mean')",
        "pad(x, (1, 2), 'maximum')",
        "pad(x, (1, 2), 'minimum')",
        "mild | pad(x, (1, 2), 'median')",
        "float edge | pad(x, (1, 2), 'median')",
        "pad(x, (1, 2), 'maximum', stat_length=2)",
        "x:5 | pad(x, (1, 2), 'minimum', stat_length=(1, 2))",
        "x:5 real | pad(x, 3, 'linear_ramp')",
        "x:5 complex64 complex128 | pad(x, 3, 'linear_ramp')",
        "x:7 complex64 complex128 | pad(x, (1, 2), 'reflect', reflect_type='odd')",
        "x:3x4 float | pad(x, 3, 'linear_ramp', end_values=(2, 5))",
        "x:7 real | pad(x, (1, 2), 'reflect', reflect_type='odd')",
        "x:7 real | pad(x, (1, 2), 'symmetric', reflect_type='odd')",
        "pad(x, -1)",
        "pad(x, 1, 'no')",
    ],
    ulp: 16,
    doc: "Elements added before and after each axis: constant, edge, linear_ramp, maximum, mean, median, minimum, reflect, symmetric, wrap or empty.",
    rule: "pad_width and the values are one number, a pair (before, after) for every axis, or a pair for each axis, nested or one after another. Axes are padded in order. Means of integers are rounded to even. 'empty' gives zeros. reflect_type 'odd' reaches at most one axis length. stat_length is at least 1. Joins: constants stream as `concat` does; other modes wait for the whole array where axis 0 is padded.",
    ..Row::BASE
}];

const MODES: [&str; 11] = [
    "constant",
    "edge",
    "linear_ramp",
    "maximum",
    "mean",
    "median",
    "minimum",
    "reflect",
    "symmetric",
    "wrap",
    "empty",
];

/// A pair for each axis out of one value, a pair, or all of them.
fn pairs<T: Copy>(op: &str, name: &str, values: &[T], of: &[usize], rank: usize) -> Result<Vec<[T; 2]>> {
    Ok(match (values, of) {
        ([one], _) => vec![[*one; 2]; rank],
        // One column: the same on both sides of each axis.
        (all, [n, 1]) if *n == rank => all.iter().map(|v| [*v; 2]).collect(),
        ([before, after], _) => vec![[*before, *after]; rank],
        (all, _) if all.len() == 2 * rank => all.as_chunks::<2>().0.to_vec(),
        (all, _) => {
            let detail =
                format!("{name} has {} numbers; it must be one, two, or two for each of {rank} axes", all.len());
            return Err(Error::shape(op, detail));
        }
    })
}

fn shape_given(o: &Operand) -> Vec<usize> {
    match o {
        Operand::Lazy(l) => l.shape().map(<[usize]>::to_vec).unwrap_or_default(),
        Operand::Weak(_) => Vec::new(),
    }
}

fn lengths(op: &str, name: &str, o: &Operand, rank: usize) -> Result<Vec<[usize; 2]>> {
    let (ints, _) = known_ints(op, name, o)?;
    let all = ints.iter().map(|&v| usize::try_from(v).ok()).collect::<Option<Vec<_>>>();
    let all = all.ok_or_else(|| Error::value(op, format!("{name} must not be negative")))?;
    pairs(op, name, &all, &shape_given(o), rank)
}

/// Values in the array's type, a pair for each axis.
fn values(op: &str, name: &str, o: Operand, dtype: DType, rank: usize) -> Result<Vec<[Scalar; 2]>> {
    let of = shape_given(&o);
    let scalars = match &o {
        Operand::Weak(w) => match valued(op, Operand::Weak(*w), Some(dtype))?.op() {
            Op::Scalar(s) => vec![*s],
            _ => Vec::new(),
        },
        Operand::Lazy(l) => {
            known_as(l, |s| s).ok_or_else(|| Error::value(op, format!("{name} must be numbers, not an expression")))?
        }
    };
    let cast = |s: Scalar| {
        let (re, im) = s.to_parts();
        if s.dtype.kind() >= Kind::Float {
            Scalar::from_parts(dtype, re, im)
        } else {
            Scalar::from_i128(dtype, s.to_i128())
        }
    };
    pairs(op, name, &scalars.into_iter().map(cast).collect::<Vec<_>>(), &of, rank)
}

/// See the row of the same name.
#[track_caller]
pub fn pad(
    x: &Lazy,
    pad_width: Operand,
    mode: &str,
    constant_values: Operand,
    end_values: Operand,
    stat_length: Option<Operand>,
    reflect_type: &str,
) -> Lazy {
    built(&[x], || {
        let op = "pad";
        let (rank, dtype) = (x.ndim()?, x.dtype()?);
        if !MODES.contains(&mode) {
            return Err(Error::value(op, format!("there is no mode '{mode}'; the modes are {}", MODES.join(", "))));
        }
        if !matches!(reflect_type, "even" | "odd") {
            return Err(Error::value(op, format!("reflect_type is '{reflect_type}'; it must be 'even' or 'odd'")));
        }
        let widths = lengths(op, "pad_width", &pad_width, rank)?;
        let constants = values(op, "constant_values", constant_values, dtype, rank)?;
        let ends = values(op, "end_values", end_values, dtype, rank)?;
        let stats = stat_length.map(|s| lengths(op, "stat_length", &s, rank)).transpose()?;
        let mut x = x.clone();
        for (axis, &[before, after]) in widths.iter().enumerate() {
            if before == 0 && after == 0 {
                continue;
            }
            let n = x.shape()?[axis];
            if n == 0 && !matches!(mode, "constant" | "empty") {
                let detail = format!("axis {axis} has no element to pad with; only 'constant' and 'empty' need none");
                return Err(Error::value(op, detail));
            }
            let slot = |x: &Lazy, width: usize, value: &Lazy| -> Result<Lazy> {
                let mut to = shape_of(x)?;
                to[axis] =
                    isize::try_from(width).map_err(|_| Error::shape(op, "the result is too large to address"))?;
                Ok(broadcast_to(value, &to))
            };
            let around = |left: Lazy, right: Lazy| joined(&[left, x.clone(), right], axis);
            x = match mode {
                "constant" => {
                    let [a, b] = constants[axis];
                    around(slot(&x, before, &Lazy::scalar(a))?, slot(&x, after, &Lazy::scalar(b))?)
                }
                "empty" => {
                    let zero = constant(dtype, Weak::Int(0));
                    around(slot(&x, before, &zero)?, slot(&x, after, &zero)?)
                }
                "edge" => around(slot(&x, before, &part(&x, axis, 0, 1))?, slot(&x, after, &part(&x, axis, n - 1, n))?),
                "linear_ramp" => {
                    let [a, b] = ends[axis];
                    let left = ramp(&part(&x, axis, 0, 1), axis, a, before)?;
                    let right = ramp(&part(&x, axis, n - 1, n), axis, b, after)?;
                    around(left, flip(&right, &[axis as isize]))
                }
                "maximum" | "minimum" | "mean" | "median" => {
                    let [a, b] = stats.as_ref().map_or([n; 2], |s| s[axis]);
                    if a == 0 || b == 0 {
                        return Err(Error::value(op, "stat_length of 0 leaves nothing to compute with"));
                    }
                    let left = statistic(mode, &part(&x, axis, 0, a.min(n)), axis)?;
                    let right = statistic(mode, &part(&x, axis, n - b.min(n), n), axis)?;
                    around(slot(&x, before, &left)?, slot(&x, after, &right)?)
                }
                _ if reflect_type == "odd" && mode != "wrap" => odd(mode, &x, axis, before, after)?,
                _ => periodic(mode, &x, axis, before, after)?,
            };
        }
        Ok(x)
    })
}

fn statistic(mode: &str, x: &Lazy, axis: usize) -> Result<Lazy> {
    let dtype = x.dtype()?;
    let axes = [axis as isize];
    let value = match mode {
        "maximum" => return Ok(x.reduce(Reduce::Max, &axes).keepdims()),
        "minimum" => return Ok(x.reduce(Reduce::Min, &axes).keepdims()),
        "mean" => x.reduce(Reduce::Mean, &axes).keepdims(),
        _ => page("median", vec![x.clone()], vec![Attr::Ints(axes.to_vec()), Attr::Bool(true)]),
    };
    Ok(if dtype.is_integer() { unary(Math::Rint, value).cast(dtype) } else { value.cast(dtype) })
}

/// From a value towards an edge, without it.
fn ramp(edge: &Lazy, axis: usize, from: Scalar, width: usize) -> Result<Lazy> {
    let dtype = edge.dtype()?;
    let work = or_f64(dtype);
    let start = Lazy::scalar(from).cast(work);
    let mut line = vec![1isize; edge.ndim()?];
    line[axis] = width as isize;
    let i = reshape(&counting(width as isize, work), &line);
    let delta = edge.cast(work) - &start;
    let y = i * (delta / width as f64) + start;
    Ok(if work == dtype { y } else { unary(Math::Floor, y).cast(dtype) })
}

/// The axis as a part of what repeats without end.
fn periodic(mode: &str, x: &Lazy, axis: usize, before: usize, after: usize) -> Result<Lazy> {
    let n = x.shape()?[axis];
    let mirrored = flip(x, &[axis as isize]);
    let period = match mode {
        "wrap" => x.clone(),
        "symmetric" => joined(&[x.clone(), mirrored], axis),
        // A single element mirrors to itself.
        _ if n < 2 => x.clone(),
        _ => joined(&[x.clone(), part(&mirrored, axis, 1, n - 1)], axis),
    };
    let m = period.shape()?[axis];
    // The first whole period that is needed begins here.
    let skip = (m - before % m) % m;
    let total = before.checked_add(n).and_then(|t| t.checked_add(after)).and_then(|t| t.checked_add(skip));
    let total = total.ok_or_else(|| Error::shape("pad", "the result is too large to address"))?;
    let mut reps = vec![1isize; x.ndim()? - axis];
    reps[0] = total.div_ceil(m) as isize;
    Ok(part(&tile(&period, &reps), axis, skip, total))
}

/// Twice the edge less what is mirrored.
fn odd(mode: &str, x: &Lazy, axis: usize, before: usize, after: usize) -> Result<Lazy> {
    let n = x.shape()?[axis];
    let skip = usize::from(mode == "reflect");
    if before.max(after) > n - skip {
        let detail = format!("reflect_type 'odd' reaches at most {} elements along axis {axis}", n - skip);
        return Err(Error::value("pad", detail));
    }
    let side = |edge: Lazy, of: Lazy| edge * 2 - flip(&of, &[axis as isize]);
    let left = side(part(x, axis, 0, 1), part(x, axis, skip, skip + before));
    let right = side(part(x, axis, n - 1, n), part(x, axis, n - skip - after, n - skip));
    Ok(joined(&[left, x.clone(), right], axis))
}
