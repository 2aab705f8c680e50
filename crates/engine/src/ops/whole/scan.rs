//! Running sums and products, and the product of many numbers.

use opusclip_raw::{DType, Number};

use super::given::Given;
use super::support::{axis_last, build, last_to, reduced, row, rows_of, slice, unless_first_reduced};
use super::{Meaning, Page, unless_first_axis};
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row};
use crate::ops::lanes::{Lane, with_integer};

const X: Param = Param::new("x", ParamKind::Array);

/// Part of `prod`: the elements already have the type of the result.
pub(crate) static PRODUCT: Page = Page {
    row: Row {
        name: "prod",
        params: &[
            X,
            Param::new("axis", ParamKind::Axes),
            Param::new("keepdims", ParamKind::Bool).or(Preset::Bool(false)),
        ],
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: product_meta, eval: product },
    frames: unless_first_reduced,
};

/// Part of `cumsum`, `cumprod` and their kin: the elements already have the type of the result.
pub(crate) static RUNNING: Page = Page {
    row: Row {
        name: "running",
        params: &[X, Param::new("axis", ParamKind::Axis), Param::new("op", ParamKind::Text)],
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: running_meta, eval: running },
    frames: unless_first_axis,
};

/// A product that does not overflow on its way: about twice the digits of f64, and its power of
/// two apart.
#[derive(Clone, Copy)]
struct Product {
    high: f64,
    low: f64,
    power: i64,
    negative: bool,
    zero: bool,
    infinite: bool,
    nan: bool,
}

/// Exact: `a * b` and what rounding lost of it (Dekker), for numbers far from the ends of the range.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let split = |v: f64| {
        let c = v * 134_217_729.0;
        let high = c - (c - v);
        (high, v - high)
    };
    let p = a * b;
    let ((ah, al), (bh, bl)) = (split(a), split(b));
    (p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)
}

/// The number in 1..2 and its power of two; subnormals too.
fn taken_apart(v: f64) -> (f64, i64) {
    let (v, shift) = if v < f64::MIN_POSITIVE { (v * 18_014_398_509_481_984.0, 54) } else { (v, 0) };
    let bits = v.to_bits();
    let power = ((bits >> 52) & 0x7ff) as i64 - 1023;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1023 << 52)), power - shift)
}

impl Product {
    const ONE: Product =
        Product { high: 1.0, low: 0.0, power: 0, negative: false, zero: false, infinite: false, nan: false };

    fn push(&mut self, v: f64) {
        self.negative ^= v.is_sign_negative();
        self.nan |= v.is_nan();
        self.infinite |= v.is_infinite();
        self.zero |= v == 0.0;
        if !v.is_finite() || v == 0.0 {
            return;
        }
        let (m, power) = taken_apart(v.abs());
        let (high, lost) = two_product(self.high, m);
        let low = self.low * m + lost;
        let sum = high + low;
        (self.high, self.low) = (sum, low - (sum - high));
        self.power = self.power.saturating_add(power);
        if self.high >= 2.0 {
            (self.high, self.low, self.power) = (self.high * 0.5, self.low * 0.5, self.power.saturating_add(1));
        }
    }

    fn value(&self) -> f64 {
        let size = if self.nan || (self.zero && self.infinite) {
            return f64::NAN;
        } else if self.zero {
            0.0
        } else if self.infinite {
            f64::INFINITY
        } else {
            // Two steps, so that a subnormal is rounded once.
            let power = self.power.clamp(-1200, 1200) as i32;
            let first = power.clamp(-1000, 1000);
            (self.high + self.low) * 2f64.powi(first) * 2f64.powi(power - first)
        };
        if self.negative { -size } else { size }
    }
}

/// A sum that carries what rounding lost.
#[derive(Clone, Copy)]
struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    fn push(&mut self, v: f64) {
        let s = self.high + v;
        let t = s - self.high;
        let lost = (self.high - (s - t)) + (v - t);
        self.high = s;
        if lost.is_finite() {
            self.low += lost;
        }
    }

    fn value(&self) -> f64 {
        // The first sum of negative zeros is one; a correction of +0 would hide it.
        if self.low == 0.0 || !self.high.is_finite() { self.high } else { self.high + self.low }
    }
}

fn product_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let x = g.x()?;
    let axes = g.axes("axis", x.ndim())?;
    Ok(Meta::new(reduced(&x.shape, &axes, g.bool("keepdims")), x.dtype))
}

fn product(g: &Given<'_, Array>) -> Result<Array> {
    let x = g.x()?;
    let axes = g.axes("axis", x.ndim())?;
    let (rows, n) = rows_of(x, &axes)?;
    build(x.dtype(), &reduced(x.shape(), &axes, g.bool("keepdims")), |out| {
        macro_rules! floats {
            ($t:ty) => {{
                let rows = slice::<$t>(&rows)?;
                for (i, o) in <$t>::lanes_mut(out).iter_mut().enumerate() {
                    let mut p = Product::ONE;
                    row(rows, i, n).iter().for_each(|v| p.push(f64::from(*v)));
                    *o = p.value() as $t;
                }
            }};
        }
        match x.dtype() {
            DType::F32 => floats!(f32),
            DType::F64 => floats!(f64),
            d => with_integer!(d, T => {
                let rows = slice::<T>(&rows)?;
                for (i, o) in T::lanes_mut(out).iter_mut().enumerate() {
                    *o = row(rows, i, n).iter().fold(T::from_i64(1), |p, v| p.mul(*v));
                }
            }),
        }
        Ok(())
    })
}

fn running_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let x = g.x()?;
    g.axis("axis", x.ndim())?;
    shape::count(g.op(), &x.shape, x.dtype.size())?;
    Ok(x.clone())
}

fn running(g: &Given<'_, Array>) -> Result<Array> {
    let x = g.x()?;
    let axis = g.axis("axis", x.ndim())?;
    let rows = axis_last(x, axis)?;
    let n = rows.shape().last().copied().unwrap_or(1).max(1);
    let op = g.text("op");
    if !matches!(op, "sum" | "prod") {
        return Err(Error::internal(format!("there is no running {op}")));
    }
    let done = build(x.dtype(), rows.shape(), |out| {
        macro_rules! floats {
            ($t:ty) => {{
                let out = <$t>::lanes_mut(out);
                for (row, out) in slice::<$t>(&rows)?.chunks(n).zip(out.chunks_mut(n)) {
                    if op == "sum" {
                        // NumPy's first element is the first element, whatever its sign.
                        let mut s = Sum { high: -0.0, low: 0.0 };
                        for (v, o) in row.iter().zip(out) {
                            s.push(f64::from(*v));
                            *o = s.value() as $t;
                        }
                    } else {
                        let mut p = Product::ONE;
                        for (v, o) in row.iter().zip(out) {
                            p.push(f64::from(*v));
                            *o = p.value() as $t;
                        }
                    }
                }
            }};
        }
        match x.dtype() {
            DType::F32 => floats!(f32),
            DType::F64 => floats!(f64),
            d => with_integer!(d, T => {
                let out = T::lanes_mut(out);
                for (row, out) in slice::<T>(&rows)?.chunks(n).zip(out.chunks_mut(n)) {
                    let mut so_far = T::from_i64(i64::from(op == "prod"));
                    for (v, o) in row.iter().zip(out) {
                        so_far = if op == "sum" { so_far.add(*v) } else { so_far.mul(*v) };
                        *o = so_far;
                    }
                }
            }),
        }
        Ok(())
    })?;
    last_to(&done, axis)
}
