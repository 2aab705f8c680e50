//! Zeros around cut away.

use super::*;

/// The pages of this file.
pub(super) const ROWS: &[Row] = &[Row {
    name: "trim_zeros",
    params: &[X1, Param::new("trim", ParamKind::Text).or(Preset::Text("fb")), AXIS.rare()],
    numpy: "np.trim_zeros(x, trim, axis)",
    tries: &[
        "trim_zeros(x)",
        "trim_zeros(x, 'f')",
        "trim_zeros(x, 'b')",
        "trim_zeros(x, axis=-1)",
        "trim_zeros(x * 0)",
    ],
    doc: "The smallest part that holds every element that is not zero, along all axes or those given.",
    rule: "trim says where: 'f' before, 'b' behind, 'fb' both. Nothing but zeros leaves nothing. Where the cuts lie is computed at once.",
    ..Row::EAGER
}];

/// See the row of the same name.
#[track_caller]
pub fn trim_zeros(x: &Lazy, trim: &str, axes: &[isize]) -> Lazy {
    built(&[x], || trimmed(x, trim, axes))
}

fn trimmed(x: &Lazy, trim: &str, axes: &[isize]) -> Result<Lazy> {
    let op = "trim_zeros";
    let (front, back) = (trim.contains(['f', 'F']), trim.contains(['b', 'B']));
    if trim.is_empty() || trim.len() > 2 || !trim.chars().all(|c| "fFbB".contains(c)) {
        return Err(Error::value(op, format!("trim is '{trim}'; it must be 'f', 'b' or 'fb'")));
    }
    let rank = x.ndim()?;
    let axes = shape::axes(op, axes, rank)?;
    let truth = Lazy::from(x.cast(DType::Bool).collect()?);
    let mut out = x.clone();
    for axis in axes {
        let others: Vec<isize> = (0..rank).filter(|a| *a != axis).map(|a| a as isize).collect();
        let line = if others.is_empty() { truth.clone() } else { truth.reduce(Reduce::Any, &others) };
        let line = line.collect()?.to_vec::<bool>()?;
        let n = line.len();
        let (start, stop) = match (line.iter().position(|v| *v), line.iter().rposition(|v| *v)) {
            (Some(a), Some(b)) => (if front { a } else { 0 }, if back { b + 1 } else { n }),
            _ => (0, 0),
        };
        out = part(&out, axis, start, stop);
    }
    Ok(out)
}
