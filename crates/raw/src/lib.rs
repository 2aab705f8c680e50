//! Bytes and loops: element types, buffers, instruction-set choice and kernels.
//!
//! This crate is the only room of the house with `unsafe` in it. It takes slices and plain
//! numbers and knows nothing of arrays, plans or video.
#![deny(unsafe_op_in_unsafe_fn)]

pub mod buffer;
pub mod dtype;
pub mod half;
pub mod isa;
pub mod kernel;
pub mod memory;
pub mod number;

pub use buffer::{AllocError, Buffer, Pool, PoolBuffer, PoolStats, as_bytes, cast_slice, cast_slice_mut};
pub use dtype::{Complex, DType, Element, Kind};
pub use half::{BF16, F16};
pub use isa::Isa;
pub use number::{Float, Integer, Number};
