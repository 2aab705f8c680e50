//! Which elements of a result are in trouble, by the rule of [`crate::errstate`].

use opusclip_raw::kernel::cast::cast_one;

use super::lanes::{Lane, Lanes, with_element, with_number};
use super::{Binary, Elementwise, Math, MathBinary, Unary};
use crate::errstate::Trouble;

/// Elements in trouble of one kind: how many, and the place of the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Met {
    pub(crate) count: u64,
    pub(crate) first: usize,
}

/// By kind, in the order of [`Trouble::ALL`].
pub(crate) type All = [Met; 4];

/// Looks at the elements that `op` made of `args`; `place` says where in their array they lie.
pub(crate) fn watch(op: Elementwise, args: &[Lanes<'_>], out: Lanes<'_>, place: impl Fn(usize) -> usize) -> All {
    let mut all = All::default();
    let (Some(&x), d) = (args.first(), out.dtype()) else { return all };
    let mut note = |kind: Trouble, i: usize| {
        let (met, at) = (&mut all[kind as usize], place(i));
        met.first = if met.count == 0 { at } else { met.first.min(at) };
        met.count += 1;
    };
    match op {
        Elementwise::Cast(to) if to.is_integer() && x.dtype().is_float() => {
            let (lo, hi) = crate::array::promote::int_range(to);
            // The first value above the range; floats below `lo` by less than 1 truncate into it.
            let (below, above) = (lo as f64 - 1.0, hi as f64 + 1.0);
            for_each(x, |i, v| {
                if v.is_nan() || v <= below && v < lo as f64 || v >= above {
                    note(Trouble::Invalid, i);
                }
            });
        }
        Elementwise::Binary(Binary::FloorDivide | Binary::Remainder | Binary::Fmod) if d.is_integer() => {
            let least = crate::array::promote::int_range(d).0;
            with_number!(d, T => {
                let pairs = T::lanes(x).iter().zip(args.get(1).map_or(&[][..], |y| T::lanes(*y)));
                for (i, (x, y)) in pairs.enumerate() {
                    use opusclip_raw::Number;
                    if !y.is_true() {
                        note(Trouble::Divide, i);
                    } else if least < 0 && *y == T::from_i64(-1) && *x == T::MIN_VALUE && op == Elementwise::Binary(Binary::FloorDivide) {
                        note(Trouble::Over, i);
                    }
                }
            });
        }
        op if d.is_float() => {
            // A quick look first: trouble is rare.
            let tiny = crate::array::types::finfo(d).map_or(0.0, |f| f.smallest_normal);
            let mut odd: Vec<usize> = Vec::new();
            for_each(out, |i, v| {
                if !v.is_finite() || v.abs() < tiny {
                    odd.push(i);
                }
            });
            for i in odd {
                let v = value(out, i);
                let args = args.iter().map(|a| value(*a, i));
                if let Some(kind) = judge(op, args, v) {
                    note(kind, i);
                }
            }
        }
        _ => {}
    }
    all
}

fn judge(op: Elementwise, args: impl Iterator<Item = f64> + Clone, v: f64) -> Option<Trouble> {
    let mut rest = args.clone();
    let (x, y) = (rest.next().unwrap_or(0.0), rest.next().unwrap_or(0.0));
    if v.is_nan() {
        return (!args.clone().any(f64::is_nan)).then_some(Trouble::Invalid);
    }
    if v.is_infinite() {
        if !args.clone().all(f64::is_finite) {
            return None;
        }
        let pole = op.row().and_then(|r| r.pole).is_some_and(|pole| pole(x, y));
        return Some(if pole { Trouble::Divide } else { Trouble::Over });
    }
    // Less than the smallest normal number, or zero.
    // As IEEE 754 has it, what is small but exact is no underflow.
    let shrinks = match op {
        Elementwise::Binary(Binary::Multiply) => x != 0.0 && y != 0.0 && (v == 0.0 || v / y != x),
        Elementwise::MathBinary(MathBinary::Divide) => x != 0.0 && v * y != x,
        Elementwise::Binary(Binary::Power) => x != 0.0,
        Elementwise::Unary(Unary::Square) => x != 0.0 && (v == 0.0 || v / x != x),
        Elementwise::Cast(_) => x != v,
        Elementwise::Math(Math::Exp | Math::Exp2) => true,
        _ => false,
    };
    (shrinks && args.clone().all(f64::is_finite)).then_some(Trouble::Under)
}

/// True if no element is infinite or NaN.
pub(crate) fn finite(x: Lanes<'_>) -> bool {
    let mut finite = true;
    for_each(x, |_, v| finite &= v.is_finite());
    finite
}

/// One element as `f64`.
fn value(x: Lanes<'_>, i: usize) -> f64 {
    with_element!(x.dtype(), T => T::lanes(x).get(i).map_or(0.0, |v| cast_one(*v)))
}

fn for_each(x: Lanes<'_>, mut f: impl FnMut(usize, f64)) {
    with_element!(x.dtype(), T => T::lanes(x).iter().enumerate().for_each(|(i, v)| f(i, cast_one(*v))));
}
