//! Bitwise ops on integers; on bool they are the logical ones.

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
    }
}
