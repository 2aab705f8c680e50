//! The flat tree to a lazy expression: one pass over the nodes, each op called by its name in
//! the registry. Nothing is computed here but plain numbers.

use std::collections::{HashMap, HashSet};

use opusclip_engine::api::call::{self, Arg};
use opusclip_engine::array::Scalar;
use opusclip_engine::{Array, Complex, DType, Index, Lazy, Operand, Slice};

use super::ast::{Ast, CallArg, Id, Item, Node, NodeKind, Unary};
use super::lexer;
use super::value::{self, Value};
use crate::error::{Error, Result};

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
            NodeKind::Tuple(ids) | NodeKind::List(ids) => self.tuple(ids, col),
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
            NodeKind::AssignIndex(name, array, items, value) => {
                let Value::Array(array) = self.value(*array)? else {
                    return Err(lexer::error(col, format!("`{name}` is no array, so nothing can be put into it")));
                };
                let value: Operand = match self.value(*value)? {
                    Value::Array(v) => v.into(),
                    Value::Int(v) => v.into(),
                    Value::Float(v) => v.into(),
                    Value::Bool(v) => v.into(),
                    other => match list(&other) {
                        Some(list) => list.map_err(at_column(col))?.into(),
                        None => {
                            let what =
                                format!("only numbers and arrays are put into an array, not {}", other.describe());
                            return Err(lexer::error(col, what));
                        }
                    },
                };
                let set = checked(array.set(self.entries(items, col)?, value), col)?;
                self.names.insert(name.clone(), Value::Array(set.clone()));
                Ok(Value::Array(set))
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
        if !values.is_empty() && values.iter().all(|v| matches!(v, Value::Bool(_))) {
            let bools: Vec<bool> = values.iter().map(|v| matches!(v, Value::Bool(true))).collect();
            return Ok(Value::Array(Array::from_slice(&bools, &[bools.len()])?.into()));
        }
        if let Some(table) = table(&values)? {
            return Ok(Value::Array(table.into()));
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
            if let Some(array) = list(&value) {
                arrays.push(array.map_err(at_column(col))?);
                continue;
            }
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
        // NumPy's `where` of a condition alone.
        if name == "where" && matches!(list.as_slice(), [Arg::Array(_)]) {
            return call_op("nonzero", list, col);
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
        checked(array.index(self.entries(items, col)?), col).map(Value::Array)
    }

    /// What stands between brackets, for the engine. A tuple alone is all of the index.
    fn entries(&self, items: &[Item], col: usize) -> Result<Vec<Index>> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            out.push(match item {
                Item::Ellipsis => Index::Ellipsis,
                Item::NewAxis => Index::NewAxis,
                Item::Slice(start, stop, step) => Index::Slice(Slice {
                    start: self.place(start.as_ref(), col)?,
                    stop: self.place(stop.as_ref(), col)?,
                    step: self.place(step.as_ref(), col)?,
                }),
                Item::At(at) => match self.value(*at)? {
                    Value::Int(v) => Index::At(position(v, col)?),
                    Value::Bool(v) => Index::Flag(v),
                    Value::Array(v) => Index::Array(v),
                    Value::None => Index::NewAxis,
                    // What `nonzero` gives.
                    Value::Arrays(all) if items.len() == 1 => {
                        out.extend(all.into_iter().map(Index::Array));
                        continue;
                    }
                    other @ Value::Ints(_) => match list(&other) {
                        Some(list) => Index::Array(list.map_err(at_column(col))?),
                        None => continue,
                    },
                    other => {
                        let what = format!("an index is an integer, a slice or an array, not {}", other.describe());
                        return Err(lexer::error(col, what));
                    }
                },
            });
        }
        Ok(out)
    }

    /// One part of a slice.
    fn place(&self, id: Option<&Id>, col: usize) -> Result<Option<isize>> {
        match id.map(|id| self.value(*id)).transpose()? {
            None | Some(Value::None) => Ok(None),
            Some(Value::Int(v)) => position(v, col).map(Some),
            Some(other) => Err(lexer::error(col, format!("a slice is made of integers, not {}", other.describe()))),
        }
    }
}

/// Lists of equally many numbers in a list are an array of two axes.
fn table(values: &[Value]) -> Result<Option<Array>> {
    let length = |v: &Value| match v {
        Value::Ints(v) => Some(v.len()),
        Value::Floats(v) => Some(v.len()),
        _ => None,
    };
    let Some(n) = values.first().and_then(length) else { return Ok(None) };
    if !values.iter().all(|v| length(v) == Some(n)) {
        return Ok(None);
    }
    let shape = [values.len(), n];
    let ints: Option<Vec<&[isize]>> =
        values.iter().map(|v| if let Value::Ints(v) = v { Some(v.as_slice()) } else { None }).collect();
    if let Some(rows) = ints {
        let all: Vec<i64> = rows.concat().into_iter().map(|v| v as i64).collect();
        return Array::from_slice(&all, &shape).map(Some);
    }
    let all: Vec<f64> = values
        .iter()
        .flat_map(|v| match v {
            Value::Ints(v) => v.iter().map(|&v| v as f64).collect(),
            Value::Floats(v) => v.clone(),
            _ => Vec::new(),
        })
        .collect();
    Array::from_slice(&all, &shape).map(Some)
}

fn keyword(key: &str, value: Arg) -> Arg {
    Arg::Keyword(key.to_string(), Box::new(value))
}

/// The array that a list of numbers is.
fn list(value: &Value) -> Option<Result<Lazy>> {
    let array = match value {
        Value::Ints(v) => {
            let v: Vec<i64> = v.iter().map(|&i| i as i64).collect();
            Array::from_slice(&v, &[v.len()])
        }
        Value::Floats(v) => Array::from_slice(v, &[v.len()]),
        _ => return None,
    };
    Some(array.map(Lazy::from))
}

/// An expression that could be built.
fn checked(lazy: Lazy, col: usize) -> Result<Lazy> {
    lazy.meta().map_err(Error::without_place).map_err(at_column(col))?;
    Ok(lazy)
}

fn position(v: i64, col: usize) -> Result<isize> {
    isize::try_from(v).map_err(|_| lexer::error(col, format!("{v} is out of range")))
}

/// The registry's name of the function `name`.
fn function(name: &str) -> Option<&'static str> {
    call::find(name).map(|r| r.name)
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
    let names = call::names();
    let hint = nearest(name, names.into_iter().chain(DType::ALL.iter().map(|d| d.short())));
    let hint = hint.map_or("; `opusclip explain --ops` lists them".to_string(), |n| format!("; did you mean `{n}`?"));
    lexer::error(col, format!("unknown function `{name}`{hint}"))
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
