//! Complex numbers: NumPy's arithmetic, and C99's functions with its special values.
//!
//! Products and quotients are computed in the type itself. Functions are computed in `f64`, for
//! `complex64` too, and rounded once. Formulas for `sqrt`, `sinh`, `cosh` and `tanh` are those of
//! Kahan, "Branch cuts for complex elementary functions" (1987).

use std::f64::consts::{LN_2, LOG2_E, LOG10_E, PI};

use crate::dtype::{Complex, Element};
use crate::number::{Float, Number};

/// A complex element type and its arithmetic.
pub trait ComplexNumber: Element {
    /// The type of both parts.
    type Part: Float;
    /// From a real and an imaginary part.
    fn new(re: Self::Part, im: Self::Part) -> Self;
    /// The real part.
    fn re(self) -> Self::Part;
    /// The imaginary part.
    fn im(self) -> Self::Part;
    /// The same number as `complex128`.
    fn wide(self) -> Complex<f64>;
    /// The nearest number, part by part.
    fn narrow(z: Complex<f64>) -> Self;
    /// The distance from 0: infinite if a part is infinite, else NaN if one is NaN.
    fn abs(self) -> Self::Part;

    /// `self + o`.
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self::new(self.re().add(o.re()), self.im().add(o.im()))
    }
    /// `self - o`.
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self::new(self.re().sub(o.re()), self.im().sub(o.im()))
    }
    /// `self * o` by the schoolbook formula, every step rounded; infinities are not mended.
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        let (a, b, c, d) = (self.re(), self.im(), o.re(), o.im());
        Self::new(a.mul(c).sub(b.mul(d)), a.mul(d).add(b.mul(c)))
    }
    /// `self / o` by Smith's method, as NumPy does it; by 0 each part is divided by 0.
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        let (a, b, c, d) = (self.re(), self.im(), o.re(), o.im());
        let (wide, high) = (Number::abs(c), Number::abs(d));
        if wide >= high {
            if wide == Self::Part::ZERO && high == Self::Part::ZERO {
                return Self::new(a.div(wide), b.div(wide));
            }
            let ratio = d.div(c);
            let scale = Self::Part::ONE.div(c.add(d.mul(ratio)));
            Self::new(a.add(b.mul(ratio)).mul(scale), b.sub(a.mul(ratio)).mul(scale))
        } else {
            let ratio = c.div(d);
            let scale = Self::Part::ONE.div(d.add(c.mul(ratio)));
            Self::new(a.mul(ratio).add(b).mul(scale), b.mul(ratio).sub(a).mul(scale))
        }
    }
    /// Both parts negated.
    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(self.re().neg(), self.im().neg())
    }
    /// The mirror image below the real axis.
    #[inline(always)]
    fn conj(self) -> Self {
        Self::new(self.re(), self.im().neg())
    }
    /// Both parts rounded to whole numbers, halves to even.
    #[inline(always)]
    fn rint(self) -> Self {
        Self::new(self.re().rint(), self.im().rint())
    }
    /// True if a part is NaN.
    #[inline(always)]
    fn is_nan(self) -> bool {
        Number::is_nan(self.re()) | Number::is_nan(self.im())
    }
    /// True if a part is infinite.
    #[inline(always)]
    fn is_inf(self) -> bool {
        self.re().is_inf() | self.im().is_inf()
    }
    /// True if both parts are finite.
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.re().is_finite() & self.im().is_finite()
    }
    /// NumPy's order: by the real part, then by the imaginary one; false where a NaN decides.
    #[inline(always)]
    fn less(self, o: Self) -> bool {
        let known = !(Number::is_nan(self.im()) | Number::is_nan(o.im()));
        ((self.re() < o.re()) & known) | ((self.re() == o.re()) & (self.im() < o.im()))
    }
    /// As [`ComplexNumber::less`], or equal.
    #[inline(always)]
    fn less_equal(self, o: Self) -> bool {
        let known = !(Number::is_nan(self.im()) | Number::is_nan(o.im()));
        ((self.re() < o.re()) & known) | ((self.re() == o.re()) & (self.im() <= o.im()))
    }
    /// The lesser in that order; the first that has a NaN, if any has.
    #[inline(always)]
    fn min_nan(self, o: Self) -> Self {
        if ComplexNumber::is_nan(self) | self.less_equal(o) { self } else { o }
    }
    /// The greater in that order; the first that has a NaN, if any has.
    #[inline(always)]
    fn max_nan(self, o: Self) -> Self {
        if ComplexNumber::is_nan(self) | o.less_equal(self) { self } else { o }
    }
    /// The lesser in that order, or the one without a NaN.
    #[inline(always)]
    fn min_num(self, o: Self) -> Self {
        if ComplexNumber::is_nan(o) | self.less_equal(o) { self } else { o }
    }
    /// The greater in that order, or the one without a NaN.
    #[inline(always)]
    fn max_num(self, o: Self) -> Self {
        if ComplexNumber::is_nan(o) | o.less_equal(self) { self } else { o }
    }
}

impl ComplexNumber for Complex<f64> {
    type Part = f64;
    #[inline(always)]
    fn new(re: f64, im: f64) -> Self {
        Complex { re, im }
    }
    #[inline(always)]
    fn re(self) -> f64 {
        self.re
    }
    #[inline(always)]
    fn im(self) -> f64 {
        self.im
    }
    #[inline(always)]
    fn wide(self) -> Complex<f64> {
        self
    }
    #[inline(always)]
    fn narrow(z: Complex<f64>) -> Self {
        z
    }
    #[inline(always)]
    fn abs(self) -> f64 {
        libm::hypot(self.re, self.im)
    }
}

impl ComplexNumber for Complex<f32> {
    type Part = f32;
    #[inline(always)]
    fn new(re: f32, im: f32) -> Self {
        Complex { re, im }
    }
    #[inline(always)]
    fn re(self) -> f32 {
        self.re
    }
    #[inline(always)]
    fn im(self) -> f32 {
        self.im
    }
    #[inline(always)]
    fn wide(self) -> Complex<f64> {
        Complex { re: self.re.into(), im: self.im.into() }
    }
    #[inline(always)]
    fn narrow(z: Complex<f64>) -> Self {
        Complex { re: z.re as f32, im: z.im as f32 }
    }
    #[inline(always)]
    fn abs(self) -> f32 {
        // In f64 nothing overflows and the squares are exact.
        let z = self.wide();
        let y = (z.re * z.re + z.im * z.im).sqrt() as f32;
        if self.is_inf() { f32::INFINITY } else { y }
    }
}

type C = Complex<f64>;
const NAN: C = C { re: f64::NAN, im: f64::NAN };

const fn c(re: f64, im: f64) -> C {
    C { re, im }
}

/// z / |z|; 0 for 0. On an axis at infinity it is the axis' unit, between axes NaN.
pub fn sign(z: C) -> C {
    let r = libm::hypot(z.re, z.im);
    let unit = |v: f64| if v > 0.0 { 1.0 } else { -1.0 };
    if r.is_nan() {
        NAN
    } else if r.is_infinite() {
        match (z.re.is_infinite(), z.im.is_infinite()) {
            (true, true) => NAN,
            (true, false) => c(unit(z.re), 0.0),
            _ => c(0.0, unit(z.im)),
        }
    } else if r == 0.0 {
        c(0.0, 0.0)
    } else {
        c(z.re / r, z.im / r)
    }
}

/// The angle from the positive real axis, in radians, -pi to pi.
pub fn angle(z: C) -> f64 {
    libm::atan2(z.im, z.re)
}

/// The square root whose real part is not negative.
pub fn sqrt(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if x == 0.0 && y == 0.0 {
        return c(0.0, y);
    }
    if y.is_infinite() {
        return c(f64::INFINITY, y);
    }
    if x.is_nan() {
        return NAN;
    }
    if x.is_infinite() {
        let odd = if y.is_finite() { 0.0 } else { f64::NAN };
        return if x < 0.0 { c(odd.abs(), x.abs().copysign(y)) } else { c(x, odd.copysign(y)) };
    }
    // Far from the ends of the range neither the hypotenuse nor the halves leave it.
    let big = x.abs().max(y.abs());
    let (x, y, back) = if big > 1e300 {
        (x * 0.25, y * 0.25, 2.0)
    } else if big < 1e-290 {
        (x * 2f64.powi(108), y * 2f64.powi(108), 2f64.powi(-54))
    } else {
        (x, y, 1.0)
    };
    let t = ((x.abs() + libm::hypot(x, y)) * 0.5).sqrt();
    if x >= 0.0 { c(t * back, y / (2.0 * t) * back) } else { c(y.abs() / (2.0 * t) * back, (t * back).copysign(y)) }
}

/// e^z.
pub fn exp(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        return c(libm::exp(x), y);
    }
    if x == 0.0 {
        return c(libm::cos(y), libm::sin(y));
    }
    if !y.is_finite() {
        return match x {
            f64::NEG_INFINITY => c(0.0, 0.0),
            f64::INFINITY => c(x, f64::NAN),
            _ => NAN,
        };
    }
    // In two halves where e^x alone overflows and the product need not.
    let (half, rest) = if x > 709.0 && x < 1500.0 { (libm::exp(x * 0.5), x * 0.5) } else { (1.0, x) };
    let e = libm::exp(rest);
    c(e * libm::cos(y) * half, e * libm::sin(y) * half)
}

/// 2^z.
pub fn exp2(z: C) -> C {
    /// What LN_2 lacks of ln 2.
    const LN_2_REST: f64 = 2.3190468138462996e-17;
    let turn = z.im * LN_2;
    let beyond = z.re.abs() > 1000.0;
    if z.im == 0.0 || !z.re.is_finite() || !turn.is_finite() || beyond {
        return if z.im == 0.0 { c(libm::exp2(z.re), turn) } else { exp(c(z.re * LN_2, turn)) };
    }
    // The turn to twice the precision: sin and cos of large angles would show its rounding.
    let rest = libm::fma(z.im, LN_2, -turn) + z.im * LN_2_REST;
    let (e, sin, cos) = (libm::exp2(z.re), libm::sin(turn), libm::cos(turn));
    c(e * (cos - rest * sin), e * (sin + rest * cos))
}

/// e^z - 1, exact near zero.
pub fn expm1(z: C) -> C {
    let half = libm::sin(z.im * 0.5);
    let re = libm::expm1(z.re) * libm::cos(z.im) - 2.0 * half * half;
    c(re, libm::exp(z.re) * libm::sin(z.im))
}

/// ln of the distance of (1 + x, y) from 0, where `x` may be small.
fn ln_abs_beside_1(x: f64, y: f64) -> f64 {
    libm::log1p(x * (2.0 + x) + y * y) * 0.5
}

/// The natural logarithm; the imaginary part is the angle.
pub fn ln(z: C) -> C {
    let (x, y) = (z.re.abs(), z.im.abs());
    let (big, small) = if x < y { (y, x) } else { (x, y) };
    let re = if !big.is_finite() || !small.is_finite() {
        libm::log(libm::hypot(x, y))
    } else if big > 1e300 {
        libm::log(libm::hypot(x * 0.25, y * 0.25)) + 2.0 * LN_2
    } else if big < 1e-290 && big > 0.0 {
        libm::log(libm::hypot(x * 2f64.powi(100), y * 2f64.powi(100))) - 100.0 * LN_2
    } else {
        let r = libm::hypot(x, y);
        // Beside 1 the logarithm is small and rounding the distance would be felt.
        if r > 0.5 && r < 2.0 { ln_abs_beside_1(big - 1.0, small) } else { libm::log(r) }
    };
    c(re, angle(z))
}

/// The logarithm to base 2.
pub fn log2(z: C) -> C {
    let l = ln(z);
    c(l.re * LOG2_E, l.im * LOG2_E)
}

/// The logarithm to base 10.
pub fn log10(z: C) -> C {
    let l = ln(z);
    c(l.re * LOG10_E, l.im * LOG10_E)
}

/// ln(1 + z), exact near zero.
pub fn log1p(z: C) -> C {
    let beside = c(z.re + 1.0, z.im);
    let r = libm::hypot(beside.re, beside.im);
    if r > 0.5 && r < 2.0 { c(ln_abs_beside_1(z.re, z.im), angle(beside)) } else { ln(beside) }
}

/// The hyperbolic sine.
pub fn sinh(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if x.is_finite() && y.is_finite() {
        if y == 0.0 {
            return c(libm::sinh(x), y);
        }
        if x.abs() < 709.0 {
            return c(libm::sinh(x) * libm::cos(y), libm::cosh(x) * libm::sin(y));
        }
        // Beyond it sinh and cosh are halves of e^|x|.
        let e = exp(c(x.abs() - LN_2, y));
        return c(e.re.copysign(e.re * x), e.im);
    }
    match (x, y) {
        (0.0, _) => c(x, f64::NAN),
        (_, 0.0) => c(x, y),
        _ if x.is_infinite() && y.is_finite() => c(x * libm::cos(y), f64::INFINITY * libm::sin(y)),
        _ if x.is_infinite() => c(f64::INFINITY, f64::NAN),
        _ => NAN,
    }
}

/// The hyperbolic cosine.
pub fn cosh(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if x.is_finite() && y.is_finite() {
        if y == 0.0 {
            return c(libm::cosh(x), x * y);
        }
        if x.abs() < 709.0 {
            return c(libm::cosh(x) * libm::cos(y), libm::sinh(x) * libm::sin(y));
        }
        let e = exp(c(x.abs() - LN_2, y));
        return c(e.re, e.im.copysign(e.im * x));
    }
    match (x, y) {
        (0.0, _) => c(f64::NAN, 0.0),
        (_, 0.0) => c(x * x, 0f64.copysign(x) * y),
        _ if x.is_infinite() && y.is_finite() => c(f64::INFINITY * libm::cos(y), x * libm::sin(y)),
        _ if x.is_infinite() => c(f64::INFINITY, f64::NAN),
        _ => NAN,
    }
}

/// The hyperbolic tangent.
pub fn tanh(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if x.is_nan() {
        return c(x, if y == 0.0 { y } else { f64::NAN });
    }
    if x.is_infinite() {
        let turn = if y.is_finite() { libm::sin(y) * libm::cos(y) } else { y };
        return c(1f64.copysign(x), 0f64.copysign(turn));
    }
    if !y.is_finite() {
        return c(if x == 0.0 { x } else { f64::NAN }, f64::NAN);
    }
    if x.abs() >= 22.0 {
        let e = libm::exp(-x.abs());
        return c(1f64.copysign(x), 4.0 * libm::sin(y) * libm::cos(y) * e * e);
    }
    let t = libm::tan(y);
    let beta = 1.0 + t * t;
    let s = libm::sinh(x);
    let rho = (1.0 + s * s).sqrt();
    let below = 1.0 + beta * s * s;
    c(beta * rho * s / below, t / below)
}

/// The parts exchanged: what carries sines to hyperbolic sines.
pub(crate) fn turned(z: C) -> C {
    c(z.im, z.re)
}

/// The sine.
pub fn sin(z: C) -> C {
    turned(sinh(turned(z)))
}

/// The cosine.
pub fn cos(z: C) -> C {
    cosh(c(-z.im, z.re))
}

/// The tangent.
pub fn tan(z: C) -> C {
    turned(tanh(turned(z)))
}

/// z^w as NumPy has it: whole exponents below 100 by multiplication, 0 to a number
/// whose real part is above 0 is 0 and to any other but 0 NaN, else e^(w ln z).
pub fn pow(z: C, w: C) -> C {
    if w.re == 0.0 && w.im == 0.0 {
        return c(1.0, 0.0);
    }
    if z.re == 0.0 && z.im == 0.0 {
        return if w.re > 0.0 { c(0.0, 0.0) } else { NAN };
    }
    if w.im == 0.0 && w.re.trunc() == w.re && w.re.abs() < 100.0 {
        let (mut left, mut base, mut y) = (w.re.abs() as u32, z, None);
        while left > 0 {
            if left & 1 == 1 {
                y = Some(y.map_or(base, |y: C| ComplexNumber::mul(y, base)));
            }
            left >>= 1;
            if left > 0 {
                base = ComplexNumber::mul(base, base);
            }
        }
        let y = y.unwrap_or(c(1.0, 0.0));
        return if w.re < 0.0 { ComplexNumber::div(c(1.0, 0.0), y) } else { y };
    }
    exp(ComplexNumber::mul(w, ln(z)))
}

/// The angle of a real number: 0, or pi below zero and for -0; NaN for NaN.
#[inline(always)]
pub fn angle_of_real<T: Float>(x: T) -> T {
    let y = if x.signbit() { T::from_f64(PI) } else { T::ZERO };
    if x.is_nan() { x } else { y }
}
