//! Random expressions: what the passes and the fast executor make of them equals the reference.

use opusclip_engine::exec::reference;
use opusclip_engine::{Array, Complex, DType, Isa, Lazy, RunOptions, jit};
use proptest::prelude::*;

use crate::support::{Random, array_of, assert_same, walk};

fn leaf(r: &mut Random) -> Lazy {
    let shapes: [&[usize]; 6] = [&[3, 20, 19, 3], &[3, 1, 1, 1], &[3], &[1, 20, 19, 3], &[20, 19, 3], &[19, 1]];
    let shape = shapes[if r.below(3) == 0 { r.below(6) } else { 0 }];
    let n: usize = shape.iter().product();
    let dtype = DType::ALL[r.below(DType::ALL.len())];
    let bytes = r.bytes(n * 16);
    match dtype {
        // Readable numbers: random bits are mostly huge or tiny.
        DType::F32 => {
            Array::from_slice(&bytes.iter().take(n).map(|b| f32::from(*b) / 16.0 - 4.0).collect::<Vec<_>>(), shape)
                .unwrap()
        }
        DType::F64 => {
            Array::from_slice(&bytes.iter().take(n).map(|b| f64::from(*b) / 16.0 - 4.0).collect::<Vec<_>>(), shape)
                .unwrap()
        }
        d @ (DType::F16 | DType::BF16) => {
            let values: Vec<f32> = bytes.iter().take(n).map(|b| f32::from(*b) / 16.0 - 4.0).collect();
            Lazy::from(Array::from_slice(&values, shape).unwrap()).cast(d).collect().unwrap()
        }
        d @ (DType::C64 | DType::C128) => {
            let part = |b: u8| f64::from(b) / 16.0 - 4.0;
            let values: Vec<_> = bytes.chunks(2).take(n).map(|b| Complex::new(part(b[0]), part(b[1]))).collect();
            Lazy::from(Array::from_slice(&values, shape).unwrap()).cast(d).collect().unwrap()
        }
        d => array_of(d, shape, &bytes[..n * d.size()]),
    }
    .into()
}

/// One more step; a step that is not legal leaves the expression as it was.
fn step(r: &mut Random, x: &Lazy, other: &Lazy) -> Lazy {
    let rank = x.ndim().unwrap();
    let axis = r.below(rank.max(1)) as isize;
    let next = match r.below(38) {
        0 => x + other,
        1 => x - other,
        2 => x * other,
        3 => x / other,
        4 => x.minimum(other),
        5 => x.maximum(other),
        6 => x.clip(1, 50),
        7 => x.f32(),
        8 => x.u8(),
        9 => x.cast(DType::ALL[r.below(DType::ALL.len())]),
        10 => x.sqrt(),
        11 => x.f32().pow(0.8),
        12 => -x,
        13 => x.absolute(),
        14 => x.less(other).where_(x, other),
        15 => x.mean(axis).keepdims(),
        16 => x.f32().mean((1, 2, 3)).keepdims(),
        17 => x.sum(axis).keepdims(),
        18 => x.max(axis).keepdims(),
        19 => x.flip(axis),
        20 => x.slice_axis(axis, Some(r.below(3) as isize), None, Some(1 + r.below(2) as isize)),
        21 => x.floor_divide(other),
        22 => x.remainder(3),
        23 => x.diff(axis),
        24 => x.logical_and(other),
        25 => x.real(),
        26 => x.imag(),
        27 => x.conj(),
        28 => x.angle(),
        29 => x.min(axis).keepdims(),
        30 => x * Complex::new(0.5, -2.0),
        31 => x.i64(),
        32 => (x.i32() - other.i32()).absolute(),
        33 => (x.i16() - other.i64()).absolute() + 3,
        34 => x.var(axis).keepdims(),
        35 => x.cast(DType::I8).std((1, 2)).keepdims(),
        36 => (x.f32() * 0.5).permute_dims((0, 2, 1, 3)),
        _ => x.f32() / 255.0,
    };
    if next.meta().is_ok_and(|m| m.shape.iter().product::<usize>() < 20_000) { next } else { x.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn optimised_equals_unoptimised(seed in 1u64..u64::MAX, threads in 1usize..4) {
        let mut r = Random(seed);
        let [x, y] = walk(&mut r, leaf, step, 9);
        let wanted = [x.clone(), y.clone()];
        let meaning = reference::collect(&wanted).unwrap();
        let isas = Isa::available();
        let isa = isas[r.below(isas.len())];
        let options = RunOptions { threads, isa: Some(isa), ..RunOptions::default() };
        let fast = opusclip_engine::collect_all(&wanted, &options).unwrap();
        for (a, b) in fast.iter().zip(&meaning) {
            assert_same(&format!("seed {seed} on {}\n{}", isa.name(), x.explain()), a, b);
        }
    }
}

/// What a seed composes of two arrays.
fn composed(seed: u64, mut x: Lazy, mut y: Lazy) -> [Lazy; 2] {
    let mut r = Random(seed);
    for _ in 0..1 + r.below(9) {
        let next = step(&mut r, &x, &y);
        if r.below(4) == 0 {
            y = x;
        }
        x = next;
    }
    [x, y]
}

#[test]
fn traced_equals_untraced() {
    for seed in 1..400u64 {
        let seed = seed * 104_729;
        let mut r = Random(seed);
        let (x, y) = (leaf(&mut r), leaf(&mut r));
        let traced = jit(|[x, y]| composed(seed, x, y));
        let options = RunOptions { threads: 1 + r.below(3), ..RunOptions::default() };
        // The second call runs a plan that has run for other data.
        for (x, y) in [(&x, &y), (&x.flip(0), &y), (&x, &y)] {
            let fast = traced.call_with([x, y], &options).unwrap();
            let meaning = reference::collect(&composed(seed, x.clone(), y.clone())).unwrap();
            for (a, b) in fast.iter().zip(&meaning) {
                assert_same(&format!("seed {seed}\n{}", composed(seed, x.clone(), y.clone())[0].explain()), a, b);
            }
        }
        assert_eq!(traced.traces(), 1);
    }
}
