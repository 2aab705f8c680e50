//! Rules that every executor shares, so that all give the same bits.

use opusclip_raw::Kind;
use opusclip_raw::kernel::sum::LANES;

use super::executor::Frames;
use crate::array::Scalar;
use crate::array::index::Span;
use crate::ops::{Movement, Reduce};

/// Elements of a float sum that are added as one exact leaf.
pub(super) const LEAF: usize = 1 << 20;

/// Lanes in which a leaf of float64 is summed: one where whole rows of results are added at once,
/// because an axis stays behind the reduced ones, else as many as a sum has. How long that axis is
/// does not matter: a slice of the results is the results of a slice.
pub(super) fn lanes(over: &[usize], axes: &[usize]) -> usize {
    let last = axes.iter().filter(|a| over.get(**a) != Some(&1)).max();
    if last.is_none_or(|a| a + 1 == over.len()) { LANES } else { 1 }
}

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

/// A variance, or the sum of squared distances, from exact sums of `n` integers and of their squares.
/// What is added to all of them does not matter.
pub(super) fn spread(op: Reduce, n: usize, sum: i128, squares: i128) -> f64 {
    let n = n as i128;
    // Integers of 16 bits: this needs 128 bits only of arrays beyond any memory.
    let above = n.saturating_mul(squares).saturating_sub(sum.saturating_mul(sum)).max(0).unsigned_abs();
    match op {
        Reduce::Variance if n == 0 => f64::NAN,
        Reduce::Variance => quotient(above, n.saturating_mul(n).unsigned_abs()),
        _ => quotient(above, n.max(1).unsigned_abs()),
    }
}

/// `a / b`, rounded once to nearest, ties to even; `b` is not 0 and below 2^96.
fn quotient(a: u128, b: u128) -> f64 {
    let (mut whole, mut rest, mut digits) = (a / b.max(1), a % b.max(1), 0);
    // More than 64 bits, and whether anything is left below them, decide how 53 are rounded.
    while a > 0 && whole >> 64 == 0 && digits < 8 {
        whole = (whole << 32) | ((rest << 32) / b.max(1));
        rest = (rest << 32) % b.max(1);
        digits += 1;
    }
    let rounded = (whole | u128::from(rest > 0)) as f64;
    rounded * f64::from_bits((1023 - 32 * digits) << 52)
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
        Movement::Windows { axis, window } => Movement::Windows { axis: *axis, window: *window },
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
