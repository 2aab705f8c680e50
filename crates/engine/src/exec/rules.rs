//! Rules that every executor shares, so that all give the same bits.

use opusclip_raw::Kind;
use opusclip_raw::kernel::sum::LANES;

use super::executor::Frames;
use crate::array::Scalar;
use crate::array::index::Span;
use crate::array::shape::product;
use crate::ops::Movement;

/// Elements of a float sum that are added as one exact leaf.
pub(super) const LEAF: usize = 1 << 20;

/// Lanes in which a leaf of float64 is summed: one where whole rows of results are added at once,
/// because the axes behind the reduced ones have that many places, else as many as a sum has.
pub(super) fn lanes(over: &[usize], axes: &[usize]) -> usize {
    let behind = axes.iter().max().map_or(0, |a| a + 1);
    let width = product(over.get(behind..).unwrap_or(&[]));
    if width >= WIDE { 1 } else { LANES }
}

/// Places of a row that are worth adding it at once.
const WIDE: usize = 64;

/// Leaves joined over a fixed tree, whatever computed them.
pub(super) fn join(leaves: &[f64]) -> f64 {
    match leaves {
        [] => 0.0,
        [one] => *one,
        many => {
            let (a, b) = many.split_at(many.len().div_ceil(2));
            join(a) + join(b)
        }
    }
}

/// Shape over which a fused reduction runs for the frames asked for.
pub(super) fn over_of(over: &[usize], axes: &[usize], frames: &Frames) -> Vec<usize> {
    let mut over = over.to_vec();
    if let (Some(d), false) = (over.first_mut(), axes.contains(&0)) {
        *d = frames.range.len();
    }
    over
}

/// The movement for a chunk whose axis 0 is shorter than the plan's.
pub(super) fn chunked(m: &Movement, shape: &[usize]) -> Movement {
    match m {
        Movement::Reshape(_) => Movement::Reshape(shape.to_vec()),
        Movement::Broadcast(_) => Movement::Broadcast(shape.to_vec()),
        Movement::Permute(order) => Movement::Permute(order.clone()),
        // Along the stream axis the chunk starts at the first frame that is needed.
        Movement::Slice { axis: 0, span } if span.step >= 1 => Movement::Slice {
            axis: 0,
            span: Span { start: 0, len: shape.first().copied().unwrap_or(0), step: span.step },
        },
        Movement::Slice { axis, span } => Movement::Slice { axis: *axis, span: *span },
    }
}

/// Which of two values a least or greatest element is: complex ones by the real part, then by the
/// imaginary one. Any NaN wins.
pub(super) fn better(least: bool, new: Scalar, old: Scalar) -> bool {
    if new.is_nan() || old.is_nan() {
        return !old.is_nan();
    }
    let (n, o) = match new.dtype.kind() {
        Kind::Complex | Kind::Float => {
            return if least { new.to_parts() < old.to_parts() } else { new.to_parts() > old.to_parts() };
        }
        _ => (new.to_i128(), old.to_i128()),
    };
    if least { n < o } else { n > o }
}

/// What is answered of the element found. Which zero came first must not show. Of complex numbers the
/// first that has a NaN is answered, as it is: their elements are looked at one by one, in C order.
pub(super) fn extreme(best: Scalar) -> Scalar {
    let d = best.dtype;
    match d.kind() {
        Kind::Complex | Kind::Float => {
            let (re, im) = best.to_parts();
            Scalar::from_parts(d, re + 0.0, im + 0.0)
        }
        _ => best,
    }
}
