//! Programs of one 8-bit operand as tables of 256 values, one for each channel where these differ,
//! and reductions of them by counting.

use std::sync::OnceLock;

use opusclip_raw::buffer;
use opusclip_raw::kernel::planes::PlaneTable;
use opusclip_raw::kernel::table::{table_to, table_turns};
use opusclip_raw::{DType, Isa};

use super::interpret::{self, BAND, views};
use crate::array::shape::product;
use crate::array::{Array, Scalar, Strided};
use crate::error::{Error, Result};
use crate::exec::rules::{LEAF, join};
use crate::ops::Reduce;
use crate::ops::lanes::{Block, Lane, Lanes, LanesMut, with_element};
use crate::plan::Program;
use crate::threads;

/// Bytes that are gathered together where they do not lie in order: they stay in the first cache.
const GATHERED: usize = 4096;

pub(super) struct Job<'a> {
    pub(super) isa: Isa,
    pub(super) program: &'a Program,
    /// The 8-bit operand.
    pub(super) operand: usize,
    /// The axis along which the tables differ.
    pub(super) channel: Option<usize>,
    pub(super) inputs: &'a [Array],
    /// Shape of the frames asked for.
    pub(super) shape: &'a [usize],
}

/// The program's results for the bytes 0…255 of its operand, for each place of the channel axis.
#[derive(Debug)]
pub(super) struct Table(Vec<Block>);

/// A table made ready for counting.
#[derive(Debug)]
pub(super) enum Counter {
    /// Sums of f32.
    Planes(PlaneTable),
    /// The values' exponents lie too far apart, or one is not finite.
    NotExact,
}

impl Job<'_> {
    /// The tables of one frame of the chunk.
    fn table(&self, frame: usize) -> Result<Table> {
        let channels = self.channel.and_then(|c| self.shape.get(c)).copied().unwrap_or(1);
        (0..channels).map(|place| self.ramp(frame, place)).collect::<Result<_>>().map(Table)
    }

    /// The program over the ramp; other operands as they are in frame `frame` of the chunk, at this
    /// place of the channel axis.
    fn ramp(&self, frame: usize, place: usize) -> Result<Block> {
        let bytes: Vec<u8> = (0..=255).collect();
        let ramp = match self.program.operands[self.operand] {
            // The byte pattern indexes the table, so -128…-1 stand in its upper half.
            DType::I8 => Array::from_slice(&bytes.iter().map(|&b| b as i8).collect::<Vec<_>>(), &[256])?,
            _ => Array::from_slice(&bytes, &[256])?,
        };
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for (n, a) in self.inputs.iter().enumerate() {
            if n == self.operand {
                inputs.push(ramp.clone());
                continue;
            }
            let lead = self.shape.len().saturating_sub(a.ndim());
            let at = |(axis, &d): (usize, &usize)| match axis + lead {
                _ if d == 1 => 0,
                0 => frame,
                axis if Some(axis) == self.channel => place,
                _ => 0,
            };
            let index: Vec<usize> = a.shape().iter().enumerate().map(at).collect();
            inputs.push(Array::from_scalar(a.get(&index)?)?);
        }
        let mut table = Block::new(self.program.dtype, 256);
        let mut failed = None;
        table.with_bytes(256, |out| {
            failed = interpret::run(self.isa, self.program, &inputs, &[256], (out, false), None).err()
        });
        failed.map_or(Ok(table), Err)
    }

    /// Elements of one frame.
    fn frame(&self) -> usize {
        product(self.shape.get(1..).unwrap_or(&[]))
    }

    /// The 8-bit operand as it is seen over the shape.
    fn bytes(&self) -> Result<Strided<'_>> {
        let all = views(self.inputs, self.shape);
        let view = all.into_iter().nth(self.operand).ok_or_else(|| Error::internal("a program has no such operand"))?;
        Ok(view.collapsed())
    }

    /// The operand's bytes in runs of `size` elements, copied only when they do not lie in order.
    fn with_runs(&self, size: usize, mut f: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        let total = product(self.shape);
        let view = self.bytes()?;
        let dense = view.contiguous();
        let mut scratch = if dense.is_some() { Vec::new() } else { vec![0u8; size.min(total)] };
        for (n, start) in (0..total).step_by(size.max(1)).enumerate() {
            let end = start.saturating_add(size).min(total);
            match dense {
                Some(bytes) => f(n, bytes.get(start..end).unwrap_or(&[]))?,
                None => {
                    let run = scratch.get_mut(..end - start).unwrap_or_default();
                    view.gather(start, run);
                    f(n, run)?;
                }
            }
        }
        Ok(())
    }
}

/// The one table of all frames, built when it is first needed; and how many were built now.
pub(super) fn shared_table<'c>(job: &Job<'_>, cell: &'c OnceLock<Table>) -> Result<(&'c Table, u64)> {
    if let Some(table) = cell.get() {
        return Ok((table, 0));
    }
    let made = job.table(0)?;
    let n = made.0.len() as u64;
    Ok((cell.get_or_init(|| made), n))
}

/// Elements that one thread looks up.
struct Piece<'t, 'o> {
    /// The first of them, in C order.
    start: usize,
    table: &'t Table,
    /// Their one place of the channel axis; none where it is the last and they take turns.
    place: Option<usize>,
    out: &'o mut [u8],
}

/// Looks every element up. `shared` keeps the one table of all frames. Returns tables made.
pub(super) fn apply(job: &Job<'_>, shared: Option<&OnceLock<Table>>, out: &mut [u8]) -> Result<u64> {
    if out.is_empty() {
        return Ok(0);
    }
    let own: Vec<Table>;
    let (tables, run, made): (Vec<&Table>, usize, u64) = match shared {
        Some(cell) => {
            let (table, made) = shared_table(job, cell)?;
            (vec![table], product(job.shape), made)
        }
        None => {
            let frames = job.shape.first().copied().unwrap_or(1);
            own = (0..frames).map(|t| job.table(t)).collect::<Result<_>>()?;
            (own.iter().collect(), job.frame(), own.iter().map(|t| t.0.len() as u64).sum())
        }
    };
    let d = job.program.dtype;
    let view = job.bytes()?;
    let dense = view.contiguous();
    let scratch = || Ok(if dense.is_some() { Vec::new() } else { vec![0u8; GATHERED] });
    threads::share(true, job.pieces(&tables, run, out), scratch, |scratch, piece| {
        let n = piece.out.len() / d.size();
        let mut lanes = LanesMut::of(d, piece.out).ok_or_else(|| Error::internal("an output is not aligned"))?;
        let look_up = |start, x: &[u8], out: LanesMut<'_>| match piece.place {
            Some(place) => piece.table.look_up(job.isa, place, Lanes::U8(x), out),
            None => piece.table.look_up_in_turns(job.isa, start, x, out),
        };
        if let Some(bytes) = dense {
            let end = piece.start.saturating_add(n);
            return look_up(piece.start, bytes.get(piece.start..end).unwrap_or(&[]), lanes);
        }
        for at in (0..n).step_by(GATHERED) {
            let x = scratch.get_mut(..GATHERED.min(n - at)).unwrap_or_default();
            view.gather(piece.start + at, x);
            look_up(piece.start + at, x, lanes.part(at, x.len()))?;
        }
        Ok(())
    })?;
    Ok(made)
}

impl Job<'_> {
    /// The output in pieces that have their tables in common; each of `tables` serves `run` elements.
    /// Pieces of the channels of the same pixels stand together, so that those are read once.
    fn pieces<'t, 'o>(&self, tables: &[&'t Table], run: usize, out: &'o mut [u8]) -> Vec<Piece<'t, 'o>> {
        let item = self.program.dtype.size();
        let band = BAND / item;
        let (channels, inner) = match self.channel {
            Some(c) => (self.shape[c], product(&self.shape[c + 1..])),
            None => (1, 1),
        };
        let mut pieces = Vec::new();
        let runs = out.chunks_mut(run.saturating_mul(item)).zip(tables).enumerate();
        for (r, (out, &table)) in runs {
            let mut start = r * run;
            if inner == 1 {
                let place = (channels == 1).then_some(0);
                for out in out.chunks_mut(band * item) {
                    let n = out.len() / item;
                    pieces.push(Piece { start, table, place, out });
                    start += n;
                }
                continue;
            }
            for out in out.chunks_mut(channels * inner * item) {
                let mut planes: Vec<_> = out.chunks_mut(inner * item).map(|p| p.chunks_mut(band * item)).collect();
                for at in (0..inner).step_by(band) {
                    for (place, plane) in planes.iter_mut().enumerate() {
                        let start = start + place * inner + at;
                        pieces.extend(plane.next().map(|out| Piece { start, table, place: Some(place), out }));
                    }
                }
                start += channels * inner;
            }
        }
        pieces
    }
}

impl Table {
    /// The entries for a run of bytes at one place of the channel axis.
    pub(super) fn look_up(&self, isa: Isa, place: usize, x: Lanes<'_>, out: LanesMut<'_>) -> Result<()> {
        let entries = self.0.get(place).ok_or_else(|| Error::internal("a channel has no table"))?.lanes();
        let x = match x {
            // The byte pattern is the index, whatever its sign says.
            Lanes::I8(x) => buffer::as_bytes(x),
            x => u8::lanes(x),
        };
        with_element!(entries.dtype(), T => table_to(isa, x, entries_of::<T>(entries)?, T::lanes_mut(out)));
        Ok(())
    }

    /// The entries for a run of bytes whose first is that of element `start`, all channels in turns.
    fn look_up_in_turns(&self, isa: Isa, start: usize, x: &[u8], out: LanesMut<'_>) -> Result<()> {
        let first = start % self.0.len().max(1);
        with_element!(out.dtype(), T => {
            let tables = self.0.iter().map(|t| entries_of::<T>(t.lanes())).collect::<Result<Vec<_>>>()?;
            table_turns(isa, x, &tables, first, T::lanes_mut(out));
        });
        Ok(())
    }
}

fn entries_of<T: Lane>(entries: Lanes<'_>) -> Result<&[T; 256]> {
    T::lanes(entries).try_into().map_err(|_| Error::internal("a table is not of 256 entries"))
}

fn counter(values: &Block) -> Result<Counter> {
    let Lanes::F32(values) = values.lanes() else { return Ok(Counter::NotExact) };
    let table = values.try_into().map_err(|_| Error::internal("a table is not of 256 entries"))?;
    Ok(PlaneTable::new(table, None).map_or(Counter::NotExact, Counter::Planes))
}

/// Sums each frame, or takes its mean, by counting; false when that would not be exact, and nothing is written.
pub(super) fn count(job: &Job<'_>, op: Reduce, shared: Option<&OnceLock<Counter>>, out: &mut [u8]) -> Result<bool> {
    if let Some(cell) = shared
        && cell.get().is_none()
    {
        let _ = cell.set(counter(&job.ramp(0, 0)?)?);
    }
    let item = op.result(job.program.dtype).size();
    let mut exact = true;
    job.with_runs(job.frame(), |t, x| {
        let own;
        let counter = match shared.and_then(OnceLock::get) {
            Some(c) => c,
            None => {
                own = counter(&job.ramp(t, 0)?)?;
                &own
            }
        };
        let value = match counter {
            Counter::NotExact => {
                exact = false;
                return Ok(());
            }
            Counter::Planes(planes) => {
                let mut leaves = vec![0.0; x.len().div_ceil(LEAF)];
                let jobs: Vec<_> = x.chunks(LEAF).zip(&mut leaves).collect();
                threads::share(
                    true,
                    jobs,
                    || Ok(()),
                    |(), (leaf, sum)| {
                        *sum = planes.sum(job.isa, leaf);
                        Ok(())
                    },
                )?;
                let sum = join(&leaves);
                Scalar::from_f64(DType::F32, if op == Reduce::Mean { sum / x.len() as f64 } else { sum })
            }
        };
        if let Some(o) = out.get_mut(t * item..(t + 1) * item) {
            o.copy_from_slice(&value.bytes());
        }
        Ok(())
    })?;
    Ok(exact)
}
