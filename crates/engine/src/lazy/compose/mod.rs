//! Ops made of other ops. What can be written here is: fusion makes it free. A function's page is
//! the row of its name.

mod convert;
mod einsum;
mod filters;
mod logic;
mod moving;
mod near;
mod norms;
mod number;
mod products;
mod shift;
mod spectra;
mod stats;
mod windows;

use opusclip_raw::{DType, Kind};

use super::lazy::{Lazy, Op, Operand, reduced};
use crate::array::index::Slice;
use crate::array::promote::Weak;
use crate::array::{Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row, X, X_AXES, X_AXIS, XY};
use crate::ops::{Binary, Bits, Elementwise, Math, MathBinary, Movement, Reduce, Unary};

pub use convert::*;
pub use einsum::*;
pub use filters::*;
pub use logic::*;
pub use moving::*;
pub use near::*;
pub use norms::*;
pub use number::*;
pub use products::*;
pub use shift::*;
pub use spectra::*;
pub use stats::*;
pub use windows::*;

/// Every page, file by file.
pub const FILES: &[&[Row]] = &[
    convert::ROWS,
    einsum::ROWS,
    filters::ROWS,
    logic::ROWS,
    moving::ROWS,
    near::ROWS,
    number::ROWS,
    norms::ROWS,
    products::ROWS,
    shift::ROWS,
    spectra::ROWS,
    stats::ROWS,
    windows::ROWS,
];

#[track_caller]
fn binary(op: Elementwise, x: &Lazy, y: impl Into<Operand>) -> Lazy {
    Lazy::elementwise(op, vec![x.into(), y.into()])
}

/// `x / y` as floats, for callers inside the house.
#[track_caller]
pub fn divide(x: &Lazy, y: impl Into<Operand>) -> Lazy {
    binary(Elementwise::MathBinary(MathBinary::Divide), x, y)
}
