//! The matrix product.

use opusclip_raw::kernel::matmul::{Ring, Size, TALL, dot, dot_f32, matmul as product, matmul_f32, matmul_f64};
use opusclip_raw::{DType, Isa, Number};

use super::given::Given;
use super::support::{build, cast, slice};
use super::{Meaning, Page};
use crate::array::promote::promote;
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Row, XY};
use crate::ops::lanes::{Lane, with_complex, with_number};
use crate::threads;

pub(super) const PAGES: &[&Page] = &[&MATMUL];

/// Rows times columns.
pub(super) static MATMUL: Page = Page {
    row: Row {
        name: "matmul",
        params: XY,
        numpy: "np.matmul(x, y)",
        tries: &[
            "x:3x4 y:4x2 | matmul(x, y)",
            "x:3x4 y:4x2 | x @ y",
            "x:4 y:4 | matmul(x, y)",
            "x:3x4 y:4 | matmul(x, y)",
            "x:4 y:4x2 | matmul(x, y)",
            "x:2x3x4 y:4x5 | matmul(x, y)",
            "x:2x1x3x4 y:3x4x2 | matmul(x, y)",
            "x:4 y:2x4x3 | matmul(x, y)",
            "x:3x0 y:0x2 | matmul(x, y)",
            "x:0x4 y:4x2 | matmul(x, y)",
            "x:3x4 y:3x4 | matmul(x, y)",
            "x:3x300 y:300x20 | matmul(x, y)",
        ],
        ulp: 64,
        doc: "The matrix product over the last two axes, also written `x @ y`; the axes before broadcast.",
        rule: "An array of one axis is a row on the left, a column on the right, and that axis goes from the result. Integers wrap, bool is or of ands, float16 is summed in float32 and rounded once, bfloat16 gives float32. Sums are runs of 256 products in order, then the runs in order; in float32 a product and the sum so far are rounded together (fused multiply-add), in other types each by itself: the same bits on every machine.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| Ok(plan(g)?.meta), eval: matmul },
    frames,
};

/// Axis 0 of the result is that of the input which has as many axes as the other, or more; the rows
/// of a matrix on the left are frames too.
fn frames(g: &Given<'_, Meta>, n: usize) -> bool {
    let (Ok(x), Ok(y)) = (g.array("x"), g.array("y")) else { return false };
    match n {
        0 => x.ndim() >= 2 && (y.ndim() <= 2 || x.ndim() >= y.ndim()),
        _ => y.ndim() >= 3 && y.ndim() >= x.ndim(),
    }
}

struct Plan {
    meta: Meta,
    size: Size,
    /// The axes before the last two.
    batch: Vec<usize>,
}

fn plan(g: &Given<'_, Meta>) -> Result<Plan> {
    let (x, y) = (g.array("x")?, g.array("y")?);
    if x.ndim() == 0 || y.ndim() == 0 {
        return Err(Error::shape(g.op(), "an array without axes has no rows or columns; multiply with `*`"));
    }
    let matrix = |m: &Meta, column: bool| match (m.shape.as_slice(), column) {
        ([n], false) => vec![1, *n],
        ([n], true) => vec![*n, 1],
        _ => m.shape.clone(),
    };
    let (a, b) = (matrix(x, false), matrix(y, true));
    let (ra, rb) = (a.len() - 2, b.len() - 2);
    if a[ra + 1] != b[rb] {
        return Err(Error::shape(
            g.op(),
            format!(
                "shapes {} and {} do not fit: the last axis of the first ({}) must be as long as the {} of the second ({})",
                shape::show(&x.shape),
                shape::show(&y.shape),
                a[ra + 1],
                if y.ndim() == 1 { "only axis" } else { "last axis but one" },
                b[rb]
            ),
        ));
    }
    let batch = shape::broadcast(g.op(), &[&a[..ra], &b[..rb]])?;
    let size = Size { m: a[ra], k: b[rb], n: b[rb + 1] };
    let mut out = batch.clone();
    if x.ndim() > 1 {
        out.push(size.m);
    }
    if y.ndim() > 1 {
        out.push(size.n);
    }
    // bfloat16 gives float32, as the type's own extension of NumPy has it.
    let dtype = match promote(x.dtype, y.dtype) {
        DType::BF16 => DType::F32,
        d => d,
    };
    Ok(Plan { meta: Meta::new(out, dtype), size, batch })
}

/// Where each matrix of a stack starts, in elements, when the stack is broadcast to `batch`.
pub(super) fn starts(of: &[usize], batch: &[usize], matrix: usize) -> Vec<usize> {
    let lead = batch.len() - of.len();
    let strides = shape::c_strides(of);
    let mut all = vec![0usize];
    for (i, &d) in batch.iter().enumerate() {
        let step = match i.checked_sub(lead).map(|a| (of[a], strides[a])) {
            Some((len, s)) if len != 1 => s as usize,
            _ => 0,
        };
        all = all.iter().flat_map(|&at| (0..d).map(move |j| at + j * step)).collect();
    }
    all.iter_mut().for_each(|at| *at *= matrix);
    all
}

fn matmul(g: &Given<'_, Array>) -> Result<Array> {
    let Plan { meta, mut size, mut batch } = g.told(plan)?;
    // 16-bit floats are summed in float32 and rounded once.
    let inside = if meta.dtype.is_half() { DType::F32 } else { meta.dtype };
    let (x, y) = (cast(g.array("x")?, inside)?, cast(g.array("y")?, inside)?);
    if meta.shape.contains(&0) {
        return Array::zeros(meta.dtype, &meta.shape);
    }
    let stack = |a: &Array| a.shape()[..a.ndim().saturating_sub(2)].to_vec();
    let (mut sx, sy) = (stack(&x), stack(&y));
    if sy.is_empty() {
        // One matrix on the right: all rows of the stack are rows of one product.
        size.m *= shape::product(&batch);
        (sx, batch) = (Vec::new(), Vec::new());
    }
    let out = build(inside, &meta.shape, |out| {
        let (at_x, at_y) = (starts(&sx, &batch, size.m * size.k), starts(&sy, &batch, size.k * size.n));
        let places = at_x.into_iter().zip(at_y);
        let isa = Isa::active();
        macro_rules! every {
            ($T:ty, $dot:expr, $product:expr) => {
                each(size, slice::<$T>(&x)?, slice::<$T>(&y)?, <$T>::lanes_mut(out), places, $dot, $product)
            };
        }
        macro_rules! ring {
            ($T:ty, $ring:expr) => {{
                let ring = $ring;
                every!(
                    $T,
                    |x: &[$T], y: &[$T]| dot(x.iter().copied(), y, ring),
                    |size: Size, x: &[$T], y: &[$T], out: &mut [$T]| product(isa, size, x, y, out, ring)
                )
            }};
        }
        match inside {
            DType::F32 => every!(
                f32,
                |x: &[f32], y: &[f32]| dot_f32(isa, x, y),
                |size: Size, x: &[f32], y: &[f32], out: &mut [f32]| matmul_f32(isa, size, x, y, out)
            ),
            DType::F64 => {
                let plain = Ring { zero: 0.0, add: |x, y| x + y, madd: |s: f64, x: f64, y: f64| s + x * y };
                every!(
                    f64,
                    |x: &[f64], y: &[f64]| dot(x.iter().copied(), y, plain),
                    |size: Size, x: &[f64], y: &[f64], out: &mut [f64]| matmul_f64(isa, size, x, y, out)
                )
            }
            d if d.is_complex() => with_complex!(d, T => ring!(
                T,
                Ring { zero: T::default(), add: |x: T, y: T| x + y, madd: |s: T, x: T, y: T| s + x * y }
            )),
            d => with_number!(d, T => ring!(
                T,
                Ring { zero: T::ZERO, add: T::add, madd: |s: T, x: T, y: T| s.add(x.mul(y)) }
            )),
        }
    })?;
    cast(&out, meta.dtype)
}

/// Each product of a stack, whose matrices start at the places.
fn each<T: Copy + Send + Sync>(
    size: Size,
    x: &[T],
    y: &[T],
    out: &mut [T],
    places: impl Iterator<Item = (usize, usize)>,
    dot: impl Fn(&[T], &[T]) -> T + Sync,
    product: impl Fn(Size, &[T], &[T], &mut [T]) + Sync,
) -> Result<()> {
    let Size { m, k, n } = size;
    let one = |x: &[T], y: &[T], out: &mut [T]| {
        let size = Size { m: out.len() / n.max(1), ..size };
        if n < FEW && k > 0 { few_columns(size, x, y, out, &dot) } else { product(size, x, y, out) }
    };
    let products = m.saturating_mul(k).saturating_mul(n);
    if products < WORTH {
        for (out, (a, b)) in out.chunks_mut((m * n).max(1)).zip(places) {
            one(&x[a..], &y[b..], out);
        }
        return Ok(());
    }
    // Threads share the rows: how they are cut does not change an element. Each packs all of `y` for
    // its rows, so that they get many at once, though no more than a block of the product has.
    let least = (WORTH / k.saturating_mul(n).max(1)).clamp(1, m.max(1));
    let rows = least.max(m.div_ceil(2 * threads::sharing()).min(TALL)).next_multiple_of(ROWS);
    for (out, (a, b)) in out.chunks_mut((m * n).max(1)).zip(places) {
        let parts = out.chunks_mut(rows.saturating_mul(n).max(1)).enumerate();
        let jobs = parts.map(|(p, out)| (&x[a + p * rows * k..], out));
        threads::share(
            true,
            jobs,
            || Ok(()),
            |(), (x, out)| {
                one(x, &y[b..], out);
                Ok(())
            },
        )?;
    }
    Ok(())
}

/// Products of numbers that are worth a thread of their own, and a number of rows that tiles divide.
const WORTH: usize = 1 << 25;
const ROWS: usize = 8;

/// Each element is a sum over two runs of memory, in the same order.
fn few_columns<T: Copy>(size: Size, x: &[T], y: &[T], out: &mut [T], dot: &impl Fn(&[T], &[T]) -> T) {
    let Size { k, n, .. } = size;
    for j in 0..n {
        let column: Vec<T> = y.iter().skip(j).step_by(n).take(k).copied().collect();
        for (row, out) in x.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
            out[j] = dot(row, &column);
        }
    }
}

/// Fewer columns than this are not worth a panel.
const FEW: usize = 4;
