//! The generator: text out of the registry's rows, nothing else.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use opusclip_engine::api::call::ALIASES;
use opusclip_engine::api::{rows, signature};
use opusclip_engine::ops::{Family, Outputs, Param, ParamKind, Preset, Row};

/// Writes the generated files, or with `check` fails when one is stale.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace root")?;
    let rows = rows();
    let mut files = vec![("docs/ops.md".to_string(), docs(&rows))];
    for (name, text) in methods(&rows) {
        files.push((format!("crates/engine/src/api/methods/{name}.rs"), rustfmt(root, &text)?));
    }
    for (name, text) in files {
        let name = name.as_str();
        let path = root.join(name);
        let old = fs::read_to_string(&path).unwrap_or_default();
        if old == text {
            continue;
        }
        if check {
            return Err(format!("{name} is stale: run `cargo xtask gen` and commit it"));
        }
        fs::write(&path, text).map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(())
}

/// The text as `cargo fmt` would leave it, so that the two never fight.
fn rustfmt(root: &Path, text: &str) -> Result<String, String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("rustfmt: {e}"))?;
    let mut pipe = child.stdin.take().ok_or("rustfmt: no pipe")?;
    // Written from beside: rustfmt answers before it has read a long text to its end.
    let text = text.to_string();
    let writer = std::thread::spawn(move || pipe.write_all(text.as_bytes()));
    let out = child.wait_with_output().map_err(|e| format!("rustfmt: {e}"))?;
    writer.join().map_err(|_| "rustfmt: the writer failed")?.map_err(|e| format!("rustfmt: {e}"))?;
    if !out.status.success() {
        return Err("rustfmt refused the generated text".into());
    }
    String::from_utf8(out.stdout).map_err(|e| format!("rustfmt: {e}"))
}

/// Rust's word for a name that is a keyword.
fn word(name: &str) -> String {
    if ["where", "in", "type", "mod", "move", "fn"].contains(&name) { format!("{name}_") } else { name.into() }
}

/// The type of an argument of a method.
fn rust_type(p: &Param) -> &'static str {
    match (p.kind, p.nullable()) {
        (ParamKind::Array | ParamKind::Number, false) => "impl Into<Operand>",
        (ParamKind::Array | ParamKind::Number, true) => "Option<Operand>",
        (ParamKind::Arrays | ParamKind::Operands, _) => "&[Lazy]",
        (ParamKind::Axes | ParamKind::Ints | ParamKind::Shape, _) => "impl IntoAxes",
        (ParamKind::Axis | ParamKind::Int, false) => "isize",
        (ParamKind::Axis | ParamKind::Int, true) => "Option<isize>",
        (ParamKind::Float, false) => "f64",
        (ParamKind::Float, true) => "Option<f64>",
        (ParamKind::Bool, false) => "bool",
        (ParamKind::Bool, true) => "Option<bool>",
        (ParamKind::Text, false) => "&str",
        (ParamKind::Text, true) => "Option<&str>",
        (ParamKind::DType, false) => "DType",
        (ParamKind::DType, true) => "Option<DType>",
    }
}

/// The argument as a builder function takes it.
fn passed(p: &Param) -> String {
    let name = word(p.name);
    match (p.kind, p.nullable()) {
        (ParamKind::Array | ParamKind::Number, false) => format!("{name}.into()"),
        (ParamKind::Axes | ParamKind::Ints | ParamKind::Shape, _) => format!("&{name}.into_axes()"),
        _ => name,
    }
}

/// What stands for a rare argument in the call of a builder function.
fn preset(p: &Param) -> String {
    match p.preset {
        Preset::None if matches!(p.kind, ParamKind::Axes | ParamKind::Ints | ParamKind::Shape) => "&[]".into(),
        Preset::Required | Preset::None => "None".into(),
        Preset::Int(v) if matches!(p.kind, ParamKind::Axes | ParamKind::Ints | ParamKind::Shape) => format!("&[{v}]"),
        Preset::Int(v) if matches!(p.kind, ParamKind::Array | ParamKind::Number) => format!("Operand::from({v}i64)"),
        Preset::Int(v) => v.to_string(),
        Preset::Float(v) if matches!(p.kind, ParamKind::Array | ParamKind::Number) => format!("Operand::from({v:?})"),
        Preset::Bool(v) if matches!(p.kind, ParamKind::Array | ParamKind::Number) => format!("Operand::from({v})"),
        Preset::Float(v) => format!("{v:?}"),
        Preset::Bool(v) => v.to_string(),
        Preset::Text(v) => format!("{v:?}"),
    }
}

/// The argument as a page takes it.
fn as_arg(p: &Param) -> String {
    let name = word(p.name);
    match (p.kind, p.nullable()) {
        (ParamKind::Array | ParamKind::Number, false) => format!("Arg::from(Into::<Operand>::into({name}))"),
        (ParamKind::Axes | ParamKind::Ints | ParamKind::Shape, _) => format!("Arg::Ints({name}.into_axes())"),
        _ => format!("Arg::from({name})"),
    }
}

/// The argument read from the places of a call by name.
fn read(i: usize, p: &Param) -> String {
    let getter = match p.kind {
        ParamKind::Array | ParamKind::Number => "operand",
        ParamKind::Arrays | ParamKind::Operands => return format!("&a.arrays({i})?"),
        ParamKind::Axes | ParamKind::Ints | ParamKind::Shape => return format!("&a.ints({i})?"),
        ParamKind::Axis | ParamKind::Int => "int",
        ParamKind::Float => "float",
        ParamKind::Bool => "truth",
        ParamKind::Text if p.nullable() => return format!("a.maybe({i}, Args::text)?.as_deref()"),
        ParamKind::Text => return format!("&a.text({i})?"),
        ParamKind::DType => "dtype",
    };
    if p.nullable() { format!("a.maybe({i}, Args::{getter})?") } else { format!("a.{getter}({i})?") }
}

fn result_type(row: &Row) -> String {
    match row.outputs {
        Outputs::One => "Lazy".into(),
        Outputs::Named(names) => format!("[Lazy; {}]", names.len()),
        Outputs::List => "Vec<Lazy>".into(),
    }
}

/// The page of an op as the text of its method.
fn method(row: &Row) -> String {
    let first = usize::from(row.is_method());
    let shown = row.params.iter().skip(first).filter(|p| !p.rare);
    let mut params: Vec<String> = shown.clone().map(|p| format!("{}: {}", word(p.name), rust_type(p))).collect();
    let receiver = if first == 1 { "self" } else { "" };
    if first == 1 {
        params.insert(0, "&self".into());
    }
    let with = |rest: Vec<String>| {
        let all: Vec<String> = (first == 1).then(|| receiver.to_string()).into_iter().chain(rest).collect();
        all.join(", ")
    };
    let family = row.family.name();
    let built = || -> Vec<String> {
        row.params.iter().skip(first).map(|p| if p.rare { preset(p) } else { passed(p) }).collect()
    };
    let body = match row.family {
        Family::Composed => format!("compose::{}({})", row.word(), with(built())),
        Family::Eager => format!("eager::{}({})", row.word(), with(built())),
        // The rare arguments of a reduction are calls of its function.
        Family::Reduce => {
            let shown: Vec<String> = shown.map(passed).collect();
            format!("self.reduce(Reduce::{}, {})", row.word(), shown.join(", "))
        }
        Family::Whole => {
            let args: Vec<String> = shown.map(as_arg).collect();
            let me = if first == 1 { vec!["Arg::from(self)".to_string()] } else { Vec::new() };
            let all: Vec<String> = me.into_iter().chain(args).collect();
            let page = format!("call::page({:?}, vec![{}])", row.name, all.join(", "));
            match row.outputs {
                Outputs::One => format!("one({page})"),
                Outputs::Named(_) => format!("fixed({page})"),
                Outputs::List => page,
            }
        }
        _ => format!(
            "Lazy::elementwise(Elementwise::{family}({family}::{}), vec![self.into(){}])",
            row.word(),
            built().iter().map(|w| format!(", {w}")).collect::<String>()
        ),
    };
    let results = match row.outputs {
        Outputs::Named(names) => format!("    /// Gives ({}).\n", names.join(", ")),
        _ => String::new(),
    };
    format!(
        "    /// {}\n    ///\n    /// {}\n{results}    /// NumPy: `{}`.\n    #[track_caller]\n    pub fn {}({}) -> {} {{\n        {body}\n    }}\n\n",
        row.doc,
        row.rule,
        row.numpy,
        word(row.name),
        params.join(", "),
        result_type(row)
    )
}

/// The arm of a call by name.
fn arm(row: &Row) -> String {
    let args =
        |first: usize| -> Vec<String> { row.params.iter().enumerate().skip(first).map(|(i, p)| read(i, p)).collect() };
    let call = match row.family {
        Family::Composed | Family::Eager | Family::Reduce => {
            let module = if row.family == Family::Eager { "eager" } else { "compose" };
            let first = usize::from(row.is_method());
            let me = if first == 1 { vec!["&a.array(0)?".to_string()] } else { Vec::new() };
            let all: Vec<String> = me.into_iter().chain(args(first)).collect();
            let function = if row.family == Family::Reduce { row.name } else { row.word() };
            format!("{module}::{function}({})", all.join(", "))
        }
        Family::Whole => format!("whole({:?}, a)?", row.name),
        // A literal may stand on the left too, and stays weak there.
        family => format!(
            "Lazy::elementwise(Elementwise::{0}({0}::{1}), vec![{2}])",
            family.name(),
            row.word(),
            args(0).join(", ")
        ),
    };
    let list = match (row.family, row.outputs) {
        (Family::Whole, _) | (_, Outputs::List) => call,
        (_, Outputs::One) => format!("vec![{call}]"),
        (_, Outputs::Named(_)) => format!("{call}.to_vec()"),
    };
    format!("        {:?} => {list},\n", row.name)
}

/// The methods' files: ops whose names begin with these letters stand together.
const LETTERS: &[(&str, &str)] = &[
    ("a_b", "ab"),
    ("c", "c"),
    ("d_f", "def"),
    ("g_i", "ghi"),
    ("l_m", "jklm"),
    ("n_p", "nop"),
    ("q_s", "qrs"),
    ("t_z", "tuvwxyz"),
];

const HEAD: &str = "//! GENERATED by `cargo xtask gen` from the registry. Do not edit.\n\n";

/// File names and texts of `api/methods/`.
fn methods(rows: &[Row]) -> Vec<(&'static str, String)> {
    let texts = |rows: &mut dyn Iterator<Item = &Row>| rows.map(method).collect::<String>();
    let mut files = Vec::new();
    for (name, letters) in LETTERS {
        let own = texts(&mut rows.iter().filter(|r| r.is_method() && r.name.starts_with(|c| letters.contains(c))));
        files.push((*name, format!("{HEAD}use super::*;\n\nimpl Lazy {{\n{own}}}\n")));
    }
    let free = texts(&mut rows.iter().filter(|r| !r.is_method()));
    let what = "//! Ops that are no method of an array: creation, and joins of several.\n";
    files.push(("functions", format!("{HEAD}{what}\nuse super::*;\n\n{free}")));
    let arms: String = rows.iter().map(arm).collect();
    files.push((
        "dispatch",
        format!(
            "{HEAD}use super::*;\n\n/// Calls the op of this name.\n\
             pub(crate) fn dispatch(name: &str, a: &Args<'_>) -> Result<Vec<Lazy>> {{\n    Ok(match name {{\n{arms}\
             \x20       _ => return Err(Error::internal(format!(\"the op {{name}} is not in the generated table\"))),\n    }})\n}}\n"
        ),
    ));
    files
}

fn docs(rows: &[Row]) -> String {
    let mut s = format!(
        "<!-- GENERATED by `cargo xtask gen` from the registry. Do not edit. -->\n# The ops\n\n\
         The {} ops of the registry, by name. The same names are methods in Rust (functions where the first argument is no\n\
         array) and functions in `--expr`. Shapes broadcast and types promote by NumPy 2's rules; literals are weak.\n\
         A method's first argument is the array it is called on.\n\n\
         Everywhere on purpose: float functions of `bool` and 8-bit integers are float32 where NumPy has float16 (bytes of a\n\
         picture are not for a float with eleven bits); an array without axes has no axis 0, where NumPy takes 0 and -1.\n",
        rows.len()
    );
    let there = |op: &str| rows.iter().any(|r| r.name == op);
    let others: Vec<String> =
        ALIASES.iter().filter(|(_, op)| there(op)).map(|(alias, op)| format!("`{alias}` ({op})")).collect();
    let _ = write!(s, "\nOther names, by which calls by name and `--expr` find an op too: {}.\n", others.join(", "));
    for row in rows {
        let mut facts = Vec::new();
        if row.commutes {
            facts.push("commutes".to_string());
        }
        if let Some(e) = row.identity {
            facts.push(format!("identity {e}"));
        }
        if row.involution {
            facts.push("twice gives the input back".into());
        }
        if row.idempotent {
            facts.push("twice is the same as once".into());
        }
        if row.ulp > 0 {
            facts.push(format!("within {} ulp of NumPy", row.ulp));
        }
        if let Outputs::Named(names) = row.outputs {
            facts.insert(0, format!("gives ({})", names.join(", ")));
        }
        let _ = write!(s, "\n## `{}`\n\n{} {}\n\nNumPy: `{}`", signature(row), row.doc, row.rule, row.numpy);
        if facts.is_empty() {
            s.push('\n');
        } else {
            let _ = writeln!(s, " · {}", facts.join(" · "));
        }
    }
    s
}
