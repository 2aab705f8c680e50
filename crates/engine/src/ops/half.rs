//! The two 16-bit floats: every op is float32's, on a short run of widened elements, and its
//! answer is rounded back. That is NumPy's own rule for float16; `+ - * /` and the square root are
//! correctly rounded by it, because a float32 has more than twice the bits.

use opusclip_raw::kernel::cast::cast;
use opusclip_raw::kernel::map::{each1, each2};
use opusclip_raw::{BF16, DType, F16, Isa};

use super::lanes::{Lane, Lanes, LanesMut};
use super::{Elementwise, Math, MathBinary};

/// Elements that are converted together; they stay in the first cache.
pub(crate) const RUN: usize = 512;

/// Runs of widened elements and what comes of them.
type Wide = [[f32; RUN]; 3];

/// The meaning of every op on float16 and bfloat16.
pub(super) fn eval(op: Elementwise, isa: Isa, args: &[Lanes<'_>], mut out: LanesMut<'_>) {
    // The neighbours of a float16 are not those of the float32.
    match (op, args, out.dtype()) {
        (Elementwise::MathBinary(MathBinary::Nextafter), [x, y, ..], DType::F16) => {
            return each2(F16::lanes(*x), F16::lanes(*y), F16::lanes_mut(out), next);
        }
        (Elementwise::MathBinary(MathBinary::Nextafter), [x, y, ..], _) => {
            return each2(BF16::lanes(*x), BF16::lanes(*y), BF16::lanes_mut(out), next);
        }
        (Elementwise::Math(Math::Spacing), [x, ..], DType::F16) => {
            // NumPy's own: the neighbour above, so that no distance is negative.
            return each1(F16::lanes(*x), F16::lanes_mut(out), |x: F16| spacing(x, f32::INFINITY));
        }
        (Elementwise::Math(Math::Spacing), [x, ..], _) => {
            return each1(BF16::lanes(*x), BF16::lanes_mut(out), |x: BF16| {
                spacing(x, f32::INFINITY.copysign(x.to_f32()))
            });
        }
        _ => {}
    }
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
        if !out.dtype().is_half() {
            // Truth values, and the exponents of frexp.
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

/// A float of 16 bits: sign and size.
trait Half: Copy {
    fn bits(self) -> u16;
    fn of_bits(bits: u16) -> Self;
    fn wide(self) -> f32;
    fn of_wide(v: f32) -> Self;
}

macro_rules! half {
    ($($t:ident)*) => { $(
        impl Half for $t {
            fn bits(self) -> u16 {
                self.to_bits()
            }
            fn of_bits(bits: u16) -> Self {
                $t::from_bits(bits)
            }
            fn wide(self) -> f32 {
                self.to_f32()
            }
            fn of_wide(v: f32) -> Self {
                $t::from_f32(v)
            }
        }
    )* };
}
half!(F16 BF16);

/// The neighbour of `x` in the direction of `y`.
fn next<T: Half>(x: T, y: T) -> T {
    toward(x, y.wide(), y)
}

fn toward<T: Half>(x: T, y: f32, equal: T) -> T {
    let v = x.wide();
    let bits = x.bits();
    if v.is_nan() || y.is_nan() {
        return T::of_wide(f32::NAN);
    }
    if v == y {
        return equal;
    }
    if v == 0.0 {
        // The smallest number, with the sign of where it goes.
        return T::of_bits(1 | if y < 0.0 { 0x8000 } else { 0 });
    }
    // Bits without the sign grow with the size; the last finite number is followed by infinity.
    T::of_bits(if (y > v) == (v > 0.0) { bits.wrapping_add(1) } else { bits.wrapping_sub(1) })
}

/// The distance to the neighbour in that direction; NaN for infinities.
fn spacing<T: Half>(x: T, to: f32) -> T {
    let v = x.wide();
    let near = if v.is_finite() { toward(x, to, x).wide() - v } else { f32::NAN };
    T::of_wide(near)
}
