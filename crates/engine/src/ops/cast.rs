//! `astype` between any two element types.

use opusclip_raw::kernel::cast::cast;
use opusclip_raw::{BF16, Complex, DType, Element, F16, Isa};

use super::half::RUN;
use super::lanes::{Lane, Lanes, LanesMut, with_complex, with_number};

/// The meaning of `Elementwise::Cast`. Every pair of the types that have loops of their own has
/// one here. The others go by way of the type in which they are computed, a short run at a time:
/// it holds every value of theirs, so the answer is rounded once all the same.
pub(super) fn eval(isa: Isa, x: Lanes<'_>, to: DType, mut out: LanesMut<'_>) {
    let from = x.dtype();
    match (from, to) {
        _ if from == to => out.copy_from(x),
        // Both parts go, or count.
        (DType::C64 | DType::C128, DType::C64 | DType::C128 | DType::Bool) => with_complex!(from, A => match to {
            DType::C64 => cast(isa, A::lanes(x), Complex::<f32>::lanes_mut(out)),
            DType::C128 => cast(isa, A::lanes(x), Complex::<f64>::lanes_mut(out)),
            _ => cast(isa, A::lanes(x), bool::lanes_mut(out)),
        }),
        (DType::F16, _) => via::<F16, f32>(isa, x, to, out),
        (DType::BF16, _) => via::<BF16, f32>(isa, x, to, out),
        (DType::C64, _) => via::<Complex<f32>, f32>(isa, x, to, out),
        (DType::C128, _) => via::<Complex<f64>, f64>(isa, x, to, out),
        (DType::F64, DType::F16) => cast(isa, f64::lanes(x), F16::lanes_mut(out)),
        // What a float32 cannot hold of the other types is infinite as float16; bfloat16 is the
        // upper half of a float32 by definition.
        (_, DType::F16) => onto::<f32, F16>(isa, x, out),
        (_, DType::BF16) => onto::<f32, BF16>(isa, x, out),
        (_, DType::C64) => onto::<f32, Complex<f32>>(isa, x, out),
        (_, DType::C128) => onto::<f64, Complex<f64>>(isa, x, out),
        _ => with_number!(from, A => with_number!(to, R => cast::<A, R>(isa, A::lanes(x), R::lanes_mut(out)))),
    }
}

/// From `A` by way of `W`.
fn via<A: Lane, W: Lane>(isa: Isa, x: Lanes<'_>, to: DType, mut out: LanesMut<'_>) {
    let mut wide = [W::default(); RUN];
    for (i, part) in A::lanes(x).chunks(RUN).enumerate() {
        let wide = &mut wide[..part.len()];
        cast(isa, part, wide);
        eval(isa, W::wrap(wide), to, out.part(i * RUN, part.len()));
    }
}

/// To `R` by way of `W`.
fn onto<W: Lane, R: Lane>(isa: Isa, x: Lanes<'_>, out: LanesMut<'_>) {
    let mut wide = [W::default(); RUN];
    for (i, part) in R::lanes_mut(out).chunks_mut(RUN).enumerate() {
        let wide = &mut wide[..part.len()];
        eval(isa, x.part(i * RUN, part.len()), <W as Element>::DTYPE, W::wrap_mut(wide));
        cast(isa, wide, part);
    }
}
