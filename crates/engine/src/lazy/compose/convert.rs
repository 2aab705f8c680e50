//! Types and powers.

use super::*;

pub(super) const AS_TYPE: &[Param] = &[X1, Param::new("dtype", ParamKind::DType)];

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "astype",
        params: AS_TYPE,
        numpy: "x.astype(dtype)",
        doc: "The elements as another type.",
        rule: "float to integer truncates toward zero, saturates, and NaN gives 0 (NumPy leaves these undefined); integer to integer wraps; to bool is \"not zero\".",
        ..Row::BASE
    },
    Row {
        name: "pow",
        params: XY,
        numpy: "exact(lambda x, y: x ** y, x, y)",
        tries: &[
            "mild | pow(x, y)",
            "edge bool real | pow(x, y)",
            "mild complex64 complex128 | pow(x * (1 - 2j), y - 1j)",
        ],
        ulp: 4,
        doc: "x to the power y, as the operator `**` does.",
        rule: "power's rule; the literal exponents 2 and 0.5 are computed as square and, for floats, sqrt.",
        ..Row::BASE
    },
    Row {
        name: "abs",
        numpy: "np.abs(x)",
        idempotent: true,
        doc: "Absolute value; the short name of absolute.",
        rule: "absolute's rule.",
        ..Row::BASE
    },
    Row {
        name: "to_u8_rounded",
        params: X,
        numpy: "np.rint(np.clip(x, 0, 255)).astype(np.uint8)",
        doc: "The nearest uint8: clip to 0…255, round halves to even, cast.",
        rule: "NaN gives 0.",
        ..Row::BASE
    },
];

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn astype(x: &Lazy, dtype: DType) -> Lazy {
    x.cast(dtype)
}

/// Absolute value.
#[track_caller]
pub fn abs(x: &Lazy) -> Lazy {
    absolute(x)
}

/// `x ** y`
#[track_caller]
pub fn pow(x: &Lazy, y: Operand) -> Lazy {
    let float = x.dtype().is_ok_and(|d| d.is_float() || d.is_complex());
    match y {
        Operand::Weak(Weak::Int(2)) => unary(Unary::Square, x),
        Operand::Weak(Weak::Float(v)) if v == 2.0 && float => unary(Unary::Square, x),
        Operand::Weak(Weak::Float(v)) if v == 0.5 && float => sqrt(x),
        y => binary(Binary::Power, x, y),
    }
}

/// Nearest `u8`.
#[track_caller]
pub fn to_u8_rounded(x: &Lazy) -> Lazy {
    unary(Math::Rint, clip(x, 0, 255)).cast(DType::U8)
}
