//! Functions of arrays that are planned once and run often.
//!
//! ```
//! use opusclip_engine::{Array, jit};
//!
//! # fn main() -> opusclip_engine::Result<()> {
//! let tone = jit(|[x, k]| x.greater(&k).where_(&x, &x * &x / &k));
//! let x = Array::from_slice(&[0.25f32, 1.0], &[2])?;
//! let k = Array::from_slice(&[0.5f32], &[])?;
//! assert_eq!(tone.call([&x, &k])?.to_vec::<f32>()?, [0.125, 1.0]);
//! tone.call([&k, &k])?; // other shapes: traced once more
//! tone.call([&x, &k])?;
//! assert_eq!(tone.traces(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! The function is *traced*: called once for each combination of shapes and element types (by each of
//! several threads that meet in its first call, and anew when its plan was dropped or failed), with
//! arguments that have a shape and a type and no data. What it composes is optimised and kept; later
//! calls bind their arrays and run. Hence:
//!
//! - It may look at shapes and types, and may compose differently for each; it may not look at
//!   elements. `collect()` inside fails in one line, and so do ops whose shape the data tells.
//! - What it does besides composing (counting, printing, drawing random numbers) happens when it is
//!   traced, not at each call. Arrays that it captured are kept with the plan.
//! - Answers are those of the same expression without `jit`, to the bit.
//! - A number given as an argument is an array without axes, of NumPy's type for it; written inside
//!   the function it is a literal and takes the arrays' type.
//! - An argument that is not in memory yet is computed first. To stream a video through the
//!   function, compose with [`Jit::inline`] and sink what it gives.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use opusclip_raw::Isa;

use crate::array::{Array, Meta};
use crate::collect::{collect_all, explain_prepared};
use crate::error::{Error, Result};
use crate::exec::prepared::Prepared;
use crate::exec::tiny;
use crate::lazy::{Lazy, Op, Operand, Slot, weak_default, weak_scalar};
use crate::plan::lower_traced;
use crate::run::{RunOptions, run_again};

/// Plans that a function keeps unless it is told otherwise.
const KEPT: usize = 32;

/// Makes a function of `N` arrays one that is traced; see [the module](self). The closure names its
/// arguments as a pattern: `jit(|[x, y]| x + y)`. It may give one [`Lazy`], an array or a `Vec` of
/// them, a pair or a triple, or a `Result` of any of these.
pub fn jit<const N: usize, O: Traced, F: Fn([Lazy; N]) -> O>(f: F) -> Jit<F, N> {
    Jit { f, traces: Traces::new(KEPT) }
}

/// A traced function of `N` arrays, made by [`jit()`].
pub struct Jit<F, const N: usize> {
    f: F,
    traces: Traces,
}

impl<F, const N: usize> fmt::Debug for Jit<F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jit").field("arguments", &N).field("traces", &self.traces).finish_non_exhaustive()
    }
}

impl<O: Traced, F: Fn([Lazy; N]) -> O, const N: usize> Jit<F, N> {
    /// Calls the function and keeps what it makes in memory.
    ///
    /// # Errors
    /// Those of building and of running the expression; [`Error::Value`] where the function looked
    /// at elements.
    pub fn call<A: Into<Operand>>(&self, arguments: [A; N]) -> Result<O::Arrays> {
        self.call_with(arguments, &RunOptions::quiet())
    }

    /// The same with options.
    pub fn call_with<A: Into<Operand>>(&self, arguments: [A; N], options: &RunOptions) -> Result<O::Arrays> {
        let made = self.traces.call(&lazies(arguments), options, |arguments| self.trace(arguments))?;
        O::arrays(made).ok_or_else(|| Error::internal("a traced function gave another number of arrays"))
    }

    /// What the function composes of `arguments`, as if it were not traced: for arguments that
    /// stream, and for calls inside another traced function.
    pub fn inline<A: Into<Operand>>(&self, arguments: [A; N]) -> O {
        (self.f)(arguments.map(lazy))
    }

    /// The plan that a call with such arguments runs.
    pub fn explain<A: Into<Operand>>(&self, arguments: [A; N]) -> Result<String> {
        self.traces.explain(&lazies(arguments), |arguments| self.trace(arguments))
    }

    /// Keeps the plans of `most` combinations of shapes and types instead of 32; the one that was not
    /// used for longest goes first.
    #[must_use]
    pub fn keeping(self, most: usize) -> Self {
        Jit { f: self.f, traces: Traces::new(most) }
    }

    /// How often the function was traced.
    pub fn traces(&self) -> u64 {
        self.traces.made()
    }

    fn trace(&self, arguments: &[Lazy]) -> Result<Vec<Lazy>> {
        let arguments: [Lazy; N] =
            arguments.to_vec().try_into().map_err(|_| Error::internal("a call has another number of arguments"))?;
        (self.f)(arguments).lazies()
    }
}

fn lazy<A: Into<Operand>>(argument: A) -> Lazy {
    match argument.into() {
        Operand::Lazy(l) => l,
        Operand::Weak(w) => Lazy::scalar(weak_scalar(w, weak_default(w))),
    }
}

fn lazies<A: Into<Operand>, const N: usize>(arguments: [A; N]) -> Vec<Lazy> {
    arguments.into_iter().map(lazy).collect()
}

/// What a traced function may give.
pub trait Traced {
    /// The same with arrays in the place of expressions.
    type Arrays;
    /// The expressions, in order.
    fn lazies(self) -> Result<Vec<Lazy>>;
    /// The arrays of those expressions, in order; nothing if there are too few or too many.
    fn arrays(arrays: Vec<Array>) -> Option<Self::Arrays>;
}

impl Traced for Lazy {
    type Arrays = Array;
    fn lazies(self) -> Result<Vec<Lazy>> {
        Ok(vec![self])
    }
    fn arrays(mut arrays: Vec<Array>) -> Option<Array> {
        arrays.pop().filter(|_| arrays.is_empty())
    }
}

impl Traced for Vec<Lazy> {
    type Arrays = Vec<Array>;
    fn lazies(self) -> Result<Vec<Lazy>> {
        Ok(self)
    }
    fn arrays(arrays: Vec<Array>) -> Option<Vec<Array>> {
        Some(arrays)
    }
}

impl<const M: usize> Traced for [Lazy; M] {
    type Arrays = [Array; M];
    fn lazies(self) -> Result<Vec<Lazy>> {
        Ok(self.into())
    }
    fn arrays(arrays: Vec<Array>) -> Option<[Array; M]> {
        arrays.try_into().ok()
    }
}

impl Traced for (Lazy, Lazy) {
    type Arrays = (Array, Array);
    fn lazies(self) -> Result<Vec<Lazy>> {
        Ok(vec![self.0, self.1])
    }
    fn arrays(arrays: Vec<Array>) -> Option<(Array, Array)> {
        <[Array; 2]>::try_from(arrays).ok().map(|[a, b]| (a, b))
    }
}

impl Traced for (Lazy, Lazy, Lazy) {
    type Arrays = (Array, Array, Array);
    fn lazies(self) -> Result<Vec<Lazy>> {
        Ok(vec![self.0, self.1, self.2])
    }
    fn arrays(arrays: Vec<Array>) -> Option<(Array, Array, Array)> {
        <[Array; 3]>::try_from(arrays).ok().map(|[a, b, c]| (a, b, c))
    }
}

impl<T: Traced> Traced for Result<T> {
    type Arrays = T::Arrays;
    fn lazies(self) -> Result<Vec<Lazy>> {
        self?.lazies()
    }
    fn arrays(arrays: Vec<Array>) -> Option<T::Arrays> {
        T::arrays(arrays)
    }
}

/// The plans of one function, by the shapes and types of its arguments: what [`Jit`] is made of, for
/// callers whose functions take any number of arguments. Shared between threads, which may call at
/// the same time.
pub struct Traces {
    most: usize,
    kept: Mutex<Kept>,
    made: AtomicU64,
}

#[derive(Default)]
struct Kept {
    traces: Vec<(Arc<Trace>, u64)>,
    /// Calls so far: the clock by which the oldest goes.
    calls: u64,
}

/// One function for arguments of certain shapes and types.
struct Trace {
    arguments: Vec<Meta>,
    /// Planned for arithmetic that is looked at.
    watched: bool,
    wanted: Vec<Lazy>,
    /// So small that it needs no plan.
    tiny: bool,
    prepared: Prepared,
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").field("most", &self.most).field("kept", &self.kept()).finish_non_exhaustive()
    }
}

/// Tells the arguments of one trace from those of another.
static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Traces {
    /// None yet; `most` are kept (at least one).
    pub fn new(most: usize) -> Traces {
        Traces { most: most.max(1), kept: Mutex::default(), made: AtomicU64::new(0) }
    }

    /// How often a function was traced.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// How many plans are kept.
    pub fn kept(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).traces.len()
    }

    /// Forgets every plan, and the arrays that they hold.
    pub fn clear(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        drop(kept);
    }

    /// What `function` makes of `arguments`, in memory. The function is called only if no plan for
    /// their shapes and types is kept.
    ///
    /// # Errors
    /// Those of the function and of the run; a function that failed is tried again at the next call.
    pub fn call(
        &self,
        arguments: &[Lazy],
        options: &RunOptions,
        function: impl FnOnce(&[Lazy]) -> Result<Vec<Lazy>>,
    ) -> Result<Vec<Array>> {
        let arguments = in_memory(arguments, options)?;
        let watched = !options.errors.ignores_all();
        let trace = match self.find(|n, m| arguments.get(n).is_some_and(|a| m.is_of(a)), arguments.len(), watched) {
            Some(trace) => {
                options.monitor.count_plan_reused();
                trace
            }
            None => {
                options.monitor.count_plan();
                self.make(arguments.iter().map(Meta::from).collect(), watched, function)?
            }
        };
        if trace.tiny && options.plain() {
            let isa = options.isa.unwrap_or_else(Isa::active);
            let done = options.monitor.eagerly(|| tiny::collect(&trace.wanted, isa, &arguments));
            if let Some(done) = done {
                return done;
            }
        }
        run_again(&trace.prepared, &arguments, options)
    }

    /// The plan that [`Traces::call`] would run.
    pub fn explain(&self, arguments: &[Lazy], function: impl FnOnce(&[Lazy]) -> Result<Vec<Lazy>>) -> Result<String> {
        let metas = arguments.iter().map(|a| a.meta().cloned()).collect::<Result<Vec<Meta>>>()?;
        let options = RunOptions::quiet();
        let watched = !options.errors.ignores_all();
        let trace = match self.find(|n, m| metas.get(n) == Some(m), metas.len(), watched) {
            Some(trace) => trace,
            None => self.make(metas, watched, function)?,
        };
        explain_prepared(&trace.prepared, trace.tiny && options.plain(), &options)
    }

    fn find(&self, same: impl Fn(usize, &Meta) -> bool, count: usize, watched: bool) -> Option<Arc<Trace>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.calls += 1;
        let now = kept.calls;
        let fits = |t: &Trace| {
            t.watched == watched
                && t.arguments.len() == count
                && t.arguments.iter().enumerate().all(|(n, m)| same(n, m))
        };
        let (trace, used) = kept.traces.iter_mut().find(|(t, _)| fits(t))?;
        *used = now;
        Some(Arc::clone(trace))
    }

    /// Traces, without holding the lock: the function may call others, or this one.
    fn make(
        &self,
        arguments: Vec<Meta>,
        watched: bool,
        function: impl FnOnce(&[Lazy]) -> Result<Vec<Lazy>>,
    ) -> Result<Arc<Trace>> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        self.made.fetch_add(1, Ordering::Relaxed);
        let input = |(place, m): (usize, &Meta)| Lazy::input(Slot { trace: number, place }, m.clone());
        let inputs: Vec<Lazy> = arguments.iter().enumerate().map(input).collect();
        let wanted = function(&inputs)?;
        let prepared = Prepared::new(lower_traced(&wanted, Some(number))?, watched)?;
        let tiny = !arguments.is_empty() && tiny::serves(&wanted, true);
        // What is never asked again need not be held.
        let wanted = if tiny { wanted } else { Vec::new() };
        let trace = Arc::new(Trace { arguments, watched, wanted, tiny, prepared });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = kept.calls;
        let same = |t: &Trace| t.watched == trace.watched && t.arguments == trace.arguments;
        kept.traces.retain(|(t, _)| !same(t));
        let mut gone = None;
        if kept.traces.len() >= self.most {
            let oldest = kept.traces.iter().enumerate().min_by_key(|(_, (_, used))| *used).map(|(at, _)| at);
            gone = oldest.map(|at| kept.traces.swap_remove(at));
        }
        kept.traces.push((Arc::clone(&trace), now));
        drop(kept);
        // Captured arrays may be large: they go when the lock is free.
        drop(gone);
        Ok(trace)
    }
}

/// The elements of the arguments. What has to be computed is computed together, so that a source
/// that several read is read once.
fn in_memory(arguments: &[Lazy], options: &RunOptions) -> Result<Vec<Array>> {
    let wanted: Vec<Lazy> = arguments.iter().filter(|a| !is_there(a)).cloned().collect();
    let mut made = if wanted.is_empty() { Vec::new() } else { collect_all(&wanted, options)? }.into_iter();
    let there = |argument: &Lazy| match argument.op() {
        Op::Data(d) => Ok(d.0.clone()),
        Op::Scalar(s) => argument.meta().and_then(|_| Array::from_scalar(*s)),
        _ => made.next().ok_or_else(|| Error::internal("an argument was not computed")),
    };
    arguments.iter().map(there).collect()
}

fn is_there(argument: &Lazy) -> bool {
    matches!(argument.op(), Op::Data(_) | Op::Scalar(_))
}
