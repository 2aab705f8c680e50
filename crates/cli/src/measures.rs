//! What `stats` found, frame by frame, and its renderings: table, CSV, JSON lines.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// The measures of one frame, over all its pixels and channels, in levels of 0…255.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Measures {
    /// Number of the frame in the file, from 0.
    pub(crate) frame: u64,
    /// When it is shown, in seconds.
    pub(crate) time: f64,
    /// Mean.
    pub(crate) mean: f64,
    /// Standard deviation.
    pub(crate) std: f64,
    /// Least value.
    pub(crate) min: f64,
    /// Greatest value.
    pub(crate) max: f64,
    /// Mean absolute difference to the frame before; none for the first.
    pub(crate) diff: Option<f64>,
}

/// The names of the columns, in order.
pub(crate) const COLUMNS: [&str; 7] = ["frame", "time", "mean", "std", "min", "max", "diff"];

/// A table for people: three decimals, columns aligned to the right.
pub(crate) fn table(rows: &[Measures]) -> String {
    let mut out = String::new();
    let line = |out: &mut String, cells: [String; 7]| {
        let [frame, time, mean, std, min, max, diff] = cells;
        let text = format!("{frame:>7} {time:>10} {mean:>9} {std:>9} {min:>5} {max:>5} {diff:>9}");
        let _ = writeln!(out, "{}", text.trim_end());
    };
    line(&mut out, COLUMNS.map(String::from));
    for m in rows {
        let diff = m.diff.map_or(String::new(), |d| format!("{d:.3}"));
        let three = |x: f64| format!("{x:.3}");
        let cells = [
            m.frame.to_string(),
            three(m.time),
            three(m.mean),
            three(m.std),
            m.min.to_string(),
            m.max.to_string(),
            diff,
        ];
        line(&mut out, cells);
    }
    out
}

/// Comma-separated values with a header. Numbers are the shortest that read back the same.
pub(crate) fn csv(rows: &[Measures]) -> String {
    let mut out = COLUMNS.join(",");
    out.push('\n');
    for m in rows {
        let Measures { frame, time, mean, std, min, max, .. } = m;
        let diff = m.diff.map_or(String::new(), |d| d.to_string());
        let _ = writeln!(out, "{frame},{time},{mean},{std},{min},{max},{diff}");
    }
    out
}

/// One JSON object a line, each with its schema.
pub(crate) fn json_lines(rows: &[Measures]) -> String {
    let mut out = String::new();
    for m in rows {
        let Measures { frame, time, mean, std, min, max, diff } = m;
        let value: Value = json!({
            "schema": "opusclip.stats/1", "frame": frame, "time": time, "mean": mean, "std": std,
            "min": min, "max": max, "diff": diff,
        });
        let _ = writeln!(out, "{value}");
    }
    out
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn some() -> Vec<Measures> {
        (0..4_u32)
            .map(|n| {
                let x = f64::from(n);
                Measures {
                    frame: u64::from(n) + 10,
                    time: x / 25.0,
                    mean: 100.0 + x / 3.0,
                    std: 20.0,
                    min: 0.0,
                    max: 255.0,
                    diff: (n > 0).then_some(1.5),
                }
            })
            .collect()
    }

    #[test]
    fn renderings() {
        let rows = some();
        assert_eq!(
            table(&rows[..2]),
            "  frame       time      mean       std   min   max      diff\n     \
             10      0.000   100.000    20.000     0   255\n     \
             11      0.040   100.333    20.000     0   255     1.500\n"
        );
        assert_eq!(
            csv(&rows[..2]),
            "frame,time,mean,std,min,max,diff\n10,0,100,20,0,255,\n11,0.04,100.33333333333333,20,0,255,1.5\n"
        );
        let lines = json_lines(&rows[..2]);
        assert_eq!(lines.lines().count(), 2);
        assert_eq!(
            lines.lines().next(),
            Some(
                r#"{"schema":"opusclip.stats/1","frame":10,"time":0.0,"mean":100.0,"std":20.0,"min":0.0,"max":255.0,"diff":null}"#
            )
        );
        assert_eq!(csv(&[]), "frame,time,mean,std,min,max,diff\n");
    }
}
