//! Ops whose result has a shape that only the data tells. They are computed at once: what they
//! return is data. A function's page is the row of its name.

mod count;
mod lstsq;
mod search;
mod sets;
mod trim;

use opusclip_raw::DType;

use crate::array::promote::promote;
use crate::array::{Array, shape};
use crate::error::{Error, Result};
use crate::lazy::compose::build::*;
use crate::lazy::index::{Index, indexed};
use crate::lazy::{Lazy, Operand, compose};
use crate::ops::facts::{AXIS, NO_AXIS, Outputs, Param, ParamKind, Preset, Row, X, X1, XY};
use crate::ops::{Attr, Reduce, Unary};

pub use count::*;
pub use lstsq::*;
pub use search::*;
pub use sets::*;
pub use trim::*;

/// Every page, file by file.
pub const FILES: &[&[Row]] = &[count::ROWS, lstsq::ROWS, search::ROWS, sets::ROWS, trim::ROWS];
