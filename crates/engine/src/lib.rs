//! Lazy n-d arrays and their engine: what the user wrote becomes a plan, a better plan, stages,
//! and then frames. Start reading at `run.rs`.
#![forbid(unsafe_code)]

pub mod api;
pub mod array;
mod collect;
pub mod error;
pub mod errstate;
pub mod exec;
pub mod flow;
pub mod jit;
pub mod lazy;
pub mod monitor;
pub mod ops;
pub mod passes;
pub mod plan;
pub mod random;
pub mod run;
pub mod stage;
pub mod threads;

pub use api::{IntoIndex, functions};
pub use array::index::Slice;
pub use array::{Array, Meta};
pub use collect::{LazyInfo, collect_all, explain};
pub use error::{Error, Result};
pub use errstate::{ErrState, OnError, errstate};
pub use jit::{Jit, jit};
pub use lazy::{Ellipsis, Index, IntoAxes, Lazy, NewAxis, Operand};
pub use monitor::{Cancel, Monitor, PerformanceMonitor, Profile};
pub use opusclip_raw::{BF16, Complex, DType, Element, F16, Isa};
pub use run::{Output, RunOptions, RunReport, run};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/arrays.md")]
struct ArraysPage;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/performance.md")]
struct PerformancePage;
