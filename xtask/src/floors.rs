//! `cargo xtask floors`: every arrow between modules of the engine, and between crates, points
//! down. Reads paths (`crate::…`, `super::…`, `opusclip_…::…`) out of the source text, in `use`
//! lines and anywhere else, unit tests included.

use std::collections::BTreeMap;
use std::path::Path;

use crate::gate::{read, tracked};
use crate::order;
use crate::scan::{Token, tokens};

const ENGINE: &str = "crates/engine/src/";

/// The whole check; the text says what was looked at, the error lists every arrow upward.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let mut engine = Vec::new();
    let mut others = Vec::new();
    let mut manifests = Vec::new();
    for path in tracked(root)? {
        if path.ends_with(".rs") {
            let text = read(root, &path)?;
            if let Some(inner) = path.strip_prefix(ENGINE) {
                engine.push((inner.to_string(), text.clone()));
            }
            others.push((path, text));
        } else if path.ends_with("/Cargo.toml") {
            manifests.push((path.clone(), read(root, &path)?));
        }
    }
    let mut faults = modules(&engine, order::FLOORS);
    faults.extend(crates(&others, &manifests, order::CRATES));
    if faults.is_empty() {
        Ok(format!("floors: {} files of the engine and {} in all point down", engine.len(), others.len()))
    } else {
        Err(format!("floors: arrows upward: {}\n{}", faults.len(), faults.join("\n")))
    }
}

/// Faults of the engine's files, given as (path below `src/`, text), against `floors`.
fn modules(files: &[(String, String)], floors: &[&[&str]]) -> Vec<String> {
    let floor_of = |module: &str| floors.iter().position(|names| names.contains(&module));
    let root_names = files.iter().find(|f| f.0 == "lib.rs").map(|f| re_exports(&f.1)).unwrap_or_default();
    let mut macros = BTreeMap::new();
    for (path, text) in files {
        for pair in tokens(text).windows(3) {
            if pair[0].text == "macro_rules" && pair[1].text == "!" {
                macros.insert(pair[2].text.to_string(), module_path(path).first().cloned().unwrap_or_default());
            }
        }
    }

    let mut faults = Vec::new();
    for (path, text) in files {
        let own = module_path(path);
        let Some(module) = own.first() else { continue };
        let Some(floor) = floor_of(module) else {
            faults.push(format!("{ENGINE}{path}:1: module {module} is on no floor; give it one in xtask/src/order.rs"));
            continue;
        };
        for found in paths(&tokens(text), &own) {
            let name = found.first.as_str();
            let target = if floor_of(name).is_some() { Some(name) } else { root_names.get(name).map(String::as_str) };
            let target = target.or_else(|| macros.get(name).map(String::as_str));
            let at = format!("{ENGINE}{path}:{}", found.line);
            match target {
                // From outside the engine, by way of lib.rs.
                Some("") => {}
                Some(target) => {
                    if let Some(up) = floor_of(target).filter(|up| *up > floor) {
                        let _ = up;
                        faults.push(format!("{at}: {module} uses {target}, which is above it"));
                    }
                }
                None => faults.push(format!(
                    "{at}: crate::{name} is no module on a floor and no name that lib.rs re-exports; name its module"
                )),
            }
        }
    }
    faults
}

/// `plan/lower.rs` → `[plan, lower]`; `plan/mod.rs` → `[plan]`; `lib.rs` → `[]`.
fn module_path(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_string).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// What `lib.rs` re-exports: name → module, or "" for a name from another crate.
fn re_exports(text: &str) -> BTreeMap<String, String> {
    let tokens = tokens(text);
    let mut out = BTreeMap::new();
    let mut i = 0;
    while i < tokens.len() {
        if tokens[i].text != "use" {
            i += 1;
            continue;
        }
        let end = tokens[i..].iter().position(|t| t.text == ";").map_or(tokens.len(), |n| i + n);
        let mut from = i + 1;
        while tokens.get(from).is_some_and(|t| matches!(t.text, "crate" | "self" | "::")) {
            from += 1;
        }
        if let Some(first) = tokens.get(from).filter(|_| from < end) {
            let module = if first.text.starts_with("opusclip") { "" } else { first.text };
            // Every name of the tree that nothing follows with `::` is a leaf (`a as b` gives both).
            for n in from..end {
                let leaf = tokens[n].text.starts_with(|c: char| c.is_alphabetic() || c == '_');
                if leaf && tokens.get(n + 1).is_none_or(|t| t.text != "::") {
                    out.insert(tokens[n].text.to_string(), module.to_string());
                }
            }
        }
        i = end;
    }
    out
}

/// A path that starts at the crate's root: its first name, and where it stands.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    first: String,
    line: usize,
}

/// All absolute and `super` paths in `tokens`, as first names below the root of the crate.
/// `own` is the module of the file.
fn paths(tokens: &[Token<'_>], own: &[String]) -> Vec<Found> {
    let mut out = Vec::new();
    // Inline modules around the present token: (depth of braces inside, name).
    let mut inline: Vec<(usize, String)> = Vec::new();
    let mut depth = 0usize;
    let mut i = 0;
    while i < tokens.len() {
        let next = |n: usize| tokens.get(i + n).map_or("", |t| t.text);
        match tokens[i].text {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                while inline.last().is_some_and(|m| m.0 > depth) {
                    inline.pop();
                }
            }
            "mod" if next(2) == "{" => {
                inline.push((depth + 1, next(1).to_string()));
                depth += 1;
                i += 2;
            }
            start @ ("crate" | "super") => {
                let inside_path = i > 0 && tokens[i - 1].text == "::";
                if next(1) == "::" && !inside_path {
                    // The module that the path starts from.
                    let mut base: Vec<String> = Vec::new();
                    if start == "super" {
                        base = own.iter().cloned().chain(inline.iter().map(|m| m.1.clone())).collect();
                        base.pop();
                    }
                    i = tree(tokens, i + 2, base, &mut out);
                    continue;
                }
                // `use crate as x`, `use super as x`: would hide where a path leads.
                if next(1) == "as" {
                    out.push(Found { first: format!("{start} as {}", next(2)), line: tokens[i].line });
                }
            }
            _ => {}
        }
        i += 1;
    }
    out
}

/// Reads what follows `crate::` or `super::` from `tokens[i]` on: a name, a `*`, more `super::`,
/// or a `{…}` of those. Returns the index of the first token that is not part of it.
fn tree(tokens: &[Token<'_>], mut i: usize, mut base: Vec<String>, out: &mut Vec<Found>) -> usize {
    while tokens.get(i).is_some_and(|t| t.text == "super") && tokens.get(i + 1).is_some_and(|t| t.text == "::") {
        base.pop();
        i += 2;
    }
    let Some(token) = tokens.get(i) else { return i };
    if let Some(first) = base.first() {
        // Already below a module: whatever follows stays there.
        out.push(Found { first: first.clone(), line: token.line });
        return i;
    }
    if token.text != "{" {
        out.push(Found { first: token.text.to_string(), line: token.line });
        return i + 1;
    }
    // One name at the start of each item of the group; deeper groups belong to their item.
    let mut depth = 0usize;
    let mut at_start = true;
    while let Some(token) = tokens.get(i) {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => at_start = true,
            "self" if at_start && depth == 1 => at_start = false,
            name if at_start && depth == 1 => {
                out.push(Found { first: name.to_string(), line: token.line });
                at_start = false;
            }
            _ => {}
        }
        i += 1;
        if depth == 0 {
            break;
        }
    }
    i
}

/// Faults between crates: a path or a dependency on a crate that is not on a lower line.
fn crates(sources: &[(String, String)], manifests: &[(String, String)], order: &[&[(&str, &str)]]) -> Vec<String> {
    let level = |name: &str| order.iter().position(|line| line.iter().any(|c| c.1 == name));
    let home = |path: &str| {
        let all = order.iter().enumerate().flat_map(|(n, line)| line.iter().map(move |c| (n, c)));
        all.into_iter().find(|(_, c)| path.strip_prefix(c.0).is_some_and(|rest| rest.starts_with('/')))
    };
    let mut faults = Vec::new();
    let mut judge = |path: &str, line: usize, name: &str| {
        if let (Some((own, (_, own_name))), Some(other)) = (home(path), level(name))
            && other >= own
            && name != *own_name
        {
            faults.push(format!("{path}:{line}: {own_name} uses {name}, which is not below it"));
        }
    };
    for (path, text) in sources {
        let tokens = tokens(text);
        for (i, token) in tokens.iter().enumerate() {
            // A crate's name at the start of a path, or alone in `use name;` / `use name as …`.
            let before = i.checked_sub(1).map_or("", |n| tokens[n].text);
            let after = tokens.get(i + 1).map_or("", |t| t.text);
            let opens_path = after == "::" && before != "::";
            let used_whole = matches!(before, "use" | "crate") && matches!(after, ";" | "as");
            if opens_path || used_whole {
                judge(path, token.line, token.text);
            }
        }
    }
    for (path, text) in manifests {
        let mut in_dependencies = false;
        for (n, line) in text.lines().enumerate() {
            if line.starts_with('[') {
                in_dependencies = line.contains("dependencies");
            }
            let key = line.trim_start_matches("[dependencies.").split(['.', '=', ' ', ']']).next().unwrap_or("");
            if in_dependencies && !key.is_empty() {
                judge(path, n + 1, &key.replace('-', "_"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{crates, modules};

    const FLOORS: &[&[&str]] = &[&["error"], &["array"], &["ops", "flow"], &["plan"], &["run"]];

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|(p, t)| (p.to_string(), t.to_string())).collect();
        modules(&files, FLOORS)
    }

    #[test]
    fn arrows_down_and_sideways_pass() {
        let faults = check(&[
            ("lib.rs", "pub mod error; pub use error::{Error, Result}; pub use opusclip_raw::DType;"),
            ("error.rs", "use std::fmt; pub fn f() { fmt::x() }"),
            ("array/shape.rs", "use crate::error::Error; use super::view::View; use crate::{Result, DType};"),
            ("ops/unary.rs", "use crate::{array::{Array, shape::Shape}, flow::Source, error};"),
            ("run.rs", "fn f() -> crate::plan::Plan { crate::array::x() }"),
            ("plan/mod.rs", "//! See crate::run.\n/* crate::run */ const S: &str = \"crate::run\";"),
            ("plan/lower.rs", "mod tests { use super::*; use super::super::arena::A; use crate::ops::Op; }"),
        ]);
        assert_eq!(faults, [""; 0]);
    }

    #[test]
    fn arrows_up_fail_with_file_and_line() {
        let faults = check(&[
            ("array/shape.rs", "use crate::error;\n\nuse crate::ops::Op;"),
            ("error.rs", "use crate::{\n    array::{A, B},\n    run,\n};"),
            ("ops/unary.rs", "use super::super::plan::Plan;\nfn f() { crate::run::go() }"),
            ("flow.rs", "use super::plan;"),
            ("plan/mod.rs", "mod tests { use super::*;\n use crate::run::go; }\nuse super::run::x;"),
        ]);
        let want = [
            "array/shape.rs:3: array uses ops, which is above it",
            "error.rs:2: error uses array, which is above it",
            "error.rs:3: error uses run, which is above it",
            "ops/unary.rs:1: ops uses plan, which is above it",
            "ops/unary.rs:2: ops uses run, which is above it",
            "flow.rs:1: flow uses plan, which is above it",
            "plan/mod.rs:2: plan uses run, which is above it",
            "plan/mod.rs:3: plan uses run, which is above it",
        ];
        assert_eq!(faults, want.map(|w| format!("crates/engine/src/{w}")));
    }

    #[test]
    fn names_by_way_of_the_roof_are_judged_by_their_module() {
        let lib = ("lib.rs", "pub use plan::Plan; pub use opusclip_raw as raw;");
        assert_eq!(check(&[lib, ("run.rs", "use crate::{Plan, raw};")]), [""; 0]);
        let faults = check(&[lib, ("array.rs", "use crate::Plan;")]);
        assert_eq!(faults, ["crates/engine/src/array.rs:1: array uses plan, which is above it"]);
    }

    #[test]
    fn what_cannot_be_placed_fails() {
        let faults = check(&[("misc.rs", ""), ("array.rs", "use crate::Thing;\nuse crate::*;\nuse crate as c;")]);
        assert_eq!(faults.len(), 4);
        assert!(faults[0].contains("misc is on no floor"), "{faults:?}");
        assert!(faults[1].contains("array.rs:1: crate::Thing is no module"), "{faults:?}");
        assert!(faults[2].contains("array.rs:2: crate::* is no module"), "{faults:?}");
        assert!(faults[3].contains("array.rs:3: crate::crate as c is no module"), "{faults:?}");
    }

    #[test]
    fn macros_belong_to_the_module_that_defines_them() {
        let text = "macro_rules! stamp { () => { $crate::error::f() } }";
        assert_eq!(check(&[("array.rs", text), ("plan.rs", "crate::stamp!();")]), [""; 0]);
        assert_eq!(check(&[("plan.rs", text), ("array.rs", "crate::stamp!();")]).len(), 1);
    }

    #[test]
    fn crates_point_down() {
        const ORDER: &[&[(&str, &str)]] = &[
            &[("crates/raw", "opusclip_raw")],
            &[("crates/engine", "opusclip_engine")],
            &[("crates/opusclip", "opusclip")],
            &[("crates/cli", "opusclip_cli"), ("crates/py", "opusclip_py")],
        ];
        let own =
            |files: &[(&str, &str)]| -> Vec<_> { files.iter().map(|(p, t)| (p.to_string(), t.to_string())).collect() };
        let good = own(&[
            ("crates/engine/src/a.rs", "use opusclip_raw::DType; // opusclip::open\n"),
            ("crates/engine/tests/it/main.rs", "use opusclip_engine::plan;"),
            ("crates/opusclip/src/open.rs", "mod x; use opusclip_engine::flow; use crate::opusclip_cli;"),
            ("crates/cli/src/main.rs", "fn main() { opusclip::open() }"),
        ]);
        assert_eq!(crates(&good, &[], ORDER), [""; 0]);
        let bad = own(&[
            ("crates/engine/src/a.rs", "\nuse opusclip::Video;"),
            ("crates/raw/src/lib.rs", "fn f() { opusclip_engine::x() }"),
            ("crates/py/src/lib.rs", "use opusclip_cli as c;"),
        ]);
        let manifests = own(&[(
            "crates/engine/Cargo.toml",
            "[package]\nname = \"opusclip\"\n[dev-dependencies]\nopusclip.workspace = true\nopusclip-raw = \"1\"",
        )]);
        assert_eq!(
            crates(&bad, &manifests, ORDER),
            [
                "crates/engine/src/a.rs:2: opusclip_engine uses opusclip, which is not below it",
                "crates/raw/src/lib.rs:1: opusclip_raw uses opusclip_engine, which is not below it",
                "crates/py/src/lib.rs:1: opusclip_py uses opusclip_cli, which is not below it",
                "crates/engine/Cargo.toml:4: opusclip_engine uses opusclip, which is not below it",
            ]
        );
    }
}
