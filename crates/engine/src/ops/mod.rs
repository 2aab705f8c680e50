//! The registry: one file per signature family, one row and one arm per op. Everything else that
//! mentions an op is derived from these files.

pub mod binary;
pub mod bits;
mod cast;
pub mod compare;
pub mod complex;
pub mod facts;
mod half;
pub mod lanes;
pub mod math;
pub mod movement;
pub mod reduce;
pub mod ternary;
pub mod unary;
pub(crate) mod watch;
pub mod whole;

use opusclip_raw::{DType, Isa};

use crate::array::promote::promote;

pub use binary::Binary;
pub use bits::Bits;
pub use compare::{Compare, Test};
pub use complex::Part;
pub use facts::{Family, Outputs, Param, ParamKind, Preset, Row};
pub(crate) use half::RUN;
pub use math::{Math, MathBinary};
pub use movement::Movement;
pub use reduce::Reduce;
pub use ternary::Ternary;
pub use unary::Unary;
pub use whole::{Attr, Given, Meaning, Page, Whole};

use lanes::{Lane, Lanes, LanesMut, with_element, with_float, with_integer, with_number};

/// An op that works on each element alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Elementwise {
    /// To another element type, as `astype`.
    Cast(DType),
    /// See [`Unary`].
    Unary(Unary),
    /// See [`Math`].
    Math(Math),
    /// See [`Test`].
    Test(Test),
    /// See [`Binary`].
    Binary(Binary),
    /// See [`MathBinary`].
    MathBinary(MathBinary),
    /// See [`Compare`].
    Compare(Compare),
    /// See [`Bits`].
    Bits(Bits),
    /// See [`Ternary`].
    Ternary(Ternary),
    /// See [`Part`].
    Part(Part),
}

macro_rules! families {
    ($($family:ident)*) => { $(
        impl From<$family> for Elementwise {
            fn from(op: $family) -> Elementwise { Elementwise::$family(op) }
        }
    )* };
}
families! { Unary Math Test Binary MathBinary Compare Bits Ternary Part }

impl Elementwise {
    /// Number of inputs.
    pub fn arity(self) -> usize {
        match self {
            Elementwise::Cast(_) => 1,
            op => op.row().map_or(1, |r| r.params.len()),
        }
    }

    /// The op's page; `astype` has its own words in the docs.
    pub fn row(self) -> Option<Row> {
        Some(match self {
            Elementwise::Cast(_) => return None,
            Elementwise::Unary(o) => o.row(),
            Elementwise::Math(o) => o.row(),
            Elementwise::Test(o) => o.row(),
            Elementwise::Binary(o) => o.row(),
            Elementwise::MathBinary(o) => o.row(),
            Elementwise::Compare(o) => o.row(),
            Elementwise::Bits(o) => o.row(),
            Elementwise::Ternary(o) => o.row(),
            Elementwise::Part(o) => o.row(),
        })
    }

    /// Name in plans and messages.
    pub fn name(self) -> &'static str {
        match self {
            Elementwise::Cast(d) => d.short(),
            op => op.row().map_or("", |r| r.name),
        }
    }

    /// Element type of the result for inputs that were already cast to a common type `d`.
    pub fn result(self, d: DType) -> DType {
        match self {
            Elementwise::Cast(to) => to,
            Elementwise::Test(_) | Elementwise::Compare(_) => DType::Bool,
            Elementwise::Unary(Unary::Absolute) | Elementwise::Part(Part::Real | Part::Imag | Part::Angle) => d.real(),
            Elementwise::Part(Part::Complex) => promote(DType::C64, d),
            Elementwise::Math(Math::FrexpExponent) => DType::I32,
            _ => d,
        }
    }
}

/// Runs one op over runs of equal length: the meaning of every plan, called by every executor,
/// by constant folding and by table building.
pub fn eval(op: Elementwise, isa: Isa, args: &[Lanes<'_>], out: LanesMut<'_>) {
    // Looked at where they are: a copy of what was written a moment ago in smaller pieces would wait
    // for all stores of the op before. The second and the third are there when the arity says so; a
    // missing one reads as no elements.
    let Some(x) = args.first() else { return };
    let (y, z) = (args.get(1).unwrap_or(&Lanes::U8(&[])), args.get(2).unwrap_or(&Lanes::U8(&[])));
    let d = x.dtype();
    match op {
        Elementwise::Cast(to) => cast::eval(isa, *x, to, out),
        Elementwise::Ternary(Ternary::Where) => with_element!(y.dtype(), T =>
            ternary::eval_where(isa, bool::lanes(*x), T::lanes(*y), T::lanes(*z), T::lanes_mut(out))),
        Elementwise::Part(Part::Complex) => complex::eval_complex(isa, *x, *y, out),
        op if d.is_half() => half::eval(op, isa, args, out),
        op if d.is_complex() => complex::eval(op, isa, *x, *y, *z, out),
        Elementwise::Unary(op) => with_number!(d, T => unary::eval(op, isa, T::lanes(*x), T::lanes_mut(out))),
        Elementwise::Math(Math::FrexpExponent) => {
            with_float!(d, T => math::eval_exponent(T::lanes(*x), i32::lanes_mut(out)))
        }
        Elementwise::Math(op) => with_float!(d, T => math::eval(op, isa, T::lanes(*x), T::lanes_mut(out))),
        Elementwise::Test(op) => {
            with_number!(d, T => compare::eval_test(op, isa, T::lanes(*x), bool::lanes_mut(out)))
        }
        Elementwise::Binary(op) => {
            with_number!(d, T => binary::eval(op, isa, T::lanes(*x), T::lanes(*y), T::lanes_mut(out)))
        }
        Elementwise::MathBinary(op) => {
            with_float!(d, T => math::eval_binary(op, isa, T::lanes(*x), T::lanes(*y), T::lanes_mut(out)))
        }
        Elementwise::Compare(op) => {
            with_number!(d, T => compare::eval(op, isa, T::lanes(*x), T::lanes(*y), bool::lanes_mut(out)))
        }
        Elementwise::Bits(op) => {
            with_integer!(d, T => bits::eval(op, isa, T::lanes(*x), T::lanes(*y), T::lanes_mut(out)))
        }
        Elementwise::Ternary(Ternary::Clip) => {
            with_number!(d, T => ternary::eval_clip(isa, T::lanes(*x), T::lanes(*y), T::lanes(*z), T::lanes_mut(out)))
        }
        Elementwise::Part(op) => with_float!(d, T => complex::eval_real(op, isa, T::lanes(*x), T::lanes_mut(out))),
    }
}

/// Every elementwise op of the registry.
pub fn elementwise() -> impl Iterator<Item = Elementwise> {
    let unary = Unary::ALL.iter().map(|&o| Elementwise::Unary(o));
    let math = Math::ALL.iter().map(|&o| Elementwise::Math(o));
    let test = Test::ALL.iter().map(|&o| Elementwise::Test(o));
    let binary = Binary::ALL.iter().map(|&o| Elementwise::Binary(o));
    let divide = MathBinary::ALL.iter().map(|&o| Elementwise::MathBinary(o));
    let compare = Compare::ALL.iter().map(|&o| Elementwise::Compare(o));
    let bits = Bits::ALL.iter().map(|&o| Elementwise::Bits(o));
    let ternary = Ternary::ALL.iter().map(|&o| Elementwise::Ternary(o));
    let part = Part::ALL.iter().map(|&o| Elementwise::Part(o));
    unary.chain(math).chain(test).chain(binary).chain(divide).chain(compare).chain(bits).chain(ternary).chain(part)
}
