//! Orders and samples: shuffling, permutations, choice.

use opusclip_raw::{Buffer, DType};

use super::bounded::{fill_u64, index, masked_index};
use super::generator::{Generator, room};
use super::pcg::Pcg64;
use crate::array::shape::{axis as axis_of, c_strides, count};
use crate::array::{Array, Strided, out_of_memory};
use crate::error::{Error, Result};

/// What is permuted or chosen from: the integers below a number, or the parts of an array.
#[derive(Clone, Debug)]
pub enum Population {
    /// 0, 1, … below the number, as `int64`.
    Below(usize),
    /// The parts of an array along an axis.
    Of(Array),
}

impl From<usize> for Population {
    fn from(n: usize) -> Self {
        Population::Below(n)
    }
}

impl From<Array> for Population {
    fn from(a: Array) -> Self {
        Population::Of(a)
    }
}

impl From<&Array> for Population {
    fn from(a: &Array) -> Self {
        Population::Of(a.clone())
    }
}

/// How [`Generator::choice`] chooses; the default is NumPy's.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<'a> {
    /// Whether a part may come twice.
    pub replace: bool,
    /// The likelihood of each part, in all 1; all alike without.
    pub p: Option<&'a [f64]>,
    /// The axis whose parts are chosen.
    pub axis: isize,
    /// Whether the order of a sample without replacement is random, too. Without, it is cheaper.
    pub shuffle: bool,
}

impl Default for Choice<'_> {
    fn default() -> Self {
        Choice { replace: true, p: None, axis: 0, shuffle: true }
    }
}

/// 0, 1, … below `n`.
fn arange(op: &str, n: usize) -> Result<Buffer> {
    let mut buffer = room(op, &[n], DType::I64)?;
    buffer.as_mut_slice::<i64>().iter_mut().zip(0..).for_each(|(o, i)| *o = i);
    Ok(buffer)
}

/// Fisher and Yates from the end down to position `first`.
fn shuffle_from(g: &mut Pcg64, first: usize, x: &mut [i64], one: impl Fn(&mut Pcg64, u64) -> u64) {
    for i in (first..x.len()).rev() {
        let j = one(g, i as u64);
        x.swap(i, j as usize);
    }
}

/// The parts `at` of `a` along `axis`, as NumPy's `take` with indices of shape `lead`.
fn take(op: &str, a: &Array, axis: usize, at: &[i64], lead: &[usize]) -> Result<Array> {
    let mut rest = a.shape().to_vec();
    rest.remove(axis);
    let mut strides = a.strides().to_vec();
    let step = strides.remove(axis);
    let mut shape = lead.to_vec();
    shape.extend(&rest);
    let mut buffer = room(op, &shape, a.dtype())?;
    let all = a.strided();
    let start = all.offset as isize;
    let mut part = Strided { shape: rest.into(), strides: strides.into(), ..all }.collapsed();
    let bytes = buffer.len().checked_div(at.len()).unwrap_or(0);
    let item = a.dtype().size();
    if bytes == item {
        // Single elements need no walk.
        for (&i, out) in at.iter().zip(buffer.bytes_mut().chunks_exact_mut(item)) {
            let from = (start + i as isize * step) as usize * item;
            if let Some(element) = part.bytes.get(from..from + item) {
                out.copy_from_slice(element);
            }
        }
    } else if bytes > 0 {
        for (&i, out) in at.iter().zip(buffer.bytes_mut().chunks_exact_mut(bytes)) {
            part.offset = (start + i as isize * step) as usize;
            part.gather(0, out);
        }
    }
    let out = Array::from_buffer(buffer, a.dtype(), shape.clone());
    if axis == 0 {
        return Ok(out);
    }
    // The new axes stand first and belong where the old one was.
    let (n, from) = (lead.len(), c_strides(&shape));
    let order: Vec<usize> = (n..n + axis).chain(0..n).chain(n + axis..shape.len()).collect();
    let moved = |v: &[usize]| order.iter().filter_map(|&i| v.get(i).copied()).collect::<Vec<_>>();
    let strides: Vec<isize> = order.iter().filter_map(|&i| from.get(i).copied()).collect();
    out.restride(moved(&shape), strides, 0).to_contiguous()
}

/// Which integers were taken: a table with a free slot after each run. They are random, so that
/// their low bits are as good as a hash.
struct Taken(Vec<u64>);

impl Taken {
    const FREE: u64 = u64::MAX;

    /// Room for `n` of them, at most two of three slots full.
    fn of(n: usize) -> Result<Taken> {
        let slots = n.saturating_add(n / 2 + 2).checked_next_power_of_two().unwrap_or(usize::MAX);
        let mut table = Vec::new();
        table.try_reserve_exact(slots).map_err(|_| out_of_memory(slots.saturating_mul(8)))?;
        table.resize(slots, Self::FREE);
        Ok(Taken(table))
    }

    /// True when `v` was not there yet.
    fn insert(&mut self, v: u64) -> bool {
        let mask = self.0.len() - 1;
        let mut at = v as usize & mask;
        while self.0[at] != Self::FREE {
            if self.0[at] == v {
                return false;
            }
            at = (at + 1) & mask;
        }
        self.0[at] = v;
        true
    }
}

/// Refuses likelihoods that are none; NumPy's checks in NumPy's order.
fn check_likelihoods(p: &[f64], n: usize) -> Result<()> {
    let fault = |what: String| Err(Error::value("choice", what));
    if p.len() != n {
        return fault(format!("p has {} likelihoods for {n} parts; give one for each", p.len()));
    }
    // Kahan's sum, so that many small ones do not drift.
    let (mut sum, mut lost) = (0.0f64, 0.0f64);
    for (i, &v) in p.iter().enumerate() {
        if i == 0 {
            sum = v;
            continue;
        }
        let y = v - lost;
        let t = sum + y;
        lost = (t - sum) - y;
        sum = t;
    }
    if sum.is_nan() {
        return fault("the likelihoods p contain NaN; give numbers of at least 0".into());
    }
    if let Some(v) = p.iter().find(|v| **v < 0.0) {
        return fault(format!("the likelihood {v} is negative; each must be at least 0"));
    }
    if (sum - 1.0).abs() > f64::EPSILON.sqrt() {
        return fault(format!("the likelihoods p sum to {sum}; divide them by their sum to make it 1"));
    }
    Ok(())
}

/// Running sums over their last.
fn cumulative(p: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut all: Vec<f64> = p
        .iter()
        .map(|v| {
            sum += v;
            sum
        })
        .collect();
    all.iter_mut().for_each(|v| *v /= sum);
    all
}

/// The part in whose share of [0, 1) `x` lies: NumPy's `searchsorted` from the right.
fn place(sums: &[f64], x: f64) -> i64 {
    sums.partition_point(|s| *s <= x) as i64
}

impl Generator {
    /// The parts of `x` along `axis` in random order, or the integers below `x` (then `axis` is
    /// of no use). NumPy's `permutation(x, axis)`, to the bit.
    ///
    /// ```
    /// use opusclip_engine::random::Generator;
    ///
    /// // np.random.default_rng(3).permutation(5)
    /// let order = Generator::new(3)?.permutation(5, 0)?;
    /// assert_eq!(order.to_vec::<i64>()?, [4, 2, 1, 3, 0]);
    /// # Ok::<(), opusclip_engine::Error>(())
    /// ```
    ///
    /// # Errors
    /// An axis that the array has not, a shape that memory cannot hold.
    pub fn permutation(&mut self, x: impl Into<Population>, axis: isize) -> Result<Array> {
        const OP: &str = "permutation";
        match x.into() {
            Population::Below(n) => {
                let order = self.shuffled(OP, n)?;
                Ok(Array::from_buffer(order, DType::I64, vec![n]))
            }
            Population::Of(a) => {
                let axis = axis_of(OP, axis, a.ndim())?;
                let n = a.shape()[axis];
                let order = self.shuffled(OP, n)?;
                take(OP, &a, axis, order.as_slice(), &[n])
            }
        }
    }

    /// The parts of `x` along `axis` in random order: what NumPy's `shuffle(x, axis)` leaves in
    /// `x`, to the bit. As [`Generator::permutation`], but an array without elements takes no draws.
    ///
    /// # Errors
    /// An axis that the array has not, a shape that memory cannot hold.
    pub fn shuffle(&mut self, x: &Array, axis: isize) -> Result<Array> {
        const OP: &str = "shuffle";
        let axis = axis_of(OP, axis, x.ndim())?;
        if x.size() == 0 {
            return Ok(x.clone());
        }
        let n = x.shape()[axis];
        let order = self.shuffled(OP, n)?;
        take(OP, x, axis, order.as_slice(), &[n])
    }

    /// 0, 1, … below `n` in random order.
    fn shuffled(&mut self, op: &str, n: usize) -> Result<Buffer> {
        let mut order = arange(op, n)?;
        shuffle_from(&mut self.bits, 1, order.as_mut_slice(), masked_index);
        Ok(order)
    }

    /// Every line of `x` along `axis` in a random order of its own; without an axis all elements.
    /// NumPy's `permuted(x, axis=axis)` of a C-ordered array, to the bit.
    ///
    /// # Errors
    /// An axis that the array has not, an array without axes, a shape that memory cannot hold.
    pub fn permuted(&mut self, x: &Array, axis: Option<isize>) -> Result<Array> {
        const OP: &str = "permuted";
        // NumPy refuses arrays without axes in both forms.
        let at = axis_of(OP, axis.unwrap_or(0), x.ndim())?;
        if x.size() == 0 {
            return Ok(x.clone());
        }
        let x = x.to_contiguous()?;
        let shape = x.shape().to_vec();
        // Where each element of the answer comes from, then one walk over all.
        let from = if axis.is_none() {
            self.shuffled(OP, x.size())?
        } else {
            let (n, step) = (shape[at], c_strides(&shape)[at] as usize);
            let mut from = arange(OP, x.size())?;
            let all = from.as_mut_slice::<i64>();
            for block in (0..x.size()).step_by(n * step) {
                for start in block..block + step {
                    for i in (1..n).rev() {
                        let j = masked_index(&mut self.bits, i as u64) as usize;
                        all.swap(start + i * step, start + j * step);
                    }
                }
            }
            from
        };
        let line = x.restride(vec![x.size()], vec![1], first(&x));
        let out = take(OP, &line, 0, from.as_slice(), &[x.size()])?;
        Ok(out.restride(shape.clone(), c_strides(&shape), 0))
    }

    /// A sample of `shape` from the integers below `a`, or from the parts of an array along
    /// `how.axis` (the sample's axes then stand where that axis was). NumPy's
    /// `choice(a, shape, replace, p, axis, shuffle)`, to the bit.
    ///
    /// ```
    /// use opusclip_engine::random::{Choice, Generator};
    ///
    /// let mut rng = Generator::new(0)?;
    /// // np.random.default_rng(0).choice(100, 4, replace=False)
    /// let frames = rng.choice(100, &[4], &Choice { replace: false, ..Choice::default() })?;
    /// assert_eq!(frames.to_vec::<i64>()?, [26, 50, 82, 62]);
    /// # Ok::<(), opusclip_engine::Error>(())
    /// ```
    ///
    /// # Errors
    /// Nothing to choose from, likelihoods that are negative or NaN, do not sum to 1 or are not
    /// one for each part, a sample larger than the population when nothing may come twice, an
    /// axis that the array has not, a shape that memory cannot hold.
    pub fn choice(&mut self, a: impl Into<Population>, shape: &[usize], how: &Choice<'_>) -> Result<Array> {
        const OP: &str = "choice";
        let a = a.into();
        let size = count(OP, shape, DType::I64.size())?;
        let (n, axis) = match &a {
            Population::Below(n) => (*n, 0),
            Population::Of(a) => {
                let axis = axis_of(OP, how.axis, a.ndim())?;
                (a.shape()[axis], axis)
            }
        };
        if n as u64 > i64::MAX as u64 {
            return Err(Error::value(OP, format!("a population of {n} was given; int64 counts to {}", i64::MAX)));
        }
        if n == 0 && size != 0 {
            return Err(Error::value(OP, "there is nothing to choose from: the population is empty"));
        }
        if let Some(p) = how.p {
            check_likelihoods(p, n)?;
        }
        let chosen = match (how.replace, how.p) {
            (true, None) => {
                let mut chosen = room(OP, shape, DType::I64)?;
                fill_u64(&mut self.bits, 0, (n as u64).wrapping_sub(1), chosen.as_mut_slice());
                chosen
            }
            (true, Some(p)) => {
                let sums = cumulative(p);
                let mut chosen = room(OP, shape, DType::I64)?;
                for o in chosen.as_mut_slice::<i64>() {
                    *o = place(&sums, self.bits.next_f64());
                }
                chosen
            }
            (false, _) if size > n => {
                return Err(Error::value(
                    OP,
                    format!("a sample of {size} from a population of {n} needs replacement; allow it or ask for less"),
                ));
            }
            (false, Some(p)) => self.distinct_with_likelihoods(p, size)?,
            (false, None) => self.distinct(n, size, how.shuffle)?,
        };
        match a {
            Population::Below(_) => Ok(Array::from_buffer(chosen, DType::I64, shape.to_vec())),
            Population::Of(a) => take(OP, &a, axis, chosen.as_slice(), shape),
        }
    }

    /// `size` different integers below `n`.
    fn distinct(&mut self, n: usize, size: usize, shuffle: bool) -> Result<Buffer> {
        const OP: &str = "choice";
        // NumPy's thresholds: a large part of a large population is its shuffled tail.
        if n > 10_000 && size > n / if shuffle { 50 } else { 20 } {
            let mut all = arange(OP, n)?;
            shuffle_from(&mut self.bits, (n - size).max(1), all.as_mut_slice(), index);
            let mut tail = room(OP, &[size], DType::I64)?;
            if let Some(from) = all.as_slice::<i64>().get(n - size..) {
                tail.as_mut_slice().copy_from_slice(from);
            }
            return Ok(tail);
        }
        // Floyd's: draw from ever longer ranges, and take the range's end where the draw was taken.
        let mut chosen = room(OP, &[size], DType::I64)?;
        let mut taken = Taken::of(size)?;
        let out = chosen.as_mut_slice::<i64>();
        for (o, last) in out.iter_mut().zip((n - size) as u64..) {
            let drawn = index(&mut self.bits, last);
            let free = if taken.insert(drawn) {
                drawn
            } else {
                taken.insert(last);
                last
            };
            *o = free as i64;
        }
        if shuffle {
            shuffle_from(&mut self.bits, 1, out, index);
        }
        Ok(chosen)
    }

    /// `size` different integers, drawn one round after another: what came before is out.
    fn distinct_with_likelihoods(&mut self, p: &[f64], size: usize) -> Result<Buffer> {
        const OP: &str = "choice";
        let possible = p.iter().filter(|v| **v > 0.0).count();
        if possible < size {
            return Err(Error::value(
                OP,
                format!(
                    "a sample of {size} different parts was asked for, but only {possible} have a likelihood above 0"
                ),
            ));
        }
        let mut p = p.to_vec();
        let mut chosen = room(OP, &[size], DType::I64)?;
        let out = chosen.as_mut_slice::<i64>();
        let mut have = 0;
        while have < size {
            // A likelihood is 0 from the round after the one in which its part was drawn.
            let sums = cumulative(&p);
            let missing = size - have;
            for _ in 0..missing {
                let drawn = place(&sums, self.bits.next_f64());
                if let Some(v) = p.get_mut(drawn as usize)
                    && *v > 0.0
                {
                    *v = 0.0;
                    out[have] = drawn;
                    have += 1;
                }
            }
        }
        Ok(chosen)
    }
}

/// The first element of a contiguous array, in elements of its storage.
fn first(x: &Array) -> usize {
    x.strided().offset
}
