//! Numbers to truth values.

use opusclip_raw::{Isa, Number};

use super::facts::{XY, family};

family! {
    /// A question about one number.
    Test {
        Isnan { name: "isnan", numpy: "np.isnan(x)", doc: "True where the value is not a number.",
            rule: "Integers and bool are never NaN." }
        Isinf { name: "isinf", numpy: "np.isinf(x)", doc: "True where the value is an infinity of either sign.",
            rule: "Integers and bool are never infinite." }
        Isfinite { name: "isfinite", numpy: "np.isfinite(x)", doc: "True where the value is neither infinite nor NaN.",
            rule: "Integers and bool always are." }
        LogicalNot { name: "logical_not", numpy: "np.logical_not(x)", doc: "True where the value is zero.",
            rule: "NaN is not zero, so it gives False." }
    }
}

family! {
    /// A comparison of two numbers.
    Compare {
        Equal { name: "equal", numpy: "np.equal(x, y)", params: XY, commutes: true,
            doc: "x == y.", rule: "NaN equals nothing. Complex: both parts." }
        NotEqual { name: "not_equal", numpy: "np.not_equal(x, y)", params: XY, commutes: true,
            doc: "x != y.", rule: "NaN differs from everything." }
        Less { name: "less", numpy: "np.less(x, y)", params: XY,
            doc: "x < y.", rule: "False where either is NaN. Complex: by the real part, then by the imaginary one." }
        LessEqual { name: "less_equal", numpy: "np.less_equal(x, y)", params: XY,
            doc: "x <= y.", rule: "False where either is NaN. Complex: by the real part, then by the imaginary one." }
        Greater { name: "greater", numpy: "np.greater(x, y)", params: XY,
            doc: "x > y.", rule: "False where either is NaN. Complex: by the real part, then by the imaginary one." }
        GreaterEqual { name: "greater_equal", numpy: "np.greater_equal(x, y)", params: XY,
            doc: "x >= y.", rule: "False where either is NaN. Complex: by the real part, then by the imaginary one." }
    }
}

/// The meaning of every op of [`Test`].
pub fn eval_test<T: Number>(op: Test, isa: Isa, x: &[T], out: &mut [bool]) {
    match op {
        Test::Isnan => isa.map1(x, out, |x: T| x.is_nan()),
        // The difference of an infinity with itself is NaN, of everything else zero.
        Test::Isinf => isa.map1(x, out, |x: T| !x.is_nan() & x.sub(x).is_nan()),
        Test::Isfinite => isa.map1(x, out, |x: T| !x.sub(x).is_nan()),
        Test::LogicalNot => isa.map1(x, out, |x: T| !x.is_true()),
    }
}

/// The meaning of every op of [`Compare`].
pub fn eval<T: Number>(op: Compare, isa: Isa, x: &[T], y: &[T], out: &mut [bool]) {
    match op {
        Compare::Equal => isa.map2(x, y, out, |x: T, y: T| x == y),
        Compare::NotEqual => isa.map2(x, y, out, |x: T, y: T| x != y),
        Compare::Less => isa.map2(x, y, out, |x: T, y: T| x < y),
        Compare::LessEqual => isa.map2(x, y, out, |x: T, y: T| x <= y),
        Compare::Greater => isa.map2(x, y, out, |x: T, y: T| x > y),
        Compare::GreaterEqual => isa.map2(x, y, out, |x: T, y: T| x >= y),
    }
}
