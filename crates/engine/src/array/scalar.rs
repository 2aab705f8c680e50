//! A single value of any element type, kept as bits so that plans can hash and compare it.

use std::fmt;

use opusclip_raw::{BF16, DType, F16};

/// One element: its type and its bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scalar {
    /// Element type.
    pub dtype: DType,
    bits: u64,
    /// Bits of the imaginary part; 0 for real types.
    imaginary: u64,
}

impl Scalar {
    fn real(dtype: DType, bits: u64) -> Self {
        Scalar { dtype, bits, imaginary: 0 }
    }

    /// The value of a weak Python-like float in `dtype`; integers truncate, as `astype` does.
    pub fn from_f64(dtype: DType, v: f64) -> Self {
        let bits = match dtype {
            DType::Bool => u64::from(v != 0.0),
            DType::F16 => u64::from(F16::from_f64(v).to_bits()),
            DType::BF16 => u64::from(BF16::from_f32(v as f32).to_bits()),
            DType::F32 => u64::from((v as f32).to_bits()),
            DType::F64 => v.to_bits(),
            DType::C64 | DType::C128 => return Self::from_parts(dtype, v, 0.0),
            _ => return Self::from_i128(dtype, v as i128),
        };
        Self::real(dtype, bits)
    }

    /// A complex value; a real `dtype` keeps the real part, `bool` is whether a part is not 0.
    pub fn from_parts(dtype: DType, re: f64, im: f64) -> Self {
        match dtype {
            DType::C64 | DType::C128 => {
                let part = |v| Self::from_f64(dtype.real(), v).bits;
                Scalar { dtype, bits: part(re), imaginary: part(im) }
            }
            DType::Bool => Self::from_i128(dtype, (re != 0.0 || im != 0.0).into()),
            _ => Self::from_f64(dtype, re),
        }
    }

    /// An integer in `dtype`; wraps where it does not fit.
    pub fn from_i128(dtype: DType, v: i128) -> Self {
        let bits = match dtype {
            DType::Bool => u64::from(v != 0),
            DType::U8 => u64::from(v as u8),
            DType::I8 => v as i8 as u64,
            DType::U16 => u64::from(v as u16),
            DType::I16 => v as i16 as u64,
            DType::U32 => u64::from(v as u32),
            DType::I32 => v as i32 as u64,
            DType::U64 => v as u64,
            DType::I64 => v as i64 as u64,
            DType::F16 => u64::from(F16::from_f32(v as f32).to_bits()),
            DType::BF16 => u64::from(BF16::from_f32(v as f32).to_bits()),
            DType::F32 | DType::C64 => u64::from((v as f32).to_bits()),
            DType::F64 | DType::C128 => (v as f64).to_bits(),
        };
        Self::real(dtype, bits)
    }

    /// The nearest `f64`; of a complex value the real part.
    pub fn to_f64(self) -> f64 {
        match self.dtype {
            DType::F16 => F16::from_bits(self.bits as u16).into(),
            DType::BF16 => BF16::from_bits(self.bits as u16).into(),
            DType::F32 | DType::C64 => f64::from(f32::from_bits(self.bits as u32)),
            DType::F64 | DType::C128 => f64::from_bits(self.bits),
            DType::U64 => self.bits as f64,
            _ => self.bits as i64 as f64,
        }
    }

    /// The real and the imaginary part, which is 0 for real types.
    pub fn to_parts(self) -> (f64, f64) {
        let (re, im) = self.parts();
        (re.to_f64(), im.to_f64())
    }

    /// Both parts in the type of the parts.
    fn parts(self) -> (Scalar, Scalar) {
        let part = self.dtype.real();
        (Self::real(part, self.bits), Self::real(part, self.imaginary))
    }

    /// The value as an integer; floats truncate, complex values lose the imaginary part.
    pub fn to_i128(self) -> i128 {
        match self.dtype {
            DType::U64 => i128::from(self.bits),
            d if d.is_float() || d.is_complex() => self.to_f64() as i128,
            _ => i128::from(self.bits as i64),
        }
    }

    /// True for NaN, and for a complex value with a NaN part.
    pub fn is_nan(self) -> bool {
        let (re, im) = self.to_parts();
        re.is_nan() || im.is_nan()
    }

    /// The element's bytes, native order, `dtype.size()` of them.
    pub fn bytes(self) -> Vec<u8> {
        let mut bytes = vec![0; self.dtype.size()];
        self.write_to(&mut bytes);
        bytes
    }

    /// Writes the same bytes to `out`, which has room for just them.
    pub fn write_to(self, out: &mut [u8]) {
        let parts = out.chunks_mut(self.dtype.real().size()).zip([self.bits, self.imaginary]);
        for (out, bits) in parts {
            let n = out.len().min(8);
            out[..n].copy_from_slice(&bits.to_le_bytes()[..n]);
            if cfg!(target_endian = "big") {
                out.reverse();
            }
        }
    }

    /// Reads the element from its bytes, native order.
    pub fn from_bytes(dtype: DType, bytes: &[u8]) -> Self {
        let size = dtype.real().size();
        let read = |bytes: &[u8]| {
            let mut b = [0u8; 8];
            let n = size.min(bytes.len());
            b[..n].copy_from_slice(&bytes[..n]);
            if cfg!(target_endian = "big") {
                b[..n].reverse();
            }
            u64::from_le_bytes(b)
        };
        let raw = read(bytes);
        // Signed values are kept sign-extended.
        let bits = match dtype {
            DType::I8 => raw as i8 as u64,
            DType::I16 => raw as i16 as u64,
            DType::I32 => raw as i32 as u64,
            _ => raw,
        };
        let imaginary = if dtype.is_complex() { read(bytes.get(size..).unwrap_or(&[])) } else { 0 };
        Scalar { dtype, bits, imaginary }
    }
}

/// A part of a complex value as Python writes it: without `.0`, NaN as `nan`.
fn part(v: Scalar) -> String {
    let text = v.to_string();
    text.strip_suffix(".0").unwrap_or(&text).to_lowercase()
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dtype {
            DType::Bool => f.write_str(if self.bits != 0 { "true" } else { "false" }),
            DType::F16 => write!(f, "{}", F16::from_bits(self.bits as u16)),
            DType::BF16 => write!(f, "{}", BF16::from_bits(self.bits as u16)),
            DType::F32 => write!(f, "{:?}", f32::from_bits(self.bits as u32)),
            DType::F64 => write!(f, "{:?}", f64::from_bits(self.bits)),
            DType::C64 | DType::C128 => {
                let (re, im) = self.parts();
                let (re_text, im_text) = (part(re), part(im));
                // A real part of +0 is not written.
                if re.bits == 0 {
                    return write!(f, "{im_text}j");
                }
                let plus = if im_text.starts_with('-') { "" } else { "+" };
                write!(f, "({re_text}{plus}{im_text}j)")
            }
            _ => write!(f, "{}", self.to_i128()),
        }
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}{}", self.dtype.short())
    }
}
