//! Least squares: how many residuals there are depends on the rank, which only the data tells.

use super::*;

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
    built(&[a], || solution(a, b, rcond))
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
    let dtype = promote(or_f64(a.dtype()?), or_f64(b.dtype()?));
    let (a, b) = (a.cast(dtype), b.cast(dtype));
    let parts: [Lazy; 3] = exactly(pages("svd", vec![a.clone()], vec![Attr::Bool(false)]))?;
    let [u, s, vh] = parts.map(|p| p.collect());
    let [u, s, vh] = [u?, s?, vh?].map(Lazy::from);
    let values = s.collect()?.to_f64_vec()?;
    let eps = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let limit = rcond.unwrap_or(*m.max(n) as f64 * eps) * values.first().copied().unwrap_or(0.0);
    let rank = values.iter().filter(|v| **v > limit).count();
    // x = vhᵀ · (uᵀ · b / s), over the singular values that count.
    let wide = if sb.len() == 1 { compose::expand_dims(&b, &[1]) } else { b };
    let turned = |x: &Lazy, axis| compose::matrix_transpose(&part(&conjugate(x), axis, 0, rank));
    let inner = product(&turned(&u, 1), &wide) / compose::expand_dims(&part(&s, 0, 0, rank), &[1]);
    let x = Lazy::from(product(&turned(&vh, 0), &inner).collect()?);
    let real = s.dtype()?;
    let residuals = if rank == *n && m > n {
        let left = unary(Unary::Square, absolute(wide - product(&a, &x)));
        Lazy::from(left.reduce(Reduce::Sum, &[0]).cast(real).collect()?)
    } else {
        Lazy::from(Array::zeros(real, &[0])?)
    };
    let x = if sb.len() == 1 { compose::squeeze(&x, &[1]) } else { x };
    Ok([x, residuals, Lazy::from(Array::from_slice(&[rank as i32], &[])?), s])
}
