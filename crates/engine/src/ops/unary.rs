//! One number to one number of the same type.

use opusclip_raw::{Isa, Number};

use super::facts::family;

family! {
    /// Arithmetic on one number.
    Unary {
        Negative {
            name: "negative", numpy: "np.negative(x)", involution: true,
            doc: "Numerical negative.",
            rule: "Integers wrap: the most negative one is its own negative, unsigned ones count down from 2**bits. Not for bool.",
        }
        Absolute {
            name: "absolute", numpy: "np.absolute(x)", idempotent: true,
            doc: "Absolute value.",
            rule: "The most negative signed integer has no positive twin and stays as it is. NaN stays NaN. Of complex64 the distance from 0 in float32, of complex128 in float64.",
        }
        Sign {
            name: "sign", numpy: "np.sign(x)", idempotent: true,
            doc: "-1, 0 or 1.",
            rule: "NaN gives NaN; both zeros give 0. Complex: x / absolute(x). Not for bool.",
        }
        Square {
            name: "square", numpy: "np.square(x)",
            doc: "The number times itself.",
            rule: "Integers wrap.",
        }
    }
}

/// The meaning of every op of this family.
pub fn eval<T: Number>(op: Unary, isa: Isa, x: &[T], out: &mut [T]) {
    match op {
        Unary::Negative => isa.map1(x, out, |x: T| x.neg()),
        Unary::Absolute => isa.map1(x, out, |x: T| x.abs()),
        Unary::Sign => isa.map1(x, out, |x: T| x.sign()),
        Unary::Square => isa.map1(x, out, |x: T| x.square()),
    }
}
