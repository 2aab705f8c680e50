//! Programs of one 8-bit operand as tables of 256 values, and reductions of them by counting.

use std::sync::OnceLock;

use opusclip_raw::buffer;
use opusclip_raw::kernel::planes::{PlaneTable, histogram};
use opusclip_raw::kernel::table::{table_to, table_u8};
use opusclip_raw::{DType, Isa};

use super::interpret::{self, BAND, views};
use crate::array::shape::product;
use crate::array::{Array, Scalar};
use crate::error::{Error, Result};
use crate::exec::rules::{LEAF, join};
use crate::ops::Reduce;
use crate::ops::lanes::{Block, Lane, Lanes, LanesMut, with_element};
use crate::plan::Program;
use crate::threads;

/// Elements looked up together where frames do not matter.
const SHORTEST_RUN: usize = 1 << 16;

pub(super) struct Job<'a> {
    pub(super) isa: Isa,
    pub(super) program: &'a Program,
    /// The 8-bit operand.
    pub(super) operand: usize,
    pub(super) inputs: &'a [Array],
    /// Shape of the frames asked for.
    pub(super) shape: &'a [usize],
}

/// The program's results for the bytes 0…255 of its operand.
#[derive(Debug)]
pub(super) struct Table(Block);

/// A table made ready for counting.
#[derive(Debug)]
pub(super) enum Counter {
    /// Sums of f32.
    Planes(PlaneTable),
    /// Least and greatest, any and all: from the values that occur.
    Values(Block),
    /// The values' exponents lie too far apart, or one is not finite.
    NotExact,
}

impl Job<'_> {
    /// The program over the ramp; other operands as they are in frame `frame` of the chunk.
    fn ramp(&self, frame: usize) -> Result<Block> {
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
            let varies = a.ndim() == self.shape.len() && a.shape().first().is_some_and(|&d| d > 1);
            let mut index = vec![0; a.ndim()];
            if let (Some(i), true) = (index.first_mut(), varies) {
                *i = frame;
            }
            inputs.push(Array::from_scalar(a.get(&index)?)?);
        }
        let mut table = Block::new(self.program.dtype, 256);
        let mut failed = None;
        table.with_bytes(256, |out| failed = interpret::run(self.isa, self.program, &inputs, &[256], out, None).err());
        failed.map_or(Ok(table), Err)
    }

    /// Elements of one frame.
    fn frame(&self) -> usize {
        product(self.shape.get(1..).unwrap_or(&[]))
    }

    /// The operand's bytes in runs of `size` elements, copied only when they do not lie in order.
    fn with_runs(&self, size: usize, mut f: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        let total = product(self.shape);
        let view = views(self.inputs, self.shape)
            .into_iter()
            .nth(self.operand)
            .ok_or_else(|| Error::internal("a program has no such operand"))?
            .collapsed();
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
    let made = Table(job.ramp(0)?);
    Ok((cell.get_or_init(|| made), 1))
}

/// Looks every element up. `shared` keeps the one table of all frames. Returns tables made.
pub(super) fn apply(job: &Job<'_>, shared: Option<&OnceLock<Table>>, out: &mut [u8]) -> Result<u64> {
    let (shared, mut made) = match shared {
        Some(cell) => shared_table(job, cell).map(|(table, made)| (Some(table), made))?,
        None => (None, 0),
    };
    let d = job.program.dtype;
    // One table serves runs of any length: small frames are looked up many at a time.
    let size = if shared.is_some() { job.frame().max(SHORTEST_RUN) } else { job.frame() };
    let bytes = size.saturating_mul(d.size());
    job.with_runs(size, |t, x| {
        let own;
        let table = match shared {
            Some(table) => table,
            None => {
                made += 1;
                own = Table(job.ramp(t)?);
                &own
            }
        };
        let out = out.chunks_mut(bytes.max(1)).nth(t).unwrap_or_default();
        let band = BAND / d.size();
        let bands: Vec<_> = x.chunks(band).zip(out.chunks_mut(band * d.size())).collect();
        threads::share(
            true,
            bands,
            || Ok(()),
            |(), (x, out)| {
                let lanes = LanesMut::of(d, out).ok_or_else(|| Error::internal("an output is not aligned"))?;
                table.look_up(job.isa, Lanes::U8(x), lanes)
            },
        )
    })?;
    Ok(made)
}

impl Table {
    /// The entries for a run of bytes.
    pub(super) fn look_up(&self, isa: Isa, x: Lanes<'_>, out: LanesMut<'_>) -> Result<()> {
        let entries = self.0.lanes();
        let short = || Error::internal("a table is not of 256 entries");
        let x = match x {
            // The byte pattern is the index, whatever its sign says.
            Lanes::I8(x) => buffer::as_bytes(x),
            x => u8::lanes(x),
        };
        if let LanesMut::U8(out) = out {
            table_u8(isa, x, u8::lanes(entries).try_into().map_err(|_| short())?, out);
            return Ok(());
        }
        with_element!(entries.dtype(), T => {
            table_to(isa, x, T::lanes(entries).try_into().map_err(|_| short())?, T::lanes_mut(out));
        });
        Ok(())
    }
}

fn counter(op: Reduce, values: Block) -> Result<Counter> {
    Ok(match (op, values.lanes()) {
        (Reduce::Sum | Reduce::Mean, Lanes::F32(v)) => {
            let table = v.try_into().map_err(|_| Error::internal("a table is not of 256 entries"))?;
            PlaneTable::new(table, None).map_or(Counter::NotExact, Counter::Planes)
        }
        (Reduce::Sum | Reduce::Mean, _) => Counter::NotExact,
        _ => Counter::Values(values),
    })
}

/// Reduces each frame by counting; false when that would not be exact, and nothing is written.
pub(super) fn count(job: &Job<'_>, op: Reduce, shared: Option<&OnceLock<Counter>>, out: &mut [u8]) -> Result<bool> {
    if let Some(cell) = shared
        && cell.get().is_none()
    {
        let _ = cell.set(counter(op, job.ramp(0)?)?);
    }
    let item = op.result(job.program.dtype).size();
    let mut exact = true;
    job.with_runs(job.frame(), |t, x| {
        let own;
        let counter = match shared.and_then(OnceLock::get) {
            Some(c) => c,
            None => {
                own = counter(op, job.ramp(t)?)?;
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
            Counter::Values(values) => reduce_occurring(job, op, values, x)?,
        };
        if let Some(o) = out.get_mut(t * item..(t + 1) * item) {
            o.copy_from_slice(&value.bytes());
        }
        Ok(())
    })?;
    Ok(exact)
}

/// Min, max, any and all: the values that occur at least once, reduced by the ordinary path.
fn reduce_occurring(job: &Job<'_>, op: Reduce, values: &Block, x: &[u8]) -> Result<Scalar> {
    let mut counts = [0u64; 256];
    histogram(x, &mut counts);
    let d = job.program.dtype;
    let mut kept = Block::new(d, counts.iter().filter(|&&n| n > 0).count());
    let n = kept.len();
    with_element!(d, T => {
        let all = T::lanes(values.lanes());
        let occurring = all.iter().zip(&counts).filter(|(_, n)| **n > 0).map(|(v, _)| *v);
        for (o, v) in T::lanes_mut(kept.head_mut(n)).iter_mut().zip(occurring) {
            *o = v;
        }
    });
    let identity = Program::operand(d);
    let mut array = crate::array::zeroed(d, &[n])?;
    let bytes = n * d.size();
    kept.with_bytes(n, |b| array.bytes_mut()[..bytes].copy_from_slice(b));
    let inputs = [Array::from_buffer(array, d, vec![n])];
    let result = op.result(d);
    let mut out = crate::array::zeroed(result, &[1])?;
    let item = result.size();
    let reduce = super::reduce::Job {
        isa: job.isa,
        op,
        axes: &[0],
        over: &[n],
        program: &identity,
        inputs: &inputs,
        table: None,
        watch: None,
    };
    super::reduce::run(&reduce, &mut out.bytes_mut()[..item])?;
    Ok(Scalar::from_bytes(result, &out.bytes()[..item]))
}
