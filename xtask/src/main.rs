//! Project chores, run as `cargo xtask NAME`: `gen` writes the generated files, `floors` checks
//! that every arrow between modules and crates points down, `gate` checks the house rules that
//! no compiler knows, `bench` measures.
#![forbid(unsafe_code)]

mod bench;
mod floors;
mod gate;
mod r#gen;
mod licences;
mod order;
mod scan;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask NAME
  gen           write the generated files from the registry of ops
  gen --check   fail if a generated file is not what `gen` would write
  floors        fail if a module or crate uses one above it (order: xtask/src/order.rs)
  bench         time every job against NumPy, numexpr, numba, JAX, OpenCV and copies; writes benches/NUMBERS.md
  bench --build  build what is tested and measured in release
  bench --gate  fail if a job has become half as fast against NumPy (--gate --write: note how fast they are)
  bench --quick [JOB…]  a few rounds of the jobs, printed only
  gate          file lengths, unsafe, unfinished code, machine paths, licences, pins, `gen --check`";

/// The root of the repository.
fn root() -> PathBuf {
    // `<root>/xtask`; cargo says it anew at each run, so that a target folder may be shared
    // between checkouts.
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    own.parent().map_or_else(|| own.clone(), Path::to_path_buf)
}

fn run(args: &[&str]) -> Result<String, String> {
    match args {
        ["gen"] => r#gen::run(false).map(|()| "gen: written".to_string()),
        ["gen", "--check"] => r#gen::run(true).map(|()| "gen: all generated files are fresh".to_string()),
        ["floors"] => floors::run(&root()),
        ["gate"] => gate::run(&root()),
        ["bench", args @ ..] => bench::go(&root(), args),
        ["help" | "--help" | "-h"] => Ok(USAGE.to_string()),
        _ => Err(USAGE.to_string()),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    // A closed pipe is the reader's choice, not a failure of the chore.
    match run(&args) {
        Ok(text) => {
            let _ = writeln!(std::io::stdout().lock(), "{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
            ExitCode::FAILURE
        }
    }
}
