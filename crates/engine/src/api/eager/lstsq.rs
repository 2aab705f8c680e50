//! Least squares: how many residuals there are depends on the rank, which only the data tells.

use super::*;
use crate::array::shape;
use crate::lazy::{IntoAxes, Operand, compose};
use crate::ops::facts::{Param, ParamKind, Preset};
use crate::ops::{Elementwise, Part, Reduce};

/// The pages of this file.
pub(super) const ROWS: &[Row] = &[Row {
    name: "lstsq",
    params: &[
        Param::new("a", ParamKind::Array),
        Param::new("b", ParamKind::Array),
        Param::new("rcond", ParamKind::Float).or(Preset::None),
    ],
    outputs: Outputs::Named(&["x", "residuals", "rank", "s"]),
    numpy: "np.linalg.lstsq(a, b, rcond)",
    tries: &[
        "x:5x3 y:5 real | lstsq(x, y)",
        "x:5x3 y:5x2 real | lstsq(x, y)",
        "x:3x5 y:3 real | lstsq(x, y)",
        "x:3x3 y:3x2 real | lstsq(x, y)",
        "x:5x3 y:5 real | lstsq(x, y, 0.5)",
        "x:5x3 y:4 | lstsq(x, y)",
        "x:5 y:5 | lstsq(x, y)",
    ],
    ulp: 1 << 24,
    doc: "The x of least norm(b - a @ x), the squares of what is left, the rank of a and its singular values.",
    rule: "By singular values: those of at most rcond times the greatest count as zero; rcond None is eps times the longer side. Residuals are empty unless a has full rank and more rows than columns. The rank is int32. Integers in float64. Computed at once. Last bits may depend on the machine.",
    ..Row::EAGER
}];

/// See the row of the same name.
#[track_caller]
pub fn lstsq(a: &Lazy, b: Operand, rcond: Option<f64>) -> [Lazy; 4] {
    match solution(a, b, rcond) {
        Ok(all) => all,
        Err(e) => {
            let failed = Lazy::failed(e.without_place());
            std::array::from_fn(|_| failed.clone())
        }
    }
}

/// The complex conjugate; real numbers pass unchanged.
fn conj(x: &Lazy) -> Lazy {
    match x.dtype() {
        Ok(d) if d.is_complex() => Lazy::elementwise(Elementwise::Part(Part::Conj), vec![x.into()]),
        _ => x.clone(),
    }
}

fn solution(a: &Lazy, b: Operand, rcond: Option<f64>) -> Result<[Lazy; 4]> {
    const OP: &str = "lstsq";
    let Operand::Lazy(b) = b else {
        return Err(Error::shape(OP, "b must be an array of one axis or two"));
    };
    let (sa, sb) = (a.shape()?.to_vec(), b.shape()?.to_vec());
    let ([m, n], [rows] | [rows, _]) = (sa.as_slice(), sb.as_slice()) else {
        return Err(Error::shape(
            OP,
            format!(
                "takes a matrix and b of one axis or two; shapes are {} and {}",
                shape::show(&sa),
                shape::show(&sb)
            ),
        ));
    };
    if m != rows || *m == 0 || *n == 0 {
        return Err(Error::shape(
            OP,
            format!(
                "a of shape {} and b of shape {} must have as many rows, and a some elements",
                shape::show(&sa),
                shape::show(&sb)
            ),
        ));
    }
    let float = |x: &Lazy| {
        Ok::<_, Error>(if x.dtype()?.is_float() || x.dtype()?.is_complex() { x.clone() } else { x.cast(DType::F64) })
    };
    let (a, b) = (float(a)?, float(&b)?);
    let dtype = crate::array::promote::promote(a.dtype()?, b.dtype()?);
    let (a, b) = (a.cast(dtype), b.cast(dtype));
    let [u, s, vh] = a.svd(false);
    let [u, s, vh] = [u.collect()?, s.collect()?, vh.collect()?].map(Lazy::from);
    let values = s.collect()?.to_f64_vec()?;
    let eps = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let limit = rcond.unwrap_or(*m.max(n) as f64 * eps) * values.first().copied().unwrap_or(0.0);
    let rank = values.iter().filter(|v| **v > limit).count();
    let first = |x: &Lazy, axis| x.slice_axis(axis, None, Some(rank as isize), None);
    // x = vhᵀ · (uᵀ · b / s), over the singular values that count.
    let wide = if sb.len() == 1 { b.expand_dims(1) } else { b.clone() };
    let inner = compose::divide(&first(&conj(&u), 1).matrix_transpose().matmul(&wide), first(&s, 0).expand_dims(1));
    let x = Lazy::from(first(&conj(&vh), 0).matrix_transpose().matmul(inner).collect()?);
    let real = s.dtype()?;
    let residuals = if rank == *n && m > n {
        let left = wide.subtract(a.matmul(&x)).absolute().square();
        Lazy::from(left.reduce(Reduce::Sum, &0.into_axes()).cast(real).collect()?)
    } else {
        Lazy::from(Array::zeros(real, &[0])?)
    };
    let x = if sb.len() == 1 { x.squeeze(1) } else { x };
    Ok([x, residuals, Lazy::from(Array::from_slice(&[rank as i32], &[])?), s])
}
