//! Ops made of other ops. What can be written here is: fusion makes it free.

use opusclip_raw::{DType, Kind};

use super::lazy::{Lazy, Meta, Op, Operand, reduced};
use crate::array::index::Slice;
use crate::array::promote::Weak;
use crate::array::shape;
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Row, X, X_AXES, XY};
use crate::ops::{Binary, Bits, Elementwise, Math, MathBinary, Movement, Reduce, Unary};

const SHAPE: &[Param] = &[Param { name: "x", kind: ParamKind::Array }, Param { name: "shape", kind: ParamKind::Shape }];
const ORDER: &[Param] = &[Param { name: "x", kind: ParamKind::Array }, Param { name: "axes", kind: ParamKind::Axes }];
const X_AXIS: &[Param] = &[Param { name: "x", kind: ParamKind::Array }, Param { name: "axis", kind: ParamKind::Axis }];
const TYPE: &[Param] = &[Param { name: "x", kind: ParamKind::Array }, Param { name: "dtype", kind: ParamKind::DType }];
const SLICE: &[Param] = &[
    Param { name: "x", kind: ParamKind::Array },
    Param { name: "axis", kind: ParamKind::Axis },
    Param { name: "start", kind: ParamKind::Position },
    Param { name: "stop", kind: ParamKind::Position },
    Param { name: "step", kind: ParamKind::Position },
];

/// The pages of this file.
pub const ROWS: &[Row] = &[
    Row {
        name: "astype",
        variant: "astype",
        params: TYPE,
        numpy: "x.astype(dtype)",
        doc: "The elements as another type.",
        rule: "float to integer truncates toward zero, saturates, and NaN gives 0 (NumPy leaves these undefined); integer to integer wraps; to bool is \"not zero\".",
        ..Row::BASE
    },
    Row {
        name: "pow",
        variant: "pow",
        params: XY,
        numpy: "x ** y",
        ulp: 4,
        doc: "x to the power y, as the operator `**` does.",
        rule: "power's rule; the literal exponents 2 and 0.5 are computed as square and, for floats, sqrt.",
        ..Row::BASE
    },
    Row {
        name: "abs",
        variant: "abs",
        numpy: "np.abs(x)",
        idempotent: true,
        doc: "Absolute value; the short name of absolute.",
        rule: "absolute's rule.",
        ..Row::BASE
    },
    Row {
        name: "reshape",
        variant: "reshape",
        params: SHAPE,
        numpy: "np.reshape(x, shape)",
        doc: "The same elements in C order under another shape.",
        rule: "One length may be -1 and is then worked out.",
        ..Row::BASE
    },
    Row {
        name: "permute_dims",
        variant: "permute_dims",
        params: ORDER,
        numpy: "np.transpose(x, axes)",
        doc: "Axes in another order; none given reverses them.",
        rule: "Axis i of the result is axis `axes[i]` of x.",
        ..Row::BASE
    },
    Row {
        name: "broadcast_to",
        variant: "broadcast_to",
        params: SHAPE,
        numpy: "np.broadcast_to(x, shape)",
        doc: "Axes of length 1 repeated to a larger shape.",
        rule: "NumPy's broadcasting; no copy.",
        ..Row::BASE
    },
    Row {
        name: "expand_dims",
        variant: "expand_dims",
        params: X_AXIS,
        numpy: "np.expand_dims(x, axis)",
        doc: "A new axis of length 1.",
        rule: "axis counts in the result.",
        ..Row::BASE
    },
    Row {
        name: "squeeze",
        variant: "squeeze",
        params: X_AXES,
        numpy: "np.squeeze(x, axis)",
        doc: "Axes of length 1 removed; none given removes all of them.",
        rule: "An axis that is not of length 1 is an error.",
        ..Row::BASE
    },
    Row {
        name: "flip",
        variant: "flip",
        params: X_AXES,
        numpy: "np.flip(x, axis)",
        involution: true,
        doc: "The elements in reverse order along the axes; none given means all.",
        rule: "A view.",
        ..Row::BASE
    },
    Row {
        name: "slice_axis",
        variant: "slice_axis",
        params: SLICE,
        numpy: "x[..., start:stop:step, ...]",
        doc: "start:stop:step of one axis, as in brackets.",
        rule: "Python's slices: negative positions count from the end, positions beyond it are held at it.",
        ..Row::BASE
    },
    Row {
        name: "diff",
        variant: "diff",
        params: X_AXIS,
        numpy: "np.diff(x, axis=axis)",
        doc: "Difference of neighbours along one axis: `x[1:] - x[:-1]`.",
        rule: "subtract's rule: unsigned integers wrap, so cast before; bool uses not_equal.",
        ..Row::BASE
    },
    Row {
        name: "var",
        variant: "var",
        params: X_AXES,
        numpy: "np.var(x, axis)",
        ulp: 64,
        doc: "Variance: mean(square(x - mean(x))).",
        rule: "Integers are computed in float64, 16-bit floats in float32; of complex numbers the distances from the mean are squared. No correction (ddof = 0).",
        ..Row::BASE
    },
    Row {
        name: "std",
        variant: "std",
        params: X_AXES,
        numpy: "np.std(x, axis)",
        ulp: 64,
        doc: "Standard deviation: sqrt(var(x)).",
        rule: "Integers are computed in float64, 16-bit floats in float32; of complex numbers the distances from the mean are squared. No correction (ddof = 0).",
        ..Row::BASE
    },
    Row {
        name: "ptp",
        variant: "ptp",
        params: X_AXES,
        numpy: "np.ptp(x, axis)",
        doc: "Peak to peak: max - min.",
        rule: "subtract's rule on the two.",
        ..Row::BASE
    },
    Row {
        name: "logical_and",
        variant: "logical_and",
        params: XY,
        numpy: "np.logical_and(x, y)",
        commutes: true,
        doc: "True where both are not zero.",
        rule: "NaN is not zero.",
        ..Row::BASE
    },
    Row {
        name: "logical_or",
        variant: "logical_or",
        params: XY,
        numpy: "np.logical_or(x, y)",
        commutes: true,
        doc: "True where either is not zero.",
        rule: "NaN is not zero.",
        ..Row::BASE
    },
    Row {
        name: "logical_xor",
        variant: "logical_xor",
        params: XY,
        numpy: "np.logical_xor(x, y)",
        commutes: true,
        doc: "True where one of the two is not zero.",
        rule: "NaN is not zero.",
        ..Row::BASE
    },
    Row {
        name: "invert",
        variant: "invert",
        params: X,
        numpy: "np.invert(x)",
        involution: true,
        doc: "Every bit turned over; not for bool.",
        rule: "Integers and bool only.",
        ..Row::BASE
    },
    Row {
        name: "to_u8_rounded",
        variant: "to_u8_rounded",
        params: X,
        numpy: "np.rint(np.clip(x, 0, 255)).astype(np.uint8)",
        doc: "The nearest uint8: clip to 0…255, round halves to even, cast.",
        rule: "NaN gives 0.",
        ..Row::BASE
    },
];

#[track_caller]
fn binary(op: Elementwise, x: &Lazy, y: impl Into<Operand>) -> Lazy {
    Lazy::elementwise(op, vec![x.into(), y.into()])
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn astype(x: &Lazy, dtype: DType) -> Lazy {
    x.cast(dtype)
}

/// Absolute value.
#[track_caller]
pub fn abs(x: &Lazy) -> Lazy {
    Lazy::elementwise(Elementwise::Unary(Unary::Absolute), vec![x.into()])
}

/// `x ** y`
#[track_caller]
pub fn pow(x: &Lazy, y: Operand) -> Lazy {
    let float = x.dtype().is_ok_and(|d| d.is_float() || d.is_complex());
    match y {
        Operand::Weak(Weak::Int(2)) => Lazy::elementwise(Elementwise::Unary(Unary::Square), vec![x.into()]),
        Operand::Weak(Weak::Float(v)) if v == 2.0 && float => {
            Lazy::elementwise(Elementwise::Unary(Unary::Square), vec![x.into()])
        }
        Operand::Weak(Weak::Float(v)) if v == 0.5 && float => {
            Lazy::elementwise(Elementwise::Math(Math::Sqrt), vec![x.into()])
        }
        y => binary(Elementwise::Binary(Binary::Power), x, y),
    }
}

/// Reshape.
#[track_caller]
pub fn reshape(x: &Lazy, shape: &[isize]) -> Lazy {
    match x.meta().and_then(|m| resolve_shape(&m.shape, shape)) {
        Ok(to) if x.shape().is_ok_and(|s| s == to) => x.clone(),
        Ok(to) => x.moved(Movement::Reshape(to)),
        Err(e) => Lazy::failed(e),
    }
}

fn resolve_shape(from: &[usize], to: &[isize]) -> Result<Vec<usize>> {
    let size = shape::count("reshape", from, 1)?;
    let wrong = || {
        let to: Vec<String> = to.iter().map(isize::to_string).collect();
        Error::shape(
            "reshape",
            format!("{size} elements of shape {} do not fill ({})", shape::show(from), to.join(", ")),
        )
    };
    let unknown = to.iter().filter(|&&d| d < 0).count();
    let known = to.iter().filter(|&&d| d >= 0).try_fold(1usize, |n, &d| n.checked_mul(d as usize)).ok_or_else(wrong)?;
    if unknown > 1 || to.iter().any(|&d| d < -1) {
        return Err(wrong());
    }
    let missing = if unknown == 0 { 1 } else { size.checked_div(known).ok_or_else(wrong)? };
    if known.checked_mul(missing) != Some(size) {
        return Err(wrong());
    }
    Ok(to.iter().map(|&d| if d < 0 { missing } else { d as usize }).collect())
}

/// Permute.
#[track_caller]
pub fn permute_dims(x: &Lazy, axes: &[isize]) -> Lazy {
    let rank = match x.ndim() {
        Ok(r) => r,
        Err(_) => return x.clone(),
    };
    let order: Result<Vec<usize>> = if axes.is_empty() {
        Ok((0..rank).rev().collect())
    } else {
        axes.iter().map(|&a| shape::axis("permute_dims", a, rank)).collect()
    };
    match order {
        Ok(order) => {
            let mut seen = order.clone();
            seen.sort_unstable();
            if seen.into_iter().ne(0..rank) {
                return Lazy::failed(Error::shape(
                    "permute_dims",
                    format!("the axes {order:?} do not name each of the {rank} axes once"),
                ));
            }
            if order.iter().copied().eq(0..rank) { x.clone() } else { x.moved(Movement::Permute(order)) }
        }
        Err(e) => Lazy::failed(e),
    }
}

/// Broadcast.
#[track_caller]
pub fn broadcast_to(x: &Lazy, to: &[isize]) -> Lazy {
    let check = || -> Result<Vec<usize>> {
        let from = x.shape()?;
        let to = to
            .iter()
            .map(|&d| {
                usize::try_from(d).map_err(|_| Error::shape("broadcast_to", format!("the length {d} is negative")))
            })
            .collect::<Result<Vec<_>>>()?;
        if shape::broadcast("broadcast_to", &[from, &to])? != to {
            return Err(Error::shape(
                "broadcast_to",
                format!("shape {} does not broadcast to {}", shape::show(from), shape::show(&to)),
            ));
        }
        Ok(to)
    };
    match check() {
        Ok(to) if x.shape().is_ok_and(|s| s == to) => x.clone(),
        Ok(to) => x.moved(Movement::Broadcast(to)),
        Err(e) => Lazy::failed(e),
    }
}

/// Expand.
#[track_caller]
pub fn expand_dims(x: &Lazy, axis: isize) -> Lazy {
    match x.shape().and_then(|s| shape::axis("expand_dims", axis, s.len() + 1).map(|a| (s, a))) {
        Ok((s, a)) => {
            let mut to = s.to_vec();
            to.insert(a, 1);
            x.moved(Movement::Reshape(to))
        }
        Err(e) => Lazy::failed(e),
    }
}

/// Squeeze.
#[track_caller]
pub fn squeeze(x: &Lazy, axes: &[isize]) -> Lazy {
    let pick = || -> Result<Vec<usize>> {
        let s = x.shape()?;
        let drop: Vec<usize> = if axes.is_empty() {
            (0..s.len()).filter(|&i| s[i] == 1).collect()
        } else {
            shape::axes("squeeze", axes, s.len())?
        };
        if let Some(&a) = drop.iter().find(|&&a| s[a] != 1) {
            return Err(Error::shape("squeeze", format!("axis {a} of shape {} is not of length 1", shape::show(s))));
        }
        Ok((0..s.len()).filter(|i| !drop.contains(i)).map(|i| s[i]).collect())
    };
    match pick() {
        Ok(to) => x.moved(Movement::Reshape(to)),
        Err(e) => Lazy::failed(e),
    }
}

/// Flip.
#[track_caller]
pub fn flip(x: &Lazy, axes: &[isize]) -> Lazy {
    let picked = x.shape().and_then(|s| shape::axes("flip", axes, s.len()));
    let reverse = Slice { start: None, stop: None, step: Some(-1) };
    match picked {
        Ok(axes) => axes.into_iter().fold(x.clone(), |x, a| sliced(&x, "flip", a as isize, reverse)),
        Err(e) => Lazy::failed(e),
    }
}

/// Slice.
#[track_caller]
pub fn slice_axis(x: &Lazy, axis: isize, start: Option<isize>, stop: Option<isize>, step: Option<isize>) -> Lazy {
    sliced(x, "slice", axis, Slice { start, stop, step })
}

#[track_caller]
fn sliced(x: &Lazy, op: &str, axis: isize, slice: Slice) -> Lazy {
    let resolve = || -> Result<Option<Movement>> {
        let s = x.shape()?;
        let axis = shape::axis(op, axis, s.len())?;
        let span = slice.span(op, s[axis])?;
        let whole = span.len == s[axis] && span.step == 1;
        Ok((!whole).then_some(Movement::Slice { axis, span }))
    };
    match resolve() {
        Ok(None) => x.clone(),
        Ok(Some(m)) => x.moved(m),
        Err(e) => Lazy::failed(e),
    }
}

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

#[track_caller]
fn logical(op: Bits, x: &Lazy, y: Operand) -> Lazy {
    let y = match y {
        Operand::Lazy(l) => Operand::Lazy(l.cast(DType::Bool)),
        Operand::Weak(Weak::Int(v)) => Operand::Weak(Weak::Bool(v != 0)),
        Operand::Weak(Weak::Float(v)) => Operand::Weak(Weak::Bool(v != 0.0)),
        Operand::Weak(Weak::Complex(re, im)) => Operand::Weak(Weak::Bool(re != 0.0 || im != 0.0)),
        w => w,
    };
    binary(Elementwise::Bits(op), &x.cast(DType::Bool), y)
}

/// Both.
#[track_caller]
pub fn logical_and(x: &Lazy, y: Operand) -> Lazy {
    logical(Bits::And, x, y)
}

/// Either.
#[track_caller]
pub fn logical_or(x: &Lazy, y: Operand) -> Lazy {
    logical(Bits::Or, x, y)
}

/// One of the two.
#[track_caller]
pub fn logical_xor(x: &Lazy, y: Operand) -> Lazy {
    logical(Bits::Xor, x, y)
}

/// All bits turned over: xor with ones.
#[track_caller]
pub fn invert(x: &Lazy) -> Lazy {
    match x.dtype() {
        Ok(DType::Bool) => binary(Elementwise::Bits(Bits::Xor), x, true),
        Ok(d) if d.is_integer() => {
            let (lo, hi) = crate::array::promote::int_range(d);
            // All ones: -1 for signed types, the greatest value for unsigned ones.
            binary(Elementwise::Bits(Bits::Xor), x, Weak::Int(if lo < 0 { -1 } else { hi }))
        }
        Ok(d) => Lazy::failed(Error::dtype("invert", format!("bits of {d} are not defined; cast it to an integer"))),
        Err(e) => Lazy::failed(e),
    }
}

/// Nearest `u8`.
#[track_caller]
pub fn to_u8_rounded(x: &Lazy) -> Lazy {
    let held = Lazy::elementwise(Elementwise::Ternary(crate::ops::Ternary::Clip), vec![x.into(), 0.into(), 255.into()]);
    Lazy::elementwise(Elementwise::Math(Math::Rint), vec![held.into()]).cast(DType::U8)
}

/// `x / y` as floats, for callers inside the house.
#[track_caller]
pub fn divide(x: &Lazy, y: impl Into<Operand>) -> Lazy {
    binary(Elementwise::MathBinary(MathBinary::Divide), x, y)
}
