//! Lazy n-d arrays for video: a video file is an array `(T, H, W, C)`. NumPy-like expressions over
//! it are fused, streamed from decoder to encoder in constant memory, and run at the speed of memory.
//!
//! ```no_run
//! use opusclip::prelude::*;
//!
//! # fn main() -> opusclip::Result<()> {
//! let v = Video::open("holiday.mp4")?;               // an index; nothing is decoded
//! let g = (v.frames().f32() / 255.0).pow(0.8);       // lazy: f32, shape (T, H, W, 3)
//! let m = g.mean((1, 2, 3)).keepdims();              // one number a frame
//! let y = (((&g - &m) * 1.2 + &m).clip(0.0, 1.0) * 255.0).u8();
//! y.sink_video("graded.mp4", &Encode::like(&v))?;    // streams; sound and timestamps come along
//! # Ok(())
//! # }
//! ```
//!
//! Arrays in memory are the same type of expression:
//!
//! ```
//! use opusclip::prelude::*;
//!
//! # fn main() -> opusclip::Result<()> {
//! let x: Lazy = Array::from_slice(&[0u8, 64, 128, 255], &[2, 2])?.into();
//! let y = (x.f32() / 255.0).pow(2.0).sum(1);
//! assert_eq!(y.collect()?.to_vec::<f32>()?, [0.062991165, 1.2519647]);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub use opusclip_engine::*;
pub use opusclip_raw as raw;
pub use opusclip_raw::{MapMode, memory};
pub use store::{Npz, load, memmap, open_npy, save, save_with, savez, savez_compressed, savez_with};

pub mod expr;
pub mod open;
pub mod store;
pub mod video;

/// What most programs want in scope.
pub mod prelude {
    pub use crate::open::SinkVideo;
    pub use crate::video::{Encode, Video};
    pub use opusclip_engine::random::Generator;
    pub use opusclip_engine::{
        Array, DType, Ellipsis, ErrState, Error, Lazy, NewAxis, OnError, RunOptions, Slice, collect_all, errstate,
        functions, ix, op,
    };
}
