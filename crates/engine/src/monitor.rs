//! Counters that a run leaves behind.
