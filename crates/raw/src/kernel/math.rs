//! Elementary functions in software: the same bits on every machine and instruction set.
//!
//! The `f32` functions compute in `f64` with polynomials and no branch, so that they vectorise
//! inside a map. The `f64` functions are those of the `libm` crate.

use std::f64::consts::{LN_2, LOG2_E, LOG10_2};

use super::map::each1;
use crate::isa::Isa;

/// 1.5 * 2^52: adding it rounds a smaller number to a whole one, in the low bits of the sum.
const MAGIC: f64 = 6755399441055744.0;

/// `x` kept between the other two; NaN becomes `lo`.
#[inline(always)]
fn clamp(x: f64, lo: f64, hi: f64) -> f64 {
    let x = if x > lo { x } else { lo };
    if x < hi { x } else { hi }
}

/// (e^r - 1) / r by Taylor's series: |r| <= 0.35, so that the first term left out is below 7e-15.
#[inline(always)]
fn exp_tail(r: f64) -> f64 {
    let mut p = 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p
}

/// 2^t for |t| <= 1000, within 1e-14 of it.
#[inline(always)]
fn exp2_core(t: f64) -> f64 {
    let k = t + MAGIC;
    let r = (t - (k - MAGIC)) * LN_2;
    (exp_tail(r) * r + 1.0) * f64::from_bits(k.to_bits().wrapping_add(1023) << 52)
}

/// Whole `e` and `s = (m - 1) / (m + 1)` with x = 2^e * m and sqrt(1/2) <= m < sqrt(2), for a
/// positive normal x.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    const ROOT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    let bits = x.to_bits();
    // The exponent, moved up by 1023 to stay positive: an unsigned shift is cheap everywhere.
    let up = bits.wrapping_sub(ROOT_HALF).wrapping_add(1023 << 52) >> 52;
    let m = f64::from_bits(bits.wrapping_sub(up << 52).wrapping_add(1023 << 52));
    // 2^52 + up, put together bit by bit.
    let e = f64::from_bits(up | 0x4330_0000_0000_0000) - (4503599627370496.0 + 1023.0);
    (e, (m - 1.0) / (m + 1.0))
}

/// ln((1 + s) / (1 - s)) for |s| < 0.172, within 1e-13 of it.
#[inline(always)]
fn ln_ratio(s: f64) -> f64 {
    let z = s * s;
    let mut p = 2.0 / 15.0;
    p = p * z + 2.0 / 13.0;
    p = p * z + 2.0 / 11.0;
    p = p * z + 2.0 / 9.0;
    p = p * z + 2.0 / 7.0;
    p = p * z + 2.0 / 5.0;
    p = p * z + 2.0 / 3.0;
    p = p * z + 2.0;
    p * s
}

/// The special cases of a logarithm around the value `y` of the normal one.
#[inline(always)]
fn ln_special(x: f64, y: f64) -> f64 {
    let y = if x == f64::INFINITY { x } else { y };
    let y = if x == 0.0 { f64::NEG_INFINITY } else { y };
    // Below zero, and NaN.
    if x >= 0.0 { y } else { f64::NAN }
}

/// e^x.
#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    let t = clamp(f64::from(x) * LOG2_E, -200.0, 200.0);
    let y = exp2_core(t) as f32;
    if x.is_nan() { x } else { y }
}

/// 2^x.
#[inline(always)]
pub fn exp2_f32(x: f32) -> f32 {
    let y = exp2_core(clamp(f64::from(x), -200.0, 200.0)) as f32;
    if x.is_nan() { x } else { y }
}

/// e^x - 1, exact near zero.
#[inline(always)]
pub fn expm1_f32(x: f32) -> f32 {
    let y = expm1_core(f64::from(x)) as f32;
    // Keeps -0 and NaN.
    if x == 0.0 || x.is_nan() { x } else { y }
}

#[inline(always)]
fn expm1_core(x: f64) -> f64 {
    let big = exp2_core(clamp(x * LOG2_E, -200.0, 200.0)) - 1.0;
    let r = clamp(x, -0.35, 0.35);
    let small = exp_tail(r) * r;
    if r == x { small } else { big }
}

/// The natural logarithm.
#[inline(always)]
pub fn ln_f32(x: f32) -> f32 {
    let x = f64::from(x);
    let (e, s) = split(x);
    ln_special(x, e * LN_2 + ln_ratio(s)) as f32
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
    ln_special(x, log2_core(x)) as f32
}

/// The logarithm to base 10.
#[inline(always)]
pub fn log10_f32(x: f32) -> f32 {
    let x = f64::from(x);
    ln_special(x, log2_core(x) * LOG10_2) as f32
}

/// ln(1 + x), exact near zero.
#[inline(always)]
pub fn log1p_f32(x: f32) -> f32 {
    let wide = f64::from(x);
    let u = 1.0 + wide;
    let (e, s) = split(u);
    // With e = 0, u - 1 is x itself, without what rounding u lost.
    let s = if e == 0.0 { wide / (2.0 + wide) } else { s };
    let y = ln_special(u, e * LN_2 + ln_ratio(s)) as f32;
    if x == 0.0 { x } else { y }
}

/// x^y, with all the special cases of C99 (and NumPy).
#[inline(always)]
pub fn pow_f32(x: f32, y: f32) -> f32 {
    let (ax, wide) = (f64::from(x.abs()), f64::from(y));
    let l = log2_core(ax);
    let l = if ax == 0.0 { f64::NEG_INFINITY } else { l };
    let l = if ax == f64::INFINITY { ax } else { l };
    let p = exp2_core(clamp(l * wide, -200.0, 200.0));

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

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh_f32(x: f32) -> f32 {
    let t = expm1_core(clamp(f64::from(x) * 2.0, -60.0, 60.0));
    let y = (t / (t + 2.0)) as f32;
    if x == 0.0 || x.is_nan() { x } else { y }
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

/// The sine for |r| <= π/4 by Taylor's series, within 3e-14 of it.
#[inline(always)]
fn sin_core(r: f64) -> f64 {
    let z = r * r;
    let mut p = 1.0 / 6227020800.0;
    p = p * z - 1.0 / 39916800.0;
    p = p * z + 1.0 / 362880.0;
    p = p * z - 1.0 / 5040.0;
    p = p * z + 1.0 / 120.0;
    p = p * z - 1.0 / 6.0;
    p * z * r + r
}

/// The cosine for |r| <= π/4 by Taylor's series, within 2e-15 of it.
#[inline(always)]
fn cos_core(r: f64) -> f64 {
    let z = r * r;
    let mut p = -1.0 / 87178291200.0;
    p = p * z + 1.0 / 479001600.0;
    p = p * z - 1.0 / 3628800.0;
    p = p * z + 1.0 / 40320.0;
    p = p * z - 1.0 / 720.0;
    p = p * z + 1.0 / 24.0;
    p = p * z - 0.5;
    p * z + 1.0
}

/// The sign bit flipped if bit 1 of `k` is set.
#[inline(always)]
fn turned(y: f64, k: u64) -> f64 {
    f64::from_bits(y.to_bits() ^ ((k >> 1) << 63))
}

#[inline(always)]
fn sin_near(x: f32) -> f32 {
    let (r, k) = quarter(f64::from(x));
    let y = if k & 1 == 0 { sin_core(r) } else { cos_core(r) };
    let y = turned(y, k) as f32;
    // Keeps -0.
    if x == 0.0 { x } else { y }
}

#[inline(always)]
fn cos_near(x: f32) -> f32 {
    let (r, k) = quarter(f64::from(x));
    let y = if k & 1 == 0 { cos_core(r) } else { sin_core(r) };
    turned(y, (k + 1) & 2) as f32
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
    ($($(#[$doc:meta])* $f:ident, $run:ident, $near:ident, $far:ident;)*) => { $(
        $(#[$doc])*
        #[inline]
        pub fn $f(x: f32) -> f32 {
            if x.abs() >= FAR { libm::$far(f64::from(x)) as f32 } else { $near(x) }
        }

        /// The same for each of a run: without a branch, and once more by itself for each that is
        /// far from zero.
        pub fn $run(isa: Isa, x: &[f32], out: &mut [f32]) {
            isa.map1(x, out, #[inline(always)] |x| $near(x));
            if x.iter().fold(false, |any, x| any | (x.abs() >= FAR)) {
                for (o, x) in out.iter_mut().zip(x) {
                    if x.abs() >= FAR {
                        *o = libm::$far(f64::from(*x)) as f32;
                    }
                }
            }
        }
    )* };
}
circular! {
    /// The sine; `x` in radians.
    sin_f32, sin_run_f32, sin_near, sin;
    /// The cosine; `x` in radians.
    cos_f32, cos_run_f32, cos_near, cos;
    /// The tangent; `x` in radians.
    tan_f32, tan_run_f32, tan_near, tan;
}

/// `sqrt(x² + y²)`: the squares neither overflow nor underflow in `f64`.
#[inline(always)]
pub fn hypot_f32(x: f32, y: f32) -> f32 {
    let (a, b) = (f64::from(x), f64::from(y));
    let h = (a * a + b * b).sqrt() as f32;
    if x.is_infinite() | y.is_infinite() { f32::INFINITY } else { h }
}

macro_rules! from_libm {
    ($($(#[$doc:meta])* $f:ident, $g:ident;)*) => { $(
        $(#[$doc])*
        #[inline]
        pub fn $f(x: f64) -> f64 {
            libm::$g(x)
        }
    )* };
}
from_libm! {
    /// e^x.
    exp_f64, exp;
    /// 2^x.
    exp2_f64, exp2;
    /// e^x - 1.
    expm1_f64, expm1;
    /// The natural logarithm.
    ln_f64, log;
    /// The logarithm to base 2.
    log2_f64, log2;
    /// The logarithm to base 10.
    log10_f64, log10;
    /// ln(1 + x).
    log1p_f64, log1p;
    /// The sine; `x` in radians.
    sin_f64, sin;
    /// The cosine; `x` in radians.
    cos_f64, cos;
    /// The tangent; `x` in radians.
    tan_f64, tan;
    /// The hyperbolic tangent.
    tanh_f64, tanh;
}

macro_rules! runs {
    ($($run:ident $f:ident)*) => { $(
        /// The function of each of a run, one call after another: no instruction set helps.
        pub fn $run(_: Isa, x: &[f64], out: &mut [f64]) {
            each1(x, out, $f);
        }
    )* };
}
runs!(sin_run_f64 sin_f64 cos_run_f64 cos_f64 tan_run_f64 tan_f64);

/// `sqrt(x² + y²)` without overflow on the way.
#[inline]
pub fn hypot_f64(x: f64, y: f64) -> f64 {
    libm::hypot(x, y)
}

/// x^y.
#[inline]
pub fn pow_f64(x: f64, y: f64) -> f64 {
    if (y.abs() > 2147483648.0) & y.is_finite() && (x.abs() - 1.0).abs() < 1.0 / 1048576.0 {
        return pow_near_one(x, y);
    }
    libm::pow(x, y)
}

/// x^y for |x| close to 1 and a huge y, where `libm`'s logarithm has too few digits: its errors
/// reach hundreds of units in the last place.
fn pow_near_one(x: f64, y: f64) -> f64 {
    // ln 2 in two parts, the first of which times a whole number up to 1100 is exact.
    const LN_2_FIRST: f64 = 0.693_147_180_369_123_8;
    const LN_2_REST: f64 = 1.908_214_929_270_587_7e-10;
    // 1 or -1, or NaN for a y that is not whole.
    let sign = if x < 0.0 { libm::pow(-1.0, y) } else { 1.0 };
    let t = x.abs() - 1.0;
    // y ln(1 + t) = y t + y (ln(1 + t) - t): the first product with what its rounding lost.
    let first = y * t;
    let tail = t * t * (-0.5 + t * (1.0 / 3.0 - t * (0.25 - t * 0.2)));
    if first > 720.0 {
        return sign * f64::INFINITY;
    }
    if first < -760.0 {
        return sign * 0.0;
    }
    let rest = libm::fma(y, t, -first) + y * tail;
    let n = (first * LOG2_E).round_ties_even();
    let (hi, lo) = (first - n * LN_2_FIRST, n * LN_2_REST - rest);
    let r = hi - lo;
    let lost = (hi - r) - lo;
    // e^(r + lost) = 1 + e + lost (1 + e), the sum again with what its rounding lost.
    let e = libm::expm1(r);
    let sum = 1.0 + e;
    sign * libm::scalbn(sum + ((e - (sum - 1.0)) + lost * sum), n as i32)
}
