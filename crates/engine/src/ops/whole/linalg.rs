//! Matrices over the last two axes: what the pages of linear algebra share, and solving.

use opusclip_maths::{Dense, Failed};
use opusclip_raw::{Complex, DType, Float};

use super::given::Given;
use super::matmul::starts;
use super::support::{build, cast, slice};
use super::{Meaning, Page};
use crate::array::promote::promote;
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Outputs, Param, ParamKind, Preset, Row, X};
use crate::ops::lanes::Lane;

pub(super) const PAGES: &[&Page] = &[&DET, &SLOGDET, &INV, &SOLVE, &CHOLESKY];

/// What an element of matrices can do beside being decomposed.
pub(super) trait Entry: Dense<Real: Lane> + Lane {
    const ZERO: Self;
    const ONE: Self;
    fn times(self, o: Self) -> Self;
    fn minus(self) -> Self;
    fn finite(self) -> bool;
    fn conj(self) -> Self;
    /// The number of absolute value 1 that points as this one does, 0 for 0; and the logarithm of
    /// the absolute value.
    fn direction(self) -> (Self, Self::Real);
}

macro_rules! entry {
    ($($t:ty),*) => { $(
        impl Entry for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            fn times(self, o: Self) -> Self {
                self * o
            }
            fn minus(self) -> Self {
                -self
            }
            fn finite(self) -> bool {
                self.is_finite()
            }
            fn conj(self) -> Self {
                self
            }
            fn direction(self) -> (Self, Self) {
                (opusclip_raw::Number::sign(self), Float::ln(self.abs()))
            }
        }
    )* };
}
entry!(f32, f64);

macro_rules! complex_entry {
    ($($t:ty),*) => { $(
        impl Entry for Complex<$t> {
            const ZERO: Self = Complex::new(0.0, 0.0);
            const ONE: Self = Complex::new(1.0, 0.0);
            fn times(self, o: Self) -> Self {
                self * o
            }
            fn minus(self) -> Self {
                -self
            }
            fn finite(self) -> bool {
                self.re.is_finite() && self.im.is_finite()
            }
            fn conj(self) -> Self {
                Complex::new(self.re, -self.im)
            }
            fn direction(self) -> (Self, $t) {
                let length = self.re.hypot(self.im);
                let toward = if length == 0.0 { Self::ZERO } else { Complex::new(self.re / length, self.im / length) };
                (toward, Float::ln(length))
            }
        }
    )* };
}
complex_entry!(f32, f64);

/// Runs `$body` with `$T` as the type of an element of matrices.
macro_rules! with_entry {
    ($dtype:expr, $T:ident => $body:expr) => {
        if $dtype.is_complex() {
            $crate::ops::lanes::with_complex!($dtype, $T => $body)
        } else {
            $crate::ops::lanes::with_float!($dtype, $T => $body)
        }
    };
}
pub(super) use with_entry;

/// The type in which linear algebra on `d` is done: NumPy's.
pub(super) fn entry_of(op: &str, d: DType) -> Result<DType> {
    match d {
        DType::F32 | DType::F64 | DType::C64 | DType::C128 => Ok(d),
        d if d.is_integer() || matches!(d, DType::Bool | DType::BF16) => Ok(DType::F64),
        d => Err(Error::dtype(op, format!("does not take {d}; cast to float32 or float64 first"))),
    }
}

/// The words for what the provider could not do.
pub(super) fn failed(op: &str, why: Failed) -> Error {
    match why {
        Failed::Singular => Error::value(op, "the matrix is singular: it has no inverse; lstsq and pinv take it"),
        Failed::NotPositive => Error::value(op, "the matrix is not positive definite"),
        Failed::NoConvergence => Error::value(op, "did not converge"),
        Failed::Missing(feature) => {
            Error::value(op, format!("this program was built without the feature `{feature}` that has it"))
        }
    }
}

/// Refuses infinities and NaN, for which the iterations have no answer.
pub(super) fn finite<T: Entry>(op: &str, a: &[T]) -> Result<()> {
    match a.iter().all(|v| v.finite()) {
        true => Ok(()),
        false => Err(Error::value(op, "did not converge: the matrix holds infinities or NaN")),
    }
}

/// A stack of matrices: the axes before, rows, columns.
pub(super) struct Stack {
    pub(super) batch: Vec<usize>,
    pub(super) m: usize,
    pub(super) n: usize,
}

impl Stack {
    pub(super) fn of(op: &str, m: &Meta) -> Result<Stack> {
        match m.shape.as_slice() {
            [batch @ .., r, c] => Ok(Stack { batch: batch.to_vec(), m: *r, n: *c }),
            _ => Err(Error::shape(
                op,
                format!("needs a matrix, an array of two axes or more; shape {} has fewer", shape::show(&m.shape)),
            )),
        }
    }

    pub(super) fn square(op: &str, m: &Meta) -> Result<Stack> {
        let s = Stack::of(op, m)?;
        if s.m != s.n {
            return Err(Error::shape(
                op,
                format!("needs square matrices; the last two axes of shape {} differ", shape::show(&m.shape)),
            ));
        }
        Ok(s)
    }

    /// The shape of a stack of other things.
    pub(super) fn with(&self, tail: &[usize]) -> Vec<usize> {
        [self.batch.as_slice(), tail].concat()
    }
}

/// The square matrices of the call, in the type in which they are worked on.
pub(super) fn squares(g: &Given<'_, Array>) -> Result<(Stack, Array)> {
    let s = g.told(|g| Stack::square(g.op(), g.x()?))?;
    let x = g.x()?;
    Ok((s, cast(x, entry_of(g.op(), x.dtype())?)?))
}

/// What is made of each square matrix of the call, as large as that: `$make` with `$T` as the type
/// of its elements, `$a` as the matrix and `$n` as its length.
macro_rules! each_square {
    ($g:expr, $T:ident, |$a:ident, $n:ident| $make:expr) => {{
        let (s, x) = squares($g)?;
        let ($n, each) = (s.n, (s.n * s.n).max(1));
        build(x.dtype(), x.shape(), |out| {
            with_entry!(x.dtype(), $T => {
                for ($a, out) in matrices::<$T>(&x, each)?.zip($T::lanes_mut(out).chunks_exact_mut(each)) {
                    out.copy_from_slice(&$make.map_err(|e| failed($g.op(), e))?);
                }
            });
            Ok(())
        })
    }};
}

/// Frames are matrices of the stack.
pub(super) fn stacked(g: &Given<'_, Meta>, n: usize) -> bool {
    g.inputs().get(n).is_some_and(|m| m.ndim() > 2)
}

/// The matrix of ones on the diagonal.
pub(super) fn eye<T: Entry>(n: usize) -> Vec<T> {
    (0..n * n).map(|i| if i % (n + 1) == 0 { T::ONE } else { T::ZERO }).collect()
}

/// The matrices of a dense array, one after another; none where they have no elements.
pub(super) fn matrices<T: Lane>(x: &Array, elements: usize) -> Result<std::slice::ChunksExact<'_, T>> {
    Ok(slice::<T>(x)?.chunks_exact(elements.max(1)))
}

/// The determinant.
pub(super) static DET: Page = Page {
    row: Row {
        name: "det",
        numpy: "np.linalg.det(x)",
        tries: &[
            "x:3x3 | det(x)",
            "x:2x4x4 | det(x)",
            "x:0x0 | det(x)",
            "x:2x0x0 | det(x)",
            "x:3x4 | det(x)",
            "x:3 | det(x)",
        ],
        ulp: 4096,
        doc: "The determinant of square matrices over the last two axes.",
        rule: "By LU with partial pivoting; integers in float64. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::One {
        meta: |g| {
            let x = g.x()?;
            Ok(Meta::new(Stack::square(g.op(), x)?.batch, entry_of(g.op(), x.dtype)?))
        },
        eval: det,
    },
    frames: stacked,
};

/// The pivots, and whether rows were swapped an odd number of times; `None` when one pivot is 0.
#[allow(clippy::type_complexity)] // a pair in an option in a result
fn pivots<T: Entry>(op: &str, a: &[T], n: usize) -> Result<Option<(Vec<T>, bool)>> {
    match T::lu_diagonal(a, n) {
        Ok(found) => Ok(Some(found)),
        Err(Failed::Singular) => Ok(None),
        Err(e) => Err(failed(op, e)),
    }
}

fn det(g: &Given<'_, Array>) -> Result<Array> {
    let (s, x) = squares(g)?;
    build(x.dtype(), &s.batch, |out| {
        with_entry!(x.dtype(), T => {
            let out = T::lanes_mut(out);
            out.fill(T::ONE);
            for (a, out) in matrices::<T>(&x, s.n * s.n)?.zip(out) {
                let Some((d, odd)) = pivots(g.op(), a, s.n)? else {
                    *out = T::ZERO;
                    continue;
                };
                let product = d.iter().fold(T::ONE, |p, &v| p.times(v));
                *out = if odd { product.minus() } else { product };
            }
        });
        Ok(())
    })
}

/// Sign and logarithm of the determinant.
pub(super) static SLOGDET: Page = Page {
    row: Row {
        name: "slogdet",
        outputs: Outputs::Named(&["sign", "logabsdet"]),
        numpy: "np.linalg.slogdet(x)",
        tries: &["x:3x3 | slogdet(x)", "x:2x4x4 | slogdet(x)", "x:0x0 | slogdet(x)"],
        ulp: 4096,
        doc: "The sign of the determinant and the natural logarithm of its absolute value, which does not overflow.",
        rule: "A singular matrix gives 0 and -inf. By LU with partial pivoting; integers in float64. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::Many { meta: slogdet_meta, eval: slogdet },
    frames: stacked,
};

fn slogdet_meta(g: &Given<'_, Meta>) -> Result<Vec<Meta>> {
    let x = g.x()?;
    let batch = Stack::square(g.op(), x)?.batch;
    let dtype = entry_of(g.op(), x.dtype)?;
    Ok(vec![Meta::new(batch.clone(), dtype), Meta::new(batch, dtype.real())])
}

fn slogdet(g: &Given<'_, Array>) -> Result<Vec<Array>> {
    let (s, x) = squares(g)?;
    with_entry!(x.dtype(), T => {
        let count = shape::product(&s.batch);
        let mut signs = vec![T::ONE; count];
        let mut logs = vec![<T as Dense>::Real::default(); count];
        for ((a, sign), log) in matrices::<T>(&x, s.n * s.n)?.zip(&mut signs).zip(&mut logs) {
            let Some((d, odd)) = pivots(g.op(), a, s.n)? else {
                (*sign, *log) = T::ZERO.direction();
                continue;
            };
            for v in d {
                let (direction, length) = v.direction();
                *sign = sign.times(direction);
                *log += length;
            }
            if odd {
                *sign = sign.minus();
            }
        }
        Ok(vec![Array::from_slice(&signs, &s.batch)?, Array::from_slice(&logs, &s.batch)?])
    })
}

/// The inverse.
pub(super) static INV: Page = Page {
    row: Row {
        name: "inv",
        numpy: "np.linalg.inv(x)",
        tries: &["x:3x3 | inv(x)", "x:2x4x4 | inv(x)", "x:0x0 | inv(x)", "x:3x4 | inv(x)"],
        ulp: 1 << 20,
        doc: "The inverse of square matrices over the last two axes.",
        rule: "By LU with partial pivoting; integers in float64. A pivot of exactly 0 is an error: the matrix is singular. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: same_meta, eval: inv },
    frames: stacked,
};

fn same_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let x = g.x()?;
    Stack::square(g.op(), x)?;
    Ok(Meta::new(x.shape.clone(), entry_of(g.op(), x.dtype)?))
}

fn inv(g: &Given<'_, Array>) -> Result<Array> {
    each_square!(g, T, |a, n| T::solve(a, n, &eye::<T>(n), n))
}

/// Linear equations.
pub(super) static SOLVE: Page = Page {
    row: Row {
        name: "solve",
        params: &[Param::new("a", ParamKind::Array), Param::new("b", ParamKind::Array)],
        numpy: "np.linalg.solve(a, b)",
        tries: &[
            "x:3x3 y:3 | solve(x, y)",
            "x:3x3 y:3x2 | solve(x, y)",
            "x:2x3x3 y:3 | solve(x, y)",
            "x:2x3x3 y:2x3x4 | solve(x, y)",
            "x:3x3 y:2x3x1 | solve(x, y)",
            "x:0x0 y:0x2 | solve(x, y)",
            "x:3x3 y:4 | solve(x, y)",
        ],
        ulp: 1 << 20,
        doc: "x with a @ x = b, for square matrices a over the last two axes.",
        rule: "b of one axis is a vector, else its last two axes are matrices (NumPy 2). By LU with partial pivoting; integers in float64. A pivot of exactly 0 is an error: the matrix is singular. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| Ok(Equations::of(g)?.meta), eval: solve },
    frames: |g, n| {
        let (Ok(a), Ok(b)) = (g.array("a"), g.array("b")) else { return false };
        if n == 0 {
            a.ndim() > 2 && (b.ndim() == 1 || a.ndim() >= b.ndim())
        } else {
            b.ndim() > 2 && b.ndim() >= a.ndim()
        }
    },
};

struct Equations {
    meta: Meta,
    batch: Vec<usize>,
    n: usize,
    m: usize,
    of_a: Vec<usize>,
    of_b: Vec<usize>,
}

impl Equations {
    fn of(g: &Given<'_, Meta>) -> Result<Equations> {
        let (a, b) = (g.array("a")?, g.array("b")?);
        let s = Stack::square(g.op(), a)?;
        let (of_b, rows, m) = match b.shape.as_slice() {
            [rows] => (Vec::new(), *rows, 1),
            _ => {
                let t = Stack::of(g.op(), b)?;
                (t.batch, t.m, t.n)
            }
        };
        if rows != s.n {
            return Err(Error::shape(
                g.op(),
                format!(
                    "a of shape {} needs b with {} rows; it has shape {}",
                    shape::show(&a.shape),
                    s.n,
                    shape::show(&b.shape)
                ),
            ));
        }
        let batch = shape::broadcast(g.op(), &[&s.batch, &of_b])?;
        let tail = if b.ndim() == 1 { vec![s.n] } else { vec![s.n, m] };
        let dtype = promote(entry_of(g.op(), a.dtype)?, entry_of(g.op(), b.dtype)?);
        let meta = Meta::new([batch.as_slice(), &tail].concat(), dtype);
        Ok(Equations { meta, batch, n: s.n, m, of_a: s.batch, of_b })
    }
}

fn solve(g: &Given<'_, Array>) -> Result<Array> {
    let Equations { meta, batch, n, m, of_a, of_b } = g.told(Equations::of)?;
    let (a, b) = (cast(g.array("a")?, meta.dtype)?, cast(g.array("b")?, meta.dtype)?);
    build(meta.dtype, &meta.shape, |out| {
        with_entry!(meta.dtype, T => {
            let (a, b) = (slice::<T>(&a)?, slice::<T>(&b)?);
            let places = starts(&of_a, &batch, n * n).into_iter().zip(starts(&of_b, &batch, n * m));
            for (out, (at_a, at_b)) in T::lanes_mut(out).chunks_exact_mut((n * m).max(1)).zip(places) {
                let x = T::solve(&a[at_a..], n, &b[at_b..], m).map_err(|e| failed(g.op(), e))?;
                out.copy_from_slice(&x);
            }
        });
        Ok(())
    })
}

/// The Cholesky factor.
pub(super) static CHOLESKY: Page = Page {
    row: Row {
        name: "cholesky",
        params: &[X[0], Param::new("upper", ParamKind::Bool).or(Preset::Bool(false))],
        numpy: "np.linalg.cholesky(x, upper=upper)",
        tries: &[
            "x:3x5 | cholesky(x @ permute_dims(x, (1, 0)) + 9)",
            "x:3x3 | cholesky(x @ permute_dims(x, (1, 0)) * 0 + 1.0)",
            "x:2x0x0 | cholesky(x)",
            "x:3x4 | cholesky(x)",
        ],
        ulp: 1 << 16,
        doc: "The lower triangle L with x = L @ Lᴴ, of positive definite matrices over the last two axes; with upper, U with x = Uᴴ @ U.",
        rule: "Only the lower triangle of x is read (with upper, the upper one). Integers in float64. A minor that is not positive is an error. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: same_meta, eval: cholesky },
    frames: stacked,
};

/// The conjugate of the other triangle; a new matrix.
fn flipped<T: Entry>(a: &[T], n: usize) -> Vec<T> {
    (0..n * n).map(|i| a[(i % n) * n + i / n].conj()).collect()
}

fn cholesky(g: &Given<'_, Array>) -> Result<Array> {
    if g.bool("upper") {
        return each_square!(g, T, |a, n| T::cholesky(&flipped(a, n), n).map(|l| flipped(&l, n)));
    }
    each_square!(g, T, |a, n| T::cholesky(a, n))
}
