//! A plan made ready to run: for one run, or kept for the calls of a traced function.

use std::sync::PoisonError;

use super::stream::Outlet;
use crate::array::Array;
use crate::error::{Error, Result};
use crate::flow::Sink;
use crate::lazy::Op;
use crate::passes::optimise_for;
use crate::plan::{Kind, NodeId, Plan};
use crate::stage::memory::{Budget, kept_bytes, plan_stage};
use crate::stage::{Schedule, schedule};

/// What a run needs to know beside its data.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// After all passes.
    pub(crate) plan: Plan,
    /// What runs when.
    pub(crate) schedule: Schedule,
    /// Nodes that stand for arguments, and for which.
    arguments: Vec<(NodeId, usize)>,
}

impl Prepared {
    /// The passes and the schedule; `watched` says that arithmetic is looked at.
    pub(crate) fn new(lowered: Plan, watched: bool) -> Result<Prepared> {
        let plan = optimise_for(lowered, watched)?;
        let schedule = schedule(&plan);
        let argument = |(i, node): (usize, &crate::plan::PlanNode)| match &node.kind {
            Kind::Op(Op::Input(slot)) => Some((NodeId(i), slot.place)),
            _ => None,
        };
        let arguments = plan.nodes().iter().enumerate().filter_map(argument).collect();
        Ok(Prepared { plan, schedule, arguments })
    }

    /// What is in memory before the run starts, by node: the arguments.
    pub(crate) fn known(&self, arguments: &[Array]) -> Result<Vec<Option<Array>>> {
        let mut known = vec![None; self.plan.nodes().len()];
        for &(id, place) in &self.arguments {
            let array =
                arguments.get(place).ok_or_else(|| Error::internal("a plan has more arguments than the call"))?;
            known[id.0] = Some(array.clone());
        }
        Ok(known)
    }

    /// How much of the machine stage number `stage` takes.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn budget(
        &self,
        stage: usize,
        collected: &[NodeId],
        outlets: &[Outlet],
        threads: usize,
        limit: Option<u64>,
        known: &[Option<Array>],
    ) -> Result<Budget> {
        let guards: Vec<_> = outlets.iter().map(|o| o.sink.lock().unwrap_or_else(PoisonError::into_inner)).collect();
        let sinks: Vec<&dyn Sink> = guards.iter().map(|g| &***g).collect();
        let is_known = |id: NodeId| known.get(id.0).is_some_and(Option::is_some);
        let held = kept_bytes(&self.plan, &self.schedule, collected);
        plan_stage(&self.plan, &self.schedule.stages[stage], &is_known, &sinks, held, threads, limit)
    }
}
