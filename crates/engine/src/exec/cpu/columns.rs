//! Reductions over axes that are not the last: whole rows are added at once, in the order in which
//! they lie, instead of gathering each result's elements. The answers are those of rows, bit for
//! bit.

use opusclip_raw::kernel::sum::LANES;

use super::interpret::{BLOCKS, views};
use super::reduce::{JOB, Job, Values};
use super::state::{Coming, State};
use crate::array::Few;
use crate::array::shape::product;
use crate::error::{Error, Result};
use crate::exec::rules::{LEAF, lanes};
use crate::exec::scratch::Lease;
use crate::ops::Reduce;
use crate::ops::lanes::{Block, Lanes};
use crate::stage::reach::rows_hold;
use crate::threads;

/// The axes as three: kept, reduced, kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    outer: usize,
    rows: usize,
    width: usize,
}

impl Layout {
    /// None where the axes alternate otherwise, or the last one is reduced.
    fn of(over: &[usize], axes: &[usize]) -> Option<Layout> {
        let mut runs: Few<(bool, usize), 6> = Few::new();
        for (a, &d) in over.iter().enumerate().filter(|(_, d)| **d != 1) {
            let reduced = axes.contains(&a);
            match runs.last_mut() {
                Some((kind, len)) if *kind == reduced => *len = len.saturating_mul(d),
                _ => runs.push((reduced, d)),
            }
        }
        match *runs {
            [(true, rows), (false, width)] => Some(Layout { outer: 1, rows, width }),
            [(false, outer), (true, rows), (false, width)] => Some(Layout { outer, rows, width }),
            _ => None,
        }
    }
}

/// How wide a tile may be that is read in place, for its sums to stay in the first cache.
const TILE: usize = 1024;

/// Does the job if this is a way to do it; false, and nothing is written, if not.
pub(super) fn run(job: &Job<'_>, out: &mut [u8]) -> Result<bool> {
    let Some(layout) = Layout::of(job.over, job.axes).filter(|_| job.watch.is_none()) else { return Ok(false) };
    let dtype = job.program.dtype;
    // Leaves only matter to sums of floats.
    let floats = matches!(job.op, Reduce::Sum | Reduce::Mean) && !dtype.is_integer();
    let elements = product(job.over);
    if elements == 0 || (floats && layout.rows > LEAF) || !rows_hold(job.op, dtype, elements) {
        return Ok(false);
    }
    let (lie, block) = {
        let (values, block) = Values::new(job, views(job.inputs, job.over))?;
        (in_place(&values).is_some(), block)
    };
    let item = job.op.result(dtype).size();
    let Layout { rows, width, .. } = layout;
    let tile = width.min(if lie { TILE } else { block });
    // A job is a tile of one row of results, or several whole rows of them.
    let many = if tile == width { (JOB / rows.saturating_mul(width)).max(1) } else { 1 };
    let rows_of = out.chunks_mut(many.saturating_mul(width).saturating_mul(item)).enumerate();
    let jobs = rows_of.flat_map(|(n, part)| {
        let whole = tile == width;
        let each = if whole { part.len() } else { tile * item };
        part.chunks_mut(each.max(1))
            .enumerate()
            .map(move |(t, part)| (n * many, if whole { 0 } else { t * tile }, part))
    });
    let worth = elements >= 2 * JOB;
    threads::share(
        worth,
        jobs,
        || Worker::new(job, layout),
        |worker, (outer, column, part)| {
            for (n, part) in part.chunks_mut(tile * item).enumerate() {
                worker.tile(outer + n, column, part)?;
            }
            Ok(())
        },
    )?;
    Ok(true)
}

struct Worker<'a, 'j> {
    job: &'j Job<'a>,
    layout: Layout,
    values: Values<'a>,
    /// Elements that the values may be asked for at once.
    block: usize,
    scratch: Lease<'a, Block>,
}

impl<'a, 'j> Worker<'a, 'j> {
    fn new(job: &'j Job<'a>, layout: Layout) -> Result<Worker<'a, 'j>> {
        let (values, block) = Values::new(job, views(job.inputs, job.over))?;
        let mut scratch = job.shelves.blocks.take();
        scratch.make_room(job.program.dtype, block);
        Ok(Worker { job, layout, values, block, scratch })
    }

    /// Results of as many columns from `column` on as `out` has room for, in the row `outer`.
    fn tile(&mut self, outer: usize, column: usize, out: &mut [u8]) -> Result<()> {
        let (op, dtype) = (self.job.op, self.job.program.dtype);
        let width = out.len() / op.result(dtype).size();
        let dense = width == self.layout.width;
        // First the way that is enough nearly always, then the one that takes whatever comes.
        for again in [true, false] {
            let coming = Coming { dense, again, lanes: lanes(self.job.over, self.job.axes) };
            let mut state = State::new(op, dtype, width, coming);
            if self.add(outer, column, width, &mut state)? {
                return state.write(self.job.isa, self.layout.rows, out);
            }
        }
        Err(Error::internal("a row of results could not be held"))
    }

    /// Adds all rows of a tile; false if the state could not hold them.
    fn add(&mut self, outer: usize, column: usize, width: usize, state: &mut State) -> Result<bool> {
        let Layout { rows, width: full, .. } = self.layout;
        let isa = self.job.isa;
        let first = outer * rows * full + column;
        if let Some(all) = in_place(&self.values) {
            // So many rows between two looks at whether the run was cancelled.
            let some = (LEAF / width.max(1)).next_multiple_of(LANES).max(LANES);
            for r in (0..rows).step_by(some) {
                threads::go_on()?;
                let now = some.min(rows - r);
                if !state.add(isa, all.part(first + r * full, (now - 1) * full + width), full, r) {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        // As many whole rows as the values give at once, or one row of the tile.
        let together = if width == full { (self.block / full).max(1) } else { 1 };
        let together = if together > LANES { together / LANES * LANES } else { together };
        for (turn, r) in (0..rows).step_by(together).enumerate() {
            if turn.is_multiple_of(BLOCKS) {
                threads::go_on()?;
            }
            let n = if width == full { together.min(rows - r) * full } else { width };
            self.values.run(isa, first + r * full, n, &mut self.scratch)?;
            if !state.add(isa, self.scratch.lanes().head(n), width, r) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// All values where they lie. Not those of 16 bits: they are widened first, a block at a time.
fn in_place<'v>(values: &'v Values<'_>) -> Option<Lanes<'v>> {
    values.in_place().filter(|all| !all.dtype().is_half())
}
