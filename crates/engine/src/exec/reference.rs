//! The meaning of every plan: whole arrays, one op at a time, plain loops. Slow on purpose; all
//! other executors must agree with it to the bit.

use opusclip_raw::DType;
use opusclip_raw::Isa;
use opusclip_raw::kernel::sum::{CompensatedSum, sum_reference};

use super::executor::{Executor, Fold, Frames};
use super::rules::{LEAF, better, extreme, join, lanes, over_of, spread};
use crate::array::{Array, Scalar, shape};
use crate::error::{Error, Result};
use crate::flow::Source;
use crate::lazy::{Lazy, Op};
use crate::ops::complex::quotient;
use crate::ops::{Elementwise, Reduce};
use crate::plan::{Instruction, Kind, NodeId, Plan, Program, Value, lower};

/// See the module.
#[derive(Debug, Default)]
pub struct Reference;

/// Computes expressions without any pass, every node whole and in order.
pub fn collect(lazies: &[Lazy]) -> Result<Vec<Array>> {
    let plan = lower(lazies)?;
    let mut values: Vec<Array> = Vec::with_capacity(plan.nodes().len());
    for (i, node) in plan.nodes().iter().enumerate() {
        let inputs: Vec<Array> = node.inputs.iter().map(|n| values[n.0].clone()).collect();
        values.push(match &node.kind {
            Kind::Op(Op::Data(d)) => d.0.clone(),
            Kind::Op(Op::Scalar(s)) => Array::from_scalar(*s)?,
            Kind::Op(Op::Source(s)) => read_whole(s.0.as_ref())?,
            Kind::Op(Op::Movement(m)) => m.apply(first(&inputs)?)?,
            _ => {
                let range = 0..node.shape.first().copied().unwrap_or(1);
                let frames = Frames { range, shape: node.shape.as_slice().into(), lasting: false, over: None };
                let mut buffer = crate::array::zeroed(node.dtype, &node.shape)?;
                let bytes = shape::count("reference", &node.shape, 1)? * node.dtype.size();
                Reference.run(&plan, NodeId(i), &frames, &inputs, &mut buffer.bytes_mut()[..bytes])?;
                Array::from_buffer(buffer, node.dtype, node.shape.clone())
            }
        });
    }
    Ok(plan.outputs.iter().map(|o| values[o.0].clone()).collect())
}

fn read_whole(source: &dyn Source) -> Result<Array> {
    let info = source.info();
    let mut buffer = crate::array::zeroed(info.dtype, &info.shape)?;
    let mut raw = vec![0u8; source.raw_frame_bytes()];
    let mut cursor = source.cursor(0..info.frames())?;
    let size = info.frame_bytes();
    for t in 0..info.frames() {
        cursor.next_into(&mut raw)?;
        source.unpack(&raw, &mut buffer.bytes_mut()[t * size..(t + 1) * size])?;
    }
    Ok(Array::from_buffer(buffer, info.dtype, info.shape.clone()))
}

impl Executor for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn fold<'a>(&'a self, _: &'a Plan, _: NodeId) -> Result<Box<dyn Fold + 'a>> {
        Err(Error::internal("the reference reduces whole arrays"))
    }

    fn run(&self, plan: &Plan, id: NodeId, frames: &Frames, inputs: &[Array], out: &mut [u8]) -> Result<()> {
        let node = plan.node(id);
        let result = match &node.kind {
            Kind::Op(Op::Elementwise(op)) => elementwise(*op, inputs, &frames.shape)?,
            Kind::Op(Op::Movement(m)) => m.apply_to_chunk(first(inputs)?, &frames.shape)?,
            Kind::Op(Op::Whole(w)) => w.eval(inputs)?,
            Kind::Op(Op::Reduce { op, axes, .. }) => reduce(*op, axes, first(inputs)?, &frames.shape)?,
            Kind::Fused { program, .. } => program.run(inputs, &frames.shape)?,
            Kind::Reduce { op, axes, over, program, .. } => {
                let over = over_of(over, axes, frames);
                reduce(*op, axes, &program.run(inputs, &over)?, &frames.shape)?
            }
            Kind::Op(Op::Source(_) | Op::Data(_) | Op::Scalar(_) | Op::Input(_)) => {
                return Err(Error::internal("a leaf was given to an executor"));
            }
        };
        result.strided().copy_to(out);
        Ok(())
    }
}

fn first(inputs: &[Array]) -> Result<&Array> {
    inputs.first().ok_or_else(|| Error::internal("an op has no input"))
}

fn elementwise(op: Elementwise, inputs: &[Array], shape: &[usize]) -> Result<Array> {
    let types: Vec<DType> = inputs.iter().map(Array::dtype).collect();
    let dtype = op.result(types.last().copied().unwrap_or(DType::U8));
    let args = (0..inputs.len()).map(Value::Operand).collect();
    let program = Program {
        operands: types,
        instructions: vec![Instruction { op, args, dtype }],
        result: Value::Result(0),
        dtype,
    };
    program.run(inputs, shape)
}

/// Each result element from its own elements, gathered in C order.
fn reduce(op: Reduce, axes: &[usize], x: &Array, shape: &[usize]) -> Result<Array> {
    let kept: Vec<usize> = (0..x.ndim()).filter(|a| !axes.contains(a)).collect();
    let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
    let moved = crate::ops::Movement::Permute(order).apply(x)?.to_contiguous()?;
    let n = shape::product(&axes.iter().map(|&a| x.shape()[a]).collect::<Vec<_>>());
    let dtype = op.result(x.dtype());
    let mut buffer = crate::array::zeroed(dtype, shape)?;
    let count = shape::count("reduce", shape, 1)?;
    let item = x.dtype().size();
    let bytes = moved.contiguous_bytes().unwrap_or(&[]);
    for i in 0..count {
        let run = bytes.get(i * n * item..(i + 1) * n * item).unwrap_or(&[]);
        let values = run.chunks_exact(item).map(|b| Scalar::from_bytes(x.dtype(), b));
        let value = one(op, x.dtype(), lanes(x.shape(), axes), values);
        buffer.bytes_mut()[i * dtype.size()..][..dtype.size()].copy_from_slice(&value.bytes());
    }
    Ok(Array::from_buffer(buffer, dtype, shape.to_vec()))
}

fn one(op: Reduce, d: DType, lanes: usize, values: impl Iterator<Item = Scalar>) -> Scalar {
    let dtype = op.result(d);
    match op {
        Reduce::Any => Scalar::from_i128(DType::Bool, values.fold(0, |a, v| a | i128::from(v.to_f64() != 0.0))),
        Reduce::All => Scalar::from_i128(DType::Bool, values.fold(1, |a, v| a & i128::from(v.to_f64() != 0.0))),
        Reduce::Min | Reduce::Max => {
            let best = values.reduce(|a, b| if better(op == Reduce::Min, b, a) { b } else { a });
            extreme(best.unwrap_or(Scalar::from_i128(dtype, 0)))
        }
        Reduce::Sum | Reduce::Mean if d.is_float() || d.is_complex() => {
            let (re, im): (Vec<f64>, Vec<f64>) = values.map(Scalar::to_parts).unzip();
            let total = |values: &[f64]| {
                let leaf = |x: &[f64]| if d.real() == DType::F64 { compensated(lanes, x) } else { sum_reference(x) };
                let sum = join(&values.chunks(LEAF).map(leaf).collect::<Vec<f64>>());
                if op == Reduce::Mean { sum / values.len() as f64 } else { sum }
            };
            let (re, im) = (total(&re), total(&im));
            let by_count = op == Reduce::Mean && d.is_complex();
            let (re, im) = if by_count { quotient(re, im) } else { (re, im) };
            Scalar::from_parts(dtype, re, im)
        }
        Reduce::Sum => Scalar::from_i128(dtype, values.map(Scalar::to_i128).sum()),
        Reduce::Variance | Reduce::Deviations => {
            let (mut n, mut sum, mut squares) = (0, 0, 0);
            for v in values.map(Scalar::to_i128) {
                (n, sum, squares) = (n + 1, sum + v, squares + v * v);
            }
            Scalar::from_f64(dtype, spread(op, n, sum, squares))
        }
        Reduce::Mean => {
            let (n, sum) = values.fold((0u64, 0i128), |(n, s), v| (n + 1, s + v.to_i128()));
            Scalar::from_f64(dtype, sum as f64 / n as f64)
        }
    }
}

fn compensated(lanes: usize, leaf: &[f64]) -> f64 {
    let mut sum = CompensatedSum::new(lanes);
    // One value at a time: the rule depends on positions alone.
    for v in leaf {
        sum.add_f64(Isa::BASELINE, std::slice::from_ref(v));
    }
    sum.value()
}
