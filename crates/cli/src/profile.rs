//! `--profile FILE`: what each thread did when, written at the end of a command.

use std::path::Path;

use opusclip::error::show_path;

use crate::engine_face::{self, Profile};
use crate::exit::{Failure, Outcome};
use crate::report;
use crate::targets;

/// Begins a profile. A file that cannot be written, or is `taken` by the command, is refused before
/// anything runs.
pub(crate) fn start(path: &Path, taken: &[&Path], overwrite: bool) -> Outcome<Profile> {
    if path.as_os_str() == "-" {
        return Err(Failure::Usage("--profile -: a profile is written to a file; give a name".to_string()));
    }
    if taken.iter().any(|other| targets::one_place(other, path)) {
        let shown = show_path(path);
        return Err(Failure::Usage(format!("--profile {shown}: is an input or output; give it a file of its own")));
    }
    engine_face::can_write(path, overwrite)?;
    Ok(Profile::new())
}

/// Writes it.
pub(crate) fn write(path: &Path, profile: &Profile, overwrite: bool, quiet: bool) -> Outcome {
    engine_face::write_file(path, profile.to_json().as_bytes(), overwrite)?;
    if !quiet {
        let left_out = match profile.left_out() {
            0 => String::new(),
            n => format!(" ({n} more did not fit)"),
        };
        report::note(&format!("{}: {} events{left_out}, for ui.perfetto.dev", show_path(path), profile.len()));
    }
    Ok(())
}
