//! Norms, and what singular values tell: condition, rank, pseudo-inverse.

use super::*;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "vector_norm",
        params: &[X1, AXIS, KEEPDIMS, Param::new("ord", ParamKind::Float).or(Preset::Float(2.0))],
        numpy: "np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)",
        tries: &[
            "vector_norm(x)",
            "vector_norm(x, axis=-1)",
            "vector_norm(x, axis=0, keepdims=True)",
            "vector_norm(x, ord=1)",
            "vector_norm(x, ord=0)",
            "vector_norm(x, axis=-1, ord=3)",
            "x:3x4 | vector_norm(x, axis=-1, ord=1e999)",
            "x:3x4 | vector_norm(x, axis=-1, ord=-1e999)",
            "x:2x3x4 | vector_norm(x, axis=(0, 2))",
        ],
        ulp: 64,
        doc: "The norm of order `ord` of vectors along the axes; none given flattens.",
        rule: "ord inf and -inf: greatest and least absolute value; 0: how many are not zero; else sum(abs(x)**ord)**(1/ord). Integers in float64.",
        ..Row::BASE
    },
    Row {
        name: "matrix_norm",
        params: &[X1, KEEPDIMS, Param::new("ord", ParamKind::Text).or(Preset::Text("fro"))],
        numpy: "np.linalg.matrix_norm(x, keepdims=keepdims, ord=ord)",
        tries: &[
            "x:3x4 | matrix_norm(x)",
            "x:2x3x4 | matrix_norm(x, ord='nuc')",
            "x:3x4 | matrix_norm(x, ord=2)",
            "x:3x4 | matrix_norm(x, ord=-2)",
            "x:2x3x4 | matrix_norm(x, ord=1, keepdims=True)",
            "x:3x4 | matrix_norm(x, ord=-1)",
            "x:3x4 | matrix_norm(x, ord=1e999)",
            "x:3x4 | matrix_norm(x, ord=-1e999)",
            "x:3 | matrix_norm(x)",
        ],
        ulp: 1024,
        doc: "The norm of matrices over the last two axes.",
        rule: "ord 'fro': root of the sum of squares; 'nuc': sum of singular values; 2 and -2: greatest and least of them; 1 and -1: greatest and least sum of absolute values of a column; inf and -inf: of a row. Integers in float64.",
        ..Row::BASE
    },
    Row {
        name: "norm",
        params: &[X1, Param::new("ord", ParamKind::Text).or(Preset::None), AXIS, KEEPDIMS],
        numpy: "np.linalg.norm(x, ord, axis, keepdims)",
        tries: &[
            "norm(x)",
            "x:4 | norm(x, 1)",
            "x:3x4 | norm(x, 'nuc')",
            "x:2x3x4 | norm(x, axis=1)",
            "x:2x3x4 | norm(x, 3, axis=0, keepdims=True)",
            "x:2x3x4 | norm(x, 1, axis=(0, 2))",
            "x:2x3x4 | norm(x, 'fro', axis=(2, 0), keepdims=True)",
            "x:2x3x4 | norm(x, 1)",
        ],
        ulp: 1024,
        doc: "vector_norm along one axis, matrix_norm over two; with neither ord nor axis, the 2-norm of all elements.",
        rule: "Without an axis, ord is that of a vector for one axis and that of a matrix for two. Integers in float64.",
        ..Row::BASE
    },
    Row {
        name: "cond",
        params: &[X1, Param::new("p", ParamKind::Text).or(Preset::None)],
        numpy: "np.linalg.cond(x, p)",
        tries: &[
            "x:3x3 | cond(x)",
            "x:3x4 | cond(x, 2)",
            "x:2x3x3 | cond(x, -2)",
            "x:3x3 real | cond(x, 1)",
            "x:3x3 real | cond(x, 'fro')",
        ],
        ulp: 1 << 24,
        doc: "The condition number: the greatest singular value over the least; with p, norm(x, p) * norm(inv(x), p).",
        rule: "Integers in float64. For p other than 2 and -2 a singular matrix is an error (NumPy: inf). Last bits may depend on the machine.",
        ..Row::BASE
    },
    Row {
        name: "pinv",
        params: &[X1, Param::new("rcond", ParamKind::Float).or(Preset::Float(1e-15))],
        numpy: "np.linalg.pinv(x, rcond)",
        tries: &["x:3x4 | pinv(x)", "x:4x3 | pinv(x)", "x:2x4x3 | pinv(x, 0.001)", "x:0x3 | pinv(x)"],
        ulp: 1 << 24,
        doc: "The Moore-Penrose pseudo-inverse of matrices over the last two axes.",
        rule: "Singular values of at most rcond times the greatest count as zero. Integers in float64 (an array without elements keeps its type). Last bits may depend on the machine.",
        ..Row::BASE
    },
    Row {
        name: "matrix_rank",
        params: &[
            X1,
            Param::new("tol", ParamKind::Float).or(Preset::None),
            Param::new("rtol", ParamKind::Float).or(Preset::None).rare(),
        ],
        numpy: "np.linalg.matrix_rank(x, tol, rtol=rtol)",
        tries: &[
            "x:3x4 | matrix_rank(x)",
            "x:2x3x3 | matrix_rank(x)",
            "x:3x4 | matrix_rank(x, 0.5)",
            "x:4 | matrix_rank(x)",
            "x:4x4 | matrix_rank(x * 0)",
        ],
        doc: "How many singular values are greater than tol.",
        rule: "int64. Without tol it is rtol times the greatest, and without rtol that is eps times the longer side. An array of one axis has rank 1 unless all its elements are 0.",
        ..Row::BASE
    },
];

fn float(op: &str, x: &Lazy) -> Result<Lazy> {
    checked(op, x)?;
    let d = x.dtype()?;
    Ok(if (d.is_float() && d != DType::BF16) || d.is_complex() { x.clone() } else { x.cast(DType::F64) })
}

fn greater(x: &Lazy, y: impl Into<Operand>) -> Lazy {
    binary(Compare::Greater, x, y)
}

/// With the axes that were reduced as axes of length 1 again.
fn keep(x: Lazy, axes: &[usize], keepdims: bool) -> Lazy {
    if keepdims { axes.iter().fold(x, |x, &a| expand_dims(&x, &[a as isize])) } else { x }
}

/// Along sorted axes, of which there is at least one unless the array has none.
fn vector(op: &str, x: &Lazy, axes: &[usize], ord: f64) -> Result<Lazy> {
    let x = float(op, x)?;
    let over = shape::signed(axes);
    let sum = |x: &Lazy| {
        if over.is_empty() && x.ndim().is_ok_and(|n| n > 0) { x.clone() } else { x.reduce(Reduce::Sum, &over) }
    };
    let d = x.dtype()?;
    Ok(if ord == f64::INFINITY {
        absolute(&x).reduce(Reduce::Max, &over)
    } else if ord == f64::NEG_INFINITY {
        absolute(&x).reduce(Reduce::Min, &over)
    } else if ord == 0.0 {
        sum(&x.cast(DType::Bool).cast(d.real()))
    } else if ord == 1.0 {
        sum(&absolute(&x))
    } else if ord == 2.0 {
        sqrt(sum(&real(&(conjugate(&x) * &x))))
    } else {
        pow(&sum(&pow(&absolute(&x), Operand::from(ord))), Operand::from(1.0 / ord))
    })
}

/// Norm of vectors.
#[track_caller]
pub fn vector_norm(x: &Lazy, axis: &[isize], keepdims: bool, ord: f64) -> Lazy {
    built(&[x], || {
        let axes = shape::axes("vector_norm", axis, x.ndim()?)?;
        Ok(keep(vector("vector_norm", x, &axes, ord)?, &axes, keepdims))
    })
}

/// Over the axes `rows` and `columns`.
fn matrix(op: &str, x: &Lazy, rows: usize, columns: usize, ord: &str) -> Result<Lazy> {
    let x = float(op, x)?;
    let rank = x.ndim()?;
    if rows == columns {
        return Err(Error::shape(op, format!("axis {rows} is given twice")));
    }
    let singular = || {
        let order: Vec<usize> = (0..rank).filter(|a| *a != rows && *a != columns).chain([rows, columns]).collect();
        page("svdvals", vec![permute_dims(&x, &shape::signed(&order))], Vec::new())
    };
    // Sums of absolute values along one axis, then the extreme of them along the other.
    let sums = |over: usize, other: usize, extreme: Reduce| {
        let other = if other > over { other - 1 } else { other };
        absolute(&x).reduce(Reduce::Sum, &[over as isize]).reduce(extreme, &[other as isize])
    };
    Ok(match ord {
        "fro" => sqrt(real(&(conjugate(&x) * &x)).reduce(Reduce::Sum, &[rows as isize, columns as isize])),
        "nuc" => singular().reduce(Reduce::Sum, &[-1]),
        number => match number.parse::<f64>() {
            Ok(2.0) => singular().reduce(Reduce::Max, &[-1]),
            Ok(-2.0) => singular().reduce(Reduce::Min, &[-1]),
            Ok(1.0) => sums(rows, columns, Reduce::Max),
            Ok(-1.0) => sums(rows, columns, Reduce::Min),
            Ok(f64::INFINITY) => sums(columns, rows, Reduce::Max),
            Ok(f64::NEG_INFINITY) => sums(columns, rows, Reduce::Min),
            _ => {
                let which = "'fro', 'nuc', 1, -1, 2, -2, inf and -inf";
                return Err(Error::value(op, format!("matrices have no norm of order {ord}; there are {which}")));
            }
        },
    })
}

/// Norm of matrices.
#[track_caller]
pub fn matrix_norm(x: &Lazy, keepdims: bool, ord: &str) -> Lazy {
    built(&[x], || {
        let rank = x.ndim()?;
        if rank < 2 {
            return Err(Error::shape("matrix_norm", "needs an array of two axes or more"));
        }
        Ok(keep(matrix("matrix_norm", x, rank - 2, rank - 1, ord)?, &[rank - 2, rank - 1], keepdims))
    })
}

/// Norm of either.
#[track_caller]
pub fn norm(x: &Lazy, ord: Option<&str>, axis: &[isize], keepdims: bool) -> Lazy {
    const OP: &str = "norm";
    built(&[x], || {
        let rank = x.ndim()?;
        let given = axis.iter().map(|&a| shape::axis(OP, a, rank)).collect::<Result<Vec<_>>>()?;
        let of = |ord: &str| {
            let none = |_| Error::value(OP, format!("vectors have no norm of order '{ord}'; give a number"));
            ord.parse::<f64>().map_err(none)
        };
        let every: Vec<usize> = (0..rank).collect();
        let (result, mut axes) = match (given.as_slice(), ord, rank) {
            ([], None, _) => (vector(OP, x, &every, 2.0)?, every),
            ([], Some(ord), 1) => (vector(OP, x, &[0], of(ord)?)?, every),
            ([], Some(ord), 2) => (matrix(OP, x, 0, 1, ord)?, every),
            ([a], ord, _) => (vector(OP, x, &[*a], of(ord.unwrap_or("2"))?)?, given),
            ([a, b], ord, _) => (matrix(OP, x, *a, *b, ord.unwrap_or("fro"))?, given),
            _ => return Err(Error::shape(OP, "needs one axis for vectors or two for matrices")),
        };
        axes.sort_unstable();
        Ok(keep(result, &axes, keepdims))
    })
}

/// The first or the last singular value.
fn nth(s: &Lazy, first: bool) -> Lazy {
    let (start, stop) = if first { (Some(0), Some(1)) } else { (Some(-1), None) };
    squeeze(&slice_axis(s, -1, start, stop, None), &[-1])
}

/// Condition number.
#[track_caller]
pub fn cond(x: &Lazy, p: Option<&str>) -> Lazy {
    const OP: &str = "cond";
    built(&[x], || {
        let s = checked(OP, x)?;
        if s.len() < 2 || s.ends_with(&[0]) || s[s.len() - 2] == 0 {
            return Err(Error::shape(OP, format!("needs matrices with elements; the shape is {}", shape::show(&s))));
        }
        let rank = s.len();
        let values = || page("svdvals", vec![x.clone()], Vec::new());
        let p = p.unwrap_or("2");
        match p.parse::<f64>() {
            Ok(2.0) => {
                let s = values();
                Ok(nth(&s, true) / nth(&s, false))
            }
            Ok(-2.0) => {
                let s = values();
                Ok(nth(&s, false) / nth(&s, true))
            }
            _ => {
                let inverse = page("inv", vec![x.clone()], Vec::new());
                let norm = |x: &Lazy| matrix(OP, x, rank - 2, rank - 1, p);
                Ok(&norm(x)? * norm(&inverse)?)
            }
        }
    })
}

/// Pseudo-inverse.
#[track_caller]
pub fn pinv(x: &Lazy, rcond: f64) -> Lazy {
    const OP: &str = "pinv";
    built(&[x], || {
        let s = checked(OP, x)?;
        let [batch @ .., m, n] = s.as_slice() else {
            return Err(Error::shape(OP, "needs an array of two axes or more"));
        };
        if s.contains(&0) {
            let mut shape = batch.to_vec();
            shape.extend([*n, *m]);
            return Ok(Lazy::from(crate::array::Array::zeros(x.dtype()?, &shape)?));
        }
        let [u, s, vh] = exactly(pages("svd", vec![conjugate(x)], vec![Attr::Bool(false)]))?;
        let greatest = expand_dims(&s.reduce(Reduce::Max, &[-1]), &[-1]);
        let large = greater(&s, &greatest * rcond);
        let one = large.cast(s.dtype()?) / &s;
        let zero = large.cast(s.dtype()?) * 0.0;
        let inverse = choose(large, one, zero);
        let right = matrix_transpose(&u) * expand_dims(&inverse, &[-1]);
        Ok(product(&matrix_transpose(&vh), &right))
    })
}

/// Rank.
#[track_caller]
pub fn matrix_rank(x: &Lazy, tol: Option<f64>, rtol: Option<f64>) -> Lazy {
    const OP: &str = "matrix_rank";
    built(&[x], || {
        let s = checked(OP, x)?;
        let [.., m, n] = s.as_slice() else {
            return Ok(x.cast(DType::Bool).reduce(Reduce::Any, &[]).cast(DType::I64));
        };
        if tol.is_some() && rtol.is_some() {
            return Err(Error::value(OP, "tol and rtol are both given; one of them is meant"));
        }
        let values = page("svdvals", vec![x.clone()], Vec::new());
        let eps = if values.dtype()? == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let limit = match tol {
            Some(tol) => Operand::from(tol),
            None if *m.min(n) == 0 => Operand::from(0.0),
            None => {
                let greatest = expand_dims(&values.reduce(Reduce::Max, &[-1]), &[-1]);
                (&greatest * rtol.unwrap_or((*m.max(n)) as f64 * eps)).into()
            }
        };
        Ok(greater(&values, limit).reduce(Reduce::Sum, &[-1]))
    })
}
