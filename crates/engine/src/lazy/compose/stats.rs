//! Reductions made of reductions, and differences.

use super::*;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "diff",
        params: X_AXIS,
        numpy: "np.diff(x, axis=axis)",
        doc: "Difference of neighbours along one axis: `x[1:] - x[:-1]`.",
        rule: "subtract's rule: unsigned integers wrap, so cast before; bool uses not_equal.",
        ..Row::BASE
    },
    Row {
        name: "var",
        params: X_AXES,
        numpy: "np.var(x, axis)",
        ulp: 64,
        doc: "Variance: mean(square(x - mean(x))).",
        rule: "Integers are computed in float64, 16-bit floats in float32; of complex numbers the distances from the mean are squared. No correction (ddof = 0).",
        ..Row::BASE
    },
    Row {
        name: "std",
        params: X_AXES,
        numpy: "np.std(x, axis)",
        ulp: 64,
        doc: "Standard deviation: sqrt(var(x)).",
        rule: "Integers are computed in float64, 16-bit floats in float32; of complex numbers the distances from the mean are squared. No correction (ddof = 0).",
        ..Row::BASE
    },
    Row {
        name: "ptp",
        params: X_AXES,
        numpy: "np.ptp(x, axis)",
        doc: "Peak to peak: max - min.",
        rule: "subtract's rule on the two.",
        ..Row::BASE
    },
];

/// Difference.
#[track_caller]
pub fn diff(x: &Lazy, axis: isize) -> Lazy {
    let later = slice_axis(x, axis, Some(1), None, None);
    let earlier = slice_axis(x, axis, None, Some(-1), None);
    if x.dtype().is_ok_and(|d| d == DType::Bool) {
        return binary(Elementwise::Bits(Bits::Xor), &later, earlier);
    }
    binary(Elementwise::Binary(Binary::Subtract), &later, earlier)
}

#[track_caller]
fn float_for_moments(x: &Lazy) -> Lazy {
    match x.dtype() {
        // NumPy's rule for float16, too: the steps are not rounded to so few bits.
        Ok(d) if d.is_half() => x.cast(DType::F32),
        Ok(d) if d.kind() < Kind::Float => x.cast(DType::F64),
        _ => x.clone(),
    }
}

#[track_caller]
fn variance(x: &Lazy, axes: &[isize]) -> Lazy {
    let x = float_for_moments(x);
    let mean = x.reduce(Reduce::Mean, axes).keepdims();
    let away = binary(Elementwise::Binary(Binary::Subtract), &x, mean);
    // Of complex numbers the squared distances, which are real.
    let away = if x.dtype().is_ok_and(DType::is_complex) { abs(&away) } else { away };
    Lazy::elementwise(Elementwise::Unary(Unary::Square), vec![away.into()]).reduce(Reduce::Mean, axes)
}

/// `y` as the 16-bit float that `x` is, if it is one.
#[track_caller]
fn back_to_half(x: &Lazy, y: Lazy) -> Lazy {
    match x.dtype() {
        Ok(d) if d.is_half() => y.cast(d),
        _ => y,
    }
}

/// Variance.
#[track_caller]
pub fn var(x: &Lazy, axes: &[isize]) -> Lazy {
    back_to_half(x, variance(x, axes))
}

/// Standard deviation.
#[track_caller]
pub fn std(x: &Lazy, axes: &[isize]) -> Lazy {
    back_to_half(x, Lazy::elementwise(Elementwise::Math(Math::Sqrt), vec![variance(x, axes).into()]))
}

/// Peak to peak.
#[track_caller]
pub fn ptp(x: &Lazy, axes: &[isize]) -> Lazy {
    binary(Elementwise::Binary(Binary::Subtract), &x.reduce(Reduce::Max, axes), x.reduce(Reduce::Min, axes))
}

impl Lazy {
    /// The reduction just written, with the reduced axes kept as length 1.
    #[track_caller]
    pub fn keepdims(&self) -> Lazy {
        match (self.op(), self.inputs()) {
            _ if self.meta().is_err() => self.clone(),
            (Op::Reduce { op, axes, .. }, [x]) => x.derive(|m| {
                let meta = Meta { shape: reduced(&m.shape, axes, true), dtype: op.result(m.dtype) };
                Ok((Op::Reduce { op: *op, axes: axes.clone(), keepdims: true }, meta))
            }),
            _ => match keepdims_of_composed(self, 1) {
                Some(kept) => kept,
                None => Lazy::failed(Error::value(
                    "keepdims",
                    "this expression is not a reduction; write it right after mean(), sum() and their kin",
                )),
            },
        }
    }
}

/// After `std` and `ptp`: the elementwise op over reductions, each kept.
fn keepdims_of_composed(x: &Lazy, deeper: usize) -> Option<Lazy> {
    let Op::Elementwise(op) = x.op() else { return None };
    let kept = x.inputs().iter().map(|i| match i.op() {
        Op::Reduce { .. } => Some(Operand::Lazy(i.keepdims())),
        // The square root below the cast to a 16-bit float.
        Op::Elementwise(_) if deeper > 0 => keepdims_of_composed(i, deeper - 1).map(Operand::Lazy),
        _ => None,
    });
    Some(Lazy::elementwise(*op, kept.collect::<Option<Vec<_>>>()?))
}
