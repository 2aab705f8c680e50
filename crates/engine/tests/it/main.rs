//! The engine's tests, one binary.
#![allow(missing_docs)]

mod arrays;
mod breadth;
mod errstate;
mod facts;
mod golden;
mod passes;
mod paths;
mod random;
mod review;
mod stream;
mod support;
