//! `x[…]` and `x[…] = v`: masks are looked up here, which needs their data; the rest is lazy.

use opusclip_raw::DType;

use super::eager;
use crate::array::shape;
use crate::error::{Error, Result};
use crate::lazy::index::{as_element, assigned, indexed};
use crate::lazy::{Index, Lazy, Operand, compose, compose::build::choose};

/// What may stand between brackets: one entry, or several as [`ix!`](crate::ix) writes them.
pub trait IntoIndex {
    /// The entries.
    fn into_index(self) -> Vec<Index>;
}

impl<T: Into<Index>> IntoIndex for T {
    fn into_index(self) -> Vec<Index> {
        vec![self.into()]
    }
}

/// Several entries: lists of [`Index`], and tuples of what becomes one.
macro_rules! lists {
    ($($t:ty => |$v:ident| $e:expr),* $(,)?) => { $(
        impl IntoIndex for $t {
            fn into_index(self) -> Vec<Index> { let $v = self; $e }
        }
    )* };
}
lists! {
    Vec<Index> => |v| v,
    &[Index] => |v| v.to_vec(),
    () => |_v| Vec::new(),
}
impl<const N: usize> IntoIndex for [Index; N] {
    fn into_index(self) -> Vec<Index> {
        self.into()
    }
}
macro_rules! tuples {
    ($($($name:ident)*;)*) => { $(
        impl<$($name: Into<Index>),*> IntoIndex for ($($name,)*) {
            #[allow(non_snake_case)]
            fn into_index(self) -> Vec<Index> {
                let ($($name,)*) = self;
                vec![$($name.into()),*]
            }
        }
    )* };
}
tuples! { A; A B; A B C; A B C D; A B C D E; }

impl Lazy {
    /// The elements that an index names, by NumPy's rules: integers, slices, `..`, `Ellipsis`,
    /// `None`, masks and integer arrays, in any mixture: `x.index(ix![1..5, .., None, -1])`,
    /// `x.index(&mask)`, `x.index((.., &positions))`.
    ///
    /// Slices and integers stay lazy and move towards the source. Positions in an array are
    /// checked at once if the array is in memory, else when it is computed. The number of true
    /// values of a mask is a shape, so masks are computed at once. The axes of arrays that are
    /// neighbours are replaced where they are; if anything is between them they come first.
    #[track_caller]
    pub fn index(&self, index: impl IntoIndex) -> Lazy {
        match unmasked("index", self, index.into_index()) {
            Ok(items) => indexed(self, &items),
            Err(e) => Lazy::failed(e),
        }
    }

    /// A new array: this one after `x[index] = value`. The value broadcasts, and is cast to x's
    /// type as `astype` does; a literal that does not fit an integer type is an error. Where
    /// positions repeat, the last value stays.
    ///
    /// With one mask and a value that does not depend on how many are true, nothing is computed:
    /// it is `where(mask, value, x)`.
    #[track_caller]
    pub fn set(&self, index: impl IntoIndex, value: impl Into<Operand>) -> Lazy {
        let set = |items: Vec<Index>, value: Operand| -> Result<Lazy> {
            if let [Index::Array(mask)] = items.as_slice()
                && mask.dtype()? == DType::Bool
                && let Some(lazy) = chosen(self, mask, &value)?
            {
                return Ok(lazy);
            }
            Ok(assigned(self, &unmasked("set", self, items)?, value))
        };
        match set(index.into_index(), value.into()) {
            Ok(lazy) => lazy,
            Err(e) => Lazy::failed(e),
        }
    }
}

/// `x[mask] = value` as `where`, if the value is one for all that is true.
fn chosen(x: &Lazy, mask: &Lazy, value: &Operand) -> Result<Option<Lazy>> {
    let (from, over) = (x.shape()?, mask.shape()?);
    fits("set", over, from, 0)?;
    let rest = &from[over.len()..];
    let value = as_element("set", value.clone(), x.dtype()?)?;
    let lens = value.shape()?;
    let serves = lens.len() <= rest.len() && rest.iter().rev().zip(lens.iter().rev()).all(|(d, v)| v == d || *v == 1);
    if !serves {
        return Ok(None);
    }
    let mut to: Vec<isize> = shape::signed(over);
    to.resize(from.len(), 1);
    let mask = compose::reshape(mask, &to);
    Ok(Some(choose(mask, value, x)))
}

/// Refuses a mask that is not as long as the axes it stands for.
fn fits(op: &str, mask: &[usize], x: &[usize], axis: usize) -> Result<()> {
    if axis.checked_add(mask.len()).and_then(|end| x.get(axis..end)) == Some(mask) {
        return Ok(());
    }
    Err(Error::shape(
        op,
        format!(
            "a mask of shape {} does not fit shape {} from axis {axis} on: it must have the same lengths",
            shape::show(mask),
            shape::show(x)
        ),
    ))
}

/// The index with positions instead of masks.
fn unmasked(op: &str, x: &Lazy, items: Vec<Index>) -> Result<Vec<Index>> {
    let from = x.shape()?;
    let width = |item: &Index| -> Result<usize> {
        Ok(match item {
            Index::At(_) | Index::Slice(_) => 1,
            Index::Array(a) if a.dtype()? == DType::Bool => a.ndim()?,
            Index::Array(_) => 1,
            Index::Ellipsis | Index::NewAxis | Index::Flag(_) => 0,
        })
    };
    let used = items.iter().try_fold(0usize, |n, i| Ok::<_, Error>(n.saturating_add(width(i)?)))?;
    let Some(left) = from.len().checked_sub(used) else {
        return Err(Error::shape(
            op,
            format!("{used} indices for shape {}, which has {} axes", shape::show(from), from.len()),
        ));
    };
    let mut axis = 0usize;
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let next = axis + if matches!(item, Index::Ellipsis) { left } else { width(&item)? };
        match item {
            Index::Array(mask) if mask.dtype()? == DType::Bool => {
                fits(op, mask.shape()?, from, axis)?;
                if mask.ndim()? == 0 {
                    out.push(Index::Flag(mask.collect()?.get_f64(&[])? != 0.0));
                } else {
                    out.extend(eager::positions(&mask)?.into_iter().map(|p| Index::Array(p.into())));
                }
            }
            item => out.push(item),
        }
        axis = next;
    }
    Ok(out)
}
