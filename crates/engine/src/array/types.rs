//! Questions about element types: NumPy's `can_cast`, `result_type`, `isdtype`, `finfo`, `iinfo`.

use opusclip_raw::{DType, Kind};

use super::promote::{int_range, promote};
use crate::error::{Error, Result};

/// How much a cast may lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Casting {
    /// Nothing is cast.
    No,
    /// Only the order of bytes may differ; this library has one order, so as [`Casting::No`].
    Equiv,
    /// Every value stays what it is. (NumPy counts 64-bit integers to `float64` as safe.)
    Safe,
    /// Within one kind (truth value, unsigned, signed, float, complex) or to a later one.
    SameKind,
    /// Anything.
    Unsafe,
}

impl Casting {
    /// Reads NumPy's name: `no`, `equiv`, `safe`, `same_kind`, `unsafe`.
    pub fn parse(name: &str) -> Option<Casting> {
        Some(match name {
            "no" => Casting::No,
            "equiv" => Casting::Equiv,
            "safe" => Casting::Safe,
            "same_kind" => Casting::SameKind,
            "unsafe" => Casting::Unsafe,
            _ => return None,
        })
    }
}

/// `numpy.can_cast`: whether the rule allows the cast. `bfloat16` is a float like the others here:
/// to `float16` it is of the same kind, and complex types to it are not (`ml_dtypes` has both the
/// other way round).
pub fn can_cast(from: DType, to: DType, casting: Casting) -> bool {
    match casting {
        Casting::No | Casting::Equiv => from == to,
        Casting::Safe => promote(from, to) == to,
        Casting::SameKind => promote(from, to) == to || from.kind() <= to.kind(),
        Casting::Unsafe => true,
    }
}

/// `numpy.result_type` of several element types: the type to which all of them promote. None given
/// is an error.
///
/// The order of the types does not matter: as in NumPy the floats among them are settled first, so
/// that `int8`, `uint8` and `float16` give `float16`.
pub fn result_type(types: &[DType]) -> Result<DType> {
    let last = types.iter().map(|d| d.kind()).max();
    // The types of the last kind meet first, and each of the others meets what they gave.
    let high = types.iter().copied().filter(|d| Some(d.kind()) == last).reduce(promote);
    let rest = types.iter().copied().filter(|d| Some(d.kind()) != last);
    high.map(|high| rest.fold(high, promote))
        .ok_or_else(|| Error::value("result_type", "no element type was given; give at least one"))
}

/// `numpy.isdtype`: whether the type is of the kind that the array API names: `bool`,
/// `signed integer`, `unsigned integer`, `integral`, `real floating`, `complex floating`,
/// `numeric`; or, as a type's name, that very type.
pub fn isdtype(dtype: DType, kind: &str) -> Result<bool> {
    Ok(match kind {
        "bool" => dtype == DType::Bool,
        "signed integer" => dtype.kind() == Kind::Signed,
        "unsigned integer" => dtype.kind() == Kind::Unsigned,
        "integral" => dtype.is_integer(),
        "real floating" => dtype.is_float(),
        "complex floating" => dtype.is_complex(),
        "numeric" => dtype != DType::Bool,
        name => match DType::parse(name) {
            Some(other) => dtype == other,
            None => {
                return Err(Error::value(
                    "isdtype",
                    format!(
                        "`{name}` is no kind of element type; kinds are bool, signed integer, unsigned integer, \
                         integral, real floating, complex floating and numeric"
                    ),
                ));
            }
        },
    })
}

/// What `numpy.finfo` says of a float type. All values are exact in `f64`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FInfo {
    /// The type: of a complex type that of its parts.
    pub dtype: DType,
    /// Bits of one number.
    pub bits: u32,
    /// 1 and the next number above are so far apart.
    pub eps: f64,
    /// 1 and the next number below are so far apart.
    pub epsneg: f64,
    /// The largest finite number.
    pub max: f64,
    /// The least finite number, `-max`.
    pub min: f64,
    /// The smallest positive number with full precision; NumPy also calls it `tiny`.
    pub smallest_normal: f64,
    /// The smallest positive number.
    pub smallest_subnormal: f64,
    /// Decimal digits that are sure to be right.
    pub precision: u32,
    /// `10**-precision`, as the type has it.
    pub resolution: f64,
    /// Bits of the fraction, without the hidden one.
    pub nmant: u32,
    /// Bits of the exponent.
    pub nexp: u32,
    /// The exponent at which numbers overflow.
    pub maxexp: i32,
    /// The exponent of the smallest normal number.
    pub minexp: i32,
}

/// `numpy.finfo`: the limits of a float type; of a complex one those of its parts. An error for
/// integers and `bool`.
pub fn finfo(dtype: DType) -> Result<FInfo> {
    let part = dtype.real();
    let (nmant, nexp, precision) = match part {
        DType::F16 => (10, 5, 3),
        DType::BF16 => (7, 8, 2),
        DType::F32 => (23, 8, 6),
        DType::F64 => (52, 11, 15),
        _ => return Err(Error::dtype("finfo", format!("{dtype} is no float; iinfo has the limits of integers"))),
    };
    let maxexp = 1 << (nexp - 1);
    let minexp = 2 - maxexp;
    let eps = 2f64.powi(-(nmant as i32));
    let smallest_normal = 2f64.powi(minexp);
    // Written so that float64's own does not overflow on the way.
    let max = (2.0 - eps) * 2f64.powi(maxexp - 1);
    let near = super::Scalar::from_f64(part, 10f64.powi(-(precision as i32)));
    Ok(FInfo {
        dtype: part,
        bits: part.size() as u32 * 8,
        eps,
        epsneg: eps / 2.0,
        max,
        min: -max,
        smallest_normal,
        smallest_subnormal: smallest_normal * eps,
        precision,
        resolution: near.to_f64(),
        nmant,
        nexp,
        maxexp,
        minexp,
    })
}

/// What `numpy.iinfo` says of an integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IInfo {
    /// The type.
    pub dtype: DType,
    /// Bits of one number.
    pub bits: u32,
    /// The least number.
    pub min: i128,
    /// The greatest number.
    pub max: i128,
}

/// `numpy.iinfo`: the limits of an integer type. An error for `bool`, floats and complex types.
pub fn iinfo(dtype: DType) -> Result<IInfo> {
    if !dtype.is_integer() {
        return Err(Error::dtype("iinfo", format!("{dtype} is no integer type; finfo has the limits of floats")));
    }
    let (min, max) = int_range(dtype);
    Ok(IInfo { dtype, bits: dtype.size() as u32 * 8, min, max })
}
