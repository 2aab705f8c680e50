//! A folder of its own for every test, and the program in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An empty folder, removed with all it holds at the end of the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder::below(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    /// Where every user may go: the project may lie in a home that others may not enter.
    pub(crate) fn for_all_users() -> Folder {
        use std::os::unix::fs::PermissionsExt as _;
        let open = |p: &&Path| fs::metadata(p).is_ok_and(|m| m.permissions().mode() & 0o5 == 0o5);
        let own = std::env::temp_dir();
        let parent = [own.as_path(), Path::new("/tmp")].into_iter().find(open).unwrap_or(&own);
        let folder = Folder::below(parent);
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    fn below(parent: &Path) -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("cli-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = parent.join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// With the sample in it, as `bunny.mp4`.
    pub(crate) fn with_sample() -> Folder {
        let folder = Folder::new();
        fs::copy(sample(), folder.path("bunny.mp4")).unwrap();
        folder
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Names in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The program, to be run in this folder.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opusclip"));
        command.args(args).current_dir(&self.0).stdin(Stdio::null()).env_remove("NO_COLOR").env("COLUMNS", "100");
        command
    }

    /// Runs the program in this folder.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Done {
        Done::of(self.command(args).output().unwrap())
    }

    /// Runs it on words separated by spaces; it must succeed.
    pub(crate) fn ok(&self, line: &str) -> Done {
        let done = self.run(&words(line));
        assert_eq!(done.code, Some(0), "{line}: {}", done.stderr);
        done
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `a b 'c d'` as words.
pub(crate) fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    parts
        .flat_map(|(n, part)| match n % 2 {
            0 => part.split_whitespace().map(String::from).collect::<Vec<_>>(),
            _ => vec![part.to_string()],
        })
        .collect()
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn of(output: Output) -> Done {
        Done {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The run failed with one clear line that starts with `error: `.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        let line = self.stderr.strip_suffix('\n').unwrap_or_else(|| panic!("no whole line: {self:?}"));
        assert!(line.starts_with("error: ") && !line.contains('\n'), "{self:?}");
        assert!(!line.contains("panicked") && !line.contains("internal error"), "{self:?}");
        line
    }
}

/// The clip that ships with the sources.
pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/bunny.mp4")
}

/// Compares with `tests/snapshots/NAME`, or writes it when `UPDATE_SNAPSHOTS` is set.
#[track_caller]
pub(crate) fn snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    for (n, (was, is)) in stored.lines().zip(text.lines()).enumerate() {
        assert_eq!(was, is, "{name}, line {}; UPDATE_SNAPSHOTS=1 writes it anew", n + 1);
    }
    assert_eq!(stored.len(), text.len(), "{name} has another length; UPDATE_SNAPSHOTS=1 writes it anew");
}
