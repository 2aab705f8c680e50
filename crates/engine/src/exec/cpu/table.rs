//! Programs of one 8-bit operand as tables of 256 values, one for each channel where these differ,
//! and reductions of them by counting.

use std::sync::OnceLock;

use opusclip_raw::buffer;
use opusclip_raw::kernel::planes::PlaneTable;
use opusclip_raw::kernel::table::{table_to, table_turns};
use opusclip_raw::{DType, Isa};

use super::Shelves;
use super::interpret::{self, BAND, views};
use crate::array::shape::product;
use crate::array::{Array, Few, Scalar, Shape, Strided};
use crate::error::{Error, Result};
use crate::exec::rules::{LEAF, join};
use crate::exec::scratch::{Shelf, emptied};
use crate::ops::Reduce;
use crate::ops::lanes::{Block, Lane, Lanes, LanesMut, with_element};
use crate::ops::whole::ramp;
use crate::plan::Program;
use crate::threads;

/// Bytes that are gathered together where they do not lie in order: they stay in the first cache.
const GATHERED: usize = 4096;

/// Most places of a channel axis that have tables: see the pass `tabulate`.
const CHANNELS: usize = 16;

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
    /// Memory for the node.
    pub(super) shelves: &'a Shelves,
}

/// The program's results for the bytes 0…255 of its operand, for each place of the channel axis.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<Block>);

/// Memory for tables and for what is looked up in them.
#[derive(Debug, Default)]
pub(super) struct Room {
    tables: Shelf<Vec<Table>>,
    inputs: Shelf<Vec<Array>>,
    pieces: Shelf<Vec<Piece<'static, 'static>>>,
    bytes: Shelf<Vec<u8>>,
}

/// A table made ready for counting.
#[derive(Debug)]
pub(super) enum Counter {
    /// Sums of f32.
    Planes(PlaneTable),
    /// The values' exponents lie too far apart, or one is not finite.
    NotExact,
}

impl Job<'_> {
    /// The tables of one frame of the chunk; and how many.
    fn make(&self, frame: usize, table: &mut Table) -> Result<u64> {
        let channels = self.channel.and_then(|c| self.shape.get(c)).copied().unwrap_or(1);
        table.0.resize_with(channels, Block::default);
        for (place, block) in table.0.iter_mut().enumerate() {
            self.ramp(frame, place, block)?;
        }
        Ok(channels as u64)
    }

    /// The program over the ramp; other operands as they are in frame `frame` of the chunk, at this
    /// place of the channel axis.
    fn ramp(&self, frame: usize, place: usize, table: &mut Block) -> Result<()> {
        let mut inputs = self.shelves.tables.inputs.take();
        inputs.clear();
        for (n, a) in self.inputs.iter().enumerate() {
            if n == self.operand {
                inputs.push(ramp(self.program.operands[self.operand])?);
                continue;
            }
            let lead = self.shape.len().saturating_sub(a.ndim());
            let at = |(axis, &d): (usize, &usize)| match axis + lead {
                _ if d == 1 => 0,
                0 => frame,
                axis if Some(axis) == self.channel => place,
                _ => 0,
            };
            let index: Shape = a.shape().iter().enumerate().map(at).collect();
            inputs.push(a.element(&index)?);
        }
        table.make_room(self.program.dtype, 256);
        let mut failed = None;
        let registers = &self.shelves.registers;
        table.with_bytes(256, |out| {
            failed = interpret::run(self.isa, self.program, &inputs, &[256], out.into(), registers, None).err();
        });
        inputs.clear();
        failed.map_or(Ok(()), Err)
    }

    /// Elements of one frame.
    fn frame(&self) -> usize {
        product(self.shape.get(1..).unwrap_or(&[]))
    }

    /// The 8-bit operand as it is seen over the shape.
    fn bytes(&self) -> Result<Strided<'_>> {
        let view = views(self.inputs, self.shape)
            .nth(self.operand)
            .ok_or_else(|| Error::internal("a program has no such operand"))?;
        Ok(view.collapsed())
    }

    /// The operand's bytes in runs of `size` elements, copied only when they do not lie in order.
    fn with_runs(&self, size: usize, mut f: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        let total = product(self.shape);
        let view = self.bytes()?;
        let dense = view.contiguous();
        let mut scratch = self.shelves.tables.bytes.take();
        if dense.is_none() {
            scratch.resize(size.min(total), 0);
        }
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
    let mut made = Table::default();
    let n = job.make(0, &mut made)?;
    Ok((cell.get_or_init(|| made), n))
}

/// Elements that one thread looks up.
#[derive(Debug)]
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
    let mut own = job.shelves.tables.tables.take();
    let mut made = 0;
    let (tables, run) = match shared {
        Some(cell) => {
            let (table, new) = shared_table(job, cell)?;
            made += new;
            (std::slice::from_ref(table), product(job.shape))
        }
        None => {
            let frames = job.shape.first().copied().unwrap_or(1);
            if own.len() < frames {
                own.resize_with(frames, Table::default);
            }
            for (t, table) in own.iter_mut().enumerate().take(frames) {
                made += job.make(t, table)?;
            }
            (&own[..frames], job.frame())
        }
    };
    let d = job.program.dtype;
    let view = job.bytes()?;
    let dense = view.contiguous();
    let scratch = || {
        let mut scratch = job.shelves.tables.bytes.take();
        if dense.is_none() && scratch.len() < GATHERED {
            scratch.resize(GATHERED, 0);
        }
        Ok(scratch)
    };
    let mut shelf = job.shelves.tables.pieces.take();
    let mut pieces = emptied(std::mem::take(&mut *shelf));
    job.pieces(tables, run, out, &mut pieces);
    threads::share(true, pieces.drain(..), scratch, |scratch, piece| {
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
    *shelf = emptied(pieces);
    Ok(made)
}

impl Job<'_> {
    /// The output in pieces that have their tables in common; each of `tables` serves `run` elements.
    /// Pieces of the channels of the same pixels stand together, so that those are read once.
    fn pieces<'t, 'o>(&self, tables: &'t [Table], run: usize, out: &'o mut [u8], pieces: &mut Vec<Piece<'t, 'o>>) {
        let item = self.program.dtype.size();
        let band = BAND / item;
        let (channels, inner) = match self.channel {
            Some(c) => (self.shape[c], product(&self.shape[c + 1..])),
            None => (1, 1),
        };
        let runs = out.chunks_mut(run.saturating_mul(item)).zip(tables).enumerate();
        for (r, (out, table)) in runs {
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
                let mut planes: Few<&mut [u8], CHANNELS> = out.chunks_mut(inner * item).collect();
                for at in (0..inner).step_by(band) {
                    for (place, plane) in planes.iter_mut().enumerate() {
                        let start = start + place * inner + at;
                        let all = std::mem::take(plane);
                        let (out, later) = all.split_at_mut(all.len().min(band * item));
                        *plane = later;
                        if !out.is_empty() {
                            pieces.push(Piece { start, table, place: Some(place), out });
                        }
                    }
                }
                start += channels * inner;
            }
        }
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
            let Some(one) = self.0.first() else { return Ok(()) };
            let mut tables = [entries_of::<T>(one.lanes())?; CHANNELS];
            for (slot, t) in tables.iter_mut().zip(&self.0) {
                *slot = entries_of::<T>(t.lanes())?;
            }
            let tables = tables.get(..self.0.len()).ok_or_else(|| Error::internal("too many channels have tables"))?;
            table_turns(isa, x, tables, first, T::lanes_mut(out));
        });
        Ok(())
    }
}

fn entries_of<T: Lane>(entries: Lanes<'_>) -> Result<&[T; 256]> {
    T::lanes(entries).try_into().map_err(|_| Error::internal("a table is not of 256 entries"))
}

fn planes(values: &Block) -> Result<Option<PlaneTable>> {
    // The block may have been one for longer runs.
    let Lanes::F32(table) = values.lanes().head(256) else { return Ok(None) };
    let table = table.try_into().map_err(|_| Error::internal("a table is not of 256 entries"))?;
    Ok(PlaneTable::new(table, None))
}

/// Sums each frame, or takes its mean, by counting; false when that would not be exact, and nothing is written.
pub(super) fn count(job: &Job<'_>, op: Reduce, shared: Option<&OnceLock<Counter>>, out: &mut [u8]) -> Result<bool> {
    let mut own = job.shelves.blocks.take();
    if let Some(cell) = shared
        && cell.get().is_none()
    {
        job.ramp(0, 0, &mut own)?;
        let _ = cell.set(planes(&own)?.map_or(Counter::NotExact, Counter::Planes));
    }
    let item = op.result(job.program.dtype).size();
    let mut exact = true;
    job.with_runs(job.frame(), |t, x| {
        let value = match shared.and_then(OnceLock::get) {
            Some(Counter::NotExact) => None,
            Some(Counter::Planes(planes)) => Some(sum(job, op, planes, x)?),
            None => {
                job.ramp(t, 0, &mut own)?;
                planes(&own)?.map(|planes| sum(job, op, &planes, x)).transpose()?
            }
        };
        match (value, out.get_mut(t * item..(t + 1) * item)) {
            (Some(value), Some(o)) => value.write_to(o),
            _ => exact = false,
        }
        Ok(())
    })?;
    Ok(exact)
}

/// The sum or the mean of a frame's values.
fn sum(job: &Job<'_>, op: Reduce, planes: &PlaneTable, x: &[u8]) -> Result<Scalar> {
    let mut leaves: Few<f64, 64> = Few::repeated(0.0, x.len().div_ceil(LEAF));
    let no_state = || Ok(());
    threads::share(true, x.chunks(LEAF).zip(leaves.iter_mut()), no_state, |(), (leaf, sum)| {
        *sum = planes.sum(job.isa, leaf);
        Ok(())
    })?;
    let sum = join(&leaves);
    Ok(Scalar::from_f64(DType::F32, if op == Reduce::Mean { sum / x.len() as f64 } else { sum }))
}
