//! Lists that are short nearly always: their first items need no memory of their own.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

/// A list that allocates nothing for up to `N` items.
pub struct Few<T, const N: usize>(Kept<T, N>);

/// Lengths of axes.
pub type Shape = Few<usize, 6>;
/// Distances along axes, in elements.
pub type Strides = Few<isize, 6>;

enum Kept<T, const N: usize> {
    Here(usize, [T; N]),
    There(Vec<T>),
}

impl<T: Default, const N: usize> Few<T, N> {
    /// Without items.
    pub fn new() -> Self {
        Few(Kept::Here(0, std::array::from_fn(|_| T::default())))
    }

    /// Puts an item at the end.
    pub fn push(&mut self, item: T) {
        match &mut self.0 {
            Kept::Here(len, here) => match here.get_mut(*len) {
                Some(slot) => {
                    *slot = item;
                    *len += 1;
                }
                None => {
                    let mut all: Vec<T> = Vec::with_capacity(2 * N + 1);
                    all.extend(here.iter_mut().map(std::mem::take));
                    all.push(item);
                    self.0 = Kept::There(all);
                }
            },
            Kept::There(all) => all.push(item),
        }
    }

    /// As many copies of an item.
    pub fn repeated(item: T, n: usize) -> Self
    where
        T: Clone,
    {
        std::iter::repeat_n(item, n).collect()
    }

    /// Takes all items out; memory of its own stays for the next.
    pub fn clear(&mut self) {
        match &mut self.0 {
            Kept::Here(len, here) => {
                here.iter_mut().take(*len).for_each(|slot| *slot = T::default());
                *len = 0;
            }
            Kept::There(all) => all.clear(),
        }
    }
}

impl<T, const N: usize> Deref for Few<T, N> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match &self.0 {
            Kept::Here(len, here) => here.get(..*len).unwrap_or(here),
            Kept::There(all) => all,
        }
    }
}

impl<T, const N: usize> DerefMut for Few<T, N> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Kept::Here(len, here) => {
                let len = (*len).min(N);
                &mut here[..len]
            }
            Kept::There(all) => all,
        }
    }
}

impl<T: Default, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Few::new()
    }
}

impl<T: Default, const N: usize> FromIterator<T> for Few<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut all = Few::new();
        items.into_iter().for_each(|item| all.push(item));
        all
    }
}

impl<T: Default + Clone, const N: usize> From<&[T]> for Few<T, N> {
    fn from(items: &[T]) -> Self {
        if items.len() > N { Few(Kept::There(items.to_vec())) } else { items.iter().cloned().collect() }
    }
}

impl<T: Default, const N: usize> From<Vec<T>> for Few<T, N> {
    fn from(items: Vec<T>) -> Self {
        if items.len() > N { Few(Kept::There(items)) } else { items.into_iter().collect() }
    }
}

impl<'a, T, const N: usize> IntoIterator for &'a Few<T, N> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Default + Clone, const N: usize> Clone for Few<T, N> {
    fn clone(&self) -> Self {
        Few::from(&**self)
    }
}

impl<T: fmt::Debug, const N: usize> fmt::Debug for Few<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Few<T, N> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
impl<T: Eq, const N: usize> Eq for Few<T, N> {}

impl<T: PartialEq, const N: usize> PartialEq<[T]> for Few<T, N> {
    fn eq(&self, other: &[T]) -> bool {
        **self == *other
    }
}

impl<T: PartialEq, const N: usize> PartialEq<Vec<T>> for Few<T, N> {
    fn eq(&self, other: &Vec<T>) -> bool {
        **self == **other
    }
}

impl<T: Hash, const N: usize> Hash for Few<T, N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn short_and_long_lists_are_alike() {
        for n in 0..9usize {
            let all: Vec<usize> = (0..n).collect();
            let mut few: Few<usize, 4> = all.iter().copied().collect();
            assert_eq!(few, all);
            assert_eq!(
                (few.clone(), Few::from(&all[..]), Few::from(all.clone())),
                (few.clone(), few.clone(), few.clone())
            );
            few.iter_mut().for_each(|x| *x += 1);
            assert_eq!(few.iter().sum::<usize>(), all.iter().sum::<usize>() + n);
            few.clear();
            assert!(few.is_empty());
            few.push(7);
            assert_eq!(&*few, [7]);
        }
    }
}
