//! Elementwise ops of constants become constants, by running the op's own meaning once.

use opusclip_raw::Isa;

use crate::array::Scalar;
use crate::error::Result;
use crate::lazy::Op;
use crate::ops::lanes::{Block, Lanes};
use crate::ops::{self, Elementwise};
use crate::plan::{Kind, Plan, PlanNode};

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    Ok(plan.rewrite(|out, node| {
        let folded = constant(out, &node).unwrap_or(node);
        out.intern(folded)
    }))
}

fn constant(plan: &Plan, node: &PlanNode) -> Option<PlanNode> {
    let Kind::Op(Op::Elementwise(op)) = &node.kind else { return None };
    let args: Option<Vec<Scalar>> = node
        .inputs
        .iter()
        .map(|&i| match &plan.node(i).kind {
            Kind::Op(Op::Scalar(s)) => Some(*s),
            _ => None,
        })
        .collect();
    let value = evaluate(*op, &args?, node.dtype)?;
    Some(PlanNode { kind: Kind::Op(Op::Scalar(value)), inputs: Vec::new(), ..node.clone() })
}

/// The op's answer for one element.
pub(super) fn evaluate(op: Elementwise, args: &[Scalar], result: opusclip_raw::DType) -> Option<Scalar> {
    let blocks: Vec<Block> = args.iter().map(|a| Block::splat(*a, 1)).collect();
    let lanes: Vec<Lanes<'_>> = blocks.iter().map(Block::lanes).collect();
    let mut out = Block::new(result, 1);
    ops::eval(op, Isa::BASELINE, &lanes, out.head_mut(1));
    out.first()
}
