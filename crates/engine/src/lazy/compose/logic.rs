//! Truth and bits.

use super::*;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "logical_and",
        params: XY,
        numpy: "np.logical_and(x, y)",
        commutes: true,
        doc: "True where both are not zero.",
        rule: "NaN is not zero.",
        ..Row::BASE
    },
    Row {
        name: "logical_or",
        params: XY,
        numpy: "np.logical_or(x, y)",
        commutes: true,
        doc: "True where either is not zero.",
        rule: "NaN is not zero.",
        ..Row::BASE
    },
    Row {
        name: "logical_xor",
        params: XY,
        numpy: "np.logical_xor(x, y)",
        commutes: true,
        doc: "True where one of the two is not zero.",
        rule: "NaN is not zero.",
        ..Row::BASE
    },
    Row {
        name: "invert",
        params: X,
        numpy: "np.invert(x)",
        involution: true,
        doc: "Every bit turned over; not for bool.",
        rule: "Integers and bool only.",
        ..Row::BASE
    },
];

#[track_caller]
fn logical(op: Bits, x: &Lazy, y: Operand) -> Lazy {
    let y = match y {
        Operand::Lazy(l) => Operand::Lazy(l.cast(DType::Bool)),
        Operand::Weak(Weak::Int(v)) => Operand::Weak(Weak::Bool(v != 0)),
        Operand::Weak(Weak::Float(v)) => Operand::Weak(Weak::Bool(v != 0.0)),
        Operand::Weak(Weak::Complex(re, im)) => Operand::Weak(Weak::Bool(re != 0.0 || im != 0.0)),
        w => w,
    };
    binary(op, x.cast(DType::Bool), y)
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
        Ok(DType::Bool) => binary(Bits::Xor, x, true),
        Ok(d) if d.is_integer() => {
            let (lo, hi) = crate::array::promote::int_range(d);
            // All ones: -1 for signed types, the greatest value for unsigned ones.
            binary(Bits::Xor, x, Weak::Int(if lo < 0 { -1 } else { hi }))
        }
        Ok(d) => Lazy::failed(Error::dtype("invert", format!("bits of {d} are not defined; cast it to an integer"))),
        Err(e) => Lazy::failed(e),
    }
}
