//! e^x of `f64` and what is made of it. `e^x = 2^k (s + t)` with `s + t = e^r`, |r| <= ln 2 / 2:
//! the sum is kept in two parts, so that only the last addition rounds.

use std::f64::consts::LOG2_E;

use super::poly::{EXP, MAGIC, SINH, TANH, fast_sum, head, poly, two_sum};

/// ln 2 in two parts; the first has 32 bits, so that its products with exponents are exact.
pub(super) const LN_2_FIRST: f64 = 0.693_147_180_369_123_8;
pub(super) const LN_2_REST: f64 = 1.908_214_929_270_587_7e-10;

/// `x` kept between the other two; NaN stays NaN.
#[inline(always)]
pub(super) fn within(x: f64, lo: f64, hi: f64) -> f64 {
    let x = if hi < x { hi } else { x };
    if lo > x { lo } else { x }
}

/// e^(hi + lo) as `(s, t)`, for |hi| <= 0.35 and a much smaller lo.
#[inline(always)]
fn exp_sum(hi: f64, lo: f64) -> (f64, f64) {
    let r = hi + lo;
    let square = r * r;
    let q = 0.5 * square + square * r * poly(r, &EXP);
    let (s, lost) = fast_sum(1.0, hi);
    (s, lost + (q + lo))
}

/// `(k, s, t)` with e^x = 2^k (s + t), for |x| < 2000; `k` in the low bits of a number to which
/// [`MAGIC`] was added.
#[inline(always)]
pub(super) fn exp_parts(x: f64) -> (f64, f64, f64) {
    let shifted = x * LOG2_E + MAGIC;
    let k = shifted - MAGIC;
    let (s, t) = exp_sum(x - k * LN_2_FIRST, k * -LN_2_REST);
    (shifted, s, t)
}

/// The same of x + y for a much smaller y.
#[inline(always)]
pub(super) fn exp_parts_of_sum(x: f64, y: f64) -> (f64, f64, f64) {
    let shifted = x * LOG2_E + MAGIC;
    let k = shifted - MAGIC;
    let (s, t) = exp_sum(x - k * LN_2_FIRST, y - k * LN_2_REST);
    (shifted, s, t)
}

/// y * 2^k for -2000 < k < 2000 as [`exp_parts`] gives it, rounded once: in two steps, of which the
/// first is exact.
#[inline(always)]
pub(super) fn scaled(y: f64, shifted: f64) -> f64 {
    let up = shifted.to_bits().wrapping_sub(MAGIC.to_bits()).wrapping_add(2046);
    let half = up >> 1;
    y * f64::from_bits(half << 52) * f64::from_bits(up.wrapping_sub(half) << 52)
}

/// 2^(k + add) for results that are normal numbers.
#[inline(always)]
fn power_of_two(shifted: f64, add: i64) -> f64 {
    f64::from_bits(shifted.to_bits().wrapping_add((1023 + add) as u64) << 52)
}

/// e^x.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    let (k, s, t) = exp_parts(within(x, -746.0, 710.0));
    scaled(s + t, k)
}

/// 2^x.
#[inline(always)]
pub(super) fn exp2(x: f64) -> f64 {
    // ln 2 in two parts, the first of 26 bits.
    const FIRST: f64 = 0.693_147_167_563_438_4;
    const REST: f64 = 1.299_650_689_388_988_9e-8;
    let x = within(x, -1080.0, 1025.0);
    let shifted = x + MAGIC;
    let r = x - (shifted - MAGIC);
    let first = head(r);
    let (s, t) = exp_sum(first * FIRST, (r - first) * FIRST + r * REST);
    scaled(s + t, shifted)
}

/// (e^x - 1) / 2 as a sum of two, for -50 < x < 711.
#[inline(always)]
fn half_expm1(x: f64) -> (f64, f64) {
    let (k, s, t) = exp_parts(x);
    // Half of the power: 2^1024 is no number.
    let scale = power_of_two(k, -1);
    let (d, lost) = two_sum(s * scale, -0.5);
    (d, lost + t * scale)
}

/// e^x - 1, exact near zero.
#[inline(always)]
pub(super) fn expm1(x: f64) -> f64 {
    let (d, rest) = half_expm1(within(x, -40.0, 710.0));
    let y = (d + rest) * 2.0;
    // Keeps -0 and what is too small to be halved.
    if x.abs() < 1e-17 { x } else { y }
}

/// The hyperbolic tangent: near zero a polynomial, else 1 - 2 / (e^2x + 1).
#[inline(always)]
pub(super) fn tanh(x: f64) -> f64 {
    let ax = x.abs();
    let (k, s, t) = exp_parts(within(ax, 0.0, 20.0) * 2.0);
    let scale = power_of_two(k, 0);
    let (sum, lost) = fast_sum(s * scale, 1.0);
    let (d, rest) = fast_sum(sum, lost + t * scale);
    let w = 2.0 / d;
    let (far, lost) = fast_sum(1.0, -w);
    let far = far + (lost + 0.5 * (w * w) * rest);
    let near = cubic(ax, &TANH);
    (if ax < 0.55 { near } else { far }).copysign(x)
}

/// x + x³ p(x²).
#[inline(always)]
fn cubic<const N: usize>(x: f64, p: &[f64; N]) -> f64 {
    let z = x * x;
    x + x * (z * poly(z, p))
}

/// e^|x| / 2 and e^-|x| / 2, the first as a number and what is missing from it: for sinh and cosh.
/// The power is halved twice over, since e^|x| may be too great while its half is not.
#[inline(always)]
fn halves(ax: f64) -> (f64, f64, f64, f64) {
    let (k, s, t) = exp_parts(within(ax, 0.0, 710.5));
    // A quarter of e^x.
    let scale = power_of_two(k, -2);
    let (h, rest) = fast_sum(s * scale, t * scale);
    let inverse = 0.0625 / h;
    // -rest / h of the inverse are missing; where it is small it counts for nothing.
    let off = inverse * (rest * inverse) * -16.0;
    (h, rest, inverse, off)
}

/// The hyperbolic sine.
#[inline(always)]
pub(super) fn sinh(x: f64) -> f64 {
    let ax = x.abs();
    let (h, rest, inverse, off) = halves(ax);
    let (d, lost) = fast_sum(h, -inverse);
    let far = (d + (lost + (rest - off))) * 2.0;
    let near = cubic(ax, &SINH);
    (if ax < 1.0 { near } else { far }).copysign(x)
}

/// The hyperbolic cosine.
#[inline(always)]
pub(super) fn cosh(x: f64) -> f64 {
    let (h, rest, inverse, off) = halves(x.abs());
    let (d, lost) = fast_sum(h, inverse);
    (d + (lost + (rest + off))) * 2.0
}
