//! One file for each command.

pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod info;
pub(crate) mod process;
pub(crate) mod stats;
