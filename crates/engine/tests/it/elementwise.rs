//! Element-wise ops with arguments, several results or names of their own, against what NumPy 2.4
//! answered for the same calls. Those of plain arrays are in the goldens.

use opusclip_engine::api::call::{ALIASES, Arg, call, call_all, find, names, rows};
use opusclip_engine::{Array, DType, Lazy};

use crate::support::{assert_same, scalars};

fn of<T: opusclip_engine::Element>(x: &[T]) -> Lazy {
    Array::from_slice(x, &[x.len()]).unwrap().into()
}

fn floats(l: &Lazy) -> Vec<f64> {
    scalars(&l.collect().unwrap()).into_iter().map(|s| s.to_f64()).collect()
}

fn ints(l: &Lazy) -> Vec<i128> {
    scalars(&l.collect().unwrap()).into_iter().map(|s| s.to_i128()).collect()
}

/// To the bit, but any NaN for any other.
#[track_caller]
fn bits(l: &Lazy, want: &[f64]) {
    let got = floats(l);
    let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    assert!(got.len() == want.len() && got.iter().zip(want).all(same), "{got:?} is not {want:?}");
}

fn refused(l: &Lazy) -> String {
    l.meta().unwrap_err().without_place().to_string()
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

#[test]
fn round_takes_decimals() {
    let x = of(&[2.5f32, -0.5, 1.25, 1.35, 123_456.79, f32::INFINITY]);
    bits(&x.round(1), &[2.5, -0.5, 1.2000000476837158, 1.399999976158142, 123456.796875, INF].map(|v: f64| v));
    bits(&of(&[2.675, 1.005, -1234.5678]).round(2), &[2.68, 1.0, -1234.57]);
    bits(&of(&[1234.5678, -1250.0, 1350.0]).round(-2), &[1200.0, -1200.0, 1400.0]);
    bits(&of(&[1.0, 2.0]).round(400), &[NAN, NAN]);
    assert_eq!(ints(&of(&[244u8, 245, 246, 255]).round(-1)), [240, 240, 250, 4]);
    assert_eq!(ints(&of(&[127i8, -128, 125]).round(-1)), [-126, 126, 120]);
    assert_eq!(ints(&of(&[25i64, 35, -25]).round(-1)), [20, 40, -20]);
    assert_eq!(ints(&of(&[25i64, 35]).round(isize::MAX)), [25, 35]);
    assert_eq!(of(&[7u8]).round(3).dtype().unwrap(), DType::U8);
    assert_eq!(of(&[true]).round(0).dtype().unwrap(), DType::F32);
    assert_eq!(refused(&of(&[true]).round(1)), "round: bool takes no decimals; cast it to a number first");
}

#[test]
fn numbers_for_what_is_none() {
    let x = of(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.5]);
    bits(&x.nan_to_num(0.0, None, None), &[0.0, 3.4028234663852886e38, -3.4028234663852886e38, 1.5]);
    bits(&x.f64().nan_to_num(7.0, Some(8.0), Some(-9.0)), &[7.0, 8.0, -9.0, 1.5]);
    assert_eq!(ints(&of(&[1u8, 2]).nan_to_num(7.0, None, None)), [1, 2]);
}

#[test]
fn nearly_equal() {
    let a = of(&[1.0, 1e10, INF, -INF, NAN, 0.0, 1e-9]);
    let b = of(&[1.00001, 1.00001e10, INF, INF, NAN, 1e-8, 1e-8]);
    let close = |a: &Lazy, b: &Lazy, rtol, atol, nan| ints(&a.isclose(b, rtol, atol, nan));
    assert_eq!(close(&a, &b, 1e-5, 1e-8, false), [1, 1, 1, 0, 0, 1, 1]);
    assert_eq!(close(&a, &b, 1e-5, 1e-8, true), [1, 1, 1, 0, 1, 1, 1]);
    assert_eq!(close(&a, &b, 0.0, 0.0, false), [0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(close(&b, &a, 1e-5, 0.0, false), [0, 1, 1, 0, 0, 0, 0]);
    // Integers do not wrap on the way.
    assert_eq!(close(&of(&[-128i8, 127]), &of(&[127i8, -128]), 0.0, 1.0, false), [0, 0]);
    assert_eq!(close(&of(&[200u8, 10]), &of(&[201u8, 255]), 0.0, 1.0, false), [1, 0]);
    // Literals.
    assert_eq!(ints(&a.isclose(1, 1e-5, 1e-8, false)), [1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(ints(&a.isclose(INF, 1e-5, 1e-8, true)), [0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(ints(&a.isclose(NAN, 1e-5, 1e-8, true)), [0, 0, 0, 0, 1, 0, 0]);
    assert_eq!(ints(&a.allclose(&b, 1e-5, 1e-8, true)), [0]);
    assert_eq!(ints(&b.allclose(&b, 0.0, 0.0, true)), [1]);
    assert!(a.isclose(of(&[1.0, 2.0]), 1e-5, 1e-8, false).meta().is_err());
}

#[test]
fn the_same_arrays() {
    let x = of(&[1.0, NAN]);
    assert_eq!(ints(&x.array_equal(&x, false)), [0]);
    assert_eq!(ints(&x.array_equal(&x, true)), [1]);
    assert_eq!(ints(&x.array_equal(of(&[1.0]), true)), [0]);
    let y = of(&[2u8, 2, 2]);
    assert_eq!(ints(&y.array_equiv(2)), [1]);
    assert_eq!(ints(&y.array_equal(2, false)), [0]);
    assert_eq!(ints(&y.array_equiv(y.reshape([3, 1]))), [1]);
    assert_eq!(ints(&y.array_equiv(of(&[2u8, 2]))), [0]);
    // Of nothing, and of more elements than memory holds.
    let none = Lazy::from(Array::from_slice::<f32>(&[], &[0]).unwrap());
    assert_eq!(ints(&none.array_equal(&none, false)), [1]);
    let failed = y.reshape([7]);
    assert!(y.array_equal(&failed, false).meta().is_err() && y.array_equiv(&failed).meta().is_err());
}

#[test]
fn parts_of_numbers() {
    let [fractional, integral] = of(&[-2.75, 3.0, -0.0, INF, -INF, NAN, -4.0]).modf();
    bits(&fractional, &[-0.75, 0.0, -0.0, 0.0, -0.0, NAN, -0.0]);
    bits(&integral, &[-2.0, 3.0, -0.0, INF, -INF, NAN, -4.0]);
    let [mantissa, exponent] = of(&[0.0, -0.0, 1.0, -2.5, 1e-310, INF, NAN]).frexp();
    bits(&mantissa, &[0.0, -0.0, 0.5, -0.625, 0.5752618031559393, INF, NAN]);
    assert_eq!(ints(&exponent), [0, 0, 1, 2, -1029, 0, 0]);
    assert_eq!(exponent.dtype().unwrap(), DType::I32);
    let [quotient, remainder] = of(&[7i8, -7, 100]).divmod(of(&[-3i8, 3, 7]));
    assert_eq!((ints(&quotient), ints(&remainder)), (vec![-3, -3, 14], vec![-2, 2, 2]));
    let powers = of(&[-149i64, -150, -151, 127, 128, 1_000_000_000, -1_000_000_000]);
    let scaled = Lazy::scalar(opusclip_engine::array::Scalar::from_f64(DType::F32, 1.5)).ldexp(&powers);
    bits(&scaled, &[2.802596928649634e-45, 1.401298464324817e-45, 0.0, 2.5521177519070385e38, INF, INF, 0.0]);
    assert_eq!(of(&[1u8]).ldexp(of(&[3i64])).dtype().unwrap(), DType::F32);
    assert_eq!(of(&[1i64]).ldexp(3).dtype().unwrap(), DType::F64);
    assert_eq!(refused(&powers.ldexp(0.5)), "ldexp: the exponent 0.5 is a float; write an integer");
    let wide = "ldexp: the exponents are uint64; cast them to int32 or int64";
    assert_eq!(refused(&powers.ldexp(powers.astype(DType::U64))), wide);
}

#[test]
fn bits_are_counted_of_absolute_values() {
    let count = |l: Lazy| (l.bitwise_count().dtype().unwrap(), ints(&l.bitwise_count()));
    assert_eq!(count(of(&[-1i8, -128, 127, -5])), (DType::U8, vec![1, 1, 7, 2]));
    assert_eq!(count(of(&[u64::MAX, 0, 1 << 63, 0x5555])), (DType::U8, vec![64, 0, 1, 8]));
    assert_eq!(count(of(&[i64::MIN, -1, (1 << 62) + 1])), (DType::U8, vec![1, 1, 2]));
    assert_eq!(
        refused(&of(&[1.0]).bitwise_count()),
        "bitwise_count: bits of float64 are not defined; cast it to an integer"
    );
}

/// NumPy takes the first float type that holds each operand by itself.
#[test]
fn functions_of_two_floats_promote_each_operand_alone() {
    let (u8s, i8s, u16s, i16s) = (of(&[1u8]), of(&[1i8]), of(&[1u16]), of(&[1i16]));
    let kind = |l: Lazy| l.dtype().unwrap();
    assert_eq!(kind(u16s.atan2(&i16s)), DType::F32);
    assert_eq!(kind(u16s.hypot(&i8s)), DType::F32);
    assert_eq!(kind(u8s.copysign(300)), DType::F32);
    assert_eq!(kind(u8s.copysign(1.5)), DType::F64);
    assert_eq!(kind(of(&[true]).nextafter(2)), DType::F64);
    assert_eq!(kind(of(&[1i32]).heaviside(of(&[1f32]))), DType::F64);
    assert_eq!(kind(u16s.divide(&i16s)), DType::F64);
    // The greater of two integers is an integer.
    assert_eq!(kind(u8s.fmax(&i8s)), DType::I16);
    assert_eq!(ints(&of(&[3u8, 200]).fmin(100)), [3, 100]);
    bits(&of(&[NAN, 1.0, NAN, -INF]).fmax(of(&[2.0, NAN, NAN, NAN])), &[2.0, 1.0, NAN, -INF]);
}

#[test]
fn arithmetic_that_saturates() {
    let x = of(&[250u8, 3, 100]);
    assert_eq!(ints(&x.add_sat(10)), [255, 13, 110]);
    assert_eq!(ints(&x.subtract_sat(10)), [240, 0, 90]);
    assert_eq!(ints(&x.multiply_sat(3)), [255, 9, 255]);
    assert_eq!(ints(&of(&[i64::MIN, i64::MAX]).subtract_sat(of(&[1i64, -1]))), [i64::MIN as i128, i64::MAX as i128]);
    assert_eq!(refused(&x.add_sat(300)), "add_sat: the integer 300 does not fit uint8 (0 to 255)");
    let float = "multiply_sat: float32 does not saturate; cast it to an integer, or use the op without _sat";
    assert_eq!(refused(&of(&[1f32]).multiply_sat(2)), float);
    let wide = of(&[-1000i32, 300, 127, i32::MIN]);
    assert_eq!(ints(&wide.cast_sat(DType::U8)), [0, 255, 127, 0]);
    assert_eq!(ints(&wide.cast_sat(DType::I8)), [-128, 127, 127, -128]);
    assert_eq!(ints(&wide.cast_sat(DType::U64)), [0, 300, 127, 0]);
    assert_eq!(ints(&of(&[u64::MAX, 5]).cast_sat(DType::I64)), [i64::MAX as i128, 5]);
    let halves = of(&[0.5f32, 1.5, -0.6, 254.6, 1e9, f32::NAN, -130.0]);
    assert_eq!(ints(&halves.cast_rounded(DType::U8)), [0, 2, 0, 255, 255, 0, 0]);
    assert_eq!(ints(&halves.cast_sat(DType::I8)), [0, 1, 0, 127, 127, 0, -128]);
    assert_same(
        "cast_rounded",
        &halves.cast_rounded(DType::U8).collect().unwrap(),
        &halves.to_u8_rounded().collect().unwrap(),
    );
}

#[test]
fn between_two() {
    let (x, y) = (of(&[0.1f32, 10.0]), of(&[0.7f32, 20.0]));
    assert_same("t = 0", &x.lerp(&y, 0.0).collect().unwrap(), &x.collect().unwrap());
    assert_same("t = 1", &x.lerp(&y, 1).collect().unwrap(), &y.collect().unwrap());
    bits(&of(&[10u8, 250]).lerp(of(&[20u8, 0]), 0.25), &[12.5, 187.5]);
    bits(&of(&[10u8, 250]).lerp(20, of(&[0u8, 1])), &[10.0, 20.0]);
    assert_eq!(x.lerp(&y, 0.5).dtype().unwrap(), DType::F32);
}

#[test]
fn old_names_find_the_same_ops() {
    let rows = rows();
    for (alias, op) in ALIASES {
        assert!(!rows.iter().any(|r| r.name == *alias), "{alias} is an op of its own");
        assert!(rows.iter().any(|r| r.name == *op), "{alias}: there is no {op}");
        assert_eq!(find(alias).map(|r| r.name), Some(*op));
        assert!(names().contains(alias));
    }
    let x = of(&[0.25f32, -0.5]);
    let by = |name: &str| call(name, &[Arg::Array(x.clone())]).unwrap().collect().unwrap();
    assert_same("arcsin", &by("arcsin"), &by("asin"));
    assert_same("fix", &by("fix"), &by("trunc"));
    assert_eq!(call_all("modf", &[Arg::Array(x.clone())]).unwrap().len(), 2);
    let wrong = call("arcsn", &[Arg::Array(x)]).unwrap_err().to_string();
    assert_eq!(wrong, "arcsn: there is no op of this name; did you mean `arcsin`?");
}

/// The element-wise functions of the Python array API standard, 2025.12, all of them.
#[test]
fn every_function_of_the_array_api_standard_is_there() {
    const STANDARD: &str = "abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift \
        bitwise_invert bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp \
        expm1 floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less less_equal log log1p log2 \
        log10 logaddexp logical_and logical_not logical_or logical_xor maximum minimum multiply negative nextafter \
        not_equal positive pow real reciprocal remainder round sign signbit sin sinh square sqrt subtract tan tanh \
        trunc";
    let missing: Vec<&str> = STANDARD.split_whitespace().filter(|name| find(name).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(STANDARD.split_whitespace().count(), 67);
}

/// NumPy's own for float16, ml_dtypes' for bfloat16.
#[test]
fn sixteen_bit_floats_have_neighbours_and_limits_of_their_own() {
    let h = of(&[1.0, -1.0, 0.0, -2.5, 65504.0, -65504.0, INF, 6e-8]).f16();
    let least = 5.960464477539063e-8;
    bits(&h.spacing(), &[0.0009765625, 0.00048828125, least, 0.001953125, INF, 32.0, NAN, least]);
    let up = [1.0009765625, -0.99951171875, least, -2.498046875, 65472.0, -65472.0, 65504.0, 2.0 * least];
    bits(&h.nextafter(2), &up);
    let b = of(&[1.0, -1.0, 0.0, -2.5, INF]).bf16();
    bits(&b.spacing(), &[0.0078125, -0.0078125, 9.183549615799121e-41, -0.015625, NAN]);
    bits(&of(&[1.0, -1.0, 0.0, NAN]).bf16().nextafter(INF), &[1.0078125, -0.99609375, 9.183549615799121e-41, NAN]);
    bits(&of(&[INF, -INF, NAN]).f16().nan_to_num(0.0, None, None), &[65504.0, -65504.0, 0.0]);
    bits(&of(&[INF]).bf16().nan_to_num(0.0, None, None), &[3.3895313892515355e38]);
    bits(&of(&[1.375, 3.75]).f16().rad2deg(), &[78.8125, 214.875]);
    bits(&of(&[2.625, 100.0]).f16().deg2rad(), &[0.045806884765625, 1.7451171875]);
    bits(&of(&[0.0, 0.5]).f16().sinc(), &[1.0, 0.63671875]);
    // A float of 16 bits holds every byte.
    assert_eq!(of(&[1u8]).copysign(h.slice_axis(0, None, Some(1), None)).dtype().unwrap(), DType::F16);
    assert_eq!(of(&[true]).hypot(of(&[1i8])).dtype().unwrap(), DType::F32);
}

fn complex(x: &[(f64, f64)]) -> Lazy {
    let [re, im] = [0, 1].map(|i| of(&x.iter().map(|&(a, b)| if i == 0 { a } else { b }).collect::<Vec<f64>>()));
    re.complex(&im)
}

/// To the bit in both parts, but any NaN for any other.
#[track_caller]
fn parts(l: &Lazy, want: &[(f64, f64)]) {
    bits(&l.real().f64(), &want.iter().map(|p| p.0).collect::<Vec<_>>());
    bits(&l.imag().f64(), &want.iter().map(|p| p.1).collect::<Vec<_>>());
}

#[test]
fn complex_numbers_are_made_of_parts_and_compared_by_them() {
    let z = complex(&[(NAN, 1.0), (1.0, 2.0), (1.0, INF), (0.0, -0.0)]);
    parts(&z, &[(NAN, 1.0), (1.0, 2.0), (1.0, INF), (0.0, -0.0)]);
    let w = complex(&[(3.0, 4.0), (1.0, -2.0), (NAN, 0.0), (-0.0, NAN)]);
    parts(&z.fmax(&w), &[(3.0, 4.0), (1.0, 2.0), (1.0, INF), (0.0, -0.0)]);
    parts(&z.fmin(&w), &[(3.0, 4.0), (1.0, -2.0), (1.0, INF), (0.0, -0.0)]);
    assert_eq!(ints(&z.isreal()), [0, 0, 0, 1]);
    assert_eq!(ints(&w.iscomplex()), [1, 1, 0, 1]);
    assert_eq!(ints(&z.isrealobj()), [0]);
    assert_eq!(ints(&z.real().iscomplexobj()), [0]);
    assert_eq!(of(&[1f32]).complex(2).dtype().unwrap(), DType::C64);
    assert_eq!(of(&[1u8]).complex(0.5).dtype().unwrap(), DType::C128);
    assert_eq!(of(&[1.0]).f16().complex(2).dtype().unwrap(), DType::C64);
}

#[test]
fn complex_numbers_have_numpys_answers() {
    let x = complex(&[(3.0, -4.0), (0.0, 0.0), (1e-300, 1e300)]).reciprocal();
    parts(&x, &[(0.12, 0.16), (NAN, NAN), (0.0, -1e-300)]);
    let most = f64::from(f32::MAX);
    let x = complex(&[(NAN, -INF), (INF, -0.0)]).c64().nan_to_num(0.0, None, None);
    parts(&x, &[(0.0, -most), (most, -0.0)]);
    parts(&complex(&[(2.675, -INF), (1.25, -0.04)]).round(1), &[(2.7, -INF), (1.2, -0.0)]);
    assert_eq!(of(&[2f32]).float_power(of(&[1.0]).c64()).dtype().unwrap(), DType::C128);
    // NumPy rounds 1 + x and has 0.
    parts(&complex(&[(1e-40, 0.0)]).log1p(), &[(1e-40, 0.0)]);
    parts(
        &complex(&[(-INF, NAN), (-0.0, INF), (INF, INF)]).acos(),
        &[(NAN, -INF), (std::f64::consts::FRAC_PI_2, -INF), (std::f64::consts::FRAC_PI_4, -INF)],
    );
    assert_eq!(ints(&complex(&[(2.5, 9.0), (-3.5, NAN), (300.0, 0.0)]).cast_rounded(DType::U8)), [2, 0, 255]);
}

#[test]
fn what_complex_numbers_do_not_have_is_refused() {
    let z = complex(&[(1.0, 2.0)]);
    let all = [
        ("fabs", z.fabs()),
        ("deg2rad", z.deg2rad()),
        ("rad2deg", z.rad2deg()),
        ("signbit", z.signbit()),
        ("isposinf", z.isposinf()),
        ("isneginf", z.isneginf()),
        ("copysign", z.copysign(&z)),
        ("hypot", z.hypot(1)),
        ("complex", z.complex(1)),
    ];
    for (name, l) in all {
        let words = "is not defined for complex128; take real, imag or absolute of it first";
        assert_eq!(refused(&l), format!("{name}: {words}"));
    }
}
