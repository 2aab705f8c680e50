//! By faer. It picks an instruction set while the program runs (with fused multiply-add where the
//! processor has it), so the last bits of what stands here depend on the machine; nothing else of
//! the house does.

use faer::diag::DiagRef;
use faer::linalg::solvers::{SelfAdjointEigen, Solve, Svd as FaerSvd};
use faer::traits::{ComplexField, Real};
use faer::{Mat, MatRef, Side};
use num_complex::Complex;

use crate::traits::{Dense, Eigen, Failed, Result, Svd, Symmetric};

fn matrix<T: Copy>(a: &[T], m: usize, n: usize) -> MatRef<'_, T> {
    MatRef::from_row_major_slice(&a[..m * n], m, n)
}

/// The elements in C order.
fn rows<T: Copy>(a: MatRef<'_, T>) -> Vec<T> {
    (0..a.nrows()).flat_map(|i| (0..a.ncols()).map(move |j| *a.get(i, j))).collect()
}

fn diagonal<T: Copy>(d: DiagRef<'_, T>) -> Vec<T> {
    d.column_vector().iter().copied().collect()
}

/// Whether a permutation swaps an odd number of times.
fn is_odd(to: &[usize]) -> bool {
    let mut seen = vec![false; to.len()];
    let mut odd = false;
    for start in 0..to.len() {
        let mut at = start;
        let mut length = 0usize;
        while !std::mem::replace(&mut seen[at], true) {
            at = to[at];
            length += 1;
        }
        odd ^= length > 0 && length.is_multiple_of(2);
    }
    odd
}

fn lu_diagonal<T: ComplexField + Copy>(a: &[T], n: usize) -> Result<(Vec<T>, bool)> {
    let lu = matrix(a, n, n).partial_piv_lu();
    let u = lu.U();
    if (0..n).any(|i| *u.get(i, i) == T::zero_impl()) {
        // What follows a pivot of 0 was divided by it.
        return Err(Failed::Singular);
    }
    Ok(((0..n).map(|i| *u.get(i, i)).collect(), is_odd(lu.P().arrays().0)))
}

fn solve<T: ComplexField + Copy>(a: &[T], n: usize, b: &[T], m: usize) -> Result<Vec<T>> {
    let lu = matrix(a, n, n).partial_piv_lu();
    let u = lu.U();
    if (0..n).any(|i| *u.get(i, i) == T::zero_impl()) {
        return Err(Failed::Singular);
    }
    Ok(rows(lu.solve(matrix(b, n, m)).as_ref()))
}

fn cholesky<T: ComplexField + Copy>(a: &[T], n: usize) -> Result<Vec<T>> {
    let llt = matrix(a, n, n).llt(Side::Lower).map_err(|_| Failed::NotPositive)?;
    let l = llt.L();
    let at = |i: usize, j: usize| if j <= i { *l.get(i, j) } else { T::zero_impl() };
    Ok((0..n).flat_map(|i| (0..n).map(move |j| at(i, j))).collect())
}

fn qr<T: ComplexField + Copy>(a: &[T], m: usize, n: usize, full: bool) -> Result<(Vec<T>, Vec<T>)> {
    let qr = matrix(a, m, n).qr();
    let (q, r) = if full { (qr.compute_Q(), qr.R()) } else { (qr.compute_thin_Q(), qr.thin_R()) };
    // Below the square on top there is nothing but zeros.
    let height = if full { m } else { m.min(n) };
    let at = |i: usize, j: usize| if i <= j && i < r.nrows() { *r.get(i, j) } else { T::zero_impl() };
    let r = Mat::from_fn(height, n, at);
    Ok((rows(q.as_ref()), rows(r.as_ref())))
}

fn svd<T: ComplexField + Copy + Dense<Real = Real<T>>>(a: &[T], m: usize, n: usize, full: bool) -> Result<Svd<T>> {
    let a = matrix(a, m, n);
    let svd = if full { FaerSvd::new(a) } else { FaerSvd::new_thin(a) }.map_err(|_| Failed::NoConvergence)?;
    let s = diagonal(svd.S()).iter().map(T::real_part_impl).collect();
    let v = svd.V();
    let vh = (0..v.ncols()).flat_map(|j| (0..v.nrows()).map(move |i| T::conj_impl(v.get(i, j)))).collect();
    Ok(Svd { u: rows(svd.U()), s, vh })
}

fn singular_values<T: ComplexField + Copy>(a: &[T], m: usize, n: usize) -> Result<Vec<Real<T>>> {
    matrix(a, m, n).singular_values().map_err(|_| Failed::NoConvergence)
}

fn side(upper: bool) -> Side {
    if upper { Side::Upper } else { Side::Lower }
}

fn eigh<T: ComplexField + Copy + Dense<Real = Real<T>>>(a: &[T], n: usize, upper: bool) -> Result<Symmetric<T>> {
    let e = SelfAdjointEigen::new(matrix(a, n, n), side(upper)).map_err(|_| Failed::NoConvergence)?;
    Ok(Symmetric { values: diagonal(e.S()).iter().map(T::real_part_impl).collect(), vectors: rows(e.U()) })
}

fn eigvalsh<T: ComplexField + Copy>(a: &[T], n: usize, upper: bool) -> Result<Vec<Real<T>>> {
    matrix(a, n, n).self_adjoint_eigenvalues(side(upper)).map_err(|_| Failed::NoConvergence)
}

macro_rules! dense {
    ($($t:ty, $real:ty, $eigen:ident, $values:ident);*) => { $(
        impl Dense for $t {
            type Real = $real;

            fn lu_diagonal(a: &[Self], n: usize) -> Result<(Vec<Self>, bool)> {
                lu_diagonal(a, n)
            }
            fn solve(a: &[Self], n: usize, b: &[Self], m: usize) -> Result<Vec<Self>> {
                solve(a, n, b, m)
            }
            fn cholesky(a: &[Self], n: usize) -> Result<Vec<Self>> {
                cholesky(a, n)
            }
            fn qr(a: &[Self], m: usize, n: usize, full: bool) -> Result<(Vec<Self>, Vec<Self>)> {
                qr(a, m, n, full)
            }
            fn svd(a: &[Self], m: usize, n: usize, full: bool) -> Result<Svd<Self>> {
                svd(a, m, n, full)
            }
            fn singular_values(a: &[Self], m: usize, n: usize) -> Result<Vec<Self::Real>> {
                singular_values(a, m, n)
            }
            fn eigh(a: &[Self], n: usize, upper: bool) -> Result<Symmetric<Self>> {
                eigh(a, n, upper)
            }
            fn eigvalsh(a: &[Self], n: usize, upper: bool) -> Result<Vec<Self::Real>> {
                eigvalsh(a, n, upper)
            }
            fn eig(a: &[Self], n: usize) -> Result<Eigen<Self::Real>> {
                let e = faer::linalg::solvers::Eigen::$eigen(matrix(a, n, n)).map_err(|_| Failed::NoConvergence)?;
                let mut vectors = rows(e.U());
                // Each column divided by its length.
                for j in 0..n {
                    let length = vectors.iter().skip(j).step_by(n).map(|v| v.norm_sqr()).sum::<$real>().sqrt();
                    vectors.iter_mut().skip(j).step_by(n).for_each(|v| *v /= length);
                }
                Ok(Eigen { values: diagonal(e.S()), vectors })
            }
            fn eigvals(a: &[Self], n: usize) -> Result<Vec<Complex<Self::Real>>> {
                matrix(a, n, n).$values().map_err(|_| Failed::NoConvergence)
            }
        }
    )* };
}
dense!(f32, f32, new_from_real, eigenvalues; f64, f64, new_from_real, eigenvalues;
       Complex<f32>, f32, new, eigenvalues; Complex<f64>, f64, new, eigenvalues);
