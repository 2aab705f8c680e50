//! Stopped in mid-run: soon, with the right exit code, and with nothing half-written left.

use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Done, Folder};

fn send(child: &Child, signal: &str) {
    let status = std::process::Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status();
    assert!(status.unwrap().success());
}

/// Starts a long job and waits until it has something half-written.
fn started(folder: &Folder, args: &[&str]) -> Child {
    let child = folder.command(args).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !folder.names().iter().any(|n| n.starts_with(".opusclip-")) {
        assert!(begun.elapsed() < Duration::from_secs(20), "no temporary file appeared");
        sleep(Duration::from_millis(5));
    }
    sleep(Duration::from_millis(60));
    child
}

#[test]
fn signals_end_a_run_cleanly() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let folder = Folder::with_sample();
        folder.write("out.mp4", b"old");
        let child = started(&folder, &["process", "bunny.mp4", "-o", "out.mp4", "-y", "--preset", "quality"]);
        let sent = Instant::now();
        send(&child, signal);
        let done = Done::of(child.wait_with_output().unwrap());
        let took = sent.elapsed();
        assert_eq!(done.refused(code), "error: interrupted", "{signal}");
        // A second is what is promised; a loaded machine gets some more.
        assert!(took < Duration::from_secs(3), "{signal} took {took:?}");
        assert_eq!(folder.names(), ["bunny.mp4", "out.mp4"], "{signal}");
        assert_eq!(std::fs::read(folder.path("out.mp4")).unwrap(), b"old");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = Folder::with_sample();
    let child = started(&folder, &["process", "bunny.mp4", "-o", "out.mp4"]);
    send(&child, "INT");
    send(&child, "INT");
    let done = Done::of(child.wait_with_output().unwrap());
    assert_eq!(done.code, Some(130), "{done:?}");
    assert_eq!(folder.names(), ["bunny.mp4"]);
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let folder = Folder::with_sample();
    let program = env!("CARGO_BIN_EXE_opusclip");
    let script = format!(
        "trap '' HUP; '{program}' process bunny.mp4 -o out.mp4 -q --frames 0:25 & \
         pid=$!; sleep 0.3; kill -HUP $pid; wait $pid"
    );
    let status = std::process::Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(folder.names(), ["bunny.mp4", "out.mp4"]);
}

#[test]
fn a_killed_run_leaves_nothing_under_the_final_name_and_a_rerun_works() {
    let folder = Folder::with_sample();
    let mut child = started(&folder, &["process", "bunny.mp4", "-o", "out.mp4"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!folder.path("out.mp4").exists());
    let remnant = folder.names().into_iter().find(|n| n.starts_with(".opusclip-")).unwrap();
    let done = folder.ok("process bunny.mp4 -o out.mp4 --frames 0:3");
    assert!(folder.path("out.mp4").exists());
    assert!(!done.stderr.contains("warning"), "it may belong to a run that goes on: {done:?}");
    let status = std::process::Command::new("touch").args(["-d", "1 hour ago"]).arg(folder.path(&remnant)).status();
    assert!(status.unwrap().success());
    let done = folder.ok("process bunny.mp4 -o out.mp4 -y --frames 0:3");
    let want = format!("warning: ./{remnant}: left by a run that was killed; remove it\n");
    assert!(done.stderr.contains(&want), "{done:?}");
}
