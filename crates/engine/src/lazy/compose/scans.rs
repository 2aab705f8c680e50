//! Running sums and products, differences, shares and histograms.

use super::*;
use crate::array::promote::sum_of;

const Q: Param = Param::new("q", ParamKind::Array);
const METHOD: Param = Param::new("method", ParamKind::Text).or(Preset::Text("linear")).rare();
const INCLUDE: Param = Param::new("include_initial", ParamKind::Bool).or(Preset::Bool(false)).rare();

pub(super) const RUNNING: &[Param] = &[X1, AXIS, DTYPE];
const RUNNING_FROM: &[Param] = &[X1, AXIS, DTYPE, INCLUDE];
const SHARE: &[Param] = &[X1, Q, AXIS, METHOD, KEEPDIMS];
const DIFF: &[Param] = &[
    X1,
    Param::new("n", ParamKind::Int).or(Preset::Int(1)).rare(),
    LAST,
    Param::new("prepend", ParamKind::Array).or(Preset::None).rare(),
    Param::new("append", ParamKind::Array).or(Preset::None).rare(),
];
const BINS: Param = Param::new("bins", ParamKind::Array).or(Preset::Int(10));
const RANGE: Param = Param::new("range", ParamKind::Array).or(Preset::None).rare();

const SHARE_RULE: &str = "method is one of NumPy's thirteen (linear, lower, higher, midpoint, nearest, inverted_cdf, averaged_inverted_cdf, closest_observation, interpolated_inverted_cdf, hazen, weibull, median_unbiased, normal_unbiased). A list q gives a new first axis. NaN if any is NaN. Methods that pick an element keep the type; others give the float type, float64 for integers, whose steps never wrap (NumPy's do). float16 and bfloat16 are computed in float64 and rounded once. Complex numbers have no shares.";
const SUM_RULE: &str = "Types as for sum. Floats are added with their rounding errors carried along, and each result is rounded once (NumPy rounds at every step); of complex numbers each part by itself.";
const PROD_RULE: &str = "Types as for sum. Floats are multiplied with twice the digits of float64, and each result is rounded once (NumPy rounds at every step).";

/// NumPy answers nanquantile of nothing without the axis of q, so those calls have shapes of their own.
macro_rules! share {
    ($name:literal, $doc:literal, $q:literal, $list:literal, $($shapes:literal),*) => {
        Row {
            name: $name,
            params: SHARE,
            numpy: concat!(
                "wide(np.",
                $name,
                ", x if x.dtype.kind in 'fbcV' or method in ('inverted_cdf', 'closest_observation', 'lower', 'higher', 'nearest') else x.astype(float), q, axis, method=method, keepdims=keepdims)"
            ),
            tries: &[$(
                concat!($shapes, $name, "(x, ", $q, ")"),
                concat!($shapes, $name, "(x, ", $q, ", axis=0)"),
                concat!($shapes, $name, "(x, ", $list, ", axis=-1, keepdims=True)"),
                concat!($shapes, $name, "(x, ", $list, ")"),
                concat!($shapes, $name, "(x, ", $q, ", axis=(0, 1), method='midpoint')"),
                concat!($shapes, $name, "(x, ", $list, ", method='lower')"),
                concat!($shapes, $name, "(x, ", $list, ", method='higher')"),
                concat!($shapes, $name, "(x, ", $list, ", method='nearest')"),
                concat!($shapes, $name, "(x, ", $list, ", method='inverted_cdf')"),
                concat!($shapes, $name, "(x, ", $list, ", method='averaged_inverted_cdf')"),
                concat!($shapes, $name, "(x, ", $list, ", method='closest_observation')"),
                concat!($shapes, $name, "(x, ", $list, ", method='interpolated_inverted_cdf')"),
                concat!($shapes, $name, "(x, ", $list, ", axis=0, method='hazen')"),
                concat!($shapes, $name, "(x, ", $list, ", axis=0, method='weibull')"),
                concat!($shapes, $name, "(x, ", $list, ", axis=0, method='median_unbiased')"),
                concat!($shapes, $name, "(x, ", $list, ", axis=0, method='normal_unbiased')"),
            )*],
            ulp: 4,
            doc: $doc,
            rule: SHARE_RULE,
            ..Row::BASE
        }
    };
}

macro_rules! running {
    ($name:literal, $params:expr, $numpy:expr, $doc:literal, $rule:expr, $($more:literal),*) => {
        Row {
            name: $name,
            params: $params,
            numpy: $numpy,
            tries: &[
                concat!($name, "(x, axis=0)"),
                concat!($name, "(x, axis=-1)"),
                concat!("mild | ", $name, "(x, axis=1, dtype=float64)"),
                concat!("int | ", $name, "(x, axis=0, dtype=uint8)"),
                $(concat!($name, $more)),*
            ],
            ulp: 1,
            doc: $doc,
            rule: $rule,
            ..Row::BASE
        }
    };
}

pub(super) const ROWS: &[Row] = &[
    running!(
        "cumsum",
        RUNNING,
        "exact(np.cumsum, x, axis, dtype=dtype)",
        "Running sums along one axis; none given flattens first.",
        SUM_RULE,
        "(x)"
    ),
    running!(
        "cumprod",
        RUNNING,
        "exact(np.cumprod, x, axis, dtype=dtype)",
        "Running products along one axis; none given flattens first.",
        PROD_RULE,
        "(x)"
    ),
    running!(
        "cumulative_sum",
        RUNNING_FROM,
        "exact(np.cumulative_sum, x, axis=axis, dtype=dtype, include_initial=include_initial)",
        "Running sums along one axis, which may be left out where there is only one; include_initial begins with 0.",
        SUM_RULE,
        "(x)",
        "(x, axis=0, include_initial=True)"
    ),
    running!(
        "cumulative_prod",
        RUNNING_FROM,
        "exact(np.cumulative_prod, x, axis=axis, dtype=dtype, include_initial=include_initial)",
        "Running products along one axis, which may be left out where there is only one; include_initial begins with 1.",
        PROD_RULE,
        "(x)",
        "(x, axis=0, include_initial=True)"
    ),
    Row {
        name: "diff",
        params: DIFF,
        numpy: "np.diff(x, n, axis, **({} if prepend is None else {'prepend': prepend}), **({} if append is None else {'append': append}))",
        tries: &[
            "diff(x)",
            "diff(x, axis=0)",
            "diff(x, 2, axis=0)",
            "diff(x, n=0)",
            "diff(x, n=-1)",
            "diff(x, n=9)",
            "diff(x, axis=0, prepend=x)",
            "diff(x, append=x)",
            "diff(x, axis=1, prepend=0)",
            "diff(x, axis=1, prepend=0, append=2.5)",
        ],
        doc: "Difference of neighbours along one axis, n times: `x[1:] - x[:-1]`.",
        rule: "subtract's rule: unsigned integers wrap, so cast before; bool uses not_equal. What is put before or after has x's shape along the other axes, or is one number, which counts as an array as it does for NumPy.",
        ..Row::BASE
    },
    share!("percentile", "The value below which q percent of the elements lie.", "40", "(0, 12.5, 50, 99, 100)", ""),
    share!(
        "quantile",
        "The value below which the share q of the elements lies.",
        "0.4",
        "(0, 0.125, 0.5, 0.99, 1.0)",
        ""
    ),
    share!(
        "nanpercentile",
        "percentile of the elements that are not NaN; NaN where nothing is left.",
        "40",
        "(0, 12.5, 50, 99, 100)",
        "x:3x4 | ",
        "x:2x3x4 edge | "
    ),
    share!(
        "nanquantile",
        "quantile of the elements that are not NaN; NaN where nothing is left.",
        "0.4",
        "(0, 0.125, 0.5, 0.99, 1.0)",
        "x:3x4 | ",
        "x:2x3x4 edge | "
    ),
    Row {
        name: "histogram",
        params: &[
            X1,
            BINS,
            RANGE,
            Param::new("density", ParamKind::Bool).or(Preset::Bool(false)).rare(),
            Param::new("weights", ParamKind::Array).or(Preset::None).rare(),
        ],
        outputs: Outputs::Named(&["hist", "bin_edges"]),
        numpy: "histogram_of(x, bins, range, density, weights)",
        tries: &[
            "histogram(x)",
            "histogram(x, bins=3)",
            "histogram(x, bins=(0, 1, 2, 100))",
            "histogram(x, bins=(0, 0.5, 0.5, 7.25))",
            "histogram(x, bins=4, range=(0, 8))",
            "histogram(x, bins=4, range=(3, 3))",
            "histogram(x, bins=4, range=(3, 2))",
            "histogram(x, bins=3, range=(0, 9), density=True)",
            "histogram(x, bins=3, range=(0, 9), weights=x)",
            "int x:7 | histogram(x, bins=3, range=(0, 9), weights=x * (1 + 2j))",
            "int x:7 | histogram(x, bins=3, range=(0, 9), density=True, weights=x * (1 + 2j))",
            "histogram(x, bins=0)",
            "histogram(x, bins=(2, 1))",
        ],
        ulp: 2,
        doc: "How many elements fall into each bin: a number of even bins from the least to the greatest, or edges.",
        rule: "int64, or the type of the weights, added in float64; float64 with density. A bin has its first edge, the last bin also its last. Even edges have x's float type, else float64. NaN is in no bin, and an error without edges or range. Complex numbers lie in no bin, but may be weights. bins as a word is not taken.",
        ..Row::BASE
    },
    Row {
        name: "histogram_bin_edges",
        params: &[X1, BINS, RANGE],
        numpy: "histogram_of(x, bins, range, None, None)[1]",
        tries: &[
            "histogram_bin_edges(x)",
            "histogram_bin_edges(x, bins=3)",
            "histogram_bin_edges(x, bins=4, range=(0, 8))",
        ],
        ulp: 2,
        doc: "The edges of the bins that histogram would take.",
        rule: "histogram's rule.",
        ..Row::BASE
    },
];

/// One axis, or none and the array flattened.
fn line(op: &str, x: &Lazy, axes: &[isize]) -> Result<(Lazy, usize)> {
    match axes {
        [] => Ok((reshape(x, &[-1]), 0)),
        [a] if x.ndim()? == 0 => shape::axis(op, *a, 1).map(|_| (reshape(x, &[1]), 0)),
        [a] => Ok((x.clone(), shape::axis(op, *a, x.ndim()?)?)),
        _ => Err(Error::shape(op, format!("{} axes are given where one or none is meant", axes.len()))),
    }
}

fn running(op: &str, x: &Lazy, axes: &[isize], dtype: Option<DType>) -> Result<(Lazy, usize)> {
    let out = dtype.map_or_else(|| x.dtype().map(sum_of), Ok)?;
    let (x, axis) = line(op, x, axes)?;
    let kind = if op.contains("sum") { "sum" } else { "prod" };
    let attrs = vec![Attr::Input(0), Attr::Int(axis as i64), Attr::Text(kind.into())];
    Ok((Lazy::whole(&whole::RUNNING, vec![x.cast(out)], attrs), axis))
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn cumsum(x: &Lazy, axes: &[isize], dtype: Option<DType>) -> Lazy {
    built(&[x], || Ok(running("cumsum", x, axes, dtype)?.0))
}

/// Products.
#[track_caller]
pub fn cumprod(x: &Lazy, axes: &[isize], dtype: Option<DType>) -> Lazy {
    built(&[x], || Ok(running("cumprod", x, axes, dtype)?.0))
}

#[track_caller]
fn cumulative(op: &str, x: &Lazy, axes: &[isize], dtype: Option<DType>, include_initial: bool) -> Lazy {
    built(&[x], || {
        if axes.is_empty() && x.ndim()? > 1 {
            return Err(Error::shape(op, format!("an array of {} dimensions needs an axis", x.ndim()?)));
        }
        let (result, axis) = running(op, x, axes, dtype)?;
        if !include_initial {
            return Ok(result);
        }
        let mut to = shape_of(&result)?;
        to[axis] = 1;
        let first = constant(result.dtype()?, Weak::Int(i128::from(op.ends_with("prod"))));
        Ok(joined(&[broadcast_to(&first, &to), result], axis))
    })
}

/// Sums with the array API's arguments.
#[track_caller]
pub fn cumulative_sum(x: &Lazy, axes: &[isize], dtype: Option<DType>, include_initial: bool) -> Lazy {
    cumulative("cumulative_sum", x, axes, dtype, include_initial)
}

/// Products with the array API's arguments.
#[track_caller]
pub fn cumulative_prod(x: &Lazy, axes: &[isize], dtype: Option<DType>, include_initial: bool) -> Lazy {
    cumulative("cumulative_prod", x, axes, dtype, include_initial)
}

/// Difference.
#[track_caller]
pub fn diff(x: &Lazy, n: isize, axis: isize, prepend: Option<Operand>, append: Option<Operand>) -> Lazy {
    built(&[x], || {
        if n < 0 {
            return Err(Error::value("diff", format!("n is {n}; it must not be negative")));
        }
        if n == 0 {
            return Ok(x.clone());
        }
        if x.ndim()? == 0 {
            return Err(Error::shape("diff", "an array without axes has no neighbours"));
        }
        let at = shape::axis("diff", axis, x.ndim()?)?;
        let length = x.shape()?[at];
        let side = |side: Option<Operand>| -> Result<Option<Lazy>> {
            Ok(match side {
                None => None,
                Some(side) => {
                    let side = as_array(side);
                    let mut to = shape_of(x)?;
                    to[at] = 1;
                    Some(if side.ndim()? == 0 { broadcast_to(&side, &to) } else { side })
                }
            })
        };
        let parts: Vec<Lazy> = [side(prepend)?, Some(x.clone()), side(append)?].into_iter().flatten().collect();
        let mut x = if parts.len() > 1 { joined(&parts, at) } else { x.clone() };
        let axis = at as isize;
        let length = x.shape().map_or(length, |s| s[at]);
        // Beyond the length nothing is left to take away.
        for _ in 0..(n as usize).min(length) {
            let (later, earlier) =
                (slice_axis(&x, axis, Some(1), None, None), slice_axis(&x, axis, None, Some(-1), None));
            x = if x.dtype()? == DType::Bool { binary(Bits::Xor, later, earlier) } else { later - earlier };
        }
        Ok(x)
    })
}

#[track_caller]
fn share(op: &str, x: &Lazy, q: Operand, axes: &[isize], method: &str, keepdims: bool) -> Lazy {
    built(&[x], || {
        let weak = matches!(q, Operand::Weak(_));
        let attrs = vec![
            Attr::Input(0),
            Attr::Input(1),
            Attr::Ints(axes.to_vec()),
            Attr::Text(method.into()),
            Attr::Bool(keepdims),
            Attr::Bool(op.contains("percent")),
            Attr::Bool(weak),
            Attr::Bool(op.starts_with("nan")),
        ];
        Ok(Lazy::whole(&whole::QUANTILE, vec![x.clone(), as_array(q)], attrs))
    })
}

/// Percentile.
#[track_caller]
pub fn percentile(x: &Lazy, q: Operand, axes: &[isize], method: &str, keepdims: bool) -> Lazy {
    share("percentile", x, q, axes, method, keepdims)
}

/// Quantile.
#[track_caller]
pub fn quantile(x: &Lazy, q: Operand, axes: &[isize], method: &str, keepdims: bool) -> Lazy {
    share("quantile", x, q, axes, method, keepdims)
}

/// Percentile of numbers.
#[track_caller]
pub fn nanpercentile(x: &Lazy, q: Operand, axes: &[isize], method: &str, keepdims: bool) -> Lazy {
    share("nanpercentile", x, q, axes, method, keepdims)
}

/// Quantile of numbers.
#[track_caller]
pub fn nanquantile(x: &Lazy, q: Operand, axes: &[isize], method: &str, keepdims: bool) -> Lazy {
    share("nanquantile", x, q, axes, method, keepdims)
}

/// Histogram.
#[track_caller]
pub fn histogram(
    x: &Lazy,
    bins: Operand,
    range: Option<Operand>,
    density: bool,
    weights: Option<Operand>,
) -> [Lazy; 2] {
    built(&[x], || {
        let (count, edges) = match bins {
            Operand::Weak(Weak::Int(n)) => (i64::try_from(n).unwrap_or(0), None),
            Operand::Weak(_) => return Err(Error::value("histogram", "bins must be an integer or a list of edges")),
            Operand::Lazy(edges) => (0, Some(edges)),
        };
        let mut inputs = vec![x.clone()];
        let mut place = |l: Option<Lazy>| match l {
            None => Attr::None,
            Some(l) => {
                inputs.push(l);
                Attr::Input(inputs.len() - 1)
            }
        };
        let attrs = vec![
            Attr::Input(0),
            Attr::Int(count),
            place(edges),
            place(range.map(as_array)),
            Attr::Bool(density),
            place(weights.map(as_array)),
        ];
        exactly(Lazy::whole_all(&whole::HISTOGRAM, inputs, attrs))
    })
}

/// Edges alone.
#[track_caller]
pub fn histogram_bin_edges(x: &Lazy, bins: Operand, range: Option<Operand>) -> Lazy {
    let [_, edges] = histogram(x, bins, range, false, None);
    edges
}
