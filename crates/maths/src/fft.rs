//! By rustfft and realfft, built without their vector code: the loops are plain Rust, so that the
//! instruction set changes no answer. The factors are sines and cosines of the system's library.

use num_complex::Complex;
use realfft::RealFftPlanner;
use rustfft::{FftNum, FftPlanner};

use crate::traits::{Failed, Result, Wave};

/// Runs in reused memory; a run is never empty.
fn transform<T: FftNum>(rows: &mut [Complex<T>], n: usize, inverse: bool) -> Result<()> {
    let mut planner = FftPlanner::new();
    let fft = if inverse { planner.plan_fft_inverse(n) } else { planner.plan_fft_forward(n) };
    let zero = Complex::new(T::zero(), T::zero());
    let mut scratch = vec![zero; fft.get_inplace_scratch_len()];
    for row in rows.chunks_exact_mut(n) {
        fft.process_with_scratch(row, &mut scratch);
    }
    Ok(())
}

fn forward_real<T: FftNum>(rows: &[T], n: usize, out: &mut [Complex<T>]) -> Result<()> {
    let fft = RealFftPlanner::new().plan_fft_forward(n);
    let (mut input, mut scratch) = (fft.make_input_vec(), fft.make_scratch_vec());
    for (row, out) in rows.chunks_exact(n).zip(out.chunks_exact_mut(n / 2 + 1)) {
        input.copy_from_slice(row);
        // It refuses wrong lengths only, and these are right.
        fft.process_with_scratch(&mut input, out, &mut scratch).map_err(|_| Failed::NoConvergence)?;
    }
    Ok(())
}

fn inverse_real<T: FftNum>(rows: &[Complex<T>], n: usize, out: &mut [T]) -> Result<()> {
    let fft = RealFftPlanner::new().plan_fft_inverse(n);
    let (mut input, mut scratch) = (fft.make_input_vec(), fft.make_scratch_vec());
    for (row, out) in rows.chunks_exact(n / 2 + 1).zip(out.chunks_exact_mut(n)) {
        input.copy_from_slice(row);
        // What is not real there is not the transform of real numbers; NumPy does not look at it.
        if let Some(first) = input.first_mut() {
            first.im = T::zero();
        }
        if n.is_multiple_of(2)
            && let Some(last) = input.last_mut()
        {
            last.im = T::zero();
        }
        fft.process_with_scratch(&mut input, out, &mut scratch).map_err(|_| Failed::NoConvergence)?;
    }
    Ok(())
}

macro_rules! wave {
    ($($t:ty),*) => { $(
        impl Wave for $t {
            fn transform(rows: &mut [Complex<Self>], n: usize, inverse: bool) -> Result<()> {
                if n == 0 { Ok(()) } else { transform(rows, n, inverse) }
            }
            fn forward_real(rows: &[Self], n: usize, out: &mut [Complex<Self>]) -> Result<()> {
                if n == 0 { Ok(()) } else { forward_real(rows, n, out) }
            }
            fn inverse_real(rows: &[Complex<Self>], n: usize, out: &mut [Self]) -> Result<()> {
                if n == 0 { Ok(()) } else { inverse_real(rows, n, out) }
            }
        }
    )* };
}
wave!(f32, f64);
