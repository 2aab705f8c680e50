//! The short ways to an answer: `collect`, `collect_all`, `explain`.

use std::fmt::Write as _;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::exec::threads;
use crate::lazy::Lazy;
use crate::passes::optimise;
use crate::plan::{NodeId, explain as show, lower};
use crate::run::{self, Output, RunOptions, budget};
use crate::stage::memory::Budget;
use crate::stage::{schedule, streams};

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
        explain(std::slice::from_ref(self), &RunOptions::default()).unwrap_or_else(|e| format!("error: {e}\n"))
    }
}

/// Computes several arrays over one reading of their sources.
pub fn collect_all(lazies: &[Lazy], options: &RunOptions) -> Result<Vec<Array>> {
    let outputs = lazies.iter().cloned().map(Output::Collect).collect();
    Ok(run::run(outputs, options)?.arrays)
}

/// The plan as it would run, and what it would hold in memory.
pub fn explain(lazies: &[Lazy], options: &RunOptions) -> Result<String> {
    let plan = optimise(lower(lazies)?)?;
    let schedule = schedule(&plan);
    let mut text = show::show(&plan);
    for (n, stage) in schedule.stages.iter().enumerate() {
        let streamed: Vec<NodeId> = plan.outputs.iter().copied().filter(|o| !streams(&plan, *o)).collect();
        let b =
            budget(&plan, &schedule, n, &streamed, &[], threads::resolve(options.threads), options.memory_limit, &[])?;
        let _ = writeln!(text, "{}", show::show_stage(&plan, &stage.targets, &stage.whole, n, &held(&b)));
    }
    Ok(text)
}

fn held(b: &Budget) -> String {
    let peak = crate::error::bytes(b.bytes);
    format!(" · planned peak {peak} beside the sinks' own, {} threads, at most {} frames waiting", b.workers, b.queue)
}
