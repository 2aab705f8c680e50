//! The line that data travels, in code: expressions → plan → better plan → stages → executor →
//! sinks. Start reading here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use opusclip_raw::Isa;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::errstate::Watch;
use crate::exec::chunk::Context;
use crate::exec::cpu::Cpu;
use crate::exec::options::pool_for;
pub use crate::exec::options::{Output, RunOptions, RunReport, pool};
use crate::exec::stream::{Outlet, drain, panic_text, run_stage};
use crate::flow::Sink;
use crate::lazy::{Lazy, compose};
use crate::monitor::Phase;
use crate::passes::optimise_for;
use crate::plan::{NodeId, Plan, lower};
use crate::stage::memory::{Budget, kept_bytes, plan_stage, stage_frames};
use crate::stage::{Schedule, schedule_for, stream_info, streams};
use crate::threads;

/// Runs several outputs over one reading of their sources.
pub fn run(outputs: Vec<Output>, options: &RunOptions) -> Result<RunReport> {
    // A source or sink that panics is somebody's fault, but never the end of the caller.
    let timed = AssertUnwindSafe(|| options.monitor.time(Phase::Wall, || run_timed(outputs, options)));
    catch_unwind(timed).unwrap_or_else(|panic| Err(Error::internal(panic_text(panic.as_ref()))))
}

fn run_timed(outputs: Vec<Output>, options: &RunOptions) -> Result<RunReport> {
    let lazies: Vec<Lazy> = outputs
        .iter()
        .map(|o| match o {
            // A single number goes into a sink as a stream of one frame.
            Output::Sink(l, _) if is_single(l) => compose::reshape(l, &[1]),
            Output::Collect(l) | Output::Sink(l, _) => l.clone(),
        })
        .collect();
    let watch = Watch::new(options.errors, &options.monitor);
    let plan = optimise_for(lower(&lazies)?, watch.is_some())?;
    let schedule = schedule_for(&plan, watch.is_some());
    let threads = threads::resolve(options.threads);

    let mut outlets: Vec<Outlet> = Vec::new();
    let mut collected: Vec<NodeId> = Vec::new();
    for (output, &node) in outputs.into_iter().zip(&plan.outputs) {
        match output {
            Output::Collect(_) => collected.push(node),
            Output::Sink(lazy, mut sink) => {
                // A stream's times are a list as long as it; a view may be longer than memory.
                let bytes = plan.node(node).shape.first().map_or(0, |frames| frames.saturating_mul(16));
                if Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
                    return Err(crate::array::out_of_memory(bytes));
                }
                let mut info = stream_info(&plan, node);
                if is_single(&lazy) {
                    info.shape.clear();
                }
                sink.begin(&info)?;
                outlets.push(Outlet { node, sink: Mutex::new(sink) });
            }
        }
    }

    let isa = options.isa.unwrap_or_else(Isa::active);
    let executor = Cpu::new(&plan, isa, &options.monitor, watch.as_ref());
    let mut cx = Context {
        plan: &plan,
        executor: &executor,
        monitor: &options.monitor,
        cancel: &options.cancel,
        watch: watch.as_ref(),
        pool: pool_for(&plan, !outlets.is_empty()),
        threads,
        known: vec![None; plan.nodes().len()],
        collected: &collected,
    };
    let before = cx.pool.stats();
    if options.memory_limit.is_some_and(|l| before.held_bytes as u64 > l / 4) {
        // What earlier runs left for reuse counts against this one's limit.
        cx.pool.trim();
    }
    for (n, stage) in schedule.stages.iter().enumerate() {
        let (sunk, rest): (Vec<Outlet>, Vec<Outlet>) =
            outlets.into_iter().partition(|o| stage.targets.contains(&o.node) && streams(&plan, o.node));
        let budget = budget(&plan, &schedule, n, &collected, &sunk, threads, options.memory_limit, &cx.known)?;
        options.monitor.start(budget.workers, budget.bytes);
        if !stage.targets.is_empty() || !stage.folds.is_empty() {
            options.monitor.add_total(stage_frames(&plan, stage) as u64);
            run_stage(&mut cx, stage, &sunk, &budget)?;
        }
        for &id in &stage.whole {
            cx.known[id.0] = Some(cx.run_whole(id)?);
        }
        if let Some(w) = &watch {
            w.raise()?;
        }
        outlets = sunk.into_iter().chain(rest).collect();
    }
    if let Some(w) = &watch {
        w.warn();
    }
    options.monitor.pool(&before, &cx.pool.stats());

    let mut report = RunReport::default();
    for id in &collected {
        report.arrays.push(cx.whole(*id)?);
    }
    // Outputs of one kind keep the caller's order; the stages may have shuffled the outlets.
    outlets.sort_by_key(|o| plan.outputs.iter().position(|n| *n == o.node));
    for outlet in &outlets {
        if !streams(&plan, outlet.node) {
            drain(&cx, outlet)?;
        }
        if options.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        report.reports.push(outlet.sink.lock().unwrap_or_else(PoisonError::into_inner).finish()?);
    }
    Ok(report)
}

fn is_single(lazy: &Lazy) -> bool {
    lazy.shape().is_ok_and(<[usize]>::is_empty)
}

#[allow(clippy::too_many_arguments)]
pub(crate) fn budget(
    plan: &Plan,
    schedule: &Schedule,
    stage: usize,
    collected: &[NodeId],
    outlets: &[Outlet],
    threads: usize,
    limit: Option<u64>,
    known: &[Option<Array>],
) -> Result<Budget> {
    let guards: Vec<_> = outlets.iter().map(|o| o.sink.lock().unwrap_or_else(PoisonError::into_inner)).collect();
    let sinks: Vec<&dyn Sink> = guards.iter().map(|g| &***g).collect();
    let is_known = |id: NodeId| known.get(id.0).is_some_and(Option::is_some);
    let held = kept_bytes(plan, schedule, collected);
    plan_stage(plan, &schedule.stages[stage], &is_known, &sinks, held, threads, limit)
}
