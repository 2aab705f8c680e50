//! Traced functions: planned once, right for other data, one kernel.

use std::cell::{Cell, RefCell};

use opusclip_engine::jit::Traces;
use opusclip_engine::{Array, DType, ErrState, Lazy, Monitor, OnError, RunOptions, jit};

use crate::stream::Made;
use crate::support::{Random, assert_same, grade, of, refused};

fn floats(seed: u64, shape: &[usize]) -> Array {
    let n = shape.iter().product();
    let values: Vec<f32> = Random(seed).bytes(n).iter().map(|b| f32::from(*b) / 32.0 - 2.0).collect();
    Array::from_slice(&values, shape).unwrap()
}

fn bytes(seed: u64, shape: &[usize]) -> Array {
    Array::from_slice(&Random(seed).bytes(shape.iter().product()), shape).unwrap()
}

fn tone(x: &Lazy, k: &Lazy) -> Lazy {
    x.greater(k).where_(x, x * x / k)
}

#[test]
fn a_second_call_pays_no_planning_and_sees_its_own_data() {
    let calls = Cell::new(0);
    let traced = jit(|[x, k]| {
        calls.set(calls.get() + 1);
        tone(&x, &k)
    });
    let monitor = Monitor::new();
    for round in 1..5 {
        let (x, k) = (floats(round, &[100, 90]), floats(round + 50, &[90]));
        let options = RunOptions { monitor: monitor.clone(), ..RunOptions::default() };
        let made = traced.call_with([&x, &k], &options).unwrap();
        assert_same("tone", &made, &tone(&x.into(), &k.into()).collect().unwrap());
    }
    assert_eq!((monitor.plans(), monitor.plans_reused(), monitor.eager()), (1, 3, 0));
    assert_eq!((calls.get(), traced.traces()), (1, 1));
    // Another shape, another type, and the first again.
    traced.call([&floats(1, &[5]), &floats(2, &[1])]).unwrap();
    traced.call([&bytes(1, &[100, 90]), &bytes(2, &[90])]).unwrap();
    traced.call([&floats(1, &[100, 90]), &floats(2, &[90])]).unwrap();
    assert_eq!((calls.get(), traced.traces()), (3, 3));
}

#[test]
fn comparisons_and_where_are_one_kernel() {
    let traced = jit(|[x, k]| tone(&x, &k));
    let plan = traced.explain([&floats(1, &[100, 90]), &floats(2, &[90])]).unwrap();
    assert_eq!(plan.matches("fused(").count(), 1, "{plan}");
    assert!(plan.contains("argument 0") && plan.contains("argument 1"), "{plan}");
    let monitor = Monitor::new();
    let options = RunOptions { threads: 1, monitor: monitor.clone(), ..RunOptions::default() };
    traced.call_with([&floats(1, &[100, 90]), &floats(2, &[90])], &options).unwrap();
    let run = &monitor.history()[0];
    assert_eq!(run.nodes.iter().filter(|n| n.what == "fused").count(), run.nodes.len(), "{run}");
}

#[test]
fn tables_are_those_of_the_call() {
    let traced = jit(|[x]| grade(&x));
    for seed in 1..4 {
        let x = bytes(seed, &[3, 48, 64, 3]);
        let monitor = Monitor::new();
        let options = RunOptions { monitor: monitor.clone(), ..RunOptions::default() };
        let made = traced.call_with([&x], &options).unwrap();
        assert_same("grade", &made, &grade(&x.into()).collect().unwrap());
        assert!(monitor.tables() > 0 && monitor.counted() > 0 && monitor.blocks() == 0, "{monitor:?}");
    }
    // A table that holds for all frames depends on a number that differs from call to call.
    let scaled = jit(|[x, k]| (x.f32() * k).u8());
    let x = bytes(9, &[4, 64, 64]);
    for k in [0.5f32, 0.25] {
        let k = Array::from_slice(&[k], &[]).unwrap();
        let made = scaled.call([&x, &k]).unwrap();
        assert_same("scaled", &made, &(Lazy::from(x.clone()).f32() * &k).u8().collect().unwrap());
    }
    assert_eq!(scaled.traces(), 1);
}

#[test]
fn few_numbers_need_no_plan() {
    let traced = jit(|[x, y]| &x * 2.0 + y.sum(()));
    let monitor = Monitor::new();
    for n in 0..3 {
        let x = of(&[f64::from(n), 2.0], &[2]);
        let options = RunOptions { monitor: monitor.clone(), ..RunOptions::default() };
        let made = traced.call_with([&x, &of(&[1.0f64, 5.0], &[2])], &options).unwrap();
        assert_eq!(made.to_vec::<f64>().unwrap(), [f64::from(n) * 2.0 + 6.0, 10.0]);
    }
    assert_eq!((monitor.eager(), monitor.plans(), monitor.plans_reused()), (3, 1, 2));
}

#[test]
fn results_come_as_they_are_given() {
    let x = of(&[1.0f64, 2.0], &[2]);
    let (a, b) = jit(|[x]| (&x + 1.0, x.sum(()))).call([&x]).unwrap();
    assert_eq!((a.to_vec::<f64>().unwrap(), b.get_f64(&[]).unwrap()), (vec![2.0, 3.0], 3.0));
    let [a, b, c] = jit(|[x]| [x.clone(), -&x, x.flip(0)]).call([&x]).unwrap();
    assert_eq!([a, b, c].map(|a| a.get_f64(&[0]).unwrap()), [1.0, -1.0, 2.0]);
    let many = jit(|[x]| (0..3).map(|n| &x + n).collect::<Vec<_>>()).call([&x]).unwrap();
    assert_eq!(many.len(), 3);
    assert_eq!(jit(|[]: [Lazy; 0]| of(&[1u8], &[1])).call::<Lazy>([]).unwrap().size(), 1);
    // Arguments that go straight through, too many of them for the short way.
    let (large, number) = (floats(1, &[70, 40]), Array::from_slice(&[2.0f32], &[]).unwrap());
    let (a, b, c) = jit(|[x, y]| (x.clone(), y.clone(), x * y)).call([&large, &number]).unwrap();
    assert_same("through", &a, &large);
    assert_same("through", &b, &number);
    assert_same("product", &c, &(Lazy::from(large) * &number).collect().unwrap());
    // A number is an array of NumPy's type for it; an expression is computed first.
    let half = jit(|[x]| x / 2);
    assert_eq!(half.call([3.0]).unwrap().dtype(), DType::F64);
    assert_eq!(half.call([&x + 1.0]).unwrap().to_vec::<f64>().unwrap(), [1.0, 1.5]);
    assert_eq!(half.inline([&x]).collect().unwrap().to_vec::<f64>().unwrap(), [0.5, 1.0]);
}

#[test]
fn a_function_that_looks_at_data_is_refused() {
    let x = of(&[1.0f64, 2.0], &[2]);
    let message = "jit: a traced function has no data to look at: it is called once for each shape and type; \
                   compute outside of it, or call it without jit";
    let looks = jit(|[x]| x.sum(()).collect().map(|s| Lazy::from(s) + &x));
    assert_eq!(looks.call([&x]).unwrap_err().without_place().to_string(), message);
    let shape_of_data = jit(|[x]| x.nonzero());
    assert_eq!(shape_of_data.call([&x]).unwrap_err().without_place().to_string(), message);
    // A call of one inside another; composing it instead is fine.
    let inner = jit(|[x]| &x * 3.0);
    let outer = jit(|[x]| inner.call([&x]).map(Lazy::from));
    assert_eq!(outer.call([&x]).unwrap_err().without_place().to_string(), message);
    let outer = jit(|[x]| inner.inline([&x]) + 1.0);
    assert_eq!(outer.call([&x]).unwrap().to_vec::<f64>().unwrap(), [4.0, 7.0]);
    // An argument that was carried out of its trace.
    let kept = RefCell::new(None);
    let leaks = jit(|[x]| {
        let before = kept.replace(Some(x.clone()));
        before.map_or(x.clone(), |b| b + &x)
    });
    leaks.call([&x]).unwrap();
    assert_eq!(refused(kept.borrow().as_ref().unwrap()), message);
    assert!(leaks.call([&of(&[1.0f32], &[1])]).is_err());
}

#[test]
fn errors_are_those_of_the_expression_and_are_not_kept() {
    let adds = jit(|[x, y]| x + y);
    let (a, b) = (floats(1, &[3]), floats(1, &[4]));
    let plain = refused(&(Lazy::from(a.clone()) + &b));
    for _ in 0..2 {
        assert_eq!(adds.call([&a, &b]).unwrap_err().without_place().to_string(), plain);
    }
    adds.call([&a, &a]).unwrap();
    assert_eq!(adds.traces(), 3);
    // Watched runs have plans of their own.
    let divides = jit(|[x, y]| x / y);
    let zero = of(&[0.0f64, 0.0], &[2]);
    divides.call([&zero, &zero]).unwrap();
    let errors = ErrState { invalid: OnError::Raise, ..ErrState::IGNORE };
    let options = RunOptions { errors, ..RunOptions::default() };
    assert!(divides.call_with([&zero, &zero], &options).is_err());
    divides.call([&zero, &zero]).unwrap();
    assert_eq!(divides.traces(), 2);
}

#[test]
fn the_plan_used_longest_ago_goes_first() {
    let traces = Traces::new(2);
    let call = |n: usize| {
        let x: Lazy = Array::zeros(DType::F32, &[n]).unwrap().into();
        traces.call(&[x], &RunOptions::default(), |args| Ok(vec![&args[0] + 1.0])).unwrap()
    };
    for n in [1, 2, 1, 3, 1] {
        assert_eq!(call(n)[0].size(), n);
    }
    assert_eq!((traces.made(), traces.kept()), (3, 2));
    call(2);
    assert_eq!(traces.made(), 4);
    traces.clear();
    assert_eq!(traces.kept(), 0);
}

#[test]
fn threads_share_one_function() {
    let traces = Traces::new(4);
    std::thread::scope(|scope| {
        for t in 0..4u64 {
            let traces = &traces;
            scope.spawn(move || {
                for round in 0..20 {
                    let x = floats(1 + t * 100 + round, &[40, 50]);
                    let f = |args: &[Lazy]| Ok(vec![args[0].clip(0, 1).sum(1)]);
                    let made = traces.call(&[x.clone().into()], &RunOptions::default(), f).unwrap();
                    assert_same("sum", &made[0], &Lazy::from(x).clip(0, 1).sum(1).collect().unwrap());
                }
            });
        }
    });
    assert!(traces.kept() == 1 && traces.made() <= 4);
}

#[test]
fn arguments_that_stream_are_read_once_together() {
    let v = Made::new(20, vec![]).lazy();
    let monitor = Monitor::new();
    let options = RunOptions { monitor: monitor.clone(), threads: 2, ..RunOptions::default() };
    let away = jit(|[a, b, c]| (a - b) * c);
    let (low, mean) = (v.f32().min(0), v.f32().mean(0));
    let made = away.call_with([&low, &mean, &of(&[2.0f32], &[])], &options).unwrap();
    assert_same("both", &made, &((low - mean) * 2.0f32).collect().unwrap());
    assert_eq!(monitor.frames_read(), 20);
}

#[test]
fn strided_arguments_and_functions_that_panic() {
    let x = floats(3, &[40, 50]);
    let turned = Lazy::from(x.clone()).permute_dims((1, 0)).index((.., 3..)).collect().unwrap();
    let f = jit(|[x, k]| tone(&x, &k));
    let k = of(&[0.25f32], &[]);
    assert_same(
        "strided",
        &f.call([&Lazy::from(turned.clone()), &k]).unwrap(),
        &tone(&turned.into(), &k).collect().unwrap(),
    );
    // The panic is the closure's; the plans of other calls are still there.
    let calls = Cell::new(0);
    let wild = jit(|[x]| {
        calls.set(calls.get() + 1);
        assert!(x.shape().unwrap() != [2, 2], "no squares");
        x * 2
    });
    let call = |shape: &[usize]| wild.call([floats(1, shape)]);
    let before = call(&[3, 2]).unwrap();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call(&[2, 2])));
    assert!(caught.is_err());
    assert_same("after", &call(&[3, 2]).unwrap(), &before);
    assert_eq!(calls.get(), 2);
}
