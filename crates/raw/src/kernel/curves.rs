//! More functions of `f64`. The same of `f32` are these, rounded once: an error of some units in
//! the last place of `f64` is lost in the rounding. But for the last few, which are calls, they have
//! no branch and vectorise inside a map.

use std::f64::consts::{LN_2, LOG2_E};

use super::{circles, exponentials, logarithms};

macro_rules! from {
    ($($(#[$doc:meta])* $module:ident $f:ident;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $f(x: f64) -> f64 {
            $module::$f(x)
        }
    )* };
}
from! {
    /// The angle in radians whose cosine is `x`.
    circles acos;
    /// The inverse of the hyperbolic cosine; NaN below 1.
    logarithms acosh;
    /// The angle in radians whose sine is `x`.
    circles asin;
    /// The inverse of the hyperbolic sine.
    logarithms asinh;
    /// The angle in radians whose tangent is `x`.
    circles atan;
    /// The inverse of the hyperbolic tangent.
    logarithms atanh;
    /// The cube root.
    circles cbrt;
    /// The hyperbolic cosine.
    exponentials cosh;
    /// The hyperbolic sine.
    exponentials sinh;
}

/// The angle in radians of the point (x, y); the argument `y` comes first.
#[inline(always)]
pub fn atan2(y: f64, x: f64) -> f64 {
    circles::atan2(y, x)
}

/// The greater of two numbers, and the less taken from it with its sign turned: never above 0, and
/// NaN if either is.
#[inline(always)]
fn ordered(x: f64, y: f64) -> (f64, f64) {
    (if x > y { x } else { y }, -(x - y).abs())
}

/// ln(e^x + e^y).
#[inline(always)]
pub fn logaddexp(x: f64, y: f64) -> f64 {
    let (most, away) = ordered(x, y);
    let sum = most + logarithms::log1p(exponentials::exp(away));
    // Also two infinities of one sign, whose difference is NaN.
    if x == y { x + LN_2 } else { sum }
}

/// log2(2^x + 2^y).
#[inline(always)]
pub fn logaddexp2(x: f64, y: f64) -> f64 {
    let (most, away) = ordered(x, y);
    let sum = most + LOG2_E * logarithms::log1p(exponentials::exp2(away));
    if x == y { x + 1.0 } else { sum }
}

/// The mantissa of `x`: of size 1/2 up to 1, or `x` itself if that is 0, infinite or NaN.
pub fn frexp_mantissa(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() { x } else { libm::frexp(x).0 }
}

/// The exponent beside [`frexp_mantissa`]; 0 for 0, infinities and NaN.
pub fn frexp_exponent(x: f64) -> i32 {
    if x == 0.0 || !x.is_finite() { 0 } else { libm::frexp(x).1 }
}

/// x * 2^n for a whole number `n`, rounded once.
pub fn ldexp(x: f64, n: f64) -> f64 {
    libm::scalbn(x, n as i32)
}

/// The modified Bessel function of the first kind and order 0; NaN for infinities.
pub fn i0(x: f64) -> f64 {
    let x = x.abs();
    // Infinity over infinity, as NumPy's formula gives it.
    if x.is_nan() || x == f64::INFINITY {
        return f64::NAN;
    }
    if x < 20.0 {
        // The sum of (x²/4)^k / k!² from the far end, every term of it positive.
        let z = x * x * 0.25;
        let mut sum = 1.0;
        for k in (1..=50).rev() {
            let k = f64::from(k);
            sum = sum * (z / (k * k)) + 1.0;
        }
        return sum;
    }
    // The asymptotic series, whose terms fall below 1e-17 of the sum before they grow again.
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..=30 {
        let odd = f64::from(2 * k - 1);
        term *= odd * odd / (f64::from(8 * k) * x);
        sum += term;
    }
    // The exponential in two halves: it overflows later than the whole.
    let half = libm::exp(x * 0.5);
    if half == f64::INFINITY {
        return half;
    }
    half * (sum / (std::f64::consts::TAU * x).sqrt()) * half
}
