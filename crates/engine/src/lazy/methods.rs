use super::call::Args;
use super::lazy::Lazy;
use crate::error::{Error, Result};
pub(super) fn dispatch(name: &str, _a: &Args<'_>) -> Result<Lazy> {
    Err(Error::internal(name))
}
