//! Every kernel on every instruction set of this machine against the plain loop.

mod accuracy;
mod arcs;
mod buffers;
mod casts;
mod channels;
mod columns;
mod curve_table;
mod kernels;
mod maps;
mod maths;
mod numbers;
mod past;
mod products;
mod sums;
mod wide;

/// Numbers that look random and are the same in every run (xorshift64*).
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A whole number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() >> 33) as usize % n
    }

    /// Bytes of any value.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| (self.bits() >> 40) as u8).collect()
    }
}

/// Equal to the bit, but any NaN equals any other.
pub fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}
