//! Small helpers of the tests: the goldens, random bytes, grading.

use std::fs;
use std::path::PathBuf;

use opusclip_engine::array::Scalar;
use opusclip_engine::array::shape::c_strides;
use opusclip_engine::{Array, DType, Element, Lazy, RunOptions};
use opusclip_raw::Buffer;
use serde_json::Value;

/// A golden file of JSON.
pub(crate) fn golden(name: &str) -> Value {
    serde_json::from_slice(&read(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(name);
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// NumPy's answers that `golden/make_engine.py` wrote.
pub(crate) struct Answers {
    pub(crate) manifest: Value,
    data: Vec<u8>,
}

impl Answers {
    pub(crate) fn read() -> Answers {
        Answers { manifest: golden("engine/cases.json"), data: read("engine/data.bin") }
    }

    /// The array of the manifest whose name stands there.
    pub(crate) fn array(&self, name: &Value) -> Array {
        let name = name.as_str().unwrap();
        let place = &self.manifest["arrays"][name];
        assert!(place.is_array(), "no array {name}");
        let (dtype, shape) = (dtype_in(&place[0]), shape_in(&place[1]));
        let at = place[2].as_u64().unwrap() as usize;
        let len = shape.iter().product::<usize>() * dtype.size();
        array_of(dtype, &shape, &self.data[at..at + len])
    }
}

/// An array of these bytes, all of them, in C order.
pub(crate) fn array_of(dtype: DType, shape: &[usize], bytes: &[u8]) -> Array {
    assert_eq!(bytes.len(), shape.iter().product::<usize>() * dtype.size(), "bytes of {dtype} {shape:?}");
    let buffer = Buffer::from_slice(bytes).unwrap();
    Array::from_buffer_strided(buffer, dtype, shape, &c_strides(shape)).unwrap()
}

/// An array of these elements in C order.
#[track_caller]
pub(crate) fn of<T: Element>(values: &[T], shape: &[usize]) -> Lazy {
    Array::from_slice(values, shape).unwrap().into()
}

/// The words of an expression's error, without its place.
#[track_caller]
pub(crate) fn refused(lazy: &Lazy) -> String {
    lazy.collect().unwrap_err().without_place().to_string()
}

/// A run on so many threads.
pub(crate) fn options(threads: usize) -> RunOptions {
    RunOptions { threads, ..RunOptions::default() }
}

/// An element type, and a shape, as the goldens write them.
pub(crate) fn dtype_in(v: &Value) -> DType {
    let name = v.as_str().unwrap();
    DType::parse(name).unwrap_or_else(|| panic!("no type {name}"))
}

pub(crate) fn shape_in(v: &Value) -> Vec<usize> {
    v.as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect()
}

/// Integers as one word.
pub(crate) fn digest(values: impl Iterator<Item = i128>) -> String {
    let h = values.fold(14_695_981_039_346_656_037_u64, |h, v| h.wrapping_mul(1_099_511_628_211) ^ v as u64);
    format!("{h:x}")
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

/// Two expressions that grow out of two leaves in at most so many steps.
pub(crate) fn walk(
    r: &mut Random,
    leaf: fn(&mut Random) -> Lazy,
    step: fn(&mut Random, &Lazy, &Lazy) -> Lazy,
    most: usize,
) -> [Lazy; 2] {
    let (mut x, mut y) = (leaf(r), leaf(r));
    for _ in 0..1 + r.below(most) {
        let next = step(r, &x, &y);
        if r.below(4) == 0 {
            y = x;
        }
        x = next;
    }
    [x, y]
}
