//! Ops whose result has a shape that only the data tells. They are computed at once: what they
//! return is data. A function's page is the row of its name.

mod count;
mod lstsq;
mod search;
mod sets;
mod trim;

use opusclip_raw::DType;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::lazy::Lazy;
use crate::ops::facts::{Outputs, Row, X};

pub use count::*;
pub use lstsq::*;
pub use search::*;
pub use sets::*;
pub use trim::*;

/// Every page, file by file.
pub const FILES: &[&[Row]] = &[count::ROWS, lstsq::ROWS, search::ROWS, sets::ROWS, trim::ROWS];

/// The arrays as expressions, or `n` times the error.
#[track_caller]
fn all_of(arrays: Result<Vec<Array>>, n: usize) -> Vec<Lazy> {
    match arrays {
        Ok(arrays) => arrays.into_iter().map(Lazy::from).collect(),
        Err(e) => vec![Lazy::failed(e); n],
    }
}
