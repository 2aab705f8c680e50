//! Small helpers of the tests: a bounded `.npy` reader for the goldens, random bytes, grading.

use std::fs;
use std::path::PathBuf;

use opusclip_engine::array::Scalar;
use opusclip_engine::{Array, BF16, Complex, DType, F16, Lazy};

pub(crate) fn golden(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden/engine").join(path)
}

/// Reads the plain little-endian C-order files that the golden script writes.
pub(crate) fn npy(path: &str) -> Array {
    let bytes = fs::read(golden(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    assert_eq!(&bytes[..6], b"\x93NUMPY", "{path}");
    let (start, len) = if bytes[6] == 1 {
        (10, u16::from_le_bytes([bytes[8], bytes[9]]) as usize)
    } else {
        (12, u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize)
    };
    let header = std::str::from_utf8(&bytes[start..start + len]).unwrap();
    assert!(header.contains("'fortran_order': False"), "{path}: {header}");
    let descr = header.split("'descr': '").nth(1).unwrap().split('\'').next().unwrap();
    let dtype = match &descr[1..] {
        "b1" => DType::Bool,
        "u1" => DType::U8,
        "i1" => DType::I8,
        "u2" => DType::U16,
        "i2" => DType::I16,
        "u4" => DType::U32,
        "i4" => DType::I32,
        "u8" => DType::U64,
        "i8" => DType::I64,
        "f2" => DType::F16,
        // NumPy has no code for bfloat16.
        "V2" => DType::BF16,
        "c8" => DType::C64,
        "c16" => DType::C128,
        "f4" => DType::F32,
        "f8" => DType::F64,
        other => panic!("{path}: {other}"),
    };
    let shape = header.split("'shape': (").nth(1).unwrap().split(')').next().unwrap();
    let shape: Vec<usize> = shape.split(',').filter_map(|d| d.trim().parse().ok()).collect();
    array_of(dtype, &shape, &bytes[start + len..])
}

pub(crate) fn array_of(dtype: DType, shape: &[usize], bytes: &[u8]) -> Array {
    macro_rules! read {
        ($t:ty) => {
            Array::from_slice::<$t>(
                &bytes
                    .chunks_exact(size_of::<$t>())
                    .map(|b| <$t>::from_ne_bytes(b.try_into().unwrap()))
                    .collect::<Vec<_>>(),
                shape,
            )
        };
    }
    macro_rules! bits {
        ($t:ty) => {
            Array::from_slice::<$t>(
                &bytes.chunks_exact(2).map(|b| <$t>::from_bits(u16::from_ne_bytes([b[0], b[1]]))).collect::<Vec<_>>(),
                shape,
            )
        };
    }
    macro_rules! pairs {
        ($t:ty) => {
            Array::from_slice::<Complex<$t>>(
                &bytes
                    .chunks_exact(2 * size_of::<$t>())
                    .map(|b| b.split_at(size_of::<$t>()))
                    .map(|(re, im)| {
                        Complex::new(
                            <$t>::from_ne_bytes(re.try_into().unwrap()),
                            <$t>::from_ne_bytes(im.try_into().unwrap()),
                        )
                    })
                    .collect::<Vec<_>>(),
                shape,
            )
        };
    }
    match dtype {
        DType::F16 => bits!(F16),
        DType::BF16 => bits!(BF16),
        DType::C64 => pairs!(f32),
        DType::C128 => pairs!(f64),
        DType::Bool => Array::from_slice::<bool>(&bytes.iter().map(|b| *b != 0).collect::<Vec<_>>(), shape),
        DType::U8 => read!(u8),
        DType::I8 => read!(i8),
        DType::U16 => read!(u16),
        DType::I16 => read!(i16),
        DType::U32 => read!(u32),
        DType::I32 => read!(i32),
        DType::U64 => read!(u64),
        DType::I64 => read!(i64),
        DType::F32 => read!(f32),
        DType::F64 => read!(f64),
    }
    .unwrap()
}

/// Every element, in C order.
pub(crate) fn scalars(a: &Array) -> Vec<Scalar> {
    let c = a.to_contiguous().unwrap();
    c.contiguous_bytes().unwrap().chunks_exact(a.dtype().size()).map(|b| Scalar::from_bytes(a.dtype(), b)).collect()
}

/// Same type, shape and bits; every NaN equals every other.
#[track_caller]
pub(crate) fn assert_same(what: &str, a: &Array, b: &Array) {
    assert_eq!((a.dtype(), a.shape()), (b.dtype(), b.shape()), "{what}");
    for (i, (x, y)) in scalars(a).into_iter().zip(scalars(b)).enumerate() {
        let (p, q) = (x.to_parts(), y.to_parts());
        let part = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        // 64-bit integers do not fit a float: their bits are compared.
        let inexact = a.dtype().is_float() || a.dtype().is_complex();
        let same = if inexact { part(p.0, q.0) && part(p.1, q.1) } else { x == y };
        assert!(same, "{what}: element {i}: {x:?} and {y:?}");
    }
}

/// Distance in units of the last place; 0 for two NaN or two equal infinities. For complex numbers
/// in those of the larger part of `b`.
pub(crate) fn ulps(a: Scalar, b: Scalar) -> u64 {
    if a.dtype.is_complex() {
        let (p, q) = (a.to_parts(), b.to_parts());
        let real = a.dtype.real();
        let large = [q.0, q.1].into_iter().filter(|v| v.is_finite()).fold(0.0, |m: f64, v| m.max(v.abs()));
        let smallest = if real == DType::F32 { 1.5e-45 } else { 5e-324 };
        let unit = large * if real == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON } / 2.0;
        let part = |x: f64, y: f64| match (x.is_finite(), y.is_finite()) {
            (true, true) => ((x - y).abs() / unit.max(smallest)).ceil() as u64,
            _ if x == y || (x.is_nan() && y.is_nan()) => 0,
            _ => u64::MAX,
        };
        return part(p.0, q.0).max(part(p.1, q.1));
    }
    let (x, y) = (a.to_f64(), b.to_f64());
    if x == y || (x.is_nan() && y.is_nan()) {
        return 0;
    }
    if x.is_nan() || y.is_nan() || x.is_infinite() || y.is_infinite() {
        return u64::MAX;
    }
    let order = |v: i64| if v < 0 { i64::MIN.wrapping_sub(v) } else { v };
    if a.dtype.is_half() {
        let bits = |v: Scalar| i64::from(i16::from_ne_bytes(v.bytes().try_into().unwrap()));
        let order = |v: i64| if v < 0 { i64::from(i16::MIN) - v } else { v };
        return order(bits(a)).abs_diff(order(bits(b)));
    }
    if a.dtype == DType::F32 {
        let bits = |v: f64| i64::from((v as f32).to_bits() as i32);
        let order = |v: i64| if v < 0 { i64::from(i32::MIN) - v } else { v };
        return order(bits(x)).abs_diff(order(bits(y)));
    }
    order(x.to_bits() as i64).abs_diff(order(y.to_bits() as i64))
}

/// A small generator that needs no crate.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() >> 11) as usize % n.max(1)
    }

    pub(crate) fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| (self.next() >> 32) as u8).collect()
    }
}

/// The seed's job.
pub(crate) fn grade(frames: &Lazy) -> Lazy {
    let g = (frames.f32() / 255.0).pow(0.8);
    let m = g.mean((1, 2, 3)).keepdims();
    (((&g - &m) * 1.2 + &m).clip(0.0, 1.0) * 255.0).u8()
}
