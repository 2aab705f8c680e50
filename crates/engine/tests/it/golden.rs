//! Every op × element type against the answers of NumPy that `golden/make_engine.py` wrote.

use opusclip_engine::api::call::{Arg, call, rows};
use opusclip_engine::array::promote::{Weak, promote, promote_weak};
use opusclip_engine::exec::reference;
use opusclip_engine::ops::{Family, Row};
use opusclip_engine::{DType, Isa, Lazy, RunOptions};
use serde_json::Value;

use crate::support::{Answers, assert_same, golden, scalars, ulps};

fn manifest() -> Value {
    golden("engine/cases.json")
}

fn ints(v: &Value) -> Arg {
    match v {
        Value::Null => Arg::None,
        Value::Number(n) => Arg::Int(n.as_i64().unwrap()),
        Value::Array(a) => Arg::Ints(a.iter().map(|v| v.as_i64().unwrap() as isize).collect()),
        other => panic!("{other}"),
    }
}

fn position(v: &Value) -> Option<isize> {
    v.as_i64().map(|v| v as isize)
}

fn build(answers: &Answers, case: &Value) -> opusclip_engine::Result<Lazy> {
    let op = case["op"].as_str().unwrap();
    let inputs: Vec<Lazy> = case["inputs"].as_array().unwrap().iter().map(|n| answers.array(n).into()).collect();
    let mut args: Vec<Arg> = inputs.iter().cloned().map(Arg::Array).collect();
    let attrs = &case["attrs"];
    match (case["group"].as_str().unwrap(), op) {
        ("seed", _) => return Ok(crate::support::grade(&inputs[0])),
        ("cast", _) => args.push(Arg::DType(DType::parse(attrs["dtype"].as_str().unwrap()).unwrap())),
        ("reduce", _) => {
            args.push(ints(&attrs["axis"]));
            args.push(Arg::Keyword("keepdims".into(), Box::new(Arg::Bool(attrs["keepdims"].as_bool().unwrap()))));
        }
        ("movement", "slice") => {
            let index = attrs["index"].as_array().unwrap();
            let mut x = inputs[0].clone();
            let mut axis = 0;
            for item in index {
                match item.as_i64() {
                    // One position: a slice of one, its axis dropped.
                    Some(i) => {
                        let stop = if i == -1 { None } else { Some(i as isize + 1) };
                        x = x.slice_axis(axis, Some(i as isize), stop, None).squeeze(axis);
                    }
                    None => {
                        x = x.slice_axis(axis, position(&item[0]), position(&item[1]), position(&item[2]));
                        axis += 1;
                    }
                }
            }
            return Ok(x);
        }
        ("movement", "reshape" | "broadcast_to") => args.push(ints(&attrs["shape"])),
        ("movement", "transpose") => {
            args.push(ints(&attrs["axes"]));
            return call("permute_dims", &args);
        }
        ("movement", "diff") => {
            let axis = match ints(&attrs["axis"]) {
                Arg::Ints(v) => Arg::Int(v[0] as i64),
                one => one,
            };
            args.push(Arg::Keyword("axis".into(), Box::new(axis)));
        }
        ("movement", _) => args.push(ints(&attrs["axis"])),
        _ => {}
    }
    call(op, &args)
}

/// How far a complex answer may be from NumPy's, in units of the last place of its larger part.
fn complex_ulps(op: &str) -> u64 {
    match op {
        // e^(w ln z): the error grows with |w ln z|, as in NumPy's; here it is up to 100.
        "power" => 512,
        _ => 4,
    }
}

#[test]
fn every_case_has_numpys_answer_on_every_instruction_set() {
    let answers = Answers::read();
    let rows = rows();
    let mut checked = 0;
    let mut wrong: Vec<String> = Vec::new();
    for case in answers.manifest["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        let op = case["op"].as_str().unwrap();
        let lazy = build(&answers, case);
        // Data cannot make a lazy expression fail: the row of `power` documents the answer that
        // stands where NumPy raises on a negative integer exponent inside an array.
        if case["raises"].is_string() && op == "power" {
            continue;
        }
        if case["raises"].is_string() {
            assert!(lazy.and_then(|l| l.meta().cloned()).is_err(), "{id}: NumPy refuses this");
            continue;
        }
        let lazy = lazy.unwrap_or_else(|e| panic!("{id}: {e}"));
        let expected = answers.array(&case["out"]);
        let meaning = reference::collect(std::slice::from_ref(&lazy)).unwrap_or_else(|e| panic!("{id}: {e}")).remove(0);
        for isa in Isa::available() {
            let options = RunOptions { isa: Some(isa), threads: 1, ..RunOptions::default() };
            let fast = lazy.collect_with(&options).unwrap_or_else(|e| panic!("{id}: {e}"));
            assert_same(&format!("{id} on {} against the reference", isa.name()), &fast, &meaning);
        }
        if (meaning.dtype(), meaning.shape()) != (expected.dtype(), expected.shape()) {
            wrong.push(format!("{id}: ours is {} {:?}", meaning.dtype(), meaning.shape()));
            continue;
        }
        // NumPy's own float32 functions err by some ulps; the row says how far apart we may be.
        let allowed = rows.iter().find(|r| r.name == op).map_or(0, |r| u64::from(r.ulp));
        let allowed = match meaning.dtype() {
            d if d.is_half() => allowed.min(1),
            d if d.is_complex() => complex_ulps(op).max(allowed),
            _ if meaning.dtype().is_float() && op == "absolute" => 1,
            _ => allowed,
        };
        let allowed = if case["exact"].as_bool().unwrap() { 0 } else { allowed };
        let (mut off, n) = (0usize, meaning.size());
        for (i, (a, b)) in scalars(&meaning).into_iter().zip(scalars(&expected)).enumerate() {
            if op == "grade" {
                assert!(a.to_i128().abs_diff(b.to_i128()) <= 1, "{id}: {i}");
                off += usize::from(a != b);
            } else if ulps(a, b) > allowed {
                wrong.push(format!("{id}: element {i}: ours {a:?}, NumPy {b:?}"));
            }
        }
        assert!(off * 1000 < n.max(1), "{id}: {off} of {n} samples differ");
        checked += 1;
    }
    assert!(wrong.is_empty(), "{} answers differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 1500, "only {checked} cases");
}

/// Ops made of others whose answers are checked where they are tested by hand: shapes in `arrays`,
/// the rest through the ops that they are made of.
const COMPOSED_BY_HAND: &[&str] =
    &["abs", "expand_dims", "permute_dims", "pow", "ptp", "slice_axis", "squeeze", "to_u8_rounded"];

#[test]
fn every_op_of_the_registry_has_numpys_word() {
    let manifest = manifest();
    let known: Vec<&str> = manifest["cases"].as_array().unwrap().iter().map(|c| c["op"].as_str().unwrap()).collect();
    // Rows with tries, and whole and eager ones, are for the sweep, which runs NumPy itself.
    let swept = |r: &Row| !r.tries.is_empty() || matches!(r.family, Family::Whole | Family::Eager);
    for row in rows().into_iter().filter(|r| !swept(r)) {
        let by_hand = COMPOSED_BY_HAND.contains(&row.name);
        assert!(
            known.contains(&row.name) != by_hand,
            "{}: in the goldens {}, on the list {by_hand}",
            row.name,
            !by_hand
        );
    }
}

#[test]
fn promotion_is_numpys_table() {
    let manifest = manifest();
    for (a, row) in manifest["promotion"]["pairs"].as_object().unwrap() {
        for (b, want) in row.as_object().unwrap() {
            // ml_dtypes has no answer; ours are in `types`.
            if want.is_null() {
                continue;
            }
            let (x, y) = (DType::parse(a).unwrap(), DType::parse(b).unwrap());
            assert_eq!(promote(x, y).name(), want.as_str().unwrap(), "{a} and {b}");
            assert_eq!(promote(x, y), promote(y, x));
        }
    }
    let weak = &manifest["promotion"]["weak"];
    let literals = [
        ("bool", Weak::Bool(true)),
        ("int", Weak::Int(1)),
        ("float", Weak::Float(1.0)),
        ("complex", Weak::Complex(0.0, 1.0)),
    ];
    for (kind, literal) in literals {
        for d in DType::ALL {
            // ml_dtypes has float32; the documented answer is in `types`.
            if (d, kind) == (DType::BF16, "float") {
                continue;
            }
            let want = weak[d.name()][kind].as_str().or_else(|| weak[kind][d.name()].as_str()).unwrap();
            assert_eq!(promote_weak("test", d, literal).unwrap().name(), want, "{d} and a {kind}");
        }
    }
}

#[test]
fn an_integer_that_does_not_fit_is_refused() {
    let e = promote_weak("add", DType::U8, Weak::Int(300)).unwrap_err();
    assert_eq!(e.to_string(), "add: the integer 300 does not fit uint8 (0 to 255)");
}
