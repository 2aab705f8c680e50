//! The arena. Equal nodes are one node; a node's inputs always stand before it.

use std::collections::HashMap;
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

/// Nodes, and which of them are wanted.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    nodes: Vec<PlanNode>,
    known: HashMap<PlanNode, NodeId>,
    /// The wanted nodes, in the caller's order.
    pub outputs: Vec<NodeId>,
}

impl Plan {
    /// The node, made now or found.
    pub fn intern(&mut self, node: PlanNode) -> NodeId {
        if let Some(&id) = self.known.get(&node) {
            return id;
        }
        let id = NodeId(self.nodes.len());
        self.nodes.push(node.clone());
        self.known.insert(node, id);
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
        let mut out = Plan::default();
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
