//! A reduction over whole frames of a program that could be a table depends only on how often
//! each of the 256 values occurs.

use opusclip_raw::DType;

use super::tabulate::table_operand;
use crate::error::Result;
use crate::ops::Reduce;
use crate::plan::{Kind, Path, Plan};

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    Ok(plan.rewrite(|out, mut node| {
        if let Kind::Reduce { op, axes, over, program, path, .. } = &mut node.kind {
            *path = decide(out, *op, axes, over, program, &node.inputs);
        }
        out.intern(node)
    }))
}

fn decide(
    plan: &Plan,
    op: Reduce,
    axes: &[usize],
    over: &[usize],
    program: &crate::plan::Program,
    inputs: &[crate::plan::NodeId],
) -> Path {
    // Whole frames: every axis but time.
    if over.len() < 2 || axes.iter().copied().ne(1..over.len()) {
        return Path::Blocks("the reduction is not over whole frames");
    }
    let frame = crate::array::shape::product(&over[1..]);
    if frame < 1024 {
        return Path::Blocks("too few elements for counting to pay");
    }
    // The plain sum of an 8-bit array has its own loop; a program makes it a table of values.
    if program.instructions.is_empty() {
        return Path::Blocks("nothing to compute before the reduction");
    }
    if matches!(op, Reduce::Sum | Reduce::Mean) && program.dtype != DType::F32 {
        return Path::Blocks("only float32 sums are exact in any order");
    }
    match table_operand(plan, program, inputs, over) {
        Ok((operand, per_frame)) => Path::Count { operand, per_frame },
        Err(why) => Path::Blocks(why),
    }
}
