//! The arena. Equal nodes are one node; a node's inputs always stand before it.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::Arc;

use opusclip_raw::DType;

use super::program::Program;
use crate::lazy::Op;
use crate::ops::Reduce;

/// A node's place in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// How a fused region is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Path {
    /// Block by block through the interpreter; says why no table serves.
    Blocks(&'static str),
    /// Through a table of 256 entries, indexed by the operand.
    Table {
        /// Which operand of the program is the 8-bit one.
        operand: usize,
        /// True when the other operands differ from frame to frame, so that each frame has its own table.
        per_frame: bool,
        /// The axis along which the other operands differ, so that each place of it has its own table.
        channel: Option<usize>,
    },
    /// A reduction that depends only on how often each 8-bit value occurs.
    Count {
        /// Which operand of the program is the 8-bit one.
        operand: usize,
        /// As for a table.
        per_frame: bool,
    },
}

/// What a plan's node does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// As the user wrote it.
    Op(Op),
    /// A fused region of elementwise ops.
    Fused {
        /// The region; its operands are the node's inputs.
        program: Arc<Program>,
        /// How it runs.
        path: Path,
    },
    /// A reduction with the elementwise ops before it fused in.
    Reduce {
        /// Which.
        op: Reduce,
        /// Reduced axes of the program's shape.
        axes: Vec<usize>,
        /// Whether they stay with length 1.
        keepdims: bool,
        /// Shape over which the program runs.
        over: Vec<usize>,
        /// What is reduced; its operands are the node's inputs.
        program: Arc<Program>,
        /// How it runs.
        path: Path,
    },
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlanNode {
    /// What it does.
    pub kind: Kind,
    /// To which nodes.
    pub inputs: Vec<NodeId>,
    /// Length of each axis of the result.
    pub shape: Vec<usize>,
    /// Element type of the result.
    pub dtype: DType,
}

/// Hashes for tables of one plan: quick, and with nobody to defend against.
pub(super) type Plain = BuildHasherDefault<Mixer>;

/// Multiplies and folds, a word at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mixer(u64);

impl Mixer {
    fn mix(&mut self, word: u64) {
        let wide = u128::from(self.0 ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0xa076_1d64_78bd_642f;
        self.0 = (wide as u64) ^ (wide >> 64) as u64;
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(8) {
            let mut all = [0; 8];
            all[..word.len()].copy_from_slice(word);
            self.mix(u64::from_le_bytes(all));
        }
    }
    fn write_u8(&mut self, v: u8) {
        self.mix(v.into());
    }
    fn write_u32(&mut self, v: u32) {
        self.mix(v.into());
    }
    fn write_u64(&mut self, v: u64) {
        self.mix(v);
    }
    fn write_usize(&mut self, v: usize) {
        self.mix(v as u64);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Nodes, and which of them are wanted.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    nodes: Vec<PlanNode>,
    /// The last node of each hash; `before` leads on to the others.
    known: HashMap<u64, NodeId, Plain>,
    before: Vec<Option<NodeId>>,
    /// The wanted nodes, in the caller's order.
    pub outputs: Vec<NodeId>,
}

impl Plan {
    /// Without nodes, and with room for `nodes` of them.
    pub fn with_capacity(nodes: usize) -> Plan {
        Plan {
            nodes: Vec::with_capacity(nodes),
            known: HashMap::with_capacity_and_hasher(nodes, Plain::default()),
            before: Vec::with_capacity(nodes),
            outputs: Vec::new(),
        }
    }

    /// The node, made now or found.
    pub fn intern(&mut self, node: PlanNode) -> NodeId {
        let hash = Plain::default().hash_one(&node);
        let last = self.known.get(&hash).copied();
        let mut at = last;
        while let Some(id) = at {
            if self.nodes[id.0] == node {
                return id;
            }
            at = self.before[id.0];
        }
        let id = NodeId(self.nodes.len());
        self.nodes.push(node);
        self.before.push(last);
        self.known.insert(hash, id);
        id
    }

    /// All nodes, inputs first.
    pub fn nodes(&self) -> &[PlanNode] {
        &self.nodes
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> &PlanNode {
        &self.nodes[id.0]
    }

    /// The nodes that an output needs, inputs first.
    pub fn reachable(&self) -> Vec<NodeId> {
        let mut wanted = vec![false; self.nodes.len()];
        for o in &self.outputs {
            wanted[o.0] = true;
        }
        for i in (0..self.nodes.len()).rev() {
            if wanted[i] {
                for input in &self.nodes[i].inputs {
                    wanted[input.0] = true;
                }
            }
        }
        (0..self.nodes.len()).filter(|&i| wanted[i]).map(NodeId).collect()
    }

    /// How many nodes of the reachable plan, outputs included, take each node.
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        for id in self.reachable() {
            for input in &self.node(id).inputs {
                uses[input.0] += 1;
            }
        }
        for o in &self.outputs {
            uses[o.0] += 1;
        }
        uses
    }

    /// A new plan of the reachable nodes, each handed to `f` with its inputs already renamed.
    /// `f` interns what it likes in the new plan and says which node stands for the old one.
    pub fn rewrite(&self, mut f: impl FnMut(&mut Plan, PlanNode) -> NodeId) -> Plan {
        let mut out = Plan::with_capacity(self.nodes.len());
        let mut renamed = vec![NodeId(0); self.nodes.len()];
        for id in self.reachable() {
            let mut node = self.node(id).clone();
            for input in &mut node.inputs {
                *input = renamed[input.0];
            }
            renamed[id.0] = f(&mut out, node);
        }
        out.outputs = self.outputs.iter().map(|o| renamed[o.0]).collect();
        out
    }
}
