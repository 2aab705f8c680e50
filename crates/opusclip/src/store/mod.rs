//! Files at rest: arrays on disk, and the way every output gets its final name.

pub mod input;
pub mod npy;
pub mod pending;
