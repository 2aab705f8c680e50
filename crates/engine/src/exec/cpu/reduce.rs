//! Reductions with the program before them fused in: blocks are computed into a scratch register
//! and added at once.

use opusclip_raw::kernel::complex::ComplexNumber;
use opusclip_raw::kernel::minmax::min_max;
use opusclip_raw::kernel::sum::{CompensatedSum, ExactSum, sum_int, sum_reference};
use opusclip_raw::{DType, Element, Isa};

use super::interpret::{Machine, views};
use super::table::Table;
use super::watched::Reduction;
use crate::array::shape::product;
use crate::array::{Array, Scalar, Strided};
use crate::error::{Error, Result};
use crate::exec::rules::{LEAF, better, extreme, join};
use crate::ops::complex::quotient;
use crate::ops::lanes::{Block, Lane, Lanes, LanesMut, with_complex, with_number};
use crate::ops::{self, Elementwise, RUN, Reduce, watch};
use crate::plan::Program;

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
}

/// Where the values to be reduced come from.
enum Values<'a> {
    Computed(Machine<'a>),
    /// Bytes, where they are put, and the table.
    LookedUp(Machine<'a>, Block, &'a Table),
}

impl Values<'_> {
    /// Elements `start…`, `n` of them, into `out`.
    fn run(&mut self, isa: Isa, start: usize, n: usize, out: &mut Block) -> Result<()> {
        match self {
            Values::Computed(machine) => {
                machine.run(start, n, out.head_mut(n));
                Ok(())
            }
            Values::LookedUp(machine, bytes, table) => {
                machine.run(start, n, bytes.head_mut(n));
                table.look_up(isa, bytes.lanes().head(n), out.head_mut(n))
            }
        }
    }
}

/// One result in the making.
struct Accumulator {
    op: Reduce,
    dtype: DType,
    /// Elements so far.
    count: usize,
    /// Elements in the open leaf.
    in_leaf: usize,
    leaves: Vec<f64>,
    exact: ExactSum,
    compensated: CompensatedSum,
    integer: i128,
    best: Option<Scalar>,
    truth: bool,
    /// The sums of the real and of the imaginary parts, for complex elements.
    parts: Option<Box<[Accumulator; 2]>>,
}

impl Accumulator {
    fn new(op: Reduce, dtype: DType) -> Accumulator {
        Accumulator {
            op,
            dtype,
            count: 0,
            in_leaf: 0,
            leaves: Vec::new(),
            exact: ExactSum::new(),
            compensated: CompensatedSum::new(),
            integer: 0,
            best: None,
            truth: op == Reduce::All,
            parts: (matches!(op, Reduce::Sum | Reduce::Mean) && dtype.is_complex())
                .then(|| Box::new([Accumulator::new(op, dtype.real()), Accumulator::new(op, dtype.real())])),
        }
    }

    fn reset(&mut self) {
        self.count = 0;
        self.in_leaf = 0;
        self.leaves.clear();
        self.exact.reset();
        self.compensated.reset();
        self.integer = 0;
        self.best = None;
        self.truth = self.op == Reduce::All;
        self.parts.iter_mut().for_each(|p| p.iter_mut().for_each(Accumulator::reset));
    }

    fn add(&mut self, isa: Isa, x: Lanes<'_>) {
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
                    let mut one = Block::new(T::DTYPE, 1);
                    if let [slot, ..] = T::lanes_mut(one.head_mut(1)) {
                        *slot = v;
                    }
                    self.take_better(one.first());
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

    fn close_leaf(&mut self) {
        let sum = if self.dtype == DType::F64 { self.compensated.value() } else { self.exact.value() };
        self.leaves.push(sum);
        self.exact.reset();
        self.compensated.reset();
        self.in_leaf = 0;
    }

    fn value(&mut self) -> Scalar {
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
    // The reduced axes are moved last for every operand alike: the program does not care.
    let rank = job.over.len();
    let order: Vec<usize> = (0..rank).filter(|a| !job.axes.contains(a)).chain(job.axes.iter().copied()).collect();
    let permute = |v: Strided<'a>| Strided {
        shape: order.iter().map(|&a| v.shape[a]).collect(),
        strides: order.iter().map(|&a| v.strides[a]).collect(),
        ..v
    };
    let moved: Vec<Strided<'_>> = views(job.inputs, job.over).into_iter().map(permute).collect();
    let row = product(&job.axes.iter().map(|&a| job.over[a]).collect::<Vec<_>>());
    let dtype = job.program.dtype;
    let item = job.op.result(dtype).size();
    let bytes_only;
    let (mut values, block) = match job.table {
        Some((table, operand)) => {
            let index =
                moved.into_iter().nth(operand).ok_or_else(|| Error::internal("a program has no such operand"))?;
            bytes_only = Program::operand(index.dtype);
            let machine = Machine::new(job.isa, &bytes_only, vec![index])?;
            let block = machine.block;
            (Values::LookedUp(machine, Block::new(bytes_only.dtype, block), table), block)
        }
        None => {
            let mut machine = Machine::new(job.isa, job.program, moved)?;
            machine.watcher = job.watch.as_ref().map(|w| w.values.clone().ordered(job.over, &order));
            let block = machine.block;
            (Values::Computed(machine), block)
        }
    };
    let mut scratch = Block::new(dtype, block);
    let mut acc = Accumulator::new(job.op, dtype);
    let rows = out.len() / item;
    let mut results = out.chunks_exact_mut(item);
    // Sums are judged by whether their values were finite.
    let sums = matches!(job.op, Reduce::Sum | Reduce::Mean) && job.op.result(dtype).is_float();
    let judge = job.watch.as_ref().filter(|_| sums);
    let finite = |x: Lanes<'_>| judge.is_some() && watch::finite(x);
    let put = |o: &mut [u8], r: usize, v: Scalar, finite: bool| {
        if let (Some(judge), true) = (judge, finite) {
            judge.look(job.op, v, r);
        }
        o.copy_from_slice(&v.bytes());
    };
    if row == 0 {
        results.enumerate().for_each(|(r, o)| put(o, r, acc.value(), true));
        return Ok(());
    }
    if row >= block / 4 {
        for (r, o) in results.enumerate() {
            let (mut done, mut all_finite) = (0, true);
            while done < row {
                let n = block.min(row - done);
                values.run(job.isa, r * row + done, n, &mut scratch)?;
                acc.add(job.isa, scratch.lanes().head(n));
                all_finite = all_finite && finite(scratch.lanes().head(n));
                done += n;
            }
            put(o, r, acc.value(), all_finite);
            acc.reset();
        }
        return Ok(());
    }
    // Short rows: many in one block.
    let together = block / row;
    let mut r = 0;
    while r < rows {
        let k = together.min(rows - r);
        values.run(job.isa, r * row, k * row, &mut scratch)?;
        let lanes = scratch.lanes().head(k * row);
        for j in 0..k {
            let Some(o) = results.next() else { return Ok(()) };
            let part = lanes.part(j * row, row);
            match short_sum(job.op, part) {
                Some(v) => put(o, r + j, v, finite(part)),
                None => {
                    acc.add(job.isa, part);
                    put(o, r + j, acc.value(), finite(part));
                    acc.reset();
                }
            }
        }
        r += k;
    }
    Ok(())
}

/// A sum of a few f32 without the machinery: exact in f64, checked by its error terms.
fn short_sum(op: Reduce, x: Lanes<'_>) -> Option<Scalar> {
    let Lanes::F32(x) = x else { return None };
    if !matches!(op, Reduce::Sum | Reduce::Mean) {
        return None;
    }
    let mut sum = 0.0f64;
    let mut exact = true;
    for &v in x {
        let v = f64::from(v);
        let next = sum + v;
        let back = next - sum;
        exact &= (sum - (next - back)) + (v - back) == 0.0;
        sum = next;
    }
    if !exact {
        // Also infinities and NaN come here.
        let wide: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        sum = sum_reference(&wide);
    }
    Some(Scalar::from_f64(DType::F32, if op == Reduce::Mean { sum / x.len() as f64 } else { sum }))
}
