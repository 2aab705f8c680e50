//! Arguments of a call by name, put into the places that the op's row has for them.

use opusclip_raw::{Complex, DType};

use crate::array::promote::Weak;
use crate::array::{Array, Scalar};
use crate::error::{Error, Result};
use crate::lazy::compose::{self, build::as_array};
use crate::lazy::{Lazy, Operand};
use crate::ops::{Attr, Param, ParamKind, Preset, Row};

/// One argument of a call by name.
#[derive(Clone, Debug)]
pub enum Arg {
    /// An expression.
    Array(Lazy),
    /// Several expressions.
    Arrays(Vec<Lazy>),
    /// A float literal.
    Float(f64),
    /// A complex literal: its real and its imaginary part.
    Complex(f64, f64),
    /// An integer literal.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// Python's `None`.
    None,
    /// Several integers: axes, a shape, or an array of them.
    Ints(Vec<isize>),
    /// Several numbers of which some are floats.
    Floats(Vec<f64>),
    /// A word.
    Text(String),
    /// An element type.
    DType(DType),
    /// `name=value`.
    Keyword(String, Box<Arg>),
}

macro_rules! arg {
    ($($t:ty => |$v:ident| $e:expr),* $(,)?) => { $(
        impl From<$t> for Arg { fn from($v: $t) -> Self { $e } }
    )* };
}
arg! {
    Lazy => |v| Arg::Array(v),
    &Lazy => |v| Arg::Array(v.clone()),
    Array => |v| Arg::Array(v.into()),
    &Array => |v| Arg::Array(v.clone().into()),
    &[Lazy] => |v| Arg::Arrays(v.to_vec()),
    Vec<Lazy> => |v| Arg::Arrays(v),
    f64 => |v| Arg::Float(v),
    Complex<f64> => |v| Arg::Complex(v.re, v.im),
    i32 => |v| Arg::Int(v.into()),
    i64 => |v| Arg::Int(v),
    isize => |v| Arg::Int(v as i64),
    bool => |v| Arg::Bool(v),
    &str => |v| Arg::Text(v.into()),
    DType => |v| Arg::DType(v),
    Vec<isize> => |v| Arg::Ints(v),
    &[isize] => |v| Arg::Ints(v.to_vec()),
    Operand => |v| match v {
        Operand::Lazy(l) => Arg::Array(l),
        Operand::Weak(Weak::Bool(b)) => Arg::Bool(b),
        Operand::Weak(Weak::Int(i)) => i64::try_from(i).map_or(Arg::Float(i as f64), Arg::Int),
        Operand::Weak(Weak::Float(f)) => Arg::Float(f),
        Operand::Weak(Weak::Complex(re, im)) => Arg::Complex(re, im),
    },
}

impl<T: Into<Arg>> From<Option<T>> for Arg {
    fn from(v: Option<T>) -> Self {
        v.map_or(Arg::None, Into::into)
    }
}

/// Arguments sorted into the places of a row.
pub(super) struct Args<'a> {
    row: &'a Row,
    places: Vec<Option<Arg>>,
}

impl<'a> Args<'a> {
    pub(super) fn read(row: &'a Row, args: Vec<Arg>) -> Result<Args<'a>> {
        let wrong = |detail: String| Error::value(row.name, detail);
        let mut places = vec![None; row.params.len()];
        let mut next = 0;
        let mut operands = Vec::new();
        for arg in args {
            let (at, value) = match arg {
                Arg::Keyword(key, value) => {
                    let at = row.params.iter().position(|p| p.name == key);
                    let at = at.ok_or_else(|| wrong(format!("has no argument `{key}`; it takes {}", signature(row))));
                    (at?, *value)
                }
                // `*arrays` takes every plain argument from its place on.
                value if row.params.get(next).is_some_and(|p| p.kind == ParamKind::Operands) => {
                    operands.push(value);
                    continue;
                }
                value => (next, value),
            };
            next = at + 1;
            match places.get_mut(at) {
                Some(place @ None) => *place = Some(value),
                Some(Some(_)) => return Err(wrong(format!("the argument `{}` is given twice", row.params[at].name))),
                None => return Err(wrong(format!("too many arguments; it takes {}", signature(row)))),
            }
        }
        if let Some(at) = row.params.iter().position(|p| p.kind == ParamKind::Operands)
            && let (false, Some(place)) = (operands.is_empty(), places.get_mut(at))
        {
            if place.is_some() {
                return Err(wrong(format!("the argument `{}` is given twice", row.params[at].name)));
            }
            *place = Some(together(row, operands)?);
        }
        for (place, param) in places.iter_mut().zip(row.params) {
            if place.is_none() {
                *place = preset(param.preset);
            }
        }
        Ok(Args { row, places })
    }

    fn param(&self, at: usize) -> Option<&'a Param> {
        self.row.params.get(at)
    }

    fn wrong(&self, at: usize, wanted: &str) -> Error {
        let name = self.param(at).map_or("", |p| p.name);
        let none = if self.param(at).is_some_and(Param::nullable) { " or None" } else { "" };
        let detail = match self.places.get(at) {
            Some(Some(_)) => format!("the argument `{name}` must be {wanted}{none}"),
            _ => format!("the argument `{name}` is missing; it takes {}", signature(self.row)),
        };
        Error::value(self.row.name, detail)
    }

    pub(super) fn get(&self, at: usize) -> Option<&Arg> {
        self.places.get(at).and_then(Option::as_ref)
    }

    /// True where `None` stands and may.
    fn is_none(&self, at: usize) -> bool {
        matches!(self.get(at), Some(Arg::None)) && self.param(at).is_some_and(Param::nullable)
    }

    /// The value, or none where `None` may stand and does.
    pub(super) fn maybe<T>(&self, at: usize, read: impl FnOnce(&Self, usize) -> Result<T>) -> Result<Option<T>> {
        if self.is_none(at) { Ok(None) } else { read(self, at).map(Some) }
    }

    pub(super) fn array(&self, at: usize) -> Result<Lazy> {
        self.operand(at).map(as_array)
    }

    pub(super) fn operand(&self, at: usize) -> Result<Operand> {
        match self.get(at) {
            Some(Arg::Array(l)) => Ok(l.into()),
            Some(Arg::Float(v)) => Ok((*v).into()),
            Some(Arg::Complex(re, im)) => Ok(Weak::Complex(*re, *im).into()),
            Some(Arg::Int(v)) => Ok((*v).into()),
            Some(Arg::Bool(v)) => Ok((*v).into()),
            Some(Arg::Ints(v)) => {
                let v: Vec<i64> = v.iter().map(|&i| i as i64).collect();
                Ok(Operand::Lazy(Array::from_slice(&v, &[v.len()])?.into()))
            }
            Some(Arg::Floats(v)) => Ok(Operand::Lazy(Array::from_slice(v, &[v.len()])?.into())),
            // Arrays in brackets are one array, as everywhere in NumPy.
            Some(Arg::Arrays(v)) if !v.is_empty() => Ok(Operand::Lazy(compose::stack(v, 0))),
            _ => Err(self.wrong(at, "an array or a number")),
        }
    }

    pub(super) fn arrays(&self, at: usize) -> Result<Vec<Lazy>> {
        match self.get(at) {
            Some(Arg::Arrays(v)) => Ok(v.clone()),
            Some(Arg::Array(l)) if self.param(at).is_some_and(|p| p.kind == ParamKind::Operands) => Ok(vec![l.clone()]),
            Some(Arg::Array(l)) => {
                // An array is the list of its parts along axis 0, as for NumPy.
                let n = l.shape()?.first().copied();
                let n = n.ok_or_else(|| self.wrong(at, "several arrays in brackets"))?;
                if n > MOST_PARTS {
                    let detail =
                        format!("an array of {n} parts stands for a list; at most {MOST_PARTS} are taken apart");
                    return Err(Error::shape(self.row.name, detail));
                }
                Ok(compose::unstack(l, 0))
            }
            Some(Arg::Ints(v)) => {
                v.iter().map(|&i| Ok(Lazy::scalar(Scalar::from_i128(DType::I64, i as i128)))).collect()
            }
            Some(Arg::Floats(v)) => v.iter().map(|&f| Ok(Lazy::scalar(Scalar::from_f64(DType::F64, f)))).collect(),
            _ => Err(self.wrong(at, "several arrays in brackets")),
        }
    }

    pub(super) fn ints(&self, at: usize) -> Result<Vec<isize>> {
        match self.get(at) {
            Some(Arg::Ints(v)) => Ok(v.clone()),
            Some(Arg::Int(v)) => Ok(vec![*v as isize]),
            _ if self.is_none(at) => Ok(Vec::new()),
            // `axis=None` where one is the rule: all of them.
            Some(Arg::None) if self.param(at).is_some_and(|p| p.kind == ParamKind::Axes) => Ok(Vec::new()),
            _ => Err(self.wrong(at, "an integer or integers in brackets")),
        }
    }

    pub(super) fn int(&self, at: usize) -> Result<isize> {
        match self.get(at) {
            Some(Arg::Int(v)) => Ok(*v as isize),
            Some(Arg::Bool(v)) => Ok(isize::from(*v)),
            _ => Err(self.wrong(at, "an integer")),
        }
    }

    pub(super) fn float(&self, at: usize) -> Result<f64> {
        match self.get(at) {
            Some(Arg::Float(v)) => Ok(*v),
            Some(Arg::Int(v)) => Ok(*v as f64),
            Some(Arg::Bool(v)) => Ok(f64::from(u8::from(*v))),
            _ => Err(self.wrong(at, "a number")),
        }
    }

    pub(super) fn truth(&self, at: usize) -> Result<bool> {
        match self.get(at) {
            Some(Arg::Bool(v)) => Ok(*v),
            Some(Arg::Int(v)) => Ok(*v != 0),
            _ => Err(self.wrong(at, "True or False")),
        }
    }

    pub(super) fn text(&self, at: usize) -> Result<String> {
        match self.get(at) {
            Some(Arg::Text(v)) => Ok(v.clone()),
            // Where words are meant and numbers are some of them, as in the orders of norms.
            Some(Arg::Int(v)) => Ok(v.to_string()),
            Some(Arg::Float(v)) => Ok(v.to_string()),
            _ => Err(self.wrong(at, "a word in quotes")),
        }
    }

    pub(super) fn dtype(&self, at: usize) -> Result<DType> {
        match self.get(at) {
            Some(Arg::DType(d)) => Ok(*d),
            Some(Arg::Text(t)) if DType::parse(t).is_some() => DType::parse(t).ok_or_else(|| self.wrong(at, "")),
            _ => Err(self.wrong(at, "an element type such as float32")),
        }
    }

    /// Inputs and attributes of a page.
    pub(super) fn attrs(&self) -> Result<(Vec<Lazy>, Vec<Attr>)> {
        let mut inputs = Vec::new();
        let mut attrs = Vec::with_capacity(self.row.params.len());
        for (at, param) in self.row.params.iter().enumerate() {
            if self.is_none(at) {
                attrs.push(Attr::None);
                continue;
            }
            attrs.push(match param.kind {
                ParamKind::Array | ParamKind::Number => {
                    inputs.push(self.array(at)?);
                    Attr::Input(inputs.len() - 1)
                }
                ParamKind::Arrays | ParamKind::Operands => {
                    let all = self.arrays(at)?;
                    let start = inputs.len();
                    inputs.extend(all);
                    Attr::Inputs(start, inputs.len() - start)
                }
                ParamKind::Axes | ParamKind::Ints | ParamKind::Shape => Attr::Ints(self.ints(at)?),
                ParamKind::Axis | ParamKind::Int => Attr::Int(self.int(at)? as i64),
                ParamKind::Float => Attr::Float(self.float(at)?),
                ParamKind::Bool => Attr::Bool(self.truth(at)?),
                ParamKind::Text => Attr::Text(self.text(at)?),
                ParamKind::DType => Attr::DType(self.dtype(at)?),
            });
        }
        Ok((inputs, attrs))
    }
}

/// Plain arguments as the list that `*arrays` is: one list is that list.
fn together(row: &Row, mut operands: Vec<Arg>) -> Result<Arg> {
    if let [Arg::Arrays(_) | Arg::Ints(_) | Arg::Floats(_)] = operands.as_slice() {
        return operands.pop().ok_or_else(|| Error::internal("an argument is gone"));
    }
    let one = |arg: Arg| match arg {
        Arg::Array(l) => Ok(l),
        Arg::Int(v) => Ok(as_array(Weak::Int(v.into()).into())),
        Arg::Float(v) => Ok(as_array(Weak::Float(v).into())),
        Arg::Bool(v) => Ok(as_array(Weak::Bool(v).into())),
        Arg::Complex(re, im) => Ok(as_array(Weak::Complex(re, im).into())),
        _ => Err(Error::value(row.name, format!("arrays are meant; it takes {}", signature(row)))),
    };
    Ok(Arg::Arrays(operands.into_iter().map(one).collect::<Result<_>>()?))
}

/// An array longer than this is not taken apart into its parts.
const MOST_PARTS: usize = 1 << 12;

fn preset(p: Preset) -> Option<Arg> {
    Some(match p {
        Preset::Required => return None,
        Preset::None => Arg::None,
        Preset::Int(v) => Arg::Int(v),
        Preset::Float(v) => Arg::Float(v),
        Preset::Bool(v) => Arg::Bool(v),
        Preset::Text(v) => Arg::Text(v.into()),
    })
}

/// `clip(x, min, max)`, `sort(x, axis=-1)`
pub fn signature(row: &Row) -> String {
    let show = |p: &Param| match p.preset {
        Preset::Required if p.kind == ParamKind::Operands => format!("*{}", p.name),
        Preset::Required => p.name.to_string(),
        Preset::None => format!("{}=None", p.name),
        Preset::Int(v) => format!("{}={v}", p.name),
        Preset::Float(v) => format!("{}={v:?}", p.name),
        Preset::Bool(v) => format!("{}={}", p.name, if v { "True" } else { "False" }),
        Preset::Text(v) => format!("{}='{v}'", p.name),
    };
    let names: Vec<String> = row.params.iter().map(show).collect();
    format!("{}({})", row.name, names.join(", "))
}
