//! Long rows, which are sorted by digits, against NumPy; descending order; sets.

use opusclip_engine::api::call;
use opusclip_engine::api::call::Arg;
use opusclip_engine::array::Scalar;
use opusclip_engine::{Array, BF16, Complex, DType, F16, Lazy};

use crate::support::{digest, scalars};

const N: u64 = 5000;

/// Scattered integers of a type; the same formula made NumPy's answers.
fn scattered(dtype: DType) -> Lazy {
    let wide = matches!(dtype, DType::U64 | DType::I64);
    let one = |i: u64| {
        let bits = i.wrapping_mul(2_654_435_761) & 0xffff_ffff;
        match dtype {
            _ if wide => i.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            DType::Bool => bits >> 31,
            _ => bits,
        }
    };
    let all: Vec<u64> = (0..N).map(one).collect();
    Lazy::from(Array::from_slice(&all, &[N as usize]).unwrap()).cast(dtype)
}

#[test]
fn long_rows_sort_as_numpys() {
    for (dtype, values, places) in [
        (DType::Bool, "2f2c16daed454dd1", "942bb9d166b8ffe3"),
        (DType::U8, "3e658c8b006aa28b", "a337df53f146648b"),
        (DType::I8, "42dfc2c8a38064b", "3cc051a4726d246b"),
        (DType::U16, "1dc4c9c853317817", "e48d8fc46ff54777"),
        (DType::I16, "753c81090b205143", "5befb97267d4ba03"),
        (DType::U32, "28442c83828f9747", "7ae2396fff127467"),
        (DType::I32, "8548e03b34364cc3", "4179acbfddd727e3"),
        (DType::U64, "1f4e3d630efae78f", "7ae2396fff127467"),
        (DType::I64, "32ae4d2516f0b2d3", "4179acbfddd727e3"),
    ] {
        let x = scattered(dtype);
        let of = |l: Lazy| digest(scalars(&l.collect().unwrap()).into_iter().map(Scalar::to_i128));
        assert_eq!(of(x.sort(0)), values, "{dtype}");
        assert_eq!(of(x.argsort(0)), places, "{dtype}");
    }
}

#[test]
fn long_rows_of_floats_sort_as_numpys() {
    let mut x: Vec<f64> = (0..N).map(|i| (((i * 2_654_435_761) & 0xffff_ffff) % 2001) as f64).collect();
    for (n, v) in x.iter_mut().enumerate() {
        *v = match n % 97 {
            0 => f64::NAN,
            1 => -0.0,
            2 => f64::INFINITY,
            3 => f64::NEG_INFINITY,
            _ => (*v - 1000.0) / 8.0,
        };
    }
    // A NaN whose sign is set is last as well.
    x[97] = -f64::NAN;
    let whole = |v: &f64| if v.is_nan() { -7777 * 8 } else { (v.clamp(-5000.0, 5000.0) * 8.0) as i128 };
    let places =
        |l: &Lazy| digest(l.argsort(0).collect().unwrap().to_vec::<i64>().unwrap().into_iter().map(i128::from));
    // bfloat16 rounds the values; NumPy's answer is that for the rounded ones as float64.
    let rounded = ("1a4320028dd2892f", "d90e73efaa9401bf");
    let exact = ("cdeff47bc66fbdff", "9eca5a12fd2b3175");
    for (dtype, numpy) in [(DType::F32, exact), (DType::F64, exact), (DType::F16, exact), (DType::BF16, rounded)] {
        let x = Lazy::from(Array::from_slice(&x, &[x.len()]).unwrap()).cast(dtype);
        let sorted = x.sort(0).f64().collect().unwrap().to_f64_vec().unwrap();
        assert_eq!(digest(sorted.iter().map(whole)), numpy.0, "{dtype}");
        assert_eq!(places(&x), numpy.1, "{dtype}");
    }
    // Real parts of which many are equal; NaN in either part.
    let z: Vec<_> =
        x.iter().zip(x.iter().rev()).map(|(v, im)| Complex::new((v / 32.0).round_ties_even(), *im)).collect();
    for dtype in [DType::C64, DType::C128] {
        let z = Lazy::from(Array::from_slice(&z, &[z.len()]).unwrap()).cast(dtype);
        let sorted = z.sort(0).cast(DType::C128).collect().unwrap().to_vec::<Complex<f64>>().unwrap();
        let parts: Vec<f64> = sorted.iter().map(|v| v.re).chain(sorted.iter().map(|v| v.im)).collect();
        assert_eq!(digest(parts.iter().map(whole)), "a623d593e2ed5053", "{dtype}");
        assert_eq!(places(&z), "a6f0c6b73b9304b5", "{dtype}");
    }
}

fn ints(l: &Lazy) -> Vec<i64> {
    l.cast(DType::I64).collect().unwrap().to_vec().unwrap()
}

#[test]
fn descending_keeps_nan_last_and_equal_ones_in_order() {
    let x = Lazy::from(Array::from_slice(&[1.0f32, f32::NAN, 3.0, 1.0, -2.0, 3.0], &[6]).unwrap());
    let down = |name: &str| {
        let keyword = Arg::Keyword("descending".into(), Box::new(Arg::Bool(true)));
        call(name, &[Arg::from(&x), keyword]).unwrap()
    };
    let sorted = down("sort").collect().unwrap().to_vec::<f32>().unwrap();
    assert_eq!(sorted[..5], [3.0, 3.0, 1.0, 1.0, -2.0]);
    assert!(sorted[5].is_nan());
    assert_eq!(ints(&down("argsort")), [2, 5, 0, 3, 4, 1]);
    // Of unsigned integers the least and the greatest.
    let u = Lazy::from(Array::from_slice(&[0u64, u64::MAX, 7], &[3]).unwrap());
    let keyword = Arg::Keyword("descending".into(), Box::new(Arg::Bool(true)));
    assert_eq!(ints(&call("argsort", &[Arg::from(&u), keyword]).unwrap()), [1, 2, 0]);
}

#[test]
fn nan_is_one_value_for_unique_and_many_for_the_array_api() {
    let x = Lazy::from(Array::from_slice(&[f64::NAN, 1.0, f64::NAN, -0.0, 0.0], &[5]).unwrap());
    let of = |l: &Lazy| l.collect().unwrap().to_f64_vec().unwrap();
    assert_eq!(of(&x.unique(None)).len(), 3);
    let [values, counts] = x.unique_counts();
    assert_eq!((of(&values).len(), ints(&counts)), (4, vec![2, 1, 1, 1]));
    let [_, first, inverse, _] = x.unique_all();
    assert_eq!(ints(&first), [3, 1, 0, 2]);
    assert_eq!(ints(&inverse), [2, 1, 3, 0, 0]);
    // NaN is in nothing.
    assert_eq!(ints(&x.isin(&x, false)), [0, 1, 0, 1, 1]);
    // Integers are compared as integers, also where the common type is a float's.
    let big = Lazy::from(Array::from_slice(&[(1u64 << 53) + 1, u64::MAX], &[2]).unwrap());
    let near = Lazy::from(Array::from_slice(&[1i64 << 53, -1], &[2]).unwrap());
    assert_eq!(ints(&big.isin(&near, false)), [0, 0]);
    assert_eq!(ints(&near.isin(&big, false)), [0, 0]);
    assert_eq!(ints(&big.isin(near.i64().maximum(&near + 1), false)), [1, 0]);
}

#[test]
fn rows_of_nothing_are_one() {
    // NumPy: np.unique(np.zeros((5, 0)), axis=0).shape is (1, 0), of zeros((0, 5)) it is (0, 5).
    for (from, to) in [([1 << 36, 0], [1, 0]), ([0, 5], [0, 5])] {
        let x = Lazy::from(Array::zeros(DType::F64, &from).unwrap());
        assert_eq!(x.unique(Some(0)).shape().unwrap(), to);
    }
}

#[test]
fn long_equal_rows_keep_what_they_say() {
    // NumPy: np.unique(np.arange(100000) % 300 * 7, return_counts=True)
    let all: Vec<i32> = (0..100_000).map(|i| i % 300 * 7).collect();
    let x = Lazy::from(Array::from_slice(&all, &[all.len()]).unwrap());
    let [values, counts] = x.unique_counts();
    assert_eq!(ints(&values), (0..300).map(|i| i * 7).collect::<Vec<i64>>());
    let counts = ints(&counts);
    assert_eq!((counts[0], counts[99], counts[100], counts[299]), (334, 334, 333, 333));
    assert_eq!(ints(&x.partition(50_000, 0).index(50_000)), [1043], "np.partition(x, 50000)[50000]");
}

/// Complex numbers with every sort of NaN, and equal ones.
fn complex() -> Lazy {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let all = [
        (nan, 1.0),
        (1.0, nan),
        (3.0, -1.0),
        (nan, nan),
        (3.0, -2.0),
        (-inf, nan),
        (nan, -1.0),
        (-inf, 0.0),
        (0.0, 0.0),
        (-0.0, -1.0),
        (0.0, -1.0),
        (0.0, 1.0),
        (3.0, -2.0),
        (1.0, nan),
    ];
    let all: Vec<_> = all.iter().map(|&(re, im)| Complex::new(re, im)).collect();
    Array::from_slice(&all, &[all.len()]).unwrap().into()
}

#[test]
fn complex_numbers_are_in_numpys_order() {
    let nan = f64::NAN;
    let wanted = [(3.0, -2.0), (nan, 0.0), (0.0, nan), (100.0, 0.0), (nan, nan)].map(|(re, im)| Complex::new(re, im));
    let wanted = Lazy::from(Array::from_slice(&wanted, &[5]).unwrap());
    for dtype in [DType::C64, DType::C128] {
        let (z, wanted) = (complex().cast(dtype), wanted.cast(dtype));
        // NumPy: np.argsort(z, stable=True)
        assert_eq!(ints(&z.argsort(0)), [7, 9, 10, 8, 11, 4, 12, 2, 5, 1, 13, 6, 0, 3]);
        // np.lexsort((np.arange(14)[::-1], z))
        let back = Lazy::from(Array::from_slice(&(0..14).rev().collect::<Vec<i64>>(), &[14]).unwrap());
        let order = call("lexsort", &[Arg::from(vec![back.cast(dtype), z.clone()])]).unwrap();
        assert_eq!(ints(&order), [7, 10, 9, 8, 11, 12, 4, 2, 5, 13, 1, 6, 0, 3]);
        let sorted = z.sort(0);
        assert_eq!(ints(&sorted.searchsorted(&wanted, "left")), [5, 12, 9, 8, 13]);
        assert_eq!(ints(&sorted.searchsorted(&wanted, "right")), [7, 12, 9, 8, 14]);
        // np.unique_all(z)
        let [_, first, inverse, counts] = z.unique_all();
        assert_eq!(ints(&first), [7, 9, 8, 11, 4, 2, 5, 1, 13, 6, 0, 3]);
        assert_eq!(ints(&inverse), [10, 7, 5, 11, 4, 6, 9, 0, 2, 1, 1, 3, 4, 8]);
        assert_eq!(ints(&counts), [1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(ints(&z.isin(&z, false)), [0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0]);
        // np.unique(z): of all NaN the one that occurs first, nan+1j.
        let one = z.unique(None);
        assert_eq!((one.shape().unwrap(), ints(&one.imag())[6]), (&[7][..], 1));
        // Descending, NaN last as they were.
        let keyword = Arg::Keyword("descending".into(), Box::new(Arg::Bool(true)));
        let down = call("argsort", &[Arg::from(&z), keyword.clone()]).unwrap();
        assert_eq!(ints(&down), [2, 4, 12, 11, 8, 9, 10, 7, 5, 1, 13, 6, 0, 3]);
        let values = call("sort", &[Arg::from(&z), keyword]).unwrap().index(..7);
        assert_eq!(ints(&values.imag()), [-1, -2, -2, 1, 0, -1, -1]);
        let refusal = z.digitize(&z, false).meta().unwrap_err().without_place().to_string();
        assert_eq!(refusal, format!("digitize: {dtype} has no bins; take its real part or its absolute value"));
    }
}

#[test]
fn short_floats_are_in_numpys_order() {
    let nan = f64::NAN;
    let x = [1.0, nan, -0.0, 3.5, 0.0, -2.0, 3.5, -nan, f64::NEG_INFINITY, f64::INFINITY];
    let of = |all: &[f64], d: DType| Lazy::from(Array::from_slice(all, &[all.len()]).unwrap()).cast(d);
    for dtype in [DType::F16, DType::BF16] {
        let x = of(&x, dtype);
        let sorted = x.sort(0);
        assert_eq!(ints(&x.argsort(0)), [8, 5, 2, 4, 0, 3, 6, 9, 1, 7]);
        let wanted = of(&[0.0, 3.5, nan], dtype);
        assert_eq!(ints(&sorted.searchsorted(&wanted, "left")), [2, 5, 8]);
        assert_eq!(ints(&sorted.searchsorted(&wanted, "right")), [4, 7, 10]);
        assert_eq!(ints(&x.digitize(of(&[-1.0, 0.0, 3.5], dtype), false)), [2, 3, 2, 3, 2, 0, 3, 3, 0, 3]);
        let [_, first, inverse, counts] = x.unique_all();
        assert_eq!(ints(&first), [8, 5, 2, 0, 3, 9, 1, 7]);
        assert_eq!(ints(&inverse), [3, 6, 2, 4, 2, 1, 4, 7, 0, 5]);
        assert_eq!(ints(&counts), [1, 1, 2, 1, 2, 1, 1, 1]);
        assert_eq!(x.unique(None).shape().unwrap(), [7]);
    }
    // The least NaN, and the zero that comes first.
    let bits = [0x7c01, 0x7c00, 0x0000, 0x8000, 0xfc00, 0x0001].map(F16::from_bits);
    let sorted = Lazy::from(Array::from_slice(&bits, &[6]).unwrap()).sort(0).collect().unwrap();
    let bits: Vec<u16> = sorted.to_vec::<F16>().unwrap().iter().map(|v| v.to_bits()).collect();
    assert_eq!(bits, [0xfc00, 0x8000, 0x0000, 0x0001, 0x7c00, 0x7c01]);
    let bits = [0x7f81, 0x7f80, 0x3f80].map(BF16::from_bits);
    assert_eq!(ints(&Lazy::from(Array::from_slice(&bits, &[3]).unwrap()).argsort(0)), [2, 1, 0]);
}
