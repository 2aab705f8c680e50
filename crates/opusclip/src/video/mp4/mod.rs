//! MP4 and QuickTime files (ISO/IEC 14496-12): plain and fragmented in, plain out.

pub(crate) mod bytes;
mod fragment;
pub(crate) mod read;
mod tables;
pub(crate) mod write;
