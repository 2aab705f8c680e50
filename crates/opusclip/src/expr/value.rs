//! What a node of an expression stands for, and Python's arithmetic on plain numbers. Literals
//! are folded here so that they stay weak: `x * (1 / 2)` of a float32 array is float32.

use opusclip_engine::api::call::Arg;
use opusclip_engine::array::Scalar;
use opusclip_engine::{DType, Lazy};

use super::ast::{Binary, Unary};
use super::complex;

/// What a node stands for.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Array(Lazy),
    Int(i64),
    Float(f64),
    Complex(f64, f64),
    Bool(bool),
    None,
    Ints(Vec<isize>),
    Floats(Vec<f64>),
    Arrays(Vec<Lazy>),
    Text(String),
    DType(DType),
}

impl Value {
    /// What it is, for messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Value::Array(_) => "an array".to_string(),
            Value::Int(v) => format!("the number {v}"),
            Value::Float(v) => format!("the number {v}"),
            Value::Complex(re, im) => format!("the number {}", Scalar::from_parts(DType::C128, *re, *im)),
            Value::Bool(true) => "True".to_string(),
            Value::Bool(false) => "False".to_string(),
            Value::None => "None".to_string(),
            Value::Ints(_) => "a list of integers".to_string(),
            Value::Floats(_) => "a list of numbers".to_string(),
            Value::Arrays(_) => "a list of arrays".to_string(),
            Value::Text(t) => format!("the word '{t}'"),
            Value::DType(d) => format!("the element type {d}"),
        }
    }

    /// As an argument of an op.
    pub(super) fn into_arg(self) -> Arg {
        match self {
            Value::Array(v) => Arg::Array(v),
            Value::Int(v) => Arg::Int(v),
            Value::Float(v) => Arg::Float(v),
            Value::Complex(re, im) => Arg::Complex(re, im),
            Value::Bool(v) => Arg::Bool(v),
            Value::None => Arg::None,
            Value::Ints(v) => Arg::Ints(v),
            Value::Floats(v) => Arg::Floats(v),
            Value::Arrays(v) => Arg::Arrays(v),
            Value::Text(v) => Arg::Text(v),
            Value::DType(v) => Arg::DType(v),
        }
    }

    /// A plain real number, if it is one. `True` is 1, as in Python.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Value::Int(v) => Some(Number::Int(*v)),
            Value::Bool(v) => Some(Number::Int((*v).into())),
            Value::Float(v) => Some(Number::Float(*v)),
            _ => None,
        }
    }

    /// Real and imaginary part of a plain number.
    pub(super) fn parts(&self) -> Option<(f64, f64)> {
        match self {
            Value::Complex(re, im) => Some((*re, *im)),
            _ => self.number().map(|v| (v.float(), 0.0)),
        }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub(super) fn float(self) -> f64 {
        match self {
            Number::Int(v) => v as f64,
            Number::Float(v) => v,
        }
    }
}

const OVERFLOW: &str = "the integers overflow; write one of them as a float";

/// `op a` for a plain number; `None` when `a` is none.
pub(super) fn fold_unary(op: Unary, a: &Value) -> Option<Result<Value, String>> {
    let overflow = || OVERFLOW.to_string();
    if let Value::Complex(re, im) = *a {
        return Some(match op {
            Unary::Plus => Ok(Value::Complex(re, im)),
            Unary::Negative => Ok(Value::Complex(-re, -im)),
            Unary::Invert => Err("`~` needs an integer".to_string()),
        });
    }
    Some(match (op, a.number()?) {
        (Unary::Plus, Number::Int(v)) => Ok(Value::Int(v)),
        (Unary::Plus, Number::Float(v)) => Ok(Value::Float(v)),
        (Unary::Negative, Number::Int(v)) => v.checked_neg().map(Value::Int).ok_or_else(overflow),
        (Unary::Negative, Number::Float(v)) => Ok(Value::Float(-v)),
        (Unary::Invert, _) if matches!(a, Value::Bool(_)) => {
            Err("`~` turns bits over; for `not` of a literal write the other one".to_string())
        }
        (Unary::Invert, Number::Int(v)) => Ok(Value::Int(!v)),
        (Unary::Invert, Number::Float(_)) => Err("`~` needs an integer".to_string()),
    })
}

/// `a op b` for plain numbers; `None` when one of them is none.
pub(super) fn fold_binary(op: Binary, a: &Value, b: &Value) -> Option<Result<Value, String>> {
    let (z, w) = (a.parts()?, b.parts()?);
    if op == Binary::MatMul {
        return Some(Err("`@` multiplies arrays; for numbers write `*`".to_string()));
    }
    let (Some(x), Some(y)) = (a.number(), b.number()) else {
        return Some(complex::fold(op, z, w));
    };
    if op.compares() {
        // Integers are compared as integers: 2^53 and 2^53 + 1 differ.
        let order = match (x, y) {
            (Number::Int(x), Number::Int(y)) => Some(x.cmp(&y)),
            _ => x.float().partial_cmp(&y.float()),
        };
        return Some(Ok(Value::Bool(match op {
            Binary::Less => order.is_some_and(|o| o.is_lt()),
            Binary::LessEqual => order.is_some_and(|o| o.is_le()),
            Binary::Greater => order.is_some_and(|o| o.is_gt()),
            Binary::GreaterEqual => order.is_some_and(|o| o.is_ge()),
            Binary::Equal => order.is_some_and(|o| o.is_eq()),
            _ => !order.is_some_and(|o| o.is_eq()),
        })));
    }
    Some(match (x, y) {
        (Number::Int(x), Number::Int(y)) => integers(op, x, y),
        _ => floats(op, x.float(), y.float()),
    })
}

fn integers(op: Binary, x: i64, y: i64) -> Result<Value, String> {
    let zero = || "division by zero".to_string();
    let int = |v: Option<i64>| v.map(Value::Int).ok_or_else(|| OVERFLOW.to_string());
    match op {
        Binary::Add => int(x.checked_add(y)),
        Binary::Subtract => int(x.checked_sub(y)),
        Binary::Multiply => int(x.checked_mul(y)),
        Binary::Divide => floats(op, x as f64, y as f64),
        Binary::FloorDivide | Binary::Remainder if y == 0 => Err(zero()),
        Binary::FloorDivide => {
            // Towards minus infinity: one less than the truncated quotient when signs differ.
            let down = |q: i64| if x.wrapping_rem(y) != 0 && (x < 0) != (y < 0) { q - 1 } else { q };
            int(x.checked_div(y).map(down))
        }
        Binary::Remainder => {
            let r = x.wrapping_rem(y);
            int(Some(if r != 0 && (r < 0) != (y < 0) { r + y } else { r }))
        }
        Binary::Power if y < 0 => floats(op, x as f64, y as f64),
        Binary::Power => match (x, y) {
            (0 | 1, _) => int(Some(if y == 0 { 1 } else { x })),
            (-1, _) => int(Some(if y % 2 == 0 { 1 } else { -1 })),
            _ => int(u32::try_from(y).ok().and_then(|y| x.checked_pow(y))),
        },
        Binary::And => int(Some(x & y)),
        Binary::Or => int(Some(x | y)),
        Binary::LeftShift | Binary::RightShift if y < 0 => Err("negative shift count".to_string()),
        // Nothing of 64 bits is left after 64 of them but the sign.
        Binary::RightShift => int(Some(x >> y.min(63))),
        Binary::LeftShift => int(i64::try_from(i128::from(x) << y.min(64)).ok()),
        _ => int(Some(x ^ y)),
    }
}

fn floats(op: Binary, x: f64, y: f64) -> Result<Value, String> {
    let float = |v| Ok(Value::Float(v));
    match op {
        Binary::Add => float(x + y),
        Binary::Subtract => float(x - y),
        Binary::Multiply => float(x * y),
        Binary::Divide | Binary::FloorDivide | Binary::Remainder if y == 0.0 => Err("division by zero".to_string()),
        Binary::Divide => float(x / y),
        Binary::FloorDivide => float((x / y).floor()),
        Binary::Remainder => {
            let r = x % y;
            float(if r != 0.0 && (r < 0.0) != (y < 0.0) { r + y } else { r })
        }
        Binary::Power if x == 0.0 && y < 0.0 => Err("zero to a negative power".to_string()),
        // A root of a negative number is complex.
        Binary::Power if x < 0.0 && x.is_finite() && y.is_finite() && y.fract() != 0.0 => {
            complex::fold(op, (x, 0.0), (y, 0.0))
        }
        Binary::Power => float(x.powf(y)),
        _ => Err("bits of floats are not defined".to_string()),
    }
}
