//! Running sums and products, and the product of many numbers.

use opusclip_raw::kernel::complex::ComplexNumber;
use opusclip_raw::{BF16, Complex, DType, F16, Number};

use super::exact::{Product, Rounded, Sum, Turned};
use super::given::Given;
use super::support::{along, build, row, row_len, rows_of, slice, unless_first_reduced};
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
            // Which complex factors count, in x's shape: 1 times an infinite one is not it.
            Param::new("where", ParamKind::Array).or(Preset::None),
        ],
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: product_meta, eval: product },
    frames: |g, _| unless_first_reduced(g, 0),
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

/// Runs the macro `$floats` or `$complex` with the type of the elements, or `$integers` with `$T` as it.
macro_rules! by_kind {
    ($dtype:expr, $floats:ident, $complex:ident, $T:ident => $integers:expr) => {
        match $dtype {
            DType::F16 => $floats!(F16),
            DType::BF16 => $floats!(BF16),
            DType::F32 => $floats!(f32),
            DType::F64 => $floats!(f64),
            DType::C64 => $complex!(Complex<f32>),
            DType::C128 => $complex!(Complex<f64>),
            d => with_integer!(d, $T => $integers),
        }
    };
}

fn product_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let x = g.x()?;
    let axes = g.axes("axis", x.ndim())?;
    Ok(Meta::new(shape::reduced(&x.shape, &axes, g.bool("keepdims")), x.dtype))
}

fn product(g: &Given<'_, Array>) -> Result<Array> {
    let x = g.x()?;
    let axes = g.axes("axis", x.ndim())?;
    let (rows, n) = rows_of(x, &axes)?;
    let mask = g.maybe_array("where").map(|m| rows_of(m, &axes)).transpose()?;
    let mask = mask.as_ref().map(|(m, _)| slice::<bool>(m)).transpose()?;
    build(x.dtype(), &shape::reduced(x.shape(), &axes, g.bool("keepdims")), |out| {
        macro_rules! floats {
            ($t:ty) => {{
                let rows = slice::<$t>(&rows)?;
                for (i, o) in <$t>::lanes_mut(out).iter_mut().enumerate() {
                    let mut p = Product::ONE;
                    row(rows, i, n).iter().for_each(|v| p.push(f64::from(*v)));
                    *o = <$t>::rounded(p.value());
                }
            }};
        }
        macro_rules! complex {
            ($t:ty) => {{
                let rows = slice::<$t>(&rows)?;
                for (i, o) in <$t>::lanes_mut(out).iter_mut().enumerate() {
                    let mut p = Turned::ONE;
                    for (j, v) in row(rows, i, n).iter().enumerate() {
                        if mask.is_none_or(|m| row(m, i, n).get(j) == Some(&true)) {
                            p.push(v.wide());
                        }
                    }
                    *o = <$t>::narrow(p.value());
                }
            }};
        }
        by_kind!(x.dtype(), floats, complex, T => {
            let rows = slice::<T>(&rows)?;
            for (i, o) in T::lanes_mut(out).iter_mut().enumerate() {
                *o = row(rows, i, n).iter().fold(T::from_i64(1), |p, v| p.mul(*v));
            }
        });
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
    let op = g.text("op");
    if !matches!(op, "sum" | "prod") {
        return Err(Error::internal(format!("there is no running {op}")));
    }
    let len = row_len(x, axis);
    along(x, axis, x.dtype(), len, |rows, out| {
        let n = len.max(1);
        macro_rules! floats {
            ($t:ty) => {{
                let out = <$t>::lanes_mut(out);
                for (row, out) in slice::<$t>(rows)?.chunks(n).zip(out.chunks_mut(n)) {
                    if op == "sum" {
                        // NumPy's first element is the first element, whatever its sign.
                        let mut s = Sum::EMPTY;
                        for (v, o) in row.iter().zip(out) {
                            s.push(f64::from(*v));
                            *o = <$t>::rounded(s.value());
                        }
                    } else {
                        let mut p = Product::ONE;
                        for (v, o) in row.iter().zip(out) {
                            p.push(f64::from(*v));
                            *o = <$t>::rounded(p.value());
                        }
                    }
                }
            }};
        }
        macro_rules! complex {
            ($t:ty) => {{
                let out = <$t>::lanes_mut(out);
                for (row, out) in slice::<$t>(rows)?.chunks(n).zip(out.chunks_mut(n)) {
                    if op == "sum" {
                        let [mut re, mut im] = [Sum::EMPTY; 2];
                        for (v, o) in row.iter().zip(out) {
                            let v = v.wide();
                            re.push(v.re);
                            im.push(v.im);
                            *o = <$t>::narrow(Complex { re: re.value(), im: im.value() });
                        }
                    } else {
                        let mut p: Option<Turned> = None;
                        for (v, o) in row.iter().zip(out) {
                            // The first element as it is: 1 times an infinite one would not be.
                            match &mut p {
                                None => p = Some(Turned::from(v.wide())),
                                Some(p) => p.push(v.wide()),
                            }
                            *o = p.map_or(*v, |p| <$t>::narrow(p.value()));
                        }
                    }
                }
            }};
        }
        by_kind!(x.dtype(), floats, complex, T => {
            let out = T::lanes_mut(out);
            for (row, out) in slice::<T>(rows)?.chunks(n).zip(out.chunks_mut(n)) {
                let mut so_far = T::from_i64(i64::from(op == "prod"));
                for (v, o) in row.iter().zip(out) {
                    so_far = if op == "sum" { so_far.add(*v) } else { so_far.mul(*v) };
                    *o = so_far;
                }
            }
        });
        Ok(())
    })
}
