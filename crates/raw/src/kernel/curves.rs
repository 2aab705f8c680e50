//! Functions of `f64` that are called one element at a time. The same of `f32` are these, rounded
//! once: an error of some units in the last place of `f64` is lost in the rounding.

use std::f64::consts::{LN_2, LOG2_E};

macro_rules! from_libm {
    ($($(#[$doc:meta])* $f:ident;)*) => { $(
        $(#[$doc])*
        pub fn $f(x: f64) -> f64 {
            libm::$f(x)
        }
    )* };
}
from_libm! {
    /// The angle in radians whose cosine is `x`.
    acos;
    /// The angle in radians whose sine is `x`.
    asin;
    /// The inverse of the hyperbolic sine.
    asinh;
    /// The angle in radians whose tangent is `x`.
    atan;
    /// The inverse of the hyperbolic tangent.
    atanh;
    /// The cube root.
    cbrt;
    /// The hyperbolic cosine.
    cosh;
    /// The hyperbolic sine.
    sinh;
}

/// The inverse of the hyperbolic cosine; NaN below 1.
pub fn acosh(x: f64) -> f64 {
    // The crate's answers for what is far below 1.
    if x >= 1.0 { libm::acosh(x) } else { f64::NAN }
}

/// The angle in radians of the point (x, y); the argument `y` comes first.
pub fn atan2(y: f64, x: f64) -> f64 {
    libm::atan2(y, x)
}

/// ln(e^x + e^y).
pub fn logaddexp(x: f64, y: f64) -> f64 {
    if x == y {
        // Also two infinities of one sign, whose difference is NaN.
        return x + LN_2;
    }
    let away = x - y;
    if away > 0.0 {
        x + libm::log1p(libm::exp(-away))
    } else if away <= 0.0 {
        y + libm::log1p(libm::exp(away))
    } else {
        f64::NAN
    }
}

/// log2(2^x + 2^y).
pub fn logaddexp2(x: f64, y: f64) -> f64 {
    if x == y {
        return x + 1.0;
    }
    let away = x - y;
    if away > 0.0 {
        x + LOG2_E * libm::log1p(libm::exp2(-away))
    } else if away <= 0.0 {
        y + LOG2_E * libm::log1p(libm::exp2(away))
    } else {
        f64::NAN
    }
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
