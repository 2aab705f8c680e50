//! Sine, cosine and tangent of `f64`, their inverses, and the cube root.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, FRAC_PI_4, PI};

use super::logarithms::TWO_52;
use super::poly::{ASIN, ATAN, CBRT, COS, MAGIC, SIN, fast_sum, head, poly, two_product, two_sum};

/// From here on the reduction below would lose bits.
pub(super) const FAR: f64 = 1e6;

/// `x - k π/2` with the nearest whole `k` as a sum of two, and `k` modulo 4 as bits; for
/// |x| < [`FAR`]. Cody and Waite's way with π/2 in four parts: the first three have 33 bits, so that
/// their products with `k` are exact, and no float64 is so close to a multiple that they cancel.
#[inline(always)]
fn quarter(x: f64) -> (f64, f64, u64) {
    const FIRST: f64 = 1.570_796_326_734_125_6;
    const SECOND: f64 = 6.077_100_506_303_966e-11;
    const THIRD: f64 = 2.022_266_248_711_166_5e-21;
    const REST: f64 = 8.478_427_660_368_9e-32;
    let shifted = x * FRAC_2_PI + MAGIC;
    let k = shifted - MAGIC;
    let (a, lost) = two_sum(x - k * FIRST, -(k * SECOND));
    let (a, more) = two_sum(a, -(k * THIRD));
    let (r, rest) = fast_sum(a, more + (lost - k * REST));
    (r, rest, shifted.to_bits())
}

/// The sine of r + rest for |r| <= π/4 is r and this.
#[inline(always)]
fn sin_tail(r: f64, rest: f64) -> f64 {
    let z = r * r;
    r * (z * poly(z, &SIN)) + rest * (1.0 - 0.5 * z)
}

/// The cosine of r + rest for |r| <= π/4 as a sum of two.
#[inline(always)]
fn cos_sum(r: f64, rest: f64) -> (f64, f64) {
    let z = r * r;
    let half = 0.5 * z;
    let (w, lost) = fast_sum(1.0, -half);
    (w, lost + (z * z * poly(z, &COS) - r * rest))
}

/// The sign bit flipped if bit 1 of `k` is set.
#[inline(always)]
pub(super) fn turned(y: f64, k: u64) -> f64 {
    f64::from_bits(y.to_bits() ^ ((k >> 1) << 63))
}

/// The sine for |x| < [`FAR`].
#[inline(always)]
pub(super) fn sin_near(x: f64) -> f64 {
    let (r, rest, k) = quarter(x);
    let (w, tail) = cos_sum(r, rest);
    let (a, b) = if k & 1 == 0 { (r, sin_tail(r, rest)) } else { (w, tail) };
    // Keeps -0.
    if x == 0.0 { x } else { turned(a + b, k) }
}

/// The cosine for |x| < [`FAR`].
#[inline(always)]
pub(super) fn cos_near(x: f64) -> f64 {
    let (r, rest, k) = quarter(x);
    let (w, tail) = cos_sum(r, rest);
    let (a, b) = if k & 1 == 0 { (w, tail) } else { (r, sin_tail(r, rest)) };
    turned(a + b, k.wrapping_add(1))
}

/// The tangent for |x| < [`FAR`].
#[inline(always)]
pub(super) fn tan_near(x: f64) -> f64 {
    let (r, rest, k) = quarter(x);
    let (s, s_rest) = fast_sum(r, sin_tail(r, rest));
    let (w, tail) = cos_sum(r, rest);
    let (c, c_rest) = fast_sum(w, tail);
    let even = k & 1 == 0;
    let (n, n_rest) = if even { (s, s_rest) } else { (-c, -c_rest) };
    let (d, d_rest) = if even { (c, c_rest) } else { (s, s_rest) };
    let (q, more) = ratio(n, n_rest, d, d_rest);
    if x == 0.0 { x } else { q + more }
}

/// (n + n_rest) / (d + d_rest) as a sum of two.
#[inline(always)]
fn ratio(n: f64, n_rest: f64, d: f64, d_rest: f64) -> (f64, f64) {
    let inverse = 1.0 / d;
    let q = n * inverse;
    let (p, lost) = two_product(q, d);
    (q, (((n - p) - lost) + (n_rest - q * d_rest)) * inverse)
}

/// What is missing from these roundings of π/2 and its multiples.
const FRAC_PI_2_REST: f64 = 6.123_233_995_736_766e-17;
const FRAC_PI_4_REST: f64 = 3.061_616_997_868_383e-17;
const PI_REST: f64 = 1.224_646_799_147_353_2e-16;
/// 3π/4 and what is missing from it.
const THREE_FOURTHS: f64 = 2.356_194_490_192_345;
const THREE_FOURTHS_REST: f64 = 9.184_850_993_605_148e-17;

/// The angle, 0 to π, of the point `d` to the right (to the left if `left`) and `n` above, neither
/// below zero, not both zero and neither infinite.
#[inline(always)]
fn angle(n: f64, d: f64, left: bool) -> f64 {
    const LOW: f64 = std::f64::consts::SQRT_2 - 1.0;
    let low = n <= LOW * d;
    let high = d <= LOW * n;
    // atan(n/d) by (n - d) / (n + d) from π/4 on, or by -d/n from π/2 on.
    let ((over, over_rest), (under, under_rest)) = (two_sum(n, -d), two_sum(n, d));
    let (over, over_rest) = if low { (n, 0.0) } else { (over, over_rest) };
    let (under, under_rest) = if low { (d, 0.0) } else { (under, under_rest) };
    let (over, over_rest) = if high { (-d, 0.0) } else { (over, over_rest) };
    let (under, under_rest) = if high { (n, 0.0) } else { (under, under_rest) };
    let (t, t_rest) = ratio(over, over_rest, under, under_rest);
    let (from, missing) = if left { (THREE_FOURTHS, THREE_FOURTHS_REST) } else { (FRAC_PI_4, FRAC_PI_4_REST) };
    let (end, end_rest) = if left { (PI, PI_REST) } else { (0.0, 0.0) };
    let (from, missing) = if low { (end, end_rest) } else { (from, missing) };
    let (from, missing) = if high { (FRAC_PI_2, FRAC_PI_2_REST) } else { (from, missing) };
    let z = t * t;
    let tail = t * (z * poly(z, &ATAN)) + t_rest;
    let (t, tail) = if left { (-t, -tail) } else { (t, tail) };
    let (sum, lost) = fast_sum(from, t);
    sum + (lost + (tail + missing))
}

/// The angle whose tangent is `x`.
#[inline(always)]
pub(super) fn atan(x: f64) -> f64 {
    let ax = x.abs();
    // Further away the angle is π/2.
    let y = angle(if ax > 1e19 { 1e19 } else { ax }, 1.0, false);
    if x == 0.0 { x } else { y.copysign(x) }
}

/// The angle of the point (x, y).
#[inline(always)]
pub(super) fn atan2(y: f64, x: f64) -> f64 {
    let (n, d) = (y.abs(), x.abs());
    // Infinities as points in the same direction.
    let (far_n, far_d) = (n == f64::INFINITY, d == f64::INFINITY);
    let axis = |far: bool| if far { 1.0 } else { 0.0 };
    let (n, d) = if far_n | far_d { (axis(far_n), axis(far_d)) } else { (n, d) };
    // Powers of two that keep sums, products and inverses in range.
    let (least, most) = if n < d { (n, d) } else { (d, n) };
    let scale = if most > 1e300 { 0.00390625 } else { 1.0 };
    let scale = if (least < 1e-250) & (most < 1e240) { 1.606_938_044_258_990_3e60 } else { scale };
    // The origin counts as a point on the x axis.
    let d = if most == 0.0 { 1.0 } else { d * scale };
    let r = angle(n * scale, d, x.is_sign_negative());
    let r = if x.is_nan() | y.is_nan() { f64::NAN } else { r };
    r.copysign(y)
}

/// `(s, tail, from_x)`: asin of x is s + tail near zero (`from_x`), else π/2 less twice that.
#[inline(always)]
fn asin_sum(ax: f64) -> (f64, f64, bool) {
    let near = ax <= 0.5;
    let beyond = 0.5 * (1.0 - ax);
    let z = if near { ax * ax } else { beyond };
    let root = beyond.sqrt();
    // What the square of the rounded root misses, halved and divided by it.
    let (p, lost) = two_product(root, root);
    let missing = ((beyond - p) - lost) / (2.0 * root);
    let missing = if root > 0.0 { missing } else { 0.0 };
    let (s, rest) = if near { (ax, 0.0) } else { (root, missing) };
    (s, s * (z * poly(z, &ASIN)) + rest, near)
}

/// The angle whose sine is `x`.
#[inline(always)]
pub(super) fn asin(x: f64) -> f64 {
    let (s, tail, near) = asin_sum(x.abs());
    let (h, lost) = fast_sum(FRAC_PI_2, -2.0 * s);
    let far = h + (lost + (FRAC_PI_2_REST - 2.0 * tail));
    let y = (if near { s + tail } else { far }).copysign(x);
    if x.abs() <= 1.0 { y } else { f64::NAN }
}

/// The angle whose cosine is `x`.
#[inline(always)]
pub(super) fn acos(x: f64) -> f64 {
    let (s, tail, near) = asin_sum(x.abs());
    let below = x < 0.0;
    // From π/2 by x, or from 0 or π by twice the root.
    let (s, tail) = if near { (-s, -tail) } else { (2.0 * s, 2.0 * tail) };
    let (s, tail) = if below { (-s, -tail) } else { (s, tail) };
    let (from, missing) = if below { (PI, PI_REST) } else { (0.0, 0.0) };
    let (from, missing) = if near { (FRAC_PI_2, FRAC_PI_2_REST) } else { (from, missing) };
    let (h, lost) = fast_sum(from, s);
    let y = h + (lost + (tail + missing));
    if x.abs() <= 1.0 { y } else { f64::NAN }
}

/// The cube root.
#[inline(always)]
pub(super) fn cbrt(x: f64) -> f64 {
    let ax = x.abs();
    let tiny = ax < f64::MIN_POSITIVE;
    let bits = (if tiny { ax * 18014398509481984.0 } else { ax }).to_bits();
    let m = f64::from_bits(bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000);
    let e = f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - (TWO_52 + 1023.0);
    // ax = 2^(3 k + left) m with `left` 0, 1 or 2.
    let shifted = (e - 1.0) * (1.0 / 3.0) + MAGIC;
    let left = e - 3.0 * (shifted - MAGIC);
    let w = m * if left == 0.0 { 1.0 } else { 2.0 * left };
    let root = if left == 0.0 {
        1.0
    } else if left == 1.0 {
        1.259_921_049_894_873_2
    } else {
        1.587_401_051_968_199_5
    };
    let t = poly(m, &CBRT) * root;
    // Two steps of Halley's; before the second the square is made exact.
    let cube = t * t * t;
    let t = head(t * ((cube + 2.0 * w) / (2.0 * cube + w)));
    let r = w / (t * t);
    let t = t + t * ((r - t) / (2.0 * t + r));
    let less = if tiny { 18 } else { 0 };
    let y = t * f64::from_bits(shifted.to_bits().wrapping_add(1023 - less) << 52);
    if (x == 0.0) | (ax == f64::INFINITY) | x.is_nan() { x } else { y.copysign(x) }
}
