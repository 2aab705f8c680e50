//! The least and the greatest element.

use crate::buffer::as_bytes;
use crate::dtype::DType;
use crate::isa::{Isa, Stamp};
use crate::kernel::cast::cast_one;
use crate::number::Number;

struct MinMax<'a, T, const L: usize>(&'a [T]);

impl<T: Number, const L: usize> Stamp for MinMax<'_, T, L> {
    type Out = Option<(T, T)>;
    #[inline(always)]
    fn go(self) -> Self::Out {
        let &start = self.0.first()?;
        // Lanes by position: the same on every level, so ties of 0 and -0 fall the same way.
        let (mut lo, mut hi, mut nan) = ([start; L], [start; L], [start; L]);
        let mut chunks = self.0.chunks_exact(L);
        for c in &mut chunks {
            for l in 0..L {
                let v = c[l];
                lo[l] = if v < lo[l] { v } else { lo[l] };
                hi[l] = if v > hi[l] { v } else { hi[l] };
                nan[l] = if is_nan(v) { v } else { nan[l] };
            }
        }
        for (l, &v) in chunks.remainder().iter().enumerate() {
            lo[l] = if v < lo[l] { v } else { lo[l] };
            hi[l] = if v > hi[l] { v } else { hi[l] };
            nan[l] = if is_nan(v) { v } else { nan[l] };
        }
        let (mut a, mut b) = (start, start);
        for l in 0..L {
            if is_nan(nan[l]) {
                return Some((nan[l], nan[l]));
            }
            a = if lo[l] < a { lo[l] } else { a };
            b = if hi[l] > b { hi[l] } else { b };
        }
        Some((a, b))
    }
}

#[allow(clippy::eq_op)]
#[inline(always)]
fn is_nan<T: PartialEq>(v: T) -> bool {
    v != v
}

/// The least and the greatest element; None when there is none, NaN twice if any is NaN.
/// `false` is less than `true`.
pub fn min_max<T: Number>(isa: Isa, x: &[T]) -> Option<(T, T)> {
    if T::DTYPE == DType::Bool {
        let (a, b) = isa.stamp(MinMax::<u8, 64>(as_bytes(x)))?;
        return Some((cast_one(a), cast_one(b)));
    }
    match size_of::<T>() {
        1 => isa.stamp(MinMax::<T, 64>(x)),
        2 => isa.stamp(MinMax::<T, 64>(x)),
        4 => isa.stamp(MinMax::<T, 32>(x)),
        _ => isa.stamp(MinMax::<T, 16>(x)),
    }
}
