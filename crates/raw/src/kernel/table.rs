//! Look-ups in tables of 256 entries, one per byte.

use crate::dtype::Element;
use crate::isa::Isa;

/// `out[i] = table[x[i]]` for as many elements as both have.
pub fn table_u8(isa: Isa, x: &[u8], table: &[u8; 256], out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if isa.has_vbmi() {
        // SAFETY: the Isa says that the CPU has AVX-512 VBMI.
        return unsafe { vbmi::table_u8(x, table, out) };
    }
    table_to(isa, x, table, out);
}

/// `out[i] = table[x[i]]` for entries of any type, for as many elements as both have.
pub fn table_to<R: Element>(_isa: Isa, x: &[u8], table: &[R; 256], out: &mut [R]) {
    // Loads of single entries: no instruction set has a wide one that is faster.
    for (o, &x) in out.iter_mut().zip(x) {
        *o = table[x as usize];
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod vbmi {
    //! The whole table in four registers.
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

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(crate) fn table_u8(x: &[u8], table: &[u8; 256], out: &mut [u8]) {
        let n = x.len().min(out.len());
        let t = load(table);
        let mut i = 0;
        while i + 64 <= n {
            // SAFETY: i + 64 <= n, the length of the shorter slice.
            unsafe {
                let v = _mm512_loadu_si512(x.as_ptr().add(i).cast());
                _mm512_storeu_si512(out.as_mut_ptr().add(i).cast(), lookup(&t, v));
            }
            i += 64;
        }
        if i < n {
            let mask = first(n - i);
            // SAFETY: the mask covers the n - i bytes that are left; masked-out bytes are not touched.
            unsafe {
                let v = _mm512_maskz_loadu_epi8(mask, x.as_ptr().add(i).cast());
                _mm512_mask_storeu_epi8(out.as_mut_ptr().add(i).cast(), mask, lookup(&t, v));
            }
        }
    }
}
