//! Which element is the least, which stands in the middle, and which at any other share.

use std::cmp::Ordering;

use opusclip_raw::kernel::complex::ComplexNumber;
use opusclip_raw::{Complex, DType, Kind, Number};

use super::counted::{VALUES, counted_quantile_meta};
use super::given::Given;
use super::order::compare;
use super::support::{build, cast, row, rows_of, slice, unless_first_reduced, widened};
use super::{Meaning, Page};
use crate::array::promote::promote;
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::complex::quotient as complex_quotient;
use crate::ops::facts::{Param, ParamKind, Preset, Row};
use crate::ops::lanes::{Lane, with_complex, with_number};

pub(super) const PAGES: &[&Page] = &[&ARGMIN, &ARGMAX, &NANARGMIN, &NANARGMAX, &MEDIAN, &NANMEDIAN];

const REDUCED: &[Param] = &[
    Param::new("x", ParamKind::Array),
    Param::new("axis", ParamKind::Axes),
    Param::new("keepdims", ParamKind::Bool).or(Preset::Bool(false)).rare(),
];

macro_rules! place {
    ($NAME:ident, $name:literal, $doc:literal, $rule:literal) => {
        /// Where the least or the greatest is.
        pub(super) static $NAME: Page = Page {
            row: Row {
                name: $name,
                params: REDUCED,
                // NumPy's nan functions do not see NaN in types that are not its own.
                numpy: concat!(
                    "np.",
                    $name,
                    "(x if x.dtype.kind in 'biufc' else x.astype(np.float32), axis, keepdims=keepdims)"
                ),
                tries: &[
                    concat!($name, "(x)"),
                    concat!($name, "(x, axis=0)"),
                    concat!($name, "(x, axis=-1, keepdims=True)"),
                    concat!($name, "(x, keepdims=True)"),
                    concat!($name, "(x[::-1], axis=0)"),
                ],
                doc: $doc,
                rule: $rule,
                ..Row::WHOLE
            },
            meaning: Meaning::One { meta: place_meta, eval: place },
            frames: unless_first_reduced,
        };
    };
}
place!(
    ARGMIN,
    "argmin",
    "The position of the least element along one axis; none given means in the flattened array.",
    "int64; the first of equals. Complex numbers by the real part, then by the imaginary one. NaN is less than all. Nothing to choose from is an error."
);
place!(
    ARGMAX,
    "argmax",
    "The position of the greatest element along one axis; none given means in the flattened array.",
    "int64; the first of equals. Complex numbers by the real part, then by the imaginary one. NaN is greater than all. Nothing to choose from is an error."
);
place!(
    NANARGMIN,
    "nanargmin",
    "The position of the least element that is not NaN.",
    "As argmin, with NaN read as +inf; only NaN along the axis is an error."
);
place!(
    NANARGMAX,
    "nanargmax",
    "The position of the greatest element that is not NaN.",
    "As argmax, with NaN read as -inf; only NaN along the axis is an error."
);

fn place_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let x = g.x()?;
    let axes = place_axes(g, x.ndim())?;
    refuse_nothing(g, &x.shape, &axes)?;
    Ok(Meta::new(shape::reduced(&x.shape, &axes, g.bool("keepdims")), DType::I64))
}

fn place_axes<T>(g: &Given<'_, T>, rank: usize) -> Result<Vec<usize>> {
    // Without axes there is one element all the same, and NumPy lets it be found along axis 0 or -1.
    if rank == 0 {
        g.one_axis("axis", 1)?;
        return Ok(Vec::new());
    }
    Ok(g.one_axis("axis", rank)?.map_or_else(|| (0..rank).collect(), |a| vec![a]))
}

fn refuse_nothing<T>(g: &Given<'_, T>, of: &[usize], axes: &[usize]) -> Result<()> {
    if axes.iter().any(|&a| of.get(a) == Some(&0)) {
        let detail = format!("shape {} has no element along the axis to choose from", shape::show(of));
        return Err(Error::shape(g.op(), detail));
    }
    Ok(())
}

fn place(g: &Given<'_, Array>) -> Result<Array> {
    let x = g.x()?;
    let axes = place_axes(g, x.ndim())?;
    let (rows, n) = rows_of(&widened(x)?, &axes)?;
    let least = g.op().ends_with("min");
    let skip = g.op().starts_with("nan");
    build(DType::I64, &shape::reduced(x.shape(), &axes, g.bool("keepdims")), |out| {
        let out = i64::lanes_mut(out);
        macro_rules! places {
            ($T:ty, $nan:expr, $before:expr, $worst:expr) => {{
                let rows = slice::<$T>(&rows)?;
                let (nan, before) = ($nan, $before);
                for (i, o) in out.iter_mut().enumerate() {
                    let row = row(rows, i, n);
                    if skip && row.iter().all(|v| nan(*v)) {
                        let detail = "only NaN stands along the axis, and none of them has a place";
                        return Err(Error::value(g.op(), detail));
                    }
                    *o = place_in(row, skip.then_some($worst), nan, before);
                }
            }};
        }
        let worst = if least { f64::INFINITY } else { f64::NEG_INFINITY };
        if rows.dtype().is_complex() {
            with_complex!(rows.dtype(), T => places!(
                T,
                |v: T| ComplexNumber::is_nan(v),
                |a: T, b: T| if least { a.less(b) } else { b.less(a) },
                T::narrow(Complex { re: worst, im: 0.0 })
            ));
        } else {
            with_number!(rows.dtype(), T => places!(
                T,
                |v: T| Number::is_nan(v),
                |a: T, b: T| (if least { a.partial_cmp(&b) } else { b.partial_cmp(&a) }) == Some(Ordering::Less),
                <T as Number>::from_f64(worst)
            ));
        }
        Ok(())
    })
}

/// The place of the first element before which no other comes. NaN comes before all, or is read as
/// `instead`.
fn place_in<T: Copy>(row: &[T], instead: Option<T>, nan: impl Fn(T) -> bool, before: impl Fn(T, T) -> bool) -> i64 {
    let read = |v: T| instead.filter(|_| nan(v)).unwrap_or(v);
    let mut best = 0;
    for (i, &v) in row.iter().enumerate() {
        let (v, b) = (read(v), read(row[best]));
        if nan(b) {
            break;
        }
        if nan(v) || before(v, b) {
            best = i;
        }
    }
    best as i64
}

macro_rules! median {
    ($NAME:ident, $name:literal, $doc:literal, $rule:literal) => {
        /// The middle.
        pub(crate) static $NAME: Page = Page {
            row: Row {
                name: $name,
                params: REDUCED,
                numpy: concat!(
                    "wide(np.",
                    $name,
                    ", x if x.dtype.kind in 'fcV' else x.astype(float), axis, keepdims=keepdims)"
                ),
                ulp: 1,
                tries: &[
                    concat!($name, "(x)"),
                    concat!($name, "(x, axis=0)"),
                    concat!($name, "(x, axis=-1, keepdims=True)"),
                    concat!($name, "(x, axis=(0, 1))"),
                ],
                doc: $doc,
                rule: $rule,
                ..Row::WHOLE
            },
            meaning: Meaning::One { meta: median_meta, eval: median },
            frames: unless_first_reduced,
        };
    };
}
median!(
    MEDIAN,
    "median",
    "The middle element in rising order, or the mean of the two in the middle.",
    "Floats and complex numbers keep their type, all others give float64. NaN if any is NaN; of nothing too. The mean is taken in float64 and rounded once. Complex numbers by the real part, then by the imaginary one, and mean's rule."
);
median!(
    NANMEDIAN,
    "nanmedian",
    "The middle of the elements that are not NaN.",
    "As median without the NaN; NaN where nothing is left."
);

fn median_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let x = g.x()?;
    let axes = g.axes("axis", x.ndim())?;
    Ok(Meta::new(shape::reduced(&x.shape, &axes, g.bool("keepdims")), median_of(x.dtype)))
}

pub(super) fn median_of(d: DType) -> DType {
    if d.kind() >= Kind::Float { d } else { DType::F64 }
}

fn median(g: &Given<'_, Array>) -> Result<Array> {
    let x = g.x()?;
    let axes = g.axes("axis", x.ndim())?;
    let (rows, n) = rows_of(&widened(x)?, &axes)?;
    let skip = g.op().starts_with("nan");
    let dtype = median_of(x.dtype());
    let shape = shape::reduced(x.shape(), &axes, g.bool("keepdims"));
    if dtype.is_complex() {
        return build(dtype, &shape, |out| {
            with_complex!(dtype, T => {
                let rows = slice::<T>(&rows)?;
                for (i, o) in T::lanes_mut(out).iter_mut().enumerate() {
                    *o = T::narrow(complex_middle(row(rows, i, n), skip));
                }
            });
            Ok(())
        });
    }
    let wide = build(DType::F64, &shape, |out| {
        let out = f64::lanes_mut(out);
        with_number!(rows.dtype(), T => {
            let rows = slice::<T>(&rows)?;
            // Grows as it is filled: an axis may be long where there are no rows.
            let mut work: Vec<T> = Vec::new();
            for (i, o) in out.iter_mut().enumerate() {
                *o = middle(&mut work, row(rows, i, n), skip);
            }
        });
        Ok(())
    })?;
    cast(&wide, dtype)
}

fn middle<T: Number>(work: &mut Vec<T>, row: &[T], skip: bool) -> f64 {
    work.clear();
    work.extend(row.iter().filter(|v| !v.is_nan()));
    let n = work.len();
    if n == 0 || (!skip && n < row.len()) {
        return f64::NAN;
    }
    let (below, at, _) = work.select_nth_unstable_by(n / 2, rising);
    let high = Number::to_f64(*at);
    let low = below.iter().copied().max_by(rising).map_or(high, Number::to_f64);
    middle_of(n, low, high)
}

/// The middle of `n` elements, of which `low` and `high` stand before and at the place n/2.
fn middle_of(n: usize, low: f64, high: f64) -> f64 {
    // As the mean of one: a negative zero stays, NumPy's sum from 0 loses it.
    if n % 2 == 1 { high + 0.0 } else { half_way(low, high) }
}

/// The same of values that are counted.
pub(super) fn counted_median(g: &Given<'_, Array>) -> Result<Array> {
    let (counts, values) = (g.x()?.to_contiguous()?, widened(g.array("values")?)?.to_contiguous()?);
    let counts = slice::<i64>(&counts)?;
    let wide = build(DType::F64, &[counts.len() / VALUES], |out| {
        let out = f64::lanes_mut(out);
        with_number!(values.dtype(), T => {
            let rows = Rows { rows: slice::<T>(&values)?, n: VALUES, counts: Some(counts) };
            rows.each(out.len(), g.bool("skip"), |i, sorted, nan| {
                let n = sorted.len();
                let at = |place: usize| sorted.get(place).map_or(f64::NAN, Number::to_f64);
                out[i] = if nan { f64::NAN } else { middle_of(n, at((n / 2).saturating_sub(1)), at(n / 2)) };
            });
        });
        Ok(())
    })?;
    cast(&wide, median_of(g.array("values")?.dtype()))
}

/// The elements' order: of zeros the negative one comes first, so that equal elements are the same.
fn rising<T: Number>(a: &T, b: &T) -> Ordering {
    let negative = |v: &T| Number::to_f64(*v).is_sign_negative();
    compare(a, b).then_with(|| if T::DTYPE.is_float() { negative(b).cmp(&negative(a)) } else { Ordering::Equal })
}

/// The mean of two.
fn half_way(a: f64, b: f64) -> f64 {
    let sum = a + b;
    if sum.is_infinite() && a.is_finite() && b.is_finite() { a / 2.0 + b / 2.0 } else { sum / 2.0 }
}

/// NumPy's order of complex numbers: those with a NaN last, of them those that have it in the real
/// part, and those that have only it.
fn complex_order(a: &Complex<f64>, b: &Complex<f64>) -> Ordering {
    let rank = |z: &Complex<f64>| u8::from(z.im.is_nan()) + 2 * u8::from(z.re.is_nan());
    let part = |a: f64, b: f64| a.partial_cmp(&b).unwrap_or(Ordering::Equal);
    rank(a).cmp(&rank(b)).then_with(|| part(a.re, b.re)).then_with(|| part(a.im, b.im))
}

fn complex_middle<T: ComplexNumber>(row: &[T], skip: bool) -> Complex<f64> {
    let nan = |z: &Complex<f64>| z.re.is_nan() || z.im.is_nan();
    let mut sorted: Vec<Complex<f64>> = row.iter().map(|z| z.wide()).filter(|z| !(skip && nan(z))).collect();
    sorted.sort_unstable_by(complex_order);
    let n = sorted.len();
    let Some(last) = sorted.last() else {
        // Which NaN: the last that was left out, as NumPy has it.
        return row.last().map_or(Complex { re: f64::NAN, im: f64::NAN }, |z| z.wide());
    };
    if nan(last) {
        return *last;
    }
    let at = |i: usize| sorted.get(i).copied().unwrap_or(*last);
    let (low, high) = (at(n.saturating_sub(1) / 2), at(n / 2));
    let (re, im) = complex_quotient(half_way(low.re, high.re), half_way(low.im, high.im));
    Complex { re, im }
}

/// Part of `quantile` and its kin.
pub(crate) static QUANTILE: Page = Page {
    row: Row {
        name: "quantile",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("q", ParamKind::Array),
            Param::new("axis", ParamKind::Axes),
            Param::new("method", ParamKind::Text),
            Param::new("keepdims", ParamKind::Bool).or(Preset::Bool(false)),
            // q counts to a hundred.
            Param::new("percent", ParamKind::Bool),
            // q is a literal and so has no say in the type of the result.
            Param::new("weak", ParamKind::Bool),
            Param::new("skip", ParamKind::Bool),
        ],
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: quantile_meta, eval: quantile },
    frames: |g, n| g.array("q").is_ok_and(|q| q.ndim() == 0) && unless_first_reduced(g, n),
};

/// NumPy's names of the ways to choose between two elements.
const METHODS: [&str; 13] = [
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
];

/// True when the result is one of the elements and never lies between two.
fn picks(method: &str, q: DType, percent: bool) -> bool {
    // NumPy: quantiles 0 and 1 as integers are elements.
    let whole = method == "linear" && !percent && !q.is_float();
    whole || matches!(method, "inverted_cdf" | "closest_observation" | "lower" | "higher" | "nearest")
}

fn quantile_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let (x, q) = (g.x()?, g.array("q")?);
    let axes = g.axes("axis", x.ndim())?;
    let method = g.text("method");
    if !METHODS.contains(&method) {
        let detail = format!("there is no method '{method}'; the methods are {}", METHODS.join(", "));
        return Err(Error::value(g.op(), detail));
    }
    if q.ndim() > 1 {
        return Err(Error::shape(
            g.op(),
            format!("q has shape {}; it must be one number or a list", shape::show(&q.shape)),
        ));
    }
    if let Some(d) = [x.dtype, q.dtype].into_iter().find(|d| d.is_complex()) {
        return Err(Error::dtype(g.op(), format!("{d} has no order to take a share of; give real numbers")));
    }
    let kept = shape::reduced(&x.shape, &axes, false);
    if axes.iter().any(|&a| x.shape.get(a) == Some(&0)) && !kept.contains(&0) && !g.bool("skip") {
        let detail = format!("shape {} has no element along the reduced axes", shape::show(&x.shape));
        return Err(Error::shape(g.op(), detail));
    }
    if x.dtype == DType::Bool && !picks(method, q.dtype, g.bool("percent")) {
        return Err(Error::dtype(
            g.op(),
            format!("between two truth values is nothing for '{method}'; cast to a number"),
        ));
    }
    let dtype = share_type(g, x.dtype, q.dtype);
    let all = q.shape.iter().copied().chain(shape::reduced(&x.shape, &axes, g.bool("keepdims")));
    Ok(Meta::new(all.collect::<Vec<_>>(), dtype))
}

fn interpolated(x: DType, q: DType, weak: bool) -> DType {
    let float = |d: DType| if d.is_float() { d } else { DType::F64 };
    if weak { float(x) } else { promote(float(x), float(q)) }
}

/// Element type of the shares of `x`.
pub(super) fn share_type<T>(g: &Given<'_, T>, x: DType, q: DType) -> DType {
    if picks(g.text("method"), q, g.bool("percent")) { x } else { interpolated(x, q, g.bool("weak")) }
}

fn quantile(g: &Given<'_, Array>) -> Result<Array> {
    let wanted = g.told(quantile_meta)?;
    let x = g.x()?;
    let axes = g.axes("axis", x.ndim())?;
    let (rows, n) = rows_of(&widened(x)?, &axes)?;
    let count = shape::product(&shape::reduced(x.shape(), &axes, false));
    shares_of(g, &wanted, (&rows, n, None), count)
}

/// The same of values that are counted.
pub(super) fn counted_quantile(g: &Given<'_, Array>) -> Result<Array> {
    let wanted = g.told(counted_quantile_meta)?;
    let (counts, values) = (g.x()?.to_contiguous()?, widened(g.array("values")?)?.to_contiguous()?);
    let counts = slice::<i64>(&counts)?;
    shares_of(g, &wanted, (&values, VALUES, Some(counts)), counts.len() / VALUES)
}

/// The shares of `count` rows of so many elements, or of values and how often each is there.
fn shares_of(
    g: &Given<'_, Array>,
    wanted: &Meta,
    (rows, n, counts): (&Array, usize, Option<&[i64]>),
    count: usize,
) -> Result<Array> {
    let q = g.array("q")?;
    // The narrow type is NumPy's when q is an array of it.
    let single = q.dtype() == DType::F32 && !g.bool("weak");
    let percent = g.bool("percent");
    let shares = q.to_f64_vec()?;
    let shares: Vec<f64> = shares.into_iter().map(|q| if percent { narrowed(q / 100.0, single) } else { q }).collect();
    if let Some(q) = shares.iter().find(|q| !(0.0..=1.0).contains(*q)) {
        let top = if percent { 100.0 } else { 1.0 };
        return Err(Error::value(g.op(), format!("{} was asked for; it must lie in 0 to {top}", q * top)));
    }
    let (method, skip) = (g.text("method"), g.bool("skip"));
    let pick = picks(method, q.dtype(), percent);
    if pick {
        let picked_all = build(rows.dtype(), &wanted.shape, |out| {
            with_number!(rows.dtype(), T => {
                let out = T::lanes_mut(out);
                (Rows { rows: slice::<T>(rows)?, n, counts }).each(count, skip, |i, sorted, nan| {
                    for (j, &share) in shares.iter().enumerate() {
                        if let Some(o) = out.get_mut(j * count + i) {
                            let at = picked(method, share, sorted.len(), single).min(sorted.len().saturating_sub(1));
                            let v = sorted.get(at);
                            *o = v.filter(|_| !nan).unwrap_or_else(|| T::from_f64(f64::NAN));
                        }
                    }
                });
            });
            Ok(())
        })?;
        return cast(&picked_all, wanted.dtype);
    }
    let round = wanted.dtype == DType::F32;
    let wide = build(DType::F64, &wanted.shape, |out| {
        let out = f64::lanes_mut(out);
        with_number!(rows.dtype(), T => {
            (Rows { rows: slice::<T>(rows)?, n, counts }).each(count, skip, |i, sorted, nan| {
                for (j, &share) in shares.iter().enumerate() {
                    if let Some(o) = out.get_mut(j * count + i) {
                        *o = if nan { f64::NAN } else { between(sorted, method, share, single, round) };
                    }
                }
            });
        });
        Ok(())
    })?;
    cast(&wide, wanted.dtype)
}

/// Rows of `n` elements; or, where these are counted, of values: a row for all, or one for each.
struct Rows<'a, T> {
    rows: &'a [T],
    n: usize,
    counts: Option<&'a [i64]>,
}

/// Elements in rising order.
struct Sorted<'a, T> {
    values: &'a [T],
    /// How many elements there are up to each of the values; empty where each is there once.
    ends: &'a [u64],
}

impl<T: Number> Sorted<'_, T> {
    fn len(&self) -> usize {
        self.ends.last().map_or(self.values.len(), |n| *n as usize)
    }

    fn get(&self, i: usize) -> Option<T> {
        let at = if self.ends.is_empty() { i } else { self.ends.partition_point(|end| *end <= i as u64) };
        self.values.get(at).copied()
    }
}

impl<T: Number> Rows<'_, T> {
    /// Gives `f` each row in rising order, and whether its answer is NaN.
    fn each(&self, count: usize, skip: bool, mut f: impl FnMut(usize, &Sorted<'_, T>, bool)) {
        // Grows as it is filled: an axis may be long where there are no rows.
        let mut work: Vec<T> = Vec::new();
        let mut counted: Vec<(T, u64)> = Vec::new();
        let mut ends: Vec<u64> = Vec::new();
        for i in 0..count {
            work.clear();
            ends.clear();
            let Some(counts) = self.counts else {
                let row = row(self.rows, i, self.n);
                work.extend(row.iter().filter(|v| !v.is_nan()));
                let nan = work.is_empty() || (!skip && work.len() < row.len());
                work.sort_unstable_by(rising);
                f(i, &Sorted { values: &work, ends: &[] }, nan);
                continue;
            };
            let own = row(self.rows, if self.rows.len() == self.n { 0 } else { i }, self.n);
            let occurring = own.iter().zip(row(counts, i, self.n)).filter(|(_, n)| **n > 0);
            counted.clear();
            counted.extend(occurring.clone().filter(|(v, _)| !v.is_nan()).map(|(v, n)| (*v, n.cast_unsigned())));
            let nan = counted.is_empty() || (!skip && counted.len() < occurring.count());
            counted.sort_unstable_by(|a, b| rising(&a.0, &b.0));
            let mut end = 0;
            for (v, n) in &counted {
                end += n;
                work.push(*v);
                ends.push(end);
            }
            f(i, &Sorted { values: &work, ends: &ends }, nan);
        }
    }
}

/// As float32 would have it, where NumPy computes in that.
fn narrowed(v: f64, single: bool) -> f64 {
    if single { f64::from(v as f32) } else { v }
}

/// Which of `n` elements a method that picks takes (Hyndman and Fan 1996, and NumPy's others).
fn picked(method: &str, share: f64, n: usize, single: bool) -> usize {
    let r = |v| narrowed(v, single);
    let count = n as f64;
    let spread = r((count - 1.0) * share);
    let boundary = |index: f64, stay: &dyn Fn(f64, f64) -> bool| {
        let below = index.floor();
        if stay(index - below, below) { below } else { below + 1.0 }
    };
    let at = match method {
        "higher" => spread.ceil(),
        "nearest" => spread.round_ties_even(),
        "inverted_cdf" => boundary(r(r(count * share) - 1.0), &|gamma, _| gamma == 0.0),
        "closest_observation" => {
            boundary(r(r(r(count * share) - 1.0) - 0.5), &|gamma, below| gamma == 0.0 && below.rem_euclid(2.0) == 1.0)
        }
        _ => spread.floor(),
    };
    at.max(0.0) as usize
}

/// The value at a place between two elements.
fn between<T: Number>(sorted: &Sorted<'_, T>, method: &str, share: f64, single: bool, round: bool) -> f64 {
    let r = |v| narrowed(v, single);
    let n = sorted.len() as f64;
    let spread = r((n - 1.0) * share);
    let by = |alpha: f64, beta: f64| {
        let correction = r(alpha + r(share * (1.0 - alpha - beta)));
        r(r(r(n * share) + correction) - 1.0)
    };
    let at = match method {
        "averaged_inverted_cdf" => r(r(n * share) - 1.0),
        "interpolated_inverted_cdf" => by(0.0, 1.0),
        "hazen" => by(0.5, 0.5),
        "weibull" => by(0.0, 0.0),
        "median_unbiased" => by(1.0 / 3.0, 1.0 / 3.0),
        "normal_unbiased" => by(3.0 / 8.0, 3.0 / 8.0),
        "midpoint" => 0.5 * (spread.floor() + spread.ceil()),
        _ => spread,
    };
    let last = sorted.len().saturating_sub(1);
    let (low, high) = if at >= last as f64 {
        (last, last)
    } else if at < 0.0 {
        (0, 0)
    } else {
        (at.floor() as usize, at.floor() as usize + 1)
    };
    let gamma = match method {
        "averaged_inverted_cdf" if at == at.floor() => 0.5,
        "averaged_inverted_cdf" => 1.0,
        "midpoint" if at == at.floor() => 0.0,
        "midpoint" => 0.5,
        _ => r(at - at.floor()),
    };
    let value = |i: usize| sorted.get(i).map_or(f64::NAN, Number::to_f64);
    let (a, b) = (value(low), value(high));
    // The step as the result's type would make it.
    let r = |v| narrowed(v, round);
    let step = r(b - a);
    if gamma >= 0.5 { r(b - r(step * r(1.0 - gamma))) } else { r(a + r(step * r(gamma))) }
}
