//! Complex numbers: their parts, and what the other families mean on them.

use opusclip_raw::kernel::arcs;
use opusclip_raw::kernel::complex::{self as math, ComplexNumber, angle_of_real};
use opusclip_raw::kernel::map::{each1, each2};
use opusclip_raw::{Complex, Float, Isa, Number};

use super::facts::{XY, family};
use super::lanes::{Lane, Lanes, LanesMut, with_complex};
use super::{Binary, Compare, Elementwise, Math, MathBinary, Ternary, Test, Unary};

family! {
    /// A part or the mirror image of a complex number.
    Part {
        Real { name: "real", numpy: "np.real(x)", idempotent: true,
            doc: "The real part.", rule: "Of complex64 float32, of complex128 float64; real numbers pass unchanged." }
        Imag { name: "imag", numpy: "np.imag(x)",
            doc: "The imaginary part.", rule: "Of complex64 float32, of complex128 float64; zeros of the same type for real numbers." }
        Conj { name: "conj", numpy: "np.conjugate(x)", involution: true,
            doc: "The complex conjugate: the imaginary part negated.",
            rule: "Real numbers pass unchanged, bool as int8." }
        Angle { name: "angle", numpy: "np.angle(x)", ulp: 4,
            doc: "The angle of the complex number, in radians, from -pi to pi.",
            rule: "Within 1 ulp. Real numbers have 0, or pi below zero and for -0; NaN gives NaN." }
        Complex { name: "complex", params: XY, numpy: "complex_of(x, y)",
            tries: &["complex(x, y)", "complex(x, -1.5)", "complex(2, x)"],
            doc: "The complex number with these two real parts.",
            rule: "Exact, infinities, NaN and signs of zeros too. The type is the first complex one that holds the type of x + y. Not for complex numbers. Not in NumPy." }
    }
}

/// The meaning of [`Part`] on floats. Only the angle comes here: the others are done with when the
/// expression is written.
pub(super) fn eval_real<T: Float>(op: Part, isa: Isa, x: &[T], out: &mut [T]) {
    match op {
        Part::Angle => isa.map1(x, out, |x: T| angle_of_real(x)),
        Part::Real | Part::Conj => isa.map1(x, out, |x: T| x),
        Part::Imag => isa.map1(x, out, |_: T| T::ZERO),
        // Its result is complex: `eval_complex`.
        Part::Complex => {}
    }
}

/// The meaning of [`Part::Complex`].
pub(super) fn eval_complex(isa: Isa, x: Lanes<'_>, y: Lanes<'_>, out: LanesMut<'_>) {
    with_complex!(out.dtype(), T => {
        type P = <T as ComplexNumber>::Part;
        isa.map2(P::lanes(x), P::lanes(y), T::lanes_mut(out), |x: P, y: P| T::new(x, y));
    });
}

/// True for the ops that NumPy has for complex numbers.
pub fn allows(op: Elementwise) -> bool {
    match op {
        Elementwise::Cast(_)
        | Elementwise::Unary(_)
        | Elementwise::Test(_)
        | Elementwise::Compare(_)
        | Elementwise::MathBinary(MathBinary::Divide | MathBinary::Fmax | MathBinary::Fmin)
        | Elementwise::Ternary(Ternary::Clip | Ternary::Where)
        | Elementwise::Part(Part::Real | Part::Imag | Part::Conj | Part::Angle) => true,
        Elementwise::Binary(op) => {
            !matches!(op, Binary::FloorDivide | Binary::Remainder | Binary::Fmod | Binary::Distance)
        }
        Elementwise::Math(op) => function(op).is_some() || op == Math::Rint,
        _ => false,
    }
}

type C = Complex<f64>;

/// The parts of a complex number divided by a real one that counts, given each part's own quotient:
/// NumPy divides by a complex number there, so that an infinite or NaN part makes the other NaN.
pub(crate) fn quotient(re: f64, im: f64) -> (f64, f64) {
    (re + im * 0.0, im - re * 0.0)
}

/// The function in complex128; none where NumPy has none.
fn function(op: Math) -> Option<fn(C) -> C> {
    Some(match op {
        Math::Sqrt => math::sqrt,
        Math::Exp => math::exp,
        Math::Log => math::ln,
        Math::Log2 => math::log2,
        Math::Log10 => math::log10,
        Math::Exp2 => math::exp2,
        Math::Expm1 => math::expm1,
        Math::Log1p => math::log1p,
        Math::Sin => math::sin,
        Math::Cos => math::cos,
        Math::Tan => math::tan,
        Math::Tanh => math::tanh,
        Math::Sinh => math::sinh,
        Math::Cosh => math::cosh,
        Math::Asin => arcs::asin,
        Math::Acos => arcs::acos,
        Math::Atan => arcs::atan,
        Math::Asinh => arcs::asinh,
        Math::Acosh => arcs::acosh,
        Math::Atanh => arcs::atanh,
        _ => return None,
    })
}

/// The meaning of every op on complex numbers; `y` and `z` are there when the arity says so.
pub(super) fn eval(op: Elementwise, isa: Isa, x: Lanes<'_>, y: Lanes<'_>, z: Lanes<'_>, out: LanesMut<'_>) {
    with_complex!(x.dtype(), T => typed::<T>(op, isa, [T::lanes(x), T::lanes(y), T::lanes(z)], out));
}

fn typed<T>(op: Elementwise, isa: Isa, [x, y, z]: [&[T]; 3], out: LanesMut<'_>)
where
    T: ComplexNumber + Lane,
    T::Part: Lane,
{
    match op {
        Elementwise::Unary(Unary::Absolute) => isa.map1(x, T::Part::lanes_mut(out), |x: T| x.abs()),
        Elementwise::Unary(op) => unary(op, isa, x, T::lanes_mut(out)),
        Elementwise::Part(Part::Conj) => isa.map1(x, T::lanes_mut(out), |x: T| x.conj()),
        Elementwise::Part(Part::Real) => isa.map1(x, T::Part::lanes_mut(out), |x: T| x.re()),
        Elementwise::Part(Part::Imag) => isa.map1(x, T::Part::lanes_mut(out), |x: T| x.im()),
        Elementwise::Part(Part::Angle) => {
            each1(x, T::Part::lanes_mut(out), |x: T| T::Part::from_f64(math::angle(x.wide())));
        }
        Elementwise::Math(Math::Rint) => isa.map1(x, T::lanes_mut(out), |x: T| x.rint()),
        Elementwise::Math(op) => {
            if let Some(f) = function(op) {
                each1(x, T::lanes_mut(out), |x: T| T::narrow(f(x.wide())));
            }
        }
        Elementwise::Test(op) => test(op, isa, x, bool::lanes_mut(out)),
        Elementwise::Binary(op) => binary(op, isa, x, y, T::lanes_mut(out)),
        Elementwise::MathBinary(MathBinary::Divide) => isa.map2(x, y, T::lanes_mut(out), |x: T, y: T| x.div(y)),
        Elementwise::MathBinary(MathBinary::Fmax) => isa.map2(x, y, T::lanes_mut(out), |x: T, y: T| x.max_num(y)),
        Elementwise::MathBinary(MathBinary::Fmin) => isa.map2(x, y, T::lanes_mut(out), |x: T, y: T| x.min_num(y)),
        Elementwise::Compare(op) => compare(op, isa, x, y, bool::lanes_mut(out)),
        Elementwise::Ternary(Ternary::Clip) => {
            isa.map3(x, y, z, T::lanes_mut(out), |x: T, y: T, z: T| x.max_nan(y).min_nan(z));
        }
        // Refused when the expression is written.
        _ => {}
    }
}

fn unary<T: ComplexNumber>(op: Unary, isa: Isa, x: &[T], out: &mut [T]) {
    match op {
        Unary::Negative => isa.map1(x, out, |x: T| x.neg()),
        Unary::Sign => each1(x, out, |x: T| T::narrow(math::sign(x.wide()))),
        Unary::Square => isa.map1(x, out, |x: T| x.mul(x)),
        // Its answer is real: it has its own arm.
        Unary::Absolute => {}
    }
}

fn test<T: ComplexNumber>(op: Test, isa: Isa, x: &[T], out: &mut [bool]) {
    match op {
        Test::Isnan => isa.map1(x, out, |x: T| x.is_nan()),
        Test::Isinf => isa.map1(x, out, |x: T| x.is_inf()),
        Test::Isfinite => isa.map1(x, out, |x: T| x.is_finite()),
        Test::LogicalNot => isa.map1(x, out, |x: T| x == T::default()),
    }
}

fn binary<T: ComplexNumber>(op: Binary, isa: Isa, x: &[T], y: &[T], out: &mut [T]) {
    match op {
        Binary::Add => isa.map2(x, y, out, |x: T, y: T| x.add(y)),
        Binary::Subtract => isa.map2(x, y, out, |x: T, y: T| x.sub(y)),
        Binary::Multiply => isa.map2(x, y, out, |x: T, y: T| x.mul(y)),
        Binary::Minimum => isa.map2(x, y, out, |x: T, y: T| x.min_nan(y)),
        Binary::Maximum => isa.map2(x, y, out, |x: T, y: T| x.max_nan(y)),
        Binary::Power => each2(x, y, out, |x: T, y: T| T::narrow(math::pow(x.wide(), y.wide()))),
        // Refused when the expression is written.
        Binary::FloorDivide | Binary::Remainder | Binary::Fmod | Binary::Distance => {}
    }
}

fn compare<T: ComplexNumber>(op: Compare, isa: Isa, x: &[T], y: &[T], out: &mut [bool]) {
    match op {
        Compare::Equal => isa.map2(x, y, out, |x: T, y: T| x == y),
        Compare::NotEqual => isa.map2(x, y, out, |x: T, y: T| x != y),
        Compare::Less => isa.map2(x, y, out, |x: T, y: T| x.less(y)),
        Compare::LessEqual => isa.map2(x, y, out, |x: T, y: T| x.less_equal(y)),
        Compare::Greater => isa.map2(x, y, out, |x: T, y: T| y.less(x)),
        Compare::GreaterEqual => isa.map2(x, y, out, |x: T, y: T| y.less_equal(x)),
    }
}
