//! Licences, refused crates and exact pins, judged from `cargo metadata` and `deny.toml`. A
//! shadow of `cargo deny check licenses bans`, so that the gate holds where that program is not
//! installed.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::order;

/// The two lists of `deny.toml` that are judged here.
#[derive(Debug, PartialEq, Eq)]
struct Lists {
    allow: Vec<String>,
    deny: Vec<String>,
}

/// Faults of the locked dependency graph, one line each.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let lists = lists(&crate::gate::read(root, "deny.toml")?)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(root)
        .output()
        .map_err(|e| format!("cargo metadata does not start: {e}"))?;
    if !out.status.success() {
        return Err(format!("cargo metadata --locked fails: {}", String::from_utf8_lossy(&out.stderr).trim()));
    }
    let graph = serde_json::from_slice(&out.stdout).map_err(|e| format!("cargo metadata prints no JSON: {e}"))?;
    Ok(faults(&graph, &lists, order::PINNED))
}

fn faults(graph: &Value, lists: &Lists, pinned: &[&str]) -> Vec<String> {
    let text = |v: &Value, key: &str| v[key].as_str().unwrap_or("").to_string();
    let mut out = Vec::new();
    for package in graph["packages"].as_array().into_iter().flatten() {
        let name = text(package, "name");
        let id = format!("{name} {}", text(package, "version"));
        let licence = text(package, "license");
        if lists.deny.contains(&name) {
            out.push(format!("{id}: deny.toml refuses this crate"));
        }
        if licence.is_empty() {
            out.push(format!("{id}: states no licence"));
        } else if !allowed(&licence, &lists.allow) {
            out.push(format!("{id}: licence {licence} is not in deny.toml's allow list"));
        }
        // Null source: a crate of ours.
        if package["source"].is_null() {
            for dependency in package["dependencies"].as_array().into_iter().flatten() {
                let (on, req) = (text(dependency, "name"), text(dependency, "req"));
                if pinned.contains(&on.as_str()) && !req.starts_with('=') {
                    out.push(format!("{id}: depends on {on} {req}; it must be pinned exactly, =x.y.z"));
                }
            }
        } else if text(package, "source").starts_with("git+") {
            out.push(format!("{id}: comes from a git repository; take a released version"));
        }
    }
    out
}

/// Whether an SPDX expression can be satisfied with the licences in `allow`. Old crates write
/// `MIT/Apache-2.0` for OR.
fn allowed(expression: &str, allow: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let yes = any_of(&words, &mut at, allow, 0);
    yes && at == words.len()
}

// Each returns false and stops early on what it cannot read; `allowed` then sees words left over.
fn any_of(words: &[&str], at: &mut usize, allow: &[String], depth: usize) -> bool {
    let mut yes = all_of(words, at, allow, depth);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        yes |= all_of(words, at, allow, depth);
    }
    yes
}

fn all_of(words: &[&str], at: &mut usize, allow: &[String], depth: usize) -> bool {
    let mut yes = one(words, at, allow, depth);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        yes &= one(words, at, allow, depth);
    }
    yes
}

fn one(words: &[&str], at: &mut usize, allow: &[String], depth: usize) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" && depth < 20 {
        let yes = any_of(words, at, allow, depth + 1);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return yes && closed;
    }
    if words.get(*at) == Some(&"WITH") {
        let with = format!("{word} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
        return allow.contains(&with);
    }
    allow.iter().any(|a| a == word)
}

/// Reads `[licenses] allow = ["…"]` and `[bans] deny = [{ crate = "…" }, "…"]`. A small reader
/// for these two lists; `cargo deny` is the judge of the file as a whole.
fn lists(text: &str) -> Result<Lists, String> {
    let list = |table: &str, key: &str| -> Result<String, String> {
        let mut inside = false;
        let mut found = String::new();
        for line in text.lines() {
            let line = line.trim();
            if line.starts_with('[') && found.is_empty() {
                inside = line == format!("[{table}]");
            } else if line.starts_with('#') || !inside && found.is_empty() {
                continue;
            } else if !found.is_empty() {
                found.push_str(line);
            } else if let Some(rest) = line.strip_prefix(key)
                && let Some(value) = rest.trim_start().strip_prefix('=')
            {
                found.push_str(value.trim());
            }
            if found.ends_with(']') {
                return Ok(found);
            }
        }
        Err(format!("deny.toml: [{table}] has no list `{key} = [ … ]`"))
    };
    // Every second part between quotes is a string; none of ours holds a quote.
    let strings = |list: &str| list.split('"').skip(1).step_by(2).map(str::to_string).collect::<Vec<_>>();
    let allow = strings(&list("licenses", "allow")?);
    // `reason = "…"` beside a crate is prose.
    let denied = list("bans", "deny")?;
    let deny = denied.split('}').flat_map(|entry| strings(entry).into_iter().next()).collect();
    Ok(Lists { allow, deny })
}

#[cfg(test)]
mod tests {
    use super::{Lists, allowed, faults, lists};

    fn lists_of(allow: &[&str], deny: &[&str]) -> Lists {
        let own = |l: &[&str]| l.iter().map(|s| s.to_string()).collect();
        Lists { allow: own(allow), deny: own(deny) }
    }

    #[test]
    fn expressions() {
        let allow = lists_of(&["MIT", "BSD-3-Clause", "Apache-2.0 WITH LLVM-exception"], &[]).allow;
        let yes = ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "(MIT OR GPL-3.0) AND BSD-3-Clause"];
        let no = ["GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "", "(MIT", "MIT)", "MIT MIT", "OR MIT", "WITH"];
        for text in yes.into_iter().chain(["Apache-2.0 WITH LLVM-exception OR GPL-3.0"]) {
            assert!(allowed(text, &allow), "{text}");
        }
        for text in no {
            assert!(!allowed(text, &allow), "{text}");
        }
    }

    #[test]
    fn deny_toml() {
        let text = "[bans]\ndeny = [\n  # why\n  { crate = \"cmake\", reason = \"a [tool]\" },\n  { crate = \"b\" },\n]\n\n[licenses]\nallow = [\"MIT\",\n \"Zlib\"]\n";
        assert_eq!(lists(text), Ok(lists_of(&["MIT", "Zlib"], &["cmake", "b"])));
        assert!(lists("[bans]\n[licenses]\nallow = []\n").unwrap_err().contains("[bans] has no list"));
    }

    #[test]
    fn graph() {
        let graph = serde_json::json!({ "packages": [
            { "name": "ours", "version": "1.0.0", "license": "MIT", "source": null, "dependencies": [
                { "name": "yuv", "req": "^0.8" }, { "name": "rust_h264", "req": "=0.6.0" } ] },
            { "name": "gpl", "version": "2.0.0", "license": "GPL-3.0", "source": "registry+x", "dependencies": [] },
            { "name": "cmake", "version": "3.0.0", "license": null, "source": "git+x", "dependencies": [] },
        ]});
        let found = faults(&graph, &lists_of(&["MIT"], &["cmake"]), &["yuv", "rust_h264"]);
        assert_eq!(
            found,
            [
                "ours 1.0.0: depends on yuv ^0.8; it must be pinned exactly, =x.y.z",
                "gpl 2.0.0: licence GPL-3.0 is not in deny.toml's allow list",
                "cmake 3.0.0: deny.toml refuses this crate",
                "cmake 3.0.0: states no licence",
                "cmake 3.0.0: comes from a git repository; take a released version",
            ]
        );
    }
}
