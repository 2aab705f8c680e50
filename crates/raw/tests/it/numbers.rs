use opusclip_raw::{Float, Integer, Number};

#[test]
fn integers_wrap() {
    assert_eq!(Number::add(250u8, 10), 4);
    assert_eq!(Number::sub(0u16, 1), 65535);
    assert_eq!(Number::mul(i32::MAX, 2), -2);
    assert_eq!(Number::neg(i8::MIN), i8::MIN);
    assert_eq!(Number::abs(i64::MIN), i64::MIN);
    assert_eq!(Number::neg(1u8), 255);
    assert_eq!(Number::square(16u8), 0);
    assert_eq!((Number::sign(-5i16), Number::sign(0i16), Number::sign(9u32)), (-1, 0, 1));
    assert_eq!(u8::from_i64(-1), 255);
    assert_eq!(i8::from_i128(1 << 70 | 0xff), -1);
    assert_eq!(u8::from_f64(f64::NAN), 0);
    assert_eq!(f32::from_i128(i128::from(u64::MAX)), 18446744073709551616.0);
    assert!(bool::from_i128(1 << 100) && !bool::from_i64(0));
}

#[test]
fn floor_division_and_remainder_of_integers() {
    for a in i8::MIN..=i8::MAX {
        for b in i8::MIN..=i8::MAX {
            let (q, r) = (Number::floor_div(a, b), Number::rem(a, b));
            if b == 0 {
                assert_eq!((q, r), (0, 0));
                continue;
            }
            let exact = (f64::from(a) / f64::from(b)).floor();
            assert_eq!(q, exact as i32 as i8, "{a} // {b}");
            assert_eq!(i32::from(r), i32::from(a) - exact as i32 * i32::from(b), "{a} % {b}");
        }
    }
    assert_eq!((Number::floor_div(7u8, 0), Number::rem(7u8, 0)), (0, 0));
    assert_eq!((Number::floor_div(7u8, 2), Number::rem(7u8, 2)), (3, 1));
    assert_eq!(Number::floor_div(i64::MIN, -1), i64::MIN);
}

#[test]
fn floor_division_and_remainder_of_floats() {
    let inf = f64::INFINITY;
    // a, b, a // b, a % b as NumPy 2 prints them.
    let rows = [
        (7.0, 2.0, 3.0, 1.0),
        (-7.0, 2.0, -4.0, 1.0),
        (7.0, -2.0, -4.0, -1.0),
        (-7.0, -2.0, 3.0, -1.0),
        (1.0, 0.1, 9.0, 0.09999999999999995),
        (6.0, 2.0, 3.0, 0.0),
        (0.0, -3.0, -0.0, -0.0),
        (-1e-20, 1.0, -1.0, 1.0),
        (1.0, 0.0, inf, f64::NAN),
        (-1.0, 0.0, -inf, f64::NAN),
        (0.0, 0.0, f64::NAN, f64::NAN),
        (inf, 2.0, f64::NAN, f64::NAN),
        (1.0, inf, 0.0, 1.0),
        (1.0, -inf, -1.0, -inf),
        (f64::NAN, 1.0, f64::NAN, f64::NAN),
    ];
    for (a, b, q, r) in rows {
        let got = (Number::floor_div(a, b), Number::rem(a, b));
        assert!(crate::same(got.0, q) && crate::same(got.1, r), "{a} by {b}: {got:?}");
    }
}

#[test]
fn nan_goes_through() {
    for (a, b) in [(f32::NAN, 1.0), (1.0, f32::NAN), (f32::NAN, f32::NAN)] {
        assert!(a.min_nan(b).is_nan() && a.max_nan(b).is_nan());
    }
    assert_eq!((1.0f32.min_nan(2.0), 1.0f32.max_nan(2.0)), (1.0, 2.0));
    assert_eq!((3u8.min_nan(2), 3u8.max_nan(2)), (2, 3));
    assert!(Number::sign(f64::NAN).is_nan());
    assert_eq!((Number::sign(-0.5f64), Number::sign(-0.0f64), Number::sign(f64::INFINITY)), (-1.0, 0.0, 1.0));
    assert!(f32::NAN.is_true() && !(-0.0f32).is_true());
    assert_eq!((f32::MIN_VALUE, f64::MAX_VALUE), (f32::NEG_INFINITY, f64::INFINITY));
}

#[test]
fn truth_values() {
    assert!(Number::add(true, true) && !Number::mul(true, false));
    assert!(true.min_nan(true) && !true.min_nan(false) && true.max_nan(false));
    assert!(Integer::not(false) && Integer::xor(true, false));
    assert_eq!(true.to_f64(), 1.0);
}

#[test]
fn shifts_as_numpy() {
    assert_eq!(Integer::shl(1u8, 7), 128);
    assert_eq!(Integer::shl(1u8, 8), 0);
    assert_eq!(Integer::shr(200u8, 9), 0);
    assert_eq!(Integer::shr(-5i32, 1), -3);
    assert_eq!(Integer::shr(-5i32, 40), -1);
    assert_eq!(Integer::shr(5i64, 64), 0);
    assert_eq!(Integer::shl(1i16, -1), 0);
    assert_eq!(Integer::shr(-1i16, -1), -1);
}

#[test]
fn integer_powers() {
    assert_eq!(3u8.pow_wrapping(5), 243);
    assert_eq!(3u8.pow_wrapping(6), (729 % 256) as u8);
    assert_eq!(0i32.pow_wrapping(0), 1);
    assert_eq!((-2i64).pow_wrapping(63), i64::MIN);
    assert_eq!(2i8.pow_wrapping(127), 0);
    assert_eq!((2i8.pow_wrapping(-1), 1i8.pow_wrapping(-3), (-1i8).pow_wrapping(-3)), (0, 1, -1));
    assert_eq!((-1i8).pow_wrapping(-2), 1);
    assert_eq!(0i8.pow_wrapping(-2), 0);
}

#[test]
fn rounding() {
    let halves = [0.5f64, 1.5, 2.5, -0.5, -1.5];
    assert_eq!(halves.map(Float::rint), [0.0, 2.0, 2.0, -0.0, -2.0]);
    assert_eq!((Float::floor(-1.5f32), Float::ceil(-1.5f32), Float::trunc(-1.5f32)), (-2.0, -1.0, -1.0));
    assert!(Float::signbit(-0.0f32) && Float::is_inf(f32::INFINITY) && !Float::is_finite(f64::NAN));
    assert_eq!(Float::div(1.0f32, 0.0), f32::INFINITY);
    assert_eq!(Float::pow(2.0f32, 10.0), 1024.0);
    assert_eq!(Float::exp2(-3.0f64), 0.125);
}
