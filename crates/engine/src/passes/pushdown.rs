//! Slices move towards the source: what is cut away is not computed, and a range of frames
//! becomes a seek. A slice of `f(x, y)` is `f` of the slices; a slice of a reduction along an
//! axis that stays is the reduction of the slice; two slices of one axis are one.

use std::collections::HashMap;

use crate::array::index::Span;
use crate::error::Result;
use crate::lazy::Op;
use crate::ops::Movement;
use crate::plan::{Kind, NodeId, Plan, PlanNode};

/// How many ops one slice passes at most: a bound on the stack, not on what is worth it.
const DEEPEST: usize = 100;

/// Slices already pushed: what is shared is walked once, or the steps would double at each level.
type Done = HashMap<(NodeId, usize, Span), NodeId>;

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    let mut done = Done::new();
    Ok(plan.rewrite(|out, node| match (&node.kind, node.inputs.as_slice()) {
        (Kind::Op(Op::Movement(Movement::Slice { axis, span })), [input]) => {
            slice(out, &mut done, *input, *axis, *span, 0)
        }
        _ => out.intern(node),
    }))
}

/// The node for `span` of one axis of node `id`.
fn slice(plan: &mut Plan, done: &mut Done, id: NodeId, axis: usize, span: Span, depth: usize) -> NodeId {
    if let Some(&there) = done.get(&(id, axis, span)) {
        return there;
    }
    let made = push(plan, done, id, axis, span, depth);
    done.insert((id, axis, span), made);
    made
}

fn push(plan: &mut Plan, done: &mut Done, id: NodeId, axis: usize, span: Span, depth: usize) -> NodeId {
    let node = plan.node(id).clone();
    let mut shape = node.shape.clone();
    match shape.get_mut(axis) {
        Some(d) if *d == span.len && span.step == 1 => return id,
        Some(d) => *d = span.len,
        None => return id,
    }
    if depth < DEEPEST {
        let pushed = match &node.kind {
            Kind::Op(Op::Elementwise(_)) => Some((node.kind.clone(), Follow::Broadcast)),
            // Axis `axis` of the result is this axis of the input, if the input's order is kept.
            Kind::Op(Op::Reduce { axes, keepdims, .. }) => {
                let kept = if *keepdims {
                    (!axes.contains(&axis)).then_some(axis)
                } else {
                    let rank = plan.node(node.inputs[0]).shape.len();
                    (0..rank).filter(|a| !axes.contains(a)).nth(axis)
                };
                kept.map(|a| (node.kind.clone(), Follow::Axis(a)))
            }
            Kind::Op(Op::Movement(Movement::Permute(order))) => {
                order.get(axis).map(|a| (node.kind.clone(), Follow::Axis(*a)))
            }
            Kind::Op(Op::Movement(Movement::Slice { axis: inner, span: first })) if *inner == axis => {
                return match joined(*first, span).filter(|both| axis > 0 || both.step > 0) {
                    // Reversed time needs all frames of what it reverses: a cut before it must stay before it.
                    Some(both) => slice(plan, done, node.inputs[0], axis, both, depth + 1),
                    None => leave(plan, id, &node, shape, axis, span),
                };
            }
            _ => None,
        };
        if let Some((kind, follow)) = pushed {
            let inputs = node.inputs.iter().map(|&input| {
                let rank = plan.node(input).shape.len();
                let at = match follow {
                    Follow::Axis(a) => Some(a),
                    // Axes are counted from the last; a length of 1 serves every position.
                    Follow::Broadcast => (axis + rank).checked_sub(node.shape.len()),
                };
                let whole = |a: &usize| plan.node(input).shape.get(*a) == Some(&1) && node.shape.get(axis) != Some(&1);
                match at.filter(|a| !whole(a)) {
                    Some(a) => slice(plan, done, input, a, span, depth + 1),
                    None => input,
                }
            });
            let inputs = inputs.collect();
            return plan.intern(PlanNode { kind, inputs, shape, dtype: node.dtype });
        }
    }
    leave(plan, id, &node, shape, axis, span)
}

/// Which axis of an input an axis of the result is.
#[derive(Clone, Copy)]
enum Follow {
    Broadcast,
    Axis(usize),
}

fn leave(plan: &mut Plan, id: NodeId, node: &PlanNode, shape: Vec<usize>, axis: usize, span: Span) -> NodeId {
    let kind = Kind::Op(Op::Movement(Movement::Slice { axis, span }));
    plan.intern(PlanNode { kind, inputs: vec![id], shape, dtype: node.dtype })
}

/// `second` of `first`, as one span of the array that `first` looked at.
fn joined(first: Span, second: Span) -> Option<Span> {
    if second.len == 0 {
        return Some(Span { start: 0, len: 0, step: 1 });
    }
    let start = (first.start as isize).checked_add((second.start as isize).checked_mul(first.step)?)?;
    let step = first.step.checked_mul(second.step)?;
    Some(Span { start: usize::try_from(start).ok()?, len: second.len, step })
}
