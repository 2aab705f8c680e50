//! The arguments of reductions beyond the axes, and reductions made of reductions.

use super::*;
use crate::array::promote::{promote, sum_of};

const ONE: Param = Param::new("initial", ParamKind::Array).or(Preset::Int(1)).rare();
const CORRECTION: Param = Param::new("correction", ParamKind::Float).or(Preset::None).rare();
const WEIGHTS: Param = Param::new("weights", ParamKind::Array).or(Preset::None);

const SPREAD: &[Param] = &[X1, AXIS, DTYPE, DDOF, KEEPDIMS, CORRECTION, WHERE];
const SPREAD_RULE: &str = "Computed in float64 in two passes, also of float32 and narrower, and rounded once: a float's own type, of complex numbers that of their parts, else float64. Of bool and integers of up to 16 bits the variance is exact and rounded once, where NumPy rounds each distance; with ddof the sum of the squared distances is exact, rounded and divided. Of complex numbers the distances from the mean are squared. ddof, or correction, is taken off the count; nothing left gives inf or NaN.";

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "prod",
        params: &[X1, AXIS, DTYPE, KEEPDIMS, ONE, WHERE],
        numpy: "exact(np.prod, x, axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)",
        tries: &[
            "prod(x)",
            "prod(x, axis=0)",
            "prod(x, axis=(0, 1), keepdims=True)",
            "mild | prod(x, axis=-1, dtype=float64)",
            "int | prod(x, dtype=uint8)",
            "prod(x, axis=0, initial=3)",
            "prod(x, axis=1, where=x > 2)",
        ],
        ulp: 1,
        doc: "Product of the elements.",
        rule: "Integers as for sum. Floats: with twice the digits of float64 and a power of two of its own, in C order, rounded once; so a product overflows only if its result does. Complex numbers as well, until a factor is not finite.",
        ..Row::BASE
    },
    Row {
        name: "count_nonzero",
        params: &[X1, AXIS, KEEPDIMS],
        numpy: "np.asarray(np.count_nonzero(x, axis, keepdims=keepdims))",
        tries: &["count_nonzero(x)", "count_nonzero(x, axis=0)", "count_nonzero(x, axis=(0, 1), keepdims=True)"],
        doc: "How many elements are not zero.",
        rule: "int64. NaN is not zero.",
        ..Row::BASE
    },
    Row {
        name: "var",
        params: SPREAD,
        numpy: "exact(np.var, x, axis, dtype=dtype, ddof=ddof if correction is None else correction, keepdims=keepdims, where=where)",
        tries: &[
            "var(x)",
            "var(x, axis=0)",
            "var(x, axis=(0, 1), keepdims=True)",
            "var(x, axis=-1, ddof=1)",
            "var(x, axis=0, correction=0.5)",
            "var(x, ddof=1000)",
            "var(x, where=x > 2)",
        ],
        ulp: 64,
        doc: "Variance: the mean of the squared distances from the mean.",
        rule: SPREAD_RULE,
        ..Row::BASE
    },
    Row {
        name: "std",
        params: SPREAD,
        numpy: "exact(np.std, x, axis, dtype=dtype, ddof=ddof if correction is None else correction, keepdims=keepdims, where=where)",
        tries: &[
            "std(x)",
            "std(x, axis=0)",
            "std(x, axis=(0, 1), keepdims=True)",
            "std(x, axis=-1, ddof=1)",
            "std(x, axis=0, correction=0.5)",
            "std(x, where=x > 2)",
        ],
        ulp: 64,
        doc: "Standard deviation: sqrt(var(x)).",
        rule: SPREAD_RULE,
        ..Row::BASE
    },
    Row {
        name: "ptp",
        params: &[X1, AXIS, KEEPDIMS],
        numpy: "np.ptp(x, axis, keepdims=keepdims)",
        tries: &["ptp(x)", "ptp(x, axis=0)", "ptp(x, axis=(0, 1), keepdims=True)"],
        doc: "Peak to peak: max - min.",
        rule: "subtract's rule on the two.",
        ..Row::BASE
    },
    Row {
        name: "average",
        params: &[X1, AXIS, WEIGHTS, KEEPDIMS],
        numpy: "np.average(x, axis, weights=weights, keepdims=keepdims)",
        tries: &[
            "mild | average(x)",
            "x:3x4 | average(x, axis=0)",
            "x:2x3x4 | average(x, axis=(0, 1), keepdims=True)",
            "x:3x4 | average(x, weights=x * x + 1)",
            "x:3x4 | average(x, axis=1, weights=x * x + 1, keepdims=True)",
            "x:4x3 y:3 | average(x, axis=1, weights=y * y + 1)",
            "x:4x3 y:4 | average(x, axis=0, weights=y * y + 1)",
            "x:4x3 y:5 | average(x, axis=0, weights=y)",
        ],
        ulp: 64,
        doc: "Mean with weights of x's shape, or one for each position along the axis.",
        rule: "sum(x * weights) / sum(weights), computed in float64 or complex128 and rounded once; no weights means mean. Weights that sum to zero give inf or NaN (NumPy refuses).",
        ..Row::BASE
    },
];

/// Which elements count; none says all do.
fn mask(op: &str, x: &Lazy, where_: Operand) -> Result<Option<Lazy>> {
    let mask = match where_ {
        Operand::Weak(Weak::Bool(true)) => return Ok(None),
        Operand::Weak(Weak::Bool(false)) => constant(DType::Bool, Weak::Bool(false)),
        Operand::Lazy(l) if l.dtype()? == DType::Bool => l,
        Operand::Lazy(l) => {
            return Err(Error::dtype(op, format!("where is {}; it must be bool, as a comparison gives", l.dtype()?)));
        }
        Operand::Weak(_) => return Err(Error::dtype(op, "where is a number; it must be bool")),
    };
    Ok(Some(broadcast_to(&mask, &shape_of(x)?)))
}

/// The value that a reduction starts from, in the type of its result.
fn start(op: &str, dtype: DType, initial: Operand) -> Result<Lazy> {
    match initial {
        Operand::Weak(w) => {
            // NumPy truncates a float here, and refuses an integer that does not fit.
            if let Weak::Int(_) = w {
                crate::array::promote::promote_weak(op, dtype, w)?;
            }
            Ok(constant(dtype, w))
        }
        Operand::Lazy(l) if l.ndim()? == 0 => Ok(l.cast(dtype)),
        Operand::Lazy(l) => {
            Err(Error::shape(op, format!("initial has shape {}; it must be one number", shape::show(l.shape()?))))
        }
    }
}

/// Sum.
#[track_caller]
pub fn sum(x: &Lazy, axes: &[isize], dtype: Option<DType>, keepdims: bool, initial: Operand, where_: Operand) -> Lazy {
    built(&[x], || {
        let work = dtype.map_or_else(|| x.clone(), |d| x.cast(d));
        let work = match mask("sum", x, where_)? {
            Some(m) => choose_own(&m, &work, Weak::Int(0)),
            None => work,
        };
        let out = dtype.map_or_else(|| work.dtype().map(sum_of), Ok)?;
        let sum = kept(work.reduce(Reduce::Sum, axes), keepdims).cast(out);
        Ok(match initial {
            Operand::Weak(Weak::Int(0)) => sum,
            other => &sum + start("sum", out, other)?,
        })
    })
}

/// Product.
#[track_caller]
pub fn prod(x: &Lazy, axes: &[isize], dtype: Option<DType>, keepdims: bool, initial: Operand, where_: Operand) -> Lazy {
    built(&[x], || {
        let out = dtype.map_or_else(|| x.dtype().map(sum_of), Ok)?;
        // The initial value is one more factor, and all of them are rounded once.
        let one = matches!(initial, Operand::Weak(Weak::Int(1)));
        let wide = match out.kind() {
            Kind::Float if !one => DType::F64,
            Kind::Complex if !one => DType::C128,
            _ => out,
        };
        let work = x.cast(out).cast(wide);
        let (inputs, mask) = match mask("prod", x, where_)? {
            Some(m) if wide.is_complex() => (vec![work, m], Attr::Input(1)),
            Some(m) => (vec![choose_own(&m, &work, Weak::Int(1))], Attr::None),
            None => (vec![work], Attr::None),
        };
        let attrs = vec![Attr::Input(0), Attr::Ints(axes.to_vec()), Attr::Bool(keepdims), mask];
        let prod = Lazy::whole(&whole::PRODUCT, inputs, attrs);
        if one {
            return Ok(prod);
        }
        let first = start("prod", out, initial)?.cast(wide);
        Ok((&prod * first).cast(out))
    })
}

/// Mean.
#[track_caller]
pub fn mean(x: &Lazy, axes: &[isize], dtype: Option<DType>, keepdims: bool, where_: Operand) -> Lazy {
    built(&[x], || {
        let work = dtype.map_or_else(|| x.clone(), |d| x.cast(d));
        let out = dtype.map_or_else(|| x.dtype().map(|d| Reduce::Mean.result(d)), Ok)?;
        Ok(match mask("mean", x, where_)? {
            None => kept(work.reduce(Reduce::Mean, axes), keepdims),
            Some(m) => {
                let wide = work.cast(widest(work.dtype()?));
                let sum = choose_own(&m, &wide, Weak::Int(0)).reduce(Reduce::Sum, axes);
                kept(sum, keepdims) / kept(m.reduce(Reduce::Sum, axes), keepdims)
            }
        }
        .cast(out))
    })
}

#[track_caller]
fn extreme(op: Reduce, x: &Lazy, axes: &[isize], keepdims: bool, initial: Option<Operand>, where_: Operand) -> Lazy {
    let name = op.row().name;
    built(&[x], || {
        let d = x.dtype()?;
        let of = x.shape()?;
        let seed = initial.map(|i| start(name, d, i)).transpose()?;
        let work = match (mask(name, x, where_)?, &seed) {
            (None, _) => x.clone(),
            (Some(m), Some(seed)) => choose(m, x, seed),
            (Some(_), None) => return Err(Error::value(name, "where may leave nothing; give an initial value")),
        };
        let Some(seed) = seed else { return Ok(kept(work.reduce(op, axes), keepdims)) };
        let reduced_axes = shape::axes(name, axes, of.len())?;
        if reduced_axes.iter().any(|&a| of.get(a) == Some(&0)) {
            return Ok(broadcast_to(&seed, &shape::signed(&reduced(of, &reduced_axes, keepdims))));
        }
        let better = if op == Reduce::Min { Binary::Minimum } else { Binary::Maximum };
        Ok(binary(better, kept(work.reduce(op, axes), keepdims), seed))
    })
}

/// Least.
#[track_caller]
pub fn min(x: &Lazy, axes: &[isize], keepdims: bool, initial: Option<Operand>, where_: Operand) -> Lazy {
    extreme(Reduce::Min, x, axes, keepdims, initial, where_)
}

/// Greatest.
#[track_caller]
pub fn max(x: &Lazy, axes: &[isize], keepdims: bool, initial: Option<Operand>, where_: Operand) -> Lazy {
    extreme(Reduce::Max, x, axes, keepdims, initial, where_)
}

#[track_caller]
fn judged(op: Reduce, x: &Lazy, axes: &[isize], keepdims: bool, where_: Operand) -> Lazy {
    built(&[x], || {
        let work = match mask(op.row().name, x, where_)? {
            None => x.clone(),
            Some(m) => choose_own(&m, &x.cast(DType::Bool), Weak::Bool(op == Reduce::All)),
        };
        Ok(kept(work.reduce(op, axes), keepdims))
    })
}

/// Any.
#[track_caller]
pub fn any(x: &Lazy, axes: &[isize], keepdims: bool, where_: Operand) -> Lazy {
    judged(Reduce::Any, x, axes, keepdims, where_)
}

/// All.
#[track_caller]
pub fn all(x: &Lazy, axes: &[isize], keepdims: bool, where_: Operand) -> Lazy {
    judged(Reduce::All, x, axes, keepdims, where_)
}

/// Count.
#[track_caller]
pub fn count_nonzero(x: &Lazy, axes: &[isize], keepdims: bool) -> Lazy {
    kept(x.cast(DType::Bool).reduce(Reduce::Sum, axes), keepdims)
}

/// Variance.
#[track_caller]
pub fn var(
    x: &Lazy,
    axes: &[isize],
    dtype: Option<DType>,
    ddof: f64,
    keepdims: bool,
    correction: Option<f64>,
    where_: Operand,
) -> Lazy {
    built(&[x], || {
        let (wide, out) = wide_var("var", x, axes, dtype, correction.unwrap_or(ddof), where_)?;
        Ok(kept(wide, keepdims).cast(out))
    })
}

/// Standard deviation.
#[track_caller]
pub fn std(
    x: &Lazy,
    axes: &[isize],
    dtype: Option<DType>,
    ddof: f64,
    keepdims: bool,
    correction: Option<f64>,
    where_: Operand,
) -> Lazy {
    built(&[x], || {
        let (wide, out) = wide_var("std", x, axes, dtype, correction.unwrap_or(ddof), where_)?;
        Ok(sqrt(kept(wide, keepdims)).cast(out))
    })
}

/// The variance in float64, and the type that it is to have.
fn wide_var(
    op: &str,
    x: &Lazy,
    axes: &[isize],
    dtype: Option<DType>,
    ddof: f64,
    where_: Operand,
) -> Result<(Lazy, DType)> {
    let out = dtype.map_or_else(|| x.dtype().map(|d| Reduce::Mean.result(d)), Ok)?;
    let x = dtype.map_or_else(|| x.clone(), |d| x.cast(d));
    let free = |n: &Lazy| binary(Binary::Maximum, n - ddof, 0.0);
    // A number, so that keepdims finds the reduction beside it.
    let counted = |x: &Lazy| {
        let of = x.shape()?;
        let lengths: Vec<usize> = shape::axes(op, axes, of.len())?.iter().map(|&a| of[a]).collect();
        let free = shape::product(&lengths) as f64 - ddof;
        Ok(constant(DType::F64, Weak::Float(if free < 0.0 { 0.0 } else { free })))
    };
    if Reduce::Variance.takes(x.dtype()?) && matches!(where_, Operand::Weak(Weak::Bool(true))) {
        if ddof == 0.0 {
            return Ok((x.reduce(Reduce::Variance, axes), out));
        }
        return Ok((x.reduce(Reduce::Deviations, axes) / counted(&x)?, out));
    }
    let complex = x.dtype()?.is_complex();
    let (x, out) = (x.cast(widest(x.dtype()?)), if complex { out.real() } else { out });
    // Of complex numbers the squared distances, which are real.
    let square = |a: Lazy| unary(Unary::Square, if complex { absolute(a) } else { a });
    if let Some(m) = mask(op, &x, where_)? {
        let zeroed = choose_own(&m, &x, Weak::Int(0));
        let n = m.reduce(Reduce::Sum, axes).cast(DType::F64);
        let mean = zeroed.reduce(Reduce::Sum, axes).keepdims() / n.keepdims();
        let away = choose_own(&m, &square(&x - mean), Weak::Int(0));
        return Ok((away.reduce(Reduce::Sum, axes) / free(&n), out));
    }
    let away = square(&x - x.reduce(Reduce::Mean, axes).keepdims());
    if ddof == 0.0 {
        return Ok((away.reduce(Reduce::Mean, axes), out));
    }
    Ok((away.reduce(Reduce::Sum, axes) / counted(&x)?, out))
}

/// Peak to peak.
#[track_caller]
pub fn ptp(x: &Lazy, axes: &[isize], keepdims: bool) -> Lazy {
    let (most, least) = (x.reduce(Reduce::Max, axes), x.reduce(Reduce::Min, axes));
    kept(most, keepdims) - kept(least, keepdims)
}

/// Weighted mean.
#[track_caller]
pub fn average(x: &Lazy, axes: &[isize], weights: Option<Operand>, keepdims: bool) -> Lazy {
    built(&[x], || {
        let Some(weights) = weights else { return Ok(kept(x.reduce(Reduce::Mean, axes), keepdims)) };
        let weights = match weights {
            Operand::Lazy(l) => l,
            Operand::Weak(w) => constant(DType::F64, w),
        };
        // An integer on either side makes it float64, as NumPy's result_type with a float.
        let out = promote(or_f64(x.dtype()?), weights.dtype()?);
        let (of, given) = (x.shape()?.to_vec(), weights.shape()?.to_vec());
        let weights = if given == of {
            weights
        } else {
            let chosen = shape::axes("average", axes, of.len())?;
            let lengths: Vec<usize> = chosen.iter().map(|&a| of[a]).collect();
            if axes.is_empty() || given != lengths {
                let detail = format!(
                    "weights of shape {} fit neither shape {} nor its axes that are averaged",
                    shape::show(&given),
                    shape::show(&of)
                );
                return Err(Error::shape("average", detail));
            }
            let to: Vec<isize> =
                of.iter().enumerate().map(|(a, &d)| if chosen.contains(&a) { d as isize } else { 1 }).collect();
            broadcast_to(&reshape(&weights, &to), &shape::signed(&of))
        };
        let wide = widest(out);
        let weights = weights.cast(wide);
        let weighed = x.cast(wide) * &weights;
        let total = kept(weights.reduce(Reduce::Sum, axes), keepdims);
        Ok((kept(weighed.reduce(Reduce::Sum, axes), keepdims) / total).cast(out))
    })
}

/// How many ops `.keepdims()` looks back at most.
const DEEPEST: usize = 16;

impl Lazy {
    /// The reduction just written, with the reduced axes kept as length 1. After ops made of
    /// reductions (`std`, `ptp`, `average`) it reaches the reductions in them.
    #[track_caller]
    pub fn keepdims(&self) -> Lazy {
        if self.meta().is_err() {
            return self.clone();
        }
        match keepdims_of(self, DEEPEST) {
            Some(kept) => kept,
            None => Lazy::failed(Error::value(
                "keepdims",
                "this expression is not a reduction; write it right after mean(), sum() and their kin",
            )),
        }
    }
}

#[track_caller]
fn keepdims_of(x: &Lazy, depth: usize) -> Option<Lazy> {
    match (x.op(), x.inputs()) {
        (Op::Reduce { op, axes, .. }, [input]) => Some(input.derive(|m| {
            let meta = Meta { shape: reduced(&m.shape, axes, true), dtype: op.result(m.dtype) };
            Ok((Op::Reduce { op: *op, axes: axes.clone(), keepdims: true }, meta))
        })),
        (Op::Whole(w), inputs) => {
            let at = w.page().row.params.iter().position(|p| p.name == "keepdims")?;
            let mut attrs = w.attrs().to_vec();
            *attrs.get_mut(at)? = Attr::Bool(true);
            Some(Lazy::whole(w.page(), inputs.to_vec(), attrs))
        }
        (Op::Elementwise(op), inputs) if depth > 0 => {
            // A single number beside a reduction has no axes to keep.
            let single = |l: &Lazy| matches!(l.op(), Op::Scalar(_));
            if inputs.iter().all(single) {
                return None;
            }
            let kept = inputs.iter().map(|i| if single(i) { Some(i.clone()) } else { keepdims_of(i, depth - 1) });
            let kept = kept.map(|k| k.map(Operand::Lazy)).collect::<Option<Vec<_>>>()?;
            Some(Lazy::elementwise(*op, kept))
        }
        _ => None,
    }
}
