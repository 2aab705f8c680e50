//! Arrays in memory: shape, strides, promotion, printing, conversions.

#[allow(clippy::module_inception)]
mod array;
mod convert;
mod debug;
mod few;
pub mod index;
mod meta;
#[cfg(feature = "ndarray")]
mod ndarray;
mod numerals;
mod outside;
mod print;
pub mod promote;
mod properties;
pub mod scalar;
pub mod shape;
pub mod types;

pub use array::{Array, Strided};
pub(crate) use array::{Homes, out_of_memory, zeroed};
pub use convert::{Fixed, Nested};
pub use debug::{DebugInfo, DebugOptions, Stats};
pub use few::{Few, Shape, Strides};
pub use meta::Meta;
pub use print::PrintOptions;
pub use properties::Memory;
pub use scalar::Scalar;
pub use shape::{broadcast_shapes, f_strides};
