//! What runs a stage.

pub mod chunk;
pub mod cpu;
mod executor;
pub mod options;
pub(crate) mod prepared;
pub(crate) mod record;
pub mod reference;
mod ring;
mod rules;
mod scratch;
pub(crate) mod spill;
pub mod stream;
mod supply;
pub(crate) mod tiny;

pub use executor::{Executor, Frames};
