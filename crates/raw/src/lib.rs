//! Bytes and loops: element types, buffers, instruction-set choice and kernels.
//!
//! This crate is the only room of the house with `unsafe` in it. It takes slices and plain
//! numbers and knows nothing of arrays, plans or video.
#![deny(unsafe_op_in_unsafe_fn)]

pub mod dtype;

pub use dtype::{DType, Element, Kind};
