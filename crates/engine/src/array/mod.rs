//! Arrays in memory: shape, strides, promotion, printing.

#[allow(clippy::module_inception)]
mod array;
pub mod index;
mod print;
pub mod promote;
pub mod scalar;
pub mod shape;
pub mod types;

pub use array::{Array, Strided};
pub(crate) use array::{out_of_memory, zeroed};
pub use scalar::Scalar;
