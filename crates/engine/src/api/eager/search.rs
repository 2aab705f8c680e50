//! Where something is.

use super::*;
use crate::array::index::Slice;

/// The pages of this file.
pub(super) const ROWS: &[Row] = &[
    Row {
        name: "nonzero",
        params: X,
        outputs: Outputs::List,
        numpy: "np.nonzero(x)",
        doc: "The positions of the elements that are not zero, one array of int64 for each axis.",
        rule: "In C order. NaN is not zero. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "flatnonzero",
        params: X,
        numpy: "np.flatnonzero(x)",
        doc: "The positions in the flattened array of the elements that are not zero.",
        rule: "int64, rising. NaN is not zero. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "argwhere",
        params: X,
        numpy: "np.argwhere(x)",
        doc: "The positions of the elements that are not zero, one row for each.",
        rule: "int64, in C order. NaN is not zero. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "compress",
        params: &[Param::new("condition", ParamKind::Array), X1, NO_AXIS],
        numpy: "np.compress(condition, x, axis)",
        tries: &[
            "x:3x4 | compress([True, False, True], x, axis=0)",
            "x:3x4 | compress([0, 2, 1], x, axis=-1)",
            "x:3x4 | compress([0, 2, 1], x)",
            "x:3x4 | compress([1, 0, 0, 1], x, axis=0)",
            "x:3x4 | compress(x, x)",
        ],
        doc: "The parts along an axis, or the flattened elements, for which the condition is true.",
        rule: "The condition has one axis and may be shorter. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "extract",
        params: &[Param::new("condition", ParamKind::Array), X1],
        numpy: "np.extract(condition, x)",
        tries: &["extract(x > 1, x)", "extract([1, 0, 2], x)"],
        doc: "The flattened elements for which the flattened condition is true.",
        rule: "The condition may be shorter. Computed at once.",
        ..Row::EAGER
    },
    Row {
        name: "ix_",
        params: &[Param::new("arrays", ParamKind::Operands)],
        outputs: Outputs::List,
        numpy: "np.ix_(*arrays)",
        tries: &["x:3 | ix_((x > 1, [0, 1]))", "x:3x2 | ix_((x > 1, [0, 1]))"],
        doc: "Arrays of one axis, each along an axis of its own, so that as an index they name all combinations.",
        rule: "Truth values become the positions of the true ones, at once.",
        ..Row::EAGER
    },
];

/// The positions in the flattened array.
#[track_caller]
pub fn flatnonzero(x: &Lazy) -> Lazy {
    built(&[x], || {
        let mut all = positions(&compose::ravel(x))?;
        Ok(all.pop().ok_or_else(|| Error::internal("flatnonzero: no positions"))?.into())
    })
}

/// The positions as rows.
#[track_caller]
pub fn argwhere(x: &Lazy) -> Lazy {
    built(&[x], || {
        let rank = x.ndim()?;
        let lists = positions(x)?.iter().map(Array::to_vec::<i64>).collect::<Result<Vec<_>>>()?;
        // Of an array without axes there is one position, which has no parts.
        let rows = match lists.first() {
            Some(list) => list.len(),
            None => usize::from(x.cast(DType::Bool).collect()?.get_f64(&[])? != 0.0),
        };
        let all: Vec<i64> = (0..rows).flat_map(|r| lists.iter().filter_map(move |l| l.get(r).copied())).collect();
        Ok(Array::from_slice(&all, &[rows, rank])?.into())
    })
}

/// What the condition lets through.
#[track_caller]
pub fn compress(condition: &Lazy, x: Operand, axis: Option<isize>) -> Lazy {
    built(&[condition], || {
        let x = match x {
            Operand::Lazy(l) => l,
            weak => compose::reshape(&as_array(weak), &[1]),
        };
        if condition.ndim()? != 1 {
            return Err(Error::shape(
                "compress",
                format!("the condition has shape {}; one axis is meant", shape::show(condition.shape()?)),
            ));
        }
        let (x, axis) = match axis {
            Some(a) => (x.clone(), shape::axis("compress", a, x.ndim()?)?),
            None => (compose::ravel(&x), 0),
        };
        let mut items = vec![Index::Slice(Slice::default()); axis];
        items.push(Index::Array(flatnonzero(condition)));
        Ok(indexed(&x, &items))
    })
}

/// The flattened elements that the condition lets through.
#[track_caller]
pub fn extract(condition: &Lazy, x: Operand) -> Lazy {
    compress(&compose::ravel(condition), x, None)
}

/// Each array along an axis of its own.
#[track_caller]
pub fn ix_(arrays: &[Lazy]) -> Vec<Lazy> {
    let one = |(n, a): (usize, &Lazy)| -> Result<Lazy> {
        if a.ndim()? != 1 {
            return Err(Error::shape(
                "ix_",
                format!("array {n} has shape {}; one axis is meant", shape::show(a.shape()?)),
            ));
        }
        let a = if a.dtype()? == DType::Bool { flatnonzero(a) } else { a.clone() };
        let mut lens = vec![1; arrays.len()];
        lens[n] = a.shape()?.first().copied().unwrap_or(0) as isize;
        Ok(compose::reshape(&a, &lens))
    };
    built_of(arrays, || arrays.iter().enumerate().map(one).collect::<Result<Vec<_>>>())
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn nonzero(x: &Lazy) -> Vec<Lazy> {
    built(&[x], || {
        if x.shape()?.is_empty() {
            return Err(Error::shape("nonzero", "an array without axes has no positions; reshape it to (1,)"));
        }
        Ok(positions(x)?.into_iter().map(Lazy::from).collect::<Vec<_>>())
    })
}

/// Where the elements are that are not zero, one array for each axis.
pub(in crate::api) fn positions(x: &Lazy) -> Result<Vec<Array>> {
    let truth = x.cast(DType::Bool).collect()?.to_contiguous()?;
    let bytes = truth.contiguous_bytes().unwrap_or(&[]);
    let shape = truth.shape();
    let mut places: Vec<Vec<i64>> = vec![Vec::new(); shape.len()];
    for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b != 0) {
        let mut rest = at;
        for (axis, place) in places.iter_mut().enumerate().rev() {
            place.push((rest % shape[axis]) as i64);
            rest /= shape[axis];
        }
    }
    places.iter().map(|p| Array::from_slice(p, &[p.len()])).collect()
}
