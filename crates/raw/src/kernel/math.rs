//! Elementary functions in software: the same bits on every machine and instruction set.
//!
//! All are polynomials without a branch, so that they vectorise inside a map. Most `f32` functions
//! compute in `f64` and round once, `exp` and `tanh` in `f32`; those of `f64` keep sums in two parts where the last place
//! needs it (`exponentials`, `logarithms`, `circles`).

use std::f64::consts::{LN_2, LOG2_E, LOG10_2};

use super::exponentials::within;
use super::logarithms::{special, split_normal};
use super::poly::{COS_SHORT, EXP_F32, EXP2_SHORT, LOG_POW, LOG_SHORT, MAGIC, SIN_SHORT, TANH_F32, fast_sum, poly};
use super::{circles, exponentials, logarithms};
use crate::isa::Isa;

/// 2^t as `(scale, scale (2^r - 1))` for |t| <= 1000, within 2^-38 of it.
#[inline(always)]
fn exp2_parts(t: f64) -> (f64, f64) {
    let shifted = t + MAGIC;
    let r = t - (shifted - MAGIC);
    let scale = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    (scale, scale * (r * poly(r, &EXP2_SHORT)))
}

/// 2^t for |t| <= 1000.
#[inline(always)]
fn exp2_core(t: f64) -> f64 {
    let (scale, rest) = exp2_parts(t);
    scale + rest
}

/// Whole `e` and `s = (m - 1) / (m + 1)` with x = 2^e * m and sqrt(1/2) <= m < sqrt(2), for a
/// positive normal x.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    let (e, f, _) = split_normal(x);
    (e, f / (2.0 + f))
}

/// ln((1 + s) / (1 - s)) for |s| < 0.172, within 2^-44 of it.
#[inline(always)]
fn ln_ratio(s: f64) -> f64 {
    let z = s * s;
    s * (2.0 + z * poly(z, &LOG_SHORT))
}

/// 1.5 * 2^23: what [`MAGIC`] is to `f64`.
const MAGIC_F32: f32 = 12582912.0;

/// `(k, s, t)` with e^x = 2^k (s + t), for |x| < 120; `k` in the low bits of a number to which
/// [`MAGIC_F32`] was added. All in `f32`, twice as many elements in a register.
#[inline(always)]
fn exp_parts_f32(x: f32) -> (f32, f32, f32) {
    // ln 2 in two parts; the first has 15 bits, so that its products with exponents are exact.
    const FIRST: f32 = 0.693_145_75;
    const REST: f32 = 1.428_606_8e-6;
    let shifted = x * std::f32::consts::LOG2_E + MAGIC_F32;
    let k = shifted - MAGIC_F32;
    let (hi, lo) = (x - k * FIRST, k * -REST);
    let r = hi + lo;
    let square = r * r;
    let q = 0.5 * square + square * r * poly(r, &EXP_F32);
    let (s, lost) = fast_sum(1.0, hi);
    (shifted, s, lost + (q + lo))
}

/// e^x.
#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    let x = if 89.0 < x { 89.0 } else { x };
    let x = if -105.0 > x { -105.0 } else { x };
    let (shifted, s, t) = exp_parts_f32(x);
    // In two steps, of which the first is exact: the result may be subnormal.
    let up = shifted.to_bits().wrapping_sub(MAGIC_F32.to_bits()).wrapping_add(254);
    let half = up >> 1;
    (s + t) * f32::from_bits(half << 23) * f32::from_bits(up.wrapping_sub(half) << 23)
}

/// 2^x.
#[inline(always)]
pub fn exp2_f32(x: f32) -> f32 {
    exp2_core(within(f64::from(x), -200.0, 200.0)) as f32
}

/// e^x - 1, exact near zero: there the scale is 1.
#[inline(always)]
pub fn expm1_f32(x: f32) -> f32 {
    let (scale, rest) = exp2_parts(within(f64::from(x) * LOG2_E, -200.0, 200.0));
    let y = ((scale - 1.0) + rest) as f32;
    // Keeps -0.
    if x == 0.0 { x } else { y }
}

/// The natural logarithm.
#[inline(always)]
pub fn ln_f32(x: f32) -> f32 {
    let x = f64::from(x);
    let (e, s) = split(x);
    special(x, e * LN_2 + ln_ratio(s)) as f32
}

#[inline(always)]
fn log2_core(x: f64) -> f64 {
    let (e, s) = split(x);
    e + ln_ratio(s) * LOG2_E
}

/// The logarithm to base 2.
#[inline(always)]
pub fn log2_f32(x: f32) -> f32 {
    let x = f64::from(x);
    special(x, log2_core(x)) as f32
}

/// The logarithm to base 10.
#[inline(always)]
pub fn log10_f32(x: f32) -> f32 {
    let x = f64::from(x);
    special(x, log2_core(x) * LOG10_2) as f32
}

/// ln(1 + x), exact near zero.
#[inline(always)]
pub fn log1p_f32(x: f32) -> f32 {
    let wide = f64::from(x);
    let u = 1.0 + wide;
    let (e, s) = split(u);
    // With e = 0, u - 1 is x itself, without what rounding u lost.
    let s = if e == 0.0 { wide / (2.0 + wide) } else { s };
    let y = special(u, e * LN_2 + ln_ratio(s)) as f32;
    if x == 0.0 { x } else { y }
}

/// x^y with all the special cases of C99 (and NumPy), whatever y is.
#[inline(always)]
fn pow_any_f32(x: f32, y: f32) -> f32 {
    let (ax, wide) = (f64::from(x.abs()), f64::from(y));
    // Three more digits than a logarithm that is itself the result.
    let (e, s) = split(ax);
    let z = s * s;
    let l = e + s * (2.0 + z * poly(z, &LOG_POW)) * LOG2_E;
    let l = if ax == 0.0 { f64::NEG_INFINITY } else { l };
    let l = if ax == f64::INFINITY { ax } else { l };
    let p = exp2_core(within(l * wide, -200.0, 200.0));

    // Whole and odd exponents; from 2^24 on every f32 is even.
    let ay = f64::from(y.abs());
    let ay = if ay < 16777216.0 { ay } else { 16777216.0 };
    let whole = (ay + MAGIC) - MAGIC == ay;
    let half = ay * 0.5;
    let odd = whole & ((half + MAGIC) - MAGIC != half);

    let below = x.to_bits() >> 31 != 0;
    let p = if below & odd { -p } else { p };
    let p = if (x < 0.0) & (ax < f64::INFINITY) & !whole { f64::NAN } else { p };
    let p = if (ax == 1.0) & (ay == 16777216.0) { 1.0 } else { p };
    let p = if x.is_nan() | y.is_nan() { f64::NAN } else { p };
    let p = if (y == 0.0) | (x == 1.0) { 1.0 } else { p };
    p as f32
}

/// The hyperbolic tangent: near zero a polynomial, else 1 - 2 / (e^2x + 1).
#[inline(always)]
pub fn tanh_f32(x: f32) -> f32 {
    let ax = x.abs();
    let (shifted, s, t) = exp_parts_f32(if 10.0 < ax { 10.0 } else { ax } * 2.0);
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    let (sum, lost) = fast_sum(s * scale, 1.0);
    let (d, rest) = fast_sum(sum, lost + t * scale);
    let w = 2.0 / d;
    let (far, lost) = fast_sum(1.0, -w);
    let far = far + (lost + 0.5 * (w * w) * rest);
    let z = ax * ax;
    let near = ax + ax * (z * poly(z, &TANH_F32));
    (if ax < 0.55 { near } else { far }).copysign(x)
}

/// From here on the reduction below would lose bits.
const FAR: f32 = 100_000.0;

/// `x - k * π/2` with the nearest whole `k`, and `k` modulo 4 as bits; for |x| < [`FAR`]. Cody and
/// Waite's way: the first part of π/2 has 33 bits, so that its products with `k` are exact.
#[inline(always)]
fn quarter(x: f64) -> (f64, u64) {
    const FIRST: f64 = 1.570_796_326_734_125_6;
    const REST: f64 = 6.077_100_506_506_192e-11;
    let shifted = x * std::f64::consts::FRAC_2_PI + MAGIC;
    let k = shifted - MAGIC;
    (x - k * FIRST - k * REST, shifted.to_bits() & 3)
}

/// The sine for |r| <= π/4, within 2^-37 of it.
#[inline(always)]
fn sin_core(r: f64) -> f64 {
    let z = r * r;
    r + r * (z * poly(z, &SIN_SHORT))
}

/// The cosine for |r| <= π/4, within 2^-42 of it.
#[inline(always)]
fn cos_core(r: f64) -> f64 {
    let z = r * r;
    (1.0 - 0.5 * z) + z * z * poly(z, &COS_SHORT)
}

#[inline(always)]
fn sin_near(x: f32) -> f32 {
    let (r, k) = quarter(f64::from(x));
    let y = if k & 1 == 0 { sin_core(r) } else { cos_core(r) };
    let y = circles::turned(y, k) as f32;
    // Keeps -0.
    if x == 0.0 { x } else { y }
}

#[inline(always)]
fn cos_near(x: f32) -> f32 {
    let (r, k) = quarter(f64::from(x));
    let y = if k & 1 == 0 { cos_core(r) } else { sin_core(r) };
    circles::turned(y, k + 1) as f32
}

#[inline(always)]
fn tan_near(x: f32) -> f32 {
    let (r, k) = quarter(f64::from(x));
    let (s, c) = (sin_core(r), cos_core(r));
    let (over, under) = if k & 1 == 0 { (s, c) } else { (-c, s) };
    let y = (over / under) as f32;
    if x == 0.0 { x } else { y }
}

macro_rules! circular {
    ($($(#[$doc:meta])* $t:ident $f:ident, $run:ident, $near:expr, $far:expr, $from:expr;)*) => { $(
        $(#[$doc])*
        #[inline]
        pub fn $f(x: $t) -> $t {
            if x.abs() >= $from { $far(f64::from(x)) as $t } else { $near(x) }
        }

        /// The same for each of a run: without a branch, and once more by itself for each that is
        /// far from zero.
        pub fn $run(isa: Isa, x: &[$t], out: &mut [$t]) {
            isa.map1(x, out, #[inline(always)] |x| $near(x));
            if x.iter().fold(false, |any, x| any | (x.abs() >= $from)) {
                for (o, x) in out.iter_mut().zip(x) {
                    if x.abs() >= $from {
                        *o = $far(f64::from(*x)) as $t;
                    }
                }
            }
        }
    )* };
}
circular! {
    /// The sine; `x` in radians.
    f32 sin_f32, sin_run_f32, sin_near, libm::sin, FAR;
    /// The cosine; `x` in radians.
    f32 cos_f32, cos_run_f32, cos_near, libm::cos, FAR;
    /// The tangent; `x` in radians.
    f32 tan_f32, tan_run_f32, tan_near, libm::tan, FAR;
    /// The sine; `x` in radians.
    f64 sin_f64, sin_run_f64, circles::sin_near, libm::sin, circles::FAR;
    /// The cosine; `x` in radians.
    f64 cos_f64, cos_run_f64, circles::cos_near, libm::cos, circles::FAR;
    /// The tangent; `x` in radians.
    f64 tan_f64, tan_run_f64, circles::tan_near, libm::tan, circles::FAR;
}

/// `sqrt(x² + y²)`: the squares neither overflow nor underflow in `f64`.
#[inline(always)]
pub fn hypot_f32(x: f32, y: f32) -> f32 {
    let (a, b) = (f64::from(x), f64::from(y));
    let h = (a * a + b * b).sqrt() as f32;
    if x.is_infinite() | y.is_infinite() { f32::INFINITY } else { h }
}

macro_rules! wide {
    ($($(#[$doc:meta])* $f:ident, $module:ident $g:ident;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $f(x: f64) -> f64 {
            $module::$g(x)
        }
    )* };
}
wide! {
    /// e^x.
    exp_f64, exponentials exp;
    /// 2^x.
    exp2_f64, exponentials exp2;
    /// e^x - 1, exact near zero.
    expm1_f64, exponentials expm1;
    /// The natural logarithm.
    ln_f64, logarithms ln;
    /// The logarithm to base 2.
    log2_f64, logarithms log2;
    /// The logarithm to base 10.
    log10_f64, logarithms log10;
    /// ln(1 + x), exact near zero.
    log1p_f64, logarithms log1p;
    /// The hyperbolic tangent.
    tanh_f64, exponentials tanh;
}

/// `sqrt(x² + y²)` without overflow on the way.
#[inline(always)]
pub fn hypot_f64(x: f64, y: f64) -> f64 {
    logarithms::hypot(x, y)
}

#[inline(always)]
fn cube_f32(x: f32) -> f32 {
    let x = f64::from(x);
    // The square is exact.
    (x * x * x) as f32
}

/// Powers to exponents that are less work than others, and rounded as well as can be: the square is
/// x * x, as NumPy has it.
macro_rules! powers {
    ($($t:ident $pow:ident $run:ident $any:expr, $cube:expr;)*) => { $(
        /// x^y, with all the special cases of C99 (and NumPy).
        #[inline]
        pub fn $pow(x: $t, y: $t) -> $t {
            match Easy::of(f64::from(y)) {
                None => $any(x, y),
                Some(Easy::One) => 1.0,
                Some(Easy::Itself) => x,
                Some(Easy::Inverse) => 1.0 / x,
                Some(Easy::Square) => x * x,
                Some(Easy::Cube) => $cube(x),
                Some(Easy::Root) => if x == $t::NEG_INFINITY { $t::INFINITY } else { (x + 0.0).sqrt() },
            }
        }

        /// The same for each of a run, without a branch; quicker if all exponents are one.
        pub fn $run(isa: Isa, x: &[$t], y: &[$t], out: &mut [$t]) {
            let all = y.first().filter(|first| y.iter().fold(true, |same, y| same & (y == *first)));
            match all.and_then(|y| Easy::of(f64::from(*y))) {
                Some(Easy::One) => isa.map1(x, out, |_| 1.0),
                Some(Easy::Itself) => isa.map1(x, out, |x| x),
                Some(Easy::Inverse) => isa.map1(x, out, |x| 1.0 / x),
                Some(Easy::Square) => isa.map1(x, out, |x| x * x),
                Some(Easy::Cube) => isa.map1(x, out, #[inline(always)] |x| $cube(x)),
                Some(Easy::Root) => isa.map1(x, out, #[inline(always)] |x| $pow(x, 0.5)),
                None => {
                    isa.map2(x, y, out, #[inline(always)] |x, y| $any(x, y));
                    if all.is_none() && y.iter().fold(false, |any, y| any | Easy::could_be(f64::from(*y))) {
                        for ((o, x), y) in out.iter_mut().zip(x).zip(y) {
                            if Easy::could_be(f64::from(*y)) {
                                *o = $pow(*x, *y);
                            }
                        }
                    }
                }
            }
        }
    )* };
}
powers! {
    f32 pow_f32 pow_run_f32 pow_any_f32, cube_f32;
    f64 pow_f64 pow_run_f64 logarithms::pow, logarithms::cube;
}

/// An exponent of less work.
#[derive(Clone, Copy)]
enum Easy {
    One,
    Itself,
    Inverse,
    Square,
    Cube,
    Root,
}

impl Easy {
    #[inline(always)]
    fn of(y: f64) -> Option<Easy> {
        Some(match y {
            0.0 => Easy::One,
            1.0 => Easy::Itself,
            -1.0 => Easy::Inverse,
            2.0 => Easy::Square,
            3.0 => Easy::Cube,
            0.5 => Easy::Root,
            _ => return None,
        })
    }

    /// True for all that [`Easy::of`] knows.
    #[inline(always)]
    fn could_be(y: f64) -> bool {
        (y == 0.0) | (y == 1.0) | (y == -1.0) | (y == 2.0) | (y == 3.0) | (y == 0.5)
    }
}
