//! How often values fall between edges.

use opusclip_raw::kernel::complex::ComplexNumber;
use opusclip_raw::{Complex, DType, Number};

use super::given::Given;
use super::support::{build, cast, slice, widened};
use super::{Meaning, Page, never};
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Outputs, Param, ParamKind, Preset, Row};
use crate::ops::lanes::{Lane, with_number};

/// Part of `histogram` and `histogram_bin_edges`.
pub(crate) static HISTOGRAM: Page = Page {
    row: Row {
        name: "histogram",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("count", ParamKind::Int),
            Param::new("edges", ParamKind::Array).or(Preset::None),
            Param::new("range", ParamKind::Array).or(Preset::None),
            Param::new("density", ParamKind::Bool),
            Param::new("weights", ParamKind::Array).or(Preset::None),
        ],
        outputs: Outputs::Named(&["hist", "bin_edges"]),
        ..Row::WHOLE
    },
    meaning: Meaning::Many { meta: histogram_meta, eval: histogram },
    frames: |g, n| never(g, n),
};

fn histogram_meta(g: &Given<'_, Meta>) -> Result<Vec<Meta>> {
    let x = g.x()?;
    let given = [Some(x), g.maybe_array("edges"), g.maybe_array("range")];
    if let Some(d) = given.into_iter().flatten().map(|m| m.dtype).find(|d| d.is_complex()) {
        return Err(Error::dtype(g.op(), format!("{d} lies in no bin; give real numbers, such as abs(x) or real(x)")));
    }
    let (count, dtype) = match g.maybe_array("edges") {
        Some(edges) => {
            let n = (edges.ndim() == 1).then(|| edges.shape[0].checked_sub(1)).flatten();
            let n = n.ok_or_else(|| {
                let detail =
                    format!("bins has shape {}; it must be a number or a list of edges", shape::show(&edges.shape));
                Error::shape(g.op(), detail)
            })?;
            (n, edges.dtype)
        }
        None => {
            let n = usize::try_from(g.int("count")?).ok().filter(|n| *n > 0 && *n < usize::MAX);
            let n = n.ok_or_else(|| Error::value(g.op(), "the number of bins must be at least 1"))?;
            (n, if x.dtype.is_float() { x.dtype } else { DType::F64 })
        }
    };
    if let Some(range) = g.maybe_array("range").filter(|r| r.shape != [2]) {
        let detail = format!("range has shape {}; it must be two numbers", shape::show(&range.shape));
        return Err(Error::shape(g.op(), detail));
    }
    let weights = g.maybe_array("weights");
    if let Some(w) = weights.filter(|w| w.shape != x.shape) {
        let detail = format!("weights of shape {} do not match shape {}", shape::show(&w.shape), shape::show(&x.shape));
        return Err(Error::shape(g.op(), detail));
    }
    let counted = match (weights.map(|w| w.dtype), g.bool("density")) {
        (Some(w), true) if w.is_complex() => DType::C128,
        (_, true) => DType::F64,
        (w, false) => w.unwrap_or(DType::I64),
    };
    Ok(vec![Meta::new([count], counted), Meta::new([count + 1], dtype)])
}

fn histogram(g: &Given<'_, Array>) -> Result<Vec<Array>> {
    let wanted = g.told(histogram_meta)?;
    let [counted, edged] = wanted.as_slice() else { return Err(Error::internal("a histogram has two results")) };
    let x = widened(&g.x()?.to_contiguous()?)?;
    let edges = match g.maybe_array("edges") {
        Some(edges) => edges.to_contiguous()?,
        None => {
            let single = edged.dtype == DType::F32 && g.maybe_array("range").is_none();
            let edges = even_edges(outer_edges(g, &x)?, counted.shape[0], single)?;
            let edges = cast(&Array::from_slice(&edges, &[edges.len()])?, edged.dtype)?;
            if edges.to_f64_vec()?.windows(2).any(|e| e[0] >= e[1]) {
                let detail =
                    format!("{} bins are too many for values so close; give fewer, or a range", counted.shape[0]);
                return Err(Error::value(g.op(), detail));
            }
            edges
        }
    };
    let bounds = edges.to_f64_vec()?;
    if !bounds.is_sorted() {
        return Err(Error::value(g.op(), "the edges of the bins must rise"));
    }
    let weights = g.maybe_array("weights").map(parts_of).transpose()?;
    let mut sums = vec![Complex { re: 0.0, im: 0.0 }; counted.shape[0]];
    let mut counts = vec![0i64; counted.shape[0]];
    with_number!(x.dtype(), T => {
        for (i, v) in slice::<T>(&x)?.iter().enumerate() {
            let Some(at) = bin(&bounds, v.to_f64()) else { continue };
            match &weights {
                Some(w) => sums[at] += w.get(i).copied().unwrap_or_default(),
                None => counts[at] += 1,
            }
        }
    });
    let shape = [counted.shape[0]];
    if weights.is_none() && !g.bool("density") {
        return Ok(vec![Array::from_slice(&counts, &shape)?, edges]);
    }
    if weights.is_none() {
        sums = counts.iter().map(|&c| Complex { re: c as f64, im: 0.0 }).collect();
    }
    if g.bool("density") {
        let total: Complex<f64> = sums.iter().sum();
        for (s, e) in sums.iter_mut().zip(bounds.windows(2)) {
            let width = e[1] - e[0];
            *s = match counted.dtype {
                DType::C128 => ComplexNumber::div(ComplexNumber::div(*s, Complex { re: width, im: 0.0 }), total),
                _ => Complex { re: s.re / width / total.re, im: 0.0 },
            };
        }
    }
    let sums = if counted.dtype.is_complex() {
        Array::from_slice(&sums, &shape)?
    } else {
        Array::from_slice(&sums.iter().map(|z| z.re).collect::<Vec<f64>>(), &shape)?
    };
    Ok(vec![cast(&sums, counted.dtype)?, edges])
}

/// The elements as complex128, whatever they are.
fn parts_of(x: &Array) -> Result<Vec<Complex<f64>>> {
    if x.dtype().is_complex() {
        return cast(x, DType::C128)?.to_vec();
    }
    Ok(x.to_f64_vec()?.into_iter().map(|re| Complex { re, im: 0.0 }).collect())
}

/// The bin of a value: the first edge belongs to it, the last only to the last bin.
fn bin(edges: &[f64], v: f64) -> Option<usize> {
    let n = edges.len().checked_sub(1).filter(|n| *n > 0)?;
    let inside = edges.first().is_some_and(|e| v >= *e) && edges.last().is_some_and(|e| v <= *e);
    inside.then(|| edges.partition_point(|e| *e <= v).saturating_sub(1).min(n - 1))
}

fn outer_edges(g: &Given<'_, Array>, x: &Array) -> Result<(f64, f64)> {
    let (first, last) = match g.maybe_array("range") {
        Some(range) => {
            let ends = range.to_f64_vec()?;
            (ends.first().copied().unwrap_or(0.0), ends.get(1).copied().unwrap_or(1.0))
        }
        None if x.size() == 0 => (0.0, 1.0),
        None => with_number!(x.dtype(), T => {
            let all = slice::<T>(x)?;
            let fold = |f: fn(T, T) -> T| all.iter().copied().reduce(f).map_or(0.0, |v| v.to_f64());
            (fold(Number::min_nan), fold(Number::max_nan))
        }),
    };
    if !(first.is_finite() && last.is_finite()) {
        return Err(Error::value(
            g.op(),
            format!("the values lie in {first} to {last}, which is not finite; give a range"),
        ));
    }
    if first > last {
        return Err(Error::value(g.op(), format!("the range goes from {first} down to {last}")));
    }
    Ok(if first == last { (first - 0.5, last + 0.5) } else { (first, last) })
}

/// NumPy's linspace of one more edge than bins.
fn even_edges((first, last): (f64, f64), bins: usize, single: bool) -> Result<Vec<f64>> {
    let r = |v: f64| if single { f64::from(v as f32) } else { v };
    let (first, last) = (r(first), r(last));
    let delta = r(last - first);
    let step = r(delta / bins as f64);
    let edge = |i: usize| match i {
        i if i == bins => last,
        i if step == 0.0 => r(r(r(i as f64 / bins as f64) * delta) + first),
        i => r(r(r(i as f64) * step) + first),
    };
    shape::count("histogram", &[bins + 1], 8)?;
    let values = build(DType::F64, &[bins + 1], |out| {
        f64::lanes_mut(out).iter_mut().enumerate().for_each(|(i, o)| *o = edge(i));
        Ok(())
    })?;
    values.to_vec::<f64>()
}
