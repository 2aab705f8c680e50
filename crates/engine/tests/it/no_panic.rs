//! No public call panics, whatever it is given: every op of the registry with arguments right and
//! wrong, on arrays empty, 0-d, reversed, stepped, repeated and of more elements than there is
//! memory; and every look at an array. The answer is an array or an error of one line.

use std::collections::HashSet;

use opusclip_engine::api::call::{Arg, call_all, rows};
use opusclip_engine::array::{DebugOptions, PrintOptions};
use opusclip_engine::lazy::Op;
use opusclip_engine::ops::{Family, ParamKind, Preset, Row};
use opusclip_engine::{Array, DType, Element, Lazy, RunOptions};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// An array: its type, the shape of its memory and what is done to it.
#[derive(Clone, Debug)]
struct Given {
    dtype: usize,
    shape: Vec<usize>,
    moves: Vec<Move>,
}

#[derive(Clone, Debug)]
enum Move {
    Reverse(usize),
    Step(usize, isize),
    Turn,
    Tail(usize),
    Repeat(usize),
}

/// An argument before its array exists.
#[derive(Clone, Debug)]
enum Spec {
    /// What the row asks for at this place.
    Right(u8),
    Array(usize),
    Float(f64),
    Int(i64),
    Bool(bool),
    None,
    Ints(Vec<isize>),
    DType(usize),
    Keyword(u8, Box<Spec>),
    Wrong,
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0usize..5, 1 => Just(1), 1 => Just(17)]
}

/// Many elements, some more than 2^31, some as many as a 64-bit address has.
fn many() -> impl Strategy<Value = usize> {
    prop_oneof![Just(3usize), Just(1 << 33), Just(1 << 62), Just(usize::MAX)]
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0usize..4).prop_map(Move::Reverse),
        ((0usize..4), prop_oneof![Just(2isize), Just(-2), Just(-1), Just(isize::MAX), Just(isize::MIN)])
            .prop_map(|(a, s)| Move::Step(a, s)),
        Just(Move::Turn),
        (0usize..4).prop_map(Move::Tail),
        many().prop_map(Move::Repeat),
    ]
}

fn given() -> impl Strategy<Value = Given> {
    (0..DType::ALL.len(), vec(length(), 0..4), vec(moves(), 0..3)).prop_map(|(dtype, shape, moves)| Given {
        dtype,
        shape,
        moves,
    })
}

fn whole() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => -4i64..5,
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, i64::MIN + 1, 1 << 31, -(1 << 31), 1 << 33, 255, 256, 64]),
    ]
}

fn real() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![
        0.0,
        -0.0,
        0.5,
        2.0,
        -1.5,
        300.0,
        1e300,
        1e-310,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ])
}

fn spec() -> impl Strategy<Value = Spec> {
    let plain = prop_oneof![
        12 => any::<u8>().prop_map(Spec::Right),
        2 => (0usize..3).prop_map(Spec::Array),
        1 => real().prop_map(Spec::Float),
        1 => whole().prop_map(Spec::Int),
        1 => any::<bool>().prop_map(Spec::Bool),
        1 => Just(Spec::None),
        1 => vec(whole().prop_map(|v| v as isize), 0..5).prop_map(Spec::Ints),
        1 => (0..DType::ALL.len()).prop_map(Spec::DType),
        1 => Just(Spec::Wrong),
    ];
    plain.prop_recursive(2, 4, 1, |inner| {
        prop_oneof![5 => inner.clone(), 1 => (any::<u8>(), inner).prop_map(|(k, s)| Spec::Keyword(k, Box::new(s)))]
    })
}

fn filled<T: Element>(shape: &[usize], from: impl Fn(usize) -> T) -> Array {
    let n = shape.iter().product();
    Array::from_vec((0..n).map(from).collect(), shape).unwrap()
}

/// The memory of a [`Given`]: small values, the type's edges, and for floats NaN and infinities.
fn memory(dtype: DType, shape: &[usize]) -> Array {
    let plain = filled(shape, |i| [0.0, 1.0, 2.0, 100.0, -1.0, f64::NAN, f64::INFINITY, 0.25, -1e300][i % 9]);
    let edges = filled(shape, |i| [0, 1, 2, 100, -1, i64::MAX, i64::MIN, 63, 64][i % 9]);
    let source: Lazy = if dtype.is_integer() { edges.into() } else { plain.into() };
    source.cast(dtype).collect().unwrap()
}

fn array(given: &Given) -> Array {
    let mut a = memory(DType::ALL[given.dtype % DType::ALL.len()], &given.shape);
    for m in &given.moves {
        let rank = a.ndim().max(1);
        if a.size() > 1 << 16 && !matches!(m, Move::Repeat(_)) {
            // Collecting is what copies it.
            continue;
        }
        let lazy = Lazy::from(a.clone());
        let moved = match *m {
            Move::Reverse(axis) => lazy.flip((axis % rank) as i32).collect(),
            Move::Step(axis, step) => lazy.slice_axis((axis % rank) as isize, None, None, Some(step)).collect(),
            Move::Tail(axis) => lazy.slice_axis((axis % rank) as isize, Some(1), None, None).collect(),
            Move::Turn => lazy.permute_dims(()).collect(),
            Move::Repeat(n) => a.broadcast_view(&[&[n], a.shape()].concat()),
        };
        // A step along an axis that is not there, or more elements than can be counted.
        a = moved.unwrap_or(a);
    }
    a
}

fn argument(spec: &Spec, at: usize, row: &Row, arrays: &[Array]) -> Arg {
    match spec {
        Spec::Right(n) => {
            let small = isize::from(*n % 5) - 2;
            let kind = row.params.get(at).map(|p| p.kind);
            match kind {
                Some(ParamKind::Array) => Arg::Array(arrays[*n as usize % arrays.len()].clone().into()),
                Some(ParamKind::DType) => Arg::DType(DType::ALL[*n as usize % DType::ALL.len()]),
                Some(ParamKind::Shape) => Arg::Ints(vec![[-1, 1, 0, 6, 2][*n as usize % 5], small]),
                Some(ParamKind::Axes) if n % 3 == 0 => Arg::None,
                Some(ParamKind::Axes) if n % 3 == 1 => Arg::Ints(vec![small, 1]),
                Some(ParamKind::Arrays | ParamKind::Operands) => {
                    Arg::Arrays(arrays.iter().take(*n as usize % 3 + 1).cloned().map(Lazy::from).collect())
                }
                Some(ParamKind::Ints) => Arg::Ints(vec![small; *n as usize % 4]),
                Some(ParamKind::Float) => Arg::Float(f64::from(*n) / 16.0 - 2.0),
                Some(ParamKind::Number) if n % 2 == 0 => Arg::Float(f64::from(*n) / 8.0 - 4.0),
                Some(ParamKind::Bool) => Arg::Bool(n % 2 == 0),
                // The preset is one of the words; the others are tried by the sweep.
                Some(ParamKind::Text) => match row.params.get(at).map(|p| p.preset) {
                    Some(Preset::Text(word)) => Arg::Text(word.into()),
                    _ => Arg::Text("full".into()),
                },
                Some(ParamKind::Axes | ParamKind::Axis | ParamKind::Int | ParamKind::Number) | None => {
                    Arg::Int(small as i64)
                }
            }
        }
        Spec::Array(n) => Arg::Array(arrays[*n % arrays.len()].clone().into()),
        Spec::Float(v) => Arg::Float(*v),
        Spec::Int(v) => Arg::Int(*v),
        Spec::Bool(v) => Arg::Bool(*v),
        Spec::None => Arg::None,
        Spec::Ints(v) => Arg::Ints(v.clone()),
        Spec::DType(d) => Arg::DType(DType::ALL[*d % DType::ALL.len()]),
        Spec::Wrong => Arg::Array(Lazy::from(arrays[0].clone()).reshape([-1, -1])),
        Spec::Keyword(k, inner) => {
            let k = *k as usize;
            let names: Vec<&str> = row.params.iter().map(|p| p.name).chain(["keepdims", "no_such_name"]).collect();
            let at = k % names.len();
            Arg::Keyword(names[at].into(), Box::new(argument(inner, at, row, arrays)))
        }
    }
}

/// Elements that a run would read or make; views count only where they are the result.
fn work(lazy: &Lazy) -> usize {
    let mut seen = HashSet::new();
    let (mut stack, mut total) = (vec![lazy.clone()], lazy.size().unwrap_or(0));
    while let Some(l) = stack.pop() {
        if !seen.insert(l.id()) {
            continue;
        }
        if !l.inputs().is_empty() {
            total = total.saturating_add(l.size().unwrap_or(0));
        }
        for input in l.inputs() {
            if !matches!(l.op(), Op::Movement(_)) {
                total = total.saturating_add(input.size().unwrap_or(0));
            }
            stack.push(input.clone());
        }
    }
    total
}

fn one_line(text: &str) {
    assert!(!text.is_empty() && !text.contains('\n') && !text.starts_with("internal"), "{text}");
}

/// Everything that can be asked of an expression, and of its array where that is little work.
fn look(lazy: &Lazy) {
    let info = lazy.debug();
    let _ = (info.to_string(), lazy.explain(), lazy.ndim(), lazy.nbytes());
    one_line(&lazy.to_string());
    if work(lazy) > 20_000 {
        return;
    }
    let options = RunOptions { threads: 1, memory_limit: Some(1 << 28), ..RunOptions::default() };
    match lazy.collect_with(&options) {
        Ok(a) => {
            assert_eq!((a.shape(), a.dtype()), (lazy.shape().unwrap(), lazy.dtype().unwrap()));
            look_at(&a);
        }
        Err(e) => {
            one_line(&e.to_string());
            // The plan knew the limit; the system is not asked for what will not do.
            assert!(!e.to_string().contains("the system has not"), "{e}\n{}", lazy.explain());
        }
    }
}

/// Everything that can be asked of an array.
fn look_at(a: &Array) {
    let odd = PrintOptions { precision: 0, threshold: 2, edgeitems: 1, linewidth: 3, suppress: true };
    let _ = (a.to_string(), a.repr(), a.to_text(&odd), a.repr_with(&odd), format!("{a:?}").len());
    let stats = a.size() == 0 || a.base_nbytes() < 1 << 20 && a.size() < 1 << 16;
    let _ = a.debug_with(&DebugOptions { stats, first: 3 }).to_string();
    let _ = (a.byte_strides(), a.is_view(), a.alignment(), a.memory(), a.item(), a.is_f_contiguous());
    let _ = (a.get(&vec![0; a.ndim()]), a.get(&vec![usize::MAX; a.ndim()]), a.get(&[1]));
    if let Ok(rows) = a.rows() {
        rows.take(2).for_each(|r| assert_eq!(r.ndim() + 1, a.ndim()));
    }
    if a.size() < 1 << 16 {
        assert_eq!(a.to_f64_vec().unwrap().len(), a.size());
        assert_eq!(a.to_contiguous().unwrap().contiguous_bytes().unwrap().len(), a.nbytes());
    }
    let first = a.iter::<u8>().map(|mut i| i.next());
    assert_eq!(first.is_ok(), a.dtype() == DType::U8);
}

fn runner(cases: u32) -> TestRunner {
    // The same calls on every run; another `OPUSCLIP_SEED` makes others.
    let seed = std::env::var("OPUSCLIP_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_124);
    TestRunner::new(Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..Config::default() })
}

#[test]
fn every_op_answers_or_refuses() {
    for row in rows() {
        let inputs = (vec(given(), 3), vec(spec(), 0..row.params.len() + 2), any::<bool>());
        let checked = runner(60).run(&inputs, |(given, mut specs, full)| {
            let mut arrays: Vec<Array> = given.iter().map(array).collect();
            if row.family == Family::Eager {
                // What is computed at once takes its time: no arrays of more elements than fit memory.
                arrays.retain(|a| a.size() < 1 << 12);
                arrays.push(Array::zeros(DType::F32, &[2, 3]).unwrap());
            }
            // Half of the calls have as many arguments as the row has places.
            if full {
                specs.resize(row.params.len(), Spec::Right(7));
            }
            let args: Vec<Arg> = specs.iter().enumerate().map(|(i, s)| argument(s, i, &row, &arrays)).collect();
            match call_all(row.name, &args) {
                Ok(all) => {
                    for lazy in all.iter().take(4) {
                        look(lazy);
                        // What comes out goes into the next one.
                        look(&(lazy + lazy).sum(()));
                        look(&lazy.slice_axis(0, Some(-2), None, Some(-1)));
                    }
                }
                Err(e) => one_line(&e.to_string()),
            }
            Ok(())
        });
        if let Err(e) = checked {
            panic!("{}: {e}", row.name);
        }
    }
}

#[test]
fn every_array_can_be_looked_at() {
    runner(2000)
        .run(&given(), |given| {
            look_at(&array(&given));
            Ok(())
        })
        .unwrap();
}

#[test]
fn operators_answer_or_refuse() {
    runner(500)
        .run(&(given(), given(), whole(), real()), |(a, b, int, float)| {
            let (x, y) = (Lazy::from(array(&a)), Lazy::from(array(&b)));
            for z in [&x + &y, &x - &y, &x * &y, &x / &y, &x % &y, -&x, &x + int, &x / float, 2 * &x, &y % int] {
                look(&z);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn lists_of_shapes_and_broadcasts_answer_or_refuse() {
    let lengths =
        || vec(prop_oneof![3 => -2isize..6, 1 => Just(isize::MAX), 1 => Just(isize::MIN), 1 => Just(1 << 33)], 0..5);
    runner(2000)
        .run(&(given(), lengths()), |(a, to)| {
            let a = array(&a);
            let x = Lazy::from(a.clone());
            look(&x.reshape(to.clone()));
            look(&x.broadcast_to(to.clone()));
            look(&x.permute_dims(to.clone()));
            let unsigned: Vec<usize> = to.iter().map(|&d| d as usize).collect();
            match a.broadcast_view(&unsigned) {
                Ok(view) => look_at(&view),
                Err(e) => one_line(&e.to_string()),
            }
            if let Err(e) = Array::zeros(a.dtype(), &[&unsigned[..], &[0]].concat()) {
                one_line(&e.to_string());
            }
            Ok(())
        })
        .unwrap();
}
