//! Where results go, and what is never harmed on the way.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use crate::support::{Done, Folder, sample, words};

/// Few frames, so that a test takes part of a second.
const SHORT: [&str; 2] = ["--frames", "0:3"];

fn is_mp4(bytes: &[u8]) -> bool {
    bytes.len() > 1000 && bytes.get(4..8) == Some(b"ftyp")
}

#[test]
fn overwriting_needs_y() {
    let folder = Folder::with_sample();
    folder.write("out.mp4", b"old");
    let refused = folder.run(&["process", "bunny.mp4", "-o", "out.mp4", "--frames", "0:3"]);
    assert!(refused.refused(1).contains("out.mp4: exists already"));
    assert_eq!(fs::read(folder.path("out.mp4")).unwrap(), b"old");
    folder.ok("process bunny.mp4 -o out.mp4 --frames 0:3 -y");
    assert!(is_mp4(&fs::read(folder.path("out.mp4")).unwrap()));
    assert_eq!(folder.names(), ["bunny.mp4", "out.mp4"]);
    // A link to the target is followed, and stays a link.
    symlink("out.mp4", folder.path("link.mp4")).unwrap();
    fs::write(folder.path("out.mp4"), b"old").unwrap();
    folder.ok("process bunny.mp4 -o link.mp4 --frames 0:3 -y");
    assert!(folder.path("link.mp4").is_symlink());
    assert!(is_mp4(&fs::read(folder.path("out.mp4")).unwrap()));
}

#[test]
fn the_mode_is_the_umasks() {
    let folder = Folder::with_sample();
    let program = env!("CARGO_BIN_EXE_opusclip");
    let script = format!("umask 027; '{program}' process bunny.mp4 -o out.mp4 --frames 0:3 -q");
    let status = Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).status().unwrap();
    assert!(status.success());
    assert_eq!(fs::metadata(folder.path("out.mp4")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_failing_run_leaves_the_old_output() {
    let folder = Folder::with_sample();
    folder.write("old.mp4", b"old");
    let bytes = fs::read(sample()).unwrap();
    folder.write("cut.mp4", &bytes[..bytes.len() / 2]);
    folder.run(&["process", "cut.mp4", "-o", "old.mp4", "-y"]).refused(1);
    assert_eq!(fs::read(folder.path("old.mp4")).unwrap(), b"old");
    // A limit on the size of files stands in for a full disk.
    let program = env!("CARGO_BIN_EXE_opusclip");
    let script = format!("trap '' XFSZ; ulimit -f 8; '{program}' process bunny.mp4 -o old.mp4 -y --frames 0:9");
    let done = Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).output().unwrap();
    assert!(Done::of(done).refused(1).starts_with("error: old.mp4: cannot write: File too large"));
    assert_eq!(fs::read(folder.path("old.mp4")).unwrap(), b"old");
    assert_eq!(folder.names(), ["bunny.mp4", "cut.mp4", "old.mp4"]);
}

#[test]
fn several_inputs_become_a_folder() {
    let folder = Folder::with_sample();
    fs::copy(sample(), folder.path("b.mov")).unwrap();
    folder.write("bad.mp4", b"not a video at all, sorry");
    let done = folder.run(&["process", "bunny.mp4", "bad.mp4", "b.mov", "-o", "out/", SHORT[0], SHORT[1]]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let errors: Vec<&str> = done.stderr.lines().filter(|l| l.starts_with("error: ")).collect();
    assert!(errors.len() == 1 && errors[0].starts_with("error: bad.mp4: "), "{done:?}");
    assert_eq!(done.stderr.lines().last(), Some("1 of 3 files failed"));
    let mut names: Vec<_> = fs::read_dir(folder.path("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["b.mp4", "bunny.mp4"]);
    // An existing folder, one input.
    folder.ok("process bunny.mp4 -o out --frames 0:3 -y");
    // Nothing came of it, so the folder that was made goes again.
    folder.run(&["process", "bad.mp4", "-o", "new/"]).refused(1);
    assert!(!folder.path("new").exists());
}

#[test]
fn several_reports_as_json() {
    let folder = Folder::with_sample();
    folder.write("bad.mp4", b"not a video at all, sorry");
    let done = folder.run(&["process", "bad.mp4", "bunny.mp4", "-o", "out/", "--json", "-q", SHORT[0], SHORT[1]]);
    assert_eq!(done.code, Some(1));
    assert_eq!(done.stderr.lines().count(), 1);
    let values: Vec<serde_json::Value> = done.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(values.len(), 2, "one object for each input, in order");
    assert!(values.iter().all(|v| v["schema"] == "opusclip.process/1"));
    assert!(values[0]["error"].as_str().unwrap().starts_with("bad.mp4: "));
    assert_eq!((&values[1]["frames"], &values[1]["output"]), (&3.into(), &"out/bunny.mp4".into()));
}

#[test]
fn odd_names_are_names() {
    let folder = Folder::with_sample();
    let long = format!("{}.mp4", "n".repeat(251));
    let names: [OsString; 8] = [
        "with space.mp4".into(),
        "-leading.mp4".into(),
        "%04d.mp4".into(),
        "new\nline.mp4".into(),
        "ünïcødé ☃.mp4".into(),
        OsString::from_vec(b"not-utf8-\xff\xfe.mp4".to_vec()),
        "quote'\"`$(x)*?.mp4".into(),
        long.into(),
    ];
    for name in &names {
        fs::copy(sample(), folder.path(name)).unwrap();
        let args: [&OsStr; 7] = ["process", "-o", "out.mp4", "-y", "--frames=0:3", "--"]
            .map(OsStr::new)
            .into_iter()
            .chain([name.as_os_str()])
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        let done = folder.run(&args);
        assert_eq!(done.code, Some(0), "{name:?}: {done:?}");
        fs::remove_file(folder.path(name)).unwrap();
        // The same name as an output, given with `=` or after `./` where it looks like an option.
        let mut output = OsString::from("--output=");
        output.push(name);
        let args: [&OsStr; 4] = [OsStr::new("process"), OsStr::new("bunny.mp4"), &output, OsStr::new("--frames=0:3")];
        let done = folder.run(&args);
        assert_eq!(done.code, Some(0), "{name:?}: {done:?}");
        assert_eq!(done.stderr.lines().count(), 1, "a name cannot break the line: {done:?}");
        assert!(is_mp4(&fs::read(folder.path(name)).unwrap()));
        // In JSON as well.
        let info = folder.run(&[OsStr::new("info"), OsStr::new("--json"), OsStr::new("--"), name]);
        assert!(serde_json::from_str::<serde_json::Value>(&info.stdout).is_ok(), "{name:?}: {info:?}");
        fs::remove_file(folder.path(name)).unwrap();
    }
    assert_eq!(folder.names(), ["bunny.mp4", "out.mp4"]);
    assert!(names[5].as_bytes().contains(&0xff));
}

#[test]
fn odd_surroundings_do_no_harm() {
    let folder = Folder::with_sample();
    let mut command = folder.command(&["process", "bunny.mp4", "-o", "out.mp4", "--frames", "0:3"]);
    command.env_clear().env("LC_ALL", "nonsense").env("TMPDIR", "/nowhere").env("HOME", "/nowhere");
    let done = Done::of(command.output().unwrap());
    assert_eq!(done.code, Some(0), "{done:?}");
    let program = env!("CARGO_BIN_EXE_opusclip");
    let script = format!("ulimit -n 16; '{program}' process bunny.mp4 -o few.mp4 --frames 0:3 0<&- 1>&- 2>&-");
    let status = Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).status().unwrap();
    assert!(status.success());
    assert!(is_mp4(&fs::read(folder.path("few.mp4")).unwrap()), "no message went into the output");
}

#[test]
fn two_runs_to_one_output_leave_a_whole_file() {
    let folder = Folder::with_sample();
    let run =
        || folder.command(&["process", "bunny.mp4", "-o", "out.mp4", "-y", "-q", "--frames", "0:5"]).spawn().unwrap();
    let (mut one, mut two) = (run(), run());
    assert!(one.wait().unwrap().success() && two.wait().unwrap().success());
    assert_eq!(folder.names(), ["bunny.mp4", "out.mp4"]);
    assert!(folder.ok("info out.mp4").stdout.contains("5 in 0.200 s"));
}

#[test]
fn the_file_size_limit_is_an_error_like_a_full_disk() {
    let program = env!("CARGO_BIN_EXE_opusclip");
    for (limit, command) in [
        (8, "process bunny.mp4 -o out.mp4 -q --frames 0:3"),
        (8, "process bunny.mp4 -o out.npy -q --frames 0:3"),
        (0, "stats bunny.mp4 --csv out.csv --frames 0:3"),
    ] {
        let folder = Folder::with_sample();
        let script = format!("ulimit -f {limit}; exec '{program}' {command}");
        let done = Done::of(Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).output().unwrap());
        let line = done.refused(1);
        assert!(line.contains("cannot write: File too large"), "{line}");
        assert_eq!(folder.names(), ["bunny.mp4"], "{command}");
    }
}

#[test]
fn two_outputs_of_stats_are_two_files() {
    let folder = Folder::with_sample();
    for line in [
        "stats bunny.mp4 --csv q --json q",
        "stats bunny.mp4 --csv q --json ./q -y",
        "stats bunny.mp4 --csv q.svg --plot q.svg",
    ] {
        let done = folder.run(&words(line));
        assert!(done.refused(2).contains("is given for two outputs"), "{line}: {done:?}");
        assert_eq!(folder.names(), ["bunny.mp4"], "{line}");
    }
}

#[test]
fn an_error_of_one_of_several_inputs_says_which() {
    let folder = Folder::with_sample();
    folder.write("notes.mp4", b"text");
    let done = folder.run(&words("process bunny.mp4 notes.mp4 -o out/ -q --threads 2 --memory-limit 1KiB"));
    assert_eq!(done.code, Some(1), "{done:?}");
    let mut lines: Vec<&str> = done.stderr.lines().collect();
    lines.sort_unstable();
    assert!(lines[0].starts_with("error: bunny.mp4: memory: needs"), "{done:?}");
    // They share the limit, half of which is each one's.
    assert!(lines[0].contains("the limit is 512 B"), "{done:?}");
    assert!(lines[0].ends_with(", for each of the 2 files that are made at once, or give --threads 1"), "{done:?}");
    assert!(lines[1].starts_with("error: notes.mp4: is text"), "{done:?}");
    assert_eq!(lines.len(), 2, "{done:?}");
}

#[test]
fn a_misspelt_instruction_set_is_refused() {
    let folder = Folder::new();
    let done = Done::of(folder.command(&["doctor"]).env("OPUSCLIP_ISA", "avx9000").output().unwrap());
    let line = done.refused(2);
    assert!(line.starts_with("error: OPUSCLIP_ISA: `avx9000` is no level of this machine; it has baseline"), "{line}");
}

#[test]
fn the_environment_sets_a_memory_limit() {
    let folder = Folder::with_sample();
    let with = |limit: &str, line: &str| {
        Done::of(folder.command(&words(line)).env("OPUSCLIP_MEMORY_LIMIT", limit).output().unwrap())
    };
    let done = with("lots", "doctor");
    let line = done.refused(2);
    assert!(line.contains("OPUSCLIP_MEMORY_LIMIT: 'lots' given; expected bytes such as 512MiB"), "{line}");
    let done = with("1KiB", "process bunny.mp4 -o out.mp4");
    let line = done.refused(1);
    assert!(line.contains("but the limit is 1.0 KiB") && line.contains("raise the limit to"), "{line}");
    // What is written on the line goes first.
    assert_eq!(with("1KiB", "process bunny.mp4 -o out.mp4 --frames :4 --memory-limit 2GiB").code, Some(0));
}

#[test]
fn the_end_of_memory_is_an_error_that_leaves_nothing() {
    let folder = Folder::with_sample();
    let program = env!("CARGO_BIN_EXE_opusclip");
    let mut met = 0;
    // Address space for less and less; where it does not do, one line and no leftovers.
    for kib in [400_000, 300_000, 220_000, 160_000, 120_000, 90_000] {
        let script = format!("ulimit -v {kib}; exec {program} process bunny.mp4 -o small.mp4 -y --threads 1 -q");
        let done = Done::of(Command::new("sh").current_dir(folder.path("")).args(["-c", &script]).output().unwrap());
        match done.code {
            Some(0) => {}
            _ => {
                met += 1;
                assert_eq!(done.code, Some(1), "{kib} KiB: {}", done.stderr);
                assert_eq!(done.stderr.lines().count(), 1, "{kib} KiB: {}", done.stderr);
            }
        }
        let left: Vec<String> = folder.names().into_iter().filter(|n| n.ends_with(".tmp")).collect();
        assert!(left.is_empty(), "{kib} KiB: {left:?}");
    }
    assert!(met > 0, "none of the limits was too small");
}
