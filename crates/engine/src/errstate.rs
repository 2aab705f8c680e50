//! What happens when arithmetic has no good answer: NumPy's `seterr`, as a value with a scope.
//!
//! ```
//! use opusclip_engine::errstate::{ErrState, OnError, errstate};
//! use opusclip_engine::{Array, Lazy};
//!
//! # fn main() -> opusclip_engine::Result<()> {
//! let x: Lazy = Array::from_slice(&[1.0f32, 0.0], &[2])?.into();
//! let _here = errstate(ErrState { divide: OnError::Raise, ..ErrState::IGNORE });
//! let error = (1.0 / &x).collect().unwrap_err();
//! assert_eq!(error.to_string(), "divide: division by zero in float32 at index (1,)");
//! # Ok(())
//! # }
//! ```
//!
//! The rule, for each element of each op that works on elements alone, casts among them, and of
//! reductions:
//!
//! - `divide`: a pole. An exact infinity of finite operands: x / 0, log(0), 0 to a negative power;
//!   and integer division by zero, which gives 0.
//! - `over`: another infinity of finite operands; the least integer divided by -1, which wraps.
//! - `under`: operands that are not zero gave less than the smallest normal number.
//! - `invalid`: NaN of operands of which none is NaN; a cast of NaN, an infinity or a number out of
//!   range to an integer. Comparisons are never invalid.
//!
//! Where NumPy reads its processor's flags we look at the numbers: underflow is judged by the result
//! (not by what a function did on its way), and a cast out of range is invalid for small integers too.
//!
//! Nothing is watched under [`ErrState::IGNORE`], which is the state that a thread begins with
//! (NumPy warns): watching costs the tables and some speed. Integers that wrap are no error.

use std::cell::Cell;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use opusclip_raw::DType;

use crate::error::{Error, Result};
use crate::monitor::Monitor;

/// What to do about one kind of error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnError {
    /// Nothing.
    #[default]
    Ignore,
    /// Count it, and leave a line in [`Monitor::warnings`].
    Warn,
    /// End the run with [`Error::Arithmetic`].
    Raise,
}

/// What to do about each kind of error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ErrState {
    /// Division by zero, and other poles.
    pub divide: OnError,
    /// A result too large for its type.
    pub over: OnError,
    /// A result too small for its type.
    pub under: OnError,
    /// No answer at all.
    pub invalid: OnError,
}

thread_local! {
    static CURRENT: Cell<ErrState> = const { Cell::new(ErrState::IGNORE) };
}

impl ErrState {
    /// Nothing is watched.
    pub const IGNORE: ErrState = ErrState::all(OnError::Ignore);
    /// NumPy's default: everything but `under` warns.
    pub const WARN: ErrState = ErrState { under: OnError::Ignore, ..ErrState::all(OnError::Warn) };
    /// Everything but `under` raises.
    pub const RAISE: ErrState = ErrState { under: OnError::Ignore, ..ErrState::all(OnError::Raise) };

    /// The same for every kind.
    pub const fn all(what: OnError) -> ErrState {
        ErrState { divide: what, over: what, under: what, invalid: what }
    }

    /// The state of this thread, which runs take unless they are told another.
    pub fn current() -> ErrState {
        CURRENT.get()
    }

    /// True when nothing is watched.
    pub fn ignores_all(self) -> bool {
        self == ErrState::IGNORE
    }

    fn of(self, kind: Trouble) -> OnError {
        match kind {
            Trouble::Divide => self.divide,
            Trouble::Over => self.over,
            Trouble::Under => self.under,
            Trouble::Invalid => self.invalid,
        }
    }
}

/// Ends when it is dropped: the state before it is this thread's again.
#[derive(Debug)]
pub struct Scope {
    before: ErrState,
    // A scope belongs to its thread.
    here: std::marker::PhantomData<*const ()>,
}

impl Drop for Scope {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

/// From now on, until the scope is dropped, runs started by this thread do as `state` says.
#[must_use = "the state ends when the scope is dropped"]
pub fn errstate(state: ErrState) -> Scope {
    Scope { before: CURRENT.replace(state), here: std::marker::PhantomData }
}

/// The kinds of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// A pole.
    Divide,
    /// Too large.
    Over,
    /// Too small.
    Under,
    /// No answer.
    Invalid,
}

impl Trouble {
    /// Every kind.
    pub const ALL: [Trouble; 4] = [Trouble::Divide, Trouble::Over, Trouble::Under, Trouble::Invalid];
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trouble::Divide => "division by zero",
            Trouble::Over => "overflow",
            Trouble::Under => "underflow",
            Trouble::Invalid => "invalid value",
        })
    }
}

/// Where trouble was first met.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Offence {
    /// The frame, then the plan's node, then the element: the order in which the first is chosen,
    /// whatever thread met it first.
    pub(crate) frame: usize,
    pub(crate) node: usize,
    pub(crate) element: usize,
    pub(crate) kind: Trouble,
    pub(crate) op: &'static str,
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<usize>,
}

impl Offence {
    fn error(&self) -> Error {
        let mut rest = self.element;
        let mut index = vec![0; self.shape.len()];
        for (i, &d) in index.iter_mut().zip(&self.shape).rev() {
            (*i, rest) = (rest % d.max(1), rest / d.max(1));
        }
        let place = match index.as_slice() {
            [] => String::new(),
            index => format!(" at index {}", crate::error::tuple(index)),
        };
        Error::Arithmetic { op: self.op.into(), detail: format!("{} in {}{place}", self.kind, self.dtype) }
    }
}

/// What a run watches and has met.
#[derive(Debug)]
pub(crate) struct Watch {
    state: ErrState,
    monitor: Monitor,
    first: Mutex<[Option<Offence>; 4]>,
}

impl Watch {
    /// Nothing, when nothing is to be watched.
    pub(crate) fn new(state: ErrState, monitor: &Monitor) -> Option<Watch> {
        let watch = || Watch { state, monitor: monitor.clone(), first: Mutex::default() };
        (!state.ignores_all()).then(watch)
    }

    pub(crate) fn wants(&self, kind: Trouble) -> bool {
        self.state.of(kind) != OnError::Ignore
    }

    /// Notes `n` elements in trouble, the first of which is described.
    pub(crate) fn note(&self, n: u64, offence: Offence) {
        self.monitor.count_trouble(offence.kind, n);
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = first.get_mut(offence.kind as usize)
            && slot.as_ref().is_none_or(|old| offence < *old)
        {
            *slot = Some(offence);
        }
    }

    fn raised(&self) -> Option<Offence> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.iter().flatten().filter(|o| self.state.of(o.kind) == OnError::Raise).min().cloned()
    }

    /// True when the run will fail because of a frame before this one: it need not be made.
    pub(crate) fn ends_before(&self, frame: usize) -> bool {
        self.raised().is_some_and(|o| o.frame < frame)
    }

    /// The first error that is to be raised.
    pub(crate) fn raise(&self) -> Result<()> {
        self.raised().map_or(Ok(()), |o| Err(o.error()))
    }

    /// The first error of each kind, as warnings of the monitor.
    pub(crate) fn warn(&self) {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        for o in first.iter().flatten() {
            self.monitor.warn(o.error().to_string());
        }
    }
}
