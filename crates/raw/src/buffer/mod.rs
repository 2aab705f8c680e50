//! Owned, aligned bytes and a pool of them.

#[allow(clippy::module_inception)]
mod buffer;
mod pool;
mod write;

pub use buffer::{AllocError, Buffer, as_bytes, cast_slice, cast_slice_mut};
pub use pool::{Pool, PoolBuffer, PoolStats};

pub use write::write_bytes;
