//! Logarithms of `f64`, powers, and the inverse hyperbolic functions, which are logarithms.
//!
//! `x = 2^e (1 + f)` with `1 + f` within a factor √2 of 1, and by `s = f / (2 + f)`
//! `ln(1 + f) = 2 atanh(s) = f - f²/2 + s (f²/2 + s² p(s²))`: in that form (of K. C. Ng's, in the
//! mathematics library of 4.3BSD) the rounding errors of `s` are scaled down.

use std::f64::consts::LN_2;

use super::exponentials::{LN_2_FIRST, LN_2_REST, exp_parts_of_sum, scaled, within};
use super::poly::{LOG, LOG_LONG, fast_sum, head, poly, two_product, two_sum};

pub(super) const TWO_52: f64 = 4503599627370496.0;

/// `(e, f, unit)` with x = 2^e (1 + f), and 2^-e; for a positive x that is neither tiny nor
/// infinite.
#[inline(always)]
pub(super) fn split_normal(x: f64) -> (f64, f64, f64) {
    const ROOT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    let bits = x.to_bits();
    // The exponent, moved up by 1023 to stay positive: an unsigned shift is cheap everywhere.
    let up = bits.wrapping_sub(ROOT_HALF).wrapping_add(1023 << 52) >> 52;
    let m = f64::from_bits(bits.wrapping_sub(up << 52).wrapping_add(1023 << 52));
    // 2^52 + up, put together bit by bit.
    let e = f64::from_bits(up | 0x4330_0000_0000_0000) - (TWO_52 + 1023.0);
    (e, m - 1.0, f64::from_bits(2046u64.wrapping_sub(up) << 52))
}

/// `(e, f)` with x = 2^e (1 + f) for a positive x that is not infinite.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    let tiny = x < f64::MIN_POSITIVE;
    let (e, f, _) = split_normal(if tiny { x * 18014398509481984.0 } else { x });
    (if tiny { e - 54.0 } else { e }, f)
}

/// `(f²/2, rest)` with ln(1 + f) = f - f²/2 + rest.
#[inline(always)]
fn ln_parts(f: f64) -> (f64, f64) {
    let s = f / (2.0 + f);
    let z = s * s;
    let square = 0.5 * f * f;
    (square, s * (square + z * poly(z, &LOG)))
}

/// The special cases of a logarithm around the value `y` of the normal one.
#[inline(always)]
pub(super) fn special(x: f64, y: f64) -> f64 {
    let y = if x == f64::INFINITY { x } else { y };
    let y = if x == 0.0 { f64::NEG_INFINITY } else { y };
    // Below zero, and NaN.
    if x >= 0.0 { y } else { f64::NAN }
}

/// e ln 2 + ln(1 + f) + rest / (1 + f), for a rest far below the last place of 1.
#[inline(always)]
fn ln_sum(e: f64, f: f64, rest: f64) -> f64 {
    let (square, tail) = ln_parts(f);
    let (h, lost) = fast_sum(e * LN_2_FIRST, f);
    h - (square - (tail + (e * LN_2_REST + (lost + rest))))
}

/// The natural logarithm.
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    let (e, f) = split(x);
    special(x, ln_sum(e, f, 0.0))
}

/// ln(1 + f) in two parts, the first of 26 bits.
#[inline(always)]
fn ln_head(f: f64) -> (f64, f64) {
    let (square, tail) = ln_parts(f);
    let first = head(f - square);
    (first, ((f - first) - square) + tail)
}

/// The logarithm to base 2.
#[inline(always)]
pub(super) fn log2(x: f64) -> f64 {
    // 1 / ln 2 in two parts, the first of 26 bits.
    const FIRST: f64 = 1.442_695_021_629_333_5;
    const REST: f64 = 1.925_962_991_126_617_5e-8;
    let (e, f) = split(x);
    let (first, rest) = ln_head(f);
    let (y, lost) = fast_sum(e, first * FIRST);
    special(x, y + (lost + ((first + rest) * REST + rest * FIRST)))
}

/// The logarithm to base 10.
#[inline(always)]
pub(super) fn log10(x: f64) -> f64 {
    // 1 / ln 10 in two parts, the first of 26 bits, and log10(2), its first of 40.
    const FIRST: f64 = 0.434_294_477_105_140_7;
    const REST: f64 = 4.798_111_141_615_973e-9;
    const TWO_FIRST: f64 = 0.301_029_995_663_611_77;
    const TWO_REST: f64 = 3.694_239_077_158_931e-13;
    let (e, f) = split(x);
    let (first, rest) = ln_head(f);
    let (y, lost) = fast_sum(e * TWO_FIRST, first * FIRST);
    special(x, y + (lost + (e * TWO_REST + ((first + rest) * REST + rest * FIRST))))
}

/// ln(1 + x + more), exact near zero, without the special cases; for x + more > -1, and more far
/// below the last place of the greater of 1 and x.
#[inline(always)]
fn ln1p_sum(x: f64, more: f64) -> f64 {
    let (u, lost) = two_sum(1.0, x);
    let (e, f, unit) = split_normal(u);
    // Beyond 2^1023 the unit is no number; long before, nothing is lost that counts.
    let rest = if x < 1e300 { (lost + more) * unit } else { 0.0 };
    // rest / (1 + f), to the few digits that count.
    ln_sum(e, f, rest * (1.0 - f * (1.0 - f * (1.0 - f))))
}

/// ln(1 + x), exact near zero.
#[inline(always)]
pub(super) fn log1p(x: f64) -> f64 {
    let y = special(1.0 + x, ln1p_sum(x, 0.0));
    // Keeps -0 and the digits of what is tiny.
    if x.abs() < 1e-17 { x } else { y }
}

/// x^3, rounded once but for what underflows.
#[inline(always)]
pub(super) fn cube(x: f64) -> f64 {
    let (p, lost) = two_product(x, x);
    let (q, more) = two_product(p, x);
    let exact = q + (more + lost * x);
    // Where parts leave the range their sum is no number.
    if (q.abs() < 1e300) & (q.abs() > 1e-250) { exact } else { p * x }
}

/// x^y, with all the special cases of C99 (and NumPy).
#[inline(always)]
pub(super) fn pow(x: f64, y: f64) -> f64 {
    const THIRD_FIRST: f64 = 2.0 / 3.0;
    const THIRD_REST: f64 = 3.700743415417188e-17;
    let ax = x.abs();
    let (e, f) = split(ax);
    // s = f / (2 + f) in two parts.
    let (d, d_rest) = fast_sum(2.0, f);
    let inverse = 1.0 / d;
    let s = f * inverse;
    let (p, lost) = two_product(s, d);
    let s_rest = (((f - p) - lost) - s * d_rest) * inverse;
    // ln(1 + f) = 2 s + s³ (2/3 + s² q(s²)), each product and sum in two parts.
    let (z, z_rest) = two_product(s, s);
    let z_rest = z_rest + 2.0 * (s * s_rest);
    let (q, q_rest) = fast_sum(THIRD_FIRST, z * poly(z, &LOG_LONG));
    let q_rest = q_rest + THIRD_REST;
    let (cube, cube_rest) = two_product(s, z);
    let cube_rest = cube_rest + (s * z_rest + s_rest * z);
    let (u, u_rest) = two_product(cube, q);
    let u_rest = u_rest + (cube * q_rest + cube_rest * q);
    let (l, l_rest) = fast_sum(2.0 * s, u);
    let l_rest = l_rest + (2.0 * s_rest + u_rest);
    let (h, lost) = fast_sum(e * LN_2_FIRST, l);
    let (h, h_rest) = fast_sum(h, lost + (l_rest + e * LN_2_REST));

    // Beyond 2^70 every y is as good as infinite, and products do not overflow below it.
    let far = within(y, -1180591620717411303424.0, 1180591620717411303424.0);
    let (t, t_rest) = two_product(far, h);
    let t_rest = t_rest + far * h_rest;
    let near = within(t, -746.0, 710.0);
    let (k, a, b) = exp_parts_of_sum(near, if near == t { t_rest } else { 0.0 });
    let p = scaled(a + b, k);

    // Whole and odd exponents; from 2^53 on every one is even.
    let ay = y.abs();
    let ay = if ay < 2.0 * TWO_52 { ay } else { 2.0 * TWO_52 };
    let whole = (ay >= TWO_52) | ((ay + TWO_52) - TWO_52 == ay);
    let half = ay * 0.5;
    let odd = whole & ((half + TWO_52) - TWO_52 != half);

    let p = if ax == 0.0 { if y < 0.0 { f64::INFINITY } else { 0.0 } } else { p };
    let p = if ax == f64::INFINITY { if y < 0.0 { 0.0 } else { f64::INFINITY } } else { p };
    let p = if (x < 0.0) & (ax < f64::INFINITY) & !whole { f64::NAN } else { p };
    let p = if x.is_sign_negative() & odd { -p } else { p };
    let p = if x.is_nan() | y.is_nan() { f64::NAN } else { p };
    if (y == 0.0) | (x == 1.0) { 1.0 } else { p }
}

/// The inverse hyperbolic tangent: half of ln(1 + 2x / (1 - x)).
#[inline(always)]
pub(super) fn atanh(x: f64) -> f64 {
    let ax = x.abs();
    let t = 2.0 * ax;
    // 2x / (1 - x) as it is, and what its rounding lost.
    let (d, d_rest) = fast_sum(1.0, -ax);
    let q = t / d;
    let (p, lost) = two_product(q, d);
    let rest = (((t - p) - lost) - q * d_rest) / d;
    let y = if ax < 1.0 { 0.5 * ln1p_sum(q, rest) } else { f64::NAN };
    let y = if ax == 1.0 { f64::INFINITY } else { y };
    if ax < 1e-9 { x } else { y.copysign(x) }
}

/// The inverse hyperbolic sine: ln(1 + x + x² / (1 + sqrt(1 + x²))).
#[inline(always)]
pub(super) fn asinh(x: f64) -> f64 {
    let ax = x.abs();
    let small = if ax < 1e8 { ax } else { 1e8 };
    let square = small * small;
    let (u, rest) = fast_sum(small, square / (1.0 + (1.0 + square).sqrt()));
    let near = ln1p_sum(u, rest);
    let far = ln(ax) + LN_2;
    let y = if ax < 1e8 { near } else { far };
    if ax < 1e-9 { x } else { y.copysign(x) }
}

/// The inverse hyperbolic cosine, by t = x - 1: ln(1 + t + sqrt(2t + t²)); NaN below 1.
#[inline(always)]
pub(super) fn acosh(x: f64) -> f64 {
    let t = if x < 1e8 { x } else { 1e8 } - 1.0;
    let root = (2.0 * t + t * t).sqrt();
    let (u, rest) = two_sum(root, t);
    let near = ln1p_sum(u, rest);
    let far = ln(x) + LN_2;
    let y = if x < 1e8 { near } else { far };
    if x >= 1.0 { y } else { f64::NAN }
}

/// 2^-600 and 2^600.
const DOWN: f64 = 2.409919865102884e-181;
const UP: f64 = 4.149515568880993e+180;

/// sqrt(x² + y²), without overflow on the way.
#[inline(always)]
pub(super) fn hypot(x: f64, y: f64) -> f64 {
    let (x, y) = (x.abs(), y.abs());
    let (a, b) = if x < y { (y, x) } else { (x, y) };
    let (by, back) = if a > 1e150 { (DOWN, UP) } else { (1.0, 1.0) };
    let (by, back) = if a < 1e-140 { (UP, DOWN) } else { (by, back) };
    let (a, b) = (a * by, b * by);
    let ((p, p_rest), (q, q_rest)) = (two_product(a, a), two_product(b, b));
    let (sum, lost) = fast_sum(p, q);
    let h = sum.sqrt();
    // What the square of the rounded root misses.
    let (r, r_rest) = two_product(h, h);
    let missing = ((sum - r) - r_rest) + (lost + (p_rest + q_rest));
    let z = if h > 0.0 { h + missing / (2.0 * h) } else { h } * back;
    if (x == f64::INFINITY) | (y == f64::INFINITY) { f64::INFINITY } else { z }
}
