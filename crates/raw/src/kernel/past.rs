//! Stores past the caches, for results that are longer than those and not read soon: memory is not
//! read before it is written, and what is in the caches stays there.

use crate::isa::Isa;

/// Holds until all that was stored past the caches can be seen by other threads. Stores of this kind
/// are not kept in order with others: whoever is handed the memory must not be handed it before.
struct Fence;

impl Drop for Fence {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every x86-64 processor has it.
        unsafe {
            std::arch::x86_64::_mm_sfence();
        }
    }
}

/// Fills `out` a piece as long as `scratch` at a time (the last one may be shorter): `make` is given
/// where the piece begins in `out` and writes it to `scratch`, from where it is copied past the
/// caches. All can be seen by every thread when this returns. Nothing is done without scratch.
///
/// # Errors
/// The first of `make`.
pub fn fill<E>(
    isa: Isa,
    out: &mut [u8],
    scratch: &mut [u8],
    mut make: impl FnMut(usize, &mut [u8]) -> Result<(), E>,
) -> Result<(), E> {
    if scratch.is_empty() {
        return Ok(());
    }
    let _fence = Fence;
    let step = scratch.len();
    for (n, out) in out.chunks_mut(step).enumerate() {
        let piece = &mut scratch[..out.len()];
        make(n * step, piece)?;
        copy(isa, piece, out);
    }
    Ok(())
}

#[cfg(not(target_arch = "x86_64"))]
fn copy(_: Isa, x: &[u8], out: &mut [u8]) {
    out.copy_from_slice(x);
}

/// Bytes of a line of the caches, which is written past them only as a whole.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

#[cfg(target_arch = "x86_64")]
fn copy(isa: Isa, x: &[u8], out: &mut [u8]) {
    let head = out.as_ptr().align_offset(LINE).min(out.len());
    let (x_head, x) = x.split_at(head);
    let (out_head, out) = out.split_at_mut(head);
    out_head.copy_from_slice(x_head);
    let (x, x_rest) = x.as_chunks();
    let (out, out_rest) = out.as_chunks_mut();
    out_rest.copy_from_slice(x_rest);
    if isa.has_avx512() {
        // SAFETY: an Isa of this level exists only if the CPU has it; lines begin after `head`, so
        // they are aligned.
        unsafe { copy_lines_512(x, out) }
    } else {
        // SAFETY: lines are aligned, as above.
        unsafe { copy_lines(x, out) }
    }
}

/// # Safety
/// `out` must begin at a multiple of 64 bytes.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn copy_lines_512(x: &[[u8; LINE]], out: &mut [[u8; LINE]]) {
    use std::arch::x86_64::{_mm512_loadu_si512, _mm512_stream_si512};
    for (x, out) in x.iter().zip(out) {
        // SAFETY: both have 64 bytes; `out` is aligned, which the caller vouches for.
        unsafe { _mm512_stream_si512(out.as_mut_ptr().cast(), _mm512_loadu_si512(x.as_ptr().cast())) }
    }
}

/// # Safety
/// `out` must begin at a multiple of 64 bytes.
#[cfg(target_arch = "x86_64")]
unsafe fn copy_lines(x: &[[u8; LINE]], out: &mut [[u8; LINE]]) {
    use std::arch::x86_64::{_mm_loadu_si128, _mm_stream_si128};
    for (x, out) in x.iter().zip(out) {
        for at in (0..LINE).step_by(16) {
            // SAFETY: both have 64 bytes, 16 of them from `at` on; `out` is aligned, which the caller
            // vouches for.
            unsafe { _mm_stream_si128(out.as_mut_ptr().add(at).cast(), _mm_loadu_si128(x.as_ptr().add(at).cast())) }
        }
    }
}
