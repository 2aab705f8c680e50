//! A sum over whole frames of a program that could be a table depends only on how often each of the
//! 256 values occurs, where it is exact. Where the order of the values matters all the same (sums of
//! float64, other axes), they are at least looked up instead of computed. What chooses among values
//! was taken from a histogram before.

use opusclip_raw::DType;

use super::tabulate::{FEWEST_ELEMENTS, Lookup, lookup};
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
    // The plain sum of an 8-bit array has its own loop; a program makes it a table of values.
    if program.instructions.is_empty() {
        return Path::Blocks("nothing to compute before the reduction");
    }
    let (operand, per_frame) = match lookup(plan, program, inputs, over) {
        Ok(Lookup { operand, per_frame, channel: None }) => (operand, per_frame),
        Ok(_) => {
            return Path::Blocks("each place of an axis would need its own table, and a reduction has one for all");
        }
        Err(why) => return Path::Blocks(why),
    };
    // Whole frames: every axis but time. Sums must not depend on the order: f32 ones are exact.
    let whole_frames = over.len() > 1 && axes.iter().copied().eq(1..over.len());
    let exact = matches!(op, Reduce::Sum | Reduce::Mean) && program.dtype == DType::F32;
    if whole_frames && exact && crate::array::shape::product(&over[1..]) >= FEWEST_ELEMENTS {
        return Path::Count { operand, per_frame };
    }
    if per_frame {
        return Path::Blocks("each frame would need its own table and is not reduced as a whole");
    }
    // The values come from a table, and are reduced in their order.
    Path::Table { operand, per_frame, channel: None }
}
