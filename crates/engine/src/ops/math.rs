//! Functions of floats, and division. Integers are cast to a float before they come here. Which of
//! them complex numbers have says `complex::allows`; 16-bit floats are computed as float32.

use opusclip_raw::{Float, Isa};

use super::facts::{XY, family};

family! {
    /// A function of one float.
    Math {
        Sqrt { name: "sqrt", numpy: "np.sqrt(x)", doc: "Square root.",
            rule: "Correctly rounded (IEEE 754). Below zero gives NaN; -0 stays -0." }
        Exp { name: "exp", numpy: "np.exp(x)", ulp: 4, doc: "e to the power x.",
            rule: "Within 1 ulp; overflow gives infinity, underflow 0." }
        Log { name: "log", numpy: "np.log(x)", ulp: 4, doc: "Natural logarithm.",
            rule: "Within 1 ulp; 0 gives -inf, below zero NaN." }
        Log2 { name: "log2", numpy: "np.log2(x)", ulp: 4, doc: "Logarithm to base 2.",
            rule: "Within 1 ulp; 0 gives -inf, below zero NaN." }
        Log10 { name: "log10", numpy: "np.log10(x)", ulp: 4, doc: "Logarithm to base 10.",
            rule: "Within 1 ulp; 0 gives -inf, below zero NaN." }
        Exp2 { name: "exp2", numpy: "np.exp2(x)", ulp: 4, doc: "2 to the power x.",
            rule: "Within 1 ulp; overflow gives infinity, underflow 0." }
        Expm1 { name: "expm1", numpy: "np.expm1(x)", ulp: 4, doc: "exp(x) - 1, exact for small x.",
            rule: "Within 1 ulp; overflow gives infinity." }
        Log1p { name: "log1p", numpy: "np.log1p(x)", ulp: 4, doc: "log(1 + x), exact for small x.",
            rule: "Within 1 ulp; -1 gives -inf, below it NaN." }
        Sin { name: "sin", numpy: "np.sin(x)", ulp: 4, doc: "Sine of x radians.",
            rule: "Within 1 ulp; infinities give NaN." }
        Cos { name: "cos", numpy: "np.cos(x)", ulp: 4, doc: "Cosine of x radians.",
            rule: "Within 1 ulp; infinities give NaN." }
        Tan { name: "tan", numpy: "np.tan(x)", ulp: 4, doc: "Tangent of x radians.",
            rule: "Within 1 ulp; infinities give NaN." }
        Tanh { name: "tanh", numpy: "np.tanh(x)", ulp: 4, doc: "Hyperbolic tangent.",
            rule: "Within 1 ulp." }
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
        Divide { name: "divide", numpy: "np.divide(x, y)", params: XY, identity: Some(1),
            doc: "True division.",
            rule: "Correctly rounded (IEEE 754); x/0 is an infinity, 0/0 NaN. Integers are divided as float64. Complex: Smith's method." }
    }
}

/// The meaning of every op of [`Math`].
pub fn eval<T: Float>(op: Math, isa: Isa, x: &[T], out: &mut [T]) {
    match op {
        Math::Sqrt => isa.map1(x, out, |x: T| x.sqrt()),
        Math::Exp => isa.map1(x, out, |x: T| x.exp()),
        Math::Log => isa.map1(x, out, |x: T| x.ln()),
        Math::Log2 => isa.map1(x, out, |x: T| x.log2()),
        Math::Log10 => isa.map1(x, out, |x: T| x.log10()),
        Math::Exp2 => isa.map1(x, out, |x: T| x.exp2()),
        Math::Expm1 => isa.map1(x, out, |x: T| x.expm1()),
        Math::Log1p => isa.map1(x, out, |x: T| x.log1p()),
        Math::Sin => isa.map1(x, out, |x: T| x.sin()),
        Math::Cos => isa.map1(x, out, |x: T| x.cos()),
        Math::Tan => isa.map1(x, out, |x: T| x.tan()),
        Math::Tanh => isa.map1(x, out, |x: T| x.tanh()),
        Math::Floor => isa.map1(x, out, |x: T| x.floor()),
        Math::Ceil => isa.map1(x, out, |x: T| x.ceil()),
        Math::Trunc => isa.map1(x, out, |x: T| x.trunc()),
        Math::Rint => isa.map1(x, out, |x: T| x.rint()),
    }
}

/// The meaning of every op of [`MathBinary`].
pub fn eval_binary<T: Float>(op: MathBinary, isa: Isa, x: &[T], y: &[T], out: &mut [T]) {
    match op {
        MathBinary::Divide => isa.map2(x, y, out, |x: T, y: T| x.div(y)),
    }
}
