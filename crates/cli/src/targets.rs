//! Which file each input becomes. Everything that can be refused is refused here, before anything
//! is opened or decoded.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use opusclip::Error;
use opusclip::error::show_path;

use crate::engine_face;
use crate::exit::{Failure, Outcome};

/// Suffixes that outputs may have; an input with another one becomes an `.mp4`.
const KNOWN: [&str; 2] = ["mp4", "m4v"];

/// One input and what it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) input: PathBuf,
    pub(crate) output: PathBuf,
}

/// The targets of a run, and the folder that was made for them.
#[derive(Debug)]
pub(crate) struct Targets {
    pub(crate) list: Vec<Target>,
    made: Option<PathBuf>,
}

/// How long nobody wrote to a temporary file before it counts as left behind.
const STALE: Duration = Duration::from_secs(600);

impl Targets {
    /// Temporary files in the folders of the outputs that no run writes to any more.
    pub(crate) fn stale(&self) -> Vec<PathBuf> {
        let folder = |t: &Target| match t.output.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let folders: BTreeSet<PathBuf> = self.list.iter().map(folder).collect();
        let entries = folders.iter().filter_map(|f| fs::read_dir(f).ok()).flatten().flatten();
        let old = entries.filter(|entry| {
            let name = entry.file_name();
            let ours = name.as_bytes().starts_with(b".opusclip-") && name.as_bytes().ends_with(b".tmp");
            let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
            ours && age().is_some_and(|age| age > STALE)
        });
        old.map(|entry| entry.path()).collect()
    }
}

impl Drop for Targets {
    fn drop(&mut self) {
        // A folder that we made and nothing came into is nothing to leave behind. Removing fails
        // when it is not empty, and that is right.
        if let Some(folder) = &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Works out the targets; makes the folder when `output` ends in `/`.
pub(crate) fn resolve(inputs: &[PathBuf], output: &Path) -> Outcome<Targets> {
    for path in inputs {
        no_stream(path)?;
    }
    if output.as_os_str() == "-" {
        return Err(Failure::Usage(
            "-: an MP4 cannot be written to a pipe, its index comes last; give a file name (./- for one called -)"
                .to_string(),
        ));
    }
    if output.as_os_str().is_empty() {
        return Err(Failure::Usage("-o: the name is empty; give a file or a folder".to_string()));
    }
    let slash = output.as_os_str().as_bytes().ends_with(b"/");
    let is_folder = output.is_dir();
    if let ([input], false, false) = (inputs, slash, is_folder) {
        let list = vec![Target { input: input.clone(), output: output.to_path_buf() }];
        not_an_input(&list)?;
        return Ok(Targets { list, made: None });
    }
    if !is_folder && output.exists() {
        return Err(Failure::Usage(format!("{}: is no folder; several inputs need one", show_path(output))));
    }
    if !is_folder && !slash {
        let shown = show_path(output);
        return Err(Failure::Usage(format!("{shown}: no such folder; several inputs need one, and {shown}/ makes it")));
    }
    let list = into_folder(inputs, output)?;
    not_an_input(&list)?;
    let made = if is_folder {
        None
    } else {
        fs::create_dir(output).map_err(|e| Error::io(output, "cannot make the folder", &e))?;
        Some(output.to_path_buf())
    };
    Ok(Targets { list, made })
}

/// True when both names mean one file, whether it exists or is still to be made.
pub(crate) fn one_place(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some((fs::canonicalize(folder).ok()?, path.file_name()?.to_os_string()))
    };
    a == b || engine_face::same_file(a, b) || place(a).is_some_and(|at| place(b) == Some(at))
}

/// Pipes cannot be inputs.
pub(crate) fn no_stream(path: &Path) -> Outcome {
    if path.as_os_str() == "-" {
        return Err(Failure::Usage(
            "-: a pipe cannot be read, an MP4 needs seeking; save it to a file first (./- for a file called -)"
                .to_string(),
        ));
    }
    Ok(())
}

/// Names are kept, and no two inputs become one file.
fn into_folder(inputs: &[PathBuf], folder: &Path) -> Outcome<Vec<Target>> {
    let mut taken: HashMap<PathBuf, &Path> = HashMap::new();
    let mut list = Vec::with_capacity(inputs.len());
    for input in inputs {
        let Some(name) = input.file_name() else {
            return Err(Failure::Usage(format!("{}: is no file name", show_path(input))));
        };
        let suffix = Path::new(name).extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
        let known = suffix.is_some_and(|s| KNOWN.contains(&s.as_str()));
        let name = if known { PathBuf::from(name) } else { Path::new(name).with_extension("mp4") };
        let output = folder.join(name);
        if let Some(other) = taken.insert(output.clone(), input) {
            let (a, b, out) = (show_path(other), show_path(input), show_path(&output));
            return Err(Failure::Usage(format!("{a} and {b} would both become {out}; write them to two folders")));
        }
        list.push(Target { input: input.clone(), output });
    }
    Ok(list)
}

/// No output is an input of this run, under whatever name: it would destroy what is still read.
fn not_an_input(list: &[Target]) -> Outcome {
    let identity = |path: &Path| fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
    let inputs: HashMap<(u64, u64), &Path> =
        list.iter().filter_map(|t| identity(&t.input).map(|id| (id, t.input.as_path()))).collect();
    for target in list {
        if let Some(input) = identity(&target.output).and_then(|id| inputs.get(&id)) {
            let path = &target.output;
            let detail = if path.as_path() == *input {
                "is an input of this run; choose another output".to_string()
            } else {
                format!("is the same file as the input {}; choose another output", show_path(input))
            };
            return Err(Error::Io { path: path.clone(), detail }.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(inputs: &[&str], output: &str) -> Result<Vec<String>, String> {
        let inputs: Vec<PathBuf> = inputs.iter().map(PathBuf::from).collect();
        match into_folder(&inputs, Path::new(output)) {
            Ok(list) => Ok(list.iter().map(|t| t.output.display().to_string()).collect()),
            Err(Failure::Usage(text)) => Err(text),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn names_are_kept_and_do_not_collide() {
        assert_eq!(
            outputs(&["a/x.mp4", "y.MOV", "z.m4v", "w"], "out/"),
            Ok(["x.mp4", "y.mp4", "z.m4v", "w.mp4"].map(|n| format!("out/{n}")).to_vec())
        );
        assert_eq!(
            outputs(&["a/x.mp4", "b/x.mov"], "out"),
            Err("a/x.mp4 and b/x.mov would both become out/x.mp4; write them to two folders".to_string())
        );
        assert_eq!(outputs(&["a/.."], "out"), Err("a/..: is no file name".to_string()));
    }
}
