//! The plan as text, for people and for snapshots.

use std::fmt::Write as _;

use super::plan::{Kind, Path, Plan, PlanNode};
use crate::array::shape;
use crate::lazy::Op;
use crate::ops::Attr;
use crate::ops::whole::COUNTS;

/// One line for each reachable node, inputs first.
pub fn show(plan: &Plan) -> String {
    let reachable = plan.reachable();
    let name = |id: &super::NodeId| match reachable.binary_search(id) {
        Ok(n) => format!("%{n}"),
        Err(_) => "%?".into(),
    };
    let uses = plan.uses();
    let mut out = String::new();
    for id in &reachable {
        let node = plan.node(*id);
        let inputs: Vec<String> = node.inputs.iter().map(&name).collect();
        let _ = writeln!(
            out,
            "{} = {}  : {} {}",
            name(id),
            describe(node, &inputs),
            node.dtype.short(),
            shape::show(&node.shape)
        );
        if let Some(path) = path(node, uses[id.0]) {
            let _ = writeln!(out, "     {path}");
        }
    }
    let outputs: Vec<String> = plan.outputs.iter().map(name).collect();
    let _ = writeln!(out, "→ {}", outputs.join(", "));
    out
}

fn describe(node: &PlanNode, inputs: &[String]) -> String {
    let list = inputs.join(", ");
    match &node.kind {
        Kind::Op(Op::Source(s)) if s.1 > 0 => format!("source {}, read by itself ({})", s.0.describe(), s.1),
        Kind::Op(Op::Source(s)) => format!("source {}", s.0.describe()),
        Kind::Op(Op::Data(_)) => "array in memory".into(),
        Kind::Op(Op::Input(slot)) => format!("argument {}", slot.place),
        Kind::Op(Op::Scalar(s)) => format!("{s:?}"),
        Kind::Op(Op::Elementwise(op)) => format!("{}({list})", op.name()),
        Kind::Op(Op::Reduce { op, axes, keepdims }) => {
            format!("{}({list}, axis={axes:?}{})", op.row().name, if *keepdims { ", keepdims" } else { "" })
        }
        Kind::Op(Op::Movement(m)) => match m {
            crate::ops::Movement::Slice { axis, span } => {
                format!("slice({list}, axis {axis}: {} from {} step {})", span.len, span.start, span.step)
            }
            crate::ops::Movement::Windows { axis, window } => format!("windows({list}, axis {axis}: {window})"),
            other => format!("{}({list})", other.name()),
        },
        Kind::Op(Op::Whole(w)) => {
            let named = w.page().row.params.iter().zip(w.attrs());
            let attrs: Vec<String> = named.filter_map(|(p, a)| Some(format!(", {}={}", p.name, attr(a)?))).collect();
            format!("{}({list}{})", w.name(), attrs.concat())
        }
        Kind::Fused { program, .. } => format!("fused({list}) {}", program.show()),
        Kind::Reduce { op, axes, keepdims, program, .. } => format!(
            "{}({list}, axis={axes:?}{}) of {}",
            op.row().name,
            if *keepdims { ", keepdims" } else { "" },
            program.show()
        ),
    }
}

/// An argument as it was written; arrays stand among the inputs.
fn attr(a: &Attr) -> Option<String> {
    Some(match a {
        Attr::Input(_) | Attr::Inputs(..) | Attr::None => return None,
        Attr::Int(v) => v.to_string(),
        Attr::Float(v) => format!("{v:?}"),
        Attr::Bool(v) => v.to_string(),
        Attr::Ints(v) => format!("{v:?}"),
        Attr::Text(v) => format!("'{v}'"),
        Attr::DType(v) => v.to_string(),
    })
}

fn path(node: &PlanNode, uses: usize) -> Option<String> {
    let path = match &node.kind {
        Kind::Fused { path, .. } | Kind::Reduce { path, .. } => path,
        Kind::Op(Op::Whole(w)) if w.is(&COUNTS) => {
            let all = if uses == 1 { "its reader".to_string() } else { format!("all its {uses} readers") };
            return Some(format!("one histogram of 256 values a frame for {all}: exact, bit-identical to sorting"));
        }
        Kind::Op(_) => return None,
    };
    let whose = |per_frame: bool| if per_frame { "per frame" } else { "for all frames" };
    Some(match path {
        Path::Blocks(why) => format!("block by block: {why}"),
        Path::Table { .. } if matches!(node.kind, Kind::Reduce { .. }) => {
            "values from a table of 256, reduced in their order: bit-identical to the blocks".into()
        }
        Path::Table { per_frame, channel: None, .. } => {
            format!("table of 256, one {}: bit-identical to the blocks by construction", whose(*per_frame))
        }
        Path::Table { per_frame, channel: Some(axis), .. } => {
            let tables = node.shape.get(*axis).copied().unwrap_or(1);
            format!(
                "tables of 256, one for each of {tables} places of axis {axis}, made {}: bit-identical to the blocks by construction",
                if *per_frame { "per frame" } else { "once for all frames" }
            )
        }
        Path::Count { per_frame, .. } => {
            format!(
                "counted over 256 values, values made once {}: exact, bit-identical to the blocks",
                whose(*per_frame)
            )
        }
    })
}

/// One stage: what streams, what is whole, how much memory.
pub fn show_stage(plan: &Plan, [targets, folds, whole]: [&[super::NodeId]; 3], number: usize, held: &str) -> String {
    let reachable = plan.reachable();
    let names = |ids: &[super::NodeId]| {
        let names: Vec<String> =
            ids.iter().map(|id| format!("%{}", reachable.binary_search(id).unwrap_or(0))).collect();
        names.join(", ")
    };
    let mut line = format!("stage {number}:");
    if !targets.is_empty() {
        let _ = write!(line, " streams {}", names(targets));
    }
    if !folds.is_empty() {
        let before = if targets.is_empty() { "" } else { ";" };
        let _ = write!(line, "{before} takes in frame by frame for {}", names(folds));
    }
    if !whole.is_empty() {
        let _ = write!(
            line,
            "{} whole arrays {} (does not stream yet)",
            if targets.is_empty() && folds.is_empty() { "" } else { ";" },
            names(whole)
        );
    }
    if targets.is_empty() && folds.is_empty() && whole.is_empty() {
        line.push_str(" nothing to compute");
    }
    line + held
}
