//! The two 16-bit floats: every op is float32's, on a short run of widened elements, and its
//! answer is rounded back. That is NumPy's own rule for float16; `+ - * /` and the square root are
//! correctly rounded by it, because a float32 has more than twice the bits.

use opusclip_raw::kernel::cast::cast;
use opusclip_raw::{BF16, DType, F16, Isa};

use super::Elementwise;
use super::lanes::{Lane, Lanes, LanesMut};

/// Elements that are converted together; they stay in the first cache.
pub(crate) const RUN: usize = 512;

/// Runs of widened elements and what comes of them.
type Wide = [[f32; RUN]; 3];

/// The meaning of every op on float16 and bfloat16.
pub(super) fn eval(op: Elementwise, isa: Isa, args: &[Lanes<'_>], mut out: LanesMut<'_>) {
    let n = args.first().map_or(0, |x| x.len());
    let mut wide: Wide = [[0.0; RUN]; 3];
    let mut result = [0f32; RUN];
    for start in (0..n).step_by(RUN) {
        let m = RUN.min(n - start);
        let mut lanes = [Lanes::F32(&[]); 3];
        for ((slot, wide), &x) in lanes.iter_mut().zip(&mut wide).zip(args) {
            let wide = &mut wide[..m];
            match x.part(start, m) {
                Lanes::F16(x) => cast(isa, x, wide),
                Lanes::BF16(x) => cast(isa, x, wide),
                _ => {}
            }
            *slot = Lanes::F32(wide);
        }
        let lanes = &lanes[..args.len().min(3)];
        let out = out.part(start, m);
        if out.dtype() == DType::Bool {
            super::eval(op, isa, lanes, out);
            continue;
        }
        let result = &mut result[..m];
        super::eval(op, isa, lanes, LanesMut::F32(result));
        match out.dtype() {
            DType::F16 => cast(isa, result, F16::lanes_mut(out)),
            _ => cast(isa, result, BF16::lanes_mut(out)),
        }
    }
}
