//! Ops made of other ops. What can be written here is: fusion makes it free. A function's page is
//! the row of its name.

mod axes;
mod calculus;
mod convert;
mod create;
mod einsum;
mod filters;
mod joining;
mod logic;
mod moving;
mod nan;
mod near;
mod norms;
mod number;
mod padding;
mod pick;
mod products;
mod reductions;
mod scans;
mod shift;
mod spectra;
mod windows;

use opusclip_raw::{DType, Kind};

use super::lazy::{Lazy, Op, Operand, weak_default, weak_scalar};
use crate::array::index::Slice;
use crate::array::promote::Weak;
use crate::array::shape::reduced;
use crate::array::{Meta, Scalar, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row, X, X_AXES, XY};
use crate::ops::{Binary, Bits, Compare, Elementwise, Math, MathBinary, Movement, Part, Reduce, Test, Unary};

pub use axes::*;
pub use calculus::*;
pub use convert::*;
pub use create::*;
pub use einsum::*;
pub use filters::*;
pub use joining::*;
pub use logic::*;
pub use moving::*;
pub use nan::*;
pub use near::*;
pub use norms::*;
pub use number::*;
pub use padding::*;
pub use pick::*;
pub use products::*;
pub use reductions::*;
pub use scans::*;
pub use shift::*;
pub use spectra::*;
pub use windows::*;

/// Every page, file by file.
pub const FILES: &[&[Row]] = &[
    axes::ROWS,
    calculus::ROWS,
    convert::ROWS,
    create::ROWS,
    einsum::ROWS,
    filters::ROWS,
    joining::ROWS,
    logic::ROWS,
    moving::ROWS,
    nan::ROWS,
    near::ROWS,
    norms::ROWS,
    number::ROWS,
    padding::ROWS,
    pick::ROWS,
    products::ROWS,
    reductions::ROWS,
    scans::ROWS,
    shift::ROWS,
    spectra::ROWS,
    windows::ROWS,
];

/// The operand as an array, a literal in its own type.
pub fn as_array(y: Operand) -> Lazy {
    match y {
        Operand::Lazy(l) => l,
        Operand::Weak(w) => Lazy::scalar(weak_scalar(w, weak_default(w))),
    }
}

#[track_caller]
fn binary(op: Elementwise, x: &Lazy, y: impl Into<Operand>) -> Lazy {
    Lazy::elementwise(op, vec![x.into(), y.into()])
}

/// Builds with `make`, or refuses complex numbers in the name of an op that has no meaning for them.
#[track_caller]
fn real_only(name: &str, x: &Lazy, make: impl FnOnce(DType) -> Lazy) -> Lazy {
    match x.dtype() {
        Ok(d) if d.is_complex() => {
            Lazy::failed(Error::dtype(name, format!("is not defined for {d}; take real, imag or absolute of it first")))
        }
        Ok(d) => make(d),
        Err(e) => Lazy::failed(e),
    }
}

/// One of the two parts of complex numbers.
#[track_caller]
fn part(op: Part, x: &Lazy) -> Lazy {
    Lazy::elementwise(Elementwise::Part(op), vec![x.into()])
}

/// `f` of the real part and of the imaginary one.
#[track_caller]
fn by_parts(x: &Lazy, f: impl Fn(&Lazy) -> Lazy) -> Lazy {
    binary(Elementwise::Part(Part::Complex), &f(&part(Part::Real, x)), f(&part(Part::Imag, x)))
}

/// bfloat16 as float32: between the steps of a formula its 8 bits would lose too much.
#[track_caller]
fn unbrained(x: &Lazy) -> Lazy {
    if x.dtype().is_ok_and(|d| d == DType::BF16) { x.cast(DType::F32) } else { x.clone() }
}

/// `x / y` as floats, for callers inside the house.
#[track_caller]
pub fn divide(x: &Lazy, y: impl Into<Operand>) -> Lazy {
    binary(Elementwise::MathBinary(MathBinary::Divide), x, y)
}
