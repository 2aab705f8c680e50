//! Ops that do nothing go. Only rules that keep every bit, NaN and -0 included.

use opusclip_raw::DType;

use crate::error::Result;
use crate::lazy::Op;
use crate::ops::Elementwise;
use crate::plan::{Kind, NodeId, Plan, PlanNode};

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    Ok(plan.rewrite(|out, node| match same_as_input(out, &node) {
        Some(input) => input,
        None => out.intern(node),
    }))
}

/// The input that the node merely repeats.
fn same_as_input(plan: &Plan, node: &PlanNode) -> Option<NodeId> {
    let Kind::Op(Op::Elementwise(op)) = &node.kind else { return None };
    let first = *node.inputs.first()?;
    let x = plan.node(first);
    if x.shape != node.shape {
        return None;
    }
    // A cast there and back through a type that holds every value.
    if let (Elementwise::Cast(to), Kind::Op(Op::Elementwise(Elementwise::Cast(via)))) = (op, &x.kind) {
        let origin = *x.inputs.first()?;
        let o = plan.node(origin);
        return (o.dtype == *to && o.shape == node.shape && holds(*via, o.dtype)).then_some(origin);
    }
    // f(f(x)) == x, or == f(x), as the row says.
    let row = op.row()?;
    if node.inputs.len() == 1 && x.kind == node.kind {
        if row.involution {
            let origin = *x.inputs.first()?;
            return (plan.node(origin).shape == node.shape).then_some(origin);
        }
        // z / |z| is rounded: twice is not once.
        if row.idempotent && !x.dtype.is_complex() {
            return Some(first);
        }
    }
    // f(x, e) == x. Adding 0 turns -0.0 into 0.0, so floats keep their zeros; complex
    // numbers by 1 mix their parts.
    if let (Some(e), [_, second]) = (row.identity, node.inputs.as_slice())
        && let Kind::Op(Op::Scalar(s)) = &plan.node(*second).kind
    {
        let inexact = node.dtype.is_complex() || (node.dtype.is_float() && e == 0);
        if !inexact && node.dtype == x.dtype && s.to_f64() == e as f64 {
            return Some(first);
        }
    }
    None
}

/// True when every value of `small` is a value of `wide`.
fn holds(wide: DType, small: DType) -> bool {
    crate::array::promote::promote(wide, small) == wide
        && !(wide.real() == DType::F64 && small.is_integer() && small.size() == 8)
}
