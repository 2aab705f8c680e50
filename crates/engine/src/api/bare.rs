//! Stands for the generated methods when the engine is built with `--cfg bare`, so that the
//! generator, which needs the engine's rows and nothing more, can always be built to write them.

use super::args::Args;
use crate::error::{Error, Result};
use crate::lazy::Lazy;

/// None: they are generated.
pub mod functions {}

pub(super) fn dispatch(name: &str, _: &Args<'_>) -> Result<Vec<Lazy>> {
    Err(Error::internal(format!("the op {name} was left out of this build by `--cfg bare`")))
}
