//! Every float function against the C library's, over the whole of `f32` in steps. The full sweep
//! is `examples/ulps.rs`; `docs/accuracy.md` has its table.

use crate::curve_table::{CURVES, PAIRS, ulps};
use crate::{Random, same};
use opusclip_raw::kernel::{curves, math};
use opusclip_raw::{Float, Isa, Number};

/// Every 2^12-th bit pattern, beginning at a different place for each part of the range.
fn patterns() -> Vec<f32> {
    let mut x: Vec<f32> =
        (0..1u32 << 20).map(|i| f32::from_bits((i << 12) | (i.wrapping_mul(2_654_435_761) >> 20))).collect();
    x.extend([
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
        1e-45,
        -1e-45,
        99_999.99,
        1e5,
    ]);
    x
}

#[test]
fn functions_of_one_are_within_what_they_promise_on_every_instruction_set() {
    let x = patterns();
    for c in CURVES {
        let mut first: Option<Vec<f32>> = None;
        for isa in Isa::available() {
            let mut out = vec![0f32; x.len()];
            (c.run)(isa, &x, &mut out);
            if let Some(first) = &first {
                let equal = first.iter().zip(&out).all(|(a, b)| same(f64::from(*a), f64::from(*b)));
                assert!(equal, "{}: other bits on {}", c.name, isa.name());
                continue;
            }
            for (&x, &y) in x.iter().zip(&out) {
                let want = (c.truth)(f64::from(x));
                let u = ulps(y, want);
                assert!(u <= c.ulps, "{}({x:e}) = {y:e}, not {want:e}: {u} ulp", c.name);
                let zero = y == 0.0 && want == 0.0;
                assert!(!zero || y.is_sign_negative() == want.is_sign_negative(), "sign of {}({x:e})", c.name);
            }
            first = Some(out);
        }
    }
}

#[test]
fn functions_of_two_are_within_what_they_promise() {
    let mut r = Random(5);
    let mut pairs: Vec<(f32, f32)> = (0..300_000)
        .map(|_| (f32::from_bits((r.bits() >> 32) as u32), f32::from_bits((r.bits() >> 32) as u32)))
        .collect();
    pairs.extend(
        (0..300_000).map(|_| (r.below(1 << 20) as f32 / 262_144.0, (r.below(1 << 20) as f32 - 524_288.0) / 65_536.0)),
    );
    let edges = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3e38, -3e38, 1e-45, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    pairs.extend(edges.iter().flat_map(|x| edges.iter().map(|y| (*x, *y))));
    let (x, y): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
    for p in PAIRS {
        let mut out = vec![0f32; x.len()];
        (p.run)(Isa::active(), &x, &y, &mut out);
        for ((&x, &y), &z) in x.iter().zip(&y).zip(&out) {
            let want = (p.truth)(f64::from(x), f64::from(y));
            let u = ulps(z, want);
            assert!(u <= p.ulps, "{}({x:e}, {y:e}) = {z:e}, not {want:e}: {u} ulp", p.name);
        }
    }
}

#[test]
fn a_run_is_its_elements_one_by_one() {
    let x = patterns();
    let mut out = vec![0f32; x.len()];
    type Run = fn(Isa, &[f32], &mut [f32]);
    type One = fn(f32) -> f32;
    let all: [(Run, One); 3] =
        [(Float::sin_run, Float::sin), (Float::cos_run, Float::cos), (Float::tan_run, Float::tan)];
    for (run, one) in all {
        run(Isa::active(), &x, &mut out);
        for (&x, &y) in x.iter().zip(&out) {
            assert!(same(f64::from(y), f64::from(one(x))), "{x:e}");
        }
    }
}

/// Values from `mpmath` at 50 digits: besseli(0, x).
#[test]
fn i0_is_within_four_ulps() {
    let known = I0;
    for (x, want) in known {
        for x in [x, -x] {
            let got = curves::i0(x);
            let off = (got.to_bits() as i64 - want.to_bits() as i64).abs();
            assert!(off <= 4, "i0({x}) = {got:e}, not {want:e}: {off} ulp");
        }
    }
    assert!(curves::i0(f64::INFINITY).is_nan() && curves::i0(f64::NAN).is_nan());
    assert_eq!(curves::i0(f64::MAX), f64::INFINITY);
}

#[test]
fn neighbours_and_divisors() {
    assert_eq!(1.0f32.next_after(2.0), 1.0 + f32::EPSILON);
    assert_eq!(0.0f64.next_after(-1.0).to_bits(), (-5e-324f64).to_bits());
    assert_eq!(0.0f32.next_after(-0.0).to_bits(), (-0.0f32).to_bits());
    assert_eq!(f64::MAX.next_after(f64::INFINITY), f64::INFINITY);
    assert_eq!(f64::INFINITY.next_after(0.0), f64::MAX);
    assert!(f32::NAN.next_after(1.0).is_nan() && 1.0f32.next_after(f32::NAN).is_nan());
    assert_eq!((-2.0f64).spacing(), -4.440892098500626e-16);
    assert_eq!((-0.0f64).spacing(), 5e-324);
    assert_eq!(f64::MAX.spacing(), f64::INFINITY);
    assert!(f64::INFINITY.spacing().is_nan());
    use opusclip_raw::Integer;
    assert_eq!(((-128i8).gcd(-128), (-128i8).lcm(1), 100i8.lcm(77), 0u8.gcd(0), 0u8.lcm(0)), (-128, -128, 20, 0, 0));
    assert_eq!((250u8.add_sat(9), 3u8.sub_sat(9), (-100i8).mul_sat(2)), (255, 0, -128));
    assert_eq!((Number::fmod(-7i8, 3), Number::fmod(-128i8, -1), Number::fmod(7u8, 0)), (-1, 0, 0));
}

const I0: [(f64, f64); 26] = [
    (0.0, 1.0),
    (1e-09, 1.0),
    (0.1, 1.0025015629340956),
    (0.5, 1.0634833707413236),
    (1.0, 1.2660658777520084),
    (2.5, 3.289839144050123),
    (5.0, 27.239871823604446),
    (7.75, 338.5137537472759),
    (8.0, 427.5641157218048),
    (10.0, 2815.7166284662544),
    (13.3, 65970.49150159852),
    (17.0, 2354970.2231682935),
    (19.5, 26760525.339838766),
    (19.99, 43135797.87064526),
    (20.0, 43558282.559553534),
    (20.01, 43984910.8348573),
    (21.5, 188195380.48055345),
    (25.0, 5774560606.4663105),
    (33.3, 20107112738190.027),
    (50.0, 2.9325537838493362e+20),
    (77.7, 2.5181641091023686e+32),
    (100.0, 1.0737517071310738e+42),
    (250.5, 1.5577259888762872e+107),
    (500.0, 2.504809476570078e+215),
    (700.0, 1.5295933476718737e+302),
    (713.0, 6.705128263670996e+307),
];

/// Values from `mpmath` at 50 digits, where `libm::pow` is hundreds of units off.
#[test]
fn powers_of_what_is_close_to_one() {
    for (x, y, want) in NEAR_ONE {
        let got = math::pow_f64(x, y);
        let off = (got.to_bits() as i64 - want.to_bits() as i64).abs();
        assert!(off <= 1, "pow({x:?}, {y:?}) = {got:e}, not {want:e}: {off} ulp");
    }
    // As C99: the sign, no answer, both ends.
    let x = -0.999_999_999_9;
    assert!(math::pow_f64(x, 4_294_967_297.0) < 0.0 && math::pow_f64(x, 4_294_967_296.0) > 0.0);
    assert!(math::pow_f64(x, 4_294_967_297.5).is_nan());
    assert_eq!((math::pow_f64(1.000_000_1, 1e18), math::pow_f64(1.000_000_1, -1e18)), (f64::INFINITY, 0.0));
    assert_eq!(
        (math::pow_f64(-1.0, f64::INFINITY), math::pow_f64(1.0, f64::NAN), math::pow_f64(-1.0, 1e300)),
        (1.0, 1.0, 1.0)
    );
}

const NEAR_ONE: [(f64, f64, f64); 14] = [
    (0.9999999096013715, 6945255719.968876, 2.147083777525218e-273),
    (1.0000000070965842, -82691834737.97263, 1.3904565790239328e-255),
    (1.0000000003999316, -432370843313.5419, 7.985961564177432e-76),
    (1.0000000002811673, -1620604666949.6472, 1.2850415011762094e-198),
    (1.0000000000865281, 710959194428.5316, 5.2108794976706285e+26),
    (1.000000000023412, -1366186139114.527, 1.2854703426765508e-14),
    (0.9999999999989886, -399960584247349.44, 4.8211538534838894e+175),
    (1.0000000000017613, -103553204782379.62, 6.1898889909433e-80),
    (1.0000000000004265, 1408135508642379.8, 7.133619098790863e+260),
    (0.9999999999999267, -2079738610556568.2, 1.524470969700719e+66),
    (1.0000000000000115, 5.369028227027267e+16, 1.6985259139018157e+269),
    (1.0000000000000024, -2.1013220316329805e+17, 1.2592714885277478e-223),
    (1.0000000000000002, 3e+18, 1.98719262165461e+289),
    (0.9999999999999999, -6e+18, 1.987192621654831e+289),
];
