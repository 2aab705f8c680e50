//! Long rows, which are sorted by digits, against NumPy; descending order; sets.

use opusclip_engine::api::call;
use opusclip_engine::api::call::Arg;
use opusclip_engine::array::Scalar;
use opusclip_engine::{Array, DType, Lazy};

use crate::support::scalars;

const N: u64 = 5000;

fn digest(values: impl Iterator<Item = i128>) -> String {
    let h = values.fold(14_695_981_039_346_656_037_u64, |h, v| h.wrapping_mul(1_099_511_628_211) ^ v as u64);
    format!("{h:x}")
}

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
    for dtype in [DType::F32, DType::F64] {
        let x = Lazy::from(Array::from_slice(&x, &[x.len()]).unwrap()).cast(dtype);
        let sorted = x.sort(0).collect().unwrap().to_f64_vec().unwrap();
        let whole = |v: &f64| if v.is_nan() { -7777 * 8 } else { (v.clamp(-5000.0, 5000.0) * 8.0) as i128 };
        assert_eq!(digest(sorted.iter().map(whole)), "cdeff47bc66fbdff", "{dtype}");
        let places = x.argsort(0).collect().unwrap().to_vec::<i64>().unwrap();
        assert_eq!(digest(places.into_iter().map(i128::from)), "9eca5a12fd2b3175", "{dtype}");
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
