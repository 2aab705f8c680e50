//! Buffers that are used again: a video needs the same few sizes for every frame.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{AllocError, Buffer};

/// What a [`Pool`] did and holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Takes served by a buffer that was there.
    pub hits: u64,
    /// Takes that went to the allocator.
    pub misses: u64,
    /// Bytes waiting to be used again.
    pub held_bytes: usize,
    /// Bytes in the hands of takers.
    pub out_bytes: usize,
    /// The most that held and taken bytes together ever were.
    pub peak_bytes: usize,
}

impl PoolStats {
    /// The share of takes that a buffer served which was there, 0 to 1; 0 before the first take.
    pub fn hit_rate(&self) -> f64 {
        let takes = self.hits.saturating_add(self.misses);
        if takes == 0 { 0.0 } else { self.hits as f64 / takes as f64 }
    }
}

#[derive(Default)]
struct Shelves {
    cap: usize,
    /// Bytes, taken and waiting, above which those that wait are freed before more are made.
    bound: Option<usize>,
    free: BTreeMap<usize, Vec<Buffer>>,
    stats: PoolStats,
}

impl Shelves {
    /// Takes buffers out, the largest first, until at most `bytes` wait.
    fn shrink(&mut self, bytes: usize) -> Vec<Buffer> {
        let mut gone = Vec::new();
        for (class, waiting) in self.free.iter_mut().rev() {
            while self.stats.held_bytes > bytes
                && let Some(buffer) = waiting.pop()
            {
                self.stats.held_bytes = self.stats.held_bytes.saturating_sub(*class);
                gone.push(buffer);
            }
        }
        self.free.retain(|_, waiting| !waiting.is_empty());
        gone
    }
}

struct Inner {
    shelves: Mutex<Shelves>,
}

/// What debug builds write into every buffer that is lent out, so that tests meet bytes which are shown
/// without having been written.
pub const POISON: u8 = 0xa5;

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Shelves> {
        // The shelves are consistent between statements: a panic elsewhere does not spoil them.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pool of buffers; clones share it. Dropping a [`PoolBuffer`] gives it back.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

/// The room that a request gets: a power of two or one and a half of one, so that sizes that
/// differ a little share buffers and at most a third is unused.
fn class(bytes: usize) -> usize {
    const SMALLEST: usize = 4096;
    const LARGE: usize = 32 << 20;
    if bytes == 0 {
        return 0;
    }
    if bytes > LARGE {
        // Whole results are of a few sizes only, and a third more of them is real money.
        return bytes.checked_next_multiple_of(1 << 20).unwrap_or(bytes);
    }
    let Some(up) = bytes.max(SMALLEST).checked_next_power_of_two() else { return bytes };
    let between = up / 4 * 3;
    if between >= bytes && between > SMALLEST { between } else { up }
}

impl Pool {
    /// A pool that keeps at most `cap_bytes` for later; what comes back above that is freed.
    pub fn new(cap_bytes: usize) -> Pool {
        Pool(Arc::new(Inner { shelves: Mutex::new(Shelves { cap: cap_bytes, ..Shelves::default() }) }))
    }

    /// The same as [`Pool::take`], and whether the buffer had to be made.
    ///
    /// # Errors
    /// [`AllocError`] when the allocator refuses.
    pub fn take_telling(&self, bytes: usize) -> Result<(PoolBuffer, bool), AllocError> {
        let (mut buffer, fresh) = self.lend(bytes)?;
        if cfg!(debug_assertions) {
            buffer.bytes_mut().fill(POISON);
        }
        Ok((buffer, fresh))
    }

    /// A buffer whose content is what it was, or zeros if it had to be made.
    fn lend(&self, bytes: usize) -> Result<(PoolBuffer, bool), AllocError> {
        let class = class(bytes);
        let mut shelves = self.0.lock();
        let found = shelves.free.get_mut(&class).and_then(Vec::pop);
        let fresh = found.is_none();
        let buffer = match found {
            Some(mut b) => {
                shelves.stats.hits += 1;
                shelves.stats.held_bytes -= class;
                b.set_len(bytes);
                b
            }
            None => {
                shelves.stats.misses += 1;
                if let Some(bound) = shelves.bound {
                    let most = bound.saturating_sub(shelves.stats.out_bytes).saturating_sub(class);
                    drop(shelves.shrink(most));
                }
                Buffer::with_room(bytes, class)?
            }
        };
        let s = &mut shelves.stats;
        s.out_bytes += class;
        s.peak_bytes = s.peak_bytes.max(s.out_bytes + s.held_bytes);
        Ok((PoolBuffer { buffer, class, pool: Arc::clone(&self.0) }, fresh))
    }

    /// A buffer of `bytes`. Its content is unspecified (initialised, possibly left from an
    /// earlier use): whoever takes it overwrites all of it before showing any of it.
    ///
    /// # Errors
    /// [`AllocError`] when the allocator refuses.
    pub fn take(&self, bytes: usize) -> Result<PoolBuffer, AllocError> {
        Ok(self.take_telling(bytes)?.0)
    }

    /// A buffer of `bytes` zeros.
    ///
    /// # Errors
    /// [`AllocError`] when the allocator refuses.
    pub fn take_zeroed(&self, bytes: usize) -> Result<PoolBuffer, AllocError> {
        let (mut b, fresh) = self.lend(bytes)?;
        if !fresh {
            b.bytes_mut().fill(0);
        }
        Ok(b)
    }

    /// Bytes that [`Pool::take`] holds for a wish of `bytes`: what a planner must count.
    pub fn room(bytes: usize) -> usize {
        class(bytes)
    }

    /// What the pool did and holds.
    pub fn stats(&self) -> PoolStats {
        self.0.lock().stats
    }

    /// The most bytes that may wait.
    pub fn cap(&self) -> usize {
        self.0.lock().cap
    }

    /// Lets at most `bytes` wait from now on, and frees what is above that.
    pub fn set_cap(&self, bytes: usize) {
        let mut shelves = self.0.lock();
        shelves.cap = bytes;
        let gone = shelves.shrink(bytes);
        drop(shelves);
        drop(gone);
    }

    /// From now on buffers that wait are freed before more are made, where all together would be more
    /// bytes than this: a plan of what is taken at one time is then one of what the pool ever has.
    pub fn set_bound(&self, bytes: usize) {
        self.0.lock().bound = Some(bytes);
    }

    /// Frees everything that waits.
    pub fn trim(&self) {
        self.trim_to(0);
    }

    /// Frees what waits, the largest buffers first, until at most `bytes` do.
    pub fn trim_to(&self, bytes: usize) {
        let gone = self.0.lock().shrink(bytes);
        drop(gone);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("cap", &self.cap()).field("stats", &self.stats()).finish()
    }
}

/// A [`Buffer`] on loan from a [`Pool`].
pub struct PoolBuffer {
    buffer: Buffer,
    class: usize,
    pool: Arc<Inner>,
}

impl Deref for PoolBuffer {
    type Target = Buffer;
    fn deref(&self) -> &Buffer {
        &self.buffer
    }
}

impl DerefMut for PoolBuffer {
    fn deref_mut(&mut self) -> &mut Buffer {
        &mut self.buffer
    }
}

impl Drop for PoolBuffer {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut shelves = self.pool.lock();
        shelves.stats.out_bytes -= self.class;
        // DerefMut lets a caller swap the buffer for another: only the class's own room comes back.
        let ours = buffer.room() == self.class && self.class > 0;
        if ours && self.class <= shelves.cap.saturating_sub(shelves.stats.held_bytes) {
            shelves.stats.held_bytes += self.class;
            shelves.free.entry(self.class).or_default().push(buffer);
        } else {
            drop(shelves);
            drop(buffer);
        }
    }
}

impl fmt::Debug for PoolBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuffer").field("buffer", &self.buffer).finish()
    }
}
