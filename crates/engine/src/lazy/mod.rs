//! What the user wrote: expressions that know their shape and type and hold no data.

pub mod compose;
pub mod index;
#[allow(clippy::module_inception)]
mod lazy;
mod operators;
mod show;
mod types;

pub use crate::array::Meta;
pub use index::{Ellipsis, Index, NewAxis};
pub use lazy::{DataRef, Lazy, Node, Op, Operand, Slot, SourceRef};
pub(crate) use lazy::{weak_default, weak_scalar};
pub use operators::IntoAxes;
