//! The line that data travels, in code: expressions → plan → better plan → stages → executor →
//! sinks. Start reading here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use opusclip_raw::Isa;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::errstate::Watch;
use crate::exec::chunk::Context;
use crate::exec::cpu::Cpu;
use crate::exec::options::pool_for;
pub use crate::exec::options::{Output, RunOptions, RunReport, memory_limit, parse_bytes, pool};
use crate::exec::prepared::{Destination, Prepared};
use crate::exec::record::Record;
use crate::exec::spill::Spilled;
use crate::exec::stream::{Outlet, drain, panic_text, run_stage};
use crate::lazy::compose;
use crate::monitor::Phase;
use crate::plan::lower;
use crate::stage::memory::stage_frames;
use crate::stage::streams;
use crate::threads;

/// Runs several outputs over one reading of their sources.
pub fn run(outputs: Vec<Output>, options: &RunOptions) -> Result<RunReport> {
    guarded(options, || {
        let (mut lazies, mut sinks) = (Vec::new(), Vec::new());
        for output in outputs {
            match output {
                Output::Collect(l) => {
                    lazies.push(l);
                    sinks.push(None);
                }
                // A single number goes into a sink as a stream of one frame.
                Output::Sink(l, sink) => {
                    let single = l.shape().is_ok_and(<[usize]>::is_empty);
                    lazies.push(if single { compose::reshape(&l, &[1]) } else { l });
                    sinks.push(Some(Destination { sink, single }));
                }
            }
        }
        options.monitor.count_plan();
        let prepared = Prepared::new(lower(&lazies)?, !options.errors.ignores_all())?;
        execute(&prepared, sinks, &[], options)
    })
}

/// Runs what was planned before, for other arguments. Every output is kept in memory.
pub(crate) fn run_again(prepared: &Prepared, arguments: &[Array], options: &RunOptions) -> Result<Vec<Array>> {
    let collected = prepared.plan.outputs.iter().map(|_| None).collect();
    guarded(options, || Ok(execute(prepared, collected, arguments, options)?.arrays))
}

/// A source or sink that panics is somebody's fault, but never the end of the caller.
fn guarded<T>(options: &RunOptions, f: impl FnOnce() -> Result<T>) -> Result<T> {
    let timed = AssertUnwindSafe(|| options.monitor.time(Phase::Wall, f));
    catch_unwind(timed).unwrap_or_else(|panic| Err(Error::internal(panic_text(panic.as_ref()))))
}

/// Each output goes where `sinks` says, or stays in memory.
fn execute(
    prepared: &Prepared,
    sinks: Vec<Option<Destination>>,
    arguments: &[Array],
    options: &RunOptions,
) -> Result<RunReport> {
    let Prepared { plan, schedule, .. } = prepared;
    let threads = threads::resolve(options.threads);
    let (outlets, collected) = prepared.open(sinks)?;
    let isa = options.isa.unwrap_or_else(Isa::active);
    let watch = Watch::new(options.errors, &options.monitor);
    let record = Record::new(plan, &options.monitor);
    let executor = Cpu::new(plan, isa, &record, watch.as_ref());
    let (pool, own_pool) = pool_for(options, plan, !outlets.is_empty())?;
    let mut cx = Context {
        plan,
        executor: &executor,
        record: &record,
        monitor: &options.monitor,
        cancel: &options.cancel,
        watch: watch.as_ref(),
        pool,
        own_pool,
        threads,
        known: prepared.known(arguments)?,
        kept: &schedule.kept,
        collected: &collected,
        spilled: Vec::new(),
    };
    for source in prepared.read_again(&collected) {
        cx.spilled.push(Arc::new(Spilled::new(source, &options.monitor)?));
    }
    let before = cx.pool.stats();
    let done = carry_out(prepared, &mut cx, outlets, options);
    // A run that failed shows how far it came.
    record.finish(plan, &before, &cx.pool.stats());
    done
}

/// Stage after stage, then what is left for the sinks.
fn carry_out(
    prepared: &Prepared,
    cx: &mut Context<'_>,
    mut outlets: Vec<Outlet>,
    options: &RunOptions,
) -> Result<RunReport> {
    let (schedule, plan, watch, collected) = (&prepared.schedule, cx.plan, cx.watch, cx.collected);
    for (n, stage) in schedule.stages.iter().enumerate() {
        let (sunk, rest): (Vec<Outlet>, Vec<Outlet>) =
            outlets.into_iter().partition(|o| stage.targets.contains(&o.node) && streams(plan, o.node));
        let budget = prepared.budget(n, collected, &sunk, cx.threads, options.memory_limit, &cx.known)?;
        options.monitor.start(budget.workers, budget.bytes);
        cx.record.stage(n, stage_frames(plan, stage), &budget, || -> Result<()> {
            if !stage.targets.is_empty() || !stage.folds.is_empty() {
                options.monitor.add_total(stage_frames(plan, stage) as u64);
                run_stage(cx, stage, &sunk, &budget)?;
            }
            for &id in &stage.whole {
                cx.known[id.0] = Some(cx.run_whole(id)?);
            }
            Ok(())
        })?;
        watch.map_or(Ok(()), Watch::raise)?;
        outlets = sunk.into_iter().chain(rest).collect();
    }
    if let Some(w) = watch {
        w.warn();
    }

    let mut report = RunReport::default();
    for id in collected {
        report.arrays.push(cx.whole(*id)?);
    }
    // Outputs of one kind keep the caller's order; the stages may have shuffled the outlets.
    outlets.sort_by_key(|o| plan.outputs.iter().position(|n| *n == o.node));
    for outlet in &outlets {
        if !streams(plan, outlet.node) {
            drain(cx, outlet)?;
        }
        if options.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let mut sink = outlet.sink.lock().unwrap_or_else(PoisonError::into_inner);
        report.reports.push(options.monitor.time(Phase::Encode, || sink.finish())?);
    }
    Ok(report)
}
