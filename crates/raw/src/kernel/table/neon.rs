//! The table in four groups of four registers.

use crate::buffer::as_bytes;
use crate::dtype::Element;
use std::arch::aarch64::*;

/// A table of 256 bytes in registers.
type Table = [uint8x16x4_t; 4];

#[target_feature(enable = "neon")]
#[inline]
fn load(table: &[u8; 256]) -> Table {
    let parts = table.as_chunks::<64>().0;
    // SAFETY: each part has 64 bytes.
    std::array::from_fn(|k| unsafe { vld1q_u8_x4(parts[k].as_ptr()) })
}

/// 16 look-ups: an index beyond its 64 entries leaves what was found before.
#[target_feature(enable = "neon")]
#[inline]
fn lookup(t: &Table, x: uint8x16_t) -> uint8x16_t {
    let found = vqtbl4q_u8(t[0], x);
    let found = vqtbx4q_u8(found, t[1], vsubq_u8(x, vdupq_n_u8(64)));
    let found = vqtbx4q_u8(found, t[2], vsubq_u8(x, vdupq_n_u8(128)));
    vqtbx4q_u8(found, t[3], vsubq_u8(x, vdupq_n_u8(192)))
}

/// Entries of one byte; how many elements are done. Nothing is done for entries of another size.
#[target_feature(enable = "neon")]
pub(super) fn bytes<R: Element>(x: &[u8], table: &[R; 256], out: &mut [R]) -> usize {
    let Ok(bytes) = as_bytes(table).try_into() else { return 0 };
    let t = load(bytes);
    let whole = x.len().min(out.len()) / 16;
    for i in 0..whole {
        // SAFETY: 16 * i + 16 <= x.len() and out.len(), entries have one byte, and every bit pattern
        // written is that of a table entry.
        unsafe {
            let v = vld1q_u8(x.as_ptr().add(16 * i));
            vst1q_u8(out.as_mut_ptr().add(16 * i).cast(), lookup(&t, v));
        }
    }
    16 * whole
}

/// Entries of two bytes, each byte with a table of its own; as above.
#[target_feature(enable = "neon")]
pub(super) fn pairs<R: Element>(x: &[u8], table: &[R; 256], out: &mut [R]) -> usize {
    if size_of::<R>() != 2 {
        return 0;
    }
    let bytes = as_bytes(table);
    let plane = |p: usize| std::array::from_fn::<u8, 256, _>(|v| bytes[2 * v + p]);
    let t = [load(&plane(0)), load(&plane(1))];
    let whole = x.len().min(out.len()) / 16;
    for i in 0..whole {
        // SAFETY: 16 * i + 16 <= x.len() and out.len(), entries have two bytes, and every bit pattern
        // written is that of a table entry.
        unsafe {
            let v = vld1q_u8(x.as_ptr().add(16 * i));
            let both = uint8x16x2_t(lookup(&t[0], v), lookup(&t[1], v));
            vst2q_u8(out.as_mut_ptr().add(16 * i).cast(), both);
        }
    }
    16 * whole
}
