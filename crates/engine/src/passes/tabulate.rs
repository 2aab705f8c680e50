//! A program with one 8-bit operand and otherwise only numbers that are constant over a frame is
//! a function of 256 values: it is run over the ramp 0…255 and looked up from then on. That is a
//! question about shapes, so the table is right by construction. Where the numbers differ from
//! channel to channel besides, each channel has a table of its own.
//!
//! Ancestors: OpenColorIO's separable prefix, AviSynth+ `Expr(lut=1)`, VapourSynth `Lut`,
//! dictionary evaluation in databases.

use opusclip_raw::DType;

use crate::array::shape::product;
use crate::error::Result;
use crate::plan::{Kind, NodeId, Path, Plan, Program};

/// Elements that one table must serve before it pays: four looks for each entry made.
pub(super) const FEWEST_ELEMENTS: usize = 1024;

/// Channels that may have a table each: together the tables must stay in the first cache.
const MOST_CHANNELS: usize = 16;

/// Elements that a channel must have one after another, unless it is the last axis: each such run
/// is a call of its own.
const SHORTEST_PLANE: usize = 256;

/// What is looked up.
pub(super) struct Lookup {
    /// The operand that indexes the table.
    pub(super) operand: usize,
    /// Whether each frame needs its own.
    pub(super) per_frame: bool,
    /// The axis of which each place needs its own.
    pub(super) channel: Option<usize>,
}

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    Ok(plan.rewrite(|out, mut node| {
        if let Kind::Fused { program, path } = &mut node.kind {
            *path = match lookup(out, program, &node.inputs, &node.shape) {
                Ok(Lookup { operand, per_frame, channel }) => Path::Table { operand, per_frame, channel },
                Err(why) => Path::Blocks(why),
            };
        }
        out.intern(node)
    }))
}

/// How the program can be looked up; or why it cannot.
pub(super) fn lookup(
    plan: &Plan,
    program: &Program,
    inputs: &[NodeId],
    shape: &[usize],
) -> Result<Lookup, &'static str> {
    if program.instructions.is_empty() {
        return Err("nothing to compute");
    }
    let (mut index, mut per_frame, mut channel) = (None, false, None);
    for (n, id) in inputs.iter().enumerate() {
        let operand = &plan.node(*id).shape;
        if operand == shape {
            match program.operands[n] {
                DType::U8 | DType::I8 => {}
                DType::Bool => return Err("the operand of full size is of truth values, which need no table"),
                d if d.size() == 2 => {
                    return Err(
                        "an operand of full size has 16 bits: a table of 65536 does not stay in the first cache",
                    );
                }
                _ => return Err("an operand of full size is wider than 8 bits"),
            }
            if index.replace(n).is_some() {
                return Err("two operands are of full size");
            }
            continue;
        }
        let lead = shape.len() - operand.len();
        for axis in operand.iter().enumerate().filter(|(_, d)| **d != 1).map(|(a, _)| lead + a) {
            match channel {
                _ if axis == 0 => per_frame = true,
                Some(other) if axis != other => return Err("an operand varies inside a frame"),
                _ => channel = Some(axis),
            }
        }
    }
    let operand = index.ok_or("no operand is of full size")?;
    let mut of_each = product(shape.get(1..).unwrap_or(&[]));
    if !per_frame {
        of_each = of_each.saturating_mul(shape.first().copied().unwrap_or(1));
    }
    if let Some(c) = channel {
        let plane = product(&shape[c + 1..]);
        if shape[c] > MOST_CHANNELS {
            return Err("an operand varies along an axis that is too long for a table at each place");
        }
        if plane != 1 && plane < SHORTEST_PLANE {
            return Err("an operand varies along an axis that is neither the last nor one of large planes");
        }
        of_each /= shape[c].max(1);
    }
    if of_each < FEWEST_ELEMENTS {
        return Err("too few elements for a table to pay");
    }
    Ok(Lookup { operand, per_frame, channel })
}
