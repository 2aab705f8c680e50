//! The program `opusclip`: NumPy-like jobs over video files. This crate reads the command line,
//! composes expressions and tells how it went; it holds no arithmetic of its own.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod engine_face;
mod exit;
mod grade;
mod measures;
mod plot;
mod profile;
mod progress;
mod report;
mod targets;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser as _;
use exit::{Failure, Outcome};

#[global_allocator]
static MEMORY: opusclip::memory::LastWord = opusclip::memory::LastWord;

fn main() -> ExitCode {
    opusclip::memory::on_refusal(exit::out_of_memory);
    exit::hush_panics();
    exit::code(panic::catch_unwind(AssertUnwindSafe(run)))
}

fn run() -> Outcome {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return Err(Failure::Usage(report::usage(&error))),
        // --help and --version are results, so they go to stdout.
        Err(help) => return help.print().map_err(report::stdout_failure),
    };
    engine_face::check_environment()?;
    let cancel = engine_face::Cancel::new();
    exit::watch_signals(&cancel)?;
    match cli.command {
        Command::Process(args) => commands::process::run(&args, &cancel),
        Command::Info(args) => commands::info::run(&args),
        Command::Stats(args) => commands::stats::run(&args, &cancel),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Completions { shell } => commands::completions::completions(shell),
        Command::Man { command } => commands::completions::man(command.as_deref()),
    }
}
