//! A single value of any element type, kept as bits so that plans can hash and compare it.

use std::fmt;

use opusclip_raw::DType;

/// One element: its type and its bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scalar {
    /// Element type.
    pub dtype: DType,
    bits: u64,
}

impl Scalar {
    /// The value of a weak Python-like float in `dtype`; integers truncate, as `astype` does.
    pub fn from_f64(dtype: DType, v: f64) -> Self {
        let bits = match dtype {
            DType::Bool => u64::from(v != 0.0),
            DType::F32 => u64::from((v as f32).to_bits()),
            DType::F64 => v.to_bits(),
            _ => return Self::from_i128(dtype, v as i128),
        };
        Scalar { dtype, bits }
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
            DType::F32 => u64::from((v as f32).to_bits()),
            DType::F64 => (v as f64).to_bits(),
        };
        Scalar { dtype, bits }
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        match self.dtype {
            DType::F32 => f64::from(f32::from_bits(self.bits as u32)),
            DType::F64 => f64::from_bits(self.bits),
            DType::U64 => self.bits as f64,
            _ => self.bits as i64 as f64,
        }
    }

    /// The value as an integer; floats truncate.
    pub fn to_i128(self) -> i128 {
        match self.dtype {
            DType::F32 | DType::F64 => self.to_f64() as i128,
            DType::U64 => i128::from(self.bits),
            _ => i128::from(self.bits as i64),
        }
    }

    /// The element's bytes, native order, `dtype.size()` of them.
    pub fn bytes(self) -> Vec<u8> {
        let mut bytes = self.bits.to_le_bytes()[..self.dtype.size()].to_vec();
        if cfg!(target_endian = "big") {
            bytes.reverse();
        }
        bytes
    }

    /// Reads the element from its bytes, native order.
    pub fn from_bytes(dtype: DType, bytes: &[u8]) -> Self {
        let mut b = [0u8; 8];
        let n = dtype.size().min(bytes.len());
        b[..n].copy_from_slice(&bytes[..n]);
        if cfg!(target_endian = "big") {
            b[..n].reverse();
        }
        let raw = u64::from_le_bytes(b);
        // Signed values are kept sign-extended.
        let bits = match dtype {
            DType::I8 => raw as i8 as u64,
            DType::I16 => raw as i16 as u64,
            DType::I32 => raw as i32 as u64,
            _ => raw,
        };
        Scalar { dtype, bits }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dtype {
            DType::Bool => f.write_str(if self.bits != 0 { "true" } else { "false" }),
            DType::F32 => write!(f, "{:?}", f32::from_bits(self.bits as u32)),
            DType::F64 => write!(f, "{:?}", f64::from_bits(self.bits)),
            _ => write!(f, "{}", self.to_i128()),
        }
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}{}", self.dtype.short())
    }
}
