//! What depends only on how often each value of an 8-bit array occurs in a frame. No user calls these:
//! a pass puts them where they give the same answer with one reading of the frames.

use std::sync::OnceLock;

use opusclip_raw::DType;
use opusclip_raw::kernel::planes::histogram;

use super::given::Given;
use super::select::{median_of, share_type};
use super::support::{build, slice};
use super::{Meaning, Page};
use crate::array::{Array, Meta};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Row};
use crate::ops::lanes::{Lane, with_element};
use crate::threads;

/// Values of a byte.
pub(crate) const VALUES: usize = 256;

/// Bytes of a frame that are worth a thread of their own.
const PIECE: usize = 128 << 10;

/// How often each of 256 byte patterns occurs in each frame.
pub(crate) static COUNTS: Page = Page {
    row: Row { name: "counts", params: &[Param::new("x", ParamKind::Array)], ..Row::WHOLE },
    meaning: Meaning::One { meta: counts_meta, eval: counts },
    frames: |_, n| n == 0,
};

fn frames_of(g: &Given<'_, Meta>) -> Result<usize> {
    g.x()?.shape.first().copied().ok_or_else(|| Error::internal(format!("{} was given no frames", g.op())))
}

fn counts_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    match g.x()?.dtype {
        DType::U8 | DType::I8 => Ok(Meta::new([frames_of(g)?, VALUES], DType::I64)),
        d => Err(Error::internal(format!("{d} has more than 256 values"))),
    }
}

fn counts(g: &Given<'_, Array>) -> Result<Array> {
    let wanted = g.told(counts_meta)?;
    let x = g.x()?.to_contiguous()?;
    let bytes = x.contiguous_bytes().ok_or_else(|| Error::internal("an array is not dense"))?;
    let frame = (bytes.len() / wanted.shape[0].max(1)).max(1);
    build(DType::I64, &wanted.shape, |out| {
        for (row, frame) in i64::lanes_mut(out).as_chunks_mut::<VALUES>().0.iter_mut().zip(bytes.chunks(frame)) {
            let piece = frame.len().div_ceil(threads::sharing()).max(PIECE);
            let mut parts = vec![[0u64; VALUES]; frame.len().div_ceil(piece)];
            let jobs: Vec<_> = frame.chunks(piece).zip(&mut parts).collect();
            let count = |(): &mut (), (piece, part): (&[u8], &mut [u64; VALUES])| {
                histogram(piece, part);
                Ok(())
            };
            threads::share(true, jobs, || Ok(()), count)?;
            for part in &parts {
                row.iter_mut().zip(part).for_each(|(o, n)| *o += n.cast_signed());
            }
        }
        Ok(())
    })
}

/// All byte patterns in their order as elements of `dtype`, u8 or i8: what tables are made over and
/// histograms count.
pub(crate) fn ramp(dtype: DType) -> Result<Array> {
    static RAMPS: [OnceLock<Array>; 2] = [OnceLock::new(), OnceLock::new()];
    let cell = &RAMPS[usize::from(dtype == DType::I8)];
    if let Some(made) = cell.get() {
        return Ok(made.clone());
    }
    let bytes: [u8; VALUES] = std::array::from_fn(|b| b as u8);
    let made = match dtype {
        // The pattern is the place, so -128…-1 stand in the upper half.
        DType::I8 => Array::from_slice(&bytes.map(u8::cast_signed), &[VALUES])?,
        _ => Array::from_slice(&bytes, &[VALUES])?,
    };
    Ok(cell.get_or_init(|| made).clone())
}

const COUNTED: [Param; 2] = [Param::new("counts", ParamKind::Array), Param::new("values", ParamKind::Array)];

/// The values of each frame that occur at all; in the places of the others the first of these.
pub(crate) static OCCURRING: Page = Page {
    row: Row { name: "occurring", params: &COUNTED, ..Row::WHOLE },
    meaning: Meaning::One {
        meta: |g| Ok(Meta::new([frames_of(g)?, VALUES], g.array("values")?.dtype)),
        eval: occurring,
    },
    frames: |_, n| n < 2,
};

fn occurring(g: &Given<'_, Array>) -> Result<Array> {
    let (counts, values) = (g.x()?.to_contiguous()?, g.array("values")?.to_contiguous()?);
    let counts = slice::<i64>(&counts)?.as_chunks::<VALUES>().0;
    build(values.dtype(), &[counts.len(), VALUES], |out| {
        with_element!(values.dtype(), T => {
            let values = slice::<T>(&values)?.as_chunks::<VALUES>().0;
            for ((out, counts), values) in
                T::lanes_mut(out).as_chunks_mut::<VALUES>().0.iter_mut().zip(counts).zip(values.iter().cycle())
            {
                let first = counts.iter().position(|n| *n > 0).unwrap_or(0);
                for ((o, n), v) in out.iter_mut().zip(counts).zip(values) {
                    *o = if *n > 0 { *v } else { values[first] };
                }
            }
        });
        Ok(())
    })
}

/// `median` and `nanmedian` of each frame.
pub(crate) static COUNTED_MEDIAN: Page = Page {
    row: Row {
        name: "counted_median",
        params: &[COUNTED[0], COUNTED[1], Param::new("skip", ParamKind::Bool)],
        ..Row::WHOLE
    },
    meaning: Meaning::One {
        meta: |g| Ok(Meta::new([frames_of(g)?], median_of(g.array("values")?.dtype))),
        eval: super::select::counted_median,
    },
    frames: |_, n| n < 2,
};

/// `quantile` and its kin of each frame.
pub(crate) static COUNTED_QUANTILE: Page = Page {
    row: Row {
        name: "counted_quantile",
        params: &[
            COUNTED[0],
            COUNTED[1],
            Param::new("q", ParamKind::Array),
            Param::new("method", ParamKind::Text),
            Param::new("percent", ParamKind::Bool),
            Param::new("weak", ParamKind::Bool),
            Param::new("skip", ParamKind::Bool),
        ],
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: counted_quantile_meta, eval: super::select::counted_quantile },
    frames: |g, n| n < 2 && g.array("q").is_ok_and(|q| q.ndim() == 0),
};

pub(super) fn counted_quantile_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let q = g.array("q")?;
    let shape: Vec<usize> = q.shape.iter().copied().chain([frames_of(g)?]).collect();
    Ok(Meta::new(shape, share_type(g, g.array("values")?.dtype, q.dtype)))
}
