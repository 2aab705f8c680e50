//! Few numbers are computed at once: the same bits as through a plan, and without one.

use opusclip_engine::exec::reference;
use opusclip_engine::{Array, DType, ErrState, Isa, Lazy, Monitor, OnError, Output, RunOptions, collect_all, run};

use crate::support::{Random, array_of, assert_same, of, walk};

fn leaf(r: &mut Random) -> Lazy {
    let shapes: [&[usize]; 8] = [&[], &[1], &[3], &[2, 3], &[4, 1, 3], &[5, 2, 3], &[0, 3], &[2, 5, 7]];
    let shape = shapes[r.below(shapes.len())];
    let n = shape.iter().product::<usize>();
    let dtype = DType::ALL[r.below(DType::ALL.len())];
    let bytes = r.bytes(n * 16);
    let array = match dtype {
        DType::Bool => array_of(dtype, shape, &bytes[..n].iter().map(|b| b & 1).collect::<Vec<_>>()),
        d if d.is_integer() => array_of(d, shape, &bytes[..n * d.size()]),
        d => {
            let values: Vec<f64> = bytes[..n].iter().map(|b| f64::from(*b) / 16.0 - 4.0).collect();
            return Lazy::from(Lazy::from(Array::from_slice(&values, shape).unwrap()).cast(d).collect().unwrap());
        }
    };
    array.into()
}

fn step(r: &mut Random, x: &Lazy, y: &Lazy) -> Lazy {
    let rank = x.ndim().unwrap();
    let axis = r.below(rank.max(1)) as isize;
    let next = match r.below(26) {
        0 => x + y,
        1 => x - y,
        2 => x * 1.5,
        3 => x / y,
        4 => x.sqrt(),
        5 => x.exp(),
        6 => x.less(y).where_(x, y),
        7 => x.clip(0, 3),
        8 => x.sum(axis),
        9 => x.mean(()),
        10 => x.max(axis).keepdims(),
        11 => x.min(()),
        12 => x.any(axis),
        13 => x.all(()),
        14 => x.flip(axis),
        15 => x.slice_axis(axis, Some(1), None, Some(2)),
        16 => x.reshape([-1]),
        17 => x.cast(DType::ALL[r.below(DType::ALL.len())]),
        18 => x.i16().u8(),
        19 => x.broadcast_to([3, 2, 3]),
        20 => x.permute_dims((0..rank as isize).rev().collect::<Vec<_>>()),
        21 => x.pow(2),
        22 => x.maximum(y),
        23 => x.f32().sum(axis),
        24 => -x,
        _ => x + 1,
    };
    if next.meta().is_ok_and(|m| m.shape.iter().product::<usize>() <= 256) { next } else { x.clone() }
}

#[test]
fn small_expressions_are_the_same_at_once_and_by_plan() {
    let mut at_once = 0;
    for seed in 1..4000 {
        let mut r = Random(seed * 7919);
        let [x, y] = walk(&mut r, leaf, step, 8);
        let isas = Isa::available();
        let isa = Some(isas[r.below(isas.len())]);
        let monitor = Monitor::new();
        let options = RunOptions { isa, monitor: monitor.clone(), ..RunOptions::default() };
        let fast = collect_all(&[x.clone(), y.clone()], &options).unwrap();
        at_once += monitor.eager();
        let planned = run(vec![Output::Collect(x.clone()), Output::Collect(y.clone())], &options).unwrap().arrays;
        let meaning = reference::collect(&[x.clone(), y]).unwrap();
        for ((a, b), c) in fast.iter().zip(&planned).zip(&meaning) {
            let what = format!("seed {seed}\n{}", x.explain());
            assert_same(&what, a, b);
            assert_same(&what, a, c);
        }
    }
    assert!(at_once > 3900, "{at_once}");
}

#[test]
fn it_is_counted_and_explained() {
    let x = of(&[1.0f64, 2.0, 3.0], &[3]);
    let y = &x * 2.0 + 1.0;
    let monitor = Monitor::new();
    let made = y.collect_with(&RunOptions { monitor: monitor.clone(), ..RunOptions::default() }).unwrap();
    assert_eq!(made.to_vec::<f64>().unwrap(), [3.0, 5.0, 7.0]);
    assert_eq!((monitor.eager(), monitor.plans(), monitor.blocks()), (1, 0, 0));
    assert!(monitor.wall_nanos() > 0);
    assert!(y.explain().ends_with("so few numbers are computed at once, an op at a time, without this plan\n"));
}

#[test]
fn what_asks_for_more_than_values_is_planned() {
    let x = of(&[1.0f64, 0.0, 3.0], &[3]);
    let y = 1.0 / &x;
    let monitor = Monitor::new();
    let with = |options: RunOptions| y.collect_with(&RunOptions { monitor: monitor.clone(), ..options });
    with(RunOptions { memory_limit: Some(1 << 30), ..RunOptions::default() }).unwrap();
    assert!(matches!(
        with(RunOptions { memory_limit: Some(16), ..RunOptions::default() }),
        Err(opusclip_engine::Error::Memory { .. })
    ));
    let raise = ErrState { divide: OnError::Raise, ..ErrState::IGNORE };
    assert!(with(RunOptions { errors: raise, ..RunOptions::default() }).is_err());
    let options = RunOptions::default();
    options.cancel.cancel();
    assert!(with(options).is_err());
    assert_eq!((monitor.eager(), monitor.plans()), (0, 4));
    // Large arrays, many steps, and ops that need their whole input.
    let large: Lazy = Array::zeros(DType::F64, &[1100]).unwrap().into();
    let mut long = x.clone();
    for _ in 0..40 {
        long = long + 1.0;
    }
    for lazy in [large + 1.0, long, x.sort(0)] {
        let monitor = Monitor::new();
        lazy.collect_with(&RunOptions { monitor: monitor.clone(), ..RunOptions::default() }).unwrap();
        assert_eq!((monitor.eager(), monitor.plans()), (0, 1));
    }
}

#[test]
fn a_result_does_not_keep_what_it_looks_at() {
    let x = of(&[1u8, 2, 3, 4], &[4]);
    let view = x.flip(0).collect().unwrap();
    assert!(view.is_contiguous());
    assert_eq!(view.to_vec::<u8>().unwrap(), [4, 3, 2, 1]);
    let part = x.slice_axis(0, Some(1), Some(2), None).collect().unwrap();
    assert_eq!((part.to_vec::<u8>().unwrap(), part.debug().base_nbytes), (vec![2], 1));
    assert!(Lazy::failed(opusclip_engine::Error::value("x", "no")).collect().is_err());
}
