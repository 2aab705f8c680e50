//! `opusclip explain`: the plan of a job, and with `--ops` the functions of the language.

use opusclip::error::show_path;

use crate::args::ExplainArgs;
use crate::engine_face::{self, Limits};
use crate::exit::{Failure, Outcome};
use crate::grade;
use crate::report::Data;
use crate::targets;

/// Runs the command.
pub(crate) fn run(args: &ExplainArgs) -> Outcome {
    if args.ops {
        return ops();
    }
    let Some(path) = &args.input else {
        return Err(Failure::Usage("explain: which input? (try --help)".to_string()));
    };
    targets::no_stream(path)?;
    let expr = grade::expression(&args.grade)?;
    let input = engine_face::open(path)?;
    let frames = engine_face::frames(&input, args.grade.frames, path)?;
    let result = expr.eval(&[("x", frames)]).map_err(grade::named)?;
    let (threads, memory) = (engine_face::threads(args.run.threads), engine_face::memory(args.run.memory_limit));
    let limits = Limits { threads, memory };
    let mut out = Data::stdout();
    out.text(&format!("{}\n--expr '{}'\n\n", show_path(path), grade::source(&args.grade)))?;
    out.text(&engine_face::explain(&result, limits)?)?;
    out.finish()
}

fn ops() -> Outcome {
    let rows = engine_face::functions();
    let width = rows.iter().map(|(signature, _)| signature.chars().count()).max().unwrap_or(0);
    let mut out = Data::stdout();
    for (signature, doc) in rows {
        out.text(&format!("{signature:width$}  {doc}\n"))?;
    }
    out.finish()
}
