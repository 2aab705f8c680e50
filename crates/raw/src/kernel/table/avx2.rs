//! The table in rows of 16, which byte shuffles look up; a shuffle gives 0 where the top bit of the index
//! is set, and the differences of the rows that are not 0 add up to the row that is meant.

use crate::buffer::as_bytes;
use crate::dtype::Element;
use std::arch::x86_64::*;

/// A table of 256 bytes as differences of rows, each of them in both halves of a register.
struct Rows {
    /// For bytes below 128: row 0, then each row against the one before.
    low: [__m256i; 8],
    /// For bytes from 128 on: each row against the one after, then the last row.
    high: [__m256i; 8],
}

impl Rows {
    #[target_feature(enable = "avx2")]
    #[inline]
    fn new(table: &[u8; 256]) -> Rows {
        let rows = table.as_chunks::<16>().0;
        // SAFETY: a row has 16 bytes.
        let row = |r: usize| unsafe { _mm_loadu_si128(rows[r].as_ptr().cast()) };
        let differs = |a: usize, b: usize| _mm256_broadcastsi128_si256(_mm_xor_si128(row(a), row(b)));
        let alone = |r: usize| _mm256_broadcastsi128_si256(row(r));
        Rows {
            low: std::array::from_fn(|k| if k == 0 { alone(0) } else { differs(k, k - 1) }),
            high: std::array::from_fn(|k| if k == 7 { alone(15) } else { differs(8 + k, 9 + k) }),
        }
    }
}

/// 32 look-ups in each of `P` tables.
#[target_feature(enable = "avx2")]
#[inline]
fn lookup<const P: usize>(tables: &[Rows; P], x: __m256i) -> [__m256i; P] {
    let step = _mm256_set1_epi8(16);
    // The top bit of x - 16 k is clear for x < 128 while k is at most its row, and for the others from
    // k = row - 7 on. What lies between telescopes: to the row from the first, or to it from the last.
    let mut index = x;
    let mut low: [__m256i; P] = std::array::from_fn(|p| _mm256_shuffle_epi8(tables[p].low[0], x));
    let mut high = [_mm256_setzero_si256(); P];
    for k in 0..8 {
        index = _mm256_sub_epi8(index, step);
        for (p, t) in tables.iter().enumerate() {
            if k < 7 {
                low[p] = _mm256_xor_si256(low[p], _mm256_shuffle_epi8(t.low[k + 1], index));
            }
            high[p] = _mm256_xor_si256(high[p], _mm256_shuffle_epi8(t.high[k], index));
        }
    }
    std::array::from_fn(|p| _mm256_blendv_epi8(low[p], high[p], x))
}

/// Entries of `P` bytes, 1 or 2; how many elements are done. Nothing is done for entries of another size.
#[target_feature(enable = "avx2")]
pub(super) fn planes<R: Element, const P: usize>(x: &[u8], table: &[R; 256], out: &mut [R]) -> usize {
    if size_of::<R>() != P || !(1..=2).contains(&P) {
        return 0;
    }
    let bytes = as_bytes(table);
    let tables: [Rows; P] = std::array::from_fn(|p| Rows::new(&std::array::from_fn(|v| bytes[P * v + p])));
    let whole = x.len().min(out.len()) / 32;
    for i in 0..whole {
        // SAFETY: 32 * i + 32 <= x.len().
        let v = unsafe { _mm256_loadu_si256(x.as_ptr().add(32 * i).cast()) };
        let stored: [__m256i; P] = if P == 1 {
            lookup(&tables, v)
        } else {
            // Interleaving works inside each half of a register: the quarters are dealt to the halves first.
            let found = lookup(&tables, _mm256_permute4x64_epi64::<0b11_01_10_00>(v));
            let (a, b) = (found[0], found[P - 1]);
            let both = [_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)];
            std::array::from_fn(|k| both[k])
        };
        for (k, v) in stored.into_iter().enumerate() {
            // SAFETY: 32 * i + 32 <= out.len(), entries have P bytes, and every bit pattern written
            // is that of a table entry.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(32 * i).cast::<__m256i>().add(k), v) };
        }
    }
    32 * whole
}
