//! Every message a user can meet, word for word.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Done, Folder, sample, snapshot, words};

#[test]
fn wrong_usage() {
    let folder = Folder::new();
    let mut all = String::new();
    for line in [
        "",
        "-x",
        "proces a.mp4",
        "process",
        "process a.mp4",
        "process -o b.mp4",
        "process a.mp4 -o",
        "process a.mp4 -o b.mp4 --gama 3",
        "process a.mp4 -o b.mp4 --gamma",
        "process a.mp4 -o b.mp4 --gamma x",
        "process a.mp4 -o b.mp4 --gamma -1",
        "process a.mp4 -o b.mp4 --gamma nan",
        "process a.mp4 -o b.mp4 --contrast inf",
        "process a.mp4 -o b.mp4 --gamma 1 --gamma 2",
        "process a.mp4 -o b.mp4 --gamma 1 --expr x",
        "process a.mp4 -o b.mp4 --no-grade --contrast 1",
        "process a.mp4 -o b.mp4 --frames 5",
        "process a.mp4 -o b.mp4 --frames 1:x",
        "process a.mp4 -o b.mp4 --frames 1:9:-1",
        "process a.mp4 -o b.mp4 --frames 1:2:3:4",
        "process a.mp4 -o b.mp4 --threads -1",
        "process a.mp4 -o b.mp4 --threads 100000",
        "process a.mp4 -o b.mp4 --memory-limit lots",
        "process a.mp4 -o b.mp4 --memory-limit 0",
        "process a.mp4 -o b.mp4 --qp 99",
        "process a.mp4 -o b.mp4 --preset slow",
        "process a.mp4 -o b.mp4 --gop 1",
        "process a.mp4 -o b.mp4 -q -v",
        "process a.mp4 -o b.mp4 --expr ''",
        "process a.mp4 -o b.mp4 --expr '(x'",
        "process a.mp4 -o b.mp4 --expr 'x and 1'",
        "process - -o b.mp4",
        "process a.mp4 -o -",
        "process a.mp4 -o ''",
        "process a.mp4 b.mp4 -o out",
        "process a/x.mp4 b/x.mp4 -o out/",
        "process a/.. b.mp4 -o out/",
        "info",
        "info -",
        "stats",
        "stats a b",
        "stats a.mp4 --csv - --json -",
        "stats a.mp4 --plot -",
        "explain",
        "explain --ops a.mp4",
        "doctor now",
        "completions fishy",
        "man nothing",
    ] {
        let done = folder.run(&words(line));
        let _ = writeln!(all, "$ opusclip {line}\n{}", done.refused(2));
        assert_eq!(done.stdout, "", "{line}");
    }
    assert_eq!(folder.names(), [""; 0]);
    snapshot("usage.txt", &all);
}

#[test]
fn files_that_do_not_do() {
    let folder = Folder::new();
    let bytes = fs::read(sample()).unwrap();
    folder.write("bunny.mp4", &bytes);
    folder.write("empty.mp4", b"");
    folder.write("text.mp4", b"this is not a video, it is a letter\n");
    folder.write("noise.mp4", &(0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<_>>());
    folder.write("head.mp4", &bytes[..32]);
    folder.write("plain.txt", b"");
    folder.write("old.mp4", b"old");
    fs::create_dir(folder.path("folder.mp4")).unwrap();
    fs::hard_link(folder.path("bunny.mp4"), folder.path("hard.mp4")).unwrap();
    symlink("bunny.mp4", folder.path("soft.mp4")).unwrap();
    symlink("nowhere.mp4", folder.path("dangling.mp4")).unwrap();
    symlink("loop.mp4", folder.path("loop.mp4")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(folder.path("fifo.mp4")).status().unwrap().success());
    let before = folder.names();
    let mut all = String::new();
    for line in [
        "info missing.mp4",
        "info empty.mp4",
        "info text.mp4",
        "info noise.mp4",
        "info head.mp4",
        "info folder.mp4",
        "info loop.mp4",
        "info dangling.mp4",
        "info /dev/null",
        "info fifo.mp4",
        "process bunny.mp4 -y -o fifo.mp4",
        "info bunny.mp4/x",
        "process missing.mp4 -o out.mp4",
        "process empty.mp4 -o out.mp4",
        "process text.mp4 -o out.mp4",
        "process head.mp4 -o out.mp4",
        "process folder.mp4 -o out.mp4",
        "process bunny.mp4 -o out.xyz",
        "process bunny.mp4 -o out",
        "process bunny.mp4 -o nowhere/out.mp4",
        "process bunny.mp4 -o plain.txt/out.mp4",
        "process bunny.mp4 -o nowhere/deeper/",
        "process bunny.mp4 -o old.mp4",
        "process bunny.mp4 -o dangling.mp4",
        "process bunny.mp4 -o loop.mp4",
        "process bunny.mp4 -o /dev/full",
        "process bunny.mp4 -y -o bunny.mp4",
        "process bunny.mp4 -y -o ./bunny.mp4",
        "process bunny.mp4 -y -o soft.mp4",
        "process bunny.mp4 -y -o hard.mp4",
        "process soft.mp4 -y -o bunny.mp4",
        "process bunny.mp4 -y -o .",
        "process bunny.mp4 -o out.mp4 --frames 500:600",
        "process bunny.mp4 -o out.mp4 --memory-limit 1KiB",
        "process bunny.mp4 -o out.mp4 --expr 'clp(x, 0, 1)'",
        "process bunny.mp4 -o out.mp4 --expr 'x / 255'",
        "process bunny.mp4 -o out.mp4 --expr 'x[..., 0]'",
        "process bunny.mp4 -o out.mp4 --expr 'mean(x)'",
        "process bunny.mp4 -o out.mp4 --expr 'x + x[:, :7]'",
        "process bunny.mp4 -o out.mp4 --expr 'x[:, :0]'",
        "stats missing.mp4",
        "stats text.mp4",
        "stats bunny.mp4 --csv old.mp4",
        "stats bunny.mp4 --csv bunny.mp4 -y",
        "stats bunny.mp4 --json nowhere/x.json",
        "stats bunny.mp4 --plot x.pdf",
        "stats bunny.mp4 --plot folder.mp4/x/y.svg",
        "stats bunny.mp4 --frames 200:",
        "explain missing.mp4",
        "explain bunny.mp4 --expr 'x + '",
        "explain bunny.mp4 --expr 'nothing(x)'",
    ] {
        let done = folder.run(&words(line));
        let code = done.code.unwrap_or(-1);
        let _ = writeln!(all, "$ opusclip {line}\n{code} {}", done.refused(code));
        assert!(code == 1 || (code == 2 && line.contains("--expr")), "{line}: {done:?}");
        assert_eq!(done.stdout, "", "{line}");
        assert_eq!(folder.names(), before, "{line} left something behind");
    }
    assert_eq!(fs::read(folder.path("bunny.mp4")).unwrap(), bytes, "the input is untouched");
    assert_eq!(fs::read(folder.path("old.mp4")).unwrap(), b"old");
    snapshot("files.txt", &all);
}

#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    let folder = Folder::for_all_users();
    let secret = folder.path("bunny.mp4");
    std::fs::copy(sample(), &secret).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything, so the program is run as nobody, from where nobody can reach it.
    let program = folder.path("program");
    std::fs::copy(env!("CARGO_BIN_EXE_opusclip"), &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = std::process::Command::new(&program);
    command.current_dir(folder.path("")).args(["info", "bunny.mp4"]);
    if std::fs::metadata(&secret).unwrap().uid() == 0 {
        command.uid(65534).gid(65534);
    }
    let line = Done::of(command.output().unwrap()).refused(1).to_string();
    assert_eq!(line, "error: bunny.mp4: cannot open: Permission denied");
}
