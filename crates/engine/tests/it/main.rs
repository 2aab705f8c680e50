//! The engine's tests, one binary.
#![allow(missing_docs)]

mod arrays;
mod convert;
mod debug;
mod errors;
mod facts;
mod golden;
#[cfg(feature = "ndarray")]
mod ndarray;
mod no_panic;
mod passes;
mod paths;
mod print;
mod random;
mod review;
mod stream;
mod support;
