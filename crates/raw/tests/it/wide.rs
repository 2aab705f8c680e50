//! The float functions of `f64`: the C library's answers within a few units, its special values,
//! and the same bits on every instruction set. `scripts/accuracy.py` measures them to more digits.

use crate::curve_table::{CURVES, PAIRS};
use crate::{Random, same};
use opusclip_raw::kernel::math;
use opusclip_raw::{Float, Isa, Number};

const EDGES: [f64; 30] = [
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.0,
    -1.0,
    2.0,
    -2.0,
    3.0,
    -3.0,
    1.5,
    1e-320,
    -1e-320,
    f64::MIN_POSITIVE,
    -f64::MIN_POSITIVE,
    1e-17,
    0.55,
    0.9999999999999999,
    1.0000000000000002,
    708.5,
    -708.5,
    -745.2,
    1e6,
    -1e6,
    4503599627370497.0,
    -9007199254740991.0,
    f64::MAX,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// Any numbers, and more where functions are steep.
fn arguments() -> Vec<f64> {
    let mut r = Random(11);
    let mut x: Vec<f64> = (0..120_000).map(|_| f64::from_bits(r.bits())).collect();
    for scale in [1.0, 1.0, 8.0, 1500.0, 2e6, 1e-8] {
        x.extend((0..30_000).map(|_| ((r.bits() >> 11) as f64 / (1u64 << 53) as f64 - 0.5) * scale));
    }
    x.extend((0..30_000).map(|_| 1.0 + (r.bits() >> 11) as f64 / (1u64 << 63) as f64));
    // Where the reduction by multiples of π/2 cancels most.
    x.extend((1..20_000).map(|k| f64::from(k) * std::f64::consts::FRAC_PI_2));
    x.extend(EDGES);
    x
}

/// Units in the last place between two numbers; infinite where one is no number or has another sign.
fn apart(a: f64, b: f64) -> f64 {
    if same(a, b) {
        return 0.0;
    }
    if a.is_nan() || b.is_nan() || a.is_sign_negative() != b.is_sign_negative() {
        return f64::INFINITY;
    }
    (a.to_bits() as i64).abs_diff(b.to_bits() as i64) as f64
}

#[test]
fn functions_of_one_agree_with_the_c_library_on_every_instruction_set() {
    let x = arguments();
    for c in CURVES {
        // Rust's own are formulas that lose digits and overflow.
        let truth = match c.name {
            "asinh" => libm::asinh,
            "acosh" => |x| if x >= 1.0 { libm::acosh(x) } else { f64::NAN },
            "atanh" => libm::atanh,
            _ => c.truth,
        };
        let mut first: Option<Vec<f64>> = None;
        for isa in Isa::available() {
            let mut out = vec![0f64; x.len()];
            (c.run64)(isa, &x, &mut out);
            if let Some(first) = &first {
                let equal = first.iter().zip(&out).all(|(a, b)| same(*a, *b));
                assert!(equal, "{}: other bits on {}", c.name, isa.name());
                continue;
            }
            for (&x, &y) in x.iter().zip(&out) {
                let want = truth(x);
                // Both are within 1 or 2 of the truth.
                assert!(apart(y, want) <= 3.0, "{}({x:?}) = {y:?}, not {want:?}", c.name);
            }
            first = Some(out);
        }
    }
}

#[test]
fn functions_of_two_agree_with_the_c_library_on_every_instruction_set() {
    let mut r = Random(12);
    let mut pairs: Vec<(f64, f64)> =
        (0..100_000).map(|_| (f64::from_bits(r.bits()), f64::from_bits(r.bits()))).collect();
    pairs.extend(
        (0..100_000).map(|_| (r.below(1 << 20) as f64 / 262_144.0, (r.below(1 << 20) as f64 - 524_288.0) / 2048.0)),
    );
    pairs.extend((0..20_000).map(|_| (r.below(20) as f64 - 10.0, r.below(40) as f64 * 0.5 - 10.0)));
    pairs.extend(EDGES.iter().flat_map(|x| EDGES.iter().map(|y| (*x, *y))));
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    for p in PAIRS {
        let mut first: Option<Vec<f64>> = None;
        for isa in Isa::available() {
            let mut out = vec![0f64; x.len()];
            (p.run64)(isa, &x, &y, &mut out);
            if let Some(first) = &first {
                let equal = first.iter().zip(&out).all(|(a, b)| same(*a, *b));
                assert!(equal, "{}: other bits on {}", p.name, isa.name());
                continue;
            }
            for ((&x, &y), &z) in x.iter().zip(&y).zip(&out) {
                let want = (p.truth)(x, y);
                assert!(apart(z, want) <= 2.0, "{}({x:?}, {y:?}) = {z:?}, not {want:?}", p.name);
            }
            first = Some(out);
        }
    }
}

/// Exponents of less work give what they stand for, alone or among others, in runs or one by one.
fn easy<T: Float>(x: &[T], number: fn(f64) -> T) {
    type Case<T> = (f64, fn(T) -> T);
    let cases: [Case<T>; 4] = [(0.0, |_| T::ONE), (1.0, |x| x), (2.0, |x| x.mul(x)), (-1.0, |x| T::ONE.div(x))];
    let equal = |a: T, b: T| same(Number::to_f64(a), Number::to_f64(b));
    for isa in Isa::available() {
        for (y, want) in cases {
            let mut out = vec![T::ZERO; x.len()];
            T::pow_run(isa, x, &vec![number(y); x.len()], &mut out);
            for (&x, &z) in x.iter().zip(&out) {
                assert!(equal(z, want(x)) && equal(z, x.pow(number(y))), "{:?} to {y}", Number::to_f64(x));
            }
        }
        let exponents = [2.0, 0.7, 3.0, -1.0, 0.5, 1.0, 5.0, 0.0];
        let y: Vec<T> = (0..x.len()).map(|i| number(exponents[i * 5 % 8])).collect();
        let mut out = vec![T::ZERO; x.len()];
        T::pow_run(isa, x, &y, &mut out);
        for ((&x, &y), &z) in x.iter().zip(&y).zip(&out) {
            assert!(equal(z, x.pow(y)), "{:?} to {:?}", Number::to_f64(x), Number::to_f64(y));
        }
    }
}

#[test]
fn easy_exponents_are_products_quotients_and_roots() {
    let x = arguments();
    easy::<f64>(&x, |y| y);
    let narrow: Vec<f32> = x.iter().map(|x| *x as f32).chain([1e20, 1e-20, f32::MAX]).collect();
    easy::<f32>(&narrow, |y| y as f32);
    for x in x {
        let root = if x == f64::NEG_INFINITY { f64::INFINITY } else { (x + 0.0).sqrt() };
        assert!(same(math::pow_f64(x, 0.5), root), "{x:?}");
        assert!(apart(math::pow_f64(x, 3.0), x.powf(3.0)) <= 1.0, "{x:?}");
    }
}

#[test]
fn runs_of_angles_are_their_elements_one_by_one() {
    let x = arguments();
    let mut out = vec![0f64; x.len()];
    type Run = fn(Isa, &[f64], &mut [f64]);
    type One = fn(f64) -> f64;
    let all: [(Run, One); 3] =
        [(Float::sin_run, Float::sin), (Float::cos_run, Float::cos), (Float::tan_run, Float::tan)];
    for (run, one) in all {
        run(Isa::active(), &x, &mut out);
        for (&x, &y) in x.iter().zip(&out) {
            assert!(same(y, one(x)), "{x:?}");
        }
    }
}
