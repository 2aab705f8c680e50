//! Seeds: integers spread over as many well-mixed words as a generator asks for.
//!
//! The algorithm is NumPy's `SeedSequence`, after Melissa O'Neill's "Developing a seed_seq
//! alternative" (2015).

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::array::out_of_memory;
use crate::error::{Error, Result};

const POOL: usize = 4;
const INIT_A: u32 = 0x43b0_d7e5;
const MULT_A: u32 = 0x931e_8875;
const INIT_B: u32 = 0x8b51_f9dd;
const MULT_B: u32 = 0x58f3_8ded;
const MIX_L: u32 = 0xca01_f9dd;
const MIX_R: u32 = 0x4973_f715;

/// A hash whose multiplier moves on with every word.
struct Hash {
    at: u32,
    step: u32,
}

impl Hash {
    fn next(&mut self, word: u32) -> u32 {
        let word = word ^ self.at;
        self.at = self.at.wrapping_mul(self.step);
        let word = word.wrapping_mul(self.at);
        word ^ (word >> 16)
    }
}

fn mix(x: u32, y: u32) -> u32 {
    let r = MIX_L.wrapping_mul(x).wrapping_sub(MIX_R.wrapping_mul(y));
    r ^ (r >> 16)
}

/// Where a stream begins: what [`Generator::new`](super::Generator::new) takes.
///
/// A non-negative integer, words (`Vec<u32>`, `&[u32]`, `[u32; N]`: NumPy's list of integers below
/// 2^32), a [`SeedSequence`], or [`Seed::fresh`].
#[derive(Clone, Debug)]
pub struct Seed(pub(super) Result<SeedSequence>);

impl Seed {
    /// Another seed at each call, from the system's entropy: what `default_rng()` does.
    ///
    /// 128 bits of hashes under keys that the standard library takes from the system's source of
    /// randomness, mixed with the time and the process. Good for streams that must differ, not
    /// for secrets.
    pub fn fresh() -> Seed {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
        let word = |n: u64| {
            let mut hasher = RandomState::new().build_hasher();
            hasher.write_u128(now);
            hasher.write_u32(std::process::id());
            hasher.write_u64(n);
            hasher.finish()
        };
        Seed::from(u128::from(word(0)) << 64 | u128::from(word(1)))
    }
}

impl From<u128> for Seed {
    fn from(n: u128) -> Self {
        Seed(Ok(SeedSequence::new(n)))
    }
}

impl From<u64> for Seed {
    fn from(n: u64) -> Self {
        Seed::from(u128::from(n))
    }
}

impl From<u32> for Seed {
    fn from(n: u32) -> Self {
        Seed::from(u128::from(n))
    }
}

impl From<usize> for Seed {
    fn from(n: usize) -> Self {
        Seed::from(n as u128)
    }
}

impl From<i64> for Seed {
    fn from(n: i64) -> Self {
        match u128::try_from(n) {
            Ok(n) => Seed::from(n),
            Err(_) => Seed(Err(Error::value("random", format!("the seed {n} was given; it must not be negative")))),
        }
    }
}

impl From<i32> for Seed {
    fn from(n: i32) -> Self {
        Seed::from(i64::from(n))
    }
}

impl From<Vec<u32>> for Seed {
    fn from(words: Vec<u32>) -> Self {
        Seed(Ok(SeedSequence::from_words(words)))
    }
}

impl From<&[u32]> for Seed {
    fn from(words: &[u32]) -> Self {
        Seed::from(words.to_vec())
    }
}

impl<const N: usize> From<[u32; N]> for Seed {
    fn from(words: [u32; N]) -> Self {
        Seed::from(words.to_vec())
    }
}

impl From<SeedSequence> for Seed {
    fn from(sequence: SeedSequence) -> Self {
        Seed(Ok(sequence))
    }
}

/// NumPy's `SeedSequence` with its pool of 4 words: mixes integers of any quality into the words
/// that start a generator, and makes children whose words have nothing to do with the parent's.
///
/// ```
/// use opusclip_engine::random::SeedSequence;
///
/// let mut seeds = SeedSequence::new(42);
/// assert_eq!(seeds.generate_state_u32(2), [3444837047, 2669555309]);
/// let children = seeds.spawn(2)?;
/// assert_eq!(children[1].spawn_key(), [1]);
/// # Ok::<(), opusclip_engine::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedSequence {
    entropy: Vec<u32>,
    spawn_key: Vec<u32>,
    spawned: u32,
    pool: [u32; POOL],
}

impl SeedSequence {
    /// The sequence of one integer.
    pub fn new(entropy: u128) -> Self {
        let mut words = vec![entropy as u32];
        let mut rest = entropy >> 32;
        while rest > 0 {
            words.push(rest as u32);
            rest >>= 32;
        }
        Self::from_words(words)
    }

    /// The sequence of several integers below 2^32; a larger one is its words, lowest first.
    pub fn from_words(entropy: Vec<u32>) -> Self {
        Self::with_spawn_key(entropy, Vec::new())
    }

    /// The sequence at a place in the tree of children: `spawn_key` is the number of the child at
    /// each step from the root. [`SeedSequence::spawn`] makes these.
    pub fn with_spawn_key(entropy: Vec<u32>, spawn_key: Vec<u32>) -> Self {
        let mut words = entropy.clone();
        if !spawn_key.is_empty() {
            // Else the key of a child could be read as more entropy of the root.
            words.resize(words.len().max(POOL), 0);
            words.extend(&spawn_key);
        }
        let mut hash = Hash { at: INIT_A, step: MULT_A };
        let mut pool = [0u32; POOL];
        for (i, p) in pool.iter_mut().enumerate() {
            *p = hash.next(words.get(i).copied().unwrap_or(0));
        }
        for from in 0..POOL {
            for to in 0..POOL {
                if from != to {
                    pool[to] = mix(pool[to], hash.next(pool[from]));
                }
            }
        }
        for &word in words.iter().skip(POOL) {
            for p in &mut pool {
                *p = mix(*p, hash.next(word));
            }
        }
        SeedSequence { entropy, spawn_key, spawned: 0, pool }
    }

    /// The words that were given.
    pub fn entropy(&self) -> &[u32] {
        &self.entropy
    }

    /// The number of the child at each step from the root; empty for the root.
    pub fn spawn_key(&self) -> &[u32] {
        &self.spawn_key
    }

    /// How many children there are so far.
    pub fn n_children_spawned(&self) -> u32 {
        self.spawned
    }

    fn states(&self) -> impl Iterator<Item = u32> {
        let mut hash = Hash { at: INIT_B, step: MULT_B };
        self.pool.into_iter().cycle().map(move |word| hash.next(word))
    }

    /// `n` words of 32 bits: NumPy's `generate_state(n, np.uint32)`.
    pub fn generate_state_u32(&self, n: usize) -> Vec<u32> {
        self.states().take(n).collect()
    }

    /// `n` words of 64 bits: NumPy's `generate_state(n, np.uint64)`.
    pub fn generate_state_u64(&self, n: usize) -> Vec<u64> {
        let mut words = self.states();
        let mut next = || u64::from(words.next().unwrap_or(0));
        (0..n).map(|_| next() | next() << 32).collect()
    }

    /// The next `n` children. Each call gives others.
    ///
    /// # Errors
    /// More than 2^32 - 1 children in all, or not enough memory for them.
    pub fn spawn(&mut self, n: usize) -> Result<Vec<SeedSequence>> {
        let end = u32::try_from(n).ok().and_then(|n| self.spawned.checked_add(n)).ok_or_else(|| {
            Error::value(
                "spawn",
                format!("{n} children after {} were asked for; there can be {} in all", self.spawned, u32::MAX),
            )
        })?;
        let mut children = Vec::new();
        children.try_reserve_exact(n).map_err(|_| out_of_memory(n.saturating_mul(size_of::<SeedSequence>())))?;
        children.extend((self.spawned..end).map(|i| {
            let mut key = self.spawn_key.clone();
            key.push(i);
            SeedSequence::with_spawn_key(self.entropy.clone(), key)
        }));
        self.spawned = end;
        Ok(children)
    }
}
