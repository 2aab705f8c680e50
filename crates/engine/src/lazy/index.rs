//! What stands between brackets, and what it picks: slices stay slices, so that they can move
//! towards the source; integer arrays become one gather; an assignment becomes a new array.
//!
//! Where arrays stand in an index, their common shape takes the place of their axes if they are
//! neighbours (integers among them count), and stands first if something else is between them.
//! So NumPy.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo};

use opusclip_raw::{DType, Kind};

use super::compose::{self, build::choose};
use super::lazy::{Lazy, Op, Operand, weak_scalar};
use crate::array::index::{Slice, Span};
use crate::array::promote::{Weak, int_range};
use crate::array::{Array, Scalar, shape};
use crate::error::{Error, Result};
use crate::ops::whole::index::{GATHER, SCATTER, position, replaced};
use crate::ops::{Attr, Movement};

/// One entry of an index.
#[derive(Clone, Debug)]
pub enum Index {
    /// `3`: one position; the axis goes away.
    At(isize),
    /// `start:stop:step`
    Slice(Slice),
    /// `...`: as many whole axes as are left over.
    Ellipsis,
    /// `None`: a new axis of length 1.
    NewAxis,
    /// `True` or `False`: a new axis of length 1 or 0 that counts as an array's.
    Flag(bool),
    /// An array of positions, or of truth values for as many axes as it has.
    Array(Lazy),
}

/// `...` in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ellipsis;

/// A new axis in an index; `None` may be written as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAxis;

macro_rules! index {
    ($($t:ty => |$v:ident| $e:expr),* $(,)?) => { $(
        impl From<$t> for Index { fn from($v: $t) -> Self { $e } }
    )* };
}
index! {
    Slice => |v| Index::Slice(v),
    RangeFull => |_v| Index::Slice(Slice::default()),
    Ellipsis => |_v| Index::Ellipsis,
    NewAxis => |_v| Index::NewAxis,
    Option<NewAxis> => |_v| Index::NewAxis,
    bool => |v| Index::Flag(v),
    Lazy => |v| Index::Array(v),
    &Lazy => |v| Index::Array(v.clone()),
    Array => |v| Index::Array(v.into()),
    &Array => |v| Index::Array(v.clone().into()),
}

/// Positions beyond what an axis can have are held at its ends, or refused, all the same.
macro_rules! integers {
    ($($t:ty)*) => { $(
        impl From<$t> for Index {
            fn from(v: $t) -> Self { Index::At(isize::try_from(v).unwrap_or(isize::MAX)) }
        }
        impl From<Range<$t>> for Slice {
            fn from(r: Range<$t>) -> Self {
                Slice { start: isize::try_from(r.start).ok(), stop: isize::try_from(r.end).ok(), step: None }
            }
        }
        impl From<Range<$t>> for Index { fn from(r: Range<$t>) -> Self { Index::Slice(r.into()) } }
        impl From<RangeFrom<$t>> for Index {
            fn from(r: RangeFrom<$t>) -> Self {
                let start = Some(isize::try_from(r.start).unwrap_or(isize::MAX));
                Index::Slice(Slice { start, stop: None, step: None })
            }
        }
        impl From<RangeTo<$t>> for Index {
            fn from(r: RangeTo<$t>) -> Self {
                Index::Slice(Slice { start: None, stop: isize::try_from(r.end).ok(), step: None })
            }
        }
        impl From<RangeInclusive<$t>> for Index {
            fn from(r: RangeInclusive<$t>) -> Self {
                let (start, end) = r.into_inner();
                let stop = isize::try_from(end).ok().and_then(|e| e.checked_add(1)).filter(|&e| e != 0);
                Index::Slice(Slice { start: isize::try_from(start).ok(), stop, step: None })
            }
        }
    )* };
}
integers!(i32 i64 usize);

impl From<isize> for Index {
    fn from(v: isize) -> Self {
        Index::At(v)
    }
}
impl From<Range<isize>> for Index {
    fn from(r: Range<isize>) -> Self {
        Index::Slice(r.into())
    }
}

/// An index as Python writes one: `ix![1..5, .., None, -1, &mask, Ellipsis]`. `..` is a whole
/// axis; for a step write `Slice::from(1..9).by(2)`.
#[macro_export]
macro_rules! ix {
    ($($item:expr),* $(,)?) => { [$($crate::lazy::Index::from($item)),*] };
}

/// An index laid over an array's axes. Masks are gone from it: they were looked up before.
struct Resolved {
    /// What is taken of each axis of x; an integer is a span of length 1.
    spans: Vec<Span>,
    /// Axes of x that index arrays pick from, rising, and the arrays.
    picks: Vec<(usize, Lazy)>,
    /// Common shape of the arrays and flags; none when there are neither.
    common: Option<Vec<usize>>,
    /// Axes of the result but for the arrays': of x, or new ones.
    axes: Vec<Option<usize>>,
    /// How many of `axes` stand before the arrays'.
    place: usize,
    from: Vec<usize>,
}

impl Resolved {
    fn new(op: &str, from: &[usize], items: &[Index]) -> Result<Resolved> {
        let used = items.iter().filter(|i| matches!(i, Index::At(_) | Index::Slice(_) | Index::Array(_))).count();
        let Some(left) = from.len().checked_sub(used) else {
            return Err(Error::shape(
                op,
                format!("{used} indices for shape {}, which has {} axes", shape::show(from), from.len()),
            ));
        };
        if items.iter().filter(|i| matches!(i, Index::Ellipsis)).count() > 1 {
            return Err(Error::shape(op, "an index has at most one `...`"));
        }
        // An array without axes is the integer that it holds, where that is known.
        let integer = |item: &Index| match item {
            Index::Array(a) if a.shape().is_ok_and(<[usize]>::is_empty) && a.dtype().is_ok_and(DType::is_integer) => {
                known(a).and_then(|i| isize::try_from(*i.first()?).ok()).map_or(item.clone(), Index::At)
            }
            item => item.clone(),
        };
        let items: Vec<Index> = items.iter().map(integer).collect();
        let advanced = items.iter().any(|i| matches!(i, Index::Array(_) | Index::Flag(_)));
        let mut r = Resolved {
            spans: from.iter().map(|&len| Span { start: 0, len, step: 1 }).collect(),
            picks: Vec::new(),
            common: None,
            axes: Vec::new(),
            place: 0,
            from: from.to_vec(),
        };
        let mut flags: Option<usize> = None;
        let mut shapes: Vec<Vec<usize>> = Vec::new();
        // Neighbours: none seen, in the first run, after it, and a second run was seen.
        let mut runs = 0;
        let mut axis = 0;
        let mut last_advanced = false;
        for item in &items {
            let is_advanced = advanced && matches!(item, Index::At(_) | Index::Array(_) | Index::Flag(_));
            if is_advanced && !last_advanced {
                runs += 1;
                r.place = if runs == 1 { r.axes.len() } else { 0 };
            }
            last_advanced = is_advanced;
            let len = from.get(axis).copied().unwrap_or(0);
            match item {
                Index::At(i) => {
                    r.spans[axis] = Span { start: position(op, *i as i64, len, axis)?, len: 1, step: 1 };
                    axis += 1;
                }
                Index::Slice(s) => {
                    r.spans[axis] = s.span(op, len)?;
                    r.axes.push(Some(axis));
                    axis += 1;
                }
                Index::Ellipsis => {
                    r.axes.extend((axis..axis + left).map(Some));
                    axis += left;
                }
                Index::NewAxis => r.axes.push(None),
                Index::Flag(v) => flags = Some(flags.unwrap_or(1).min(usize::from(*v))),
                Index::Array(i) => {
                    let m = i.meta()?;
                    if !matches!(m.dtype.kind(), Kind::Signed | Kind::Unsigned) {
                        return Err(Error::dtype(
                            op,
                            format!("an index array holds integers or truth values, not {}; cast it", m.dtype),
                        ));
                    }
                    shapes.push(m.shape.clone());
                    r.picks.push((axis, i.clone()));
                    axis += 1;
                }
            }
        }
        r.axes.extend((axis..from.len()).map(Some));
        if advanced {
            shapes.extend(flags.map(|n| vec![n]));
            let all: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
            let common = shape::broadcast(op, &all)?;
            r.prepare(op, &common)?;
            r.common = Some(common);
        }
        Ok(r)
    }

    /// Index arrays in memory are checked and counted from the front now; one of them gets the
    /// shape of all, which flags may have a part in.
    fn prepare(&mut self, op: &str, common: &[usize]) -> Result<()> {
        let empty = common.contains(&0);
        for (axis, index) in &mut self.picks {
            if let (Some(known), false) = (known(index), empty) {
                let len = self.from[*axis];
                let at = known.iter().map(|&i| position(op, i, len, *axis).map(|p| p as i64));
                let at = at.collect::<Result<Vec<_>>>()?;
                *index = Array::from_slice(&at, index.shape()?)?.into();
            }
        }
        let whole = |index: &Lazy| compose::broadcast_to(index, &shape::signed(common));
        if let Some((_, first)) = self.picks.first_mut()
            && first.shape()? != common
        {
            *first = whole(first);
        }
        Ok(())
    }

    fn picked_axes(&self) -> Vec<usize> {
        self.picks.iter().map(|p| p.0).collect()
    }

    /// Shape of what the index names.
    fn shape(&self) -> Vec<usize> {
        let mut out: Vec<usize> = self.axes.iter().map(|a| a.map_or(1, |a| self.spans[a].len)).collect();
        let at = self.place.min(out.len());
        out.splice(at..at, self.common.iter().flatten().copied());
        out
    }

    /// After how many axes that are not picked from the arrays' axes stand while integers still
    /// have an axis and new ones have none.
    fn inner_place(&self) -> usize {
        let before = self.axes.iter().take(self.place).flatten().max();
        before.map_or(0, |&last| (0..=last).filter(|a| self.picks.iter().all(|p| p.0 != *a)).count())
    }

    fn attrs(&self) -> (Attr, Attr) {
        (Attr::Ints(self.picks.iter().map(|p| p.0 as isize).collect()), Attr::Int(self.inner_place() as i64))
    }
}

/// Longer index arrays are looked at in the run, not while the expression is written.
const LOOKED_AT: usize = 1 << 20;

/// Elements that are known as the expression is written: a number's, or those of a list that is not
/// too long.
pub(crate) fn known_as<T>(x: &Lazy, read: impl Fn(Scalar) -> T) -> Option<Vec<T>> {
    match x.op() {
        Op::Scalar(s) => Some(vec![read(*s)]),
        Op::Data(a) if a.0.size() <= LOOKED_AT => {
            let dense = a.0.to_contiguous().ok()?;
            let dtype = dense.dtype();
            let bytes = dense.contiguous_bytes()?.chunks_exact(dtype.size());
            Some(bytes.map(|b| read(Scalar::from_bytes(dtype, b))).collect())
        }
        _ => None,
    }
}

/// The integers of an index that is in memory.
fn known(index: &Lazy) -> Option<Vec<i64>> {
    known_as(index, |s| i64::try_from(s.to_i128()).unwrap_or(i64::MAX))
}

fn is_data(x: &Lazy) -> bool {
    matches!(x.op(), Op::Data(_) | Op::Scalar(_))
}

/// `x[items]`, without masks.
#[track_caller]
pub fn indexed(x: &Lazy, items: &[Index]) -> Lazy {
    match build_indexed(x, items) {
        Ok(lazy) => lazy,
        Err(e) => Lazy::failed(e),
    }
}

fn build_indexed(x: &Lazy, items: &[Index]) -> Result<Lazy> {
    let from = x.shape()?.to_vec();
    let mut r = Resolved::new("index", &from, items)?;
    // Of what is not in memory yet, only what lies between the outermost positions is asked for.
    if !is_data(x) {
        for (axis, index) in &mut r.picks {
            let Some(at) = known(index) else { continue };
            let (Some(&lo), Some(&hi)) = (at.iter().min(), at.iter().max()) else { continue };
            if lo >= 0 && ((hi - lo + 1) as usize) < from[*axis] {
                r.spans[*axis] = Span { start: lo as usize, len: (hi - lo + 1) as usize, step: 1 };
                let near: Vec<i64> = at.iter().map(|i| i - lo).collect();
                *index = Array::from_slice(&near, index.shape()?)?.into();
            }
        }
    }
    let mut y = x.clone();
    for (axis, span) in r.spans.iter().enumerate() {
        if span.len != from[axis] || span.step != 1 {
            y = y.moved(Movement::Slice { axis, span: *span });
        }
    }
    if !r.picks.is_empty() {
        let (axes, place) = r.attrs();
        let inputs: Vec<Lazy> = [y].into_iter().chain(r.picks.iter().map(|p| p.1.clone())).collect();
        let arrays = Attr::Inputs(1, inputs.len() - 1);
        y = Lazy::whole(&GATHER, inputs, vec![Attr::Input(0), arrays, axes, place]);
    } else if r.common.as_deref() == Some(&[0]) {
        // Nothing but `False`.
        let mut with = y.shape()?.to_vec();
        with.insert(0, 1);
        y = y
            .moved(Movement::Reshape(with))
            .moved(Movement::Slice { axis: 0, span: Span { start: 0, len: 0, step: 1 } });
    }
    let to = r.shape();
    Ok(if y.shape()? == to { y } else { y.moved(Movement::Reshape(to)) })
}

/// `x` after `x[items] = value`, without masks. x itself stays as it is.
#[track_caller]
pub fn assigned(x: &Lazy, items: &[Index], value: Operand) -> Lazy {
    match build_assigned(x, items, value) {
        Ok(lazy) => lazy,
        Err(e) => Lazy::failed(e),
    }
}

/// A value as the type of the array that it goes into: as a cast, but a literal that does not fit
/// an integer type is an error.
pub fn as_element(op: &str, value: Operand, dtype: DType) -> Result<Lazy> {
    let weak = match value {
        Operand::Lazy(l) => {
            l.meta()?;
            return Ok(l.cast(dtype));
        }
        Operand::Weak(w) => w,
    };
    let (lo, hi) = int_range(dtype);
    let whole = dtype.is_integer();
    Ok(Lazy::scalar(match weak {
        Weak::Int(v) if whole && (v < lo || v > hi) => {
            return Err(Error::value(op, format!("the integer {v} does not fit {dtype} ({lo} to {hi})")));
        }
        Weak::Float(v) if whole && !(v.trunc() >= lo as f64 && v.trunc() <= hi as f64) => {
            return Err(Error::value(op, format!("the number {v} does not fit {dtype} ({lo} to {hi})")));
        }
        Weak::Complex(..) if !dtype.is_complex() => {
            return Err(Error::dtype(op, format!("the complex number does not go into {dtype}; cast the array first")));
        }
        other => weak_scalar(other, dtype),
    }))
}

/// The value with axes of length 1 in front as many as `to` needs, or without those that it has
/// too many; refuses what does not broadcast to `to`.
fn aligned(op: &str, value: Lazy, to: &[usize]) -> Result<Lazy> {
    let from = value.shape()?.to_vec();
    let extra = from.len().saturating_sub(to.len());
    let mut lens = vec![1; to.len().saturating_sub(from.len())];
    lens.extend(&from[extra..]);
    let fits = from[..extra].iter().all(|&d| d == 1) && lens.iter().zip(to).all(|(&v, &d)| v == d || v == 1);
    if !fits {
        return Err(Error::shape(
            op,
            format!(
                "a value of shape {} does not broadcast to {}, the shape of what the index names",
                shape::show(&from),
                shape::show(to)
            ),
        ));
    }
    // One value serves every shape as it is.
    Ok(if lens == from || from.is_empty() { value } else { value.moved(Movement::Reshape(lens)) })
}

fn build_assigned(x: &Lazy, items: &[Index], value: Operand) -> Result<Lazy> {
    let from = x.shape()?.to_vec();
    let mut r = Resolved::new("set", &from, items)?;
    let to = r.shape();
    let value = aligned("set", as_element("set", value, x.dtype()?)?, &to)?;
    if to.contains(&0) {
        return Ok(x.clone());
    }
    if value.shape()?.is_empty() {
        // One value for all.
        let (place, time) = (r.inner_place(), frames_written(x, &r, &[1], &[])?);
        return match time {
            Some(when) => restored(x, &mut r, when, value),
            None => written(x, &r, place, value),
        };
    }
    // The value over x's own axes: new ones go, integers' come, all of them of length 1.
    let lens = value.shape()?.to_vec();
    let count = r.common.as_ref().map_or(0, Vec::len);
    let of_axis = |n: usize| lens.get(if n < r.place { n } else { n + count }).copied().unwrap_or(1);
    let picked = if r.picks.is_empty() { &[] } else { lens.get(r.place..r.place + count).unwrap_or(&[]) };
    let mut own = vec![1; from.len()];
    for (n, axis) in r.axes.iter().enumerate() {
        if let Some(axis) = axis {
            own[*axis] = of_axis(n);
        }
    }
    let (axes, place) = (r.picked_axes(), r.inner_place());
    let inner = replaced(&own, &axes, place, picked);
    let value = if value.shape()? == inner { value } else { value.moved(Movement::Reshape(inner)) };

    if let Some(when) = frames_written(x, &r, &own, picked)? {
        let value = if axes.is_empty() { value } else { value.moved(Movement::Reshape(own)) };
        return restored(x, &mut r, when, value);
    }
    written(x, &r, place, value)
}

/// All frames are written and those that were not meant are put back: frame by frame.
fn restored(x: &Lazy, r: &mut Resolved, when: Lazy, value: Lazy) -> Result<Lazy> {
    r.picks.clear();
    if let (Some(span), Some(&len)) = (r.spans.first_mut(), r.from.first()) {
        *span = Span { start: 0, len, step: 1 };
    }
    let all = written(x, r, 0, value)?;
    Ok(choose(when, all, x))
}

/// The page for a value whose axes are those of what is written, some of them of length 1.
fn written(x: &Lazy, r: &Resolved, place: usize, value: Lazy) -> Result<Lazy> {
    let lens: Vec<usize> = r.spans.iter().map(|s| s.len).collect();
    let picked = r.common.as_deref().filter(|_| !r.picks.is_empty()).unwrap_or(&[]);
    let region = replaced(&lens, &r.picked_axes(), place, picked);
    let value = compose::broadcast_to(&value, &shape::signed(&region));
    value.meta()?;
    let spans = r.spans.iter().zip(&r.from).flat_map(|(s, &d)| {
        let all = s.len == d && s.step == 1;
        if all { [0, -1, 1] } else { [s.start as isize, s.len as isize, s.step] }
    });
    let spans = Attr::Ints(spans.collect());
    let (axes, place) = (Attr::Ints(r.picked_axes().iter().map(|&a| a as isize).collect()), Attr::Int(place as i64));
    let inputs: Vec<Lazy> = [x.clone(), value].into_iter().chain(r.picks.iter().map(|p| p.1.clone())).collect();
    let arrays = Attr::Inputs(2, inputs.len() - 2);
    Ok(Lazy::whole(&SCATTER, inputs, vec![Attr::Input(0), Attr::Input(1), arrays, axes, place, spans]))
}

/// More frames than this are not listed.
const MOST_FRAMES: usize = 1 << 24;

/// Which frames are written, where the index names some of them and the value is the same for
/// each: then the assignment can go frame by frame. Not for arrays in memory, which are all there.
fn frames_written(x: &Lazy, r: &Resolved, own: &[usize], picked: &[usize]) -> Result<Option<Lazy>> {
    let Some(&frames) = r.from.first() else { return Ok(None) };
    if is_data(x) || frames > MOST_FRAMES {
        return Ok(None);
    }
    let mut when = vec![false; frames];
    let mut mark = |i: usize| when.get_mut(i).map(|w| *w = true);
    match (r.picks.as_slice(), r.spans.first()) {
        ([], Some(s)) if (s.len, s.step) != (frames, 1) && own.first() == Some(&1) => {
            for n in 0..s.len {
                mark(s.start.wrapping_add_signed(n as isize * s.step));
            }
        }
        ([(0, index)], _) if picked.iter().all(|&d| d == 1) => {
            let Some(at) = known_view(index) else { return Ok(None) };
            at.into_iter().for_each(|i| {
                mark(i as usize);
            });
        }
        _ => return Ok(None),
    }
    let mut lens = vec![1; r.from.len()];
    lens[0] = frames;
    Ok(Some(Array::from_slice(&when, &lens)?.into()))
}

/// The integers of an index in memory, also where it was broadcast, which adds none.
fn known_view(index: &Lazy) -> Option<Vec<i64>> {
    match (index.op(), index.inputs()) {
        (Op::Movement(Movement::Broadcast(_)), [inner]) => known(inner),
        _ => known(index),
    }
}
