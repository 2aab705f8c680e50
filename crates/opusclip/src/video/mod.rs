//! Video files as arrays: what a file is ([`index`], [`truth`]), how it is taken apart and put
//! together ([`container`]), decoded, encoded and turned into RGB and back ([`colour`]).
//! `docs/video.md` says what is read and written, and by which rules.

pub mod colour;
pub mod container;
pub mod decode;
pub mod encode;
pub mod index;
mod mp4;
pub mod sink;
pub mod source;
pub mod truth;

pub use encode::{Encode, Preset};
pub use sink::{Mp4Sink, WriteReport};
pub use source::{AudioFacts, Video, VideoFacts};
