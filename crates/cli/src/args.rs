//! What the user wrote on the command line, and the help that explains it. Only shapes are
//! checked here; meaning (does the file exist, does the expression fit) comes later.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a file, the data or the system failed; other files of the same run were still done
  2    wrong usage
  129  stopped by SIGHUP, 130 by SIGINT (Ctrl-C), 143 by SIGTERM; nothing half-written is left

Every error is one line on stderr: `error: PATH: what is wrong`. Results go to stdout, words for
people to stderr. NO_COLOR turns colour off.";

const GRADING: &str = "\
Grading is composed from documented expressions, in this order (each can be given to --expr):
  always         g = f32(x) / 255
  --gamma G      g = g ** G
  --contrast C   m = mean(g, axis=(1, 2, 3), keepdims=True); g = (g - m) * C + m
  --brightness B g = g + B
  --saturation S l = g[..., 0:1] * 0.2126 + g[..., 1:2] * 0.7152 + g[..., 2:3] * 0.0722;
                 g = (g - l) * S + l                                   (BT.709 luma)
  always         u8(clip(g, 0, 1) * 255)                               (truncates, as NumPy does)
With none of them: --gamma 0.8 --contrast 1.2. With any: exactly those.

Expressions (--expr) are Python's spelling with NumPy's names. `x` is the frames: uint8,
(time, height, width, 3), RGB. Statements are separated by `;`, the last is the result, for a video
again uint8 with 3 channels. Numbers are weak as in NumPy 2: f32(x) / 255 is float32, x / 255 float64.
Operators: + - * / // % ** < <= > >= == != & | ^ ~, slices x[:, ::2, 10:20], methods g.mean(axis=0).
`opusclip explain --ops` lists the functions.";

/// NumPy-like jobs over video files: lazy, fused, streamed.
#[derive(Debug, Parser)]
#[command(name = "opusclip", version, about = "NumPy-like jobs over video files: lazy, fused, streamed", after_help = EXIT_CODES, disable_help_subcommand = true)]
#[command(arg_required_else_help = false, subcommand_required = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Grade or transform videos
    #[command(after_long_help = format!("{GRADING}\n\n{EXIT_CODES}"), after_help = "`opusclip process --help` has the formulas, the expression language and the exit codes.")]
    Process(ProcessArgs),
    /// Show what a file is, without decoding it
    #[command(after_long_help = EXIT_CODES)]
    Info(InfoArgs),
    /// Measure every frame: mean, deviation, extremes, difference to the previous frame
    #[command(after_long_help = EXIT_CODES)]
    Stats(StatsArgs),
    /// Print the plan of a job: stages, tables, planned memory
    #[command(after_long_help = format!("{GRADING}\n\n{EXIT_CODES}"))]
    Explain(ExplainArgs),
    /// Say what this machine can do and check a small job against its known answer
    #[command(after_long_help = EXIT_CODES)]
    Doctor(DoctorArgs),
    /// Print shell completions
    #[command(hide = true)]
    Completions {
        /// For which shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(hide = true)]
    Man {
        /// Of this command instead of the whole program
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
}

/// `opusclip process`
#[derive(Debug, Args)]
pub(crate) struct ProcessArgs {
    /// Videos to read
    #[arg(value_name = "IN", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) inputs: Vec<PathBuf>,

    /// File to write (.mp4 or .npy), or a folder: then names are kept. Several inputs need a folder
    #[arg(short, long, value_name = "OUT|DIR/", value_hint = ValueHint::AnyPath)]
    pub(crate) output: PathBuf,

    /// Replace outputs that exist
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,

    /// Print the report as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,

    /// Only errors on stderr: no progress, no summary
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// More on stderr: the plan, where the time went
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Write what each thread did when, to look at in Perfetto or chrome://tracing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) profile: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) grade: GradeArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(flatten)]
    pub(crate) encode: EncodeArgs,
}

/// What to do to the frames.
#[derive(Debug, Args)]
#[command(next_help_heading = "Grading")]
pub(crate) struct GradeArgs {
    /// Exponent of the normalised values; below 1 lightens
    #[arg(long, value_name = "G", value_parser = parse_gamma, allow_hyphen_values = true)]
    pub(crate) gamma: Option<f64>,

    /// Factor about the mean of each frame; 1 changes nothing
    #[arg(long, value_name = "C", value_parser = parse_number, allow_hyphen_values = true)]
    pub(crate) contrast: Option<f64>,

    /// Added to the normalised values; 0 changes nothing
    #[arg(long, value_name = "B", value_parser = parse_number, allow_hyphen_values = true)]
    pub(crate) brightness: Option<f64>,

    /// Factor about the luma of each pixel; 0 is grey, 1 changes nothing
    #[arg(long, value_name = "S", value_parser = parse_number, allow_hyphen_values = true)]
    pub(crate) saturation: Option<f64>,

    /// Leave the values alone (cut, re-encode)
    #[arg(long, conflicts_with_all = ["gamma", "contrast", "brightness", "saturation", "expr"])]
    pub(crate) no_grade: bool,

    /// An expression of the frames `x` instead of grading options
    #[arg(long, value_name = "E", allow_hyphen_values = true,
          conflicts_with_all = ["gamma", "contrast", "brightness", "saturation"])]
    pub(crate) expr: Option<String>,

    /// Only these frames, as Python slices: 10:50, :100, ::2, -25:
    #[arg(long, value_name = "A:B[:S]", value_parser = parse_frames, allow_hyphen_values = true)]
    pub(crate) frames: Option<FrameRange>,
}

/// How a run may use the machine.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Resources")]
pub(crate) struct RunArgs {
    /// Threads for decoding, computing and encoding together; 0 is one for each core
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=1024))]
    pub(crate) threads: u32,

    /// Refuse plans whose buffers need more, e.g. 512MiB or 2GB; default: OPUSCLIP_MEMORY_LIMIT, or none
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = parse_bytes)]
    pub(crate) memory_limit: Option<u64>,
}

/// How a video is written.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Video output")]
pub(crate) struct EncodeArgs {
    /// Quantiser, 0 (best) to 51 (smallest)
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(0..=51))]
    pub(crate) qp: Option<u8>,

    /// Speed of the encoder against size of the file
    #[arg(long, value_enum)]
    pub(crate) preset: Option<Preset>,

    /// Frames from one key frame to the next; these groups are encoded in parallel
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(2..=240))]
    pub(crate) gop: Option<u32>,

    /// Do not copy the sound
    #[arg(long)]
    pub(crate) no_audio: bool,
}

/// Speed of the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    Fast,
    Balanced,
    Quality,
}

/// `opusclip info`
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// Files to look at
    #[arg(value_name = "IN", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) inputs: Vec<PathBuf>,

    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// `opusclip stats`
#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// Video to measure
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,

    /// Write comma-separated values to this file; `-` is stdout
    #[arg(long, value_name = "FILE|-", value_hint = ValueHint::FilePath)]
    pub(crate) csv: Option<PathBuf>,

    /// Write one JSON object a line to this file; `-` is stdout
    #[arg(long, value_name = "FILE|-", value_hint = ValueHint::FilePath)]
    pub(crate) json: Option<PathBuf>,

    /// Draw the measures over time (.svg or .png)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) plot: Option<PathBuf>,

    /// Only these frames, as Python slices: 10:50, :100, ::2, -25:
    #[arg(long, value_name = "A:B[:S]", value_parser = parse_frames, allow_hyphen_values = true)]
    pub(crate) frames: Option<FrameRange>,

    #[command(flatten)]
    pub(crate) run: RunArgs,

    /// Write what each thread did when, to look at in Perfetto or chrome://tracing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) profile: Option<PathBuf>,

    /// Replace outputs that exist
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,

    /// Only errors on stderr
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// `opusclip explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Video the job would read
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath, required_unless_present = "ops")]
    pub(crate) input: Option<PathBuf>,

    /// List the functions of the expression language
    #[arg(long, exclusive = true)]
    pub(crate) ops: bool,

    #[command(flatten)]
    pub(crate) grade: GradeArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// `opusclip doctor`
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// As one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// A Python slice of the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameRange {
    pub(crate) start: Option<i64>,
    pub(crate) stop: Option<i64>,
    pub(crate) step: i64,
}

impl std::fmt::Display for FrameRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show = |n: Option<i64>| n.map_or(String::new(), |n| n.to_string());
        write!(f, "{}:{}", show(self.start), show(self.stop))?;
        if self.step == 1 { Ok(()) } else { write!(f, ":{}", self.step) }
    }
}

fn parse_frames(text: &str) -> Result<FrameRange, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |part: &str| match part.trim() {
        "" => Ok(None),
        part => part.parse::<i64>().map(Some).map_err(|_| format!("`{}` is not a frame number", part.escape_debug())),
    };
    let (start, stop, step) = match parts.as_slice() {
        [start, stop] => (number(start)?, number(stop)?, None),
        [start, stop, step] => (number(start)?, number(stop)?, number(step)?),
        [_] => return Err("write A:B, for example 10:50, or 10:11 for one frame".to_string()),
        _ => return Err("write A:B or A:B:S".to_string()),
    };
    match step.unwrap_or(1) {
        step @ 1.. => Ok(FrameRange { start, stop, step }),
        _ => Err("the step must be 1 or more: frames keep their order".to_string()),
    }
}

fn parse_number(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => Err("expected a finite number".to_string()),
    }
}

fn parse_gamma(text: &str) -> Result<f64, String> {
    match parse_number(text)? {
        x if x > 0.0 => Ok(x),
        _ => Err("expected a number above 0".to_string()),
    }
}

fn parse_bytes(text: &str) -> Result<u64, String> {
    opusclip::run::parse_bytes(text).map_err(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_tree_of_options_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn frames_are_python_slices() {
        let range = |a, b, s| Ok(FrameRange { start: a, stop: b, step: s });
        assert_eq!(parse_frames("10:50"), range(Some(10), Some(50), 1));
        assert_eq!(parse_frames("::2"), range(None, None, 2));
        assert_eq!(parse_frames("-25:"), range(Some(-25), None, 1));
        assert_eq!(parse_frames("-25:-1:3").map(|r| r.to_string()), Ok("-25:-1:3".to_string()));
        for bad in ["", "5", "a:b", "1:2:3:4", "1:2:0", "1:2:-1", "99999999999999999999:"] {
            assert!(parse_frames(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_know_both_kinds_of_units() {
        assert_eq!(parse_bytes("512MiB"), Ok(512 << 20));
        assert_eq!(parse_bytes("512m"), Ok(512 << 20));
        assert_eq!(parse_bytes("1.5 GB"), Ok(1_500_000_000));
        assert_eq!(parse_bytes("4096"), Ok(4096));
        for bad in ["", "x", "-1", "0", "5 parsecs", "1e3", "99999999TiB", "..MiB"] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn gamma_is_positive_and_all_numbers_are_finite() {
        assert_eq!(parse_gamma("0.8"), Ok(0.8));
        for bad in ["0", "-1", "nan", "inf", "x", ""] {
            assert!(parse_gamma(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_number("-0.5"), Ok(-0.5));
        assert!(parse_number("-inf").is_err());
    }
}
