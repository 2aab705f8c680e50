//! Three planes to interleaved triples and back.

use crate::isa::Isa;

/// Writes `r[0] g[0] b[0] r[1] …`; as many triples as the shortest of the four holds.
pub fn interleave3(isa: Isa, r: &[u8], g: &[u8], b: &[u8], out: &mut [u8]) {
    let n = r.len().min(g.len()).min(b.len()).min(out.len() / 3);
    let (r, g, b, out) = (&r[..n], &g[..n], &b[..n], &mut out[..n * 3]);
    #[cfg(target_arch = "x86_64")]
    {
        if isa.has_vbmi() {
            // SAFETY: `has_vbmi` is true only on a processor with every feature the function names.
            return unsafe { x86::interleave_vbmi(r, g, b, out) };
        }
        if isa.has_avx2() {
            // SAFETY: `has_avx2` is true only on a processor with AVX2.
            return unsafe { x86::interleave_avx2(r, g, b, out) };
        }
    }
    let _ = isa;
    interleave_plain(r, g, b, out);
}

/// The reverse of [`interleave3`].
pub fn deinterleave3(isa: Isa, rgb: &[u8], r: &mut [u8], g: &mut [u8], b: &mut [u8]) {
    let n = r.len().min(g.len()).min(b.len()).min(rgb.len() / 3);
    let (rgb, r, g, b) = (&rgb[..n * 3], &mut r[..n], &mut g[..n], &mut b[..n]);
    #[cfg(target_arch = "x86_64")]
    {
        if isa.has_vbmi() {
            // SAFETY: `has_vbmi` is true only on a processor with every feature the function names.
            return unsafe { x86::deinterleave_vbmi(rgb, r, g, b) };
        }
        if isa.has_avx2() {
            // SAFETY: `has_avx2` is true only on a processor with AVX2.
            return unsafe { x86::deinterleave_avx2(rgb, r, g, b) };
        }
    }
    let _ = isa;
    deinterleave_plain(rgb, r, g, b);
}

fn interleave_plain(r: &[u8], g: &[u8], b: &[u8], out: &mut [u8]) {
    for (((o, &r), &g), &b) in out.chunks_exact_mut(3).zip(r).zip(g).zip(b) {
        o.copy_from_slice(&[r, g, b]);
    }
}

fn deinterleave_plain(rgb: &[u8], r: &mut [u8], g: &mut [u8], b: &mut [u8]) {
    for (((p, r), g), b) in rgb.chunks_exact(3).zip(r).zip(g).zip(b) {
        if let [x, y, z] = *p {
            (*r, *g, *b) = (x, y, z);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, __m512i, _mm_loadu_si128, _mm_or_si128, _mm_shuffle_epi8, _mm_storeu_si128, _mm512_loadu_si512,
        _mm512_mask_permutexvar_epi8, _mm512_permutex2var_epi8, _mm512_storeu_si512,
    };

    use super::{deinterleave_plain, interleave_plain};

    /// A shuffle that takes nothing: the top bit of an index gives zero.
    const NONE: u8 = 0x80;

    /// For output vector `v` of three, which byte of plane `p` stands at each of 16 places.
    const fn spread(v: usize, p: usize) -> [u8; 16] {
        let mut out = [NONE; 16];
        let mut i = 0;
        while i < 16 {
            let at = v * 16 + i;
            if at % 3 == p {
                out[i] = (at / 3) as u8;
            }
            i += 1;
        }
        out
    }

    /// For plane `p`, which byte of input vector `v` of three stands at each of 16 places.
    const fn collect(v: usize, p: usize) -> [u8; 16] {
        let mut out = [NONE; 16];
        let mut i = 0;
        while i < 16 {
            let at = i * 3 + p;
            if at / 16 == v {
                out[i] = (at % 16) as u8;
            }
            i += 1;
        }
        out
    }

    const SPREAD: [[[u8; 16]; 3]; 3] = [
        [spread(0, 0), spread(0, 1), spread(0, 2)],
        [spread(1, 0), spread(1, 1), spread(1, 2)],
        [spread(2, 0), spread(2, 1), spread(2, 2)],
    ];
    const COLLECT: [[[u8; 16]; 3]; 3] = [
        [collect(0, 0), collect(1, 0), collect(2, 0)],
        [collect(0, 1), collect(1, 1), collect(2, 1)],
        [collect(0, 2), collect(1, 2), collect(2, 2)],
    ];

    #[inline(always)]
    fn load16(x: &[u8; 16]) -> __m128i {
        // SAFETY: SSE2 is part of x86-64; the load takes 16 bytes of any alignment from an array of 16.
        unsafe { _mm_loadu_si128(x.as_ptr().cast()) }
    }

    /// # Safety
    /// The processor has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn interleave_avx2(r: &[u8], g: &[u8], b: &[u8], out: &mut [u8]) {
        let blocks = r.len() / 16;
        for i in 0..blocks {
            let at = i * 16;
            // The block lies inside: `at + 16 <= blocks * 16 <= r.len()`, the lengths are equal.
            let planes: [&[u8; 16]; 3] = match (r[at..].first_chunk(), g[at..].first_chunk(), b[at..].first_chunk()) {
                (Some(r), Some(g), Some(b)) => [r, g, b],
                _ => return,
            };
            for (v, masks) in SPREAD.iter().enumerate() {
                let mut sum = _mm_shuffle_epi8(load16(planes[0]), load16(&masks[0]));
                sum = _mm_or_si128(sum, _mm_shuffle_epi8(load16(planes[1]), load16(&masks[1])));
                sum = _mm_or_si128(sum, _mm_shuffle_epi8(load16(planes[2]), load16(&masks[2])));
                let place = &mut out[at * 3 + v * 16..at * 3 + v * 16 + 16];
                // SAFETY: `place` has 16 bytes; the store has no alignment needs.
                unsafe { _mm_storeu_si128(place.as_mut_ptr().cast(), sum) };
            }
        }
        let done = blocks * 16;
        interleave_plain(&r[done..], &g[done..], &b[done..], &mut out[done * 3..]);
    }

    /// # Safety
    /// The processor has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn deinterleave_avx2(rgb: &[u8], r: &mut [u8], g: &mut [u8], b: &mut [u8]) {
        let blocks = r.len() / 16;
        for i in 0..blocks {
            let at = i * 48;
            let input = [0, 16, 32].map(|o| rgb[at + o..].first_chunk::<16>());
            let [Some(x), Some(y), Some(z)] = input else { return };
            for (masks, plane) in COLLECT.iter().zip([&mut *r, &mut *g, &mut *b]) {
                let mut sum = _mm_shuffle_epi8(load16(x), load16(&masks[0]));
                sum = _mm_or_si128(sum, _mm_shuffle_epi8(load16(y), load16(&masks[1])));
                sum = _mm_or_si128(sum, _mm_shuffle_epi8(load16(z), load16(&masks[2])));
                let place = &mut plane[i * 16..i * 16 + 16];
                // SAFETY: `place` has 16 bytes; the store has no alignment needs.
                unsafe { _mm_storeu_si128(place.as_mut_ptr().cast(), sum) };
            }
        }
        let done = blocks * 16;
        deinterleave_plain(&rgb[done * 3..], &mut r[done..], &mut g[done..], &mut b[done..]);
    }

    /// For output vector `v`: places in r (0…63) and g (64…127), and in b; with the mask of b's.
    const fn spread64(v: usize) -> ([u8; 64], [u8; 64], u64) {
        let (mut rg, mut b, mut mask) = ([0u8; 64], [0u8; 64], 0u64);
        let mut i = 0;
        while i < 64 {
            let at = v * 64 + i;
            let place = (at / 3) as u8;
            match at % 3 {
                0 => rg[i] = place,
                1 => rg[i] = place | 64,
                _ => {
                    b[i] = place;
                    mask |= 1 << i;
                }
            }
            i += 1;
        }
        (rg, b, mask)
    }

    /// For plane `p`: places in the first two input vectors, and in the third; with the mask of the third's.
    const fn collect64(p: usize) -> ([u8; 64], [u8; 64], u64) {
        let (mut first, mut third, mut mask) = ([0u8; 64], [0u8; 64], 0u64);
        let mut i = 0;
        while i < 64 {
            let at = i * 3 + p;
            if at < 128 {
                first[i] = at as u8;
            } else {
                third[i] = (at - 128) as u8;
                mask |= 1 << i;
            }
            i += 1;
        }
        (first, third, mask)
    }

    const SPREAD64: [([u8; 64], [u8; 64], u64); 3] = [spread64(0), spread64(1), spread64(2)];
    const COLLECT64: [([u8; 64], [u8; 64], u64); 3] = [collect64(0), collect64(1), collect64(2)];

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load64(x: &[u8; 64]) -> __m512i {
        // SAFETY: the load takes 64 bytes of any alignment from an array of 64.
        unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
    }

    /// # Safety
    /// The processor has AVX-512 F, BW and VBMI.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn interleave_vbmi(r: &[u8], g: &[u8], b: &[u8], out: &mut [u8]) {
        let blocks = r.len() / 64;
        for i in 0..blocks {
            let at = i * 64;
            let (Some(r), Some(g), Some(b)) = (r[at..].first_chunk(), g[at..].first_chunk(), b[at..].first_chunk())
            else {
                return;
            };
            let (r, g, b) = (load64(r), load64(g), load64(b));
            for (v, (rg, third, mask)) in SPREAD64.iter().enumerate() {
                let both = _mm512_permutex2var_epi8(r, load64(rg), g);
                let all = _mm512_mask_permutexvar_epi8(both, *mask, load64(third), b);
                let place = &mut out[at * 3 + v * 64..at * 3 + v * 64 + 64];
                // SAFETY: `place` has 64 bytes; the store has no alignment needs.
                unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), all) };
            }
        }
        let done = blocks * 64;
        interleave_plain(&r[done..], &g[done..], &b[done..], &mut out[done * 3..]);
    }

    /// # Safety
    /// The processor has AVX-512 F, BW and VBMI.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn deinterleave_vbmi(rgb: &[u8], r: &mut [u8], g: &mut [u8], b: &mut [u8]) {
        let blocks = r.len() / 64;
        for i in 0..blocks {
            let at = i * 192;
            let (Some(x), Some(y), Some(z)) =
                (rgb[at..].first_chunk(), rgb[at + 64..].first_chunk(), rgb[at + 128..].first_chunk())
            else {
                return;
            };
            let (x, y, z) = (load64(x), load64(y), load64(z));
            for ((first, third, mask), plane) in COLLECT64.iter().zip([&mut *r, &mut *g, &mut *b]) {
                let two = _mm512_permutex2var_epi8(x, load64(first), y);
                let all = _mm512_mask_permutexvar_epi8(two, *mask, load64(third), z);
                let place = &mut plane[i * 64..i * 64 + 64];
                // SAFETY: `place` has 64 bytes; the store has no alignment needs.
                unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), all) };
            }
        }
        let done = blocks * 64;
        deinterleave_plain(&rgb[done * 3..], &mut r[done..], &mut g[done..], &mut b[done..]);
    }
}

#[cfg(test)]
mod tests {
    use super::{deinterleave3, interleave3};
    use crate::isa::Isa;

    #[test]
    fn every_level_and_length_there_and_back() {
        for isa in Isa::available() {
            for n in 0..200usize {
                let plane = |k: usize| -> Vec<u8> { (0..n).map(|i| (i * 7 + k * 85) as u8).collect() };
                let (r, g, b) = (plane(0), plane(1), plane(2));
                // A poisoned border behind the end must stay as it is.
                let mut out = vec![0xEE; n * 3 + 70];
                interleave3(isa, &r, &g, &b, &mut out[..n * 3]);
                let want: Vec<u8> = (0..n).flat_map(|i| [r[i], g[i], b[i]]).collect();
                assert_eq!(out[..n * 3], want, "{} {n}", isa.name());
                assert!(out[n * 3..].iter().all(|&x| x == 0xEE));
                let mut back = [vec![0xEE; n + 70], vec![0xEE; n + 70], vec![0xEE; n + 70]];
                let [x, y, z] = &mut back;
                deinterleave3(isa, &want, &mut x[..n], &mut y[..n], &mut z[..n]);
                for (got, want) in back.iter().zip([&r, &g, &b]) {
                    assert_eq!(&got[..n], want.as_slice(), "{} {n}", isa.name());
                    assert!(got[n..].iter().all(|&x| x == 0xEE));
                }
            }
        }
    }
}
