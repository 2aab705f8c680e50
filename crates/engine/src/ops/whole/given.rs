//! What a page of whole ops is given: its inputs and its arguments, by name.

use std::hash::{Hash, Hasher};

use opusclip_raw::DType;

use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::Row;

/// One argument of an op, hashable so that plans are.
#[derive(Clone, Debug)]
pub enum Attr {
    /// Python's `None`.
    None,
    /// An integer.
    Int(i64),
    /// A float, equal when its bits are.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// Several integers.
    Ints(Vec<isize>),
    /// A word.
    Text(String),
    /// An element type.
    DType(DType),
    /// The array is this input.
    Input(usize),
    /// The arrays are so many inputs from this one on.
    Inputs(usize, usize),
}

impl PartialEq for Attr {
    fn eq(&self, other: &Attr) -> bool {
        match (self, other) {
            (Attr::None, Attr::None) => true,
            (Attr::Int(a), Attr::Int(b)) => a == b,
            (Attr::Float(a), Attr::Float(b)) => a.to_bits() == b.to_bits(),
            (Attr::Bool(a), Attr::Bool(b)) => a == b,
            (Attr::Ints(a), Attr::Ints(b)) => a == b,
            (Attr::Text(a), Attr::Text(b)) => a == b,
            (Attr::DType(a), Attr::DType(b)) => a == b,
            (Attr::Input(a), Attr::Input(b)) => a == b,
            (Attr::Inputs(a, n), Attr::Inputs(b, m)) => (a, n) == (b, m),
            _ => false,
        }
    }
}
impl Eq for Attr {}
impl Hash for Attr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Attr::None => {}
            Attr::Int(v) => v.hash(state),
            Attr::Float(v) => v.to_bits().hash(state),
            Attr::Bool(v) => v.hash(state),
            Attr::Ints(v) => v.hash(state),
            Attr::Text(v) => v.hash(state),
            Attr::DType(v) => v.hash(state),
            Attr::Input(v) => v.hash(state),
            Attr::Inputs(a, n) => (a, n).hash(state),
        }
    }
}

/// Inputs (their shapes and types, or the arrays) and arguments of a call.
#[derive(Debug)]
pub struct Given<'a, T> {
    row: &'static Row,
    attrs: &'a [Attr],
    inputs: &'a [T],
}

impl<'a, T> Given<'a, T> {
    pub(crate) fn new(row: &'static Row, attrs: &'a [Attr], inputs: &'a [T]) -> Self {
        Given { row, attrs, inputs }
    }

    /// The op's name, for messages.
    pub fn op(&self) -> &'static str {
        self.row.name
    }

    /// All arrays, in the order of the arguments.
    pub fn inputs(&self) -> &'a [T] {
        self.inputs
    }

    pub(super) fn attr(&self, name: &str) -> &'a Attr {
        let at = self.row.params.iter().position(|p| p.name == name);
        at.and_then(|at| self.attrs.get(at)).unwrap_or(&Attr::None)
    }

    fn wrong(&self, name: &str) -> Error {
        Error::internal(format!("{} was built without its argument `{name}`", self.op()))
    }

    /// The first array.
    pub fn x(&self) -> Result<&'a T> {
        self.inputs.first().ok_or_else(|| self.wrong("x"))
    }

    /// An array.
    pub fn array(&self, name: &str) -> Result<&'a T> {
        self.maybe_array(name).ok_or_else(|| self.wrong(name))
    }

    /// An array that may be left out.
    pub fn maybe_array(&self, name: &str) -> Option<&'a T> {
        match self.attr(name) {
            Attr::Input(n) => self.inputs.get(*n),
            _ => None,
        }
    }

    /// Several arrays.
    pub fn arrays(&self, name: &str) -> &'a [T] {
        match self.attr(name) {
            Attr::Inputs(start, n) => self.inputs.get(*start..start.saturating_add(*n)).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// An integer.
    pub fn int(&self, name: &str) -> Result<i64> {
        self.maybe_int(name).ok_or_else(|| self.wrong(name))
    }

    /// An integer that may be left out.
    pub fn maybe_int(&self, name: &str) -> Option<i64> {
        match self.attr(name) {
            Attr::Int(v) => Some(*v),
            _ => None,
        }
    }

    /// A float.
    pub fn float(&self, name: &str) -> Result<f64> {
        self.maybe_float(name).ok_or_else(|| self.wrong(name))
    }

    /// A float that may be left out.
    pub fn maybe_float(&self, name: &str) -> Option<f64> {
        match self.attr(name) {
            Attr::Float(v) => Some(*v),
            Attr::Int(v) => Some(*v as f64),
            _ => None,
        }
    }

    /// A truth value; false when it was not given.
    pub fn bool(&self, name: &str) -> bool {
        matches!(self.attr(name), Attr::Bool(true))
    }

    /// A word; empty when it was not given.
    pub fn text(&self, name: &str) -> &'a str {
        match self.attr(name) {
            Attr::Text(v) => v,
            _ => "",
        }
    }

    /// Several integers; none when they were not given.
    pub fn ints(&self, name: &str) -> &'a [isize] {
        match self.attr(name) {
            Attr::Ints(v) => v,
            _ => &[],
        }
    }

    /// An element type that may be left out.
    pub fn maybe_dtype(&self, name: &str) -> Option<DType> {
        match self.attr(name) {
            Attr::DType(v) => Some(*v),
            _ => None,
        }
    }

    /// Sorted axes of an array of `rank` dimensions, without repeats; all when none was given.
    pub fn axes(&self, name: &str, rank: usize) -> Result<Vec<usize>> {
        shape::axes(self.op(), self.ints(name), rank)
    }

    /// One axis, counted from the front; `None` when none was given. More than one is an error.
    pub fn one_axis(&self, name: &str, rank: usize) -> Result<Option<usize>> {
        match self.attr(name) {
            Attr::Int(a) => shape::axis(self.op(), *a as isize, rank).map(Some),
            Attr::Ints(v) => match v.as_slice() {
                [] => Ok(None),
                [a] => shape::axis(self.op(), *a, rank).map(Some),
                _ => Err(Error::shape(self.op(), format!("{} axes are given where one or none is meant", v.len()))),
            },
            _ => Ok(None),
        }
    }

    /// The axis of an op that works along exactly one.
    pub fn axis(&self, name: &str, rank: usize) -> Result<usize> {
        self.one_axis(name, rank)?.ok_or_else(|| self.wrong(name))
    }
}

impl Given<'_, Array> {
    /// What `meta` says of the same call over the shapes and types of its arrays.
    pub fn told<R>(&self, meta: impl FnOnce(&Given<'_, Meta>) -> Result<R>) -> Result<R> {
        let metas: Vec<Meta> = self.inputs.iter().map(Meta::from).collect();
        meta(&Given { row: self.row, attrs: self.attrs, inputs: &metas })
    }
}
