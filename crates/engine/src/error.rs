//! One error type for the whole house. Each message is one line: what was given, what would do.

use std::fmt;
use std::path::{Path, PathBuf};

/// What went wrong. The text of every variant is one line without a final full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Shapes, axes or indices that do not fit.
    Shape {
        /// The op that refused.
        op: String,
        /// What was given and what would do.
        detail: String,
    },
    /// An element type that the op does not take.
    DType {
        /// The op that refused.
        op: String,
        /// What was given and what would do.
        detail: String,
    },
    /// A value out of its range: an option, a scalar, an expression that does not parse.
    Value {
        /// Whose value.
        op: String,
        /// What was given and what would do.
        detail: String,
    },
    /// Arithmetic without a good answer, under an [`crate::errstate::ErrState`] that raises.
    Arithmetic {
        /// The op.
        op: String,
        /// What, in which type, at which index.
        detail: String,
    },
    /// The plan needs more memory than the limit allows.
    Memory {
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
        /// What needs them, and what would do.
        detail: String,
    },
    /// The operating system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried, and the system's words.
        detail: String,
    },
    /// The bytes of an input are damaged, cut, or not what the name says.
    Data {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        detail: String,
    },
    /// Valid, but beyond what this build reads or writes; says what would do.
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is, and what would read or write it.
        detail: String,
    },
    /// An error in an expression, and where in the user's program that step was written.
    Written {
        /// What is wrong.
        error: Box<Error>,
        /// `file:line`
        place: String,
    },
    /// The caller asked to stop.
    Cancelled,
    /// A fault of ours.
    Internal {
        /// Where and what.
        detail: String,
    },
}

/// `Result` with the house's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A [`Error::Shape`].
    pub fn shape(op: impl Into<String>, detail: impl Into<String>) -> Self {
        Error::Shape { op: op.into(), detail: detail.into() }
    }

    /// A [`Error::DType`].
    pub fn dtype(op: impl Into<String>, detail: impl Into<String>) -> Self {
        Error::DType { op: op.into(), detail: detail.into() }
    }

    /// A [`Error::Value`].
    pub fn value(op: impl Into<String>, detail: impl Into<String>) -> Self {
        Error::Value { op: op.into(), detail: detail.into() }
    }

    /// A [`Error::Io`] from the system's error while doing `what` to `path`.
    pub fn io(path: &Path, what: &str, err: &std::io::Error) -> Self {
        // "No such file or directory (os error 2)" → the words without the number.
        let words = err.to_string();
        let words = words.split(" (os error").next().unwrap_or("").to_string();
        Error::Io { path: path.to_path_buf(), detail: format!("{what}: {words}") }
    }

    /// A [`Error::Data`].
    pub fn data(path: &Path, detail: impl Into<String>) -> Self {
        Error::Data { path: path.to_path_buf(), detail: detail.into() }
    }

    /// A [`Error::Unsupported`].
    pub fn unsupported(path: &Path, detail: impl Into<String>) -> Self {
        Error::Unsupported { path: path.to_path_buf(), detail: detail.into() }
    }

    /// The error with the place in the program; an error that has one keeps it.
    #[must_use]
    pub fn written_at(self, place: &std::panic::Location<'_>) -> Self {
        match self {
            Error::Written { .. } => self,
            error => Error::Written { error: Box::new(error), place: format!("{}:{}", place.file(), place.line()) },
        }
    }

    /// The error without the place: for expressions that were not written in Rust.
    #[must_use]
    pub fn without_place(self) -> Self {
        match self {
            Error::Written { error, .. } => *error,
            error => error,
        }
    }

    /// A [`Error::Internal`].
    pub fn internal(detail: impl Into<String>) -> Self {
        Error::Internal { detail: detail.into() }
    }
}

/// A path as one printable line: control characters are escaped, so that a file name cannot
/// write to the terminal or break the line.
pub fn show_path(path: &Path) -> String {
    path.to_string_lossy()
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect()
}

/// The last part of a path, as [`show_path`] shows it; nothing where there is none.
pub fn show_name(path: &Path) -> String {
    path.file_name().map(|name| show_path(Path::new(name))).unwrap_or_default()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Shape { op, detail }
            | Error::DType { op, detail }
            | Error::Value { op, detail }
            | Error::Arithmetic { op, detail } => {
                write!(f, "{op}: {detail}")
            }
            Error::Memory { needed, limit, detail } => {
                write!(f, "memory: needs {} but the limit is {}: {detail}", bytes(*needed), bytes(*limit))
            }
            Error::Io { path, detail } | Error::Data { path, detail } | Error::Unsupported { path, detail } => {
                write!(f, "{}: {detail}", show_path(path))
            }
            Error::Written { error, place } => write!(f, "{error} (written at {place})"),
            Error::Cancelled => f.write_str("interrupted"),
            Error::Internal { detail } => write!(f, "internal error (a bug of ours, please report it): {detail}"),
        }
    }
}

impl std::error::Error for Error {}

/// `(3, 4)`, as Python writes tuples.
pub(crate) fn tuple(numbers: &[usize]) -> String {
    match numbers {
        [one] => format!("({one},)"),
        many => format!("({})", many.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Bytes in the largest binary unit that keeps the number above one: `64.0 MiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}
