//! Filters along one axis, with SciPy's rules (`scipy.ndimage`): what lies beyond the ends, sums in
//! float64 in SciPy's order, results in the input's type.

use opusclip_raw::{DType, Number};

use super::given::Given;
use super::order::compare;
use super::support::{along, build, cast, row_len, slice};
use super::{Meaning, Page};
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{LAST, Param, ParamKind, Preset, Row, X};
use crate::ops::lanes::{Lane, with_number};

pub(super) const PAGES: &[&Page] = &[&CORRELATE1D, &UNIFORM, &MAXIMUM, &MINIMUM, &MEDIAN];

pub(crate) const SIZE: Param = Param::new("size", ParamKind::Int);
pub(crate) const MODE: Param = Param::new("mode", ParamKind::Text).or(Preset::Text("reflect"));
pub(crate) const CVAL: Param = Param::new("cval", ParamKind::Float).or(Preset::Float(0.0)).rare();
pub(crate) const ORIGIN: Param = Param::new("origin", ParamKind::Int).or(Preset::Int(0)).rare();

/// What lies beyond the ends of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mode {
    /// `d c b a | a b c d | d c b a`
    Reflect,
    /// `k k k k | a b c d | k k k k`
    Constant(f64),
    /// `a a a a | a b c d | d d d d`
    Nearest,
    /// `d c b | a b c d | c b a`
    Mirror,
    /// `a b c d | a b c d | a b c d`
    Wrap,
}

impl Mode {
    pub(super) fn of<T>(g: &Given<'_, T>) -> Result<Mode> {
        Ok(match g.text("mode") {
            "reflect" | "grid-mirror" => Mode::Reflect,
            "constant" | "grid-constant" => Mode::Constant(g.float("cval")?),
            "nearest" => Mode::Nearest,
            "mirror" => Mode::Mirror,
            "wrap" | "grid-wrap" => Mode::Wrap,
            other => {
                let all = "'reflect', 'constant', 'nearest', 'mirror' and 'wrap'";
                return Err(Error::value(g.op(), format!("the mode '{other}' is none of {all}")));
            }
        })
    }

    /// The place that stands for place `at` of a line of `n > 0`; `None` for the constant.
    pub(super) fn place(self, at: isize, n: usize) -> Option<usize> {
        let length = n as isize;
        if (0..length).contains(&at) {
            return Some(at as usize);
        }
        Some(match self {
            Mode::Constant(_) => return None,
            Mode::Nearest => at.clamp(0, length - 1) as usize,
            Mode::Wrap => at.rem_euclid(length) as usize,
            Mode::Reflect => {
                let p = at.rem_euclid(2 * length);
                (if p < length { p } else { 2 * length - 1 - p }) as usize
            }
            Mode::Mirror if n == 1 => 0,
            Mode::Mirror => {
                let p = at.rem_euclid(2 * length - 2);
                (if p < length { p } else { 2 * length - 2 - p }) as usize
            }
        })
    }
}

/// Frames stay apart unless the filter runs along them; weights are needed whole.
fn frames(g: &Given<'_, Meta>, n: usize) -> bool {
    n == 0 && super::unless_first_axis(g, 0)
}

/// Refuses the types that have no filters.
fn filtered(op: &str, d: DType) -> Result<()> {
    if d.is_complex() {
        return Err(Error::dtype(op, format!("does not take {d}; filter its real and its imaginary part")));
    }
    if d.is_half() {
        return Err(Error::dtype(op, format!("does not take {d}, as SciPy; cast to float32 first")));
    }
    Ok(())
}

fn same_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let x = g.x()?;
    filtered(g.op(), x.dtype)?;
    g.axis("axis", x.ndim())?;
    Mode::of(g)?;
    Ok(x.clone())
}

/// The window of `size` elements of which one is element `size / 2 + origin`.
#[derive(Clone, Copy)]
struct Window {
    before: usize,
    after: usize,
}

/// Longest window: longer ones are a mistake, and must not ask for memory.
const LONGEST: i64 = 1 << 24;

fn window<T>(g: &Given<'_, T>, size: i64) -> Result<Window> {
    if !(1..=LONGEST).contains(&size) {
        return Err(Error::value(g.op(), format!("the size {size} of the window is not between 1 and {LONGEST}")));
    }
    let (half, origin) = (size / 2, g.int("origin")?);
    if !(0..size).contains(&half.saturating_add(origin)) {
        let (lo, hi) = (-half, (size - 1) - half);
        return Err(Error::value(
            g.op(),
            format!("the origin {origin} is not between {lo} and {hi}, as a window of {size} needs"),
        ));
    }
    let before = (half + origin) as usize;
    Ok(Window { before, after: size as usize - 1 - before })
}

/// Runs `f(line with what lies beyond its ends, results)` over all lines along the axis.
fn each_line(g: &Given<'_, Array>, w: Window, mut f: impl FnMut(&[f64], &mut [f64])) -> Result<Array> {
    let x = g.x()?;
    let dtype = x.dtype();
    let mode = Mode::of(g)?;
    let axis = g.axis("axis", x.ndim())?;
    let n = row_len(x, axis);
    let fill = if let Mode::Constant(v) = mode { v } else { 0.0 };
    // The places beyond the ends are the same for every line.
    let length = n.saturating_add(w.before).saturating_add(w.after);
    let too_long = |_| Error::value(g.op(), format!("a line of {n} elements is too long to be held at once"));
    let mut places: Vec<Option<usize>> = Vec::new();
    places.try_reserve_exact(length).map_err(too_long)?;
    places.extend((0..length).map(|i| mode.place(i as isize - w.before as isize, n)));
    let mut line: Vec<f64> = Vec::new();
    line.try_reserve_exact(length).map_err(too_long)?;
    line.resize(length, 0.0);
    let mut results: Vec<f64> = Vec::new();
    results.try_reserve_exact(n).map_err(too_long)?;
    results.resize(n, 0.0);
    along(x, axis, dtype, n, |rows, out| {
        with_number!(dtype, T => {
            let lines = slice::<T>(rows)?.chunks_exact(n.max(1));
            for (row, out) in lines.zip(T::lanes_mut(out).chunks_exact_mut(n.max(1))) {
                for (v, place) in line.iter_mut().zip(&places) {
                    *v = place.map_or(fill, |p| row[p].to_f64());
                }
                f(&line, &mut results);
                for (o, v) in out.iter_mut().zip(&results) {
                    // C's cast, to bool too: what is less than 1 is 0.
                    *o = T::from_f64(if dtype == DType::Bool { v.trunc() } else { *v });
                }
            }
        });
        Ok(())
    })
}

/// Weighted sums.
pub(super) static CORRELATE1D: Page = Page {
    row: Row {
        name: "correlate1d",
        params: &[X[0], Param::new("weights", ParamKind::Array), LAST, MODE, CVAL, ORIGIN],
        numpy: "scipy.ndimage.correlate1d(x, weights, axis, None, mode, cval, origin)",
        tries: &[
            "x:3x9 float | correlate1d(x, (1.0, 2.0, 1.5))",
            "x:3x9 i32 | correlate1d(x, (1.0, 2.0, 1.5))",
            "x:3x9 float | correlate1d(x, (1.0, 2.0, 1.0), axis=0)",
            "x:3x9 float | correlate1d(x, (-1, 0, 1), mode='nearest')",
            "x:3x9 float | correlate1d(x, (1, 2, 3, 4), mode='mirror')",
            "x:3x9 float | correlate1d(x, (1, 2, 3, 4), mode='wrap', origin=-1)",
            "x:3x9 float | correlate1d(x, (1, 2, 3), mode='constant', cval=2.5, origin=1)",
            "x:3x2 float | correlate1d(x, (1, 2, 3, 4, 5, 6, 7, 8, 9))",
            "x:3x1 float | correlate1d(x, (1, 2, 3, 4, 5), mode='mirror')",
            "x:3x9 float | correlate1d(x, (1, 2, 3), mode='what')",
            "x:3x9 float | correlate1d(x, (1, 2, 3), origin=2)",
        ],
        doc: "Sums of neighbours along one axis, each times its weight.",
        rule: "SciPy's: computed in float64, cast to x's type (integers truncate, and saturate where SciPy leaves it undefined). mode says what lies beyond the ends: 'reflect', 'constant' (cval), 'nearest', 'mirror', 'wrap'.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: correlate1d_meta, eval: correlate1d },
    frames,
};

fn correlate1d_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let w = g.array("weights")?;
    if w.ndim() != 1 {
        return Err(Error::shape(
            g.op(),
            format!("the weights must have one axis; their shape is {}", shape::show(&w.shape)),
        ));
    }
    window(g, w.shape[0] as i64)?;
    same_meta(g)
}

fn correlate1d(g: &Given<'_, Array>) -> Result<Array> {
    let weights = cast(g.array("weights")?, DType::F64)?;
    let weights = slice::<f64>(&weights)?;
    let w = window(g, weights.len() as i64)?;
    let half = weights.len() / 2;
    let near = |f: fn(f64, f64) -> f64| {
        weights.len() % 2 == 1 && (1..=half).all(|i| f(weights[half + i], weights[half - i]).abs() <= f64::EPSILON)
    };
    // SciPy adds the two neighbours first where the weights mirror each other.
    let (even, odd) = (near(|a, b| a - b), near(|a, b| a + b));
    each_line(g, w, |line, out| {
        for (o, x) in out.iter_mut().zip(line.windows(weights.len())) {
            *o = if even || odd {
                let mut sum = x[half] * weights[half];
                for i in 0..half {
                    let (a, b) = (x[i], x[weights.len() - 1 - i]);
                    sum += (if even { a + b } else { a - b }) * weights[i];
                }
                sum
            } else {
                let last = weights.len() - 1;
                let mut sum = x[last] * weights[last];
                for (x, w) in x.iter().zip(weights).take(last) {
                    sum += x * w;
                }
                sum
            };
        }
    })
}

/// Means.
pub(super) static UNIFORM: Page = Page {
    row: Row {
        name: "uniform_filter1d",
        params: &[X[0], SIZE, LAST, MODE, CVAL, ORIGIN],
        numpy: "scipy.ndimage.uniform_filter1d(x, size, axis, None, mode, cval, origin)",
        tries: &[
            "x:3x9 real | uniform_filter1d(x, 3)",
            "x:3x9 bool | uniform_filter1d(x, 3)",
            "x:3x9 real | uniform_filter1d(x, 4, axis=0, mode='wrap')",
            "x:3x9 float | uniform_filter1d(x, 5, mode='constant', cval=1.5, origin=-2)",
            "x:3x0 real | uniform_filter1d(x, 3)",
            "x:3x9 | uniform_filter1d(x, 0)",
        ],
        doc: "The mean of `size` neighbours along one axis.",
        rule: "SciPy's: a running sum in float64, divided by size and cast to x's type (integers truncate).",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: sized_meta, eval: uniform },
    frames,
};

fn sized_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    window(g, g.int("size")?)?;
    same_meta(g)
}

fn uniform(g: &Given<'_, Array>) -> Result<Array> {
    let w = window(g, g.int("size")?)?;
    let size = w.before + w.after + 1;
    each_line(g, w, |line, out| {
        let mut sum: f64 = line.iter().take(size).fold(0.0, |s, v| s + v);
        for (i, o) in out.iter_mut().enumerate() {
            if i > 0 {
                sum += line[i + size - 1] - line[i - 1];
            }
            *o = sum / size as f64;
        }
    })
}

/// Greatest of a window.
pub(super) static MAXIMUM: Page = Page {
    row: Row {
        name: "maximum_filter1d",
        params: &[X[0], SIZE, LAST, MODE, CVAL, ORIGIN],
        numpy: "scipy.ndimage.maximum_filter1d(x, size, axis, None, mode, cval, origin)",
        tries: &[
            "x:3x9 | maximum_filter1d(x, 3)",
            "x:3x9 | maximum_filter1d(x, 4, axis=0, mode='wrap')",
            "x:3x9 float | maximum_filter1d(x, 5, mode='constant', cval=1.5, origin=-2)",
        ],
        doc: "The greatest of `size` neighbours along one axis.",
        rule: "Compared in float64. NaN is passed over unless the window holds nothing else.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: sized_meta, eval: |g| extreme(g, f64::max) },
    frames,
};

/// Least of a window.
pub(super) static MINIMUM: Page = Page {
    row: Row {
        name: "minimum_filter1d",
        params: &[X[0], SIZE, LAST, MODE, CVAL, ORIGIN],
        numpy: "scipy.ndimage.minimum_filter1d(x, size, axis, None, mode, cval, origin)",
        tries: &[
            "x:3x9 | minimum_filter1d(x, 3)",
            "x:3x9 | minimum_filter1d(x, 4, axis=0, mode='wrap')",
            "x:3x9 float | minimum_filter1d(x, 5, mode='constant', cval=1.5, origin=-2)",
        ],
        doc: "The least of `size` neighbours along one axis.",
        rule: "Compared in float64. NaN is passed over unless the window holds nothing else.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: sized_meta, eval: |g| extreme(g, f64::min) },
    frames,
};

/// van Herk's and Gil-Werman's: extremes of blocks from both ends, three comparisons an element
/// whatever the size.
fn extreme(g: &Given<'_, Array>, pick: fn(f64, f64) -> f64) -> Result<Array> {
    let w = window(g, g.int("size")?)?;
    let size = w.before + w.after + 1;
    let (mut rising, mut falling) = (Vec::new(), Vec::new());
    each_line(g, w, |line, out| {
        rising.clear();
        rising.extend_from_slice(line);
        falling.clear();
        falling.extend_from_slice(line);
        for i in 1..line.len() {
            if i % size != 0 {
                rising[i] = pick(rising[i - 1], rising[i]);
            }
            let j = line.len() - 1 - i;
            if (j + 1) % size != 0 {
                falling[j] = pick(falling[j + 1], falling[j]);
            }
        }
        for (i, o) in out.iter_mut().enumerate() {
            *o = pick(falling[i], rising[i + size - 1]);
        }
    })
}

/// Medians.
pub(super) static MEDIAN: Page = Page {
    row: Row {
        name: "median_filter",
        params: &[X[0], SIZE.or(Preset::Int(3)), MODE, Param::new("axes", ParamKind::Axes).or(Preset::None), CVAL],
        numpy: "scipy.ndimage.median_filter(x, size, mode=mode, cval=cval, axes=axes)",
        tries: &[
            "x:5x6 | median_filter(x, 3)",
            "x:5x6 | median_filter(x, 2)",
            "x:2x5x6 | median_filter(x, 3, axes=(1, 2), mode='wrap')",
            "x:5x6 real | median_filter(x, 3, mode='constant', cval=2)",
            "x:9 f32 | median_filter(x, 5, mode='nearest')",
        ],
        doc: "The median of the window of `size` elements along each of the axes; none given means all.",
        rule: "Of an even number of elements the upper of the middle two, as SciPy. NaN sorts last.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: median_meta, eval: median },
    frames: |g, n| {
        let Ok(x) = g.x() else { return false };
        n == 0 && g.axes("axes", x.ndim()).is_ok_and(|a| a.first() != Some(&0))
    },
};

fn median_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let x = g.x()?;
    filtered(g.op(), x.dtype)?;
    Mode::of(g)?;
    let axes = g.axes("axes", x.ndim())?;
    let size = g.int("size")?;
    let total = axes.iter().try_fold(1i64, |n, _| n.checked_mul(size));
    if size < 1 || total.is_none_or(|n| n > LONGEST) {
        return Err(Error::value(
            g.op(),
            format!("a window of {size} along {} axes is none that can be sorted", axes.len()),
        ));
    }
    Ok(x.clone())
}

fn median(g: &Given<'_, Array>) -> Result<Array> {
    let x = g.x()?.to_contiguous()?;
    let (dtype, of) = (x.dtype(), x.shape());
    let mode = Mode::of(g)?;
    let axes = g.axes("axes", x.ndim())?;
    let size = usize::try_from(g.int("size")?).unwrap_or(1);
    let strides = shape::c_strides(of);
    let n = x.size();
    build(dtype, of, |out| {
        with_number!(dtype, T => {
            let (x, out) = (slice::<T>(&x)?, T::lanes_mut(out));
            let fill = if let Mode::Constant(v) = mode { T::from_f64(v) } else { T::ZERO };
            let mut places: Vec<Option<usize>> = Vec::new();
            let mut window: Vec<T> = Vec::new();
            for (at, out) in out.iter_mut().enumerate().take(n) {
                places.clear();
                places.push(Some(at));
                for &a in &axes {
                    let (len, step) = (of[a], strides[a] as usize);
                    let here = at / step % len;
                    places = places
                        .iter()
                        .flat_map(|p| {
                            (0..size).map(move |j| {
                                let to = mode.place((here + j) as isize - (size / 2) as isize, len)?;
                                p.map(|p| p - here * step + to * step)
                            })
                        })
                        .collect();
                }
                window.clear();
                window.extend(places.iter().map(|p| p.map_or(fill, |p| x[p])));
                let middle = window.len() / 2;
                *out = *window.select_nth_unstable_by(middle, compare).1;
            }
        });
        Ok(())
    })
}
