//! `cargo xtask gate`: the house rules that neither compiler nor clippy knows.

use std::path::Path;
use std::process::Command;

use crate::order;
use crate::scan::tokens;

/// Paths of a developer's machine that must not stand in any file. Taken apart so that this file
/// does not hold them.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk"), concat!("/ro", "ot"), concat!("/tmp/", "target")];

/// All checks; the error lists every fault as `file:line: what`.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let files = tracked(root)?;
    let mut faults = Vec::new();
    for path in &files {
        // Data files are not text; a path inside one is no concern of readers.
        let Ok(text) = String::from_utf8(bytes(root, path)?) else { continue };
        faults.extend(judge_text(path, &text));
        if path.ends_with(".rs") {
            faults.extend(judge_rust(path, &text));
        }
    }
    faults.extend(crate_roots(root, &files)?);
    faults.extend(crate::licences::check(root)?);
    if let Err(stale) = crate::r#gen::run(true) {
        faults.push(stale);
    }
    faults.extend(bare_build(root)?);
    faults.extend(cargo_deny(root)?);
    if faults.is_empty() {
        Ok(format!("gate: {} files, licences and pins hold", files.len()))
    } else {
        Err(format!("gate: faults: {}\n{}", faults.len(), faults.join("\n")))
    }
}

/// Files that git tracks or would track, `/` between folders, sorted. Without git (an unpacked
/// archive) every file outside the folders that builds make.
pub(crate) fn tracked(root: &Path) -> Result<Vec<String>, String> {
    let git = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    let mut out = Vec::new();
    match git {
        Ok(o) if o.status.success() => {
            out.extend(String::from_utf8_lossy(&o.stdout).split('\0').filter(|p| !p.is_empty()).map(str::to_string));
        }
        _ => walk(root, "", &mut out)?,
    }
    // A file deleted but not yet committed is still listed.
    out.retain(|p| root.join(p).is_file());
    out.sort();
    out.dedup();
    Ok(out)
}

fn walk(root: &Path, below: &str, out: &mut Vec<String>) -> Result<(), String> {
    let folder = root.join(below);
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries {
        let entry = entry.map_err(|e| format!("{}: {e}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let kind = entry.file_type().map_err(|e| format!("{path}: {e}"))?;
        let built = ["target", ".venv", ".tools", ".git", "__pycache__", ".pytest_cache"].contains(&name.as_str());
        if kind.is_dir() && !built {
            walk(root, &path, out)?;
        } else if kind.is_file() {
            out.push(path);
        }
    }
    Ok(())
}

fn bytes(root: &Path, path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(root.join(path)).map_err(|e| format!("{path}: {e}"))
}

/// The text of a tracked file.
pub(crate) fn read(root: &Path, path: &str) -> Result<String, String> {
    String::from_utf8(bytes(root, path)?).map_err(|_| format!("{path}: is not UTF-8"))
}

/// Rules for every text file: length of source files, no machine paths.
fn judge_text(path: &str, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    if path.ends_with(".rs") || path.ends_with(".py") {
        let own = order::MAX_LINES_OF.iter().find(|(p, _)| *p == path);
        let (lines, most) = (text.lines().count(), own.map_or(order::MAX_LINES, |(_, n)| *n));
        if lines > most {
            out.push(format!("{path}: {lines} lines, at most {most}; split it by what its parts mean"));
        }
    }
    for (n, line) in text.lines().enumerate() {
        for machine in MACHINE_PATHS {
            if names_path(line, machine) {
                out.push(format!("{path}:{}: names the machine's path {machine}", n + 1));
            }
        }
    }
    out
}

/// Whether `line` names `path` or something below it, as an absolute path.
fn names_path(line: &str, path: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '}' | ')');
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        !before.is_some_and(|c| word(c) || c == '/') && !after.is_some_and(|c| word(c) && c != '.' && c != ')')
    })
}

/// Rules for Rust source: no unfinished code, `unsafe` only in its room and explained there.
fn judge_rust(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let tokens = tokens(text);
    let mut out = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let after = tokens.get(i + 1).map_or("", |t| t.text);
        match token.text {
            "todo" | "unimplemented" if after == "!" => {
                out.push(format!("{path}:{}: {}! is unfinished work", token.line, token.text));
            }
            "unsafe" if !path.starts_with(order::UNSAFE_ROOM) => {
                out.push(format!("{path}:{}: unsafe outside {}", token.line, order::UNSAFE_ROOM));
            }
            "unsafe" if matches!(after, "{" | "impl") && !explained(&lines, token.line) => {
                out.push(format!("{path}:{}: unsafe without a SAFETY comment above it", token.line));
            }
            _ => {}
        }
    }
    out
}

/// Whether a SAFETY comment stands on the line (from 1) or in the comment right above its
/// statement.
fn explained(lines: &[&str], line: usize) -> bool {
    let own = line.saturating_sub(1);
    let has = |n: usize| lines.get(n).is_some_and(|l| l.contains("SAFETY:"));
    if has(own) {
        return true;
    }
    let mut in_comment = false;
    for n in (0..own).rev().take(30) {
        let text = lines[n].trim();
        if text.starts_with("//") {
            in_comment = true;
            if has(n) {
                return true;
            }
        } else if in_comment || text.is_empty() || text.ends_with(';') || text.ends_with('}') {
            // Past the comment, or in another statement.
            return false;
        }
    }
    false
}

/// Every crate root but the one of the unsafe room forbids `unsafe`.
fn crate_roots(root: &Path, files: &[String]) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    for path in files {
        let is_root = path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs");
        if is_root && !path.starts_with(order::UNSAFE_ROOM) && !read(root, path)?.contains("#![forbid(unsafe_code)]") {
            out.push(format!("{path}:1: a crate root without #![forbid(unsafe_code)]"));
        }
    }
    Ok(out)
}

/// The engine builds without its generated methods: else a change that makes them stale could stop
/// the generator from being built.
fn bare_build(root: &Path) -> Result<Option<String>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let engine = ["rustc", "--locked", "--quiet", "-p", "opusclip-engine", "--lib", "--profile", "check"];
    let bare = ["--", "--cfg", "bare", "--cap-lints", "allow"];
    let out =
        Command::new(cargo).args(engine).args(bare).current_dir(root).output().map_err(|e| format!("cargo: {e}"))?;
    let text = String::from_utf8_lossy(&out.stderr);
    let fault = || format!("the engine's source uses what `cargo xtask gen` writes:\n{}", text.trim());
    Ok((!out.status.success()).then(fault))
}

/// Runs `cargo deny` where it is installed; it also judges what our own reader does not.
fn cargo_deny(root: &Path) -> Result<Option<String>, String> {
    let deny = |args: &[&str]| Command::new("cargo-deny").args(args).current_dir(root).output();
    if !deny(&["--version"]).is_ok_and(|o| o.status.success()) {
        return Ok(None);
    }
    let out = deny(&["--offline", "check", "licenses", "bans", "sources"]).map_err(|e| format!("cargo-deny: {e}"))?;
    let text = String::from_utf8_lossy(&out.stderr);
    Ok((!out.status.success()).then(|| format!("cargo deny check fails:\n{}", text.trim())))
}

#[cfg(test)]
mod tests {
    use super::{judge_rust, judge_text, names_path};

    #[test]
    fn length() {
        let long = "x\n".repeat(801);
        assert_eq!(judge_text("a/b.rs", &long).len(), 1);
        assert_eq!(judge_text("a/b.py", &long).len(), 1);
        assert_eq!(judge_text("a/b.md", &long).len(), 0);
        assert_eq!(judge_text("a/b.rs", &"x\n".repeat(800)).len(), 0);
        assert_eq!(judge_text("crates/engine/src/run.rs", &"x\n".repeat(151)).len(), 1);
    }

    #[test]
    fn machine_paths() {
        let path = concat!("/wo", "rk");
        for line in ["{p}", "see {p}/main.", "\"{p}\"", "(in {p})", "a={p}/x"] {
            assert!(names_path(&line.replace("{p}", path), path), "{line}");
        }
        for line in ["crates{p}/x", "{p}shop", "{p}-alike", "x/{p}", "${X}{p}"] {
            assert!(!names_path(&line.replace("{p}", path), path), "{line}");
        }
    }

    #[test]
    fn unfinished_and_unsafe() {
        let faults =
            judge_rust("crates/cli/src/a.rs", "fn f() { todo!() }\n// todo!()\nfn todo() {}\nunsafe fn g() {}");
        assert_eq!(faults.len(), 2);
        assert!(faults[0].starts_with("crates/cli/src/a.rs:1: todo!"), "{faults:?}");
        assert!(faults[1].starts_with("crates/cli/src/a.rs:4: unsafe outside"), "{faults:?}");
        assert!(judge_rust("crates/cli/src/main.rs", "#![forbid(unsafe_code)]").is_empty());
    }

    #[test]
    fn safety_comments() {
        let good = [
            "    // SAFETY: long enough\n    unsafe { x() }",
            "// SAFETY: both\n// hold\nlet y =\n    unsafe { x() };",
            "unsafe { x() } // SAFETY: fine",
            "// SAFETY: plain bytes\n#[rustfmt::skip]\nunsafe impl Send for X {}",
            "/// # Safety\nunsafe fn f() {}",
        ];
        for text in good {
            assert!(judge_rust("crates/raw/src/a.rs", text).is_empty(), "{text}");
        }
        let bad =
            ["unsafe { x() }", "// SAFETY: y\nlet a = 1;\nunsafe { x() }", "// SAFETY: y\n\nunsafe impl Send for X {}"];
        for text in bad {
            assert_eq!(judge_rust("crates/raw/src/a.rs", text).len(), 1, "{text}");
        }
    }
}
