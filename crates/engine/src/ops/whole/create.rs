//! Numbers at even distances, made from nothing.

use opusclip_raw::{BF16, Complex, DType, F16, Number};

use super::exact::Rounded;
use super::given::Given;
use super::support::build;
use super::{Meaning, Page, never};
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Row};
use crate::ops::lanes::{Lane, with_integer};

/// Part of `arange` and its kin: `first + i * (second - first)`, computed in the type.
pub(crate) static STEPS: Page = Page {
    row: Row {
        name: "steps",
        params: &[
            Param::new("first", ParamKind::Float),
            Param::new("second", ParamKind::Float),
            Param::new("length", ParamKind::Int),
            Param::new("dtype", ParamKind::DType),
        ],
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: steps_meta, eval: steps },
    frames: |g, n| never(g, n),
};

fn steps_meta<T>(g: &Given<'_, T>) -> Result<Meta> {
    let dtype = g.maybe_dtype("dtype").unwrap_or(DType::F64);
    let n = usize::try_from(g.int("length")?).unwrap_or(0);
    shape::count("arange", &[n], dtype.size())?;
    Ok(Meta::new([n], dtype))
}

fn steps(g: &Given<'_, Array>) -> Result<Array> {
    let meta = steps_meta(g)?;
    let ints = |name: &str| g.maybe_int(name).ok_or_else(|| Error::internal("steps of integers need integers"));
    build(meta.dtype, &meta.shape, |out| {
        macro_rules! floats {
            ($t:ty) => {{
                let first = g.float("first")? as $t;
                let delta = g.float("second")? as $t - first;
                for (i, o) in <$t>::lanes_mut(out).iter_mut().enumerate() {
                    *o = first + i as $t * delta;
                }
            }};
        }
        // The first two as the type holds them, the others in float32.
        macro_rules! halves {
            ($t:ty) => {{
                let held = |v: f64| <$t>::rounded(v).to_f32();
                let first = held(g.float("first")?);
                let delta = held(g.float("second")?) - first;
                for (i, o) in <$t>::lanes_mut(out).iter_mut().enumerate() {
                    *o = <$t>::from_f32(first + i as f32 * delta);
                }
            }};
        }
        macro_rules! complex {
            ($t:ty) => {{
                let first = g.float("first")? as $t;
                let delta = g.float("second")? as $t - first;
                for (i, o) in <Complex<$t>>::lanes_mut(out).iter_mut().enumerate() {
                    *o = Complex { re: first + i as $t * delta, im: 0.0 };
                }
            }};
        }
        match meta.dtype {
            DType::F16 => halves!(F16),
            DType::BF16 => halves!(BF16),
            DType::F32 => floats!(f32),
            DType::F64 => floats!(f64),
            DType::C64 => complex!(f32),
            DType::C128 => complex!(f64),
            d => {
                let first = ints("first")?;
                let delta = ints("second")?.wrapping_sub(first);
                with_integer!(d, T => {
                    for (i, o) in T::lanes_mut(out).iter_mut().enumerate() {
                        *o = T::from_i64(first.wrapping_add((i as i64).wrapping_mul(delta)));
                    }
                });
            }
        }
        Ok(())
    })
}
