//! Files at rest: arrays on disk, and the way every output gets its final name.

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
