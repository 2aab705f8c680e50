//! Permutations move through arithmetic towards the source where that moves no more bytes: frames
//! of bytes are turned from pixels into planes while they are read, instead of the results in a
//! pass of their own. Axis 0 stays first, so that frames stay frames.

use std::collections::{HashMap, HashSet};

use crate::array::shape::product;
use crate::error::Result;
use crate::lazy::{DataRef, Op};
use crate::ops::Movement;
use crate::plan::{Kind, NodeId, Plan, PlanNode};

/// Ops that one permutation passes at most.
const MOST_PASSED: usize = 64;

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    let uses = plan.uses();
    let mut out = Plan::default();
    let mut renamed: HashMap<NodeId, NodeId> = HashMap::new();
    for id in plan.reachable() {
        let node = plan.node(id);
        let new = |n: &NodeId| renamed.get(n).copied().unwrap_or(NodeId(0));
        let moved = match (&node.kind, node.inputs.as_slice()) {
            (Kind::Op(Op::Movement(Movement::Permute(order))), [input]) if order.first() == Some(&0) => {
                let region = if uses[input.0] == 1 { region(plan, *input) } else { None };
                match region {
                    Some(region) => Some(through(plan, &mut out, &region, order, &new)?),
                    None => Some(permuted(&mut out, new(input), order)),
                }
            }
            _ => None,
        };
        let made = moved.unwrap_or_else(|| {
            let inputs = node.inputs.iter().map(new).collect();
            out.intern(PlanNode { inputs, ..node.clone() })
        });
        renamed.insert(id, made);
    }
    out.outputs = plan.outputs.iter().filter_map(|o| renamed.get(o).copied()).collect();
    Ok(out)
}

/// The elementwise ops of one shape below a node, inputs first; none where what they take is larger
/// than what they give.
fn region(plan: &Plan, root: NodeId) -> Option<Vec<NodeId>> {
    let shape = &plan.node(root).shape;
    let mut inside = HashSet::new();
    let mut taken = HashSet::new();
    let mut stack = vec![root];
    let bytes = |id: NodeId| product(&plan.node(id).shape).saturating_mul(plan.node(id).dtype.size());
    while let Some(id) = stack.pop() {
        let node = plan.node(id);
        if !matches!(node.kind, Kind::Op(Op::Elementwise(_))) || &node.shape != shape {
            taken.insert(id);
        } else if inside.insert(id) {
            stack.extend(&node.inputs);
        }
        if inside.len() > MOST_PASSED {
            return None;
        }
    }
    let read = taken.into_iter().map(bytes).fold(0, usize::saturating_add);
    // Numbers for each channel are no burden.
    let least = read.saturating_sub(bytes(root) / 64);
    let mut inside: Vec<NodeId> = inside.into_iter().collect();
    inside.sort_unstable();
    (!inside.is_empty() && least <= bytes(root)).then_some(inside)
}

/// The region over permuted operands; the node of its last op.
fn through(
    plan: &Plan,
    out: &mut Plan,
    region: &[NodeId],
    order: &[usize],
    new: &dyn Fn(&NodeId) -> NodeId,
) -> Result<NodeId> {
    let mut made: HashMap<NodeId, NodeId> = HashMap::new();
    let mut last = NodeId(0);
    for id in region {
        let node = plan.node(*id);
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for input in &node.inputs {
            inputs.push(match made.get(input) {
                Some(there) => *there,
                None => operand(out, new(input), order)?,
            });
        }
        let shape = Movement::Permute(order.to_vec()).shape(&node.shape);
        last = out.intern(PlanNode { kind: node.kind.clone(), inputs, shape, dtype: node.dtype });
        made.insert(*id, last);
    }
    Ok(last)
}

/// An operand that broadcasts, as it is seen with the axes in another order.
fn operand(out: &mut Plan, id: NodeId, order: &[usize]) -> Result<NodeId> {
    let node = out.node(id).clone();
    if product(&node.shape) == 1 {
        return Ok(id);
    }
    let lead = order.len() - node.shape.len();
    if lead == 0 {
        return Ok(permuted(out, id, order));
    }
    let shape: Vec<usize> = std::iter::repeat_n(1, lead).chain(node.shape.iter().copied()).collect();
    if let Kind::Op(Op::Data(array)) = &node.kind {
        // A view at once: a step of its own would wait for the whole of it.
        let full = Movement::Broadcast(shape).apply(&array.0)?;
        let array = Movement::Permute(order.to_vec()).apply(&full)?;
        let shape = array.shape().to_vec();
        let kind = Kind::Op(Op::Data(DataRef(array)));
        return Ok(out.intern(PlanNode { kind, inputs: Vec::new(), shape, dtype: node.dtype }));
    }
    let kind = Kind::Op(Op::Movement(Movement::Broadcast(shape.clone())));
    let full = out.intern(PlanNode { kind, inputs: vec![id], shape, dtype: node.dtype });
    Ok(permuted(out, full, order))
}

/// The node with its axes in this order: two permutations are one, or none.
fn permuted(out: &mut Plan, id: NodeId, order: &[usize]) -> NodeId {
    let node = out.node(id).clone();
    let (id, order) = match (&node.kind, node.inputs.first()) {
        (Kind::Op(Op::Movement(Movement::Permute(first))), Some(input)) => {
            (*input, order.iter().filter_map(|&a| first.get(a).copied()).collect())
        }
        _ => (id, order.to_vec()),
    };
    if order.iter().copied().eq(0..order.len()) {
        return id;
    }
    let movement = Movement::Permute(order);
    let shape = movement.shape(&out.node(id).shape);
    out.intern(PlanNode { kind: Kind::Op(Op::Movement(movement)), inputs: vec![id], shape, dtype: node.dtype })
}
