//! Arguments of a call by name, put into the places that the op's row has for them.

use opusclip_raw::DType;

use super::lazy::{Lazy, Operand, weak_default, weak_scalar};
use crate::error::{Error, Result};
use crate::ops::{ParamKind, Row};

/// One argument of a call by name.
#[derive(Clone, Debug)]
pub enum Arg {
    /// An expression.
    Array(Lazy),
    /// A float literal.
    Float(f64),
    /// An integer literal.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// Nothing, where a position or all axes are meant.
    None,
    /// Several integers: axes or a shape.
    Ints(Vec<isize>),
    /// An element type.
    DType(DType),
    /// `name=value`.
    Keyword(String, Box<Arg>),
}

/// Arguments sorted into the places of a row.
pub(super) struct Args<'a> {
    row: &'a Row,
    places: Vec<Option<Arg>>,
}

impl<'a> Args<'a> {
    pub(super) fn read(row: &'a Row, args: &[Arg]) -> Result<(Args<'a>, bool)> {
        let wrong = |detail: String| Error::value(row.name, detail);
        let mut places = vec![None; row.params.len()];
        let mut keepdims = false;
        let mut next = 0;
        for arg in args {
            let (at, value) = match arg {
                Arg::Keyword(key, value) if key == "keepdims" && row.params == crate::ops::facts::X_AXES => {
                    keepdims = matches!(**value, Arg::Bool(true));
                    continue;
                }
                Arg::Keyword(key, value) => {
                    let at = row.params.iter().position(|p| p.name == key);
                    (
                        at.ok_or_else(|| wrong(format!("has no argument `{key}`; it takes {}", signature(row))))?,
                        &**value,
                    )
                }
                value => (next, value),
            };
            next = at + 1;
            match places.get_mut(at) {
                Some(place @ None) => *place = Some(value.clone()),
                Some(Some(_)) => return Err(wrong(format!("the argument `{}` is given twice", row.params[at].name))),
                None => return Err(wrong(format!("too many arguments; it takes {}", signature(row)))),
            }
        }
        Ok((Args { row, places }, keepdims))
    }

    fn wrong(&self, at: usize, wanted: &str) -> Error {
        let name = self.row.params.get(at).map_or("", |p| p.name);
        let detail = match self.places.get(at) {
            Some(Some(_)) => format!("the argument `{name}` must be {wanted}"),
            _ => format!("the argument `{name}` is missing; it takes {}", signature(self.row)),
        };
        Error::value(self.row.name, detail)
    }

    pub(super) fn get(&self, at: usize) -> Option<&Arg> {
        self.places.get(at).and_then(Option::as_ref)
    }

    pub(super) fn array(&self, at: usize) -> Result<Lazy> {
        match self.operand(at)? {
            Operand::Lazy(l) => Ok(l),
            Operand::Weak(w) => Ok(Lazy::scalar(weak_scalar(w, weak_default(w)))),
        }
    }

    pub(super) fn operand(&self, at: usize) -> Result<Operand> {
        match self.get(at) {
            Some(Arg::Array(l)) => Ok(l.into()),
            Some(Arg::Float(v)) => Ok((*v).into()),
            Some(Arg::Int(v)) => Ok((*v).into()),
            Some(Arg::Bool(v)) => Ok((*v).into()),
            _ => Err(self.wrong(at, "an array or a number")),
        }
    }

    pub(super) fn ints(&self, at: usize) -> Result<Vec<isize>> {
        let optional = self.row.params.get(at).is_some_and(|p| p.kind == ParamKind::Axes);
        match self.get(at) {
            Some(Arg::Ints(v)) => Ok(v.clone()),
            Some(Arg::Int(v)) => Ok(vec![*v as isize]),
            None | Some(Arg::None) if optional => Ok(Vec::new()),
            _ => Err(self.wrong(at, "an integer or integers in brackets")),
        }
    }

    pub(super) fn int(&self, at: usize) -> Result<isize> {
        match self.get(at) {
            Some(Arg::Int(v)) => Ok(*v as isize),
            _ => Err(self.wrong(at, "an integer")),
        }
    }

    pub(super) fn position(&self, at: usize) -> Result<Option<isize>> {
        match self.get(at) {
            None | Some(Arg::None) => Ok(None),
            Some(Arg::Int(v)) => Ok(Some(*v as isize)),
            _ => Err(self.wrong(at, "an integer or nothing")),
        }
    }

    pub(super) fn dtype(&self, at: usize) -> Result<DType> {
        match self.get(at) {
            Some(Arg::DType(d)) => Ok(*d),
            _ => Err(self.wrong(at, "an element type such as float32")),
        }
    }
}

/// `clip(x, min, max)`
pub fn signature(row: &Row) -> String {
    let names: Vec<&str> = row.params.iter().map(|p| p.name).collect();
    format!("{}({})", row.name, names.join(", "))
}
