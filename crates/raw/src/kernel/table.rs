//! Look-ups in tables of 256 entries, one per byte.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod neon;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vbmi;

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
        // SAFETY: the Isa says that the CPU has AVX2.
        1 if isa.has_avx2() => unsafe { avx2::planes::<R, 1>(x, table, out) },
        // SAFETY: as above.
        2 if isa.has_avx2() => unsafe { avx2::planes::<R, 2>(x, table, out) },
        _ => 0,
    };
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    let done = match size_of::<R>() {
        // SAFETY: this is only compiled for CPUs that have NEON.
        1 => unsafe { neon::bytes(x, table, out) },
        // SAFETY: as above.
        2 => unsafe { neon::pairs(x, table, out) },
        _ => 0,
    };
    #[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
    let done = 0;
    let _ = isa;
    // Loads of single entries. For wider ones shuffles of AVX2 take as long, and its gathers longer.
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
