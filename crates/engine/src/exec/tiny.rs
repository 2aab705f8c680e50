//! A few numbers: computed at once, an op at a time through the ops' own meaning. A plan costs more
//! than thousands of their elements do, and it would answer the same bits.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opusclip_raw::{DType, Isa};

use super::cpu;
use super::stream::panic_text;
use crate::array::shape::product;
use crate::array::{Array, Scalar, zeroed};
use crate::error::{Error, Result};
use crate::lazy::{Lazy, Op};
use crate::ops::lanes::{Block, Lanes, LanesMut};
use crate::ops::{self, Movement, Reduce};

/// Most bytes of each array, in or between or out: all of them together stay near the core.
const MOST_BYTES: usize = 8192;

/// Most steps: each is looked for among those before it.
const MOST_NODES: usize = 32;

/// What a step left.
enum Value<'a> {
    There(&'a Array),
    Made(Array),
    /// Between two steps: elements in C order and nothing around them.
    Loose(Block, &'a [usize]),
    Number(Scalar),
}

impl Value<'_> {
    /// As an array; one that is there already is shared.
    fn array(&self) -> Result<Array> {
        match self {
            Value::There(a) => Ok((*a).clone()),
            Value::Made(a) => Ok(a.clone()),
            Value::Loose(block, shape) => made(block.lanes().dtype(), shape, |mut out| {
                out.copy_from(block.lanes());
                Ok(())
            }),
            Value::Number(s) => Array::from_scalar(*s),
        }
    }
}

/// The arrays, if all that they are made of is small and in memory: numbers, arrays, steps that work
/// on each element alone, reductions and movements. Nothing where a plan is needed. `arguments` are
/// those of a traced function.
pub(crate) fn collect(wanted: &[Lazy], isa: Isa, arguments: &[Array]) -> Option<Result<Vec<Array>>> {
    let steps = steps(wanted, !arguments.is_empty())?;
    // As in a run: a fault of ours is an error, never the end of the caller.
    let work = AssertUnwindSafe(|| compute(wanted, &steps, isa, arguments));
    Some(catch_unwind(work).unwrap_or_else(|panic| Err(Error::internal(panic_text(panic.as_ref())))))
}

/// Whether [`collect`] would answer; with `arguments`, once they are there.
pub(crate) fn serves(wanted: &[Lazy], arguments: bool) -> bool {
    steps(wanted, arguments).is_some()
}

/// All steps, inputs first; nothing where one does not belong here.
fn steps(wanted: &[Lazy], arguments: bool) -> Option<Vec<&Lazy>> {
    let mut steps: Vec<&Lazy> = Vec::with_capacity(8);
    let mut stack: Vec<(&Lazy, bool)> = Vec::with_capacity(8);
    for root in wanted {
        stack.push((root, false));
        while let Some((lazy, inputs_done)) = stack.pop() {
            if steps.iter().any(|s| s.id() == lazy.id()) {
                continue;
            }
            if !inputs_done {
                if !belongs(lazy, arguments) {
                    return None;
                }
                if !lazy.inputs().is_empty() {
                    stack.push((lazy, true));
                    stack.extend(lazy.inputs().iter().rev().map(|i| (i, false)));
                    continue;
                }
            }
            if steps.len() == MOST_NODES {
                return None;
            }
            steps.push(lazy);
        }
    }
    Some(steps)
}

fn belongs(lazy: &Lazy, arguments: bool) -> bool {
    let Ok(meta) = lazy.meta() else { return false };
    let small = meta.shape.contains(&0) || product(&meta.shape).saturating_mul(meta.dtype.size()) <= MOST_BYTES;
    let here = match lazy.op() {
        Op::Data(_) | Op::Scalar(_) | Op::Elementwise(_) | Op::Reduce { .. } | Op::Movement(_) => true,
        Op::Input(_) => arguments,
        Op::Source(_) | Op::Whole(_) => false,
    };
    here && small
}

fn compute<'a>(wanted: &[Lazy], steps: &[&'a Lazy], isa: Isa, arguments: &'a [Array]) -> Result<Vec<Array>> {
    let mut values: Vec<Value<'a>> = Vec::with_capacity(steps.len());
    for step in steps {
        let value = match step.op() {
            Op::Data(d) => Value::There(&d.0),
            Op::Scalar(s) => Value::Number(*s),
            Op::Input(slot) => Value::There(
                arguments.get(slot.place).ok_or_else(|| Error::internal("a step has more arguments than the call"))?,
            ),
            Op::Elementwise(op) => {
                let kept = wanted.iter().any(|w| w.id() == step.id());
                elementwise(*op, step, steps, &values, isa, kept)?
            }
            Op::Reduce { op, axes, .. } => Value::Made(reduce(*op, axes, step, input(step, 0, steps, &values)?, isa)?),
            Op::Movement(m) => Value::Made(m.apply(&input(step, 0, steps, &values)?.array()?)?),
            Op::Source(_) | Op::Whole(_) => return Err(Error::internal("a step that needs a plan has none")),
        };
        values.push(value);
    }
    let mut arrays = Vec::with_capacity(wanted.len());
    for lazy in wanted {
        let value = value_of(lazy, steps, &values)?;
        arrays.push(match (value, lazy.op()) {
            // A result has its own memory: a view would keep what it looks at.
            (Value::Made(a), Op::Movement(_)) => copied(a)?,
            _ => value.array()?,
        });
    }
    Ok(arrays)
}

fn value_of<'v, 'a>(lazy: &Lazy, steps: &[&Lazy], values: &'v [Value<'a>]) -> Result<&'v Value<'a>> {
    let at = steps.iter().position(|s| s.id() == lazy.id());
    at.and_then(|at| values.get(at)).ok_or_else(|| Error::internal("a step comes before its input"))
}

fn input<'v, 'a>(step: &Lazy, n: usize, steps: &[&Lazy], values: &'v [Value<'a>]) -> Result<&'v Value<'a>> {
    let input = step.inputs().get(n).ok_or_else(|| Error::internal("a step has no such input"))?;
    value_of(input, steps, values)
}

fn misaligned() -> Error {
    Error::internal("a buffer is not aligned")
}

/// The elements as they lie, when that is the C order of `shape`.
fn as_it_lies<'v>(value: &'v Value<'_>, shape: &[usize]) -> Option<Lanes<'v>> {
    let array = match value {
        Value::There(a) => *a,
        Value::Made(a) => a,
        Value::Loose(block, own) => return (*own == shape).then(|| block.lanes()),
        Value::Number(_) => return None,
    };
    if array.shape() != shape {
        return None;
    }
    Lanes::of(array.dtype(), array.contiguous_bytes()?)
}

/// The elements repeated to `shape`, in C order.
fn spread(value: &Value<'_>, shape: &[usize], n: usize) -> Result<Block> {
    let gathered = |a: &Array| {
        let mut block = Block::new(a.dtype(), n);
        block.with_bytes(n, |bytes| a.strided_as(shape).collapsed().gather(0, bytes));
        block
    };
    Ok(match value {
        Value::Number(s) => Block::splat(*s, n),
        Value::There(a) => gathered(a),
        other => gathered(&other.array()?),
    })
}

fn made(dtype: DType, shape: &[usize], f: impl FnOnce(LanesMut<'_>) -> Result<()>) -> Result<Array> {
    let mut buffer = zeroed(dtype, shape)?;
    f(LanesMut::of(dtype, buffer.bytes_mut()).ok_or_else(misaligned)?)?;
    Ok(Array::from_buffer(buffer, dtype, shape.to_vec()))
}

/// One op; `kept` says that its result is wanted as an array.
fn elementwise<'a>(
    op: ops::Elementwise,
    step: &'a Lazy,
    steps: &[&'a Lazy],
    values: &[Value<'a>],
    isa: Isa,
    kept: bool,
) -> Result<Value<'a>> {
    let meta = step.meta()?;
    let n = if meta.shape.contains(&0) { 0 } else { product(&meta.shape) };
    let mut blocks = [const { None }; 3];
    for (k, block) in blocks.iter_mut().enumerate().take(step.inputs().len()) {
        let value = input(step, k, steps, values)?;
        if as_it_lies(value, &meta.shape).is_none() {
            *block = Some(spread(value, &meta.shape, n)?);
        }
    }
    let mut lanes = [Lanes::U8(&[]); 3];
    for (k, (lanes, block)) in lanes.iter_mut().zip(&blocks).enumerate().take(step.inputs().len()) {
        *lanes = match block {
            Some(block) => block.lanes(),
            None => as_it_lies(input(step, k, steps, values)?, &meta.shape).ok_or_else(misaligned)?,
        };
    }
    let args = lanes.get(..step.inputs().len()).unwrap_or(&[]);
    if kept {
        return Ok(Value::Made(made(meta.dtype, &meta.shape, |out| {
            ops::eval(op, isa, args, out);
            Ok(())
        })?));
    }
    let mut block = Block::new(meta.dtype, n);
    ops::eval(op, isa, args, block.head_mut(n));
    Ok(Value::Loose(block, &meta.shape))
}

/// The reduced axes are moved last; then each result is made of a run of neighbours.
fn reduce(op: Reduce, axes: &[usize], step: &Lazy, x: &Value<'_>, isa: Isa) -> Result<Array> {
    let meta = step.meta()?;
    let x = &x.array()?;
    let lanes_of = super::rules::lanes(x.shape(), axes);
    let row = product(&axes.iter().filter_map(|&a| x.shape().get(a).copied()).collect::<Vec<_>>());
    let rank = x.ndim();
    let last = axes.iter().copied().eq(rank - axes.len()..rank);
    let moved;
    let x = if last {
        x
    } else {
        let order = (0..rank).filter(|a| !axes.contains(a)).chain(axes.iter().copied()).collect();
        moved = Movement::Permute(order).apply(x)?;
        &moved
    };
    let dense = x.to_contiguous()?;
    let lanes = Lanes::of(x.dtype(), dense.contiguous_bytes().unwrap_or(&[])).ok_or_else(misaligned)?;
    let mut buffer = zeroed(meta.dtype, &meta.shape)?;
    cpu::reduce_rows(isa, op, lanes, row, lanes_of, buffer.bytes_mut());
    Ok(Array::from_buffer(buffer, meta.dtype, meta.shape.clone()))
}

fn copied(a: &Array) -> Result<Array> {
    let mut buffer = zeroed(a.dtype(), a.shape())?;
    a.strided().copy_to(buffer.bytes_mut());
    Ok(Array::from_buffer(buffer, a.dtype(), a.shape().to_vec()))
}
