//! What a run left behind: its stages, its nodes, and what held it up.

use std::fmt;

use super::{json, seconds};

/// Runs that a monitor remembers.
pub(super) const MOST_RUNS: usize = 64;

/// Bytes a second and thread that are moved only when the memory, not the arithmetic, is the limit.
const MEMORY_SPEED: f64 = 8e9;

/// What a run did at one node of its plan, over all threads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeSummary {
    /// Its number in `explain`.
    pub number: usize,
    /// What it does: an op's name, `fused`, `source`.
    pub what: &'static str,
    /// How: `blocks`, `table`, `counted`, `op`; of a reduction that could be counted only sometimes, what
    /// was done most.
    pub path: &'static str,
    /// Times that it was run, each for some frames.
    pub calls: u64,
    /// Nanoseconds.
    pub nanos: u64,
    /// Bytes of its inputs.
    pub bytes_read: u64,
    /// Bytes of its results.
    pub bytes_written: u64,
    /// Buffers for its results that had to be made.
    pub allocations: u64,
    /// Buffers for its results that were there.
    pub pool_hits: u64,
    /// Tables that were built.
    pub tables_built: u64,
}

/// One pass over the stream, and what was computed after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageSummary {
    /// Its number in `explain`.
    pub number: usize,
    /// Frames of the stream.
    pub frames: u64,
    /// Threads that it was given.
    pub workers: u64,
    /// Frames that were made together.
    pub chunk: u64,
    /// Bytes that it was planned to hold.
    pub planned_bytes: u64,
    /// Nanoseconds from start to end.
    pub nanos: u64,
    /// Bytes that its nodes read, sources left out.
    pub bytes_read: u64,
    /// Bytes that its nodes wrote.
    pub bytes_written: u64,
    /// Buffers that the pool had to make.
    pub allocations: u64,
    /// Buffers that were in the pool.
    pub pool_hits: u64,
}

/// One run that was planned. Times are sums over all threads, but for those from start to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunSummary {
    /// Nanoseconds from the end of planning to the end.
    pub nanos: u64,
    /// Nanoseconds of decoding.
    pub decode_nanos: u64,
    /// Nanoseconds of computing and unpacking.
    pub compute_nanos: u64,
    /// Nanoseconds of encoding.
    pub encode_nanos: u64,
    /// Nanoseconds in which threads waited for each other.
    pub wait_nanos: u64,
    /// Cursors opened: one of a source means that one thread decoded for all.
    pub cursors: u64,
    /// Stages in order.
    pub stages: Vec<StageSummary>,
    /// Nodes that ran, inputs first.
    pub nodes: Vec<NodeSummary>,
}

/// What holds a run up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Reading frames.
    Decode,
    /// Arithmetic.
    Compute,
    /// Moving bytes: most work was computing, and it moved more than 8 GB a second on each thread.
    Memory,
    /// Writing frames.
    Encode,
    /// There was nothing to do.
    Nothing,
}

impl Bound {
    /// `decode`, `compute`, `memory`, `encode` or `nothing`.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Decode => "decode",
            Bound::Compute => "compute",
            Bound::Memory => "memory",
            Bound::Encode => "encode",
            Bound::Nothing => "nothing",
        }
    }
}

impl RunSummary {
    /// What took most of the work.
    pub fn bound(&self) -> Bound {
        // A source's time stands under decoding.
        let timed = || self.nodes.iter().filter(|n| n.nanos > 0);
        let moved = timed().map(|n| n.bytes_read.saturating_add(n.bytes_written)).fold(0, u64::saturating_add);
        let in_nodes: u64 = timed().map(|n| n.nanos).sum();
        let by_memory = in_nodes > 0 && moved as f64 / seconds(in_nodes) > MEMORY_SPEED;
        let most = self.decode_nanos.max(self.compute_nanos).max(self.encode_nanos);
        match most {
            0 => Bound::Nothing,
            m if m == self.encode_nanos => Bound::Encode,
            m if m == self.decode_nanos => Bound::Decode,
            _ if by_memory => Bound::Memory,
            _ => Bound::Compute,
        }
    }

    /// Its share of the work, in percent.
    fn share(&self) -> f64 {
        let all = [self.decode_nanos, self.compute_nanos, self.encode_nanos];
        let total: u64 = all.iter().sum();
        100.0 * all.into_iter().max().unwrap_or(0) as f64 / total.max(1) as f64
    }

    /// The node that took longest.
    pub fn slowest(&self) -> Option<&NodeSummary> {
        self.nodes.iter().filter(|n| n.nanos > 0).max_by_key(|n| n.nanos)
    }

    /// What would help, in a few words.
    pub fn advice(&self) -> String {
        let workers = self.stages.iter().map(|s| s.workers).max().unwrap_or(1);
        let threads = if workers < 2 { "more threads, if there are processors for them, or " } else { "" };
        match self.bound() {
            Bound::Nothing => String::new(),
            Bound::Decode if self.cursors == 1 && workers > 1 => {
                "one decoder feeds all threads: a source with more key frames, or fewer frames, would help".into()
            }
            Bound::Decode => format!("{threads}fewer frames would help: those cut off along time are not decoded"),
            Bound::Encode => format!(
                "{threads}a faster preset or shorter groups of pictures (video), a narrower type (arrays), would help"
            ),
            Bound::Memory => {
                "fewer bytes would help: float32 for float64, uint8 for float32, one run for several".into()
            }
            Bound::Compute => match self.slowest() {
                Some(n) if n.path == "blocks" => format!(
                    "most of it in %{} ({}, block by block): {threads}float32 for float64, or 8-bit inputs, which \
                     get tables, would help",
                    n.number, n.what
                ),
                Some(n) => {
                    format!("most of it in %{} ({}): {threads}fewer or smaller frames would help", n.number, n.what)
                }
                None => format!("{threads}fewer or smaller frames would help"),
            },
        }
    }

    /// One line: what held the run up and what would help.
    pub fn verdict(&self) -> String {
        match self.bound() {
            Bound::Nothing => "nothing to do".into(),
            bound => format!("{}-bound ({:.0} % of the work): {}", bound.name(), self.share(), self.advice()),
        }
    }

    /// All of it as JSON.
    pub fn to_json(&self) -> String {
        let stage = |s: &StageSummary| {
            json::object([
                ("number", s.number.to_string()),
                ("frames", s.frames.to_string()),
                ("workers", s.workers.to_string()),
                ("chunk", s.chunk.to_string()),
                ("planned_bytes", s.planned_bytes.to_string()),
                ("seconds", json::number(seconds(s.nanos))),
                ("bytes_read", s.bytes_read.to_string()),
                ("bytes_written", s.bytes_written.to_string()),
                ("allocations", s.allocations.to_string()),
                ("pool_hits", s.pool_hits.to_string()),
            ])
        };
        let node = |n: &NodeSummary| {
            json::object([
                ("number", n.number.to_string()),
                ("what", json::text(n.what)),
                ("path", json::text(n.path)),
                ("calls", n.calls.to_string()),
                ("seconds", json::number(seconds(n.nanos))),
                ("bytes_read", n.bytes_read.to_string()),
                ("bytes_written", n.bytes_written.to_string()),
                ("allocations", n.allocations.to_string()),
                ("pool_hits", n.pool_hits.to_string()),
                ("tables_built", n.tables_built.to_string()),
            ])
        };
        json::object([
            ("seconds", json::number(seconds(self.nanos))),
            ("decode_seconds", json::number(seconds(self.decode_nanos))),
            ("compute_seconds", json::number(seconds(self.compute_nanos))),
            ("encode_seconds", json::number(seconds(self.encode_nanos))),
            ("wait_seconds", json::number(seconds(self.wait_nanos))),
            ("cursors", self.cursors.to_string()),
            ("bound", json::text(self.bound().name())),
            ("verdict", json::text(&self.verdict())),
            ("stages", json::list(self.stages.iter().map(stage))),
            ("nodes", json::list(self.nodes.iter().map(node))),
        ])
    }
}

impl fmt::Display for RunSummary {
    /// The verdict, then a line for each node that ran.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ms · {}", seconds(self.nanos) * 1e3, self.verdict())?;
        for n in &self.nodes {
            write!(
                f,
                "\n  %{} {} ({}): {:.3} ms, {} read, {} written, {} calls",
                n.number,
                n.what,
                n.path,
                seconds(n.nanos) * 1e3,
                crate::error::bytes(n.bytes_read),
                crate::error::bytes(n.bytes_written),
                n.calls
            )?;
        }
        Ok(())
    }
}
