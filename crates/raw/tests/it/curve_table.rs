//! The float functions beside what they are measured with: the C library's `f64` functions, which
//! Rust's `std` calls. Shared by the tests and by `examples/ulps.rs`.

use opusclip_raw::kernel::curves;
use opusclip_raw::{Float, Isa, Number};

/// A function of one float.
#[allow(dead_code)] // not every program that has this table needs all of it
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    /// Ours, over a run, as the engine calls it.
    pub(crate) run: fn(Isa, &[f32], &mut [f32]),
    /// The same of `f64`.
    pub(crate) run64: fn(Isa, &[f64], &mut [f64]),
    /// The C library's.
    pub(crate) truth: fn(f64) -> f64,
    /// Most units in the last place that the `f32` function may be off.
    pub(crate) ulps: f64,
}

/// A function of two.
#[allow(dead_code)] // as above
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    pub(crate) run: fn(Isa, &[f32], &[f32], &mut [f32]),
    pub(crate) run64: fn(Isa, &[f64], &[f64], &mut [f64]),
    pub(crate) truth: fn(f64, f64) -> f64,
    pub(crate) ulps: f64,
}

/// The measured worst of what is computed in `f64`, with room for the reference's own error.
const HALF: f64 = 0.5001;
/// Of what is computed in `f32` itself.
const ONE: f64 = 0.9;

/// A row for a function that both types have under one method.
macro_rules! curve {
    ($name:ident, $truth:expr, $ulps:expr, |$isa:ident, $x:ident, $out:ident| $run:expr) => {
        Curve {
            name: stringify!($name),
            run: |$isa, $x, $out| $run,
            run64: |$isa, $x, $out| $run,
            truth: $truth,
            ulps: $ulps,
        }
    };
}

macro_rules! mapped {
    ($name:ident, $method:ident, $truth:expr, $ulps:expr) => {
        curve!($name, $truth, $ulps, |isa, x, out| isa.map1(
            x,
            out,
            #[inline(always)]
            |x| Float::$method(x)
        ))
    };
}

fn through<T: Float>(isa: Isa, x: &[T], out: &mut [T], f: impl Fn(f64) -> f64 + Copy) {
    isa.map1(
        x,
        out,
        #[inline(always)]
        |x: T| T::from_f64(f(Number::to_f64(x))),
    );
}

fn through2<T: Float>(isa: Isa, x: &[T], y: &[T], out: &mut [T], f: impl Fn(f64, f64) -> f64 + Copy) {
    isa.map2(
        x,
        y,
        out,
        #[inline(always)]
        |x: T, y: T| T::from_f64(f(Number::to_f64(x), Number::to_f64(y))),
    );
}

pub(crate) const CURVES: &[Curve] = &[
    mapped!(sqrt, sqrt, f64::sqrt, HALF),
    mapped!(exp, exp, f64::exp, ONE),
    mapped!(exp2, exp2, f64::exp2, HALF),
    mapped!(expm1, expm1, f64::exp_m1, HALF),
    mapped!(log, ln, f64::ln, HALF),
    mapped!(log2, log2, f64::log2, HALF),
    mapped!(log10, log10, f64::log10, HALF),
    mapped!(log1p, log1p, f64::ln_1p, HALF),
    curve!(sin, f64::sin, HALF, |isa, x, out| Float::sin_run(isa, x, out)),
    curve!(cos, f64::cos, HALF, |isa, x, out| Float::cos_run(isa, x, out)),
    curve!(tan, f64::tan, HALF, |isa, x, out| Float::tan_run(isa, x, out)),
    curve!(asin, f64::asin, HALF, |isa, x, out| through(isa, x, out, curves::asin)),
    curve!(acos, f64::acos, HALF, |isa, x, out| through(isa, x, out, curves::acos)),
    curve!(atan, f64::atan, HALF, |isa, x, out| through(isa, x, out, curves::atan)),
    curve!(sinh, f64::sinh, HALF, |isa, x, out| through(isa, x, out, curves::sinh)),
    curve!(cosh, f64::cosh, HALF, |isa, x, out| through(isa, x, out, curves::cosh)),
    mapped!(tanh, tanh, f64::tanh, ONE),
    curve!(asinh, f64::asinh, HALF, |isa, x, out| through(isa, x, out, curves::asinh)),
    curve!(acosh, f64::acosh, HALF, |isa, x, out| through(isa, x, out, curves::acosh)),
    curve!(atanh, f64::atanh, HALF, |isa, x, out| through(isa, x, out, curves::atanh)),
    curve!(cbrt, f64::cbrt, HALF, |isa, x, out| through(isa, x, out, curves::cbrt)),
];

macro_rules! pair {
    ($name:ident, $truth:expr, |$isa:ident, $x:ident, $y:ident, $out:ident| $run:expr) => {
        Pair {
            name: stringify!($name),
            run: |$isa, $x, $y, $out| $run,
            run64: |$isa, $x, $y, $out| $run,
            truth: $truth,
            ulps: HALF,
        }
    };
}

pub(crate) const PAIRS: &[Pair] = &[
    pair!(pow, f64::powf, |isa, x, y, out| Float::pow_run(isa, x, y, out)),
    pair!(atan2, f64::atan2, |isa, x, y, out| through2(isa, x, y, out, curves::atan2)),
    pair!(hypot, f64::hypot, |isa, x, y, out| isa.map2(x, y, out, Float::hypot)),
];

#[allow(dead_code)] // as above
/// The distance of `got` to the true value in units in the last place of an `f32`.
pub(crate) fn ulps(got: f32, want: f64) -> f64 {
    if f64::from(got) == want || (got.is_nan() && want.is_nan()) || got == want as f32 {
        // Also both rounded to infinity or to the same subnormal; then at most half a unit.
        if !want.is_finite() || want.abs() > f64::from(f32::MAX) {
            return 0.0;
        }
    } else if !got.is_finite() || want.is_nan() {
        return f64::INFINITY;
    }
    let exponent = (want.abs().to_bits() >> 52) as i32 - 1023;
    let unit = 2f64.powi(exponent.max(-126) - 23);
    (f64::from(got) - want).abs() / unit
}
