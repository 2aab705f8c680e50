//! Register code of a fused region: what the block interpreter runs, and what tables are made of.

use std::fmt::Write as _;

use opusclip_raw::{DType, Isa};

use crate::array::{Array, Scalar, shape};
use crate::error::{Error, Result};
use crate::ops::lanes::{Lanes, LanesMut};
use crate::ops::{self, Elementwise};

/// Where an instruction finds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// The program's n-th operand.
    Operand(usize),
    /// The result of the n-th instruction.
    Result(usize),
    /// A constant.
    Constant(Scalar),
}

/// One elementwise op.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// Which.
    pub op: Elementwise,
    /// Its inputs.
    pub args: Vec<Value>,
    /// Element type of its result.
    pub dtype: DType,
}

/// Instructions over operands that all broadcast to one shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    /// Element type of each operand.
    pub operands: Vec<DType>,
    /// In order; each uses only operands, constants and earlier results.
    pub instructions: Vec<Instruction>,
    /// What comes out.
    pub result: Value,
    /// Its element type.
    pub dtype: DType,
}

impl Program {
    /// The program that hands its one operand on.
    pub fn operand(dtype: DType) -> Program {
        Program { operands: vec![dtype], instructions: Vec::new(), result: Value::Operand(0), dtype }
    }

    /// What it makes of inputs broadcast to `shape`: whole arrays, one instruction after another, plain loops.
    pub(crate) fn run(&self, inputs: &[Array], shape: &[usize]) -> Result<Array> {
        let whole = |a: &Array| a.broadcast(shape).to_contiguous();
        let operands = inputs.iter().map(whole).collect::<Result<Vec<_>>>()?;
        let constant = |s: &Scalar| Array::from_scalar(*s).and_then(|a| whole(&a));
        let mut results: Vec<Array> = Vec::new();
        for i in &self.instructions {
            let args = i
                .args
                .iter()
                .map(|v| match v {
                    Value::Operand(n) => Ok(operands[*n].clone()),
                    Value::Result(n) => Ok(results[*n].clone()),
                    Value::Constant(s) => constant(s),
                })
                .collect::<Result<Vec<Array>>>()?;
            let mut buffer = crate::array::zeroed(i.dtype, shape)?;
            let bytes = shape::count("program", shape, 1)? * i.dtype.size();
            let lanes: Option<Vec<Lanes<'_>>> =
                args.iter().map(|a| Lanes::of(a.dtype(), a.contiguous_bytes().unwrap_or(&[]))).collect();
            let out = LanesMut::of(i.dtype, &mut buffer.bytes_mut()[..bytes]);
            match (lanes, out) {
                (Some(lanes), Some(out)) => ops::eval(i.op, Isa::BASELINE, &lanes, out),
                _ => return Err(Error::internal("a buffer is not aligned")),
            }
            results.push(Array::from_buffer(buffer, i.dtype, shape.to_vec()));
        }
        match self.result {
            Value::Operand(n) => Ok(operands[n].clone()),
            Value::Result(n) => Ok(results[n].clone()),
            Value::Constant(s) => constant(&s),
        }
    }

    /// Widest element that passes through the program.
    pub fn widest(&self) -> usize {
        let results = self.instructions.iter().map(|i| i.dtype.size());
        results.chain(self.operands.iter().map(|d| d.size())).max().unwrap_or(1)
    }

    /// `clip(power(f32(a) / 255.0, 0.8), …)` with operands a, b, c, …
    pub fn show(&self) -> String {
        let mut texts: Vec<String> = Vec::new();
        for i in &self.instructions {
            let args: Vec<String> = i.args.iter().map(|v| self.show_value(v, &texts)).collect();
            texts.push(format!("{}({})", i.op.name(), args.join(", ")));
        }
        let text = self.show_value(&self.result, &texts);
        if text.len() > 400 {
            let mut lines = String::new();
            for (n, i) in self.instructions.iter().enumerate() {
                let args: Vec<String> = i.args.iter().map(show_short).collect();
                let _ = write!(lines, "r{n}={}({}); ", i.op.name(), args.join(", "));
            }
            return lines.trim_end_matches("; ").to_string();
        }
        text
    }

    fn show_value(&self, v: &Value, results: &[String]) -> String {
        match v {
            // A result that was itself too long to repeat stays a register name.
            Value::Result(n) => match results.get(*n) {
                Some(t) if t.len() <= 400 => t.clone(),
                _ => format!("r{n}"),
            },
            other => show_short(other),
        }
    }
}

fn show_short(v: &Value) -> String {
    match v {
        Value::Operand(n) => {
            char::from_u32('a' as u32 + *n as u32).filter(|_| *n < 26).map_or(format!("v{n}"), String::from)
        }
        Value::Result(n) => format!("r{n}"),
        Value::Constant(s) => s.to_string(),
    }
}
