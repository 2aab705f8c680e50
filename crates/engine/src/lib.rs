//! Lazy n-d arrays and their engine: what the user wrote becomes a plan, a better plan, stages,
//! and then frames. Start reading at `run.rs`.
#![forbid(unsafe_code)]

pub mod error;
pub mod flow;
pub mod monitor;

pub use error::{Error, Result};
pub use opusclip_raw::{DType, Element};
