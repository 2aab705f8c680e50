//! Arrays joined, taken apart and repeated.

use super::*;

const ARRAYS: &[Param] = &[Param::new("arrays", ParamKind::Arrays)];
const OPERANDS: &[Param] = &[Param::new("arrays", ParamKind::Operands)];
const AXIS0: Param = Param::new("axis", ParamKind::Axis).or(Preset::Int(0));
const PARTS: Param = Param::new("indices_or_sections", ParamKind::Array);
const SPLIT: &[Param] = &[X1, PARTS, AXIS0];
const SPLIT_AT: &[Param] = &[X1, PARTS];
const OBJ: Param = Param::new("obj", ParamKind::Array);

const SPLIT_RULE: &str = "A number of equal parts, or the positions of the cuts, as in slices. Views; along axis 0 each part is a range of the stream.";
const JOIN_RULE: &str = "concat's rule: types are promoted to one.";

pub(super) const ROWS: &[Row] = &[
    row!(
        "stack",
        &[Param::new("arrays", ParamKind::Arrays), AXIS0],
        "np.stack(arrays, axis)",
        &[
            "stack((x, x))",
            "stack((x, x), axis=-1)",
            "x:3 y:3 | stack((x, y), 1)",
            "x:3 y:4 | stack((x, y))",
            "stack((x, x), axis=9)"
        ],
        "Arrays of one shape along a new axis.",
        JOIN_RULE
    ),
    row!(
        "vstack",
        ARRAYS,
        "np.vstack(arrays)",
        &["vstack((x, x))", "x:3 y:2x3 | vstack((x, y))"],
        "Arrays one below the other: along axis 0, rows where there is one axis.",
        JOIN_RULE
    ),
    row!(
        "hstack",
        ARRAYS,
        "np.hstack(arrays)",
        &["hstack((x, x))", "x:3 y:2 | hstack((x, y))"],
        "Arrays side by side: along axis 1, or 0 where there is one axis.",
        JOIN_RULE
    ),
    row!(
        "dstack",
        ARRAYS,
        "np.dstack(arrays)",
        &["dstack((x, x))", "x:3 y:1x3 | dstack((x, y))"],
        "Arrays one behind the other: along axis 2.",
        JOIN_RULE
    ),
    row!(
        "column_stack",
        ARRAYS,
        "np.column_stack(arrays)",
        &["column_stack((x, x))", "x:3 y:3x2 | column_stack((x, y))"],
        "Columns side by side; arrays of one axis are columns.",
        JOIN_RULE
    ),
    row!(
        "append",
        &[X1, Param::new("values", ParamKind::Array), NO_AXIS],
        "np.append(x, values, axis)",
        &["append(x, x)", "append(x, x, axis=0)", "append(x, 1.5)", "append(x, x, axis=-1)"],
        "Values after x along an axis; without one both are flattened.",
        JOIN_RULE
    ),
    row!(
        "split",
        SPLIT,
        "np.split(x, indices_or_sections, axis)",
        &[
            "x:6x4 | split(x, 3)",
            "x:6x4 | split(x, 2, axis=-1)",
            "x:6x4 | split(x, 4)",
            "x:6 | split(x, (1, 3))",
            "x:6 | split(x, (3, 1))",
            "x:6 | split(x, (-1,))",
            "x:6 | split(x, (2, 9))",
            "split(x, 0)"
        ],
        "Equal parts along an axis, or parts between positions.",
        SPLIT_RULE,
        outputs: Outputs::List
    ),
    row!(
        "array_split",
        SPLIT,
        "np.array_split(x, indices_or_sections, axis)",
        &[
            "x:7x4 | array_split(x, 3)",
            "x:6x4 | array_split(x, 3, axis=1)",
            "x:2 | array_split(x, 4)",
            "array_split(x, 0)"
        ],
        "Parts along an axis, of which the first are one longer where they cannot be equal.",
        SPLIT_RULE,
        outputs: Outputs::List
    ),
    row!(
        "vsplit",
        SPLIT_AT,
        "np.vsplit(x, indices_or_sections)",
        &["x:6x4 | vsplit(x, 3)", "x:6 | vsplit(x, 3)"],
        "split along axis 0, of at least two axes.",
        SPLIT_RULE,
        outputs: Outputs::List
    ),
    row!(
        "hsplit",
        SPLIT_AT,
        "np.hsplit(x, indices_or_sections)",
        &["x:6x4 | hsplit(x, 2)", "x:6 | hsplit(x, 3)", "x:6x4 | hsplit(x, (1,))"],
        "split along axis 1, or 0 where there is one axis.",
        SPLIT_RULE,
        outputs: Outputs::List
    ),
    row!(
        "dsplit",
        SPLIT_AT,
        "np.dsplit(x, indices_or_sections)",
        &["x:2x3x4 | dsplit(x, 2)", "x:6x4 | dsplit(x, 2)"],
        "split along axis 2.",
        SPLIT_RULE,
        outputs: Outputs::List
    ),
    row!(
        "unstack",
        &[X1, AXIS0],
        "np.unstack(x, axis=axis)",
        &["x:3x4 | unstack(x)", "x:3x4 | unstack(x, axis=-1)", "x:3 | unstack(x)"],
        "The parts along an axis, without it.",
        "Views; along axis 0 each is one frame of the stream. At most 65536.",
        outputs: Outputs::List
    ),
    row!(
        "tile",
        &[X1, Param::new("reps", ParamKind::Ints)],
        "np.tile(x, reps)",
        &["tile(x, 2)", "tile(x, (2, 1, 2))", "tile(x, 0)", "tile(x, (2, 2))", "x:3 | tile(x, -1)"],
        "The whole array repeated along its last axes.",
        "Streams unless repeated along axis 0."
    ),
    row!(
        "repeat",
        &[X1, Param::new("repeats", ParamKind::Array), NO_AXIS],
        "np.repeat(x, repeats, axis)",
        &[
            "repeat(x, 2)",
            "repeat(x, 3, axis=0)",
            "repeat(x, 0, axis=-1)",
            "x:4 | repeat(x, (1, 0, 2, 1))",
            "x:3x4 | repeat(x, (1, 2), axis=0)",
            "x:3x4 | repeat(x, (1, 2, 0), axis=0)",
            "x:3x4 | repeat(x, (2,), axis=1)",
            "x:3 | repeat(x, -1)"
        ],
        "Each element repeated along an axis; without one the array is flattened.",
        "One count, or one for each position. Streams unless repeated along axis 0."
    ),
    row!(
        "resize",
        &[X1, Param::new("shape", ParamKind::Shape)],
        "np.resize(x, shape)",
        &["resize(x, (2, 3))", "resize(x, 5)", "resize(x, (2, 0))", "resize(x, -1)", "resize(x, (40,))"],
        "The elements in C order under another shape, repeated or cut to fill it.",
        "Nothing repeated gives zeros."
    ),
    row!(
        "insert",
        &[X1, OBJ, Param::new("values", ParamKind::Array), NO_AXIS],
        "np.insert(x, obj, values, axis)",
        &[
            "x:4 | insert(x, 1, 9)",
            "x:4 | insert(x, (1, 3), (8, 9))",
            "x:4 | insert(x, 1, (8, 9))",
            "x:3x4 | insert(x, 1, 9, axis=1)",
            "x:3x4 | insert(x, 1, (7, 8, 9), axis=1)",
            "x:3x4 | insert(x, (1,), (7, 8, 9), axis=1)",
            "x:3x4 | insert(x, 2, 5)",
            "x:4 | insert(x, -1, 9)",
            "x:4 | insert(x, 5, 9)",
            "x:4 | insert(x, (2, 2, 0), (1, 2, 3))",
            "x:4 y:3 | insert(x, 4, y)"
        ],
        "Values before positions along an axis; without one x is flattened.",
        "The values take x's type (astype's rule). Positions are those before anything is inserted."
    ),
    row!(
        "delete",
        &[X1, OBJ, NO_AXIS],
        "np.delete(x, obj, axis)",
        &[
            "x:4 | delete(x, 1)",
            "x:4 | delete(x, (1, 1, -1))",
            "x:4 | delete(x, 7)",
            "x:3x4 | delete(x, 1)",
            "x:3x4 | delete(x, (0, 2), axis=1)",
            "x:2 | delete(x, (0, 1))"
        ],
        "What is left without the positions along an axis; without one x is flattened.",
        "Positions are integers; a position twice counts once."
    ),
    row!(
        "broadcast_arrays",
        OPERANDS,
        "np.broadcast_arrays(*arrays)",
        &[
            "x:3x4 y:4 | broadcast_arrays((x, y))",
            "x:3x1 y:4 z: | broadcast_arrays((x, y, z))",
            "x:3 y:4 | broadcast_arrays((x, y))"
        ],
        "The arrays broadcast to the shape of all.",
        "No copies.",
        outputs: Outputs::List
    ),
];

#[track_caller]
fn join(op: &str, arrays: &[Lazy], shaped: impl Fn(&Lazy) -> Lazy, axis: impl Fn(usize) -> usize) -> Lazy {
    built_of(arrays, || {
        let parts: Vec<Lazy> = arrays.iter().map(shaped).collect();
        let first = parts.first().ok_or_else(|| Error::value(op, "no arrays were given; at least one is needed"))?;
        let axis = axis(first.ndim()?);
        Ok(joined(&parts, axis))
    })
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn stack(arrays: &[Lazy], axis: isize) -> Lazy {
    built_of(arrays, || {
        let first =
            arrays.first().ok_or_else(|| Error::value("stack", "no arrays were given; at least one is needed"))?;
        let at = shape::axis("stack", axis, first.ndim()? + 1)?;
        for a in arrays {
            if a.shape()? != first.shape()? {
                let detail =
                    format!("shapes {} and {} are not equal", shape::show(first.shape()?), shape::show(a.shape()?));
                return Err(Error::shape("stack", detail));
            }
        }
        let parts: Vec<Lazy> = arrays.iter().map(|a| expand_dims(a, &[at as isize])).collect();
        Ok(joined(&parts, at))
    })
}

/// Below.
#[track_caller]
pub fn vstack(arrays: &[Lazy]) -> Lazy {
    join("vstack", arrays, atleast_2d, |_| 0)
}

/// Beside.
#[track_caller]
pub fn hstack(arrays: &[Lazy]) -> Lazy {
    join("hstack", arrays, atleast_1d, |rank| usize::from(rank > 1))
}

/// Behind.
#[track_caller]
pub fn dstack(arrays: &[Lazy]) -> Lazy {
    join("dstack", arrays, atleast_3d, |_| 2)
}

/// Columns.
#[track_caller]
pub fn column_stack(arrays: &[Lazy]) -> Lazy {
    let column = |a: &Lazy| if a.ndim().is_ok_and(|r| r < 2) { reshape(a, &[-1, 1]) } else { a.clone() };
    let column = |a: &Lazy| if a.shape().is_ok_and(|s| s == [0]) { reshape(a, &[0, 1]) } else { column(a) };
    join("column_stack", arrays, column, |_| 1)
}

/// After.
#[track_caller]
pub fn append(x: &Lazy, values: Operand, axis: Option<isize>) -> Lazy {
    built(&[x], || {
        let values = as_array(values);
        match axis {
            Some(a) => Ok(joined(&[x.clone(), values], shape::axis("append", a, x.ndim()?)?)),
            None => Ok(joined(&[ravel(x), ravel(&values)], 0)),
        }
    })
}

#[track_caller]
fn parts(op: &str, x: &Lazy, cuts: &Operand, axis: isize, equal: bool) -> Vec<Lazy> {
    built(&[x], || {
        let axis = shape::axis(op, axis, x.ndim()?)?;
        let n = x.shape()?[axis];
        let (cuts, one) = known_ints(op, "indices_or_sections", cuts)?;
        if let ([k], true) = (cuts.as_slice(), one) {
            let k = usize::try_from(*k).ok().filter(|k| (1..=MOST_PARTS).contains(k));
            let k = k.ok_or_else(|| Error::value(op, format!("the number of parts must be 1 to {MOST_PARTS}")))?;
            if equal && n % k != 0 {
                return Err(Error::shape(
                    op,
                    format!("{n} elements along axis {axis} are not {k} equal parts; use array_split"),
                ));
            }
            let start = |i: usize| i * (n / k) + i.min(n % k);
            return Ok((0..k).map(|i| part(x, axis, start(i), start(i + 1))).collect());
        }
        let starts = [None].into_iter().chain(cuts.iter().copied().map(Some));
        let stops = cuts.iter().copied().map(Some).chain([None]);
        Ok(starts.zip(stops).map(|(a, b)| slice_axis(x, axis as isize, a, b, None)).collect())
    })
}

/// An array has no more parts than this.
const MOST_PARTS: usize = 1 << 16;

/// Parts.
#[track_caller]
pub fn split(x: &Lazy, cuts: Operand, axis: isize) -> Vec<Lazy> {
    parts("split", x, &cuts, axis, true)
}

/// Parts.
#[track_caller]
pub fn array_split(x: &Lazy, cuts: Operand, axis: isize) -> Vec<Lazy> {
    parts("array_split", x, &cuts, axis, false)
}

#[track_caller]
fn parts_of(op: &str, x: &Lazy, cuts: &Operand, axis: isize, least: usize) -> Vec<Lazy> {
    match x.ndim() {
        Ok(r) if r < least => {
            vec![Lazy::failed(Error::shape(op, format!("{r} axes are given; it needs at least {least}")))]
        }
        _ => parts(op, x, cuts, axis, true),
    }
}

/// Rows.
#[track_caller]
pub fn vsplit(x: &Lazy, cuts: Operand) -> Vec<Lazy> {
    parts_of("vsplit", x, &cuts, 0, 2)
}

/// Columns.
#[track_caller]
pub fn hsplit(x: &Lazy, cuts: Operand) -> Vec<Lazy> {
    parts_of("hsplit", x, &cuts, isize::from(x.ndim().is_ok_and(|r| r > 1)), 1)
}

/// Depth.
#[track_caller]
pub fn dsplit(x: &Lazy, cuts: Operand) -> Vec<Lazy> {
    parts_of("dsplit", x, &cuts, 2, 3)
}

/// Each part.
#[track_caller]
pub fn unstack(x: &Lazy, axis: isize) -> Vec<Lazy> {
    built(&[x], || {
        let at = shape::axis("unstack", axis, x.ndim()?)?;
        let n = x.shape()?[at];
        if n > MOST_PARTS {
            return Err(Error::shape("unstack", format!("{n} parts are too many; at most {MOST_PARTS}")));
        }
        Ok((0..n).map(|i| squeeze(&part(x, at, i, i + 1), &[at as isize])).collect())
    })
}

/// The whole, again and again.
#[track_caller]
pub fn tile(x: &Lazy, reps: &[isize]) -> Lazy {
    built(&[x], || {
        if let Some(r) = reps.iter().find(|r| **r < 0) {
            return Err(Error::value("tile", format!("{r} times is not possible")));
        }
        let rank = x.ndim()?.max(reps.len());
        let ones = |n: usize| std::iter::repeat_n(1, rank - n);
        let from: Vec<isize> = ones(x.ndim()?).chain(shape_of(x)?).collect();
        let reps: Vec<isize> = ones(reps.len()).chain(reps.iter().copied()).collect();
        let mut out = reshape(x, &from);
        // One axis after the other: the frames stay frames where time is not repeated.
        for (axis, &r) in reps.iter().enumerate().filter(|(_, r)| **r != 1) {
            let now = shape_of(&out)?;
            let (mut one, mut many, mut to) = (now.clone(), now.clone(), now.clone());
            one.insert(axis, 1);
            many.insert(axis, r);
            to[axis] =
                now[axis].checked_mul(r).ok_or_else(|| Error::shape("tile", "the result is too large to address"))?;
            out = reshape(&broadcast_to(&reshape(&out, &one), &many), &to);
        }
        Ok(out)
    })
}

/// Each element, again and again.
#[track_caller]
pub fn repeat(x: &Lazy, repeats: Operand, axis: Option<isize>) -> Lazy {
    built(&[x], || {
        let (counts, _) = known_ints("repeat", "repeats", &repeats)?;
        let x = if axis.is_none() { ravel(x) } else { x.clone() };
        let at = shape::axis("repeat", axis.unwrap_or(0), x.ndim()?)?;
        let &[r] = counts.as_slice() else {
            let attrs = vec![Attr::Input(0), Attr::Ints(counts), Attr::Int(at as i64)];
            return Ok(Lazy::whole(&whole::REPEAT, vec![x], attrs));
        };
        if r < 0 {
            return Err(Error::value("repeat", format!("{r} times is not possible")));
        }
        let now = shape_of(&x)?;
        let (mut one, mut many, mut to) = (now.clone(), now.clone(), now.clone());
        one.insert(at + 1, 1);
        many.insert(at + 1, r);
        to[at] = now[at].checked_mul(r).ok_or_else(|| Error::shape("repeat", "the result is too large to address"))?;
        Ok(reshape(&broadcast_to(&reshape(&x, &one), &many), &to))
    })
}

/// Filled up.
#[track_caller]
pub fn resize(x: &Lazy, to: &[isize]) -> Lazy {
    built(&[x], || {
        if let Some(d) = to.iter().find(|d| **d < 0) {
            return Err(Error::shape("resize", format!("the length {d} is negative")));
        }
        let lengths: Vec<usize> = to.iter().map(|&d| d as usize).collect();
        let wanted = shape::count("resize", &lengths, 1)?;
        let flat = ravel(x);
        let n = flat.shape()?[0];
        if wanted == 0 || n == 0 {
            return Ok(zeros(to, x.dtype()?));
        }
        let all = if n < wanted { tile(&flat, &[wanted.div_ceil(n) as isize]) } else { flat };
        Ok(reshape(&part(&all, 0, 0, wanted), to))
    })
}

/// Between.
#[track_caller]
pub fn insert(x: &Lazy, obj: Operand, values: Operand, axis: Option<isize>) -> Lazy {
    built(&[x], || {
        let op = "insert";
        let x = if axis.is_none() { ravel(x) } else { x.clone() };
        let at = shape::axis(op, axis.unwrap_or(0), x.ndim()?)?;
        let n = x.shape()?[at] as isize;
        let (places, one) = known_ints(op, "obj", &obj)?;
        let mut order = Vec::new();
        for (j, &p) in places.iter().enumerate() {
            let i = if p < 0 { p + n } else { p };
            if !(0..=n).contains(&i) {
                return Err(Error::shape(op, format!("index {p} is out of bounds for axis {at} of length {n}")));
            }
            order.push((i as usize, j));
        }
        order.sort_unstable();
        let mut values = as_array(values).cast(x.dtype()?);
        let missing = x.ndim()?.checked_sub(values.ndim()?);
        let missing = missing.ok_or_else(|| Error::shape(op, "the values have more axes than the array"))?;
        for _ in 0..missing {
            values = expand_dims(&values, &[0]);
        }
        if one {
            values = moveaxis(&values, &[0], &[at as isize]);
        }
        let single = places.len() == 1;
        let mut to = shape_of(&x)?;
        to[at] = if single { shape_of(&values)?[at] } else { places.len() as isize };
        let values = broadcast_to(&values, &to);
        let mut pieces = Vec::new();
        let mut from = 0;
        for (i, j) in order {
            pieces.push(part(&x, at, from, i));
            pieces.push(if single { values.clone() } else { part(&values, at, j, j + 1) });
            from = i;
        }
        pieces.push(part(&x, at, from, n as usize));
        Ok(joined(&pieces, at))
    })
}

/// Without.
#[track_caller]
pub fn delete(x: &Lazy, obj: Operand, axis: Option<isize>) -> Lazy {
    built(&[x], || {
        let op = "delete";
        let x = if axis.is_none() { ravel(x) } else { x.clone() };
        let at = shape::axis(op, axis.unwrap_or(0), x.ndim()?)?;
        let n = x.shape()?[at] as isize;
        let (places, _) = known_ints(op, "obj", &obj)?;
        let mut gone = Vec::new();
        for &p in &places {
            let i = if p < 0 { p + n } else { p };
            if !(0..n).contains(&i) {
                return Err(Error::shape(op, format!("index {p} is out of bounds for axis {at} of length {n}")));
            }
            gone.push(i as usize);
        }
        gone.sort_unstable();
        gone.dedup();
        let mut pieces = Vec::new();
        let mut from = 0;
        for i in gone {
            if i > from {
                pieces.push(part(&x, at, from, i));
            }
            from = i + 1;
        }
        if from < n as usize || pieces.is_empty() {
            pieces.push(part(&x, at, from, n as usize));
        }
        Ok(if pieces.len() == 1 { pieces.swap_remove(0) } else { joined(&pieces, at) })
    })
}

/// One shape for all.
#[track_caller]
pub fn broadcast_arrays(arrays: &[Lazy]) -> Vec<Lazy> {
    built_of(arrays, || {
        let shapes = arrays.iter().map(Lazy::shape).collect::<Result<Vec<_>>>()?;
        let to = shape::signed(&shape::broadcast("broadcast_arrays", &shapes)?);
        Ok(arrays.iter().map(|a| broadcast_to(a, &to)).collect())
    })
}
