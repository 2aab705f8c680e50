//! Every n-th element, as one channel lies among the others of its pixels.

use crate::isa::{Isa, Stamp};

struct Every<'a, const N: usize, const S: usize>(&'a [[u8; N]], &'a mut [[u8; N]]);

impl<const N: usize, const S: usize> Stamp for Every<'_, N, S> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for (o, x) in self.1.iter_mut().zip(self.0.as_chunks::<S>().0) {
            *o = x[0];
        }
    }
}

/// `out[i] = x[i * step]` for as many elements of `N` bytes as both have.
pub fn every<const N: usize>(isa: Isa, x: &[[u8; N]], step: usize, out: &mut [[u8; N]]) {
    let n = out.len().min(x.len().div_ceil(step.max(1)));
    let out = &mut out[..n];
    // The last one may have no whole step behind it.
    let done = match step {
        2 => whole::<N, 2>(isa, x, out),
        3 => whole::<N, 3>(isa, x, out),
        4 => whole::<N, 4>(isa, x, out),
        _ => 0,
    };
    let rest = x.get(done * step..).unwrap_or(&[]);
    for (o, x) in out[done..].iter_mut().zip(rest.chunks(step.max(1))) {
        *o = x[0];
    }
}

/// The elements behind which a whole step lies; how many they are.
fn whole<const N: usize, const S: usize>(isa: Isa, x: &[[u8; N]], out: &mut [[u8; N]]) -> usize {
    isa.stamp(Every::<N, S>(x, out));
    out.len().min(x.len() / S)
}
