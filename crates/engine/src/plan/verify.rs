//! What a legal plan is. Run after each pass in tests and debug builds.

use super::plan::{Kind, Plan};
use super::program::{Program, Value};
use crate::array::{Meta, shape};
use crate::error::{Error, Result};
use crate::lazy::Op;

/// Fails with the first rule that does not hold.
pub fn verify(plan: &Plan) -> Result<()> {
    for (i, node) in plan.nodes().iter().enumerate() {
        let fail = |what: String| Err(Error::internal(format!("plan node %{i}: {what}")));
        if node.inputs.iter().any(|input| input.0 >= i) {
            return fail("an input does not stand before it".into());
        }
        let shapes: Vec<&[usize]> = node.inputs.iter().map(|n| plan.node(*n).shape.as_slice()).collect();
        match &node.kind {
            Kind::Op(Op::Elementwise(op)) => {
                if op.arity() != shapes.len() {
                    return fail(format!("{} takes {} inputs", op.name(), op.arity()));
                }
                if shape::broadcast(op.name(), &shapes)? != node.shape {
                    return fail(format!("{} does not broadcast to its shape", op.name()));
                }
                let d = plan.node(*node.inputs.last().unwrap_or(&super::NodeId(0))).dtype;
                if op.result(d) != node.dtype {
                    return fail(format!("{} gives {}, not {}", op.name(), op.result(d), node.dtype));
                }
            }
            Kind::Op(Op::Movement(m)) => match shapes.as_slice() {
                [s] if m.shape(s) == node.shape => {}
                _ => return fail(format!("{} has another shape", m.name())),
            },
            Kind::Op(Op::Reduce { axes, keepdims, .. }) => match shapes.as_slice() {
                [s] if shape::reduced(s, axes, *keepdims) == node.shape => {}
                _ => return fail("a reduction has another shape".into()),
            },
            Kind::Op(Op::Whole(w)) => {
                let metas: Vec<Meta> =
                    node.inputs.iter().map(|n| Meta::new(plan.node(*n).shape.clone(), plan.node(*n).dtype)).collect();
                let meta = w.meta(&metas)?;
                if meta.shape != node.shape || meta.dtype != node.dtype {
                    return fail(format!("{} has another shape or type", w.name()));
                }
            }
            Kind::Op(_) => {
                if !node.inputs.is_empty() {
                    return fail("a leaf has inputs".into());
                }
            }
            Kind::Fused { program, .. } => {
                check_program(program, node.inputs.len())?;
                if program.dtype != node.dtype || shape::broadcast("fused", &shapes)? != node.shape {
                    return fail("a program has another type or shape".into());
                }
            }
            Kind::Reduce { axes, keepdims, over, program, .. } => {
                check_program(program, node.inputs.len())?;
                if shape::reduced(over, axes, *keepdims) != node.shape {
                    return fail("a fused reduction has another shape".into());
                }
            }
        }
    }
    if plan.outputs.iter().any(|o| o.0 >= plan.nodes().len()) {
        return Err(Error::internal("a plan's output is not in it"));
    }
    Ok(())
}

fn check_program(p: &Program, inputs: usize) -> Result<()> {
    let known = |v: &Value, before: usize| match v {
        Value::Operand(n) => *n < p.operands.len(),
        Value::Result(n) => *n < before,
        Value::Constant(_) => true,
    };
    let legal = p.operands.len() == inputs
        && p.instructions.iter().enumerate().all(|(i, ins)| ins.args.iter().all(|a| known(a, i)))
        && known(&p.result, p.instructions.len());
    if legal { Ok(()) } else { Err(Error::internal("a program names a value it does not have")) }
}
