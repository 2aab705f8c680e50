//! A plan is data: an interned graph that can be printed, compared and hashed.

pub mod explain;
mod lower;
#[allow(clippy::module_inception)]
mod plan;
mod program;
mod verify;

pub use lower::lower;
pub(crate) use lower::lower_traced;
pub use plan::{Kind, NodeId, Path, Plan, PlanNode};
pub use program::{Instruction, Program, Value};
pub use verify::verify;
