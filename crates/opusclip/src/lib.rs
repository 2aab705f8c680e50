//! Lazy n-d arrays for video.
#![forbid(unsafe_code)]
pub use opusclip_engine::*;
pub mod expr;
pub mod store;
pub mod video;
