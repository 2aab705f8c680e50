//! What runs a stage.

pub mod chunk;
pub mod cpu;
mod executor;
pub mod options;
pub mod reference;
mod rules;
pub mod stream;
mod supply;

pub use executor::{Executor, Frames};
