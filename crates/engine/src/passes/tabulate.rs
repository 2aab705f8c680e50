//! A program with one 8-bit operand and otherwise only numbers that are constant over a frame is
//! a function of 256 values: it is run over the ramp 0…255 and looked up from then on. That is a
//! question about shapes, so the table is right by construction.
//!
//! Ancestors: OpenColorIO's separable prefix, AviSynth+ `Expr(lut=1)`, VapourSynth `Lut`,
//! dictionary evaluation in databases.

use opusclip_raw::DType;

use crate::error::Result;
use crate::plan::{Kind, NodeId, Path, Plan, Program};

/// Elements that one table must serve before it pays: four looks for each entry made.
pub(super) const FEWEST_ELEMENTS: usize = 1024;

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    Ok(plan.rewrite(|out, mut node| {
        if let Kind::Fused { program, path } = &mut node.kind {
            *path = match table_operand(out, program, &node.inputs, &node.shape) {
                Ok((operand, per_frame)) => Path::Table { operand, per_frame },
                Err(why) => Path::Blocks(why),
            };
        }
        out.intern(node)
    }))
}

/// Which operand indexes the table and whether each frame needs its own; or why there is none.
pub(super) fn table_operand(
    plan: &Plan,
    program: &Program,
    inputs: &[NodeId],
    shape: &[usize],
) -> Result<(usize, bool), &'static str> {
    if program.instructions.is_empty() {
        return Err("nothing to compute");
    }
    let mut index = None;
    let mut per_frame = false;
    for (n, id) in inputs.iter().enumerate() {
        let operand = &plan.node(*id).shape;
        let full = operand == shape;
        let lead = shape.len() - operand.len();
        // Constant over a frame: of length 1 on every axis but time.
        let constant = operand.iter().enumerate().all(|(a, &d)| d == 1 || lead + a == 0);
        match (full, constant) {
            (true, _) if !matches!(program.operands[n], DType::U8 | DType::I8) => {
                return Err("an operand of full size is wider than 8 bits");
            }
            (true, _) if index.is_some() => return Err("two operands are of full size"),
            (true, _) => index = Some(n),
            (false, true) => per_frame |= lead == 0 && operand.first().is_some_and(|&d| d > 1),
            (false, false) => return Err("an operand varies inside a frame"),
        }
    }
    let index = index.ok_or("no operand is of full size")?;
    let frame = crate::array::shape::product(shape.get(1..).unwrap_or(&[]));
    let served = if per_frame { frame } else { frame.saturating_mul(shape.first().copied().unwrap_or(1)) };
    if served < FEWEST_ELEMENTS {
        return Err("too few elements for a table to pay");
    }
    Ok((index, per_frame))
}
