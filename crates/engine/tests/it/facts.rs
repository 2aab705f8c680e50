//! Each fact on a row, on all 8-bit values or pairs of them.

use opusclip_engine::api::call::{Arg, call, rows};
use opusclip_engine::{Array, DType, Lazy};

fn ramp(dtype: DType) -> Lazy {
    let bytes: Vec<u8> = (0..=255).collect();
    crate::support::array_of(dtype, &[256], &bytes).into()
}

fn same(what: &str, a: &Lazy, b: &Lazy) {
    crate::support::assert_same(what, &a.collect().unwrap(), &b.collect().unwrap());
}

#[test]
fn facts_hold_on_all_bytes() {
    let mut held = 0;
    for row in rows() {
        for dtype in [DType::U8, DType::I8] {
            let x = ramp(dtype);
            let at = |l: &Lazy| Arg::Array(l.clone());
            if row.commutes {
                let (a, b) = (x.reshape([256, 1]), x.reshape([1, 256]));
                let ab = call(row.name, &[at(&a), at(&b)]).unwrap();
                let ba = call(row.name, &[at(&b), at(&a)]).unwrap();
                same(row.name, &ab, &ba);
                held += 1;
            }
            if let Some(e) = row.identity {
                let y = call(row.name, &[at(&x), Arg::Int(e)]).unwrap();
                let wide = x.cast(y.dtype().unwrap());
                same(row.name, &y, &wide);
                held += 1;
            }
            let twice = |f: &dyn Fn(&Lazy) -> Lazy| (f(&x), f(&f(&x)));
            let apply = |l: &Lazy| call(row.name, &[at(l)]).unwrap();
            if row.involution {
                let (_, two) = twice(&apply);
                same(row.name, &two, &x);
                held += 1;
            }
            if row.idempotent {
                let (one, two) = twice(&apply);
                same(row.name, &two, &one);
                held += 1;
            }
        }
    }
    assert!(held > 40, "{held}");
}

#[test]
fn every_row_is_complete_and_every_name_is_one() {
    let rows = rows();
    assert!(rows.len() >= 50, "{}", rows.len());
    for (a, b) in rows.iter().zip(rows.iter().skip(1)) {
        assert_ne!(a.name, b.name);
    }
    for r in &rows {
        for (what, text) in [("doc", r.doc), ("rule", r.rule), ("numpy", r.numpy)] {
            assert!(!text.is_empty(), "{}: {what} is empty", r.name);
        }
    }
}

#[test]
fn calls_by_name_refuse_in_one_line() {
    let x: Lazy = Array::from_slice(&[1u8], &[1]).unwrap().into();
    let text = |name: &str, args: &[Arg]| call(name, args).unwrap_err().to_string();
    let x = || Arg::Array(x.clone());
    assert_eq!(text("clp", &[x()]), "clp: there is no op of this name; did you mean `clip`?");
    assert_eq!(text("clip", &[x(), Arg::Int(0)]), "clip: the argument `max` is missing; it takes clip(x, min, max)");
    assert_eq!(text("exp", &[x(), x()]), "exp: too many arguments; it takes exp(x)");
    assert_eq!(
        text("mean", &[x(), Arg::Keyword("axes".into(), Box::new(Arg::Int(0)))]),
        "mean: has no argument `axes`; it takes mean(x, axis=None, dtype=None, keepdims=False, where=True)"
    );
    assert_eq!(
        text("mean", &[x(), Arg::Float(0.5)]),
        "mean: the argument `axis` must be an integer or integers in brackets or None"
    );
}

#[test]
fn infinite_at_the_poles_alone() {
    // Numbers so small that nothing is infinite because it is too large.
    let small = [-3.0, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0f64];
    let pairs = small.iter().flat_map(|&x| small.map(|y| (x, y)));
    let (xs, ys): (Vec<f64>, Vec<f64>) = pairs.unzip();
    let [x, y] = [&xs, &ys].map(|v| Lazy::from(Array::from_slice(v, &[v.len()]).unwrap()));
    let mut poles = 0;
    for op in opusclip_engine::ops::elementwise() {
        let (Some(row), 1 | 2) = (op.row(), op.arity()) else { continue };
        let args = [Arg::Array(x.clone()), Arg::Array(y.clone())];
        let Ok(result) = call(row.name, &args[..op.arity()]) else { continue };
        if result.dtype().unwrap() != DType::F64 {
            continue;
        }
        let result = result.collect().unwrap().to_vec::<f64>().unwrap();
        for ((&x, &y), v) in xs.iter().zip(&ys).zip(result) {
            let pole = row.pole.is_some_and(|pole| pole(x, y));
            let (said, is) = if pole { ("finite", v.is_finite()) } else { ("infinite", v.is_infinite()) };
            assert!(!is, "{}({x}, {y}) is {said}", row.name);
            poles += usize::from(pole);
        }
    }
    assert!(poles > 100, "{poles}");
}
