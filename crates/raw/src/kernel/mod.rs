//! Loops over slices, each compiled once per instruction set; every level gives the same bits.

pub mod arcs;
pub mod cast;
mod circles;
pub mod columns;
pub mod complex;
pub mod curves;
mod exponentials;
mod logarithms;
pub mod map;
pub mod math;
pub mod matmul;
pub mod minmax;
pub mod moments;
pub mod pack;
pub mod past;
pub mod pick;
pub mod planes;
mod poly;
pub mod sum;
pub mod table;
