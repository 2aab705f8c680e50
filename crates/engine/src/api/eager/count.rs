//! How often each whole number occurs.

use super::*;

/// The pages of this file.
pub(super) const ROWS: &[Row] = &[Row {
    name: "bincount",
    params: &[
        X1,
        Param::new("weights", ParamKind::Array).or(Preset::None),
        Param::new("minlength", ParamKind::Int).or(Preset::Int(0)),
    ],
    numpy: "np.bincount(x, weights, minlength)",
    tries: &[
        "x:7 bool uint8 uint16 mild | bincount(x)",
        "x:7 | bincount(x > 1, minlength=5)",
        "x:7 float | bincount([0, 3, 1, 3, 0, 3, 9], x)",
        "x:7 int mild | bincount(x % 5, x)",
        "x:7 int mild | bincount(x % 5, weights=x, minlength=9)",
        "x:0 int mild | bincount(x, minlength=3)",
        "x:3x4 uint8 mild | bincount(x)",
        "x:7 int8 mild | bincount(x)",
        "x:7 mild int | bincount(x % 5, (1, 2))",
        "x:7 int mild | bincount(x % 5, minlength=-1)",
        "x:7 float | bincount(x)",
    ],
    ulp: 1,
    doc: "How often each of 0, 1, 2, … occurs, up to the greatest element and at least minlength of them.",
    rule: "x has one axis of integers or truth values, none of them negative. int64; with weights their sums, float64, added in order. Complex weights are an error. Computed at once.",
    ..Row::EAGER
}];

/// Counts.
#[track_caller]
pub fn bincount(x: &Lazy, weights: Option<Operand>, minlength: isize) -> Lazy {
    built(&[x], || counted(x, weights, minlength))
}

fn counted(x: &Lazy, weights: Option<Operand>, minlength: isize) -> Result<Lazy> {
    let op = "bincount";
    let (d, of) = (x.dtype()?, x.shape()?.to_vec());
    if d != DType::Bool && !d.is_integer() {
        return Err(Error::dtype(op, format!("x is {d}; it must be integers, such as astype(x, int64)")));
    }
    let [n] = of[..] else {
        return Err(Error::shape(op, format!("x has shape {}; it must have one axis", shape::show(&of))));
    };
    let least = usize::try_from(minlength)
        .map_err(|_| Error::value(op, format!("minlength is {minlength}; it must be 0 or more")))?;
    let weights = weights.map(as_array);
    if let Some(w) = &weights {
        if w.dtype()?.is_complex() {
            return Err(Error::dtype(op, format!("weights are {}; they must be real numbers", w.dtype()?)));
        }
        if w.shape()? != [n] {
            let detail =
                format!("weights have shape {}, x has {n} elements; give one for each", shape::show(w.shape()?));
            return Err(Error::shape(op, detail));
        }
    }
    // As the widest of its signs: what uint64 does not fit into int64 is too large to count anyway.
    let wide = if d == DType::U64 { DType::U64 } else { DType::I64 };
    let values = x.cast(wide).collect()?;
    let mut places: Vec<usize> = Vec::with_capacity(n);
    if wide == DType::U64 {
        for v in values.to_vec::<u64>()? {
            places.push(usize::try_from(v).map_err(|_| too_far(op, &v.to_string()))?);
        }
    } else {
        for v in values.to_vec::<i64>()? {
            places.push(usize::try_from(v).map_err(|_| too_far(op, &v.to_string()))?);
        }
    }
    let length = places.iter().max().map_or(Some(0), |m| m.checked_add(1));
    let length = length.ok_or_else(|| too_far(op, &usize::MAX.to_string()))?.max(least);
    shape::count(op, &[length], 8)?;
    // Asks for the memory politely: a place far out is an error, not an abort.
    match weights {
        None => {
            let mut counts: Vec<i64> = room(op, length)?;
            for at in places {
                if let Some(c) = counts.get_mut(at) {
                    *c += 1;
                }
            }
            Ok(Array::from_slice(&counts, &[length])?.into())
        }
        Some(w) => {
            let w = w.cast(DType::F64).collect()?.to_vec::<f64>()?;
            let mut sums: Vec<f64> = room(op, length)?;
            for (at, w) in places.into_iter().zip(w) {
                if let Some(s) = sums.get_mut(at) {
                    *s += w;
                }
            }
            Ok(Array::from_slice(&sums, &[length])?.into())
        }
    }
}

fn too_far(op: &str, v: &str) -> Error {
    Error::value(op, format!("{v} cannot be counted; elements must be 0 or more and not too large to address"))
}

fn room<T: Clone + Default>(op: &str, n: usize) -> Result<Vec<T>> {
    let mut all = Vec::new();
    all.try_reserve_exact(n).map_err(|_| Error::value(op, format!("{n} counts do not fit in memory")))?;
    all.resize(n, T::default());
    Ok(all)
}
