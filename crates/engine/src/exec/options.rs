//! What a run is told, and what it gives back.

use std::any::Any;
use std::sync::OnceLock;

use opusclip_raw::{Isa, Pool};

use crate::array::Array;
use crate::error::{Error, Result};
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
/// whose peak is its own. And whether it is the run's alone.
pub(crate) fn pool_for(options: &RunOptions, plan: &Plan, sinks: bool) -> Result<(Pool, bool)> {
    // What the environment says must not be passed over.
    memory_limit()?;
    let reads = |id: &NodeId| matches!(plan.node(*id).kind, Kind::Op(Op::Source(_)));
    let (pool, own) = match &options.pool {
        Some(pool) => (pool.clone(), false),
        None if sinks || plan.reachable().iter().any(reads) => (Pool::new(POOL_CAP), true),
        None => (pool().clone(), false),
    };
    if options.memory_limit.is_some_and(|l| pool.stats().held_bytes as u64 > l / 4) {
        // What earlier runs left for reuse counts against this one's limit.
        pool.trim();
    }
    Ok((pool, own))
}

/// A number of bytes in words: `512MiB`, `2GiB`, `2GB`, `1.5g`, `1000`. Units of one letter are powers of
/// 1024, as those with an `i`; letters may be small. What comes out is at least 1.
///
/// # Errors
/// What was expected, in a few words.
pub fn parse_bytes(text: &str) -> std::result::Result<u64, &'static str> {
    const EXPECTED: &str = "expected bytes such as 512MiB, 2GiB or 2GB";
    let text = text.trim();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(EXPECTED),
    };
    let value: f64 = number.parse().map_err(|_| EXPECTED)?;
    let bytes = value * scale as f64;
    if (1.0..=9.0e18).contains(&bytes) { Ok(bytes as u64) } else { Err("out of range") }
}

/// The limit that `OPUSCLIP_MEMORY_LIMIT` sets for runs that are given none; read once.
///
/// # Errors
/// [`Error::Value`] where it is no number of bytes.
pub fn memory_limit() -> Result<Option<u64>> {
    static LIMIT: OnceLock<Result<Option<u64>>> = OnceLock::new();
    let read = || {
        let Some(text) = std::env::var_os("OPUSCLIP_MEMORY_LIMIT").filter(|t| !t.is_empty()) else { return Ok(None) };
        let text = text.to_string_lossy();
        let wrong = |why| Error::value("OPUSCLIP_MEMORY_LIMIT", format!("'{text}' given; {why}"));
        parse_bytes(&text).map(Some).map_err(wrong)
    };
    LIMIT.get_or_init(read).clone()
}

/// How a run is to be done; answers never depend on it.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Worker threads; 0 is one for each processor.
    pub threads: usize,
    /// Most bytes that the run may plan to hold; none is no limit. `OPUSCLIP_MEMORY_LIMIT` (`512MiB`) is
    /// the default.
    pub memory_limit: Option<u64>,
    /// Memory that frames are taken from and given back to. None is one for this run, if it streams, or
    /// else [`pool`].
    pub pool: Option<Pool>,
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
            // A run refuses one that cannot be read.
            memory_limit: memory_limit().unwrap_or_default(),
            pool: None,
            cancel: Cancel::default(),
            monitor,
            errors: ErrState::current(),
            isa: None,
        }
    }

    /// These options with a limit in words, as `512MiB` or `2GB` (see [`parse_bytes`]).
    ///
    /// # Errors
    /// [`Error::Value`] for what is no number of bytes.
    pub fn limit(self, bytes: &str) -> Result<Self> {
        let limit = parse_bytes(bytes).map_err(|why| Error::value("limit", format!("'{bytes}' given; {why}")))?;
        Ok(RunOptions { memory_limit: Some(limit), ..self })
    }

    /// Nothing is asked of the run that needs a plan: a limit is kept by planning, a watch by blocks.
    pub(crate) fn plain(&self) -> bool {
        self.errors.ignores_all()
            && self.memory_limit.is_none()
            && !self.cancel.is_cancelled()
            && memory_limit().is_ok()
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
