//! What streams together, where the line breaks, and how much memory that takes.

mod live;
pub mod memory;
pub mod reach;
#[allow(clippy::module_inception)]
mod stage;

pub use reach::{Access, access, streams};
pub use stage::{Schedule, Stage, schedule, schedule_for, stream_info};
