//! Ops on two integers: bits (on bool the logical ones), divisors, and arithmetic that saturates.

use opusclip_raw::kernel::map::each2;
use opusclip_raw::{Integer, Isa};

use super::facts::{XY, family};

family! {
    /// Bits of two integers.
    Bits {
        And { name: "bitwise_and", numpy: "np.bitwise_and(x, y)", params: XY, commutes: true,
            doc: "Bits set in both.", rule: "Integers and bool only." }
        Or { name: "bitwise_or", numpy: "np.bitwise_or(x, y)", params: XY, commutes: true, identity: Some(0),
            doc: "Bits set in either.", rule: "Integers and bool only." }
        Xor { name: "bitwise_xor", numpy: "np.bitwise_xor(x, y)", params: XY, commutes: true, identity: Some(0),
            doc: "Bits set in one of the two.", rule: "Integers and bool only." }
        LeftShift { name: "left_shift", numpy: "np.left_shift(x, y)", params: XY, identity: Some(0),
            doc: "x moved y bits to the left: x * 2**y.", rule: "Integers only, bool as int8. Bits that leave are lost; y of the width or more, or below zero, gives 0." }
        RightShift { name: "right_shift", numpy: "np.right_shift(x, y)", params: XY, identity: Some(0),
            doc: "x moved y bits to the right: floor(x / 2**y).", rule: "Integers only, bool as int8. y of the width or more, or below zero, gives 0, or -1 for negative x." }
        Gcd { name: "gcd", numpy: "np.gcd(x, y)", params: XY, tries: &["gcd(x, y)", "gcd(x, 12)", "gcd(12, x)"], commutes: true,
            doc: "Greatest common divisor.", rule: "Integers only, not bool. Never negative, but for the most negative integer with itself or 0, which stays; of 0 and 0 it is 0." }
        Lcm { name: "lcm", numpy: "np.lcm(x, y)", params: XY, tries: &["lcm(x, y)", "lcm(x, 12)"], commutes: true,
            doc: "Least common multiple.", rule: "Integers only, not bool. Wraps; 0 if either is 0." }
        AddSat { name: "add_sat", params: XY, commutes: true, identity: Some(0),
            numpy: "(lambda d: np.asarray(np.clip(np.add(x, y, dtype=object), np.iinfo(d).min, np.iinfo(d).max)).astype(d))(np.result_type(x, y))",
            tries: &["add_sat(x, y)", "add_sat(x, 100)", "add_sat(x, x)"],
            doc: "x + y, held at the ends of the type's range instead of wrapping.", rule: "Integers only, not bool. Not in NumPy." }
        SubtractSat { name: "subtract_sat", params: XY, identity: Some(0),
            numpy: "(lambda d: np.asarray(np.clip(np.subtract(x, y, dtype=object), np.iinfo(d).min, np.iinfo(d).max)).astype(d))(np.result_type(x, y))",
            tries: &["subtract_sat(x, y)", "subtract_sat(x, 100)", "subtract_sat(5, x)"],
            doc: "x - y, held at the ends of the type's range instead of wrapping.", rule: "Integers only, not bool. Not in NumPy." }
        MultiplySat { name: "multiply_sat", params: XY, commutes: true, identity: Some(1),
            numpy: "(lambda d: np.asarray(np.clip(np.multiply(x, y, dtype=object), np.iinfo(d).min, np.iinfo(d).max)).astype(d))(np.result_type(x, y))",
            tries: &["multiply_sat(x, y)", "multiply_sat(x, 3)", "multiply_sat(x, x)"],
            doc: "x times y, held at the ends of the type's range instead of wrapping.", rule: "Integers only, not bool. Not in NumPy." }
    }
}

/// The meaning of every op of this family.
pub fn eval<T: Integer>(op: Bits, isa: Isa, x: &[T], y: &[T], out: &mut [T]) {
    match op {
        Bits::And => isa.map2(x, y, out, |x: T, y: T| x.and(y)),
        Bits::Or => isa.map2(x, y, out, |x: T, y: T| x.or(y)),
        Bits::Xor => isa.map2(x, y, out, |x: T, y: T| x.xor(y)),
        Bits::LeftShift => isa.map2(x, y, out, |x: T, y: T| x.shl(y)),
        Bits::RightShift => isa.map2(x, y, out, |x: T, y: T| x.shr(y)),
        Bits::AddSat => isa.map2(x, y, out, |x: T, y: T| x.add_sat(y)),
        Bits::SubtractSat => isa.map2(x, y, out, |x: T, y: T| x.sub_sat(y)),
        Bits::MultiplySat => isa.map2(x, y, out, |x: T, y: T| x.mul_sat(y)),
        // Euclid's loops: no instruction set helps, so they are compiled once.
        Bits::Gcd => each2(x, y, out, |x: T, y: T| x.gcd(y)),
        Bits::Lcm => each2(x, y, out, |x: T, y: T| x.lcm(y)),
    }
}
