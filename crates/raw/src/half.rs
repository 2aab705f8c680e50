//! The two 16-bit floats. They are storage: arithmetic is done in `f32` and rounded back.
//!
//! The conversions are whole-number arithmetic and selects without a branch, so that they
//! vectorise inside a map on every instruction set and give the same bits on each.

use std::fmt;

/// `float16`: IEEE 754 binary16, 11 significant bits, largest value 65504.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct F16(u16);

/// `bfloat16`: the upper half of a `f32`, 8 significant bits and `f32`'s range.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct BF16(u16);

impl F16 {
    /// The number with these bits.
    pub const fn from_bits(bits: u16) -> F16 {
        F16(bits)
    }

    /// Its bits.
    pub const fn to_bits(self) -> u16 {
        self.0
    }

    /// The same number as `f32`; exact, and a NaN keeps its payload.
    #[inline(always)]
    pub fn to_f32(self) -> f32 {
        let h = u32::from(self.0);
        let low = (h & 0x7fff) << 13;
        let exponent = low & (0x1f << 23);
        // Bias 15 becomes 127; infinity and NaN go up to the last exponent.
        let normal = low + (112 << 23);
        let odd = low + (224 << 23);
        // Below 2^-14: the fraction of 2^-14 without its hidden bit.
        let small = (f32::from_bits(low + (113 << 23)) - f32::from_bits(113 << 23)).to_bits();
        let y = if exponent == 0x1f << 23 { odd } else { normal };
        let y = if exponent == 0 { small } else { y };
        f32::from_bits(y | (h & 0x8000) << 16)
    }

    /// The nearest `float16`, halves to even; too large is infinity, NaN keeps its upper payload.
    #[inline(always)]
    pub fn from_f32(v: f32) -> F16 {
        let bits = v.to_bits();
        let sign = (bits >> 16) & 0x8000;
        let x = bits & 0x7fff_ffff;
        let normal = x.wrapping_sub(112 << 23).wrapping_add(0xfff + ((x >> 13) & 1)) >> 13;
        // Adding 0.5 puts the fraction of a number below 2^-14 into the last bits, rounded.
        let small = (f32::from_bits(x) + 0.5).to_bits().wrapping_sub(0x3f00_0000);
        let payload = (x >> 13) & 0x3ff;
        let nan = 0x7c00 | payload | u32::from(payload == 0);
        let y = if x < 113 << 23 { small } else { normal };
        let y = if x >= 143 << 23 { 0x7c00 } else { y };
        let y = if x > 255 << 23 { nan } else { y };
        F16((y | sign) as u16)
    }

    /// As [`F16::from_f32`], rounded once.
    #[inline(always)]
    pub fn from_f64(v: f64) -> F16 {
        let bits = v.to_bits();
        let sign = (bits >> 48) & 0x8000;
        let x = bits & 0x7fff_ffff_ffff_ffff;
        let normal = x.wrapping_sub(1008 << 52).wrapping_add((1 << 41) - 1 + ((x >> 42) & 1)) >> 42;
        // As above; the last bit of 2^28 is worth 2^-24, that of the smallest float16.
        let magic = 268435456.0f64;
        let small = (f64::from_bits(x) + magic).to_bits().wrapping_sub(magic.to_bits());
        let payload = (x >> 42) & 0x3ff;
        let nan = 0x7c00 | payload | u64::from(payload == 0);
        let y = if x < 1009 << 52 { small } else { normal };
        let y = if x >= 1039 << 52 { 0x7c00 } else { y };
        let y = if x > 2047 << 52 { nan } else { y };
        F16((y | sign) as u16)
    }
}

impl BF16 {
    /// The number with these bits.
    pub const fn from_bits(bits: u16) -> BF16 {
        BF16(bits)
    }

    /// Its bits.
    pub const fn to_bits(self) -> u16 {
        self.0
    }

    /// The same number as `f32`; exact, and a NaN keeps its payload.
    #[inline(always)]
    pub fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }

    /// The nearest `bfloat16`, halves to even; NaN keeps its upper payload.
    #[inline(always)]
    pub fn from_f32(v: f32) -> BF16 {
        let x = v.to_bits();
        let near = x.wrapping_add(0x7fff + ((x >> 16) & 1)) >> 16;
        let high = x >> 16;
        let nan = high | (u32::from(high & 0x7f == 0) << 6);
        BF16(if x & 0x7fff_ffff > 255 << 23 { nan } else { near } as u16)
    }
}

macro_rules! common {
    ($t:ident) => {
        impl PartialEq for $t {
            #[inline(always)]
            fn eq(&self, o: &$t) -> bool {
                self.to_f32() == o.to_f32()
            }
        }

        impl PartialOrd for $t {
            #[inline(always)]
            fn partial_cmp(&self, o: &$t) -> Option<std::cmp::Ordering> {
                self.to_f32().partial_cmp(&o.to_f32())
            }
        }

        impl From<$t> for f32 {
            fn from(v: $t) -> f32 {
                v.to_f32()
            }
        }

        impl From<$t> for f64 {
            fn from(v: $t) -> f64 {
                v.to_f32().into()
            }
        }

        impl fmt::Display for $t {
            /// The fewest digits that read back as this number: `0.1`, `65500.0`, `inf`, `NaN`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let v = self.to_f32();
                for digits in 0..5 {
                    let text = format!("{v:.digits$e}");
                    if let Ok(short) = text.parse::<f32>()
                        && $t::from_f32(short).0 == self.0
                    {
                        return write!(f, "{short:?}");
                    }
                }
                write!(f, "{v:?}")
            }
        }

        impl fmt::Debug for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}
common!(F16);
common!(BF16);
