//! Ops made of other ops. What can be written here is: fusion makes it free. A function's page is
//! the row of its name.

mod axes;
mod convert;
mod create;
mod joining;
mod logic;
mod moving;
mod nan;
mod padding;
mod reductions;
mod scans;

use opusclip_raw::DType;

use super::lazy::{Lazy, Op, Operand, reduced};
use crate::array::index::Slice;
use crate::array::promote::Weak;
use crate::array::{Meta, Scalar, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row, X, X_AXES, XY};
use crate::ops::{Binary, Bits, Compare, Elementwise, Math, MathBinary, Movement, Reduce, Test, Unary};

pub use axes::*;
pub use convert::*;
pub use create::*;
pub use joining::*;
pub use logic::*;
pub use moving::*;
pub use nan::*;
pub use padding::*;
pub use reductions::*;
pub use scans::*;

/// Every page, file by file.
pub const FILES: &[&[Row]] = &[
    axes::ROWS,
    convert::ROWS,
    create::ROWS,
    joining::ROWS,
    logic::ROWS,
    moving::ROWS,
    nan::ROWS,
    padding::ROWS,
    reductions::ROWS,
    scans::ROWS,
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
