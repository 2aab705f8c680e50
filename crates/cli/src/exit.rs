//! How the program ends: exit codes, signals, panics.

use std::any::Any;
use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use opusclip::Error;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::engine_face::{self, Cancel};

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The line to show; exit code 1.
    Failed(Error),
    /// The line to show; exit code 2.
    Usage(String),
    /// Everything was said already; exit code 1.
    Reported,
    /// The reader of our stdout went away: nothing to say, exit code 0.
    NobodyReads,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // The place in our own source is of no use to who runs the program.
        Failure::Failed(error.without_place())
    }
}

/// What a command gives back.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// The exit code for a finished command, after saying what is to be said.
pub(crate) fn code(outcome: Result<Outcome, Box<dyn Any + Send>>) -> ExitCode {
    let code = match outcome {
        Ok(Ok(()) | Err(Failure::NobodyReads)) => 0,
        Ok(Err(Failure::Reported)) => 1,
        Ok(Err(Failure::Usage(line))) => {
            crate::report::error(&line);
            2
        }
        Ok(Err(Failure::Failed(Error::Cancelled))) if signal().is_some() => {
            crate::report::error("interrupted");
            1
        }
        Ok(Err(Failure::Failed(error))) => {
            crate::report::error(&error.to_string());
            if matches!(error, Error::Internal { .. }) {
                say_where();
            }
            1
        }
        Err(payload) => {
            crate::report::error(&panicked(&*payload).to_string());
            say_where();
            1
        }
    };
    // Whatever was being done when the signal came, the shell wants to know about the signal.
    match signal() {
        Some(number) if code != 0 => ExitCode::from(128_u8.saturating_add(number)),
        _ => ExitCode::from(code),
    }
}

/// A caught panic as the error it is.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Error {
    Error::internal(panic_text(payload))
}

/// The words of a panic.
fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_string());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_string())
}

static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Replaces the several lines Rust prints on a panic by nothing: whoever catches it reports one
/// line. The place is kept for `OPUSCLIP_DEBUG=1`.
pub(crate) fn hush_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_string(), ToString::to_string);
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }));
}

fn say_where() {
    let place = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let (Some(place), true) = (place, std::env::var_os("OPUSCLIP_DEBUG").is_some()) {
        crate::report::note(&format!("panicked at {place}"));
    }
}

/// The first signal that came; 0 is none.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// The first signal that came.
pub(crate) fn signal() -> Option<u8> {
    u8::try_from(SIGNAL.load(Ordering::SeqCst)).ok().filter(|n| *n > 0)
}

/// How long a run may take to wind down after the first signal. Cancellation is looked at for
/// every frame, so this is only reached when something is stuck in the system.
const GRACE: Duration = Duration::from_millis(900);

/// Watches for signals on a thread of its own. The first sets `cancel`, so that the run ends
/// cleanly; a second, or [`GRACE`] without an end, removes what is half-written and exits.
pub(crate) fn watch_signals(cancel: &Cancel) -> Result<(), Error> {
    // A signal that our parent told us to ignore (nohup, a background job) stays ignored.
    let ignored = ignored_signals();
    let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|n| ignored & (1_u64 << (n - 1)) == 0);
    let mut signals = Signals::new(wanted).map_err(|e| Error::internal(format!("signal handlers: {e}")))?;
    // Writing beyond the file-size limit (ulimit -f) must fail as any write does, not kill the process
    // with a temporary file left. A handler is enough; nobody needs to be told. Where handlers run out,
    // the system's default is no worse than before.
    if ignored & (1_u64 << (SIGXFSZ - 1)) == 0 {
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    }
    let cancel = cancel.clone();
    let watcher = thread::Builder::new().name("signals".into()).spawn(move || {
        for number in &mut signals {
            let first = SIGNAL.compare_exchange(0, number, Ordering::SeqCst, Ordering::SeqCst).is_ok();
            if !first {
                leave_now();
            }
            cancel.cancel();
            let _ = thread::Builder::new().name("grace".into()).spawn(|| {
                thread::sleep(GRACE);
                leave_now();
            });
        }
    });
    watcher.map(|_| ()).map_err(|e| Error::internal(format!("signal thread: {e}")))
}

fn leave_now() -> ! {
    engine_face::remove_unfinished();
    let number = SIGNAL.load(Ordering::SeqCst);
    std::process::exit(128 + number)
}

/// The system has no more memory: one line without asking for any, nothing left behind, exit 1.
pub(crate) fn out_of_memory(_bytes: usize) {
    use std::io::Write as _;
    let _ = std::io::stderr().write_all(b"error: out of memory; use fewer --threads or a smaller --memory-limit\n");
    engine_face::remove_unfinished_at_once();
    std::process::exit(1)
}

/// The mask of signals ignored since before we started, where the system tells.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
