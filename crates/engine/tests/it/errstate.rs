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

#[test]
fn each_sum_is_judged_by_its_own_values() {
    // NumPy: an infinity among the values of one row hides no overflow of another, here of one frame.
    let options = RunOptions { errors: ErrState::RAISE, ..RunOptions::default() };
    let x: Lazy = Array::from_slice(&[f32::INFINITY, 1.0, f32::MAX, f32::MAX], &[1, 2, 2]).unwrap().into();
    assert_eq!(x.sum(2).collect_with(&options).unwrap_err().to_string(), "sum: overflow in float32 at index (0, 1)");
    let y: Lazy = Array::from_slice(&[f32::INFINITY, 1.0, f32::NAN, f32::MAX], &[1, 2, 2]).unwrap().into();
    assert!(y.sum(2).collect_with(&options).is_ok());
    // Long rows go another way than short ones.
    let mut z = vec![f64::MAX / 2000.0; 3 * 5000];
    z[0] = f64::INFINITY;
    let z: Lazy = Array::from_slice(&z, &[1, 3, 5000]).unwrap().into();
    assert_eq!(z.sum(2).collect_with(&options).unwrap_err().to_string(), "sum: overflow in float64 at index (0, 1)");
}

#[test]
fn values_are_named_where_they_lie_whatever_axis_is_reduced() {
    let mut x = vec![1.0f32; 3 * 4 * 5];
    // Along axis 0, (2, 0, 0) is met long before (0, 3, 1).
    x[40] = 0.0;
    x[16] = 0.0;
    let x: Lazy = Array::from_slice(&x, &[3, 4, 5]).unwrap().into();
    let y = 2.0 / (&x * 1.0);
    let options = RunOptions { errors: ErrState::RAISE, ..RunOptions::default() };
    for sum in [y.sum(0), y.sum((0, 2)), y.sum(1), y.max(0)] {
        let e = sum.collect_with(&options).unwrap_err();
        assert_eq!(e.to_string(), "divide: division by zero in float32 at index (0, 3, 1)");
    }
}

/// Most memory that this process has had, in bytes.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

#[test]
#[cfg(target_os = "linux")]
fn watching_a_reduction_needs_no_array_of_its_values() {
    const NAME: &str = "errstate::watching_a_reduction_needs_no_array_of_its_values";
    if std::env::var_os("OPUSCLIP_ALONE").is_none() {
        // The other tests of this process need memory too: this one has a process of its own.
        let test = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env("OPUSCLIP_ALONE", "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&test.stdout).into_owned() + &String::from_utf8_lossy(&test.stderr);
        assert!(test.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let row: Lazy = Array::from_slice(&[1.0f32; 1 << 12], &[1, 1 << 12]).unwrap().into();
    let column: Lazy = Array::from_slice(&[3.0f32; 1 << 12], &[1 << 12, 1]).unwrap().into();
    let options = RunOptions { threads: 1, errors: ErrState::RAISE, ..RunOptions::default() };
    let before = peak();
    let sum = (&row / &column + 1.0).sum(()).collect_with(&options).unwrap();
    assert!(sum.to_vec::<f32>().unwrap()[0] > 2e7);
    let more = peak() - before;
    assert!(more < 16 << 20, "{more} bytes for 2^24 float32 that were added");
}
