use opusclip_raw::kernel::cast::cast;
use opusclip_raw::{BF16, Complex, DType, Element, F16, Isa, as_bytes};

const FLOATS: [f64; 30] = [
    0.0,
    -0.0,
    0.49,
    0.5,
    -0.5,
    0.99999,
    1.0,
    -1.0,
    1.5,
    -1.5,
    127.9,
    128.0,
    -128.9,
    -129.0,
    255.0,
    255.9,
    256.0,
    65535.5,
    65536.0,
    -32768.5,
    2147483647.0,
    4294967295.0,
    -2147483649.0,
    9.3e18,
    1.9e19,
    -9.3e18,
    1e-300,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// What a cast means, said once more and plainly.
#[derive(Clone, Copy)]
enum Value {
    Int(i128),
    Float(f64),
    Complex(f64, f64),
}

fn value<A: Element>(x: A) -> Value {
    let b = as_bytes(std::slice::from_ref(&x)).to_vec();
    let wide = |signed: bool| {
        let mut all = [if signed && b[b.len() - 1] > 127 { 0xff } else { 0 }; 16];
        all[..b.len()].copy_from_slice(&b);
        Value::Int(i128::from_le_bytes(all))
    };
    match A::DTYPE {
        DType::F16 => Value::Float(small(u16::from_le_bytes(b.try_into().unwrap()), 5, 10)),
        DType::BF16 => Value::Float(small(u16::from_le_bytes(b.try_into().unwrap()), 8, 7)),
        DType::C64 => {
            let part = |at: usize| f64::from(f32::from_le_bytes(b[at..at + 4].try_into().unwrap()));
            Value::Complex(part(0), part(4))
        }
        DType::C128 => {
            let part = |at: usize| f64::from_le_bytes(b[at..at + 8].try_into().unwrap());
            Value::Complex(part(0), part(8))
        }
        DType::F32 => Value::Float(f64::from(f32::from_le_bytes(b.try_into().unwrap()))),
        DType::F64 => Value::Float(f64::from_le_bytes(b.try_into().unwrap())),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => wide(true),
        _ => wide(false),
    }
}

/// The number that a 16-bit float's bits stand for, by the definition.
fn small(bits: u16, exponent: u32, fraction: u32) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let e = i32::from(bits >> fraction) & ((1 << exponent) - 1);
    let f = f64::from(bits & ((1 << fraction) - 1)) / f64::from(1 << fraction);
    let bias = (1 << (exponent - 1)) - 1;
    match e {
        0 => sign * f * 2f64.powi(1 - bias),
        _ if e == (1 << exponent) - 1 => {
            if f == 0.0 {
                sign * f64::INFINITY
            } else {
                f64::NAN
            }
        }
        _ => sign * (1.0 + f) * 2f64.powi(e - bias),
    }
}

/// The nearest of all 16-bit floats, halves to even; infinity lies one step beyond the largest.
fn nearest(v: f64, exponent: u32, fraction: u32) -> u16 {
    let sign = if v.is_sign_negative() { 0x8000 } else { 0 };
    let infinite = ((1u16 << exponent) - 1) << fraction;
    if v.is_nan() {
        return infinite | 1;
    }
    let (mut lo, mut hi) = (0u16, infinite);
    let step = small(infinite - 1, exponent, fraction) - small(infinite - 2, exponent, fraction);
    let of = |bits| {
        if bits == infinite { small(infinite - 1, exponent, fraction) + step } else { small(bits, exponent, fraction) }
    };
    let v = v.abs().min(of(infinite));
    while hi - lo > 1 {
        let middle = lo + (hi - lo) / 2;
        if of(middle) <= v { lo = middle } else { hi = middle }
    }
    let (below, above) = (v - of(lo), of(hi) - v);
    sign | if below < above || (below == above && lo % 2 == 0) { lo } else { hi }
}

fn expected<R: Element>(v: Value) -> Vec<u8> {
    let (v, whole) = match v {
        Value::Complex(re, im) if R::DTYPE == DType::Bool => return vec![(re != 0.0 || im != 0.0) as u8],
        Value::Complex(re, im) => (Value::Float(re), im),
        other => (other, 0.0),
    };
    let float = match v {
        Value::Int(v) => v as f64,
        Value::Float(v) | Value::Complex(v, _) => v,
    };
    match R::DTYPE {
        DType::F16 => return nearest(float, 5, 10).to_le_bytes().to_vec(),
        // By way of float32, as ml_dtypes does.
        DType::BF16 => {
            let via = if let Value::Int(v) = v { v as f32 } else { float as f32 };
            return nearest(via.into(), 8, 7).to_le_bytes().to_vec();
        }
        DType::C64 => return [expected::<f32>(v), expected::<f32>(Value::Float(whole))].concat(),
        DType::C128 => return [expected::<f64>(v), expected::<f64>(Value::Float(whole))].concat(),
        _ => {}
    }
    if R::DTYPE == DType::Bool {
        return vec![match v {
            Value::Int(v) => v != 0,
            Value::Float(v) | Value::Complex(v, _) => v != 0.0,
        } as u8];
    }
    let (lo, hi): (i128, i128) = match R::DTYPE {
        DType::F32 => {
            let v = match v {
                Value::Int(v) => v as f32,
                Value::Float(v) | Value::Complex(v, _) => v as f32,
            };
            return v.to_le_bytes().to_vec();
        }
        DType::F64 => {
            let v = match v {
                Value::Int(v) => v as f64,
                Value::Float(v) | Value::Complex(v, _) => v,
            };
            return v.to_le_bytes().to_vec();
        }
        d => {
            let bits = 8 * d.size() as u32;
            match d {
                DType::I8 | DType::I16 | DType::I32 | DType::I64 => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
                _ => (0, (1 << bits) - 1),
            }
        }
    };
    let v = match v {
        Value::Int(v) => v,
        Value::Float(v) | Value::Complex(v, _) => {
            if v.is_nan() {
                0
            } else {
                (v as i128).clamp(lo, hi)
            }
        }
    };
    v.to_le_bytes()[..R::DTYPE.size()].to_vec()
}

fn pair<A: Element, R: Element>(x: &[A]) {
    let want: Vec<Vec<u8>> = x.iter().map(|&v| expected::<R>(value(v))).collect();
    for isa in Isa::available() {
        for start in 0..3 {
            let x = &x[start..];
            let mut got = vec![R::default(); x.len()];
            cast(isa, x, &mut got);
            for (i, g) in got.iter().enumerate() {
                let ours = as_bytes(std::slice::from_ref(g));
                let want = &want[start + i];
                // Any NaN equals any other, part by part.
                let size = R::DTYPE.real().size();
                let odd = |b: &[u8]| {
                    let mut bytes = [0u8; 8];
                    bytes[..size].copy_from_slice(b);
                    match R::DTYPE.real() {
                        DType::F16 => small(u64::from_le_bytes(bytes) as u16, 5, 10).is_nan(),
                        DType::BF16 => small(u64::from_le_bytes(bytes) as u16, 8, 7).is_nan(),
                        DType::F32 => f32::from_bits(u64::from_le_bytes(bytes) as u32).is_nan(),
                        DType::F64 => f64::from_bits(u64::from_le_bytes(bytes)).is_nan(),
                        _ => false,
                    }
                };
                let mut parts = ours.chunks(size).zip(want.chunks(size));
                assert!(
                    parts.all(|(a, b)| a == b || (odd(a) && odd(b))),
                    "{} {:?} -> {} gave {g:?} on {}",
                    A::DTYPE,
                    x[i],
                    R::DTYPE,
                    isa.name()
                );
            }
        }
    }
}

fn from<A: Element>(values: &[A]) {
    // Enough of them for whole vectors and a tail.
    let x: Vec<A> = values.iter().copied().cycle().take(values.len() * 5 + 133).collect();
    pair::<A, bool>(&x);
    pair::<A, u8>(&x);
    pair::<A, i8>(&x);
    pair::<A, u16>(&x);
    pair::<A, i16>(&x);
    pair::<A, u32>(&x);
    pair::<A, i32>(&x);
    pair::<A, u64>(&x);
    pair::<A, i64>(&x);
    pair::<A, f32>(&x);
    pair::<A, f64>(&x);
    pair::<A, F16>(&x);
    pair::<A, BF16>(&x);
    pair::<A, Complex<f32>>(&x);
    pair::<A, Complex<f64>>(&x);
}

#[test]
fn all_225_pairs_on_edges() {
    macro_rules! ints {
        ($($t:ident)*) => { $(
            let mut v = vec![0, 1, 2, 127, $t::MIN, $t::MAX, $t::MAX / 2, $t::MAX / 2 + 1, $t::MAX - 1];
            v.extend([128u64, 200, 255, 256, 65535, 0x1_0000_0001, 16777217, 0x20_0000_0000_0001].map(|v| v as $t));
            from::<$t>(&v);
        )* };
    }
    ints!(u8 i8 u16 i16 u32 i32 u64 i64);
    from(&[true, false]);
    from(&FLOATS);
    from(&FLOATS.map(|v| v as f32));
    // Ties, the ends of the ranges, and a tie that only one rounding sees.
    let halves: Vec<f64> = [1.0 + 2f64.powi(-11), 1.0 + 2f64.powi(-11) + 2f64.powi(-40), 1.0 + 3.0 * 2f64.powi(-11)]
        .into_iter()
        .chain([
            65504.0,
            65519.9,
            65520.0,
            6e-8,
            2.9e-8,
            2f64.powi(-25),
            3.0 * 2f64.powi(-25),
            6.1e-5,
            1e-5,
            3e38,
            4e38,
        ])
        .flat_map(|v| [v, -v])
        .collect();
    from(&halves);
    from(&halves.iter().map(|&v| v as f32).collect::<Vec<_>>());
    let z: Vec<Complex<f64>> = FLOATS.iter().chain(&halves).map(|&v| Complex::new(v, 1.0 - v)).collect();
    from(&z);
    from(&z.iter().map(|v| Complex::new(v.re as f32, v.im as f32)).collect::<Vec<_>>());
    from(&[Complex::new(0.0, -0.0), Complex::new(0.0, f64::NAN), Complex::new(-0.0, 1e-300)]);
    from(&FLOATS.map(F16::from_f64));
    from(&FLOATS.map(|v| BF16::from_f32(v as f32)));
}

#[test]
fn every_16_bit_float_is_the_number_it_stands_for_and_comes_back() {
    let all: Vec<u16> = (0..=u16::MAX).collect();
    let (f16, bf16): (Vec<F16>, Vec<BF16>) = all.iter().map(|&b| (F16::from_bits(b), BF16::from_bits(b))).unzip();
    for isa in Isa::available() {
        let mut wide = vec![0f32; all.len()];
        let mut back = vec![F16::default(); all.len()];
        cast(isa, &f16, &mut wide);
        cast(isa, &wide, &mut back);
        for (i, &b) in all.iter().enumerate() {
            let want = small(b, 5, 10);
            assert!(f64::from(wide[i]) == want || (want.is_nan() && wide[i].is_nan()), "{b:#x}: {}", wide[i]);
            assert_eq!((wide[i].is_sign_negative(), back[i].to_bits()), (b >> 15 == 1, b));
            assert!(want.is_nan() || F16::from_f64(want).to_bits() == b, "{b:#x}");
        }
        let mut back = vec![BF16::default(); all.len()];
        cast(isa, &bf16, &mut wide);
        cast(isa, &wide, &mut back);
        for (i, &b) in all.iter().enumerate() {
            let want = small(b, 8, 7);
            assert!(f64::from(wide[i]) == want || (want.is_nan() && wide[i].is_nan()), "{b:#x}: {}", wide[i]);
            assert_eq!(back[i].to_bits(), b);
        }
    }
}

#[test]
fn random_floats_round_once_to_16_bits() {
    let mut r = crate::Random(7);
    for _ in 0..200_000 {
        // Exponents around the range of float16; few bits set, so that ties and near ties occur.
        let exponent = 1023 - 28 + r.below(48) as u64;
        let fraction = r.bits() & r.bits() & r.bits() & ((1 << 52) - 1);
        let v = f64::from_bits((r.bits() & 1) << 63 | exponent << 52 | fraction);
        assert_eq!(F16::from_f64(v).to_bits(), nearest(v, 5, 10), "{v:e}");
        let v = v as f32;
        assert_eq!(F16::from_f32(v).to_bits(), nearest(v.into(), 5, 10), "{v:e}");
        assert_eq!(BF16::from_f32(v).to_bits(), nearest(v.into(), 8, 7), "{v:e}");
    }
}
