//! What streams together, where the line breaks, and how much memory that takes.

pub(crate) mod live;
pub mod memory;
pub mod reach;
#[allow(clippy::module_inception)]
mod stage;
mod times;

pub use reach::{Access, access, streams};
pub use stage::{Pace, Schedule, Stage, schedule_for};
pub use times::stream_info;
