//! Every op of the registry × element types × awkward shapes, computed by the engine and written
//! down for NumPy to judge: `sweep FOLDER [OP…]`, then `tests/oracle/test_sweep.py` reads it.
//!
//! The calls are texts that both sides understand: those that a row's `tries` hold, or else a call
//! with arrays alone and, where there are axes, some of them. `cases.jsonl` has the rows, the
//! inputs, and a line for each call: its text, its inputs, and its results or its refusal.
//! `data.bin` has the elements, little-endian, C order.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use opusclip::api::{rows, signature};
use opusclip::expr::Expr;
use opusclip::ops::{ParamKind, Preset, Row};
use opusclip::raw::DType;
use opusclip::{Array, Lazy};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// Shapes of `x` for ops of one array.
const ONE: &[&[usize]] = &[&[], &[1], &[7], &[0], &[3, 4], &[2, 0, 3], &[2, 3, 4]];
/// Shapes of `x`, `y` and `z` for ops of several.
const SEVERAL: &[[&[usize]; 3]] = &[
    [&[3, 4], &[3, 4], &[3, 4]],
    [&[3, 4], &[4], &[]],
    [&[2, 1, 3], &[4, 1], &[3]],
    [&[], &[5], &[1]],
    [&[0, 3], &[1], &[3]],
    [&[2], &[3], &[2]],
];

/// xorshift: the inputs are the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }
}

/// One way to call an op.
#[derive(Clone)]
struct Try {
    text: String,
    shapes: Option<HashMap<String, Vec<usize>>>,
    /// Element types that it is made for; all when empty.
    only: Vec<String>,
    mild: bool,
    edge: bool,
}

impl Try {
    fn plain(text: String) -> Try {
        Try { text, shapes: None, only: Vec::new(), mild: true, edge: true }
    }

    /// `x:3x4 y:4 float mild | matmul(x, y)`
    fn parse(text: &str) -> Try {
        let Some((before, call)) = text.split_once('|').filter(|(b, _)| !b.contains('(')) else {
            return Try::plain(text.into());
        };
        let mut out = Try::plain(call.trim().into());
        for word in before.split_whitespace() {
            match word.split_once(':') {
                Some((name, shape)) => {
                    let shape = shape.split('x').filter_map(|d| d.parse().ok()).collect();
                    out.shapes.get_or_insert_with(HashMap::new).insert(name.into(), shape);
                    out.edge = false;
                }
                None if word == "mild" => out.edge = false,
                None if word == "edge" => (out.mild, out.edge) = (false, true),
                None => out.only.push(word.into()),
            }
        }
        out
    }

    fn takes(&self, d: DType) -> bool {
        let is = |word: &String| match word.as_str() {
            "float" => d.is_float(),
            "int" => d.is_integer(),
            "real" => d.is_float() || d.is_integer(),
            name => DType::parse(name) == Some(d),
        };
        self.only.is_empty() || self.only.iter().any(is)
    }
}

/// The calls that are made of a row.
fn tries(row: &Row) -> Vec<Try> {
    if !row.tries.is_empty() {
        return row.tries.iter().map(|t| Try::parse(t)).collect();
    }
    let arrays = row.params.iter().filter(|p| p.kind == ParamKind::Array && !p.optional()).count();
    let names = ["x", "y", "z"].get(..arrays.min(3)).unwrap_or(&[]).join(", ");
    let mut out = vec![format!("{}({names})", row.name)];
    if row.params.iter().any(|p| p.name == "axis" && p.kind == ParamKind::Axes) {
        out.extend(["0", "-1", "(0, 1)"].map(|a| format!("{}({names}, axis={a})", row.name)));
        if row.params.iter().any(|p| p.name == "keepdims") {
            out.push(format!("{}({names}, axis=0, keepdims=True)", row.name));
        }
    }
    out.into_iter().map(Try::plain).collect()
}

/// Which of the variables a text names.
fn variables(text: &str) -> Vec<&'static str> {
    let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    ["x", "y", "z"].into_iter().filter(|v| words.contains(v)).collect()
}

/// Numbers that arithmetic stays tame with.
fn mild(d: DType, r: &mut Random) -> f64 {
    match d {
        DType::Bool => r.below(2) as f64,
        d if d.is_integer() && opusclip::array::promote::int_range(d).0 == 0 => r.below(13) as f64,
        d if d.is_integer() => r.below(19) as f64 - 9.0,
        _ => (r.below(49) as f64 - 24.0) / 8.0,
    }
}

/// Numbers at which arithmetic goes wrong.
fn edge(d: DType, r: &mut Random) -> f64 {
    match d {
        DType::Bool => r.below(2) as f64,
        d if d.is_integer() => {
            let (lo, hi) = opusclip::array::promote::int_range(d);
            let values = [lo, lo + 1, hi, hi - 1, 0, 1, 2, 3, hi / 2, lo / 2, 7, 100];
            values[r.below(12) as usize] as f64
        }
        _ => {
            let values = [
                0.0,
                -0.0,
                1.0,
                -1.0,
                0.5,
                -2.5,
                3.75,
                1e-3,
                -1e3,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::NAN,
                65504.0,
                2.0f64.powi(-14),
                1e-40,
                1e30,
            ];
            values[r.below(16) as usize]
        }
    }
}

struct Sweep {
    lines: BufWriter<File>,
    data: BufWriter<File>,
    at: usize,
    inputs: HashMap<String, Array>,
    cases: usize,
}

impl Sweep {
    /// Writes the elements; says where they are.
    fn store(&mut self, a: &Array) -> Result<Value, Failure> {
        let dense = a.to_contiguous()?;
        let bytes = dense.contiguous_bytes().unwrap_or(&[]);
        self.data.write_all(bytes)?;
        let at = self.at;
        self.at += bytes.len();
        Ok(json!({"dtype": a.dtype().name(), "shape": a.shape(), "at": at, "bytes": bytes.len()}))
    }

    /// The input of this name, type and shape, made once. Of some shapes a view with other strides
    /// holds the elements: it must make no difference.
    fn input(&mut self, name: &str, d: DType, shape: &[usize], sharp: bool) -> Result<(String, Lazy), Failure> {
        let key = format!("{name}.{}.{shape:?}.{sharp}", d.name());
        if let Some(a) = self.inputs.get(&key) {
            return Ok((key, a.clone().into()));
        }
        let mut seed =
            Random(0x9E37_79B9_7F4A_7C15 ^ key.bytes().fold(7, |h: u64, b| h.wrapping_mul(31) + u64::from(b)));
        for _ in 0..8 {
            seed.next();
        }
        let n: usize = shape.iter().product();
        let one = |r: &mut Random| if sharp { edge(d, r) } else { mild(d, r) };
        let real: Vec<f64> = (0..n).map(|_| one(&mut seed)).collect();
        let mut lazy = Lazy::from(Array::from_slice(&real, shape)?).cast(d);
        if shape.len() == 2 {
            // Fortran order.
            let turned = lazy.permute_dims([1, 0]).collect()?.to_contiguous()?;
            lazy = Lazy::from(turned).permute_dims([1, 0]);
        } else if shape.len() == 3 && !shape.contains(&0) {
            // Negative strides.
            lazy = Lazy::from(lazy.flip([0, 2]).collect()?.to_contiguous()?).flip([0, 2]);
        }
        let a = lazy.collect()?;
        let place = self.store(&a)?;
        writeln!(self.lines, "{}", json!({"input": key, "array": place}))?;
        self.inputs.insert(key.clone(), a.clone());
        Ok((key, a.into()))
    }

    fn case(
        &mut self,
        row: &Row,
        call: &Try,
        shapes: &[&[usize]],
        types: &[DType],
        sharp: bool,
    ) -> Result<(), Failure> {
        let names = variables(&call.text);
        let mut keys = serde_json::Map::new();
        let mut bound = Vec::new();
        for (i, name) in names.iter().enumerate() {
            let own = call.shapes.as_ref().and_then(|s| s.get(*name)).cloned();
            let shape = own.unwrap_or_else(|| shapes.get(i).map_or(Vec::new(), |s| s.to_vec()));
            let (key, lazy) = self.input(name, types[i % types.len()], &shape, sharp)?;
            keys.insert((*name).into(), key.into());
            bound.push((*name, lazy));
        }
        let run = || -> opusclip::Result<Vec<Array>> {
            let all = Expr::parse(&call.text)?.eval_all(&bound)?;
            all.iter().map(Lazy::collect).collect()
        };
        let mut line = json!({"op": row.name, "text": call.text, "inputs": keys});
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(arrays)) => {
                let out = arrays.iter().map(|a| self.store(a)).collect::<Result<Vec<_>, _>>()?;
                line["out"] = out.into();
            }
            Ok(Err(e)) => line["error"] = e.to_string().into(),
            Err(_) => line["panic"] = true.into(),
        }
        self.cases += 1;
        Ok(writeln!(self.lines, "{line}")?)
    }

    fn row(&mut self, row: &Row) -> Result<(), Failure> {
        let preset = |p: Preset| match p {
            Preset::Required => Value::Null,
            Preset::None => "None".into(),
            Preset::Int(v) => v.to_string().into(),
            Preset::Float(v) => format!("{v:?}").replace("inf", "np.inf").into(),
            Preset::Bool(v) => if v { "True" } else { "False" }.into(),
            Preset::Text(v) => format!("{v:?}").into(),
        };
        let params: Vec<Value> = row
            .params
            .iter()
            .map(|p| json!({"name": p.name, "preset": preset(p.preset), "many": p.kind == ParamKind::Operands}))
            .collect();
        let family = row.family.name();
        let head = json!({"row": row.name, "params": params, "numpy": row.numpy, "ulp": row.ulp, "family": family,
            "signature": signature(row)});
        writeln!(self.lines, "{head}")?;
        for call in tries(row) {
            let several = variables(&call.text).len() > 1;
            let mut kinds = Vec::new();
            if call.mild {
                kinds.push(false);
            }
            if call.edge {
                kinds.push(true);
            }
            for sharp in kinds {
                for d in DType::ALL.into_iter().filter(|d| call.takes(*d)) {
                    if call.shapes.is_some() {
                        self.case(row, &call, &[], &[d], sharp)?;
                    } else if several {
                        for shapes in SEVERAL {
                            self.case(row, &call, shapes, &[d], sharp)?;
                        }
                        // Every pair of types, on one shape.
                        for e in DType::ALL.into_iter().filter(|e| *e != d && call.takes(*e)) {
                            self.case(row, &call, &SEVERAL[1], &[d, e], sharp)?;
                        }
                    } else {
                        for shape in ONE {
                            self.case(row, &call, &[shape], &[d], sharp)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("usage: sweep FOLDER [OP…]")?;
    let wanted: Vec<String> = args.collect();
    std::fs::create_dir_all(&folder)?;
    let file = |name: &str| File::create(Path::new(&folder).join(name)).map(BufWriter::new);
    let mut sweep =
        Sweep { lines: file("cases.jsonl")?, data: file("data.bin")?, at: 0, inputs: HashMap::new(), cases: 0 };
    // A panic is written down as one; its text on the terminal helps nobody.
    std::panic::set_hook(Box::new(|_| {}));
    let rows: Vec<Row> =
        rows().into_iter().filter(|r| wanted.is_empty() || wanted.iter().any(|w| w == r.name)).collect();
    // All rows first: a call may name other ops.
    for row in &rows {
        sweep.row(row)?;
    }
    sweep.lines.flush()?;
    sweep.data.flush()?;
    let line = format!("{} ops, {} calls, {} bytes\n", rows.len(), sweep.cases, sweep.at);
    std::io::stdout().write_all(line.as_bytes())?;
    Ok(())
}
