//! The short ways to an answer: `collect`, `collect_all`, `explain`.

use crate::array::Array;
use crate::error::{Error, Result};
use crate::lazy::Lazy;
use crate::run::{self, Output, RunOptions};

impl Lazy {
    /// Computes the array. Sources are read once; the result is kept in memory.
    pub fn collect(&self) -> Result<Array> {
        self.collect_with(&RunOptions::default())
    }

    /// The same with options.
    pub fn collect_with(&self, options: &RunOptions) -> Result<Array> {
        collect_all(std::slice::from_ref(self), options)?.pop().ok_or_else(|| Error::internal("a run gave no array"))
    }

    /// The plan as it would run: what is fused, which tables, which stages, how much memory. An
    /// expression that could not be built explains its error.
    pub fn explain(&self) -> String {
        run::explain(std::slice::from_ref(self), &RunOptions::default()).unwrap_or_else(|e| format!("error: {e}\n"))
    }
}

/// Computes several arrays over one reading of their sources.
pub fn collect_all(lazies: &[Lazy], options: &RunOptions) -> Result<Vec<Array>> {
    let outputs = lazies.iter().cloned().map(Output::Collect).collect();
    Ok(run::run(outputs, options)?.arrays)
}
