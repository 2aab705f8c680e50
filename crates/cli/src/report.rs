//! Words on stderr and data on stdout. Both may be a terminal, a pipe, full or closed; none of it
//! may panic, and only lost data is an error.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use opusclip::Error;

use crate::exit::{Failure, Outcome};

/// True while a progress bar occupies the last line of the terminal.
static BAR: Mutex<bool> = Mutex::new(false);

/// Colour is for terminals, and <https://no-color.org> turns it off.
fn colour() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    io::stderr().is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// A text as one printable line.
pub(crate) fn one_line(text: &str) -> String {
    let text = text.trim_end();
    if text.chars().any(char::is_control) {
        text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
    } else {
        text.to_string()
    }
}

fn line(prefix: &str, ansi: &str, text: &str) {
    let mut bar = BAR.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = String::new();
    if std::mem::take(&mut *bar) {
        out.push_str("\r\x1b[2K");
    }
    if !prefix.is_empty() {
        out.push_str(&if colour() { format!("\x1b[{ansi}m{prefix}:\x1b[0m ") } else { format!("{prefix}: ") });
    }
    out.push_str(&one_line(text));
    out.push('\n');
    // With nowhere to say it, there is nothing to do about it: the exit code still tells.
    let _ = io::stderr().lock().write_all(out.as_bytes());
}

/// `error: TEXT` on stderr.
pub(crate) fn error(text: &str) {
    line("error", "1;31", text);
}

/// `warning: TEXT` on stderr.
pub(crate) fn warning(text: &str) {
    line("warning", "1;33", text);
}

/// A plain line on stderr.
pub(crate) fn note(text: &str) {
    line("", "", text);
}

/// Shows `text` as the progress bar, or removes the bar when it is empty.
pub(crate) fn bar(text: &str) {
    let mut shown = BAR.lock().unwrap_or_else(PoisonError::into_inner);
    if *shown || !text.is_empty() {
        let _ = io::stderr().lock().write_all(format!("\r\x1b[2K{text}").as_bytes());
    }
    *shown = !text.is_empty();
}

/// Data on stdout.
pub(crate) struct Data {
    out: BufWriter<StdoutLock<'static>>,
}

impl Data {
    /// Stdout, locked until this is dropped.
    pub(crate) fn stdout() -> Self {
        Data { out: BufWriter::with_capacity(1 << 16, io::stdout().lock()) }
    }

    /// Writes all of `text`.
    pub(crate) fn text(&mut self, text: &str) -> Outcome {
        self.out.write_all(text.as_bytes()).map_err(stdout_failure)
    }

    /// One JSON value on a line of its own.
    pub(crate) fn json(&mut self, value: &serde_json::Value) -> Outcome {
        self.text(&format!("{value}\n"))
    }

    /// Everything is out, or it is an error.
    pub(crate) fn finish(mut self) -> Outcome {
        self.out.flush().map_err(stdout_failure)
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        // What could not be written was reported; the buffer must not be tried again and again.
        let _ = self.out.flush();
    }
}

/// A reader that went away (`| head`) is no error; a full disk is one.
pub(crate) fn stdout_failure(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::NobodyReads
    } else {
        Failure::Failed(Error::io(Path::new("stdout"), "write", &error))
    }
}

/// What clap says, in one line.
pub(crate) fn usage(error: &clap::Error) -> String {
    use clap::error::ErrorKind;
    if error.kind() == ErrorKind::MissingSubcommand {
        return "which command: process, info, stats, explain or doctor? (try --help)".to_string();
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let mut first: Vec<&str> = text.lines().take_while(|l| !l.trim().is_empty()).map(str::trim).collect();
    let tips = text.lines().filter_map(|l| l.trim().strip_prefix("tip: "));
    let tips: Vec<String> = tips.map(|tip| format!("; {tip}")).collect();
    // `the following required arguments were not provided:` is a list, one to a line.
    let head = if first.len() > 1 { format!("{} ", first.remove(0)) } else { String::new() };
    format!("{head}{}{} (try --help)", first.join(" "), tips.concat())
}
