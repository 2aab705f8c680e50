//! What is used again for each chunk, so that a stream allocates nothing as it goes on.

use std::ops::{Deref, DerefMut, Range};
use std::sync::{Mutex, PoisonError};

use opusclip_raw::PoolBuffer;

use crate::array::{Array, Homes};

/// Things that cost memory to make, kept for whoever needs one next. Making the default costs nothing.
#[derive(Debug, Default)]
pub(super) struct Shelf<T>(Mutex<Vec<T>>);

impl<T: Default> Shelf<T> {
    /// One that was used before, or the default.
    pub(super) fn take(&self) -> Lease<'_, T> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Lease { shelf: self, item: found.unwrap_or_default() }
    }
}

/// A thing on loan from a shelf.
#[derive(Debug)]
pub(super) struct Lease<'s, T: Default> {
    shelf: &'s Shelf<T>,
    item: T,
}

impl<T: Default> Deref for Lease<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T: Default> DerefMut for Lease<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}

impl<T: Default> Drop for Lease<'_, T> {
    fn drop(&mut self) {
        let item = std::mem::take(&mut self.item);
        self.shelf.0.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }
}

/// The memory of a list for items that live longer or less long: the standard library collects in
/// place where the items have one size.
pub(super) fn emptied<A, B>(mut list: Vec<A>) -> Vec<B> {
    list.clear();
    list.into_iter().filter_map(|_| None).collect()
}

/// What one thread needs to make the chunks of a stage.
#[derive(Default)]
pub(super) struct Workspace {
    /// Frames of each node that a chunk needs.
    pub(super) need: Vec<Option<Range<usize>>>,
    /// Those that were made.
    pub(super) values: Vec<Option<Array>>,
    /// Looks at each of them still to come.
    pub(super) readers: Vec<usize>,
    /// Inputs of the node at hand.
    pub(super) inputs: Vec<Array>,
    /// Those of them that nobody looks at again.
    pub(super) done: Vec<Array>,
    /// Values that reductions over time take in: the number of each, its frames, their bytes.
    pub(super) ready: Vec<(usize, Range<usize>, PoolBuffer)>,
    pub(super) homes: Homes,
}

impl Workspace {
    /// Lets everything go that the last chunk left, also one that failed.
    pub(super) fn clear(&mut self) {
        self.inputs.clear();
        self.ready.clear();
        let all = self.done.drain(..).chain(self.values.drain(..).flatten());
        all.for_each(|array| self.homes.leave(array));
    }
}

#[cfg(test)]
mod tests {
    use super::emptied;

    #[test]
    fn an_emptied_list_keeps_its_memory() {
        let list: Vec<&str> = Vec::with_capacity(100);
        let place = list.as_ptr().addr();
        let other: Vec<&[u8]> = emptied(list);
        assert_eq!((other.len(), other.capacity(), other.as_ptr().addr()), (0, 100, place));
    }
}
