//! What the commands find out, and in which forms.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Done, Folder};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn info_says_what_the_file_is() {
    let folder = Folder::with_sample();
    let text = folder.ok("info bunny.mp4").stdout;
    for word in ["bunny.mp4", "H.264", "1280×720", "132 in 5.280 s, 25 fps", "yuv420p", "BT.709", "mp4a, 48000 Hz"] {
        assert!(text.contains(word), "{word} is missing:\n{text}");
    }
    let value = json(&folder.ok("info --json bunny.mp4").stdout);
    assert_eq!(value["schema"], "opusclip.info/1");
    let facts = (&value["frames"], &value["width"], &value["height"], &value["duration"], &value["rotation"]);
    assert_eq!(facts, (&132.into(), &1280.into(), &720.into(), &5.28.into(), &0.into()));
    assert_eq!((&value["path"], &value["audio"][0]["channels"]), (&"bunny.mp4".into(), &6.into()));
    // One bad file does not hide the others.
    let done = folder.run(&["info", "--json", "missing.mp4", "bunny.mp4"]);
    assert_eq!((done.code, done.stdout.lines().count(), done.stderr.lines().count()), (Some(1), 1, 1));
}

#[test]
fn process_reports_in_one_line_and_as_json() {
    let folder = Folder::with_sample();
    let done = folder.ok("process bunny.mp4 -o a.mp4 --frames 10:14");
    assert_eq!(done.stdout, "");
    assert!(done.stderr.starts_with("a.mp4: 4 frames, 0.16 s, audio copied · "), "{done:?}");
    assert!(
        done.stderr.contains("-bound (") && done.stderr.contains(" fps · peak ") && done.stderr.lines().count() == 1
    );
    assert!(!done.stderr.contains(['\r', '\x1b']), "no bar in a pipe");
    let done = folder.ok("process bunny.mp4 -o b.mp4 --frames 10:14 --no-audio --json -q");
    let value = json(&done.stdout);
    assert_eq!(done.stderr, "");
    assert_eq!(value["schema"], "opusclip.process/1");
    let facts = (&value["frames"], &value["output"], &value["audio"]);
    assert_eq!(facts, (&4.into(), &"b.mp4".into(), &"audio left out".into()));
    assert!(value["run"]["peak_bytes"].as_u64().unwrap() <= value["run"]["planned_bytes"].as_u64().unwrap());
    let done = folder.ok("process bunny.mp4 -o c.mp4 --frames 10:14 -v");
    assert!(done.stderr.contains("decode ") && done.stderr.lines().count() == 2, "{done:?}");
    let facts = json(&folder.ok("info --json b.mp4").stdout);
    assert_eq!((&facts["frames"], &facts["audio"]), (&4.into(), &Value::Array(vec![])));
}

#[test]
fn a_profile_is_what_its_viewers_read() {
    let folder = Folder::with_sample();
    let done = folder.ok("process bunny.mp4 -o a.mp4 --frames 0:8 --gop 4 --threads 2 --profile p.json");
    assert!(done.stderr.lines().any(|l| l.starts_with("p.json: ") && l.contains(" events")), "{done:?}");
    folder.ok("stats bunny.mp4 --frames 0:3 --csv s.csv -q --profile s.json");
    for (name, kinds) in [("p.json", &["run", "decode", "compute", "encode"][..]), ("s.json", &["run", "decode"])] {
        let all = json(&fs::read_to_string(folder.path(name)).unwrap());
        // By thread: events follow each other or lie within each other.
        let mut threads: std::collections::BTreeMap<u64, Vec<(u64, u64)>> = Default::default();
        let mut seen = std::collections::BTreeSet::new();
        let nanos = |v: &Value| (v.as_f64().unwrap() * 1e3).round() as u64;
        for e in all["traceEvents"].as_array().unwrap().iter().filter(|e| e["ph"] != "M") {
            assert!(e["ph"] == "X" && nanos(&e["dur"]) > 0 && !e["name"].as_str().unwrap().is_empty(), "{e}");
            let start = nanos(&e["ts"]);
            threads.entry(e["tid"].as_u64().unwrap()).or_default().push((start, start + nanos(&e["dur"])));
            seen.insert(e["cat"].as_str().unwrap());
        }
        assert!(kinds.iter().all(|k| seen.contains(k)), "{seen:?}");
        for events in threads.values_mut() {
            events.sort_by_key(|&(start, end)| (start, std::cmp::Reverse(end)));
            let mut open: Vec<u64> = Vec::new();
            for &(start, end) in events.iter() {
                open.retain(|&o| o > start);
                assert!(open.iter().all(|&o| end <= o), "{start}..{end} reaches out of {open:?}");
                open.push(end);
            }
        }
    }
    // Refused before anything is written.
    for (args, words) in [
        ("--profile -", "--profile -: a profile is written to a file"),
        ("--profile b.mp4", "--profile b.mp4: is an input or output"),
        ("--profile bunny.mp4 -y", "--profile bunny.mp4: is an input or output"),
        ("--profile p.json", "p.json: "),
    ] {
        let line = format!("process bunny.mp4 -o b.mp4 --frames 0:2 {args}");
        let done = folder.run(&line.split(' ').collect::<Vec<_>>());
        assert!(done.code != Some(0) && done.stderr.contains(words), "{args}: {done:?}");
    }
    assert_eq!(folder.names(), ["a.mp4", "bunny.mp4", "p.json", "s.csv", "s.json"]);
}

#[test]
fn options_are_their_documented_expressions() {
    let folder = Folder::with_sample();
    let job = |name: &str, args: &str| {
        folder.ok(&format!("process bunny.mp4 -o {name} -q --no-audio --frames 50:53 {args}"));
        fs::read(folder.path(name)).unwrap()
    };
    let reference = job("a.mp4", "");
    assert_eq!(reference, job("b.mp4", "--gamma 0.8 --contrast 1.2"));
    assert_eq!(
        reference,
        job(
            "c.mp4",
            "--expr 'g = (f32(x) / 255) ** 0.8; m = g.mean(axis=(1, 2, 3), keepdims=True); u8(clip((g - m) * 1.2 + m, 0, 1) * 255)'"
        )
    );
    assert_eq!(job("d.mp4", "--no-grade"), job("e.mp4", "--expr x"));
    assert_ne!(reference, job("f.mp4", "--gamma 0.8"));
    assert_eq!(
        job("g.mp4", "--brightness -0.1 --saturation 0"),
        job(
            "h.mp4",
            "--expr 'g = f32(x) / 255 + -0.1; l = g[..., 0:1] * 0.2126 + g[..., 1:2] * 0.7152 + g[..., 2:3] * 0.0722; u8(clip((g - l) * 0.0 + l, 0, 1) * 255)'"
        )
    );
    assert_eq!(reference, job("i.mp4", "--threads 1"));
    assert_eq!(reference, job("j.mp4", "--threads 3 --memory-limit 2GiB"));
    assert!(job("k.mp4", "--qp 40 --preset fast").len() < reference.len());
}

#[test]
fn arrays_are_written_as_npy() {
    let folder = Folder::with_sample();
    let read = |args: &str, header: &str| {
        folder.ok(&format!("process bunny.mp4 -o a.npy -y {args}"));
        let bytes = fs::read(folder.path("a.npy")).unwrap();
        let text = String::from_utf8_lossy(&bytes[10..128]).into_owned();
        assert!(bytes.starts_with(b"\x93NUMPY\x01\x00") && text.starts_with(header), "{args}: {text}");
        bytes[128..].to_vec()
    };
    let whole =
        read("--no-grade --frames 3:5", "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 720, 1280, 3), }");
    assert_eq!(whole.len(), 2 * 720 * 1280 * 3);
    let second =
        read("--no-grade --frames 4:5", "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 720, 1280, 3), }");
    assert!(whole.ends_with(&second));
    let means = read(
        "--expr 'mean(x, axis=(1, 2, 3))' --frames 3:5",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
    );
    let mean = whole[..whole.len() / 2].iter().map(|v| f64::from(*v)).sum::<f64>() / (whole.len() / 2) as f64;
    let ours = f64::from_le_bytes(means[..8].try_into().unwrap());
    assert!((ours - mean).abs() < 1e-9, "{ours} {mean}");
    let part = read(
        "--expr 'f32(x)[:, :1, :2]' --frames 3:5",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 2, 3), }",
    );
    let first = f32::from_le_bytes(part[..4].try_into().unwrap());
    assert_eq!((part.len(), first), (48, f32::from(whole[0])));
}

#[test]
fn arrays_are_read_as_npy() {
    let folder = Folder::with_sample();
    folder.ok("process bunny.mp4 -o a.npy --no-grade --frames 3:6");
    assert!(folder.ok("info a.npy").stdout.contains("npy, uint8, shape (3, 720, 1280, 3)"));
    assert_eq!(json(&folder.ok("info --json a.npy").stdout)["shape"][0], 3);
    folder.ok("process a.npy -o b.npy --frames 1:");
    folder.ok("process bunny.mp4 -o c.npy --frames 4:6");
    assert!(fs::read(folder.path("b.npy")).unwrap() == fs::read(folder.path("c.npy")).unwrap());
    let measured = |line: &str| {
        folder
            .ok(line)
            .stdout
            .lines()
            .skip(1)
            .map(|l| l.split(',').skip(2).collect::<Vec<_>>().join(","))
            .collect::<Vec<_>>()
    };
    assert_eq!(measured("stats a.npy --csv -"), measured("stats bunny.mp4 --frames 3:6 --csv -"));
    let done = folder.ok("process a.npy -o d.mp4");
    assert!(done.stderr.starts_with("d.mp4: 3 frames, ") && done.stderr.contains("no audio"), "{done:?}");
    folder.ok("process a.npy -o s.npy --expr 'sum(x[0, :2, 0, 0] * 0 + 21)'");
    let number = fs::read(folder.path("s.npy")).unwrap();
    assert!(String::from_utf8_lossy(&number).contains("{'descr': '<u8', 'fortran_order': False, 'shape': (), }"));
    assert_eq!(number[number.len() - 8..], 42u64.to_le_bytes());
    folder.ok("process a.npy -o m.npy --expr 'mean(x, axis=(1, 2, 3))'");
    folder.run(&["stats", "m.npy"]).refused(1);
}

#[test]
fn explain_prints_the_plan() {
    let folder = Folder::with_sample();
    let text = folder.ok("explain bunny.mp4").stdout;
    for word in ["bunny.mp4", "--expr 'g = f32(x) / 255; g = g ** 0.8;", "table of 256", "planned peak"] {
        assert!(text.contains(word), "{word} is missing:\n{text}");
    }
    assert!(folder.ok("explain bunny.mp4 --expr 'x[:, ::2]' --frames :10").stdout.contains("(10, 360, 1280, 3)"));
    let ops = folder.ok("explain --ops").stdout;
    assert!(ops.lines().count() > 30 && ops.contains("clip(x, min, max)"), "{ops}");
    assert_eq!(folder.names(), ["bunny.mp4"]);
}

#[test]
fn stats_measure_in_four_forms() {
    let folder = Folder::with_sample();
    let table = folder.ok("stats bunny.mp4 --frames 5:8");
    assert_eq!((table.stdout.lines().count(), table.stderr.as_str()), (4, ""));
    let csv = folder.ok("stats bunny.mp4 --frames 5:8 --csv -").stdout;
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("frame,time,mean,std,min,max,diff"));
    let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    assert_eq!(rows.iter().map(|r| r[0]).collect::<Vec<_>>(), ["5", "6", "7"]);
    assert_eq!((rows[0][1], rows[0][6]), ("0.2", ""));
    assert!(rows[1][6].parse::<f64>().unwrap() > 0.0);
    let lines = folder.ok("stats bunny.mp4 --frames 5:8 --json -").stdout;
    let values: Vec<Value> = lines.lines().map(json).collect();
    assert_eq!(values.len(), 3);
    for (value, row) in values.iter().zip(&rows) {
        assert_eq!(value["schema"], "opusclip.stats/1");
        let apart = value["mean"].as_f64().unwrap() - row[2].parse::<f64>().unwrap();
        // The reader of JSON may be one unit in the last place off.
        assert!(apart.abs() < 1e-9);
    }
    assert!(values[0]["diff"].is_null());
    // One frame has no difference; files are written whole, pictures are pictures.
    assert_eq!(folder.ok("stats bunny.mp4 --frames 7:8").stdout.lines().count(), 2);
    let done = folder.ok("stats bunny.mp4 --frames 5:8 --csv a.csv --json a.json --plot a.svg");
    assert_eq!((done.stdout.as_str(), done.stderr.lines().count()), ("", 3));
    assert_eq!(fs::read_to_string(folder.path("a.csv")).unwrap(), csv);
    assert_eq!(fs::read_to_string(folder.path("a.json")).unwrap(), lines);
    assert!(fs::read_to_string(folder.path("a.svg")).unwrap().starts_with("<svg"));
    folder.ok("stats bunny.mp4 --frames 5:8 --plot a.png -q");
    assert!(fs::read(folder.path("a.png")).unwrap().starts_with(b"\x89PNG"));
    folder.run(&["stats", "bunny.mp4", "--frames", "5:8", "--plot", "a.png"]).refused(1);
    folder.ok("stats bunny.mp4 --frames 5:8 --plot a.png -y");
}

#[test]
fn stats_to_a_full_or_closed_stdout() {
    let folder = Folder::with_sample();
    let args = ["stats", "bunny.mp4", "--frames", "5:8", "--csv", "-"];
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let done = Done::of(folder.command(&args).stdout(full).output().unwrap());
    assert_eq!(done.refused(1), "error: stdout: write: No space left on device");
    let mut child = folder.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = Done::of(child.wait_with_output().unwrap());
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
}

#[test]
fn doctor_is_content_with_this_machine() {
    let folder = Folder::new();
    let text = folder.ok("doctor").stdout;
    assert!(text.contains("instruction set") && text.contains("small job        right"), "{text}");
    let value = json(&folder.ok("doctor --json").stdout);
    assert_eq!((&value["schema"], &value["check"]["ok"]), (&"opusclip.doctor/1".into(), &true.into()));
    assert!(value["threads"].as_u64().unwrap() >= 1);
}
