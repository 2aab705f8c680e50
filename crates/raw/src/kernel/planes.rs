//! Exact sums over tables: how often each byte occurs, the table itself as byte planes, or as whole numbers.

use crate::isa::Isa;

/// Adds how often each value occurs in `x` to `counts`.
pub fn histogram(x: &[u8], counts: &mut [u64; 256]) {
    // Four tables in turn: equal neighbours would wait for each other's counter. What is waited for then
    // is one store for each byte, whatever the instruction set.
    // Pieces of 2^30 so that 32-bit counters hold them.
    for piece in x.chunks(1 << 30) {
        let mut part = [[0u32; 256]; 4];
        let mut quads = piece.chunks_exact(4);
        for q in &mut quads {
            for (p, &v) in part.iter_mut().zip(q) {
                p[v as usize] += 1;
            }
        }
        for &v in quads.remainder() {
            part[0][v as usize] += 1;
        }
        for (v, c) in counts.iter_mut().enumerate() {
            *c += part.iter().map(|p| u64::from(p[v])).sum::<u64>();
        }
    }
}

/// A table of 256 `f32` as fixed point: `table[v] = (bias + q[v]) * 2^exponent` exactly, with
/// `q[v]` a whole number of at most 8 bytes.
#[derive(Clone, Debug)]
pub struct PlaneTable {
    q: Box<[u64; 256]>,
    /// Bits of the largest `q`.
    bits: u32,
    /// Byte `p` of every `q`, `planes` times.
    bytes: Vec<[u8; 256]>,
    bias: i128,
    exponent: i32,
}

/// `v` as an odd whole number and an exponent of two; None if not finite; (0, 0) for zero.
fn split(v: f32) -> Option<(i128, i32)> {
    let bits = v.to_bits();
    let (field, fraction) = (bits >> 23 & 0xff, bits & 0x7f_ffff);
    let (m, e) = match field {
        0xff => return None,
        0 => (fraction, -149),
        _ => (fraction | 0x80_0000, field as i32 - 150),
    };
    if m == 0 {
        return Some((0, 0));
    }
    let z = m.trailing_zeros();
    let odd = i128::from(m >> z);
    Some((if v < 0.0 { -odd } else { odd }, e + z as i32))
}

impl PlaneTable {
    /// Prepares a table; entries that `occurs` says no byte picks are ignored and must not be
    /// picked later. None if an entry is not finite, or if the exact numbers need more than 64 bits.
    pub fn new(table: &[f32; 256], occurs: Option<&[bool; 256]>) -> Option<PlaneTable> {
        let used = |v: usize| occurs.is_none_or(|o| o[v]);
        let mut parts = [(0i128, 0i32); 256];
        let mut exponent = i32::MAX;
        for v in (0..256).filter(|&v| used(v)) {
            parts[v] = split(table[v])?;
            if parts[v].0 != 0 {
                exponent = exponent.min(parts[v].1);
            }
        }
        if exponent == i32::MAX {
            exponent = 0;
        }
        let mut whole = [0i128; 256];
        for v in (0..256).filter(|&v| used(v) && parts[v].0 != 0) {
            let shift = parts[v].1 - exponent;
            // Below 2^78, so that sums of 2^48 of them stay far inside 128 bits.
            let bits = 128 - parts[v].0.unsigned_abs().leading_zeros();
            if shift > 78 - bits as i32 {
                return None;
            }
            whole[v] = parts[v].0 << shift;
        }
        let bias = (0..256).filter(|&v| used(v)).map(|v| whole[v]).min().unwrap_or(0);
        let mut q = Box::new([0u64; 256]);
        for v in (0..256).filter(|&v| used(v)) {
            q[v] = u64::try_from(whole[v] - bias).ok()?;
        }
        let bits = 64 - q.iter().fold(0, |a, &b| a | b).leading_zeros();
        let bytes = (0..bits.div_ceil(8)).map(|p| std::array::from_fn(|v| (q[v] >> (8 * p)) as u8)).collect();
        Some(PlaneTable { q, bits, bytes, bias, exponent })
    }

    /// Byte planes that the entries need, 0 (all equal) to 8: what a sum costs by AVX-512 VBMI.
    pub fn planes(&self) -> usize {
        self.bytes.len()
    }

    /// The exact sum of `table[x[i]]`, rounded once to the nearest `f64`; the same bits on
    /// every level. An entry of -0 counts as 0.
    pub fn sum(&self, isa: Isa, x: &[u8]) -> f64 {
        let total = self.biased(isa, x) + self.bias * x.len() as i128;
        // Exact: the exponent is between -149 and 127 and the total below 2^127.
        total as f64 * f64::from_bits(((1023 + self.exponent) as u64) << 52)
    }

    fn biased(&self, isa: Isa, x: &[u8]) -> i128 {
        #[cfg(target_arch = "x86_64")]
        if isa.has_vbmi() {
            // SAFETY: the Isa says that the CPU has AVX-512 VBMI.
            return unsafe { self.biased_vbmi(x) };
        }
        let _ = isa;
        // Counters take a store for each byte, sums only loads: they are faster where 64 bits hold them.
        if self.bits <= 54 {
            let piece = 1 << (64 - self.bits).min(30);
            return x.chunks(piece).map(|x| i128::from(looked_up(x, &self.q))).sum();
        }
        let mut counts = [0u64; 256];
        histogram(x, &mut counts);
        counts.iter().zip(self.q.iter()).map(|(&c, &q)| i128::from(c) * i128::from(q)).sum()
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn biased_vbmi(&self, x: &[u8]) -> i128 {
        let mut total = 0i128;
        let mut shift = 0;
        // Four planes at a time fit in the registers with their accumulators.
        for group in self.bytes.chunks(4) {
            match group {
                [a, b, c, d] => total += vbmi::group([a, b, c, d], x) << shift,
                [a, b, c] => total += vbmi::group([a, b, c], x) << shift,
                [a, b] => total += vbmi::group([a, b], x) << shift,
                [a] => total += vbmi::group([a], x) << shift,
                _ => {}
            }
            shift += 32;
        }
        total
    }
}

/// The sum of `q[x[i]]`, which must fit 64 bits.
fn looked_up(x: &[u8], q: &[u64; 256]) -> u64 {
    let mut sums = [0u64; 4];
    let (eights, rest) = x.as_chunks::<8>();
    for e in eights {
        // Half of the bytes by a load each, half out of one load: neither loads nor shifts are waited for.
        let word = u32::from_le_bytes([e[0], e[1], e[2], e[3]]);
        for k in 0..4 {
            sums[k] += q[(word >> (8 * k)) as u8 as usize];
        }
        for k in 4..8 {
            sums[k - 4] += q[e[k] as usize];
        }
    }
    sums.iter().sum::<u64>() + rest.iter().map(|&v| q[v as usize]).sum::<u64>()
}

#[cfg(target_arch = "x86_64")]
mod vbmi {
    use crate::kernel::table::vbmi::{first, load, lookup};
    use std::arch::x86_64::*;

    /// The sum over `x` of the numbers whose bytes the `P` tables hold, lowest first.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn group<const P: usize>(tables: [&[u8; 256]; P], x: &[u8]) -> i128 {
        let zero = _mm512_setzero_si512();
        let mut t = [[zero; 4]; P];
        for (t, table) in t.iter_mut().zip(tables) {
            *t = load(table);
        }
        let mut acc = [zero; P];
        let mut chunks = x.chunks_exact(64);
        for c in &mut chunks {
            // SAFETY: the chunk has 64 bytes.
            let v = unsafe { _mm512_loadu_si512(c.as_ptr().cast()) };
            for p in 0..P {
                acc[p] = _mm512_add_epi64(acc[p], _mm512_sad_epu8(lookup(&t[p], v), zero));
            }
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mask = first(rest.len());
            // SAFETY: the mask covers just the bytes of `rest`.
            let v = unsafe { _mm512_maskz_loadu_epi8(mask, rest.as_ptr().cast()) };
            for p in 0..P {
                let found = _mm512_maskz_mov_epi8(mask, lookup(&t[p], v));
                acc[p] = _mm512_add_epi64(acc[p], _mm512_sad_epu8(found, zero));
            }
        }
        let mut total = 0i128;
        for (p, a) in acc.iter().enumerate() {
            total += i128::from(_mm512_reduce_add_epi64(*a) as u64) << (8 * p);
        }
        total
    }
}
