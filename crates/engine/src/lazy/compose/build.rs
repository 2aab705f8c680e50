//! What functions made of other ops are built of, here and in `api::eager`.

use opusclip_raw::{DType, Kind};

use super::{Lazy, Op, Operand, reshape, slice_axis, weak_default, weak_scalar};
use crate::array::promote::Weak;
use crate::array::{Scalar, shape};
use crate::error::{Error, Result};
use crate::lazy::index::known_as;
use crate::ops::{Attr, Compare, Elementwise, Math, Part, Ternary, Unary, whole};

/// What an op gives: one array, as many as it always gives, or a list of them.
pub(crate) trait Results: Sized {
    fn all(&self) -> &[Lazy];

    /// The error in the place of each result.
    fn failed(failed: Lazy) -> Self;
}

impl Results for Lazy {
    fn all(&self) -> &[Lazy] {
        std::slice::from_ref(self)
    }

    fn failed(failed: Lazy) -> Lazy {
        failed
    }
}

impl<const N: usize> Results for [Lazy; N] {
    fn all(&self) -> &[Lazy] {
        self
    }

    fn failed(failed: Lazy) -> [Lazy; N] {
        std::array::from_fn(|_| failed.clone())
    }
}

impl Results for Vec<Lazy> {
    fn all(&self) -> &[Lazy] {
        self
    }

    fn failed(failed: Lazy) -> Vec<Lazy> {
        vec![failed]
    }
}

/// What `f` builds. Its errors are those of the caller's line; an input's error stays that of its
/// own line.
#[track_caller]
pub(crate) fn built<R: Results>(inputs: &[&Lazy], f: impl FnOnce() -> Result<R>) -> R {
    if let Some(failed) = inputs.iter().find(|l| l.meta().is_err()) {
        return R::failed((*failed).clone());
    }
    let checked = f().and_then(|r| match r.all().iter().find_map(|l| l.meta().err()) {
        Some(e) => Err(e),
        None => Ok(r),
    });
    match checked {
        Ok(r) => r,
        Err(e) => R::failed(Lazy::failed(e.without_place())),
    }
}

/// [`built`] of a list of arrays.
#[track_caller]
pub(crate) fn built_of<R: Results>(inputs: &[Lazy], f: impl FnOnce() -> Result<R>) -> R {
    built(&inputs.iter().collect::<Vec<_>>(), f)
}

/// Builds with `make` from the type of `x`.
#[track_caller]
pub(crate) fn typed(x: &Lazy, make: impl FnOnce(DType) -> Lazy) -> Lazy {
    built(&[x], || x.dtype().map(make))
}

/// Builds with `make`, or refuses complex numbers in the name of an op that has no meaning for them.
#[track_caller]
pub(crate) fn real_only(name: &str, x: &Lazy, make: impl FnOnce(DType) -> Lazy) -> Lazy {
    built(&[x], || match x.dtype()? {
        d if d.is_complex() => {
            let detail = format!("is not defined for {d}; take real, imag or absolute of it first");
            Err(Error::dtype(name, detail))
        }
        d => Ok(make(d)),
    })
}

/// The operand as an array, a literal in its own type.
pub(crate) fn as_array(y: Operand) -> Lazy {
    match y {
        Operand::Lazy(l) => l,
        Operand::Weak(w) => constant(weak_default(w), w),
    }
}

/// A literal as an array without axes.
pub(crate) fn constant(dtype: DType, w: Weak) -> Lazy {
    Lazy::scalar(weak_scalar(w, dtype))
}

/// An op on each element. For `+ - * / %` and the unary minus there are Rust's operators.
#[track_caller]
pub(crate) fn unary(op: impl Into<Elementwise>, x: impl Into<Operand>) -> Lazy {
    Lazy::elementwise(op.into(), vec![x.into()])
}

/// The same of two.
#[track_caller]
pub(crate) fn binary(op: impl Into<Elementwise>, x: impl Into<Operand>, y: impl Into<Operand>) -> Lazy {
    Lazy::elementwise(op.into(), vec![x.into(), y.into()])
}

/// `where(mask, x, y)`
#[track_caller]
pub(crate) fn choose(mask: impl Into<Operand>, x: impl Into<Operand>, y: impl Into<Operand>) -> Lazy {
    Lazy::elementwise(Ternary::Where.into(), vec![mask.into(), x.into(), y.into()])
}

/// `clip(x, low, high)`
#[track_caller]
pub(crate) fn clip(x: impl Into<Operand>, low: impl Into<Operand>, high: impl Into<Operand>) -> Lazy {
    Lazy::elementwise(Ternary::Clip.into(), vec![x.into(), low.into(), high.into()])
}

/// `where(mask, x, other)` in x's type, whatever the kind of the number.
#[track_caller]
pub(crate) fn choose_own(mask: &Lazy, x: &Lazy, other: Weak) -> Lazy {
    typed(x, |d| choose(mask, x, constant(d, other)))
}

/// `sqrt(x)`
#[track_caller]
pub(crate) fn sqrt(x: impl Into<Operand>) -> Lazy {
    unary(Math::Sqrt, x)
}

/// `abs(x)`
#[track_caller]
pub(crate) fn absolute(x: impl Into<Operand>) -> Lazy {
    unary(Unary::Absolute, x)
}

/// `x == y`
#[track_caller]
pub(crate) fn equals(x: impl Into<Operand>, y: impl Into<Operand>) -> Lazy {
    binary(Compare::Equal, x, y)
}

/// `f` of the real part and of the imaginary one.
#[track_caller]
pub(crate) fn by_parts(x: &Lazy, f: impl Fn(&Lazy) -> Lazy) -> Lazy {
    binary(Part::Complex, f(&unary(Part::Real, x)), f(&unary(Part::Imag, x)))
}

/// The complex conjugate; real numbers, truth values too, are their own.
#[track_caller]
pub(crate) fn conjugate(x: &Lazy) -> Lazy {
    typed(x, |d| if d.is_complex() { unary(Part::Conj, x) } else { x.clone() })
}

/// bfloat16 as float32: between the steps of a formula its 8 bits would lose too much.
#[track_caller]
pub(crate) fn unbrained(x: &Lazy) -> Lazy {
    typed(x, |d| if d == DType::BF16 { x.cast(DType::F32) } else { x.clone() })
}

/// The type, or float64 in the place of integers and truth values.
pub(crate) fn or_f64(d: DType) -> DType {
    if d.kind() >= Kind::Float { d } else { DType::F64 }
}

/// The wide type in which sums of elements of type `d` are made.
pub(crate) fn widest(d: DType) -> DType {
    if d.is_complex() { DType::C128 } else { DType::F64 }
}

/// The lengths as `reshape` and `broadcast_to` take them.
pub(crate) fn shape_of(x: &Lazy) -> Result<Vec<isize>> {
    Ok(shape::signed(x.shape()?))
}

/// One axis of many: the array, which has one itself, along `axis` of `rank`.
#[track_caller]
pub(crate) fn along(x: &Lazy, axis: usize, rank: usize) -> Lazy {
    let mut to = vec![1; rank];
    if let (Some(d), Ok([n])) = (to.get_mut(axis), x.shape()) {
        *d = *n as isize;
    }
    reshape(x, &to)
}

/// `start:stop` of an axis counted from the front.
#[track_caller]
pub(crate) fn part(x: &Lazy, axis: usize, start: usize, stop: usize) -> Lazy {
    slice_axis(x, axis as isize, Some(start as isize), Some(stop.max(start) as isize), None)
}

/// Arrays one after another along an axis counted from the front.
#[track_caller]
pub(crate) fn joined(parts: &[Lazy], axis: usize) -> Lazy {
    let attrs = vec![Attr::Inputs(0, parts.len()), Attr::Ints(vec![axis as isize])];
    Lazy::whole(&whole::CONCAT, parts.to_vec(), attrs)
}

/// With the reduced axes as length 1, if that is asked for.
#[track_caller]
pub(crate) fn kept(x: Lazy, keepdims: bool) -> Lazy {
    if keepdims { x.keepdims() } else { x }
}

/// All results of the page of this name: of arrays, which come first, and what more it takes.
#[track_caller]
pub(crate) fn pages(name: &str, inputs: Vec<Lazy>, more: Vec<Attr>) -> Vec<Lazy> {
    let Some(page) = whole::page(name) else {
        return vec![Lazy::failed(Error::internal(format!("there is no page {name}")))];
    };
    let attrs = (0..inputs.len()).map(Attr::Input).chain(more).collect();
    Lazy::whole_all(page, inputs, attrs)
}

/// The result of a page that has one.
#[track_caller]
pub(crate) fn page(name: &str, inputs: Vec<Lazy>, more: Vec<Attr>) -> Lazy {
    let none = || Lazy::failed(Error::internal(format!("{name} gave no result")));
    pages(name, inputs, more).into_iter().next().unwrap_or_else(none)
}

/// The results of a page that always gives as many.
pub(crate) fn exactly<const N: usize>(all: Vec<Lazy>) -> Result<[Lazy; N]> {
    for one in &all {
        one.meta()?;
    }
    all.try_into().map_err(|_| Error::internal(format!("a page gave not {N} results")))
}

/// `x @ y`
#[track_caller]
pub(crate) fn product(x: &Lazy, y: &Lazy) -> Lazy {
    page("matmul", vec![x.clone(), y.clone()], Vec::new())
}

/// The op's name stands before errors of the ops that it is made of.
pub(crate) fn checked(op: &str, x: &Lazy) -> Result<Vec<usize>> {
    let named = |e: Error| match e.without_place() {
        Error::Shape { detail, .. } => Error::shape(op, detail),
        Error::DType { detail, .. } => Error::dtype(op, detail),
        Error::Value { detail, .. } => Error::value(op, detail),
        e => e,
    };
    x.shape().map(<[usize]>::to_vec).map_err(named)
}

/// The real number that an operand is known to be as the expression is written.
pub(crate) fn known_number(op: &str, name: &str, o: &Operand) -> Result<Weak> {
    let complex = || Error::dtype(op, format!("{name} is complex; it must be a real number"));
    match o {
        Operand::Weak(Weak::Complex(..)) => Err(complex()),
        Operand::Weak(w) => Ok(*w),
        Operand::Lazy(l) => match l.op() {
            Op::Scalar(s) if s.dtype.is_complex() => Err(complex()),
            Op::Scalar(s) if s.dtype.is_float() => Ok(Weak::Float(s.to_f64())),
            Op::Scalar(s) => Ok(Weak::Int(s.to_i128())),
            _ => Err(Error::value(op, format!("{name} must be a number, not an array"))),
        },
    }
}

/// Integers that are known as the expression is written, and whether they are one number and no list.
pub(crate) fn known_ints(op: &str, name: &str, o: &Operand) -> Result<(Vec<isize>, bool)> {
    let wrong = || Error::value(op, format!("{name} must be an integer or a list of integers, no longer than 2^20"));
    let (all, single) = match o {
        Operand::Weak(Weak::Int(v)) => (Some(vec![isize::try_from(*v).ok()]), true),
        Operand::Weak(_) => (None, true),
        Operand::Lazy(l) => {
            let int = |s: Scalar| if s.dtype.is_integer() { isize::try_from(s.to_i128()).ok() } else { None };
            (known_as(l, int), l.ndim()? == 0)
        }
    };
    let all = all.and_then(|all| all.into_iter().collect::<Option<Vec<_>>>());
    Ok((all.ok_or_else(wrong)?, single))
}
