//! The inverse sine, cosine and tangent of complex numbers and of their hyperbolic kin.
//!
//! Sine and cosine are those of Hull, Fairgrieve and Tang, "Implementing the complex arcsine and
//! arccosine functions using exception handling" (1997): sums that would cancel are written without
//! a difference, and where squares leave the range other formulas stand. All have the signs and
//! special values of C99, annex G, and their branch cuts are NumPy's: a zero's sign says its side.

use std::f64::consts::{FRAC_PI_2, LN_2, PI};

use super::complex::turned;
use crate::dtype::Complex;

type C = Complex<f64>;
const NAN: C = c(f64::NAN, f64::NAN);
/// Between them the squares of the parts neither overflow nor vanish.
const RANGE: std::ops::Range<f64> = 6e-154..1.6e153;

const fn c(re: f64, im: f64) -> C {
    C { re, im }
}

/// The angle whose sine is x + iy, or cosine if `cosine`, and the size of the imaginary part, for x
/// and y finite and not below zero.
fn first_quadrant(x: f64, y: f64, cosine: bool) -> (f64, f64) {
    let (right, left) = (x + 1.0, x - 1.0);
    if RANGE.contains(&x) && RANGE.contains(&y) {
        // The sum of the distances from the two branch points, halved.
        let (r, s) = (libm::hypot(right, y), libm::hypot(left, y));
        let a = 0.5 * (r + s);
        let b = x / a;
        let angle = if b <= 0.6417 {
            if cosine { libm::acos(b) } else { libm::asin(b) }
        } else {
            let sum = a + x;
            let height = if x <= 1.0 {
                (0.5 * sum * (y * y / (r + right) + (s - left))).sqrt()
            } else {
                y * (0.5 * (sum / (r + right) + sum / (s + left))).sqrt()
            };
            if cosine { libm::atan(height / x) } else { libm::atan(x / height) }
        };
        let size = if a <= 1.5 {
            let beyond = if left < 0.0 { y * y / (s - left) } else { s + left };
            let beyond = 0.5 * (y * y / (r + right) + beyond);
            libm::log1p(beyond + (beyond * (a + 1.0)).sqrt())
        } else {
            libm::log(a + (a * a - 1.0).sqrt())
        };
        return (angle, size);
    }
    let pick = |sine: f64, other: f64| if cosine { other } else { sine };
    if y <= f64::EPSILON * left.abs() {
        // Beside the real axis.
        if x < 1.0 {
            return (pick(libm::asin(x), libm::acos(x)), y / (right * -left).sqrt());
        }
        if x < 1e150 {
            let root = (right * left).sqrt();
            let angle = if y == 0.0 { 0.0 } else { y / root };
            return (pick(FRAC_PI_2, angle), libm::log1p(left + root));
        }
        return (pick(FRAC_PI_2, y / x), LN_2 + libm::log(x));
    }
    if y < RANGE.start {
        // At the branch point.
        return (pick(FRAC_PI_2 - y.sqrt(), y.sqrt()), y.sqrt());
    }
    if y * f64::EPSILON - 1.0 >= x {
        return (pick(x / y, FRAC_PI_2), LN_2 + libm::log(y));
    }
    if x > 1.0 {
        let slope = x / y;
        let size = LN_2 + libm::log(y) + 0.5 * libm::log1p(slope * slope);
        return (if cosine { libm::atan(y / x) } else { libm::atan(slope) }, size);
    }
    let a = (1.0 + y * y).sqrt();
    (pick(x / a, FRAC_PI_2), 0.5 * libm::log1p(2.0 * y * (y + a)))
}

/// The number whose sine is z: its real part lies between -pi/2 and pi/2.
pub fn asin(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if x.is_nan() || y.is_nan() {
        return match (x, y) {
            _ if y.is_infinite() => c(f64::NAN, y),
            // C99 leaves the sign open.
            _ if x.is_infinite() => c(f64::NAN, f64::INFINITY),
            (0.0, _) => c(x, f64::NAN),
            _ => NAN,
        };
    }
    let (angle, size) = if x.is_infinite() || y.is_infinite() {
        (libm::atan2(x.abs(), y.abs()), f64::INFINITY)
    } else {
        first_quadrant(x.abs(), y.abs(), false)
    };
    c(angle.copysign(x), size.copysign(y))
}

/// The number whose cosine is z: its real part lies between 0 and pi.
pub fn acos(z: C) -> C {
    let (x, y) = (z.re, z.im);
    if x.is_nan() || y.is_nan() {
        return match (x, y) {
            _ if x.is_infinite() => c(f64::NAN, -f64::INFINITY),
            _ if y.is_infinite() => c(f64::NAN, -y),
            (0.0, _) => c(FRAC_PI_2, f64::NAN),
            _ => NAN,
        };
    }
    let (angle, size) = if x.is_infinite() || y.is_infinite() {
        (libm::atan2(y.abs(), x.abs()), f64::INFINITY)
    } else {
        first_quadrant(x.abs(), y.abs(), true)
    };
    let angle = if x.is_sign_negative() { PI - angle } else { angle };
    c(angle, -size.copysign(y))
}

/// The number whose tangent is z: its real part lies between -pi/2 and pi/2.
pub fn atan(z: C) -> C {
    turned(atanh(turned(z)))
}

/// The number whose hyperbolic sine is z: its imaginary part lies between -pi/2 and pi/2.
pub fn asinh(z: C) -> C {
    turned(asin(turned(z)))
}

/// The number whose hyperbolic cosine is z: its real part is not below zero.
pub fn acosh(z: C) -> C {
    let w = acos(z);
    if w.re.is_nan() {
        return c(w.im.abs(), w.re);
    }
    if w.im.is_nan() {
        // Of a NaN beside 0 the angle is known, and which side it is on is not.
        return c(w.im, if z.re == 0.0 { w.re } else { f64::NAN });
    }
    c(w.im.abs(), w.re.copysign(z.im))
}

/// The number whose hyperbolic tangent is z: its imaginary part lies between -pi/2 and pi/2.
pub fn atanh(z: C) -> C {
    let (x, y) = (z.re.abs(), z.im.abs());
    if y == 0.0 && x <= 1.0 {
        return c(libm::atanh(z.re), z.im);
    }
    if x == 0.0 {
        return c(z.re, libm::atan(z.im));
    }
    if x.is_infinite() || y.is_infinite() {
        let turn = if y.is_nan() { f64::NAN } else { FRAC_PI_2.copysign(z.im) };
        return c(0f64.copysign(z.re), turn);
    }
    if x.is_nan() || y.is_nan() {
        return NAN;
    }
    if x > 1e16 || y > 1e16 {
        // The real part of 1/z; the hypotenuse of halves cannot overflow.
        let half = libm::hypot(x * 0.5, y * 0.5);
        return c((x * 0.5 / half / half * 0.5).copysign(z.re), FRAC_PI_2.copysign(z.im));
    }
    let re = if x == 1.0 && y < f64::EPSILON {
        (LN_2 - libm::log(y)) * 0.5
    } else {
        libm::log1p(4.0 * x / ((x - 1.0) * (x - 1.0) + y * y)) * 0.25
    };
    let im =
        if x == 1.0 { libm::atan2(2.0, -y) * 0.5 } else { libm::atan2(2.0 * y, (1.0 - x) * (1.0 + x) - y * y) * 0.5 };
    c(re.copysign(z.re), im.copysign(z.im))
}
