//! Look-ups in tables of 256 entries, one per byte.

use crate::dtype::Element;
use crate::isa::Isa;

/// `out[i] = table[x[i]]` for entries of any type, for as many elements as both have.
pub fn table_to<R: Element>(isa: Isa, x: &[u8], table: &[R; 256], out: &mut [R]) {
    #[cfg(target_arch = "x86_64")]
    let done = match size_of::<R>() {
        // SAFETY: the Isa says that the CPU has AVX-512 VBMI.
        1 if isa.has_vbmi() => unsafe { vbmi::turns::<R, 1>(x, &[table], 0, out) },
        // SAFETY: as above.
        2 if isa.has_vbmi() => unsafe { vbmi::table_to2(x, table, out) },
        // SAFETY: as above.
        4 if isa.has_vbmi() => unsafe { vbmi::table_to4(x, table, out) },
        _ => 0,
    };
    #[cfg(not(target_arch = "x86_64"))]
    let (done, _) = (0, isa);
    // Loads of single entries: no other instruction set has a wide one that is faster.
    let n = x.len().min(out.len());
    for (o, &x) in out[done..n].iter_mut().zip(&x[done..n]) {
        *o = table[x as usize];
    }
}

/// `out[i] = tables[(first + i) mod n][x[i]]` for `n` tables, as many elements as both have: pixels
/// whose channels have a table each.
pub fn table_turns<R: Element>(isa: Isa, x: &[u8], tables: &[&[R; 256]], first: usize, out: &mut [R]) {
    let first = first % tables.len().max(1);
    #[cfg(target_arch = "x86_64")]
    if isa.has_vbmi() && size_of::<R>() == 1 {
        // SAFETY: the Isa says that the CPU has AVX-512 VBMI.
        let done = unsafe {
            match tables.len() {
                2 => vbmi::turns::<R, 2>(x, tables, first, out),
                3 => vbmi::turns::<R, 3>(x, tables, first, out),
                4 => vbmi::turns::<R, 4>(x, tables, first, out),
                _ => 0,
            }
        };
        return turns(&x[done..], tables, first + done, &mut out[done..]);
    }
    let _ = isa;
    turns(x, tables, first, out);
}

fn turns<R: Element>(x: &[u8], tables: &[&[R; 256]], first: usize, out: &mut [R]) {
    if tables.is_empty() {
        return;
    }
    // Whole pixels first, beginning with the one that is due.
    let mut turned: Vec<&[R; 256]> = tables.to_vec();
    turned.rotate_left(first % tables.len());
    let n = x.len().min(out.len());
    let (x, out) = (&x[..n], &mut out[..n]);
    match turned[..] {
        [a, b] => pixels([a, b], x, out),
        [a, b, c] => pixels([a, b, c], x, out),
        [a, b, c, d] => pixels([a, b, c, d], x, out),
        _ => {
            for (o, x) in out.chunks_mut(turned.len()).zip(x.chunks(turned.len())) {
                for ((o, &x), t) in o.iter_mut().zip(x).zip(&turned) {
                    *o = t[x as usize];
                }
            }
        }
    }
}

fn pixels<R: Element, const C: usize>(tables: [&[R; 256]; C], x: &[u8], out: &mut [R]) {
    let ((pixels, x), (places, out)) = (x.as_chunks::<C>(), out.as_chunks_mut::<C>());
    for (o, x) in places.iter_mut().zip(pixels) {
        *o = std::array::from_fn(|c| tables[c][x[c] as usize]);
    }
    for ((o, &x), t) in out.iter_mut().zip(x).zip(tables) {
        *o = t[x as usize];
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod vbmi {
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

    /// 64 look-ups: the low seven bits pick in either half, the top bit picks the half.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    #[inline]
    pub(crate) fn lookup(t: &Table, x: __m512i) -> __m512i {
        let low = _mm512_permutex2var_epi8(t[0], x, t[1]);
        let high = _mm512_permutex2var_epi8(t[2], x, t[3]);
        _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high)
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
    pub(crate) fn turns<R: Element, const C: usize>(
        x: &[u8],
        tables: &[&[R; 256]],
        first: usize,
        out: &mut [R],
    ) -> usize {
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
}
