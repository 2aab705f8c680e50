//! What an executor must do: one node, some frames, out comes the bytes.

use std::ops::Range;

use crate::array::Array;
use crate::error::Result;
use crate::plan::{NodeId, Plan};

/// Which frames of a node are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames {
    /// Half-open range along axis 0; ignored for a node without axes.
    pub range: Range<usize>,
    /// Shape of the result: the node's, with axis 0 cut to the range.
    pub shape: Vec<usize>,
}

/// Runs nodes. Inputs hold the same frames as are asked for, or the whole where the node's
/// access says so.
pub trait Executor: Send + Sync {
    /// Name in `explain` and traces.
    fn name(&self) -> &'static str;

    /// Writes the C-order elements of the frames of node `id` to `out`.
    fn run(&self, plan: &Plan, id: NodeId, frames: &Frames, inputs: &[Array], out: &mut [u8]) -> Result<()>;
}
