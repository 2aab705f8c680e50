//! Products of vectors, matrices and more axes, all made of `matmul` and `multiply`.

use super::*;
use crate::array::promote::promote;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "dot",
        params: XY,
        numpy: "np.dot(x, y)",
        tries: &[
            "x:4 y:4 | dot(x, y)",
            "x:3x4 y:4x2 | dot(x, y)",
            "x:2x3x4 y:4 | dot(x, y)",
            "x:2x3 y:4x3x2 | dot(x, y)",
            "x:2x3 int | dot(x, 2)",
            "x:3 f32 | dot(x, 2)",
            "x:3 y:4 | dot(x, y)",
        ],
        ulp: 64,
        doc: "Sum of products over the last axis of x and the last but one of y (its only one when it has one).",
        rule: "An array without axes multiplies, and a number is one of int64 or float64. matmul's rule for sums.",
        ..Row::BASE
    },
    Row {
        name: "vdot",
        params: XY,
        numpy: "np.vdot(x, y)",
        tries: &["x:4 y:4 | vdot(x, y)", "x:2x3 y:3x2 | vdot(x, y)", "x:4 y:5 | vdot(x, y)"],
        ulp: 64,
        doc: "Sum of products of all elements, in C order; the first is conjugated.",
        rule: "matmul's rule for sums.",
        ..Row::BASE
    },
    Row {
        name: "vecdot",
        params: &[XY[0], XY[1], LAST],
        numpy: "np.vecdot(x, y, axis=axis)",
        tries: &["x:3x4 y:3x4 | vecdot(x, y)", "x:3x4 y:4 | vecdot(x, y)", "x:3x4 y:3x4 | vecdot(x, y, axis=0)"],
        ulp: 64,
        doc: "Sum of products along one axis; the other axes broadcast, and the first array is conjugated.",
        rule: "matmul's rule for sums.",
        ..Row::BASE
    },
    Row {
        name: "matvec",
        params: XY,
        numpy: "np.matvec(x, y)",
        tries: &["x:3x4 y:4 | matvec(x, y)", "x:2x3x4 y:2x4 | matvec(x, y)", "x:3x4 y:5x4 | matvec(x, y)"],
        ulp: 64,
        doc: "Matrices times vectors: the last two axes of x, the last of y; the others broadcast.",
        rule: "matmul's rule for sums.",
        ..Row::BASE
    },
    Row {
        name: "vecmat",
        params: XY,
        numpy: "np.vecmat(x, y)",
        tries: &["x:4 y:4x3 | vecmat(x, y)", "x:2x4 y:2x4x3 | vecmat(x, y)"],
        ulp: 64,
        doc: "Vectors times matrices: the last axis of x, which is conjugated, the last two of y; the others broadcast.",
        rule: "matmul's rule for sums.",
        ..Row::BASE
    },
    Row {
        name: "inner",
        params: XY,
        numpy: "np.inner(x, y)",
        tries: &[
            "x:4 y:4 | inner(x, y)",
            "x:2x3 y:4x3 | inner(x, y)",
            "x:2x3 int | inner(x, 2)",
            "x:3 f32 | inner(x, 2.5)",
            "x:3 y:4 | inner(x, y)",
        ],
        ulp: 64,
        doc: "Sum of products over the last axis of both.",
        rule: "An array without axes multiplies, and a number is one of int64 or float64. matmul's rule for sums.",
        ..Row::BASE
    },
    Row {
        name: "outer",
        params: XY,
        numpy: "np.outer(x, y)",
        tries: &["x:4 y:3 | outer(x, y)", "x:2x3 y:2x2 | outer(x, y)"],
        doc: "Every element of x times every element of y, both flattened.",
        rule: "multiply's rule.",
        ..Row::BASE
    },
    Row {
        name: "tensordot",
        params: &[
            XY[0],
            XY[1],
            Param::new("axes", ParamKind::Int).or(Preset::Int(2)),
            Param::new("x_axes", ParamKind::Ints).or(Preset::None),
            Param::new("y_axes", ParamKind::Ints).or(Preset::None),
        ],
        numpy: "np.tensordot(x, y, axes if x_axes is None else (x_axes, y_axes))",
        tries: &[
            "x:2x3x4 y:3x4x5 | tensordot(x, y)",
            "x:2x3 y:3x4 | tensordot(x, y, axes=1)",
            "x:2x3 y:4x5 | tensordot(x, y, axes=0)",
            "x:2x3x4 y:4x2x5 | tensordot(x, y, x_axes=(0, 2), y_axes=(1, 0))",
            "x:2x3 y:4x5 | tensordot(x, y, axes=1)",
        ],
        ulp: 64,
        doc: "Sum of products over the last `axes` axes of x and the first of y, or over the axes x_axes of x and y_axes of y.",
        rule: "NumPy writes the pair of lists as axes=(x_axes, y_axes). matmul's rule for sums.",
        ..Row::BASE
    },
    Row {
        name: "kron",
        params: XY,
        numpy: "np.kron(x, y)",
        tries: &["x:2x3 y:3x2 | kron(x, y)", "x:3 y:2x2 | kron(x, y)", "x:2x2x2 y:3 | kron(x, y)"],
        doc: "The Kronecker product: y times each element of x, side by side.",
        rule: "multiply's rule.",
        ..Row::BASE
    },
    Row {
        name: "cross",
        params: &[XY[0], XY[1], LAST],
        numpy: "np.linalg.cross(x, y, axis=axis)",
        tries: &[
            "x:3 y:3 | cross(x, y)",
            "x:2x3 y:2x3 | cross(x, y)",
            "x:3x4 y:3x4 | cross(x, y, axis=0)",
            "x:4 y:4 | cross(x, y)",
        ],
        doc: "The cross product of vectors of three elements along one axis.",
        rule: "subtract's rule on two products.",
        ..Row::BASE
    },
    Row {
        name: "trace",
        params: &[
            X1,
            Param::new("offset", ParamKind::Int).or(Preset::Int(0)),
            Param::new("axis1", ParamKind::Axis).or(Preset::Int(0)).rare(),
            Param::new("axis2", ParamKind::Axis).or(Preset::Int(1)).rare(),
        ],
        numpy: "np.trace(x, offset, axis1, axis2)",
        tries: &[
            "x:3x3 | trace(x)",
            "x:3x4 | trace(x, 1)",
            "x:3x4 | trace(x, -1)",
            "x:3x4x5 | trace(x, axis1=1, axis2=-1)",
            "x:3x4 | trace(x, 9)",
            "x:3 | trace(x)",
        ],
        ulp: 4,
        doc: "The sum along the diagonal of two axes, `offset` above it.",
        rule: "sum's rule.",
        ..Row::BASE
    },
    Row {
        name: "matrix_power",
        params: &[X1, Param::new("n", ParamKind::Int)],
        numpy: "np.linalg.matrix_power(x, n)",
        tries: &[
            "x:3x3 | matrix_power(x, 0)",
            "x:3x3 | matrix_power(x, 1)",
            "x:2x3x3 | matrix_power(x, 5)",
            "x:3x4 | matrix_power(x, 2)",
        ],
        ulp: 1024,
        doc: "A square matrix times itself, n times; negative n takes the inverse.",
        rule: "By repeated squaring. matmul's rule, so integers wrap; negative powers of integers are float64, as inv.",
        ..Row::BASE
    },
    Row {
        name: "multi_dot",
        params: &[Param::new("arrays", ParamKind::Arrays)],
        numpy: "np.linalg.multi_dot(arrays)",
        tries: &[
            "x:2x3 y:3x4 z:4x2 | multi_dot((x, y, z))",
            "x:3 y:3x4 z:4 | multi_dot((x, y, z))",
            "x:2x3 y:3x4 | multi_dot((x, y))",
        ],
        ulp: 1024,
        doc: "The product of two or more matrices, in the order of fewest multiplications; the first and the last may be vectors.",
        rule: "matmul's rule.",
        ..Row::BASE
    },
];

/// `x @ y` in the type that both are promoted to: `dot` of bfloat16 stays so.
fn narrow(x: &Lazy, y: &Lazy) -> Lazy {
    match (x.dtype(), y.dtype()) {
        (Ok(a), Ok(b)) => product(x, y).cast(promote(a, b)),
        _ => product(x, y),
    }
}

/// The real part of what is known to have no other.
#[track_caller]
pub(super) fn real(x: &Lazy) -> Lazy {
    typed(x, |d| if d.is_complex() { unary(Part::Real, x) } else { x.clone() })
}

/// Sum of products over the axes `ax` of x and `ay` of y; the other axes in order, x's first.
fn contract(op: &str, x: &Lazy, y: &Lazy, ax: &[usize], ay: &[usize]) -> Result<Lazy> {
    let (sx, sy) = (checked(op, x)?, checked(op, y)?);
    let fits = ax.len() == ay.len() && ax.iter().zip(ay).all(|(&a, &b)| sx.get(a) == sy.get(b));
    if !fits {
        let show =
            |s: &[usize], a: &[usize]| shape::show(&a.iter().filter_map(|&a| s.get(a).copied()).collect::<Vec<_>>());
        return Err(Error::shape(
            op,
            format!(
                "shapes {} and {} do not fit: lengths {} are summed with {}",
                shape::show(&sx),
                shape::show(&sy),
                show(&sx, ax),
                show(&sy, ay)
            ),
        ));
    }
    let free = |rank: usize, a: &[usize]| (0..rank).filter(|i| !a.contains(i)).collect::<Vec<_>>();
    let (fx, fy) = (free(sx.len(), ax), free(sy.len(), ay));
    let lengths = |s: &[usize], of: &[usize]| of.iter().map(|&a| s[a]).collect::<Vec<_>>();
    let (lx, ly) = (lengths(&sx, &fx), lengths(&sy, &fy));
    let k = shape::count(op, &lengths(&sx, ax), 1)?;
    let left = permute_dims_of(x, &[fx.as_slice(), ax].concat());
    let left = reshape(&left, &shape::signed(&[lx.as_slice(), &[k]].concat()));
    let right = permute_dims_of(y, &[ay, fy.as_slice()].concat());
    let columns = shape::count(op, &ly, 1)?;
    let right = reshape(&right, &shape::signed(&if ly.is_empty() { vec![k] } else { vec![k, columns] }));
    let both = narrow(&left, &right);
    Ok(reshape(&both, &shape::signed(&[lx, ly].concat())))
}

/// `permute_dims`, which takes no axes for all of them reversed.
pub(super) fn permute_dims_of(x: &Lazy, order: &[usize]) -> Lazy {
    if order.iter().enumerate().all(|(i, &a)| i == a) { x.clone() } else { permute_dims(x, &shape::signed(order)) }
}

/// Dot product.
#[track_caller]
pub fn dot(x: &Lazy, y: Operand) -> Lazy {
    built(&[x], || {
        // A number is an array of its own here, as for NumPy: it does not take x's type.
        let y = as_array(y);
        match (x.ndim()?, y.ndim()?) {
            (0, _) | (_, 0) => Ok(x * &y),
            (a, b) => contract("dot", x, &y, &[a - 1], &[b.saturating_sub(2)]),
        }
    })
}

/// Dot product of all elements.
#[track_caller]
pub fn vdot(x: &Lazy, y: Operand) -> Lazy {
    built(&[x], || contract("vdot", &reshape(&conjugate(x), &[-1]), &reshape(&as_array(y), &[-1]), &[0], &[0]))
}

/// Dot product along one axis.
#[track_caller]
pub fn vecdot(x: &Lazy, y: Operand, axis: isize) -> Lazy {
    let last = |x: &Lazy| -> Result<Lazy> {
        let rank = x.ndim()?;
        let axis = shape::axis("vecdot", axis, rank)?;
        Ok(permute_dims_of(x, &(0..rank).filter(|&a| a != axis).chain([axis]).collect::<Vec<_>>()))
    };
    built(&[x], || {
        let (x, y) = (last(&conjugate(x))?, last(&as_array(y))?);
        if x.shape()?.last() != y.shape()?.last() {
            return Err(Error::shape("vecdot", "the axis is not as long in both arrays"));
        }
        let both = product(&expand_dims(&x, &[-2]), &expand_dims(&y, &[-1]));
        Ok(squeeze(&both, &[-2, -1]))
    })
}

/// Matrices times vectors.
#[track_caller]
pub fn matvec(x: &Lazy, y: Operand) -> Lazy {
    built(&[x], || {
        let both = product(x, &expand_dims(&as_array(y), &[-1]));
        checked("matvec", &both)?;
        if x.ndim()? < 2 {
            return Err(Error::shape("matvec", "the first array needs two axes or more"));
        }
        Ok(squeeze(&both, &[-1]))
    })
}

/// Vectors times matrices.
#[track_caller]
pub fn vecmat(x: &Lazy, y: Operand) -> Lazy {
    built(&[x], || {
        let y = as_array(y);
        let both = product(&expand_dims(&conjugate(x), &[-2]), &y);
        checked("vecmat", &both)?;
        if y.ndim()? < 2 {
            return Err(Error::shape("vecmat", "the second array needs two axes or more"));
        }
        Ok(squeeze(&both, &[-2]))
    })
}

/// Inner product.
#[track_caller]
pub fn inner(x: &Lazy, y: Operand) -> Lazy {
    built(&[x], || {
        let y = as_array(y);
        match (x.ndim()?, y.ndim()?) {
            (0, _) | (_, 0) => Ok(x * &y),
            (a, b) => contract("inner", x, &y, &[a - 1], &[b - 1]),
        }
    })
}

/// Outer product.
#[track_caller]
pub fn outer(x: &Lazy, y: Operand) -> Lazy {
    reshape(x, &[-1, 1]) * reshape(&as_array(y), &[1, -1])
}

/// Sum of products over several axes.
#[track_caller]
pub fn tensordot(x: &Lazy, y: Operand, axes: isize, x_axes: &[isize], y_axes: &[isize]) -> Lazy {
    built(&[x], || {
        let y = as_array(y);
        let (a, b) = (x.ndim()?, y.ndim()?);
        let given =
            |all: &[isize], rank| all.iter().map(|&i| shape::axis("tensordot", i, rank)).collect::<Result<Vec<_>>>();
        let (ax, ay) = if x_axes.is_empty() && y_axes.is_empty() {
            let n = usize::try_from(axes).ok().filter(|&n| n <= a && n <= b).ok_or_else(|| {
                Error::shape("tensordot", format!("axes={axes} is not between 0 and the axes of both ({a} and {b})"))
            })?;
            ((a - n..a).collect(), (0..n).collect())
        } else {
            (given(x_axes, a)?, given(y_axes, b)?)
        };
        for list in [&ax, &ay] {
            let once: std::collections::BTreeSet<&usize> = list.iter().collect();
            if once.len() != list.len() {
                return Err(Error::shape("tensordot", "an axis is given twice"));
            }
        }
        contract("tensordot", x, &y, &ax, &ay)
    })
}

/// Kronecker product.
#[track_caller]
pub fn kron(x: &Lazy, y: Operand) -> Lazy {
    built(&[x], || {
        let y = as_array(y);
        let (sx, sy) = (x.shape()?.to_vec(), y.shape()?.to_vec());
        let rank = sx.len().max(sy.len());
        let padded = |s: &[usize]| [vec![1; rank - s.len()], s.to_vec()].concat();
        let (sx, sy) = (padded(&sx), padded(&sy));
        let spread = |s: &[usize], first: bool| -> Vec<isize> {
            s.iter().flat_map(|&d| if first { [d as isize, 1] } else { [1, d as isize] }).collect()
        };
        let lengths = sx
            .iter()
            .zip(&sy)
            .map(|(&a, &b)| a.checked_mul(b).ok_or_else(|| Error::shape("kron", "the result is too large to address")));
        let lengths = lengths.collect::<Result<Vec<_>>>()?;
        let both = reshape(x, &spread(&sx, true)) * reshape(&y, &spread(&sy, false));
        Ok(reshape(&both, &shape::signed(&lengths)))
    })
}

/// Cross product.
#[track_caller]
pub fn cross(x: &Lazy, y: Operand, axis: isize) -> Lazy {
    built(&[x], || {
        let y = as_array(y);
        for a in [x, &y] {
            let s = checked("cross", a)?;
            if s[shape::axis("cross", axis, s.len())?] != 3 {
                return Err(Error::shape(
                    "cross",
                    format!("axis {axis} of shape {} is not of length 3", shape::show(&s)),
                ));
            }
        }
        let rank = x.ndim()?.max(y.ndim()?);
        let part = |a: &Lazy, i: isize| squeeze(&slice_axis(a, axis, Some(i), Some(i + 1), None), &[axis]);
        let term = |i: isize, j: isize| part(x, i) * part(&y, j) - part(x, j) * part(&y, i);
        // The axis as the result has it.
        let at = if axis < 0 { axis } else { axis + (rank - x.ndim()?) as isize };
        let terms = [term(1, 2), term(2, 0), term(0, 1)].iter().map(|t| expand_dims(t, &[at])).collect::<Vec<_>>();
        let at = shape::axis("cross", at, rank)?;
        Ok(joined(&terms, at))
    })
}

/// The diagonal of two axes, as a last axis.
pub(super) fn diagonal_of(op: &str, x: &Lazy, offset: isize, axis1: usize, axis2: usize) -> Result<Lazy> {
    let s = checked(op, x)?;
    if axis1 == axis2 {
        return Err(Error::shape(op, format!("axis {axis1} is given twice")));
    }
    let rest: Vec<usize> = (0..s.len()).filter(|a| *a != axis1 && *a != axis2).collect();
    let moved = permute_dims_of(x, &[rest.as_slice(), &[axis1, axis2]].concat());
    let (m, n) = (s[axis1] as isize, s[axis2] as isize);
    // The part of the matrix that starts where the diagonal does; then every (columns + 1)-th element.
    let (i, j) = (offset.saturating_neg().clamp(0, m), offset.clamp(0, n));
    let length = (m - i).min(n - j).max(0);
    let part =
        slice_axis(&slice_axis(&moved, -2, Some(i), Some(i + length), None), -1, Some(j), Some(j + length), None);
    let lead = shape::signed(&rest.iter().map(|&a| s[a]).collect::<Vec<_>>());
    let flat = reshape(&part, &[lead.as_slice(), &[length.saturating_mul(length)]].concat());
    Ok(slice_axis(&flat, -1, None, None, Some(length + 1)))
}

/// Sum of the diagonal.
#[track_caller]
pub fn trace(x: &Lazy, offset: isize, axis1: isize, axis2: isize) -> Lazy {
    built(&[x], || {
        let rank = x.ndim()?;
        if rank < 2 {
            return Err(Error::shape("trace", "needs an array of two axes or more"));
        }
        let (a, b) = (shape::axis("trace", axis1, rank)?, shape::axis("trace", axis2, rank)?);
        Ok(diagonal_of("trace", x, offset, a, b)?.reduce(Reduce::Sum, &[-1]))
    })
}

/// Powers of a matrix.
#[track_caller]
pub fn matrix_power(x: &Lazy, n: isize) -> Lazy {
    built(&[x], || {
        let s = checked("matrix_power", x)?;
        let [batch @ .., rows, columns] = s.as_slice() else {
            return Err(Error::shape("matrix_power", "needs an array of two axes or more"));
        };
        if rows != columns {
            return Err(Error::shape("matrix_power", format!("the last two axes of shape {} differ", shape::show(&s))));
        }
        if n == 0 {
            let one = identity(*rows as isize, x.dtype()?);
            return Ok(broadcast_to(&one, &shape::signed(&[batch, &[*rows, *rows]].concat())));
        }
        let mut square = if n < 0 { page("inv", vec![x.clone()], Vec::new()) } else { x.clone() };
        let mut result: Option<Lazy> = None;
        let mut left = n.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                result = Some(result.map_or(square.clone(), |r| product(&r, &square)));
            }
            left >>= 1;
            if left > 0 {
                square = product(&square, &square);
            }
        }
        Ok(result.unwrap_or(square))
    })
}

/// The product of several matrices.
#[track_caller]
pub fn multi_dot(arrays: &[Lazy]) -> Lazy {
    built_of(arrays, || multi_dot_of(arrays))
}

fn multi_dot_of(arrays: &[Lazy]) -> Result<Lazy> {
    const OP: &str = "multi_dot";
    let [first, .., last] = arrays else {
        return Err(Error::value(OP, format!("{} arrays are given; two or more are needed", arrays.len())));
    };
    // d[i] × d[i + 1] is the shape of matrix i; a vector is a row first and a column last.
    let mut d: Vec<f64> = Vec::new();
    for (i, a) in arrays.iter().enumerate() {
        let s = checked(OP, a)?;
        let (r, c) = match s.as_slice() {
            [n] if i == 0 => (1, *n),
            [n] if i + 1 == arrays.len() => (*n, 1),
            [r, c] => (*r, *c),
            _ => return Err(Error::shape(OP, format!("array {i} of shape {} is no matrix", shape::show(&s)))),
        };
        if d.is_empty() {
            d.push(r as f64);
        }
        d.push(c as f64);
    }
    let (n, row, column) = (arrays.len(), first.ndim()? == 1, last.ndim()? == 1);
    // The cheapest way to multiply each run of matrices, and where it is cut: Cormen et al., 15.2.
    let mut cost = vec![vec![0.0f64; n]; n];
    let mut cut = vec![vec![0usize; n]; n];
    for length in 1..n {
        for i in 0..n - length {
            let j = i + length;
            cost[i][j] = f64::INFINITY;
            for k in i..j {
                let c = cost[i][k] + cost[k + 1][j] + d[i] * d[k + 1] * d[j + 1];
                if c < cost[i][j] {
                    (cost[i][j], cut[i][j]) = (c, k);
                }
            }
        }
    }
    fn run(all: &[Lazy], cut: &[Vec<usize>], i: usize, j: usize) -> Lazy {
        if i >= j {
            return all[i].clone();
        }
        let k = cut[i][j];
        narrow(&run(all, cut, i, k), &run(all, cut, k + 1, j))
    }
    let mut all = arrays.to_vec();
    if row {
        all[0] = reshape(first, &[1, -1]);
    }
    if column {
        all[n - 1] = reshape(last, &[-1, 1]);
    }
    let both = run(&all, &cut, 0, n - 1);
    checked(OP, &both)?;
    let gone: Vec<isize> = [(row, -2), (column, -1)].iter().filter(|g| g.0).map(|g| g.1).collect();
    Ok(if gone.is_empty() { both } else { squeeze(&both, &gone) })
}

/// The sum in the array's own type: integers wrap, bool is or.
#[track_caller]
pub(super) fn array_sum(x: &Lazy, axes: &[isize]) -> Lazy {
    typed(x, |d| match d {
        DType::Bool => x.reduce(Reduce::Any, axes),
        d => x.reduce(Reduce::Sum, axes).cast(d),
    })
}
