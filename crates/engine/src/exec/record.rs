//! What a run notes of its nodes and stages, for its monitor.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use opusclip_raw::PoolStats;

use crate::array::Array;
use crate::lazy::Op;
use crate::monitor::{Monitor, NodeSummary, RunSummary, StageSummary, nanos};
use crate::plan::{Kind, NodeId, Plan};
use crate::stage::memory::Budget;

/// Cells of one run; nothing is noted for a monitor that nobody looks at.
#[derive(Debug)]
pub(crate) struct Record {
    monitor: Monitor,
    nodes: Vec<Cells>,
    stages: Mutex<Vec<StageSummary>>,
    start: Instant,
    /// What the monitor had before: decode, unpack, compute, encode, wait, cursors.
    before: [u64; 6],
}

#[derive(Debug, Default)]
struct Cells {
    calls: AtomicU64,
    nanos: AtomicU64,
    read: AtomicU64,
    written: AtomicU64,
    allocations: AtomicU64,
    pool_hits: AtomicU64,
    tables: AtomicU64,
    tables_built: AtomicU64,
    counted: AtomicU64,
    blocks: AtomicU64,
}

/// Bytes that one call counts at most: sums of as many calls as a run can make do not wrap.
const MOST_AT_ONCE: u64 = 1 << 50;

fn add(cell: &AtomicU64, n: u64) {
    cell.fetch_add(n, Ordering::Relaxed);
}

fn get(cell: &AtomicU64) -> u64 {
    cell.load(Ordering::Relaxed)
}

fn so_far(m: &Monitor) -> [u64; 6] {
    [m.decode_nanos(), m.unpack_nanos(), m.compute_nanos(), m.encode_nanos(), m.wait_nanos(), m.cursors()]
}

impl Record {
    /// For one run of `plan`.
    pub(crate) fn new(plan: &Plan, monitor: &Monitor) -> Record {
        let count = if monitor.is_quiet() { 0 } else { plan.nodes().len() };
        Record {
            monitor: monitor.clone(),
            nodes: (0..count).map(|_| Cells::default()).collect(),
            stages: Mutex::default(),
            start: Instant::now(),
            before: so_far(monitor),
        }
    }

    fn node(&self, id: NodeId) -> Option<&Cells> {
        self.nodes.get(id.0)
    }

    pub(crate) fn count_table(&self, id: NodeId, built: u64) {
        self.monitor.count_table(built);
        if let Some(n) = self.node(id) {
            add(&n.tables, 1);
            add(&n.tables_built, built);
        }
    }

    pub(crate) fn count_blocks(&self, id: NodeId) {
        self.monitor.count_blocks();
        if let Some(n) = self.node(id) {
            add(&n.blocks, 1);
        }
    }

    pub(crate) fn count_streamed(&self) {
        self.monitor.count_streamed();
    }

    pub(crate) fn count_fold(&self) {
        self.monitor.count_fold();
    }

    pub(crate) fn count_counted(&self, id: NodeId) {
        self.monitor.count_counted();
        if let Some(n) = self.node(id) {
            add(&n.counted, 1);
        }
    }

    /// Histograms of so many frames.
    pub(crate) fn count_histograms(&self, id: NodeId, frames: u64) {
        self.monitor.count_histograms(frames);
        self.count_counted(id);
    }

    /// A buffer for a node's frames, which the pool had to make or had.
    pub(crate) fn buffer(&self, id: NodeId, fresh: bool) {
        if let Some(n) = self.node(id) {
            add(if fresh { &n.allocations } else { &n.pool_hits }, 1);
        }
    }

    /// Frames of a source, `bytes` of them.
    pub(crate) fn source(&self, id: NodeId, bytes: usize) {
        if let Some(n) = self.node(id) {
            add(&n.calls, 1);
            add(&n.written, bytes as u64);
        }
    }

    /// Times what computes `written` bytes of node `id`.
    pub(crate) fn compute<T>(
        &self,
        plan: &Plan,
        id: NodeId,
        inputs: &[Array],
        written: usize,
        f: impl FnOnce() -> T,
    ) -> T {
        if let Some(n) = self.node(id) {
            add(&n.calls, 1);
            // Views count by their elements, of which there may be more than anyone can read.
            let read = inputs.iter().map(|a| a.nbytes() as u64).fold(0, u64::saturating_add);
            add(&n.read, read.min(MOST_AT_ONCE));
            add(&n.written, written as u64);
        }
        self.go_on(plan, id, f)
    }

    /// Times what is done besides for a call of node `id`.
    pub(crate) fn go_on<T>(&self, plan: &Plan, id: NodeId, f: impl FnOnce() -> T) -> T {
        let Some(n) = self.node(id) else { return f() };
        let start = Instant::now();
        let out = f();
        let end = Instant::now();
        add(&n.nanos, nanos(end - start));
        let name = || {
            let number = plan.reachable().binary_search(&id).unwrap_or(id.0);
            format!("%{number} {} ({})", what(plan, id), path(n))
        };
        self.monitor.spent_on(name, start, end);
        out
    }

    /// Times stage number `number`.
    pub(crate) fn stage<T>(&self, number: usize, frames: usize, budget: &Budget, f: impl FnOnce() -> T) -> T {
        if self.monitor.is_quiet() {
            return f();
        }
        let sum = |cell: fn(&Cells) -> &AtomicU64| self.nodes.iter().map(|n| get(cell(n))).fold(0, u64::saturating_add);
        let all = || [sum(|n| &n.read), sum(|n| &n.written), sum(|n| &n.allocations), sum(|n| &n.pool_hits)];
        let before = all();
        let start = Instant::now();
        let out = f();
        let end = Instant::now();
        let [read, written, allocations, pool_hits] = all();
        let summary = StageSummary {
            number,
            frames: frames as u64,
            workers: budget.workers as u64,
            chunk: budget.chunk as u64,
            planned_bytes: budget.bytes,
            nanos: nanos(end - start),
            bytes_read: read.saturating_sub(before[0]),
            bytes_written: written.saturating_sub(before[1]),
            allocations: allocations - before[2],
            pool_hits: pool_hits - before[3],
        };
        self.stages.lock().unwrap_or_else(PoisonError::into_inner).push(summary);
        if let Some(p) = self.monitor.profile() {
            p.add(format!("stage {number}"), "stage", start, end);
        }
        out
    }

    /// Hands what was noted to the monitor.
    pub(crate) fn finish(&self, plan: &Plan, before: &PoolStats, after: &PoolStats) {
        self.monitor.pool(before, after);
        if self.monitor.is_quiet() {
            return;
        }
        let now = so_far(&self.monitor);
        // Other runs of the same monitor that go on meanwhile are in here too.
        let [decode, unpack, compute, encode, wait, cursors] =
            std::array::from_fn(|i| now[i].saturating_sub(self.before[i]));
        let reachable = plan.reachable();
        let ran = reachable.iter().enumerate().filter_map(|(number, id)| Some((number, *id, self.node(*id)?)));
        let nodes = ran.filter(|(_, _, n)| get(&n.calls) > 0).map(|(number, id, n)| NodeSummary {
            number,
            what: what(plan, id),
            path: if matches!(plan.node(id).kind, Kind::Op(Op::Source(_))) { "source" } else { path(n) },
            calls: get(&n.calls),
            nanos: get(&n.nanos),
            bytes_read: get(&n.read),
            bytes_written: get(&n.written),
            allocations: get(&n.allocations),
            pool_hits: get(&n.pool_hits),
            tables_built: get(&n.tables_built),
        });
        let run = RunSummary {
            nanos: nanos(self.start.elapsed()),
            decode_nanos: decode,
            compute_nanos: compute + unpack,
            encode_nanos: encode,
            wait_nanos: wait,
            cursors,
            nodes: nodes.collect(),
            stages: std::mem::take(&mut *self.stages.lock().unwrap_or_else(PoisonError::into_inner)),
        };
        self.monitor.remember(run);
    }
}

/// How it was run, most of the times.
fn path(n: &Cells) -> &'static str {
    let ways = [("blocks", get(&n.blocks)), ("table", get(&n.tables)), ("counted", get(&n.counted))];
    ways.into_iter().fold(("op", 0), |a, b| if b.1 > a.1 { b } else { a }).0
}

/// What a node does, in a word.
fn what(plan: &Plan, id: NodeId) -> &'static str {
    match &plan.node(id).kind {
        Kind::Fused { .. } => "fused",
        Kind::Reduce { op, .. } | Kind::Op(Op::Reduce { op, .. }) => op.row().name,
        Kind::Op(Op::Elementwise(op)) => op.name(),
        Kind::Op(Op::Movement(m)) => m.name(),
        Kind::Op(Op::Whole(w)) => w.name(),
        Kind::Op(Op::Source(_)) => "source",
        Kind::Op(Op::Data(_) | Op::Scalar(_) | Op::Input(_)) => "array",
    }
}
