//! `opusclip completions SHELL` and `opusclip man [COMMAND]`: for packagers, hidden from help.

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::exit::{Failure, Outcome};
use crate::report::{self, Data};

/// Completions for `shell` on stdout.
pub(crate) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "opusclip", &mut text);
    print(&text)
}

/// The manual page of the program or of one command, in roff, on stdout.
pub(crate) fn man(command: Option<&str>) -> Outcome {
    let mut root = Cli::command();
    root.build();
    let page = match command {
        None => root.clone(),
        Some(name) => root.find_subcommand(name).filter(|c| !c.is_hide_set()).cloned().ok_or_else(|| {
            Failure::Usage(format!("man: no command `{name}`; there are process, info, stats, explain and doctor"))
        })?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(report::stdout_failure)?;
    print(&text)
}

fn print(text: &[u8]) -> Outcome {
    let mut out = Data::stdout();
    out.text(&String::from_utf8_lossy(text))?;
    out.finish()
}
