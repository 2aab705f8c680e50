//! Lazy n-d arrays and their engine: what the user wrote becomes a plan, a better plan, stages,
//! and then frames. Start reading at `run.rs`.
#![forbid(unsafe_code)]

pub mod array;
pub mod error;
pub mod flow;
pub mod lazy;
pub mod monitor;
pub mod ops;

pub use array::Array;
pub use error::{Error, Result};
pub use lazy::{IntoAxes, Lazy, Operand};
pub use opusclip_raw::{DType, Element, Isa};
