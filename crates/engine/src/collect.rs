//! The short ways to an answer: `collect`, `collect_all`, `explain`.

use std::fmt::{self, Write as _};

use opusclip_raw::{DType, Isa};

use crate::array::Array;
use crate::array::shape::show as show_shape;
use crate::error::{Error, Result};
use crate::errstate::ErrState;
use crate::exec::prepared::Prepared;
use crate::exec::tiny;
use crate::lazy::Lazy;
use crate::monitor::Monitor;
use crate::plan::{NodeId, explain as show, lower};
use crate::run::{self, Output, RunOptions};
use crate::stage::memory::Budget;
use crate::stage::streams;
use crate::threads;

impl Lazy {
    /// Computes the array. Sources are read once; the result is kept in memory.
    pub fn collect(&self) -> Result<Array> {
        if ErrState::current().ignores_all()
            && !Monitor::is_watching()
            && let Some(done) = tiny::collect(std::slice::from_ref(self), Isa::active(), &[])
        {
            return only(done?);
        }
        self.collect_with(&RunOptions::quiet())
    }

    /// The same with options.
    pub fn collect_with(&self, options: &RunOptions) -> Result<Array> {
        only(collect_all(std::slice::from_ref(self), options)?)
    }

    /// The plan as it would run: what is fused, which tables, which stages, how much memory. An
    /// expression that could not be built explains its error.
    pub fn explain(&self) -> String {
        explain(std::slice::from_ref(self), &RunOptions::default()).unwrap_or_else(|e| format!("error: {e}\n"))
    }
}

/// What is known of an expression before it is computed; [`fmt::Display`] writes one line for each.
#[derive(Clone, Debug, PartialEq)]
pub struct LazyInfo {
    /// The last step.
    pub what: String,
    /// Length of each axis; nothing where the expression could not be built.
    pub shape: Option<Vec<usize>>,
    /// Element type; nothing where the expression could not be built.
    pub dtype: Option<DType>,
    /// Bytes of the elements once computed.
    pub nbytes: usize,
    /// Nodes, shared ones counted once.
    pub nodes: usize,
    /// Nodes that read from outside.
    pub sources: usize,
    /// Whether frames of the result can be made one after another, without the whole of it. A
    /// number cannot, and neither can what a reduction over time leaves.
    pub streams: bool,
    /// Why the expression could not be built.
    pub error: Option<Error>,
}

impl Lazy {
    /// What the expression is. Nothing is read or computed; [`Lazy::explain`] shows how it would be.
    pub fn debug(&self) -> LazyInfo {
        let (nodes, sources) = self.count_nodes();
        let streamed = |plan: crate::plan::Plan| plan.outputs.iter().all(|&id| streams(&plan, id));
        LazyInfo {
            what: self.what(),
            shape: self.shape().ok().map(<[usize]>::to_vec),
            dtype: self.dtype().ok(),
            nbytes: self.nbytes().unwrap_or(0),
            nodes,
            sources,
            streams: lower(std::slice::from_ref(self)).is_ok_and(streamed),
            error: self.meta().err(),
        }
    }
}

impl fmt::Display for LazyInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(e) = &self.error {
            return write!(f, "Failed: {e}\nNodes: {} ({} sources)", self.nodes, self.sources);
        }
        writeln!(f, "Lazy: {}, not computed", self.what)?;
        if let (Some(shape), Some(dtype)) = (&self.shape, self.dtype) {
            writeln!(f, "Shape: {}", show_shape(shape))?;
            writeln!(f, "Data type: {dtype}")?;
        }
        writeln!(f, "Memory usage: {} bytes ({}) once computed", self.nbytes, crate::error::bytes(self.nbytes as u64))?;
        writeln!(f, "Nodes: {} ({} sources)", self.nodes, self.sources)?;
        write!(f, "Streams: {}", if self.streams { "True" } else { "False" })
    }
}

fn only(mut arrays: Vec<Array>) -> Result<Array> {
    arrays.pop().ok_or_else(|| Error::internal("a run gave no array"))
}

/// Computes several arrays over one reading of their sources. What is small and in memory is
/// computed at once, without a plan (see [`Monitor::eager`](crate::Monitor::eager)).
pub fn collect_all(lazies: &[Lazy], options: &RunOptions) -> Result<Vec<Array>> {
    let isa = options.isa.unwrap_or_else(Isa::active);
    if options.plain()
        && let Some(done) = options.monitor.eagerly(|| tiny::collect(lazies, isa, &[]))
    {
        return done;
    }
    let outputs = lazies.iter().cloned().map(Output::Collect).collect();
    Ok(run::run(outputs, options)?.arrays)
}

/// The plan as it would run, and what it would hold in memory.
pub fn explain(lazies: &[Lazy], options: &RunOptions) -> Result<String> {
    let tiny = options.plain() && tiny::serves(lazies, false);
    explain_prepared(&Prepared::new(lower(lazies)?, !options.errors.ignores_all())?, tiny, options)
}

/// The same of what was planned before.
pub(crate) fn explain_prepared(prepared: &Prepared, tiny: bool, options: &RunOptions) -> Result<String> {
    let Prepared { plan, schedule, .. } = prepared;
    // What a traced function gives stays in memory; else an output that streams may go to a sink.
    let traced = prepared.is_traced();
    let collected: Vec<NodeId> = plan.outputs.iter().copied().filter(|o| traced || !streams(plan, *o)).collect();
    let mut text = show::show(plan);
    for (n, stage) in schedule.stages.iter().enumerate() {
        let threads = threads::resolve(options.threads);
        let b = prepared.budget(n, &collected, &[], threads, options.memory_limit, &[])?;
        let _ =
            writeln!(text, "{}", show::show_stage(plan, [&stage.targets, &stage.folds, &stage.whole], n, &held(&b)));
    }
    for source in prepared.read_again(&collected) {
        let all = (source.raw_frame_bytes() as u64).saturating_mul(source.info().frames() as u64);
        let (name, all) = (source.describe(), crate::error::bytes(all));
        let _ = writeln!(
            text,
            "{name} cannot seek: spilled, {all} at most, to a temporary file for readings after the first"
        );
    }
    if tiny {
        text.push_str("so few numbers are computed at once, an op at a time, without this plan\n");
    }
    Ok(text)
}

fn held(b: &Budget) -> String {
    let peak = crate::error::bytes(b.bytes);
    format!(" · planned peak {peak} beside the sinks' own, {} threads, at most {} frames waiting", b.workers, b.queue)
}
