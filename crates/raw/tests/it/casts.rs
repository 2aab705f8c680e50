use opusclip_raw::kernel::cast::cast;
use opusclip_raw::{DType, Element, Isa, as_bytes};

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
enum Value {
    Int(i128),
    Float(f64),
}

fn value<A: Element>(x: A) -> Value {
    let b = as_bytes(std::slice::from_ref(&x)).to_vec();
    let wide = |signed: bool| {
        let mut all = [if signed && b[b.len() - 1] > 127 { 0xff } else { 0 }; 16];
        all[..b.len()].copy_from_slice(&b);
        Value::Int(i128::from_le_bytes(all))
    };
    match A::DTYPE {
        DType::F32 => Value::Float(f64::from(f32::from_le_bytes(b.try_into().unwrap()))),
        DType::F64 => Value::Float(f64::from_le_bytes(b.try_into().unwrap())),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => wide(true),
        _ => wide(false),
    }
}

fn expected<R: Element>(v: Value) -> Vec<u8> {
    if R::DTYPE == DType::Bool {
        return vec![match v {
            Value::Int(v) => v != 0,
            Value::Float(v) => v != 0.0,
        } as u8];
    }
    let (lo, hi): (i128, i128) = match R::DTYPE {
        DType::F32 => {
            let v = match v {
                Value::Int(v) => v as f32,
                Value::Float(v) => v as f32,
            };
            return v.to_le_bytes().to_vec();
        }
        DType::F64 => {
            let v = match v {
                Value::Int(v) => v as f64,
                Value::Float(v) => v,
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
        Value::Float(v) if v.is_nan() => 0,
        Value::Float(v) => (v as i128).clamp(lo, hi),
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
                let nan = |b: &[u8]| R::DTYPE.is_float() && b[b.len() - 1] & 0x7f == 0x7f && b != want[start + i];
                assert!(
                    ours == want[start + i] || nan(ours),
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
}

#[test]
fn all_121_pairs_on_edges() {
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
}
