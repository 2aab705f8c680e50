//! Two numbers to one of the same type.

use opusclip_raw::kernel::map::each2;
use opusclip_raw::{Float, Integer, Isa, Number};

use super::facts::{XY, family};

family! {
    /// Arithmetic on two numbers.
    Binary {
        Add { name: "add", numpy: "np.add(x, y)", params: XY, tries: &["add(x, y)", "x + (1 - 2j)"], commutes: true, identity: Some(0),
            doc: "x + y.", rule: "Integers wrap. For bool: or." }
        Subtract { name: "subtract", numpy: "np.subtract(x, y)", params: XY, identity: Some(0),
            doc: "x - y.", rule: "Integers wrap. Not for bool." }
        Multiply { name: "multiply", numpy: "np.multiply(x, y)", params: XY, tries: &["multiply(x, y)", "mild | 2j * x"], commutes: true, identity: Some(1),
            doc: "x times y.", rule: "Integers wrap. For bool: and. Complex: (ac - bd, ad + bc), every step rounded." }
        Minimum { name: "minimum", numpy: "np.minimum(x, y)", params: XY, commutes: true,
            doc: "The lesser of the two.", rule: "NaN if either is NaN. Complex: by the real part, then by the imaginary one; the first with a NaN part if any has." }
        Maximum { name: "maximum", numpy: "np.maximum(x, y)", params: XY, tries: &["maximum(x, y)", "maximum(x, 2j)"], commutes: true,
            doc: "The greater of the two.", rule: "NaN if either is NaN. Complex: by the real part, then by the imaginary one; the first with a NaN part if any has." }
        Power { name: "power", numpy: "exact(np.power, x, y)", params: XY, identity: Some(1), ulp: 4, pole: Some(|x, y| x == 0.0 && y < 0.0),
            tries: &["mild | power(x, y)", "edge bool real | power(x, y)", "mild complex64 complex128 | power(x * (1 - 2j), y - 1j)"],
            doc: "x to the power y.",
            rule: "Floats: within 1 ulp, special cases as C99; the exponents 2, -1 and 0.5 give x * x, 1 / x and the square root, rounded once. Integers: repeated multiplication that wraps; a negative exponent gives 0 (1 and -1 keep theirs) where NumPy raises. Complex: whole exponents below 100 by multiplication, else exp(y log x); 0 to a number whose real part is above 0 is 0, to any other but 0 NaN; the error grows with |y log x|, as NumPy's does." }
        FloorDivide { name: "floor_divide", numpy: "np.floor_divide(x, y)", params: XY, pole: Some(|_, y| y == 0.0),
            doc: "The greatest integer not above x / y.",
            rule: "Integer division by zero gives 0; the most negative integer by -1 wraps. Not for complex numbers." }
        Remainder { name: "remainder", numpy: "np.remainder(x, y)", params: XY, pole: Some(|_, y| y == 0.0),
            doc: "x - floor_divide(x, y) * y; has the sign of y.",
            rule: "Integer remainder by zero gives 0. Not for complex numbers." }
        Fmod { name: "fmod", numpy: "np.fmod(x, y)", params: XY, pole: Some(|_, y| y == 0.0), tries: &["fmod(x, y)", "fmod(x, 3)", "fmod(-7.5, x)"],
            doc: "What division towards zero leaves; has the sign of x, as C's % does.",
            rule: "Exact. Integer fmod by zero gives 0; floats by zero, and infinite x, give NaN." }
    }
    inner {
        Distance { name: "distance", params: XY, commutes: true,
            doc: "The greater less the lesser, which an unsigned type holds.", rule: "maximum's, minimum's and subtract's." }
    }
}

/// Powers of a run, for floats by the curve and for integers by repeated multiplication.
pub trait Power: Number {
    /// The powers.
    fn powers(isa: Isa, x: &[Self], y: &[Self], out: &mut [Self]);
}

macro_rules! power {
    (|$isa:ident, $x:ident, $y:ident, $out:ident| $powers:expr; $($t:ty)*) => { $(
        impl Power for $t {
            fn powers($isa: Isa, $x: &[Self], $y: &[Self], $out: &mut [Self]) {
                $powers
            }
        }
    )* };
}
power!(|isa, x, y, out| Float::pow_run(isa, x, y, out); f32 f64);
power!(|isa, x, y, out| isa.map2(x, y, out, Integer::pow_wrapping); bool u8 i8 u16 i16 u32 i32 u64 i64);

/// The meaning of every op of this family.
pub fn eval<T: Power>(op: Binary, isa: Isa, x: &[T], y: &[T], out: &mut [T]) {
    match op {
        Binary::Add => isa.map2(x, y, out, |x: T, y: T| x.add(y)),
        Binary::Subtract => isa.map2(x, y, out, |x: T, y: T| x.sub(y)),
        Binary::Multiply => isa.map2(x, y, out, |x: T, y: T| x.mul(y)),
        Binary::Minimum => isa.map2(x, y, out, |x: T, y: T| x.min_nan(y)),
        Binary::Maximum => isa.map2(x, y, out, |x: T, y: T| x.max_nan(y)),
        Binary::Power => T::powers(isa, x, y, out),
        Binary::FloorDivide => isa.map2(x, y, out, |x: T, y: T| x.floor_div(y)),
        Binary::Remainder => isa.map2(x, y, out, |x: T, y: T| x.rem(y)),
        Binary::Distance => isa.map2(x, y, out, |x: T, y: T| x.max_nan(y).sub(x.min_nan(y))),
        // Division of each by itself: no instruction set helps, so it is compiled once.
        Binary::Fmod => each2(x, y, out, |x: T, y: T| x.fmod(y)),
    }
}
