//! Chains of elementwise ops of one shape become one program: no array between them is ever made.
//! A region used by several consumers is computed in each of them, since arithmetic is cheaper
//! than memory; past a size limit it is made once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Result;
use crate::lazy::Op;
use crate::ops::Elementwise;
use crate::plan::{Instruction, Kind, NodeId, Path, Plan, PlanNode, Program, Value};

/// A program that would grow beyond this takes what it needs from memory instead.
const MOST_INSTRUCTIONS: usize = 48;

/// Stays where arithmetic is watched.
const UNDECIDED: Path = Path::Blocks("arithmetic is watched, so each element is looked at and no table is made");

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    // Regions are built over the old plan; `rewrite` renames their operands. Elementwise nodes are
    // only made when something asks for them as an array, which is decided from the back.
    let reachable = plan.reachable();
    let mut arrays = vec![false; plan.nodes().len()];
    for o in &plan.outputs {
        arrays[o.0] = true;
    }
    let mut regions: HashMap<NodeId, (Program, Vec<NodeId>)> = HashMap::new();
    for &id in reachable.iter().rev() {
        let node = plan.node(id);
        let region = match &node.kind {
            Kind::Op(Op::Elementwise(_)) if arrays[id.0] => region(plan, id, &arrays),
            Kind::Op(Op::Reduce { .. }) if !node.inputs.is_empty() => region(plan, node.inputs[0], &arrays),
            Kind::Op(Op::Elementwise(_)) => continue,
            _ => {
                for i in &node.inputs {
                    arrays[i.0] = true;
                }
                continue;
            }
        };
        for i in &region.1 {
            arrays[i.0] = true;
        }
        regions.insert(id, region);
    }
    let mut out = Plan::default();
    let mut renamed: HashMap<NodeId, NodeId> = HashMap::new();
    for &id in &reachable {
        let node = plan.node(id);
        let kind = match (&node.kind, regions.remove(&id)) {
            (Kind::Op(Op::Reduce { op, axes, keepdims }), Some((program, inputs))) => {
                let over = plan.node(node.inputs[0]).shape.clone();
                let kind = Kind::Reduce {
                    op: *op,
                    axes: axes.clone(),
                    keepdims: *keepdims,
                    over,
                    program: Arc::new(program),
                    path: UNDECIDED,
                };
                Some((kind, inputs))
            }
            (Kind::Op(Op::Elementwise(_)), Some((program, inputs))) => {
                Some((Kind::Fused { program: Arc::new(program), path: UNDECIDED }, inputs))
            }
            (Kind::Op(Op::Elementwise(_)), None) => None,
            (kind, _) => Some((kind.clone(), node.inputs.clone())),
        };
        if let Some((kind, inputs)) = kind {
            let inputs = inputs.iter().filter_map(|i| renamed.get(i).copied()).collect();
            let new = out.intern(PlanNode { kind, inputs, shape: node.shape.clone(), dtype: node.dtype });
            renamed.insert(id, new);
        }
    }
    out.outputs = plan.outputs.iter().filter_map(|o| renamed.get(o).copied()).collect();
    Ok(out)
}

/// The program that computes `root`, and the nodes it takes as operands.
fn region(plan: &Plan, root: NodeId, arrays: &[bool]) -> (Program, Vec<NodeId>) {
    let shape = &plan.node(root).shape;
    // Which nodes are inside: elementwise, same shape, not already an array that is made anyway
    // (the root itself excepted), and within the size limit.
    let mut inside: Vec<NodeId> = Vec::new();
    let mut stack = vec![root];
    while let Some(id) = stack.pop() {
        let node = plan.node(id);
        let joins = matches!(node.kind, Kind::Op(Op::Elementwise(_))) && &node.shape == shape;
        let made = arrays[id.0] && id != root && inside.len() > 8;
        if !joins || made || inside.len() >= MOST_INSTRUCTIONS || inside.contains(&id) {
            continue;
        }
        inside.push(id);
        stack.extend(node.inputs.iter().copied());
    }
    inside.sort_unstable();
    let mut operands: Vec<NodeId> = Vec::new();
    let mut instructions: Vec<Instruction> = Vec::new();
    let mut place: HashMap<NodeId, Value> = HashMap::new();
    let mut value = |id: NodeId, place: &HashMap<NodeId, Value>| -> Value {
        if let Some(v) = place.get(&id) {
            return *v;
        }
        if let Kind::Op(Op::Scalar(s)) = &plan.node(id).kind {
            return Value::Constant(*s);
        }
        let at = operands.iter().position(|o| *o == id).unwrap_or_else(|| {
            operands.push(id);
            operands.len() - 1
        });
        Value::Operand(at)
    };
    for id in &inside {
        let node = plan.node(*id);
        if let Kind::Op(Op::Elementwise(op)) = &node.kind {
            let args = node.inputs.iter().map(|i| value(*i, &place)).collect();
            let op: Elementwise = *op;
            instructions.push(Instruction { op, args, dtype: node.dtype });
            place.insert(*id, Value::Result(instructions.len() - 1));
        }
    }
    let result = value(root, &place);
    let types = operands.iter().map(|o| plan.node(*o).dtype).collect();
    let program = Program { operands: types, instructions, result, dtype: plan.node(root).dtype };
    (program, operands)
}
