//! What an executor must do: one node, some frames, out comes the bytes.

use std::ops::Range;

use crate::array::{Array, Shape};
use crate::error::Result;
use crate::plan::{NodeId, Plan};

/// Which frames of a node are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames {
    /// Half-open range along axis 0; ignored for a node without axes.
    pub range: Range<usize>,
    /// Shape of the result: the node's, with axis 0 cut to the range.
    pub shape: Shape,
    /// They are part of a result that is longer than caches and stays in memory: nobody reads them soon.
    pub lasting: bool,
    /// They are written over the elements of this input: `out` holds those, and `inputs` has anything in its
    /// place. Asked only where [`Executor::runs_over`] says so.
    pub over: Option<usize>,
}

/// Runs nodes. Inputs hold the same frames as are asked for, or the whole where the node's
/// access says so.
pub trait Executor: Send + Sync {
    /// Name in `explain` and traces.
    fn name(&self) -> &'static str;

    /// A reduction over time that takes in frames (see [`crate::stage::reach::folds`]).
    fn fold<'a>(&'a self, plan: &'a Plan, id: NodeId) -> Result<Box<dyn Fold + 'a>>;

    /// Writes the C-order elements of the frames of node `id` to `out`.
    fn run(&self, plan: &Plan, id: NodeId, frames: &Frames, inputs: &[Array], out: &mut [u8]) -> Result<()>;

    /// Whether node `id` may be run, by [`Frames::over`], over the memory of its input `n`, if that lies in C order and is as
    /// large as the result.
    fn runs_over(&self, plan: &Plan, id: NodeId, n: usize) -> bool {
        let _ = (plan, id, n);
        false
    }
}

/// A reduction over time in the making, shared by the threads that make its frames.
pub trait Fold: Send + Sync {
    /// Whether frames must be added in their order.
    fn ordered(&self) -> bool;

    /// Writes the values of some frames.
    fn values(&self, frames: &Range<usize>, inputs: &[Array], out: &mut [u8]) -> Result<()>;

    /// Adds them. Every frame must be added once.
    fn add(&self, frames: &Range<usize>, values: &mut [u8]) -> Result<()>;

    /// The result.
    fn finish(self: Box<Self>) -> Result<Array>;
}
