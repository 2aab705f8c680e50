//! Owned, aligned bytes, a pool of them, and bytes of files.

#[allow(clippy::module_inception)]
mod buffer;
mod mmap;
mod pool;
mod write;

pub use buffer::{AllocError, Buffer, as_bytes, cast_slice, cast_slice_mut};
pub use mmap::{MapMode, Mapped};
pub use pool::{POISON, Pool, PoolBuffer, PoolStats};

pub use write::write_bytes;
