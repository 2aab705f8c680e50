//! Arrays in memory: shape, strides, promotion, printing.

#[allow(clippy::module_inception)]
mod array;
pub mod index;
mod meta;
mod print;
pub mod promote;
pub mod scalar;
pub mod shape;

pub use array::{Array, Strided};
pub(crate) use array::{out_of_memory, zeroed};
pub use meta::Meta;
pub use scalar::Scalar;
pub use shape::broadcast_shapes;
