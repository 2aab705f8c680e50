//! Integers of a range without bias: Lemire's "Fast random integer generation in an interval"
//! (2019), with 8- and 16-bit draws cut from 32 bits, as NumPy does.

use super::pcg::Pcg64;

/// A type that integers are drawn in. `u16` and `u8` share one 32-bit draw between neighbours.
pub(super) trait Draw: Copy + Eq {
    /// The type's own bits, all random.
    fn bits(g: &mut Pcg64, cut: &mut Cut) -> Self;
    /// One of 0…`range`, where `range` is neither 0 nor the greatest value.
    fn below(g: &mut Pcg64, cut: &mut Cut, range: Self) -> Self;
    const ZERO: Self;
    const MAX: Self;
    fn plus(self, o: Self) -> Self;
}

/// What is left of a 32-bit draw. Each array begins with none.
#[derive(Default)]
pub(super) struct Cut {
    word: u32,
    left: u32,
}

impl Cut {
    /// The next `bits` of them.
    #[inline(always)]
    fn take(&mut self, g: &mut Pcg64, bits: u32) -> u32 {
        if self.left == 0 {
            self.word = g.next_u32();
            self.left = 32 / bits;
        } else {
            self.word >>= bits;
        }
        self.left -= 1;
        self.word
    }
}

macro_rules! draw {
    ($t:ty, $wide:ty, |$g:ident, $cut:ident| $bits:expr) => {
        impl Draw for $t {
            const ZERO: $t = 0;
            const MAX: $t = <$t>::MAX;

            #[inline(always)]
            fn bits($g: &mut Pcg64, $cut: &mut Cut) -> $t {
                $bits
            }

            #[inline(always)]
            fn below(g: &mut Pcg64, cut: &mut Cut, range: $t) -> $t {
                let n = range.wrapping_add(1);
                let mut m = <$wide>::from(Self::bits(g, cut)) * <$wide>::from(n);
                if (m as $t) < n {
                    // `n` is a cheap bound of the share that must go; here it is exact.
                    let threshold = (<$t>::MAX - range) % n;
                    while (m as $t) < threshold {
                        m = <$wide>::from(Self::bits(g, cut)) * <$wide>::from(n);
                    }
                }
                (m >> <$t>::BITS) as $t
            }

            #[inline(always)]
            fn plus(self, o: $t) -> $t {
                self.wrapping_add(o)
            }
        }
    };
}
draw!(u64, u128, |g, _cut| g.next_u64());
draw!(u32, u64, |g, _cut| g.next_u32());
draw!(u16, u32, |g, cut| cut.take(g, 16) as u16);
draw!(u8, u16, |g, cut| cut.take(g, 8) as u8);

/// Fills `out` with integers of `low…low + range`, both ends included.
pub(super) fn fill<T: Draw>(g: &mut Pcg64, low: T, range: T, out: &mut [T]) {
    let mut cut = Cut::default();
    if range == T::ZERO {
        out.fill(low);
    } else if range == T::MAX {
        out.iter_mut().for_each(|o| *o = T::bits(g, &mut cut).plus(low));
    } else {
        out.iter_mut().for_each(|o| *o = T::below(g, &mut cut, range).plus(low));
    }
}

/// The same for 64 bits, where a range of at most 32 bits takes half words.
pub(super) fn fill_u64(g: &mut Pcg64, low: u64, range: u64, out: &mut [u64]) {
    let Ok(small) = u32::try_from(range) else { return fill(g, low, range, out) };
    let mut cut = Cut::default();
    match small {
        0 => out.fill(low),
        u32::MAX => out.iter_mut().for_each(|o| *o = low.wrapping_add(u64::from(g.next_u32()))),
        _ => out.iter_mut().for_each(|o| *o = low.wrapping_add(u64::from(u32::below(g, &mut cut, small)))),
    }
}

/// Fills `out` with single bits, 32 from a draw.
pub(super) fn fill_bool(g: &mut Pcg64, low: bool, range: bool, out: &mut [bool]) {
    if !range {
        return out.fill(low);
    }
    let mut cut = Cut::default();
    out.iter_mut().for_each(|o| *o = cut.take(g, 1) & 1 != 0);
}

/// One integer of 0…`max`, drawn as [`fill_u64`] draws.
pub(super) fn index(g: &mut Pcg64, max: u64) -> u64 {
    let mut one = [0];
    fill_u64(g, 0, max, &mut one);
    one[0]
}

/// One integer of 0…`max` by masking: bits are drawn until they fit. NumPy shuffles so, though not
/// the indices of `choice`.
pub(super) fn masked_index(g: &mut Pcg64, max: u64) -> u64 {
    if max == 0 {
        return 0;
    }
    let mask = u64::MAX >> max.leading_zeros();
    loop {
        let bits = if max <= u64::from(u32::MAX) { u64::from(g.next_u32()) } else { g.next_u64() };
        if bits & mask <= max {
            return bits & mask;
        }
    }
}
