//! Looking at what the blocks compute, where an error state asks for it.

use opusclip_raw::{DType, Isa};

use crate::array::Scalar;
use crate::array::shape::{c_strides, product};
use crate::errstate::{Offence, Trouble, Watch};
use crate::exec::executor::Frames;
use crate::ops::lanes::{Lanes, LanesMut};
use crate::ops::watch::{All, Met, watch};
use crate::ops::{self, Elementwise, Reduce};

/// Looks at the elements of one node's frames.
#[derive(Clone, Debug)]
pub(super) struct Watcher<'w> {
    watch: &'w Watch,
    node: usize,
    /// Elements of the node before these frames, and of one frame.
    before: usize,
    frame: usize,
    /// Shape in which elements are counted.
    shape: Vec<usize>,
    /// Length and step of each axis in the order in which elements are made; none is C order.
    order: Vec<(usize, usize)>,
}

impl<'w> Watcher<'w> {
    /// For frames of a node that computes over `over`, which is `full` for all its frames.
    pub(super) fn new(watch: &'w Watch, node: usize, frames: &Frames, over: &[usize], full: &[usize]) -> Watcher<'w> {
        let frame = product(over.get(1..).unwrap_or(&[]));
        // Reductions over time compute all frames at once, whatever is asked for.
        let start = if over == full { 0 } else { frames.range.start };
        Watcher { watch, node, before: start.saturating_mul(frame), frame, shape: full.to_vec(), order: Vec::new() }
    }

    /// The same where the elements of `over` are made with its axes in this order.
    pub(super) fn ordered(mut self, over: &[usize], order: &[usize]) -> Self {
        let steps = c_strides(over);
        self.order = order.iter().map(|&a| (over[a], steps[a].unsigned_abs())).collect();
        self
    }

    /// Where in C order an element lies.
    fn place(&self, at: usize) -> usize {
        if self.order.is_empty() {
            return at;
        }
        let (mut rest, mut place) = (at, 0);
        for &(length, step) in self.order.iter().rev() {
            place += rest % length.max(1) * step;
            rest /= length.max(1);
        }
        place
    }

    fn note(&self, all: &All, op: &'static str, dtype: DType) {
        for (kind, met) in Trouble::ALL.into_iter().zip(all) {
            if met.count > 0 && self.watch.wants(kind) {
                let element = self.before.saturating_add(met.first);
                let frame = element.checked_div(self.frame).unwrap_or(0);
                let shape = self.shape.clone();
                self.watch.note(met.count, Offence { frame, node: self.node, element, kind, op, dtype, shape });
            }
        }
    }

    /// Looks at a block that begins at the element `start`.
    pub(super) fn look(&self, op: Elementwise, args: &[Lanes<'_>], out: Lanes<'_>, start: usize) {
        let all = watch(op, args, out, |i| self.place(start + i));
        let name = if matches!(op, Elementwise::Cast(_)) { "astype" } else { op.name() };
        let dtype = args.first().map_or(out.dtype(), |a| if out.dtype().is_float() { out.dtype() } else { a.dtype() });
        self.note(&all, name, dtype);
    }

    /// Computes a block in its place and looks at it.
    pub(super) fn eval(&self, op: Elementwise, isa: Isa, args: &[Lanes<'_>], mut out: LanesMut<'_>, start: usize) {
        ops::eval(op, isa, args, out.again());
        self.look(op, args, out.shared(), start);
    }
}

/// Looks at a reduction: at the values while blocks of them are made, then at each result.
#[derive(Clone, Debug)]
pub(super) struct Reduction<'w> {
    pub(super) values: Watcher<'w>,
    pub(super) results: Watcher<'w>,
}

impl Reduction<'_> {
    /// Judges the result of number `at`: infinite or without an answer though none of its values was.
    pub(super) fn look(&self, op: Reduce, result: Scalar, at: usize) {
        if result.to_f64().is_finite() {
            return;
        }
        let kind = if result.is_nan() { Trouble::Invalid } else { Trouble::Over };
        let mut all = All::default();
        all[kind as usize] = Met { count: 1, first: at };
        self.results.note(&all, op.row().name, result.dtype);
    }
}
