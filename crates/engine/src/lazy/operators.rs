//! `+ - * /` and unary minus on expressions, and the shapes in which axes may be written.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use super::lazy::{Lazy, Operand};
use crate::ops::{Binary, Elementwise, MathBinary, Unary};

macro_rules! operators {
    ($($trait:ident $method:ident => $op:expr),* $(,)?) => { $(
        impl<T: Into<Operand>> $trait<T> for &Lazy {
            type Output = Lazy;
            #[track_caller]
            fn $method(self, other: T) -> Lazy {
                Lazy::elementwise($op, vec![self.into(), other.into()])
            }
        }
        impl<T: Into<Operand>> $trait<T> for Lazy {
            type Output = Lazy;
            #[track_caller]
            fn $method(self, other: T) -> Lazy {
                Lazy::elementwise($op, vec![self.into(), other.into()])
            }
        }
        operators!(@left $trait $method $op; f64 i32);
    )* };
    (@left $trait:ident $method:ident $op:expr; $($t:ty)*) => { $(
        impl $trait<&Lazy> for $t {
            type Output = Lazy;
            #[track_caller]
            fn $method(self, other: &Lazy) -> Lazy {
                Lazy::elementwise($op, vec![self.into(), other.into()])
            }
        }
        impl $trait<Lazy> for $t {
            type Output = Lazy;
            #[track_caller]
            fn $method(self, other: Lazy) -> Lazy {
                Lazy::elementwise($op, vec![self.into(), other.into()])
            }
        }
    )* };
}
operators! {
    Add add => Elementwise::Binary(Binary::Add),
    Sub sub => Elementwise::Binary(Binary::Subtract),
    Mul mul => Elementwise::Binary(Binary::Multiply),
    Div div => Elementwise::MathBinary(MathBinary::Divide),
    Rem rem => Elementwise::Binary(Binary::Remainder),
}

impl Neg for &Lazy {
    type Output = Lazy;
    #[track_caller]
    fn neg(self) -> Lazy {
        Lazy::elementwise(Elementwise::Unary(Unary::Negative), vec![self.into()])
    }
}

impl Neg for Lazy {
    type Output = Lazy;
    #[track_caller]
    fn neg(self) -> Lazy {
        -&self
    }
}

/// Axes as people write them: `0`, `(1, 2, 3)`, `[1, 2]`, `()` for all.
pub trait IntoAxes {
    /// The axes; an empty list means all.
    fn into_axes(self) -> Vec<isize>;
}

impl IntoAxes for () {
    fn into_axes(self) -> Vec<isize> {
        Vec::new()
    }
}
impl IntoAxes for isize {
    fn into_axes(self) -> Vec<isize> {
        vec![self]
    }
}
impl IntoAxes for i32 {
    fn into_axes(self) -> Vec<isize> {
        vec![self as isize]
    }
}
impl IntoAxes for (i32, i32) {
    fn into_axes(self) -> Vec<isize> {
        vec![self.0 as isize, self.1 as isize]
    }
}
impl IntoAxes for (i32, i32, i32) {
    fn into_axes(self) -> Vec<isize> {
        vec![self.0 as isize, self.1 as isize, self.2 as isize]
    }
}
impl IntoAxes for (i32, i32, i32, i32) {
    fn into_axes(self) -> Vec<isize> {
        vec![self.0 as isize, self.1 as isize, self.2 as isize, self.3 as isize]
    }
}
impl<const N: usize> IntoAxes for [isize; N] {
    fn into_axes(self) -> Vec<isize> {
        self.to_vec()
    }
}
impl IntoAxes for &[isize] {
    fn into_axes(self) -> Vec<isize> {
        self.to_vec()
    }
}
impl IntoAxes for Vec<isize> {
    fn into_axes(self) -> Vec<isize> {
        self
    }
}
