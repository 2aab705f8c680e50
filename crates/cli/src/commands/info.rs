//! `opusclip info`: what a file is, without decoding it.

use std::fmt::Write as _;
use std::path::Path;

use opusclip::Error;
use opusclip::error::{bytes, show_path};
use opusclip::video::VideoFacts;
use opusclip::video::truth::matrix_name;
use serde_json::{Value, json};

use crate::args::InfoArgs;
use crate::engine_face::{self, Opened};
use crate::exit::{Failure, Outcome};
use crate::report::{self, Data};
use crate::targets;

/// Runs the command. One file that cannot be read does not hide the others.
pub(crate) fn run(args: &InfoArgs) -> Outcome {
    for path in &args.inputs {
        targets::no_stream(path)?;
    }
    let mut out = Data::stdout();
    let mut failed = false;
    for (n, path) in args.inputs.iter().enumerate() {
        match engine_face::open(path) {
            Ok(opened) if args.json => {
                out.json(&opened.facts().map_or_else(|| array_json(path, &opened), as_json))?;
            }
            Ok(opened) => {
                let gap = if n > 0 { "\n" } else { "" };
                let text = opened.facts().map_or_else(|| array_text(path, &opened), as_text);
                out.text(&format!("{gap}{text}"))?;
            }
            Err(Error::Cancelled) => return Err(Failure::Failed(Error::Cancelled)),
            Err(error) => {
                report::error(&error.to_string());
                failed = true;
            }
        }
    }
    out.finish()?;
    if failed { Err(Failure::Reported) } else { Ok(()) }
}

/// An array for people.
fn array_text(path: &Path, array: &Opened) -> String {
    let shape: Vec<String> = array.shape().iter().map(usize::to_string).collect();
    format!("{}\n  array     npy, {}, shape ({})\n", show_path(path), array.dtype(), shape.join(", "))
}

/// An array for programs.
fn array_json(path: &Path, array: &Opened) -> Value {
    json!({
        "schema": "opusclip.info/1",
        "path": path.to_string_lossy(),
        "container": "npy",
        "frames": array.shape().first(),
        "shape": array.shape(),
        "dtype": array.dtype().name(),
    })
}

/// The facts for people.
fn as_text(f: &VideoFacts) -> String {
    let mut out = format!("{}\n", show_path(&f.path));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "  {name:<10}{value}");
    };
    line("container", format!("{}, {}", f.container, bytes(f.bytes)));
    let (coded_width, coded_height) = f.coded_size;
    let coded = if (coded_width, coded_height) == (f.width, f.height) {
        String::new()
    } else {
        format!(" (coded {coded_width}×{coded_height})")
    };
    let aspect = match (f.sample_aspect.num, f.sample_aspect.den) {
        (0, _) | (1, 1) => String::new(),
        (num, den) => format!(", pixels {num}:{den}"),
    };
    line("video", format!("{} {}, {}×{}{coded}{aspect}", f.codec, f.profile, f.width, f.height));
    let rate = f.rate.to_f64();
    let rhythm = if f.constant_rate { "fps" } else { "fps on average (varying)" };
    line("frames", format!("{} in {:.3} s, {} {rhythm}", f.frames, f.duration, trimmed(rate)));
    line("keys", format!("{} key frame{}, {:.0} kbit/s", f.key_frames, plural(f.key_frames), f.bitrate / 1000.0));
    let range = if f.colour.full_range { "full range" } else { "limited range" };
    let guessed = if f.colour_guessed { " (guessed, the file does not say)" } else { "" };
    line("colour", format!("{}, {}, {range}{guessed}", f.pixel_format, matrix_name(f.colour.matrix)));
    let mirror = if f.mirrored { ", mirrored" } else { "" };
    line("rotation", format!("{}°{mirror}", f.rotation));
    if f.audio.is_empty() {
        line("audio", "none".to_string());
    }
    for a in &f.audio {
        let channels = format!("{} channel{}", a.channels, plural(a.channels.into()));
        line("audio", format!("{}, {} Hz, {channels}, {:.3} s", a.codec, a.rate, a.duration));
    }
    for warning in &f.warnings {
        line("warning", warning.clone());
    }
    out
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// At most three decimals, none that say nothing: `25`, `29.97`.
fn trimmed(x: f64) -> String {
    let text = format!("{x:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// The facts for programs.
fn as_json(f: &VideoFacts) -> Value {
    let audio: Vec<Value> = f
        .audio
        .iter()
        .map(|a| {
            json!({
                "codec": a.codec, "rate": a.rate, "channels": a.channels, "packets": a.packets, "duration": a.duration,
            })
        })
        .collect();
    json!({
        "schema": "opusclip.info/1",
        "path": f.path.to_string_lossy(),
        "bytes": f.bytes,
        "container": f.container,
        "codec": f.codec,
        "profile": f.profile,
        "width": f.width,
        "height": f.height,
        "coded_width": f.coded_size.0,
        "coded_height": f.coded_size.1,
        "frames": f.frames,
        "duration": f.duration,
        "fps": f.rate.to_f64(),
        "rate": f.rate.to_string(),
        "constant_rate": f.constant_rate,
        "pixel_format": f.pixel_format,
        "colour": {
            "primaries": f.colour.primaries,
            "transfer": f.colour.transfer,
            "matrix": f.colour.matrix,
            "matrix_name": matrix_name(f.colour.matrix),
            "full_range": f.colour.full_range,
            "guessed": f.colour_guessed,
        },
        "rotation": f.rotation,
        "mirrored": f.mirrored,
        "sample_aspect": format!("{}:{}", f.sample_aspect.num, f.sample_aspect.den),
        "key_frames": f.key_frames,
        "bitrate": f.bitrate,
        "audio": audio,
        "warnings": f.warnings,
    })
}
