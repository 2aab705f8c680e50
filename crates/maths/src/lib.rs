//! Linear algebra and Fourier transforms over plain slices: what the engine asks of the crates that
//! are heavy to build. Their generic code is compiled here, once, and not with each build of the
//! engine.
//!
//! Each feature switches a whole file: `linalg.rs` or `no_linalg.rs`, `fft.rs` or `no_fft.rs`. The
//! functions are always there; without the feature they answer [`Failed::Missing`].
#![forbid(unsafe_code)]

#[cfg(feature = "fft")]
mod fft;
#[cfg(not(feature = "fft"))]
#[path = "no_fft.rs"]
mod fft;
#[cfg(feature = "linalg")]
mod linalg;
#[cfg(not(feature = "linalg"))]
#[path = "no_linalg.rs"]
mod linalg;
mod traits;

pub use num_complex::Complex;
pub use traits::{Dense, Eigen, Failed, Result, Svd, Symmetric, Wave};
