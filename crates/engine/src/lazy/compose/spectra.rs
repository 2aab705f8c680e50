//! Fourier transforms over several axes, one axis after another in NumPy's order.

use super::*;

const NORM: Param = Param::new("norm", ParamKind::Text).or(Preset::None);
const MANY: &[Param] = &[
    X1,
    Param::new("s", ParamKind::Ints).or(Preset::None),
    Param::new("axes", ParamKind::Axes).or(Preset::None),
    NORM,
];
const ONE: &[Param] = &[X1, Param::new("n", ParamKind::Int).or(Preset::None), LAST, NORM];

macro_rules! row {
    ($name:literal, $params:expr, $numpy:literal, $tries:expr, $doc:literal) => {
        Row {
            name: $name,
            params: $params,
            numpy: $numpy,
            tries: $tries,
            ulp: 1024,
            doc: $doc,
            rule: "One axis after another, by fft's rule; s crops the axes or fills them with zeros.",
            ..Row::BASE
        }
    };
}

pub(super) const ROWS: &[Row] = &[
    row!(
        "fft2",
        MANY,
        "np.fft.fft2(x, s, axes or (-2, -1), norm)",
        &[
            "x:4x5 | fft2(x)",
            "x:2x4x5 | fft2(x, (6, 3))",
            "x:2x4x5 | fft2(x, axes=(0, 1), norm='ortho')",
            "x:4 | fft2(x)"
        ],
        "The Fourier transform over two axes, the last two when none are given."
    ),
    row!(
        "ifft2",
        MANY,
        "np.fft.ifft2(x, s, axes or (-2, -1), norm)",
        &["x:4x5 | ifft2(x)", "x:2x4x5 | ifft2(x, axes=(0, 1), norm='forward')"],
        "The inverse of fft2."
    ),
    row!(
        "fftn",
        MANY,
        "np.fft.fftn(x, s, axes, norm)",
        &["x:4x5 | fftn(x)", "x:2x3x5 | fftn(x, axes=(0, 2))", "x:2x3x5 | fftn(x, (4, 4), axes=(1, 2))"],
        "The Fourier transform over several axes, all when none are given."
    ),
    row!(
        "ifftn",
        MANY,
        "np.fft.ifftn(x, s, axes, norm)",
        &["x:2x3x5 | ifftn(x)", "x:2x3x5 | ifftn(x, axes=(0, 2), norm='ortho')"],
        "The inverse of fftn."
    ),
    row!(
        "rfft2",
        MANY,
        "np.fft.rfft2(x, s, axes or (-2, -1), norm)",
        &["x:4x5 | rfft2(x)", "x:2x4x6 | rfft2(x, axes=(0, 1))"],
        "The Fourier transform of real numbers over two axes; the last of them has its first n/2 + 1 terms."
    ),
    row!(
        "irfft2",
        MANY,
        "np.fft.irfft2(x, s, axes or (-2, -1), norm)",
        &["x:4x5 | irfft2(x)", "x:4x5 | irfft2(x, (4, 9))"],
        "The inverse of rfft2."
    ),
    row!(
        "rfftn",
        MANY,
        "np.fft.rfftn(x, s, axes, norm)",
        &["x:2x4x5 | rfftn(x)", "x:2x4x5 | rfftn(x, axes=(2, 0))"],
        "The Fourier transform of real numbers over several axes; the last of them has its first n/2 + 1 terms."
    ),
    row!(
        "irfftn",
        MANY,
        "np.fft.irfftn(x, s, axes, norm)",
        &["x:2x4x5 | irfftn(x)", "x:2x4x5 | irfftn(x, (2, 7), axes=(0, 2))"],
        "The inverse of rfftn."
    ),
    row!(
        "hfft",
        ONE,
        "np.fft.hfft(x, n, axis, norm)",
        &["x:5 | hfft(x)", "x:5 | hfft(x, 7)", "x:3x5 | hfft(x, axis=0, norm='ortho')"],
        "The Fourier transform, which is real, of a signal that mirrors its conjugate."
    ),
    row!(
        "ihfft",
        ONE,
        "np.fft.ihfft(x, n, axis, norm)",
        &["x:8 | ihfft(x)", "x:3x5 | ihfft(x, 4)", "x:3x5 | ihfft(x, axis=0, norm='forward')"],
        "The inverse of hfft."
    ),
];

#[track_caller]
fn one_axis(name: &str, x: &Lazy, n: Option<isize>, axis: isize, norm: Option<&str>) -> Lazy {
    let n = n.map_or(Attr::None, |n| Attr::Int(n as i64));
    let norm = norm.map_or(Attr::None, |t| Attr::Text(t.into()));
    page(name, vec![x.clone()], vec![n, Attr::Int(axis as i64), norm])
}

/// Axes and the length of each, where one is asked for.
fn cooked(op: &str, x: &Lazy, s: &[isize], axes: &[isize], two: bool) -> Result<Vec<(isize, Option<isize>)>> {
    let rank = x.ndim()?;
    let axes: Vec<isize> = match (axes, s.len()) {
        ([], 0) if !two => (0..rank as isize).collect(),
        ([], n) => (if two { -2 } else { -(n as isize) }..0).collect(),
        (given, _) => given.to_vec(),
    };
    if !s.is_empty() && s.len() != axes.len() {
        return Err(Error::value(op, format!("{} lengths are given for {} axes", s.len(), axes.len())));
    }
    if axes.is_empty() {
        return Err(Error::shape(op, "an array without axes has no transform"));
    }
    let one = |(i, &a): (usize, &isize)| {
        shape::axis(op, a, rank)?;
        Ok((a, s.get(i).copied().filter(|&n| n != -1)))
    };
    axes.iter().enumerate().map(one).collect()
}

/// The last axis first.
fn complex(op: &str, each: &str, x: &Lazy, s: &[isize], axes: &[isize], norm: Option<&str>, two: bool) -> Result<Lazy> {
    let axes = cooked(op, x, s, axes, two)?;
    Ok(axes.iter().rev().fold(x.clone(), |x, &(a, n)| one_axis(each, &x, n, a, norm)))
}

fn forward(op: &str, x: &Lazy, s: &[isize], axes: &[isize], norm: Option<&str>, two: bool) -> Result<Lazy> {
    let mut axes = cooked(op, x, s, axes, two)?;
    let Some((a, n)) = axes.pop() else { return Ok(x.clone()) };
    let first = one_axis("rfft", x, n, a, norm);
    Ok(axes.iter().rev().fold(first, |x, &(a, n)| one_axis("fft", &x, n, a, norm)))
}

fn backward(op: &str, x: &Lazy, s: &[isize], axes: &[isize], norm: Option<&str>, two: bool) -> Result<Lazy> {
    let mut axes = cooked(op, x, s, axes, two)?;
    let Some((a, n)) = axes.pop() else { return Ok(x.clone()) };
    let most = axes.iter().fold(x.clone(), |x, &(a, n)| one_axis("ifft", &x, n, a, norm));
    Ok(one_axis("irfft", &most, n, a, norm))
}

macro_rules! transforms {
    ($($name:ident, $how:expr, $doc:literal);* $(;)?) => { $(
        #[doc = $doc]
        #[track_caller]
        pub fn $name(x: &Lazy, s: &[isize], axes: &[isize], norm: Option<&str>) -> Lazy {
            let how = $how;
            built(&[x], || how(stringify!($name), x, s, axes, norm))
        }
    )* };
}
transforms! {
    fft2, |op, x, s, a, n| complex(op, "fft", x, s, a, n, true), "Over two axes.";
    ifft2, |op, x, s, a, n| complex(op, "ifft", x, s, a, n, true), "The inverse of fft2.";
    fftn, |op, x, s, a, n| complex(op, "fft", x, s, a, n, false), "Over several axes.";
    ifftn, |op, x, s, a, n| complex(op, "ifft", x, s, a, n, false), "The inverse of fftn.";
    rfft2, |op, x, s, a, n| forward(op, x, s, a, n, true), "Of real numbers over two axes.";
    irfft2, |op, x, s, a, n| backward(op, x, s, a, n, true), "The inverse of rfft2.";
    rfftn, |op, x, s, a, n| forward(op, x, s, a, n, false), "Of real numbers over several axes.";
    irfftn, |op, x, s, a, n| backward(op, x, s, a, n, false), "The inverse of rfftn.";
}

/// The norm of the transform the other way.
fn other(norm: Option<&str>) -> Option<&str> {
    match norm {
        None | Some("backward") => Some("forward"),
        Some("forward") => Some("backward"),
        norm => norm,
    }
}

/// Of a signal that mirrors its conjugate.
#[track_caller]
pub fn hfft(x: &Lazy, n: Option<isize>, axis: isize, norm: Option<&str>) -> Lazy {
    one_axis("irfft", &conjugate(x), n, axis, other(norm))
}

/// The inverse of hfft.
#[track_caller]
pub fn ihfft(x: &Lazy, n: Option<isize>, axis: isize, norm: Option<&str>) -> Lazy {
    conjugate(&one_axis("rfft", x, n, axis, other(norm)))
}
