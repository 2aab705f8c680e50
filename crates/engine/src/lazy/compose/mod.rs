//! Ops made of other ops. What can be written here is: fusion makes it free. A function's page is
//! the row of its name.

/// A row whose fields stand in this order, and those that are not the usual ones by name.
macro_rules! row {
    ($name:literal, $params:expr, $numpy:expr, $tries:expr, $doc:expr, $rule:expr $(, $field:ident: $value:expr)* $(,)?) => {
        Row {
            name: $name,
            params: $params,
            numpy: $numpy,
            tries: $tries,
            doc: $doc,
            rule: $rule,
            $($field: $value,)*
            ..Row::BASE
        }
    };
}

mod axes;
pub(crate) mod build;
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
mod rolling;
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
use crate::ops::facts::{
    AXIS, DDOF, DTYPE, KEEPDIMS, LAST, NO_AXIS, Param, ParamKind, Preset, Row, WHERE, X, X_AXES, X1, XY,
};
use crate::ops::{Attr, Binary, Bits, Compare, Math, MathBinary, Movement, Outputs, Part, Reduce, Test, Unary, whole};
use build::*;

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
pub use rolling::*;
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
    rolling::ROWS,
    scans::ROWS,
    shift::ROWS,
    spectra::ROWS,
    windows::ROWS,
];
