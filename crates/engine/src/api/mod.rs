//! The registry as people call it: methods of [`Lazy`](crate::Lazy), functions, and calls by name.
//! It stands above `collect` because some ops are computed at once.

mod args;
pub mod call;
pub mod eager;
mod index;
#[cfg_attr(bare, path = "bare.rs")]
mod methods;

pub use call::{Arg, call, call_all, rows, signature};
pub use index::IntoIndex;
pub use methods::functions;
