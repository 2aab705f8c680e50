//! Convolution and correlation of whole signals, and interpolation.

use opusclip_maths::{Complex, Wave};
use opusclip_raw::{DType, Number};

use super::given::Given;
use super::linalg::failed;
use super::support::{build, cast, slice};
use super::{Meaning, Page, never};
use crate::array::promote::promote;
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row, X, XY};
use crate::ops::lanes::{Lane, with_complex, with_number};

pub(super) const PAGES: &[&Page] = &[&CONVOLVE, &CORRELATE, &CONVOLVE2D, &CORRELATE2D, &INTERP];

const METHOD: Param = Param::new("method", ParamKind::Text).or(Preset::Text("direct")).rare();
const FULL: Param = Param::new("mode", ParamKind::Text).or(Preset::Text("full"));

/// Convolution.
pub(super) static CONVOLVE: Page = Page {
    row: Row {
        name: "convolve",
        params: &[XY[0], XY[1], FULL, METHOD],
        numpy: "np.convolve(x, y, mode)",
        tries: &[
            "x:7 y:3 | convolve(x, y)",
            "x:3 y:7 | convolve(x, y, 'same')",
            "x:7 y:4 | convolve(x, y, mode='same')",
            "x:7 y:4 | convolve(x, y, 'valid')",
            "x:4 y:7 | convolve(x, y, 'valid')",
            "x:40 y:30 float | convolve(x, y, method='fft')",
            "x:7 y:0 | convolve(x, y)",
            "x:7 y:3 | convolve(x, y, 'what')",
            "x:2x7 y:3 | convolve(x, y)",
        ],
        ulp: 64,
        doc: "The convolution of two signals of one axis.",
        rule: "mode 'full', 'same' (as long as the longer) or 'valid' (where both overlap). Integers wrap, bool is or of ands. method 'direct' sums products in order; 'fft' goes through Fourier transforms in float64 and is for floats; 'auto' takes that for long floats.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: line_meta, eval: |g| line(g, false) },
    frames: never,
};

/// Correlation.
pub(super) static CORRELATE: Page = Page {
    row: Row {
        name: "correlate",
        params: &[XY[0], XY[1], Param::new("mode", ParamKind::Text).or(Preset::Text("valid")), METHOD],
        numpy: "np.correlate(x, y, mode)",
        tries: &[
            "x:7 y:3 | correlate(x, y)",
            "x:7 y:4 | correlate(x, y, 'full')",
            "x:7 y:4 | correlate(x, y, 'same')",
            "x:8 y:3 | correlate(x, y, 'same')",
            "x:4 y:7 | correlate(x, y, 'same')",
            "x:3 y:8 | correlate(x, y, 'valid')",
            "x:3 y:8 | correlate(x, y, 'full')",
        ],
        ulp: 64,
        doc: "The correlation of two signals of one axis: sums of products with the second moved along.",
        rule: "convolve's rule, with the second signal conjugated and reversed.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: line_meta, eval: |g| line(g, true) },
    frames: never,
};

/// How much of the full result is given, and from where.
fn part(op: &str, mode: &str, n: usize, m: usize) -> Result<(usize, usize)> {
    let (long, short) = (n.max(m), n.min(m));
    match mode {
        "full" => Ok((0, long.saturating_add(short).saturating_sub(1))),
        "same" => Ok(((short - 1) / 2, long)),
        "valid" => Ok((short - 1, long - short + 1)),
        other => Err(Error::value(op, format!("the mode '{other}' is none of 'full', 'same' and 'valid'"))),
    }
}

fn line_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let (x, y) = (g.array("x")?, g.array("y")?);
    for m in [x, y] {
        if m.ndim() > 1 || shape::product(&m.shape) == 0 {
            return Err(Error::shape(
                g.op(),
                format!("takes signals of one axis with elements; shape {} is none", shape::show(&m.shape)),
            ));
        }
    }
    let dtype = promote(x.dtype, y.dtype);
    match g.text("method") {
        "direct" | "auto" => {}
        "fft" if dtype.is_float() => {}
        "fft" => return Err(Error::dtype(g.op(), format!("method 'fft' is for floats, not {dtype}; take 'direct'"))),
        other => {
            return Err(Error::value(g.op(), format!("the method '{other}' is none of 'direct', 'fft' and 'auto'")));
        }
    }
    let (n, m) = (shape::product(&x.shape), shape::product(&y.shape));
    Ok(Meta::new([part(g.op(), g.text("mode"), n, m)?.1], dtype))
}

/// With `auto`, more products than this go through transforms.
const MANY: usize = 1 << 20;

fn line(g: &Given<'_, Array>, correlate: bool) -> Result<Array> {
    let meta = g.told(line_meta)?;
    // 16-bit floats are summed in float32 and rounded once.
    let inside = if meta.dtype.is_half() { DType::F32 } else { meta.dtype };
    let (x, y) = (cast(g.array("x")?, inside)?, cast(g.array("y")?, inside)?);
    let (n, m) = (x.size(), y.size());
    let (mut start, length) = part(g.op(), g.text("mode"), n, m)?;
    if correlate && n < m && g.text("mode") == "same" {
        // NumPy swaps the two and reverses the result, so the middle of an even number lies on the other side.
        start = n / 2;
    }
    let many = n.saturating_mul(m) > MANY && inside.is_float();
    let fft = g.text("method") == "fft" || (g.text("method") == "auto" && many);
    let out = build(inside, &meta.shape, |out| {
        if fft {
            let (x, y) = (cast(&x, DType::F64)?, cast(&y, DType::F64)?);
            let mut y = slice::<f64>(&y)?.to_vec();
            if correlate {
                y.reverse();
            }
            let all = by_transform(g.op(), slice::<f64>(&x)?, &y)?;
            with_number!(inside, T => {
                for (o, v) in T::lanes_mut(out).iter_mut().zip(all.iter().skip(start).take(length)) {
                    *o = T::from_f64(*v);
                }
            });
            return Ok(());
        }
        if inside.is_complex() {
            with_complex!(inside, T => {
                let y: Vec<T> = slice::<T>(&y)?.iter().map(|v| if correlate { v.conj() } else { *v }).collect();
                direct(slice::<T>(&x)?, y, T::lanes_mut(out), start, correlate, T::default(), |s, x, y| s + x * y);
            });
        } else {
            with_number!(inside, T => {
                let y = slice::<T>(&y)?.to_vec();
                direct(slice::<T>(&x)?, y, T::lanes_mut(out), start, correlate, T::ZERO, |s, x, y| s.add(x.mul(y)));
            });
        }
        Ok(())
    })?;
    cast(&out, meta.dtype)
}

/// Elements `start…` of the full convolution, or of the correlation.
fn direct<T: Copy>(
    x: &[T],
    mut y: Vec<T>,
    out: &mut [T],
    start: usize,
    correlate: bool,
    zero: T,
    madd: impl Fn(T, T, T) -> T,
) {
    if correlate {
        y.reverse();
    }
    for (i, o) in out.iter_mut().enumerate() {
        // Element `at` of the full result: x[j] · y[at - j].
        let at = i + start;
        let (from, to) = (at.saturating_sub(y.len() - 1), (at + 1).min(x.len()));
        let ys = y[at + 1 - to..=at - from].iter().rev();
        *o = x[from..to].iter().zip(ys).fold(zero, |s, (&x, &y)| madd(s, x, y));
    }
}

/// The full convolution, through real transforms of a length with small factors.
fn by_transform(op: &str, x: &[f64], y: &[f64]) -> Result<Vec<f64>> {
    let full = x.len() + y.len() - 1;
    let n = full.next_power_of_two();
    let spectrum = |v: &[f64]| -> Result<Vec<Complex<f64>>> {
        let mut padded = v.to_vec();
        padded.resize(n, 0.0);
        let mut out = vec![Complex::new(0.0, 0.0); n / 2 + 1];
        f64::forward_real(&padded, n, &mut out).map_err(|e| failed(op, e))?;
        Ok(out)
    };
    let product: Vec<Complex<f64>> = spectrum(x)?.iter().zip(spectrum(y)?).map(|(a, b)| a * b / n as f64).collect();
    let mut out = vec![0.0; n];
    f64::inverse_real(&product, n, &mut out).map_err(|e| failed(op, e))?;
    out.truncate(full);
    Ok(out)
}

const PLANE: &[Param] = &[
    XY[0],
    XY[1],
    FULL,
    Param::new("boundary", ParamKind::Text).or(Preset::Text("fill")),
    Param::new("fillvalue", ParamKind::Float).or(Preset::Float(0.0)).rare(),
];

/// Convolution of pictures.
pub(super) static CONVOLVE2D: Page = Page {
    row: Row {
        name: "convolve2d",
        params: PLANE,
        numpy: "scipy.signal.convolve2d(x, y, mode, boundary, fillvalue)",
        tries: &[
            "x:5x6 y:3x2 real | convolve2d(x, y)",
            "x:5x6 y:3x2 real | convolve2d(x, y, 'same')",
            "x:5x6 y:2x3 real | convolve2d(x, y, 'valid')",
            "x:5x6 y:3x3 real | convolve2d(x, y, 'same', 'wrap')",
            "x:5x6 y:3x3 real | convolve2d(x, y, 'full', 'symm')",
            "x:5x6 y:3x3 real | convolve2d(x, y, boundary='fill', fillvalue=2)",
            "x:2x2 y:3x3 real | convolve2d(x, y, 'same')",
            "x:2x2 y:3x3 real | convolve2d(x, y, 'valid')",
            "x:2x9 y:3x3 real | convolve2d(x, y, 'valid')",
        ],
        ulp: 64,
        doc: "The convolution of two arrays of two axes.",
        rule: "SciPy's: mode 'full', 'same' (as large as x) or 'valid'; boundary 'fill' (with fillvalue), 'wrap' or 'symm' says what lies beyond x. Integers wrap.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| Ok(Plane::of(g)?.meta), eval: |g| plane(g, false) },
    frames: never,
};

/// Correlation of pictures.
pub(super) static CORRELATE2D: Page = Page {
    row: Row {
        name: "correlate2d",
        params: PLANE,
        numpy: "scipy.signal.correlate2d(x, y, mode, boundary, fillvalue)",
        tries: &[
            "x:5x6 y:3x2 real | correlate2d(x, y)",
            "x:5x6 y:3x2 real | correlate2d(x, y, 'same')",
            "x:5x6 y:4x3 real | correlate2d(x, y, 'same', 'symm')",
            "x:5x6 y:2x3 real | correlate2d(x, y, 'valid')",
            "x:5x6 y:3x3 real | correlate2d(x, y, 'full', 'wrap')",
            "x:2x2 y:3x3 real | correlate2d(x, y, 'valid')",
        ],
        ulp: 64,
        doc: "The correlation of two arrays of two axes.",
        rule: "convolve2d's rule, with the second array conjugated and reversed along both axes.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| Ok(Plane::of(g)?.meta), eval: |g| plane(g, true) },
    frames: never,
};

struct Plane {
    meta: Meta,
    /// `valid` with the second array the larger: both change places.
    swapped: bool,
    mode: Mode2,
    /// Where the result starts in the full one, along each axis, for a convolution.
    start: [usize; 2],
}

#[derive(Clone, Copy)]
enum Mode2 {
    Fill,
    Wrap,
    Symm,
}

impl Plane {
    fn of(g: &Given<'_, Meta>) -> Result<Plane> {
        let (x, y) = (g.array("x")?, g.array("y")?);
        let ([a, b], [c, d]) = (x.shape.as_slice(), y.shape.as_slice()) else {
            return Err(Error::shape(
                g.op(),
                format!(
                    "takes arrays of two axes; the shapes are {} and {}",
                    shape::show(&x.shape),
                    shape::show(&y.shape)
                ),
            ));
        };
        let (mut x, mut y) = ([*a, *b], [*c, *d]);
        if x.contains(&0) || y.contains(&0) {
            return Err(Error::shape(g.op(), "an array has no elements"));
        }
        let mode = match g.text("boundary") {
            "fill" => Mode2::Fill,
            "wrap" | "circular" => Mode2::Wrap,
            "symm" | "symmetric" => Mode2::Symm,
            other => {
                return Err(Error::value(
                    g.op(),
                    format!("the boundary '{other}' is none of 'fill', 'wrap' and 'symm'"),
                ));
            }
        };
        let valid = g.text("mode") == "valid";
        let swapped = valid && !(x[0] >= y[0] && x[1] >= y[1]);
        if swapped {
            std::mem::swap(&mut x, &mut y);
            if !(x[0] >= y[0] && x[1] >= y[1]) {
                return Err(Error::shape(
                    g.op(),
                    "for mode 'valid' one array must be at least as long as the other along both axes",
                ));
            }
        }
        let (shape, start) = match g.text("mode") {
            "full" => ([0, 1].map(|i| x[i] + y[i] - 1), [0, 0]),
            "same" => (x, y.map(|n| (n - 1) / 2)),
            "valid" => ([0, 1].map(|i| x[i] - y[i] + 1), y.map(|n| n - 1)),
            other => {
                return Err(Error::value(g.op(), format!("the mode '{other}' is none of 'full', 'same' and 'valid'")));
            }
        };
        let dtype = promote(g.array("x")?.dtype, g.array("y")?.dtype);
        if dtype == DType::Bool || dtype.is_half() {
            return Err(Error::dtype(g.op(), format!("does not take {dtype}, as SciPy; cast to another type first")));
        }
        Ok(Plane { meta: Meta::new(shape, dtype), swapped, mode, start })
    }
}

fn plane(g: &Given<'_, Array>, correlate: bool) -> Result<Array> {
    let Plane { meta, swapped, mode, start } = g.told(Plane::of)?;
    let (mut x, mut y) = (cast(g.array("x")?, meta.dtype)?, cast(g.array("y")?, meta.dtype)?);
    if swapped {
        std::mem::swap(&mut x, &mut y);
    }
    let ([h, w], [p, q]) = (two(&x)?, two(&y)?);
    // `same` of a correlation is centred on the other side of the middle of an even window.
    let start = if correlate && g.text("mode") == "same" { [p - 1 - start[0], q - 1 - start[1]] } else { start };
    let fill = g.float("fillvalue")?;
    let rows = meta.shape[0];
    build(meta.dtype, &meta.shape, |out| {
        let w = Walk { rows, start, mode, h, w, p, q, turn: correlate.then_some(swapped) };
        if meta.dtype.is_complex() {
            with_complex!(meta.dtype, T => {
                let mirror = |v: &T| if correlate { v.conj() } else { *v };
                let (x, y) = (slice::<T>(&x)?, slice::<T>(&y)?);
                // The second array is conjugated, which is the first of the two that changed places.
                let (x, y) = if swapped {
                    (x.iter().map(mirror).collect(), y.to_vec())
                } else {
                    (x.to_vec(), y.iter().map(mirror).collect())
                };
                w.run(x, y, T::lanes_mut(out), T::default() + fill as <T as Parts>::Real, T::default(), |s, x, y| s + x * y);
            });
        } else {
            with_number!(meta.dtype, T => {
                let (x, y) = (slice::<T>(&x)?.to_vec(), slice::<T>(&y)?.to_vec());
                w.run(x, y, T::lanes_mut(out), T::from_f64(fill), T::ZERO, |s, x, y| s.add(x.mul(y)));
            });
        }
        Ok(())
    })
}

/// Names the type of a complex number's parts.
trait Parts {
    type Real;
}
impl Parts for Complex<f32> {
    type Real = f32;
}
impl Parts for Complex<f64> {
    type Real = f64;
}

/// How the window goes over the first array.
struct Walk {
    rows: usize,
    start: [usize; 2],
    mode: Mode2,
    h: usize,
    w: usize,
    p: usize,
    q: usize,
    /// For a correlation, whether the two changed places.
    turn: Option<bool>,
}

impl Walk {
    fn run<T: Copy>(
        &self,
        mut x: Vec<T>,
        mut kernel: Vec<T>,
        out: &mut [T],
        fill: T,
        zero: T,
        madd: impl Fn(T, T, T) -> T,
    ) {
        let Walk { rows, start, mode, h, w, p, q, turn } = *self;
        // The second array is reversed, which is the first of the two that changed places.
        match turn {
            Some(true) => x.reverse(),
            Some(false) => kernel.reverse(),
            None => {}
        }
        let columns = out.len() / rows.max(1);
        let places = |n: usize, start: usize, window: usize, length: usize| -> Vec<Option<usize>> {
            let first = start as isize - (window - 1) as isize;
            (0..n + window - 1).map(|i| beyond(mode, i as isize + first, length)).collect()
        };
        let (lines, across) = (places(rows, start[0], p, h), places(columns, start[1], q, w));
        for (i, out) in out.chunks_exact_mut(columns.max(1)).enumerate() {
            for (j, out) in out.iter_mut().enumerate() {
                let mut sum = zero;
                for (line, weights) in lines[i..i + p].iter().zip(kernel.chunks_exact(q).rev()) {
                    for (place, &weight) in across[j..j + q].iter().zip(weights.iter().rev()) {
                        let v = match (line, place) {
                            (Some(r), Some(c)) => x[r * w + c],
                            _ => fill,
                        };
                        sum = madd(sum, v, weight);
                    }
                }
                *out = sum;
            }
        }
    }
}

fn two(x: &Array) -> Result<[usize; 2]> {
    x.shape().try_into().map_err(|_| Error::internal("an array has not two axes"))
}

fn beyond(mode: Mode2, at: isize, n: usize) -> Option<usize> {
    use super::filters::Mode;
    match mode {
        Mode2::Fill => Mode::Constant(0.0).place(at, n),
        Mode2::Wrap => Mode::Wrap.place(at, n),
        Mode2::Symm => Mode::Reflect.place(at, n),
    }
}

/// Between points.
pub(super) static INTERP: Page = Page {
    row: Row {
        name: "interp",
        params: &[
            X[0],
            Param::new("xp", ParamKind::Array),
            Param::new("fp", ParamKind::Array),
            Param::new("left", ParamKind::Float).or(Preset::None).rare(),
            Param::new("right", ParamKind::Float).or(Preset::None).rare(),
            Param::new("period", ParamKind::Float).or(Preset::None).rare(),
        ],
        numpy: "np.interp(x, xp, fp, left, right, period)",
        tries: &[
            "interp(x, (0, 1, 2.5), (3, 1, 4))",
            "interp(x, (0, 1, 2), (3, 1, 4), left=-1, right=9.5)",
            "x:9 real | interp(x, (190, -190, 350, -350), (5, 10, 3, 4), period=360)",
            "x:3 | interp(x, (0, 1), (3, 1, 4))",
            "x:3 | interp(x, (1.0,), (3,))",
        ],
        ulp: 2,
        doc: "The value at each x of the line through the points (xp, fp).",
        rule: "float64. xp must rise; before and after it stand left and right, or the first and the last fp. With a period, points are sorted within it and go round.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: interp_meta, eval: interp },
    frames: |_, n| n == 0,
};

fn interp_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let (x, xp, fp) = (g.x()?, g.array("xp")?, g.array("fp")?);
    match (xp.shape.as_slice(), fp.shape.as_slice()) {
        ([n], [m]) if n == m && *n > 0 => {}
        _ => {
            let (a, b) = (shape::show(&xp.shape), shape::show(&fp.shape));
            return Err(Error::shape(
                g.op(),
                format!("xp and fp must have one axis of the same length; they have {a} and {b}"),
            ));
        }
    }
    if x.dtype.is_complex() || xp.dtype.is_complex() || fp.dtype.is_complex() {
        return Err(Error::dtype(g.op(), "takes real numbers; interpolate the real and the imaginary part"));
    }
    if g.maybe_float("period") == Some(0.0) {
        return Err(Error::value(g.op(), "the period must not be 0"));
    }
    Ok(Meta::new(x.shape.clone(), DType::F64))
}

fn interp(g: &Given<'_, Array>) -> Result<Array> {
    let read = |name: &str| -> Result<Vec<f64>> { Ok(slice::<f64>(&cast(g.array(name)?, DType::F64)?)?.to_vec()) };
    let (mut xp, mut fp) = (read("xp")?, read("fp")?);
    let x = cast(g.x()?, DType::F64)?;
    let period = g.maybe_float("period").map(f64::abs);
    // NumPy's remainder has the divisor's sign.
    let within = |v: f64, p: f64| Number::rem(v, p);
    let (mut left, mut right) = (g.maybe_float("left"), g.maybe_float("right"));
    if let Some(p) = period {
        (left, right) = (None, None);
        let mut points: Vec<(f64, f64)> = xp.iter().map(|&v| within(v, p)).zip(fp).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (first, last) = (points[0], points[points.len() - 1]);
        points.insert(0, (last.0 - p, last.1));
        points.push((first.0 + p, first.1));
        (xp, fp) = points.into_iter().unzip();
    }
    let last = xp.len() - 1;
    let (left, right) = (left.unwrap_or(fp[0]), right.unwrap_or(fp[last]));
    let at = |v: f64| {
        if v.is_nan() {
            return v;
        }
        if v > xp[last] {
            return right;
        }
        if v < xp[0] {
            return left;
        }
        let j = xp.partition_point(|p| *p <= v).saturating_sub(1);
        if j >= last || xp[j] == v {
            return fp[j.min(last)];
        }
        let slope = (fp[j + 1] - fp[j]) / (xp[j + 1] - xp[j]);
        let y = slope * (v - xp[j]) + fp[j];
        if !y.is_nan() {
            return y;
        }
        // From the other end, where the near one is infinite.
        let y = slope * (v - xp[j + 1]) + fp[j + 1];
        if y.is_nan() && fp[j] == fp[j + 1] { fp[j] } else { y }
    };
    build(DType::F64, x.shape(), |out| {
        for (o, &v) in f64::lanes_mut(out).iter_mut().zip(slice::<f64>(&x)?) {
            *o = at(period.map_or(v, |p| within(v, p)));
        }
        Ok(())
    })
}
