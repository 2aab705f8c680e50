//! A plan made ready to run: for one run, or kept for the calls of a traced function.

use std::sync::{Arc, Mutex, PoisonError};

use super::stream::Outlet;
use crate::array::{Array, out_of_memory};
use crate::error::{Error, Result};
use crate::flow::{Sink, Source};
use crate::lazy::Op;
use crate::passes::optimise_for;
use crate::plan::{Kind, NodeId, Plan};
use crate::stage::memory::{Budget, kept_bytes, plan_stage, sources_of};
use crate::stage::{Schedule, schedule_for, stream_info};

/// A sink for an output; `single` says that it is one number, which comes as one frame.
pub(crate) struct Destination {
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) single: bool,
}

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
        let schedule = schedule_for(&plan, watched);
        let argument = |(i, node): (usize, &crate::plan::PlanNode)| match &node.kind {
            Kind::Op(Op::Input(slot)) => Some((NodeId(i), slot.place)),
            _ => None,
        };
        let arguments = plan.nodes().iter().enumerate().filter_map(argument).collect();
        Ok(Prepared { plan, schedule, arguments })
    }

    /// Whether it stands for the calls of a traced function.
    pub(crate) fn is_traced(&self) -> bool {
        !self.arguments.is_empty()
    }

    /// Begins every sink. Gives the outputs that go to one, and those that stay in memory.
    pub(crate) fn open(&self, sinks: Vec<Option<Destination>>) -> Result<(Vec<Outlet>, Vec<NodeId>)> {
        let (mut outlets, mut collected) = (Vec::new(), Vec::new());
        for (sink, &node) in sinks.into_iter().zip(&self.plan.outputs) {
            let Some(Destination { mut sink, single }) = sink else {
                collected.push(node);
                continue;
            };
            // A stream's times are a list as long as it; a view may be longer than memory.
            let bytes = self.plan.node(node).shape.first().map_or(0, |frames| frames.saturating_mul(16));
            if Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
                return Err(out_of_memory(bytes));
            }
            let mut info = stream_info(&self.plan, node);
            if single {
                info.shape.clear();
            }
            sink.begin(&info)?;
            outlets.push(Outlet { node, sink: Mutex::new(sink) });
        }
        Ok((outlets, collected))
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

    /// Sources that can be read only once and whose frames this plan needs more often.
    pub(crate) fn read_again(&self, collected: &[NodeId]) -> Vec<Arc<dyn Source>> {
        let (mut known, mut once) = (vec![false; self.plan.nodes().len()], Vec::<(Arc<dyn Source>, usize)>::new());
        for stage in &self.schedule.stages {
            for (_, source) in sources_of(&self.plan, stage, &|id| known[id.0]) {
                match once.iter_mut().find(|(s, _)| s.identity() == source.identity()) {
                    Some((_, times)) => *times += 1,
                    None if !source.rereads() => once.push((source, 1)),
                    None => {}
                }
            }
            let kept = stage.targets.iter().filter(|t| self.schedule.kept[t.0] || collected.contains(t));
            for id in kept.chain(&stage.folds).chain(&stage.whole) {
                known[id.0] = true;
            }
        }
        once.into_iter().filter(|(_, times)| *times > 1).map(|(s, _)| s).collect()
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
