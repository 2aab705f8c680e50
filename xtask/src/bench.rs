//! The figures: builds what is measured, makes a virtual environment with the rivals, and runs
//! the scripts in `benches/`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the rivals live: NumPy, numexpr, numba, JAX and OpenCV take 1 GB, so not in `.venv`.
const PLACE: &str = ".venv-bench";

fn run(command: &mut Command, what: &str) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("bench: {what} does not start: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("bench: {what} failed ({status})")) }
}

/// What is tested and measured in release: one choice of packages, because others have other features, and
/// everything would be built again.
const BUILD: &[&str] = &[
    "build",
    "--locked",
    "--release",
    "--package",
    "opusclip-cli",
    "--package",
    "opusclip",
    "--package",
    "opusclip-engine",
    "--bins",
    "--example",
    "npy_tool",
    "--example",
    "jobs",
    "--example",
    "overhead",
    "--example",
    "seed_batch",
];

/// Where the tests' own NumPy and OpenCV live, which do for the gate.
const TESTS: &str = ".venv";

fn python(root: &Path) -> Result<PathBuf, String> {
    let python = root.join(PLACE).join("bin").join("python");
    let wanted = crate::gate::read(root, "benches/requirements.txt")?;
    let stamp = root.join(PLACE).join("requirements.stamp");
    if python.exists() && std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    let base = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    if Command::new(&base).args(["-c", "import ensurepip"]).output().is_ok_and(|o| !o.status.success()) {
        return Err("bench: python3 makes no virtual environments; ./test.sh installs what it needs".into());
    }
    run(Command::new(base).args(["-m", "venv", "--clear", PLACE]).current_dir(root), "python3 -m venv")?;
    let install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", "benches/requirements.txt"];
    run(Command::new(&python).args(install).current_dir(root), "pip install")?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("bench: {}: {e}", stamp.display()))?;
    Ok(python)
}

/// `cargo xtask bench`: everything, into `benches/NUMBERS.md`; `--quick [JOB…]` prints the jobs' table;
/// `--build` only builds what is tested and measured; `--gate` fails where a job has become half as fast, and `--gate --write` says what it is to be.
pub(crate) fn go(root: &Path, args: &[&str]) -> Result<String, String> {
    let have =
        |program: &str, args: &[&str]| Command::new(program).args(args).output().is_ok_and(|o| o.status.success());
    if !matches!(args, ["--quick" | "--gate" | "--build", ..]) && !have("ffmpeg", &["-version"]) {
        return Err("bench: FFmpeg is missing; ./test.sh installs it".into());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo).args(BUILD).current_dir(root), "cargo build")?;
    if let ["--build"] = args {
        return Ok("bench: built".into());
    }
    let python = match args {
        ["--gate", ..] => Some(root.join(TESTS).join("bin").join("python")).filter(|p| p.exists()),
        _ => Some(python(root)?),
    };
    let python = python.ok_or("bench: .venv is missing; ./test.sh makes it")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |t| root.join(t));
    let jobs = target.join("release").join("examples").join("jobs");
    match args {
        ["--gate", args @ ..] => {
            let mut command = Command::new(python);
            command.arg("benches/gate.py").arg(jobs).args(args);
            run(command.current_dir(root), "benches/gate.py")?;
        }
        ["--quick", names @ ..] => {
            let mut command = Command::new(python);
            command.arg("benches/speed.py").arg(jobs).arg("5").args(names);
            run(command.current_dir(root), "benches/speed.py")?;
        }
        _ => {
            let mut command = Command::new(python);
            command.arg("benches/figures.py").args(args);
            run(command.current_dir(root), "benches/figures.py")?;
        }
    }
    Ok("bench: done".into())
}
