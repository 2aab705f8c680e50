//! Ops made of other ops. What can be written here is: fusion makes it free. A function's page is
//! the row of its name.

mod convert;
mod logic;
mod moving;
mod pick;
mod stats;

use opusclip_raw::DType;

use super::lazy::{Lazy, Op, Operand, reduced};
use crate::array::index::Slice;
use crate::array::promote::Weak;
use crate::array::{Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row, X, X_AXES, X_AXIS, XY};
use crate::ops::{Binary, Bits, Elementwise, Math, MathBinary, Movement, Reduce, Unary};

pub use convert::*;
pub use logic::*;
pub use moving::*;
pub use pick::*;
pub use stats::*;

/// Every page, file by file.
pub const FILES: &[&[Row]] = &[convert::ROWS, logic::ROWS, moving::ROWS, pick::ROWS, stats::ROWS];

#[track_caller]
fn binary(op: Elementwise, x: &Lazy, y: impl Into<Operand>) -> Lazy {
    Lazy::elementwise(op, vec![x.into(), y.into()])
}

/// `x / y` as floats, for callers inside the house.
#[track_caller]
pub fn divide(x: &Lazy, y: impl Into<Operand>) -> Lazy {
    binary(Elementwise::MathBinary(MathBinary::Divide), x, y)
}
