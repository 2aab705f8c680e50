//! The registry by name: what the expression language and the bindings call.

use std::sync::OnceLock;

use super::args::Args;
pub use super::args::{Arg, signature};
use crate::error::{Error, Result};
use crate::lazy::{Lazy, compose};
use crate::ops::{Outputs, Row, whole};

/// Other names of ops, and the registry's: what NumPy's users write by habit or NumPy called it
/// before the array API standard. A row of the same name goes before.
pub const ALIASES: &[(&str, &str)] = &[
    ("amax", "max"),
    ("amin", "min"),
    ("arccos", "acos"),
    ("arccosh", "acosh"),
    ("arcsin", "asin"),
    ("arcsinh", "asinh"),
    ("arctan", "atan"),
    ("arctan2", "atan2"),
    ("arctanh", "atanh"),
    ("around", "round"),
    ("bitwise_invert", "invert"),
    ("bitwise_left_shift", "left_shift"),
    ("bitwise_not", "invert"),
    ("bitwise_right_shift", "right_shift"),
    ("concatenate", "concat"),
    ("conjugate", "conj"),
    ("degrees", "rad2deg"),
    ("fix", "trunc"),
    ("mod", "remainder"),
    ("product", "prod"),
    ("radians", "deg2rad"),
    ("round_", "round"),
    ("true_divide", "divide"),
];

/// The row of an op, by its name or an alias.
pub fn find(name: &str) -> Option<Row> {
    let named =
        |name: &str| table().binary_search_by_key(&name, |r| r.name).ok().and_then(|at| table().get(at)).copied();
    named(name).or_else(|| ALIASES.iter().find(|(alias, _)| *alias == name).and_then(|(_, op)| named(op)))
}

/// Every name that [`call`] takes: rows and aliases of rows.
pub fn names() -> Vec<&'static str> {
    let rows = rows();
    let mut names: Vec<&str> = rows.iter().map(|r| r.name).collect();
    names.extend(ALIASES.iter().filter(|(_, op)| rows.iter().any(|r| r.name == *op)).map(|(alias, _)| *alias));
    names
}

/// Every op by name, sorted.
pub fn rows() -> Vec<Row> {
    table().to_vec()
}

/// The same, gathered once.
fn table() -> &'static [Row] {
    static TABLE: OnceLock<Vec<Row>> = OnceLock::new();
    TABLE.get_or_init(gathered)
}

fn gathered() -> Vec<Row> {
    let mut rows: Vec<Row> = crate::ops::elementwise().filter_map(|o| o.row()).collect();
    rows.extend(crate::ops::Reduce::ALL.iter().map(|o| o.row()));
    rows.extend(whole::pages().map(|p| p.row));
    rows.extend(compose::FILES.iter().copied().flatten());
    rows.extend(super::eager::FILES.iter().copied().flatten());
    rows.sort_by_key(|r| r.name);
    rows
}

/// Calls the op `name`, which has one result. Arguments stand in the row's order or as keywords.
pub fn call(name: &str, args: &[Arg]) -> Result<Lazy> {
    let mut all = call_all(name, args)?;
    match (all.pop(), all.len()) {
        (Some(one), 0) => Ok(one),
        (_, n) => Err(Error::value(name, format!("gives {} arrays where one is meant; pick one with [0]", n + 1))),
    }
}

/// Calls the op `name`; gives all its results.
pub fn call_all(name: &str, args: &[Arg]) -> Result<Vec<Lazy>> {
    let row = find(name).ok_or_else(|| unknown(name))?;
    let name = row.name;
    let args = Args::read(&row, args.to_vec())?;
    // The short cuts of `pow` are for an array's powers; a literal to an array's power is `power`.
    let literal = matches!(args.get(0), Some(Arg::Int(_) | Arg::Float(_) | Arg::Complex(..)));
    let all = super::methods::dispatch(if name == "pow" && literal { "power" } else { name }, &args)?;
    for lazy in &all {
        lazy.meta().map_err(Error::without_place)?;
    }
    Ok(all)
}

/// True when the op gives more than one array.
pub fn gives_many(name: &str) -> bool {
    find(name).is_some_and(|r| r.outputs != Outputs::One)
}

/// The results of a page, from arguments in the row's order.
#[track_caller]
pub(super) fn page(name: &str, args: Vec<Arg>) -> Vec<Lazy> {
    let build = || {
        let page = whole::page(name).ok_or_else(|| Error::internal(format!("there is no page {name}")))?;
        let (inputs, attrs) = Args::read(&page.row, args)?.attrs()?;
        Ok((page, inputs, attrs))
    };
    match build() {
        Ok((page, inputs, attrs)) => Lazy::whole_all(page, inputs, attrs),
        Err(e) => vec![Lazy::failed(e)],
    }
}

fn unknown(name: &str) -> Error {
    let near = names().into_iter().map(|n| (distance(name, n), n)).min();
    let hint = match near {
        Some((d, best)) if d <= 2.max(name.len() / 3) => format!("; did you mean `{best}`?"),
        _ => "; docs/ops.md lists the ops".to_string(),
    };
    Error::value(name, format!("there is no op of this name{hint}"))
}

/// Edits that make one word of the other.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The call as an expression; one that could not be made carries its error. What [`crate::op!`] writes.
#[track_caller]
pub fn called(name: &str, args: &[Arg]) -> Lazy {
    call(name, args).unwrap_or_else(Lazy::failed)
}

/// Calls an op by NumPy's name with any of its arguments, the rare ones by keyword:
/// `op!(std(&x, axis = 0, ddof = 1))`. Methods of [`Lazy`] take the common arguments only.
#[macro_export]
macro_rules! op {
    (@into $args:ident,) => {};
    (@into $args:ident, where = $value:expr $(, $($rest:tt)*)?) => {
        $args.push($crate::api::Arg::Keyword("where".into(), Box::new($crate::api::Arg::from($value))));
        $($crate::op!(@into $args, $($rest)*);)?
    };
    (@into $args:ident, $key:ident = $value:expr $(, $($rest:tt)*)?) => {
        $args.push($crate::api::Arg::Keyword(stringify!($key).into(), Box::new($crate::api::Arg::from($value))));
        $($crate::op!(@into $args, $($rest)*);)?
    };
    (@into $args:ident, $value:expr $(, $($rest:tt)*)?) => {
        $args.push($crate::api::Arg::from($value));
        $($crate::op!(@into $args, $($rest)*);)?
    };
    ($name:ident($($args:tt)*)) => {{
        let mut all: Vec<$crate::api::Arg> = Vec::new();
        $crate::op!(@into all, $($args)*);
        $crate::api::call::called(stringify!($name), &all)
    }};
}
