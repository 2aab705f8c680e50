//! What depends only on how often each value of an 8-bit array occurs in a frame is taken from one
//! histogram of each frame, however many results there are: medians and shares, and the least and the
//! greatest of what is computed of it. The histogram is a node, so interning makes it one.
//!
//! Sums stay where they are: read as they lie, or by planes and look-ups, they are faster than counters.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use opusclip_raw::DType;

use super::tabulate::{FEWEST_ELEMENTS, Lookup, lookup};
use crate::array::Array;
use crate::array::shape::product;
use crate::error::{Error, Result};
use crate::lazy::{DataRef, Op};
use crate::ops::whole::{
    Attr, COUNTED_MEDIAN, COUNTED_QUANTILE, COUNTS, MEDIAN, NANMEDIAN, OCCURRING, QUANTILE, VALUES, Whole, ramp,
};
use crate::ops::{Movement, Reduce};
use crate::plan::{Kind, NodeId, Path, Plan, PlanNode, Program, Value};

/// A node that can be made of counts.
struct Candidate<'a> {
    /// The 8-bit array, of full size.
    operand: NodeId,
    /// What is computed of it before: the program, its inputs and which of these it is.
    program: Option<(&'a Arc<Program>, &'a [NodeId], usize)>,
    /// Shape of the frames.
    over: &'a [usize],
    /// Worth a histogram of its own; others only use one that is there.
    asks: bool,
}

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    let reachable = plan.reachable();
    let candidates: HashMap<NodeId, Candidate<'_>> =
        reachable.iter().filter_map(|id| Some((*id, candidate(plan, *id)?))).collect();
    let counted: HashSet<NodeId> = candidates.values().filter(|c| c.asks).map(|c| c.operand).collect();
    if counted.is_empty() {
        return Ok(plan.clone());
    }
    let mut out = Plan::with_capacity(plan.nodes().len());
    let mut renamed = vec![NodeId(0); plan.nodes().len()];
    let mut values = HashMap::new();
    for id in reachable {
        let mut node = plan.node(id).clone();
        for input in &mut node.inputs {
            *input = renamed[input.0];
        }
        renamed[id.0] = match candidates.get(&id).filter(|c| counted.contains(&c.operand)) {
            Some(c) => made_of_counts(&mut out, &renamed, &mut values, c, node)?,
            None => out.intern(node),
        };
    }
    out.outputs = plan.outputs.iter().map(|o| renamed[o.0]).collect();
    Ok(out)
}

fn candidate(plan: &Plan, id: NodeId) -> Option<Candidate<'_>> {
    let node = plan.node(id);
    let whole_frames = |over: &[usize], axes: &[usize]| {
        over.len() > 1
            && axes.iter().copied().eq(1..over.len())
            && product(&over[1..]) >= FEWEST_ELEMENTS
            && over[0] > 0
    };
    let bytes = |id: NodeId| matches!(plan.node(id).dtype, DType::U8 | DType::I8);
    match &node.kind {
        Kind::Op(Op::Whole(w)) if [&MEDIAN, &NANMEDIAN, &QUANTILE].into_iter().any(|p| w.is(p)) => {
            let x = *node.inputs.first()?;
            let of = plan.node(x);
            if !whole_frames(&of.shape, &w.axes(of.shape.len())?) {
                return None;
            }
            let plain = Candidate { operand: x, program: None, over: &of.shape, asks: true };
            match &of.kind {
                Kind::Fused { program, .. } => match tabulated(plan, program, &of.inputs, &of.shape) {
                    Some(c) => Some(c),
                    None => bytes(x).then_some(plain),
                },
                _ => bytes(x).then_some(plain),
            }
        }
        Kind::Reduce { op, axes, over, program, .. } if whole_frames(over, axes) => {
            let chooses = matches!(op, Reduce::Min | Reduce::Max | Reduce::Any | Reduce::All);
            match program.result {
                _ if !chooses => None,
                Value::Operand(k) if program.instructions.is_empty() => {
                    let operand = *node.inputs.get(k)?;
                    let full = bytes(operand) && &plan.node(operand).shape == over;
                    full.then_some(Candidate { operand, program: None, over, asks: false })
                }
                _ => tabulated(plan, program, &node.inputs, over),
            }
        }
        _ => None,
    }
}

/// A program over one 8-bit operand and numbers that are constant over a frame.
fn tabulated<'a>(
    plan: &Plan,
    program: &'a Arc<Program>,
    inputs: &'a [NodeId],
    over: &'a [usize],
) -> Option<Candidate<'a>> {
    match lookup(plan, program, inputs, over) {
        Ok(Lookup { operand, channel: None, .. }) => {
            Some(Candidate { operand: inputs[operand], program: Some((program, inputs, operand)), over, asks: true })
        }
        _ => None,
    }
}

/// Arrays of 256 values made here: of which program (the bytes themselves without one), of which bytes,
/// and for so many frames.
type Known = HashMap<(Option<Arc<Program>>, DType, usize), NodeId>;

fn op(out: &mut Plan, op: Op, inputs: Vec<NodeId>, shape: Vec<usize>, dtype: DType) -> NodeId {
    out.intern(PlanNode { kind: Kind::Op(op), inputs, shape, dtype })
}

/// `node`, whose inputs are renamed already, out of a histogram of each frame.
fn made_of_counts(
    out: &mut Plan,
    renamed: &[NodeId],
    known: &mut Known,
    c: &Candidate<'_>,
    node: PlanNode,
) -> Result<NodeId> {
    let frames = c.over.first().copied().unwrap_or(1);
    let table = vec![frames, VALUES];
    let counts = Op::Whole(Whole::new(&COUNTS, vec![Attr::Input(0)]));
    let counts = op(out, counts, vec![renamed[c.operand.0]], table.clone(), DType::I64);
    let values = values_of(out, renamed, known, c, renamed[c.operand.0])?;
    let dtype = out.node(values).dtype;
    let pair = [Attr::Input(0), Attr::Input(1)];
    let (kind, inputs, shape) = match &node.kind {
        Kind::Op(Op::Whole(w)) if w.is(&QUANTILE) => {
            let q = *node.inputs.get(1).ok_or_else(|| Error::internal("a quantile has no share"))?;
            let rest = ["method", "percent", "weak", "skip"].map(|name| w.argument(name));
            let attrs = pair.into_iter().chain([Attr::Input(2)]).chain(rest).collect();
            let shape = out.node(q).shape.iter().copied().chain([frames]).collect();
            (Kind::Op(Op::Whole(Whole::new(&COUNTED_QUANTILE, attrs))), vec![counts, values, q], shape)
        }
        Kind::Op(Op::Whole(w)) => {
            let attrs = pair.into_iter().chain([Attr::Bool(w.is(&NANMEDIAN))]).collect();
            (Kind::Op(Op::Whole(Whole::new(&COUNTED_MEDIAN, attrs))), vec![counts, values], vec![frames])
        }
        Kind::Reduce { op: reduce, .. } => {
            let occurring = Op::Whole(Whole::new(&OCCURRING, pair.to_vec()));
            let occurring = op(out, occurring, vec![counts, values], table.clone(), dtype);
            let kind = Kind::Reduce {
                op: *reduce,
                axes: vec![1],
                keepdims: false,
                over: table,
                program: Arc::new(Program::operand(dtype)),
                path: Path::Blocks("the values that occur"),
            };
            (kind, vec![occurring], vec![frames])
        }
        _ => return Err(Error::internal("a node that is no reduction was to be made of counts")),
    };
    let made = out.intern(PlanNode { kind, inputs, shape: shape.clone(), dtype: node.dtype });
    if shape == node.shape {
        return Ok(made);
    }
    Ok(op(out, Op::Movement(Movement::Reshape(node.shape.clone())), vec![made], node.shape, node.dtype))
}

/// What is computed of each byte pattern: 256 values for all frames, or for each.
fn values_of(
    out: &mut Plan,
    renamed: &[NodeId],
    known: &mut Known,
    c: &Candidate<'_>,
    operand: NodeId,
) -> Result<NodeId> {
    let bytes = out.node(operand).dtype;
    let frames = c.over.first().copied().unwrap_or(1);
    let mut data = |out: &mut Plan, program: Option<&Arc<Program>>, frames: usize, array: Array| {
        let (shape, dtype) = (array.shape().to_vec(), array.dtype());
        let make = || op(out, Op::Data(DataRef(array)), Vec::new(), shape, dtype);
        *known.entry((program.cloned(), bytes, frames)).or_insert_with(make)
    };
    let ramp = ramp(bytes)?.broadcast_view(&[1, VALUES])?;
    let Some((program, inputs, at)) = c.program else { return Ok(data(out, None, 1, ramp)) };
    if program.operands.len() == 1 {
        let table = program.run(&[ramp], &[1, VALUES])?;
        return Ok(data(out, Some(program), 1, table));
    }
    // A row for each frame, whatever the operands are: values that hold for all would be a whole array,
    // which a stage waits for, and then the frames would be read twice.
    let rows = [frames, VALUES];
    let ramp = data(out, None, frames, ramp.broadcast_view(&rows)?);
    let mut operands = Vec::with_capacity(inputs.len());
    for (n, input) in inputs.iter().enumerate() {
        let input = renamed[input.0];
        if n == at {
            operands.push(ramp);
            continue;
        }
        // Length 1 on every axis but time.
        let PlanNode { kind, shape, dtype, .. } = out.node(input);
        let (shape, dtype) = (vec![product(shape), 1], *dtype);
        let column = Movement::Reshape(shape.clone());
        operands.push(match kind {
            Kind::Op(Op::Data(d)) => {
                let column = DataRef(column.apply(&d.0)?);
                op(out, Op::Data(column), Vec::new(), shape, dtype)
            }
            _ => op(out, Op::Movement(column), vec![input], shape, dtype),
        });
    }
    let (program, path) = (program.clone(), Path::Blocks("256 values of each frame"));
    let dtype = program.dtype;
    Ok(out.intern(PlanNode { kind: Kind::Fused { program, path }, inputs: operands, shape: rows.to_vec(), dtype }))
}
