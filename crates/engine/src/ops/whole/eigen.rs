//! Eigenvalues of square matrices, always complex.

use opusclip_maths::{Complex, Dense};
use opusclip_raw::DType;

use super::given::Given;
use super::linalg::{Stack, entry_of, failed, finite, matrices, stacked, with_entry};
use super::support::cast;
use super::{Meaning, Page};
use crate::array::{Array, Meta};
use crate::error::Result;
use crate::ops::facts::{Outputs, Row};

pub(super) const PAGES: &[&Page] = &[&EIG, &EIGVALS];

/// Eigenvalues and vectors.
pub(super) static EIG: Page = Page {
    row: Row {
        name: "eig",
        outputs: Outputs::Named(&["eigenvalues", "eigenvectors"]),
        numpy: "tuple(v + 0j for v in np.linalg.eig(x))",
        tries: &["x:0x0 | eig(x)", "x:1x1 | eig(x)", "x:2x1x1 | eig(x)[0]", "x:3x4 | eig(x)", "x:4x4 | sum(eig(x)[0])"],
        ulp: 1 << 20,
        doc: "Eigenvalues and right eigenvectors, as columns of length 1, of square matrices over the last two axes.",
        rule: "Always complex: NumPy gives real ones when no imaginary part happens to be other than 0. The order is no promise, as in NumPy. Integers in complex128. Infinities and NaN are an error. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::Many { meta: |g| Ok(plan(g)?.1), eval: eig },
    frames: stacked,
};

/// Eigenvalues alone.
pub(super) static EIGVALS: Page = Page {
    row: Row {
        name: "eigvals",
        numpy: "np.linalg.eigvals(x) + 0j",
        tries: &["x:0x0 | eigvals(x)", "x:2x1x1 | eigvals(x)", "x:3 | eigvals(x)", "x:4x4 | sum(eigvals(x))"],
        ulp: 1 << 20,
        doc: "The eigenvalues of square matrices over the last two axes.",
        rule: "eig's rule.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| Ok(plan(g)?.1.swap_remove(0)), eval: eigvals },
    frames: stacked,
};

fn plan(g: &Given<'_, Meta>) -> Result<(Stack, Vec<Meta>, DType)> {
    let x = g.x()?;
    let s = Stack::square(g.op(), x)?;
    let dtype = entry_of(g.op(), x.dtype)?;
    let complex = if dtype.real() == DType::F32 { DType::C64 } else { DType::C128 };
    Ok((s, vec![Meta::new(values_of(x), complex), Meta::new(x.shape.clone(), complex)], dtype))
}

/// The shape without its last axis.
fn values_of(x: &Meta) -> Vec<usize> {
    x.shape.split_last().map_or(Vec::new(), |(_, rest)| rest.to_vec())
}

fn eig(g: &Given<'_, Array>) -> Result<Vec<Array>> {
    let (s, metas, dtype) = g.told(plan)?;
    let x = cast(g.x()?, dtype)?;
    with_entry!(dtype, T => {
        let mut values = Vec::<Complex<<T as Dense>::Real>>::new();
        let mut vectors = Vec::<Complex<<T as Dense>::Real>>::new();
        for a in matrices::<T>(&x, s.n * s.n)? {
            finite(g.op(), a)?;
            let one = T::eig(a, s.n).map_err(|e| failed(g.op(), e))?;
            values.extend(one.values);
            vectors.extend(one.vectors);
        }
        Ok(vec![Array::from_slice(&values, &metas[0].shape)?, Array::from_slice(&vectors, &metas[1].shape)?])
    })
}

fn eigvals(g: &Given<'_, Array>) -> Result<Array> {
    let (s, metas, dtype) = g.told(plan)?;
    let x = cast(g.x()?, dtype)?;
    with_entry!(dtype, T => {
        let mut values = Vec::<Complex<<T as Dense>::Real>>::new();
        for a in matrices::<T>(&x, s.n * s.n)? {
            finite(g.op(), a)?;
            values.extend(T::eigvals(a, s.n).map_err(|e| failed(g.op(), e))?);
        }
        Array::from_slice(&values, &metas[0].shape)
    })
}
