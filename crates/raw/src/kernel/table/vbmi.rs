//! The whole table in four registers.
use crate::buffer::as_bytes;
use crate::dtype::Element;
use std::arch::x86_64::*;

/// A table of 256 bytes in registers.
pub(crate) type Table = [__m512i; 4];

/// Loads a table.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
pub(crate) fn load(table: &[u8; 256]) -> Table {
    let p = table.as_ptr();
    // SAFETY: four times 64 bytes are the 256 of the table.
    unsafe {
        [
            _mm512_loadu_si512(p.cast()),
            _mm512_loadu_si512(p.add(64).cast()),
            _mm512_loadu_si512(p.add(128).cast()),
            _mm512_loadu_si512(p.add(192).cast()),
        ]
    }
}

/// 64 look-ups: the low seven bits pick in either half, the top bit picks the half. The first permutation
/// leaves the indices of the upper half where they are, the second what the first has found.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
pub(crate) fn lookup(t: &Table, x: __m512i) -> __m512i {
    let high = _mm512_movepi8_mask(x);
    let found = _mm512_mask2_permutex2var_epi8(t[0], x, !high, t[1]);
    _mm512_mask2_permutex2var_epi8(t[2], found, high, t[3])
}

/// The mask of the first `n < 64` bytes.
pub(crate) fn first(n: usize) -> u64 {
    (1 << (n & 63)) - 1
}

/// Entries of two bytes, as those of four below.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn table_to2<R: Element>(x: &[u8], table: &[R; 256], out: &mut [R]) -> usize {
    if size_of::<R>() != 2 {
        return 0;
    }
    let bytes = as_bytes(table);
    let plane = |p: usize| std::array::from_fn::<u8, 256, _>(|v| bytes[2 * v + p]);
    let t = [load(&plane(0)), load(&plane(1))];
    let deal = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
    let whole = x.len().min(out.len()) / 64;
    for i in 0..whole {
        // SAFETY: 64 * i + 64 <= x.len().
        let v = unsafe { _mm512_loadu_si512(x.as_ptr().add(64 * i).cast()) };
        let v = _mm512_permutexvar_epi64(deal, v);
        let (a, b) = (lookup(&t[0], v), lookup(&t[1], v));
        for (k, v) in [_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b)].into_iter().enumerate() {
            // SAFETY: 64 * i + 64 <= out.len(), entries have two bytes, and every bit pattern
            // written is that of a table entry.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().add(64 * i + 32 * k).cast(), v) };
        }
    }
    64 * whole
}

/// Entries of four bytes, 64 at a time: each byte of the entry has its own table, and the
/// four answers are put together. Returns how many elements are done; nothing is done for
/// entries of another size.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn table_to4<R: Element>(x: &[u8], table: &[R; 256], out: &mut [R]) -> usize {
    if size_of::<R>() != 4 {
        return 0;
    }
    let bytes = as_bytes(table);
    let plane = |p: usize| std::array::from_fn::<u8, 256, _>(|v| bytes[4 * v + p]);
    let t = [load(&plane(0)), load(&plane(1)), load(&plane(2)), load(&plane(3))];
    // Interleaving works inside each quarter of a register: the bytes are dealt to the
    // quarters first so that the entries come out in order.
    let deal = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let whole = x.len().min(out.len()) / 64;
    for i in 0..whole {
        // SAFETY: 64 * i + 64 <= x.len().
        let v = unsafe { _mm512_loadu_si512(x.as_ptr().add(64 * i).cast()) };
        let v = _mm512_permutexvar_epi32(deal, v);
        let [a, b, c, d] = [lookup(&t[0], v), lookup(&t[1], v), lookup(&t[2], v), lookup(&t[3], v)];
        let (ab_low, ab_high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
        let (cd_low, cd_high) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
        let all = [
            _mm512_unpacklo_epi16(ab_low, cd_low),
            _mm512_unpackhi_epi16(ab_low, cd_low),
            _mm512_unpacklo_epi16(ab_high, cd_high),
            _mm512_unpackhi_epi16(ab_high, cd_high),
        ];
        for (k, v) in all.into_iter().enumerate() {
            // SAFETY: 64 * i + 64 <= out.len(), entries have four bytes, and every bit
            // pattern written is that of a table entry.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().add(64 * i + 16 * k).cast(), v) };
        }
    }
    64 * whole
}

/// Bytes from `C` tables in turns; how many elements are done. Nothing is done for entries of
/// another size, or for another number of tables.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn turns<R: Element, const C: usize>(x: &[u8], tables: &[&[R; 256]], first: usize, out: &mut [R]) -> usize {
    if size_of::<R>() != 1 || tables.len() != C {
        return 0;
    }
    let mut t = [[_mm512_setzero_si512(); 4]; C];
    for (t, table) in t.iter_mut().zip(tables) {
        let Ok(bytes) = as_bytes(&table[..]).try_into() else { return 0 };
        *t = load(bytes);
    }
    // Which of 64 elements table `c` serves when the first of them is served by table `p`.
    let serves = |p: usize, c: usize| (0..64).filter(|j| (p + j) % C == c).fold(0u64, |m, j| m | 1 << j);
    let masks: [[u64; C]; C] = std::array::from_fn(|p| std::array::from_fn(|c| serves(p, c)));
    let whole = x.len().min(out.len()) / 64;
    let mut p = first % C;
    for i in 0..whole {
        // SAFETY: 64 * i + 64 <= x.len().
        let v = unsafe { _mm512_loadu_si512(x.as_ptr().add(64 * i).cast()) };
        let mut found = lookup(&t[0], v);
        for c in 1..C {
            found = _mm512_mask_blend_epi8(masks[p][c], found, lookup(&t[c], v));
        }
        // SAFETY: 64 * i + 64 <= out.len(), entries have one byte, and every bit pattern
        // written is that of a table entry.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().add(64 * i).cast(), found) };
        p = (p + 64) % C;
    }
    64 * whole
}
