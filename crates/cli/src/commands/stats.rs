//! `opusclip stats`: five reductions over one decode, as table, CSV, JSON lines or a picture.

use std::path::Path;

use opusclip::Error;
use opusclip::error::{show_name, show_path};
use opusclip::expr::Expr;

use crate::args::StatsArgs;
use crate::engine_face::{self, Cancel, Limits, Monitor, Opened};
use crate::exit::{Failure, Outcome};
use crate::measures::{self, Measures};
use crate::plot;
use crate::profile;
use crate::progress::Progress;
use crate::report::{self, Data};
use crate::targets;

/// The measures of a frame, as anyone could give them to `--expr`.
const MEASURES: [&str; 4] =
    ["mean(x, axis=(1, 2, 3))", "std(x, axis=(1, 2, 3))", "min(x, axis=(1, 2, 3))", "max(x, axis=(1, 2, 3))"];
/// Mean absolute difference to the frame before; one value less than there are frames.
const DIFF: &str = "mean(abs(diff(i16(x), axis=0)), axis=(1, 2, 3))";

/// Runs the command.
pub(crate) fn run(args: &StatsArgs, cancel: &Cancel) -> Outcome {
    targets::no_stream(&args.input)?;
    let to_stdout = |path: &Option<_>| path.as_deref() == Some(Path::new("-"));
    if to_stdout(&args.csv) && to_stdout(&args.json) {
        return Err(Failure::Usage("--csv - and --json -: only one of them can have stdout".to_string()));
    }
    if to_stdout(&args.plot) {
        return Err(Failure::Usage(
            "--plot -: pictures are written to files; give a name ending in .svg or .png".to_string(),
        ));
    }
    let files: Vec<&Path> = [&args.csv, &args.json, &args.plot]
        .into_iter()
        .flatten()
        .filter(|p| p.as_os_str() != "-")
        .map(|p| p.as_path())
        .collect();
    for (n, path) in files.iter().enumerate() {
        if files.iter().take(n).any(|other| targets::one_place(other, path)) {
            let shown = show_path(path);
            return Err(Failure::Usage(format!("{shown}: is given for two outputs; give each a file of its own")));
        }
    }
    // Everything that cannot be written is refused before anything is decoded.
    let plot = args.plot.as_deref().map(|path| plot::Format::of(path).map(|format| (path, format))).transpose()?;
    for path in files {
        if engine_face::same_file(path, &args.input) {
            let detail = "is the input; choose another output".to_string();
            return Err(Error::Io { path: path.to_path_buf(), detail }.into());
        }
        engine_face::can_write(path, args.yes)?;
    }

    let taken: Vec<&Path> = [&args.csv, &args.json, &args.plot].into_iter().flatten().map(|p| p.as_path()).collect();
    let taken: Vec<&Path> = taken.into_iter().chain([args.input.as_path()]).collect();
    let profile = args.profile.as_deref().map(|path| profile::start(path, &taken, args.yes)).transpose()?;

    let input = engine_face::open(&args.input)?;
    let measured = measure(&input, args, cancel, &engine_face::monitor(profile.as_ref()));
    let done = measured.map_err(Failure::from).and_then(|rows| write_all(&rows, plot, args));
    // Also of a run that failed: that may be what it is looked at for.
    if let (Some(path), Some(profile)) = (&args.profile, &profile) {
        let profiled = profile::write(path, profile, args.yes, args.quiet);
        return done.and(profiled);
    }
    done
}

/// The measures, wherever they were asked for.
fn write_all(rows: &[Measures], plot: Option<(&Path, plot::Format)>, args: &StatsArgs) -> Outcome {
    if let Some(path) = &args.csv {
        write(path, &measures::csv(rows), args)?;
    }
    if let Some(path) = &args.json {
        write(path, &measures::json_lines(rows), args)?;
    }
    if let Some((path, format)) = plot {
        let title = show_name(&args.input);
        engine_face::write_file(path, &plot::draw(&title, rows, format)?, args.yes)?;
        written(path, args);
    }
    if args.csv.is_none() && args.json.is_none() && args.plot.is_none() {
        write(Path::new("-"), &measures::table(rows), args)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str, args: &StatsArgs) -> Outcome {
    if path.as_os_str() == "-" {
        let mut out = Data::stdout();
        out.text(text)?;
        return out.finish();
    }
    engine_face::write_file(path, text.as_bytes(), args.yes)?;
    written(path, args);
    Ok(())
}

fn written(path: &Path, args: &StatsArgs) {
    if !args.quiet {
        report::note(&format!("{}: written", show_path(path)));
    }
}

/// Decodes once and measures every frame.
fn measure(input: &Opened, args: &StatsArgs, cancel: &Cancel, monitor: &Monitor) -> Result<Vec<Measures>, Error> {
    if input.shape().len() != 4 {
        return Err(Error::shape(
            show_path(&args.input),
            "stats measures frames of shape (time, height, width, channels)",
        ));
    }
    let indices = engine_face::picked(input, args.frames, &args.input)?;
    let frames = engine_face::frames(input, args.frames, &args.input)?;
    let mut texts = MEASURES.to_vec();
    if indices.len() > 1 {
        texts.push(DIFF);
    }
    let wanted = texts.iter().map(|t| Expr::parse(t)?.eval(&[("x", frames.clone())])).collect::<Result<Vec<_>, _>>()?;

    let counts = monitor.clone();
    let name = show_name(&args.input);
    let total = indices.len() as u64;
    let bar = Progress::start(&name, !args.quiet, move || (counts.frames_read().min(total), total));
    let limits =
        Limits { threads: engine_face::threads(args.run.threads), memory: engine_face::memory(args.run.memory_limit) };
    let columns = engine_face::collect(wanted, limits, cancel, monitor)?;
    drop(bar);

    let at = |column: usize, row: usize| columns.get(column).and_then(|c| c.get(row)).copied();
    let rows = indices.iter().enumerate().map(|(row, &frame)| {
        let need = |column| at(column, row).ok_or_else(|| Error::internal("stats: a measure is missing"));
        Ok(Measures {
            frame: frame as u64,
            time: input.time(frame),
            mean: need(0)?,
            std: need(1)?,
            min: need(2)?,
            max: need(3)?,
            diff: row.checked_sub(1).and_then(|earlier| at(4, earlier)),
        })
    });
    rows.collect()
}
