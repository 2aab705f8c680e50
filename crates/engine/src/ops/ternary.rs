//! Three arrays to one.

use opusclip_raw::{Element, Isa, Number};

use super::facts::{Param, ParamKind, family};

const CLIP: &[Param] =
    &[Param::new("x", ParamKind::Array), Param::new("min", ParamKind::Array), Param::new("max", ParamKind::Array)];
const WHERE: &[Param] =
    &[Param::new("condition", ParamKind::Array), Param::new("x", ParamKind::Array), Param::new("y", ParamKind::Array)];

family! {
    /// Clip and choose.
    Ternary {
        Clip { name: "clip", numpy: "np.clip(x, min, max)", params: CLIP,
            doc: "x held between min and max.",
            rule: "minimum(maximum(x, min), max): NaN in any of them gives NaN, and where min > max the result is max. Complex numbers in minimum's order." }
        Where { name: "where", numpy: "np.where(condition, x, y)", params: WHERE,
            doc: "x where the condition is true, else y.",
            rule: "The condition is cast to bool; x and y are promoted to one type." }
    }
}

/// The meaning of [`Ternary::Clip`].
pub fn eval_clip<T: Number>(isa: Isa, x: &[T], lo: &[T], hi: &[T], out: &mut [T]) {
    isa.map3(x, lo, hi, out, |x: T, lo: T, hi: T| x.max_nan(lo).min_nan(hi));
}

/// The meaning of [`Ternary::Where`].
pub fn eval_where<T: Element>(isa: Isa, c: &[bool], x: &[T], y: &[T], out: &mut [T]) {
    isa.map3(c, x, y, out, |c: bool, x: T, y: T| if c { x } else { y });
}
