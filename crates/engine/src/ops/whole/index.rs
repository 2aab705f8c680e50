//! Elements picked by integer arrays, and written there: what `x[i, :, j]` and `x[i, :, j] = v`
//! come down to once slices and masks are out of the way. Elements are moved as bytes, so that
//! one loop serves every type of a size.

use super::given::Given;
use super::support::{cast, slice};
use super::{Meaning, Page, unless_first_axis};
use crate::array::{Array, Meta, shape, zeroed};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row};
use opusclip_raw::DType;

pub(super) const PAGES: &[&Page] = &[&TAKE_ALONG_AXIS];

const AXES: &[Param] = &[
    Param::new("x", ParamKind::Array),
    Param::new("indices", ParamKind::Arrays),
    Param::new("axes", ParamKind::Ints),
    Param::new("place", ParamKind::Int),
];

/// `x[i, j, …]` with integer arrays for the rising `axes`; their common shape stands in the result
/// after `place` of the other axes. No op that people call: they write an index.
pub(crate) static GATHER: Page = Page {
    row: Row { name: "index", params: AXES, ..Row::WHOLE },
    meaning: Meaning::One { meta: gather_meta, eval: gather },
    frames: |g, n| n == 0 && g.ints("axes").first() != Some(&0) && g.int("place").is_ok_and(|p| p > 0),
};

/// `x` with `value` written where the index points. `spans` are three integers for each axis of
/// x: start, length (-1: all of the axis) and step; those of the axes in `axes` do not count.
/// `value` has the shape of the elements that are written.
pub(crate) static SCATTER: Page = Page {
    row: Row {
        name: "set",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("value", ParamKind::Array),
            Param::new("indices", ParamKind::Arrays),
            Param::new("axes", ParamKind::Ints),
            Param::new("place", ParamKind::Int),
            Param::new("spans", ParamKind::Ints),
        ],
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| Ok(g.x()?.clone()), eval: scatter },
    frames: |g, n| {
        let time_is_whole = g.ints("spans").get(1) == Some(&-1);
        let picked = !g.ints("axes").is_empty();
        n < 2
            && time_is_whole
            && (!picked || (g.ints("axes").first() != Some(&0) && g.int("place").is_ok_and(|p| p > 0)))
    },
};

fn axes_of<T>(g: &Given<'_, T>) -> Vec<usize> {
    g.ints("axes").iter().map(|&a| a as usize).collect()
}

fn place_of<T>(g: &Given<'_, T>) -> usize {
    g.int("place").ok().and_then(|p| usize::try_from(p).ok()).unwrap_or(0)
}

/// The shape with `axes` gone and `picked` after `place` of those that stay.
pub(crate) fn replaced(from: &[usize], axes: &[usize], place: usize, picked: &[usize]) -> Vec<usize> {
    let mut out: Vec<usize> = (0..from.len()).filter(|a| !axes.contains(a)).map(|a| from[a]).collect();
    let place = place.min(out.len());
    out.splice(place..place, picked.iter().copied());
    out
}

fn gather_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let x = g.x()?;
    let shapes: Vec<&[usize]> = g.arrays("indices").iter().map(|m| m.shape.as_slice()).collect();
    let picked = shape::broadcast(g.op(), &shapes)?;
    Ok(Meta::new(replaced(&x.shape, &axes_of(g), place_of(g), &picked), x.dtype))
}

/// Distances of elements from the first, in elements.
enum Walk {
    /// The same step between neighbours.
    Even(usize, isize),
    /// One by one.
    Listed(Vec<isize>),
}

impl Walk {
    /// Over some axes in C order.
    fn over(axes: impl Iterator<Item = (usize, isize)>) -> Walk {
        let mut joined: Vec<(usize, isize)> = Vec::new();
        for (d, s) in axes.filter(|&(d, _)| d != 1) {
            match joined.last_mut() {
                Some((n, step)) if *step == s.wrapping_mul(d as isize) => (*n, *step) = (n.saturating_mul(d), s),
                _ => joined.push((d, s)),
            }
        }
        match joined.as_slice() {
            [] => Walk::Even(1, 0),
            [(n, step)] => Walk::Even(*n, *step),
            many => Walk::Listed(many.iter().fold(vec![0], |all, &(n, step)| {
                all.iter().flat_map(|&at| (0..n as isize).map(move |i| at + i * step)).collect()
            })),
        }
    }

    fn len(&self) -> usize {
        match self {
            Walk::Even(n, _) => *n,
            Walk::Listed(all) => all.len(),
        }
    }

    fn at(&self, i: usize) -> isize {
        match self {
            Walk::Even(_, step) => i as isize * step,
            Walk::Listed(all) => all.get(i).copied().unwrap_or(0),
        }
    }
}

/// Where the elements of an index lie in an array, in the order of its result.
struct Places {
    base: isize,
    outer: Walk,
    picked: Vec<isize>,
    inner: Walk,
}

impl Places {
    /// Calls `f` with the number of each row of the result and the place of its first element.
    fn rows(&self, mut f: impl FnMut(usize, isize)) {
        let mut row = 0;
        for o in 0..self.outer.len() {
            let start = self.base + self.outer.at(o);
            for p in &self.picked {
                f(row, start + p);
                row += 1;
            }
        }
    }

    fn read<const N: usize>(&self, from: &[u8], out: &mut [u8]) {
        let (from, out) = (from.as_chunks::<N>().0, out.as_chunks_mut::<N>().0);
        let n = self.inner.len();
        let mut rows = out.chunks_exact_mut(n.max(1));
        self.rows(|_, start| {
            let Some(row) = rows.next() else { return };
            let at = start as usize;
            match (row, &self.inner) {
                ([one], _) => {
                    if let Some(v) = from.get((start + self.inner.at(0)) as usize) {
                        *one = *v;
                    }
                }
                (row, Walk::Even(_, 1)) => {
                    if let Some(run) = from.get(at..at + n) {
                        row.copy_from_slice(run);
                    }
                }
                (row, inner) => row.iter_mut().enumerate().for_each(|(i, out)| {
                    if let Some(v) = from.get((start + inner.at(i)) as usize) {
                        *out = *v;
                    }
                }),
            }
        });
    }

    fn write<const N: usize>(&self, values: &[u8], to: &mut [u8]) {
        let (values, to) = (values.as_chunks::<N>().0, to.as_chunks_mut::<N>().0);
        let n = self.inner.len();
        let mut rows = values.chunks_exact(n.max(1));
        self.rows(|_, start| {
            let Some(row) = rows.next() else { return };
            let at = start as usize;
            match (row, &self.inner) {
                (row, Walk::Even(_, 1)) => {
                    if let Some(run) = to.get_mut(at..at + n) {
                        run.copy_from_slice(row);
                    }
                }
                (row, inner) => row.iter().enumerate().for_each(|(i, v)| {
                    if let Some(out) = to.get_mut((start + inner.at(i)) as usize) {
                        *out = *v;
                    }
                }),
            }
        });
    }
}

/// Runs `$f::<N>` for the size of the elements.
macro_rules! sized {
    ($item:expr, $on:ident . $f:ident ( $($arg:expr),* )) => {
        match $item {
            1 => $on.$f::<1>($($arg),*),
            2 => $on.$f::<2>($($arg),*),
            4 => $on.$f::<4>($($arg),*),
            8 => $on.$f::<8>($($arg),*),
            _ => $on.$f::<16>($($arg),*),
        }
    };
}

/// The distances that index arrays stand for: `lens` and `strides` are those of their axes.
fn picked(op: &str, indices: &[Array], axes: &[(usize, usize, isize)]) -> Result<(Vec<usize>, Vec<isize>)> {
    let shapes: Vec<&[usize]> = indices.iter().map(Array::shape).collect();
    let common = shape::broadcast(op, &shapes)?;
    let n = shape::count(op, &common, 8)?;
    let mut sums: Vec<isize> = Vec::new();
    sums.try_reserve_exact(n).map_err(|_| Error::Memory {
        needed: n as u64 * 8,
        limit: 0,
        detail: "the system has not that much to give for the positions of an index".into(),
    })?;
    sums.resize(n, 0);
    // An index that is broadcast to nothing is not looked at, as in NumPy.
    if !sums.is_empty() {
        for (index, &(axis, len, stride)) in indices.iter().zip(axes) {
            let dense = cast(&index.broadcast(&common), DType::I64)?;
            for (sum, &i) in sums.iter_mut().zip(slice::<i64>(&dense)?) {
                *sum += position(op, i, len, axis)? as isize * stride;
            }
        }
    }
    Ok((common, sums))
}

/// The place from the front; negative ones count from the end.
pub(crate) fn position(op: &str, i: i64, len: usize, axis: usize) -> Result<usize> {
    let n = len as i64;
    let at = if i < 0 { i.saturating_add(n) } else { i };
    if (0..n).contains(&at) { Ok(at as usize) } else { Err(outside(op, i, axis, len)) }
}

/// What is said of an index beyond the end.
pub(crate) fn outside(op: &str, i: i64, axis: usize, len: usize) -> Error {
    Error::shape(op, format!("index {i} is out of bounds for axis {axis} of length {len}"))
}

fn gather(g: &Given<'_, Array>) -> Result<Array> {
    let x = g.x()?;
    let (axes, place) = (axes_of(g), place_of(g));
    let layout = |a: usize| (x.shape().get(a).copied().unwrap_or(1), x.strides().get(a).copied().unwrap_or(0));
    let on: Vec<_> = axes.iter().map(|&a| (a, layout(a).0, layout(a).1)).collect();
    let (common, distances) = picked(g.op(), g.arrays("indices"), &on)?;
    let to = replaced(x.shape(), &axes, place, &common);
    let mut buffer = zeroed(x.dtype(), &to)?;
    let size = shape::count(g.op(), &to, 1)?;
    if size > 0 {
        let rest: Vec<usize> = (0..x.ndim()).filter(|a| !axes.contains(a)).collect();
        let (before, after) = rest.split_at(place.min(rest.len()));
        let from = x.strided();
        let places = Places {
            base: from.offset as isize,
            outer: Walk::over(before.iter().map(|&a| layout(a))),
            picked: distances,
            inner: Walk::over(after.iter().map(|&a| layout(a))),
        };
        let item = x.dtype().size();
        let out = buffer.bytes_mut().get_mut(..size * item).unwrap_or_default();
        sized!(item, places.read(from.bytes, out));
    }
    Ok(Array::from_buffer(buffer, x.dtype(), to))
}

fn scatter(g: &Given<'_, Array>) -> Result<Array> {
    let (x, value) = (g.x()?, g.array("value")?);
    let (axes, place) = (axes_of(g), place_of(g));
    let strides = shape::c_strides(x.shape());
    let mut base = 0isize;
    let mut lens = x.shape().to_vec();
    let mut steps = strides.clone();
    for (a, span) in g.ints("spans").chunks_exact(3).enumerate().take(x.ndim()) {
        if let (&[start, len, step], false) = (span, axes.contains(&a))
            && len >= 0
        {
            base += start * strides[a];
            lens[a] = len as usize;
            steps[a] = step.wrapping_mul(strides[a]);
        }
    }
    let on: Vec<_> = axes.iter().map(|&a| (a, x.shape()[a], strides[a])).collect();
    let (common, distances) = picked(g.op(), g.arrays("indices"), &on)?;
    let region = replaced(&lens, &axes, place, &common);
    if shape::broadcast(g.op(), &[&region, value.shape()])? != region {
        return Err(Error::internal("set: a value has another shape than the place it goes to"));
    }
    let mut buffer = zeroed(x.dtype(), x.shape())?;
    let all = buffer.bytes_mut().get_mut(..x.nbytes()).unwrap_or_default();
    x.strided().copy_to(all);
    if !region.contains(&0) && !all.is_empty() {
        let value = value.broadcast(&region).to_contiguous()?;
        let rest: Vec<usize> = (0..x.ndim()).filter(|a| !axes.contains(a)).collect();
        let (before, after) = rest.split_at(place.min(rest.len()));
        let places = Places {
            base,
            outer: Walk::over(before.iter().map(|&a| (lens[a], steps[a]))),
            picked: distances,
            inner: Walk::over(after.iter().map(|&a| (lens[a], steps[a]))),
        };
        sized!(x.dtype().size(), places.write(value.contiguous_bytes().unwrap_or(&[]), all));
    }
    Ok(Array::from_buffer(buffer, x.dtype(), x.shape().to_vec()))
}

/// Elements by their positions along one axis, one position for each element of the result.
static TAKE_ALONG_AXIS: Page = Page {
    row: Row {
        name: "take_along_axis",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("indices", ParamKind::Array),
            Param::new("axis", ParamKind::Axes).or(Preset::Int(-1)),
        ],
        numpy: "np.take_along_axis(x, indices, axis)",
        tries: &[
            "take_along_axis(x, argsort(x, axis=-1), -1)",
            "take_along_axis(x, argsort(x, axis=0)[:1], axis=0)",
            "take_along_axis(x, argsort(x, axis=None), axis=None)",
            "take_along_axis(x, argsort(x, axis=0) + 1000, axis=0)",
            "take_along_axis(x, x > 0, axis=0)",
        ],
        doc: "The elements at `indices` along one axis, as argsort and argmax give them; None flattens x first.",
        rule: "The other axes broadcast. Negative positions count from the end; one outside is an error.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: along_meta, eval: along },
    frames: |g, n| n < 2 && unless_first_axis(g, n),
};

fn along_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let (x, i) = (g.x()?, g.array("indices")?);
    if !matches!(i.dtype.kind(), opusclip_raw::Kind::Signed | opusclip_raw::Kind::Unsigned) {
        return Err(Error::dtype(g.op(), format!("positions are integers, not {}", i.dtype)));
    }
    let flat = [shape::count(g.op(), &x.shape, 1)?];
    let (from, axis) = match g.one_axis("axis", x.ndim())? {
        Some(axis) => (x.shape.as_slice(), axis),
        None => (flat.as_slice(), 0),
    };
    if from.len() != i.ndim() {
        return Err(Error::shape(
            g.op(),
            format!(
                "positions of shape {} do not fit shape {}: they must have as many axes",
                shape::show(&i.shape),
                shape::show(from)
            ),
        ));
    }
    let mut to = from.to_vec();
    to[axis] = 1;
    let mut wanted = i.shape.clone();
    let along = std::mem::replace(&mut wanted[axis], 1);
    let mut all = shape::broadcast(g.op(), &[&to, &wanted])?;
    all[axis] = along;
    Ok(Meta::new(all, x.dtype))
}

fn along(g: &Given<'_, Array>) -> Result<Array> {
    let wanted = g.told(along_meta)?;
    let (x, i) = (g.x()?, g.array("indices")?);
    let (x, axis) = match g.one_axis("axis", x.ndim())? {
        Some(axis) => (x.clone(), axis),
        None => {
            let flat = x.to_contiguous()?;
            let at = flat.strided().offset;
            (flat.restride(vec![flat.size()], vec![1], at), 0)
        }
    };
    let mut buffer = zeroed(x.dtype(), &wanted.shape)?;
    let size = shape::count(g.op(), &wanted.shape, 1)?;
    if size > 0 {
        let dense = cast(&i.broadcast(&wanted.shape), DType::I64)?;
        // x as the result sees it: the axis stands still, the others walk.
        let (len, stride) = (x.shape()[axis], x.strides()[axis]);
        let mut view = x.shape().to_vec();
        view[axis] = 1;
        let seen = x.restride(view, x.strides().to_vec(), x.strided().offset).broadcast(&wanted.shape);
        let walk = Walk::over(seen.shape().iter().copied().zip(seen.strides().iter().copied()));
        let mut picked = Vec::with_capacity(size);
        for (n, &p) in slice::<i64>(&dense)?.iter().enumerate() {
            picked.push(walk.at(n) + position(g.op(), p, len, axis)? as isize * stride);
        }
        let from = x.strided();
        let places = Places { base: from.offset as isize, outer: Walk::Even(1, 0), picked, inner: Walk::Even(1, 0) };
        let item = x.dtype().size();
        let out = buffer.bytes_mut().get_mut(..size * item).unwrap_or_default();
        sized!(item, places.read(from.bytes, out));
    }
    Ok(Array::from_buffer(buffer, x.dtype(), wanted.shape))
}
