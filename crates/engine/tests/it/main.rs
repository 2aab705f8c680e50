//! The engine's tests, one binary.
#![allow(missing_docs)]

mod arrays;
mod breadth;
mod convert;
mod debug;
mod elementwise;
mod errors;
mod errstate;
mod facts;
mod folds;
mod golden;
mod histograms;
mod index;
mod jit;
mod linalg;
mod memory;
mod monitor;
#[cfg(feature = "ndarray")]
mod ndarray;
mod no_panic;
mod order;
mod outside;
mod passes;
mod paths;
mod print;
mod random;
mod random_numbers;
mod review;
mod spill;
mod stream;
mod support;
mod tiny;
mod types;
mod windows;
