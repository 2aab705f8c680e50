//! Which frames of a chunk live at the same time.

use std::collections::BTreeMap;

use opusclip_raw::Pool;

use super::memory::node_bytes;
use super::reach::{Access, access};
use super::stage::Stage;
use crate::lazy::Op;
use crate::ops::Movement;
use crate::plan::{Kind, NodeId, Plan};

/// Buffers of one size.
#[derive(Default)]
struct Class {
    now: u64,
    most: u64,
}

/// How many looks at each node's frames a chunk will take, of whose nodes those are `made` that are something.
pub(crate) fn count_readers<T>(
    readers: &mut Vec<usize>,
    plan: &Plan,
    stage: &Stage,
    known: &dyn Fn(NodeId) -> bool,
    made: &[Option<T>],
) {
    readers.clear();
    readers.resize(made.len(), 0);
    for (i, _) in made.iter().enumerate().filter(|(i, m)| m.is_some() && !known(NodeId(*i))) {
        for (k, input) in plan.node(NodeId(i)).inputs.iter().enumerate() {
            readers[input.0] += usize::from(access(plan, NodeId(i), k) != Access::Whole);
        }
    }
    for f in stage.folds.iter().filter(|f| !known(**f)) {
        for input in &plan.node(*f).inputs {
            readers[input.0] += 1;
        }
    }
}

/// Bytes that a pool ever has for the frames of one chunk, `widest` of each node: nodes that do not live
/// at the same time use the same buffers in turns. What sources hand out, and targets that are written
/// where they belong, are not in it.
pub(super) fn pooled_bytes(
    plan: &Plan,
    stage: &Stage,
    known: &dyn Fn(NodeId) -> bool,
    widest: &[Option<usize>],
) -> u64 {
    let made = |i: &usize| widest.get(*i).is_some_and(Option::is_some) && !known(NodeId(*i));
    let mut readers = Vec::new();
    count_readers(&mut readers, plan, stage, known, widest);
    // The node whose memory a value is: a view has that of its input.
    let mut owner: Vec<Option<usize>> = vec![None; widest.len()];
    let mut seen = vec![0usize; widest.len()];
    let mut classes: BTreeMap<usize, Class> = BTreeMap::new();
    let room = |i: usize| Pool::room(node_bytes(plan, NodeId(i), widest.get(i).copied().flatten().unwrap_or(0)));
    for i in (0..widest.len()).filter(made) {
        let (id, node) = (NodeId(i), plan.node(NodeId(i)));
        owner[i] = match &node.kind {
            Kind::Op(Op::Source(_) | Op::Data(_) | Op::Input(_) | Op::Scalar(_)) => None,
            // A reshape may have to copy.
            Kind::Op(Op::Movement(m)) if !matches!(m, Movement::Reshape(_)) => {
                node.inputs.first().and_then(|input| owner[input.0])
            }
            _ if stage.targets.contains(&id) && readers[i] == 0 => None,
            _ => Some(i),
        };
        if let Some(o) = owner[i] {
            seen[o] += 1;
            if o == i {
                let class = classes.entry(room(i)).or_default();
                class.now += 1;
                class.most = class.most.max(class.now);
            }
        }
        let framed = |(k, input)| (access(plan, id, k) != Access::Whole).then_some(input);
        for input in node.inputs.iter().enumerate().filter_map(framed) {
            readers[input.0] = readers[input.0].saturating_sub(1);
            if let (0, Some(o)) = (readers[input.0], owner[input.0]) {
                seen[o] = seen[o].saturating_sub(1);
                if let (0, Some(class)) = (seen[o], classes.get_mut(&room(o))) {
                    class.now = class.now.saturating_sub(1);
                }
            }
        }
    }
    let all = classes.iter().map(|(bytes, class)| (*bytes as u64).saturating_mul(class.most));
    all.fold(0, u64::saturating_add)
}
