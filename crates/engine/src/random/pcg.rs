//! The stream of bits: PCG XSL RR 128/64 of Melissa O'Neill's "PCG: a family of simple fast
//! space-efficient statistically good algorithms for random number generation" (2014), which is
//! NumPy's `PCG64`.

use super::seed::SeedSequence;

const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;
/// The golden ratio's part of 2^128, as NumPy's `jumped`.
const JUMP: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

/// NumPy's `PCG64`: 2^128 states on one of 2^127 rings, 64 bits from each.
///
/// ```
/// use opusclip_engine::random::{Pcg64, SeedSequence};
///
/// let mut bits = Pcg64::new(&SeedSequence::new(42));
/// let mut ahead = bits.clone();
/// ahead.advance(3);
/// let _ = (bits.next_u64(), bits.next_u64(), bits.next_f64());
/// assert_eq!(bits, ahead);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pcg64 {
    state: u128,
    increment: u128,
    /// The upper half of the word whose lower half was drawn last.
    half: Option<u32>,
}

impl Pcg64 {
    /// The stream of a seed sequence.
    pub fn new(seeds: &SeedSequence) -> Self {
        let mut words = seeds.generate_state_u64(4).into_iter();
        let mut pair = || u128::from(words.next().unwrap_or(0)) << 64 | u128::from(words.next().unwrap_or(0));
        let (start, ring) = (pair(), pair());
        let mut pcg = Pcg64 { state: 0, increment: ring << 1 | 1, half: None };
        pcg.step();
        pcg.state = pcg.state.wrapping_add(start);
        pcg.step();
        pcg
    }

    /// The stream at a known place: NumPy's `bit_generator.state`, whose `has_uint32` and
    /// `uinteger` are `half`. The increment is made odd.
    pub fn from_state(state: u128, increment: u128, half: Option<u32>) -> Self {
        Pcg64 { state, increment: increment | 1, half }
    }

    /// State, increment and the buffered half word, as [`Pcg64::from_state`] takes them.
    pub fn state(&self) -> (u128, u128, Option<u32>) {
        (self.state, self.increment, self.half)
    }

    #[inline(always)]
    fn step(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    /// 64 bits.
    #[inline(always)]
    pub fn next_u64(&mut self) -> u64 {
        self.step();
        ((self.state >> 64) as u64 ^ self.state as u64).rotate_right((self.state >> 122) as u32)
    }

    /// 32 bits: the lower half of a word, then its upper half, whatever is drawn in between.
    #[inline(always)]
    pub fn next_u32(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let word = self.next_u64();
        self.half = Some((word >> 32) as u32);
        word as u32
    }

    /// A multiple of 2^-53 in [0, 1).
    #[inline(always)]
    pub fn next_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9007199254740992.0)
    }

    /// A multiple of 2^-24 in [0, 1), from half a word.
    #[inline(always)]
    pub fn next_f32(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * (1.0 / 16777216.0)
    }

    /// Moves on as if `delta` words had been drawn, in at most 128 steps; a buffered half word is
    /// dropped. To go back by `n`, advance by `n.wrapping_neg()`.
    pub fn advance(&mut self, delta: u128) {
        // The step is x -> a x + c; squaring it doubles it.
        let (mut a, mut c) = (MULTIPLIER, self.increment);
        let (mut all_a, mut all_c) = (1u128, 0u128);
        let mut rest = delta;
        while rest > 0 {
            if rest & 1 == 1 {
                all_a = all_a.wrapping_mul(a);
                all_c = all_c.wrapping_mul(a).wrapping_add(c);
            }
            c = a.wrapping_add(1).wrapping_mul(c);
            a = a.wrapping_mul(a);
            rest >>= 1;
        }
        self.state = all_a.wrapping_mul(self.state).wrapping_add(all_c);
        self.half = None;
    }

    /// A copy that is `jumps` times 0.618… of the ring further on: streams for threads that do not
    /// overlap within 2^64 draws.
    #[must_use]
    pub fn jumped(&self, jumps: u128) -> Pcg64 {
        let mut copy = self.clone();
        copy.advance(JUMP.wrapping_mul(jumps));
        copy
    }
}
