//! Fourier transforms along one axis.

use opusclip_maths::{Complex, Wave};
use opusclip_raw::DType;

use super::given::Given;
use super::linalg::failed;
use super::support::{along, cast, slice};
use super::{Meaning, Page, unless_first_axis};
use crate::array::{Array, Meta, Scalar};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row, X};
use crate::ops::lanes::Lane;

pub(super) const PAGES: &[&Page] = &[&FFT, &IFFT, &RFFT, &IRFFT];

const PARAMS: &[Param] = &[
    X[0],
    Param::new("n", ParamKind::Int).or(Preset::None),
    Param::new("axis", ParamKind::Axis).or(Preset::Int(-1)),
    Param::new("norm", ParamKind::Text).or(Preset::None),
];

macro_rules! page {
    ($name:ident, $word:literal, $numpy:literal, $tries:expr, $doc:literal, $rule:literal, $meta:expr, $eval:expr) => {
        #[doc = $doc]
        pub(super) static $name: Page = Page {
            row: Row {
                name: $word,
                params: PARAMS,
                numpy: $numpy,
                tries: $tries,
                ulp: 256,
                doc: $doc,
                rule: $rule,
                ..Row::WHOLE
            },
            meaning: Meaning::One { meta: $meta, eval: $eval },
            frames: unless_first_axis,
        };
    };
}

page!(
    FFT,
    "fft",
    "np.fft.fft(x, n, axis, norm)",
    &[
        "x:8 | fft(x)",
        "x:7 | fft(x)",
        "x:3x5 | fft(x, axis=0)",
        "x:3x5 | fft(x, 8)",
        "x:3x5 | fft(x, 4, norm='ortho')",
        "x:3x5 | fft(x, norm='forward')",
        "x:3x5 | fft(x, 0)",
        "x:0 | fft(x)",
        "x:3x5 | fft(x, norm='what')",
    ],
    "The discrete Fourier transform along one axis.",
    "complex64 for float32 and float16, else complex128. n crops the axis or fills it with zeros. norm 'backward' (None) scales the inverse by 1/n, 'forward' the transform, 'ortho' both by 1/sqrt(n). The same bits whatever the instruction set.",
    |g| meta(g, true),
    |g| complex(g, false)
);
page!(
    IFFT,
    "ifft",
    "np.fft.ifft(x, n, axis, norm)",
    &[
        "x:8 | ifft(x)",
        "x:3x5 | ifft(x, axis=0)",
        "x:3x5 | ifft(x, 8, norm='ortho')",
        "x:3x5 | ifft(x, norm='forward')"
    ],
    "The inverse of the discrete Fourier transform along one axis.",
    "fft's rule.",
    |g| meta(g, true),
    |g| complex(g, true)
);
page!(
    RFFT,
    "rfft",
    "np.fft.rfft(x, n, axis, norm)",
    &["x:8 | rfft(x)", "x:7 | rfft(x)", "x:3x5 | rfft(x, axis=0)", "x:3x5 | rfft(x, 8, norm='ortho')", "x:1 | rfft(x)"],
    "The first n/2 + 1 terms of the Fourier transform of real numbers along one axis.",
    "Refuses complex arrays. fft's rule.",
    |g| {
        let x = g.x()?;
        if x.dtype.is_complex() {
            return Err(Error::dtype(g.op(), format!("takes real numbers, not {}; fft takes it", x.dtype)));
        }
        let mut m = meta(g, true)?;
        let axis = g.axis("axis", m.ndim())?;
        m.shape[axis] = m.shape[axis] / 2 + 1;
        Ok(m)
    },
    rfft
);
page!(
    IRFFT,
    "irfft",
    "np.fft.irfft(x, n, axis, norm)",
    &[
        "x:5 | irfft(x)",
        "x:5 | irfft(x, 7)",
        "x:3x5 | irfft(x, axis=0)",
        "x:3x5 | irfft(x, 12, norm='ortho')",
        "x:1 | irfft(x)",
        "x:3 | irfft(x, 1)"
    ],
    "The n real numbers whose Fourier transform starts with the terms along one axis.",
    "n is twice one less than the terms when it is not given. The imaginary parts of the first term, and of the last for even n, are not looked at. float16, float32 or float64. fft's rule.",
    |g| meta(g, false),
    irfft
);

/// The complex type in which `d` is transformed.
fn complex_of(d: DType) -> DType {
    match d {
        DType::F16 | DType::BF16 | DType::F32 | DType::C64 => DType::C64,
        _ => DType::C128,
    }
}

/// The shape with the axis as long as the transform; `terms` is false when they are counted in x.
fn meta(g: &Given<'_, Meta>, terms: bool) -> Result<Meta> {
    let x = g.x()?;
    let axis = g.axis("axis", x.ndim())?;
    let given = match g.maybe_int("n") {
        Some(n) => n,
        None if terms => x.shape[axis] as i64,
        None => (x.shape[axis] as i64 - 1) * 2,
    };
    let n = usize::try_from(given).ok().filter(|&n| n > 0);
    let n = n.ok_or_else(|| Error::value(g.op(), format!("a transform of {given} points is none; give n")))?;
    scale(g, n, false)?;
    let mut shape = x.shape.clone();
    shape[axis] = n;
    let c = complex_of(x.dtype);
    // float16 comes back as float16, though it is transformed in float32.
    let real = match x.dtype {
        DType::F16 => DType::F16,
        DType::BF16 => DType::F64,
        _ => c.real(),
    };
    Ok(Meta::new(shape, if terms { c } else { real }))
}

/// What the terms are multiplied with.
fn scale<T>(g: &Given<'_, T>, n: usize, inverse: bool) -> Result<f64> {
    Ok(match (g.text("norm"), inverse) {
        ("" | "backward", false) | ("forward", true) => 1.0,
        ("" | "backward", true) | ("forward", false) => 1.0 / n as f64,
        ("ortho", _) => 1.0 / (n as f64).sqrt(),
        (other, _) => {
            return Err(Error::value(
                g.op(),
                format!("the norm '{other}' is none of 'backward', 'ortho' and 'forward'"),
            ));
        }
    })
}

/// The same, in the type of the input's real part: NumPy's has the precision of that.
fn factor(g: &Given<'_, Array>, n: usize, inverse: bool) -> Result<f64> {
    let by = scale(g, n, inverse)?;
    match g.x()?.dtype() {
        DType::F16 => Ok(Scalar::from_f64(DType::F16, by).to_f64()),
        _ => Ok(by),
    }
}

/// Runs `$body` with `$R` as the type of real parts.
macro_rules! with_real {
    ($complex:expr, $R:ident => $body:expr) => {
        if $complex == DType::C64 {
            type $R = f32;
            $body
        } else {
            type $R = f64;
            $body
        }
    };
}

/// The lines along the axis, of another type, cropped or filled with zeros to `n`.
fn lines<T: Lane>(x: &Array, n: usize) -> Result<Vec<T>> {
    let len = x.shape().last().copied().unwrap_or(1);
    let count = crate::array::shape::product(&x.shape()[..x.ndim().saturating_sub(1)]);
    let of = slice::<T>(x)?;
    let mut all = Vec::with_capacity(count.saturating_mul(n));
    for i in 0..count {
        let line = &of[i * len..(i + 1) * len];
        all.extend_from_slice(&line[..len.min(n)]);
        all.resize((i + 1) * n, T::default());
    }
    Ok(all)
}

/// The axis, and the points of the transform.
fn points(g: &Given<'_, Array>, terms: bool) -> Result<(usize, usize)> {
    let axis = g.axis("axis", g.x()?.ndim())?;
    let n = g.told(|g| meta(g, terms))?.shape.get(axis).copied().unwrap_or(1);
    Ok((axis, n))
}

/// Multiplies what a transform gave.
fn scaled<R: Copy, T: std::ops::MulAssign<R>>(out: &mut [T], by: f64, narrow: fn(f64) -> R) {
    if by != 1.0 {
        let by = narrow(by);
        out.iter_mut().for_each(|v| *v *= by);
    }
}

fn complex(g: &Given<'_, Array>, inverse: bool) -> Result<Array> {
    let (axis, n) = points(g, true)?;
    let dtype = complex_of(g.x()?.dtype());
    let by = factor(g, n, inverse)?;
    along(g.x()?, axis, dtype, n, |rows, out| {
        let rows = cast(rows, dtype)?;
        with_real!(dtype, R => {
            let out = Complex::<R>::lanes_mut(out);
            out.copy_from_slice(&lines::<Complex<R>>(&rows, n)?);
            R::transform(out, n, inverse).map_err(|e| failed(g.op(), e))?;
            scaled(out, by, |v| v as R);
        });
        Ok(())
    })
}

fn rfft(g: &Given<'_, Array>) -> Result<Array> {
    let (axis, n) = points(g, true)?;
    let dtype = complex_of(g.x()?.dtype());
    let by = factor(g, n, false)?;
    along(g.x()?, axis, dtype, n / 2 + 1, |rows, out| {
        let rows = cast(rows, dtype.real())?;
        with_real!(dtype, R => {
            let out = Complex::<R>::lanes_mut(out);
            R::forward_real(&lines::<R>(&rows, n)?, n, out).map_err(|e| failed(g.op(), e))?;
            scaled(out, by, |v| v as R);
        });
        Ok(())
    })
}

fn irfft(g: &Given<'_, Array>) -> Result<Array> {
    let (axis, n) = points(g, false)?;
    let x = g.x()?;
    let dtype = if x.dtype() == DType::BF16 { DType::C128 } else { complex_of(x.dtype()) };
    let by = factor(g, n, true)?;
    let out = along(x, axis, dtype.real(), n, |rows, out| {
        let rows = cast(rows, dtype)?;
        with_real!(dtype, R => {
            let out = R::lanes_mut(out);
            R::inverse_real(&lines::<Complex<R>>(&rows, n / 2 + 1)?, n, out).map_err(|e| failed(g.op(), e))?;
            scaled(out, by, |v| v as R);
        });
        Ok(())
    })?;
    if x.dtype() == DType::F16 { cast(&out, DType::F16) } else { Ok(out) }
}
