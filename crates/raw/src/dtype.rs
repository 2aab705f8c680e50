//! Element types and the numbers they stand for.

use std::fmt;

pub use num_complex::Complex;

use crate::half::{BF16, F16};

/// The type of one element of an array. Names and sizes are NumPy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    /// `bool`: one byte, 0 or 1.
    Bool,
    /// `uint8`: what decoders hand out.
    U8,
    /// `int8`
    I8,
    /// `uint16`
    U16,
    /// `int16`
    I16,
    /// `uint32`
    U32,
    /// `int32`
    I32,
    /// `uint64`
    U64,
    /// `int64`
    I64,
    /// `float16`: IEEE 754's half precision.
    F16,
    /// `bfloat16`: the upper half of a `float32`.
    BF16,
    /// `float32`
    F32,
    /// `float64`
    F64,
    /// `complex64`: two `float32`, real part first.
    C64,
    /// `complex128`: two `float64`, real part first.
    C128,
}

/// What sort of number a [`DType`] holds; the order is the order of promotion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Truth values.
    Bool,
    /// Integers without a sign.
    Unsigned,
    /// Integers with a sign.
    Signed,
    /// Binary floating point.
    Float,
    /// Pairs of floats: a real and an imaginary part.
    Complex,
}

impl DType {
    /// Every element type, in order.
    pub const ALL: [DType; 15] = [
        DType::Bool,
        DType::U8,
        DType::I8,
        DType::U16,
        DType::I16,
        DType::U32,
        DType::I32,
        DType::U64,
        DType::I64,
        DType::F16,
        DType::BF16,
        DType::F32,
        DType::F64,
        DType::C64,
        DType::C128,
    ];

    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            DType::Bool | DType::U8 | DType::I8 => 1,
            DType::U16 | DType::I16 | DType::F16 | DType::BF16 => 2,
            DType::U32 | DType::I32 | DType::F32 => 4,
            DType::U64 | DType::I64 | DType::F64 | DType::C64 => 8,
            DType::C128 => 16,
        }
    }

    /// The sort of number.
    pub const fn kind(self) -> Kind {
        match self {
            DType::Bool => Kind::Bool,
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => Kind::Unsigned,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => Kind::Signed,
            DType::F16 | DType::BF16 | DType::F32 | DType::F64 => Kind::Float,
            DType::C64 | DType::C128 => Kind::Complex,
        }
    }

    /// NumPy's name.
    pub const fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::U8 => "uint8",
            DType::I8 => "int8",
            DType::U16 => "uint16",
            DType::I16 => "int16",
            DType::U32 => "uint32",
            DType::I32 => "int32",
            DType::U64 => "uint64",
            DType::I64 => "int64",
            DType::F16 => "float16",
            DType::BF16 => "bfloat16",
            DType::F32 => "float32",
            DType::F64 => "float64",
            DType::C64 => "complex64",
            DType::C128 => "complex128",
        }
    }

    /// The short name used in plans and method names: `u8`, `f32`, …
    pub const fn short(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::U8 => "u8",
            DType::I8 => "i8",
            DType::U16 => "u16",
            DType::I16 => "i16",
            DType::U32 => "u32",
            DType::I32 => "i32",
            DType::U64 => "u64",
            DType::I64 => "i64",
            DType::F16 => "f16",
            DType::BF16 => "bf16",
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::C64 => "c64",
            DType::C128 => "c128",
        }
    }

    /// Reads either spelling, `uint8` or `u8`.
    pub fn parse(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|d| d.name() == name || d.short() == name)
    }

    /// True for the four real floats.
    pub const fn is_float(self) -> bool {
        matches!(self.kind(), Kind::Float)
    }

    /// True for `complex64` and `complex128`.
    pub const fn is_complex(self) -> bool {
        matches!(self.kind(), Kind::Complex)
    }

    /// True for the two 16-bit floats, which are computed in `float32`.
    pub const fn is_half(self) -> bool {
        matches!(self, DType::F16 | DType::BF16)
    }

    /// The type of the real part: the parts' type of a complex one, else the type itself.
    pub const fn real(self) -> DType {
        match self {
            DType::C64 => DType::F32,
            DType::C128 => DType::F64,
            other => other,
        }
    }

    /// True for every integer type; `bool` is none.
    pub const fn is_integer(self) -> bool {
        matches!(self.kind(), Kind::Unsigned | Kind::Signed)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

pub(crate) mod sealed {
    use super::{BF16, Complex, F16};

    /// Conversions between any two element types; public only as a hidden part of `Element`.
    pub trait Convert: Copy {
        fn to_bool(self) -> bool;
        fn to_u8(self) -> u8;
        fn to_i8(self) -> i8;
        fn to_u16(self) -> u16;
        fn to_i16(self) -> i16;
        fn to_u32(self) -> u32;
        fn to_i32(self) -> i32;
        fn to_u64(self) -> u64;
        fn to_i64(self) -> i64;
        fn to_f32(self) -> f32;
        fn to_f64(self) -> f64;
        /// By way of `f32`: it holds every whole number that is not infinite as `float16`.
        #[inline(always)]
        fn to_f16(self) -> F16 {
            F16::from_f32(self.to_f32())
        }
        #[inline(always)]
        fn to_bf16(self) -> BF16 {
            BF16::from_f32(self.to_f32())
        }
        #[inline(always)]
        fn to_c64(self) -> Complex<f32> {
            Complex::new(self.to_f32(), 0.0)
        }
        #[inline(always)]
        fn to_c128(self) -> Complex<f64> {
            Complex::new(self.to_f64(), 0.0)
        }
        fn convert<A: Convert>(a: A) -> Self;
    }
}

/// A Rust type that is an element type. Sealed: all bit patterns of its bytes that a buffer of
/// this library can hold are valid (a `bool` view checks its bytes first).
pub trait Element: sealed::Convert + Copy + Default + Send + Sync + PartialEq + fmt::Debug + 'static {
    /// The run-time tag of this type.
    const DTYPE: DType;
}

macro_rules! element {
    ($($t:ty => $d:ident),*) => { $(
        impl Element for $t { const DTYPE: DType = DType::$d; }
    )* };
}
element!(bool => Bool, u8 => U8, i8 => I8, u16 => U16, i16 => I16, u32 => U32, i32 => I32,
         u64 => U64, i64 => I64, F16 => F16, BF16 => BF16, f32 => F32, f64 => F64, Complex<f32> => C64, Complex<f64> => C128);
