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

/// Writes each element as often as `F` says.
struct Repeat<'a, T, const F: usize>(&'a [T], &'a mut [T]);

impl<T: Copy, const F: usize> Stamp for Repeat<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for (group, &x) in self.1.as_chunks_mut::<F>().0.iter_mut().zip(self.0) {
            *group = [x; F];
        }
    }
}

/// Fills `out` with each of `x` so many times, as long as both go; what is left of `out` that is no
/// whole group stays.
pub fn repeat<T: Copy>(isa: Isa, x: &[T], times: usize, out: &mut [T]) {
    match times {
        2 => isa.stamp(Repeat::<T, 2>(x, out)),
        3 => isa.stamp(Repeat::<T, 3>(x, out)),
        4 => isa.stamp(Repeat::<T, 4>(x, out)),
        _ => {
            for (group, &x) in out.chunks_exact_mut(times.max(1)).zip(x) {
                group.fill(x);
            }
        }
    }
}
