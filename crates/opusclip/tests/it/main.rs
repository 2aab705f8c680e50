//! Tests of the outside world: video files and arrays on disk. They need no FFmpeg: what FFmpeg
//! says of the samples is in `golden/`, written by `scripts/make_samples.sh`.
#![forbid(unsafe_code)]

mod colour;
mod face;
mod files;
mod hostile;
mod memory;
mod mutants;
mod npy;
mod npz;
mod reading;
mod support;
mod writing;
