//! Ops that need more of their inputs than one element at a time: sorting, scans, joins, linear
//! algebra, transforms. Each is one page: a row, the shape and type of its results, and its
//! meaning on whole arrays. Where a page says that frames do not touch each other, the meaning is
//! run on a few frames at a time; else the op waits for its whole input.

mod convolve;
mod counted;
mod create;
mod eigen;
mod exact;
mod factor;
mod fft;
pub(crate) mod filters;
mod given;
mod histogram;
pub(crate) mod index;
mod join;
mod linalg;
mod matmul;
pub(crate) mod order;
pub(crate) mod place;
mod repeat;
mod scan;
pub(crate) mod search;
mod select;
mod support;

use std::hash::{Hash, Hasher};

use opusclip_raw::DType;

use super::facts::Row;
use crate::array::{Array, Meta};
use crate::error::{Error, Result};

pub(crate) use counted::{COUNTED_MEDIAN, COUNTED_QUANTILE, COUNTS, OCCURRING, VALUES, ramp};
pub(crate) use create::STEPS;
pub use given::{Attr, Given};
pub(crate) use histogram::HISTOGRAM;
pub(crate) use join::{CONCAT, CONCAT_WAITING};
pub(crate) use repeat::REPEAT;
pub(crate) use scan::{PRODUCT, RUNNING};
pub(crate) use select::{MEDIAN, NANMEDIAN, QUANTILE};

/// What an op's results are, known before there are any: one, or several that are made together.
#[derive(Clone, Copy)]
pub enum Meaning {
    /// One result.
    One {
        /// Its shape and type; refuses what the op does not take.
        meta: fn(&Given<'_, Meta>) -> Result<Meta>,
        /// Its elements.
        eval: fn(&Given<'_, Array>) -> Result<Array>,
    },
    /// Several results.
    Many {
        /// Their shapes and types.
        meta: fn(&Given<'_, Meta>) -> Result<Vec<Meta>>,
        /// Their elements.
        eval: fn(&Given<'_, Array>) -> Result<Vec<Array>>,
    },
}

/// Whether frame t of a result needs frame t alone of the input number `.1` of the page.
pub type Frames = fn(&Given<'_, Meta>, usize) -> bool;

/// One op.
pub struct Page {
    /// Names, arguments, docs.
    pub row: Row,
    /// What it does.
    pub meaning: Meaning,
    /// Which inputs it takes frame by frame. It is only asked about inputs and results that have
    /// the same number of frames.
    pub frames: Frames,
}

/// Needs all of every input.
pub fn never(_: &Given<'_, Meta>, _: usize) -> bool {
    false
}

/// Works along the axis `axis` alone: frames stay apart unless that is the first.
pub fn unless_first_axis(g: &Given<'_, Meta>, n: usize) -> bool {
    let Some(rank) = g.inputs().get(n).map(Meta::ndim) else { return false };
    matches!(g.one_axis("axis", rank), Ok(Some(a)) if a > 0)
}

/// A page with its arguments.
#[derive(Clone)]
pub struct Whole {
    page: &'static Page,
    attrs: Vec<Attr>,
}

impl Whole {
    /// The page's op with these arguments, one for each parameter of its row.
    pub fn new(page: &'static Page, attrs: Vec<Attr>) -> Whole {
        Whole { page, attrs }
    }

    /// The page.
    pub fn page(&self) -> &'static Page {
        self.page
    }

    /// The arguments, one for each parameter of the row.
    pub fn attrs(&self) -> &[Attr] {
        &self.attrs
    }

    /// Name in plans and messages.
    pub fn name(&self) -> &'static str {
        self.page.row.name
    }

    /// Whether it is an op of this page.
    pub(crate) fn is(&self, page: &'static Page) -> bool {
        std::ptr::eq(self.page, page)
    }

    /// Its argument of this name; none if it has none.
    pub(crate) fn argument(&self, name: &str) -> Attr {
        self.given::<Meta>(&[]).attr(name).clone()
    }

    /// Its argument `axis`, if that is one axis of an array of `rank`.
    pub(crate) fn one_axis(&self, rank: usize) -> Option<usize> {
        self.given::<Meta>(&[]).one_axis("axis", rank).ok().flatten()
    }

    /// Its argument `axis` for an array of `rank` axes, sorted; none if that is no list of axes.
    pub(crate) fn axes(&self, rank: usize) -> Option<Vec<usize>> {
        self.given::<Meta>(&[]).axes("axis", rank).ok()
    }

    fn given<'a, T>(&'a self, inputs: &'a [T]) -> Given<'a, T> {
        Given::new(&self.page.row, &self.attrs, inputs)
    }

    /// Shape and type of each result.
    pub fn results(&self, inputs: &[Meta]) -> Result<Vec<Meta>> {
        match self.page.meaning {
            Meaning::One { meta, .. } => Ok(vec![meta(&self.given(inputs))?]),
            Meaning::Many { meta, .. } => meta(&self.given(inputs)),
        }
    }

    /// Shape and type of the node: its result's, or those of the bytes of all results.
    pub fn meta(&self, inputs: &[Meta]) -> Result<Meta> {
        match self.page.meaning {
            Meaning::One { meta, .. } => meta(&self.given(inputs)),
            Meaning::Many { meta, .. } => {
                let bytes = meta(&self.given(inputs))?.iter().try_fold(0usize, |n, m| n.checked_add(bytes(m)));
                let bytes = bytes.ok_or_else(|| Error::shape(self.name(), "the results are too large to address"))?;
                Ok(Meta::new([bytes], DType::U8))
            }
        }
    }

    /// The ops that take each result out of the node's bytes; none for a single result.
    pub(crate) fn parts(&self, results: &[Meta]) -> Option<Vec<Whole>> {
        if matches!(self.page.meaning, Meaning::One { .. }) {
            return None;
        }
        let mut start = 0;
        let part = |m: &Meta| {
            let shape = m.shape.iter().map(|&d| d as isize).collect();
            let attrs = vec![Attr::Input(0), Attr::Int(start), Attr::Ints(shape), Attr::DType(m.dtype)];
            start += bytes(m) as i64;
            Whole::new(&join::PART, attrs)
        };
        Some(results.iter().map(part).collect())
    }

    /// The node's elements.
    pub fn eval(&self, inputs: &[Array]) -> Result<Array> {
        let metas: Vec<Meta> = inputs.iter().map(Meta::from).collect();
        let wanted = self.results(&metas)?;
        let same = |a: &Array, m: &Meta| a.shape() == m.shape && a.dtype() == m.dtype;
        let wrong = || Error::internal(format!("{} gave another shape or type than it said", self.name()));
        // Nothing is made of nothing, however long the other axes are.
        if wanted.iter().all(|m| m.shape.contains(&0)) {
            return match (self.page.meaning, wanted.as_slice()) {
                (Meaning::One { .. }, [m]) => Array::zeros(m.dtype, &m.shape),
                _ => join::packed(&[]),
            };
        }
        // What a page needs beside its result it takes from Rust's allocator, which ends the program
        // where the system refuses: ask first, by an allocation that costs nothing until it is written.
        let most = wanted.iter().map(bytes).fold(0, usize::saturating_add).saturating_mul(SPARE);
        drop(crate::array::zeroed(DType::U8, &[most.min(isize::MAX as usize)])?);
        match self.page.meaning {
            Meaning::One { eval, .. } => {
                let result = eval(&self.given(inputs))?;
                if wanted.first().is_some_and(|m| same(&result, m)) { Ok(result) } else { Err(wrong()) }
            }
            Meaning::Many { eval, .. } => {
                let results = eval(&self.given(inputs))?;
                if results.len() != wanted.len() || !results.iter().zip(&wanted).all(|(a, m)| same(a, m)) {
                    return Err(wrong());
                }
                join::packed(&results)
            }
        }
    }

    /// Whether frame t of the result needs frame t alone of the n-th input.
    pub(crate) fn frames(&self, inputs: &[Meta], n: usize) -> bool {
        (self.page.frames)(&self.given(inputs), n)
    }
}

impl std::fmt::Debug for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?}", self.name(), self.attrs)
    }
}

impl PartialEq for Whole {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.page, other.page) && self.attrs == other.attrs
    }
}
impl Eq for Whole {}
impl Hash for Whole {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
        self.attrs.hash(state);
    }
}

/// So many times its results' bytes a page may hold while it works.
const SPARE: usize = 3;

/// Bytes of an array, as many as can be where they cannot be counted.
fn bytes(m: &Meta) -> usize {
    crate::array::shape::product(&m.shape).saturating_mul(m.dtype.size())
}

/// Every page, file by file.
const FILES: &[&[&Page]] = &[
    convolve::PAGES,
    eigen::PAGES,
    factor::PAGES,
    fft::PAGES,
    filters::PAGES,
    index::PAGES,
    join::PAGES,
    linalg::PAGES,
    matmul::PAGES,
    order::PAGES,
    place::PAGES,
    search::PAGES,
    select::PAGES,
];

/// Every page.
pub fn pages() -> impl Iterator<Item = &'static Page> {
    FILES.iter().flat_map(|f| f.iter().copied())
}

/// The page of this name.
pub fn page(name: &str) -> Option<&'static Page> {
    pages().find(|p| p.row.name == name)
}
