//! What the user wrote: expressions that know their shape and type and hold no data.

mod args;
pub mod call;
pub mod compose;
#[allow(clippy::module_inception)]
mod lazy;
mod methods;
mod operators;
mod show;

pub(crate) use lazy::reduced;
pub use lazy::{DataRef, Lazy, Meta, Node, Op, Operand, SourceRef};
pub use operators::IntoAxes;
