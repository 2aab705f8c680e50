//! Matrices taken apart: QR, singular values, eigenvalues of symmetric matrices.

use opusclip_maths::Dense;
use opusclip_raw::DType;

use super::given::Given;
use super::linalg::{Entry, Stack, entry_of, eye, failed, finite, matrices, stacked, with_entry};
use super::support::cast;
use super::{Meaning, Page};
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Outputs, Param, ParamKind, Preset, Row, X};

pub(super) const PAGES: &[&Page] = &[&QR, &SVD, &SVDVALS, &EIGH, &EIGVALSH];

/// What each matrix of a stack gives, put together.
struct Parts<T> {
    all: Vec<T>,
}

impl<T: opusclip_raw::Element> Parts<T> {
    fn new() -> Self {
        Parts { all: Vec::new() }
    }

    fn array(self, shape: Vec<usize>) -> Result<Array> {
        Array::from_slice(&self.all, &shape)
    }
}

/// Q and R.
pub(super) static QR: Page = Page {
    row: Row {
        name: "qr",
        params: &[X[0], Param::new("mode", ParamKind::Text).or(Preset::Text("reduced"))],
        outputs: Outputs::Named(&["q", "r"]),
        numpy: "np.linalg.qr(x, mode)",
        tries: &[
            "x:4x3 real | qr(x)",
            "x:3x4 real | qr(x)",
            "x:2x4x3 real | qr(x, mode='complete')",
            "x:4x0 | qr(x, mode='complete')",
            "x:0x3 | qr(x)",
        ],
        ulp: 1 << 20,
        doc: "Q with orthonormal columns and the upper triangle R with x = Q @ R, over the last two axes.",
        rule: "mode 'reduced': Q is m × min(m, n); 'complete': m × m. For R alone take the second result. Signs are LAPACK's, as NumPy's. Integers in float64. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::Many { meta: |g| Ok(qr_plan(g)?.1), eval: qr },
    frames: stacked,
};

fn qr_plan(g: &Given<'_, Meta>) -> Result<(Stack, Vec<Meta>, bool)> {
    let x = g.x()?;
    let s = Stack::of(g.op(), x)?;
    let full = match g.text("mode") {
        "reduced" => false,
        "complete" => true,
        other => {
            return Err(Error::value(
                g.op(),
                format!("the mode '{other}' is none of 'reduced' and 'complete'; for 'r' take the second result"),
            ));
        }
    };
    let dtype = entry_of(g.op(), x.dtype)?;
    let k = if full { s.m } else { s.m.min(s.n) };
    let metas = vec![Meta::new(s.with(&[s.m, k]), dtype), Meta::new(s.with(&[k, s.n]), dtype)];
    Ok((s, metas, full))
}

fn qr(g: &Given<'_, Array>) -> Result<Vec<Array>> {
    let (s, metas, full) = g.told(qr_plan)?;
    let dtype = metas[0].dtype;
    let x = cast(g.x()?, dtype)?;
    with_entry!(dtype, T => {
        let (mut q, mut r) = (Parts::<T>::new(), Parts::<T>::new());
        if s.m * s.n == 0 {
            // Nothing to take apart: Q is the identity where it has columns.
            if full {
                (0..shape::product(&s.batch)).for_each(|_| q.all.extend(eye::<T>(s.m)));
            }
        } else {
            for a in matrices::<T>(&x, s.m * s.n)? {
                let (one, other) = T::qr(a, s.m, s.n, full).map_err(|e| failed(g.op(), e))?;
                q.all.extend(one);
                r.all.extend(other);
            }
        }
        Ok(vec![q.array(metas[0].shape.clone())?, r.array(metas[1].shape.clone())?])
    })
}

/// The singular value decomposition.
pub(super) static SVD: Page = Page {
    row: Row {
        name: "svd",
        params: &[X[0], Param::new("full_matrices", ParamKind::Bool).or(Preset::Bool(true))],
        outputs: Outputs::Named(&["u", "s", "vh"]),
        numpy: "np.linalg.svd(x, full_matrices)",
        tries: &["x:0x3 | svd(x)", "x:2x3x0 | svd(x)", "x:3 | svd(x)", "x:5x4 | svd(x)[1]"],
        ulp: 1 << 20,
        doc: "The singular value decomposition x = u @ diag(s) @ vh over the last two axes.",
        rule: "Singular values fall; u and vh are square unless full_matrices is False. The signs of the vectors are not those of NumPy, which promises none. Integers in float64. Infinities and NaN are an error. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::Many { meta: |g| Ok(svd_plan(g)?.1), eval: svd },
    frames: stacked,
};

fn svd_plan(g: &Given<'_, Meta>) -> Result<(Stack, Vec<Meta>)> {
    let x = g.x()?;
    let s = Stack::of(g.op(), x)?;
    let dtype = entry_of(g.op(), x.dtype)?;
    let k = s.m.min(s.n);
    let (left, right) = if g.bool("full_matrices") { (s.m, s.n) } else { (k, k) };
    let metas = vec![
        Meta::new(s.with(&[s.m, left]), dtype),
        Meta::new(s.with(&[k]), dtype.real()),
        Meta::new(s.with(&[right, s.n]), dtype),
    ];
    Ok((s, metas))
}

fn svd(g: &Given<'_, Array>) -> Result<Vec<Array>> {
    let (s, metas) = g.told(svd_plan)?;
    let dtype = metas[0].dtype;
    let x = cast(g.x()?, dtype)?;
    let full = g.bool("full_matrices");
    with_entry!(dtype, T => {
        let (mut u, mut v) = (Parts::<T>::new(), Parts::<T>::new());
        let mut values = Parts::<<T as Dense>::Real>::new();
        if s.m * s.n == 0 {
            if full {
                for _ in 0..shape::product(&s.batch) {
                    u.all.extend(eye::<T>(s.m));
                    v.all.extend(eye::<T>(s.n));
                }
            }
        } else {
            for a in matrices::<T>(&x, s.m * s.n)? {
                finite(g.op(), a)?;
                let one = T::svd(a, s.m, s.n, full).map_err(|e| failed(g.op(), e))?;
                u.all.extend(one.u);
                values.all.extend(one.s);
                v.all.extend(one.vh);
            }
        }
        let [mu, ms, mv] = [0, 1, 2].map(|i| metas[i].shape.clone());
        Ok(vec![u.array(mu)?, values.array(ms)?, v.array(mv)?])
    })
}

/// Singular values alone.
pub(super) static SVDVALS: Page = Page {
    row: Row {
        name: "svdvals",
        numpy: "np.linalg.svdvals(x)",
        tries: &["x:3x4 | svdvals(x)", "x:2x4x3 | svdvals(x)", "x:2x0x3 | svdvals(x)", "x:3 | svdvals(x)"],
        ulp: 1 << 20,
        doc: "The singular values of matrices over the last two axes, largest first.",
        rule: "Integers in float64. Infinities and NaN are an error. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::One {
        meta: |g| {
            let x = g.x()?;
            let s = Stack::of(g.op(), x)?;
            Ok(Meta::new(s.with(&[s.m.min(s.n)]), entry_of(g.op(), x.dtype)?.real()))
        },
        eval: svdvals,
    },
    frames: stacked,
};

fn svdvals(g: &Given<'_, Array>) -> Result<Array> {
    let meta = Meta::from(g.x()?);
    let s = Stack::of(g.op(), &meta)?;
    let dtype = entry_of(g.op(), meta.dtype)?;
    let x = cast(g.x()?, dtype)?;
    with_entry!(dtype, T => {
        let mut values = Parts::<<T as Dense>::Real>::new();
        for a in matrices::<T>(&x, s.m * s.n)? {
            finite(g.op(), a)?;
            values.all.extend(T::singular_values(a, s.m, s.n).map_err(|e| failed(g.op(), e))?);
        }
        values.array(s.with(&[s.m.min(s.n)]))
    })
}

const X_UPLO: &[Param] = &[X[0], Param::new("UPLO", ParamKind::Text).or(Preset::Text("L")).rare()];

/// Eigenvalues and vectors of symmetric matrices.
pub(super) static EIGH: Page = Page {
    row: Row {
        name: "eigh",
        params: X_UPLO,
        outputs: Outputs::Named(&["eigenvalues", "eigenvectors"]),
        numpy: "np.linalg.eigh(x, UPLO)",
        tries: &["x:0x0 | eigh(x)", "x:3x4 | eigh(x)", "x:4x4 | eigh(x)[0]", "x:2x3x3 | eigh(x, UPLO='U')[0]"],
        ulp: 1 << 20,
        doc: "Eigenvalues, least first, and eigenvectors as columns, of symmetric or Hermitian matrices over the last two axes.",
        rule: "Only the triangle UPLO, 'L' or 'U', is read. Vectors have length 1; their signs are not those of NumPy, which promises none. Integers in float64. Infinities and NaN are an error. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::Many { meta: |g| Ok(eigh_plan(g)?.1), eval: eigh },
    frames: stacked,
};

fn eigh_plan(g: &Given<'_, Meta>) -> Result<(Stack, Vec<Meta>, bool)> {
    let x = g.x()?;
    let s = Stack::square(g.op(), x)?;
    let upper = match g.text("UPLO") {
        "L" | "l" => false,
        "U" | "u" => true,
        other => return Err(Error::value(g.op(), format!("UPLO '{other}' is neither 'L' nor 'U'"))),
    };
    let dtype = entry_of(g.op(), x.dtype)?;
    let metas = vec![Meta::new(s.with(&[s.n]), dtype.real()), Meta::new(x.shape.clone(), dtype)];
    Ok((s, metas, upper))
}

fn eigh(g: &Given<'_, Array>) -> Result<Vec<Array>> {
    let (s, metas, upper) = g.told(eigh_plan)?;
    let dtype = metas[1].dtype;
    let x = cast(g.x()?, dtype)?;
    with_entry!(dtype, T => {
        let (mut values, mut vectors) = (Parts::<<T as Dense>::Real>::new(), Parts::<T>::new());
        for a in matrices::<T>(&x, s.n * s.n)? {
            triangle(g.op(), a, s.n, upper)?;
            let one = T::eigh(a, s.n, upper).map_err(|e| failed(g.op(), e))?;
            values.all.extend(one.values);
            vectors.all.extend(one.vectors);
        }
        Ok(vec![values.array(metas[0].shape.clone())?, vectors.array(metas[1].shape.clone())?])
    })
}

/// Refuses what is not finite in the triangle that is read.
fn triangle<T: Entry>(op: &str, a: &[T], n: usize, upper: bool) -> Result<()> {
    for (i, row) in a.chunks_exact(n).enumerate() {
        finite(op, if upper { &row[i..] } else { &row[..=i] })?;
    }
    Ok(())
}

/// The eigenvalues alone.
pub(super) static EIGVALSH: Page = Page {
    row: Row {
        name: "eigvalsh",
        params: X_UPLO,
        numpy: "np.linalg.eigvalsh(x, UPLO)",
        tries: &[
            "x:4x4 | eigvalsh(x)",
            "x:2x3x3 | eigvalsh(x, UPLO='U')",
            "x:0x0 | eigvalsh(x)",
            "x:3x4 | eigvalsh(x)",
        ],
        ulp: 1 << 20,
        doc: "The eigenvalues, least first, of symmetric or Hermitian matrices over the last two axes.",
        rule: "Only the triangle UPLO, 'L' or 'U', is read. Integers in float64. Infinities and NaN are an error. Last bits may depend on the machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| Ok(eigh_plan(g)?.1.swap_remove(0)), eval: eigvalsh },
    frames: stacked,
};

fn eigvalsh(g: &Given<'_, Array>) -> Result<Array> {
    let (s, metas, upper) = g.told(eigh_plan)?;
    let dtype: DType = metas[1].dtype;
    let x = cast(g.x()?, dtype)?;
    with_entry!(dtype, T => {
        let mut values = Parts::<<T as Dense>::Real>::new();
        for a in matrices::<T>(&x, s.n * s.n)? {
            triangle(g.op(), a, s.n, upper)?;
            values.all.extend(T::eigvalsh(a, s.n, upper).map_err(|e| failed(g.op(), e))?);
        }
        values.array(metas[0].shape.clone())
    })
}
