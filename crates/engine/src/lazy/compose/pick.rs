//! Elements by position, written as an index of arrays.

use super::*;
use crate::array::Array;
use crate::array::promote::promote;
use crate::lazy::index::{Index, as_element, assigned, indexed};
use crate::ops::whole::index::{GATHER, SCATTER};
use crate::ops::whole::place::{MODE, PLACE};

const INDICES: Param = Param::new("indices", ParamKind::Array);
const OFFSET: Param = Param::new("offset", ParamKind::Int).or(Preset::Int(0));
const X_K: &[Param] = &[X1, K];
const VALUES: Param = Param::new("values", ParamKind::Array);
const MASKED: &[Param] = &[X1, Param::new("mask", ParamKind::Array), VALUES];

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "take",
        params: &[X1, INDICES, NO_AXIS, MODE],
        numpy: "np.take(x, indices, axis, mode=mode)",
        tries: &[
            "x:3x4 | take(x, [0, -1])",
            "x:3x4 y:2x2 | take(x, where(y > 1, 2, -1), axis=1)",
            "x:3x4 | take(x, 1, axis=0)",
            "x:3x4 | take(x, [-1, 9], axis=0, mode='wrap')",
            "x:3x4 | take(x, [-1, 9], axis=-1, mode='clip')",
            "x:3x4 | take(x, [0, 3], axis=0)",
            "x:3x4 | take(x, x > 1, axis=0)",
        ],
        doc: "The elements at these positions along one axis; None flattens first.",
        rule: "Negative positions count from the end and one outside is an error; with mode='wrap' they count around, with mode='clip' they are held at the ends.",
        ..Row::BASE
    },
    Row {
        name: "put",
        params: &[X1, INDICES, VALUES, MODE],
        numpy: "(lambda a: (np.put(a, indices, values, mode=mode), a)[1])(x.copy())",
        tries: &[
            "x:3x4 | put(x, [0, -1], 1)",
            "x:3x4 | put(x, [0, 5, 0], [1, 0, 7])",
            "x:3x4 | put(x, [0, 5, 7], [1, 0])",
            "x:3x4 | put(x, [13, -14], [1, 0], mode='wrap')",
            "x:3x4 | put(x, [13, -14], [1, 0], mode='clip')",
            "x:3x4 | put(x, 12, 1)",
        ],
        doc: "A new array with values put at these positions of the flattened one.",
        rule: "Values are cast as by astype, and start again when there are too few. Where positions repeat, the last value stays. mode as for take.",
        ..Row::BASE
    },
    Row {
        name: "put_along_axis",
        params: &[X1, INDICES, VALUES, NO_AXIS],
        numpy: "(lambda a: (np.put_along_axis(a, indices, values, axis), a)[1])(x.copy())",
        tries: &[
            "x:3x4 | put_along_axis(x, argsort(x, axis=1)[:, :1], 1, 1)",
            "x:3x4 | put_along_axis(x, argsort(x, axis=0), sort(x, axis=0), axis=0)",
            "x:3x4 | put_along_axis(x, argsort(x, axis=None)[:3], 1, axis=None)",
            "x:3x4 | put_along_axis(x, argsort(x)[0], 1, axis=1)",
        ],
        doc: "A new array with values put at these positions along one axis, as take_along_axis takes them; None means the flattened array.",
        rule: "Values broadcast and are cast as by astype. Where positions repeat, the last value stays.",
        ..Row::BASE
    },
    Row {
        name: "putmask",
        params: MASKED,
        numpy: "(lambda a: (np.putmask(a, mask, values), a)[1])(x.copy())",
        tries: &["putmask(x, x > 1, 0)", "putmask(x, x > 1, [1, 0, 7])", "x:3x4 | putmask(x, [True], 1)"],
        doc: "A new array with values where the mask is true: to element i of the flattened array goes value i.",
        rule: "Values are cast as by astype, and start again when there are too few. The mask has as many elements as x.",
        ..Row::BASE
    },
    Row {
        name: "place",
        params: MASKED,
        numpy: "(lambda a: (np.place(a, mask, values), a)[1])(x.copy())",
        tries: &["place(x, x > 1, 0)", "place(x, x > 1, [1, 0, 7])", "x:3x4 | place(x, [True], 1)"],
        doc: "A new array with values one after another where the mask is true.",
        rule: "Values are cast as by astype, and start again when there are too few. The mask has as many elements as x.",
        ..Row::BASE
    },
    Row {
        name: "select",
        params: &[
            Param::new("condlist", ParamKind::Arrays),
            Param::new("choicelist", ParamKind::Arrays),
            Param::new("default", ParamKind::Array).or(Preset::Int(0)),
        ],
        numpy: "np.select(condlist, choicelist, default)",
        tries: &[
            "select((x > 2, x > 1), (x, -1.5 * x))",
            "select((x > 2, x > 1), (x, x + x), 1)",
            "select((x > 1, x), (x, x))",
        ],
        doc: "For each element the choice whose condition is the first to be true; the default where none is.",
        rule: "Conditions are bool. All broadcast; choices and default are promoted to one type.",
        ..Row::BASE
    },
    Row {
        name: "diagonal",
        params: &[
            X1,
            OFFSET,
            Param::new("axis1", ParamKind::Axis).or(Preset::Int(0)),
            Param::new("axis2", ParamKind::Axis).or(Preset::Int(1)),
        ],
        numpy: "np.diagonal(x, offset, axis1, axis2)",
        tries: &[
            "diagonal(x)",
            "diagonal(x, 1)",
            "diagonal(x, offset=-1, axis1=-1, axis2=0)",
            "x:2x3x4 | diagonal(x, 1, 1, 2)",
            "x:2x3 | diagonal(x, 9)",
            "x:2x3 | diagonal(x, 0, 0, 0)",
        ],
        doc: "The elements whose positions along two axes differ by `offset`, as a last axis.",
        rule: "The two axes go; where the diagonal lies outside it is empty.",
        ..Row::BASE
    },
    Row {
        name: "diag",
        params: X_K,
        numpy: "np.diag(x, k)",
        tries: &["x:3 | diag(x)", "x:3 | diag(x, -2)", "x:3x4 | diag(x, k=1)", "x:2x3x4 | diag(x)"],
        doc: "Of a matrix its diagonal; of one axis a matrix with it as diagonal and zeros elsewhere.",
        rule: "k counts from the main diagonal, upwards if positive.",
        ..Row::BASE
    },
    Row {
        name: "diagflat",
        params: X_K,
        numpy: "np.diagflat(x, k)",
        tries: &["x:2x2 | diagflat(x)", "x:3 | diagflat(x, 1)", "x: | diagflat(x, -1)"],
        doc: "A matrix with the flattened elements as diagonal and zeros elsewhere.",
        rule: "k counts from the main diagonal, upwards if positive.",
        ..Row::BASE
    },
    Row {
        name: "fill_diagonal",
        params: &[
            X1,
            Param::new("val", ParamKind::Array),
            Param::new("wrap", ParamKind::Bool).or(Preset::Bool(false)).rare(),
        ],
        numpy: "(lambda a: (np.fill_diagonal(a, val, wrap), a)[1])(x.copy())",
        tries: &[
            "x:3x4 | fill_diagonal(x, 1)",
            "x:3x4 | fill_diagonal(x, [1, 0])",
            "x:5x2 | fill_diagonal(x, 1)",
            "x:5x2 | fill_diagonal(x, [1, 0, 1], wrap=True)",
            "x:3x3x3 | fill_diagonal(x, 1)",
            "x:3x3x2 | fill_diagonal(x, 1)",
        ],
        doc: "A new array with a value on its main diagonal, whose positions are the same on all axes.",
        rule: "Several values are written in turn, cast as by astype. With wrap a tall matrix has a diagonal below its first, one row apart.",
        ..Row::BASE
    },
];

/// Longest list of positions that is written down here.
const MOST: usize = 1 << 24;

/// The integers `start, start + 1, …`, `n` of them.
fn count_from(op: &str, start: usize, n: usize) -> Result<Lazy> {
    if n > MOST {
        return Err(Error::shape(op, format!("{n} positions are more than the {MOST} that are listed; cut the array")));
    }
    let all: Vec<i64> = (start as i64..start as i64 + n as i64).collect();
    Ok(Array::from_slice(&all, &[n])?.into())
}

/// Integer positions within an axis of `n`, by the mode's rule.
fn positions(op: &str, indices: Lazy, n: usize, mode: &str) -> Result<Lazy> {
    let dtype = indices.dtype()?;
    if dtype.is_float() || dtype.is_complex() {
        return Err(Error::dtype(op, format!("positions are integers, not {dtype}; cast them")));
    }
    let i = indices.cast(DType::I64);
    let size = shape::count(op, i.shape()?, 1)?;
    if n == 0 && size > 0 && mode != "raise" {
        return Err(Error::shape(op, "an axis of length 0 has no element to take"));
    }
    let n = n as i64;
    Ok(match mode {
        "raise" if dtype == DType::Bool || !matches!(indices.op(), Op::Data(_) | Op::Scalar(_)) => i,
        "raise" => indices,
        "wrap" => &i % n.max(1),
        "clip" => clip(i, 0, (n - 1).max(0)),
        other => return Err(Error::value(op, format!("mode is 'raise', 'wrap' or 'clip', not '{other}'"))),
    })
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn take(x: &Lazy, indices: Operand, axis: Option<isize>, mode: &str) -> Lazy {
    built(&[x], || {
        let (x, axis) = match axis {
            Some(a) => (x.clone(), shape::axis("take", a, x.ndim()?)?),
            None => (ravel(x), 0),
        };
        let n = x.shape()?.get(axis).copied().unwrap_or(0);
        let mut items = vec![Index::Slice(Slice::default()); axis];
        items.push(Index::Array(positions("take", as_array(indices), n, mode)?));
        Ok(indexed(&x, &items))
    })
}

/// The values one after another, from the first again as often as it takes to have `n`.
fn repeated(op: &str, values: Lazy, n: usize) -> Result<Lazy> {
    let many = shape::count(op, values.shape()?, 1)?;
    if many == 1 || many == n {
        return Ok(ravel(&values));
    }
    let i = &count_from(op, 0, n)? % many.max(1) as i64;
    Ok(indexed(&ravel(&values), &[Index::Array(i)]))
}

/// Put.
#[track_caller]
pub fn put(x: &Lazy, indices: Operand, values: Operand, mode: &str) -> Lazy {
    built(&[x], || {
        let all = ravel(x);
        let n = shape::count("put", x.shape()?, 1)?;
        let at = ravel(&positions("put", as_array(indices), n, mode)?);
        let many = shape::count("put", at.shape()?, 1)?;
        let values = as_element("put", values, x.dtype()?)?;
        if values.shape()?.contains(&0) {
            return Ok(x.clone());
        }
        // More values than positions: the rest is left.
        let values = indexed(&repeated("put", values, many)?, &[Index::Slice(Slice::new(0, many.max(1) as isize))]);
        Ok(reshape(&assigned(&all, &[Index::Array(at)], values.into()), &shape_of(x)?))
    })
}

/// Put along one axis.
#[track_caller]
pub fn put_along_axis(x: &Lazy, indices: Operand, values: Operand, axis: Option<isize>) -> Lazy {
    built(&[x], || {
        let op = "put_along_axis";
        let (from, indices) = (x.shape()?.to_vec(), as_array(indices));
        let Some(axis) = axis else {
            let all = assigned(&ravel(x), &[Index::Array(indices)], values);
            return Ok(reshape(&all, &shape::signed(&from)));
        };
        let axis = shape::axis(op, axis, from.len())?;
        if indices.ndim()? != from.len() {
            return Err(Error::shape(
                op,
                format!(
                    "positions of shape {} do not fit shape {}: they must have as many axes",
                    shape::show(indices.shape()?),
                    shape::show(&from)
                ),
            ));
        }
        let item = |a: usize| -> Result<Index> {
            let mut lens = vec![1isize; from.len()];
            lens[a] = from[a] as isize;
            Ok(Index::Array(if a == axis { indices.clone() } else { reshape(&count_from(op, 0, from[a])?, &lens) }))
        };
        let items = (0..from.len()).map(item).collect::<Result<Vec<_>>>()?;
        Ok(assigned(x, &items, values))
    })
}

/// `place` and `putmask`; one value for all is `where`.
fn masked(op: &str, x: &Lazy, mask: Operand, values: Operand, next: bool) -> Result<Lazy> {
    let (n, mask) = (shape::count(op, x.shape()?, 1)?, as_array(mask).cast(DType::Bool));
    if shape::count(op, mask.shape()?, 1)? != n {
        return Err(Error::shape(
            op,
            format!(
                "a mask of shape {} for shape {}: it must have as many elements",
                shape::show(mask.shape()?),
                shape::show(x.shape()?)
            ),
        ));
    }
    let mask = reshape(&mask, &shape_of(x)?);
    let values = as_element(op, values, x.dtype()?)?;
    if shape::count(op, values.shape()?, 1)? == 1 {
        return Ok(choose(mask, reshape(&values, &[]), x));
    }
    let attrs = vec![Attr::Input(0), Attr::Input(1), Attr::Input(2), Attr::Bool(next)];
    Ok(Lazy::whole(&PLACE, vec![x.clone(), mask, values], attrs))
}

/// Values where a mask is true, each in its own place.
#[track_caller]
pub fn putmask(x: &Lazy, mask: Operand, values: Operand) -> Lazy {
    built(&[x], || masked("putmask", x, mask, values, false))
}

/// Values where a mask is true, one after another.
#[track_caller]
pub fn place(x: &Lazy, mask: Operand, values: Operand) -> Lazy {
    built(&[x], || masked("place", x, mask, values, true))
}

/// The first choice whose condition is true.
#[track_caller]
pub fn select(condlist: &[Lazy], choicelist: &[Lazy], default: Operand) -> Lazy {
    built_of(&[condlist, choicelist].concat(), || {
        if condlist.len() != choicelist.len() || condlist.is_empty() {
            return Err(Error::value(
                "select",
                format!("{} conditions and {} choices: one for each other is meant", condlist.len(), choicelist.len()),
            ));
        }
        let types = choicelist.iter().map(Lazy::dtype).collect::<Result<Vec<_>>>()?;
        let common = types.into_iter().reduce(promote).unwrap_or(DType::F64);
        let mut result = default;
        for (when, choice) in condlist.iter().zip(choicelist).rev() {
            if when.dtype()? != DType::Bool {
                let detail = format!("a condition is bool, not {}; write one with a comparison", when.dtype()?);
                return Err(Error::dtype("select", detail));
            }
            result = choose(when, choice.cast(common), result).into();
        }
        Ok(as_array(result))
    })
}

/// The diagonal of two axes.
#[track_caller]
pub fn diagonal(x: &Lazy, offset: isize, axis1: isize, axis2: isize) -> Lazy {
    built(&[x], || {
        let s = x.shape()?;
        if s.len() < 2 {
            return Err(Error::shape("diagonal", format!("shape {} has no two axes", shape::show(s))));
        }
        let (a, b) = (shape::axis("diagonal", axis1, s.len())?, shape::axis("diagonal", axis2, s.len())?);
        if a == b {
            return Err(Error::shape("diagonal", format!("axis {a} is given twice")));
        }
        let (down, right) = if offset < 0 { (offset.unsigned_abs(), 0) } else { (0, offset.unsigned_abs()) };
        let n = s[a].saturating_sub(down).min(s[b].saturating_sub(right));
        let (down, right) = if n == 0 { (0, 0) } else { (down, right) };
        let (i, j) = (count_from("diagonal", down, n)?, count_from("diagonal", right, n)?);
        let (axes, arrays) = if a < b { ([a, b], [i, j]) } else { ([b, a], [j, i]) };
        let axes = Attr::Ints(axes.iter().map(|&a| a as isize).collect());
        let place = Attr::Int(s.len() as i64 - 2);
        let inputs = [x.clone()].into_iter().chain(arrays).collect();
        Ok(Lazy::whole(&GATHER, inputs, vec![Attr::Input(0), Attr::Inputs(1, 2), axes, place]))
    })
}

/// The diagonal of a matrix, or a matrix of a diagonal.
#[track_caller]
pub fn diag(x: &Lazy, k: isize) -> Lazy {
    match x.ndim() {
        Ok(1) => diagflat(x, k),
        Ok(2) => diagonal(x, k, 0, 1),
        Ok(n) => Lazy::failed(Error::shape("diag", format!("an array of 1 or 2 axes is meant, not of {n}"))),
        Err(e) => Lazy::failed(e),
    }
}

/// A matrix with a diagonal.
#[track_caller]
pub fn diagflat(x: &Lazy, k: isize) -> Lazy {
    built(&[x], || {
        let op = "diagflat";
        let all = ravel(x);
        let n = shape::count(op, all.shape()?, 1)?;
        let side = n.checked_add(k.unsigned_abs());
        let side = side.filter(|&s| s <= isize::MAX as usize);
        let side =
            side.ok_or_else(|| Error::shape(op, format!("the diagonal {k} lies beyond what can be addressed")))?;
        shape::count(op, &[side, side], x.dtype()?.size())?;
        let zeros = zeros(&[side as isize, side as isize], x.dtype()?);
        let (down, right) = if k < 0 { (k.unsigned_abs(), 0) } else { (0, k.unsigned_abs()) };
        if n == 0 {
            return Ok(zeros);
        }
        let inputs = vec![zeros, all, count_from(op, down, n)?, count_from(op, right, n)?];
        let spans = Attr::Ints(vec![0, -1, 1, 0, -1, 1]);
        let attrs =
            vec![Attr::Input(0), Attr::Input(1), Attr::Inputs(2, 2), Attr::Ints(vec![0, 1]), Attr::Int(0), spans];
        Ok(Lazy::whole(&SCATTER, inputs, attrs))
    })
}

/// A value on the main diagonal.
#[track_caller]
pub fn fill_diagonal(x: &Lazy, val: Operand, wrap: bool) -> Lazy {
    built(&[x], || {
        let op = "fill_diagonal";
        let s = x.shape()?.to_vec();
        let (n, step, end) = match s.as_slice() {
            [] | [_] => return Err(Error::shape(op, format!("shape {} has no diagonal", shape::show(&s)))),
            [rows, columns] => {
                let all = shape::count(op, &s, 1)?;
                let end = if wrap { all } else { all.min(columns.saturating_mul(*columns)) };
                (*rows, columns + 1, end)
            }
            [n, rest @ ..] if rest.iter().all(|d| d == n) => {
                let step = shape::c_strides(&s).iter().fold(0usize, |sum, &s| sum.saturating_add_signed(s));
                (*n, step, shape::count(op, &s, 1)?)
            }
            _ => return Err(Error::shape(op, format!("the lengths of {} must all be equal", shape::show(&s)))),
        };
        let values = as_element(op, val, x.dtype()?)?;
        if n == 0 || end == 0 || values.shape()?.contains(&0) {
            return Ok(x.clone());
        }
        let count = (end - 1) / step + 1;
        let values = repeated(op, values, count)?;
        let values = indexed(&values, &[Index::Slice(Slice::new(0, count as isize))]);
        let slice = Slice::new(0, end as isize).by(step as isize);
        let all = assigned(&ravel(x), &[Index::Slice(slice)], values.into());
        Ok(reshape(&all, &shape::signed(&s)))
    })
}
