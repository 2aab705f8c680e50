//! Loops over slices, each compiled once per instruction set; every level gives the same bits.

pub mod arcs;
pub mod cast;
pub mod columns;
pub mod complex;
pub mod curves;
pub mod map;
pub mod math;
pub mod matmul;
pub mod minmax;
pub mod moments;
pub mod pack;
pub mod pick;
pub mod planes;
pub mod sum;
pub mod table;
