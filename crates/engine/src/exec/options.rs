//! What a run is told, and what it gives back.

use std::any::Any;
use std::sync::OnceLock;

use opusclip_raw::{Isa, Pool};

use crate::array::Array;
use crate::errstate::ErrState;
use crate::flow::Sink;
use crate::lazy::{Lazy, Op};
use crate::monitor::{Cancel, Monitor};
use crate::plan::{Kind, NodeId, Plan};

/// Freed memory that is kept for the next frames and results, in bytes.
const POOL_CAP: usize = 512 << 20;

/// The pool of all runs in memory: fresh pages cost as much as the arithmetic on them.
pub fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| Pool::new(POOL_CAP))
}

/// Runs in memory share [`pool`]; a run that streams has its own, whose frames go when it ends and
/// whose peak is its own.
pub(crate) fn pool_for(plan: &Plan, sinks: bool) -> Pool {
    let reads = |id: &NodeId| matches!(plan.node(*id).kind, Kind::Op(Op::Source(_)));
    if sinks || plan.reachable().iter().any(reads) { Pool::new(POOL_CAP) } else { pool().clone() }
}

/// How a run is to be done; answers never depend on it.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Worker threads; 0 is one for each processor.
    pub threads: usize,
    /// Most bytes that the run may plan to hold; none is no limit.
    pub memory_limit: Option<u64>,
    /// Ends the run early.
    pub cancel: Cancel,
    /// Counts and times what happens; the one that watches the thread that made these options
    /// ([`Monitor::watch`]), or a new one.
    pub monitor: Monitor,
    /// What happens when arithmetic has no good answer; the state of the thread that made these
    /// options.
    pub errors: ErrState,
    /// Instruction set; none is the best of this machine, or `OPUSCLIP_ISA`.
    pub isa: Option<Isa>,
}

impl RunOptions {
    /// For a run whose monitor nobody will look at, but one that watches this thread.
    pub(crate) fn quiet() -> Self {
        Self::seen_by(Monitor::watching().unwrap_or_else(Monitor::quiet))
    }

    fn seen_by(monitor: Monitor) -> Self {
        RunOptions {
            threads: 0,
            memory_limit: None,
            cancel: Cancel::default(),
            monitor,
            errors: ErrState::current(),
            isa: None,
        }
    }

    /// Nothing is asked of the run that needs a plan: a limit is kept by planning, a watch by blocks.
    pub(crate) fn plain(&self) -> bool {
        self.errors.ignores_all() && self.memory_limit.is_none() && !self.cancel.is_cancelled()
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        Self::seen_by(Monitor::watching().unwrap_or_default())
    }
}

/// What is to become of an expression.
pub enum Output {
    /// Kept in memory.
    Collect(Lazy),
    /// Streamed away.
    Sink(Lazy, Box<dyn Sink>),
}

/// What a run gives back, in the order of its outputs.
#[derive(Debug, Default)]
pub struct RunReport {
    /// The collected arrays.
    pub arrays: Vec<Array>,
    /// What each sink reports.
    pub reports: Vec<Box<dyn Any + Send>>,
}
