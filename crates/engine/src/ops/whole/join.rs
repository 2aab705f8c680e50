//! Several arrays to one.

use opusclip_raw::DType;

use super::given::Given;
use super::support::cast;
use super::{Meaning, Page};
use crate::array::promote::promote;
use crate::array::{Array, Meta, shape, zeroed};
use crate::error::{Error, Result};
use crate::ops::facts::{Outputs, Param, ParamKind, Preset, Row};

pub(super) const PAGES: &[&Page] = &[&CONCAT];

const CONCAT_ROW: Row = Row {
    name: "concat",
    params: &[Param::new("arrays", ParamKind::Arrays), Param::new("axis", ParamKind::Axes).or(Preset::Int(0))],
    numpy: "np.concat(arrays, axis)",
    tries: &["concat((x, x))", "concat((x, x[1:]), axis=0)", "concat((x, y, x), axis=-1)", "concat((x, y), axis=None)"],
    doc: "The arrays one after another along an axis.",
    rule: "The types are promoted to one. With axis=None the arrays are flattened first. Streams along axis 0, one array after another; where a source is read at places that do not follow each other (a loop, a roll), each has a reading of its own. Waits for the whole arrays where something else reads that source at another place.",
    ..Row::WHOLE
};

/// Arrays one after another along an axis that is there.
pub(crate) static CONCAT: Page = Page {
    row: CONCAT_ROW,
    meaning: Meaning::One { meta: concat_meta, eval: concat },
    frames: |g, n| super::unless_first_axis(g, n),
};

/// The same where it must wait for all of its inputs: the pass `readings` says where.
pub(crate) static CONCAT_WAITING: Page =
    Page { row: CONCAT_ROW, meaning: Meaning::One { meta: concat_meta, eval: concat }, frames: |_, _| false };

fn concat_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let all = g.arrays("arrays");
    let Some(first) = all.first() else {
        return Err(Error::value(g.op(), "no arrays were given; at least one is needed"));
    };
    let dtype = all.iter().map(|m| m.dtype).reduce(promote).unwrap_or(first.dtype);
    let Some(axis) = concat_axis(g, first.ndim())? else {
        let sizes = all.iter().map(|m| shape::count(g.op(), &m.shape, 1)).collect::<Result<Vec<_>>>()?;
        let total = sizes.iter().try_fold(0usize, |n, &s| n.checked_add(s));
        return Ok(Meta::new(
            [total.ok_or_else(|| Error::shape(g.op(), "the result is too large to address"))?],
            dtype,
        ));
    };
    let mut length = 0usize;
    for (n, m) in all.iter().enumerate() {
        let fits = m.ndim() == first.ndim() && (0..m.ndim()).all(|a| a == axis || m.shape[a] == first.shape[a]);
        if !fits {
            return Err(Error::shape(
                g.op(),
                format!(
                    "array {n} of shape {} does not follow shape {}: all axes but axis {axis} must be equal",
                    shape::show(&m.shape),
                    shape::show(&first.shape)
                ),
            ));
        }
        let sum = length.checked_add(m.shape[axis]);
        length = sum.ok_or_else(|| Error::shape(g.op(), "the result is too large to address"))?;
    }
    let mut out = first.shape.clone();
    out[axis] = length;
    Ok(Meta::new(out, dtype))
}

/// The axis, if arrays are not to be flattened.
fn concat_axis<T>(g: &Given<'_, T>, rank: usize) -> Result<Option<usize>> {
    match g.one_axis("axis", rank.max(1))? {
        Some(_) if rank == 0 => {
            Err(Error::shape(g.op(), "arrays without axes have nothing to follow along; give axis=None, or use stack"))
        }
        axis => Ok(axis),
    }
}

fn concat(g: &Given<'_, Array>) -> Result<Array> {
    let wanted = g.told(concat_meta)?;
    let all = g.arrays("arrays");
    let axis = concat_axis(g, all.first().map_or(0, Array::ndim))?;
    let item = wanted.dtype.size();
    let mut buffer = zeroed(wanted.dtype, &wanted.shape)?;
    // Without an axis every array is one run.
    let inner = |s: &[usize]| axis.map_or(shape::product(s), |a| shape::product(&s[a..]));
    let rows = axis.map_or(1, |a| shape::product(&wanted.shape[..a]));
    let row = inner(&wanted.shape) * item;
    let mut start = 0;
    for a in all {
        let dense = cast(a, wanted.dtype)?;
        let bytes = dense.contiguous_bytes().unwrap_or(&[]);
        let size = inner(a.shape()) * item;
        if size == 0 {
            continue;
        }
        for (r, part) in bytes.chunks_exact(size).enumerate().take(rows) {
            let at = r * row + start;
            if let Some(out) = buffer.bytes_mut().get_mut(at..at + size) {
                out.copy_from_slice(part);
            }
        }
        start += size;
    }
    Ok(Array::from_buffer(buffer, wanted.dtype, wanted.shape))
}

/// Takes one of several results out of the bytes that hold them all; no op that people call.
pub(super) static PART: Page = Page {
    row: Row {
        name: "part",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("start", ParamKind::Int),
            Param::new("shape", ParamKind::Shape),
            Param::new("dtype", ParamKind::DType),
        ],
        outputs: Outputs::One,
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: part_meta, eval: part },
    frames: super::never,
};

fn part_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let shape: Vec<usize> = g.ints("shape").iter().map(|&d| usize::try_from(d).unwrap_or(0)).collect();
    Ok(Meta::new(shape, g.maybe_dtype("dtype").unwrap_or(DType::U8)))
}

fn part(g: &Given<'_, Array>) -> Result<Array> {
    let meta = g.told(part_meta)?;
    let all = g.x()?.to_contiguous()?;
    let start = usize::try_from(g.int("start")?).unwrap_or(0);
    let mut buffer = zeroed(meta.dtype, &meta.shape)?;
    let n = shape::product(&meta.shape) * meta.dtype.size();
    let bytes = all.contiguous_bytes().and_then(|b| b.get(start..start + n));
    let bytes = bytes.ok_or_else(|| Error::internal("a result lies outside the bytes of all results"))?;
    buffer.bytes_mut()[..n].copy_from_slice(bytes);
    Ok(Array::from_buffer(buffer, meta.dtype, meta.shape))
}

/// The bytes of several arrays, one after another.
pub(super) fn packed(arrays: &[Array]) -> Result<Array> {
    let total = arrays.iter().map(Array::nbytes).sum();
    let mut buffer = zeroed(DType::U8, &[total])?;
    let mut rest = &mut buffer.bytes_mut()[..total];
    for a in arrays {
        let dense = a.to_contiguous()?;
        let (now, later) = rest.split_at_mut(a.nbytes());
        now.copy_from_slice(dense.contiguous_bytes().unwrap_or(&[]));
        rest = later;
    }
    Ok(Array::from_buffer(buffer, DType::U8, vec![total]))
}
