//! Reductions with the program before them fused in: blocks are computed into a scratch register
//! and added at once.

use opusclip_raw::kernel::complex::ComplexNumber;
use opusclip_raw::kernel::minmax::min_max;
use opusclip_raw::kernel::moments::moments;
use opusclip_raw::kernel::sum::{CompensatedSum, ExactSum, row_sums, sum_int};
use opusclip_raw::{DType, Element, Isa, as_bytes};

use super::Shelves;
use super::columns;
use super::interpret::{BLOCKS, Machine, views};
use super::table::Table;
use super::watched::Reduction;
use crate::array::{Array, Few, Scalar, Shape, Strided};
use crate::error::{Error, Result};
use crate::exec::rules::{LEAF, better, extreme, join, lanes, spread};
use crate::exec::scratch::Lease;
use crate::ops::complex::quotient;
use crate::ops::lanes::{Block, Lane, Lanes, LanesMut, with_complex, with_number};
use crate::ops::{self, Elementwise, RUN, Reduce, watch};
use crate::plan::Program;
use crate::threads;

pub(super) struct Job<'a> {
    pub(super) isa: Isa,
    pub(super) op: Reduce,
    pub(super) axes: &'a [usize],
    pub(super) over: &'a [usize],
    pub(super) program: &'a Program,
    pub(super) inputs: &'a [Array],
    /// The program's results for each byte of one operand: then values are looked up.
    pub(super) table: Option<(&'a Table, usize)>,
    /// Looks at values, which must then be computed, and results.
    pub(super) watch: Option<Reduction<'a>>,
    /// Memory for the node.
    pub(super) shelves: &'a Shelves,
}

impl<'a> Job<'a> {
    /// A result in the making.
    fn accumulator(&self) -> Accumulator {
        Accumulator::new(self.op, self.program.dtype, lanes(self.over, self.axes))
    }

    /// The program that hands on the elements to be reduced, or the bytes that a table is asked for.
    pub(super) fn index_program(&self) -> &'a Program {
        let looked_up = self.table.and_then(|(_, operand)| self.program.operands.get(operand).copied());
        self.shelves.index.get_or_init(|| Program::operand(looked_up.unwrap_or(self.program.dtype)))
    }
}

/// Where the values to be reduced come from.
pub(super) enum Values<'a> {
    Computed(Machine<'a>),
    /// Bytes, where they are put, and the table.
    LookedUp(Machine<'a>, Lease<'a, Block>, &'a Table),
}

impl<'a> Values<'a> {
    /// Of the job's operands, seen as these views. And how many elements may be asked for at once.
    pub(super) fn new(job: &Job<'a>, mut views: impl Iterator<Item = Strided<'a>>) -> Result<(Values<'a>, usize)> {
        let Some((table, operand)) = job.table else {
            let machine = Machine::new(job.isa, job.program, views, &job.shelves.registers, None)?;
            let block = machine.block;
            return Ok((Values::Computed(machine), block));
        };
        let bytes = views.nth(operand).ok_or_else(|| Error::internal("a program has no such operand"))?;
        let index = job.index_program();
        let machine = Machine::new(job.isa, index, std::iter::once(bytes), &job.shelves.bytes, None)?;
        // The values are wider than the bytes.
        let block = machine.block / 2;
        let mut bytes = job.shelves.looked_up.take();
        bytes.make_room(index.dtype, block);
        Ok((Values::LookedUp(machine, bytes, table), block))
    }

    /// All values, where they lie in memory one after another as they are.
    pub(super) fn in_place(&self) -> Option<Lanes<'_>> {
        match self {
            Values::Computed(machine) => machine.in_place(),
            Values::LookedUp(..) => None,
        }
    }

    /// Elements `start…`, `n` of them, into `out`.
    pub(super) fn run(&mut self, isa: Isa, start: usize, n: usize, out: &mut Block) -> Result<()> {
        match self {
            Values::Computed(machine) => {
                machine.run(start, n, out.head_mut(n));
                Ok(())
            }
            Values::LookedUp(machine, bytes, table) => {
                machine.run(start, n, bytes.head_mut(n));
                table.look_up(isa, 0, bytes.lanes().head(n), out.head_mut(n))
            }
        }
    }
}

/// One result in the making.
#[derive(Clone)]
pub(super) struct Accumulator {
    op: Reduce,
    dtype: DType,
    /// Elements so far.
    count: usize,
    /// Elements in the open leaf.
    in_leaf: usize,
    leaves: Few<f64, 16>,
    exact: ExactSum,
    compensated: CompensatedSum,
    integer: i128,
    squares: i128,
    best: Option<Scalar>,
    truth: bool,
    /// The sums of the real and of the imaginary parts, for complex elements.
    parts: Option<Box<[Accumulator; 2]>>,
}

impl Accumulator {
    /// Floats of 64 bits are summed in so many lanes.
    pub(super) fn new(op: Reduce, dtype: DType, lanes: usize) -> Accumulator {
        Accumulator {
            op,
            dtype,
            count: 0,
            in_leaf: 0,
            leaves: Few::new(),
            exact: ExactSum::new(),
            compensated: CompensatedSum::new(lanes),
            integer: 0,
            squares: 0,
            best: None,
            truth: op == Reduce::All,
            parts: (matches!(op, Reduce::Sum | Reduce::Mean) && dtype.is_complex()).then(|| {
                Box::new([Accumulator::new(op, dtype.real(), lanes), Accumulator::new(op, dtype.real(), lanes)])
            }),
        }
    }

    fn reset(&mut self) {
        self.count = 0;
        self.in_leaf = 0;
        self.leaves.clear();
        self.exact.reset();
        self.compensated.reset();
        (self.integer, self.squares) = (0, 0);
        self.best = None;
        self.truth = self.op == Reduce::All;
        self.parts.iter_mut().for_each(|p| p.iter_mut().for_each(Accumulator::reset));
    }

    pub(super) fn add(&mut self, isa: Isa, x: Lanes<'_>) {
        match self.op {
            Reduce::Sum | Reduce::Mean => match x {
                Lanes::F32(x) => self.add_leaves(x, |a, x| a.exact.add_f32(isa, x)),
                Lanes::F64(x) => self.add_leaves(x, |a, x| a.compensated.add_f64(isa, x)),
                Lanes::F16(_) | Lanes::BF16(_) => {
                    in_runs(isa, x, |isa, wide| self.add_leaves(wide, |a, x| a.exact.add_f32(isa, x)))
                }
                Lanes::C64(x) => self.add_parts(isa, x),
                Lanes::C128(x) => self.add_parts(isa, x),
                other => with_number!(other.dtype(), T => {
                    let x = T::lanes(other);
                    self.count += x.len();
                    self.integer += sum_int(x);
                }),
            },
            Reduce::Variance | Reduce::Deviations => with_number!(x.dtype(), T => {
                // Other types are refused where expressions are built.
                let (sum, squares) = moments(isa, T::lanes(x)).unwrap_or_default();
                self.count += x.len();
                self.integer += sum;
                self.squares += squares;
            }),
            Reduce::Min | Reduce::Max if x.dtype().is_half() => {
                let dtype = x.dtype();
                in_runs(isa, x, |isa, wide| {
                    let found = min_max(isa, wide).map(|(lo, hi)| if self.op == Reduce::Min { lo } else { hi });
                    self.take_better(found.map(|v| Scalar::from_f64(dtype, v.into())));
                });
            }
            Reduce::Min | Reduce::Max if x.dtype().is_complex() => with_complex!(x.dtype(), T => {
                for v in T::lanes(x) {
                    let wide = v.wide();
                    self.take_better(Some(Scalar::from_parts(T::DTYPE, wide.re, wide.im)));
                }
            }),
            Reduce::Min | Reduce::Max => with_number!(x.dtype(), T => {
                if let Some((lo, hi)) = min_max(isa, T::lanes(x)) {
                    let v = if self.op == Reduce::Min { lo } else { hi };
                    self.take_better(Some(Scalar::from_bytes(T::DTYPE, as_bytes(&[v]))));
                }
            }),
            Reduce::Any => self.truth |= bool::lanes(x).contains(&true),
            Reduce::All => self.truth &= !bool::lanes(x).contains(&false),
        }
    }

    fn take_better(&mut self, v: Option<Scalar>) {
        let Some(v) = v else { return };
        if self.best.is_none_or(|b| better(self.op == Reduce::Min, v, b)) {
            self.best = Some(v);
        }
    }

    /// Adds real and imaginary parts to their own sums.
    fn add_parts<T: ComplexNumber>(&mut self, isa: Isa, x: &[T])
    where
        T::Part: Lane,
    {
        let Some(parts) = &mut self.parts else { return };
        let [re, im] = &mut **parts;
        let mut part = [T::Part::default(); RUN];
        for run in x.chunks(RUN) {
            let part = &mut part[..run.len()];
            isa.map1(run, part, |z: T| z.re());
            re.add(isa, T::Part::wrap(part));
            isa.map1(run, part, |z: T| z.im());
            im.add(isa, T::Part::wrap(part));
        }
    }

    /// Cuts a run at the ends of leaves.
    fn add_leaves<T>(&mut self, mut x: &[T], mut add: impl FnMut(&mut Accumulator, &[T])) {
        while !x.is_empty() {
            let (now, later) = x.split_at(x.len().min(LEAF - self.in_leaf));
            add(self, now);
            self.in_leaf += now.len();
            self.count += now.len();
            if self.in_leaf == LEAF {
                self.close_leaf();
            }
            x = later;
        }
    }

    /// Adds what another has seen, which comes after all that this one has.
    fn append(&mut self, mut other: Accumulator) {
        for a in [&mut *self, &mut other] {
            if a.in_leaf > 0 {
                a.close_leaf();
            }
        }
        other.leaves.iter().for_each(|l| self.leaves.push(*l));
        self.count += other.count;
        self.integer += other.integer;
        self.squares += other.squares;
        self.take_better(other.best);
        self.truth = if self.op == Reduce::All { self.truth & other.truth } else { self.truth | other.truth };
        for (a, b) in self.parts.iter_mut().flat_map(|p| p.iter_mut()).zip(other.parts.into_iter().flat_map(|p| *p)) {
            a.append(b);
        }
    }

    fn close_leaf(&mut self) {
        let sum = if self.dtype == DType::F64 { self.compensated.value() } else { self.exact.value() };
        self.leaves.push(sum);
        self.exact.reset();
        self.compensated.reset();
        self.in_leaf = 0;
    }

    /// The sum of the one leaf that it has; of complex numbers those of both parts.
    pub(super) fn into_sums(mut self) -> Vec<f64> {
        if let Some(parts) = self.parts {
            return parts.into_iter().flat_map(Accumulator::into_sums).collect();
        }
        if self.in_leaf > 0 {
            self.close_leaf();
        }
        self.leaves.to_vec()
    }

    pub(super) fn value(&mut self) -> Scalar {
        let result = self.op.result(self.dtype);
        match self.op {
            Reduce::Any | Reduce::All => Scalar::from_i128(DType::Bool, self.truth.into()),
            Reduce::Min | Reduce::Max => extreme(self.best.unwrap_or(Scalar::from_i128(self.dtype, 0))),
            Reduce::Sum | Reduce::Mean if self.dtype.is_complex() => {
                let [re, im] = self.parts.as_mut().map_or([0.0; 2], |p| p.each_mut().map(|a| a.value().to_f64()));
                let (re, im) = if self.op == Reduce::Mean { quotient(re, im) } else { (re, im) };
                Scalar::from_parts(result, re, im)
            }
            Reduce::Sum | Reduce::Mean if self.dtype.is_float() => {
                if self.in_leaf > 0 {
                    self.close_leaf();
                }
                let sum = join(&self.leaves);
                Scalar::from_f64(result, if self.op == Reduce::Mean { sum / self.count as f64 } else { sum })
            }
            Reduce::Sum => Scalar::from_i128(result, self.integer),
            Reduce::Variance | Reduce::Deviations => {
                Scalar::from_f64(result, spread(self.op, self.count, self.integer, self.squares))
            }
            Reduce::Mean => Scalar::from_f64(result, self.integer as f64 / self.count as f64),
        }
    }
}

/// A run of 16-bit floats as float32, a little at a time.
fn in_runs(isa: Isa, x: Lanes<'_>, mut f: impl FnMut(Isa, &[f32])) {
    let mut wide = [0f32; RUN];
    for start in (0..x.len()).step_by(RUN) {
        let part = x.part(start, RUN.min(x.len() - start));
        let wide = &mut wide[..part.len()];
        ops::eval(Elementwise::Cast(DType::F32), isa, &[part], LanesMut::F32(wide));
        f(isa, wide);
    }
}

/// Writes one element for each place of the axes that stay.
pub(super) fn run<'a>(job: &Job<'a>, out: &mut [u8]) -> Result<()> {
    if columns::run(job, out)? {
        return Ok(());
    }
    // The reduced axes are moved last for every operand alike: the program does not care.
    let rank = job.over.len();
    let order: Shape = (0..rank).filter(|a| !job.axes.contains(a)).chain(job.axes.iter().copied()).collect();
    let row = job.axes.iter().fold(1, |n: usize, &a| n.saturating_mul(job.over[a]));
    let dtype = job.program.dtype;
    let item = job.op.result(dtype).size();
    let rows = Rows { job, order: &order, row };
    if row > 0 && out.len() / item < threads::sharing() && row > LEAF {
        return rows.by_leaves(out, item);
    }
    let many = (JOB / row.max(1)).max(1);
    let jobs = out.chunks_mut(many.saturating_mul(item)).enumerate();
    let worth = row.saturating_mul(jobs.len().saturating_mul(many)) >= 2 * JOB;
    threads::share(
        worth,
        jobs,
        || rows.worker(),
        |worker, (n, part)| worker.rows(n * many, part.chunks_exact_mut(item)),
    )
}

/// Elements that are worth a job of their own.
pub(super) const JOB: usize = 1 << 16;

/// A reduction whose reduced axes are the last ones.
struct Rows<'a, 'j> {
    job: &'j Job<'a>,
    order: &'j [usize],
    /// Elements of one result.
    row: usize,
}

/// What one thread needs for it.
struct Worker<'a, 'j> {
    job: &'j Job<'a>,
    row: usize,
    values: Values<'a>,
    block: usize,
    scratch: Lease<'a, Block>,
    acc: Accumulator,
}

impl<'a, 'j> Rows<'a, 'j> {
    fn worker(&self) -> Result<Worker<'a, 'j>> {
        let job = self.job;
        let moved = |v: Strided<'a>| Strided {
            shape: self.order.iter().map(|&a| v.shape[a]).collect(),
            strides: self.order.iter().map(|&a| v.strides[a]).collect(),
            ..v
        };
        let (mut values, block) = Values::new(job, views(job.inputs, job.over).map(moved))?;
        if let (Values::Computed(machine), Some(w)) = (&mut values, &job.watch) {
            machine.watcher = Some(w.values.clone().ordered(job.over, self.order));
        }
        let mut scratch = job.shelves.blocks.take();
        scratch.make_room(job.program.dtype, block);
        let acc = job.accumulator();
        Ok(Worker { job, row: self.row, values, block, scratch, acc })
    }

    /// A few long rows: threads share the leaves of each, so many at a time that a row may be as long
    /// as a view can make it.
    fn by_leaves(&self, out: &mut [u8], item: usize) -> Result<()> {
        for (r, o) in out.chunks_exact_mut(item).enumerate() {
            let mut all = self.job.accumulator();
            let mut finite = true;
            let together = 8 * threads::sharing();
            for first in (0..self.row).step_by(LEAF.saturating_mul(together)) {
                let leaves = (self.row - first).div_ceil(LEAF).min(together);
                let mut parts: Vec<Option<(Accumulator, bool)>> = vec![None; leaves];
                threads::share(
                    true,
                    parts.iter_mut().enumerate(),
                    || self.worker(),
                    |worker, (n, part)| {
                        let start = first + n * LEAF;
                        let finite = worker.add(r * self.row + start, LEAF.min(self.row - start))?;
                        *part = Some((std::mem::replace(&mut worker.acc, worker.job.accumulator()), finite));
                        Ok(())
                    },
                )?;
                for (part, whole) in parts.into_iter().flatten() {
                    all.append(part);
                    finite &= whole;
                }
            }
            put(self.job, o, r, all.value(), finite);
        }
        Ok(())
    }
}

/// Sums of floats are judged by whether their values were finite.
fn judge<'j>(job: &'j Job<'_>) -> Option<&'j Reduction<'j>> {
    let sums =
        matches!(job.op, Reduce::Sum | Reduce::Mean | Reduce::Variance) && job.op.result(job.program.dtype).is_float();
    job.watch.as_ref().filter(|_| sums)
}

/// Writes the result of number `r`; `finite` says that its values were.
fn put(job: &Job<'_>, o: &mut [u8], r: usize, v: Scalar, finite: bool) {
    if let (Some(judge), true) = (judge(job), finite) {
        judge.look(job.op, v, r);
    }
    v.write_to(o);
}

impl Worker<'_, '_> {
    /// The results of numbers `first…`.
    fn rows<'o>(&mut self, first: usize, mut results: impl ExactSizeIterator<Item = &'o mut [u8]>) -> Result<()> {
        let (job, row) = (self.job, self.row);
        if row == 0 {
            results.enumerate().for_each(|(r, o)| put(job, o, first + r, self.acc.value(), true));
            return Ok(());
        }
        let sums = matches!(job.op, Reduce::Sum | Reduce::Mean) && job.program.dtype == DType::F32;
        let at_once = self.values.in_place().is_some() || row <= self.block;
        if sums && at_once && row <= LEAF && job.watch.is_none() {
            return self.f32_sums(first, results);
        }
        if row >= self.block / 4 {
            for (r, o) in (first..).zip(results) {
                let finite = self.add(r * row, row)?;
                put(job, o, r, self.acc.value(), finite);
                self.acc.reset();
            }
            return Ok(());
        }
        // Short rows: many in one block.
        let finite = |x: Lanes<'_>| judge(job).is_some() && watch::finite(x);
        let (rows, together) = (results.len(), self.block / row);
        for r in (0..rows).step_by(together) {
            let k = together.min(rows - r);
            self.values.run(job.isa, (first + r) * row, k * row, &mut self.scratch)?;
            let lanes = self.scratch.lanes().head(k * row);
            for (j, o) in results.by_ref().take(k).enumerate() {
                let part = lanes.part(j * row, row);
                self.acc.add(job.isa, part);
                put(job, o, first + r + j, self.acc.value(), finite(part));
                self.acc.reset();
            }
        }
        Ok(())
    }

    /// Sums and means of f32 rows, as many at once as there are in memory or in one block.
    fn f32_sums<'o>(&mut self, first: usize, mut results: impl ExactSizeIterator<Item = &'o mut [u8]>) -> Result<()> {
        const MOST: usize = 64;
        let (job, row, rows) = (self.job, self.row, results.len());
        let together = if self.values.in_place().is_some() { MOST } else { (self.block / row).min(MOST) };
        let mut sums = [0.0; MOST];
        for r in (0..rows).step_by(together) {
            let k = together.min(rows - r);
            let start = (first + r) * row;
            let x = match self.values.in_place() {
                Some(all) => all.part(start, k * row),
                None => {
                    self.values.run(job.isa, start, k * row, &mut self.scratch)?;
                    self.scratch.lanes().head(k * row)
                }
            };
            let x = f32::lanes(x);
            row_sums(job.isa, x, row, &mut sums[..k]);
            for ((j, sum), o) in sums[..k].iter().enumerate().zip(results.by_ref()) {
                let sum = if sum.is_nan() {
                    let mut exact = ExactSum::new();
                    exact.add_f32(job.isa, &x[j * row..(j + 1) * row]);
                    exact.value()
                } else {
                    *sum
                };
                let v = if job.op == Reduce::Mean { sum / row as f64 } else { sum };
                o.copy_from_slice(&(v as f32).to_ne_bytes());
            }
        }
        Ok(())
    }

    /// Adds the elements `start…` to the result in the making; whether all were finite, if that matters.
    fn add(&mut self, start: usize, n: usize) -> Result<bool> {
        let isa = self.job.isa;
        let judged = judge(self.job).is_some();
        let (mut done, mut finite) = (0, true);
        if let (Some(all), None) = (self.values.in_place(), &self.job.watch) {
            while done < n {
                threads::go_on()?;
                let now = LEAF.min(n - done);
                self.acc.add(isa, all.part(start + done, now));
                done += now;
            }
            return Ok(false);
        }
        while done < n {
            if (done / self.block).is_multiple_of(BLOCKS) {
                threads::go_on()?;
            }
            let now = self.block.min(n - done);
            self.values.run(isa, start + done, now, &mut self.scratch)?;
            let x = self.scratch.lanes().head(now);
            self.acc.add(isa, x);
            finite = finite && judged && watch::finite(x);
            done += now;
        }
        Ok(finite)
    }
}

/// Results of runs of `row` neighbours each, without a plan; float64 in so many lanes.
pub(in crate::exec) fn of_rows(isa: Isa, op: Reduce, x: Lanes<'_>, row: usize, lanes: usize, out: &mut [u8]) {
    let mut acc = Accumulator::new(op, x.dtype(), lanes);
    for (r, o) in out.chunks_exact_mut(op.result(x.dtype()).size()).enumerate() {
        acc.add(isa, x.part(r * row, row));
        acc.value().write_to(o);
        acc.reset();
    }
}
