//! Printing as NumPy does: nested brackets, long axes shortened.

use std::fmt;

use super::Array;

/// More elements than this and axes longer than twice [`EDGE`] are shortened.
const THRESHOLD: usize = 1000;
/// Elements shown at each end of a shortened axis.
const EDGE: usize = 3;

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.size() > THRESHOLD;
        let mut index = vec![0; self.ndim()];
        level(self, f, 0, &mut index, short)
    }
}

fn level(a: &Array, f: &mut fmt::Formatter<'_>, axis: usize, index: &mut Vec<usize>, short: bool) -> fmt::Result {
    if axis == a.ndim() {
        return match a.get(index) {
            Ok(v) => write!(f, "{v}"),
            Err(_) => f.write_str("?"),
        };
    }
    let n = a.shape()[axis];
    let last = axis + 1 == a.ndim();
    f.write_str("[")?;
    let mut i = 0;
    while i < n {
        if i > 0 {
            if last {
                f.write_str(" ")?;
            } else {
                write!(f, "{}{}", "\n".repeat(a.ndim() - axis - 1), " ".repeat(axis + 1))?;
            }
        }
        if short && n > 2 * EDGE && i == EDGE {
            f.write_str("...")?;
            i = n - EDGE;
            continue;
        }
        index[axis] = i;
        level(a, f, axis + 1, index, short)?;
        i += 1;
    }
    f.write_str("]")
}
