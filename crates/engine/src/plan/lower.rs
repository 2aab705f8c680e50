//! Expressions to a plan. Iterative, so that depth costs no stack; shared nodes are walked once.

use std::collections::HashMap;

use super::plan::{Kind, NodeId, Plain, Plan, PlanNode};
use crate::error::{Error, Result};
use crate::lazy::{Lazy, Op};

/// One plan of several wanted expressions; what they share is one node. Fails where one holds an
/// argument of a function that is being traced: it has no data yet.
pub fn lower(wanted: &[Lazy]) -> Result<Plan> {
    lower_traced(wanted, None)
}

/// The same for what a traced function made: arguments of this `trace` are known when it is called.
pub(crate) fn lower_traced(wanted: &[Lazy], trace: Option<u64>) -> Result<Plan> {
    let mut plan = Plan::with_capacity(8);
    let mut done: HashMap<usize, NodeId, Plain> = HashMap::default();
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
            if let Op::Input(slot) = lazy.op()
                && trace != Some(slot.trace)
            {
                let what = "a traced function has no data to look at: it is called once for each shape and type; \
                            compute outside of it, or call it without jit";
                return Err(Error::value("jit", what));
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
