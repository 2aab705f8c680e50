//! Slopes and areas of values along an axis, how variables vary together, and sums in logarithms.

use super::*;
use crate::array::promote::promote;

const BOTH: Param = Param::new("y", ParamKind::Array).or(Preset::None);
const ROWVAR: Param = Param::new("rowvar", ParamKind::Bool).or(Preset::Bool(true)).rare();

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "gradient",
        params: &[
            X1,
            Param::new("spacing", ParamKind::Array).or(Preset::Int(1)),
            LAST,
            Param::new("edge_order", ParamKind::Int).or(Preset::Int(1)).rare(),
        ],
        numpy: "wide(np.gradient, x, spacing, axis=axis, edge_order=edge_order)",
        tries: &[
            "mild | gradient(x)",
            "mild | gradient(x, 0.5, axis=0)",
            "mild x:3x4 | gradient(x, 2, axis=0, edge_order=2)",
            "mild x:2x3x4 | gradient(x, axis=1, edge_order=2)",
            "mild x:3x4 | gradient(x, (0, 1, 1.5, 4))",
            "mild int float complex64 complex128 x:4x3 | gradient(x, (0, 1, 1.5, 4), axis=0, edge_order=2)",
            "mild x:3x4 | gradient(x, (0, 1, 2))",
            "mild x:3x4 | gradient(x, edge_order=3)",
            "mild x:3x2 | gradient(x, edge_order=2)",
            "mild x:3x1 | gradient(x)",
        ],
        ulp: 16,
        doc: "The slope along one axis: central differences inside, one-sided ones at the ends.",
        rule: "spacing is the distance of neighbours, or the places of all elements along the axis. The ends take two elements, or three for edge_order 2. Floats and complex numbers keep their type, integers give float64; 16-bit floats are computed in float64. bool is an error. One axis at a time: NumPy's axis None, a list of all of them, is not taken.",
        ..Row::BASE
    },
    Row {
        name: "trapezoid",
        params: &[
            Param::new("y", ParamKind::Array),
            Param::new("x", ParamKind::Array).or(Preset::None),
            Param::new("dx", ParamKind::Float).or(Preset::Float(1.0)),
            LAST,
        ],
        numpy: "wide(np.trapezoid, y if y.dtype.kind in 'fcV' else y.astype(float), x, dx, axis)",
        tries: &[
            "mild | trapezoid(x)",
            "mild | trapezoid(x, dx=0.25, axis=0)",
            "mild x:3x4 | trapezoid(x, (0, 1, 1.5, 4))",
            "mild x:4x3 | trapezoid(x, (0, 1, 1.5, 4), axis=0)",
            "mild x:4x3 | trapezoid(x, x * 2, axis=0)",
            "mild x:4x3 | trapezoid(x, (0, 1, 1.5, 4, 5))",
        ],
        ulp: 16,
        doc: "The area under the values along one axis by the trapezoidal rule.",
        rule: "dx apart, or at the places x, which has one axis or y's shape. Integers are float64 from the start, so that neighbours never wrap (NumPy's do); 16-bit floats are computed in float64. Fewer than two elements give 0.",
        ..Row::BASE
    },
    Row {
        name: "logsumexp",
        params: &[X1, AXIS, KEEPDIMS],
        numpy: "wide(scipy.special.logsumexp, x, axis, keepdims=keepdims)",
        tries: &[
            "real | logsumexp(x)",
            "real | logsumexp(x, axis=0)",
            "real x:2x3x4 | logsumexp(x, axis=(0, 1), keepdims=True)",
            "real | logsumexp(x * 100, axis=-1)",
        ],
        ulp: 4,
        doc: "log(sum(exp(x))), which does not overflow where the sum would.",
        rule: "Computed in float64 and rounded once: a float's own type, else float64. NaN if any is NaN; -inf of nothing (SciPy fails where several axes have none). Complex numbers are an error.",
        ..Row::BASE
    },
    Row {
        name: "cov",
        params: &[
            X1,
            BOTH,
            ROWVAR,
            Param::new("bias", ParamKind::Bool).or(Preset::Bool(false)).rare(),
            Param::new("ddof", ParamKind::Int).or(Preset::None).rare(),
        ],
        numpy: "np.cov(x, y, rowvar, bias, ddof)",
        tries: &[
            "mild x:3x4 | cov(x)",
            "mild x:7 | cov(x)",
            "mild x:7 y:7 | cov(x, y)",
            "mild x:3x4 y:2x4 | cov(x, y)",
            "mild x:4x3 y:4x2 | cov(x, y, rowvar=False)",
            "mild x:3x4 | cov(x, bias=True)",
            "mild x:3x4 | cov(x, ddof=0, rowvar=False)",
            "mild x:2x3x4 | cov(x)",
            "mild x:3x4 y:3 | cov(x, y)",
        ],
        ulp: 64,
        doc: "How variables vary together: one variable for each row, or for each column without rowvar; those of y follow x's.",
        rule: "float64, or complex128. Products of the distances from the means, added and divided by n - ddof; ddof is 1, or 0 with bias. No weights. One variable gives an array without axes.",
        ..Row::BASE
    },
    Row {
        name: "corrcoef",
        params: &[X1, BOTH, ROWVAR],
        numpy: "np.corrcoef(x, y, rowvar)",
        tries: &[
            "mild x:3x4 | corrcoef(x)",
            "mild x:7 | corrcoef(x)",
            "mild x:7 y:7 | corrcoef(x, y)",
            "mild x:4x3 y:4x2 | corrcoef(x, y, rowvar=False)",
            "mild x:2x3x4 | corrcoef(x)",
        ],
        ulp: 64,
        doc: "Correlation of variables: cov(x, y) divided by the standard deviations of both.",
        rule: "float64, or complex128; parts beyond 1 by rounding are 1. A variable that does not vary gives NaN.",
        ..Row::BASE
    },
];

/// The type of the answer and the one that it is computed in: floats and complex numbers keep their
/// own, 16-bit floats wide.
fn work_of(d: DType) -> (DType, DType) {
    match d.kind() {
        Kind::Float if d.is_half() => (d, DType::F64),
        Kind::Float | Kind::Complex => (d, d),
        _ => (DType::F64, DType::F64),
    }
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn gradient(x: &Lazy, spacing: Operand, axis: isize, edge_order: isize) -> Lazy {
    built(&[x], || {
        let op = "gradient";
        if x.dtype()? == DType::Bool {
            return Err(Error::dtype(op, "truth values have no differences; cast to a number"));
        }
        if !(1..=2).contains(&edge_order) {
            return Err(Error::value(op, format!("edge_order is {edge_order}; it must be 1 or 2")));
        }
        let (rank, spacing) = (x.ndim()?, as_array(spacing));
        let axis = shape::axis(op, axis, rank)?;
        let n = x.shape()?[axis];
        if n < edge_order as usize + 1 {
            let detail = format!("axis {axis} has {n} elements; edge_order {edge_order} needs {}", edge_order + 1);
            return Err(Error::shape(op, detail));
        }
        let steps = match spacing.shape()? {
            [] => None,
            [places] if *places == n => Some(along(&diff(&spacing.cast(DType::F64), 1, 0, None, None), axis, rank)),
            given => {
                let detail = format!("spacing has shape {}; it must be one number or {n} places", shape::show(given));
                return Err(Error::shape(op, detail));
            }
        };
        let (out, work) = work_of(x.dtype()?);
        let x = x.cast(work);
        let at = |i: usize| part(&x, axis, i, i + 1);
        let (before, after) = (part(&x, axis, 0, n - 2), part(&x, axis, 2, n));
        let inside_of = |x: &Lazy| part(x, axis, 1, n - 1);
        let (inside, first, last) = match &steps {
            None => {
                let h = spacing.cast(if work.is_complex() { work.real() } else { work });
                let twice = &h * 2.0;
                let slope = |a: &Lazy, b: &Lazy| (b - a) / &h;
                let three = |a: &Lazy, b: &Lazy, c: &Lazy| {
                    let sum = a * -1.5 + b * 2.0 + c * -0.5;
                    sum / &h
                };
                let (first, last) = if edge_order == 1 {
                    (slope(&at(0), &at(1)), slope(&at(n - 2), &at(n - 1)))
                } else {
                    let back = three(&at(n - 1), &at(n - 2), &at(n - 3));
                    (three(&at(0), &at(1), &at(2)), back * -1.0)
                };
                ((&after - &before) / &twice, first, last)
            }
            Some(d) => {
                let step = |i: usize| part(d, axis, i, i + 1);
                let (d1, d2) = (part(d, axis, 0, n - 2), part(d, axis, 1, n - 1));
                let inside = weighed([&before, &inside_of(&x), &after], &central(&d1, &d2));
                let (first, last) = if edge_order == 1 {
                    ((at(1) - at(0)) / step(0), (at(n - 1) - at(n - 2)) / step(n - 2))
                } else {
                    let first = weighed([&at(0), &at(1), &at(2)], &one_sided(&step(0), &step(1)));
                    let back = one_sided(&step(n - 2), &step(n - 3));
                    (first, weighed([&at(n - 1), &at(n - 2), &at(n - 3)], &back) * -1.0)
                };
                (inside, first, last)
            }
        };
        Ok(joined(&[first, inside, last], axis).cast(out))
    })
}

/// Weights of the element before, the element itself and the one after, `d1` and `d2` away.
fn central(d1: &Lazy, d2: &Lazy) -> [Lazy; 3] {
    let both = d1 + d2;
    let a = d2 * -1.0 / (d1 * &both);
    let b = (d2 - d1) / (d1 * d2);
    [a, b, d1 / (d2 * &both)]
}

/// Weights of an end and the two beside it, `d1` and then `d2` further.
fn one_sided(d1: &Lazy, d2: &Lazy) -> [Lazy; 3] {
    let both = d1 + d2;
    let a = (d1 * 2.0 + d2) * -1.0 / (d1 * &both);
    let b = &both / (d1 * d2);
    [a, b, d1 * -1.0 / (d2 * &both)]
}

fn weighed([a, b, c]: [&Lazy; 3], [wa, wb, wc]: &[Lazy; 3]) -> Lazy {
    a * wa + b * wb + c * wc
}

/// Area.
#[track_caller]
pub fn trapezoid(y: &Lazy, x: Option<Operand>, dx: f64, axis: isize) -> Lazy {
    built(&[y], || {
        let op = "trapezoid";
        let rank = y.ndim()?;
        let axis = shape::axis(op, axis, rank)?;
        let n = y.shape()?[axis];
        let (mut out, mut work) = work_of(y.dtype()?);
        let width = match x {
            None => None,
            Some(x) => {
                let x = as_array(x);
                let d = x.dtype()?;
                out = promote(out, d);
                work = promote(work, work_of(d).1);
                let flat = x.ndim()? == 1;
                let given = x.shape()?.to_vec();
                if given != y.shape()? && given != [n] {
                    let detail = format!(
                        "the places have shape {}; it must be {n} places or y's shape {}",
                        shape::show(&given),
                        shape::show(y.shape()?)
                    );
                    return Err(Error::shape(op, detail));
                }
                let d = diff(&x, 1, if flat { 0 } else { axis as isize }, None, None);
                Some(if flat { along(&d, axis, rank) } else { d })
            }
        };
        let y = y.cast(work);
        let after = part(&y, axis, 1.min(n), n);
        let pairs = &after + part(&y, axis, 0, n.saturating_sub(1));
        let widened = match width {
            Some(width) => width.cast(work) * &pairs,
            None => &pairs * dx,
        };
        Ok((widened / 2.0).reduce(Reduce::Sum, &[axis as isize]).cast(out))
    })
}

/// Sum in logarithms.
#[track_caller]
pub fn logsumexp(x: &Lazy, axes: &[isize], keepdims: bool) -> Lazy {
    built(&[x], || {
        let op = "logsumexp";
        let d = x.dtype()?;
        if d.is_complex() {
            return Err(Error::dtype(
                op,
                format!("{d} has no order by which to keep the sum small; give real numbers"),
            ));
        }
        let (out, of) = (work_of(d).0, x.shape()?.to_vec());
        let chosen = shape::axes(op, axes, of.len())?;
        if chosen.iter().any(|&a| of.get(a) == Some(&0)) {
            let to = shape::signed(&reduced(&of, &chosen, keepdims));
            return Ok(broadcast_to(&constant(out, Weak::Float(f64::NEG_INFINITY)), &to));
        }
        let x = x.cast(DType::F64);
        let most = x.reduce(Reduce::Max, axes).keepdims();
        // The greatest ones are counted and the others added, so that little of them is not lost.
        let greatest = equals(&x, &most);
        let count = greatest.reduce(Reduce::Sum, axes).keepdims().cast(DType::F64);
        let nothing = constant(DType::F64, Weak::Int(0));
        let others = choose(&greatest, &nothing, unary(Math::Exp, &x - &most));
        let others = others.reduce(Reduce::Sum, axes).keepdims() / &count;
        let all = unary(Math::Log1p, others) + unary(Math::Log, count) + &most;
        // Infinities and NaN say all by themselves.
        let finite = unary(Test::Isfinite, &most);
        let all = choose(&finite, &all, &most);
        let to = shape::signed(&reduced(&of, &chosen, keepdims));
        Ok(reshape(&all, &to).cast(out))
    })
}

/// One variable for each row, in float64 or complex128.
fn variables(op: &str, x: &Lazy, rowvar: bool) -> Result<Lazy> {
    let x = x.cast(widest(x.dtype()?));
    Ok(match *x.shape()? {
        [] => reshape(&x, &[1, 1]),
        [n] => reshape(&x, &[1, n as isize]),
        [_, _] if rowvar => x,
        [_, _] => permute_dims(&x, &[1, 0]),
        ref of => {
            let detail = format!("shape {} has more than the two axes of variables and samples", shape::show(of));
            return Err(Error::shape(op, detail));
        }
    })
}

/// The square matrix of all pairs of variables.
fn covariance(op: &str, x: &Lazy, y: Option<Operand>, rowvar: bool, ddof: f64) -> Result<Lazy> {
    let mut all = variables(op, x, rowvar)?;
    if let Some(y) = y {
        let y = variables(op, &as_array(y), rowvar)?;
        let (n, m) = (all.shape()?[1], y.shape()?[1]);
        if n != m {
            return Err(Error::shape(op, format!("x has {n} samples and y {m}; they must be as many")));
        }
        let wide = promote(all.dtype()?, y.dtype()?);
        all = joined(&[all.cast(wide), y.cast(wide)], 0);
    }
    let n = all.shape()?[1] as f64;
    let away = &all - all.reduce(Reduce::Mean, &[1]).keepdims();
    let pairs = product(&away, &permute_dims(&conjugate(&away), &[1, 0]));
    Ok(pairs / (n - ddof).max(0.0))
}

/// A matrix of one variable is a number.
fn squeezed(x: Lazy) -> Result<Lazy> {
    Ok(if x.shape()? == [1, 1] { reshape(&x, &[]) } else { x })
}

/// Covariance.
#[track_caller]
pub fn cov(x: &Lazy, y: Option<Operand>, rowvar: bool, bias: bool, ddof: Option<isize>) -> Lazy {
    built(&[x], || {
        let ddof = ddof.map_or(if bias { 0.0 } else { 1.0 }, |d| d as f64);
        squeezed(covariance("cov", x, y, rowvar, ddof)?)
    })
}

/// Correlation.
#[track_caller]
pub fn corrcoef(x: &Lazy, y: Option<Operand>, rowvar: bool) -> Lazy {
    built(&[x], || {
        let c = covariance("corrcoef", x, y, rowvar, 1.0)?;
        let n = c.shape()?[0] as isize;
        let own = diagonal_of("corrcoef", &c, 0, 0, 1)?;
        let spread = sqrt(unary(Part::Real, own));
        let c = c / reshape(&spread, &[n, 1]) / reshape(&spread, &[1, n]);
        let clipped = |part: &Lazy| {
            let low = binary(Binary::Maximum, part, -1.0);
            binary(Binary::Minimum, &low, 1.0)
        };
        if !c.dtype()?.is_complex() {
            return squeezed(clipped(&c));
        }
        let imag = unary(Part::Imag, &c);
        let i = clipped(&imag) * constant(DType::C128, Weak::Complex(0.0, 1.0));
        squeezed(clipped(&unary(Part::Real, &c)).cast(DType::C128) + i)
    })
}
