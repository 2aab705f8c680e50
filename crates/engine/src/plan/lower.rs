//! Expressions to a plan. Iterative, so that depth costs no stack; shared nodes are walked once.

use std::collections::HashMap;

use super::plan::{Kind, NodeId, Plan, PlanNode};
use crate::error::Result;
use crate::lazy::Lazy;

/// One plan of several wanted expressions; what they share is one node.
pub fn lower(wanted: &[Lazy]) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut done: HashMap<usize, NodeId> = HashMap::new();
    for root in wanted {
        let mut stack: Vec<(&Lazy, bool)> = vec![(root, false)];
        while let Some((lazy, inputs_done)) = stack.pop() {
            if done.contains_key(&lazy.id()) {
                continue;
            }
            let meta = lazy.meta()?;
            if !inputs_done && !lazy.inputs().is_empty() {
                stack.push((lazy, true));
                stack.extend(lazy.inputs().iter().rev().map(|i| (i, false)));
                continue;
            }
            let inputs = lazy.inputs().iter().filter_map(|i| done.get(&i.id()).copied()).collect();
            let node =
                PlanNode { kind: Kind::Op(lazy.op().clone()), inputs, shape: meta.shape.clone(), dtype: meta.dtype };
            let id = plan.intern(node);
            done.insert(lazy.id(), id);
        }
        plan.outputs.extend(done.get(&root.id()));
    }
    Ok(plan)
}
