//! Normal and exponential numbers by ziggurat (Marsaglia and Tsang, "The ziggurat method for
//! generating random variables", 2000), in NumPy's arrangement of the bits.
//!
//! About 99 of 100 draws are one word, one product and one comparison. The rest asks `exp`, whose
//! last bit matters once in 10^15 tests; numbers in the tail come out of `log1p` and may differ
//! from NumPy's in the last bit, in about one of 1000 (NumPy asks the system's library).

use opusclip_raw::kernel::math::{exp_f32, exp_f64, log1p_f64};

use super::pcg::Pcg64;
use super::tables::{
    EXP_F_F32, EXP_F_F64, EXP_K_F32, EXP_K_F64, EXP_W_F32, EXP_W_F64, NORMAL_F_F32, NORMAL_F_F64, NORMAL_K_F32,
    NORMAL_K_F64, NORMAL_W_F32, NORMAL_W_F64,
};

/// Where the normal's tail begins.
const NORMAL_R: f64 = 3.654_152_885_361_009;
const NORMAL_INV_R: f64 = 0.273_661_237_329_758_3;
/// Where the exponential's tail begins.
const EXP_R: f64 = 7.697_117_470_131_05;

/// The density at the bottom and at the top of a layer that is not the lowest.
#[inline(always)]
fn span64(table: &[u64; 256], layer: u8) -> (f64, f64) {
    let low = f64::from_bits(table[usize::from(layer)]);
    (low, f64::from_bits(table[usize::from(layer.wrapping_sub(1))]) - low)
}

#[inline(always)]
fn span32(table: &[u32; 256], layer: u8) -> (f32, f32) {
    let low = f32::from_bits(table[usize::from(layer)]);
    (low, f32::from_bits(table[usize::from(layer.wrapping_sub(1))]) - low)
}

/// A standard normal number; one word in 99.3 of 100 cases.
#[inline(always)]
pub(super) fn normal_f64(g: &mut Pcg64) -> f64 {
    let word = g.next_u64();
    let layer = word as u8;
    let size = (word >> 9) & 0x000f_ffff_ffff_ffff;
    let x = size as f64 * f64::from_bits(NORMAL_W_F64[usize::from(layer)]);
    let x = if word & 0x100 != 0 { -x } else { x };
    if size < NORMAL_K_F64[usize::from(layer)] { x } else { normal_f64_rest(g, layer, size, x) }
}

#[cold]
#[inline(never)]
fn normal_f64_rest(g: &mut Pcg64, layer: u8, size: u64, x: f64) -> f64 {
    if layer == 0 {
        loop {
            let x = -NORMAL_INV_R * log1p_f64(-g.next_f64());
            let y = -log1p_f64(-g.next_f64());
            if y + y > x * x {
                return if size & 0x100 != 0 { -(NORMAL_R + x) } else { NORMAL_R + x };
            }
        }
    }
    let (low, rise) = span64(&NORMAL_F_F64, layer);
    if rise * g.next_f64() + low < exp_f64(-0.5 * x * x) { x } else { normal_f64(g) }
}

/// The same in single precision, from half a word.
#[inline(always)]
pub(super) fn normal_f32(g: &mut Pcg64) -> f32 {
    let word = g.next_u32();
    let layer = word as u8;
    let size = word >> 9;
    let x = size as f32 * f32::from_bits(NORMAL_W_F32[usize::from(layer)]);
    let x = if word & 0x100 != 0 { -x } else { x };
    if size < NORMAL_K_F32[usize::from(layer)] { x } else { normal_f32_rest(g, layer, size, x) }
}

#[cold]
#[inline(never)]
fn normal_f32_rest(g: &mut Pcg64, layer: u8, size: u32, x: f32) -> f32 {
    if layer == 0 {
        loop {
            let x = -(NORMAL_INV_R as f32) * libm::log1pf(-g.next_f32());
            let y = -libm::log1pf(-g.next_f32());
            if y + y > x * x {
                let x = NORMAL_R as f32 + x;
                return if size & 0x100 != 0 { -x } else { x };
            }
        }
    }
    let (low, rise) = span32(&NORMAL_F_F32, layer);
    let x64 = f64::from(x);
    if f64::from(rise * g.next_f32() + low) < exp_f64(-0.5 * x64 * x64) { x } else { normal_f32(g) }
}

/// A standard exponential number; one word in 98.9 of 100 cases.
#[inline(always)]
pub(super) fn exponential_f64(g: &mut Pcg64) -> f64 {
    let word = g.next_u64() >> 3;
    let layer = word as u8;
    let size = word >> 8;
    let x = size as f64 * f64::from_bits(EXP_W_F64[usize::from(layer)]);
    if size < EXP_K_F64[usize::from(layer)] { x } else { exponential_f64_rest(g, layer, x) }
}

#[cold]
#[inline(never)]
fn exponential_f64_rest(g: &mut Pcg64, layer: u8, x: f64) -> f64 {
    if layer == 0 {
        return EXP_R - log1p_f64(-g.next_f64());
    }
    let (low, rise) = span64(&EXP_F_F64, layer);
    if rise * g.next_f64() + low < exp_f64(-x) { x } else { exponential_f64(g) }
}

/// The same in single precision, from half a word.
#[inline(always)]
pub(super) fn exponential_f32(g: &mut Pcg64) -> f32 {
    let word = g.next_u32() >> 1;
    let layer = word as u8;
    let size = word >> 8;
    let x = size as f32 * f32::from_bits(EXP_W_F32[usize::from(layer)]);
    if size < EXP_K_F32[usize::from(layer)] { x } else { exponential_f32_rest(g, layer, x) }
}

#[cold]
#[inline(never)]
fn exponential_f32_rest(g: &mut Pcg64, layer: u8, x: f32) -> f32 {
    if layer == 0 {
        return EXP_R as f32 - libm::log1pf(-g.next_f32());
    }
    let (low, rise) = span32(&EXP_F_F32, layer);
    if rise * g.next_f32() + low < exp_f32(-x) { x } else { exponential_f32(g) }
}
