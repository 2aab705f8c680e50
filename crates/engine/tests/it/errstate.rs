//! Error states: the kinds that NumPy reports, the first element in trouble, whatever runs it.

use std::collections::BTreeMap;

use opusclip_engine::api::call::{Arg, call};
use opusclip_engine::errstate::{ErrState, OnError, errstate};
use opusclip_engine::{Array, DType, Error, Lazy, Monitor, RunOptions};
use serde_json::Value;

use crate::support::golden;

fn hex_float(text: &str) -> f64 {
    match text {
        "inf" => return f64::INFINITY,
        "-inf" => return f64::NEG_INFINITY,
        "nan" => return f64::NAN,
        _ => {}
    }
    let (sign, rest) = text.strip_prefix('-').map_or((1.0, text), |r| (-1.0, r));
    let (digits, exponent) = rest.trim_start_matches("0x").split_once('p').unwrap();
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa = u64::from_str_radix(&format!("{whole}{part}"), 16).unwrap() as f64;
    let exponent: i32 = exponent.parse().unwrap();
    sign * mantissa * 2f64.powi(-4 * part.len() as i32 + exponent / 2) * 2f64.powi(exponent - exponent / 2)
}

fn array(dtype: DType, v: &Value) -> Lazy {
    let x = v.as_i64().map_or_else(|| hex_float(v.as_str().unwrap()), |i| i as f64);
    Lazy::from(Array::from_slice(&[x], &[1]).unwrap()).cast(dtype).collect().unwrap().into()
}

fn met(lazy: &Lazy) -> Vec<&'static str> {
    let monitor = Monitor::new();
    let errors = ErrState::all(OnError::Warn);
    lazy.collect_with(&RunOptions { errors, monitor: monitor.clone(), ..RunOptions::default() }).unwrap();
    let counts = [
        ("divide", monitor.divisions_by_zero()),
        ("invalid", monitor.invalid_values()),
        ("over", monitor.overflows()),
        ("under", monitor.underflows()),
    ];
    counts.into_iter().filter(|(_, n)| *n > 0).map(|(kind, _)| kind).collect()
}

/// Where NumPy's processor flags say something else than the numbers do.
fn on_purpose(op: &str, args: &Value, ours: &[&str], theirs: &[&str]) -> bool {
    // An infinite power is exact, whatever the processor did on its way there.
    if op == "power" && args.to_string().contains("inf") {
        return ours.is_empty();
    }
    // NumPy casts to small integers by way of int32 and says nothing of what does not fit.
    if op == "astype uint8" && theirs.is_empty() {
        return ours == ["invalid"];
    }
    // NumPy computes the remainder as well, which has no answer when the quotient overflows.
    if op == "floor_divide" && theirs == ["invalid", "over"] {
        return ours == ["over"];
    }
    let without_under = |k: &[&str]| k.iter().filter(|k| **k != "under").map(|k| (*k).to_string()).collect::<Vec<_>>();
    // Underflow depends on how a function was computed: theirs on its inner steps, ours on its result.
    if without_under(ours) == without_under(theirs) {
        return !matches!(op, "multiply" | "divide" | "square");
    }
    false
}

#[test]
fn the_kinds_are_numpys() {
    let golden = golden("errstate.json");
    let (mut same, mut other): (usize, BTreeMap<String, Vec<String>>) = (0, BTreeMap::new());
    for case in golden.as_array().unwrap() {
        let name = case[0].as_str().unwrap();
        let dtype = DType::parse(case[1].as_str().unwrap()).unwrap();
        let args: Vec<Lazy> = case[2].as_array().unwrap().iter().map(|v| array(dtype, v)).collect();
        let theirs: Vec<&str> = case[3].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        let lazy = match name.strip_prefix("astype ") {
            Some(to) => args[0].cast(DType::parse(to).unwrap()),
            None => call(name, &args.iter().map(Arg::from).collect::<Vec<_>>()).unwrap(),
        };
        let ours = met(&lazy);
        if ours == theirs || on_purpose(name, &case[2], &ours, &theirs) {
            same += 1;
        } else {
            other.entry(name.into()).or_default().push(format!("{dtype} {}: ours {ours:?}, NumPy {theirs:?}", case[2]));
        }
    }
    assert!(other.is_empty(), "{same} the same; {other:#?}");
    assert!(same > 5000, "{same}");
}

#[test]
fn the_first_element_is_named_whatever_runs_it() {
    let mut x = vec![1.0f32; 60 * 64 * 64];
    x[41 * 4096 + 70] = 0.0;
    x[57 * 4096] = 0.0;
    let x: Lazy = Array::from_slice(&x, &[60, 64, 64]).unwrap().into();
    let y = (2.0 / (&x * 1.0)).sum((1, 2));
    for threads in [1, 2, 3] {
        let options = RunOptions { threads, errors: ErrState::RAISE, ..RunOptions::default() };
        let e = y.collect_with(&options).unwrap_err();
        assert_eq!(e.to_string(), "divide: division by zero in float32 at index (41, 1, 6)");
        assert!(matches!(e, Error::Arithmetic { .. }));
    }
}

#[test]
fn a_scope_ends_where_it_was_opened() {
    let x: Lazy = Array::from_slice(&[-1.0f64, 4.0], &[2]).unwrap().into();
    let root = x.sqrt();
    assert!(root.collect().is_ok());
    {
        let _raise = errstate(ErrState::RAISE);
        assert_eq!(root.collect().unwrap_err().to_string(), "sqrt: invalid value in float64 at index (0,)");
        {
            let _quiet = errstate(ErrState::IGNORE);
            assert!(root.collect().is_ok());
        }
        assert!(root.collect().is_err());
    }
    assert!(root.collect().is_ok());
}

#[test]
fn warnings_are_lines_of_the_monitor_and_values_stay() {
    let monitor = Monitor::new();
    let options = RunOptions { errors: ErrState::WARN, monitor: monitor.clone(), ..RunOptions::default() };
    let x: Lazy = Array::from_slice(&[0u8, 1, 2, 0], &[4]).unwrap().into();
    let y = (x.f32().log() + 1.0f64).exp();
    let watched = y.collect_with(&options).unwrap();
    assert_eq!(watched.to_vec::<f32>().unwrap(), y.collect().unwrap().to_vec::<f32>().unwrap());
    assert_eq!(monitor.warnings(), ["log: division by zero in float32 at index (0,)"]);
    assert_eq!(monitor.divisions_by_zero(), 2);
}

#[test]
fn constants_and_tables_are_watched_too() {
    let options = RunOptions { errors: ErrState::RAISE, ..RunOptions::default() };
    let zero: Lazy = Lazy::scalar(opusclip_engine::array::Scalar::from_f64(DType::F32, 0.0));
    let e = (1.0 / &zero).collect_with(&options).unwrap_err();
    assert_eq!(e.to_string(), "divide: division by zero in float32");
    // A table would be made of all 256 bytes; only those that occur may raise.
    let bytes: Vec<u8> = (0..200_000u32).map(|i| (i % 255) as u8 + 1).collect();
    let x: Lazy = Array::from_slice(&bytes, &[2, 100, 1000]).unwrap().into();
    assert!((1.0 / x.f32()).mean(()).collect_with(&options).is_ok());
    let y = (1.0 / (x.f32() - 255.0)).mean((1, 2));
    assert!(
        y.collect_with(&options)
            .unwrap_err()
            .to_string()
            .starts_with("divide: division by zero in float32 at index (0, 0, 254)")
    );
}

#[test]
fn sums_overflow_and_integers_divide() {
    let options = RunOptions { errors: ErrState::RAISE, ..RunOptions::default() };
    let x: Lazy = Array::from_slice(&[f32::MAX, f32::MAX, 1.0, 1.0], &[2, 2]).unwrap().into();
    assert_eq!(x.sum(1).collect_with(&options).unwrap_err().to_string(), "sum: overflow in float32 at index (0,)");
    let n: Lazy = Array::from_slice(&[7i32, 0], &[2]).unwrap().into();
    let seven: Lazy = Array::from_slice(&[7i32, 7], &[2]).unwrap().into();
    let e = seven.floor_divide(&n).collect_with(&options).unwrap_err();
    assert_eq!(e.to_string(), "floor_divide: division by zero in int32 at index (1,)");
}
