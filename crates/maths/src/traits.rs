//! What can be asked, whoever answers.

use num_complex::Complex;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The matrix has no inverse: a pivot is zero.
    Singular,
    /// A leading minor is not positive.
    NotPositive,
    /// The iteration did not end.
    NoConvergence,
    /// Built without the feature of this name.
    Missing(&'static str),
}

/// The answer, or why there is none.
pub type Result<T> = std::result::Result<T, Failed>;

/// `a = u · diag(s) · vh`.
#[derive(Clone, Debug)]
pub struct Svd<T: Dense> {
    /// Columns are the left singular vectors.
    pub u: Vec<T>,
    /// Singular values, largest first.
    pub s: Vec<T::Real>,
    /// Rows are the right singular vectors, conjugated.
    pub vh: Vec<T>,
}

/// Of a symmetric or Hermitian matrix.
#[derive(Clone, Debug)]
pub struct Symmetric<T: Dense> {
    /// Eigenvalues, least first.
    pub values: Vec<T::Real>,
    /// Columns are the eigenvectors.
    pub vectors: Vec<T>,
}

/// Of a square matrix.
#[derive(Clone, Debug)]
pub struct Eigen<R> {
    /// Eigenvalues in no order that is promised.
    pub values: Vec<Complex<R>>,
    /// Columns are the eigenvectors.
    pub vectors: Vec<Complex<R>>,
}

/// An element of matrices: `f32`, `f64` and the complex numbers of both. Matrices are slices in C
/// order that hold at least their elements, and no length is 0.
pub trait Dense: Copy + Sized {
    /// The type of absolute values.
    type Real: Copy;

    /// The diagonal of U in `P·a = L·U`, and whether P swaps an odd number of times. A pivot of 0 is
    /// [`Failed::Singular`].
    fn lu_diagonal(a: &[Self], n: usize) -> Result<(Vec<Self>, bool)>;
    /// `x` of `n × m` with `a · x = b`.
    fn solve(a: &[Self], n: usize, b: &[Self], m: usize) -> Result<Vec<Self>>;
    /// The lower triangle L with `a = L · Lᴴ`; only the lower triangle of `a` is read.
    fn cholesky(a: &[Self], n: usize) -> Result<Vec<Self>>;
    /// Q of `m × k` and R of `k × n` with `a = Q · R`, where k is m when `full`, else the lesser of
    /// both. The signs are those of LAPACK.
    fn qr(a: &[Self], m: usize, n: usize, full: bool) -> Result<(Vec<Self>, Vec<Self>)>;
    /// The singular value decomposition, with square `u` and `vh` when `full`.
    fn svd(a: &[Self], m: usize, n: usize, full: bool) -> Result<Svd<Self>>;
    /// The singular values alone, largest first.
    fn singular_values(a: &[Self], m: usize, n: usize) -> Result<Vec<Self::Real>>;
    /// Eigenvalues and vectors of a symmetric or Hermitian matrix, of which one triangle is read.
    fn eigh(a: &[Self], n: usize, upper: bool) -> Result<Symmetric<Self>>;
    /// The eigenvalues alone.
    fn eigvalsh(a: &[Self], n: usize, upper: bool) -> Result<Vec<Self::Real>>;
    /// Eigenvalues and right eigenvectors of length 1.
    fn eig(a: &[Self], n: usize) -> Result<Eigen<Self::Real>>;
    /// The eigenvalues alone.
    fn eigvals(a: &[Self], n: usize) -> Result<Vec<Complex<Self::Real>>>;
}

/// The real part of what is transformed: `f32` or `f64`. Nothing is scaled.
pub trait Wave: Copy + Sized {
    /// Each run of `n` is replaced by its discrete Fourier transform, with `e^{-2πi…}`, or with
    /// `e^{+2πi…}` when `inverse`.
    fn transform(rows: &mut [Complex<Self>], n: usize, inverse: bool) -> Result<()>;
    /// Each run of `n` real numbers gives the first `n/2 + 1` terms of its transform in `out`.
    fn forward_real(rows: &[Self], n: usize, out: &mut [Complex<Self>]) -> Result<()>;
    /// Each run of `n/2 + 1` terms gives the `n` real numbers of the inverse transform in `out`. The
    /// imaginary parts of the first term, and of the last for even n, are not looked at.
    fn inverse_real(rows: &[Complex<Self>], n: usize, out: &mut [Self]) -> Result<()>;
}
