//! Expressions in a word: what they are, without computing them.

use std::collections::HashSet;
use std::fmt;

use super::lazy::{Lazy, Op};
use crate::array::shape::{self, show};
use crate::error::Result;

impl Lazy {
    /// Number of elements.
    pub fn size(&self) -> Result<usize> {
        let shape = self.shape()?;
        Ok(if shape.contains(&0) { 0 } else { shape::product(shape) })
    }

    /// Bytes that the elements will take once computed.
    pub fn nbytes(&self) -> Result<usize> {
        Ok(self.size()?.saturating_mul(self.dtype()?.size()))
    }

    /// How many nodes the expression has, shared ones counted once; and how many of them are
    /// sources. Nothing is read or computed.
    pub fn count_nodes(&self) -> (usize, usize) {
        let (mut seen, mut stack, mut sources) = (HashSet::from([self.id()]), vec![self], 0);
        while let Some(lazy) = stack.pop() {
            sources += usize::from(matches!(lazy.op(), Op::Source(_)));
            stack.extend(lazy.inputs().iter().filter(|l| seen.insert(l.id())));
        }
        (seen.len(), sources)
    }

    /// The name of the last step: an op's, or where the elements come from.
    pub fn what(&self) -> String {
        match self.op() {
            Op::Source(s) => format!("source {}", s.0.describe()),
            Op::Data(_) => "array in memory".into(),
            Op::Input(slot) => format!("argument {}", slot.place),
            Op::Scalar(s) => format!("number {s}"),
            Op::Elementwise(op) => op.name().into(),
            Op::Reduce { op, .. } => op.row().name.into(),
            Op::Movement(m) => m.name().into(),
            Op::Whole(w) => w.name().into(),
        }
    }
}

impl fmt::Display for Lazy {
    /// One line: what it is, shape and type; nothing is computed. `collect()` first to see numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meta() {
            Ok(m) => write!(f, "<lazy {}, shape {}, {}, not computed>", self.what(), show(&m.shape), m.dtype),
            Err(e) => write!(f, "<lazy, failed: {e}>"),
        }
    }
}
