//! The program opusclip.
#![forbid(unsafe_code)]
fn main() {}
