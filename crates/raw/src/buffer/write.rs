//! Typed elements written as bytes.

use crate::dtype::{DType, Element};

/// Makes every byte of a run of bools 0 or 1, also when the writer panics.
struct Normalise<'a>(&'a mut [u8]);

impl Drop for Normalise<'_> {
    fn drop(&mut self) {
        for b in self.0.iter_mut() {
            *b = u8::from(*b != 0);
        }
    }
}

/// Lets `f` write the bytes of `x`. Any bytes are legal; for `bool` all but 0 become 1.
pub fn write_bytes<T: Element>(x: &mut [T], f: impl FnOnce(&mut [u8])) {
    let len = size_of_val(x);
    // SAFETY: the pointer and length are those of `x`, borrowed mutably for the whole call; u8 has
    // no alignment needs. Every bit pattern is a valid value of every `Element` but `bool`, and for
    // `bool` the guard below restores validity before `x` can be looked at again.
    let bytes = unsafe { std::slice::from_raw_parts_mut(x.as_mut_ptr().cast::<u8>(), len) };
    if T::DTYPE == DType::Bool {
        let guard = Normalise(bytes);
        f(&mut *guard.0);
    } else {
        f(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::write_bytes;

    #[test]
    fn bools_stay_bools_whatever_is_written() {
        let mut x = [false; 4];
        write_bytes(&mut x, |b| b.copy_from_slice(&[0, 1, 2, 255]));
        assert_eq!(x, [false, true, true, true]);
    }

    #[test]
    fn numbers_take_their_bytes() {
        let mut x = [0u16; 2];
        write_bytes(&mut x, |b| b.copy_from_slice(&[1u16.to_ne_bytes(), 258u16.to_ne_bytes()].concat()));
        assert_eq!(x, [1, 258]);
    }
}
