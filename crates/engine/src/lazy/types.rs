//! The types of ops on two floats: NumPy takes the first float type that holds each operand by
//! itself, where arithmetic takes the type that holds both.

use opusclip_raw::{DType, Kind};

use super::lazy::Operand;
use crate::array::promote::{Weak, float_of, promote};
use crate::error::{Error, Result};
use crate::ops::{Binary, Elementwise, MathBinary};

/// True for the functions whose integers are cast to the float type of [`of_floats`]. Division has
/// a rule of its own, and the greater of two integers is an integer.
pub(super) fn takes_floats(op: MathBinary) -> bool {
    !matches!(op, MathBinary::Divide | MathBinary::Fmax | MathBinary::Fmin)
}

/// The float type in which a function of the operands is computed. `uint16` and `int16` meet in
/// `float32`, though their sum would be `int32`.
pub(super) fn of_floats(operands: &[Operand]) -> Result<DType> {
    let mut strong: Option<(DType, DType)> = None;
    let (mut float, mut int) = (false, false);
    let dtypes = operands.iter().filter_map(|o| if let Operand::Lazy(l) = o { l.dtype().ok() } else { None });
    let floats = dtypes.filter(|d| d.is_float()).reduce(promote);
    for o in operands {
        match o {
            Operand::Lazy(l) => {
                let d = l.dtype()?;
                // Every float holds a byte.
                let f = floats.filter(|_| d.kind() < Kind::Float && d.size() == 1).unwrap_or_else(|| float_of(d));
                strong = Some(strong.map_or((d, f), |(a, b)| (promote(a, d), promote(b, f))));
            }
            Operand::Weak(Weak::Float(_)) => float = true,
            Operand::Weak(Weak::Int(_)) => int = true,
            Operand::Weak(Weak::Bool(_)) => {}
            // The op refuses it by its type.
            Operand::Weak(Weak::Complex(..)) => return Ok(DType::C128),
        }
    }
    // A literal of a higher kind than every array brings its own type, as for every op.
    Ok(match strong {
        Some((d, f)) if !(float && d.kind() < Kind::Float || int && d == DType::Bool) => f,
        _ => DType::F64,
    })
}

/// Refuses exponents of `ldexp` that are not integers.
pub(super) fn exponent(op: &str, operand: Option<&Operand>) -> Result<()> {
    match operand {
        Some(Operand::Lazy(l)) => match l.dtype()? {
            d if !(d.is_integer() || d == DType::Bool) || d == DType::U64 => {
                Err(Error::dtype(op, format!("the exponents are {d}; cast them to int32 or int64")))
            }
            _ => Ok(()),
        },
        Some(Operand::Weak(Weak::Complex(re, im))) => {
            Err(Error::dtype(op, format!("the exponent ({re}, {im}) is complex; write an integer")))
        }
        Some(Operand::Weak(Weak::Float(v))) => {
            Err(Error::dtype(op, format!("the exponent {v} is a float; write an integer")))
        }
        _ => Ok(()),
    }
}

/// The op that has this one's meaning for the type: integers have no NaN to pass over.
pub(super) fn for_integers(op: Elementwise, d: DType) -> Elementwise {
    match op {
        Elementwise::MathBinary(MathBinary::Fmax) if d.kind() < Kind::Float => Elementwise::Binary(Binary::Maximum),
        Elementwise::MathBinary(MathBinary::Fmin) if d.kind() < Kind::Float => Elementwise::Binary(Binary::Minimum),
        op => op,
    }
}
