//! Random numbers: the streams of NumPy's `default_rng`, to the bit.
//!
//! [`SeedSequence`] makes good seeds of any integers, [`Pcg64`] is the stream of bits, and
//! [`Generator`] draws arrays from it, in NumPy's algorithms and NumPy's order: the same seed and
//! the same calls give the same elements, and leave the stream in the same place.
//!
//! What is equal to the bit and where the last bit may differ is said in `docs/random.md`: only
//! answers that pass through `exp`, `log` or `pow`, which NumPy takes from the system's C library
//! and we compute in software, so that answers do not depend on the machine.
//!
//! Drawing happens at the call, not in a plan: a plan that is run twice must see the same numbers.

mod bounded;
mod choice;
mod distributions;
mod generator;
mod pcg;
mod seed;
// One number a line would be 3000 lines.
#[rustfmt::skip]
mod tables;
mod ziggurat;

pub use choice::{Choice, Population};
pub use generator::Generator;
pub use pcg::Pcg64;
pub use seed::{Seed, SeedSequence};

/// The example of the guide, run as a doc-test.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/random.md")]
struct Guide;
