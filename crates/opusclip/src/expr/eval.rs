//! The flat tree to a lazy expression: one pass over the nodes, each op called by its name in
//! the registry. Nothing is computed here but plain numbers.

use std::collections::{HashMap, HashSet};

use opusclip_engine::api::call::{self, Arg};
use opusclip_engine::array::Scalar;
use opusclip_engine::{Array, Complex, DType, Lazy};

use super::ast::{Ast, CallArg, Id, Item, Node, NodeKind, Unary};
use super::lexer;
use super::value::{self, Value};
use crate::error::{Error, Result};

/// Python's names of what NumPy, and so the registry, calls otherwise.
const PYTHON_NAMES: [(&str, &str); 2] = [("abs", "absolute"), ("transpose", "permute_dims")];

/// The result of `ast` with `variables` bound.
pub(super) fn eval(ast: &Ast, variables: &[(&str, Lazy)]) -> Result<Lazy> {
    match result(ast, variables)? {
        (Value::Array(lazy), _) => Ok(lazy),
        (Value::Arrays(all), col) => {
            let what = format!("the result is {} arrays; pick one of them: `(…)[0]`", all.len());
            Err(lexer::error(col, what))
        }
        (other, col) => Err(no_array(&other, col)),
    }
}

/// The results of `ast`, one or several.
pub(super) fn eval_all(ast: &Ast, variables: &[(&str, Lazy)]) -> Result<Vec<Lazy>> {
    match result(ast, variables)? {
        (Value::Array(lazy), _) => Ok(vec![lazy]),
        (Value::Arrays(all), _) => Ok(all),
        (other, col) => Err(no_array(&other, col)),
    }
}

fn no_array(value: &Value, col: usize) -> Error {
    lexer::error(col, format!("the result is {}, not an array; use the frames `x` in it", value.describe()))
}

/// The last value and its column.
fn result(ast: &Ast, variables: &[(&str, Lazy)]) -> Result<(Value, usize)> {
    let mut names = HashMap::new();
    for (name, lazy) in variables {
        names.insert((*name).to_string(), Value::Array(lazy.clone()));
    }
    let mut eval = Eval { values: Vec::with_capacity(ast.nodes.len()), names };
    for node in &ast.nodes {
        let value = eval.node(node)?;
        eval.values.push(value);
    }
    let col = ast.nodes.get(ast.result).map_or(1, |n| n.col);
    let value = eval.values.get(ast.result).cloned().ok_or_else(|| Error::internal("expr: no result"))?;
    Ok((value, col))
}

/// Names and functions that nothing stands for, found without any array.
pub(super) fn check(ast: &Ast, variables: &[&str]) -> Result<()> {
    let mut names: HashSet<&str> = variables.iter().copied().collect();
    for node in &ast.nodes {
        match &node.kind {
            NodeKind::Assign(name, _) => {
                names.insert(name);
            }
            NodeKind::Name(name) if !names.contains(name.as_str()) && DType::parse(name).is_none() => {
                return Err(unknown_name(name, names.iter().copied(), node.col));
            }
            NodeKind::Call(name, _) if function(name).is_none() && DType::parse(name).is_none() => {
                return Err(unknown_function(name, names.contains(name.as_str()), node.col));
            }
            _ => {}
        }
    }
    Ok(())
}

struct Eval {
    /// One for each node before the current one.
    values: Vec<Value>,
    names: HashMap<String, Value>,
}

impl Eval {
    fn value(&self, id: Id) -> Result<Value> {
        self.values.get(id).cloned().ok_or_else(|| Error::internal("expr: a node before its child"))
    }

    fn node(&mut self, node: &Node) -> Result<Value> {
        let col = node.col;
        match &node.kind {
            NodeKind::Int(v) => Ok(Value::Int(*v)),
            NodeKind::Float(v) => Ok(Value::Float(*v)),
            NodeKind::Imaginary(v) => Ok(Value::Complex(0.0, *v)),
            NodeKind::Bool(v) => Ok(Value::Bool(*v)),
            NodeKind::Text(v) => Ok(Value::Text(v.clone())),
            NodeKind::None => Ok(Value::None),
            NodeKind::Name(name) => self.name(name, col),
            NodeKind::Tuple(ids) => self.tuple(ids, col),
            NodeKind::Unary(op, a) => {
                let a = self.value(*a)?;
                match (value::fold_unary(*op, &a), op) {
                    (Some(folded), _) => folded.map_err(|what| lexer::error(col, what)),
                    (None, Unary::Negative) => call_op("negative", vec![a.into_arg()], col),
                    (None, Unary::Invert) => call_op("invert", vec![a.into_arg()], col),
                    (None, Unary::Plus) => Ok(a),
                }
            }
            NodeKind::Binary(op, a, b) => {
                let (a, b) = (self.value(*a)?, self.value(*b)?);
                match value::fold_binary(*op, &a, &b) {
                    Some(folded) => folded.map_err(|what| lexer::error(col, what)),
                    None => call_op(op.op(), vec![a.into_arg(), b.into_arg()], col),
                }
            }
            NodeKind::Call(name, args) => self.call(name, args, col),
            NodeKind::Index(a, items) => self.index(&self.value(*a)?, items, col),
            NodeKind::Assign(name, a) => {
                let value = self.value(*a)?;
                self.names.insert(name.clone(), value.clone());
                Ok(value)
            }
        }
    }

    fn name(&self, name: &str, col: usize) -> Result<Value> {
        if let Some(value) = self.names.get(name) {
            return Ok(value.clone());
        }
        if let Some(dtype) = DType::parse(name) {
            return Ok(Value::DType(dtype));
        }
        Err(unknown_name(name, self.names.keys().map(String::as_str), col))
    }

    /// Integers, numbers, an array of complex ones, or arrays (with numbers among them as arrays of
    /// one).
    fn tuple(&self, ids: &[Id], col: usize) -> Result<Value> {
        let values = ids.iter().map(|id| self.value(*id)).collect::<Result<Vec<_>>>()?;
        if values.iter().all(|v| matches!(v, Value::Int(_))) {
            let ints = values.iter().filter_map(|v| if let Value::Int(i) = v { Some(position(*i, col)) } else { None });
            return Ok(Value::Ints(ints.collect::<Result<_>>()?));
        }
        let floats: Option<Vec<f64>> = values.iter().map(|v| v.number().map(value::Number::float)).collect();
        if let Some(floats) = floats {
            return Ok(Value::Floats(floats));
        }
        let parts: Option<Vec<(f64, f64)>> = values.iter().map(Value::parts).collect();
        if let Some(parts) = parts {
            let all: Vec<_> = parts.into_iter().map(|(re, im)| Complex::new(re, im)).collect();
            return Ok(Value::Array(Array::from_slice(&all, &[all.len()])?.into()));
        }
        let mut arrays = Vec::with_capacity(values.len());
        for value in values {
            arrays.push(match value {
                Value::Array(lazy) => lazy,
                Value::Int(v) => Lazy::scalar(Scalar::from_i128(DType::I64, v.into())),
                Value::Float(v) => Lazy::scalar(Scalar::from_f64(DType::F64, v)),
                Value::Bool(v) => Lazy::scalar(Scalar::from_i128(DType::Bool, v.into())),
                Value::Complex(re, im) => Lazy::scalar(Scalar::from_parts(DType::C128, re, im)),
                other => {
                    let what = format!("only numbers and arrays stand in a list, not {}", other.describe());
                    return Err(lexer::error(col, what));
                }
            });
        }
        Ok(Value::Arrays(arrays))
    }

    fn call(&self, name: &str, args: &[CallArg], col: usize) -> Result<Value> {
        let mut list = Vec::with_capacity(args.len());
        for arg in args {
            let value = self.value(arg.value)?;
            list.push(match (&arg.keyword, value) {
                // Python's truth of integers.
                (Some(key), Value::Int(v)) if key == "keepdims" => keyword(key, Arg::Bool(v != 0)),
                (Some(key), Value::Bool(v)) if key == "keepdims" => keyword(key, Arg::Bool(v)),
                (Some(key), other) if key == "keepdims" => {
                    let what = format!("{name}: `keepdims` must be True or False, not {}", other.describe());
                    return Err(lexer::error(col, what));
                }
                (Some(key), value) => keyword(key, value.into_arg()),
                (None, value) => value.into_arg(),
            });
        }
        // A type's name is a function, as in NumPy: `f32(x)`.
        if let Some(dtype) = DType::parse(name) {
            return match <[Arg; 1]>::try_from(list) {
                Ok([arg @ (Arg::Array(_) | Arg::Int(_) | Arg::Float(_) | Arg::Complex(..) | Arg::Bool(_))]) => {
                    call_op("astype", vec![arg, Arg::DType(dtype)], col)
                }
                _ => Err(lexer::error(col, format!("`{name}` takes one array or number: `{name}(x)`"))),
            };
        }
        if let Some(op) = function(name) {
            return call_op(op, list, col);
        }
        Err(unknown_function(name, self.names.contains_key(name), col))
    }

    fn index(&self, array: &Value, items: &[Item], col: usize) -> Result<Value> {
        if let (Value::Arrays(all), [Item::At(at)]) = (array, items) {
            let at = match self.value(*at)? {
                Value::Int(v) => v,
                other => {
                    return Err(lexer::error(
                        col,
                        format!("a list is indexed by an integer, not {}", other.describe()),
                    ));
                }
            };
            let from_front = if at < 0 { at.saturating_add(all.len() as i64) } else { at };
            let one = usize::try_from(from_front).ok().and_then(|i| all.get(i));
            let outside = || lexer::error(col, format!("index {at} is outside a list of {} arrays", all.len()));
            return one.cloned().map(Value::Array).ok_or_else(outside);
        }
        let Value::Array(array) = array else {
            return Err(lexer::error(col, format!("only arrays are indexed, not {}", array.describe())));
        };
        let mut array = array.clone();
        let rank = array.ndim()?;
        let consumed = items.iter().filter(|i| matches!(i, Item::At(_) | Item::Slice(..))).count();
        if items.iter().filter(|i| matches!(i, Item::Ellipsis)).count() > 1 {
            return Err(lexer::error(col, "an index has at most one `...`"));
        }
        let Some(rest) = rank.checked_sub(consumed) else {
            return Err(lexer::error(col, format!("{consumed} indices for an array with {rank} axes")));
        };
        let mut axis = 0_usize;
        for item in items {
            match item {
                Item::Ellipsis => axis += rest,
                Item::NewAxis => {
                    array = op("expand_dims", vec![Arg::Array(array), axis_arg(axis)], col)?;
                    axis += 1;
                }
                Item::Slice(start, stop, step) => {
                    let mut args = vec![Arg::Array(array), axis_arg(axis)];
                    for part in [start, stop, step] {
                        args.push(self.place(part.as_ref(), col)?);
                    }
                    array = op("slice_axis", args, col)?;
                    axis += 1;
                }
                Item::At(at) => {
                    let len = array.shape()?.get(axis).copied().unwrap_or(0);
                    let at = match self.value(*at)? {
                        Value::Int(v) => v,
                        other => {
                            let what = format!("an index is an integer or a slice, not {}", other.describe());
                            return Err(lexer::error(col, what));
                        }
                    };
                    let from_front = if at < 0 { i128::from(at) + len as i128 } else { i128::from(at) };
                    let from_front =
                        i64::try_from(from_front).ok().filter(|i| (0..len as i128).contains(&i128::from(*i)));
                    let Some(i) = from_front else {
                        return Err(lexer::error(
                            col,
                            format!("index {at} is out of bounds for axis {axis} of length {len}"),
                        ));
                    };
                    let args = vec![Arg::Array(array), axis_arg(axis), Arg::Int(i), Arg::Int(i + 1)];
                    array = op("slice_axis", args, col)?;
                    array = op("squeeze", vec![Arg::Array(array), axis_arg(axis)], col)?;
                }
            }
        }
        Ok(Value::Array(array))
    }

    /// One part of a slice.
    fn place(&self, id: Option<&Id>, col: usize) -> Result<Arg> {
        match id.map(|id| self.value(*id)).transpose()? {
            None | Some(Value::None) => Ok(Arg::None),
            Some(Value::Int(v)) => Ok(Arg::Int(v)),
            Some(other) => Err(lexer::error(col, format!("a slice is made of integers, not {}", other.describe()))),
        }
    }
}

fn keyword(key: &str, value: Arg) -> Arg {
    Arg::Keyword(key.to_string(), Box::new(value))
}

/// Ranks are small, so an axis always fits.
fn axis_arg(axis: usize) -> Arg {
    Arg::Int(i64::try_from(axis).unwrap_or(i64::MAX))
}

fn position(v: i64, col: usize) -> Result<isize> {
    isize::try_from(v).map_err(|_| lexer::error(col, format!("{v} is out of range")))
}

/// The registry's name of the function `name`.
fn function(name: &str) -> Option<&str> {
    let python = PYTHON_NAMES.iter().find(|(python, _)| *python == name).map(|(_, op)| *op);
    if is_op(name) { Some(name) } else { python.filter(|op| is_op(op)) }
}

fn unknown_name<'a>(name: &str, names: impl Iterator<Item = &'a str>, col: usize) -> Error {
    if function(name).is_some() {
        return lexer::error(col, format!("`{name}` is a function; call it: `{name}(…)`"));
    }
    let hint = nearest(name, names).map_or("; the frames are `x`".to_string(), |n| format!("; did you mean `{n}`?"));
    lexer::error(col, format!("unknown name `{name}`{hint}"))
}

fn unknown_function(name: &str, is_variable: bool, col: usize) -> Error {
    if is_variable {
        return lexer::error(col, format!("`{name}` is no function; put an operator before the bracket"));
    }
    let rows = call::rows();
    let names = rows.iter().map(|r| r.name).chain(PYTHON_NAMES.iter().map(|(n, _)| *n));
    let hint = nearest(name, names.chain(DType::ALL.iter().map(|d| d.short())));
    let hint = hint.map_or("; `opusclip explain --ops` lists them".to_string(), |n| format!("; did you mean `{n}`?"));
    lexer::error(col, format!("unknown function `{name}`{hint}"))
}

fn is_op(name: &str) -> bool {
    call::rows().iter().any(|r| r.name == name)
}

/// The kind of error says no more than its words once the column stands before them.
fn at_column(col: usize) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::Shape { .. } | Error::DType { .. } | Error::Value { .. } => lexer::error(col, error),
        other => other,
    }
}

fn op(name: &str, args: Vec<Arg>, col: usize) -> Result<Lazy> {
    call::call(name, &args).map_err(at_column(col))
}

fn call_op(name: &str, args: Vec<Arg>, col: usize) -> Result<Value> {
    if call::gives_many(name) {
        return call::call_all(name, &args).map(Value::Arrays).map_err(at_column(col));
    }
    op(name, args, col).map(Value::Array)
}

/// The candidate that is a few keystrokes away, if there is one.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = candidates.map(|c| (call::distance(name, c), c)).min()?;
    // One letter of three may be wrong, and at least one.
    (near.0 <= (name.chars().count() / 3).max(1)).then_some(near.1)
}
