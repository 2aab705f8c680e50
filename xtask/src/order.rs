//! The order of the house, as data: who may use whom. `floors` reads it; ARCHITECTURE.md draws
//! it. To move a module, change this table and say why there.

/// Modules of `crates/engine/src`, lowest floor first. A module may use its own floor and those
/// before it. `lib.rs` is the roof: it names every module and belongs to no floor.
pub(crate) const FLOORS: &[&[&str]] = &[
    &["error", "monitor", "errstate", "threads"],
    &["array"],
    // Draws arrays at the call; knows nothing of ops or plans, and they may use it.
    &["random"],
    &["ops", "flow"],
    &["lazy"],
    &["plan"],
    &["passes", "stage"],
    &["exec"],
    &["run"],
    // `Lazy::collect` and its kin start a run, so they stand above it, though they are methods of `lazy`.
    &["collect"],
    // Traced functions: they compute their arguments and explain their plans as `collect` does.
    &["jit"],
    // Methods and calls by name: some ops are computed at once, so they stand above `collect`.
    &["api"],
];

/// Folder and library name of each crate of ours, lowest first. A crate may use those on the
/// lines before its own, never one on the same line or after it.
pub(crate) const CRATES: &[&[(&str, &str)]] = &[
    &[("crates/raw", "opusclip_raw")],
    // Heavy crates of mathematics, compiled apart so that a build of the engine does not compile them again.
    &[("crates/maths", "opusclip_maths")],
    &[("crates/engine", "opusclip_engine")],
    &[("crates/opusclip", "opusclip")],
    &[("crates/cli", "opusclip_cli"), ("crates/py", "opusclip_py")],
    &[("xtask", "xtask")],
];

/// The one folder in which `unsafe` may stand.
pub(crate) const UNSAFE_ROOM: &str = "crates/raw/";

/// Crates whose version must be exact (`=1.2.3`) wherever one of ours depends on them: they are
/// young, and each new version passes the decode gate first.
pub(crate) const PINNED: &[&str] = &["rust_h264", "rusty_h264-encoder", "rusty_h264-common", "shiguredo_mp4", "yuv"];

/// Most lines of a `.rs` or `.py` file.
pub(crate) const MAX_LINES: usize = 800;

/// Files with a limit of their own.
pub(crate) const MAX_LINES_OF: &[(&str, usize)] = &[("crates/engine/src/run.rs", 150)];
