//! One closure over whole slices: the loop behind every element-wise op.

use crate::dtype::Element;
use crate::isa::{Isa, Stamp};

struct Map1<'a, A, R, F>(&'a [A], &'a mut [R], F);

impl<A: Element, R: Element, F: Fn(A) -> R + Copy> Stamp for Map1<'_, A, R, F> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        let f = self.2;
        for (o, &x) in self.1.iter_mut().zip(self.0) {
            *o = f(x);
        }
    }
}

struct Map2<'a, A, B, R, F>(&'a [A], &'a [B], &'a mut [R], F);

impl<A: Element, B: Element, R: Element, F: Fn(A, B) -> R + Copy> Stamp for Map2<'_, A, B, R, F> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        let f = self.3;
        for ((o, &x), &y) in self.2.iter_mut().zip(self.0).zip(self.1) {
            *o = f(x, y);
        }
    }
}

struct Map3<'a, A, B, C, R, F>(&'a [A], &'a [B], &'a [C], &'a mut [R], F);

impl<A: Element, B: Element, C: Element, R: Element, F: Fn(A, B, C) -> R + Copy> Stamp for Map3<'_, A, B, C, R, F> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        let f = self.4;
        for (((o, &x), &y), &z) in self.3.iter_mut().zip(self.0).zip(self.1).zip(self.2) {
            *o = f(x, y, z);
        }
    }
}

impl Isa {
    /// `out[i] = f(x[i])` for as many elements as both have. A closure that is large says
    /// `#[inline(always)]` before its bars, or it may stay a call per element.
    pub fn map1<A: Element, R: Element>(self, x: &[A], out: &mut [R], f: impl Fn(A) -> R + Copy) {
        self.stamp(Map1(x, out, f));
    }

    /// `out[i] = f(x[i], y[i])` for as many elements as all three have.
    pub fn map2<A: Element, B: Element, R: Element>(
        self,
        x: &[A],
        y: &[B],
        out: &mut [R],
        f: impl Fn(A, B) -> R + Copy,
    ) {
        self.stamp(Map2(x, y, out, f));
    }

    /// `out[i] = f(x[i], y[i], z[i])` for as many elements as all four have.
    pub fn map3<A: Element, B: Element, C: Element, R: Element>(
        self,
        x: &[A],
        y: &[B],
        z: &[C],
        out: &mut [R],
        f: impl Fn(A, B, C) -> R + Copy,
    ) {
        self.stamp(Map3(x, y, z, out, f));
    }
}

/// `out[i] = f(x[i])`, compiled once and not once per instruction set: for functions that are calls
/// anyway, which gain nothing from wider registers and would only take longer to build.
pub fn each1<A: Element, R: Element>(x: &[A], out: &mut [R], f: impl Fn(A) -> R) {
    for (o, &x) in out.iter_mut().zip(x) {
        *o = f(x);
    }
}

/// `out[i] = f(x[i], y[i])`, as [`each1`].
pub fn each2<A: Element, B: Element, R: Element>(x: &[A], y: &[B], out: &mut [R], f: impl Fn(A, B) -> R) {
    for ((o, &x), &y) in out.iter_mut().zip(x).zip(y) {
        *o = f(x, y);
    }
}
