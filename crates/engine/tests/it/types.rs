//! The 16-bit floats and complex numbers where the goldens do not look, and the questions about
//! element types, whole tables against NumPy's.

use opusclip_engine::array::Scalar;
use opusclip_engine::array::promote::{Weak, promote, promote_weak};
use opusclip_engine::array::types::{Casting, can_cast, finfo, iinfo, isdtype, result_type};
use opusclip_engine::exec::reference;
use opusclip_engine::{Array, BF16, Complex, DType, F16, Lazy};
use serde_json::Value;

use crate::support::{assert_same, dtype_in, golden};

fn types() -> Value {
    golden("engine/cases.json")["types"].take()
}

#[test]
fn can_cast_is_numpys_table() {
    let types = types();
    let order: Vec<DType> = types["order"].as_array().unwrap().iter().map(dtype_in).collect();
    assert_eq!(order.len(), DType::ALL.len());
    for (rule, table) in types["can_cast"].as_object().unwrap() {
        let casting = Casting::parse(rule).unwrap();
        for &from in &order {
            let row = table[from.name()].as_str().unwrap();
            for (&to, want) in order.iter().zip(row.chars()) {
                // The documented differences: here bfloat16 is a float like the others.
                let want = match (rule.as_str(), from, to) {
                    ("same_kind", DType::BF16, DType::F16) => true,
                    ("same_kind", DType::C64 | DType::C128, DType::BF16) => false,
                    _ => want == '1',
                };
                assert_eq!(can_cast(from, to, casting), want, "{from} to {to}, {rule}");
            }
        }
    }
    assert_eq!(Casting::parse("any"), None);
}

#[test]
fn isdtype_finfo_and_iinfo_are_numpys_tables() {
    let types = types();
    for (kind, members) in types["isdtype"].as_object().unwrap() {
        let members: Vec<DType> = members.as_array().unwrap().iter().map(dtype_in).collect();
        // NumPy's isdtype does not know bfloat16; here it is a real float.
        for d in DType::ALL.into_iter().filter(|d| *d != DType::BF16) {
            assert_eq!(isdtype(d, kind).unwrap(), members.contains(&d), "{d}, {kind}");
        }
    }
    assert!(isdtype(DType::BF16, "real floating").unwrap() && isdtype(DType::U8, "uint8").unwrap());
    let e = isdtype(DType::U8, "number").unwrap_err().to_string();
    assert!(e.starts_with("isdtype: `number` is no kind of element type"), "{e}");

    for (name, want) in types["finfo"].as_object().unwrap() {
        let f = finfo(DType::parse(name).unwrap()).unwrap();
        let bits = |key: &str| want[key].as_str().unwrap().parse::<u64>().unwrap();
        let floats = [
            ("eps", f.eps),
            ("epsneg", f.epsneg),
            ("max", f.max),
            ("min", f.min),
            ("smallest_normal", f.smallest_normal),
            ("smallest_subnormal", f.smallest_subnormal),
            ("resolution", f.resolution),
        ];
        for (key, ours) in floats {
            assert_eq!(ours.to_bits(), bits(key), "{name}: {key} is {ours:e}");
        }
        let whole = [
            ("bits", i64::from(f.bits)),
            ("precision", f.precision.into()),
            ("nmant", f.nmant.into()),
            ("nexp", f.nexp.into()),
            ("maxexp", f.maxexp.into()),
            ("minexp", f.minexp.into()),
        ];
        for (key, ours) in whole {
            assert_eq!(ours, want[key].as_i64().unwrap(), "{name}: {key}");
        }
    }
    for (name, want) in types["iinfo"].as_object().unwrap() {
        let i = iinfo(DType::parse(name).unwrap()).unwrap();
        assert_eq!([i.min.to_string(), i.max.to_string()], [&want[0], &want[1]].map(|v| v.as_str().unwrap()));
        assert_eq!(i64::from(i.bits), want[2].as_i64().unwrap());
    }
    assert_eq!(finfo(DType::C64).unwrap().dtype, DType::F32);
    assert_eq!(finfo(DType::U8).unwrap_err().to_string(), "finfo: uint8 is no float; iinfo has the limits of integers");
    let e = iinfo(DType::Bool).unwrap_err().to_string();
    assert_eq!(e, "iinfo: bool is no integer type; finfo has the limits of floats");
}

#[test]
fn result_type_settles_the_floats_first() {
    use DType::*;
    // np.result_type of these, in any order.
    let wants: [(&[DType], DType); 6] = [
        (&[I8, U8, F16], F16),
        (&[U8, F16, C64], C64),
        (&[I32, C64], C128),
        (&[U64, I8], F64),
        (&[Bool], Bool),
        (&[I16, U16, F32], F32),
    ];
    for (types, want) in wants {
        assert_eq!(result_type(types).unwrap(), want, "{types:?}");
        let turned: Vec<DType> = types.iter().rev().copied().collect();
        assert_eq!(result_type(&turned).unwrap(), want, "{turned:?}");
    }
    assert!(result_type(&[]).is_err());
}

/// NumPy's rule for float16, whose place bfloat16 has: every float holds a byte.
#[test]
fn functions_of_two_floats_keep_bfloat16_beside_bytes() {
    let x = Lazy::from(Array::from([1.0, 2.0].map(BF16::from_f32)));
    for (d, want) in [
        (DType::Bool, DType::BF16),
        (DType::U8, DType::BF16),
        (DType::I8, DType::BF16),
        (DType::I16, DType::F32),
        (DType::F16, DType::F32),
        (DType::U32, DType::F64),
    ] {
        let y = x.cast(d);
        for (name, z) in [("atan2", x.atan2(&y)), ("hypot", y.hypot(&x)), ("copysign", x.copysign(&y))] {
            assert_eq!(z.dtype(), Ok(want), "{name} of bfloat16 and {d}");
        }
    }
}

#[test]
fn bfloat16_promotes_where_ml_dtypes_has_no_answer() {
    assert_eq!(promote(DType::BF16, DType::F16), DType::F32);
    for (d, want) in [(DType::U16, DType::F32), (DType::I16, DType::F32), (DType::U32, DType::F64)] {
        assert_eq!(promote(DType::BF16, d), want);
    }
    for w in [Weak::Bool(true), Weak::Int(70000), Weak::Float(1e300)] {
        assert_eq!(promote_weak("add", DType::BF16, w).unwrap(), DType::BF16);
    }
    assert_eq!(promote_weak("add", DType::BF16, Weak::Complex(0.0, 1.0)).unwrap(), DType::C64);
}

fn both(lazy: &Lazy) -> Array {
    let fast = lazy.collect().unwrap();
    assert_same("against the reference", &fast, &reference::collect(std::slice::from_ref(lazy)).unwrap()[0]);
    fast
}

fn complex(values: &[(f64, f64)]) -> Lazy {
    let values: Vec<_> = values.iter().map(|&(re, im)| Complex::new(re, im)).collect();
    Array::from_slice(&values, &[values.len()]).unwrap().into()
}

#[test]
fn a_least_complex_number_is_the_first_with_a_nan_and_hides_which_zero_came_first() {
    let nan = f64::NAN;
    // NumPy: np.min([1+2j, complex(2, nan), complex(nan, 3)]) is 2+nanj, np.min([complex(nan, 0), 1+1j]) nan+0j.
    let cases = [
        (complex(&[(1.0, 2.0), (2.0, nan), (nan, 3.0)]), (2.0, nan)),
        (complex(&[(nan, 0.0), (1.0, 1.0)]), (nan, 0.0)),
    ];
    for (x, (re, im)) in cases {
        for y in [x.min(()), x.max(())] {
            let found = both(&y).get(&[]).unwrap().to_parts();
            let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
            assert!(same(found.0, re) && same(found.1, im), "{found:?}");
        }
    }
    let x = complex(&[(0.0, -0.0), (-0.0, 0.0), (1.0, -7.0), (1.0, -8.0)]);
    assert_eq!(both(&x.min(())).get(&[]).unwrap(), Scalar::from_parts(DType::C128, 0.0, 0.0));
    assert_eq!(both(&x.max(())).get(&[]).unwrap(), Scalar::from_parts(DType::C128, 1.0, -7.0));
}

#[test]
fn sums_of_halves_are_exact_and_rounded_once() {
    // 4096 + 1 * 4096 in steps would stop at 4096 in float16: its neighbour is 4100.
    let mut values = vec![F16::from_f32(1.0); 4097];
    values[0] = F16::from_f32(4096.0);
    let x: Lazy = Array::from_slice(&values, &[4097]).unwrap().into();
    assert_eq!(both(&x.sum(())).get_f64(&[]).unwrap(), 8192.0);
    let x = Lazy::from(Array::from_slice(&vec![BF16::from_f32(1.0); 1000], &[2, 500]).unwrap());
    assert_eq!(both(&x.sum(1)).to_f64_vec().unwrap(), [500.0, 500.0]);
    assert_eq!(both(&x.mean(())).get_f64(&[]).unwrap(), 1.0);
    // Beyond the type's range the sum is infinite, the mean is not.
    let x: Lazy = Array::from_slice(&[F16::from_f32(60000.0); 64], &[64]).unwrap().into();
    assert_eq!(both(&x.sum(())).get_f64(&[]).unwrap(), f64::INFINITY);
    assert_eq!(both(&x.mean(())).get_f64(&[]).unwrap(), 60000.0);
}

#[test]
fn moving_elements_keeps_the_bits_of_nan() {
    let bits = [0x7c01u16, 0xfe12, 0x7fff, 0x0001];
    let x = Array::from_slice(&bits.map(F16::from_bits), &[4]).unwrap();
    let lazy: Lazy = x.into();
    let yes: Lazy = Array::from_slice(&[true; 4], &[4]).unwrap().into();
    for y in [yes.where_(&lazy, &lazy), lazy.f32().f16(), lazy.flip(0).flip(0), lazy.c64().f16()] {
        let back: Vec<u16> = y.collect().unwrap().to_vec::<F16>().unwrap().into_iter().map(F16::to_bits).collect();
        assert_eq!(back, bits);
    }
}

#[test]
fn sixteen_byte_elements_walk_every_way() {
    let values: Vec<_> = (0..24).map(|i| Complex::new(f64::from(i), -f64::from(i))).collect();
    let x = Lazy::from(Array::from_slice(&values, &[2, 3, 4]).unwrap());
    let y = x.permute_dims([2, 0, 1]).flip(0).slice_axis(2, None, None, Some(2));
    let want: Vec<f64> = (0..4)
        .rev()
        .flat_map(|c| (0..2).flat_map(move |a| [0, 2].map(move |b| f64::from(a * 12 + b * 4 + c))))
        .collect();
    let y = both(&y);
    assert_eq!(y.to_f64_vec().unwrap(), want);
    let parts: Vec<f64> = y.to_vec::<Complex<f64>>().unwrap().iter().map(|z| -z.im).collect();
    assert_eq!(parts, want);
}

#[test]
fn values_print_as_python_writes_them() {
    let text = |d, re, im| Scalar::from_parts(d, re, im).to_string();
    assert_eq!(text(DType::C64, 1.0, 2.0), "(1+2j)");
    assert_eq!(text(DType::C128, -0.0, -0.0), "(-0-0j)");
    assert_eq!(text(DType::C128, 0.0, f64::NAN), "nanj");
    assert_eq!(text(DType::C128, f64::NEG_INFINITY, 0.5), "(-inf+0.5j)");
    assert_eq!(text(DType::C64, 0.1, -2.5), "(0.1-2.5j)");
    assert_eq!(Scalar::from_f64(DType::F16, 0.1).to_string(), "0.1");
    assert_eq!(Scalar::from_f64(DType::F16, 65504.0).to_string(), "65500.0");
    assert_eq!(Scalar::from_f64(DType::BF16, 0.1).to_string(), "0.1");
    assert_eq!(Scalar::from_f64(DType::F16, 1e9).to_string(), "inf");
    let a = Array::from_slice(&[Complex::new(1f32, -1.0), Complex::new(0.0, 3.5)], &[2]).unwrap();
    assert_eq!(a.to_string(), "[1.-1.j  0.+3.5j]");
}

#[test]
fn what_complex_numbers_have_not_is_refused_in_one_line() {
    let z = complex(&[(1.0, 2.0)]);
    let text = |l: Lazy| l.meta().unwrap_err().without_place().to_string();
    let tail = "is not defined for complex128; take real, imag or absolute of it first";
    assert_eq!(text(z.floor()), format!("floor: {tail}"));
    assert_eq!(text(z.remainder(2)), format!("remainder: {tail}"));
    assert_eq!(text(z.bitwise_and(1)), format!("bitwise_and: {tail}"));
    assert!(z.invert().meta().is_err() && z.floor_divide(&z).meta().is_err());
}

#[test]
fn parts_of_real_arrays_are_themselves_and_zeros() {
    let x: Lazy = Array::from_slice(&[1u8, 0, 200], &[3]).unwrap().into();
    assert_same("real", &both(&x.real()), &x.collect().unwrap());
    assert_same("conj", &both(&x.conj()), &x.collect().unwrap());
    assert_same("imag", &both(&x.imag()), &Array::zeros(DType::U8, &[3]).unwrap());
    let t = x.less(1);
    assert_eq!((t.conj().dtype().unwrap(), t.real().dtype().unwrap()), (DType::I8, DType::Bool));
    // np.angle(np.array([1, -1.0, -0.0])) is [0, pi, pi].
    let y = Lazy::from(Array::from_slice(&[1.0, -1.0, -0.0], &[3]).unwrap());
    let pi = std::f64::consts::PI;
    assert_eq!(both(&y.angle()).to_f64_vec().unwrap(), [0.0, pi, pi]);
}

#[test]
fn literals_keep_the_width_of_their_array() {
    let z = complex(&[(3.0, 4.0)]).c64();
    assert_eq!((&z * Complex::new(0.0, 1.0)).dtype().unwrap(), DType::C64);
    assert_eq!((&z * 2.5).dtype().unwrap(), DType::C64);
    assert_eq!(z.absolute().dtype().unwrap(), DType::F32);
    assert_eq!(both(&z.absolute()).to_f64_vec().unwrap(), [5.0]);
    let b: Lazy = Array::from_slice(&[3u8], &[1]).unwrap().into();
    assert_eq!((&b * Complex::new(0.0, 1.0)).dtype().unwrap(), DType::C128);
    assert_eq!((b.f16() * 1.5).dtype().unwrap(), DType::F16);
    assert_eq!((b.bf16() * 1.5).dtype().unwrap(), DType::BF16);
    // np.array([0j]) ** (1+2j) is 0j, and to 2j or -1+2j it is nan+nanj.
    let zero = complex(&[(0.0, 0.0)]);
    assert_eq!(both(&zero.power(Complex::new(1.0, 2.0))).get(&[0]).unwrap().to_parts(), (0.0, 0.0));
    assert!(both(&zero.power(Complex::new(0.0, 2.0))).get(&[0]).unwrap().is_nan());
    assert!(both(&zero.power(Complex::new(-1.0, 2.0))).get(&[0]).unwrap().is_nan());
    // An idempotent op of real numbers that rounds for complex ones is not cut short.
    let s = z.sign();
    let twice = s.sign();
    assert!(both(&twice).size() == 1);
    // Nor is a product with 1 left out: np.array([complex(np.inf, 1)]) * 1 is inf+nanj.
    assert!(both(&(complex(&[(f64::INFINITY, 1.0)]) * 1)).get(&[0]).unwrap().is_nan());
}
