//! The engine's tests, one binary.
#![allow(missing_docs)]

mod arrays;
mod errstate;
mod facts;
mod golden;
mod index;
mod order;
mod passes;
mod paths;
mod random;
mod random_numbers;
mod review;
mod stream;
mod support;
