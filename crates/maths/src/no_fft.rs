//! Built without Fourier transforms.

use num_complex::Complex;

use crate::traits::{Failed, Result, Wave};

macro_rules! wave {
    ($($t:ty),*) => { $(
        impl Wave for $t {
            fn transform(_: &mut [Complex<Self>], _: usize, _: bool) -> Result<()> {
                Err(Failed::Missing("fft"))
            }
            fn forward_real(_: &[Self], _: usize, _: &mut [Complex<Self>]) -> Result<()> {
                Err(Failed::Missing("fft"))
            }
            fn inverse_real(_: &[Complex<Self>], _: usize, _: &mut [Self]) -> Result<()> {
                Err(Failed::Missing("fft"))
            }
        }
    )* };
}
wave!(f32, f64);
