//! Files at rest: arrays on disk, and the way every output gets its final name.

/// The examples of the page on storage, run with the other doc-tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/storage.md")]
struct StoragePage;

mod elements;
mod files;
pub mod input;
pub mod npy;
mod npy_header;
pub mod npz;
pub mod pending;
mod zip;

pub use files::{load, memmap, open_npy, save, save_with};
pub use npz::{Npz, NpzInfo, NpzReport, savez, savez_compressed, savez_with};
