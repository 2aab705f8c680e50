//! NumPy 2 promotion: one rule for arrays, one for weak scalars.

use opusclip_raw::{DType, Kind};

use crate::error::{Error, Result};

/// A number written in the program: it has a kind but no width (NEP 50).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weak {
    /// `True`, `False`.
    Bool(bool),
    /// An integer literal.
    Int(i128),
    /// A float literal.
    Float(f64),
    /// A complex literal: its real and its imaginary part.
    Complex(f64, f64),
}

impl Weak {
    /// The number as a float; of a complex one the real part.
    pub fn to_f64(self) -> f64 {
        match self {
            Weak::Bool(v) => f64::from(u8::from(v)),
            Weak::Int(v) => v as f64,
            Weak::Float(v) | Weak::Complex(v, _) => v,
        }
    }
}

const fn unsigned(size: usize) -> DType {
    match size {
        1 => DType::U8,
        2 => DType::U16,
        4 => DType::U32,
        _ => DType::U64,
    }
}

const fn signed(size: usize) -> DType {
    match size {
        1 => DType::I8,
        2 => DType::I16,
        4 => DType::I32,
        _ => DType::I64,
    }
}

const fn complex(part: DType) -> DType {
    match part {
        DType::F64 => DType::C128,
        _ => DType::C64,
    }
}

/// `numpy.result_type` of two array element types. Where NumPy and `ml_dtypes` have no answer,
/// `bfloat16` promotes as `float16` does, and the two of them to `float32`.
pub fn promote(a: DType, b: DType) -> DType {
    if a == b {
        return a;
    }
    let (lo, hi) = if a.kind() <= b.kind() { (a, b) } else { (b, a) };
    match (lo.kind(), hi.kind()) {
        (Kind::Bool, _) => hi,
        (Kind::Unsigned, Kind::Unsigned) => unsigned(lo.size().max(hi.size())),
        (Kind::Signed, Kind::Signed) => signed(lo.size().max(hi.size())),
        // A signed type that holds every value of both; none holds u64's, so NumPy takes f64.
        (Kind::Unsigned, Kind::Signed) if lo.size() < hi.size() => hi,
        (Kind::Unsigned, Kind::Signed) if lo.size() < 8 => signed(lo.size() * 2),
        (Kind::Unsigned, Kind::Signed) => DType::F64,
        (Kind::Complex, Kind::Complex) => DType::C128,
        (_, Kind::Complex) => complex(promote(lo, hi.real())),
        // Neither of the two 16-bit floats holds the other.
        (Kind::Float, Kind::Float) if lo.size() == hi.size() => DType::F32,
        (Kind::Float, Kind::Float) => {
            if lo.size() > hi.size() {
                lo
            } else {
                hi
            }
        }
        // The 16-bit floats hold every 8-bit integer exactly, f32 every 16-bit one.
        _ if lo.size() < hi.size() && hi != DType::F64 => hi,
        _ if hi.size() == 2 && lo.size() == 2 => DType::F32,
        _ => DType::F64,
    }
}

/// Result of an array of type `array` with a literal; an integer that does not fit is an error,
/// as in NumPy 2. A float literal keeps `bfloat16`, as it keeps every float (`ml_dtypes` has
/// `float32`).
pub fn promote_weak(op: &str, array: DType, weak: Weak) -> Result<DType> {
    let kind = array.kind();
    match weak {
        Weak::Bool(_) => Ok(array),
        Weak::Float(_) => Ok(if kind >= Kind::Float { array } else { DType::F64 }),
        Weak::Complex(..) => Ok(match kind {
            Kind::Complex => array,
            Kind::Float => complex(array),
            _ => DType::C128,
        }),
        Weak::Int(v) => match kind {
            Kind::Float | Kind::Complex => Ok(array),
            Kind::Bool | Kind::Unsigned | Kind::Signed => {
                let to = if kind == Kind::Bool { DType::I64 } else { array };
                let (lo, hi) = int_range(to);
                if v < lo || v > hi {
                    return Err(Error::value(op, format!("the integer {v} does not fit {to} ({lo} to {hi})")));
                }
                Ok(to)
            }
        },
    }
}

/// Least and greatest value of an integer type; 0 and 1 for `bool`.
pub fn int_range(d: DType) -> (i128, i128) {
    let bits = d.size() as u32 * 8;
    match d.kind() {
        Kind::Unsigned => (0, (1i128 << bits) - 1),
        Kind::Signed => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        Kind::Bool | Kind::Float | Kind::Complex => (0, 1),
    }
}

/// The type in which a float function of `d` is computed: NumPy's, but `float32` where NumPy has
/// `float16` for integers (8-bit ones and `bool`). Floats and complex types stay.
pub fn float_of(d: DType) -> DType {
    match d {
        d if d.kind() >= Kind::Float => d,
        DType::Bool | DType::U8 | DType::I8 | DType::U16 | DType::I16 => DType::F32,
        _ => DType::F64,
    }
}

/// `numpy.sum`'s element type: small integers widen to 64 bits.
pub fn sum_of(d: DType) -> DType {
    match d.kind() {
        Kind::Bool | Kind::Signed => DType::I64,
        Kind::Unsigned => DType::U64,
        Kind::Float | Kind::Complex => d,
    }
}
