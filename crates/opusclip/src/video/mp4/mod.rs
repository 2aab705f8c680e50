//! MP4 and QuickTime files (ISO/IEC 14496-12): plain and fragmented in, plain out. What a box holds is
//! read and written by `shiguredo_mp4`; what it means for a track, and all limits, are here.

mod boxes;
mod fragment;
pub(crate) mod read;
mod tables;
pub(crate) mod write;
