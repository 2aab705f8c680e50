//! Help, version, completions, manual pages.

use std::process::Stdio;

use crate::support::{Done, Folder, snapshot};

const COMMANDS: [&str; 5] = ["process", "info", "stats", "explain", "doctor"];

#[test]
fn help_is_a_result() {
    let folder = Folder::new();
    let mut all = String::new();
    for args in [vec!["--help"]].into_iter().chain(COMMANDS.map(|c| vec![c, "--help"])) {
        let done = folder.run(&args);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
        assert!(done.stdout.contains("Exit codes:") && done.stdout.contains("130"), "{args:?}");
        all += &format!("$ opusclip {}\n{}\n", args.join(" "), done.stdout);
    }
    snapshot("help.txt", &all);
    for command in COMMANDS {
        let short = folder.run(&[command, "-h"]);
        assert_eq!(short.code, Some(0));
        assert!(short.stdout.lines().count() < 60);
    }
    assert_eq!(folder.ok("--version").stdout, format!("opusclip {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_and_manual_pages() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = folder.ok(&format!("completions {shell}")).stdout;
        assert!(text.contains("opusclip") && text.contains("memory-limit"), "{shell}");
    }
    let page = folder.ok("man").stdout;
    assert!(page.contains(".TH opusclip 1") && page.contains("Exit codes"), "{page}");
    for command in COMMANDS {
        assert!(folder.ok(&format!("man {command}")).stdout.contains(".SH SYNOPSIS"), "{command}");
    }
    assert!(folder.ok("man process").stdout.contains("gamma"));
}

#[test]
fn colour_is_for_terminals() {
    let folder = Folder::new();
    let done = folder.run(&["info", "missing.mp4"]);
    assert!(!done.stderr.contains('\x1b'));
    let help = folder.ok("--help");
    assert!(!help.stdout.contains('\x1b'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    for args in [vec!["--help"], vec!["completions", "bash"], vec!["man"], vec!["explain", "--ops"], vec!["doctor"]] {
        let mut command = folder.command(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let done = Done::of(child.wait_with_output().unwrap());
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_full_stdout_is_an_error() {
    let folder = Folder::new();
    for args in [vec!["--help"], vec!["completions", "bash"], vec!["man"], vec!["explain", "--ops"], vec!["doctor"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let done = Done::of(folder.command(&args).stdout(full).output().unwrap());
        assert_eq!(done.refused(1), "error: stdout: write: No space left on device", "{args:?}");
    }
}

#[test]
fn a_full_or_missing_stderr_changes_no_exit_code() {
    let folder = Folder::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let code = |args: &[&str]| folder.command(args).stdout(full()).stderr(full()).status().unwrap().code();
    assert_eq!(code(&["info", "missing.mp4"]), Some(1));
    assert_eq!(code(&["nonsense"]), Some(2));
    // Closed for good, by a shell, since std can only redirect.
    let program = env!("CARGO_BIN_EXE_opusclip");
    let script = format!("'{program}' info missing.mp4 0<&- 1>&- 2>&-; echo $? > code");
    let status = std::process::Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).status().unwrap();
    assert!(status.success());
    assert_eq!(std::fs::read_to_string(folder.path("code")).unwrap(), "1\n");
}
