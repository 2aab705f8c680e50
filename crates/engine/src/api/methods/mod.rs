//! The generated methods, and what their files share.

mod a_b;
mod c;
mod d_f;
mod dispatch;
pub mod functions;
mod g_i;
mod l_m;
mod n_p;
mod q_s;
mod t_z;

use opusclip_raw::DType;

use super::args::{Arg, Args};
use super::{call, eager};
use crate::error::{Error, Result};
use crate::lazy::{IntoAxes, Lazy, Operand, compose};
use crate::ops::*;

pub(super) use dispatch::dispatch;

/// The one result of a call.
#[track_caller]
fn one(all: Vec<Lazy>) -> Lazy {
    let [one] = fixed(all);
    one
}

/// As many results as are meant; where building failed there is one that carries the error.
#[track_caller]
fn fixed<const N: usize>(all: Vec<Lazy>) -> [Lazy; N] {
    all.try_into().unwrap_or_else(|all: Vec<Lazy>| {
        let none = || Lazy::failed(Error::internal("an op gave no result"));
        let first = all.first().cloned().unwrap_or_else(none);
        std::array::from_fn(|_| first.clone())
    })
}

/// The results of a page called by name.
fn whole(name: &str, a: &Args<'_>) -> Result<Vec<Lazy>> {
    let page = crate::ops::whole::page(name).ok_or_else(|| Error::internal(format!("there is no page {name}")))?;
    let (inputs, attrs) = a.attrs()?;
    Ok(Lazy::whole_all(page, inputs, attrs))
}
