//! Functions of floats, and division. Integers are cast to a float before they come here. Which of
//! them complex numbers have says `complex::allows`; 16-bit floats are computed as float32.

use opusclip_raw::kernel::curves;
use opusclip_raw::kernel::map::{each1, each2};
use opusclip_raw::{Float, Isa, Number};

use super::facts::{XY, family};

family! {
    /// A function of one float.
    Math {
        Sqrt { name: "sqrt", numpy: "np.sqrt(x)", doc: "Square root.",
            rule: "Correctly rounded (IEEE 754). Below zero gives NaN; -0 stays -0." }
        Exp { name: "exp", numpy: "np.exp(x)", ulp: 4, doc: "e to the power x.",
            rule: "Within 1 ulp; overflow gives infinity, underflow 0." }
        Log { name: "log", numpy: "np.log(x)", ulp: 4, pole: Some(|x, _| x == 0.0), doc: "Natural logarithm.",
            rule: "Within 1 ulp; 0 gives -inf, below zero NaN." }
        Log2 { name: "log2", numpy: "np.log2(x)", ulp: 4, pole: Some(|x, _| x == 0.0), doc: "Logarithm to base 2.",
            rule: "Within 1 ulp; 0 gives -inf, below zero NaN." }
        Log10 { name: "log10", numpy: "np.log10(x)", ulp: 4, pole: Some(|x, _| x == 0.0), doc: "Logarithm to base 10.",
            rule: "Within 1 ulp; 0 gives -inf, below zero NaN." }
        Exp2 { name: "exp2", numpy: "np.exp2(x)", ulp: 4, doc: "2 to the power x.",
            rule: "Within 1 ulp; overflow gives infinity, underflow 0." }
        Expm1 { name: "expm1", numpy: "np.expm1(x)", ulp: 4, doc: "exp(x) - 1, exact for small x.",
            rule: "Within 1 ulp; overflow gives infinity." }
        Log1p { name: "log1p", numpy: "log1p_exact(x)", ulp: 4, pole: Some(|x, _| x == -1.0), tries: &["log1p(x)", "float32 float64 | log1p(complex(x, y))"], doc: "log(1 + x), exact for small x.",
            rule: "Within 1 ulp; -1 gives -inf, below it NaN. Complex: exact near 0 too, where NumPy rounds 1 + x." }
        Sin { name: "sin", numpy: "np.sin(x)", ulp: 4, doc: "Sine of x radians.",
            rule: "Within 1 ulp; infinities give NaN." }
        Cos { name: "cos", numpy: "np.cos(x)", ulp: 4, doc: "Cosine of x radians.",
            rule: "Within 1 ulp; infinities give NaN." }
        Tan { name: "tan", numpy: "np.tan(x)", ulp: 4, doc: "Tangent of x radians.",
            rule: "Within 1 ulp; infinities give NaN." }
        Tanh { name: "tanh", numpy: "np.tanh(x)", ulp: 4, doc: "Hyperbolic tangent.",
            rule: "Within 1 ulp." }
        Acos { name: "acos", numpy: "np.arccos(x)", ulp: 4, tries: &["acos(x)", "float32 float64 | acos(complex(x, y))", "float32 float64 | acos(complex(0, x))", "float32 float64 | acos(complex(x, -0.5))"], doc: "The angle in radians whose cosine is x, 0 to pi.",
            rule: "Within 1 ulp; NaN outside -1 to 1. Complex: the real part from 0 to pi; a zero's sign says the side of the cut, as C99 has it." }
        Acosh { name: "acosh", numpy: "np.arccosh(x)", ulp: 4, tries: &["acosh(x)", "float32 float64 | acosh(complex(x, y))", "float32 float64 | acosh(complex(0, x))", "float32 float64 | acosh(complex(x, -0.5))"], doc: "Inverse hyperbolic cosine.",
            rule: "float32 within 1 ulp, float64 within 2; NaN below 1. Complex: the real part not below zero; a zero's sign says the side of the cut, as C99 has it." }
        Asin { name: "asin", numpy: "np.arcsin(x)", ulp: 4, tries: &["asin(x)", "float32 float64 | asin(complex(x, y))", "float32 float64 | asin(complex(0, x))", "float32 float64 | asin(complex(x, -0.5))"], doc: "The angle in radians whose sine is x, -pi/2 to pi/2.",
            rule: "Within 1 ulp; NaN outside -1 to 1. Complex: the real part from -pi/2 to pi/2; a zero's sign says the side of the cut, as C99 has it." }
        Asinh { name: "asinh", numpy: "np.arcsinh(x)", ulp: 4, tries: &["asinh(x)", "float32 float64 | asinh(complex(x, y))", "float32 float64 | asinh(complex(0, x))", "float32 float64 | asinh(complex(x, -0.5))"], doc: "Inverse hyperbolic sine.",
            rule: "Within 1 ulp. Complex: the imaginary part from -pi/2 to pi/2; a zero's sign says the side of the cut, as C99 has it." }
        Atan { name: "atan", numpy: "np.arctan(x)", ulp: 4, tries: &["atan(x)", "float32 float64 | atan(complex(x, y))", "float32 float64 | atan(complex(0, x))", "float32 float64 | atan(complex(x, -0.5))"], doc: "The angle in radians whose tangent is x, -pi/2 to pi/2.",
            rule: "Within 1 ulp. Complex: the real part from -pi/2 to pi/2; a zero's sign says the side of the cut, as C99 has it." }
        Atanh { name: "atanh", numpy: "np.arctanh(x)", ulp: 4, pole: Some(|x, _| x.abs() == 1.0), tries: &["atanh(x)", "float32 float64 | atanh(complex(x, y))", "float32 float64 | atanh(complex(0, x))", "float32 float64 | atanh(complex(x, -0.5))"], doc: "Inverse hyperbolic tangent.",
            rule: "Within 1 ulp; -1 and 1 give infinities, NaN beyond them. Complex: the imaginary part from -pi/2 to pi/2; a zero's sign says the side of the cut, as C99 has it." }
        Cosh { name: "cosh", numpy: "np.cosh(x)", ulp: 4, tries: &["cosh(x)", "float32 float64 | cosh(complex(x, y))", "float32 float64 | cosh(complex(0, x))", "float32 float64 | cosh(complex(x, -0.5))"], doc: "Hyperbolic cosine.",
            rule: "Within 1 ulp; overflow gives infinity." }
        Sinh { name: "sinh", numpy: "np.sinh(x)", ulp: 4, tries: &["sinh(x)", "float32 float64 | sinh(complex(x, y))", "float32 float64 | sinh(complex(0, x))", "float32 float64 | sinh(complex(x, -0.5))"], doc: "Hyperbolic sine.",
            rule: "Within 1 ulp; overflow gives infinity." }
        Cbrt { name: "cbrt", numpy: "np.cbrt(x)", ulp: 4, doc: "Cube root.",
            rule: "Within 1 ulp; below zero it is the negative root." }
        I0 { name: "i0", numpy: "np.i0(x)", ulp: 16, doc: "Modified Bessel function of the first kind, order 0, as of Kaiser windows.",
            rule: "float32 within 1 ulp, float64 within 4; integers are computed in float64; infinities give NaN. NumPy's own is some ulps off." }
        Spacing { name: "spacing", numpy: "np.spacing(x)", doc: "The distance from x to the neighbour that is further from zero.",
            rule: "Exact, with the sign of x (zero's is positive, but for bfloat16's -0); infinities give NaN. float16, as NumPy's: the distance to the neighbour above, never negative." }
        FrexpMantissa { name: "frexp_mantissa", numpy: "np.frexp(x)[0]", doc: "The first result of frexp: x / 2**e of size 0.5 up to 1.",
            rule: "Exact; zeros, infinities and NaN stay as they are." }
        FrexpExponent { name: "frexp_exponent", numpy: "np.frexp(x)[1]", doc: "The second result of frexp: the whole e for which x = m * 2**e with m of size 0.5 up to 1.",
            rule: "int32; 0 for zeros, infinities and NaN." }
        Floor { name: "floor", numpy: "np.floor(x)", idempotent: true, doc: "Greatest integer not above x.",
            rule: "Exact; integers pass unchanged." }
        Ceil { name: "ceil", numpy: "np.ceil(x)", idempotent: true, doc: "Least integer not below x.",
            rule: "Exact; integers pass unchanged." }
        Trunc { name: "trunc", numpy: "np.trunc(x)", idempotent: true, doc: "The integer part of x.",
            rule: "Exact; integers pass unchanged." }
        Rint { name: "rint", numpy: "np.rint(x)", idempotent: true, doc: "Nearest integer.",
            rule: "Halves go to the even neighbour." }
    }
}

family! {
    /// A function of two floats.
    MathBinary {
        Divide { name: "divide", numpy: "np.divide(x, y)", params: XY, identity: Some(1), pole: Some(|_, y| y == 0.0),
            doc: "True division.",
            rule: "Correctly rounded (IEEE 754); x/0 is an infinity, 0/0 NaN. Integers are divided as float64. Complex: Smith's method." }
        Atan2 { name: "atan2", numpy: "np.arctan2(x, y)", params: XY, tries: &["atan2(x, y)", "atan2(x, 300)", "atan2(2.5, x)"], ulp: 4,
            doc: "The angle in radians, -pi to pi, of the point whose height is x and whose distance to the right is y.",
            rule: "Within 1 ulp; zeros keep their signs as C99 has it." }
        Hypot { name: "hypot", numpy: "np.hypot(x, y)", params: XY, tries: &["hypot(x, y)", "hypot(x, 300)", "hypot(2.5, x)"], ulp: 4, commutes: true,
            doc: "sqrt(x**2 + y**2).",
            rule: "Within 1 ulp, without overflow on the way; infinite if either is, even beside NaN." }
        Logaddexp { name: "logaddexp", numpy: "np.logaddexp(x, y)", params: XY, tries: &["logaddexp(x, y)", "logaddexp(x, x)", "logaddexp(x, -1)"], ulp: 4, commutes: true,
            doc: "log(exp(x) + exp(y)).",
            rule: "The greater of the two plus log1p(exp(-|x - y|)), rounded once for float32; within 1 ulp of the greater of the result and max(|x|, |y|)." }
        Logaddexp2 { name: "logaddexp2", numpy: "np.logaddexp2(x, y)", params: XY, tries: &["logaddexp2(x, y)", "logaddexp2(x, x)", "logaddexp2(x, 0.5)"], ulp: 4, commutes: true,
            doc: "log2(2**x + 2**y).",
            rule: "As logaddexp." }
        Copysign { name: "copysign", numpy: "np.copysign(x, y)", params: XY, tries: &["copysign(x, y)", "copysign(x, 300)", "copysign(2.5, x)"],
            doc: "x with the sign of y.", rule: "Exact; zeros and NaN have signs too." }
        Nextafter { name: "nextafter", numpy: "np.nextafter(x, y)", params: XY, tries: &["nextafter(x, y)", "nextafter(x, 300)", "bool int float16 float32 float64 | nextafter(2.5, x)"],
            doc: "The neighbour of x in the direction of y.", rule: "Exact; y if they are equal, NaN if either is." }
        Heaviside { name: "heaviside", numpy: "np.heaviside(x, y)", params: XY, tries: &["heaviside(x, y)", "heaviside(x, 0.5)", "heaviside(x, 1)"],
            doc: "0 where x is below zero, 1 above, y where it is zero.", rule: "NaN in x gives NaN; in y it counts only where x is zero." }
        Fmax { name: "fmax", numpy: "np.fmax(x, y)", params: XY, tries: &["fmax(x, y)", "fmax(x, 1.5)", "fmax(3, x)", "fmax(x - 2j, y)"], commutes: true,
            doc: "The greater of the two, or the one that is not NaN.", rule: "NaN only if both are. Integers and bool: as maximum. Complex: in the order of maximum." }
        Fmin { name: "fmin", numpy: "np.fmin(x, y)", params: XY, tries: &["fmin(x, y)", "fmin(x, -0.5)", "fmin(3, x)", "fmin(x, y * 1j)"], commutes: true,
            doc: "The lesser of the two, or the one that is not NaN.", rule: "NaN only if both are. Integers and bool: as minimum. Complex: in the order of minimum." }
        Ldexp { name: "ldexp", numpy: "np.ldexp(x, y)", params: XY, identity: Some(0),
            tries: &["ldexp(x, 3)", "ldexp(x, -140)", "ldexp(x, 2.0)", "int16 uint16 int32 uint32 int64 uint64 float32 float64 | ldexp(x, y)"],
            doc: "x * 2**y for whole y.", rule: "Rounded once; y must be integers, of any type but uint64, and the type of x alone decides the result's." }
    }
}

/// A method of each element. Its closure must be a part of the loop: the functions are so large
/// that it would stay a call, and nothing would be vectorised.
macro_rules! each {
    ($isa:ident, $x:ident, $out:ident, $method:ident) => {
        $isa.map1(
            $x,
            $out,
            #[inline(always)]
            |x: T| x.$method(),
        )
    };
}

/// A function of `f64` on any float, rounded once.
macro_rules! through {
    ($isa:ident, $x:ident, $out:ident, $f:ident) => {
        $isa.map1(
            $x,
            $out,
            #[inline(always)]
            |x: T| T::from_f64(curves::$f(Number::to_f64(x))),
        )
    };
    ($isa:ident, $x:ident, $y:ident, $out:ident, $f:ident) => {
        $isa.map2(
            $x,
            $y,
            $out,
            #[inline(always)]
            |x: T, y: T| T::from_f64(curves::$f(Number::to_f64(x), Number::to_f64(y))),
        )
    };
}

/// The meaning of every op of [`Math`].
pub fn eval<T: Float>(op: Math, isa: Isa, x: &[T], out: &mut [T]) {
    match op {
        Math::Sqrt => each!(isa, x, out, sqrt),
        Math::Exp => each!(isa, x, out, exp),
        Math::Log => each!(isa, x, out, ln),
        Math::Log2 => each!(isa, x, out, log2),
        Math::Log10 => each!(isa, x, out, log10),
        Math::Exp2 => each!(isa, x, out, exp2),
        Math::Expm1 => each!(isa, x, out, expm1),
        Math::Log1p => each!(isa, x, out, log1p),
        Math::Sin => T::sin_run(isa, x, out),
        Math::Cos => T::cos_run(isa, x, out),
        Math::Tan => T::tan_run(isa, x, out),
        Math::Acos => through!(isa, x, out, acos),
        Math::Acosh => through!(isa, x, out, acosh),
        Math::Asin => through!(isa, x, out, asin),
        Math::Asinh => through!(isa, x, out, asinh),
        Math::Atan => through!(isa, x, out, atan),
        Math::Atanh => through!(isa, x, out, atanh),
        Math::Cosh => through!(isa, x, out, cosh),
        Math::Sinh => through!(isa, x, out, sinh),
        Math::Cbrt => through!(isa, x, out, cbrt),
        Math::I0 => called(x, out, curves::i0),
        Math::Spacing => each1(x, out, |x: T| x.spacing()),
        Math::FrexpMantissa => called(x, out, curves::frexp_mantissa),
        // Its result is of another type: `eval_exponent`.
        Math::FrexpExponent => {}
        Math::Tanh => each!(isa, x, out, tanh),
        Math::Floor => each!(isa, x, out, floor),
        Math::Ceil => each!(isa, x, out, ceil),
        Math::Trunc => each!(isa, x, out, trunc),
        Math::Rint => each!(isa, x, out, rint),
    }
}

/// The meaning of every op of [`MathBinary`].
pub fn eval_binary<T: Float>(op: MathBinary, isa: Isa, x: &[T], y: &[T], out: &mut [T]) {
    match op {
        MathBinary::Divide => isa.map2(x, y, out, |x: T, y: T| x.div(y)),
        MathBinary::Hypot => isa.map2(
            x,
            y,
            out,
            #[inline(always)]
            |x: T, y: T| x.hypot(y),
        ),
        MathBinary::Atan2 => through!(isa, x, y, out, atan2),
        MathBinary::Logaddexp => through!(isa, x, y, out, logaddexp),
        MathBinary::Logaddexp2 => through!(isa, x, y, out, logaddexp2),
        MathBinary::Ldexp => called2(x, y, out, curves::ldexp),
        MathBinary::Nextafter => each2(x, y, out, |x: T, y: T| x.next_after(y)),
        MathBinary::Copysign => {
            isa.map2(x, y, out, |x: T, y: T| if y.signbit() { x.abs().neg() } else { x.abs() });
        }
        MathBinary::Heaviside => isa.map2(x, y, out, |x: T, y: T| {
            let side = if x > T::ZERO { T::ONE } else { T::ZERO };
            let side = if x == T::ZERO { y } else { side };
            if x.is_nan() { x } else { side }
        }),
        MathBinary::Fmax => isa.map2(x, y, out, |x: T, y: T| if (x > y) | y.is_nan() { x } else { y }),
        MathBinary::Fmin => isa.map2(x, y, out, |x: T, y: T| if (x < y) | y.is_nan() { x } else { y }),
    }
}

/// The meaning of [`Math::FrexpExponent`].
pub fn eval_exponent<T: Float>(x: &[T], out: &mut [i32]) {
    each1(x, out, |x: T| curves::frexp_exponent(Number::to_f64(x)));
}

/// A function of `f64` on any float, rounded once, that is a call for each element: compiled once,
/// not once per instruction set.
fn called<T: Float>(x: &[T], out: &mut [T], f: fn(f64) -> f64) {
    each1(x, out, |x: T| T::from_f64(f(Number::to_f64(x))));
}

/// The same of two.
fn called2<T: Float>(x: &[T], y: &[T], out: &mut [T], f: fn(f64, f64) -> f64) {
    each2(x, y, out, |x: T, y: T| T::from_f64(f(Number::to_f64(x), Number::to_f64(y))));
}
