//! Filters over several axes, one axis after another, with SciPy's rules.

use super::*;
use crate::array::Array;
use crate::ops::whole::filters::{CVAL, MODE, ORIGIN, SIZE};

const SIGMA: Param = Param::new("sigma", ParamKind::Float);
const ORDER: Param = Param::new("order", ParamKind::Int).or(Preset::Int(0));
const TRUNCATE: Param = Param::new("truncate", ParamKind::Float).or(Preset::Float(4.0)).rare();
const AXES: Param = Param::new("axes", ParamKind::Axes).or(Preset::None);
const SIZED: &[Param] = &[X1, SIZE, MODE, CVAL, AXES];
const SLOPE: &[Param] = &[X1, LAST, MODE, CVAL];

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "convolve1d",
        params: &[X1, Param::new("weights", ParamKind::Array), LAST, MODE, CVAL, ORIGIN],
        numpy: "scipy.ndimage.convolve1d(x, weights, axis, None, mode, cval, origin)",
        tries: &[
            "x:3x9 float | convolve1d(x, (1.0, 2.0, 1.5))",
            "x:3x9 float | convolve1d(x, (1, 2, 3, 4), axis=0, mode='wrap')",
            "x:3x9 float | convolve1d(x, (1, 2, 3), mode='constant', cval=2.5, origin=1)",
            "x:3x9 float | convolve1d(x, (1, 2, 3, 4), origin=1)",
        ],
        doc: "Sums of neighbours along one axis, each times its weight, the weights in reverse.",
        rule: "correlate1d's rule.",
        ..Row::BASE
    },
    Row {
        name: "gaussian_filter1d",
        params: &[X1, SIGMA, LAST, ORDER, MODE, CVAL, TRUNCATE],
        numpy: "scipy.ndimage.gaussian_filter1d(x, sigma, axis, order, None, mode, cval, truncate)",
        tries: &[
            "x:3x9 float | gaussian_filter1d(x, 1.5)",
            "x:9x3 float | gaussian_filter1d(x, 0.7, axis=0, mode='nearest')",
            "x:3x9 float | gaussian_filter1d(x, 1, order=1)",
            "x:3x9 float | gaussian_filter1d(x, 1, order=2, truncate=2.5)",
            "x:3x9 float | gaussian_filter1d(x, 2, order=3, mode='mirror')",
            "x:3x9 float | gaussian_filter1d(x, 0)",
        ],
        ulp: 64,
        doc: "A Gaussian blur along one axis, or a derivative of it.",
        rule: "SciPy's: weights of standard deviation sigma, cut at truncate times that; order derives so many times. correlate1d's rule.",
        ..Row::BASE
    },
    Row {
        name: "gaussian_filter",
        params: &[X1, SIGMA, ORDER, MODE, CVAL, TRUNCATE, AXES],
        numpy: "scipy.ndimage.gaussian_filter(x, sigma, order, None, mode, cval, truncate, axes=axes)",
        tries: &[
            "x:5x6 float | gaussian_filter(x, 1.5)",
            "x:5x6 float | gaussian_filter(x, 1, order=1, mode='wrap')",
            "x:2x5x6x3 float | gaussian_filter(x, 1, axes=(1, 2))",
        ],
        ulp: 256,
        doc: "A Gaussian blur along the axes; none given means all.",
        rule: "gaussian_filter1d along one axis after another, each rounded to x's type, as SciPy. One sigma for all axes.",
        ..Row::BASE
    },
    Row {
        name: "uniform_filter",
        params: SIZED,
        numpy: "scipy.ndimage.uniform_filter(x, size, None, mode, cval, axes=axes)",
        tries: &["x:5x6 real | uniform_filter(x, 3)", "x:2x5x6 real | uniform_filter(x, 2, mode='wrap', axes=(1, 2))"],
        doc: "The mean of a window of `size` along each of the axes; none given means all.",
        rule: "uniform_filter1d along one axis after another, each rounded to x's type, as SciPy.",
        ..Row::BASE
    },
    Row {
        name: "maximum_filter",
        params: SIZED,
        numpy: "scipy.ndimage.maximum_filter(x, size, None, None, mode, cval, axes=axes)",
        tries: &["x:5x6 | maximum_filter(x, 3)", "x:2x5x6 | maximum_filter(x, 2, mode='wrap', axes=(1, 2))"],
        doc: "The greatest of a window of `size` along each of the axes; none given means all.",
        rule: "maximum_filter1d along one axis after another.",
        ..Row::BASE
    },
    Row {
        name: "minimum_filter",
        params: SIZED,
        numpy: "scipy.ndimage.minimum_filter(x, size, None, None, mode, cval, axes=axes)",
        tries: &["x:5x6 | minimum_filter(x, 3)", "x:2x5x6 | minimum_filter(x, 2, mode='wrap', axes=(1, 2))"],
        doc: "The least of a window of `size` along each of the axes; none given means all.",
        rule: "minimum_filter1d along one axis after another.",
        ..Row::BASE
    },
    Row {
        name: "sobel",
        params: SLOPE,
        numpy: "scipy.ndimage.sobel(x, axis, None, mode, cval)",
        tries: &["x:5x6 float | sobel(x)", "x:5x6 float | sobel(x, 0, 'nearest')", "x:5x6 i32 | sobel(x)"],
        doc: "The Sobel slope along one axis: differences along it, smoothed by 1 2 1 along all others.",
        rule: "correlate1d's rule, one axis after another.",
        ..Row::BASE
    },
    Row {
        name: "prewitt",
        params: SLOPE,
        numpy: "scipy.ndimage.prewitt(x, axis, None, mode, cval)",
        tries: &["x:5x6 float | prewitt(x)", "x:5x6 float | prewitt(x, 0, 'nearest')"],
        doc: "The Prewitt slope along one axis: differences along it, smoothed by 1 1 1 along all others.",
        rule: "correlate1d's rule, one axis after another.",
        ..Row::BASE
    },
    Row {
        name: "laplace",
        params: &[X1, MODE, CVAL, AXES],
        numpy: "scipy.ndimage.laplace(x, None, mode, cval, axes=axes)",
        tries: &[
            "x:5x6 float | laplace(x)",
            "x:2x5x6 float | laplace(x, axes=(1, 2))",
            "x:5x6 i32 | laplace(x, 'wrap')",
        ],
        doc: "The sum of second differences along the axes; none given means all.",
        rule: "correlate1d's rule with the weights 1 -2 1, added in x's type.",
        ..Row::BASE
    },
];

/// What lies beyond the ends, and where in the window the element stands.
#[derive(Clone, Copy)]
struct Ends<'a> {
    mode: &'a str,
    cval: f64,
    origin: isize,
}

/// A filter of [`crate::ops::whole`] along one axis, with its size or its weights.
#[track_caller]
fn filter(name: &str, x: &Lazy, size: Option<isize>, weights: Option<Lazy>, axis: isize, ends: Ends<'_>) -> Lazy {
    let inputs = [x.clone()].into_iter().chain(weights).collect();
    let Ends { mode, cval, origin } = ends;
    let rest = [Attr::Int(axis as i64), Attr::Text(mode.into()), Attr::Float(cval), Attr::Int(origin as i64)];
    page(name, inputs, size.map(|s| Attr::Int(s as i64)).into_iter().chain(rest).collect())
}

#[track_caller]
fn weighted(x: &Lazy, weights: &[f64], axis: isize, mode: &str, cval: f64) -> Lazy {
    match Array::from_slice(weights, &[weights.len()]) {
        Ok(w) => filter("correlate1d", x, None, Some(w.into()), axis, Ends { mode, cval, origin: 0 }),
        Err(e) => Lazy::failed(e),
    }
}

/// Weighted sums, weights reversed.
#[track_caller]
pub fn convolve1d(x: &Lazy, weights: Operand, axis: isize, mode: &str, cval: f64, origin: isize) -> Lazy {
    built(&[x], || {
        let weights = as_array(weights);
        let s = checked("convolve1d", &weights)?;
        let [n] = s.as_slice() else {
            return Err(Error::shape("convolve1d", "the weights must have one axis"));
        };
        // The window lies the other way round about its middle element.
        let origin = origin.saturating_neg().saturating_sub(isize::from(n % 2 == 0));
        Ok(filter("correlate1d", x, None, Some(flip(&weights, &[0])), axis, Ends { mode, cval, origin }))
    })
}

/// Most elements on each side of a blur.
const WIDEST: f64 = 8_000_000.0;

/// The weights of a blur, or of a derivative of it, as SciPy makes them; in reverse, as it uses them.
fn gaussian(op: &str, sigma: f64, order: isize, truncate: f64) -> Result<Vec<f64>> {
    let order = usize::try_from(order).ok().filter(|&o| o <= 64);
    let order = order.ok_or_else(|| Error::value(op, "the order must be between 0 and 64"))?;
    if sigma == 0.0 {
        return Err(Error::value(op, "sigma is 0; it must be positive"));
    }
    let reach = truncate * sigma + 0.5;
    if !(0.0..WIDEST).contains(&reach.trunc()) {
        return Err(Error::value(op, format!("sigma {sigma} and truncate {truncate} make no window that can be used")));
    }
    let radius = reach as i64;
    let square = sigma * sigma;
    let xs: Vec<f64> = (-radius..=radius).map(|v| v as f64).collect();
    let mut phi: Vec<f64> = xs.iter().map(|x| opusclip_raw::Float::exp(-0.5 / square * (x * x))).collect();
    let sum: f64 = phi.iter().sum();
    phi.iter_mut().for_each(|p| *p /= sum);
    if order > 0 {
        // The derivative of q(x)·phi(x) is (q'(x) - q(x)·x/σ²)·phi(x); q starts as 1.
        let mut q = vec![0.0; order + 1];
        q[0] = 1.0;
        for _ in 0..order {
            let mut next = vec![0.0; order + 1];
            for i in 0..=order {
                if i < order {
                    next[i] += q[i + 1] * (i + 1) as f64;
                }
                if i > 0 {
                    next[i] -= q[i - 1] / square;
                }
            }
            q = next;
        }
        for (p, x) in phi.iter_mut().zip(&xs) {
            *p *= q.iter().rev().fold(0.0, |s, c| s * x + c);
        }
    }
    phi.reverse();
    Ok(phi)
}

/// Blur along one axis.
#[track_caller]
pub fn gaussian_filter1d(
    x: &Lazy,
    sigma: f64,
    axis: isize,
    order: isize,
    mode: &str,
    cval: f64,
    truncate: f64,
) -> Lazy {
    match gaussian("gaussian_filter1d", sigma, order, truncate) {
        Ok(w) => weighted(x, &w, axis, mode, cval),
        Err(e) => Lazy::failed(e),
    }
}

/// Runs `f` along each of the axes in turn.
fn each(op: &str, x: &Lazy, axes: &[isize], f: impl Fn(&Lazy, isize) -> Lazy) -> Result<Lazy> {
    let axes = shape::axes(op, axes, x.ndim()?)?;
    Ok(axes.iter().fold(x.clone(), |x, &a| f(&x, a as isize)))
}

/// Blur.
#[track_caller]
pub fn gaussian_filter(
    x: &Lazy,
    sigma: f64,
    order: isize,
    mode: &str,
    cval: f64,
    truncate: f64,
    axes: &[isize],
) -> Lazy {
    built(&[x], || {
        // SciPy leaves an axis alone for which there is nothing to blur.
        if sigma <= 1e-15 {
            return Ok(x.clone());
        }
        let w = gaussian("gaussian_filter", sigma, order, truncate)?;
        each("gaussian_filter", x, axes, |x, a| weighted(x, &w, a, mode, cval))
    })
}

#[track_caller]
fn sized(op: &str, page: &str, x: &Lazy, size: isize, mode: &str, cval: f64, axes: &[isize]) -> Lazy {
    let along = |x: &Lazy, a| filter(page, x, Some(size), None, a, Ends { mode, cval, origin: 0 });
    built(&[x], || each(op, x, axes, along))
}

/// Mean of a window.
#[track_caller]
pub fn uniform_filter(x: &Lazy, size: isize, mode: &str, cval: f64, axes: &[isize]) -> Lazy {
    sized("uniform_filter", "uniform_filter1d", x, size, mode, cval, axes)
}

/// Greatest of a window.
#[track_caller]
pub fn maximum_filter(x: &Lazy, size: isize, mode: &str, cval: f64, axes: &[isize]) -> Lazy {
    sized("maximum_filter", "maximum_filter1d", x, size, mode, cval, axes)
}

/// Least of a window.
#[track_caller]
pub fn minimum_filter(x: &Lazy, size: isize, mode: &str, cval: f64, axes: &[isize]) -> Lazy {
    sized("minimum_filter", "minimum_filter1d", x, size, mode, cval, axes)
}

#[track_caller]
fn slope(op: &str, x: &Lazy, axis: isize, mode: &str, cval: f64, smooth: &[f64]) -> Lazy {
    built(&[x], || {
        let rank = x.ndim()?;
        let axis = shape::axis(op, axis, rank)?;
        let first = weighted(x, &[-1.0, 0.0, 1.0], axis as isize, mode, cval);
        Ok((0..rank).filter(|&a| a != axis).fold(first, |x, a| weighted(&x, smooth, a as isize, mode, cval)))
    })
}

/// Sobel's slope.
#[track_caller]
pub fn sobel(x: &Lazy, axis: isize, mode: &str, cval: f64) -> Lazy {
    slope("sobel", x, axis, mode, cval, &[1.0, 2.0, 1.0])
}

/// Prewitt's slope.
#[track_caller]
pub fn prewitt(x: &Lazy, axis: isize, mode: &str, cval: f64) -> Lazy {
    slope("prewitt", x, axis, mode, cval, &[1.0, 1.0, 1.0])
}

/// Second differences.
#[track_caller]
pub fn laplace(x: &Lazy, mode: &str, cval: f64, axes: &[isize]) -> Lazy {
    built(&[x], || {
        let axes = shape::axes("laplace", axes, x.ndim()?)?;
        let one = |a: &usize| weighted(x, &[1.0, -2.0, 1.0], *a as isize, mode, cval);
        let sum = axes.iter().map(one).reduce(|a, b| a + b);
        Ok(sum.unwrap_or_else(|| x.clone()))
    })
}
