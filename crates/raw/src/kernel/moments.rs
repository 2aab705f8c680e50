//! Exact sums and sums of squares of small integers: all that mean and variance need.

use crate::dtype::{DType, Element};
use crate::isa::{Isa, Stamp};
use crate::kernel::cast::cast_one;

/// Elements of which 32-bit sums hold the squares: of bytes, and of the halves of 32-bit squares.
const PIECE: usize = 1 << 15;

struct Moments<'a, T>(&'a [T]);

impl<T: Element> Stamp for Moments<'_, T> {
    type Out = (i128, i128);
    #[inline(always)]
    fn go(self) -> (i128, i128) {
        let (mut sum, mut squares) = (0i64, 0i64);
        for piece in self.0.chunks(PIECE) {
            let (mut s, mut low, mut high) = (0i32, 0u32, 0u32);
            if size_of::<T>() == 1 {
                for &x in piece {
                    let x = i32::from(cast_one::<T, i16>(x));
                    s += x;
                    low += (x * x) as u32;
                }
            } else {
                for &x in piece {
                    let x = cast_one::<T, i32>(x);
                    let square = (x as u32).wrapping_mul(x as u32);
                    s += x;
                    low += square & 0xffff;
                    high += square >> 16;
                }
            }
            sum += i64::from(s);
            squares += i64::from(low) + (i64::from(high) << 16);
        }
        (sum.into(), squares.into())
    }
}

/// The exact sum of the elements and of their squares, for truth values and integers of up to 16
/// bits. `None` for other types.
pub fn moments<T: Element>(isa: Isa, x: &[T]) -> Option<(i128, i128)> {
    let small = matches!(T::DTYPE, DType::Bool | DType::U8 | DType::I8 | DType::U16 | DType::I16);
    // Sums of so many squares fit 64 bits.
    small.then(|| x.chunks(1 << 30).map(|part| isa.stamp(Moments(part))).fold((0, 0), |(s, q), (t, r)| (s + t, q + r)))
}
