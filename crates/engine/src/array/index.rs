//! Basic indices: `start:stop:step` as NumPy reads it.

use crate::error::{Error, Result};

/// A slice as written: every part may be missing, negative positions count from the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Slice {
    /// First position.
    pub start: Option<isize>,
    /// Position after the last.
    pub stop: Option<isize>,
    /// Distance; never 0.
    pub step: Option<isize>,
}

/// A slice applied to an axis of known length: `len` elements, the first at `start`, `step` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// First position; meaningless when `len` is 0.
    pub start: usize,
    /// Number of elements.
    pub len: usize,
    /// Distance between them.
    pub step: isize,
}

impl Slice {
    /// `start:stop`.
    pub fn new(start: isize, stop: isize) -> Self {
        Slice { start: Some(start), stop: Some(stop), step: None }
    }

    /// The same with a step: `Slice::from(1..9).by(2)`.
    #[must_use]
    pub fn by(self, step: isize) -> Self {
        Slice { step: Some(step), ..self }
    }

    /// Python's rule for `len` elements (`slice.indices`).
    pub fn span(&self, op: &str, len: usize) -> Result<Span> {
        let step = self.step.unwrap_or(1);
        if step == 0 {
            return Err(Error::value(op, "a slice step of 0 was given; it must be at least 1, or negative"));
        }
        let n = len as isize;
        let (lo, hi) = if step > 0 { (0, n) } else { (-1, n - 1) };
        let clamp = |v: isize| (if v < 0 { v.saturating_add(n) } else { v }).clamp(lo, hi);
        let start = self.start.map_or(if step > 0 { lo } else { hi }, clamp);
        let stop = self.stop.map_or(if step > 0 { hi } else { lo }, clamp);
        let gap = if step > 0 { stop - start } else { start - stop };
        let count = if gap <= 0 { 0 } else { (gap as usize - 1) / step.unsigned_abs() + 1 };
        Ok(Span { start: if count == 0 { 0 } else { start as usize }, len: count, step })
    }
}

impl From<std::ops::Range<isize>> for Slice {
    fn from(r: std::ops::Range<isize>) -> Self {
        Slice::new(r.start, r.end)
    }
}
