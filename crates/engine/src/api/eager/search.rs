//! Where something is.

use super::*;

/// The pages of this file.
pub(super) const ROWS: &[Row] = &[Row {
    name: "nonzero",
    params: X,
    outputs: Outputs::List,
    numpy: "np.nonzero(x)",
    doc: "The positions of the elements that are not zero, one array of int64 for each axis.",
    rule: "In C order. NaN is not zero. Computed at once.",
    ..Row::EAGER
}];

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn nonzero(x: &Lazy) -> Vec<Lazy> {
    all_of(nonzero_arrays(x), 1)
}

fn nonzero_arrays(x: &Lazy) -> Result<Vec<Array>> {
    if x.shape()?.is_empty() {
        return Err(Error::shape("nonzero", "an array without axes has no positions; reshape it to (1,)"));
    }
    positions(x)
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
