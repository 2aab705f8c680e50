//! The float functions beside what they are measured with: the C library's `f64` functions, which
//! Rust's `std` calls. Shared by the tests and by `examples/ulps.rs`.

use opusclip_raw::kernel::map::{each1, each2};
use opusclip_raw::kernel::{curves, math};
use opusclip_raw::{Float, Isa};

/// A function of one float.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    /// Ours, over a run, as the engine calls it.
    pub(crate) run: fn(Isa, &[f32], &mut [f32]),
    /// Ours in `f64`.
    #[allow(dead_code)] // the tests measure `f32` alone
    pub(crate) wide: fn(f64) -> f64,
    /// The C library's.
    pub(crate) truth: fn(f64) -> f64,
    /// Most units in the last place that the `f32` function may be off.
    pub(crate) ulps: f64,
}

/// A function of two.
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    pub(crate) run: fn(Isa, &[f32], &[f32], &mut [f32]),
    #[allow(dead_code)] // as above
    pub(crate) wide: fn(f64, f64) -> f64,
    pub(crate) truth: fn(f64, f64) -> f64,
    pub(crate) ulps: f64,
}

/// The measured worst of all, with room for the reference's own error.
const HALF: f64 = 0.5001;

macro_rules! curves {
    ($($name:ident $wide:path, $truth:expr, |$isa:ident, $x:ident, $out:ident| $run:expr;)*) => {
        &[$(Curve { name: stringify!($name), run: |$isa, $x, $out| $run, wide: $wide, truth: $truth, ulps: HALF }),*]
    };
}

fn through(x: &[f32], out: &mut [f32], f: fn(f64) -> f64) {
    each1(x, out, |x| f(f64::from(x)) as f32);
}

pub(crate) const CURVES: &[Curve] = curves! {
    sqrt f64::sqrt, f64::sqrt, |isa, x, out| isa.map1(x, out, |x: f32| x.sqrt());
    exp math::exp_f64, f64::exp, |isa, x, out| isa.map1(x, out, math::exp_f32);
    exp2 math::exp2_f64, f64::exp2, |isa, x, out| isa.map1(x, out, math::exp2_f32);
    expm1 math::expm1_f64, f64::exp_m1, |isa, x, out| isa.map1(x, out, math::expm1_f32);
    log math::ln_f64, f64::ln, |isa, x, out| isa.map1(x, out, math::ln_f32);
    log2 math::log2_f64, f64::log2, |isa, x, out| isa.map1(x, out, math::log2_f32);
    log10 math::log10_f64, f64::log10, |isa, x, out| isa.map1(x, out, math::log10_f32);
    log1p math::log1p_f64, f64::ln_1p, |isa, x, out| isa.map1(x, out, math::log1p_f32);
    sin math::sin_f64, f64::sin, |isa, x, out| Float::sin_run(isa, x, out);
    cos math::cos_f64, f64::cos, |isa, x, out| Float::cos_run(isa, x, out);
    tan math::tan_f64, f64::tan, |isa, x, out| Float::tan_run(isa, x, out);
    asin curves::asin, f64::asin, |_isa, x, out| through(x, out, curves::asin);
    acos curves::acos, f64::acos, |_isa, x, out| through(x, out, curves::acos);
    atan curves::atan, f64::atan, |_isa, x, out| through(x, out, curves::atan);
    sinh curves::sinh, f64::sinh, |_isa, x, out| through(x, out, curves::sinh);
    cosh curves::cosh, f64::cosh, |_isa, x, out| through(x, out, curves::cosh);
    tanh math::tanh_f64, f64::tanh, |isa, x, out| isa.map1(x, out, math::tanh_f32);
    asinh curves::asinh, f64::asinh, |_isa, x, out| through(x, out, curves::asinh);
    acosh curves::acosh, f64::acosh, |_isa, x, out| through(x, out, curves::acosh);
    atanh curves::atanh, f64::atanh, |_isa, x, out| through(x, out, curves::atanh);
    cbrt curves::cbrt, f64::cbrt, |_isa, x, out| through(x, out, curves::cbrt);
};

pub(crate) const PAIRS: &[Pair] = &[
    Pair {
        name: "pow",
        run: |isa, x, y, out| isa.map2(x, y, out, math::pow_f32),
        wide: math::pow_f64,
        truth: f64::powf,
        ulps: HALF,
    },
    Pair {
        name: "atan2",
        run: |_, x, y, out| each2(x, y, out, |x, y| curves::atan2(f64::from(x), f64::from(y)) as f32),
        wide: curves::atan2,
        truth: f64::atan2,
        ulps: HALF,
    },
    Pair {
        name: "hypot",
        run: |isa, x, y, out| isa.map2(x, y, out, math::hypot_f32),
        wide: math::hypot_f64,
        truth: f64::hypot,
        ulps: HALF,
    },
];

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
