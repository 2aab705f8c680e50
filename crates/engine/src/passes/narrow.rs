//! Integer arithmetic runs in the narrowest type that provably holds it: the answer is the same
//! integers, cast to the type that was asked for. Casts that only widen move behind what follows
//! them, and vanish where the next cast or reduction looks through them.

use opusclip_raw::DType;

use crate::array::Scalar;
use crate::error::Result;
use crate::lazy::Op;
use crate::ops::{Binary, Elementwise, Reduce, Ternary, Unary};
use crate::plan::{Kind, NodeId, Plan, PlanNode};

/// Types that may do for a wider one, narrowest first.
const NARROW: [DType; 4] = [DType::U8, DType::I16, DType::U16, DType::I32];

/// Least and greatest value.
type Range = (i128, i128);

pub(super) fn run(plan: &Plan) -> Result<Plan> {
    let mut known: Vec<Option<Range>> = Vec::new();
    Ok(plan.rewrite(|out, node| {
        // Nodes stand behind their inputs, and so do their ranges.
        for n in known.len()..out.nodes().len() {
            known.push(range(&out.nodes()[n], &known).or(bounds(out.nodes()[n].dtype)));
        }
        better(out, &node, &known).unwrap_or_else(|| out.intern(node))
    }))
}

fn better(out: &mut Plan, node: &PlanNode, known: &[Option<Range>]) -> Option<NodeId> {
    match &node.kind {
        Kind::Op(Op::Elementwise(Elementwise::Cast(to))) => {
            let first = inner(out, *node.inputs.first()?, known)?;
            Some(cast(out, first, *to))
        }
        Kind::Op(Op::Elementwise(op)) => distance(out, node, known).or_else(|| arithmetic(out, *op, node, known)),
        Kind::Op(Op::Reduce { op, axes, keepdims }) => {
            let input = *node.inputs.first()?;
            let first = inner(out, input, known)?;
            let from = out.node(first).dtype;
            // A sum of integers wraps alike, whatever its sign; the mean of any is float64.
            let same = !matches!(op, Reduce::Any | Reduce::All) && from != DType::Bool && op.takes(from);
            let same = same && from.size() <= out.node(input).dtype.size();
            let kind = Kind::Op(Op::Reduce { op: *op, axes: axes.clone(), keepdims: *keepdims });
            let dtype = op.result(from);
            same.then(|| {
                let reduced = out.intern(PlanNode { kind, inputs: vec![first], shape: node.shape.clone(), dtype });
                cast(out, reduced, node.dtype)
            })
        }
        _ => None,
    }
}

/// What a cast that keeps every value was made of.
fn inner(plan: &Plan, id: NodeId, known: &[Option<Range>]) -> Option<NodeId> {
    let node = plan.node(id);
    let Kind::Op(Op::Elementwise(Elementwise::Cast(to))) = node.kind else { return None };
    let first = *node.inputs.first()?;
    // Nodes of this very step have no range yet; their types say enough.
    let range = known.get(first.0).copied().flatten().or(bounds(plan.node(first).dtype));
    within(range?, bounds(to).filter(|_| to != DType::Bool)?).then_some(first)
}

/// The node in another type; casts before it that only widened are passed over.
fn cast(out: &mut Plan, mut id: NodeId, to: DType) -> NodeId {
    while let Some(first) = inner(out, id, &[]) {
        id = first;
    }
    let node = out.node(id).clone();
    if node.dtype == to {
        return id;
    }
    let kind = Kind::Op(Op::Elementwise(Elementwise::Cast(to)));
    out.intern(PlanNode { kind, inputs: vec![id], shape: node.shape, dtype: to })
}

/// The op in a narrower type, if there is one.
fn arithmetic(out: &mut Plan, op: Elementwise, node: &PlanNode, known: &[Option<Range>]) -> Option<NodeId> {
    let values = match op {
        Elementwise::Binary(Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Minimum | Binary::Maximum)
        | Elementwise::Unary(Unary::Negative | Unary::Absolute | Unary::Square)
        | Elementwise::Compare(_)
        | Elementwise::Ternary(Ternary::Clip) => 0..,
        Elementwise::Ternary(Ternary::Where) => 1..,
        _ => return None,
    };
    let wide = out.node(*node.inputs.last()?).dtype;
    if !wide.is_integer() {
        return None;
    }
    let compares = matches!(op, Elementwise::Compare(_));
    // The values as they were before they were widened; numbers have any type.
    let mut operands = Vec::new();
    let mut all: Vec<Range> = Vec::new();
    let mut narrow = false;
    for input in node.inputs.get(values.clone())? {
        let scalar = matches!(out.node(*input).kind, Kind::Op(Op::Scalar(_)));
        let inner = if scalar { *input } else { inner(out, *input, known)? };
        narrow |= !scalar;
        all.push(known.get(inner.0).copied().flatten()?);
        operands.push(inner);
    }
    if !compares {
        let result = range(node, known)?;
        all.push(Some(result).filter(|r| bounds(wide).is_some_and(|b| within(*r, b)))?);
    }
    let fits = |t: &DType| t.size() < wide.size() && all.iter().all(|r| bounds(*t).is_some_and(|b| within(*r, b)));
    let to = NARROW.into_iter().find(fits).filter(|_| narrow)?;
    let mut inputs = node.inputs.get(..values.start)?.to_vec();
    for operand in operands {
        let of = out.node(operand).clone();
        inputs.push(match of.kind {
            Kind::Op(Op::Scalar(s)) => {
                let kind = Kind::Op(Op::Scalar(Scalar::from_i128(to, s.to_i128())));
                out.intern(PlanNode { kind, dtype: to, ..of })
            }
            _ => cast(out, operand, to),
        });
    }
    let dtype = if compares { node.dtype } else { to };
    let made = PlanNode { kind: node.kind.clone(), inputs, shape: node.shape.clone(), dtype };
    let made = distance(out, &made, known).unwrap_or_else(|| out.intern(made));
    Some(cast(out, made, node.dtype))
}

/// |a - b| of unsigned values, widened first so that the difference has a sign, is the greater
/// less the lesser, which needs none.
fn distance(out: &mut Plan, node: &PlanNode, known: &[Option<Range>]) -> Option<NodeId> {
    let Kind::Op(Op::Elementwise(Elementwise::Unary(Unary::Absolute))) = node.kind else { return None };
    let away = out.node(*node.inputs.first()?).clone();
    let Kind::Op(Op::Elementwise(Elementwise::Binary(Binary::Subtract))) = away.kind else { return None };
    let [a, b] = *away.inputs.as_slice() else { return None };
    let (a, b) = (inner(out, a, known)?, inner(out, b, known)?);
    let small = out.node(a).dtype;
    let unsigned = matches!(small, DType::U8 | DType::U16) && out.node(b).dtype == small;
    if !unsigned || away.dtype.size() <= small.size() || bounds(away.dtype)?.0 == 0 {
        return None;
    }
    let kind = Kind::Op(Op::Elementwise(Elementwise::Binary(Binary::Distance)));
    let away = out.intern(PlanNode { kind, inputs: vec![a, b], shape: away.shape, dtype: small });
    Some(cast(out, away, node.dtype))
}

fn within(r: Range, b: Range) -> bool {
    b.0 <= r.0 && r.1 <= b.1
}

/// What a type can hold; none but integers and truth values.
fn bounds(d: DType) -> Option<Range> {
    let bits = 8 * d.size() as u32;
    match d {
        DType::Bool => Some((0, 1)),
        _ if !d.is_integer() => None,
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => Some((0, (1 << bits) - 1)),
        _ => Some((-(1 << (bits - 1)), (1 << (bits - 1)) - 1)),
    }
}

/// Between which values a node's elements lie, before they wrap; none if nobody knows.
fn range(node: &PlanNode, known: &[Option<Range>]) -> Option<Range> {
    let of = |n: usize| node.inputs.get(n).and_then(|i| known.get(i.0).copied().flatten());
    let exact = match &node.kind {
        Kind::Op(Op::Scalar(s)) if bounds(s.dtype).is_some() => (s.to_i128(), s.to_i128()),
        Kind::Op(Op::Movement(_)) => of(0)?,
        Kind::Op(Op::Reduce { op: Reduce::Min | Reduce::Max, .. }) => of(0)?,
        Kind::Op(Op::Elementwise(op)) => match op {
            Elementwise::Cast(_) => of(0)?,
            Elementwise::Binary(op) => {
                let (a, b) = (of(0)?, of(1)?);
                match op {
                    Binary::Add => (a.0 + b.0, a.1 + b.1),
                    Binary::Subtract => (a.0 - b.1, a.1 - b.0),
                    Binary::Multiply => corners(a, b)?,
                    Binary::Minimum => (a.0.min(b.0), a.1.min(b.1)),
                    Binary::Maximum => (a.0.max(b.0), a.1.max(b.1)),
                    Binary::Distance => (0, (a.1 - b.0).max(b.1 - a.0)),
                    _ => return None,
                }
            }
            Elementwise::Unary(Unary::Negative) => of(0).map(|a| (-a.1, -a.0))?,
            Elementwise::Unary(Unary::Absolute) => {
                let a = of(0)?;
                let least = if within((0, 0), a) { 0 } else { a.0.abs().min(a.1.abs()) };
                (least, a.0.abs().max(a.1.abs()))
            }
            Elementwise::Unary(Unary::Square) => {
                let a = of(0)?;
                corners(a, a).map(|(least, most)| (least.min(0), most))?
            }
            Elementwise::Ternary(Ternary::Where) => {
                let (a, b) = (of(1)?, of(2)?);
                (a.0.min(b.0), a.1.max(b.1))
            }
            // The greater of it and the lower bound, and of that the lesser with the upper one.
            Elementwise::Ternary(Ternary::Clip) => {
                let (x, low, high) = (of(0)?, of(1)?, of(2)?);
                (x.0.max(low.0).min(high.0), x.1.max(low.1).min(high.1))
            }
            _ => return None,
        },
        _ => return None,
    };
    // What does not fit wraps to anywhere.
    bounds(node.dtype).filter(|b| within(exact, *b)).map(|_| exact)
}

fn corners(a: Range, b: Range) -> Option<Range> {
    let all = [a.0.checked_mul(b.0)?, a.0.checked_mul(b.1)?, a.1.checked_mul(b.0)?, a.1.checked_mul(b.1)?];
    Some((*all.iter().min()?, *all.iter().max()?))
}
