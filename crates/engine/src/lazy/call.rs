//! The registry by name: what the expression language and the bindings call.

use super::args::Args;
pub use super::args::{Arg, signature};
use super::lazy::Lazy;
use crate::error::{Error, Result};
use crate::ops::Row;

/// Every op by name, sorted: elementwise, reductions and composed ones.
pub fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = crate::ops::elementwise().filter_map(|o| o.row()).collect();
    rows.extend(crate::ops::Reduce::ALL.iter().map(|o| o.row()));
    rows.extend_from_slice(super::compose::ROWS);
    rows.sort_by_key(|r| r.name);
    rows
}

/// Calls the op `name`. Arguments stand in the row's order or as keywords; reductions also take
/// `keepdims`.
pub fn call(name: &str, args: &[Arg]) -> Result<Lazy> {
    let row = rows().into_iter().find(|r| r.name == name).ok_or_else(|| unknown(name))?;
    let (args, keepdims) = Args::read(&row, args)?;
    // The short cuts of `pow` are for an array's powers; a literal to an array's power is `power`.
    let literal = matches!(args.get(0), Some(Arg::Int(_) | Arg::Float(_)));
    let lazy = super::methods::dispatch(if name == "pow" && literal { "power" } else { name }, &args)?;
    let lazy = if keepdims { lazy.keepdims() } else { lazy };
    lazy.meta().map_err(Error::without_place)?;
    Ok(lazy)
}

fn unknown(name: &str) -> Error {
    let near = rows().into_iter().map(|r| (distance(name, r.name), r.name)).min();
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
