//! Built without decompositions of matrices.

use num_complex::Complex;

use crate::traits::{Dense, Eigen, Failed, Result, Svd, Symmetric};

const MISSING: Failed = Failed::Missing("linalg");

macro_rules! dense {
    ($($t:ty, $real:ty);*) => { $(
        impl Dense for $t {
            type Real = $real;

            fn lu_diagonal(_: &[Self], _: usize) -> Result<(Vec<Self>, bool)> {
                Err(MISSING)
            }
            fn solve(_: &[Self], _: usize, _: &[Self], _: usize) -> Result<Vec<Self>> {
                Err(MISSING)
            }
            fn cholesky(_: &[Self], _: usize) -> Result<Vec<Self>> {
                Err(MISSING)
            }
            fn qr(_: &[Self], _: usize, _: usize, _: bool) -> Result<(Vec<Self>, Vec<Self>)> {
                Err(MISSING)
            }
            fn svd(_: &[Self], _: usize, _: usize, _: bool) -> Result<Svd<Self>> {
                Err(MISSING)
            }
            fn singular_values(_: &[Self], _: usize, _: usize) -> Result<Vec<Self::Real>> {
                Err(MISSING)
            }
            fn eigh(_: &[Self], _: usize, _: bool) -> Result<Symmetric<Self>> {
                Err(MISSING)
            }
            fn eigvalsh(_: &[Self], _: usize, _: bool) -> Result<Vec<Self::Real>> {
                Err(MISSING)
            }
            fn eig(_: &[Self], _: usize) -> Result<Eigen<Self::Real>> {
                Err(MISSING)
            }
            fn eigvals(_: &[Self], _: usize) -> Result<Vec<Complex<Self::Real>>> {
                Err(MISSING)
            }
        }
    )* };
}
dense!(f32, f32; f64, f64; Complex<f32>, f32; Complex<f64>, f64);
