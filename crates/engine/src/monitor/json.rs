//! JSON, written by hand: the engine needs no more of it than this.

use std::fmt::Write as _;

/// A text with its quotation marks.
pub(super) fn text(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push('"');
    for c in s.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A number; JSON has no NaN and no infinities.
pub(super) fn number(v: f64) -> String {
    if v.is_finite() { format!("{v}") } else { "null".into() }
}

/// `{"a": 1, "b": [2]}` of values that are JSON already.
pub(super) fn object<'k>(fields: impl IntoIterator<Item = (&'k str, String)>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|(k, v)| format!("{}: {v}", text(k))).collect();
    format!("{{{}}}", fields.join(", "))
}

/// `[1, 2]` of values that are JSON already.
pub(super) fn list(values: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", values.into_iter().collect::<Vec<_>>().join(", "))
}
