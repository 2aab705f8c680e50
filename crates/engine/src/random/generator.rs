//! Arrays of random numbers from a stream.

use std::fmt;

use opusclip_raw::{Buffer, DType, Element};

use super::bounded;
use super::pcg::Pcg64;
use super::seed::{Seed, SeedSequence};
use super::ziggurat::{exponential_f32, exponential_f64, normal_f32, normal_f64};
use crate::array::promote::int_range;
use crate::array::shape::count;
use crate::array::{Array, zeroed};
use crate::error::{Error, Result};

/// NumPy's `default_rng(seed)`: the same seed and the same calls give the same arrays.
///
/// ```
/// use opusclip_engine::DType;
/// use opusclip_engine::random::Generator;
///
/// let mut rng = Generator::new(42)?;
/// // np.random.default_rng(42).random(3)
/// assert_eq!(rng.random(&[3], DType::F64)?.to_vec::<f64>()?, [0.7739560485559633, 0.4388784397520523, 0.8585979199113825]);
/// // …and then .integers(0, 10, (2, 2))
/// assert_eq!(rng.integers(0, 10, &[2, 2], DType::I64, false)?.to_vec::<i64>()?, [0, 6, 2, 0]);
/// # Ok::<(), opusclip_engine::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Generator {
    pub(super) bits: Pcg64,
    seeds: SeedSequence,
}

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state alone would invite to predict it; the seed is what repeats the run.
        f.debug_struct("Generator")
            .field("entropy", &self.seeds.entropy())
            .field("spawn_key", &self.seeds.spawn_key())
            .finish()
    }
}

/// Refuses a parameter with its sign bit set; NaN passes, as in NumPy, and makes NaN.
pub(super) fn not_negative(op: &str, name: &str, v: f64) -> Result<()> {
    if v.is_sign_negative() && !v.is_nan() {
        return Err(Error::value(op, format!("{name} = {v} was given; it must not be negative")));
    }
    Ok(())
}

/// Room for `shape`, with the number of its elements.
pub(super) fn room(op: &str, shape: &[usize], dtype: DType) -> Result<Buffer> {
    count(op, shape, dtype.size())?;
    zeroed(dtype, shape)
}

impl Generator {
    /// The generator of a seed: a non-negative integer, words of 32 bits, a [`SeedSequence`], or
    /// [`Seed::fresh`] for another one at each run.
    ///
    /// # Errors
    /// A negative seed.
    pub fn new(seed: impl Into<Seed>) -> Result<Generator> {
        let seeds = seed.into().0?;
        Ok(Generator { bits: Pcg64::new(&seeds), seeds })
    }

    /// A generator over a stream at any place. `seeds` is what [`Generator::spawn`] makes children of.
    pub fn from_parts(bits: Pcg64, seeds: SeedSequence) -> Generator {
        Generator { bits, seeds }
    }

    /// The stream.
    pub fn bit_generator(&self) -> &Pcg64 {
        &self.bits
    }

    /// The stream, to draw raw bits from it or to move it.
    pub fn bit_generator_mut(&mut self) -> &mut Pcg64 {
        &mut self.bits
    }

    /// The seeds that the stream began with.
    pub fn seed_seq(&self) -> &SeedSequence {
        &self.seeds
    }

    /// `n` generators for parts of the work, independent of this one and of each other: NumPy's
    /// `spawn`. This stream does not move; the next call makes other children.
    ///
    /// ```
    /// use opusclip_engine::DType;
    /// use opusclip_engine::random::Generator;
    ///
    /// // Each part has its own stream, so the answer does not depend on the number of threads.
    /// let parts = Generator::new(7)?.spawn(4)?;
    /// let rows: Vec<_> = std::thread::scope(|s| {
    ///     let threads: Vec<_> =
    ///         parts.into_iter().map(|mut rng| s.spawn(move || rng.random(&[1000], DType::F32))).collect();
    ///     threads.into_iter().map(|t| t.join().unwrap()).collect::<Result<_, _>>()
    /// })?;
    /// assert_eq!(rows.len(), 4);
    /// # Ok::<(), opusclip_engine::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`SeedSequence::spawn`].
    pub fn spawn(&mut self, n: usize) -> Result<Vec<Generator>> {
        let children = self.seeds.spawn(n)?;
        Ok(children.into_iter().map(|seeds| Generator { bits: Pcg64::new(&seeds), seeds }).collect())
    }

    /// An array of `one` after another, in C order.
    #[inline(always)]
    pub(super) fn fill<T: Element>(
        &mut self,
        op: &str,
        shape: &[usize],
        mut one: impl FnMut(&mut Pcg64) -> T,
    ) -> Result<Array> {
        let mut buffer = room(op, shape, T::DTYPE)?;
        // A copy of its own may stay in registers.
        let mut bits = self.bits.clone();
        buffer.as_mut_slice::<T>().iter_mut().for_each(|o| *o = one(&mut bits));
        self.bits = bits;
        Ok(Array::from_buffer(buffer, T::DTYPE, shape.to_vec()))
    }

    fn float(
        &mut self,
        op: &str,
        shape: &[usize],
        dtype: DType,
        wide: impl FnMut(&mut Pcg64) -> f64,
        single: impl FnMut(&mut Pcg64) -> f32,
    ) -> Result<Array> {
        match dtype {
            DType::F64 => self.fill(op, shape, wide),
            DType::F32 => self.fill(op, shape, single),
            other => Err(Error::dtype(op, format!("{other} was asked for; float64 or float32 can be drawn"))),
        }
    }

    /// Uniform floats of [0, 1): multiples of 2^-53 (`float64`) or 2^-24 (`float32`). NumPy's
    /// `random(shape, dtype)`, to the bit.
    ///
    /// # Errors
    /// Another element type; a shape that memory cannot hold.
    pub fn random(&mut self, shape: &[usize], dtype: DType) -> Result<Array> {
        self.float("random", shape, dtype, Pcg64::next_f64, Pcg64::next_f32)
    }

    /// Integers of `low` to `high`, every one as likely as the others; `high` itself only if
    /// `endpoint`. All integer types and `bool`. NumPy's `integers(low, high, shape, dtype,
    /// endpoint)`, to the bit.
    ///
    /// # Errors
    /// No integer between the bounds, bounds that the type does not hold (unless the array is
    /// empty, as in NumPy), a float type; a shape that memory cannot hold.
    pub fn integers(&mut self, low: i128, high: i128, shape: &[usize], dtype: DType, endpoint: bool) -> Result<Array> {
        const OP: &str = "integers";
        if !(dtype.is_integer() || dtype == DType::Bool) {
            return Err(Error::dtype(OP, format!("{dtype} was asked for; an integer type or bool can be drawn")));
        }
        let (least, most) = int_range(dtype);
        let mut buffer = room(OP, shape, dtype)?;
        if !buffer.is_empty() {
            let last = if endpoint { high } else { high.saturating_sub(1) };
            for (name, v) in [("low", low), ("high", last)] {
                if v < least || v > most {
                    return Err(Error::value(
                        OP,
                        format!("{name} is out of bounds for {dtype}: {v} is not in {least} to {most}"),
                    ));
                }
            }
            if low > last {
                let (sign, close) = if endpoint { (">", ']') } else { (">=", ')') };
                return Err(Error::value(OP, format!("low {sign} high: no integer is in [{low}, {high}{close}")));
            }
            // Both fit the type, so that both fit its unsigned twin modulo its size.
            let range = last.wrapping_sub(low);
            let g = &mut self.bits;
            let b = &mut buffer;
            match dtype {
                DType::Bool => bounded::fill_bool(g, low != 0, range != 0, b.as_mut_slice()),
                DType::U8 | DType::I8 => bounded::fill::<u8>(g, low as u8, range as u8, b.as_mut_slice()),
                DType::U16 | DType::I16 => bounded::fill::<u16>(g, low as u16, range as u16, b.as_mut_slice()),
                DType::U32 | DType::I32 => bounded::fill::<u32>(g, low as u32, range as u32, b.as_mut_slice()),
                _ => bounded::fill_u64(g, low as u64, range as u64, b.as_mut_slice()),
            }
        }
        Ok(Array::from_buffer(buffer, dtype, shape.to_vec()))
    }

    /// `n` random bytes: NumPy's `bytes(n)`.
    ///
    /// # Errors
    /// More than memory can hold.
    pub fn bytes(&mut self, n: usize) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let room = n.div_ceil(4).max(1).saturating_mul(4);
        out.try_reserve_exact(room).map_err(|_| crate::array::out_of_memory(room))?;
        // NumPy draws one word for no bytes, too.
        for _ in 0..n.div_ceil(4).max(1) {
            out.extend(self.bits.next_u32().to_le_bytes());
        }
        out.truncate(n);
        Ok(out)
    }

    /// Normal numbers of mean 0 and deviation 1, `float64` or `float32`, by ziggurat. NumPy's
    /// `standard_normal(shape, dtype)`, to the bit within ±3.65; about one of 1000 numbers beyond
    /// may differ in the last bit.
    ///
    /// # Errors
    /// Another element type; a shape that memory cannot hold.
    pub fn standard_normal(&mut self, shape: &[usize], dtype: DType) -> Result<Array> {
        self.float("standard_normal", shape, dtype, normal_f64, normal_f32)
    }

    /// Normal numbers of mean `loc` and deviation `scale`, `float64`: NumPy's
    /// `normal(loc, scale, shape)`.
    ///
    /// # Errors
    /// A negative `scale`; a shape that memory cannot hold.
    pub fn normal(&mut self, loc: f64, scale: f64, shape: &[usize]) -> Result<Array> {
        not_negative("normal", "scale", scale)?;
        self.fill("normal", shape, |g| loc + scale * normal_f64(g))
    }

    /// Uniform `float64` of [`low`, `high`): `low + (high - low) * random()`, whose rounding may
    /// reach `high`. NumPy's `uniform(low, high, shape)`, to the bit.
    ///
    /// # Errors
    /// `high` below `low`, a distance that is not finite; a shape that memory cannot hold.
    pub fn uniform(&mut self, low: f64, high: f64, shape: &[usize]) -> Result<Array> {
        let range = high - low;
        if !range.is_finite() || range.is_sign_negative() {
            return Err(Error::value(
                "uniform",
                format!("[{low}, {high}) was given; high must not be below low, and high - low must be finite"),
            ));
        }
        self.fill("uniform", shape, |g| low + range * g.next_f64())
    }

    /// Exponential numbers of mean 1, `float64` or `float32`, by ziggurat. NumPy's
    /// `standard_exponential(shape, dtype)`, to the bit up to 7.69; about one of 1000 numbers
    /// beyond may differ in the last bit.
    ///
    /// # Errors
    /// Another element type; a shape that memory cannot hold.
    pub fn standard_exponential(&mut self, shape: &[usize], dtype: DType) -> Result<Array> {
        self.float("standard_exponential", shape, dtype, exponential_f64, exponential_f32)
    }

    /// Exponential numbers of mean `scale`, `float64`: NumPy's `exponential(scale, shape)`.
    ///
    /// # Errors
    /// A negative `scale`; a shape that memory cannot hold.
    pub fn exponential(&mut self, scale: f64, shape: &[usize]) -> Result<Array> {
        not_negative("exponential", "scale", scale)?;
        self.fill("exponential", shape, |g| scale * exponential_f64(g))
    }
}
