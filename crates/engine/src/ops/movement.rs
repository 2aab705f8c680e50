//! Ops that move elements without touching them. Five of them make all the others.

use crate::array::index::Span;
use crate::array::shape::c_order;
use crate::array::{Array, Shape, Strides};
use crate::error::Result;

/// A movement whose arguments were checked when the expression was built.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Movement {
    /// The same elements in C order under another shape.
    Reshape(Vec<usize>),
    /// Axis `i` of the result is axis `order[i]` of the input.
    Permute(Vec<usize>),
    /// Axes of length 1 repeated, new axes in front.
    Broadcast(Vec<usize>),
    /// Part of one axis.
    Slice {
        /// The axis.
        axis: usize,
        /// What of it.
        span: Span,
    },
    /// The windows of so many neighbours along an axis, on a new axis behind it: element t becomes the
    /// elements t to t + window - 1.
    Windows {
        /// The axis.
        axis: usize,
        /// Elements of a window, no more than there are.
        window: usize,
    },
}

impl Movement {
    /// Name in plans.
    pub fn name(&self) -> &'static str {
        match self {
            Movement::Reshape(_) => "reshape",
            Movement::Permute(_) => "permute_dims",
            Movement::Broadcast(_) => "broadcast_to",
            Movement::Slice { .. } => "slice",
            Movement::Windows { .. } => "windows",
        }
    }

    /// Shape of the result.
    pub fn shape(&self, input: &[usize]) -> Vec<usize> {
        match self {
            Movement::Reshape(to) | Movement::Broadcast(to) => to.clone(),
            Movement::Permute(order) => order.iter().filter_map(|&a| input.get(a).copied()).collect(),
            Movement::Slice { axis, span } => {
                let mut out = input.to_vec();
                if let Some(d) = out.get_mut(*axis) {
                    *d = span.len;
                }
                out
            }
            Movement::Windows { axis, window } => {
                let mut out = input.to_vec();
                if let Some(d) = out.get_mut(*axis) {
                    *d = (*d + 1).saturating_sub(*window);
                    out.insert(axis + 1, *window);
                }
                out
            }
        }
    }

    /// The result as a view; only a reshape of a non-contiguous array copies.
    pub fn apply(&self, x: &Array) -> Result<Array> {
        Ok(match self {
            Movement::Reshape(to) => reshaped(x, to)?,
            Movement::Permute(order) => {
                let shape: Shape = order.iter().filter_map(|&a| x.shape().get(a).copied()).collect();
                let strides: Strides = order.iter().filter_map(|&a| x.strides().get(a).copied()).collect();
                x.restride(shape, strides, x.offset())
            }
            Movement::Broadcast(to) => x.broadcast(to),
            Movement::Slice { axis, span } => x.slice_axis(*axis, *span),
            Movement::Windows { axis, .. } => {
                let mut strides = x.strides().to_vec();
                if let Some(&stride) = strides.get(*axis) {
                    strides.insert(axis + 1, stride);
                }
                x.restride(self.shape(x.shape()), strides, x.strided().offset)
            }
        })
    }

    /// The same for a chunk of a stream, whose axis 0 is shorter than the plan says; the result's
    /// shape is `shape`.
    pub fn apply_to_chunk(&self, x: &Array, shape: &[usize]) -> Result<Array> {
        match self {
            Movement::Reshape(_) => reshaped(x, shape),
            Movement::Broadcast(_) => Ok(x.broadcast(shape)),
            // Along the stream axis the chunk starts at the first frame that is needed.
            Movement::Slice { axis: 0, span } if span.step >= 1 => {
                let len = shape.first().copied().unwrap_or(0);
                Ok(x.slice_axis(0, Span { start: 0, len, step: span.step }))
            }
            other => other.apply(x),
        }
    }
}

fn reshaped(x: &Array, to: &[usize]) -> Result<Array> {
    let x = x.to_contiguous()?;
    Ok(x.restride(to, c_order(to), x.offset()))
}
